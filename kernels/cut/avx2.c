/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/cut/avx2.c - the loops for x86-64 with AVX2 and FMA. */
#include "kernels/cut/loops.h"

#ifdef CUT_HAVE_AVX2
#include <immintrin.h>
#include <math.h>
#include <string.h>

#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx2,fma")
#endif
#define THWK_FMA 1
#define TABLE cut_loops_avx2
#define NAME "avx2"
#include "kernels/cut/loops.inc"
#ifdef __clang__
#pragma clang attribute pop
#endif
#endif
