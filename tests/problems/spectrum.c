/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "tests/problems/problems.h"

static double dot(int64_t d, const double *x, const double *y) {
  double s = 0;
  for (int64_t i = 0; i < d; i++) s += x[i] * y[i];
  return s;
}

/* With positive lengths on the diagonal of the triangular factor, the orthogonal factor of a
 * Gaussian matrix is Haar. */
void tp_haar(int64_t d, thw_rng *r, double *q) {
  for (int64_t i = 0; i < d; i++) {
    double *row = q + i * d;
    for (int64_t j = 0; j < d; j++) row[j] = thw_rng_normal(r);
    for (int pass = 0; pass < 2; pass++)
      for (int64_t k = 0; k < i; k++) {
        double c = dot(d, row, q + k * d);
        for (int64_t j = 0; j < d; j++) row[j] -= c * q[k * d + j];
      }
    double norm = sqrt(dot(d, row, row));
    for (int64_t j = 0; j < d; j++) row[j] /= norm;
  }
}

void tp_symmetric(int64_t d, const double *lam, thw_rng *r, double *a) {
  memset(a, 0, (size_t)(d * d) * sizeof *a);
  if (!r) {
    for (int64_t i = 0; i < d; i++) a[i * d + i] = lam[i];
    return;
  }
  double *q = malloc((size_t)(d * d) * sizeof *q);
  if (!q) abort();
  tp_haar(d, r, q);
  for (int64_t k = 0; k < d; k++)
    for (int64_t i = 0; i < d; i++) {
      double c = lam[k] * q[k * d + i];
      for (int64_t j = 0; j < d; j++) a[i * d + j] += c * q[k * d + j];
    }
  /* the sums for (i, j) and (j, i) round differently */
  for (int64_t i = 0; i < d; i++)
    for (int64_t j = 0; j < i; j++) a[i * d + j] = a[j * d + i];
  free(q);
}

void tp_planted(int64_t d, double delta, int negative, thw_rng *r, double *lam) {
  lam[0] = negative ? -delta : -0.5 * delta;
  lam[1] = 1;
  for (int64_t i = 2; i < d; i++) lam[i] = -0.4 * delta + (1 + 0.4 * delta) * thw_rng_uniform(r);
}
