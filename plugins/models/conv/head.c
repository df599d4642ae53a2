/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/conv/head.c - pooling, the linear layer, the loss, and back to the last map. */
#include <math.h>

#include "conv.h"

/* Scores of image i into m->logits. */
static void score(const cn_pass *p, int64_t i, const cn_item *item, const thwc_act *a) {
  const cn *m = p->m;
  double *mean = m->pooled + i * m->most_room, *y = m->logits + i * m->classes;
  m->kern->pool(a->h, a->w, a->room, item->v, mean);
  for (int64_t k = 0; k < m->classes; k++) {
    y[k] = cn_real(m, p->x, m->head_bias + k);
    for (int64_t c = 0; c < m->features; c++)
      y[k] += cn_real(m, p->x, m->head + k * m->features + c) * mean[c];
  }
}

static int64_t best_of(const double *y, int64_t n) {
  int64_t best = 0;
  for (int64_t k = 1; k < n; k++)
    if (y[k] > y[best]) best = k;
  return best;
}

/* Log of the sum of exponentials. */
static double log_sum(const double *y, int64_t n) {
  double top = y[best_of(y, n)], sum = 0;
  for (int64_t k = 0; k < n; k++) sum += exp(y[k] - top);
  return top + log(sum);
}

static void tell(const cn_pass *p, int64_t i) {
  const cn *m = p->m;
  const double *y = m->logits + i * m->classes;
  double *out = p->out + i * m->n_outputs;
  if (!m->by_class) {
    out[0] = y[0];
    return;
  }
  double all = log_sum(y, m->classes);
  out[0] = (double)best_of(y, m->classes);
  for (int64_t k = 0; k < m->classes; k++) out[1 + k] = exp(y[k] - all);
}

/* Loss of image i; the scores become its gradient, divided by the rows of the batch. Labels are
 * smoothed for training only. */
static void loss_of_class(const cn_pass *p, int64_t i) {
  const cn *m = p->m;
  double *y = m->logits + i * m->classes, smooth = p->train ? m->params->label_smoothing : 0;
  int32_t label = p->b->rows->label[thw_batch_row(p->b, p->lo + i)];
  double all = log_sum(y, m->classes), rows = (double)p->b->n, loss = 0;
  m->hit[i] = best_of(y, m->classes) == label;
  for (int64_t k = 0; k < m->classes; k++) {
    double target = smooth / (double)m->classes + (k == label ? 1 - smooth : 0);
    if (target > 0) loss += target * (all - y[k]);
    y[k] = (exp(y[k] - all) - target) / rows;
  }
  m->loss[i] = loss;
}

static void loss_of_number(const cn_pass *p, int64_t i) {
  const cn *m = p->m;
  double *y = m->logits + i * m->classes;
  double e = y[0] - cn_real(m, p->b->rows->y, thw_batch_row(p->b, p->lo + i));
  m->hit[i] = e * e;
  m->loss[i] = 0.5 * e * e;
  y[0] = e / (double)p->b->n;
}

static void back(const cn_pass *p, int64_t i, cn_item *item, const thwc_act *a) {
  const cn *m = p->m;
  const double *d = m->logits + i * m->classes;
  double *g = m->three + i * m->most_room; /* before deactivate, which may use it */
  int64_t n = a->h * a->w;
  for (int64_t c = 0; c < a->room; c++) {
    g[c] = 0;
    for (int64_t k = 0; k < m->classes && c < m->features; k++)
      g[c] += d[k] * cn_real(m, p->x, m->head + k * m->features + c) / (double)n;
  }
  m->kern->spread(n, a->room, g, item->dv);
  cn_deactivate(p, &m->phase[p->phase], i, item, a);
}

void cn_head(const cn_pass *p, int64_t i, cn_item *item, const thwc_act *a) {
  const cn *m = p->m;
  score(p, i, item, a);
  m->loss[i] = m->hit[i] = 0;
  if (p->out) tell(p, i);
  if (!p->labels) return;
  if (m->by_class)
    loss_of_class(p, i);
  else
    loss_of_number(p, i);
  if (p->gradient) back(p, i, item, a);
}

void cn_head_gradient(const cn_pass *p) {
  cn *m = p->m;
  for (int64_t i = 0; i < p->n; i++) {
    const double *mean = m->pooled + i * m->most_room, *d = m->logits + i * m->classes;
    for (int64_t k = 0; k < m->classes; k++) {
      double *to = m->sum + m->head + k * m->features;
      for (int64_t c = 0; c < m->features; c++) to[c] += d[k] * mean[c];
      m->sum[m->head_bias + k] += d[k];
    }
  }
}
