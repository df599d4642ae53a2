/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/linear/low-rank/factors.h - decisions of rank one, -radius u v', kept as their factors.
 */
#ifndef LOW_RANK_FACTORS_H
#define LOW_RANK_FACTORS_H

#include <thalweg/linear.h>

#include "kernels/online/env.h"

typedef struct factor_pool factor_pool;

/* Memory of decisions that were released is used again. */
thw_status factor_pool_new(on_env e, int64_t rows, int64_t columns, double radius,
                           factor_pool **out);
void factor_pool_free(factor_pool *p);

/* Unit vectors u, v. One reference. */
thw_status factor_decision(factor_pool *p, const double *u, const double *v, thw_decision **out);
/* |u| |v| of a decision of this pool; NAN: it is of another make. */
double factor_size(const factor_pool *p, const thw_decision *x);

thw_status factor_pack(const thw_decision *x, void *p, size_t *n);
thw_status factor_unpack(factor_pool *p, const void *bytes, size_t n, thw_decision **out);

#endif
