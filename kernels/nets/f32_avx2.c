/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/nets/f32_avx2.c - the kernels in single precision for x86-64 with AVX2 and FMA. */
#define REAL_IS_FLOAT 1
#include "kernels/nets/variant.h"

#ifdef THWN_HAVE_AVX2
#include "kernels/nets/real.h"

#include "kernels/nets/products.inc"

#include "kernels/nets/act.inc"

const thwn_kernel thwn_f32_avx2 = {sizeof(real), PANEL,    forward, backward,  outer,
                                   sums,         activate, slope,   slope_dot, plus};
#ifdef __clang__
#pragma clang attribute pop
#endif
#endif
