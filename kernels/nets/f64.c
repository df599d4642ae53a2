/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/nets/f64.c - the kernels in double precision for every machine. */
#define REAL_IS_FLOAT 0
#include "kernels/nets/real.h"

#include "kernels/nets/products.inc"

#include "kernels/nets/act.inc"

const thwn_kernel thwn_f64 = {sizeof(real), PANEL,    forward, backward,  outer,
                              sums,         activate, slope,   slope_dot, plus};
