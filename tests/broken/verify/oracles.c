/* SPDX-License-Identifier: BSD-3-Clause */
/* The mean of a model over the rows of a source, and broken relatives. */
#include <stdlib.h>

#include "broken.h"

enum { MAX_BATCH = 4096 };

typedef struct drawn {
  thw_batch *of_source;
  int64_t *index;
  int used;
} drawn;

typedef struct oracle {
  const thw_component *me;
  const thw_host *host;
  thw_ctx *ctx;
  const thw_object *source, *model;
  thw_space *space;
  int64_t n, next, epoch, *order, *all;
  drawn slot[8];
} oracle;

#define IS(what) breaks(o->me, what)

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c, const void *p,
                         const thw_wired *slots, void **self) {
  const thw_host_space *hs = h->ext(c, THW_HOST_EXT_SPACE);
  thw_source_info info = {.size = sizeof info};
  thw_layout lay = {.size = sizeof lay};
  oracle *o = h->alloc(c, sizeof *o);
  (void)p;
  if (!o) return THW_E_NOMEM;
  *o = (oracle){.me = me, .host = h, .ctx = c};
  o->source = &slots->object[0];
  o->model = &slots->object[1];
  THW_TRY(((const thw_source_ops *)o->source->ops)->info(o->source->self, 0, &info));
  THW_TRY(((const thw_model_ops *)o->model->ops)->layout(o->model->self, &lay));
  THW_TRY(hs->make(c, lay.n, &o->space));
  o->n = o->next = info.n;
  o->order = h->alloc(c, (size_t)o->n * sizeof *o->order);
  o->all = h->alloc(c, (size_t)o->n * sizeof *o->all);
  if (!o->order || !o->all) return THW_E_NOMEM;
  for (int i = 0; i < 8; i++) {
    o->slot[i].index = h->alloc(c, MAX_BATCH * sizeof(int64_t));
    if (!o->slot[i].index) return THW_E_NOMEM;
  }
  for (int64_t i = 0; i < o->n; i++) o->order[i] = i;
  *self = o;
  return THW_OK;
}

static void destroy(void *self) {
  oracle *o = self;
  o->host->release(o->ctx, o->order);
}

static thw_status facts(void *self, thw_facts *out) {
  out->components = ((oracle *)self)->n;
  return THW_OK;
}

static thw_status space(void *self, thw_space **out) {
  *out = ((oracle *)self)->space;
  return THW_OK;
}

static thw_status start_point(void *self, thw_vec *x, thw_rng *r) {
  oracle *o = self;
  thw_view v;
  THW_TRY(x->ops->map(x, THW_WRITE, &v));
  THW_TRY(((const thw_model_ops *)o->model->ops)->init(o->model->self, &v, r));
  return x->ops->unmap(x, THW_WRITE);
}

static void shuffle(int64_t *v, int64_t n, int64_t k, thw_rng *r) {
  for (int64_t i = 0; i < k; i++) {
    int64_t j = i + thw_rng_index(r, n - i), t = v[i];
    v[i] = v[j];
    v[j] = t;
  }
}

static int64_t next_row(oracle *o) {
  if (o->next == o->n) {
    thw_rng r;
    o->host->rng(o->ctx, "epoch", &r);
    r.block = (uint64_t)(IS("epoch") ? 0 : ++o->epoch) << 32;
    for (int64_t i = 0; i < o->n; i++) o->order[i] = i;
    shuffle(o->order, o->n, o->n, &r);
    o->next = 0;
  }
  return o->order[o->next++];
}

static thw_status draw(void *self, thw_rng *r, uint32_t how, int64_t n, thw_batch **out) {
  oracle *o = self;
  drawn *d = o->slot;
  while (d < o->slot + 8 && d->used) d++;
  if (n < 1 || n > MAX_BATCH || d == o->slot + 8) return THW_E_ARG;
  if (how == THW_DRAW_SUBSET && n > o->n) n = o->n;
  if (IS("steady")) o->host->release(o->ctx, o->host->alloc(o->ctx, 64));
  if (how == THW_DRAW_SUBSET && !IS("subset")) {
    for (int64_t i = 0; i < o->n; i++) o->all[i] = i;
    shuffle(o->all, o->n, n, r);
    memcpy(d->index, o->all, (size_t)n * sizeof *o->all);
  } else {
    for (int64_t i = 0; i < n; i++)
      d->index[i] = how == THW_DRAW_NEXT ? next_row(o) : thw_rng_index(r, o->n);
  }
  if (IS("draws")) n = n > 6 ? n - 1 : n;
  d->used = 1;
  const thw_source_ops *s = o->source->ops;
  THW_TRY(s->take(o->source->self, 0, n, d->index, 0, &d->of_source));
  *out = d->of_source;
  return THW_OK;
}

static void release(void *self, thw_batch *b) {
  oracle *o = self;
  for (drawn *d = o->slot; d < o->slot + 8; d++)
    if (d->of_source == b) {
      ((const thw_source_ops *)o->source->ops)->release(o->source->self, b);
      d->of_source = NULL;
      d->used = 0;
    }
}

static thw_status eval(void *self, const thw_vec *x, const thw_batch *b, double *f, thw_vec *g) {
  oracle *o = self;
  const thw_source_ops *s = o->source->ops;
  thw_vec *at = (thw_vec *)(uintptr_t)x;
  thw_batch *all = NULL;
  thw_view xv, gv = {0};
  int64_t n = IS("whole-sum") ? o->n - 1 : o->n;
  if (!b) THW_TRY(s->take(o->source->self, 0, n, NULL, 0, &all));
  at->ops->map(at, THW_READ, &xv);
  if (g) g->ops->map(g, THW_WRITE, &gv);
  thw_status st = ((const thw_model_ops *)o->model->ops)
                      ->eval(o->model->self, &xv, b ? b : all, f, g ? &gv : NULL);
  if (g) g->ops->unmap(g, THW_WRITE);
  at->ops->unmap(at, THW_READ);
  if (all) s->release(o->source->self, all);
  return st;
}

static thw_status diff(void *self, const thw_vec *x, const thw_vec *y, const thw_batch *b,
                       thw_vec *d) {
  oracle *o = self;
  thw_vec *other;
  (void)y;
  THW_TRY(thw_vec_new(o->space, &other));
  thw_status st = eval(self, x, b, NULL, d);
  thw_vec_free(other);
  return st;
}

static const thw_oracle_ops ops = {.size = sizeof ops,
                                   .facts = facts,
                                   .space = space,
                                   .start_point = start_point,
                                   .draw = draw,
                                   .release = release,
                                   .eval = eval};
static const thw_oracle_ops ops_with_diff = {.size = sizeof ops,
                                             .facts = facts,
                                             .space = space,
                                             .start_point = start_point,
                                             .draw = draw,
                                             .release = release,
                                             .eval = eval,
                                             .diff = diff};
static const thw_slot slots[] = {{"source", THW_SOURCE, 1, NULL, "the rows"},
                                 {"model", THW_MODEL, 1, NULL, "the loss"}};

#define BROKEN(var, id_, ops_)                                                                     \
  static const thw_component var = {THW_COMPONENT_HEAD(THW_ORACLE),                                \
                                    .id = id_,                                                     \
                                    .version = "1.0",                                              \
                                    .summary = "breaks a promise",                                 \
                                    .doc = "breaks the check of its name",                         \
                                    THW_SLOTS(slots),                                              \
                                    .ops = &ops_,                                                  \
                                    .create = create,                                              \
                                    .destroy = destroy}

BROKEN(sound, "sound-oracle", ops);
BROKEN(draws, "draws", ops);
BROKEN(subset, "subset", ops);
BROKEN(epoch, "epoch", ops);
BROKEN(whole_sum, "whole-sum", ops);
BROKEN(agreement, "agreement", ops_with_diff);
BROKEN(steady, "steady", ops);

const thw_component *const broken_oracles[] = {&sound,     &draws,     &subset, &epoch,
                                               &whole_sum, &agreement, &steady, NULL};
