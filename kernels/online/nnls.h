/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/online/nnls.h - nonnegative least squares, min |E u - e_last|^2 subject to u >= 0, by the
 * active-set method of Lawson and Hanson with a QR factorisation of the passive columns that is
 * updated, never made anew while the columns stay.
 *
 * Columns come in two kinds: dense ones, and sparse ones with a 1 in one row and a number in the
 * last. Both may be appended between two calls; the factorisation goes on. The passive columns of
 * the answer are linearly independent, so there are at most as many as there are rows. */
#ifndef THALWEG_KERNELS_ONLINE_NNLS_H
#define THALWEG_KERNELS_ONLINE_NNLS_H

#include "kernels/online/env.h"

typedef struct on_columns {
  int64_t r;       /* rows                                                            */
  int64_t n_dense; /* dense columns, column j at dense + j*ld                         */
  const double *dense;
  int64_t ld;
  const double *shift; /* not NULL: r - 1 numbers are stored, and column j is                */
  double scale;        /*   ((stored - shift)/scale, 1)                                      */
  int64_t n_sparse;    /* sparse columns: 1 in row[k] (< r - 1) and last[k] in the last row */
  const int64_t *row;
  const double *last; /* NULL: zeros                                                     */
} on_columns;

/* A column: j >= 0 for dense column j, -1 - k for sparse column k. */
typedef int64_t on_column;

/* Dense columns that are looked at again before all of them are. */
#define ON_CANDIDATES 32

typedef struct on_nnls {
  on_env e;
  int64_t r;          /* rows there is room for                                     */
  double *q, *up;     /* the passive columns are q * up: r x r and r x r            */
  on_column *passive; /* n_passive of them, in the order of the factorisation       */
  double *u;          /* their coefficients                                         */
  int64_t n_passive;
  int64_t units; /* the first so many are unit vectors, and so are their columns of q */
  int64_t candidate[ON_CANDIDATES], n_candidates;
  double *residual;        /* e_last - E u, r numbers                                    */
  double *work[4];         /* r each                                                     */
  double *slope;           /* of the dense columns                                       */
  uint8_t *barred, *is_in; /* dense columns, then sparse ones                            */
  on_column *was;
  int64_t room_dense, room_mark, room_mark2;
  int64_t pivots; /* in all                                                     */
} on_nnls;

thw_status on_nnls_init(on_nnls *s, on_env e, int64_t rows);
void on_nnls_free(on_nnls *s);

/* Solves for E. `fresh`: the columns are not those of the last call: the factorisation is made anew
 * from s->passive, which may hold any guess (columns that are not there are left out). Stops when
 * no slope is above tol. */
thw_status on_nnls_solve(on_nnls *s, const on_columns *E, int fresh, double tol);

#endif
