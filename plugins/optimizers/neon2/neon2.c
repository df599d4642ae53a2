/* SPDX-License-Identifier: BSD-3-Clause */
/* The method: epochs of the inner one until the gradient is small, a search, a step along what it
 * finds, and on. neon2.md, section 10. */
#include "plugins/optimizers/neon2/neon2.h"

enum { X, START, VECS };

/* ---- start ------------------------------------------------------------------------------------
 */

thw_status neon2_start(void *self, const thw_object *oracle, const thw_vec *x0) {
  neon2 *s = self;
  const thw_host *h = s->o.host;
  THW_TRY(optim_start(&s->o, oracle, VECS + escape_vecs(&s->ep, oracle)));
  THW_TRY(optim_ask(&s->o, escape_facts(&s->ep)));
  s->x = s->o.vec[X], s->start = s->o.vec[START];
  if (s->p->theory && s->ep.lipschitz_hess == 0 && !optim_known(s->o.facts.lipschitz_hess))
    return optim_fail(&s->o, THW_E_ARG,
                      "neon2: theory = true needs L2, which the model does not know: give "
                      "lipschitz_hess");
  THW_TRY(escape_start(&s->e, VECS));
  THW_TRY(h->rng(s->o.ctx, "guard", &s->guard));
  s->mult = 1;
  s->f_start = s->f_reset = s->best = s->window = 0;
  s->source = NEON2_UNKNOWN;
  s->grace = s->epochs = s->rejected = s->stuck = s->end = s->in_window = s->grown = 0;
  THW_TRY(thw_optimizer_start(&s->inner, oracle, x0));
  return neon2_begin_at(s, x0);
}

/* x is where an outer method wants to go on; what was proved elsewhere is no longer of use. */
thw_status neon2_reset(void *self, const thw_vec *x) {
  neon2 *s = self;
  THW_TRY(optim_ready(&s->o));
  s->end = s->grace = s->stuck = 0;
  escape_moved(&s->e);
  THW_TRY(thw_copy(s->x, x));
  return neon2_restart(s);
}

/* ---- arriving ---------------------------------------------------------------------------------
 */

static int large(const neon2 *s, double norm) {
  return isfinite(norm) && norm > 0.75 * s->e.epsilon;
}

/* The inner method has no way on of its own, and the gradient there is not small. */
static thw_status stuck(neon2 *s) {
  if (s->stuck++ == 0) {
    THW_TRY(thw_optimizer_point(&s->inner, s->x));
    THW_TRY(neon2_restart(s));
    s->place = NEON2_TESTED;
    return THW_OK;
  }
  s->o.host->log(s->o.ctx, THW_LOG_WARN,
                 "the inner method can make no further progress, though the gradient is not small");
  s->end = THW_STALLED;
  return THW_OK;
}

/* A test of our own costs up to a pass. An epoch seldom does more than halve the gradient, so
 * where it is r times too large the next log2(r) epochs, four at most, go by without a test. */
static int64_t epochs_to_go(const neon2 *s) {
  double r = s->e.norm / (0.75 * s->e.epsilon);
  return s->p->theory || s->source != NEON2_OWN ? 0 : (int64_t)fmin(4.0, floor(log2(r)));
}

/* Test, search and step, at the inner method's point. */
static thw_status look(neon2 *s) {
  escape_outcome at;
  THW_TRY(thw_optimizer_point(&s->inner, s->x));
  s->e.told = large(s, s->told) ? (double)NAN : s->told;
  THW_TRY(escape_at(&s->e, s->x, &at));
  s->place = NEON2_TESTED;
  switch (at) {
  case ESCAPE_LARGE:
    s->grace = epochs_to_go(s);
    return s->force ? stuck(s) : THW_OK;
  case ESCAPE_MOVED:
    s->grace = s->p->theory ? 0 : s->p->grace;
    s->stuck = 0;
    return neon2_restart(s);
  case ESCAPE_MINIMUM:
    s->end = THW_DONE;
    return THW_OK;
  default:
    s->end = THW_STALLED;
    return THW_OK;
  }
}

/* ---- steps of the inner method ----------------------------------------------------------------
 */

static int lost(thw_status st) {
  return st == THW_E_NONFINITE || st == THW_RETRY;
}

/* One step of it, and what follows from how it ended. `in` is what it answered. */
static thw_status inner_step(neon2 *s, thw_step *in) {
  in->f = in->grad_norm = (double)NAN;
  in->epoch_end = 0;
  thw_status st = thw_optimizer_step(&s->inner, in);
  s->told = (double)NAN;
  if (lost(st) && s->guarded) {
    in->epoch_end = 1;
    return neon2_end_epoch(s, 0, (double)NAN);
  }
  s->force = st == THW_DONE || st == THW_STALLED;
  if (!s->force && st != THW_OK) return st;
  s->told = in->grad_norm;
  if (!s->force && !in->epoch_end) return THW_OK;
  in->epoch_end = 1;
  if (!s->force) s->stuck = 0;
  return neon2_end_epoch(s, 1, in->f);
}

/* The first unit of an epoch, for the norm of the gradient that it may bring. *met: it did not
 * answer the question, a test must. */
static thw_status peek(neon2 *s, thw_step *io, int *open) {
  thw_step in = {.size = sizeof in, .max_units = 1};
  *open = 0;
  THW_TRY(inner_step(s, &in));
  io->f = in.f, io->grad_norm = in.grad_norm, io->epoch_end = in.epoch_end;
  if (in.epoch_end) { /* an epoch of one unit: it has been dealt with */
    if (s->source == NEON2_UNKNOWN) s->source = isfinite(in.grad_norm) ? NEON2_END : NEON2_OWN;
    return THW_OK;
  }
  if (s->source == NEON2_UNKNOWN) s->source = isfinite(in.grad_norm) ? NEON2_BEGIN : NEON2_OWN;
  s->place = NEON2_TESTED;
  *open = !large(s, in.grad_norm);
  return THW_OK;
}

/* At the start of an epoch. *worked: the oracle was asked. */
static thw_status arrive(neon2 *s, thw_step *io, int *worked) {
  int open = 1;
  *worked = 0;
  if (s->grace > 0 && !s->force) {
    s->place = NEON2_TESTED;
    return THW_OK;
  }
  if (!s->force && s->source == NEON2_END && large(s, s->told)) {
    s->place = NEON2_TESTED;
    return THW_OK;
  }
  *worked = 1;
  if (!s->force && (s->source == NEON2_UNKNOWN || s->source == NEON2_BEGIN))
    THW_TRY(peek(s, io, &open));
  return open ? look(s) : THW_OK;
}

thw_status neon2_step(void *self, thw_step *io) {
  neon2 *s = self;
  int epoch = (io->flags & THW_STEP_EPOCH) != 0;
  THW_TRY(optim_ready(&s->o));
  while (!s->end) {
    if (s->place == NEON2_ARRIVED) {
      int worked;
      THW_TRY(arrive(s, io, &worked));
      if (s->end) break;
      if (worked && (!epoch || io->epoch_end)) return THW_OK;
      if (s->place == NEON2_ARRIVED) continue; /* the peek was an epoch, or x has moved */
    }
    thw_step in = {.size = sizeof in, .flags = io->flags, .max_units = io->max_units};
    THW_TRY(inner_step(s, &in));
    io->f = in.f, io->grad_norm = in.grad_norm, io->epoch_end = in.epoch_end;
    return THW_OK;
  }
  return (thw_status)s->end;
}

/* A point that has run away in the middle of an epoch is not for others to see: the guard will undo
 * it. */
thw_status neon2_point(void *self, thw_vec *x) {
  neon2 *s = self;
  int32_t finite = 1;
  THW_TRY(optim_ready(&s->o));
  THW_TRY(thw_optimizer_point(&s->inner, x));
  if (s->guarded) THW_TRY(x->ops->finite(x, &finite));
  return finite ? THW_OK : thw_copy(x, s->start);
}
