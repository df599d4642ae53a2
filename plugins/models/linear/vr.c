/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/linear/vr.c - the fused variance-reduced loop (thalweg/model.h, thw_vr_model).
 *
 * With f_i(x) = loss(a_i . x) + l2/2 |w|^2 + lambda sum w_j^2/(1 + w_j^2), r being the last term, a
 * step is
 *   x = (1 - step (l2 + shift)) x - step (mu - l2 s - r'(s) - shift centre) - step r'(x)
 *       - step/b sum_{i in I} (loss'(a_i . x) - loss'(a_i . s)) a_i :
 * shrinking, a constant direction, where there is an r its gradient, and something sparse.
 * loss'(a_i . s) is kept from the pass over the rows that gave mu, so a step looks at its rows
 * once. The kernels do the rest. */
#include <string.h>

#include "linear.h"

/* The lazy form divides by the product of the shrinking factors of up to a few steps. */
#define KEEP_MIN 1e-3
/* Numbers that a snapshot may take: half a gigabyte. */
#define MOST_KEPT (INT64_C(1) << 26)

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
  s->slope = m->host->alloc(m->ctx, (size_t)(rows * m->kp) * sizeof(double));
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

/* Scratch of the loop, in numbers of the inner layout: drift, x, sum, pairs (2), lag. */
enum { DRIFT, POINT, SUM, PAIR, LAG = PAIR + 2, PARTS };

static double *part(const linear *m, int i) {
  return m->vr + i * m->inner;
}

static thw_status prepare(void *self, const thw_view *s, const thw_batch *b, thw_view *mu,
                          void **snapshot) {
  linear *m = self;
  linear_snapshot *keep = NULL;
  if (b->rows->n > MOST_KEPT / m->kp) return THW_E_UNSUPPORTED;
  if (!m->vr) /* and of the intercepts: x, drift and sum */
    m->vr = m->host->alloc(m->ctx, (size_t)(PARTS * m->inner + 3 * m->kp) * sizeof(double));
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

static thw_status delta_room(linear *m, int64_t numbers) {
  if (numbers <= m->delta_room) return THW_OK;
  m->host->release(m->ctx, m->delta);
  m->delta_room = 0;
  m->delta = m->host->alloc(m->ctx, (size_t)numbers * sizeof(double));
  if (!m->delta) return no_memory(m);
  m->delta_room = numbers;
  return THW_OK;
}

/* Where weight j of margin c is in the inner layout. */
static int64_t place(const linear *m, int64_t c, int64_t j) {
  return m->sparse_k ? j * m->kp + c : c * m->d + j;
}

/* A run of the loop, whatever the number of margins: weights in the inner layout, intercepts. */
typedef struct vr_job {
  double *drift, *x, *sum, *x0, *drift0, *sum0;
  double step, shift, keep, bump;
} vr_job;

static void begin(const linear *m, vr_job *j, const thw_view *x, const thw_view *s,
                  const thw_view *mu, const thw_view *centre) {
  int64_t weights = m->k * m->d;
  /* Numbers in the inner layout that no weight has stay 0 for ever. */
  if (m->sparse_k) {
    memset(j->drift, 0, (size_t)m->inner * sizeof(double));
    memset(j->x, 0, (size_t)m->inner * sizeof(double));
  }
  for (int64_t c = 0, q = 0; c < m->k; c++)
    for (int64_t i = 0; i < m->d; i++, q++) {
      double v = at(mu, q) - m->l2 * at(s, q);
      if (m->nonconvex > 0.0) v -= linear_bump1(m->nonconvex, at(s, q));
      if (centre) v -= j->shift * at(centre, q);
      j->drift[place(m, c, i)] = j->step * v;
      if (j->x != x->data) j->x[place(m, c, i)] = at(x, q);
    }
  memset(j->x0, 0, (size_t)(3 * m->kp) * sizeof(double));
  for (int64_t c = 0, q = weights; m->intercept && c < m->k; c++, q++) {
    j->x0[c] = at(x, q);
    j->drift0[c] = j->step * (centre ? at(mu, q) - j->shift * at(centre, q) : at(mu, q));
  }
}

static void end(const linear *m, const vr_job *j, thw_view *x, thw_view *sum) {
  for (int64_t c = 0, q = 0; c < m->k; c++)
    for (int64_t i = 0; i < m->d; i++, q++) {
      if (j->x != x->data) put(x, q, j->x[place(m, c, i)]);
      if (sum && j->sum != sum->data) put(sum, q, at(sum, q) + j->sum[place(m, c, i)]);
    }
  for (int64_t c = 0, q = m->k * m->d; m->intercept && c < m->k; c++, q++) {
    put(x, q, j->x0[c]);
    if (sum) put(sum, q, at(sum, q) + j->sum0[c]);
  }
}

static void one_margin(linear *m, vr_job *j, const linear_snapshot *keep, int64_t steps, int64_t b,
                       const int64_t *index) {
  thwk_vr v = {.rows = keep->rows,
               .loss = m->loss,
               .y = keep->y,
               .slope = keep->slope,
               .d = m->d,
               .m = steps,
               .b = b,
               .index = index,
               .step = j->step,
               .keep = j->keep,
               .bump = j->bump,
               .x = j->x,
               .drift = j->drift,
               .sum = j->sum,
               .intercept = m->intercept,
               .x0 = *j->x0,
               .keep0 = 1.0 - j->step * j->shift,
               .drift0 = *j->drift0,
               .pair = part(m, PAIR),
               .lag = part(m, LAG),
               .delta = m->delta};
  if (keep->rows->layout == THW_ROWS_CSR)
    m->kern->vr_csr(&v);
  else
    m->kern->vr_dense(&v);
  *j->x0 = v.x0;
  *j->sum0 = v.sum0;
}

static void more_margins(linear *m, vr_job *j, const linear_snapshot *keep, int64_t steps,
                         int64_t b, const int64_t *index) {
  thwk_vr_k v = {.rows = keep->rows,
                 .p = keep->slope,
                 .d = m->d,
                 .k = m->k,
                 .kp = m->kp,
                 .m = steps,
                 .b = b,
                 .index = index,
                 .step = j->step,
                 .keep = j->keep,
                 .bump = j->bump,
                 .x = j->x,
                 .drift = j->drift,
                 .sum = j->sum,
                 .intercept = m->intercept,
                 .keep0 = 1.0 - j->step * j->shift,
                 .x0 = j->x0,
                 .drift0 = j->drift0,
                 .sum0 = j->sum0,
                 .pair = part(m, PAIR),
                 .lag = part(m, LAG),
                 .delta = m->delta,
                 .turned = m->delta + b * m->kp};
  if (m->sparse_k)
    m->kern->vr_csr_k(&v);
  else
    m->kern->vr_dense_k(&v);
}

static thw_status loop(void *self, void *snapshot, thw_view *x, const thw_view *s,
                       const thw_view *mu, double step, double shift, const thw_view *centre,
                       int64_t steps, int64_t b, const int64_t *index, thw_view *sum) {
  linear *m = self;
  int in_place = m->dtype == THW_F64 && !m->sparse_k;
  double *bias = part(m, PARTS);
  if (!centre) shift = 0.0;
  vr_job j = {.drift = part(m, DRIFT),
              .x = in_place ? x->data : part(m, POINT),
              .x0 = bias,
              .drift0 = bias + m->kp,
              .sum0 = bias + 2 * m->kp,
              .step = step,
              .shift = shift,
              .keep = 1.0 - step * (m->l2 + shift),
              .bump = 2.0 * step * m->nonconvex};
  if (!(j.keep >= KEEP_MIN)) return THW_E_UNSUPPORTED;
  THW_TRY(delta_room(m, 2 * b * m->kp));
  if (sum) {
    j.sum = in_place ? sum->data : part(m, SUM);
    if (!in_place) memset(j.sum, 0, (size_t)m->inner * sizeof(double));
  }
  begin(m, &j, x, s, mu, centre);
  if (m->k == 1)
    one_margin(m, &j, snapshot, steps, b, index);
  else
    more_margins(m, &j, snapshot, steps, b, index);
  end(m, &j, x, sum);
  return THW_OK;
}

const thw_vr_model linear_vr = {
    .size = sizeof(thw_vr_model), .prepare = prepare, .loop = loop, .drop = drop};
