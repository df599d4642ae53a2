/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/conv/f32_avx2.c - the kernels in single precision for x86-64 with AVX2 and FMA. */
#define REAL_IS_FLOAT 1

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#include <immintrin.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx2,fma")
#pragma GCC optimize("O3")
#endif
#include "kernels/conv/real.h"

#include "kernels/conv/tile_avx2.inc"

#include "kernels/conv/conv.inc"

#include "kernels/conv/point.inc"

#include "kernels/conv/map.inc"

#include "kernels/conv/table.inc"

const thwc_kernel thwc_f32_avx2 = KERNEL;
#ifdef __clang__
#pragma clang attribute pop
#endif
#else
#include "kernels/conv/conv.h"

const thwc_kernel thwc_f32_avx2 = {0};
#endif
