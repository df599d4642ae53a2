/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/recurrent/f32_avx2.c - the kernels in single precision for x86-64 with AVX2 and FMA. */
#define REAL_IS_FLOAT 1

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#include <cblas.h>
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
#define REAL_HAS_PACKED 1
#include "kernels/recurrent/real.h"

#include "kernels/recurrent/tile.inc"

#include "kernels/recurrent/vector.inc"

#include "kernels/recurrent/packed.inc"

#include "kernels/recurrent/cell.inc"

#include "kernels/recurrent/forward.inc"

#include "kernels/recurrent/backward.inc"

#include "kernels/recurrent/loss.inc"

#include "kernels/recurrent/fused.inc"

#include "kernels/recurrent/outer.inc"

const thwr_kernel thwr_f32_avx2 = {sizeof(real), pack_size, pack,  scratch_size,  fast_forward,
                                   tangent,      loss,      curve, fast_backward, backward_dot};
#ifdef __clang__
#pragma clang attribute pop
#endif

const thwr_kernel *thwr_best(size_t bytes) {
  if (bytes != sizeof(float)) return &thwr_f64;
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &thwr_f32_avx2
                                                                         : &thwr_f32;
}
#else
#include "kernels/recurrent/recurrent.h"

const thwr_kernel *thwr_best(size_t bytes) {
  return bytes == sizeof(float) ? &thwr_f32 : &thwr_f64;
}
#endif
