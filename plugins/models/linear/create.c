/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/linear/create.c - from parameters and a source to an instance. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "linear.h"

/* sup |d^3/dt^3 t^2 / (2 (1 + t^2))| is 12 t (1 - t^2) / (1 + t^2)^4 at t^2 = 1 - 2 / sqrt(5) */
#define GM_SLOPE3 2.3343422
#define INV_6_SQRT3 0.09622504486493764 /* 1 / (6 sqrt(3)) */

const linear_kind linear_kinds[] = {
    {"geman-mcclure", THWK_GEMAN_MCCLURE, 0, 0, 1, 1.0, -0.25, GM_SLOPE3},
    {"least-squares", THWK_SQUARE, 0, 1, 1, 1.0, 0.0, 0.0},
    {"logistic", THWK_LOGISTIC, 1, 1, 1, 0.25, 0.0, INV_6_SQRT3},
    {"logistic-nonconvex", THWK_LOGISTIC, 1, 1, 1, 0.25, 0.0, INV_6_SQRT3},
    {"sigmoid", THWK_SIGMOID, 1, 0, 1, INV_6_SQRT3, -INV_6_SQRT3, 0.125},
    {"squared-hinge", THWK_SQUARED_HINGE, 1, 1, 0, 2.0, 0.0, (double)NAN},
    {NULL, 0, 0, 0, 0, 0, 0, 0},
};

static thw_status refuse(linear *m, thw_status code, const char *text) {
  return m->host->fail(m->ctx, code, text);
}

/* Rows, labels and classes that the model can use. */
static thw_status look_at_source(linear *m) {
  char text[240];
  const thw_source_ops *ops = m->source.ops;
  m->info.size = sizeof m->info;
  THW_TRY(ops->info(m->source.self, 0, &m->info));
  if (m->info.layout != THW_ROWS_DENSE && m->info.layout != THW_ROWS_CSR)
    return refuse(m, THW_E_ARG, "a linear model needs a source of dense or sparse rows");
  if (m->info.width < 1)
    return refuse(m, THW_E_ARG, "the source's rows have no features: nothing to learn from");
  if (m->info.n == 0) return refuse(m, THW_E_ARG, "the source has no rows");
  if (m->info.label == THW_LABEL_NONE)
    return refuse(m, THW_E_ARG, "the source has no labels: this model needs one per row");
  m->d = m->info.width;
  m->k = 1;
  if (m->kind->by_class) {
    if (m->info.label != THW_LABEL_CLASS)
      return refuse(m, THW_E_ARG,
                    "the labels are real numbers, not classes: use least-squares or geman-mcclure");
    if (m->info.classes < 2)
      return refuse(m, THW_E_ARG, "all labels are the same: there is nothing to tell apart");
    if (m->info.classes > 2) m->k = m->info.classes;
    if (m->k > 1 && m->loss.kind != THWK_LOGISTIC) {
      snprintf(text, sizeof text, "%s tells two classes apart, the source has %lld: use logistic",
               m->kind->id, (long long)m->info.classes);
      return refuse(m, THW_E_ARG, text);
    }
  }
  if (m->k > 1 && m->d > (INT64_C(1) << 40) / m->k)
    return refuse(m, THW_E_ARG, "features times classes: too many parameters");
  return THW_OK;
}

static thw_status set_regulariser(linear *m) {
  m->nonconvex = m->params->nonconvex;
  m->l2 = m->params->l2;
  if (m->params->c > 0.0) {
    if (m->info.n < 0)
      return refuse(m, THW_E_ARG,
                    "c is a weight of a sum over all rows and a stream has no last "
                    "one: give l2 instead");
    m->l2 = 1.0 / (m->params->c * (double)m->info.n);
  }
  return THW_OK;
}

static void set_shape(linear *m) {
  int64_t d = m->d, k = m->k, bias = m->intercept ? k : 0;
  m->n = k * d + bias;
  m->kp = k == 1 ? 1 : (k + 3) / 4 * 4;
  m->sparse_k = k > 1 && m->info.layout == THW_ROWS_CSR;
  m->inner = k == 1 ? d + 1 : m->sparse_k ? (d + 1) * m->kp : k * (d + 1);
  m->inner = (m->inner + 7) / 8 * 8;
  /* a tile of dense rows should stay in the cache between its two uses */
  int64_t rows = m->info.layout == THW_ROWS_CSR ? 256 : (k > 1 ? 32768 : 16384) / d / 4 * 4;
  m->tile = rows < 4 ? 4 : rows > 256 ? 256 : rows;
  m->tile_words = m->tile * (2 * m->kp + 1);
  if (k > 1 && !m->sparse_k) m->tile_words += m->tile * d;
  m->tile_words = (m->tile_words + 7) / 8 * 8;
  m->n_blocks = m->intercept ? 2 : 1;
  m->blocks[0] = (thw_block){.name = "weights", .n = k * d, .n_dims = 1, .dims = {d}};
  if (k > 1) {
    m->blocks[0].n_dims = 2;
    m->blocks[0].dims[0] = k;
    m->blocks[0].dims[1] = d;
  }
  m->blocks[1] =
      (thw_block){.name = "intercept", .offset = k * d, .n = k, .n_dims = 1, .dims = {k}};
}

static thw_status name_outputs(linear *m) {
  int64_t classes = m->kind->by_class ? m->info.classes : 0;
  int proba = m->loss.kind == THWK_LOGISTIC;
  m->n_outputs = !classes ? 1 : proba ? 1 + (uint32_t)classes : 2;
  m->output_name = m->host->alloc(m->ctx, m->n_outputs * sizeof *m->output_name);
  if (!m->output_name) return THW_E_NOMEM;
  m->output_name[0] = classes ? "label" : "value";
  if (classes && !proba) m->output_name[1] = "margin";
  for (int64_t c = 0; proba && c < classes; c++) {
    const char *name = m->info.class_name ? m->info.class_name[c] : NULL;
    size_t room = (name ? strlen(name) : 20) + 4;
    char *text = m->host->alloc(m->ctx, room);
    if (!text) return THW_E_NOMEM;
    if (name)
      snprintf(text, room, "p:%s", name);
    else
      snprintf(text, room, "p:%lld", (long long)c);
    m->output_name[1 + c] = text;
  }
  return THW_OK;
}

thw_status linear_create(const thw_component *me, const thw_host *h, thw_ctx *c, const void *params,
                         const thw_wired *slots, void **self) {
  linear *m = h->alloc(c, sizeof *m);
  if (!m) return h->fail(c, THW_E_NOMEM, "out of memory for a model");
  m->host = h;
  m->ctx = c;
  m->params = params;
  m->source = slots->object[0];
  m->kern = thwk_linear_best();
  m->dtype = h->dtype(c);
  m->intercept = m->params->intercept != 0;
  m->kind = linear_kinds;
  while (strcmp(m->kind->id, me->id) != 0) m->kind++;
  m->loss = (thwk_loss){m->kind->loss, m->params->scale};
  THW_TRY(look_at_source(m));
  THW_TRY(set_regulariser(m));
  set_shape(m);
  m->w1 = h->alloc(c, (size_t)m->inner * sizeof(double));
  m->w2 = h->alloc(c, (size_t)m->inner * sizeof(double));
  if (!m->w1 || !m->w2 || name_outputs(m) != THW_OK)
    return h->fail(c, THW_E_NOMEM, "out of memory for a model of this many features");
  *self = m;
  return THW_OK;
}

/* All memory is the context's. */
void linear_destroy(void *self) {
  (void)self;
}

const void *linear_ext(void *self, const char *id) {
  const linear *m = self;
  if (strcmp(id, THW_EXT_VR_MODEL) == 0) return &linear_vr;
  if (strcmp(id, THW_EXT_HESSIAN_MODEL) == 0 && m->k == 1) return &linear_hessian;
  if (strcmp(id, THW_EXT_FLOOR_MODEL) == 0 && m->kind->convex && m->nonconvex > 0.0)
    return &linear_floor;
  return NULL;
}

static thw_status layout(void *self, thw_layout *out) {
  static const char *const by_class[] = {"accuracy"}, *const by_value[] = {"mse", "mae"};
  linear *m = self;
  out->flags = (m->kind->smooth ? THW_MODEL_SMOOTH : 0u) |
               (m->kind->convex && m->nonconvex <= 0.0 ? THW_MODEL_CONVEX : 0u);
  out->n = m->n;
  out->n_blocks = m->n_blocks;
  out->block_stride = sizeof(thw_block);
  out->blocks = m->blocks;
  out->n_metrics = m->kind->by_class ? 1 : 2;
  out->metric_name = m->kind->by_class ? by_class : by_value;
  out->n_outputs = m->n_outputs;
  out->output_name = m->output_name;
  return THW_OK;
}

static thw_status init(void *self, thw_view *x, thw_rng *r) {
  linear *m = self;
  for (int64_t i = 0; i < x->n; i++) {
    double v = 0;
    if (m->params->init == 1 && i < m->k * m->d) v = m->params->init_scale * thw_rng_normal(r);
    if (x->dtype == THW_F32)
      ((float *)x->data)[i] = (float)v;
    else
      ((double *)x->data)[i] = v;
  }
  return THW_OK;
}

const thw_model_ops linear_ops = {
    .size = sizeof(thw_model_ops),
    .layout = layout,
    .facts = linear_facts,
    .init = init,
    .eval = linear_eval,
    .diff = linear_diff,
    .hvp = linear_hvp,
    .measure = linear_measure,
    .predict = linear_predict,
};
