/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/nets/select.c - which kernels run on this machine. */
#include "kernels/nets/nets.h"

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
extern const thwn_kernel thwn_f32_avx2, thwn_f64_avx2;
#define HAVE_AVX2 1
#endif

const thwn_kernel *thwn_at(size_t real, int i) {
  if (i == 0) return real == sizeof(float) ? &thwn_f32 : &thwn_f64;
#ifdef HAVE_AVX2
  __builtin_cpu_init();
  if (i == 1 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return real == sizeof(float) ? &thwn_f32_avx2 : &thwn_f64_avx2;
#endif
  return NULL;
}

const thwn_kernel *thwn_best(size_t real) {
  const thwn_kernel *best = thwn_at(real, 1);
  return best ? best : thwn_at(real, 0);
}
