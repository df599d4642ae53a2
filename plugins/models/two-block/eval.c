/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/two-block/eval.c - value, gradient, metrics, outputs. */
#include <cblas.h>
#include <math.h>
#include <string.h>

#include "two-block.h"

typedef struct job {
  two_block *m;
  const thw_batch *b;
  const rays *r; /* NULL: the plain way */
  int gradient;
  double *out;           /* outputs of the network, one for each row; or NULL */
  double sum[GROUPS][3]; /* of losses, of hits, of margins */
} job;

void two_block_row(const two_block *m, const thw_batch *b, int64_t k, double *x) {
  const thw_rows *r = b->rows;
  int64_t i = thw_batch_row(b, k) * r->ld, n = m->info.width;
  if (r->dtype == THW_F64)
    memcpy(x, (const double *)r->x + i, (size_t)n * sizeof *x);
  else
    for (int64_t j = 0; j < n; j++) x[j] = (double)((const float *)r->x)[i + j];
}

static double label(const thw_batch *b, int64_t k) {
  return b->rows->label[thw_batch_row(b, k)] > 0 ? 1.0 : -1.0;
}

static int64_t groups_of(int64_t n) {
  int64_t pieces = (n + PIECE - 1) / PIECE;
  return pieces < GROUPS ? pieces : GROUPS;
}

/* ---- one piece ----------------------------------------------------------------------------------
 */

/* Hidden layer of a half for `rows` rows; adds its part of the outputs. */
static void forward(const two_block *m, const half *h, const double *x, int64_t rows, double *z,
                    double *f) {
  cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)rows, (int)h->m, (int)h->d, 1.0,
              x + h->first, (int)m->info.width, h->u, (int)h->d, 0.0, z, (int)h->m);
  for (int64_t i = 0; i < rows; i++) {
    double plus = 0, minus = 0; /* neurons of even and of odd number */
    const double *row = z + i * h->m;
    for (int64_t j = 0; j + 1 < h->m; j += 2) {
      plus += row[j] > 0 ? row[j] : 0;
      minus += row[j + 1] > 0 ? row[j + 1] : 0;
    }
    if (h->m % 2) plus += row[h->m - 1] > 0 ? row[h->m - 1] : 0;
    f[i] += h->scale * (plus - minus);
  }
}

/* g += sum over the rows of c_i v_j [z_ij > 0] x_i. */
static void backward(const two_block *m, const half *h, const double *x, int64_t rows, double *z,
                     const double *c, double *g) {
  for (int64_t i = 0; i < rows; i++) {
    double plus = h->scale * c[i], *row = z + i * h->m;
    for (int64_t j = 0; j < h->m; j++) row[j] = row[j] > 0 ? (j % 2 ? -plus : plus) : 0.0;
  }
  cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (int)h->m, (int)h->d, (int)rows, 1.0, z,
              (int)h->m, x + h->first, (int)m->info.width, 1.0, g + h->offset, (int)h->d);
}

/* The second half where its inputs lie on rays: relu(<V, a ray>) = a relu(<V, ray>). */
static void forward_rays(const job *j, const double *x, int64_t rows, double *f) {
  const half *h = &j->m->h[1];
  for (int64_t i = 0; i < rows; i++) {
    double a;
    int k = two_block_ray_of(j->r, h->d, x + i * j->m->info.width + h->first, &a);
    if (k >= 0) f[i] += a * j->r->relu[k];
  }
}

static void backward_rays(const job *j, int64_t group, const double *x, int64_t rows,
                          const double *c) {
  const half *h = &j->m->h[1];
  for (int64_t i = 0; i < rows; i++) {
    double a;
    int k = two_block_ray_of(j->r, h->d, x + i * j->m->info.width + h->first, &a);
    if (k >= 0) j->m->factor[group * RAYS + k] += a * c[i];
  }
}

/* log(1 + exp(-t)), without overflow. */
static double softplus_of_minus(double t) {
  return t > 0 ? log1p(exp(-t)) : -t + log1p(exp(t));
}

/* Losses and what follows from them; f becomes the slope of the mean loss in the output. */
static void losses(job *j, int64_t group, int64_t first, int64_t rows, double *f) {
  for (int64_t i = 0; i < rows; i++) {
    if (j->out) j->out[first + i] = f[i];
    if (!j->b->rows->label) continue;
    double y = label(j->b, first + i), t = y * f[i];
    j->sum[group][0] += softplus_of_minus(t);
    j->sum[group][1] += t > 0;
    j->sum[group][2] += t;
    f[i] = -y / ((1.0 + exp(t)) * (double)j->b->n);
  }
}

static void piece(job *j, int64_t group, int64_t first, int64_t rows) {
  two_block *m = j->m;
  double *x = m->room + group * m->piece, *f = x + PIECE * m->info.width, *z[2];
  z[0] = f + PIECE;
  z[1] = z[0] + PIECE * m->h[0].m;
  for (int64_t i = 0; i < rows; i++) {
    two_block_row(m, j->b, first + i, x + i * m->info.width);
    f[i] = 0;
  }
  forward(m, &m->h[0], x, rows, z[0], f);
  if (j->r)
    forward_rays(j, x, rows, f);
  else
    forward(m, &m->h[1], x, rows, z[1], f);
  losses(j, group, first, rows, f);
  if (!j->gradient) return;
  double *g = m->g + group * m->n;
  backward(m, &m->h[0], x, rows, z[0], f, g);
  if (j->r)
    backward_rays(j, group, x, rows, f);
  else
    backward(m, &m->h[1], x, rows, z[1], f, g);
}

/* ---- a batch ------------------------------------------------------------------------------------
 */

static void run_group(void *arg, int64_t group) {
  job *j = arg;
  int64_t n = j->b->n, groups = groups_of(n), pieces = (n + PIECE - 1) / PIECE;
  int64_t lo = group * pieces / groups, hi = (group + 1) * pieces / groups;
  if (j->gradient) {
    memset(j->m->g + group * j->m->n, 0, (size_t)j->m->n * sizeof(double));
    memset(j->m->factor + group * RAYS, 0, RAYS * sizeof(double));
  }
  for (int64_t p = lo; p < hi; p++)
    piece(j, group, p * PIECE, (p + 1) * PIECE < n ? PIECE : n - p * PIECE);
}

/* The second half's output at each ray, once for all rows. */
static void rays_forward(const two_block *m, rays *r) {
  const half *h = &m->h[1];
  for (int k = 0; k < r->n; k++) {
    double sum = 0;
    for (int64_t j = 0; j < h->m; j++) {
      double z = cblas_ddot((int)h->d, h->u + j * h->d, 1, r->dir[k], 1);
      if (z > 0) sum += two_block_sign(h, j) * z;
    }
    r->relu[k] = sum;
  }
}

static void rays_backward(const two_block *m, const rays *r, int64_t groups, double *g) {
  const half *h = &m->h[1];
  for (int k = 0; k < r->n; k++) {
    double c = 0;
    for (int64_t i = 0; i < groups; i++) c += m->factor[i * RAYS + k];
    for (int64_t j = 0; j < h->m; j++) {
      double z = cblas_ddot((int)h->d, h->u + j * h->d, 1, r->dir[k], 1);
      if (z > 0)
        cblas_daxpy((int)h->d, two_block_sign(h, j) * c, r->dir[k], 1, g + h->offset + j * h->d, 1);
    }
  }
}

static void run(job *j, rays *r) {
  two_block *m = j->m;
  two_block_rays(m, j->b, r);
  j->r = r->n >= 0 ? r : NULL;
  if (j->r) rays_forward(m, r);
  double neurons = (double)(m->h[0].m * m->h[0].d) + (j->r ? 0 : (double)(m->h[1].m * m->h[1].d));
  m->host->parallel(m->ctx, groups_of(j->b->n), 4.0 * neurons * (double)j->b->n, run_group, j);
}

static void point(two_block *m, const thw_view *x) {
  for (int64_t i = 0; i < m->n; i++)
    m->u[i] =
        x->dtype == THW_F64 ? ((const double *)x->data)[i] : (double)((const float *)x->data)[i];
}

static thw_status check(const two_block *m, const thw_batch *b) {
  const thw_rows *r = b->rows;
  if (r->layout != THW_ROWS_DENSE || r->width != m->info.width)
    return m->host->fail(m->ctx, THW_E_ARG,
                         "two-block-net: the rows are not those it was made for");
  return THW_OK;
}

/* ---- entries ------------------------------------------------------------------------------------
 */

static double total(const job *j, int what) {
  double s = 0;
  for (int64_t i = 0; i < groups_of(j->b->n); i++) s += j->sum[i][what];
  return s;
}

static void put_gradient(const two_block *m, const job *j, const rays *r, thw_view *g) {
  int64_t groups = groups_of(j->b->n);
  double *sum = m->g; /* group 0 takes the others, in order */
  for (int64_t k = 1; k < groups; k++) cblas_daxpy((int)m->n, 1.0, m->g + k * m->n, 1, sum, 1);
  if (j->r) rays_backward(m, r, groups, sum);
  for (int64_t i = 0; i < m->n; i++) {
    double v = sum[i] + m->p->l2 * m->u[i];
    if (g->dtype == THW_F64)
      ((double *)g->data)[i] = v;
    else
      ((float *)g->data)[i] = (float)v;
  }
}

static thw_status eval(void *self, const thw_view *x, const thw_batch *b, double *f, thw_view *g) {
  two_block *m = self;
  job j = {.m = m, .b = b, .gradient = g != NULL};
  rays r;
  THW_TRY(check(m, b));
  if (!b->rows->label)
    return m->host->fail(m->ctx, THW_E_ARG, "two-block-net: rows without labels have no loss");
  point(m, x);
  run(&j, &r);
  if (f) {
    double square = cblas_ddot((int)m->n, m->u, 1, m->u, 1);
    *f = total(&j, 0) / (double)b->n + 0.5 * m->p->l2 * square;
  }
  if (g) put_gradient(m, &j, &r, g);
  return THW_OK;
}

static thw_status measure(void *self, const thw_view *x, const thw_batch *b, double *out) {
  two_block *m = self;
  job j = {.m = m, .b = b};
  rays r;
  THW_TRY(check(m, b));
  point(m, x);
  run(&j, &r);
  out[0] = 1.0 - total(&j, 1) / (double)b->n;
  out[1] = total(&j, 2) / (double)b->n;
  return THW_OK;
}

static thw_status predict(void *self, const thw_view *x, const thw_batch *b, double *out) {
  two_block *m = self;
  job j = {.m = m, .b = b, .out = out};
  rays r;
  THW_TRY(check(m, b));
  point(m, x);
  run(&j, &r);
  for (int64_t i = b->n - 1; i >= 0; i--) { /* label and probability of the second class */
    double f = out[i];
    out[2 * i] = f > 0;
    out[2 * i + 1] = 1.0 / (1.0 + exp(-f));
  }
  return THW_OK;
}

static const char *const metric_names[] = {"error", "margin"};
static const char *const output_names[] = {"label", "p"};

static thw_status layout(void *self, thw_layout *out) {
  two_block *m = self;
  out->flags = 0;
  out->n = m->n;
  out->n_blocks = 2;
  out->block_stride = sizeof(thw_block);
  out->blocks = m->block;
  out->n_metrics = 2;
  out->metric_name = metric_names;
  out->n_outputs = 2;
  out->output_name = output_names;
  return THW_OK;
}

static thw_status facts(void *self, thw_facts *out) {
  two_block *m = self;
  out->components = m->info.n;
  out->lower_bound = 0.0;
  return THW_OK;
}

static thw_status init(void *self, thw_view *x, thw_rng *r) {
  two_block *m = self;
  for (int64_t i = 0; i < m->n; i++) {
    double v = m->p->tau0 * thw_rng_normal(r);
    if (x->dtype == THW_F64)
      ((double *)x->data)[i] = v;
    else
      ((float *)x->data)[i] = (float)v;
  }
  return THW_OK;
}

const thw_model_ops two_block_ops = {.size = sizeof(thw_model_ops),
                                     .layout = layout,
                                     .facts = facts,
                                     .init = init,
                                     .eval = eval,
                                     .measure = measure,
                                     .predict = predict};
