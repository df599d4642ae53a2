/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/nets/loss.c - losses of a group with their derivatives in the outputs, metrics and
 * predictions. All in double. */
#include <math.h>

#include "nets.h"

/* Output c of example s. */
static double output(const nets_job *j, int64_t s, int64_t c) {
  const nets *m = j->m;
  const nets_node *last = &m->node[m->n_nodes - 1];
  return m->params->output_scale * nets_real(m, last->h, nets_at(m, last->n, c, s));
}

/* Class of a row, -1 where there is none. */
static int64_t class_of(const nets_job *j, int64_t s) {
  int64_t c = j->b->rows->label[thw_batch_row(j->b, j->lo + s)];
  return c >= 0 && c < j->m->info.classes ? c : -1;
}

static double target(const nets_job *j, int64_t s, int64_t c) {
  const nets *m = j->m;
  if (m->one_hot) return class_of(j, s) == c;
  return nets_real(m, j->b->rows->y, thw_batch_row(j->b, j->lo + s) * m->outputs + c);
}

/* Wanted probability of class c of `classes`. */
static double smoothed(const nets *m, int hit) {
  double a = m->params->label_smoothing;
  return (hit ? 1.0 - a : 0.0) + a / (double)m->info.classes;
}

static double soft(double z) { /* log(1 + e^z) */
  return (z > 0 ? z : 0) + log1p(exp(-fabs(z)));
}
static double sigmoid(double z) {
  double e = exp(-fabs(z));
  return (z > 0 ? 1 : e) / (1 + e);
}

/* log sum exp of the outputs. */
static double log_sum(const nets_job *j, int64_t s) {
  double top = output(j, s, 0), sum = 0;
  for (int64_t c = 1; c < j->m->outputs; c++) top = fmax(top, output(j, s, c));
  for (int64_t c = 0; c < j->m->outputs; c++) sum += exp(output(j, s, c) - top);
  return top + log(sum);
}

/* ---- one example -----------------------------------------------------------------------------
 */

/* Where derivatives go: d of the last node, times `scale`. */
typedef struct slopes {
  void *d, *ddot; /* ddot: NULL when not wanted */
  double scale;
} slopes;

/* e: derivative of the loss by output c. The derivative of e along the direction comes later. */
static void put(const nets_job *j, const slopes *to, int64_t s, int64_t c, double e) {
  if (!to->d) return;
  const nets *m = j->m;
  nets_set(m, to->d, nets_at(m, m->outputs, c, s), to->scale * e);
}

static double output_dot(const nets_job *j, int64_t s, int64_t c) {
  const nets *m = j->m;
  const nets_node *last = &m->node[m->n_nodes - 1];
  return m->params->output_scale * nets_real(m, last->zdot, nets_at(m, last->n, c, s));
}

static void put_dot(const nets_job *j, const slopes *to, int64_t s, int64_t c, double e) {
  const nets *m = j->m;
  nets_set(m, to->ddot, nets_at(m, m->outputs, c, s), to->scale * e);
}

static double squared(const nets_job *j, const slopes *to, int64_t s) {
  double f = 0;
  for (int64_t c = 0; c < j->m->outputs; c++) {
    double e = output(j, s, c) - target(j, s, c);
    f += 0.5 * e * e;
    put(j, to, s, c, e);
    if (to->ddot) put_dot(j, to, s, c, output_dot(j, s, c));
  }
  return f;
}

static double logistic(const nets_job *j, const slopes *to, int64_t s) {
  int64_t c = class_of(j, s);
  if (c < 0) return (double)NAN;
  double z = output(j, s, 0), t = smoothed(j->m, c == 1), p = sigmoid(z);
  put(j, to, s, 0, p - t);
  if (to->ddot) put_dot(j, to, s, 0, p * (1 - p) * output_dot(j, s, 0));
  return soft(z) - t * z;
}

static double softmax(const nets_job *j, const slopes *to, int64_t s) {
  int64_t k = j->m->outputs, label = class_of(j, s);
  if (label < 0) return (double)NAN;
  double all = log_sum(j, s), f = 0, mean = 0;
  for (int64_t c = 0; c < k; c++) {
    double z = output(j, s, c), t = smoothed(j->m, c == label), p = exp(z - all);
    if (t > 0) f += t * (all - z);
    put(j, to, s, c, p - t);
    if (to->ddot) mean += p * output_dot(j, s, c);
  }
  for (int64_t c = 0; to->ddot && c < k; c++)
    put_dot(j, to, s, c, exp(output(j, s, c) - all) * (output_dot(j, s, c) - mean));
  return f;
}

double nets_loss(const nets_job *j) {
  const nets *m = j->m;
  const nets_node *last = &m->node[m->n_nodes - 1];
  slopes to = {NULL, NULL, m->params->output_scale / (double)j->b->n};
  double f = 0;
  if (j->mode == JOB_GRADIENT) to.d = last->d;
  if (j->mode == JOB_HVP) { /* frozen: only the second derivative of the loss goes back */
    to.d = j->frozen ? NULL : last->d;
    to.ddot = j->frozen ? last->d : last->ddot;
  }
  for (int64_t s = 0; s < j->n; s++)
    f += m->loss == LOSS_SQUARED    ? squared(j, &to, s)
         : m->loss == LOSS_LOGISTIC ? logistic(j, &to, s)
                                    : softmax(j, &to, s);
  return f;
}

/* ---- metrics and predictions -----------------------------------------------------------------
 */

static int64_t likeliest(const nets_job *j, int64_t s) {
  int64_t best = 0;
  if (j->m->outputs == 1) return output(j, s, 0) > 0;
  for (int64_t c = 1; c < j->m->outputs; c++)
    if (output(j, s, c) > output(j, s, best)) best = c;
  return best;
}

static void score_class(nets_job *j, int64_t s) {
  int64_t c = class_of(j, s);
  j->sum[0] += likeliest(j, s) == c;
  if (c < 0)
    j->sum[1] += (double)NAN;
  else if (j->m->loss == LOSS_LOGISTIC)
    j->sum[1] += soft(c == 1 ? -output(j, s, 0) : output(j, s, 0));
  else
    j->sum[1] += log_sum(j, s) - output(j, s, c);
}

static void score_number(nets_job *j, int64_t s) {
  nets *m = j->m;
  int64_t k = m->outputs;
  for (int64_t c = 0; c < k; c++) {
    double t = target(j, s, c), e = output(j, s, c) - t;
    j->sum[0] += e * e;
    j->sum[1] += t * t;
  }
  if (m->one_hot) j->sum[2] += likeliest(j, s) == class_of(j, s);
  if (!m->parts || m->one_hot) return;
  m->parts->parts(m->parts_self, j->b->rows, thw_batch_row(j->b, j->lo + s), m->part);
  for (uint32_t i = 0; i < m->parts->n_parts; i++)
    for (int64_t c = 0; c < k; c++) {
      double p = m->part[(int64_t)i * k + c];
      j->sum[3 + 2 * i] += p * output(j, s, c);
      j->sum[4 + 2 * i] += p * p;
    }
}

static void predict(nets_job *j, int64_t s) {
  const nets *m = j->m;
  double *out = j->out + (j->lo + s) * m->n_outputs;
  if (m->loss == LOSS_SQUARED) {
    for (int64_t c = 0; c < m->outputs; c++) out[c] = output(j, s, c);
    return;
  }
  int64_t best = likeliest(j, s);
  out[0] = (double)best;
  if (m->loss == LOSS_LOGISTIC) {
    out[2] = sigmoid(output(j, s, 0));
    out[1] = sigmoid(-output(j, s, 0));
    return;
  }
  double all = log_sum(j, s);
  for (int64_t c = 0; c < m->outputs; c++) out[1 + c] = exp(output(j, s, c) - all);
}

void nets_score(nets_job *j) {
  for (int64_t s = 0; s < j->n; s++)
    if (j->mode == JOB_PREDICT)
      predict(j, s);
    else if (j->m->loss == LOSS_SQUARED)
      score_number(j, s);
    else
      score_class(j, s);
}
