/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/conv/room.c - space for groups of images, in one piece that only grows. */
#include "conv.h"

typedef struct cutter {
  char *at;
  size_t used;
} cutter;

/* The next n bytes, on a line of the cache; NULL while the whole is only measured. */
static void *cut(cutter *c, size_t n) {
  void *p = c->at ? c->at + c->used : NULL;
  c->used += (n + 63) / 64 * 64;
  return p;
}

static void *reals(const cn *m, cutter *c, int64_t n) {
  return cut(c, (size_t)n * m->kern->real);
}

static double *doubles(cutter *c, int64_t n) {
  return cut(c, (size_t)n * sizeof(double));
}

static void cut_maps(cn *m, cutter *c, int64_t n) {
  for (int i = 0; i < m->n_maps; i++) m->map[i].x = reals(m, c, n * m->map[i].n);
  for (int i = 0; i < m->n_phases; i++) {
    cn_phase *p = &m->phase[i];
    if (p->keep) p->a = reals(m, c, n * m->map[p->map].n);
  }
  for (int i = 0; i < 3; i++) {
    int64_t most = 0;
    for (int j = 0; j < m->n_maps; j++)
      if (m->map[j].grad == i && m->map[j].n > most) most = m->map[j].n;
    m->grad[i] = reals(m, c, n * most);
  }
}

static void cut_all(cn *m, cutter *c, int64_t n) {
  m->n_items = (n + CN_IMAGES - 1) / CN_IMAGES;
  m->item = cut(c, (size_t)m->n_items * sizeof *m->item);
  cut_maps(m, c, n);
  for (int64_t i = 0; i < m->n_items; i++) {
    cn_item it = {.v = reals(m, c, m->most_frame),
                  .dy = reals(m, c, m->most_frame),
                  .dv = reals(m, c, m->most_map),
                  .s = reals(m, c, m->most_map),
                  .dw = reals(m, c, m->most_weights)};
    if (c->at) m->item[i] = it;
  }
  m->one = doubles(c, n * m->most_room);
  m->two = doubles(c, n * m->most_room);
  m->three = doubles(c, n * m->most_room);
  m->pooled = doubles(c, n * m->most_room);
  m->logits = doubles(c, n * m->classes);
  m->loss = doubles(c, n);
  m->hit = doubles(c, n);
}

thw_status cn_room(cn *m, int64_t n) {
  cutter c = {NULL, 0};
  if (n <= m->room) return THW_OK;
  if (m->pool) m->host->release(m->ctx, m->pool);
  m->room = 0;
  m->pool = NULL;
  cut_all(m, &c, n);
  m->pool = m->host->alloc(m->ctx, c.used);
  if (!m->pool)
    return cn_fail(m, THW_E_NOMEM,
                   "out of memory: the maps of %lld images take %.0f MB, use a smaller batch",
                   (long long)n, (double)c.used / 1e6);
  c = (cutter){m->pool, 0};
  cut_all(m, &c, n);
  m->room = n;
  return THW_OK;
}
