/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/kernels/create.c - from parameters and a source to an instance. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kernels.h"

thw_status kr_fail(const kr *m, thw_status code, const char *fmt, ...) {
  char text[300];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);
  return m->host->fail(m->ctx, code, text);
}

/* ---- rows ------------------------------------------------------------------------------------
 */

void kr_row(const kr *m, const thw_rows *r, int64_t row, double *x) {
  double square = 0;
  if (r->layout == THW_ROWS_DENSE) {
    for (int64_t j = 0; j < m->d; j++) x[j] = kr_real(m, r->x, row * r->ld + j);
  } else {
    memset(x, 0, (size_t)m->d * sizeof *x);
    for (int64_t p = r->start[row]; p < r->start[row + 1]; p++)
      x[r->col[p]] = r->x ? kr_real(m, r->x, p) : 1.0;
  }
  if (!m->params->unit_rows) return;
  for (int64_t j = 0; j < m->d; j++) square += x[j] * x[j];
  for (int64_t j = 0; square > 0 && j < m->d; j++) x[j] /= sqrt(square);
}

double kr_target(const kr *m, const thw_rows *r, int64_t row, int64_t c) {
  return m->one_hot ? r->label[row] == c : kr_real(m, r->y, row * m->k + c);
}

thw_status kr_check(const kr *m, const thw_batch *b, int with_target) {
  const thw_rows *r = b->rows;
  if (b->n < 1) return kr_fail(m, THW_E_ARG, "a batch without rows has no mean");
  if (r->layout != m->info.layout)
    return kr_fail(m, THW_E_ARG, "the rows' layout is not the training set's");
  if (r->layout == THW_ROWS_DENSE ? r->width != m->d : r->width > m->d)
    return kr_fail(m, THW_E_ARG, "rows with %lld features do not fit training rows with %lld",
                   (long long)r->width, (long long)m->d);
  if (r->dtype != m->dtype) return kr_fail(m, THW_E_ARG, "the rows' precision is not the run's");
  if (with_target && (m->classes ? !r->label : !r->y))
    return kr_fail(m, THW_E_ARG, "these rows have no labels: the error needs them");
  if (with_target && !m->classes && (r->targets > 1 ? r->targets : 1) != m->k)
    return kr_fail(m, THW_E_ARG, "these rows have another number of targets than training rows");
  return THW_OK;
}

static thw_status look_at_source(kr *m) {
  const thw_source_ops *ops = m->source.ops;
  m->info.size = sizeof m->info;
  THW_TRY(ops->info(m->source.self, 0, &m->info));
  if (m->info.layout != THW_ROWS_DENSE && m->info.layout != THW_ROWS_CSR)
    return kr_fail(m, THW_E_ARG, "kernel-ridge needs a source of dense or sparse rows");
  if (m->info.label == THW_LABEL_NONE)
    return kr_fail(m, THW_E_ARG, "the source's rows have no labels: nothing to learn from");
  if (m->info.n < 0)
    return kr_fail(m, THW_E_ARG, "kernel-ridge needs a finite set of rows, not a stream");
  if (m->info.n < 1 || m->info.n > m->params->max_rows || m->info.width < 1)
    return kr_fail(
        m, THW_E_ARG,
        "kernel-ridge takes 1 to max_rows = %lld training rows (its matrix has a row and a column "
        "for each), the source has %lld: use fewer, or raise it",
        (long long)m->params->max_rows, (long long)m->info.n);
  m->classes = m->info.label == THW_LABEL_CLASS;
  m->one_hot = m->classes && m->info.classes > 2;
  m->n = m->info.n;
  m->d = m->info.width;
  m->k = m->one_hot ? m->info.classes : !m->classes && m->info.targets > 1 ? m->info.targets : 1;
  const thw_parts *parts = thw_ext(&m->source, THW_EXT_PARTS);
  if (parts && parts->n_parts <= KR_PARTS && !m->classes) m->parts = parts;
  return THW_OK;
}

static double *numbers(const kr *m, int64_t n) {
  return m->host->alloc(m->ctx, (size_t)n * sizeof(double));
}

static thw_status read_rows(kr *m) {
  const thw_source_ops *ops = m->source.ops;
  thw_batch *b;
  int64_t all = m->n * m->k;
  m->x = numbers(m, m->n * m->d);
  m->y = numbers(m, all);
  m->gram = numbers(m, m->n * m->n);
  m->chunk = numbers(m, KR_CHUNK * m->n);
  m->rows = numbers(m, KR_CHUNK * m->d);
  m->alpha = numbers(m, 3 * all);
  m->weighted = numbers(m, all);
  m->residual = numbers(m, KR_CHUNK * m->k);
  m->part = numbers(m, KR_PARTS * m->k);
  if (!m->x || !m->y || !m->gram || !m->chunk || !m->rows || !m->alpha || !m->weighted ||
      !m->residual || !m->part)
    return kr_fail(m, THW_E_NOMEM, "out of memory for a kernel matrix of %lld rows",
                   (long long)m->n);
  THW_TRY(ops->take(m->source.self, 0, m->n, NULL, 0, &b));
  for (int64_t i = 0; i < m->n; i++) {
    kr_row(m, b->rows, thw_batch_row(b, i), m->x + i * m->d);
    for (int64_t c = 0; c < m->k; c++)
      m->y[i * m->k + c] = kr_target(m, b->rows, thw_batch_row(b, i), c);
  }
  ops->release(m->source.self, b);
  return THW_OK;
}

/* ---- names -----------------------------------------------------------------------------------
 */

static const char *text_of(kr *m, const char *word, const char *name, int64_t number) {
  size_t room = strlen(word) + (name ? strlen(name) : 24) + 1;
  char *text = m->host->alloc(m->ctx, room);
  if (text && name) snprintf(text, room, "%s%s", word, name);
  if (text && !name) snprintf(text, room, "%s%lld", word, (long long)number);
  return text;
}

static thw_status name_results(kr *m) {
  m->n_outputs = (uint32_t)(m->k + m->classes);
  m->output_name = m->host->alloc(m->ctx, m->n_outputs * sizeof *m->output_name);
  if (!m->output_name) return THW_E_NOMEM;
  uint32_t at = 0;
  if (m->classes) m->output_name[at++] = "label";
  for (int64_t c = 0; c < m->k; c++, at++) {
    const char *name = m->one_hot && m->info.class_name ? m->info.class_name[c] : NULL;
    m->output_name[at] = m->k == 1 ? "value" : text_of(m, "value:", name, c);
    if (!m->output_name[at]) return THW_E_NOMEM;
  }
  m->metric_name[m->n_metrics++] = "error";
  m->metric_name[m->n_metrics++] = "relative_error";
  if (m->classes) m->metric_name[m->n_metrics++] = "accuracy";
  for (uint32_t i = 0; m->parts && i < m->parts->n_parts; i++)
    if (!(m->metric_name[m->n_metrics++] = text_of(m, "coef_", m->parts->name[i], 0)))
      return THW_E_NOMEM;
  return THW_OK;
}

/* ---- the instance ----------------------------------------------------------------------------
 */

thw_status kr_create(const thw_component *me, const thw_host *h, thw_ctx *c, const void *params,
                     const thw_wired *slots, void **self) {
  (void)me;
  kr *m = h->alloc(c, sizeof *m);
  if (!m) return h->fail(c, THW_E_NOMEM, "out of memory for a model");
  m->host = h;
  m->ctx = c;
  m->params = params;
  m->source = slots->object[0];
  m->dtype = h->dtype(c);
  if (m->params->lambda.n == 0 || m->params->bandwidth.n == 0)
    return kr_fail(m, THW_E_ARG, "lambda and bandwidth need at least one value each");
  THW_TRY(look_at_source(m));
  THW_TRY(read_rows(m));
  if (name_results(m) != THW_OK) return kr_fail(m, THW_E_NOMEM, "out of memory for names");
  THW_TRY(kr_open_features(m));
  m->block = (thw_block){.name = "alpha", .n = m->n * m->k, .n_dims = 2, .dims = {m->n, m->k}};
  *self = m;
  return THW_OK;
}

/* All memory is the context's. */
void kr_destroy(void *self) {
  (void)self;
}

static thw_status layout(void *self, thw_layout *out) {
  kr *m = self;
  out->flags = THW_MODEL_SMOOTH | THW_MODEL_CONVEX;
  out->n = m->n * m->k;
  out->n_blocks = 1;
  out->block_stride = sizeof(thw_block);
  out->blocks = &m->block;
  out->n_metrics = m->n_metrics;
  out->metric_name = m->metric_name;
  out->n_outputs = m->n_outputs;
  out->output_name = m->output_name;
  return THW_OK;
}

static thw_status facts(void *self, thw_facts *out) {
  const kr *m = self;
  out->components = m->n;
  out->lower_bound = 0.0;
  out->convexity = 0.0;
  return THW_OK;
}

static thw_status init(void *self, thw_view *x, thw_rng *r) {
  const kr *m = self;
  (void)r;
  for (int64_t i = 0; i < m->n * m->k; i++) kr_set(m, x->data, i, 0.0);
  return THW_OK;
}

const thw_model_ops kr_ops = {
    .size = sizeof(thw_model_ops),
    .layout = layout,
    .facts = facts,
    .init = init,
    .eval = kr_eval,
    .hvp = kr_hvp,
    .measure = kr_measure,
    .predict = kr_predict,
};

/* ---- extensions ------------------------------------------------------------------------------
 */

static thw_status closed_form(void *self, thw_view *x) {
  kr *m = self;
  THW_TRY(kr_prepare(m));
  for (int64_t i = 0; i < m->n * m->k; i++) kr_set(m, x->data, i, m->alpha[i]);
  return THW_OK;
}

static const thw_solve_model solve = {.size = sizeof(thw_solve_model), .solve = closed_form};

static thw_status no_curvature(void *self, const thw_view *x, double *out) {
  (void)self, (void)x;
  *out = 0.0;
  return THW_OK;
}

static const thw_floor_model floor_ext = {.size = sizeof(thw_floor_model), .floor = no_curvature};

static thw_status report(void *self, thw_sink *s) {
  const kr *m = self;
  if (!m->ready) return THW_OK;
  s->real(s, "lambda", m->lambda);
  if (m->params->kernel == K_GAUSSIAN || m->params->kernel == K_LAPLACE)
    s->real(s, "bandwidth", m->bandwidth);
  s->real(s, "skipped", (double)m->skipped);
  s->real(s, "selection_error", m->score);
  return THW_OK;
}

static const thw_ext_report report_ext = {.size = sizeof(thw_ext_report), .report = report};

const void *kr_ext(void *self, const char *id) {
  (void)self;
  if (strcmp(id, THW_EXT_SOLVE_MODEL) == 0) return &solve;
  if (strcmp(id, THW_EXT_FLOOR_MODEL) == 0) return &floor_ext;
  return strcmp(id, THW_EXT_REPORT) == 0 ? &report_ext : NULL;
}
