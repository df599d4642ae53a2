/* SPDX-License-Identifier: BSD-3-Clause */
/* thalweg/rng.h - counter-based random numbers: Philox 4x32-10.
 *
 * J. Salmon, M. Moraes, R. Dror, D. Shaw: Parallel random numbers: as easy as 1, 2, 3. SC 2011.
 *
 * A stream is a 64-bit key (from the run's seed) and a 64-bit stream number (from the component's
 * path and the purpose), so two streams never overlap; within a stream, blocks of four 32-bit
 * words are numbered from zero. thw_rng is the whole state: copying it forks the stream, saving it
 * saves 48 bytes, and nothing depends on the number of threads. Streams come from thw_host.rng.
 *
 * All functions are pure in the state they are given: [any], one state per thread. */
#ifndef THALWEG_RNG_H
#define THALWEG_RNG_H

#include <math.h>

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct thw_rng {
  uint32_t key[2];
  uint64_t stream;  /* upper half of the counter                                           */
  uint64_t block;   /* lower half: the next block to be generated                          */
  uint32_t word[4]; /* the current block                                                   */
  uint32_t left;    /* words of it not yet handed out: word[4 - left] is next              */
  uint32_t reserved;
} thw_rng;

/* One block: ten rounds of Philox 4x32 on counter `c` under key `k`, into `out`. */
static inline void thw_philox(const uint32_t c[4], const uint32_t k[2], uint32_t out[4]) {
  uint32_t c0 = c[0], c1 = c[1], c2 = c[2], c3 = c[3], k0 = k[0], k1 = k[1];
  for (int round = 0; round < 10; round++) {
    uint64_t p0 = UINT64_C(0xD2511F53) * c0, p1 = UINT64_C(0xCD9E8D57) * c2;
    c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
    c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
    c1 = (uint32_t)p1;
    c3 = (uint32_t)p0;
    k0 += UINT32_C(0x9E3779B9);
    k1 += UINT32_C(0xBB67AE85);
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/* Block `i` of the stream, without touching the state: element i of a random vector depends on i
 * alone, whatever thread computes it. */
static inline void thw_rng_block(const thw_rng *r, uint64_t i, uint32_t out[4]) {
  uint32_t c[4] = {(uint32_t)i, (uint32_t)(i >> 32), (uint32_t)r->stream,
                   (uint32_t)(r->stream >> 32)};
  thw_philox(c, r->key, out);
}

/* Forgets the rest of the current block and reserves `n` whole blocks for the caller, who reads
 * them with thw_rng_block. Returns the number of the first. */
static inline uint64_t thw_rng_reserve(thw_rng *r, uint64_t n) {
  uint64_t first = r->block;
  r->block += n;
  r->left = 0;
  return first;
}

static inline uint32_t thw_rng_u32(thw_rng *r) {
  if (r->left == 0) {
    thw_rng_block(r, r->block++, r->word);
    r->left = 4;
  }
  return r->word[4 - r->left--];
}

static inline uint64_t thw_rng_u64(thw_rng *r) {
  uint64_t lo = thw_rng_u32(r);
  return lo | (uint64_t)thw_rng_u32(r) << 32;
}

/* Two words to a double in [0, 1), 53 bits. */
static inline double thw_unit(uint32_t lo, uint32_t hi) {
  uint64_t bits = ((uint64_t)hi << 32 | lo) >> 11;
  return (double)bits * (1.0 / 9007199254740992.0);
}

/* Uniform in [0, 1). */
static inline double thw_rng_uniform(thw_rng *r) {
  uint32_t lo = thw_rng_u32(r), hi = thw_rng_u32(r);
  return thw_unit(lo, hi);
}

/* Uniform in 0..n-1, exactly (Lemire's multiply and reject). n must be positive. */
static inline int64_t thw_rng_index(thw_rng *r, int64_t n) {
  if ((uint64_t)n <= UINT32_MAX) {
    uint32_t m = (uint32_t)n;
    uint64_t p = (uint64_t)thw_rng_u32(r) * m;
    if ((uint32_t)p < m) {
      uint32_t reject = (0u - m) % m;
      while ((uint32_t)p < reject) p = (uint64_t)thw_rng_u32(r) * m;
    }
    return (int64_t)(p >> 32);
  }
  uint64_t span = (uint64_t)n, limit = UINT64_MAX - UINT64_MAX % span, u;
  do u = thw_rng_u64(r);
  while (u >= limit);
  return (int64_t)(u % span);
}

/* Two independent standard normal numbers from one block (Box-Muller). */
static inline void thw_normal_pair(const uint32_t w[4], double z[2]) {
  double u = 1.0 - thw_unit(w[0], w[1]), angle = 6.283185307179586476925 * thw_unit(w[2], w[3]);
  double radius = sqrt(-2.0 * log(u));
  z[0] = radius * cos(angle);
  z[1] = radius * sin(angle);
}

/* One standard normal number; uses a whole block. */
static inline double thw_rng_normal(thw_rng *r) {
  uint32_t w[4];
  double z[2];
  thw_rng_block(r, thw_rng_reserve(r, 1), w);
  thw_normal_pair(w, z);
  return z[0];
}

#ifdef __cplusplus
}
#endif
#endif
