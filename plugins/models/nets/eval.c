/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/nets/eval.c - values, gradients and Hessian products of a batch.
 *
 * A batch goes through the network in groups. Where there are several, their gradients are added up
 * in order, in double. */
#include <math.h>
#include <string.h>

#include "nets.h"

#define COMBINE_PART 4096

thw_status nets_check(nets *m, const thw_batch *b, int with_target) {
  const thw_rows *r = b->rows;
  int by_class = m->loss != LOSS_SQUARED || m->one_hot;
  int64_t targets = by_class ? 1 : m->outputs;
  if (b->n < 1) return nets_fail(m, THW_E_ARG, "a batch without rows has no mean");
  if (r->layout != m->info.layout)
    return nets_fail(m, THW_E_ARG, "the rows' layout is not the training set's");
  if (r->layout == THW_ROWS_DENSE ? r->width != m->info.width : r->width > m->info.width)
    return nets_fail(m, THW_E_ARG,
                     "rows with %lld features do not fit a network that was made for %lld: use "
                     "data with the same features",
                     (long long)r->width, (long long)m->info.width);
  if (r->dtype != m->dtype) return nets_fail(m, THW_E_ARG, "the rows' precision is not the run's");
  if (!with_target) return THW_OK;
  if (by_class ? !r->label : !r->y)
    return nets_fail(m, THW_E_ARG, "these rows have no labels: the loss needs them");
  if (!by_class && (r->targets > 1 ? r->targets : 1) != targets)
    return nets_fail(m, THW_E_ARG, "these rows have %lld numbers in a target, the network %lld",
                     (long long)(r->targets > 1 ? r->targets : 1), (long long)targets);
  return THW_OK;
}

/* ---- points and directions -------------------------------------------------------------------
 */

static void *part(const nets *m, const void *data, int i) {
  return (char *)(uintptr_t)data + (size_t)m->block[i].offset * m->kern->real;
}

/* A direction: zero in the blocks that are not trained. */
void nets_direction(nets_job *j, const thw_view *v, const void **out) {
  for (int i = 0; i < j->m->n_blocks; i++)
    out[i] = nets_trained(j->m, i) ? part(j->m, v->data, i) : NULL;
  j->tangent = 1;
}

/* Linearised: the weights at the start, and the way from there as the direction. */
static thw_status increment(nets_job *j, const thw_view *x) {
  nets *m = j->m;
  THW_TRY(nets_dots(m));
  j->frozen = j->tangent = 1;
  for (int i = 0; i < m->n_blocks; i++) {
    nets_block *b = &m->block[i];
    j->w[i] = b->start;
    j->v[i] = NULL;
    if (b->offset < 0) continue;
    const void *from = part(m, x->data, i);
    for (int64_t k = 0; k < b->n; k++)
      nets_set(m, b->noisy, k, nets_real(m, from, k) - nets_real(m, b->start, k));
    j->v[i] = b->noisy;
  }
  return THW_OK;
}

thw_status nets_point(nets_job *j, const thw_view *x) {
  nets *m = j->m;
  if (m->params->linearised) return increment(j, x);
  for (int i = 0; i < m->n_blocks; i++)
    j->w[i] = nets_trained(m, i) ? part(m, x->data, i) : m->block[i].start;
  return THW_OK;
}

/* ---- groups ----------------------------------------------------------------------------------
 */

static void combine_body(void *arg, int64_t i) {
  const nets_job *j = arg;
  const nets *m = j->m;
  int64_t lo = i * COMBINE_PART, hi = lo + COMBINE_PART < m->n ? lo + COMBINE_PART : m->n;
  for (int64_t p = lo; p < hi; p++) {
    double s = (j->lo > 0 ? m->sum[p] : 0.0) + nets_real(m, m->grad, p);
    m->sum[p] = s;
    if (j->lo + j->n == j->b->n) nets_set(m, j->to->data, p, s);
  }
}

static thw_status sum_room(nets *m) {
  if (m->sum) return THW_OK;
  m->grad = m->host->alloc(m->ctx, (size_t)m->n * m->kern->real);
  m->sum = m->host->alloc(m->ctx, (size_t)m->n * sizeof *m->sum);
  if (!m->grad || !m->sum) return nets_fail(m, THW_E_NOMEM, "out of memory for a sum of gradients");
  return THW_OK;
}

/* Linearised: the outputs, and with them their derivatives along the direction asked for. */
static void forward_twice(const nets_job *j) {
  const nets *m = j->m;
  const nets_node *last = &m->node[m->n_nodes - 1];
  nets_job along = *j;
  nets_forward(j);
  m->kern->plus(last->n, j->panels, 0, last->n, last->z, 0, m->hold);
  memcpy(along.v, j->dir, sizeof along.v);
  nets_forward(&along);
  m->kern->plus(last->n, j->panels, 0, last->n, m->hold, 0, last->z);
}

static void one_group(nets_job *j) {
  nets_gather(j);
  if (j->frozen && j->mode == JOB_HVP)
    forward_twice(j);
  else
    nets_forward(j);
  if (j->mode == JOB_MEASURE || j->mode == JOB_PREDICT) {
    nets_score(j);
    return;
  }
  j->f += nets_loss(j);
  if (j->mode == JOB_VALUE) return;
  nets_backward(j);
  if (j->flip) nets_noise_back(j);
}

thw_status nets_run(nets_job *j) {
  nets *m = j->m;
  int several = j->b->n > THWN_GROUP && j->to;
  if (several) THW_TRY(sum_room(m));
  for (int i = 0; i < m->n_blocks; i++)
    j->g[i] = j->to && nets_trained(m, i) ? part(m, several ? m->grad : j->to->data, i) : NULL;
  for (j->lo = 0; j->lo < j->b->n; j->lo += j->n) {
    j->n = j->b->n - j->lo < THWN_GROUP ? j->b->n - j->lo : THWN_GROUP;
    j->panels = thwn_panels(m->kern, j->n);
    one_group(j);
    if (several)
      m->host->parallel(m->ctx, (m->n + COMBINE_PART - 1) / COMBINE_PART, 4.0 * (double)m->n,
                        combine_body, j);
  }
  return THW_OK;
}

/* ---- entries ---------------------------------------------------------------------------------
 */

thw_status nets_eval(void *self, const thw_view *x, const thw_batch *b, double *f, thw_view *g) {
  nets *m = self;
  nets_job j = {.m = m, .b = b, .mode = g ? JOB_GRADIENT : JOB_VALUE, .to = g};
  if (!f && !g) return THW_OK;
  THW_TRY(nets_check(m, b, 1));
  THW_TRY(nets_point(&j, x));
  if (nets_noisy(m, b)) THW_TRY(nets_noise(&j));
  THW_TRY(nets_run(&j));
  if (f) *f = j.f / (double)b->n + nets_penalty(m, x);
  if (g) nets_penalty_gradient(m, x, g);
  return THW_OK;
}

thw_status nets_hvp(void *self, const thw_view *x, const thw_view *v, const thw_batch *b,
                    thw_view *hv) {
  nets *m = self;
  nets_job j = {.m = m, .b = b, .mode = JOB_HVP, .to = hv};
  if (nets_noisy(m, b) && m->params->signs)
    return nets_fail(m, THW_E_UNSUPPORTED, "signs: Hessian products of a batch are not offered");
  THW_TRY(nets_check(m, b, 1));
  THW_TRY(nets_dots(m));
  THW_TRY(nets_point(&j, x));
  if (nets_noisy(m, b)) THW_TRY(nets_noise(&j));
  nets_direction(&j, v, j.frozen ? j.dir : j.v);
  THW_TRY(nets_run(&j));
  nets_penalty_product(m, x, v, hv);
  return THW_OK;
}

thw_status nets_measure(void *self, const thw_view *x, const thw_batch *b, double *out) {
  nets *m = self;
  nets_job j = {.m = m, .b = b, .mode = JOB_MEASURE};
  uint32_t at = 0;
  THW_TRY(nets_check(m, b, 1));
  THW_TRY(nets_point(&j, x));
  THW_TRY(nets_run(&j));
  double n = (double)b->n;
  out[at++] = j.sum[0] / n;
  out[at++] = m->loss == LOSS_SQUARED ? (j.sum[1] > 0 ? j.sum[0] / j.sum[1] : 0.0) : j.sum[1] / n;
  if (m->one_hot) out[at++] = j.sum[2] / n;
  for (uint32_t i = 0; at < m->n_metrics; i++)
    out[at++] = j.sum[4 + 2 * i] > 0 ? j.sum[3 + 2 * i] / j.sum[4 + 2 * i] : 0.0;
  return THW_OK;
}

thw_status nets_predict(void *self, const thw_view *x, const thw_batch *b, double *out) {
  nets *m = self;
  nets_job j = {.m = m, .b = b, .mode = JOB_PREDICT, .out = out};
  THW_TRY(nets_check(m, b, 0));
  THW_TRY(nets_point(&j, x));
  return nets_run(&j);
}
