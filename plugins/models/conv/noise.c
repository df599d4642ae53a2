/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/conv/noise.c - activation noise: one map of numbers for each activation, the same
 * for all channels and all images of a group, a function of the batch. Batches that were not drawn
 * for training (whole sums, tests) see none. */
#include "conv.h"

static uint64_t mix(uint64_t h, uint64_t v) {
  h = (h ^ v) * UINT64_C(0x9E3779B97F4A7C15);
  return h ^ h >> 29;
}

static uint64_t key_of(const cn_pass *p, int64_t pass) {
  uint64_t h = mix(UINT64_C(0xC2B2AE3D27D4EB4F), (uint64_t)pass);
  const int64_t *id = p->b->rows->id;
  for (int64_t i = 0; i < p->n; i++) {
    int64_t row = thw_batch_row(p->b, p->lo + i);
    h = mix(h, (uint64_t)(id ? id[row] : row) + 1);
  }
  return mix(h, (uint64_t)p->lo);
}

static double level(const cn *m, int64_t pass) {
  double until = m->params->act_noise_passes;
  if (pass < 1 || (until > 0 && (double)pass > until)) return 0;
  return m->params->act_noise;
}

void cn_make_noise(const cn_pass *p) {
  cn *m = p->m;
  int64_t pass = p->train && THW_HAS(thw_batch, p->b, pass) ? p->b->pass : 0;
  double sd = level(m, pass);
  thw_rng r = m->noise;
  if (sd > 0) r.stream = mix(r.stream, key_of(p, pass));
  for (int i = 1; i < m->n_phases; i++) {
    cn_phase *ph = &m->phase[i];
    const cn_map *map = &m->map[ph->map];
    ph->noise = sd > 0 ? ph->noise_room : NULL;
    for (int64_t k = 0; sd > 0 && k < map->h * map->w; k += 2) {
      uint32_t w[4];
      double z[2];
      thw_rng_block(&r, thw_rng_reserve(&r, 1), w);
      thw_normal_pair(w, z);
      for (int64_t j = k; j < k + 2 && j < map->h * map->w; j++)
        cn_set(m, ph->noise, j, sd * z[j - k]);
    }
  }
}
