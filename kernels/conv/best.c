/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/conv/best.c - which kernels this machine can run. */
#include "kernels/conv/conv.h"

const thwc_kernel *thwc_best(size_t bytes) {
  int single = bytes == sizeof(float);
#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return single ? &thwc_f32_avx2 : &thwc_f64_avx2;
#endif
  return single ? &thwc_f32 : &thwc_f64;
}
