/* SPDX-License-Identifier: BSD-3-Clause */
/* What a search must know and may not have been told: the probe radius and its error, L, V_H, and
 * the variance of gradients. */
#include "kernels/curvature/internal.h"

double curv_roundoff(const thw_space *space) {
  return space->dtype == THW_F32 ? 5.9604644775390625e-8 : 1.1102230246251565e-16;
}

/* ---- one fixed sample of rows ---------------------------------------------------------------- */

/* The whole sum when it is small (batch is NULL and the cached gradient serves), else one batch of
 * `rows`, whose gradient at x0 is kept. */
typedef struct fixed {
  thw_batch *batch;
  const thw_vec *g;
} fixed;

static thw_status fixed_new(curv_run *s, int64_t rows, thw_vec *keep, fixed *f) {
  *f = (fixed){0};
  if (s->p->n >= 0 && s->p->n <= CURV_BATCH) {
    THW_TRY(curv_need_g0(s));
    f->g = s->g0;
    return THW_OK;
  }
  THW_TRY(curv_spend(s, rows));
  THW_TRY(thw_oracle_draw(s->p->oracle, s->p->rng, THW_DRAW_SUBSET, rows, &f->batch));
  f->g = keep;
  thw_status st = curv_guard(s, thw_oracle_eval(s->p->oracle, s->p->x0, f->batch, NULL, keep));
  if (st != THW_OK) thw_oracle_release(s->p->oracle, f->batch);
  return st;
}

/* hv = H w on the sample, |w| = 1. */
static thw_status fixed_product(curv_run *s, const fixed *f, const thw_vec *w, double q,
                                thw_vec *hv) {
  THW_TRY(curv_spend(s, f->batch ? f->batch->n : s->p->n));
  const thw_vec *in[2] = {s->p->x0, w};
  const double c[2] = {1.0, q};
  THW_TRY(thw_lincomb(s->w->point, 0.0, 2, c, in));
  THW_TRY(curv_guard(s, thw_oracle_eval(s->p->oracle, s->w->point, f->batch, NULL, hv)));
  THW_TRY(thw_axpy(hv, -1.0, f->g));
  return thw_scale(hv, 1.0 / q);
}

/* ---- probe radius ---------------------------------------------------------------------------- */

static thw_status sqrt_radius(curv_run *s, double *q) {
  double norm;
  THW_TRY(thw_norm2(s->p->x0, &norm));
  if (!isfinite(norm)) return curv_end(s, CURV_DIVERGED);
  *q = sqrt(curv_roundoff(s->p->x0->space)) * fmax(1.0, norm);
  return THW_OK;
}

/* hv by the radius q, and its distance e from that by 2q: below the best radius rounding rules,
 * above it the third derivative. */
static thw_status compare(curv_run *s, const fixed *f, const thw_vec *w, double q, double *e) {
  thw_vec *hv = s->w->b, *hv2 = s->w->c;
  THW_TRY(fixed_product(s, f, w, q, hv));
  THW_TRY(fixed_product(s, f, w, 2 * q, hv2));
  THW_TRY(thw_axpy(hv2, -1.0, hv));
  return thw_norm2(hv2, e);
}

/* The radius, of five, with the smallest error. */
static thw_status best_radius(curv_run *s, const fixed *f, const thw_vec *w, double base) {
  static const double factor[5] = {1e-2, 1e-1, 1, 1e1, 1e2};
  s->r->probe_error = NAN;
  for (int j = 0; j < 5; j++) {
    double q = base * factor[j], e;
    THW_TRY(compare(s, f, w, q, &e));
    if (!isfinite(e) || s->r->probe_error <= e) continue;
    s->r->probe_error = e;
    s->q = q;
  }
  return isnan(s->r->probe_error) ? curv_end(s, CURV_DIVERGED) : THW_OK;
}

/* *good: the middle one is good enough, which it mostly is. */
static thw_status first_radius(curv_run *s, const fixed *f, const thw_vec *w, double base,
                               int *good) {
  double e;
  THW_TRY(compare(s, f, w, base, &e));
  *good = CURV_GOOD_ENOUGH * e <= s->o->delta;
  if (!*good) return THW_OK;
  s->r->probe_error = e;
  s->q = base;
  return THW_OK;
}

/* A batch's gradient goes where the whole one would: nothing needs that before. */
static thw_status measure_on(curv_run *s, int64_t rows, const thw_vec *w, double base, int *good,
                             int *made) {
  fixed f;
  int pilot = rows < CURV_BATCH;
  THW_TRY(fixed_new(s, rows, s->w->g0, &f));
  thw_status st = pilot ? first_radius(s, &f, w, base, good) : THW_OK;
  *made = *good && !f.batch;
  if (st == THW_OK && !*good && !(pilot && f.batch)) {
    st = best_radius(s, &f, w, base);
    *good = 1;
  }
  thw_oracle_release(s->p->oracle, f.batch);
  return st;
}

/* Mostly a few rows say that the default radius is good enough; the five radii are compared on
 * more. What a few rows round to is not less than what many do, so the guard errs on the safe side.
 */
static thw_status measured_radius(curv_run *s, const thw_vec *w, int *made) {
  double base;
  int good = 0;
  THW_TRY(sqrt_radius(s, &base));
  if (!w) THW_TRY(thw_unit_vec(s->w->a, s->p->rng));
  if (!w) w = s->w->a;
  THW_TRY(measure_on(s, CURV_PILOT, w, base, &good, made));
  return good ? THW_OK : measure_on(s, CURV_BATCH, w, base, &good, made);
}

thw_status curv_probe_radius(curv_run *s, const thw_vec *w, int *made) {
  *made = 0;
  switch (s->o->probe) {
  case CURV_PROBE_AUTO:
    THW_TRY(measured_radius(s, w, made));
    break;
  case CURV_PROBE_FIXED:
    s->q = s->o->q;
    s->r->probe_error = s->o->probe_error;
    break;
  default: /* the literal form still needs a radius for its estimates */
    THW_TRY(sqrt_radius(s, &s->q));
  }
  s->r->q = s->q;
  return s->o->delta < 8 * s->r->probe_error ? curv_end(s, CURV_PRECISION) : THW_OK;
}

/* ---- constants ------------------------------------------------------------------------------- */

static thw_status power_iteration(curv_run *s, const fixed *f, double *L) {
  thw_vec *w = s->w->a, *hv = s->w->b;
  THW_TRY(thw_unit_vec(w, s->p->rng));
  double norm = 0;
  for (int t = 0; t < CURV_POWER_STEPS; t++) {
    THW_TRY(fixed_product(s, f, w, s->q, hv));
    THW_TRY(thw_norm2(hv, &norm));
    if (!isfinite(norm)) return curv_end(s, CURV_DIVERGED);
    if (!(norm > 0)) break;
    THW_TRY(thw_axpby(w, 1.0 / norm, hv, 0.0));
    /* in single precision 1/norm may round the vector away from length one */
    double length;
    THW_TRY(thw_norm2(w, &length));
    if (!(length > 0)) break;
    THW_TRY(thw_scale(w, 1.0 / length));
  }
  *L = CURV_POWER_MARGIN * norm;
  return THW_OK;
}

thw_status curv_measure_lipschitz(curv_run *s, double *L) {
  fixed f;
  THW_TRY(fixed_new(s, CURV_BATCH, s->w->c, &f));
  thw_status st = power_iteration(s, &f, L);
  thw_oracle_release(s->p->oracle, f.batch);
  return st;
}

/* Welford's update of the mean of `count` - 1 vectors by x, which is overwritten: the squared
 * distances from the mean grow by *m2. Weights are those of rows. */
static thw_status welford(thw_vec *mean, thw_vec *x, double before, double weight, double *m2) {
  double total = before + weight, sq;
  THW_TRY(thw_axpy(x, -1.0, mean));
  THW_TRY(thw_dot(x, x, &sq));
  *m2 += weight * before / total * sq;
  return thw_axpy(mean, weight / total, x);
}

static thw_status sample_variance(curv_run *s, const thw_batch *batch, double *out) {
  thw_vec *u = s->w->a, *mean = s->w->b, *hv = s->w->c;
  double m2 = 0;
  THW_TRY(thw_unit_vec(u, s->p->rng));
  THW_TRY(thw_fill(mean, 0.0));
  for (int64_t i = 0; i < batch->n; i++) {
    thw_batch row = curv_part(batch, i, batch->n);
    THW_TRY(curv_on_batch(s, &row, u, 1.0, s->q, hv));
    THW_TRY(welford(mean, hv, (double)i, 1.0, &m2));
  }
  *out = m2 / (double)(batch->n - 1);
  return isfinite(*out) ? THW_OK : curv_end(s, CURV_DIVERGED);
}

thw_status curv_measure_variance(curv_run *s, double *V_H) {
  *V_H = 0;
  if (s->p->n == 1) return THW_OK;
  for (int k = 0; k < 3; k++) {
    double v = 0;
    thw_batch *batch;
    THW_TRY(thw_oracle_draw(s->p->oracle, s->p->rng, THW_DRAW_UNIFORM, 32, &batch));
    thw_status st = sample_variance(s, batch, &v);
    thw_oracle_release(s->p->oracle, batch);
    THW_TRY(st);
    *V_H = fmax(*V_H, v);
  }
  return THW_OK;
}

/* ---- the same for callers outside a search --------------------------------------------------- */

static thw_status outside(const curv_problem *p, double q, curv_work *w, int64_t *cost,
                          thw_status (*measure)(curv_run *, double *), double *out) {
  curv_options o;
  curv_result r = {.status = CURV_BOTTOM};
  curv_options_default(&o);
  curv_run s = {.p = p, .o = &o, .w = w, .r = &r, .d = p->x0->space->n, .q = q};
  thw_status st = q > 0 ? THW_OK : sqrt_radius(&s, &s.q);
  if (st == THW_OK) st = measure(&s, out);
  *cost += r.cost;
  return st == CURV_END ? THW_E_NONFINITE : st;
}

thw_status curv_lipschitz(const curv_problem *p, double q, curv_work *w, double *L, int64_t *cost) {
  return outside(p, q, w, cost, curv_measure_lipschitz, L);
}

thw_status curv_hessian_variance(const curv_problem *p, double q, curv_work *w, double *V_H,
                                 int64_t *cost) {
  return outside(p, q, w, cost, curv_measure_variance, V_H);
}

/* ---- variance of gradients ------------------------------------------------------------------- */

thw_status curv_gradient_variance(const curv_problem *p, int64_t m, uint32_t k, thw_vec *mean,
                                  thw_vec *scratch, double *variance, int64_t *cost) {
  thw_batch *batch;
  if (p->n >= 0 && m > p->n) m = p->n;
  if ((int64_t)k > m) k = (uint32_t)m;
  THW_TRY(thw_oracle_draw(p->oracle, p->rng, THW_DRAW_SUBSET, m, &batch));
  double m2 = 0, before = 0;
  thw_status st = thw_fill(mean, 0.0);
  for (uint32_t j = 0; j < k && st == THW_OK; j++) {
    thw_batch part = curv_part(batch, j, k);
    st = thw_oracle_eval(p->oracle, p->x0, &part, NULL, scratch);
    if (st == THW_OK) st = welford(mean, scratch, before, (double)part.n, &m2);
    before += (double)part.n;
    *cost += part.n;
  }
  thw_oracle_release(p->oracle, batch);
  *variance = k > 1 ? m2 / (k - 1) : 0.0;
  return st;
}
