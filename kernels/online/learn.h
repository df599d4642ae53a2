/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/online/learn.h - what learners write down besides numbers. */
#ifndef THALWEG_KERNELS_ONLINE_LEARN_H
#define THALWEG_KERNELS_ONLINE_LEARN_H

#include <thalweg/linear.h>

#include "kernels/online/env.h"

/* Exactly n numbers. */
thw_status learn_load_vector(on_env e, thw_reader *r, const char *name, double *v, int64_t n);

thw_status learn_save_decision(on_env e, const thw_object *oracle, thw_writer *w, const char *name,
                               const thw_decision *x);
/* Into *x, whose old reference is released; n: the dimension. */
thw_status learn_load_decision(on_env e, const thw_object *oracle, thw_reader *r, const char *name,
                               int64_t n, thw_decision **x);

/* Room that a packed decision of n coordinates may take. */
#define LEARN_PACKED(n) (16 * (n) + 4096)

#endif
