/* SPDX-License-Identifier: BSD-3-Clause */
/* Line search for the strong Wolfe conditions that keeps working where differences of values drown
 * in rounding: there it goes by derivatives (the approximate Wolfe conditions of W. Hager and
 * H. Zhang, SIAM J. Optim. 16, 2005). */
#ifndef KERNELS_OPTIM_LINESEARCH_H
#define KERNELS_OPTIM_LINESEARCH_H

#include <thalweg/base.h>

/* Value and derivative along the line at step a > 0; INFINITY in *f where the function cannot be
 * evaluated. */
typedef thw_status (*optim_phi)(void *arg, double a, double *f, double *df);

typedef struct optim_wolfe {
  double c1, c2; /* sufficient decrease, curvature: 0 < c1 < c2 < 1                        */
  double noise;  /* relative rounding error of values                                     */
  int max_evals;
} optim_wolfe;

typedef struct optim_line {
  double a, f, df; /* step, value and derivative there                                    */
} optim_line;

/* From value f0 and derivative df0 < 0 at 0, first trying step `first`. The last call of phi is
 * always at the accepted step. THW_STALLED: nothing acceptable was found. */
thw_status optim_line_search(const optim_wolfe *w, optim_phi phi, void *arg, double f0, double df0,
                             double first, optim_line *out);

#endif
