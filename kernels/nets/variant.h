/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/nets/variant.h - first in the files that are compiled for AVX2 and FMA. */
#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#define THWN_HAVE_AVX2 1
/* before the attribute: inline functions of headers keep the machine that they were written for */
#include <math.h>
#include <stdint.h>
#include <string.h>
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx2,fma")
#pragma GCC optimize("O3")
#endif
#endif
