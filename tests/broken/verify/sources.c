/* SPDX-License-Identifier: BSD-3-Clause */
/* Sixty dense rows of three numbers with two classes, and broken relatives. */
#include <math.h>
#include <stdlib.h>

#include "broken.h"

enum { ROWS = 60, WIDTH = 3 };

typedef struct source {
  const thw_component *me;
  const thw_host *host;
  thw_ctx *ctx;
  thw_rows rows;
  double x[ROWS * WIDTH], y[ROWS];
  float xf[ROWS * WIDTH], yf[ROWS];
  int32_t label[ROWS];
  thw_batch *spare;
  int64_t taken;
} source;

#define IS(what) breaks(s->me, what)

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c, const void *p,
                         const thw_wired *slots, void **self) {
  source *s = h->alloc(c, sizeof *s);
  thw_rng r;
  (void)p;
  (void)slots;
  if (!s) return THW_E_NOMEM;
  s->me = me;
  s->host = h;
  s->ctx = c;
  THW_TRY(h->rng(c, "rows", &r));
  for (int i = 0; i < ROWS * WIDTH; i++) s->xf[i] = (float)(s->x[i] = thw_rng_uniform(&r));
  for (int i = 0; i < ROWS; i++) {
    s->label[i] = s->x[i * WIDTH] > 0.5;
    s->yf[i] = (float)(s->y[i] = s->label[i]);
  }
  if (IS("rows")) s->label[17] = 2;
  int single = h->dtype(c) == THW_F32;
  s->rows = (thw_rows){.size = sizeof s->rows, .layout = THW_ROWS_DENSE, .dtype = h->dtype(c)};
  if (IS("rows-type")) s->rows.dtype = THW_F64;
  s->rows.n = ROWS;
  s->rows.width = s->rows.ld = WIDTH;
  s->rows.x = single && !IS("rows-type") ? (const void *)s->xf : s->x;
  s->rows.y = single && !IS("rows-type") ? (const void *)s->yf : s->y;
  s->rows.label = s->label;
  *self = s;
  return THW_OK;
}

static void destroy(void *self) {
  source *s = self;
  s->host->release(s->ctx, s);
}

static thw_status sets(void *self, uint32_t *n) {
  (void)self;
  *n = 1;
  return THW_OK;
}

static thw_status info(void *self, uint32_t set, thw_source_info *out) {
  static const char *const names[] = {"no", "yes"};
  source *s = self;
  if (set != 0) return THW_E_ARG;
  *out = (thw_source_info){.size = out->size, .layout = THW_ROWS_DENSE, .label = THW_LABEL_CLASS};
  out->n = ROWS;
  out->width = WIDTH;
  out->set = "train";
  out->classes = IS("info") ? 1 : 2;
  out->class_name = names;
  return THW_OK;
}

static thw_status take(void *self, uint32_t set, int64_t n, const int64_t *index, int64_t first,
                       thw_batch **out) {
  source *s = self;
  if (!IS("beyond") && (set != 0 || (!index && (first < 0 || first + n > ROWS))))
    return s->host->fail(s->ctx, THW_E_ARG, "there are no such rows");
  thw_batch *b = s->host->alloc(s->ctx, sizeof *b);
  if (!b) return THW_E_NOMEM;
  *b = (thw_batch){.size = sizeof *b, .set = set, .n = n, .first = first};
  b->index = index;
  b->rows = &s->rows;
  if (IS("batches") && index) b->index = NULL;
  if (IS("again") && ++s->taken > 3) s->x[1] += 1;
  *out = b;
  return THW_OK;
}

static void release(void *self, thw_batch *b) {
  source *s = self;
  s->host->release(s->ctx, b);
}

static const thw_source_ops ops = {
    .size = sizeof ops, .sets = sets, .info = info, .take = take, .release = release};

#define BROKEN(var, id_)                                                                           \
  static const thw_component var = {THW_COMPONENT_HEAD(THW_SOURCE),                                \
                                    .id = id_,                                                     \
                                    .version = "1.0",                                              \
                                    .summary = "breaks a promise",                                 \
                                    .doc = "breaks the check of its name",                         \
                                    .ops = &ops,                                                   \
                                    .create = create,                                              \
                                    .destroy = destroy}

BROKEN(sound, "sound-source");
BROKEN(infos, "info");
BROKEN(bad_rows, "rows");
BROKEN(rows_type, "rows-type");
BROKEN(batches, "batches");
BROKEN(again, "again");
BROKEN(beyond, "beyond");

const thw_component *const broken_sources[] = {&sound,   &infos, &bad_rows, &rows_type,
                                               &batches, &again, &beyond,   NULL};
