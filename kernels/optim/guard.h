/* SPDX-License-Identifier: BSD-3-Clause */
/* The guard of methods that go by epochs (neon2.md, section 10): an epoch after which f on a fixed
 * sample of rows has risen is undone and made again with half the step. Right after a saddle the
 * constants of the step rule can grow by orders of magnitude within one epoch. */
#ifndef KERNELS_OPTIM_GUARD_H
#define KERNELS_OPTIM_GUARD_H

#include "kernels/optim/optim.h"

typedef struct optim_guard {
  int64_t on, rows; /* rows of the sample                                                  */
  double tol;       /* relative rise that passes                                           */
  thw_rng rng;      /* never advanced: copied, so that the rows are the same each time     */
  double mult;      /* on every step length                                                */
  double f;         /* on the sample where the epoch began; NAN: not known                 */
  int64_t rejected, in_a_row;
} optim_guard;

/* In start; `rng` is a stream of the guard's own. */
void optim_guard_start(optim_guard *g, int on, int64_t rows, double tol, const thw_rng *rng);
/* An epoch begins at x. */
thw_status optim_guard_begin(const optim *o, optim_guard *g, const thw_vec *x);
/* It ended at x (finite = 0: at no point worth looking at). *ok = 0: go back. `who` and `step` are
 * for the text when that happens 20 times in a row. */
thw_status optim_guard_end(const optim *o, optim_guard *g, const char *who, double step,
                           const thw_vec *x, int finite, int *ok);
/* The next epoch does not begin where the last one ended. */
static inline void optim_guard_moved(optim_guard *g) {
  g->f = (double)NAN;
}

#define OPTIM_GUARD_FIELDS(g)                                                                      \
  {"mult", OPTIM_F64, &(g)->mult}, {"f_guard", OPTIM_F64, &(g)->f},                                \
      {"rejected", OPTIM_I64, &(g)->rejected}, {                                                   \
    "in_a_row", OPTIM_I64, &(g)->in_a_row                                                          \
  }

#endif
