/* SPDX-License-Identifier: BSD-3-Clause */
/* What the recurrent network is compared with on the concept class: ridge regressions and two
 * networks that are told which output is asked. Computed here, in double. */
#include <cblas.h>

#include "tests/recurrent/learn.h"
#include "tests/recurrent/net.h"

extern void dposv_(const char *uplo, const int *n, const int *k, double *a, const int *lda,
                   double *b, const int *ldb, int *info);

enum { WIDTH = 9, TEST = 2000 };

/* Training and test sequences, time outermost. */
typedef struct rows {
  int64_t steps, n;
  double *x, *y, *xt, *yt;
} rows;

static void rows_open(rows *r, lab *l, int64_t n) {
  thw_batch *b = lab_rows(l, n);
  *r = (rows){.steps = b->rows->steps, .n = n};
  r->x = net_inputs(b, &r->y);
  r->xt = net_inputs(l->test, &r->yt);
}

static void rows_close(rows *r) {
  free(r->x), free(r->y), free(r->xt), free(r->yt);
}

/* ---- ridge -----------------------------------------------------------------------------------
 */

/* Adds n rows of k features and their targets to the normal equations. */
static void add(int64_t n, int k, const double *phi, const double *y, double *a, double *b) {
  cblas_dsyrk(CblasRowMajor, CblasUpper, CblasTrans, k, (int)n, 1.0, phi, k, 1.0, a, k);
  cblas_dgemv(CblasRowMajor, CblasTrans, (int)n, k, 1.0, phi, k, y, 1, 1.0, b, 1);
}

/* (a + ridge n mean squared feature) w = b; a, b are kept. n cancels: a is the sum over the rows.
 */
static double *solve(int k, const double *a, const double *b, double ridge) {
  double *m = tw_calloc((size_t)k * (size_t)k, sizeof *m), *w = tw_calloc((size_t)k, sizeof *w);
  double trace = 0;
  int one = 1, info;
  for (int i = 0; i < k; i++) trace += a[(int64_t)i * k + i];
  memcpy(m, a, (size_t)k * (size_t)k * sizeof *m);
  memcpy(w, b, (size_t)k * sizeof *w);
  for (int i = 0; i < k; i++) m[(int64_t)i * k + i] += ridge * trace / k;
  dposv_("L", &k, &one, m, &k, w, &k, &info); /* row-major upper is column-major lower */
  assert_int_equal(info, 0);
  free(m);
  return w;
}

/* Sums of squares of errors and of targets. */
static void score(int64_t n, int k, const double *phi, const double *w, const double *y,
                  double *error, double *size) {
  for (int64_t i = 0; i < n; i++) {
    double e = cblas_ddot(k, phi + i * k, 1, w, 1) - y[i];
    *error += e * e, *size += y[i] * y[i];
  }
}

static double *tokens_before(const double *x, int64_t n, int64_t j, int k) {
  double *phi = tw_calloc((size_t)(n * k), sizeof *phi);
  for (int64_t i = 0; i < n; i++) {
    for (int64_t l = 1; l < j; l++)
      memcpy(phi + i * k + (l - 1) * (WIDTH - 1), x + (l * n + i) * WIDTH,
             (WIDTH - 1) * sizeof *phi);
    phi[i * k + k - 1] = 1;
  }
  return phi;
}

double base_linear(int length, int seed) {
  const con_task t = {.length = length};
  double error = 0, size = 0;
  lab l;
  rows r;
  con_open(&l, &t, seed);
  rows_open(&r, &l, 20000);
  for (int64_t j = 2; j < r.steps; j++) {
    int k = (int)(j - 1) * (WIDTH - 1) + 1;
    double *a = tw_calloc((size_t)(k * k), sizeof *a), *b = tw_calloc((size_t)k, sizeof *b);
    double *phi = tokens_before(r.x, r.n, j, k), *test = tokens_before(r.xt, TEST, j, k);
    add(r.n, k, phi, r.y + j * r.n, a, b);
    double *w = solve(k, a, b, 1e-6);
    score(TEST, k, test, w, r.yt + j * TEST, &error, &size);
    free(a), free(b), free(phi), free(test), free(w);
  }
  rows_close(&r);
  lab_close(&l);
  return error / size;
}

double base_frozen(int hidden, int heads, int seed) {
  static const double ridge[3] = {1e-6, 1e-4, 1e-2};
  const con_task t = {.hidden = hidden, .train = "W A Bo"};
  double error[3] = {0}, size[3] = {0}, best = INFINITY;
  size_t mm = (size_t)hidden * (size_t)hidden;
  lab l;
  rows r;
  net n;
  con_open(&l, &t, seed);
  net_read(&n, &l, hidden, WIDTH, 1);
  rows_open(&r, &l, 16000);
  double *h = net_states(&n, NULL, r.x, r.steps, r.n);
  double *ht = net_states(&n, NULL, r.xt, r.steps, TEST);
  double *a = tw_calloc(mm, sizeof *a), *b = tw_calloc((size_t)hidden, sizeof *b);
  if (!heads) add(r.n * (r.steps - 2), hidden, h + 2 * r.n * hidden, r.y + 2 * r.n, a, b);
  for (int64_t j = 2; j < r.steps; j++) {
    if (heads) {
      memset(a, 0, mm * sizeof *a);
      memset(b, 0, (size_t)hidden * sizeof *b);
      add(r.n, hidden, h + j * r.n * hidden, r.y + j * r.n, a, b);
    }
    for (int k = 0; k < 3; k++) {
      double *w = solve(hidden, a, b, ridge[k]);
      score(TEST, hidden, ht + j * TEST * hidden, w, r.yt + j * TEST, &error[k], &size[k]);
      free(w);
    }
  }
  for (int k = 0; k < 3; k++) best = fmin(best, error[k] / size[k]);
  free(h), free(ht), free(a), free(b);
  net_free(&n);
  rows_close(&r);
  lab_close(&l);
  return best;
}

/* ---- networks with a head for each step ------------------------------------------------------
 */

enum { UNITS = 512, HEADS = 4, BATCH = 16, ROWS = 16000 };

/* Parameters: C (units x in), c, then head and its constant for each of the steps 3 .. 6. */
typedef struct heads {
  int in, sum; /* sum: features are sums over the earlier tokens */
  int64_t size;
  double *p, *g, *m, *v;
} heads;

static void heads_open(heads *h, int in, int sum, int seed) {
  thw_rng r;
  int64_t n = (int64_t)UNITS * (in + 1) + HEADS * (UNITS + 1);
  *h = (heads){.in = in, .sum = sum, .size = n};
  double **all[] = {&h->p, &h->g, &h->m, &h->v};
  for (int i = 0; i < 4; i++) *all[i] = tw_calloc((size_t)n, sizeof(double));
  tw_stream((uint64_t)seed, "baseline", "start", &r);
  for (int64_t i = 0; i < (int64_t)UNITS * in; i++) h->p[i] = sqrt(2.0 / in) * thw_rng_normal(&r);
  for (int k = 0; k < HEADS; k++)
    for (int u = 0; u < UNITS; u++)
      h->p[(int64_t)UNITS * (in + 1) + k * (UNITS + 1) + u] =
          sqrt(1.0 / UNITS) * thw_rng_normal(&r);
}

static void heads_close(heads *h) {
  free(h->p), free(h->g), free(h->m), free(h->v);
}

/* relu(C x + c) into z, of one input. */
static void units(const heads *h, const double *x, double *z) {
  memcpy(z, h->p + (int64_t)UNITS * h->in, UNITS * sizeof *z);
  cblas_dgemv(CblasRowMajor, CblasNoTrans, UNITS, h->in, 1.0, h->p, h->in, x, 1, 1.0, z, 1);
  for (int u = 0; u < UNITS; u++) z[u] = fmax(z[u], 0);
}

/* Units of the tokens (or of the whole sequence, in z[0]), outputs of the four heads. */
static void answer(const heads *h, const double *x, double z[8][UNITS], double s[HEADS][UNITS],
                   double y[HEADS]) {
  if (h->sum)
    for (int l = 0; l < 5; l++) units(h, x + l * WIDTH, z[l]);
  else
    units(h, x, z[0]);
  for (int k = 0; k < HEADS; k++) {
    const double *head = h->p + (int64_t)UNITS * (h->in + 1) + k * (UNITS + 1);
    memcpy(s[k], z[0], UNITS * sizeof s[k][0]);
    for (int l = 1; h->sum && l < k + 2; l++) cblas_daxpy(UNITS, 1.0, z[l], 1, s[k], 1);
    y[k] = cblas_ddot(UNITS, head, 1, s[k], 1) + head[UNITS];
  }
}

/* Adds the gradient of 1/2 |y - t|^2. */
static void learn(heads *h, const double *x, const double *t) {
  static double z[8][UNITS], s[HEADS][UNITS];
  double y[HEADS], back[UNITS];
  int64_t at = (int64_t)UNITS * (h->in + 1);
  answer(h, x, z, s, y);
  for (int l = 0; l < (h->sum ? 5 : 1); l++) {
    memset(back, 0, sizeof back);
    for (int k = 0; k < HEADS; k++)
      if (!h->sum || l < k + 2)
        cblas_daxpy(UNITS, y[k] - t[k], h->p + at + k * (UNITS + 1), 1, back, 1);
    for (int u = 0; u < UNITS; u++)
      if (!(z[l][u] > 0)) back[u] = 0;
    cblas_dger(CblasRowMajor, UNITS, h->in, 1.0, back, 1, x + l * WIDTH, 1, h->g, h->in);
    cblas_daxpy(UNITS, 1.0, back, 1, h->g + (int64_t)UNITS * h->in, 1);
  }
  for (int k = 0; k < HEADS; k++) {
    cblas_daxpy(UNITS, y[k] - t[k], s[k], 1, h->g + at + k * (UNITS + 1), 1);
    h->g[at + k * (UNITS + 1) + UNITS] += y[k] - t[k];
  }
}

static void adam(heads *h, int step, double rate) {
  double c1 = 1 - pow(0.9, step), c2 = 1 - pow(0.999, step);
  for (int64_t i = 0; i < h->size; i++) {
    double g = h->g[i] / BATCH;
    h->m[i] += 0.1 * (g - h->m[i]);
    h->v[i] += 0.001 * (g * g - h->v[i]);
    h->p[i] -= rate * h->m[i] / c1 / (sqrt(h->v[i] / c2) + 1e-8);
    h->g[i] = 0;
  }
}

/* One sequence: tokens one after the other; its four targets. */
static void sequence(const double *x, const double *y, int64_t n, int64_t i, double *out,
                     double *t) {
  for (int64_t l = 0; l < 6; l++)
    memcpy(out + l * WIDTH, x + (l * n + i) * WIDTH, WIDTH * sizeof *x);
  for (int64_t k = 0; k < HEADS; k++) t[k] = y[(k + 2) * n + i];
}

static double by_heads(int in, int sum, int seed) {
  static double z[8][UNITS], s[HEADS][UNITS];
  const con_task task = {.length = 6};
  double x[6 * WIDTH], t[HEADS], y[HEADS], error = 0, size = 0;
  lab l;
  rows r;
  heads h;
  con_open(&l, &task, seed);
  rows_open(&r, &l, ROWS);
  heads_open(&h, in, sum, seed);
  for (int i = 0; i < ROWS; i++) {
    sequence(r.x, r.y, r.n, i, x, t);
    learn(&h, x, t);
    if (i % BATCH == BATCH - 1)
      adam(&h, i / BATCH + 1, 2e-3 * (1 - (double)(i / BATCH) * BATCH / ROWS));
  }
  for (int i = 0; i < TEST; i++) {
    sequence(r.xt, r.yt, TEST, i, x, t);
    answer(&h, x, z, s, y);
    for (int k = 0; k < HEADS; k++) error += (y[k] - t[k]) * (y[k] - t[k]), size += t[k] * t[k];
  }
  heads_close(&h);
  rows_close(&r);
  lab_close(&l);
  return error / size;
}

double base_bag(int seed) {
  return by_heads(WIDTH, 1, seed);
}
double base_flat(int seed) {
  return by_heads(6 * WIDTH, 0, seed);
}
