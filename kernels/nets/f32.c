/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/nets/f32.c - the kernels in single precision for every machine. */
#define REAL_IS_FLOAT 1
#include "kernels/nets/real.h"

#include "kernels/nets/products.inc"

#include "kernels/nets/act.inc"

const thwn_kernel thwn_f32 = {sizeof(real), PANEL,    forward, backward,  outer,
                              sums,         activate, slope,   slope_dot, plus};
