/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/recurrent/predict.c - metrics and predictions. */
#include <math.h>
#include <string.h>

#include "recurrent.h"

static double value_at(const rec *m, const void *y, const void *y0, int64_t i) {
  return m->loss.scale * (rec_real(m, y, i) - (y0 ? rec_real(m, y0, i) : 0.0));
}

static const void *row_of(const rec *m, const void *p, int64_t i) {
  return p ? (const char *)p + (size_t)(i * m->shape.d) * m->kern->real : NULL;
}

/* The class; the lower number where outputs are equal. */
static int64_t decide(const rec *m, const void *y, const void *y0) {
  int64_t best = 0;
  for (int64_t c = 1; c < m->shape.d; c++)
    if (value_at(m, y, y0, c) > value_at(m, y, y0, best)) best = c;
  return best;
}

void rec_predict_step(const rec *m, const void *y, const void *y0, double *out) {
  int64_t d = m->shape.d;
  if (!rec_is_class(m)) {
    for (int64_t j = 0; j < d; j++) out[j] = value_at(m, y, y0, j);
    return;
  }
  int64_t best = decide(m, y, y0);
  double top = value_at(m, y, y0, best), sum = 0;
  for (int64_t j = 0; j < d; j++) sum += out[1 + j] = exp(value_at(m, y, y0, j) - top);
  for (int64_t j = 0; j < d; j++) out[1 + j] /= sum;
  out[0] = (double)best;
}

/* ---- metrics ---------------------------------------------------------------------------------
 */

/* What one step adds: mistakes or squares. */
void rec_score_step(const rec *m, const thwr_shard *s, int64_t at, double a[2]) {
  const void *y = row_of(m, s->at.y, at), *y0 = row_of(m, s->y0, at), *t = row_of(m, s->t, at);
  int64_t d = m->shape.d;
  if (rec_is_class(m)) {
    int64_t best = decide(m, y, y0);
    double top = value_at(m, y, y0, best), sum = 0;
    for (int64_t j = 0; j < d; j++) sum += exp(value_at(m, y, y0, j) - top);
    a[0] += best == s->label[at];
    a[1] += (log(sum) + top - value_at(m, y, y0, s->label[at])) / log(2.0);
    return;
  }
  for (int64_t j = 0; j < d; j++) {
    double target = rec_real(m, t, j), e = value_at(m, y, y0, j) - target;
    a[0] += e * e / (double)d;
    a[1] += target * target / (double)d;
  }
}

static void measure(const rec *m, rec_slot *slot) {
  const thwr_shard *s = &slot->s;
  slot->sum[0] = slot->sum[1] = 0;
  for (int64_t k = 0; k < s->b; k++) {
    double a[2] = {0, 0}, many = 0;
    for (int64_t l = 0; l < s->steps; l++)
      if (s->weight[l * s->b + k] != 0.0) {
        rec_score_step(m, s, l * s->b + k, a);
        many++;
      }
    for (int i = 0; i < 2 && many > 0; i++) slot->sum[i] += a[i] / many;
  }
}

/* Predictions at the last step of each row. */
static void predict(const rec_job *j, int64_t lo, const rec_slot *slot) {
  const rec *m = j->m;
  const thwr_shard *s = &slot->s;
  for (int64_t k = 0; k < s->b; k++) {
    int64_t row = lo + k, n = rec_length(j->b->rows, thw_batch_row(j->b, row));
    double *out = j->out + row * m->n_outputs;
    for (uint32_t i = 0; i < m->n_outputs; i++) out[i] = 0;
    if (n < 1) continue;
    int64_t at = (n - 1) * s->b + k;
    rec_predict_step(m, row_of(m, s->at.y, at), row_of(m, s->y0, at), out);
  }
}

void rec_score(const rec_job *j, int64_t lo, rec_slot *slot) {
  if (j->mode == JOB_MEASURE)
    measure(j->m, slot);
  else
    predict(j, lo, slot);
}

/* Rows of which at least one step carries a target: what metrics are means over. */
static int64_t rows_that_count(const rec *m, const thw_batch *b) {
  const thw_rows *r = b->rows;
  int64_t many = 0;
  if (!r->counts || m->params->loss_at == LOSS_AT_LAST) return b->n;
  for (int64_t i = 0; i < b->n; i++) {
    int64_t row = thw_batch_row(b, i), from = r->first ? r->first[row] : row * r->steps;
    many += memchr(r->counts + from, 1, (size_t)rec_length(r, row)) != NULL;
  }
  return many > 0 ? many : 1;
}

thw_status rec_measure(void *self, const thw_view *x, const thw_batch *b, double *out) {
  rec *m = self;
  rec_job j = {.m = m, .b = b, .mode = JOB_MEASURE};
  THW_TRY(rec_check(m, b, 1));
  rec_point(m, x, &j);
  THW_TRY(rec_run(&j));
  double n = (double)rows_that_count(m, b);
  out[0] = j.sum[0] / n;
  out[1] = j.sum[1] / n;
  if (!rec_is_class(m)) out[1] = j.sum[1] > 0 ? j.sum[0] / j.sum[1] : 0.0;
  return THW_OK;
}

thw_status rec_predict(void *self, const thw_view *x, const thw_batch *b, double *out) {
  rec *m = self;
  rec_job j = {.m = m, .b = b, .mode = JOB_PREDICT, .out = out};
  THW_TRY(rec_check(m, b, 0));
  rec_point(m, x, &j);
  return rec_run(&j);
}
