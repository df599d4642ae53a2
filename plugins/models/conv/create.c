/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/conv/create.c - the instance. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "conv.h"

thw_status cn_fail(const cn *m, thw_status code, const char *fmt, ...) {
  char text[400];
  va_list args;
  va_start(args, fmt);
  vsnprintf(text, sizeof text, fmt, args);
  va_end(args);
  return m->host->fail(m->ctx, code, text);
}

static thw_status look_at_source(cn *m) {
  const thw_source_ops *ops = m->source.ops;
  m->info.size = sizeof m->info;
  THW_TRY(ops->info(m->source.self, 0, &m->info));
  const thw_source_info *i = &m->info;
  if (i->layout != THW_ROWS_DENSE || (i->n_dims != 2 && i->n_dims != 3))
    return cn_fail(m, THW_E_ARG,
                   "conv-resnet reads images: a source whose rows have a shape, channels x height "
                   "x width or height x width, such as cifar or idx");
  m->planes = i->n_dims == 3 ? i->dims[0] : 1;
  m->h = i->dims[i->n_dims - 2];
  m->w = i->dims[i->n_dims - 1];
  if (m->planes > 64 || m->h > 1024 || m->w > 1024)
    return cn_fail(m, THW_E_ARG,
                   "images of %lld x %lld x %lld: at most 64 channels and 1,024 rows and columns "
                   "are read (channels come first)",
                   (long long)m->planes, (long long)m->h, (long long)m->w);
  if (i->label == THW_LABEL_NONE)
    return cn_fail(m, THW_E_ARG, "these images have no labels: give the source some");
  m->by_class = i->label == THW_LABEL_CLASS;
  m->classes = m->by_class ? i->classes : 1;
  return THW_OK;
}

static thw_status name_outputs(cn *m) {
  m->n_outputs = (uint32_t)(m->by_class ? 1 + m->classes : 1);
  m->output_name = m->host->alloc(m->ctx, m->n_outputs * sizeof *m->output_name);
  if (!m->output_name) return THW_E_NOMEM;
  m->output_name[0] = m->by_class ? "label" : "value";
  for (uint32_t k = 1; k < m->n_outputs; k++) {
    const char *name = m->info.class_name ? m->info.class_name[k - 1] : NULL;
    size_t room = (name ? strlen(name) : 12) + 3;
    char *text = m->host->alloc(m->ctx, room);
    if (!text) return THW_E_NOMEM;
    if (name)
      snprintf(text, room, "p:%s", name);
    else
      snprintf(text, room, "p:%u", k - 1);
    m->output_name[k] = text;
  }
  return THW_OK;
}

/* ---- memory that does not depend on the batch ------------------------------------------------ */

static void *reals(cn *m, int64_t n) {
  return m->host->alloc(m->ctx, (size_t)n * m->kern->real);
}

static double *doubles(cn *m, int64_t n) {
  return m->host->alloc(m->ctx, (size_t)n * sizeof(double));
}

static int map_rooms(cn *m, cn_map *p, double *running, double *next) {
  p->mean = doubles(m, 4 * p->room);
  if (!p->mean) return 0;
  p->var = p->mean + p->room;
  p->fixed = p->var + p->room;
  p->running = running;
  p->next = next;
  for (int64_t c = 0; c < p->room; c++) running[p->room + c] = 1;
  p->scale = reals(m, 8 * p->room);
  if (!p->scale) return 0;
  p->shift = cn_at(m, p->scale, p->room);
  p->centre = cn_at(m, p->shift, p->room);
  p->inv = cn_at(m, p->centre, p->room);
  p->coef = cn_at(m, p->inv, p->room);
  return 1;
}

static int all_rooms(cn *m) {
  for (int i = 0; i < m->n_maps; i++) m->n_running += 2 * m->map[i].room;
  m->running = doubles(m, m->n_running);
  m->next = doubles(m, m->n_running);
  m->sum = doubles(m, m->n);
  m->checked = reals(m, m->n);
  if (!m->running || !m->next || !m->sum || !m->checked) return 0;
  int64_t at = 0;
  for (int i = 0; i < m->n_maps; at += 2 * m->map[i++].room)
    if (!map_rooms(m, &m->map[i], m->running + at, m->next + at)) return 0;
  for (int i = 0; i < m->n_convs; i++) {
    cn_conv *v = &m->conv[i];
    v->forth = reals(m, thwc_weights(&v->c));
    if (i > 0) v->back = reals(m, thwc_weights(&v->c)); /* images have no gradient */
    if (!v->forth || (i > 0 && !v->back)) return 0;
  }
  for (int i = 1; i < m->n_phases && m->params->act_noise > 0; i++) {
    const cn_map *p = &m->map[m->phase[i].map];
    m->phase[i].noise_room = reals(m, p->h * p->w);
    if (!m->phase[i].noise_room) return 0;
  }
  return 1;
}

thw_status cn_create(const thw_component *me, const thw_host *h, thw_ctx *c, const void *params,
                     const thw_wired *slots, void **self) {
  (void)me;
  cn *m = h->alloc(c, sizeof *m);
  if (!m) return h->fail(c, THW_E_NOMEM, "out of memory for a model");
  m->host = h;
  m->ctx = c;
  m->params = params;
  m->source = slots->object[0];
  m->dtype = h->dtype(c);
  m->kern = thwc_best(m->dtype == THW_F32 ? sizeof(float) : sizeof(double));
  THW_TRY(h->rng(c, "noise", &m->noise));
  THW_TRY(look_at_source(m));
  THW_TRY(cn_build(m));
  if (name_outputs(m) != THW_OK || !all_rooms(m))
    return cn_fail(m, THW_E_NOMEM, "out of memory for a network of %lld parameters",
                   (long long)m->n);
  *self = m;
  return THW_OK;
}

/* All memory is the context's. */
void cn_destroy(void *self) {
  (void)self;
}

const void *cn_ext(void *self, const char *id) {
  (void)self;
  if (strcmp(id, THW_EXT_STATE) == 0) return &cn_state_ext;
  if (strcmp(id, THW_EXT_STEP_MODEL) == 0) return &cn_step_ext;
  return NULL;
}

/* ---- entries --------------------------------------------------------------------------------- */

static thw_status layout(void *self, thw_layout *out) {
  static const char *const by_class[] = {"accuracy", "loss"}, *const by_number[] = {"mse", "loss"};
  const cn *m = self;
  out->flags = THW_MODEL_BATCH | (m->params->activation != THWC_RELU ? THW_MODEL_SMOOTH : 0u);
  out->n = m->n;
  out->n_blocks = m->n_blocks;
  out->block_stride = sizeof(thw_block);
  out->blocks = m->block;
  out->n_metrics = 2;
  out->metric_name = m->by_class ? by_class : by_number;
  out->n_outputs = m->n_outputs;
  out->output_name = m->output_name;
  return THW_OK;
}

static thw_status facts(void *self, thw_facts *out) {
  const cn *m = self;
  out->components = m->info.n > 0 ? m->info.n : -1;
  out->lower_bound = 0;
  return THW_OK;
}

const thw_model_ops cn_ops = {
    .size = sizeof(thw_model_ops),
    .layout = layout,
    .facts = facts,
    .init = cn_init,
    .eval = cn_eval,
    .measure = cn_measure,
    .predict = cn_predict,
};
