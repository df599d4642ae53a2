/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/cut/cuts.h - decisions that are cuts: one coordinate per edge, -1 where it is cut
 * (rewards are negated), 0 elsewhere; kept as the sides of the nodes and one bit per edge. */
#ifndef THALWEG_KERNELS_CUT_CUTS_H
#define THALWEG_KERNELS_CUT_CUTS_H

#include <thalweg/linear.h>

#include "kernels/cut/cut.h"

typedef struct cut_pool cut_pool;

/* `name`: of the nodes. Graph and names are the caller's and stay. */
thw_status cut_pool_new(const cut_graph *g, const char *const *name, cut_pool **out);
void cut_pool_free(cut_pool *p);

/* side: one byte per node, 0 or 1. One reference. */
thw_status cut_decision(cut_pool *p, const uint8_t *side, thw_decision **out);

/* thw_linear_ops.pack and .unpack: a bit per node. */
thw_status cut_pack(const thw_decision *x, void *p, size_t *n);
thw_status cut_unpack(cut_pool *p, const void *bytes, size_t n, thw_decision **out);

#endif
