/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/recurrent/eval.c - values, gradients, differences and Hessian products.
 *
 * Shards are worked off in waves, one thread each; a wave's gradients are then added up in the
 * order of the shards, in double, so the bits depend neither on the number of threads nor on how
 * many shards make a wave. */
#include <string.h>

#include "recurrent.h"

#define COMBINE_PART 2048

thw_status rec_check(rec *m, const thw_batch *b, int with_target) {
  const thw_rows *r = b->rows;
  if (b->n < 1) return rec_fail(m, THW_E_ARG, "a batch without rows has no mean");
  if (r->layout != THW_ROWS_SEQ)
    return rec_fail(m, THW_E_ARG, "recurrent models need rows that are sequences");
  if (r->width != m->shape.width || (m->shape.tokens ? !r->token : !r->x))
    return rec_fail(m, THW_E_ARG,
                    "sequences of steps with %lld %s do not fit a model that was made for %lld: "
                    "use data with the same steps",
                    (long long)r->width, r->token ? "tokens" : "numbers",
                    (long long)m->shape.width);
  if (r->dtype != m->dtype) return rec_fail(m, THW_E_ARG, "the rows' precision is not the run's");
  if (!with_target) return THW_OK;
  if (rec_is_class(m) ? !r->label : !r->y)
    return rec_fail(m, THW_E_ARG, "these rows have no targets: the loss needs them");
  if (!rec_is_class(m) && (r->targets > 1 ? r->targets : 1) != m->shape.d)
    return rec_fail(m, THW_E_ARG,
                    "these rows have %lld numbers in a target, the model %lld outputs",
                    (long long)(r->targets > 1 ? r->targets : 1), (long long)m->shape.d);
  return THW_OK;
}

/* ---- points and directions -------------------------------------------------------------------
 */

static const void *part(const rec *m, const void *data, int i) {
  return (const char *)data + (size_t)m->block[i].offset * m->kern->real;
}

/* A direction: zero in the blocks that are not trained. */
void rec_direction(const rec *m, const thw_view *v, thwr_weights *out) {
  for (int i = 0; i < thwr_blocks(&m->shape); i++)
    out->v[i] = m->block[i].n && m->block[i].offset >= 0 ? part(m, v->data, i) : NULL;
}

void rec_point(const rec *m, const thw_view *x, rec_job *j) {
  for (int i = 0; i < thwr_blocks(&m->shape); i++) {
    const rec_block *b = &m->block[i];
    j->w.v[i] = !m->linear && b->n && b->offset >= 0 ? part(m, x->data, i) : b->start;
  }
  if (m->linear) rec_direction(m, x, &j->v);
}

static void gradients(const rec *m, void *grad, thwr_gradients *out) {
  for (int i = 0; i < thwr_blocks(&m->shape); i++)
    out->v[i] = m->block[i].n && m->block[i].offset >= 0
                    ? (char *)grad + (size_t)m->block[i].offset * m->kern->real
                    : NULL;
}

/* ---- one shard -------------------------------------------------------------------------------
 */

static void initial_outputs(const rec *m, thwr_shard *s) {
  thwr_weights w = {.out = NULL};
  for (int i = 0; i < thwr_blocks(&m->shape); i++) w.v[i] = m->block[i].start;
  m->kern->forward(&m->shape, &w, s);
  memcpy(s->y0, s->at.y, (size_t)(s->steps * s->b * m->shape.d) * m->kern->real);
}

/* y of the linearised network: y + its derivative along the increment. */
static void add_tangent(const rec *m, thwr_shard *s) {
  int64_t n = s->steps * s->b * m->shape.d;
  if (s->y0) memcpy(s->y0, s->at.y, (size_t)n * m->kern->real);
  for (int64_t i = 0; i < n; i++)
    rec_set(m, s->at.y, i, rec_real(m, s->at.y, i) + rec_real(m, s->dot.y, i));
}

void rec_forward(const rec_job *j, thwr_shard *s) {
  const rec *m = j->m;
  if (s->y0 && !m->linear) initial_outputs(m, s);
  m->kern->forward(&m->shape, &j->w, s);
  if (!m->linear) return;
  m->kern->tangent(&m->shape, &j->w, &j->v, s);
  add_tangent(m, s);
}

static void second_order(const rec_job *j, rec_slot *slot, const thwr_gradients *g) {
  const rec *m = j->m;
  thwr_shard *s = &slot->s;
  const thwr_weights *along = m->linear ? &j->dir : &j->v;
  m->kern->tangent(&m->shape, &j->w, along, s);
  m->kern->curve(&m->shape, &m->loss, s);
  if (j->mode == JOB_HVP && !m->linear)
    m->kern->backward_dot(&m->shape, &j->w, along, s, g);
  else
    m->kern->backward(&m->shape, &j->w, s, s->edot, g, NULL, NULL);
}

static void shard_body(void *arg, int64_t i) {
  const rec_job *j = arg;
  rec *m = j->m;
  rec_slot *slot = &m->slot[i];
  thwr_shard *s = &slot->s;
  thwr_gradients g;
  if (slot->grad) gradients(m, slot->grad, &g);
  int64_t lo = j->lo + i * SHARD, hi = lo + SHARD < j->hi ? lo + SHARD : j->hi;
  rec_gather(m, j->b, lo, hi, slot);
  if (j->kept) rec_carry_in(j, lo, s);
  rec_forward(j, s);
  if (j->kept) rec_carry_out(j, lo, s);
  if (j->mode == JOB_MEASURE || j->mode == JOB_PREDICT) {
    rec_score(j, lo, slot);
    return;
  }
  slot->f = m->kern->loss(&m->shape, &m->loss, s, j->mode == JOB_GRADIENT || j->mode == JOB_HVP);
  if (j->mode == JOB_GRADIENT)
    m->kern->backward(&m->shape, &j->w, s, s->e, &g, NULL, NULL);
  else if (j->mode != JOB_VALUE)
    second_order(j, slot, &g);
}

/* ---- all shards ------------------------------------------------------------------------------
 */

/* Part `i` of the sum of the wave's gradients. */
static void combine_body(void *arg, int64_t i) {
  const rec_job *j = arg;
  const rec *m = j->m;
  int64_t lo = i * COMBINE_PART, hi = lo + COMBINE_PART < m->n ? lo + COMBINE_PART : m->n;
  double sum[COMBINE_PART];
  for (int64_t p = lo; p < hi; p++) sum[p - lo] = j->begin ? 0.0 : m->sum[p];
  for (int64_t k = 0; k < j->shards; k++) {
    const void *grad = m->slot[k].grad;
    if (m->dtype == THW_F32)
      for (int64_t p = lo; p < hi; p++) sum[p - lo] += j->sign * (double)((const float *)grad)[p];
    else
      for (int64_t p = lo; p < hi; p++) sum[p - lo] += j->sign * ((const double *)grad)[p];
  }
  if (!j->end) {
    memcpy(m->sum + lo, sum, (size_t)(hi - lo) * sizeof *sum);
    return;
  }
  double n = (double)j->b->n;
  if (m->dtype == THW_F32)
    for (int64_t p = lo; p < hi; p++) ((float *)j->g->data)[p] = (float)(sum[p - lo] / n);
  else
    for (int64_t p = lo; p < hi; p++) ((double *)j->g->data)[p] = sum[p - lo] / n;
}

/* Floating-point operations of one pass over the batch, about. */
static double work_of(const rec *m, const thw_batch *b) {
  const thwr_shape *s = &m->shape;
  double per_step = (double)s->m * (double)(s->m + (s->tokens ? 1 : s->width)) +
                    (double)(s->layers - 1) * 2.0 * (double)s->m * (double)s->m;
  per_step = per_step * (double)thwr_gates(s) + (double)s->m * (double)s->d;
  return 6.0 * per_step * (double)b->n * (double)(b->rows->steps > 0 ? b->rows->steps : 1);
}

static thw_status sum_room(rec *m) {
  if (!m->sum) m->sum = m->host->alloc(m->ctx, (size_t)m->n * sizeof *m->sum);
  return m->sum ? THW_OK : rec_fail(m, THW_E_NOMEM, "out of memory for a sum of gradients");
}

/* The shards of one wave, and their sums in order. */
static void run_wave(rec_job *j, double work, int begin, int end) {
  rec *m = j->m;
  j->shards = (j->hi - j->lo + SHARD - 1) / SHARD;
  m->host->parallel(m->ctx, j->shards, work * (double)(j->hi - j->lo) / (double)j->b->n, shard_body,
                    j);
  for (int64_t k = 0; k < j->shards; k++) {
    j->f += m->slot[k].f;
    for (int i = 0; i < 2; i++) j->sum[i] += m->slot[k].sum[i];
  }
  if (!j->g) return;
  j->begin = begin && j->lo == 0;
  j->end = end && j->hi == j->b->n;
  m->host->parallel(m->ctx, (m->n + COMBINE_PART - 1) / COMBINE_PART,
                    2.0 * (double)m->n * (double)j->shards, combine_body, j);
}

/* W is read at every step of every shard: laid out once. */
static thw_status pack(rec_job *j) {
  rec *m = j->m;
  if (!m->kern->pack) return THW_OK;
  if (!m->packed) m->packed = m->host->alloc(m->ctx, m->kern->pack_size(&m->shape));
  if (!m->packed) return rec_fail(m, THW_E_NOMEM, "out of memory for a copy of W");
  m->kern->pack(&m->shape, &j->w, m->packed);
  return THW_OK;
}

static thw_status run_pass(rec_job *j, int begin, int end) {
  rec *m = j->m;
  int64_t n = j->b->n, wave, group_end;
  double work = work_of(m, j->b);
  THW_TRY(rec_slots(m, j->b, j->mode, &wave));
  THW_TRY(pack(j));
  if (begin) rec_carry_plan(j);
  if (j->g && (n > wave * SHARD || j->group < n || !begin || !end)) THW_TRY(sum_room(m));
  for (j->lo = 0; j->lo < n; j->lo = j->hi) {
    group_end = (j->lo / j->group + 1) * j->group;
    j->hi = j->lo + wave * SHARD < group_end ? j->lo + wave * SHARD : group_end;
    if (j->hi > n) j->hi = n;
    run_wave(j, work, begin, end);
  }
  return THW_OK;
}

thw_status rec_run(rec_job *j) {
  return run_pass(j, 1, 1);
}

/* ---- entries ---------------------------------------------------------------------------------
 */

thw_status rec_eval(void *self, const thw_view *x, const thw_batch *b, double *f, thw_view *g) {
  rec *m = self;
  rec_job j = {.m = m, .b = b, .mode = g ? JOB_GRADIENT : JOB_VALUE, .sign = 1, .g = g};
  THW_TRY(rec_check(m, b, 1));
  rec_point(m, x, &j);
  THW_TRY(rec_run(&j));
  if (f) *f = j.f / (double)b->n;
  return THW_OK;
}

thw_status rec_diff(void *self, const thw_view *x, const thw_view *y, const thw_batch *b,
                    thw_view *d) {
  rec *m = self;
  rec_job j = {.m = m, .b = b, .mode = JOB_GRADIENT, .sign = 1, .g = d};
  THW_TRY(rec_check(m, b, 1));
  rec_point(m, x, &j);
  THW_TRY(run_pass(&j, 1, 0));
  j.sign = -1;
  rec_point(m, y, &j);
  return run_pass(&j, 0, 1);
}

static thw_status product(rec *m, int mode, const thw_view *x, const thw_view *v,
                          const thw_batch *b, thw_view *hv) {
  rec_job j = {.m = m, .b = b, .mode = mode, .sign = 1, .g = hv};
  THW_TRY(rec_check(m, b, 1));
  rec_point(m, x, &j);
  rec_direction(m, v, m->linear ? &j.dir : &j.v);
  return rec_run(&j);
}

thw_status rec_hvp(void *self, const thw_view *x, const thw_view *v, const thw_batch *b,
                   thw_view *hv) {
  return product(self, JOB_HVP, x, v, b, hv);
}

thw_status rec_gauss_newton(rec *m, const thw_view *x, const thw_view *v, const thw_batch *b,
                            thw_view *hv) {
  return product(m, JOB_GAUSS_NEWTON, x, v, b, hv);
}
