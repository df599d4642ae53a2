/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/conv/forward.c - activations and convolutions, one parallel loop per phase. */
#include <string.h>

#include "conv.h"

static void *image_of(const cn *m, const cn_map *map, int64_t i) {
  return cn_at(m, map->x, i * map->n);
}

void cn_weights(cn_pass *p) {
  cn *m = p->m;
  for (int i = 0; i < m->n_convs; i++) {
    cn_conv *v = &m->conv[i];
    m->kern->pack(&v->c, cn_at(m, p->x, v->weights), v->forth, v->back);
  }
}

void cn_border(const cn *m, int phase, cn_item *item) {
  const cn_phase *ph = &m->phase[phase];
  if (ph->map < 0)
    m->kern->border(m->h, m->w, m->conv[ph->conv[0]].c.in_room, item->v);
  else
    m->kern->border(m->map[ph->map].h, m->map[ph->map].w, m->map[ph->map].room, item->v);
}

/* What the shortcut adds to image i, or NULL. */
static const void *shortcut(const cn *m, const cn_phase *ph, int64_t i, cn_item *item) {
  const cn_map *map = &m->map[ph->map];
  if (ph->add == CN_PLAIN) return NULL;
  if (ph->add == CN_PROJECT) {
    const cn_map *side = &m->map[ph->other];
    const void *x = image_of(m, side, i);
    /* its batch normalisation: coef holds 0, scale, 0, shift here */
    m->kern->denormalise(map->h, map->w, map->room, x, x, side->coef, NULL, item->dy, item->s);
    return item->s;
  }
  const cn_phase *from = &m->phase[ph->other];
  const void *a = cn_at(m, from->a, i * m->map[from->map].n);
  if (ph->add == CN_SAME) return a;
  m->kern->thin(&from->thin, a, item->s);
  return item->s;
}

static void read_image(const cn_pass *p, int64_t i, cn_item *item) {
  const cn *m = p->m;
  const thw_rows *r = p->b->rows;
  int64_t row = thw_batch_row(p->b, p->lo + i);
  m->kern->load(m->h, m->w, m->planes, m->conv[0].c.in_room, cn_at(m, r->x, row * r->ld), item->v);
}

void cn_activate(const cn_pass *p, const cn_phase *ph, int64_t i, cn_item *item, thwc_act *a,
                 int again) {
  const cn *m = p->m;
  if (ph->map < 0) {
    read_image(p, i, item);
    return;
  }
  const cn_map *map = &m->map[ph->map];
  *a = (thwc_act){.h = map->h,
                  .w = map->w,
                  .room = map->room,
                  .act = m->params->activation,
                  .x = image_of(m, map, i),
                  .scale = map->scale,
                  .shift = map->shift,
                  .noise = ph->noise};
  void *copy = ph->keep ? cn_at(m, ph->a, i * map->n) : NULL;
  if (again && copy && a->act == THWC_RELU) {
    m->kern->frame(map->h, map->w, map->room, copy, item->v);
    return;
  }
  a->add = shortcut(m, ph, i, item);
  m->kern->activate(a, item->v, again ? NULL : copy);
}

static void convolve(const cn_pass *p, const cn_conv *v, int64_t i, const cn_item *item) {
  const cn *m = p->m;
  const cn_map *to = &m->map[v->to];
  void *y = image_of(m, to, i);
  if (v->copy >= 0) memcpy(y, image_of(m, &m->map[v->copy], i), (size_t)to->n * m->kern->real);
  m->kern->forward(&v->c, v->forth, item->v, y, v->onto);
}

/* Mean and squares of each image in m->one and m->two, or m->three and m->pooled for the second
 * convolution of a phase. */
static void statistics(const cn_pass *p, const cn_conv *v, int second, int64_t i) {
  const cn *m = p->m;
  const cn_map *to = &m->map[v->to];
  double *mean = (second ? m->three : m->one) + i * m->most_room,
         *square = (second ? m->pooled : m->two) + i * m->most_room;
  if (v->last && p->train)
    m->kern->moments(to->h * to->w, to->room, image_of(m, to, i), mean, square);
}

static void phase_body(void *arg, int64_t q) {
  const cn_pass *p = arg;
  const cn *m = p->m;
  const cn_phase *ph = &m->phase[p->phase];
  cn_item *item = &m->item[q];
  int64_t hi = (q + 1) * CN_IMAGES < p->n ? (q + 1) * CN_IMAGES : p->n;
  cn_border(m, p->phase, item);
  for (int64_t i = q * CN_IMAGES; i < hi; i++) {
    thwc_act a;
    cn_activate(p, ph, i, item, &a, 0);
    for (int k = 0; k < ph->n_convs; k++) {
      convolve(p, &m->conv[ph->conv[k]], i, item);
      statistics(p, &m->conv[ph->conv[k]], k, i);
    }
    if (ph->n_convs == 0) cn_head(p, i, item, &a);
  }
}

/* Floating-point operations of a phase, about. */
static double work_of(const cn *m, const cn_phase *ph, int64_t images) {
  double w = ph->map < 0 ? 0 : 20.0 * (double)m->map[ph->map].n;
  for (int k = 0; k < ph->n_convs; k++) {
    const thwc_conv *c = &m->conv[ph->conv[k]].c;
    w += 2.0 * (double)(c->h_out * c->w_out) * (double)thwc_weights(c);
  }
  return w * (double)images;
}

void cn_forward(cn_pass *p) {
  cn *m = p->m;
  int64_t items = (p->n + CN_IMAGES - 1) / CN_IMAGES;
  for (p->phase = 0; p->phase < p->stop; p->phase++) {
    const cn_phase *ph = &m->phase[p->phase];
    m->host->parallel(m->ctx, items, work_of(m, ph, p->n), phase_body, p);
    for (int k = 0; k < ph->n_convs; k++) {
      const cn_conv *v = &m->conv[ph->conv[k]];
      if (v->last && p->train) cn_normalise(p, &m->map[v->to], k);
    }
  }
  p->f = p->hits = 0;
  for (int64_t i = 0; i < p->n; i++) p->f += m->loss[i], p->hits += m->hit[i];
}
