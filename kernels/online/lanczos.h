/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/online/lanczos.h - the least eigenvalue of a symmetric matrix that is known by its
 * products, by Lanczos' iteration with full orthogonalization, restarted from the vector it ended
 * with. */
#ifndef THALWEG_KERNELS_ONLINE_LANCZOS_H
#define THALWEG_KERNELS_ONLINE_LANCZOS_H

#include <thalweg/rng.h>

#include "kernels/online/env.h"

typedef struct on_lanczos on_lanczos;

/* `room`: vectors that are kept, at least 2 where n is. */
thw_status on_lanczos_new(on_env e, int64_t n, int64_t room, on_lanczos **out);
void on_lanczos_free(on_lanczos *l);

/* *value = x.Ax for the unit vector x, |Ax - *value x| = *residual <= tolerance unless `rounds`
 * rounds were not enough. An eigenvalue is within the residual of *value; that it is the least one
 * holds with all but the chance that the random start has next to nothing of its vector. */
thw_status on_lanczos_least(on_lanczos *l, void (*apply)(void *arg, const double *x, double *y),
                            void *arg, const thw_rng *start, int rounds, double tolerance,
                            double *x, double *value, double *residual);

#endif
