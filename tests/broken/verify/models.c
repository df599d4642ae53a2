/* SPDX-License-Identifier: BSD-3-Clause */
/* f_i(w) = log cosh(a_i . w - y_i) + l2 |w|^2 / 2 over dense rows with numbers, and its broken
 * relatives. */
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "broken.h"

enum { MAX_WIDTH = 64 };

typedef struct params {
  double l2;
} params;

typedef struct model {
  const thw_component *me;
  const thw_host *host;
  thw_ctx *ctx;
  const params *p;
  int64_t n, width, remembered;
  thw_block block[2];
  pthread_t caller;
} model;

static int64_t evaluations;

#define IS(what) breaks(m->me, what)

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c, const void *p,
                         const thw_wired *slots, void **self) {
  const thw_object *source = &slots->object[0];
  const thw_source_ops *s = source->ops;
  thw_source_info info = {.size = sizeof info};
  THW_TRY(s->info(source->self, 0, &info));
  if (breaks(me, "sources"))
    return h->fail(c, THW_E_UNSUPPORTED, "these rows are not for this model");
  if (info.layout != THW_ROWS_DENSE || info.label != THW_LABEL_REAL || info.width > MAX_WIDTH)
    return h->fail(c, THW_E_UNSUPPORTED, "dense rows with numbers are needed");
  model *m = h->alloc(c, sizeof *m);
  if (!m) return THW_E_NOMEM;
  *m = (model){.me = me, .host = h, .ctx = c, .p = p, .n = info.n, .width = info.width};
  m->block[0] = (thw_block){.name = "w", .n = m->width};
  m->block[1] = (thw_block){.name = "again", .offset = m->width - 1, .n = 1};
  *self = m;
  return THW_OK;
}

static void destroy(void *self) {
  model *m = self;
  m->host->release(m->ctx, m);
}

static thw_status layout(void *self, thw_layout *out) {
  static const char *const names[] = {"abs"}, *const outputs[] = {"value"};
  model *m = self;
  *out = (thw_layout){.size = out->size, .flags = THW_MODEL_SMOOTH | THW_MODEL_CONVEX};
  out->n = m->width;
  out->n_blocks = IS("layout") ? 2 : 1;
  out->block_stride = sizeof m->block[0];
  out->blocks = m->block;
  out->n_metrics = out->n_outputs = 1;
  out->metric_name = names;
  out->output_name = outputs;
  return THW_OK;
}

static thw_status facts(void *self, thw_facts *out) {
  model *m = self;
  out->components = m->n;
  out->lipschitz = IS("facts") ? 1e-3 : 4.0 * (double)m->width + m->p->l2;
  out->lower_bound = 0;
  return THW_OK;
}

static thw_status init(void *self, thw_view *x, thw_rng *r) {
  model *m = self;
  for (int64_t i = 0; i < x->n; i++) {
    double v = IS("init") ? (double)NAN : thw_rng_normal(r) / 8;
    if (x->dtype == THW_F32)
      ((float *)x->data)[i] = (float)v;
    else
      ((double *)x->data)[i] = v;
  }
  return THW_OK;
}

static double get(const void *p, uint32_t dtype, int64_t i) {
  return dtype == THW_F32 ? (double)((const float *)p)[i] : ((const double *)p)[i];
}

static void put(thw_view *x, int64_t i, double v) {
  if (x->dtype == THW_F32)
    ((float *)x->data)[i] = (float)v;
  else
    ((double *)x->data)[i] = v;
}

/* Who runs the body shows in the result: what no component may let happen. */
typedef struct race {
  pthread_t caller;
  int others;
} race;

static void body(void *arg, int64_t i) {
  race *r = arg;
  struct timespec ms = {0, 1000000};
  (void)i;
  nanosleep(&ms, NULL);
  if (!pthread_equal(pthread_self(), r->caller)) __atomic_store_n(&r->others, 1, __ATOMIC_RELAXED);
}

static double residual(const model *m, const thw_view *x, const thw_rows *r, int64_t i) {
  double t = -get(r->y, r->dtype, i);
  for (int64_t j = 0; j < m->width; j++)
    t += get(r->x, r->dtype, i * r->ld + j) * get(x->data, x->dtype, j);
  return t;
}

static double log_cosh(double t) {
  return fabs(t) + log1p(exp(-2 * fabs(t))) - log(2);
}

static double noise(model *m, const thw_batch *b) {
  double off = 0;
  if (IS("same-batch")) off += 1e-9 * (double)++m->remembered;
  if (IS("instances-model")) off += 1e-9 * (double)++evaluations;
  if (IS("threads") && b->n > 1000) {
    race r = {pthread_self(), 0};
    m->host->parallel(m->ctx, 16, 1e9, body, &r);
    off += 1e-3 * r.others;
  }
  if (IS("mean")) off += 1.0 / (double)b->n;
  return off;
}

static thw_status eval(void *self, const thw_view *x, const thw_batch *b, double *f, thw_view *g) {
  model *m = self;
  double sum = 0, grad[MAX_WIDTH] = {0};
  double old = g && IS("bounds-reads") ? get(g->data, g->dtype, 0) : 0;
  for (int64_t k = 0; k < b->n; k++) {
    int64_t i = thw_batch_row(b, k);
    if (IS("repeated-rows") && k > 0 && thw_batch_row(b, k - 1) == i) continue;
    double t = residual(m, x, b->rows, i);
    sum += log_cosh(t);
    for (int64_t j = 0; j < m->width; j++)
      grad[j] += tanh(t) * get(b->rows->x, b->rows->dtype, i * b->rows->ld + j);
  }
  double norm2 = 0, scale = IS("precisions-model") && x->dtype == THW_F32 ? 2 : 1;
  for (int64_t j = 0; j < m->width; j++) norm2 += pow(get(x->data, x->dtype, j), 2);
  double value = scale * (sum / (double)b->n + 0.5 * m->p->l2 * norm2) + noise(m, b);
  if (IS("gradient-alone") && g) value += 1e-6;
  if (f) *f = value;
  for (int64_t j = 0; g && j < m->width; j++) {
    double w = get(x->data, x->dtype, j);
    double wrong = IS("gradient") && j == 2 ? 1e-4 : 0;
    put(g, j, grad[j] / (double)b->n + m->p->l2 * w + wrong + 1e-3 * old);
  }
  if (g && IS("bounds")) put(g, m->width, 0);
  return THW_OK;
}

static thw_status diff(void *self, const thw_view *x, const thw_view *y, const thw_batch *b,
                       thw_view *d) {
  model *m = self;
  double other[MAX_WIDTH];
  thw_view o = {other, m->width, 0, THW_F64, THW_MEM_HOST};
  THW_TRY(eval(self, x, b, NULL, d));
  THW_TRY(eval(self, y, b, NULL, &o));
  double sign = IS("diff") ? 1 : -1;
  for (int64_t j = 0; j < m->width; j++) put(d, j, get(d->data, d->dtype, j) + sign * other[j]);
  return THW_OK;
}

static thw_status hvp(void *self, const thw_view *x, const thw_view *v, const thw_batch *b,
                      thw_view *hv) {
  model *m = self;
  double sum[MAX_WIDTH] = {0};
  for (int64_t k = 0; k < b->n; k++) {
    int64_t i = thw_batch_row(b, k);
    double t = residual(m, x, b->rows, i), curve = 1 - pow(tanh(t), 2), av = 0;
    for (int64_t j = 0; j < m->width; j++)
      av += get(b->rows->x, b->rows->dtype, i * b->rows->ld + j) * get(v->data, v->dtype, j);
    for (int64_t j = 0; j < m->width; j++)
      sum[j] += curve * av * get(b->rows->x, b->rows->dtype, i * b->rows->ld + j);
  }
  double l2 = IS("hvp") ? 0 : m->p->l2;
  for (int64_t j = 0; j < m->width; j++)
    put(hv, j, sum[j] / (double)b->n + l2 * get(v->data, v->dtype, j));
  return THW_OK;
}

static thw_status measure(void *self, const thw_view *x, const thw_batch *b, double *out) {
  model *m = self;
  *out = 0;
  for (int64_t k = 0; k < b->n; k++)
    *out += fabs(residual(m, x, b->rows, thw_batch_row(b, k))) / (double)b->n;
  return THW_OK;
}

static thw_status predict(void *self, const thw_view *x, const thw_batch *b, double *out) {
  model *m = self;
  for (int64_t k = 0; k < b->n; k++) {
    int64_t i = thw_batch_row(b, k);
    out[k] = residual(m, x, b->rows, i) + get(b->rows->y, b->rows->dtype, i);
  }
  if (IS("bounds-predict")) out[b->n] = 0;
  return THW_OK;
}

/* ---- extensions --------------------------------------------------------------------------------
 */

static thw_status prepare(void *self, const thw_view *s, const thw_batch *b, thw_view *mu,
                          void **snapshot) {
  model *m = self;
  thw_batch *copy = m->host->alloc(m->ctx, sizeof *copy);
  if (!copy) return THW_E_NOMEM;
  *copy = *b;
  *snapshot = copy;
  return eval(self, s, b, NULL, mu);
}

static thw_status loop(void *self, void *snapshot, thw_view *x, const thw_view *s,
                       const thw_view *mu, double step, double shift, const thw_view *centre,
                       int64_t steps, int64_t b, const int64_t *index, thw_view *sum) {
  model *m = self;
  double d[MAX_WIDTH];
  thw_view dv = {d, m->width, 0, THW_F64, THW_MEM_HOST};
  for (int64_t t = 0; t < steps; t++) {
    thw_batch part = *(const thw_batch *)snapshot;
    part.index = index + t * b;
    part.n = b;
    THW_TRY(diff(self, x, s, &part, &dv));
    for (int64_t j = 0; j < m->width; j++) {
      double at = get(x->data, x->dtype, j);
      double away = centre && !IS("fused-loop") ? at - get(centre->data, centre->dtype, j) : 0;
      if (sum) put(sum, j, get(sum->data, sum->dtype, j) + at);
      put(x, j, at - step * (d[j] + get(mu->data, mu->dtype, j) + shift * away));
    }
  }
  return THW_OK;
}

static void forget(void *self, void *snapshot) {
  model *m = self;
  m->host->release(m->ctx, snapshot);
}

/* A counter that decides nothing, but in the one that breaks "state". */
static thw_status save(void *self, thw_writer *w) {
  return w->i64(w, "remembered", ((model *)self)->remembered);
}

static thw_status load(void *self, thw_reader *r) {
  model *m = self;
  THW_TRY(r->i64(r, "remembered", &m->remembered));
  if (IS("state")) return THW_E_STATE;
  return THW_OK;
}

static const thw_vr_model vr = {
    .size = sizeof vr, .prepare = prepare, .loop = loop, .drop = forget};
static const thw_ext_state state = {.size = sizeof state, .version = 1, .save = save, .load = load};

static const void *ext(void *self, const char *id) {
  (void)self;
  if (strcmp(id, THW_EXT_VR_MODEL) == 0) return &vr;
  return strcmp(id, THW_EXT_STATE) == 0 ? &state : NULL;
}

static const thw_model_ops ops = {.size = sizeof ops,
                                  .layout = layout,
                                  .facts = facts,
                                  .init = init,
                                  .eval = eval,
                                  .diff = diff,
                                  .hvp = hvp,
                                  .measure = measure,
                                  .predict = predict};
static const char *const offers[] = {THW_EXT_VR_MODEL, THW_EXT_STATE, NULL};
static const thw_param table[] = {
    THW_PARAM_REAL(params, l2, 0.1, 0, 10, 0, NULL, "weight of |w|^2 / 2"),
};
static const thw_slot slots[] = {{"source", THW_SOURCE, 1, NULL, "the rows"}};

#define BROKEN(var, id_)                                                                           \
  static const thw_component var = {THW_COMPONENT_HEAD(THW_MODEL),                                 \
                                    .id = id_,                                                     \
                                    .version = "1.0",                                              \
                                    .summary = "breaks a promise",                                 \
                                    .doc = "breaks the check of its name",                         \
                                    THW_PARAMS(table, params),                                     \
                                    THW_SLOTS(slots),                                              \
                                    .offers = offers,                                              \
                                    .ops = &ops,                                                   \
                                    .create = create,                                              \
                                    .destroy = destroy,                                            \
                                    .ext = ext}

BROKEN(sound, "sound-model");
BROKEN(sources, "sources");
BROKEN(layouts, "layout");
BROKEN(gradient, "gradient");
BROKEN(gradient_alone, "gradient-alone");
BROKEN(difference, "diff");
BROKEN(product, "hvp");
BROKEN(same_batch, "same-batch");
BROKEN(means, "mean");
BROKEN(repeated_rows, "repeated-rows");
BROKEN(bounds, "bounds");
BROKEN(bounds_reads, "bounds-reads");
BROKEN(bounds_predict, "bounds-predict");
BROKEN(start, "init");
BROKEN(constants, "facts");
BROKEN(fused_loop, "fused-loop");
BROKEN(states, "state");
BROKEN(threads, "threads");
BROKEN(instances_model, "instances-model");
BROKEN(precisions_model, "precisions-model");

const thw_component *const broken_models[] = {
    &sound,      &sources,      &layouts,        &gradient,        &gradient_alone,
    &difference, &product,      &same_batch,     &means,           &repeated_rows,
    &bounds,     &bounds_reads, &bounds_predict, &start,           &constants,
    &fused_loop, &states,       &threads,        &instances_model, &precisions_model,
    NULL};
