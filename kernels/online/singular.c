/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/online/singular.h"

#include <cblas.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "kernels/online/lanczos.h"

/* Vectors of Lanczos' iteration, and times that it is begun anew from another start. */
#define ROOM 64
#define TRIES 6
#define SWEEPS 60

extern void dpotrf_(const char *uplo, const int *n, double *a, const int *lda, int *info);

struct on_singular {
  on_env e;
  int64_t rows, columns, few, many; /* few, many: the smaller and the larger side */
  double *f;                        /* the matrix over its largest entry          */
  double *gram, *factor;            /* few x few: of the smaller side             */
  double *x, *y;                    /* few, many                                  */
  double *turned;                   /* few x many, of Jacobi's rotations          */
  on_lanczos *lanczos;
  double scale, trace;
};

void on_singular_free(on_singular *s) {
  if (!s) return;
  on_env e = s->e;
  void *all[] = {s->f, s->gram, s->factor, s->x, s->y, s->turned};
  for (size_t k = 0; k < sizeof all / sizeof all[0]; k++) on_free(e, all[k]);
  on_lanczos_free(s->lanczos);
  on_free(e, s);
}

static thw_status make(on_singular *s) {
  THW_TRY(ON_NEW(s->e, s->f, s->rows * s->columns));
  THW_TRY(ON_NEW(s->e, s->gram, s->few * s->few));
  THW_TRY(ON_NEW(s->e, s->factor, s->few * s->few));
  THW_TRY(ON_NEW(s->e, s->x, s->few));
  THW_TRY(ON_NEW(s->e, s->y, s->many));
  return on_lanczos_new(s->e, s->few, ROOM, &s->lanczos);
}

thw_status on_singular_new(on_env e, int64_t rows, int64_t columns, on_singular **out) {
  on_singular *s = NULL;
  THW_TRY(ON_NEW(e, s, 1));
  *s = (on_singular){.e = e,
                     .rows = rows,
                     .columns = columns,
                     .few = rows < columns ? rows : columns,
                     .many = rows < columns ? columns : rows};
  thw_status st = make(s);
  if (st == THW_OK)
    *out = s;
  else
    on_singular_free(s);
  return st;
}

/* ---- the matrix ------------------------------------------------------------------------------ */

/* Scaled so that squares neither overflow nor vanish; 0: it is zero. */
static int take(on_singular *s, const double *a) {
  int64_t n = s->rows * s->columns;
  s->scale = 0;
  for (int64_t i = 0; i < n; i++) s->scale = fmax(s->scale, fabs(a[i]));
  if (!(s->scale > 0)) return 0;
  for (int64_t i = 0; i < n; i++) s->f[i] = a[i] / s->scale;
  return 1;
}

/* The product of the side that is few with itself. */
static void square(on_singular *s) {
  int n = (int)s->few, k = (int)s->many, ld = (int)s->columns;
  cblas_dsyrk(CblasRowMajor, CblasUpper, s->rows <= s->columns ? CblasNoTrans : CblasTrans, n, k, 1,
              s->f, ld, 0, s->gram, n);
  s->trace = 0;
  for (int64_t i = 0; i < s->few; i++) s->trace += s->gram[i * s->few + i];
}

static void negated(void *arg, const double *x, double *y) {
  on_singular *s = arg;
  int n = (int)s->few;
  cblas_dsymv(CblasRowMajor, CblasUpper, n, -1, s->gram, n, x, 1, 0, y, 1);
}

static void zero_pair(const on_singular *s, double *u, double *v) {
  memset(u, 0, (size_t)s->rows * sizeof *u);
  memset(v, 0, (size_t)s->columns * sizeof *v);
  u[0] = v[0] = 1;
}

static double unit(double *x, int64_t n) {
  double norm = cblas_dnrm2((int)n, x, 1);
  if (norm > 0) cblas_dscal((int)n, 1 / norm, x, 1);
  return norm;
}

static void product(const on_singular *s, CBLAS_TRANSPOSE t, const double *x, double *y) {
  int m = (int)s->rows, n = (int)s->columns;
  cblas_dgemv(CblasRowMajor, t, m, n, 1, s->f, n, x, 1, 0, y, 1);
}

/* The pair from a vector of the side that is many: half a step of the power method, then one sign
 * for all pairs that are the same. Returns the value for the scaled matrix. */
static double pair_of(on_singular *s, const double *wide, double *u, double *v) {
  int is_flat = s->rows <= s->columns;
  double *near = is_flat ? u : v, *far = is_flat ? v : u;
  memcpy(far, wide, (size_t)s->many * sizeof *far);
  unit(far, s->many);
  product(s, is_flat ? CblasNoTrans : CblasTrans, far, near);
  double value = unit(near, s->few);
  int64_t top = 0;
  for (int64_t i = 1; i < s->rows; i++)
    if (fabs(u[i]) > fabs(u[top])) top = i;
  if (u[top] > 0) return value;
  cblas_dscal((int)s->rows, -1, u, 1);
  cblas_dscal((int)s->columns, -1, v, 1);
  return value;
}

/* ---- a bound that holds ---------------------------------------------------------------------- */

/* What rounding can have done to mu I - gram and to its factorization, in the spectral norm: both
 * errors are at most that of the traces (N. J. Higham, Accuracy and Stability, 3.5 and 10.1). */
static double slack_of(const on_singular *s, double mu) {
  double n = (double)s->few, m = (double)s->many;
  return 2 * DBL_EPSILON * ((m + 2) * s->trace + (n + 2) * n * mu);
}

/* Whether no singular value of the scaled matrix is above `most`. */
static int proves(on_singular *s, double most) {
  int n = (int)s->few, info = 1;
  double mu = most * most - slack_of(s, most * most);
  memcpy(s->factor, s->gram, (size_t)(s->few * s->few) * sizeof *s->gram);
  for (int64_t i = 0; i < s->few; i++)
    for (int64_t j = i; j < s->few; j++) s->factor[i * s->few + j] *= -1;
  for (int64_t i = 0; i < s->few; i++) s->factor[i * s->few + i] += mu;
  /* The upper half by rows is the lower one by columns. */
  dpotrf_("L", &n, s->factor, &n, &info);
  return info == 0;
}

/* ---- Jacobi's rotations ---------------------------------------------------------------------- */

/* Makes rows p and q of `turned` orthogonal; 0: they are. */
static int rotate(const on_singular *s, int64_t p, int64_t q) {
  int m = (int)s->many;
  double *x = s->turned + p * s->many, *y = s->turned + q * s->many;
  double a = cblas_ddot(m, x, 1, x, 1), b = cblas_ddot(m, y, 1, y, 1),
         g = cblas_ddot(m, x, 1, y, 1);
  if (!(fabs(g) > 1e-15 * sqrt(a) * sqrt(b)) || fabs(g) < 1e-300) return 0;
  double zeta = (b - a) / (2 * g);
  double t = (zeta >= 0 ? 1 : -1) / (fabs(zeta) + sqrt(1 + zeta * zeta)), c = 1 / sqrt(1 + t * t);
  cblas_drot(m, x, 1, y, 1, c, -c * t);
  return 1;
}

static thw_status turn(on_singular *s) {
  if (!s->turned) THW_TRY(ON_NEW(s->e, s->turned, s->few * s->many));
  for (int64_t i = 0; i < s->few; i++)
    for (int64_t j = 0; j < s->many; j++)
      s->turned[i * s->many + j] =
          s->rows <= s->columns ? s->f[i * s->columns + j] : s->f[j * s->columns + i];
  for (int sweep = 0, more = 1; sweep < SWEEPS && more; sweep++) {
    more = 0;
    if (s->e.host->cancelled(s->e.ctx)) return THW_CANCELLED;
    for (int64_t p = 0; p < s->few; p++)
      for (int64_t q = p + 1; q < s->few; q++) more |= rotate(s, p, q);
  }
  return THW_OK;
}

static thw_status by_rotations(on_singular *s, double *u, double *v, double *value, double *sum) {
  THW_TRY(turn(s));
  int64_t top = 0;
  double most = -1;
  *sum = 0;
  for (int64_t i = 0; i < s->few; i++) {
    double norm = cblas_dnrm2((int)s->many, s->turned + i * s->many, 1);
    *sum += norm;
    if (norm > most) most = norm, top = i;
  }
  *value = pair_of(s, s->turned + top * s->many, u, v);
  return THW_OK;
}

/* ---- both ------------------------------------------------------------------------------------ */

thw_status on_singular_exact(on_singular *s, const double *a, double *u, double *v, double *value,
                             double *sum) {
  *value = *sum = 0;
  zero_pair(s, u, v);
  if (!take(s, a)) return THW_OK;
  THW_TRY(by_rotations(s, u, v, value, sum));
  *value *= s->scale;
  *sum *= s->scale;
  return THW_OK;
}

static thw_status iterate(on_singular *s, const thw_rng *start, int try, double tolerance,
                          double *u, double *v, double *value) {
  double least = fmax(1, s->trace / (double)s->few), eigenvalue, residual;
  thw_rng from = *start;
  from.stream += (uint64_t)try << 32;
  THW_TRY(on_lanczos_least(s->lanczos, negated, s, &from, 20 << try, 0.1 * tolerance * least, s->x,
                           &eigenvalue, &residual));
  product(s, s->rows <= s->columns ? CblasTrans : CblasNoTrans, s->x, s->y);
  *value = pair_of(s, s->y, u, v);
  return THW_OK;
}

/* Lanczos' iteration is right but for starts that miss the vector, and slow where singular values
 * crowd; then it begins anew, at last rotations take over. */
thw_status on_singular_top(on_singular *s, const double *a, const thw_rng *start, double tolerance,
                           double *u, double *v, double *value, double *bound) {
  double most = 0, sum;
  *value = *bound = 0;
  zero_pair(s, u, v);
  if (!take(s, a)) return THW_OK;
  square(s);
  for (int try = 0; try <= TRIES; try++) {
    thw_status st = try < TRIES ? iterate(s, start, try, tolerance, u, v, value)
                                : by_rotations(s, u, v, value, &sum);
    if (st != THW_OK) return st;
    most = *value / (1 - 0.9 * tolerance);
    if (!proves(s, most)) continue;
    *value *= s->scale;
    *bound = most * s->scale;
    return THW_OK;
  }
  return on_fail(s->e, THW_E_INTERNAL,
                 "the largest singular value of a %lld x %lld matrix cannot be had within %g",
                 (long long)s->rows, (long long)s->columns, tolerance);
}
