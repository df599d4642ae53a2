/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/problems/reduce.h - one cell of the table of reductions: a method run over seeds from a
 * saddle, its last points held against the true gradient and Hessian. */
#ifndef TP_REDUCE_H
#define TP_REDUCE_H

#include "tests/problems/problems.h"

typedef struct tp_reduction {
  int seeds, ok;        /* ok: it said THW_DONE, and the point is a minimum */
  int lied;             /* it said so, and the point is not */
  int ended[8];         /* by status 0..7 */
  double passes;        /* median, of those that are ok */
  double search_passes; /* the median part of the search in that */
  double f;             /* median */
  double worst_f;       /* largest, of those that are ok */
  double best_f;        /* least */
  double least;         /* median least eigenvalue of the Hessian at the end */
  double steps;         /* median number of curvature steps */
} tp_reduction;

typedef struct tp_method {
  const char *outer, *inner; /* as for tp_chain_new */
  double passes;             /* budget */
  int seeds;
  uint32_t first_seed;
  int64_t units; /* of a step; 0: a pass */
} tp_method;

/* Of the runs from now on; THW_F64 at first. */
void tp_reduce_in(uint32_t dtype);

/* epsilon and delta are the run's: the methods learn them from the host. */

/* Q of the table: d = 100, eigenvalues -0.4, -0.2, -0.1, the rest uniform in [0, 1], at the saddle
 * 0. */
tp_reduction tp_reduce_quartic(int64_t n, int64_t d, double tauH, double taub, double epsilon,
                               double delta, int stream, const tp_method *m);
/* MF of the table. */
tp_reduction tp_reduce_factor(double epsilon, double delta, const tp_method *m);
/* MS, or PR, of the table. */
tp_reduction tp_reduce_sensing(int phase, double epsilon, double delta, const tp_method *m);

void tp_print_reduction(const char *what, const tp_reduction *r);

/* Least eigenvalue of a symmetric matrix, by power iteration on bound - a. */
double tp_least_eigenvalue(int64_t d, const double *a);

#endif
