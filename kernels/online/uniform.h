/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/online/uniform.h - uniform numbers as a function of a seed and a place: splitmix64, the
 * same in any language. The sequences of losses that published numbers were measured on are made
 * of these. */
#ifndef THALWEG_KERNELS_ONLINE_UNIFORM_H
#define THALWEG_KERNELS_ONLINE_UNIFORM_H

#include <stdint.h>

/* In [0, 1), 53 bits. */
static inline double on_uniform(uint64_t seed, uint64_t k) {
  uint64_t z = seed + (k + 1) * UINT64_C(0x9E3779B97F4A7C15);
  z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
  z ^= z >> 31;
  return (double)(z >> 11) * (1.0 / 9007199254740992.0);
}

#endif
