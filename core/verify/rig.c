/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/verify/rig.h"

#include <math.h>
#include <stdlib.h>

/* ---- the probe --------------------------------------------------------------------------------
 */

static thw_status gate(vf_rig *r) {
  if (r->stopped) {
    r->after_stop++;
    return r->stopped;
  }
  r->calls++;
  if (r->stop_at && r->calls >= r->stop_at) {
    if (r->stop_with == THW_BUDGET || r->stop_with == THW_CANCELLED) r->stopped = r->stop_with;
    return r->stop_with;
  }
  return THW_OK;
}

static thw_status passed(vf_rig *r, thw_status st) {
  if (st == THW_BUDGET || st == THW_CANCELLED) r->stopped = st;
  return st;
}

static const thw_object *below(vf_rig *r) {
  return tw_oracle_object(r->wrapper);
}

static thw_status facts(void *self, thw_facts *out) {
  return thw_oracle_facts(below(self), out);
}
static thw_status space(void *self, thw_space **out) {
  return thw_oracle_space(below(self), out);
}
static thw_status start_point(void *self, thw_vec *x, thw_rng *rng) {
  vf_rig *r = self;
  return r->below->start_point(below(r)->self, x, rng);
}
static thw_status draw(void *self, thw_rng *rng, uint32_t how, int64_t n, thw_batch **out) {
  vf_rig *r = self;
  if (r->stopped) {
    r->after_stop++;
    return r->stopped;
  }
  THW_TRY(passed(r, thw_oracle_draw(below(r), rng, how, n, out)));
  r->batches++;
  return THW_OK;
}
static void release(void *self, thw_batch *b) {
  vf_rig *r = self;
  r->batches--;
  thw_oracle_release(below(r), b);
}
static thw_status eval(void *self, const thw_vec *x, const thw_batch *b, double *f, thw_vec *g) {
  THW_TRY(gate(self));
  return passed(self, thw_oracle_eval(below(self), x, b, f, g));
}
static thw_status evaln(void *self, uint32_t k, const thw_vec *const *x, const thw_batch *b,
                        double *f, thw_vec *const *g) {
  THW_TRY(gate(self));
  return passed(self, thw_oracle_evaln(below(self), k, x, b, f, g));
}
static thw_status diff(void *self, const thw_vec *x, const thw_vec *y, const thw_batch *b,
                       thw_vec *d) {
  THW_TRY(gate(self));
  return passed(self, thw_oracle_diff(below(self), x, y, b, d));
}
static thw_status blocks(void *self, const thw_vec *x, const thw_batch *b, uint32_t k,
                         thw_vec *const *g) {
  THW_TRY(gate(self));
  return passed(self, thw_oracle_blocks(below(self), x, b, k, g));
}
static thw_status hvp(void *self, const thw_vec *x, const thw_vec *v, const thw_batch *b,
                      thw_vec *hv) {
  THW_TRY(gate(self));
  return passed(self, thw_oracle_hvp(below(self), x, v, b, hv));
}

static const thw_oracle_ops probe_ops = {.size = sizeof probe_ops,
                                         .facts = facts,
                                         .space = space,
                                         .start_point = start_point,
                                         .draw = draw,
                                         .release = release,
                                         .eval = eval,
                                         .evaln = evaln,
                                         .diff = diff,
                                         .blocks = blocks,
                                         .hvp = hvp};

/* ---- the rig ----------------------------------------------------------------------------------
 */

thw_status vf_rig_new(vf_inst *in, int shape, int give_facts, vf_rig **out) {
  vf_rig *r = tw_calloc(1, sizeof *r);
  tw_session *session = &in->k->session;
  r->in = in;
  r->ops = in->object.ops;
  r->self = in->object.self;
  r->sum = vf_sum_new(session->dtype, shape, give_facts);
  r->owns_ledger = !session->ledger;
  if (r->owns_ledger) session->ledger = tw_ledger_new();
  r->ledger = session->ledger;
  r->before = tw_ledger_enter(r->ledger, "optimizer", 1);
  r->ctx = tw_ctx_new(session, "oracle");
  r->probe = (thw_object){sizeof r->probe, THW_ORACLE, &probe_ops, r, NULL};
  thw_rng rng = {.key = {1, 0}};
  thw_space *s;
  int64_t fail_at = vf_mem.fail_at;
  vf_mem.fail_at = 0; /* the tool's own memory */
  thw_status st = tw_oracle_new(session, r->ctx, vf_sum_object(r->sum), 1, &r->wrapper);
  if (st == THW_OK) {
    r->below = below(r)->ops;
    st = space(r, &s);
  }
  if (st == THW_OK) st = thw_vec_new(s, &r->x);
  if (st == THW_OK) st = start_point(r, r->x, &rng);
  vf_mem.fail_at = fail_at;
  if (st != THW_OK) {
    vf_rig_free(r);
    return st;
  }
  *out = r;
  return THW_OK;
}

void vf_rig_free(vf_rig *r) {
  if (!r) return;
  tw_ledger_leave(r->ledger, r->before);
  if (r->owns_ledger) {
    tw_ledger_free(r->ledger);
    r->in->k->session.ledger = NULL;
  }
  thw_vec_free(r->x);
  tw_oracle_free(r->wrapper);
  tw_ctx_free(r->ctx);
  vf_sum_free(r->sum);
  free(r);
}

thw_status vf_rig_start(vf_rig *r) {
  return r->ops->start(r->self, &r->probe, r->x);
}

thw_status vf_rig_step(vf_rig *r, int64_t max_units, thw_step *io) {
  *io = (thw_step){.size = sizeof *io, .max_units = max_units};
  io->f = io->grad_norm = (double)NAN;
  r->in->k->session.step++;
  return r->ops->step(r->self, io);
}

int64_t vf_rig_spent(const vf_rig *r) {
  return tw_ledger_total(r->ledger, -1).gradients;
}

/* The instance's destroy needs the oracle that it was started on, so it goes first. */
void vf_rig_end(vf_rig *r) {
  if (!r) return;
  vf_inst *in = r->in;
  vf_inst_end(in);
  vf_rig_free(r);
  vf_inst_free(in);
}

static vf_rig *try_shape(vf_case *k, int shape, thw_status *st, char **why) {
  vf_inst *in = vf_inst_need(k, NULL);
  vf_rig *r = NULL;
  if (!in) {
    *st = THW_E_INTERNAL;
    return NULL;
  }
  *st = vf_rig_new(in, shape, 1, &r);
  if (*st == THW_OK) *st = vf_rig_start(r);
  if (*st == THW_OK) return r;
  free(*why);
  *why = vf_inst_text(in, *st);
  if (r)
    vf_rig_end(r);
  else
    vf_inst_free(in);
  return NULL;
}

vf_rig *vf_rig_need(vf_case *k, int shape) {
  char *why = NULL;
  thw_status st;
  vf_rig *r = try_shape(k, shape, &st, &why);
  if (!r && st == THW_E_UNSUPPORTED && shape != VF_STREAM) r = try_shape(k, VF_STREAM, &st, &why);
  if (!r && k->outcome == VF_PASS) vf_fail(k, "start on a built-in sum answers: %s", why);
  free(why);
  return r;
}

thw_status vf_rig_run(vf_rig *r, int n, int64_t max_units, vf_trace *t) {
  for (int i = 0; i < n; i++) {
    thw_step io;
    thw_status st = vf_rig_step(r, max_units, &io);
    if (r->ops->point(r->self, r->x) == THW_OK && t) vf_put_vec(t, r->x);
    if (st != THW_OK) return st;
  }
  return THW_OK;
}

int vf_rig_point(vf_case *k, vf_rig *r, const char *when) {
  int32_t all = 0;
  thw_status st = r->ops->point(r->self, r->x);
  if (st != THW_OK) return vf_fail(k, "point answers %d %s", (int)st, when);
  r->x->ops->finite(r->x, &all);
  return all ? 0 : vf_fail(k, "the point is not finite %s", when);
}

void vf_rig_unexpected(vf_case *k, vf_rig *r, const char *call, thw_status st) {
  char *text = vf_inst_text(r->in, st);
  vf_fail(k, "%s answers %d: %s", call, (int)st, text);
  free(text);
}
