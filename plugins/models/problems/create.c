/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/problems/create.c - what all problems share: rows, memory, start, facts. */
#include <stdarg.h>
#include <stdio.h>

#include "problem.h"

thw_status problem_fail(const problem *p, thw_status code, const char *fmt, ...) {
  char text[300];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);
  return p->host->fail(p->ctx, code, text);
}

double *problem_alloc(const problem *p, int64_t n) {
  double *room = NULL;
  if (n <= INT64_C(1) << 40)
    room = p->host->alloc(p->ctx, (size_t)(n > 0 ? n : 1) * sizeof(double));
  if (!room)
    problem_fail(p, THW_E_NOMEM, "%s needs %.3g bytes, more than there are: make it smaller",
                 p->kind->id, 8.0 * (double)n);
  return room;
}

static thw_status look_at_source(problem *p, const thw_object *source) {
  const thw_source_ops *ops = source->ops;
  thw_source_info info = {.size = sizeof info};
  THW_TRY(ops->info(source->self, 0, &info));
  if (info.layout != THW_ROWS_NONE)
    return problem_fail(p, THW_E_ARG,
                        "%s makes its own rows and would not look at these: use the source "
                        "\"rows\", which says how many there are",
                        p->kind->id);
  if (info.n == 0) return problem_fail(p, THW_E_ARG, "the source has no rows");
  p->n = info.n;
  return THW_OK;
}

thw_status problem_create(const problem_kind *kind, const thw_host *h, thw_ctx *c,
                          const void *params, const thw_wired *slots, void **self) {
  problem *p = h->alloc(c, sizeof *p);
  if (!p) return h->fail(c, THW_E_NOMEM, "out of memory for a model");
  p->host = h;
  p->ctx = c;
  p->params = params;
  p->kind = kind;
  p->pool = (thwp_pool){h, c};
  THW_TRY(look_at_source(p, &slots->object[0]));
  THW_TRY(kind->build(p));
  if (!(p->x0 = problem_alloc(p, p->d))) return THW_E_NOMEM;
  *self = p;
  return THW_OK;
}

thw_status problem_layout(void *self, thw_layout *out) {
  problem *p = self;
  p->block.n = p->d;
  out->flags = THW_MODEL_SMOOTH;
  out->n = p->d;
  out->n_blocks = 1;
  out->block_stride = sizeof(thw_block);
  out->blocks = &p->block;
  return THW_OK;
}

thw_status problem_facts(void *self, thw_facts *out) {
  const problem *p = self;
  out->components = p->n;
  p->kind->facts(p, ((const start_params *)p->params)->radius, out);
  return THW_OK;
}

thw_status problem_init(void *self, thw_view *x, thw_rng *r) {
  const problem *p = self;
  const start_params *s = p->params;
  for (int64_t i = 0; i < p->d; i++) p->x0[i] = 0;
  if (s->start == START_RANDOM)
    for (int64_t i = 0; i < p->d; i++) p->x0[i] = s->start_scale * thw_rng_normal(r);
  else
    p->kind->saddle(p, p->x0, r);
  thwp_write(p->x0, x);
  return THW_OK;
}
