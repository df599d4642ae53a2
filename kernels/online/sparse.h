/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/online/sparse.h - decisions that are short lists of coordinates: paths, trees, covers.
 * Their memory comes from a pool and goes back to it. */
#ifndef THALWEG_KERNELS_ONLINE_SPARSE_H
#define THALWEG_KERNELS_ONLINE_SPARSE_H

#include <thalweg/linear.h>

#include "kernels/online/env.h"

typedef struct on_pool on_pool;

/* Decisions of n coordinates with at most `most` entries each. `name`: of the coordinates, for
 * describing; NULL: their numbers. `sign`: -1 where the entries handed in are rewards. */
thw_status on_pool_new(on_env e, int64_t n, int64_t most, const char *const *name, double sign,
                       on_pool **out);
void on_pool_free(on_pool *p);

/* A decision with entries index[0..k-1] in that order, value NULL: each 1; one reference. Thread
 * safe. */
thw_status on_sparse_new(on_pool *p, int64_t k, const int32_t *index, const double *value,
                         thw_decision **out);
/* Decisions of this pool are described by `describe` instead of as a list of coordinates. */
void on_pool_describe(on_pool *p,
                      void (*describe)(void *arg, const thw_decision *x, thw_describer *to),
                      void *arg);
/* The entries of one of them; values carry the sign. */
int64_t on_sparse_entries(const thw_decision *x, const int32_t **index, const double **value);

/* thw_linear_ops.feasible: calls `check` with the decision, or, where another oracle made it, with
 * one of this pool that has the same coordinates in ascending order. */
thw_status on_sparse_try(on_pool *p, const thw_decision *x,
                         thw_status (*check)(void *self, const thw_decision *own), void *self);

/* thw_linear_ops.pack and .unpack. */
thw_status on_sparse_pack(const thw_decision *x, void *p, size_t *n);
thw_status on_sparse_unpack(on_pool *p, const void *bytes, size_t n, thw_decision **out);

#endif
