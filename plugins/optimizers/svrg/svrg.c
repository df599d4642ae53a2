/* SPDX-License-Identifier: BSD-3-Clause */
/* The method: an epoch is a full gradient at the snapshot s and m cheap steps from there,
 * x = x - eta (g_I(x) - g_I(s) + mu). */
#include "plugins/optimizers/svrg/svrg.h"

#include <string.h>

/* Rows in one piece of an epoch. Pieces are counted from the start of the epoch whatever the
 * caller allows in one step, because lazy updates round differently when they are cut elsewhere.
 * A piece of a sparse problem is settled in O(d), so it has at least d rows. */
#define CHUNK_ROWS 4096

enum { X, S, MU, FRESH, D, SUM, P0, P1, VECS };

static int64_t clamp(double v, int64_t lo, int64_t hi) {
  if (!(v > (double)lo)) return lo;
  return v < (double)hi ? (int64_t)v : hi;
}

/* ---- start ---------------------------------------------------------------------------------- */

/* What follows from the parameters and the facts. */
static void settle(svrg *s) {
  const struct svrg_params *p = s->p;
  int64_t n = s->o.n;
  s->convex = s->o.facts.convexity > 0.0;
  s->b = p->batch > 0 ? p->batch : s->convex ? 1 : 16;
  if (s->b > n) s->b = n;
  if (p->epoch > 0)
    s->mean_m = p->epoch;
  else if (p->loopless && p->probability > 0.0)
    s->mean_m = clamp(round(1.0 / p->probability), 1, INT64_MAX / 2);
  else if (s->convex)
    s->mean_m = (2 * n + s->b - 1) / s->b;
  else
    s->mean_m = (n + 2 * s->b - 1) / (2 * s->b);
  int64_t rows = s->o.space->n > CHUNK_ROWS ? s->o.space->n : CHUNK_ROWS;
  s->chunk = (rows + s->b - 1) / s->b;
  s->guarded = p->guard == SVRG_ON || (p->guard == SVRG_AUTO && !s->convex);
  s->adaptive = p->adapt == SVRG_ON || (p->adapt == SVRG_AUTO && s->convex && p->step == 0.0);
}

thw_status svrg_reset(void *self, const thw_vec *x) {
  svrg *s = self;
  THW_TRY(optim_ready(&s->o));
  svrg_drop(s);
  s->t = -1;
  s->norm_s = 0.0;
  s->growth = 1.0;
  optim_constants_stale(&s->c);
  return thw_copy(s->x, x);
}

thw_status svrg_start(void *self, const thw_object *oracle, const thw_vec *x0) {
  svrg *s = self;
  svrg_drop(s); /* while the oracle that made it is still there */
  THW_TRY(optim_start(&s->o, oracle, VECS));
  THW_TRY(optim_need_sum(&s->o, "svrg", "the optimizer \"scsg\" or \"sgd\""));
  thw_vec **v = s->o.vec;
  s->x = v[X], s->s = v[S], s->mu = v[MU], s->fresh = v[FRESH], s->d = v[D], s->sum = v[SUM];
  /* Estimates are made between epochs, when these hold nothing. */
  s->probe.work = (curv_work){.g0 = v[SUM], .point = v[P0], .a = v[D], .b = v[FRESH], .c = v[P1]};
  THW_TRY(s->o.host->rng(s->o.ctx, "estimate", &s->probe.rng));
  THW_TRY(s->o.host->rng(s->o.ctx, "draw", &s->draw));
  THW_TRY(s->o.host->rng(s->o.ctx, "epoch", &s->pick));
  THW_TRY(s->o.host->rng(s->o.ctx, "guard", &s->guard));
  s->vr = s->p->fused ? thw_ext(oracle, THW_EXT_VR) : NULL;
  settle(s);
  optim_constants_start(&s->c, s->p->lipschitz, s->p->variance_hess, s->p->reestimate);
  s->growth = s->mult = 1.0;
  s->eta = s->f_guard = s->norm_s = 0.0;
  s->epochs = s->rejected = s->in_a_row = s->m = s->picked = 0;
  return svrg_reset(s, x0);
}

void svrg_drop(svrg *s) {
  if (s->snap) s->vr->drop(s->o.oracle.self, s->snap);
  s->snap = NULL;
}

/* ---- epochs --------------------------------------------------------------------------------- */

/* Full gradient at x into g, with a snapshot for the fused loop where there is one. */
static thw_status gradient(svrg *s, const thw_vec *x, thw_vec *g, void **snap) {
  *snap = NULL;
  if (s->vr) {
    const thw_object *o = &s->o.oracle;
    thw_status st = s->vr->prepare(o->self, x, g, snap);
    if (st != THW_E_UNSUPPORTED) return st;
    s->vr = NULL;
  }
  return thw_oracle_eval(&s->o.oracle, x, NULL, NULL, g);
}

/* mu itself has been restored: an objective that an outer method shifts may not yet be where it
 * was. */
thw_status svrg_restore(svrg *s) {
  svrg_drop(s);
  if (s->t < 0 || !s->vr) return THW_OK;
  return gradient(s, s->s, s->fresh, &s->snap);
}

static thw_status use_snapshot(svrg *s, void *snap, double norm) {
  svrg_drop(s);
  s->snap = snap;
  s->norm_s = norm;
  thw_vec *t = s->mu;
  s->mu = s->fresh, s->fresh = t;
  THW_TRY(thw_copy(s->s, s->x));
  if (!s->guarded) return THW_OK;
  return svrg_guard_value(s, s->s, &s->f_guard);
}

/* Length of the next epoch, and the iterate that `random` takes. */
static void plan(svrg *s) {
  s->m = s->mean_m;
  if (s->p->loopless && s->mean_m > 1) {
    double u = 1.0 - thw_rng_uniform(&s->pick);
    s->m = clamp(1.0 + floor(log(u) / log1p(-1.0 / (double)s->mean_m)), 1, INT64_MAX / 2);
  }
  s->picked = s->p->snapshot == SVRG_RANDOM ? thw_rng_index(&s->pick, s->m) + 1 : s->m;
  s->eta = svrg_base_step(s) * s->mult * s->growth * s->o.scale;
  s->t = 0;
}

/* s, mu and the lengths of a new epoch; back to the old snapshot when x has run away. */
static thw_status begin_epoch(svrg *s, optim_meter *m) {
  if (s->t >= 0 && s->t == s->m) s->t = -1;
  if (s->p->step == 0.0)
    THW_TRY(optim_constants_settle(&s->c, &s->o, &s->probe, s->x, !svrg_by_rows(s), &m->used));
  void *snap;
  double norm;
  int ok;
  THW_TRY(gradient(s, s->x, s->fresh, &snap));
  m->used += s->o.n;
  THW_TRY(thw_norm2(s->fresh, &norm));
  svrg_adapt(s, norm, &ok);
  if (!ok) {
    if (snap) s->vr->drop(s->o.oracle.self, snap);
    s->rejected++;
    THW_TRY(thw_copy(s->x, s->s));
  } else {
    THW_TRY(use_snapshot(s, snap, norm));
  }
  plan(s);
  return THW_OK;
}

/* Steps until the epoch is cut next: at a multiple of the chunk, at the iterate to be kept. */
static int64_t piece(const svrg *s) {
  int64_t k = s->chunk - s->t % s->chunk;
  if (s->t < s->picked && s->picked - s->t < k) k = s->picked - s->t;
  if (s->m - s->t < k) k = s->m - s->t;
  return k;
}

static thw_status plain_steps(svrg *s, int64_t k) {
  const thw_object *o = &s->o.oracle;
  const double c[2] = {-s->eta, -s->eta};
  for (int64_t i = 0; i < k; i++) {
    thw_batch *b;
    if (s->p->snapshot == SVRG_AVERAGE) THW_TRY(thw_axpy(s->sum, 1.0, s->x));
    THW_TRY(thw_oracle_draw(o, &s->draw, THW_DRAW_UNIFORM, s->b, &b));
    thw_status st = thw_oracle_diff(o, s->x, s->s, b, s->d);
    thw_oracle_release(o, b);
    THW_TRY(st);
    const thw_vec *in[2] = {s->d, s->mu};
    THW_TRY(thw_lincomb(s->x, 1.0, 2, c, in));
  }
  return THW_OK;
}

static thw_status steps(svrg *s, int64_t k) {
  if (!s->snap) return plain_steps(s, k);
  thw_rng before = s->draw;
  thw_vr_job job = {.size = sizeof job,
                    .snapshot = s->snap,
                    .x = s->x,
                    .s = s->s,
                    .mu = s->mu,
                    .step = s->eta,
                    .m = k,
                    .b = s->b,
                    .draw = &s->draw,
                    .sum = s->p->snapshot == SVRG_AVERAGE ? s->sum : NULL};
  thw_status st = s->vr->loop(s->o.oracle.self, &job);
  if (st != THW_E_UNSUPPORTED) return st;
  s->draw = before;
  svrg_drop(s);
  s->vr = NULL;
  return plain_steps(s, k);
}

/* The point that the next epoch starts from; the guard looks at it. */
static thw_status end_epoch(svrg *s, int finite) {
  int ok;
  if (finite && s->p->snapshot == SVRG_AVERAGE)
    THW_TRY(thw_axpby(s->x, 1.0 / (double)s->m, s->sum, 0.0));
  if (finite && s->p->snapshot == SVRG_RANDOM) THW_TRY(thw_copy(s->x, s->sum));
  THW_TRY(svrg_guard_end(s, finite, &ok));
  s->epochs++;
  optim_constants_epoch(&s->c, s->o.n + 2 * s->m * s->b);
  s->t = s->m;
  if (ok) return THW_OK;
  THW_TRY(thw_copy(s->x, s->s));
  plan(s);
  return THW_OK;
}

/* One piece; *ended when it was the epoch's last, or when x is no longer finite. */
static thw_status advance(svrg *s, optim_meter *m, int *ended) {
  int64_t k = piece(s);
  if (s->t == 0 && s->p->snapshot == SVRG_AVERAGE) THW_TRY(thw_fill(s->sum, 0.0));
  thw_status st = steps(s, k);
  m->used += 2 * k * s->b;
  *ended = 1;
  if ((st == THW_E_NONFINITE || st == THW_RETRY) && s->guarded) return end_epoch(s, 0);
  THW_TRY(st);
  s->t += k;
  if (s->p->snapshot == SVRG_RANDOM && s->t == s->picked) THW_TRY(thw_copy(s->sum, s->x));
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
    if (!optim_go_on(&m, due ? s->o.n : 2 * s->b * piece(s))) break;
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
  if (s->t > 0 && s->guarded) THW_TRY(s->x->ops->finite(s->x, &finite));
  return thw_copy(x, finite ? s->x : s->s);
}
