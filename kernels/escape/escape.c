/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/escape/escape.h"

#include <stdio.h>
#include <string.h>

const char *const escape_searches[] = {"auto", "det", "vr", "online", "svrg", "krylov", NULL};
const char *const escape_probes[] = {"auto", "sqrt", "fixed", "literal", NULL};
const char *const escape_maps[] = {"tight", "paper", NULL};
const char *const escape_steps[] = {"theory", "curv", "search", NULL};
const char *const escape_tests[] = {"staged", "paper", NULL};

#define ROOM 128         /* vectors in the basis of krylov */
#define LARGE_SUM 100000 /* rows from which auto thinks of svrg */

/* ---- parameters -------------------------------------------------------------------------------
 */

thw_status escape_check(const thw_host *h, thw_ctx *c, const struct escape_params *p) {
  int literal = p->probe == CURV_PROBE_LITERAL;
  if (p->probe == CURV_PROBE_FIXED && p->q == 0)
    return h->fail(c, THW_E_ARG, "probe = \"fixed\" needs the distance: give q");
  if (p->q > 0 && p->probe != CURV_PROBE_FIXED)
    return h->fail(c, THW_E_ARG, "q is for probe = \"fixed\": set that, or leave q out");
  if (literal && (p->search == CURV_VR || p->search == CURV_SVRG || p->search == CURV_KRYLOV))
    return h->fail(c, THW_E_ARG,
                   "probe = \"literal\" is for search = \"det\" and \"online\": choose one of "
                   "them, or another probe");
  if (p->kappa > 0 && p->kappa < 10)
    return h->fail(c, THW_E_ARG, "kappa: at least 10, or 0 for the search's own");
  return THW_OK;
}

thw_status escape_create(escape *e, const struct escape_params *p, const optim *o, int claim) {
  const thw_host_stop *stop = o->host->ext(o->ctx, THW_HOST_EXT_STOP);
  thw_goal goal = {.size = sizeof goal};
  memset(e, 0, sizeof *e);
  e->o = o;
  e->p = p;
  if (stop) THW_TRY(stop->goal(o->ctx, &goal));
  e->epsilon = p->epsilon > 0 ? p->epsilon : goal.epsilon;
  e->delta = p->delta > 0 ? p->delta : goal.delta;
  double all = p->p > 0 ? p->p : goal.confidence > 0 ? 1 - goal.confidence : 0.01;
  e->failure = fmin(all, 0.49) / (2 * (double)p->max_nc);
  e->doubt = fmin(all, 0.49);
  if (!(e->epsilon > 0))
    return optim_fail(o, THW_E_ARG,
                      "epsilon: stop.epsilon of the run is 0: give a number above 0 "
                      "here or there");
  if (!(e->delta > 0))
    return optim_fail(o, THW_E_ARG,
                      "delta: stop.delta of the run is 0: give a number above 0 here "
                      "or there");
  if (p->search == CURV_KRYLOV) {
    e->work.basis = o->host->alloc(o->ctx, ROOM * sizeof(thw_vec *));
    e->work.table = o->host->alloc(o->ctx, 4 * ROOM * sizeof(double));
    if (!e->work.basis || !e->work.table)
      return optim_fail(o, THW_E_NOMEM, "out of memory for the search");
  }
  if (claim && stop) stop->claim(o->ctx);
  return THW_OK;
}

/* ---- start ------------------------------------------------------------------------------------
 */

static int may_use_svrg(const struct escape_params *p, int64_t n) {
  return p->search == CURV_SVRG || (p->search == CURV_AUTO && n >= LARGE_SUM);
}

uint64_t escape_facts(const struct escape_params *p) {
  uint64_t which = THW_FACT_CONVEXITY;
  if (!(p->lipschitz > 0)) which |= THW_FACT_LIPSCHITZ;
  if (!(p->lipschitz_hess > 0)) which |= THW_FACT_LIPSCHITZ_HESS;
  if (!(p->variance_hess > 0) && p->search != CURV_DET && p->search != CURV_KRYLOV)
    which |= THW_FACT_VARIANCE_HESS;
  return which;
}

uint32_t escape_vecs(const struct escape_params *p, const thw_object *oracle) {
  thw_facts f = {.size = sizeof f, .components = -1, .want = THW_FACT_ROWS};
  if (thw_oracle_facts(oracle, &f) != THW_OK) f.components = -1;
  uint32_t k = 8;
  if (may_use_svrg(p, f.components)) k += 2;
  if (p->search == CURV_KRYLOV) k += ROOM;
  return k;
}

static void hand_out(escape *e, thw_vec *const *v) {
  curv_work *w = &e->work;
  w->v = v[0], w->g0 = v[1], w->point = v[2], w->a = v[3], w->b = v[4], w->c = v[5];
  e->g = v[6], e->trial = v[7];
  v += 8;
  w->d = w->e = NULL;
  if (may_use_svrg(e->p, e->o->n)) {
    w->d = v[0], w->e = v[1];
    v += 2;
  }
  w->room = w->basis ? ROOM : 0;
  for (int64_t j = 0; j < w->room; j++) w->basis[j] = v[j];
}

/* A search that was asked for by name. */
static thw_status fits(const escape *e) {
  const optim *o = e->o;
  int search = e->p->search;
  if (o->n < 0 && search != CURV_AUTO && search != CURV_ONLINE)
    return optim_fail(o, THW_E_ARG,
                      "search = \"%s\" needs a finite sum, the oracle is a stream: use \"online\" "
                      "or \"auto\"",
                      escape_searches[search]);
  if (o->n == 1 && (search == CURV_VR || search == CURV_SVRG))
    return optim_fail(o, THW_E_ARG,
                      "search = \"%s\" needs a sum of more than one row: use \"det\" or \"auto\"",
                      escape_searches[search]);
  return THW_OK;
}

thw_status escape_start(escape *e, uint32_t first) {
  const optim *o = e->o;
  THW_TRY(fits(e));
  hand_out(e, o->vec + first);
  e->probe.work = e->work; /* estimates are made when these hold nothing */
  THW_TRY(o->host->rng(o->ctx, "estimate", &e->probe.rng));
  THW_TRY(o->host->rng(o->ctx, "test", &e->test));
  THW_TRY(o->host->rng(o->ctx, "search", &e->search));
  e->drawn = e->test;
  optim_constants_start(&e->c, e->p->lipschitz, e->p->variance_hess, 0);
  double L2 = e->p->lipschitz_hess;
  e->L2 = L2 > 0 ? L2 : optim_known(o->facts.lipschitz_hess) ? o->facts.lipschitz_hess : 1;
  e->norm = e->z = e->told = (double)NAN;
  e->V = e->raised = e->q = e->probe_error = e->at_x = e->at_g = e->h = 0;
  e->rows = e->tests = e->searches = e->cost = e->by_model = e->steps = e->values = e->epochs = 0;
  e->status = CURV_BOTTOM;
  e->variant = CURV_AUTO;
  return THW_OK;
}

void escape_free(escape *e) {
  if (!e->o) return;
  e->o->host->release(e->o->ctx, e->work.basis);
  e->o->host->release(e->o->ctx, e->work.table);
}

/* ---- together ---------------------------------------------------------------------------------
 */

void escape_moved(escape *e) {
  optim_constants_stale(&e->c);
  e->raised = 0;
  e->epochs = 0;
}

void escape_epoch(escape *e) {
  if (++e->epochs < e->p->reestimate || e->p->reestimate == 0) return;
  optim_constants_stale(&e->c);
  e->epochs = 0;
}

/* What follows from a search. */
static thw_status leave(escape *e, curv_status found, thw_vec *x, escape_outcome *out) {
  *out = ESCAPE_STUCK;
  if (found == CURV_BOTTOM) *out = ESCAPE_MINIMUM;
  if (found != CURV_FOUND) return THW_OK;
  if (e->steps >= e->p->max_nc) {
    e->o->host->log(e->o->ctx, THW_LOG_WARN, "max_nc curvature steps are made");
    return THW_OK;
  }
  thw_status st = escape_step(e, x);
  if (st == THW_STALLED) return THW_OK;
  *out = ESCAPE_MOVED;
  return st;
}

thw_status escape_leave(escape *e, thw_vec *x, escape_outcome *out) {
  curv_status found = CURV_BOTTOM;
  THW_TRY(escape_search(e, x, &found));
  return leave(e, found, x, out);
}

/* Both halves of the proof may be known already: then nothing is evaluated. */
static thw_status escape_known(escape *e, const thw_vec *x, int *known) {
  *known = 0;
  if (!isfinite(e->told)) return THW_OK;
  THW_TRY(escape_by_model(e, x, known));
  if (*known) e->norm = e->told;
  return THW_OK;
}

thw_status escape_at(escape *e, thw_vec *x, escape_outcome *out) {
  int small = 0, known;
  THW_TRY(escape_known(e, x, &known));
  *out = known ? ESCAPE_MINIMUM : ESCAPE_LARGE;
  if (known) return THW_OK;
  THW_TRY(escape_test(e, x, &small));
  return small ? escape_leave(e, x, out) : THW_OK;
}

void escape_report(const escape *e, thw_sink *k) {
  k->real(k, "searches", (double)e->searches);
  k->real(k, "curvature_steps", (double)e->steps);
  k->real(k, "tests", (double)e->tests);
  if (e->V > 0) k->real(k, "V", e->V);
  if (e->steps > 0) k->real(k, "L2", e->L2);
  if (e->searches == 0 && !e->by_model) return;
  k->real(k, "z", e->z);
  if (e->searches == 0) return;
  k->text(k, "search", curv_variant_name((curv_variant)e->variant));
  if (!(fmax(e->c.L, e->raised) > 0)) return;
  k->real(k, "L", fmax(e->c.L, e->raised));
  k->text(k, "L_is",
          e->raised > e->c.L                   ? "raised"
          : e->p->lipschitz > 0                ? "given"
          : optim_known(e->o->facts.lipschitz) ? "the model's"
                                               : "estimated");
  if (e->c.VH > 0) k->real(k, "V_H", e->c.VH);
}
