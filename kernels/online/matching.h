/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/online/matching.h - perfect matchings of least weight on complete graphs, exactly: the
 * primal-dual blossom algorithm with slacks per node, O(n^3) (Edmonds 1965, Gabow 1974, Galil
 * 1986). */
#ifndef THALWEG_KERNELS_ONLINE_MATCHING_H
#define THALWEG_KERNELS_ONLINE_MATCHING_H

#include "kernels/online/env.h"

typedef struct on_matching on_matching;

/* Room that grows with the graphs it is used for. */
thw_status on_matching_new(on_env e, on_matching **out);
void on_matching_free(on_matching *m);

/* n nodes, n even; weight(arg, i, j) = weight(arg, j, i), finite and not negative, for i != j.
 * mate[i] is the node that i is matched with. Weights are rounded to 2^-40 of the largest one, so
 * that all that follows is in whole numbers; ties are broken by the order of the nodes. */
thw_status on_matching_solve(on_matching *m, int32_t n,
                             double (*weight)(const void *arg, int32_t i, int32_t j),
                             const void *arg, int32_t *mate);

#endif
