/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/conv/real.h - what the .inc files need, in the precision that REAL_IS_FLOAT says. */
#include <math.h>
#include <string.h>

#include "kernels/conv/conv.h"

#if REAL_IS_FLOAT
typedef float real;
#else
typedef double real;
#endif

enum { L = THWC_BLOCK, T = THWC_TILE };

/* Channels begin .. end-1 of the `room` that a convolution reads. */
typedef struct depth {
  int64_t room, begin, end;
} depth;
