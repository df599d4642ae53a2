/* SPDX-License-Identifier: BSD-3-Clause */
/* A built-in optimizer for the slots of others: mini-batch gradient descent with a small fixed
 * step, on whole sums where the oracle has them; steerable, resumable. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/verify/priv.h"

enum { BATCH = 8 };

struct vf_descent {
  thw_object object;
  const thw_object *oracle;
  thw_vec *x, *g;
  thw_batch *held; /* of the oracle that it was started on, until the end */
  double scale;
  int64_t batch, steps;
  int whole;
  thw_rng rng;
};

static void drop(vf_descent *d) {
  if (d->held) thw_oracle_release(d->oracle, d->held);
  d->held = NULL;
  thw_vec_free(d->x);
  thw_vec_free(d->g);
  d->x = d->g = NULL;
}

static thw_status start(void *self, const thw_object *oracle, const thw_vec *x0) {
  vf_descent *d = self;
  thw_facts f = {.size = sizeof f};
  thw_space *s;
  drop(d);
  d->oracle = oracle;
  d->scale = 1;
  d->batch = BATCH;
  d->steps = 0;
  d->rng = (thw_rng){.key = {13, 0}};
  THW_TRY(thw_oracle_facts(oracle, &f));
  d->whole = f.components > 0 && f.components <= 1000;
  THW_TRY(thw_oracle_space(oracle, &s));
  THW_TRY(thw_vec_new(s, &d->x));
  THW_TRY(thw_vec_new(s, &d->g));
  thw_rng other = {.key = {14, 0}};
  THW_TRY(thw_oracle_draw(oracle, &other, THW_DRAW_UNIFORM, 1, &d->held));
  return thw_copy(d->x, x0);
}

static thw_status one(vf_descent *d, double *f) {
  thw_batch *b = NULL;
  if (!d->whole) THW_TRY(thw_oracle_draw(d->oracle, &d->rng, THW_DRAW_UNIFORM, d->batch, &b));
  thw_status st = thw_oracle_eval(d->oracle, d->x, b, f, d->g);
  thw_oracle_release(d->oracle, b);
  if (st != THW_OK) return st;
  d->steps++;
  return thw_axpy(d->x, -0.1 * d->scale, d->g);
}

static thw_status step(void *self, thw_step *io) {
  vf_descent *d = self;
  int64_t last = (io->flags & THW_STEP_EPOCH) && !d->whole ? 4 : 1;
  for (int64_t i = 0; i < last; i++) THW_TRY(one(d, &io->f));
  io->epoch_end = d->whole || d->steps % 4 == 0;
  return THW_OK;
}

static thw_status point(void *self, thw_vec *x) {
  vf_descent *d = self;
  return d->x ? thw_copy(x, d->x) : THW_E_STATE;
}

static thw_status reset(void *self, const thw_vec *x) {
  return thw_copy(((vf_descent *)self)->x, x);
}

static thw_status scale_step(void *self, double factor) {
  ((vf_descent *)self)->scale *= factor;
  return THW_OK;
}

static thw_status grow_batch(void *self, double factor) {
  vf_descent *d = self;
  d->batch = (int64_t)ceil((double)d->batch * factor);
  return THW_OK;
}

static thw_status told(void *self, const thw_facts *facts) {
  (void)self;
  (void)facts;
  return THW_OK;
}

static thw_status save(void *self, thw_writer *w) {
  vf_descent *d = self;
  THW_TRY(w->i64(w, "started", d->x != NULL));
  if (!d->x) return THW_OK;
  THW_TRY(w->vec(w, "x", d->x));
  THW_TRY(w->f64(w, "scale", d->scale));
  THW_TRY(w->i64(w, "batch", d->batch));
  THW_TRY(w->i64(w, "steps", d->steps));
  return w->rng(w, "rng", &d->rng);
}

static thw_status load(void *self, thw_reader *r) {
  vf_descent *d = self;
  int64_t started;
  THW_TRY(r->i64(r, "started", &started));
  if (!started || !d->x) return started ? THW_E_STATE : THW_OK;
  THW_TRY(r->vec(r, "x", d->x));
  THW_TRY(r->f64(r, "scale", &d->scale));
  THW_TRY(r->i64(r, "batch", &d->batch));
  THW_TRY(r->i64(r, "steps", &d->steps));
  return r->rng(r, "rng", &d->rng);
}

static thw_status report(void *self, thw_sink *s) {
  s->real(s, "scale", ((vf_descent *)self)->scale);
  return THW_OK;
}

static const thw_optimizer_ops ops = {
    .size = sizeof ops, .start = start, .step = step, .point = point};
static const thw_steer steer = {.size = sizeof steer,
                                .reset = reset,
                                .scale_step = scale_step,
                                .grow_batch = grow_batch,
                                .facts = told};
static const thw_ext_state state = {.size = sizeof state, .version = 1, .save = save, .load = load};
static const thw_ext_report reports = {.size = sizeof reports, .report = report};

static const void *ext(void *self, const char *id) {
  (void)self;
  if (strcmp(id, THW_EXT_STATE) == 0) return &state;
  if (strcmp(id, THW_EXT_STEER) == 0) return &steer;
  return strcmp(id, THW_EXT_REPORT) == 0 ? &reports : NULL;
}

vf_descent *vf_descent_new(void) {
  vf_descent *d = tw_calloc(1, sizeof *d);
  d->object = (thw_object){sizeof d->object, THW_OPTIMIZER, &ops, d, ext};
  return d;
}

void vf_descent_free(vf_descent *d) {
  if (!d) return;
  drop(d);
  free(d);
}

const thw_object *vf_descent_object(vf_descent *d) {
  return &d->object;
}
