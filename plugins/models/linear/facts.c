/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/linear/facts.c - constants of the objective, as guaranteed bounds.
 *
 * All of them come from the rows' norms and from the largest eigenvalue of A'A/n (A: the rows, with
 * a column of ones for the intercept). That eigenvalue is computed where the matrix is small.
 * Otherwise it is bounded by the mean squared norm (the trace), and by power iteration with the
 * absolute values of A: for a matrix without negative entries N and any positive v, the largest
 * eigenvalue is at most max_j (N v)_j / v_j (Collatz and Wielandt), which is sharp for data without
 * negative values. */
#include <cblas.h>
#include <math.h>
#include <string.h>

#include "linear.h"

#define GRAM_COLUMNS 512
#define GRAM_WORK 1e10
#define POWER_STEPS 8
#define GRAM_TILE 64
#define ROUNDING (1.0 + 1e-9)

extern void dsyev_(const char *jobz, const char *uplo, const int *n, double *a, const int *lda,
                   double *w, double *work, const int *lwork, int *info, size_t, size_t);

typedef struct norms {
  double mean2, mean4, max2; /* of |a|^2, |a|^4; largest |a|^2 */
} norms;

static double value(const thw_rows *r, int64_t i) {
  if (!r->x) return 1.0;
  return r->dtype == THW_F32 ? (double)((const float *)r->x)[i] : ((const double *)r->x)[i];
}

/* Where row i's values are: positions lo .. hi-1 of x, the columns from col or from 0 on. */
static void span(const thw_rows *r, int64_t i, int64_t *lo, int64_t *hi) {
  *lo = r->layout == THW_ROWS_CSR ? r->start[i] : i * r->ld;
  *hi = r->layout == THW_ROWS_CSR ? r->start[i + 1] : i * r->ld + r->width;
}

static int64_t column(const thw_rows *r, int64_t k, int64_t lo) {
  return r->layout == THW_ROWS_CSR ? r->col[k] : k - lo;
}

static norms row_norms(const linear *m, const thw_batch *b) {
  norms out = {0, 0, 0};
  for (int64_t i = 0; i < b->n; i++) {
    int64_t lo, hi;
    double s = m->intercept ? 1.0 : 0.0;
    span(b->rows, thw_batch_row(b, i), &lo, &hi);
    for (int64_t k = lo; k < hi; k++) s += value(b->rows, k) * value(b->rows, k);
    out.mean2 += s;
    out.mean4 += s * s;
    if (!(s <= out.max2)) out.max2 = s;
  }
  out.mean2 /= (double)b->n;
  out.mean4 /= (double)b->n;
  return out;
}

/* u = |A|'|A| v / n over all columns; column d is the intercept's. */
static void absolute_product(const linear *m, const thw_batch *b, const double *v, double *u) {
  memset(u, 0, (size_t)(m->d + 1) * sizeof *u);
  for (int64_t i = 0; i < b->n; i++) {
    int64_t lo, hi;
    double s = m->intercept ? v[m->d] : 0.0;
    span(b->rows, thw_batch_row(b, i), &lo, &hi);
    for (int64_t k = lo; k < hi; k++) s += fabs(value(b->rows, k)) * v[column(b->rows, k, lo)];
    s /= (double)b->n;
    for (int64_t k = lo; k < hi; k++) u[column(b->rows, k, lo)] += fabs(value(b->rows, k)) * s;
    if (m->intercept) u[m->d] += s;
  }
}

static double power_bound(const linear *m, const thw_batch *b, double *v, double *u) {
  double best = INFINITY;
  for (int64_t j = 0; j <= m->d; j++) v[j] = 1.0;
  for (int step = 0; step < POWER_STEPS; step++) {
    double bound = 0, top = 0;
    absolute_product(m, b, v, u);
    for (int64_t j = 0; j <= m->d; j++) {
      if (u[j] > 0.0 && !(u[j] <= bound * v[j])) bound = u[j] / v[j];
      if (!(u[j] <= top)) top = u[j];
    }
    int slow = bound > 0.98 * best;
    if (bound < best) best = bound;
    if (slow || !(top > 0.0)) break;
    /* a column that has all but vanished would make the next quotient meaningless */
    for (int64_t j = 0; j <= m->d; j++) v[j] = u[j] / top > 1e-200 ? u[j] / top : 1e-200;
  }
  return best;
}

static void gram_dense(const linear *m, const thw_batch *b, double *gram, int n, double *tile) {
  for (int64_t lo = 0, hi; lo < b->n; lo = hi) {
    hi = b->n - lo < GRAM_TILE ? b->n : lo + GRAM_TILE;
    for (int64_t i = lo; i < hi; i++) {
      int64_t from, to;
      double *row = tile + (i - lo) * n;
      span(b->rows, thw_batch_row(b, i), &from, &to);
      for (int64_t k = from; k < to; k++) row[k - from] = value(b->rows, k);
      if (m->intercept) row[m->d] = 1.0;
    }
    cblas_dsyrk(CblasColMajor, CblasLower, CblasNoTrans, n, (int)(hi - lo), 1.0, tile, n, 1.0, gram,
                n);
  }
}

static void gram_sparse(const linear *m, const thw_batch *b, double *gram, int n) {
  const thw_rows *r = b->rows;
  for (int64_t i = 0; i < b->n; i++) {
    int64_t lo, hi;
    span(r, thw_batch_row(b, i), &lo, &hi);
    for (int64_t k = lo; k < hi; k++) {
      double v = value(r, k), *to = gram + (int64_t)r->col[k] * n;
      for (int64_t q = k; q < hi; q++) to[r->col[q]] += v * value(r, q);
      if (m->intercept) to[m->d] += v;
    }
    if (m->intercept) gram[m->d * (int64_t)n + m->d] += 1.0;
  }
}

/* The largest eigenvalue itself, or INFINITY where the matrix is too large to be formed. */
static double gram_bound(linear *m, const thw_batch *b) {
  int n = (int)m->d + m->intercept, lwork = 3 * n, info = 0;
  size_t words = (size_t)n * (size_t)n + 4 * (size_t)n + (size_t)n * GRAM_TILE;
  double *gram = m->host->alloc(m->ctx, words * sizeof *gram), top = INFINITY;
  if (!gram) return INFINITY;
  double *w = gram + (size_t)n * (size_t)n, *work = w + n, *tile = work + lwork;
  if (b->rows->layout == THW_ROWS_CSR)
    gram_sparse(m, b, gram, n);
  else
    gram_dense(m, b, gram, n, tile);
  dsyev_("N", "L", &n, gram, &n, w, work, &lwork, &info, 1, 1);
  if (info == 0 && w[n - 1] >= 0.0) top = w[n - 1] / (double)b->n;
  m->host->release(m->ctx, gram);
  return top;
}

static double gram_work(const linear *m, const thw_batch *b) {
  const thw_rows *r = b->rows;
  double d = (double)m->d, n = (double)b->n;
  if (r->layout == THW_ROWS_DENSE) return n * d * d;
  double sum = 0;
  for (int64_t i = 0; i < b->n; i++) {
    int64_t row = thw_batch_row(b, i);
    double len = (double)(r->start[row + 1] - r->start[row]);
    sum += 8.0 * len * len;
  }
  return sum;
}

static double largest_eigenvalue(linear *m, const thw_batch *b, const norms *s) {
  double top = s->mean2, bound;
  if (m->d <= GRAM_COLUMNS && gram_work(m, b) <= GRAM_WORK)
    bound = gram_bound(m, b);
  else
    bound = power_bound(m, b, m->w1, m->w2);
  if (bound < top) top = bound;
  return top * ROUNDING;
}

/* The regularisers' smallest curvature in any direction. */
static double flattest(const linear *m) {
  double weights = m->l2 - 0.5 * m->nonconvex;
  return m->intercept && weights > 0.0 ? 0.0 : weights;
}

/* From the rows to constants. */
static void set_facts(const linear *m, const norms *s, double top, thw_facts *out) {
  const linear_kind *kind = m->kind;
  double hi = m->k > 1 ? 0.5 : kind->slope2_max, lo = kind->slope2_min, third = kind->slope3_max;
  double most = fmax(hi, -lo), longest = sqrt(s->max2), nc = m->nonconvex;
  double reg_lo = flattest(m), reg_hi = m->l2 + 2.0 * nc;
  if (m->kind->loss == THWK_GEMAN_MCCLURE) third /= m->loss.scale;
  /* third cumulant of k classes: at most the range, sqrt(2), times the variance, 1/2 */
  if (m->k > 1) third = 0.70710678118654752;
  out->lipschitz = fmax(hi * top + reg_hi, -(lo * top + reg_lo));
  out->lipschitz_max = fmax(hi * s->max2 + reg_hi, -(lo * s->max2 + reg_lo));
  if (kind->smooth)
    out->lipschitz_hess =
        third * fmin(longest * top, longest * s->max2) + 2.0 * nc * linear_kinds[0].slope3_max;
  out->variance_hess = most * most * fmin(s->mean4, s->max2 * top);
}

thw_status linear_facts(void *self, thw_facts *out) {
  linear *m = self;
  if (m->have_facts) {
    uint32_t size = out->size;
    *out = m->facts;
    out->size = size;
    return THW_OK;
  }
  out->components = m->info.n > 0 ? m->info.n : -1;
  out->lower_bound = 0.0;
  /* what holds whatever the rows are */
  if (m->kind->convex) out->convexity = flattest(m);
  if (m->info.n > 0) {
    const thw_source_ops *ops = m->source.ops;
    thw_batch *b;
    THW_TRY(ops->take(m->source.self, 0, m->info.n, NULL, 0, &b));
    thw_status status = linear_check(m, b, 0);
    if (status == THW_OK) {
      norms s = row_norms(m, b);
      double top = largest_eigenvalue(m, b, &s);
      set_facts(m, &s, top, out);
      if (!m->kind->convex) out->convexity = m->kind->slope2_min * top + flattest(m);
    }
    ops->release(m->source.self, b);
    if (status != THW_OK) return status;
  }
  m->facts = *out;
  m->have_facts = 1;
  return THW_OK;
}
