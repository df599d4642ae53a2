/* SPDX-License-Identifier: BSD-3-Clause */
/* The host's proxy of an optimizer instance: books what it asks for on its own account. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <thalweg/optimizer.h>

#include "core/ledger.h"
#include "core/oracle.h"

typedef struct proxy {
  thw_object object; /* first: what tw_optimizer_proxy_new hands out */
  thw_object inner;
  const thw_optimizer_ops *ops;
  tw_session *session;
  thw_ctx *ctx;
  tw_oracle *foreign; /* our wrapper of an oracle that a component made, or NULL */
  const thw_steer *steer;
  const thw_ext_state *state;
  const thw_ext_report *report;
  const thw_theory *theory;
  thw_steer steer_mine;
  thw_ext_state state_mine;
  thw_ext_report report_mine;
  thw_theory theory_mine;
} proxy;

static size_t enter(proxy *p) {
  if (!p->session->ledger) return 0;
  return tw_ledger_enter(p->session->ledger, tw_ctx_path(p->ctx), 1);
}

static void leave(proxy *p, size_t before) {
  if (p->session->ledger) tw_ledger_leave(p->session->ledger, before);
}

static thw_status start(void *self, const thw_object *oracle, const thw_vec *x0) {
  proxy *p = self;
  tw_oracle *wrapped = NULL;
  if (!tw_oracle_is_wrapped(oracle)) {
    THW_TRY(tw_oracle_new(p->session, p->ctx, oracle, 0, &wrapped));
    oracle = tw_oracle_object(wrapped);
  }
  size_t before = enter(p);
  thw_status st = p->ops->start(p->inner.self, oracle, x0);
  leave(p, before);
  /* The oracle of the start before this one may go only now that it has been replaced. */
  tw_oracle_free(p->foreign);
  p->foreign = wrapped;
  return st;
}

static thw_status step(void *self, thw_step *io) {
  proxy *p = self;
  io->f = io->grad_norm = (double)NAN;
  io->epoch_end = 0;
  size_t before = enter(p);
  thw_status st = p->ops->step(p->inner.self, io);
  leave(p, before);
  return st;
}

static thw_status point(void *self, thw_vec *x) {
  proxy *p = self;
  size_t before = enter(p);
  thw_status st = p->ops->point(p->inner.self, x);
  leave(p, before);
  return st;
}

static const thw_optimizer_ops proxy_ops = {
    .size = sizeof(thw_optimizer_ops), .start = start, .step = step, .point = point};

/* ---- extensions: the tables must see the instance, not the proxy ----------------------------- */

static thw_status steer_reset(void *self, const thw_vec *x) {
  proxy *p = self;
  size_t before = enter(p);
  thw_status st = p->steer->reset(p->inner.self, x);
  leave(p, before);
  return st;
}

static thw_status steer_scale(void *self, double factor) {
  proxy *p = self;
  size_t before = enter(p);
  thw_status st = p->steer->scale_step(p->inner.self, factor);
  leave(p, before);
  return st;
}

static thw_status steer_grow(void *self, double factor) {
  proxy *p = self;
  size_t before = enter(p);
  thw_status st = p->steer->grow_batch(p->inner.self, factor);
  leave(p, before);
  return st;
}

static thw_status steer_facts(void *self, const thw_facts *facts) {
  proxy *p = self;
  size_t before = enter(p);
  thw_status st = p->steer->facts(p->inner.self, facts);
  leave(p, before);
  return st;
}

static thw_status steer_moved(void *self, const thw_vec *delta) {
  proxy *p = self;
  size_t before = enter(p);
  thw_status st = p->steer->moved(p->inner.self, delta);
  leave(p, before);
  return st;
}

static thw_status state_save(void *self, thw_writer *w) {
  proxy *p = self;
  return p->state->save(p->inner.self, w);
}

static thw_status state_load(void *self, thw_reader *r) {
  proxy *p = self;
  return p->state->load(p->inner.self, r);
}

static thw_status report(void *self, thw_sink *s) {
  proxy *p = self;
  return p->report->report(p->inner.self, s);
}

static thw_status claims(void *self, const thw_problem *problem, thw_claims *out) {
  proxy *p = self;
  return p->theory->claims(p->inner.self, problem, out);
}

/* An extension that the host does not know cannot be passed on: its functions would get the
 * proxy where they expect the instance. */
static const void *ext(void *self, const char *id) {
  proxy *p = self;
  if (p->steer && strcmp(id, THW_EXT_STEER) == 0) return &p->steer_mine;
  if (p->state && strcmp(id, THW_EXT_STATE) == 0) return &p->state_mine;
  if (p->report && strcmp(id, THW_EXT_REPORT) == 0) return &p->report_mine;
  if (p->theory && strcmp(id, THW_EXT_THEORY) == 0) return &p->theory_mine;
  return NULL;
}

thw_object *tw_optimizer_proxy_new(tw_session *s, thw_ctx *ctx, const thw_object *inner) {
  proxy *p = tw_calloc(1, sizeof *p);
  p->session = s;
  p->ctx = ctx;
  p->inner = *inner;
  p->ops = inner->ops;
  p->object = (thw_object){sizeof p->object, THW_OPTIMIZER, &proxy_ops, p, ext};
  if ((p->steer = thw_ext(inner, THW_EXT_STEER))) {
    const thw_steer *in = p->steer;
    p->steer_mine =
        (thw_steer){.size = sizeof *in, .reset = steer_reset, .scale_step = steer_scale};
    if (THW_HAS(thw_steer, in, grow_batch) && in->grow_batch) p->steer_mine.grow_batch = steer_grow;
    if (THW_HAS(thw_steer, in, facts) && in->facts) p->steer_mine.facts = steer_facts;
    if (THW_HAS(thw_steer, in, moved) && in->moved) p->steer_mine.moved = steer_moved;
  }
  if ((p->state = thw_ext(inner, THW_EXT_STATE)))
    p->state_mine =
        (thw_ext_state){sizeof(thw_ext_state), p->state->version, state_save, state_load};
  if ((p->report = thw_ext(inner, THW_EXT_REPORT)))
    p->report_mine = (thw_ext_report){.size = sizeof(thw_ext_report), .report = report};
  if ((p->theory = thw_ext(inner, THW_EXT_THEORY)))
    p->theory_mine = (thw_theory){.size = sizeof(thw_theory), .claims = claims};
  return &p->object;
}

void tw_optimizer_proxy_free(thw_object *o) {
  if (!o) return;
  proxy *p = o->self;
  tw_oracle_free(p->foreign);
  free(p);
}
