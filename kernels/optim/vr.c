/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/optim/vr.h"

/* Rows in one piece of an epoch. A piece of a sparse problem is settled in O(d), so it has at least
 * d rows. */
#define CHUNK_ROWS 4096

double optim_vr_rule(double c, double b, double m, double L, double VH) {
  double cap = 0.5 / L;
  if (!(VH > 0.0)) return cap;
  return fmin(c * cbrt(b / (VH * L * m * m)), cap);
}

void optim_vr_batch(optim_vr *v, const optim *o, int64_t b) {
  int64_t rows = o->space->n > CHUNK_ROWS ? o->space->n : CHUNK_ROWS;
  v->b = b;
  v->chunk = (rows + b - 1) / b;
}

void optim_vr_start(optim_vr *v, const optim *o, int64_t b, int fused) {
  *v = (optim_vr){.fused = fused ? thw_ext(&o->oracle, THW_EXT_VR) : NULL, .radius = INFINITY};
  optim_vr_batch(v, o, b);
}

thw_status optim_vr_gradient(const optim *o, optim_vr *v, const thw_vec *x, thw_vec *g,
                             void **snap) {
  *snap = NULL;
  if (v->fused) {
    thw_status st = v->fused->prepare(o->oracle.self, x, g, snap);
    if (st != THW_E_UNSUPPORTED) return st;
    v->fused = NULL;
  }
  return thw_oracle_eval(&o->oracle, x, NULL, NULL, g);
}

void optim_vr_drop(const optim *o, optim_vr *v) {
  if (v->snap) v->fused->drop(o->oracle.self, v->snap);
  v->snap = NULL;
}

int64_t optim_vr_piece(const optim_vr *v, int64_t t, int64_t m) {
  int64_t k = v->chunk - t % v->chunk;
  return m - t < k ? m - t : k;
}

/* 2 weight (1 - radius/|x - s|), or 0 inside the zone; v->d is free. */
static thw_status penalty(optim_vr *v, double *c) {
  const thw_vec *in[2] = {v->x, v->s};
  static const double one[2] = {1.0, -1.0};
  double far = 0.0;
  *c = 0.0;
  if (!isfinite(v->radius)) return THW_OK;
  THW_TRY(thw_lincomb(v->d, 0.0, 2, one, in));
  THW_TRY(thw_norm2(v->d, &far));
  if (far > v->radius) *c = 2.0 * v->weight * (1.0 - v->radius / far);
  return THW_OK;
}

static thw_status plain_step(const optim *o, optim_vr *v) {
  double pen, step = v->step;
  thw_batch *b;
  THW_TRY(penalty(v, &pen));
  THW_TRY(thw_oracle_draw(&o->oracle, &v->draw, THW_DRAW_UNIFORM, v->b, &b));
  thw_status st = thw_oracle_diff(&o->oracle, v->x, v->s, b, v->d);
  thw_oracle_release(&o->oracle, b);
  THW_TRY(st);
  double c[4] = {-step, -step};
  const thw_vec *in[4] = {v->d, v->mu};
  uint32_t k = 2;
  if (v->shift != 0.0) c[k] = step * v->shift, in[k++] = v->centre;
  if (pen != 0.0) c[k] = step * pen, in[k++] = v->s;
  return thw_lincomb(v->x, 1.0 - step * (v->shift + pen), k, c, in);
}

static thw_status add_to_sum(optim_vr *v, const thw_vec *x, double times) {
  const double c[2] = {1.0, -times};
  const thw_vec *in[2] = {x, v->centre};
  return thw_lincomb(v->sum, 1.0, 2, c, in);
}

static thw_status plain_steps(const optim *o, optim_vr *v, int64_t k) {
  for (int64_t i = 0; i < k; i++) {
    if (v->sum) THW_TRY(add_to_sum(v, v->x, 1.0));
    THW_TRY(plain_step(o, v));
  }
  return THW_OK;
}

static thw_status fused_steps(const optim *o, optim_vr *v, int64_t k) {
  thw_vr_job job = {.size = sizeof job,
                    .snapshot = v->snap,
                    .x = v->x,
                    .s = v->s,
                    .mu = v->mu,
                    .step = v->step,
                    .shift = v->shift,
                    .centre = v->shift != 0.0 ? v->centre : NULL,
                    .m = k,
                    .b = v->b,
                    .draw = &v->draw,
                    .sum = v->sum ? v->d : NULL};
  if (v->sum) THW_TRY(thw_fill(v->d, 0.0));
  THW_TRY(v->fused->loop(o->oracle.self, &job));
  return v->sum ? add_to_sum(v, v->d, (double)k) : THW_OK;
}

thw_status optim_vr_steps(const optim *o, optim_vr *v, int64_t k) {
  if (!v->snap || isfinite(v->radius)) return plain_steps(o, v, k);
  thw_rng before = v->draw;
  thw_status st = fused_steps(o, v, k);
  if (st != THW_E_UNSUPPORTED) return st;
  v->draw = before;
  optim_vr_drop(o, v);
  v->fused = NULL;
  return plain_steps(o, v, k);
}
