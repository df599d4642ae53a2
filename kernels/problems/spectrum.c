/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "kernels/problems/problems.h"

/* Four sums, so that additions do not wait for each other. */
double thwp_dot(int64_t n, const double *x, const double *y) {
  double s[4] = {0, 0, 0, 0};
  int64_t i = 0;
  for (; i + 4 <= n; i += 4)
    for (int j = 0; j < 4; j++) s[j] += x[i + j] * y[i + j];
  for (; i < n; i++) s[0] += x[i] * y[i];
  return (s[0] + s[1]) + (s[2] + s[3]);
}

void thwp_parallel(const thwp_pool *p, int64_t n, double work, void (*body)(void *, int64_t),
                   void *arg) {
  if (p->host) {
    p->host->parallel(p->ctx, n, work, body, arg);
    return;
  }
  for (int64_t i = 0; i < n; i++) body(arg, i);
}

thwp_matrix thwp_matrix_of(const double *a, int64_t rows, int64_t columns) {
  return (thwp_matrix){.kern = thwk_linear_best(),
                       .rows = {.size = sizeof(thw_rows),
                                .layout = THW_ROWS_DENSE,
                                .dtype = THW_F64,
                                .n = rows,
                                .width = columns,
                                .x = a,
                                .ld = columns}};
}

void thwp_multiply(const thwp_matrix *a, int64_t lo, int64_t hi, const double *x, double *y) {
  const thw_batch b = {.size = sizeof b, .n = a->rows.n, .rows = &a->rows};
  a->kern->margins(&b, lo, hi, a->rows.width, x, y);
}

void thwp_multiply_transposed(const thwp_matrix *a, const double *x, double *y) {
  const thw_batch b = {.size = sizeof b, .n = a->rows.n, .rows = &a->rows};
  memset(y, 0, (size_t)a->rows.width * sizeof *y);
  a->kern->scatter(&b, 0, a->rows.n, a->rows.width, x, y);
}

/* With positive lengths on the diagonal of the triangular factor, the orthogonal factor of a
 * Gaussian matrix is Haar. */
void thwp_haar(int64_t rows, int64_t d, thw_rng *r, double *q) {
  for (int64_t i = 0; i < rows; i++) {
    double *row = q + i * d;
    for (int64_t j = 0; j < d; j++) row[j] = thw_rng_normal(r);
    for (int pass = 0; pass < 2; pass++)
      for (int64_t k = 0; k < i; k++) {
        double c = thwp_dot(d, row, q + k * d);
        for (int64_t j = 0; j < d; j++) row[j] -= c * q[k * d + j];
      }
    double norm = sqrt(thwp_dot(d, row, row));
    for (int64_t j = 0; j < d; j++) row[j] /= norm;
  }
}

void thwp_symmetric(int64_t d, int64_t rank, const double *lam, thw_rng *r, double *a,
                    double *room) {
  memset(a, 0, (size_t)(d * d) * sizeof *a);
  if (!r) {
    for (int64_t i = 0; i < rank; i++) a[i * d + i] = lam[i];
    return;
  }
  thwp_haar(rank, d, r, room);
  for (int64_t i = 0; i < d; i++)
    for (int64_t k = 0; k < rank; k++) {
      double c = lam[k] * room[k * d + i];
      for (int64_t j = 0; j < d; j++) a[i * d + j] += c * room[k * d + j];
    }
  /* the sums for (i, j) and (j, i) round differently */
  for (int64_t i = 0; i < d; i++)
    for (int64_t j = 0; j < i; j++) a[i * d + j] = a[j * d + i];
}
