/* SPDX-License-Identifier: BSD-3-Clause */
/* The method: an epoch is a full gradient at the snapshot s and m cheap steps from there,
 * x = x - eta (g_I(x) - g_I(s) + mu). */
#include "plugins/optimizers/svrg/svrg.h"

#include <string.h>

enum { X, S, MU, FRESH, D, SUM, DELTA, P0, P1, VECS };

static int64_t clamp(double v, int64_t lo, int64_t hi) {
  if (!(v > (double)lo)) return lo;
  return v < (double)hi ? (int64_t)v : hi;
}

/* ---- start ---------------------------------------------------------------------------------- */

/* What follows from the parameters and the facts. */
static thw_status settle(svrg *s) {
  const struct svrg_params *p = s->p;
  int64_t n = s->o.n;
  s->convex = s->o.facts.convexity > 0.0;
  int64_t b = p->batch > 0 ? p->batch : s->convex ? 1 : 16;
  if (b > n) b = n;
  if (p->epoch > 0)
    s->mean_m = p->epoch;
  else if (p->loopless && p->probability > 0.0)
    s->mean_m = clamp(round(1.0 / p->probability), 1, INT64_MAX / 2);
  else if (s->convex)
    s->mean_m = (2 * n + b - 1) / b;
  else
    s->mean_m = (n + 2 * b - 1) / (2 * b);
  s->adaptive = p->adapt == SVRG_ON || (p->adapt == SVRG_AUTO && s->convex && p->step == 0.0);
  optim_vr_start(&s->v, &s->o, b, p->fused);
  if (svrg_by_one_row(s)) return THW_OK;
  return optim_ask(&s->o, THW_FACT_LIPSCHITZ | (svrg_by_rows(s) ? 0 : THW_FACT_VARIANCE_HESS));
}

thw_status svrg_reset(void *self, const thw_vec *x) {
  svrg *s = self;
  THW_TRY(optim_ready(&s->o));
  optim_vr_drop(&s->o, &s->v);
  optim_guard_moved(&s->g);
  s->t = -1;
  s->owed = 0;
  s->norm_s = 0.0;
  s->growth = 1.0;
  optim_constants_stale(&s->c);
  return thw_copy(s->v.x, x);
}

/* The epoch that has ended is judged on the objective that it was made on, when the gradient at its
 * end comes in; till then mu stays what it was. */
thw_status svrg_moved(void *self, const thw_vec *delta) {
  svrg *s = self;
  THW_TRY(optim_ready(&s->o));
  optim_guard_moved(&s->g);
  if (s->t < 0 || s->t < s->m) return svrg_reset(s, s->v.x);
  THW_TRY(thw_axpby(s->delta, 1.0, delta, s->owed ? 1.0 : 0.0));
  s->owed = s->followed = 1;
  return THW_OK;
}

/* Where the gradient of the epoch's objective has norm |fresh - delta|. The snapshot moves along:
 * what the fused loop keeps of it is the same for both objectives. */
static thw_status settle_move(svrg *s, double *norm) {
  if (!s->owed) return thw_norm2(s->fresh, norm);
  THW_TRY(thw_axpy(s->v.mu, 1.0, s->delta));
  THW_TRY(thw_axpy(s->delta, -1.0, s->fresh));
  THW_TRY(thw_norm2(s->delta, norm));
  s->owed = 0;
  return THW_OK;
}

static void use_vectors(svrg *s) {
  thw_vec **v = s->o.vec;
  s->v.x = v[X], s->v.s = v[S], s->v.mu = v[MU], s->v.d = v[D], s->v.centre = v[S];
  s->fresh = v[FRESH], s->sum = v[SUM], s->delta = v[DELTA];
  s->v.sum = s->p->snapshot == SVRG_AVERAGE ? s->sum : NULL;
  /* Estimates are made between epochs, when these hold nothing. */
  s->probe.work = (curv_work){.g0 = v[SUM], .point = v[P0], .a = v[D], .b = v[FRESH], .c = v[P1]};
}

static thw_status use_streams(svrg *s) {
  const thw_host *h = s->o.host;
  thw_rng guard;
  THW_TRY(h->rng(s->o.ctx, "estimate", &s->probe.rng));
  THW_TRY(h->rng(s->o.ctx, "draw", &s->v.draw));
  THW_TRY(h->rng(s->o.ctx, "epoch", &s->pick));
  THW_TRY(h->rng(s->o.ctx, "guard", &guard));
  int on = s->p->guard == SVRG_ON || (s->p->guard == SVRG_AUTO && !s->convex);
  optim_guard_start(&s->g, on, s->p->guard_batch, s->p->guard_tol, &guard);
  return THW_OK;
}

thw_status svrg_start(void *self, const thw_object *oracle, const thw_vec *x0) {
  svrg *s = self;
  optim_vr_drop(&s->o, &s->v); /* while the oracle that made it is still there */
  THW_TRY(optim_start(&s->o, oracle, VECS));
  THW_TRY(optim_ask(&s->o, THW_FACT_LIPSCHITZ_MAX | THW_FACT_CONVEXITY));
  THW_TRY(optim_need_sum(&s->o, "svrg", "the optimizer \"scsg\" or \"sgd\""));
  THW_TRY(settle(s));
  use_vectors(s);
  THW_TRY(use_streams(s));
  optim_constants_start(&s->c, s->p->lipschitz, s->p->variance_hess, s->p->reestimate);
  s->epochs = s->m = s->picked = s->followed = 0;
  return svrg_reset(s, x0);
}

/* ---- epochs --------------------------------------------------------------------------------- */

/* mu itself has been restored: an objective that an outer method shifts may not yet be where it
 * was. */
thw_status svrg_restore(svrg *s) {
  optim_vr_drop(&s->o, &s->v);
  if (s->t < 0 || !s->v.fused) return THW_OK;
  return optim_vr_gradient(&s->o, &s->v, s->v.s, s->fresh, &s->v.snap);
}

static thw_status use_snapshot(svrg *s, void *snap, double norm) {
  optim_vr_drop(&s->o, &s->v);
  s->v.snap = snap;
  s->norm_s = norm;
  thw_vec *t = s->v.mu;
  s->v.mu = s->fresh, s->fresh = t;
  THW_TRY(thw_copy(s->v.s, s->v.x));
  return optim_guard_begin(&s->o, &s->g, s->v.s);
}

/* Length of the next epoch, and the iterate that `random` takes. */
static void plan(svrg *s) {
  s->m = s->mean_m;
  if (s->p->loopless && s->mean_m > 1) {
    double u = 1.0 - thw_rng_uniform(&s->pick);
    s->m = clamp(1.0 + floor(log(u) / log1p(-1.0 / (double)s->mean_m)), 1, INT64_MAX / 2);
  }
  s->picked = s->p->snapshot == SVRG_RANDOM ? thw_rng_index(&s->pick, s->m) + 1 : s->m;
  s->v.step = svrg_base_step(s) * s->g.mult * s->growth * s->o.scale;
  s->t = 0;
}

/* s, mu and the lengths of a new epoch; back to the old snapshot when x has run away. */
static thw_status begin_epoch(svrg *s, optim_meter *m) {
  if (s->t >= 0 && s->t == s->m) s->t = -1;
  if (!svrg_by_one_row(s))
    THW_TRY(optim_constants_settle(&s->c, &s->o, &s->probe, s->v.x, !svrg_by_rows(s), &m->used));
  void *snap;
  double norm;
  int ok;
  THW_TRY(optim_vr_gradient(&s->o, &s->v, s->v.x, s->fresh, &snap));
  m->used += s->o.n;
  THW_TRY(settle_move(s, &norm));
  svrg_adapt(s, norm, &ok);
  if (!ok) {
    if (snap) s->v.fused->drop(s->o.oracle.self, snap);
    s->g.rejected++;
    optim_guard_moved(&s->g);
    THW_TRY(thw_copy(s->v.x, s->v.s));
    THW_TRY(optim_guard_begin(&s->o, &s->g, s->v.s));
    THW_TRY(thw_norm2(s->v.mu, &s->norm_s));
  } else {
    THW_TRY(thw_norm2(s->fresh, &norm));
    THW_TRY(use_snapshot(s, snap, norm));
  }
  plan(s);
  return THW_OK;
}

/* Steps until the epoch is cut next, at the latest at the iterate to be kept. */
static int64_t piece(const svrg *s) {
  return optim_vr_piece(&s->v, s->t, s->t < s->picked ? s->picked : s->m);
}

/* The point that the next epoch starts from; the guard looks at it. */
static thw_status end_epoch(svrg *s, int finite) {
  int ok;
  optim_vr *v = &s->v;
  if (finite && s->p->snapshot == SVRG_AVERAGE) {
    const thw_vec *in[2] = {v->s, s->sum};
    const double c[2] = {1.0, 1.0 / (double)s->m};
    THW_TRY(thw_lincomb(v->x, 0.0, 2, c, in));
  }
  if (finite && s->p->snapshot == SVRG_RANDOM) THW_TRY(thw_copy(v->x, s->sum));
  THW_TRY(optim_guard_end(&s->o, &s->g, "svrg", v->step, v->x, finite, &ok));
  s->epochs++;
  optim_constants_epoch(&s->c, s->o.n + 2 * s->m * v->b);
  s->t = s->m;
  if (ok) return THW_OK;
  THW_TRY(thw_copy(v->x, v->s));
  plan(s);
  return THW_OK;
}

/* One piece; *ended when it was the epoch's last, or when x is no longer finite. */
static thw_status advance(svrg *s, optim_meter *m, int *ended) {
  int64_t k = piece(s);
  if (s->t == 0 && s->v.sum) THW_TRY(thw_fill(s->v.sum, 0.0));
  thw_status st = optim_vr_steps(&s->o, &s->v, k);
  m->used += 2 * k * s->v.b;
  *ended = 1;
  if ((st == THW_E_NONFINITE || st == THW_RETRY) && s->g.on) return end_epoch(s, 0);
  THW_TRY(st);
  s->t += k;
  if (s->p->snapshot == SVRG_RANDOM && s->t == s->picked) THW_TRY(thw_copy(s->sum, s->v.x));
  *ended = s->t == s->m;
  return *ended ? end_epoch(s, 1) : THW_OK;
}

thw_status svrg_step(void *self, thw_step *io) {
  svrg *s = self;
  optim_meter m = optim_meter_of(io);
  int ended = 0;
  THW_TRY(optim_ready(&s->o));
  while (!ended) {
    int due = s->t < 0 || s->t == s->m;
    if (!optim_go_on(&m, due ? s->o.n : 2 * s->v.b * piece(s))) break;
    THW_TRY(due ? begin_epoch(s, &m) : advance(s, &m, &ended));
  }
  io->epoch_end = ended;
  if (s->t == 0) io->grad_norm = s->norm_s;
  return THW_OK;
}

thw_status svrg_point(void *self, thw_vec *x) {
  svrg *s = self;
  int32_t finite = 1;
  THW_TRY(optim_ready(&s->o));
  if (s->t > 0 && s->g.on) THW_TRY(s->v.x->ops->finite(s->v.x, &finite));
  return thw_copy(x, finite ? s->v.x : s->v.s);
}
