/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/recurrent/f64.c - the kernels in double precision. */
#define REAL_IS_FLOAT 0
#define REAL_HAS_PACKED 0
#include "kernels/recurrent/real.h"

#include "kernels/recurrent/cell.inc"

#include "kernels/recurrent/forward.inc"

#include "kernels/recurrent/backward.inc"

#include "kernels/recurrent/loss.inc"

const thwr_kernel thwr_f64 = {sizeof(real), NULL, NULL,  NULL,     forward,
                              tangent,      loss, curve, backward, backward_dot};
