/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/run/monitor.h"

#include <math.h>
#include <stdlib.h>

/* Rows of a test stream that are looked at. */
#define TEST_ROWS 4096

static const thw_source_ops *source_ops(const tw_setup *s) {
  return s->source->raw.ops;
}

/* Steps of sequences that a record looks at where monitor.batch leaves it open: a pass over a long
 * text would cost as much as training on it. */
#define SEQ_STEPS 65536
/* Rows that the mean number of steps in a row is taken from. */
#define STEPS_ROWS 4096

static int is_seq(const tw_setup *s, thw_source_info *info) {
  *info = (thw_source_info){.size = sizeof *info};
  return s->source && source_ops(s)->info(s->source->raw.self, 0, info) == THW_OK &&
         info->layout == THW_ROWS_SEQ && info->steps > 0;
}

/* Rows of sequences in a record; whole streams where rows continue one another. */
static int64_t seq_rows(const tw_setup *s, const thw_source_info *info) {
  int64_t all = s->rows < 0 ? TW_STREAM_PASS : s->rows, n = SEQ_STEPS / info->steps;
  if (n < 1) n = 1;
  if (info->chain > 0) n = (n + info->chain - 1) / info->chain * info->chain;
  return n < all ? n : all;
}

/* Mean steps in a row: what turns rows into tokens. */
static thw_status count_steps(tw_monitor *m) {
  tw_setup *s = m->s;
  thw_source_info info;
  thw_batch *b = NULL;
  if (!is_seq(s, &info)) return THW_OK;
  int64_t n = info.n >= 0 && info.n < STEPS_ROWS ? info.n : STEPS_ROWS;
  m->steps = (double)info.steps;
  if (info.n < 0) return THW_OK; /* their sequences are of one length */
  THW_TRY(source_ops(s)->take(s->source->raw.self, 0, n, NULL, 0, &b));
  double sum = 0;
  for (int64_t i = 0; i < n && b->rows->steps_of; i++)
    sum += b->rows->steps_of[thw_batch_row(b, i)];
  if (b->rows->steps_of && n > 0) m->steps = sum / (double)n;
  source_ops(s)->release(s->source->raw.self, b);
  return THW_OK;
}

/* Where records look at a sample, it is the same one all through the run and after a restart. */
static thw_status fix_batch(tw_monitor *m) {
  tw_setup *s = m->s;
  int64_t n = s->opt->monitor.batch;
  thw_source_info info;
  int seq = is_seq(s, &info);
  if (n <= 0 && seq) n = seq_rows(s, &info);
  if (s->rows >= 0 && (n <= 0 || n >= s->rows)) return THW_OK;
  if (n <= 0) n = TW_STREAM_PASS;
  if (seq && info.chain > 0 && s->rows >= 0) { /* the text from its beginning, as it is read */
    m->from_source = 1;
    return source_ops(s)->take(s->source->raw.self, 0, n, NULL, 0, &m->batch);
  }
  thw_rng r;
  tw_stream(s->session.seed, "monitor", "draw", &r);
  return thw_oracle_draw(s->object, &r, s->rows < 0 ? THW_DRAW_UNIFORM : THW_DRAW_SUBSET, n,
                         &m->batch);
}

static thw_status open_set(tw_monitor *m, uint32_t set) {
  tw_setup *s = m->s;
  thw_source_info info = {.size = sizeof info};
  THW_TRY(source_ops(s)->info(s->source->raw.self, set, &info));
  if (info.n == 0) return THW_OK;
  tw_test_set *t = &m->test[m->n_tests];
  t->set = set;
  THW_TRY(source_ops(s)->take(s->source->raw.self, set, info.n > 0 ? info.n : TEST_ROWS, NULL, 0,
                              &t->batch));
  m->n_tests++;
  for (uint32_t j = 0; j < s->layout.n_metrics; j++)
    m->name[m->n_metrics++] = tw_sprintf("%s.%s", info.set, s->layout.metric_name[j]);
  return THW_OK;
}

static thw_status open_tests(tw_monitor *m) {
  tw_setup *s = m->s;
  if (!s->model || !s->source || s->layout.n_metrics == 0) return THW_OK;
  if (!((const thw_model_ops *)s->model->raw.ops)->measure) return THW_OK;
  uint32_t sets = 0;
  THW_TRY(source_ops(s)->sets(s->source->raw.self, &sets));
  if (sets <= 1) return THW_OK;
  m->test = tw_calloc(sets, sizeof *m->test);
  m->name = tw_calloc((size_t)sets * s->layout.n_metrics, sizeof *m->name);
  m->value = tw_calloc((size_t)sets * s->layout.n_metrics, sizeof *m->value);
  for (uint32_t i = 1; i < sets; i++) THW_TRY(open_set(m, i));
  for (size_t i = 0; i < m->n_metrics; i++) m->value[i] = (double)NAN;
  return THW_OK;
}

thw_status tw_monitor_begin(tw_monitor *m, tw_setup *s, tw_diags *d) {
  *m = (tw_monitor){.s = s, .f = (double)NAN, .grad_norm = (double)NAN};
  size_t before = tw_ledger_enter(s->ledger, "monitor", 0);
  thw_status st = thw_vec_new(s->space, &m->g);
  if (st == THW_OK) st = count_steps(m);
  if (st == THW_OK) st = fix_batch(m);
  if (st == THW_OK) st = open_tests(m);
  tw_ledger_leave(s->ledger, before);
  if (st == THW_OK) return THW_OK;
  tw_setup_error(s, st, "preparing the records of the run", d);
  tw_monitor_end(m);
  return st;
}

void tw_monitor_end(tw_monitor *m) {
  if (!m->s) return;
  for (size_t i = 0; i < m->n_tests; i++)
    source_ops(m->s)->release(m->s->source->raw.self, m->test[i].batch);
  for (size_t i = 0; i < m->n_metrics; i++) free(m->name[i]);
  if (m->from_source && m->batch)
    source_ops(m->s)->release(m->s->source->raw.self, m->batch);
  else
    thw_oracle_release(m->s->object, m->batch);
  thw_vec_free(m->g);
  free(m->test);
  free(m->name);
  free(m->value);
  *m = (tw_monitor){0};
}

thw_status tw_monitor_evaluate(tw_monitor *m, const thw_vec *x) {
  size_t before = tw_ledger_enter(m->s->ledger, "monitor", 0);
  thw_status st = thw_oracle_eval(m->s->object, x, m->batch, &m->f, m->g);
  tw_ledger_leave(m->s->ledger, before);
  if (st == THW_OK) st = thw_norm2(m->g, &m->grad_norm);
  return st;
}

thw_status tw_monitor_tests(tw_monitor *m, thw_vec *x) {
  if (m->n_tests == 0) return THW_OK;
  const thw_model_ops *model = m->s->model->raw.ops;
  thw_view view;
  THW_TRY(x->ops->map(x, THW_READ, &view));
  thw_status st = THW_OK;
  for (size_t i = 0; i < m->n_tests && st == THW_OK; i++)
    st = model->measure(m->s->model->raw.self, &view, m->test[i].batch,
                        m->value + i * m->s->layout.n_metrics);
  thw_status closed = x->ops->unmap(x, THW_READ);
  return st != THW_OK ? st : closed;
}
