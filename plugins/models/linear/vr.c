/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/linear/vr.c - the fused variance-reduced loop (thalweg/model.h, thw_vr_model).
 *
 * With f_i(x) = loss(a_i . x) + l2/2 |w|^2 a step is
 *   x = (1 - step (l2 + shift)) x - step (mu - l2 s - shift centre)
 *       - step/b sum_{i in I} (loss'(a_i . x) - loss'(a_i . s)) a_i :
 * shrinking, a constant direction and something sparse. loss'(a_i . s) is kept from the pass over
 * the rows that gave mu, so a step looks at its rows once. The kernels do the rest. */
#include <string.h>

#include "linear.h"

/* The lazy form divides by the product of the shrinking factors of up to a few steps. */
#define KEEP_MIN 1e-3

static thw_status no_memory(linear *m) {
  return m->host->fail(m->ctx, THW_E_NOMEM, "out of memory for the variance-reduced loop");
}

static double at(const thw_view *x, int64_t i) {
  return x->dtype == THW_F32 ? (double)((const float *)x->data)[i] : ((const double *)x->data)[i];
}

static void put(thw_view *x, int64_t i, double v) {
  if (x->dtype == THW_F32)
    ((float *)x->data)[i] = (float)v;
  else
    ((double *)x->data)[i] = v;
}

static void drop(void *self, void *snapshot) {
  linear *m = self;
  linear_snapshot *s = snapshot;
  if (!s) return;
  s->next = m->idle;
  m->idle = s;
}

/* A snapshot with room for `rows` rows: an idle one, or a new one. */
static thw_status take(linear *m, int64_t rows, linear_snapshot **out) {
  for (linear_snapshot **p = &m->idle; *p; p = &(*p)->next)
    if ((*p)->room >= rows) {
      *out = *p;
      *p = (*p)->next;
      return THW_OK;
    }
  linear_snapshot *s = m->host->alloc(m->ctx, sizeof *s);
  if (!s) return no_memory(m);
  s->slope = m->host->alloc(m->ctx, (size_t)rows * sizeof(double));
  s->y = m->host->alloc(m->ctx, (size_t)rows * sizeof(double));
  if (!s->slope || !s->y) {
    m->host->release(m->ctx, s->slope);
    m->host->release(m->ctx, s->y);
    m->host->release(m->ctx, s);
    return no_memory(m);
  }
  s->room = rows;
  *out = s;
  return THW_OK;
}

static thw_status prepare(void *self, const thw_view *s, const thw_batch *b, thw_view *mu,
                          void **snapshot) {
  linear *m = self;
  linear_snapshot *keep = NULL;
  if (m->k != 1 || m->nonconvex > 0.0) return THW_E_UNSUPPORTED;
  if (!m->vr) m->vr = m->host->alloc(m->ctx, (size_t)(6 * m->d + 8) * sizeof(double));
  if (!m->vr) return no_memory(m);
  THW_TRY(take(m, b->rows->n, &keep));
  thw_status status = linear_gradient(m, s, b, NULL, mu, keep);
  if (status != THW_OK) {
    drop(m, keep);
    return status;
  }
  keep->rows = b->rows;
  *snapshot = keep;
  return THW_OK;
}

static thw_status delta_room(linear *m, int64_t b) {
  if (b <= m->delta_room) return THW_OK;
  m->host->release(m->ctx, m->delta);
  m->delta_room = 0;
  m->delta = m->host->alloc(m->ctx, (size_t)b * sizeof(double));
  if (!m->delta) return no_memory(m);
  m->delta_room = b;
  return THW_OK;
}

static thw_status loop(void *self, void *snapshot, thw_view *x, const thw_view *s,
                       const thw_view *mu, double step, double shift, const thw_view *centre,
                       int64_t steps, int64_t b, const int64_t *index, thw_view *sum) {
  linear *m = self;
  const linear_snapshot *keep = snapshot;
  int64_t d = m->d;
  if (!centre) shift = 0.0;
  thwk_vr v = {.rows = keep->rows,
               .loss = m->loss,
               .y = keep->y,
               .slope = keep->slope,
               .d = d,
               .m = steps,
               .b = b,
               .index = index,
               .step = step,
               .keep = 1.0 - step * (m->l2 + shift),
               .intercept = m->intercept,
               .keep0 = 1.0 - step * shift};
  if (!(v.keep >= KEEP_MIN)) return THW_E_UNSUPPORTED;
  THW_TRY(delta_room(m, b));
  double *drift = m->vr;
  v.drift = drift;
  v.x = m->dtype == THW_F64 ? x->data : m->vr + d;
  v.pair = m->vr + 2 * d;
  v.lag = m->vr + 4 * d;
  v.delta = m->delta;
  for (int64_t j = 0; j < d; j++) {
    double c = at(mu, j) - m->l2 * at(s, j);
    if (centre) c -= shift * at(centre, j);
    drift[j] = step * c;
  }
  if (m->intercept) {
    v.x0 = at(x, d);
    v.drift0 = step * (centre ? at(mu, d) - shift * at(centre, d) : at(mu, d));
  }
  if (m->dtype == THW_F32)
    for (int64_t j = 0; j < d; j++) v.x[j] = at(x, j);
  if (sum) {
    v.sum = m->dtype == THW_F64 ? sum->data : m->vr + 5 * d;
    if (m->dtype == THW_F32) memset(v.sum, 0, (size_t)d * sizeof(double));
  }
  if (keep->rows->layout == THW_ROWS_CSR)
    m->kern->vr_csr(&v);
  else
    m->kern->vr_dense(&v);
  if (m->dtype == THW_F32)
    for (int64_t j = 0; j < d; j++) {
      put(x, j, v.x[j]);
      if (sum) put(sum, j, at(sum, j) + v.sum[j]);
    }
  if (m->intercept) {
    put(x, d, v.x0);
    if (sum) put(sum, d, at(sum, d) + v.sum0);
  }
  return THW_OK;
}

const thw_vr_model linear_vr = {
    .size = sizeof(thw_vr_model), .prepare = prepare, .loop = loop, .drop = drop};
