/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/online/lanczos.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

struct on_lanczos {
  on_env e;
  int64_t n, room;
  double *q;             /* room + 1 vectors                                                    */
  double *alpha, *beta;  /* the tridiagonal matrix: beta[j] couples j and j + 1                 */
  double *y, *a, *b, *c; /* its vector; a factorization of it                                  */
};

void on_lanczos_free(on_lanczos *l) {
  if (!l) return;
  on_env e = l->e;
  void *all[] = {l->q, l->alpha, l->beta, l->y, l->a, l->b, l->c};
  for (size_t k = 0; k < sizeof all / sizeof all[0]; k++) on_free(e, all[k]);
  on_free(e, l);
}

thw_status on_lanczos_new(on_env e, int64_t n, int64_t room, on_lanczos **out) {
  on_lanczos *l = NULL;
  THW_TRY(ON_NEW(e, l, 1));
  *l = (on_lanczos){.e = e, .n = n, .room = room < n ? room : n};
  double **all[] = {&l->alpha, &l->beta, &l->y, &l->a, &l->b, &l->c};
  thw_status st = ON_NEW(e, l->q, n * (l->room + 1));
  for (size_t k = 0; k < sizeof all / sizeof all[0] && st == THW_OK; k++)
    st = ON_NEW(e, *all[k], l->room + 1);
  if (st == THW_OK)
    *out = l;
  else
    on_lanczos_free(l);
  return st;
}

/* ---- the tridiagonal matrix ------------------------------------------------------------------ */

/* Whether an eigenvalue is below x, by the signs of the pivots. */
static int any_below(const on_lanczos *l, int64_t k, double x) {
  double d = 1;
  for (int64_t j = 0; j < k; j++) {
    double b = j > 0 ? l->beta[j - 1] : 0;
    d = l->alpha[j] - x - (j > 0 ? b * b / d : 0);
    if (d < 0) return 1;
    if (d == 0) d = 1e-300;
  }
  return 0;
}

static double least_value(const on_lanczos *l, int64_t k) {
  double lo = INFINITY, hi = INFINITY;
  for (int64_t j = 0; j < k; j++) {
    double r = (j > 0 ? l->beta[j - 1] : 0) + (j + 1 < k ? l->beta[j] : 0);
    lo = fmin(lo, l->alpha[j] - r);
    hi = fmin(hi, l->alpha[j]);
  }
  for (int i = 0; i < 100 && hi - lo > 1e-15 * (fabs(lo) + fabs(hi)); i++) {
    double mid = 0.5 * (lo + hi);
    if (any_below(l, k, mid))
      hi = mid;
    else
      lo = mid;
  }
  return lo;
}

/* Two steps of inverse iteration just below the least eigenvalue, where the matrix is positive
 * definite and needs no pivoting. */
static void least_vector(on_lanczos *l, int64_t k, double at) {
  double scale = 0;
  for (int64_t j = 0; j < k; j++) scale = fmax(scale, fabs(l->alpha[j]) + fabs(l->beta[j]));
  double x = at - 1e-14 * (scale > 0 ? scale : 1);
  for (int64_t j = 0; j < k; j++) l->y[j] = 1 + 0.1 * (double)(j % 7);
  for (int round = 0; round < 3; round++) {
    double norm = 0;
    for (int64_t j = 0; j < k; j++) {
      l->c[j] = j > 0 ? l->beta[j - 1] / l->a[j - 1] : 0;
      l->a[j] = l->alpha[j] - x - (j > 0 ? l->beta[j - 1] * l->c[j] : 0);
      if (!(fabs(l->a[j]) > 1e-300)) l->a[j] = 1e-300;
      if (j > 0) l->y[j] -= l->c[j] * l->y[j - 1];
    }
    for (int64_t j = k; j-- > 0;) {
      l->y[j] /= l->a[j];
      if (j + 1 < k) l->y[j] -= l->c[j + 1] * l->y[j + 1];
      norm = fmax(norm, fabs(l->y[j]));
    }
    double sum = 0;
    for (int64_t j = 0; j < k; j++) l->y[j] /= norm, sum += l->y[j] * l->y[j];
    for (int64_t j = 0; j < k; j++) l->y[j] /= sqrt(sum);
  }
}

/* ---- the iteration --------------------------------------------------------------------------- */

/* Vector k + 1 from vector k; 0 where the space is exhausted. */
static int extend(on_lanczos *l, void (*apply)(void *, const double *, double *), void *arg,
                  int64_t k, double *scale) {
  int n = (int)l->n;
  double *q = l->q + k * l->n, *next = q + l->n;
  apply(arg, q, next);
  l->alpha[k] = cblas_ddot(n, q, 1, next, 1);
  *scale = fmax(*scale, cblas_dnrm2(n, next, 1));
  for (int pass = 0; pass < 2; pass++)
    for (int64_t j = 0; j <= k; j++)
      cblas_daxpy(n, -cblas_ddot(n, l->q + j * l->n, 1, next, 1), l->q + j * l->n, 1, next, 1);
  l->beta[k] = cblas_dnrm2(n, next, 1);
  if (!(l->beta[k] > 1e-13 * *scale)) return 0;
  cblas_dscal(n, 1 / l->beta[k], next, 1);
  return 1;
}

static void begin(on_lanczos *l, const thw_rng *start) {
  thw_rng r = *start;
  r.left = 0;
  for (int64_t i = 0; i < l->n; i++) l->q[i] = thw_rng_normal(&r);
  cblas_dscal((int)l->n, 1 / cblas_dnrm2((int)l->n, l->q, 1), l->q, 1);
}

thw_status on_lanczos_least(on_lanczos *l, void (*apply)(void *arg, const double *x, double *y),
                            void *arg, const thw_rng *start, int rounds, double tolerance,
                            double *x, double *value, double *residual) {
  int n = (int)l->n;
  double scale = 0;
  begin(l, start);
  for (int round = 0; round < rounds; round++) {
    int64_t k = 0;
    int more = 1;
    for (; k < l->room && more; k++) {
      if (l->e.host->cancelled(l->e.ctx)) return THW_CANCELLED;
      more = extend(l, apply, arg, k, &scale);
    }
    *value = least_value(l, k);
    least_vector(l, k, *value);
    *residual = more ? fabs(l->beta[k - 1] * l->y[k - 1]) : 0;
    memset(x, 0, (size_t)n * sizeof *x);
    for (int64_t j = 0; j < k; j++) cblas_daxpy(n, l->y[j], l->q + j * l->n, 1, x, 1);
    cblas_dscal(n, 1 / cblas_dnrm2(n, x, 1), x, 1);
    *residual += 1e-14 * scale;
    if (*residual <= tolerance || !more) break;
    memcpy(l->q, x, (size_t)n * sizeof *x);
  }
  return THW_OK;
}
