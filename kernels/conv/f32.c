/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/conv/f32.c - the kernels in single precision. */
#define REAL_IS_FLOAT 1
#include "kernels/conv/real.h"

#include "kernels/conv/tile.inc"

#include "kernels/conv/conv.inc"

#include "kernels/conv/point.inc"

#include "kernels/conv/map.inc"

#include "kernels/conv/table.inc"

const thwc_kernel thwc_f32 = KERNEL;
