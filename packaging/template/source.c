/* SPDX-License-Identifier: BSD-3-Clause */
/* @ID@ - random rows around a planted plane: a working example of a source to start from. Replace
 * where the rows come from and keep the frame; thalweg-plugin(7) is the manual, the headers are the
 * reference. */
#include <stddef.h>

#include <thalweg/thalweg.h>

/* The parameters as the host stores them. The table below says where each goes, and is all that
 * checking, defaults and `thalweg info` need. */
struct params {
  int64_t rows, width;
  double noise;
};

static const thw_param params[] = {
    THW_PARAM_INT(struct params, rows, 200, 1, 100000, "rows", "Number of rows."),
    THW_PARAM_INT(struct params, width, 5, 1, 1000, "features", "Numbers in a row."),
    THW_PARAM_REAL(struct params, noise, 0.1, 0, THW_NO_BOUND, 0, NULL,
                   "Standard deviation of what is added to each label."),
};

/* A batch that has been handed out, or waits to be handed out again: after the first few, take
 * allocates nothing. */
struct handle {
  thw_batch batch;
  struct handle *next;
};

struct source {
  const thw_host *host;
  thw_ctx *ctx;
  thw_rows rows;
  void *x, *y;
  struct handle *free;
};

/* ---- the rows ---------------------------------------------------------------------------------
 */

static void put(void *p, uint32_t dtype, int64_t i, double v) {
  if (dtype == THW_F32)
    ((float *)p)[i] = (float)v;
  else
    ((double *)p)[i] = v;
}

/* Label: sum of the features plus noise. The stream depends on run.seed and on nothing else. */
static thw_status fill(struct source *s, const struct params *p) {
  thw_rng r;
  int64_t i, j;
  THW_TRY(s->host->rng(s->ctx, "rows", &r));
  for (i = 0; i < p->rows; i++) {
    double y = 0;
    for (j = 0; j < p->width; j++) {
      double v = thw_rng_normal(&r);
      put(s->x, s->rows.dtype, i * p->width + j, v);
      y += v;
    }
    put(s->y, s->rows.dtype, i, y + p->noise * thw_rng_normal(&r));
  }
  return THW_OK;
}

/* ---- the source -------------------------------------------------------------------------------
 */

static thw_status sets(void *self, uint32_t *n) {
  (void)self;
  *n = 1;
  return THW_OK;
}

static thw_status info(void *self, uint32_t set, thw_source_info *out) {
  struct source *s = self;
  if (set != 0) return s->host->fail(s->ctx, THW_E_ARG, "there is one set, number 0");
  out->layout = THW_ROWS_DENSE;
  out->label = THW_LABEL_REAL;
  out->n = s->rows.n;
  out->width = s->rows.width;
  out->set = "train";
  return THW_OK;
}

static thw_status take(void *self, uint32_t set, int64_t n, const int64_t *index, int64_t first,
                       thw_batch **out) {
  struct source *s = self;
  struct handle *h = s->free;
  if (set != 0 || n < 0 || (!index && (first < 0 || first > s->rows.n - n)))
    return s->host->fail(s->ctx, THW_E_ARG, "there are no such rows");
  if (h)
    s->free = h->next;
  else
    h = s->host->alloc(s->ctx, sizeof *h);
  if (!h) return s->host->fail(s->ctx, THW_E_NOMEM, "out of memory");
  h->batch = (thw_batch){.size = (uint32_t)sizeof(thw_batch),
                         .set = set,
                         .n = n,
                         .first = index ? 0 : first,
                         .index = index,
                         .rows = &s->rows,
                         .priv = h};
  *out = &h->batch;
  return THW_OK;
}

static void release(void *self, thw_batch *b) {
  struct source *s = self;
  struct handle *h = b->priv;
  h->next = s->free;
  s->free = h;
}

static const thw_source_ops ops = {.size = (uint32_t)sizeof(thw_source_ops),
                                   .sets = sets,
                                   .info = info,
                                   .take = take,
                                   .release = release};

/* ---- life and description ---------------------------------------------------------------------
 */

static void destroy(void *self) {
  struct source *s = self;
  while (s->free) {
    struct handle *h = s->free;
    s->free = h->next;
    s->host->release(s->ctx, h);
  }
  s->host->release(s->ctx, s->x);
  s->host->release(s->ctx, s->y);
  s->host->release(s->ctx, s);
}

static thw_status create(const thw_component *me, const thw_host *host, thw_ctx *ctx,
                         const void *params_, const thw_wired *slots, void **self) {
  const struct params *p = params_;
  uint32_t dtype = host->dtype(ctx);
  size_t size = dtype == THW_F32 ? sizeof(float) : sizeof(double);
  struct source *s = host->alloc(ctx, sizeof *s);
  (void)me;
  (void)slots;
  if (s) {
    s->x = host->alloc(ctx, (size_t)p->rows * (size_t)p->width * size);
    s->y = host->alloc(ctx, (size_t)p->rows * size);
  }
  if (!s || !s->x || !s->y)
    return host->fail(ctx, THW_E_NOMEM, "out of memory for the rows: lower rows or width");
  s->host = host;
  s->ctx = ctx;
  s->rows = (thw_rows){.size = (uint32_t)sizeof(thw_rows),
                       .layout = THW_ROWS_DENSE,
                       .dtype = dtype,
                       .n = p->rows,
                       .width = p->width,
                       .x = s->x,
                       .ld = p->width,
                       .y = s->y};
  *self = s;
  return fill(s, p);
}

static const thw_component component = {
    THW_COMPONENT_HEAD(THW_SOURCE),
    .id = "@ID@",
    .version = "0.1.0",
    .summary = "random rows around a planted plane",
    .doc = "Features are independent standard normal numbers; the label is their sum plus noise.",
    THW_PARAMS(params, struct params),
    .ops = &ops,
    .create = create,
    .destroy = destroy,
};

static const thw_component *const components[] = {&component};

static const thw_plugin plugin = {
    THW_PLUGIN_HEAD,           .id = "@ID@",      .version = "0.1.0",
    .license = "BSD-3-Clause", .n_components = 1, .components = components,
};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
