/* SPDX-License-Identifier: BSD-3-Clause */
/* Dense rows read as sequences: the rows of an image, or so many features at a time. */
#include <config.h>

#include <stdlib.h>

#include "plugins/sources/sequence/sequence.h"

struct steps_params {
  int64_t features_per_step;
};

static const thw_param params[] = {
    THW_PARAM_INT(struct steps_params, features_per_step, 0, 0, THW_NO_BOUND, NULL,
                  "Features that make a step; 0: those of one row of the image, where the source "
                  "knows its shape. 1: pixel by pixel."),
};

static const thw_slot slots_[] = {
    {"source", THW_SOURCE, 1, NULL, "Dense rows: idx, npy, csv, a dense generator."},
};

typedef struct steps {
  td_env env;
  thw_object inner;
  int64_t width, steps;
  td_pool pool;
} steps;

/* What goes with a batch: the inner one. */
typedef struct taken {
  thw_batch *inner;
} taken;

static const thw_source_ops *inner_ops(const steps *s) {
  return s->inner.ops;
}

static thw_status open_inner(steps *s, const struct steps_params *p) {
  thw_source_info in = {.size = (uint32_t)sizeof in};
  THW_TRY(inner_ops(s)->info(s->inner.self, 0, &in));
  if (in.layout != THW_ROWS_DENSE || in.width < 1)
    return td_fail(s->env, THW_E_UNSUPPORTED,
                   "rows-as-steps needs dense rows with features: use a source such as idx, npy or "
                   "csv");
  s->width = p->features_per_step;
  if (s->width == 0 && in.n_dims < 2)
    return td_fail(s->env, THW_E_ARG,
                   "the rows of the source are flat, with %lld features: say how many make a step "
                   "with features_per_step",
                   (long long)in.width);
  if (s->width == 0) s->width = in.width / in.dims[0];
  if (in.width % s->width)
    return td_fail(s->env, THW_E_ARG, "features_per_step = %lld does not divide the %lld features",
                   (long long)s->width, (long long)in.width);
  s->steps = in.width / s->width;
  return THW_OK;
}

static void destroy(void *self) {
  steps *s = self;
  td_pool_free(&s->pool);
  free(s);
}

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c, const void *p,
                         const thw_wired *slots, void **self) {
  (void)me;
  td_env e = {h, c};
  steps *s = calloc(1, sizeof *s);
  if (!s) return td_nomem(e, "a source", sizeof *s);
  s->env = e;
  s->inner = slots->object[0];
  thw_status st = open_inner(s, p);
  if (st == THW_OK)
    *self = s;
  else
    destroy(s);
  return st;
}

static thw_status sets(void *self, uint32_t *n) {
  steps *s = self;
  return inner_ops(s)->sets(s->inner.self, n);
}

static thw_status info(void *self, uint32_t set, thw_source_info *out) {
  steps *s = self;
  THW_TRY(inner_ops(s)->info(s->inner.self, set, out));
  out->layout = THW_ROWS_SEQ;
  out->width = s->width;
  out->feature_name = NULL;
  out->n_dims = 0;
  out->steps = s->steps;
  out->targets = 1;
  out->target = THW_TARGET_ROW;
  out->tokens = 0;
  out->token_name = NULL;
  out->chain = 0;
  return THW_OK;
}

static void release(void *self, thw_batch *b) {
  steps *s = self;
  taken *t = ((td_slot *)b->priv)->buffer;
  inner_ops(s)->release(s->inner.self, t->inner);
  td_pool_release(&s->pool, b);
}

static thw_status take(void *self, uint32_t set, int64_t n, const int64_t *index, int64_t first,
                       thw_batch **out) {
  steps *s = self;
  td_slot *slot = td_pool_take(&s->pool, s->env, sizeof(taken));
  if (!slot) return THW_E_NOMEM;
  taken *t = slot->buffer;
  thw_status st = inner_ops(s)->take(s->inner.self, set, n, index, first, &t->inner);
  if (st != THW_OK) {
    td_pool_release(&s->pool, &slot->batch);
    return st;
  }
  const thw_rows *r = t->inner->rows;
  slot->rows = *r;
  slot->rows.size = (uint32_t)sizeof(thw_rows);
  slot->rows.layout = THW_ROWS_SEQ;
  slot->rows.width = slot->rows.ld = s->width;
  slot->rows.steps = s->steps;
  slot->rows.targets = 1;
  slot->batch = *t->inner;
  slot->batch.rows = &slot->rows;
  slot->batch.priv = slot;
  if (r->ld == s->width * s->steps) {
    *out = &slot->batch;
    return THW_OK;
  }
  release(s, &slot->batch);
  return td_fail(s->env, THW_E_UNSUPPORTED,
                 "the source leaves gaps between its rows: rows-as-steps cannot read those");
}

static const thw_source_ops ops = {
    .size = (uint32_t)sizeof(thw_source_ops),
    .sets = sets,
    .info = info,
    .take = take,
    .release = release,
};

const thw_component rows_as_steps_component = {
    THW_COMPONENT_HEAD(THW_SOURCE),
    .id = "rows-as-steps",
    .version = PACKAGE_VERSION,
    .summary = "the rows of another source read as sequences: images row by row",
    .doc = "Each dense row of the source in the slot becomes a sequence: its features, "
           "features_per_step at a time, in their order. Nothing is copied. The label stays one "
           "for the whole sequence; sets, classes and streams are those of the source.\n\n"
           "source: { type = \"rows-as-steps\"; source: { type = \"idx\"; ... }; }; reads an image "
           "of 28 x 28 pixels as 28 steps of 28.",
    .reference = "Q. Le, N. Jaitly, G. Hinton: A simple way to initialize recurrent networks of "
                 "rectified linear units, arXiv:1504.00941 (pixel by pixel)",
    THW_PARAMS(params, struct steps_params),
    THW_SLOTS(slots_),
    .ops = &ops,
    .create = create,
    .destroy = destroy,
};
