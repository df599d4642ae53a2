/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/conv/net.c - the two families as lists of phases, and their parameters. */
#include <stdio.h>
#include <string.h>

#include "conv.h"

/* ---- parameters ------------------------------------------------------------------------------ */

static thw_status add_block(cn *m, const char *name, uint32_t n_dims, const int64_t dims[4],
                            int64_t *at) {
  size_t size = strlen(name) + 1;
  char *text = m->host->alloc(m->ctx, size);
  thw_block *b = &m->block[m->n_blocks++];
  if (!text) return cn_fail(m, THW_E_NOMEM, "out of memory for a network");
  memcpy(text, name, size);
  *b = (thw_block){.name = text, .offset = m->n, .n = 1, .n_dims = n_dims};
  for (uint32_t i = 0; i < n_dims; i++) b->n *= b->dims[i] = dims[i];
  *at = m->n;
  m->n += b->n;
  return THW_OK;
}

static thw_status add_norm(cn *m, const char *name, cn_map *map) {
  char text[64];
  int64_t dims[4] = {map->channels};
  snprintf(text, sizeof text, "%s.gamma", name);
  THW_TRY(add_block(m, text, 1, dims, &map->gamma));
  snprintf(text, sizeof text, "%s.beta", name);
  return add_block(m, text, 1, dims, &map->beta);
}

/* ---- parts ----------------------------------------------------------------------------------- */

static int add_map(cn *m, int64_t h, int64_t w, int64_t channels, int grad) {
  cn_map *map = &m->map[m->n_maps];
  *map = (cn_map){.h = h, .w = w, .channels = channels, .room = thwc_room(channels), .grad = grad};
  map->n = h * w * map->room;
  return m->n_maps++;
}

static int add_phase(cn *m, int map) {
  m->phase[m->n_phases] = (cn_phase){.map = map, .skip_map = -1};
  return m->n_phases++;
}

/* A convolution of the phase's activation; makes the map unless it is given. */
static thw_status add_conv(cn *m, int phase, const char *name, int64_t k, int64_t stride,
                           int64_t out, int grad, int *to) {
  cn_phase *ph = &m->phase[phase];
  const cn_map *from = ph->map < 0 ? NULL : &m->map[ph->map];
  int64_t channels = from ? from->channels : m->planes;
  cn_conv *v = &m->conv[m->n_convs];
  *v = (cn_conv){.copy = -1, .plus = -1, .last = 1};
  v->c = (thwc_conv){.k = k,
                     .stride = stride,
                     .in = channels,
                     .out = out,
                     .in_room = from ? from->room : (channels + 1) / 2 * 2,
                     .out_room = thwc_room(out),
                     .h = from ? from->h : m->h,
                     .w = from ? from->w : m->w};
  v->table = m->host->alloc(m->ctx, (size_t)thwc_plan_size(&v->c) * sizeof *v->table);
  if (!v->table) return cn_fail(m, THW_E_NOMEM, "out of memory for a network");
  thwc_plan(&v->c, v->table);
  if (*to < 0) *to = add_map(m, v->c.h_out, v->c.w_out, out, grad);
  v->to = *to;
  ph->conv[ph->n_convs++] = m->n_convs++;
  char text[64];
  int64_t dims[4] = {out, channels, k, k};
  snprintf(text, sizeof text, "%s.K", name);
  return add_block(m, text, 4, dims, &v->weights);
}

static const char *name_of(char text[64], int stage, int block, const char *part) {
  snprintf(text, 64, "s%db%d.%s", stage + 1, block + 1, part);
  return text;
}

/* ---- ResNet-(6n+2): conv, BN, ReLU; blocks add after the second BN ----------------------------
 */

/* What an activation's shortcut needs of it. */
static void skip_from(cn *m, int phase, int map, int kind) {
  cn_phase *ph = &m->phase[phase];
  const cn_map *from = &m->map[ph->map], *to = &m->map[map];
  ph->keep = 1;
  ph->skip = kind;
  ph->skip_map = map;
  ph->thin = (thwc_thin){.h = from->h,
                         .w = from->w,
                         .channels = from->channels,
                         .room = from->room,
                         .to_room = to->room,
                         .before = (to->channels - from->channels) / 2};
}

/* From the activation of phase *at to that of the new *at. */
static thw_status resnet_block(cn *m, int stage, int block, int b, int *at) {
  int64_t out = m->params->channels << stage, stride = stage && block == 0 ? 2 : 1;
  int one = -1, two = -1, side = -1, from = *at;
  int changes = m->map[m->phase[from].map].channels != out;
  char name[64];
  THW_TRY(add_conv(m, from, name_of(name, stage, block, "conv1"), 3, stride, out, 0, &one));
  THW_TRY(add_norm(m, name_of(name, stage, block, "bn1"), &m->map[one]));
  int mid = add_phase(m, one);
  THW_TRY(add_conv(m, mid, name_of(name, stage, block, "conv2"), 3, 1, out, 1 + b % 2, &two));
  THW_TRY(add_norm(m, name_of(name, stage, block, "bn2"), &m->map[two]));
  *at = add_phase(m, two);
  cn_phase *end = &m->phase[*at];
  end->other = from;
  end->add = changes ? CN_THIN : CN_SAME;
  if (changes && m->params->shortcut == CN_SHORTCUT_B) {
    THW_TRY(
        add_conv(m, from, name_of(name, stage, block, "side"), 1, stride, out, 1 + b % 2, &side));
    THW_TRY(add_norm(m, name_of(name, stage, block, "side.bn"), &m->map[side]));
    end->add = CN_PROJECT;
    end->other = side;
  } else {
    skip_from(m, from, two, end->add);
  }
  return THW_OK;
}

/* ---- WideResNet: BN, ReLU, conv; blocks add what the convolutions give ----------------------- */

static thw_status wide_block(cn *m, int stage, int block, int b, int *at) {
  int64_t out = m->params->channels * m->params->widen << stage;
  int64_t stride = stage && block == 0 ? 2 : 1;
  int one = -1, two = -1, from = *at, in = m->phase[from].map;
  int same = m->map[in].channels == out && stride == 1;
  char name[64];
  THW_TRY(add_norm(m, name_of(name, stage, block, "bn1"), &m->map[in]));
  THW_TRY(add_conv(m, from, name_of(name, stage, block, "conv1"), 3, stride, out, 0, &one));
  THW_TRY(add_norm(m, name_of(name, stage, block, "bn2"), &m->map[one]));
  int mid = add_phase(m, one);
  THW_TRY(add_conv(m, mid, name_of(name, stage, block, "conv2"), 3, 1, out, 1 + b % 2, &two));
  cn_conv *last = &m->conv[m->n_convs - 1];
  last->onto = last->keep = 1;
  if (same) {
    last->copy = in;
    for (int i = 0; i < m->n_convs - 1; i++)
      if (m->conv[i].to == in && m->conv[i].last) m->conv[i].plus = two;
  } else {
    THW_TRY(add_conv(m, from, name_of(name, stage, block, "side"), 1, stride, out, 0, &two));
    m->conv[m->n_convs - 1].last = 0;
    m->conv[m->n_convs - 1].ready = 1;
  }
  *at = add_phase(m, two);
  return THW_OK;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static thw_status make_tables(cn *m, int blocks) {
  size_t maps = (size_t)(3 * blocks + 1), params = 3 * maps + 4;
  m->map = m->host->alloc(m->ctx, maps * sizeof *m->map);
  m->conv = m->host->alloc(m->ctx, maps * sizeof *m->conv);
  m->phase = m->host->alloc(m->ctx, (maps + 2) * sizeof *m->phase);
  m->block = m->host->alloc(m->ctx, params * sizeof *m->block);
  if (!m->map || !m->conv || !m->phase || !m->block)
    return cn_fail(m, THW_E_NOMEM, "out of memory for a network of this depth");
  return THW_OK;
}

static void measure_net(cn *m) {
  for (int i = 0; i < m->n_maps; i++) {
    const cn_map *p = &m->map[i];
    int64_t framed = thwc_framed(p->h, p->w, p->room);
    if (p->n > m->most_map) m->most_map = p->n;
    if (framed > m->most_frame) m->most_frame = framed;
    if (p->room > m->most_room) m->most_room = p->room;
  }
  for (int i = 0; i < m->n_convs; i++) {
    const thwc_conv *c = &m->conv[i].c;
    int64_t framed = thwc_framed(c->h, c->w, c->in_room);
    if (framed > m->most_frame) m->most_frame = framed;
  }
  for (int i = 0; i < m->n_phases; i++) {
    int64_t weights = 0;
    for (int k = 0; k < m->phase[i].n_convs; k++)
      weights += thwc_weights(&m->conv[m->phase[i].conv[k]].c);
    if (weights > m->most_weights) m->most_weights = weights;
  }
}

thw_status cn_build(cn *m) {
  int wide = m->params->family == CN_WIDE, per = (int)(m->params->depth - (wide ? 4 : 2)) / 6;
  int stem = -1, b = 0, at;
  THW_TRY(make_tables(m, 3 * per));
  THW_TRY(add_conv(m, add_phase(m, -1), "stem", 3, 1, m->params->channels, 1, &stem));
  if (!wide) THW_TRY(add_norm(m, "stem.bn", &m->map[stem]));
  at = add_phase(m, stem);
  for (int stage = 0; stage < 3; stage++)
    for (int block = 0; block < per; block++, b++)
      THW_TRY(wide ? wide_block(m, stage, block, b + 1, &at)
                   : resnet_block(m, stage, block, b + 1, &at));
  cn_map *last = &m->map[m->phase[at].map];
  if (wide) THW_TRY(add_norm(m, "bn", last));
  m->features = last->channels;
  int64_t dims[4] = {m->classes, m->features};
  THW_TRY(add_block(m, "head.W", 2, dims, &m->head));
  THW_TRY(add_block(m, "head.b", 1, dims, &m->head_bias));
  measure_net(m);
  return THW_OK;
}
