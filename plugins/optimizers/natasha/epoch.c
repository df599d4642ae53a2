/* SPDX-License-Identifier: BSD-3-Clause */
/* Epochs in both forms (natasha.md, sections 2 and 5), and the end of the theory form: a random
 * start of a round, yhat, is close to the minimiser of f + sigma |x - yhat|^2, to which SGD goes.
 */
#include "plugins/optimizers/natasha/natasha.h"

#define PILOT 512  /* rows for V where nobody knows it */
#define VALUE 4096 /* rows of a stream for f at the start */

/* ---- start ---------------------------------------------------------------------------------- */

static double known_sigma(const natasha *s) {
  double mu = s->o.facts.convexity;
  if (s->r.sigma > 0.0) return s->r.sigma;
  return isfinite(mu) && mu < 0.0 ? -mu : 0.0;
}

static thw_status theory_needs(const natasha *s) {
  const char *who = s->e.set.who;
  if (!(s->r.epsilon > 0.0))
    return optim_fail(&s->o, THW_E_ARG,
                      "%s: theory = true needs an epsilon: stop.epsilon of the run is 0, give one "
                      "there or here",
                      who);
  if (!(s->r.gap > 0.0) && !isfinite(s->o.facts.lower_bound))
    return optim_fail(&s->o, THW_E_ARG,
                      "%s: theory = true needs D_f, and the model knows no lower bound: give gap",
                      who);
  return THW_OK;
}

thw_status natasha_start(natasha *s, const optim_epoch_setup *set, const thw_vec *x0) {
  s->yhat = s->o.vec[OPTIM_EPOCH_VECS];
  s->y = s->o.vec[OPTIM_EPOCH_VECS + 1];
  s->zone = INFINITY;
  s->sigma = s->gap = s->V = 0.0;
  s->settled = 0;
  THW_TRY(s->o.host->rng(s->o.ctx, "output", &s->output));
  THW_TRY(optim_epoch_start(&s->e, &s->o, set, 0, x0));
  if (s->r.theory) THW_TRY(theory_needs(s));
  return natasha_reset(s, x0);
}

thw_status natasha_reset(natasha *s, const thw_vec *x) {
  s->stage = NATASHA_EPOCHS;
  s->starts = s->made = s->polished = 0;
  s->z = 0.0;
  return optim_epoch_reset(&s->e, x);
}

/* ---- theory form ---------------------------------------------------------------------------- */

static thw_status measure_V(natasha *s, int64_t *cost) {
  optim_epoch *e = &s->e;
  const curv_problem at = {.oracle = &s->o.oracle, .x0 = e->v.x, .n = s->o.n, .rng = &e->snapshot};
  s->V = s->r.variance > 0.0 ? s->r.variance : s->o.facts.variance;
  if (optim_known(s->V)) return THW_OK;
  return curv_gradient_variance(&at, PILOT, 8, e->v.mu, e->v.d, &s->V, cost);
}

static thw_status measure_gap(natasha *s) {
  double f = 0.0;
  int64_t rows = 0;
  s->gap = s->r.gap;
  if (s->gap > 0.0) return THW_OK;
  THW_TRY(optim_sample(&s->o, &s->e.snapshot, THW_DRAW_SUBSET, s->o.n > 0 ? 0 : VALUE, s->e.v.x, &f,
                       NULL, &rows));
  s->gap = fmax(0.0, f - s->o.facts.lower_bound);
  return THW_OK;
}

/* From what has been settled. */
static void formulas(natasha *s) {
  const natasha_problem k = {.n = s->o.n > 0 ? (double)s->o.n : INFINITY,
                             .V = s->V,
                             .L = s->e.c.L,
                             .L2 = s->L2,
                             .epsilon = s->r.epsilon,
                             .delta = s->r.delta,
                             .gap = s->gap};
  double sigma = known_sigma(s);
  if (s->L2 > 0.0)
    natasha2_theory(&k, &s->t);
  else
    natasha15_theory(&k, sigma > 0.0 ? fmin(sigma, k.L) : k.L, &s->t);
  if (s->r.p_sub > 0) s->t.p = (double)s->r.p_sub;
  if (s->r.alpha > 0.0) s->t.alpha = s->r.alpha;
}

static void use_formulas(natasha *s) {
  if (s->e.set.rows.fixed == 0) s->e.set.rows.fixed = (int64_t)ceil(s->t.B);
  s->sigma = s->t.sigma;
}

thw_status natasha_settle(natasha *s, int64_t *cost) {
  if (s->settled) return THW_OK;
  optim_epoch *e = &s->e;
  THW_TRY(optim_constants_settle(&e->c, &s->o, &e->probe, e->v.x, 0, cost));
  s->o.host->stage(s->o.ctx, "estimate");
  thw_status st = measure_V(s, cost);
  if (st == THW_OK) st = measure_gap(s);
  s->o.host->stage(s->o.ctx, NULL);
  THW_TRY(st);
  formulas(s);
  use_formulas(s);
  s->settled = 1;
  return THW_OK;
}

/* The set X of the paper, of which one element is wanted in the end. */
static thw_status remember(natasha *s) {
  s->starts++;
  if (thw_rng_index(&s->output, s->starts) > 0) return THW_OK;
  THW_TRY(thw_copy(s->yhat, s->e.v.x));
  return thw_copy(s->y, s->e.v.s);
}

static int64_t polish_steps(const natasha *s) {
  double t = s->r.polish_steps > 0 ? (double)s->r.polish_steps : s->t.polish / (double)s->e.v.b;
  return (int64_t)fmin(fmax(1.0, ceil(t)), 0x1p50);
}

/* SGD on f + sigma |x - yhat|^2 + pen(x), which is sigma-strongly convex. */
static thw_status polish(natasha *s, optim_meter *m, int *room) {
  optim_vr *v = &s->e.v;
  double L = s->e.c.L, c, step, far = 0.0, pen = 0.0;
  *room = optim_go_on(m, v->b);
  if (!*room) return THW_OK;
  s->o.host->stage(s->o.ctx, "polish");
  thw_status st = optim_sample(&s->o, &v->draw, THW_DRAW_UNIFORM, v->b, v->x, NULL, v->d, &m->used);
  s->o.host->stage(s->o.ctx, NULL);
  THW_TRY(st);
  c = 2.0 * s->sigma;
  step = 1.0 / (s->sigma * (double)s->polished + L + c);
  if (isfinite(s->zone)) {
    const thw_vec *in[2] = {v->x, s->y};
    static const double one[2] = {1.0, -1.0};
    THW_TRY(thw_lincomb(v->mu, 0.0, 2, one, in));
    THW_TRY(thw_norm2(v->mu, &far));
    if (far > s->zone) pen = 2.0 * L * (1.0 - s->zone / far);
  }
  const thw_vec *in[3] = {v->d, s->yhat, s->y};
  const double by[3] = {-step, step * c, step * pen};
  THW_TRY(thw_lincomb(v->x, 1.0 - step * (c + pen), pen > 0.0 ? 3 : 2, by, in));
  if (++s->polished >= polish_steps(s)) s->stage = NATASHA_OVER;
  return THW_OK;
}

/* The epochs asked for are made. */
static thw_status after_epoch(natasha *s) {
  s->z = 0.0;
  s->made++;
  if (!s->r.theory || (double)s->made < s->t.epochs) return THW_OK;
  s->stage = NATASHA_POLISH;
  return thw_copy(s->e.v.x, s->yhat);
}

/* ---- epochs --------------------------------------------------------------------------------- */

static void plan_theory(natasha *s) {
  optim_epoch *e = &s->e;
  double b = (double)e->v.b, B = (double)e->B;
  e->p = (int64_t)fmin(fmax(1.0, round(s->t.p)), fmax(1.0, floor(B / b)));
  e->m = (int64_t)fmax(1.0, floor(B / ((double)e->p * b)));
  e->v.step = s->t.alpha;
}

static void plan_practice(natasha *s) {
  optim_epoch *e = &s->e;
  double b = (double)e->v.b, B = (double)e->B, L = e->c.L;
  double a0 = optim_vr_rule(s->r.c_step, b, B / b, L, e->c.VH);
  double sigma = s->r.sigma;
  if (!(sigma > 0.0)) sigma = fmax(3.0 * s->r.delta, s->z > 0.0 ? s->z : 0.01 * L);
  s->sigma = fmin(sigma, L);
  e->p = s->r.p_sub;
  e->v.step = s->r.alpha;
  natasha_practice(s->sigma, L, a0, B, b, &e->p, &e->m, &e->v.step);
}

static void plan(natasha *s) {
  optim_epoch *e = &s->e;
  if (s->r.theory)
    plan_theory(s);
  else
    plan_practice(s);
  e->v.step *= e->g.mult * s->o.scale;
  e->v.shift = 2.0 * s->sigma;
  e->v.radius = s->zone;
  e->v.weight = e->c.L;
}

thw_status natasha_unit(natasha *s, optim_meter *m, int *room, int *ended) {
  optim_epoch *e = &s->e;
  *ended = 0;
  *room = 1;
  if (s->stage == NATASHA_POLISH) return polish(s, m, room);
  switch (e->phase) {
  case OPTIM_BETWEEN:
    *room = optim_go_on(m, optim_epoch_rows(e));
    if (!*room) return THW_OK;
    if (s->r.theory) THW_TRY(natasha_settle(s, &m->used));
    return optim_epoch_snapshot(e, !s->r.theory, &m->used);
  case OPTIM_READY:
    plan(s);
    return optim_epoch_go(e);
  default:
    *room = optim_go_on(m, optim_epoch_piece(e));
    if (!*room) return THW_OK;
    if (s->r.theory && e->t == 0) THW_TRY(remember(s));
    THW_TRY(optim_epoch_advance(e, &m->used, ended));
    return *ended && e->phase == OPTIM_BETWEEN ? after_epoch(s) : THW_OK;
  }
}

/* ---- state, report ---------------------------------------------------------------------------
 */

thw_status natasha_restore(natasha *s) {
  if (s->stage < NATASHA_EPOCHS || s->stage > NATASHA_OVER || s->starts < 0 || s->polished < 0 ||
      (s->stage != NATASHA_EPOCHS && !s->settled) ||
      (s->settled && !(s->t.B >= 1.0 && s->t.B < 0x1p50 && s->t.sigma > 0.0)))
    return optim_fail(&s->o, THW_E_STATE, "the checkpoint does not hold a state of %s",
                      s->e.set.who);
  if (s->r.theory && s->settled) use_formulas(s);
  return optim_epoch_restore(&s->e);
}

void natasha_report(const natasha *s, thw_sink *k) {
  optim_epoch_report(&s->e, k);
  k->real(k, "p", (double)s->e.p);
  k->real(k, "alpha", s->e.v.step);
  k->real(k, "sigma", s->sigma);
  if (isfinite(s->zone)) k->real(k, "zone", s->zone);
  if (!s->r.theory || !s->settled) return;
  k->real(k, "epochs_planned", s->t.epochs);
  if (s->stage != NATASHA_EPOCHS) k->real(k, "polished", (double)s->polished);
}
