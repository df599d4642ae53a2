/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/recurrent/f32.c - the kernels in single precision. */
#define REAL_IS_FLOAT 1
#define REAL_HAS_PACKED 0
#include "kernels/recurrent/real.h"

#include "kernels/recurrent/cell.inc"

#include "kernels/recurrent/forward.inc"

#include "kernels/recurrent/backward.inc"

#include "kernels/recurrent/loss.inc"

const thwr_kernel thwr_f32 = {sizeof(real), NULL, NULL,  NULL,     forward,
                              tangent,      loss, curve, backward, backward_dot};
