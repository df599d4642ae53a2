/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/conv/backward.c - the phases in reverse. Each phase makes its activation again,
 * takes the gradient of its convolutions' maps through their batch normalisations (whose sums the
 * phase before has left), and leaves the gradient and the sums of its own map. */
#include <string.h>

#include "conv.h"

static void *gradient_of(const cn *m, const cn_map *map, int64_t i) {
  return cn_at(m, m->grad[map->grad], i * map->n);
}

void cn_deactivate(const cn_pass *p, const cn_phase *ph, int64_t i, cn_item *item,
                   const thwc_act *a) {
  const cn *m = p->m;
  const cn_map *map = &m->map[ph->map];
  double *one = m->one + i * m->most_room, *two = m->two + i * m->most_room;
  void *g = gradient_of(m, map, i);
  m->kern->deactivate(a, item->v, item->dv, g, map->centre, map->inv, one, two);
  if (ph->add != CN_PROJECT) return;
  const cn_map *side = &m->map[ph->other];
  m->kern->dot(map->h * map->w, map->room, g, cn_at(m, side->x, i * side->n), side->centre,
               side->inv, m->three + i * m->most_room);
}

/* The gradient of the convolution's map, framed, in item->dy. */
static void map_gradient(const cn *m, const cn_conv *v, int64_t i, cn_item *item) {
  const cn_map *to = &m->map[v->to];
  void *g = gradient_of(m, to, i);
  m->kern->border(to->h, to->w, to->room, item->dy);
  if (v->ready) {
    m->kern->frame(to->h, to->w, to->room, g, item->dy);
    return;
  }
  const void *plus = v->plus >= 0 ? gradient_of(m, &m->map[v->plus], i) : NULL;
  m->kern->denormalise(to->h, to->w, to->room, g, cn_at(m, to->x, i * to->n), to->coef, plus,
                       item->dy, v->keep ? g : NULL);
}

static void image(const cn_pass *p, const cn_phase *ph, int64_t i, cn_item *item) {
  const cn *m = p->m;
  thwc_act a;
  void *dw = item->dw;
  cn_activate(p, ph, i, item, &a, 1);
  for (int k = 0; k < ph->n_convs; k++) {
    const cn_conv *v = &m->conv[ph->conv[k]];
    map_gradient(m, v, i, item);
    m->kern->weights(&v->c, item->v, item->dy, dw);
    if (ph->map >= 0) m->kern->backward(&v->c, v->back, item->dy, item->dv, k > 0);
    dw = cn_at(m, dw, thwc_weights(&v->c));
  }
  if (ph->map < 0) return;
  const cn_map *map = &m->map[ph->map];
  if (ph->skip == CN_SAME) m->kern->add(map->n, gradient_of(m, &m->map[ph->skip_map], i), item->dv);
  if (ph->skip == CN_THIN)
    m->kern->thin_back(&ph->thin, gradient_of(m, &m->map[ph->skip_map], i), item->dv);
  cn_deactivate(p, ph, i, item, &a);
}

static void phase_body(void *arg, int64_t q) {
  const cn_pass *p = arg;
  const cn *m = p->m;
  const cn_phase *ph = &m->phase[p->phase];
  cn_item *item = &m->item[q];
  int64_t hi = (q + 1) * CN_IMAGES < p->n ? (q + 1) * CN_IMAGES : p->n, weights = 0;
  for (int k = 0; k < ph->n_convs; k++) weights += thwc_weights(&m->conv[ph->conv[k]].c);
  memset(item->dw, 0, (size_t)weights * m->kern->real);
  cn_border(m, p->phase, item);
  for (int64_t i = q * CN_IMAGES; i < hi; i++) image(p, ph, i, item);
}

/* ---- sums over the images, in their order ---------------------------------------------------- */

typedef struct combine {
  cn *m;
  const cn_conv *v;
  int64_t items, at;
} combine;

/* The weights of one tap and one channel that is read. */
static void combine_body(void *arg, int64_t row) {
  const combine *c = arg;
  cn *m = c->m;
  const thwc_conv *v = &c->v->c;
  int64_t taps = v->k * v->k, t = row / v->in, in = row % v->in;
  double *sum = m->sum + c->v->weights + in * taps + t;
  for (int64_t q = 0; q < c->items; q++) {
    const void *dw = cn_at(m, m->item[q].dw, c->at + (t * v->in_room + in) * v->out_room);
    if (m->dtype == THW_F32)
      for (int64_t o = 0; o < v->out; o++) sum[o * v->in * taps] += (double)((const float *)dw)[o];
    else
      for (int64_t o = 0; o < v->out; o++) sum[o * v->in * taps] += ((const double *)dw)[o];
  }
}

static void combine_weights(cn_pass *p, const cn_phase *ph) {
  cn *m = p->m;
  combine c = {.m = m, .items = (p->n + CN_IMAGES - 1) / CN_IMAGES};
  for (int k = 0; k < ph->n_convs; k++) {
    c.v = &m->conv[ph->conv[k]];
    int64_t rows = c.v->c.k * c.v->c.k * c.v->c.in;
    m->host->parallel(m->ctx, rows, 2.0 * (double)(rows * c.v->c.out * c.items), combine_body, &c);
    c.at += thwc_weights(&c.v->c);
  }
}

/* Gradients in gamma and beta, and the coefficients that take a gradient to the map. */
static void norm_gradient(const cn_pass *p, cn_map *map, const double *two) {
  cn *m = p->m;
  double count = (double)(p->n * map->h * map->w);
  for (int64_t c = 0; c < map->room; c++) {
    double beta = 0, gamma = 0, inv = cn_real(m, map->inv, c), scale = cn_real(m, map->scale, c);
    for (int64_t i = 0; i < p->n; i++) {
      beta += m->one[i * m->most_room + c];
      gamma += two[i * m->most_room + c];
    }
    if (c < map->channels) {
      m->sum[map->gamma + c] += gamma;
      m->sum[map->beta + c] += beta;
    }
    cn_set(m, map->coef, c, cn_real(m, map->centre, c));
    cn_set(m, map->coef, map->room + c, scale);
    cn_set(m, map->coef, 2 * map->room + c, -scale * inv * gamma / count);
    cn_set(m, map->coef, 3 * map->room + c, -scale * beta / count);
  }
}

void cn_norm_gradient(const cn_pass *p, const cn_phase *ph) {
  cn *m = p->m;
  norm_gradient(p, &m->map[ph->map], m->two);
  if (ph->add == CN_PROJECT) norm_gradient(p, &m->map[ph->other], m->three);
}

static double work_of(const cn *m, const cn_phase *ph, int64_t images) {
  double w = ph->map < 0 ? 0 : 40.0 * (double)m->map[ph->map].n;
  for (int k = 0; k < ph->n_convs; k++) {
    const thwc_conv *c = &m->conv[ph->conv[k]].c;
    w += 4.0 * (double)(c->h_out * c->w_out) * (double)thwc_weights(c);
  }
  return w * (double)images;
}

/* After cn_forward with a gradient, which went as far as the last map. */
void cn_backward(cn_pass *p) {
  cn *m = p->m;
  int64_t items = (p->n + CN_IMAGES - 1) / CN_IMAGES;
  cn_head_gradient(p);
  cn_norm_gradient(p, &m->phase[m->n_phases - 1]);
  for (p->phase = m->n_phases - 2; p->phase >= 0; p->phase--) {
    const cn_phase *ph = &m->phase[p->phase];
    m->host->parallel(m->ctx, items, work_of(m, ph, p->n), phase_body, p);
    combine_weights(p, ph);
    if (ph->map >= 0) cn_norm_gradient(p, ph);
  }
}
