/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/recurrent/generate.c - step by step, for `thalweg sample`. */
#include <string.h>

#include "recurrent.h"

/* Slot 0 runs at the point, slot 1 (for centre) at the initial weights. */
static thw_status generate_reset(void *self) {
  rec *m = self;
  for (int i = 0; i < 2; i++) {
    THW_TRY(rec_one_step(m, &m->generator[i]));
    thwr_shard *s = &m->generator[i].s;
    size_t bytes = (size_t)m->shape.m * m->kern->real;
    s->carried = 1;
    for (int k = 0; k < m->shape.layers; k++) {
      memset(s->at.h[k], 0, bytes);
      if (s->at.c[k]) memset(s->at.c[k], 0, bytes);
    }
  }
  return THW_OK;
}

static void step(const rec *m, const thwr_weights *w, thwr_shard *s, int64_t token,
                 const double *in) {
  size_t bytes = (size_t)m->shape.m * m->kern->real;
  if (s->token)
    s->token[0] = (int32_t)token;
  else
    for (int64_t j = 0; j < m->shape.width; j++) rec_set(m, s->x, j, in[j]);
  m->kern->forward(&m->shape, w, s);
  for (int k = 0; k < m->shape.layers; k++) {
    memcpy(s->at.h[k], (char *)s->at.h[k] + bytes, bytes);
    if (s->at.c[k]) memcpy(s->at.c[k], (char *)s->at.c[k] + bytes, bytes);
  }
}

static thw_status generate_next(void *self, const thw_view *x, int64_t token, const double *in,
                                double *out) {
  rec *m = self;
  rec_job j = {.m = m}, start = {.m = m};
  if (m->shape.tokens ? token < 0 || token >= m->shape.width : !in)
    return rec_fail(m, THW_E_ARG, "this model reads %s",
                    m->shape.tokens ? "tokens of its source's vocabulary" : "vectors");
  if (!m->generator[0].room) THW_TRY(generate_reset(self));
  rec_point(m, x, &j);
  step(m, &j.w, &m->generator[0].s, token, in);
  if (m->params->centre) {
    for (int i = 0; i < thwr_blocks(&m->shape); i++) start.w.v[i] = m->block[i].start;
    step(m, &start.w, &m->generator[1].s, token, in);
  }
  rec_predict_step(m, m->generator[0].s.at.y, m->params->centre ? m->generator[1].s.at.y : NULL,
                   out);
  return THW_OK;
}

const thw_generate rec_generate_ext = {
    .size = sizeof(thw_generate), .reset = generate_reset, .next = generate_next};
