/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/recurrent/create.c - from parameters and a source to an instance. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "recurrent.h"

thw_status rec_fail(const rec *m, thw_status code, const char *fmt, ...) {
  char text[300];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);
  return m->host->fail(m->ctx, code, text);
}

/* ---- the source ------------------------------------------------------------------------------
 */

/* Outputs that the targets ask for. */
static thw_status count_outputs(rec *m) {
  int64_t d = m->info.targets > 1 ? m->info.targets : 1, want = m->params->outputs;
  if (m->info.label == THW_LABEL_NONE)
    return rec_fail(m, THW_E_ARG, "the source's sequences have no targets: nothing to learn from");
  if (rec_is_class(m)) {
    if (m->info.label != THW_LABEL_CLASS)
      return rec_fail(m, THW_E_ARG, "the targets are numbers, not classes: use loss = \"squared\"");
    if (m->info.classes < 2)
      return rec_fail(m, THW_E_ARG, "all targets are the same class: there is nothing to learn");
    d = m->info.classes;
  }
  if (want > 0 && want != d)
    return rec_fail(m, THW_E_ARG,
                    "outputs = %lld, but the source's targets ask for %lld: leave outputs away",
                    (long long)want, (long long)d);
  m->shape.d = d;
  return THW_OK;
}

static thw_status look_at_source(rec *m) {
  const thw_source_ops *ops = m->source.ops;
  m->info.size = sizeof m->info;
  THW_TRY(ops->info(m->source.self, 0, &m->info));
  if (m->info.layout != THW_ROWS_SEQ)
    return rec_fail(m, THW_E_ARG,
                    "a recurrent model needs a source of sequences (text, adding, image-rows, "
                    "...)");
  if (m->info.n == 0) return rec_fail(m, THW_E_ARG, "the source has no rows");
  if (m->info.width < 1) return rec_fail(m, THW_E_ARG, "the source's steps are empty");
  m->shape.width = m->info.width;
  m->shape.tokens = m->info.tokens != 0;
  if (m->params->loss_at == LOSS_AT_EVERY && m->info.steps > 0 &&
      m->params->loss_from > m->info.steps)
    return rec_fail(m, THW_E_ARG,
                    "loss_from = %lld, but the longest sequence has %lld steps: no loss is left",
                    (long long)m->params->loss_from, (long long)m->info.steps);
  return count_outputs(m);
}

/* ---- blocks ----------------------------------------------------------------------------------
 */

static void shape_block(rec *m, int id, const char *name, int layer, int64_t rows, int64_t cols) {
  rec_block *b = &m->block[id];
  if (layer >= 0 && m->shape.layers > 1)
    snprintf(b->name, sizeof b->name, "%s%d", name, layer + 1);
  else
    snprintf(b->name, sizeof b->name, "%s", name);
  b->n = rows * cols;
  b->n_dims = cols > 1 || strcmp(name, "bh") != 0 ? 2 : 1;
  b->dims[0] = rows;
  b->dims[1] = cols;
  if (strcmp(name, "bh") == 0 || strcmp(name, "by") == 0) b->n_dims = 1;
  b->offset = -1;
}

static void shape_blocks(rec *m) {
  const thwr_shape *s = &m->shape;
  int64_t width = thwr_gates(s) * s->m;
  for (int k = 0; k < s->layers; k++) {
    int64_t in = thwr_inputs(s, k);
    int by_token = k == 0 && s->tokens;
    shape_block(m, THWR_W(k), "W", k, width, s->m);
    shape_block(m, THWR_A(k), "A", k, by_token ? in : width, by_token ? width : in);
    if (m->params->bias) shape_block(m, THWR_BH(k), "bh", k, thwr_bias_parts(s) * s->m, 1);
  }
  shape_block(m, THWR_BO(s), "Bo", -1, s->d, s->m);
  if (m->params->bias) shape_block(m, THWR_BY(s), "by", -1, s->d, 1);
}

/* Whether `word` (a name with or without its layer, or "all") means the block. */
static int means(const rec_block *b, const char *word, size_t len) {
  size_t kind = strcspn(b->name, "0123456789");
  if (len == 3 && strncmp(word, "all", 3) == 0) return 1;
  if (strlen(b->name) == len && strncmp(word, b->name, len) == 0) return 1;
  return kind == len && strncmp(word, b->name, len) == 0;
}

static thw_status mark_trained(rec *m, int *trained) {
  const char *p = m->linear ? "W" : m->params->train ? m->params->train : "W";
  for (p += strspn(p, " ,"); *p; p += strspn(p, " ,")) {
    size_t len = strcspn(p, " ,");
    int found = 0;
    for (int i = 0; i < thwr_blocks(&m->shape); i++)
      if (m->block[i].n && means(&m->block[i], p, len)) found = trained[i] = 1;
    if (!found)
      return rec_fail(m, THW_E_ARG,
                      "train names \"%.*s\", which this model does not have: use W, A, Bo, %sor "
                      "all (W1, W2, ... for one layer of several)",
                      (int)len, p, m->params->bias ? "bh, by " : "(with bias = true: bh, by) ");
    p += len;
  }
  return THW_OK;
}

static thw_status lay_out(rec *m) {
  int trained[THWR_BLOCKS] = {0};
  THW_TRY(mark_trained(m, trained));
  for (int i = 0; i < thwr_blocks(&m->shape); i++) {
    rec_block *b = &m->block[i];
    if (!trained[i]) continue;
    b->offset = m->n;
    m->layout_block[m->n_layout] =
        (thw_block){.name = b->name, .offset = m->n, .n = b->n, .n_dims = b->n_dims};
    memcpy(m->layout_block[m->n_layout++].dims, b->dims, sizeof b->dims);
    m->n += b->n;
  }
  if (m->n == 0) return rec_fail(m, THW_E_ARG, "train is empty: name at least one block");
  return THW_OK;
}

static thw_status name_outputs(rec *m) {
  int64_t d = m->shape.d;
  int classes = rec_is_class(m);
  m->n_outputs = (uint32_t)(classes ? 1 + d : d);
  m->output_name = m->host->alloc(m->ctx, m->n_outputs * sizeof *m->output_name);
  if (!m->output_name) return THW_E_NOMEM;
  for (uint32_t i = 0; i < m->n_outputs; i++) {
    int64_t c = classes ? (int64_t)i - 1 : (int64_t)i;
    const char *name = classes && c >= 0 && m->info.class_name ? m->info.class_name[c] : NULL;
    size_t room = (name ? strlen(name) : 20) + 8;
    char *text = m->host->alloc(m->ctx, room);
    if (!text) return THW_E_NOMEM;
    if (c < 0)
      snprintf(text, room, "label");
    else if (name)
      snprintf(text, room, "p:%s", name);
    else
      snprintf(text, room, "%s:%lld", classes ? "p" : "value", (long long)c);
    if (!classes && d == 1) snprintf(text, room, "value");
    m->output_name[i] = text;
  }
  return THW_OK;
}

/* ---- the instance ----------------------------------------------------------------------------
 */

static int cell_of(const char *id) {
  return strcmp(id, "lstm") == 0 ? THWR_LSTM : strcmp(id, "gru") == 0 ? THWR_GRU : THWR_RNN;
}

thw_status rec_create(const thw_component *me, const thw_host *h, thw_ctx *c, const void *params,
                      const thw_wired *slots, void **self) {
  rec *m = h->alloc(c, sizeof *m);
  if (!m) return h->fail(c, THW_E_NOMEM, "out of memory for a model");
  m->host = h;
  m->ctx = c;
  m->params = params;
  m->source = slots->object[0];
  m->dtype = h->dtype(c);
  m->kern = thwr_best(m->dtype == THW_F32 ? sizeof(float) : sizeof(double));
  m->linear = strcmp(me->id, "rnn-linear") == 0;
  m->shape = (thwr_shape){.cell = cell_of(me->id),
                          .act = m->params->activation,
                          .layers = (int)m->params->layers,
                          .m = m->params->hidden};
  m->loss = (thwr_loss){m->params->loss, m->params->output_scale};
  THW_TRY(look_at_source(m));
  shape_blocks(m);
  THW_TRY(lay_out(m));
  if (name_outputs(m) != THW_OK)
    return h->fail(c, THW_E_NOMEM, "out of memory for a model of this many outputs");
  THW_TRY(rec_start(m));
  THW_TRY(rec_carry_open(m));
  *self = m;
  return THW_OK;
}

/* All memory is the context's. */
void rec_destroy(void *self) {
  (void)self;
}

const void *rec_ext(void *self, const char *id) {
  const rec *m = self;
  if (strcmp(id, THW_EXT_PROBE) == 0) return &rec_probe_ext;
  if (strcmp(id, THW_EXT_STATE) == 0) return &rec_state_ext;
  if (strcmp(id, THW_EXT_GENERATE) == 0 && !m->linear) return &rec_generate_ext;
  return NULL;
}

static uint32_t flags_of(const rec *m) {
  int smooth_loss = m->loss.kind != THWR_HUBER;
  int smooth_net = m->linear || m->shape.cell != THWR_RNN || m->shape.act != THWR_RELU;
  return (smooth_loss && smooth_net ? THW_MODEL_SMOOTH : 0u) | (m->linear ? THW_MODEL_CONVEX : 0u) |
         (m->params->carry_state ? THW_MODEL_CARRIES : 0u);
}

static thw_status layout(void *self, thw_layout *out) {
  static const char *const by_class[] = {"accuracy", "bits"}, *const by_value[] = {"mse", "nmse"};
  rec *m = self;
  out->flags = flags_of(m);
  out->n = m->n;
  out->n_blocks = m->n_layout;
  out->block_stride = sizeof(thw_block);
  out->blocks = m->layout_block;
  out->n_metrics = 2;
  out->metric_name = rec_is_class(m) ? by_class : by_value;
  out->n_outputs = m->n_outputs;
  out->output_name = m->output_name;
  return THW_OK;
}

/* The start belongs to the model: the same for a run, its resumption and its predictions, trained
 * blocks and others alike. */
static thw_status init(void *self, thw_view *x, thw_rng *r) {
  rec *m = self;
  (void)r;
  if (m->linear) {
    memset(x->data, 0, (size_t)m->n * m->kern->real);
    return THW_OK;
  }
  for (int i = 0; i < thwr_blocks(&m->shape); i++) {
    const rec_block *b = &m->block[i];
    if (b->n && b->offset >= 0)
      memcpy((char *)x->data + (size_t)b->offset * m->kern->real, b->start,
             (size_t)b->n * m->kern->real);
  }
  return THW_OK;
}

const thw_model_ops rec_ops = {
    .size = sizeof(thw_model_ops),
    .layout = layout,
    .facts = rec_facts,
    .init = init,
    .eval = rec_eval,
    .diff = rec_diff,
    .hvp = rec_hvp,
    .measure = rec_measure,
    .predict = rec_predict,
};
