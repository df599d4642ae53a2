/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/online/singular.h - the largest singular value of a dense matrix with its pair of
 * vectors, within a tolerance that is proved for every answer. */
#ifndef THALWEG_KERNELS_ONLINE_SINGULAR_H
#define THALWEG_KERNELS_ONLINE_SINGULAR_H

#include <thalweg/rng.h>

#include "kernels/online/env.h"

typedef struct on_singular on_singular;

/* Room for matrices of that size, row by row. Takes about rows * columns + min(rows, columns) *
 * (2 min(rows, columns) + 64) numbers. */
thw_status on_singular_new(on_env e, int64_t rows, int64_t columns, on_singular **out);
void on_singular_free(on_singular *s);

/* Unit vectors u, v with *value = u.Av >= (1 - tolerance) *bound, where *bound is at least the
 * largest singular value, rounding included: by Lanczos' iteration from `start`, and a Cholesky
 * factorization that proves the bound. The entry of u that is largest in size is positive. A
 * tolerance of 4e-15 rows * columns can always be reached. */
thw_status on_singular_top(on_singular *s, const double *a, const thw_rng *start, double tolerance,
                           double *u, double *v, double *value, double *bound);

/* The same pair by Jacobi's rotations, to rounding; *sum: of all singular values. min(rows,
 * columns) times as dear as a product with A or more. */
thw_status on_singular_exact(on_singular *s, const double *a, double *u, double *v, double *value,
                             double *sum);

#endif
