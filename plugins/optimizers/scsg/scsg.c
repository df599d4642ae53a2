/* SPDX-License-Identifier: BSD-3-Clause */
/* The method: variance-reduction.md, section 6. */
#include "plugins/optimizers/scsg/scsg.h"

#define LONGEST 10.0 /* an inner loop is cut at that many times its mean length */

enum { CHOSEN = OPTIM_EPOCH_VECS, VECS };

thw_status scsg_start(void *self, const thw_object *oracle, const thw_vec *x0) {
  scsg *s = self;
  const struct scsg_params *p = s->p;
  optim_epoch_setup set = OPTIM_EPOCH_SETUP(p);
  set.who = "scsg";
  set.rows.epsilon = s->epsilon;
  set.output = p->output;
  set.lipschitz = p->lipschitz;
  set.variance_hess = p->variance_hess;
  set.reestimate = p->reestimate;
  if (s->o.started) optim_epoch_drop(&s->e);
  THW_TRY(optim_start(&s->o, oracle, VECS));
  THW_TRY(optim_ask(&s->o, THW_FACT_LIPSCHITZ | THW_FACT_VARIANCE_HESS));
  s->chosen = s->o.vec[CHOSEN];
  s->weight = 0.0;
  THW_TRY(s->o.host->rng(s->o.ctx, "output", &s->output));
  return optim_epoch_start(&s->e, &s->o, &set, 0, x0);
}

thw_status scsg_reset(void *self, const thw_vec *x) {
  scsg *s = self;
  THW_TRY(optim_ready(&s->o));
  s->weight = 0.0;
  return optim_epoch_reset(&s->e, x);
}

/* P(N = k) = gam^k (1 - gam), gam = B/(B + b): the mean is B/b. */
static double geometric(scsg *s, double B, double b) {
  double u = thw_rng_uniform(&s->e.pick), mean = B / b;
  double n = floor(log1p(-u) / -log1p(b / B));
  return s->p->theory ? n : fmin(n, ceil(LONGEST * mean));
}

static double step(const scsg *s, double B, double b) {
  const struct scsg_params *p = s->p;
  if (p->step > 0.0) return p->step;
  if (p->theory) return p->gamma / s->e.c.L * cbrt(b * b / (B * B));
  return optim_vr_rule(p->c_step, b, B / b, s->e.c.L, s->e.c.VH);
}

static void plan(scsg *s) {
  optim_epoch *e = &s->e;
  double B = (double)e->B, b = (double)e->v.b;
  e->p = 1;
  if (s->p->inner_length == SCSG_GEOMETRIC)
    e->m = (int64_t)geometric(s, B, b);
  else
    e->m = (int64_t)fmax(1.0, round(B / b));
  e->v.step = step(s, B, b) * e->g.mult * s->o.scale;
}

/* Weighted reservoir: after each stage its point takes the place with probability w / sum. */
static thw_status choose(scsg *s) {
  double w = s->e.v.step * (double)s->e.B / (double)s->e.v.b;
  s->weight += w;
  if (thw_rng_uniform(&s->output) * s->weight >= w) return THW_OK;
  return thw_copy(s->chosen, s->e.v.x);
}

/* One unit of work, or *room = 0. */
static thw_status unit(scsg *s, optim_meter *m, int *room, int *ended) {
  optim_epoch *e = &s->e;
  *ended = 0;
  *room = 1;
  switch (e->phase) {
  case OPTIM_BETWEEN:
    *room = optim_go_on(m, optim_epoch_rows(e));
    return *room ? optim_epoch_snapshot(e, !s->p->theory, &m->used) : THW_OK;
  case OPTIM_READY:
    plan(s);
    THW_TRY(optim_epoch_go(e));
    *ended = e->phase == OPTIM_BETWEEN;
    return THW_OK;
  default:
    *room = optim_go_on(m, optim_epoch_piece(e));
    return *room ? optim_epoch_advance(e, &m->used, ended) : THW_OK;
  }
}

thw_status scsg_step(void *self, thw_step *io) {
  scsg *s = self;
  optim_meter m = optim_meter_of(io);
  int room = 1, ended = 0;
  THW_TRY(optim_ready(&s->o));
  while (room && !ended) THW_TRY(unit(s, &m, &room, &ended));
  if (ended && s->p->theory && s->e.phase == OPTIM_BETWEEN) THW_TRY(choose(s));
  io->epoch_end = ended;
  if (optim_epoch_at_snapshot(&s->e) && !(s->p->theory && s->weight > 0.0))
    io->grad_norm = s->e.norm;
  return THW_OK;
}

thw_status scsg_point(void *self, thw_vec *x) {
  scsg *s = self;
  THW_TRY(optim_ready(&s->o));
  return s->p->theory && s->weight > 0.0 ? thw_copy(x, s->chosen) : optim_epoch_point(&s->e, x);
}
