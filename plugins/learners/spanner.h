/* SPDX-License-Identifier: BSD-3-Clause */
/* Barycentric spanners: a few decisions of which all others are combinations with small
 * coefficients, for exploring under bandit feedback. */
#ifndef THALWEG_LEARNERS_SPANNER_H
#define THALWEG_LEARNERS_SPANNER_H

#include <thalweg/linear.h>

#include "kernels/online/env.h"

typedef struct spanner {
  on_env e;
  int64_t n, m;     /* dimension of decisions, of their span                               */
  thw_decision **b; /* m of them                                                           */
  double *row;      /* as numbers, m x n                                                   */
  double *inverse;  /* row i: the i-th column of the pseudo-inverse, m x n                 */
  double *normal;   /* orthonormal basis of the complement of the span, (n - m) x n        */
  double beta;      /* largest coefficient                                                 */
  int own;          /* it is the oracle's                                                  */
} spanner;

/* From the oracle (`pooled` = 0), where it has one; else from answers to unit vectors, to all ones
 * and to 20 n random directions, by swapping while a coefficient is above `most`. */
thw_status spanner_new(spanner *s, on_env e, const thw_object *oracle, int64_t n, int pooled,
                       double most, thw_rng *r);
void spanner_free(spanner *s);

#endif
