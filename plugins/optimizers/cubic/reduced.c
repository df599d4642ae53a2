/* SPDX-License-Identifier: BSD-3-Clause */
/* The cubic model in a small subspace, solved to rounding: with the eigenvalues of T, its minimiser
 * is y = -(T + lambda I)^-1 c with lambda = rho/2 |y| >= max(0, -theta_1), one equation for lambda
 * whose two sides are monotone (Nesterov and Polyak, section 5). */
#include <string.h>

#include "plugins/optimizers/cubic/cubic.h"

extern void dstev_(const char *jobz, const int *n, double *d, double *e, double *z, const int *ldz,
                   double *work, int *info);

thw_status cubic_eigen(cubic_reduced *r) {
  int n = (int)r->k, info = 0;
  memcpy(r->theta, r->alpha, (size_t)r->k * sizeof *r->theta);
  memcpy(r->z, r->beta, (size_t)r->k * sizeof *r->z);
  dstev_("V", &n, r->theta, r->z, r->w, &n, r->work, &info);
  return info == 0 ? THW_OK : THW_E_NONFINITE;
}

/* z = -(Theta + lambda)^-1 W'c into r->z, W'c being in r->work; returns |z|. */
static double solve(cubic_reduced *r, double lambda) {
  double sum = 0.0;
  for (int64_t i = 0; i < r->k; i++) {
    double at = r->theta[i] + lambda;
    r->z[i] = r->work[i] == 0.0 ? 0.0 : -r->work[i] / at;
    sum += r->z[i] * r->z[i];
  }
  return sqrt(sum);
}

/* lambda where |z(lambda)| = 2 lambda / rho; below it |z| is the larger. */
static double root(cubic_reduced *r, double rho) {
  double lo = fmax(0.0, -r->theta[0]), step = fmax(1e-12, 1e-12 * fabs(r->theta[r->k - 1]));
  double hi = lo + step;
  while (isfinite(hi) && solve(r, hi) > 2.0 * hi / rho) step *= 4.0, hi = lo + step;
  for (int i = 0; i < 200; i++) {
    double mid = lo + 0.5 * (hi - lo);
    if (!(mid > lo && mid < hi)) break;
    if (solve(r, mid) > 2.0 * mid / rho)
      lo = mid;
    else
      hi = mid;
  }
  return hi;
}

/* Where c has nothing along the first eigenvector |z| may stay below 2 lambda / rho down to
 * -theta_1: the rest of the length goes along that eigenvector, either way. */
static void fill_up(cubic_reduced *r, double rho, double lambda) {
  double want = 2.0 * lambda / rho, rest = 0.0;
  for (int64_t i = 1; i < r->k; i++) rest += r->z[i] * r->z[i];
  double first = sqrt(fmax(0.0, want * want - rest));
  if (fabs(r->z[0]) >= first) return;
  r->z[0] = r->work[0] > 0.0 ? -first : first;
}

void cubic_minimise(cubic_reduced *r, double rho, double *decrease) {
  int64_t k = r->k;
  double linear = 0.0, square = 0.0, norm = 0.0;
  for (int64_t i = 0; i < k; i++) {
    r->work[i] = 0.0;
    for (int64_t j = 0; j < k; j++) r->work[i] += r->w[i * k + j] * r->c[j];
  }
  double lambda = root(r, rho);
  solve(r, lambda);
  if (r->theta[0] < 0.0) fill_up(r, rho, lambda);
  for (int64_t i = 0; i < k; i++) {
    linear += r->work[i] * r->z[i];
    square += r->theta[i] * r->z[i] * r->z[i];
    norm += r->z[i] * r->z[i];
  }
  norm = sqrt(norm);
  *decrease = -(linear + 0.5 * square + rho / 6.0 * norm * norm * norm);
  for (int64_t j = 0; j < k; j++) {
    r->y[j] = 0.0;
    for (int64_t i = 0; i < k; i++) r->y[j] += r->w[i * k + j] * r->z[i];
  }
}
