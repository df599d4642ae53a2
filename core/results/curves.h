/* SPDX-License-Identifier: BSD-3-Clause */
/* core/results/curves.h - pictures of several runs at once. */
#ifndef TW_RESULTS_CURVES_H
#define TW_RESULTS_CURVES_H

#include "core/results/table.h"

/* curves.svg and curves.png in `folder`: what the records of the runs hold (f, the gradient's norm,
 * test metrics; regret of online runs) against passes or rounds, a line for each run. NULL, or a
 * word why there is no picture; caller frees. */
char *tw_curves_draw(const char *folder, const tw_outcomes *o, const char *title);

/* sweep.svg and sweep.png: the last values of `y` against the setting `x`, a line for each
 * combination of the other settings in `varied` (n of them); what agrees in all of these but
 * `over` (may be NULL) becomes one point with its extremes. x or y NULL: the first that will do.
 * An error when one that was named will not; else *why is NULL, or a word why there is no picture,
 * which the caller frees. */
thw_status tw_sweep_draw(const char *folder, const tw_outcomes *o, const char *const *varied,
                         size_t n, const char *over, const char *x, const char *y,
                         const char *title, char **why, tw_diags *d);

#endif
