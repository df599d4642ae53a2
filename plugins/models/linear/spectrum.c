/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/linear/spectrum.c - norms of the rows and the largest eigenvalue of
 * (1/n) sum w_i a_i a_i' for weights that depend on |a_i|^2 (the rows with a one at the end for the
 * intercept).
 *
 * That eigenvalue is computed where the matrix is small. Otherwise it is bounded by the trace, and
 * by power iteration with the absolute values of A: for a matrix without negative entries N and any
 * positive v, the largest eigenvalue is at most max_j (N v)_j / v_j (Collatz and Wielandt), which
 * is sharp for data without negative values. */
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

/* |a|^2 of the i-th row of the batch. */
static double square(const linear *m, const thw_batch *b, int64_t i) {
  int64_t lo, hi;
  double s = m->intercept ? 1.0 : 0.0;
  span(b->rows, thw_batch_row(b, i), &lo, &hi);
  for (int64_t k = lo; k < hi; k++) s += value(b->rows, k) * value(b->rows, k);
  return s;
}

double linear_largest_square(const linear *m, const thw_batch *b) {
  double max2 = 0;
  for (int64_t i = 0; i < b->n; i++) {
    double s = square(m, b, i);
    if (!(s <= max2)) max2 = s;
  }
  return max2;
}

static double weight(const linear *m, const thw_batch *b, int64_t i, linear_weight w) {
  if (w.slope == 0.0) return w.base;
  double t = w.base + w.slope * square(m, b, i);
  return t <= 0.0 ? 0.0 : t;
}

static double trace(const linear *m, const thw_batch *b, linear_weight w) {
  double sum = 0;
  for (int64_t i = 0; i < b->n; i++) sum += weight(m, b, i, w) * square(m, b, i);
  return sum / (double)b->n;
}

/* u = |A|'W|A| v / n over all columns; column d is the intercept's. */
static void absolute_product(const linear *m, const thw_batch *b, linear_weight w, const double *v,
                             double *u) {
  memset(u, 0, (size_t)(m->d + 1) * sizeof *u);
  for (int64_t i = 0; i < b->n; i++) {
    int64_t lo, hi;
    double s = m->intercept ? v[m->d] : 0.0;
    span(b->rows, thw_batch_row(b, i), &lo, &hi);
    for (int64_t k = lo; k < hi; k++) s += fabs(value(b->rows, k)) * v[column(b->rows, k, lo)];
    s *= weight(m, b, i, w) / (double)b->n;
    for (int64_t k = lo; k < hi; k++) u[column(b->rows, k, lo)] += fabs(value(b->rows, k)) * s;
    if (m->intercept) u[m->d] += s;
  }
}

static double power_bound(const linear *m, const thw_batch *b, linear_weight w, double *v,
                          double *u) {
  double best = INFINITY;
  for (int64_t j = 0; j <= m->d; j++) v[j] = 1.0;
  for (int step = 0; step < POWER_STEPS; step++) {
    double bound = 0, top = 0;
    absolute_product(m, b, w, v, u);
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

static void gram_dense(const linear *m, const thw_batch *b, linear_weight w, double *gram, int n,
                       double *tile) {
  for (int64_t lo = 0, hi; lo < b->n; lo = hi) {
    hi = b->n - lo < GRAM_TILE ? b->n : lo + GRAM_TILE;
    for (int64_t i = lo; i < hi; i++) {
      int64_t from, to;
      double *row = tile + (i - lo) * n, root = sqrt(weight(m, b, i, w));
      span(b->rows, thw_batch_row(b, i), &from, &to);
      for (int64_t k = from; k < to; k++) row[k - from] = root * value(b->rows, k);
      if (m->intercept) row[m->d] = root;
    }
    cblas_dsyrk(CblasColMajor, CblasLower, CblasNoTrans, n, (int)(hi - lo), 1.0, tile, n, 1.0, gram,
                n);
  }
}

static void gram_sparse(const linear *m, const thw_batch *b, linear_weight w, double *gram, int n) {
  const thw_rows *r = b->rows;
  for (int64_t i = 0; i < b->n; i++) {
    int64_t lo, hi;
    double t = weight(m, b, i, w);
    span(r, thw_batch_row(b, i), &lo, &hi);
    for (int64_t k = lo; k < hi; k++) {
      double v = t * value(r, k), *to = gram + (int64_t)r->col[k] * n;
      for (int64_t q = k; q < hi; q++) to[r->col[q]] += v * value(r, q);
      if (m->intercept) to[m->d] += v;
    }
    if (m->intercept) gram[m->d * (int64_t)n + m->d] += t;
  }
}

/* The largest eigenvalue itself, or INFINITY where the matrix is too large to be formed. */
static double gram_bound(linear *m, const thw_batch *b, linear_weight weights) {
  int n = (int)m->d + m->intercept, lwork = 3 * n, info = 0;
  size_t words = (size_t)n * (size_t)n + 4 * (size_t)n + (size_t)n * GRAM_TILE;
  double *gram = m->host->alloc(m->ctx, words * sizeof *gram), top = INFINITY;
  if (!gram) return INFINITY;
  double *w = gram + (size_t)n * (size_t)n, *work = w + n, *tile = work + lwork;
  if (b->rows->layout == THW_ROWS_CSR)
    gram_sparse(m, b, weights, gram, n);
  else
    gram_dense(m, b, weights, gram, n, tile);
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

double linear_largest_eigenvalue(linear *m, const thw_batch *b, linear_weight w) {
  double top = trace(m, b, w), bound;
  if (m->d <= GRAM_COLUMNS && gram_work(m, b) <= GRAM_WORK)
    bound = gram_bound(m, b, w);
  else
    bound = power_bound(m, b, w, m->w1, m->w2);
  if (bound < top) top = bound;
  return top * ROUNDING;
}
