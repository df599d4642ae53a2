/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/nets/create.c - from parameters and a source to an instance. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "nets.h"

thw_status nets_fail(const nets *m, thw_status code, const char *fmt, ...) {
  char text[300];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);
  return m->host->fail(m->ctx, code, text);
}

/* ---- the source ------------------------------------------------------------------------------
 */

static thw_status choose_loss(nets *m) {
  int by_class = m->info.label == THW_LABEL_CLASS, want = m->params->loss;
  if (m->info.label == THW_LABEL_NONE)
    return nets_fail(m, THW_E_ARG, "the source's rows have no labels: nothing to learn from");
  if (by_class && m->info.classes < 2)
    return nets_fail(m, THW_E_ARG, "all rows are of the same class: there is nothing to learn");
  if (want == LOSS_AUTO)
    want = !by_class ? LOSS_SQUARED : m->info.classes == 2 ? LOSS_LOGISTIC : LOSS_SOFTMAX;
  if (want != LOSS_SQUARED && !by_class)
    return nets_fail(m, THW_E_ARG, "the labels are numbers, not classes: use loss = \"squared\"");
  if (want == LOSS_LOGISTIC && m->info.classes != 2)
    return nets_fail(m, THW_E_ARG,
                     "loss = \"logistic\" is for two classes, the source has %lld: use "
                     "\"softmax\"",
                     (long long)m->info.classes);
  m->loss = want;
  m->one_hot = want == LOSS_SQUARED && by_class && m->info.classes > 2;
  if (want == LOSS_SOFTMAX || m->one_hot)
    m->outputs = m->info.classes;
  else
    m->outputs = want == LOSS_SQUARED && m->info.targets > 1 ? m->info.targets : 1;
  return THW_OK;
}

static thw_status look_at_source(nets *m) {
  const thw_source_ops *ops = m->source.ops;
  m->info.size = sizeof m->info;
  THW_TRY(ops->info(m->source.self, 0, &m->info));
  if (m->info.layout != THW_ROWS_DENSE && m->info.layout != THW_ROWS_CSR)
    return nets_fail(m, THW_E_ARG, "this network needs a source of dense or sparse rows");
  if (m->info.n == 0) return nets_fail(m, THW_E_ARG, "the source has no rows");
  if (m->info.width < 1) return nets_fail(m, THW_E_ARG, "the source's rows have no features");
  THW_TRY(choose_loss(m));
  const thw_parts *parts = thw_ext(&m->source, THW_EXT_PARTS);
  if (parts && parts->n_parts <= NETS_PARTS && m->info.label == THW_LABEL_REAL) {
    m->parts = parts;
    m->parts_self = m->source.self;
  }
  return THW_OK;
}

/* ---- names -----------------------------------------------------------------------------------
 */

static const char *text_of(nets *m, const char *fmt, const char *word, int64_t number) {
  size_t room = strlen(fmt) + strlen(word) + 24;
  char *text = m->host->alloc(m->ctx, room);
  if (text) snprintf(text, room, fmt, word, (long long)number);
  return text;
}

static const char *output_name(nets *m, int64_t i) {
  if (m->loss == LOSS_SQUARED) return m->outputs == 1 ? "value" : text_of(m, "value%s:%lld", "", i);
  if (i == 0) return "label";
  const char *name = m->info.class_name ? m->info.class_name[i - 1] : NULL;
  return name ? text_of(m, "p:%s", name, 0) : text_of(m, "p%s:%lld", "", i - 1);
}

static thw_status name_results(nets *m) {
  int classes = m->loss != LOSS_SQUARED;
  m->n_outputs = (uint32_t)(classes ? 1 + m->info.classes : m->outputs);
  m->output_name = m->host->alloc(m->ctx, m->n_outputs * sizeof *m->output_name);
  m->metric_name = m->host->alloc(m->ctx, NETS_METRICS * sizeof *m->metric_name);
  if (!m->output_name || !m->metric_name) return THW_E_NOMEM;
  for (uint32_t i = 0; i < m->n_outputs; i++)
    if (!(m->output_name[i] = output_name(m, (int64_t)i))) return THW_E_NOMEM;
  m->metric_name[m->n_metrics++] = classes ? "accuracy" : "error";
  m->metric_name[m->n_metrics++] = classes ? "cross_entropy" : "relative_error";
  if (m->one_hot) m->metric_name[m->n_metrics++] = "accuracy";
  for (uint32_t i = 0; m->parts && !classes && i < m->parts->n_parts; i++)
    if (!(m->metric_name[m->n_metrics++] = text_of(m, "coef_%s", m->parts->name[i], 0)))
      return THW_E_NOMEM;
  if (m->parts) {
    m->part = m->host->alloc(m->ctx, (size_t)m->outputs * NETS_PARTS * sizeof *m->part);
    if (!m->part) return THW_E_NOMEM;
  }
  return THW_OK;
}

/* ---- the instance ----------------------------------------------------------------------------
 */

static thw_status make_nodes(nets *m) {
  size_t group = THWN_GROUP * m->kern->real;
  for (int i = 0; i < m->n_nodes; i++) {
    nets_node *v = &m->node[i];
    if ((double)v->n * THWN_GROUP * 8 > 1e15) return THW_E_NOMEM;
    size_t bytes = (size_t)v->n * group;
    v->z = m->host->alloc(m->ctx, bytes);
    v->h = v->kind == NODE_LAYER && v->act != THWN_IDENTITY ? m->host->alloc(m->ctx, bytes) : v->z;
    v->d = m->host->alloc(m->ctx, bytes);
    if (!v->z || !v->h || !v->d) return THW_E_NOMEM;
  }
  return THW_OK;
}

static thw_status check_noise(nets *m) {
  const nets_params *p = m->params;
  int noisy = p->signs || p->perturb_w > 0 || p->perturb_v > 0;
  if (noisy && p->linearised)
    return nets_fail(m, THW_E_ARG,
                     "linearised takes the network at its start: perturb_w, perturb_v and signs "
                     "have no meaning for it");
  if (p->signs &&
      (m->first_hidden < 0 || !nets_trained(m, m->first_hidden) || !nets_trained(m, m->node[2].w)))
    return nets_fail(m, THW_E_ARG,
                     "signs flip the units between two trained hidden layers: use depth = 3 and "
                     "train = \"hidden\"");
  return THW_OK;
}

thw_status nets_create(const thw_component *me, const thw_host *h, thw_ctx *c, const void *params,
                       const thw_wired *slots, void **self) {
  nets *m = h->alloc(c, sizeof *m);
  if (!m) return h->fail(c, THW_E_NOMEM, "out of memory for a model");
  m->host = h;
  m->ctx = c;
  m->params = params;
  m->source = slots->object[0];
  m->dtype = h->dtype(c);
  m->kern = thwn_best(m->dtype == THW_F32 ? sizeof(float) : sizeof(double));
  m->first_hidden = -1;
  THW_TRY(look_at_source(m));
  THW_TRY(strcmp(me->id, "mlp") == 0 ? nets_shape_mlp(m) : nets_shape_resnet(m));
  THW_TRY(nets_lay_out(m));
  THW_TRY(check_noise(m));
  if (name_results(m) != THW_OK || make_nodes(m) != THW_OK)
    return h->fail(c, THW_E_NOMEM, "out of memory for a network of this size: make it narrower");
  THW_TRY(nets_start(m));
  *self = m;
  return THW_OK;
}

/* All memory is the context's. */
void nets_destroy(void *self) {
  (void)self;
}

const void *nets_ext(void *self, const char *id) {
  (void)self;
  return strcmp(id, THW_EXT_PROBE) == 0 ? &nets_probe_ext : NULL;
}

static uint32_t flags_of(const nets *m) {
  if (m->params->linearised) return THW_MODEL_SMOOTH | THW_MODEL_CONVEX;
  return m->params->activation == THWN_RELU ? 0u : THW_MODEL_SMOOTH;
}

static thw_status layout(void *self, thw_layout *out) {
  nets *m = self;
  out->flags = flags_of(m);
  out->n = m->n;
  out->n_blocks = m->n_layout;
  out->block_stride = sizeof(thw_block);
  out->blocks = m->layout_block;
  out->n_metrics = m->n_metrics;
  out->metric_name = m->metric_name;
  out->n_outputs = m->n_outputs;
  out->output_name = m->output_name;
  return THW_OK;
}

static thw_status facts(void *self, thw_facts *out) {
  const nets *m = self;
  out->components = m->info.n > 0 ? m->info.n : -1;
  out->lower_bound = 0.0;
  if (m->params->linearised) out->convexity = 0.0;
  return THW_OK;
}

/* The start belongs to the model: the same for a run, its resumption and its predictions, trained
 * blocks and others alike. */
static thw_status init(void *self, thw_view *x, thw_rng *r) {
  nets *m = self;
  (void)r;
  for (int i = 0; i < m->n_blocks; i++)
    if (nets_trained(m, i))
      nets_fill(m, i, (char *)x->data + (size_t)m->block[i].offset * m->kern->real);
  return THW_OK;
}

const thw_model_ops nets_ops = {
    .size = sizeof(thw_model_ops),
    .layout = layout,
    .facts = facts,
    .init = init,
    .eval = nets_eval,
    .hvp = nets_hvp,
    .measure = nets_measure,
    .predict = nets_predict,
};
