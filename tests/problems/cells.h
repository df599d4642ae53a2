/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/problems/cells.h - one cell of an acceptance table: a search repeated over seeds, its
 * answers held against the true Hessian. */
#ifndef TP_CELLS_H
#define TP_CELLS_H

#include "kernels/curvature/curvature.h"
#include "tests/problems/problems.h"

typedef enum tp_spectrum {
  TP_NEG,  /* least eigenvalue -delta   */
  TP_NONE, /* -0.5 delta                */
  TP_PSD   /* uniform in [0, 1], and 1  */
} tp_spectrum;

typedef struct tp_cell {
  int seeds;
  int found, bottom, precision, other;
  int wrong; /* true v'Hv above -0.5 delta by more than the measured error of products, or a cost
                that is not what the oracle counted */
  double median, max; /* component gradients until found */
  double bottom_cost; /* median of those of CURV_BOTTOM */
  double least, most; /* true v'Hv / delta of the directions */
} tp_cell;

/* Q(d, n): o->delta plants the spectrum. `stream`: the oracle does not say how many rows. */
tp_cell tp_quartic_cell(int64_t d, int64_t n, double tauH, double taub, tp_spectrum kind,
                        int stream, const curv_options *o, int seeds, uint32_t first_seed);

/* C(|x0|, |g|, L2) in the element type, d = 100. */
tp_cell tp_cubic_cell(uint32_t dtype, double x_norm, double g_norm, double L2, tp_spectrum kind,
                      const curv_options *o, int seeds, uint32_t first_seed);

double tp_median(double *v, int n);
/* One line for the log of the test. */
void tp_print_cell(const char *what, const tp_cell *c);

#endif
