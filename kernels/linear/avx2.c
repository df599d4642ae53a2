/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/linear/avx2.c - the loops for x86-64 with AVX2 and FMA. */
#include "kernels/linear/variant.h"

#ifdef THWK_HAVE_AVX2
#include <immintrin.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx2,fma")
#endif
#define THWK_FMA 1
#define TABLE thwk_linear_avx2
#define NAME "avx2"
#include "kernels/linear/table.inc"
#ifdef __clang__
#pragma clang attribute pop
#endif
#endif
