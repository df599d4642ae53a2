/* SPDX-License-Identifier: BSD-3-Clause */
/* The method: an epoch takes the gradient at a snapshot, then follows its change along the path,
 *     v = v + g_I(x_t) - g_I(x_{t-1}),  x_{t+1} = x_t - eta v. */
#include "plugins/optimizers/spider/spider.h"

enum { PREV = OPTIM_EPOCH_VECS, EST, STILL, VECS };

/* ---- lengths -------------------------------------------------------------------------------- */

static int64_t clamp(double v, double lo, double hi) {
  return (int64_t)fmin(fmax(v, lo), hi);
}

/* The error of v grows by V_H |x_{t+1} - x_t|^2 / b a step, so an epoch of m steps descends when
 * eta^2 m V_H / b stays below a constant. With m = B/(2b) the longest useful step, 0.5/L, is
 * allowed from b = sqrt(B V_H / 8) / (c L) on. */
int64_t spider_mini_batch(const spider *s) {
  double B = (double)s->e.B, b;
  if (s->p->mini_batch > 0)
    b = (double)s->p->mini_batch;
  else if (s->p->theory || !(s->e.c.L > 0.0))
    b = ceil(sqrt(B));
  else
    b = ceil(sqrt(B * s->e.c.VH / 8.0) / (s->p->c_step * s->e.c.L));
  return clamp(b, 1.0, B);
}

int64_t spider_epoch_length(const spider *s, int64_t b) {
  double B = (double)s->e.B;
  if (s->p->epoch > 0) return s->p->epoch;
  return clamp(s->p->theory ? ceil(sqrt(B)) : ceil(B / (2.0 * (double)b)), 1.0, 0x1p50);
}

double spider_step_length(const spider *s, double b, double m) {
  if (s->p->step > 0.0) return s->p->step;
  double cap = 0.5 / s->e.c.L, VH = s->e.c.VH;
  if (s->p->theory || !(VH > 0.0)) return cap;
  return fmin(s->p->c_step * sqrt(b / (m * VH)), cap);
}

/* ---- start ---------------------------------------------------------------------------------- */

static optim_epoch_setup setup(const spider *s) {
  const struct spider_params *p = s->p;
  int whole = s->o.n > 0 && p->snapshot != SPIDER_VARIANCE;
  return (optim_epoch_setup){.who = "spider",
                             .rows = {.fixed = p->snapshot_batch > 0 ? p->snapshot_batch
                                               : whole               ? s->o.n
                                                                     : 0,
                                      .least = p->snapshot_min,
                                      .epsilon = s->epsilon,
                                      .factor = p->c_snapshot > 0.0           ? p->c_snapshot
                                                : p->escape == SPIDER_PERTURB ? 16.0
                                                                              : 2.0,
                                      .first = 200,
                                      .growth = 1.5},
                             .batch = p->mini_batch > 0 ? p->mini_batch : 1,
                             .output = OPTIM_LAST,
                             .guard =
                                 p->guard == OPTIM_ON || (p->guard == OPTIM_AUTO && !p->theory),
                             .guard_batch = p->guard_batch,
                             .guard_tol = p->guard_tol,
                             .reestimate = p->reestimate,
                             .lipschitz = p->lipschitz,
                             .variance_hess = p->variance_hess};
}

thw_status spider_reset(void *self, const thw_vec *x) {
  spider *s = self;
  THW_TRY(optim_ready(&s->o));
  spider_forget(s);
  return optim_epoch_reset(&s->e, x);
}

thw_status spider_start(void *self, const thw_object *oracle, const thw_vec *x0) {
  spider *s = self;
  THW_TRY(optim_start(&s->o, oracle, VECS));
  THW_TRY(optim_ask(&s->o, 0));
  if (optim_is_stream(&s->o) && s->p->snapshot == SPIDER_WHOLE)
    THW_TRY(optim_need_sum(&s->o, "spider with snapshot = \"whole\"", "leave snapshot out"));
  s->epsilon = s->p->epsilon > 0.0 ? s->p->epsilon : s->goal.epsilon;
  if (s->p->form == SPIDER_NORMALISED && !(s->epsilon > 0.0))
    return optim_fail(&s->o, THW_E_ARG,
                      "form = \"normalised\" needs the accuracy to reach: give epsilon, or "
                      "stop.epsilon");
  thw_vec **v = s->o.vec;
  s->prev = v[PREV], s->est = v[EST], s->still = v[STILL];
  THW_TRY(s->o.host->rng(s->o.ctx, "perturb", &s->push));
  THW_TRY(s->o.host->rng(s->o.ctx, "judge", &s->judge));
  s->pushes = 0;
  s->norm = (double)NAN;
  spider_forget(s);
  const optim_epoch_setup set = setup(s);
  return optim_epoch_start(&s->e, &s->o, &set, 0, x0);
}

/* ---- epochs --------------------------------------------------------------------------------- */

static thw_status snapshot(spider *s, optim_meter *m) {
  int by_rule = s->p->mini_batch == 0 || s->p->step == 0.0;
  THW_TRY(optim_epoch_snapshot(&s->e, by_rule && !s->p->theory, &m->used));
  THW_TRY(thw_norm2(s->e.v.mu, &s->norm));
  return s->p->escape == SPIDER_PERTURB ? spider_arrive(s) : THW_OK;
}

static thw_status begin(spider *s) {
  optim_epoch *e = &s->e;
  e->p = 1;
  e->v.b = spider_mini_batch(s);
  e->m = spider_epoch_length(s, e->v.b);
  e->v.step = spider_step_length(s, (double)e->v.b, (double)e->m) * e->g.mult * s->o.scale;
  THW_TRY(thw_copy(s->est, e->v.mu));
  return optim_epoch_go(e);
}

static thw_status end(spider *s, int finite) {
  optim_epoch *e = &s->e;
  int ok;
  THW_TRY(optim_guard_end(&s->o, &e->g, e->set.who, e->v.step, e->v.x, finite, &ok));
  optim_constants_epoch(&e->c, e->B + 2 * e->t * e->v.b);
  e->epochs++;
  e->phase = ok ? OPTIM_BETWEEN : OPTIM_READY;
  if (ok) e->stage++;
  return ok ? THW_OK : thw_copy(e->v.x, e->v.s);
}

static thw_status follow(spider *s, optim_meter *m) {
  optim_epoch *e = &s->e;
  thw_batch *b;
  if (e->t == 0) return THW_OK;
  THW_TRY(thw_oracle_draw(&s->o.oracle, &e->v.draw, THW_DRAW_UNIFORM, e->v.b, &b));
  m->used += 2 * b->n;
  thw_status st = thw_oracle_diff(&s->o.oracle, e->v.x, s->prev, b, e->v.d);
  thw_oracle_release(&s->o.oracle, b);
  THW_TRY(st);
  return thw_axpy(s->est, 1.0, e->v.d);
}

/* The step of SPIDER-SFO has length epsilon/L as long as |v| is above epsilon. */
static thw_status length(spider *s, double *eta) {
  double norm, L = s->e.c.L > 0.0 ? s->e.c.L : 0.5 / s->e.v.step;
  *eta = s->e.v.step;
  if (s->p->form == SPIDER_PLAIN) return THW_OK;
  THW_TRY(thw_norm2(s->est, &norm));
  if (norm > 0.0) *eta = fmin(*eta, s->epsilon / (L * norm) * s->e.g.mult * s->o.scale);
  return THW_OK;
}

static thw_status advance(spider *s, optim_meter *m, int *ended) {
  optim_epoch *e = &s->e;
  double eta;
  int look = 0;
  thw_status st = follow(s, m);
  *ended = 1;
  if ((st == THW_E_NONFINITE || st == THW_RETRY) && e->g.on) return end(s, 0);
  THW_TRY(st);
  THW_TRY(length(s, &eta));
  THW_TRY(thw_copy(s->prev, e->v.x));
  THW_TRY(thw_axpy(e->v.x, -eta, s->est));
  e->t++;
  if (s->super) THW_TRY(spider_stepped(s, eta, &look));
  *ended = look || e->t == e->m;
  return *ended ? end(s, 1) : THW_OK;
}

static thw_status unit(spider *s, optim_meter *m, int *room, int *ended) {
  optim_epoch *e = &s->e;
  *ended = 0;
  *room = 1;
  switch (e->phase) {
  case OPTIM_BETWEEN:
    *room = optim_go_on(m, optim_epoch_rows(e));
    return *room ? snapshot(s, m) : THW_OK;
  case OPTIM_READY:
    return begin(s);
  default:
    *room = optim_go_on(m, e->t == 0 ? 0 : 2 * e->v.b);
    return *room ? advance(s, m, ended) : THW_OK;
  }
}

thw_status spider_step(void *self, thw_step *io) {
  spider *s = self;
  optim_meter m = optim_meter_of(io);
  int room = 1, ended = 0;
  THW_TRY(optim_ready(&s->o));
  while (room && !ended && !s->done) THW_TRY(unit(s, &m, &room, &ended));
  io->epoch_end = ended;
  int whole = s->o.n > 0 && s->e.B >= s->o.n;
  if (s->done) {
    io->epoch_end = 1;
    if (whole) io->f = s->f_still, io->grad_norm = s->norm_still;
    return THW_DONE;
  }
  if (optim_epoch_at_snapshot(&s->e)) io->grad_norm = s->e.norm;
  return THW_OK;
}

thw_status spider_point(void *self, thw_vec *x) {
  spider *s = self;
  THW_TRY(optim_ready(&s->o));
  return s->done ? thw_copy(x, s->still) : optim_epoch_point(&s->e, x);
}
