/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/linear/predict.c - metrics and predictions. */
#include <math.h>

#include "linear.h"

/* Class of a row from its margins; the lower number where margins are equal. */
static int64_t decide(const linear *m, const double *z) {
  if (m->k == 1) return z[0] > 0.0;
  int64_t best = 0;
  for (int64_t c = 1; c < m->k; c++)
    if (z[c] > z[best]) best = c;
  return best;
}

static void measure_tile(linear_job *j, int64_t lo, int64_t hi, int64_t block,
                         const linear_scratch *s) {
  const linear *m = j->m;
  double a = 0, b = 0;
  if (m->kind->by_class) {
    for (int64_t k = lo; k < hi; k++)
      a += decide(m, s->z + (k - lo) * m->kp) == j->b->rows->label[thw_batch_row(j->b, k)];
  } else {
    thwk_targets(j->b, lo, hi, 0, s->y);
    for (int64_t k = 0; k < hi - lo; k++) {
      double e = s->z[k] - s->y[k];
      a += e * e;
      b += fabs(e);
    }
  }
  j->sum[2 * block] += a;
  j->sum[2 * block + 1] += b;
}

static void predict_row(const linear *m, const double *z, double *p, double *out) {
  if (!m->kind->by_class) {
    out[0] = z[0];
    return;
  }
  out[0] = (double)decide(m, z);
  if (m->loss.kind != THWK_LOGISTIC) {
    out[1] = z[0];
  } else if (m->k == 1) {
    out[1] = 1.0 / (1.0 + exp(z[0]));
    out[2] = 1.0 / (1.0 + exp(-z[0]));
  } else {
    for (int64_t c = 0; c < m->kp; c++) p[c] = z[c];
    m->kern->softmax(1, m->k, m->kp, p, NULL);
    for (int64_t c = 0; c < m->k; c++) out[1 + c] = p[c];
  }
}

void linear_score_tile(linear_job *j, int64_t lo, int64_t hi, int64_t block) {
  const linear *m = j->m;
  linear_scratch s = linear_scratch_of(m, block);
  linear_margins(m, j->b, lo, hi, j->w, s.z, s.rows);
  if (j->mode == JOB_MEASURE) {
    measure_tile(j, lo, hi, block, &s);
    return;
  }
  for (int64_t k = lo; k < hi; k++)
    predict_row(m, s.z + (k - lo) * m->kp, s.z2, j->out + k * m->n_outputs);
}

thw_status linear_measure(void *self, const thw_view *x, const thw_batch *b, double *out) {
  linear *m = self;
  linear_job j;
  THW_TRY(linear_prepare(m, &j, b, JOB_MEASURE));
  j.w = linear_inner(m, x, m->w1);
  linear_run(&j);
  uint32_t n = m->kind->by_class ? 1 : 2;
  for (uint32_t i = 0; i < n; i++) {
    double s = 0;
    for (int64_t k = 0; k < j.blocks; k++) s += j.sum[2 * k + i];
    out[i] = s / (double)b->n;
  }
  return THW_OK;
}

thw_status linear_predict(void *self, const thw_view *x, const thw_batch *b, double *out) {
  linear *m = self;
  linear_job j;
  THW_TRY(linear_prepare(m, &j, b, JOB_PREDICT));
  j.w = linear_inner(m, x, m->w1);
  j.out = out;
  linear_run(&j);
  return THW_OK;
}
