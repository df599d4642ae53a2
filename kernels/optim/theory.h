/* SPDX-License-Identifier: BSD-3-Clause */
/* What theorems need of a problem, as plain numbers, and the form in which they answer
 * (thw.theory/1). */
#ifndef KERNELS_OPTIM_THEORY_H
#define KERNELS_OPTIM_THEORY_H

#include <thalweg/optimizer.h>

/* NAN where unknown or not asked for, as are the results of all that is computed with it. */
typedef struct optim_numbers {
  double n; /* INFINITY: a stream                                                          */
  double d, L, L_max, L2, V, V_H, mu, gap, epsilon, delta, p;
} optim_numbers;

optim_numbers optim_numbers_of(const thw_problem *p);

/* min(n, rows), at least 1: a batch. Of a finite sum n where rows is unknown, which is an upper
 * bound; of a stream NAN then. */
double optim_rows(const optim_numbers *k, double rows);

/* Not below one; NAN stays. */
static inline double optim_one_up(double x) {
  return x < 1.0 ? 1.0 : x;
}

/* A claim that is `epochs` times `epoch` component gradients, after `first` of them. */
typedef struct optim_promise {
  uint32_t aim;
  const char *formula, *source, *note;
  double first, epochs, epoch;
} optim_promise;
void optim_claim(thw_claims *out, const optim_promise *p);

#endif
