/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/verdict.h"

#include <math.h>
#include <stdlib.h>

#include "kernels/curvature/gradient.h"

/* Rows drawn at a time where there is no whole sum; a "pass" of the verdict's budget. */
#define CHUNK 4096
/* A stream has no end, and the rows that a small epsilon needs have none either, so that "no limit"
 * means this many passes there. */
#define STREAM_PASSES 1000
/* Vectors that Lanczos' basis may hold, and bytes: without room for LEAST it is not tried. */
#define BASIS 1024
#define BASIS_BYTES 268435456
#define LEAST 16

/* What judging works with; the vectors are those of the search, which comes last. */
typedef struct judge {
  const thw_object *oracle;
  const tw_verdict_options *o;
  tw_verdict *out;
  const thw_vec *x;
  thw_facts facts;
  thw_rng rng;
  curv_work w;
  thw_vec *g; /* full gradient, sums only */
  curv_problem problem;
  curv_options search;
  curv_result r;
  char *stationary; /* what was found out about the gradient, for the sentence */
} judge;

const char *tw_verdict_word(tw_verdict_kind k) {
  switch (k) {
  case TW_LOCAL_MINIMUM:
    return "approximate-local-minimum";
  case TW_SADDLE:
    return "saddle";
  case TW_NOT_STATIONARY:
    return "not-stationary";
  default:
    return "unknown";
  }
}

/* Takes `reason`. */
static thw_status decide(judge *j, tw_verdict_kind kind, char *reason) {
  free(j->out->reason);
  j->out->kind = kind;
  j->out->reason = reason;
  return THW_OK;
}

/* Component gradients that the search, and on a stream the test of the gradient, may cost; 0: no
 * limit. */
static double budget_of(const judge *j) {
  if (j->facts.components >= 0) return j->o->passes * (double)j->facts.components;
  return (j->o->passes > 0 ? j->o->passes : STREAM_PASSES) * CHUNK;
}

/* The first interruption lets a step of the run go on to its end, but not a whole search. */
static int32_t interrupted(void *session) {
  return ((tw_session *)session)->cancel != 0;
}

/* ---- the gradient ---------------------------------------------------------------------------- */

/* *small: the gradient passes for one of norm at most epsilon. */
static thw_status test_sum(judge *j, int *small) {
  tw_verdict *v = j->out;
  v->gradients += j->facts.components;
  THW_TRY(thw_oracle_eval(j->oracle, j->x, NULL, &v->f, j->g));
  THW_TRY(thw_norm2(j->g, &v->grad_norm));
  *small = v->grad_norm <= v->epsilon;
  j->problem.g0 = j->g;
  j->stationary = tw_sprintf("the norm of the gradient, %.3g, is %s epsilon = %.3g", v->grad_norm,
                             *small ? "at most" : "above", v->epsilon);
  return THW_OK;
}

static thw_status value_of_stream(judge *j) {
  thw_batch *b;
  THW_TRY(thw_oracle_draw(j->oracle, &j->rng, THW_DRAW_SUBSET, CHUNK, &b));
  thw_status st = thw_oracle_eval(j->oracle, j->x, b, &j->out->f, NULL);
  thw_oracle_release(j->oracle, b);
  return st;
}

/* The words' own failure probability is that of the curvature: small and large are each wrong at
 * epsilon with probability at most 1 - confidence. */
static thw_status test_stream(judge *j, int *small) {
  tw_verdict *v = j->out;
  const double p = fmin(1 - v->confidence, 0.49), budget = budget_of(j);
  const curv_test how = {.low = v->epsilon,
                         .high = v->epsilon,
                         .p_small = p,
                         .p_large = p,
                         .most = budget < 4e18 ? (int64_t)budget : INT64_MAX,
                         .chunk = CHUNK};
  curv_sample s = {.mean = j->w.g0, .block = j->w.a, .last = j->w.b, .other = j->w.c};
  curv_size size;
  THW_TRY(value_of_stream(j));
  THW_TRY(curv_gradient_test(&j->problem, &how, &s, &size, &v->gradients));
  double rows = fmax(1, (double)s.rows), error = sqrt(s.V / rows);
  *small = size == CURV_SMALL;
  v->grad_norm = s.rows > 0 ? s.norm : (double)NAN;
  if (size == CURV_UNDECIDED)
    return decide(j, TW_UNKNOWN,
                  tw_sprintf("the norm of the gradient is %.3g with a standard error of %.2g "
                             "over %lld rows, and the %.3g passes allowed cannot tell whether it "
                             "is at most epsilon = %.3g: raise stop.verdict_passes or "
                             "stop.epsilon",
                             v->grad_norm, error, (long long)s.rows, budget / CHUNK, v->epsilon));
  j->stationary =
      tw_sprintf("the norm of the gradient, %.3g over %lld rows (standard error %.2g), is %s "
                 "epsilon = %.3g",
                 v->grad_norm, (long long)s.rows, error, *small ? "below" : "above", v->epsilon);
  return THW_OK;
}

/* ---- curvature ------------------------------------------------------------------------------- */

/* What the model proves: a lower bound of the curvature anywhere, or else here. */
static thw_status floor_of(judge *j, double *mu, int *here) {
  const thw_floor *f = thw_ext(j->oracle, THW_EXT_FLOOR);
  *mu = j->facts.convexity;
  *here = f && !(*mu >= -j->out->delta);
  return *here ? f->floor(j->oracle->self, j->x, mu) : THW_OK;
}

static thw_status no_search_needed(judge *j, int *done) {
  const tw_verdict *v = j->out;
  double mu;
  int here;
  *done = 1;
  if (!j->o->smooth)
    return decide(j, TW_UNKNOWN,
                  tw_sprintf("%s; but the model is not twice differentiable, so second-order "
                             "conditions do not apply",
                             j->stationary));
  THW_TRY(floor_of(j, &mu, &here));
  if (mu >= 0 || mu >= -v->delta) {
    j->out->curvature = mu;
    return decide(j, TW_LOCAL_MINIMUM,
                  tw_sprintf("%s, and the model says that the curvature of the objective is "
                             "%s below %.3g%s",
                             j->stationary, here ? "here not" : "nowhere", mu,
                             mu >= 0 && !here ? ": it is convex" : ""));
  }
  if (!(v->delta > 0))
    return decide(
        j, TW_UNKNOWN,
        tw_sprintf("%s; but stop.delta is 0, so curvature was not looked at", j->stationary));
  *done = 0;
  return THW_OK;
}

int64_t tw_verdict_room(const thw_space *space) {
  int64_t d = space->n > 0 ? space->n : 1, bytes = space->dtype == THW_F32 ? 4 : 8;
  int64_t room = BASIS_BYTES / bytes / d;
  if (room < LEAST) return 0;
  if (room > BASIS) room = BASIS;
  return room < d ? room : d > 2 ? d : 2;
}

static thw_status search(judge *j) {
  tw_verdict *v = j->out;
  curv_options *s = &j->search;
  int64_t n = j->facts.components;
  curv_options_default(s);
  s->delta = v->delta;
  s->p = fmin(1 - v->confidence, 0.49);
  s->candidates = 1u << CURV_ONLINE;
  int64_t room = n < 0 ? 0 : tw_verdict_room(j->x->space);
  if (n >= 0) s->candidates = 1u << CURV_DET | 1u << CURV_VR;
  if (room > 0) {
    s->candidates |= 1u << CURV_KRYLOV;
    THW_TRY(curv_work_extend(j->x->space, &j->w, CURV_KRYLOV, room));
  }
  double bound = j->facts.flags & THW_FACTS_LOCAL ? (double)NAN : j->facts.lipschitz;
  s->L = j->o->L > 0 ? j->o->L : bound;
  s->V_H = j->facts.variance_hess;
  double budget = budget_of(j);
  if (budget > 0) s->budget = budget < 4e18 ? (int64_t)fmax(budget, 1) : INT64_MAX;
  thw_status st = curv_search(&j->problem, s, &j->w, &j->r);
  v->gradients += j->r.cost;
  if (st != THW_OK) return st;
  v->search = curv_variant_name(j->r.variant);
  v->L = j->r.L;
  v->L2 = j->o->L2 > 0 ? j->o->L2 : j->facts.lipschitz_hess;
  v->L_given = j->r.L > 0 && !j->r.L_estimated && !(j->r.L > s->L);
  v->curvature = j->r.smallest;
  return THW_OK;
}

static const char *whence(const judge *j) {
  return j->out->L_given ? "given" : j->r.L_estimated ? "estimated" : "raised";
}

/* What the confidence rests on. */
static char *assumptions(const judge *j) {
  double L = j->out->L, V_H = j->r.V_H;
  if (j->r.variant == CURV_KRYLOV)
    return tw_strdup("whatever the spectrum: no constant is assumed");
  if (j->r.variant == CURV_VR)
    return tw_sprintf("nominal: the failure rate of this search is measured, not proved; L = %.3g "
                      "%s, V_H = %.3g",
                      L, whence(j), V_H);
  if (j->r.variant == CURV_ONLINE)
    return tw_sprintf("if L = %.3g, %s, and V_H = %.3g hold", L, whence(j), V_H);
  return tw_sprintf("if L = %.3g, %s, holds", L, whence(j));
}

static thw_status bottom(judge *j) {
  const tw_verdict *v = j->out;
  char *rests_on = assumptions(j);
  thw_status st = decide(j, TW_LOCAL_MINIMUM,
                         tw_sprintf("%s, and %s found no curvature below -delta = %.3g (confidence "
                                    "%.6g, %s)",
                                    j->stationary, v->search, -v->delta, v->confidence, rests_on));
  free(rests_on);
  return st;
}

static thw_status found(judge *j) {
  tw_verdict *v = j->out;
  v->curvature = j->r.z;
  THW_TRY(thw_vec_new(j->x->space, &v->direction));
  THW_TRY(thw_copy(v->direction, j->w.v));
  return decide(j, TW_SADDLE,
                tw_sprintf("%s, but %s found a direction of curvature %.3g, below -delta/2 = %.3g",
                           j->stationary, v->search, v->curvature, -v->delta / 2));
}

static thw_status budget_spent(judge *j) {
  const tw_verdict *v = j->out;
  int64_t n = j->facts.components, d = j->x->space->n;
  double pass = n < 0 ? CHUNK : (double)n, spent = (double)j->r.cost / pass;
  if (!(j->r.L > 0) || j->r.variant == CURV_AUTO)
    return decide(j, TW_UNKNOWN,
                  tw_sprintf("%s; but the %.3g passes that the search for negative curvature may "
                             "cost are not enough to begin it: raise stop.verdict_passes",
                             j->stationary, budget_of(j) / pass));
  curv_options s = j->search;
  curv_plan plan;
  s.L = j->r.L;
  s.V_H = j->r.V_H;
  curv_plan_make(j->r.variant, &s, n, d, &plan);
  double delta = curv_resolvable(j->r.variant, &s, n, d, s.budget);
  char *hint = isnan(delta) ? tw_strdup("") : tw_sprintf(", enough for delta = %.2g", delta);
  thw_status st = decide(
      j, TW_UNKNOWN,
      tw_sprintf(
          "%s; but in the %.3g passes allowed%s, %s came to no end: for delta = %.3g it needs "
          "up to %.3g: raise stop.verdict_passes or stop.delta",
          j->stationary, budget_of(j) / pass, hint, v->search, v->delta, spent + plan.cost / pass));
  free(hint);
  return st;
}

static thw_status unresolved(judge *j) {
  const tw_verdict *v = j->out;
  if (j->r.status == CURV_DIVERGED)
    return decide(j, TW_UNKNOWN,
                  tw_sprintf("%s; but the search for negative curvature met gradients that are not "
                             "finite or that no constant L fits",
                             j->stationary));
  return decide(
      j, TW_UNKNOWN,
      tw_sprintf("%s; but %s-precision gradients at this point resolve curvature to %.2g "
                 "only, and delta is %.3g: raise stop.delta%s",
                 j->stationary, j->x->space->dtype == THW_F32 ? "single" : "double",
                 8 * j->r.probe_error, v->delta,
                 j->x->space->dtype == THW_F32 ? " or set run.precision = \"double\"" : ""));
}

static thw_status look_for_curvature(judge *j) {
  THW_TRY(search(j));
  switch (j->r.status) {
  case CURV_FOUND:
    return found(j);
  case CURV_BOTTOM:
    return bottom(j);
  case CURV_BUDGET:
    return budget_spent(j);
  default:
    return unresolved(j);
  }
}

/* ---- the whole ------------------------------------------------------------------------------- */

static thw_status judge_point(judge *j) {
  int small = 0, done = 0;
  THW_TRY(j->facts.components < 0 ? test_stream(j, &small) : test_sum(j, &small));
  if (!j->stationary) return THW_OK; /* decided */
  if (j->o->smooth && !small) return decide(j, TW_NOT_STATIONARY, tw_strdup(j->stationary));
  THW_TRY(no_search_needed(j, &done));
  return done ? THW_OK : look_for_curvature(j);
}

/* Statuses that are an answer: the point cannot be judged. */
static thw_status as_answer(judge *j, thw_status st) {
  if (st == THW_E_NONFINITE)
    return decide(j, TW_UNKNOWN,
                  tw_strdup("the objective or its gradient is not finite at or near this point"));
  if (st == THW_E_UNSUPPORTED)
    return decide(j, TW_UNKNOWN,
                  tw_strdup("the oracle does not offer the evaluations that a verdict needs"));
  if (st == THW_BUDGET)
    return decide(j, TW_UNKNOWN, tw_strdup("the budget of the run was spent in judging"));
  return st;
}

static thw_status prepare(judge *j, thw_ctx *ctx) {
  j->facts.size = sizeof j->facts;
  THW_TRY(thw_oracle_facts(j->oracle, &j->facts));
  THW_TRY(tw_host.rng(ctx, "verdict", &j->rng));
  THW_TRY(curv_work_new(j->x->space, &j->w));
  THW_TRY(thw_vec_new(j->x->space, &j->g));
  j->problem = (curv_problem){.oracle = j->oracle,
                              .x0 = j->x,
                              .n = j->facts.components,
                              .rng = &j->rng,
                              .cancelled = interrupted,
                              .arg = tw_ctx_session(ctx)};
  return THW_OK;
}

thw_status tw_verdict_judge(const thw_object *oracle, thw_ctx *ctx, const tw_verdict_options *o,
                            const thw_vec *x, tw_verdict *out, tw_diags *d) {
  *out = (tw_verdict){.kind = TW_UNKNOWN,
                      .epsilon = o->epsilon,
                      .delta = o->delta,
                      .confidence = o->confidence,
                      .f = (double)NAN,
                      .grad_norm = (double)NAN,
                      .curvature = (double)NAN,
                      .L = (double)NAN,
                      .L2 = (double)NAN};
  out->reason = tw_strdup("not judged");
  if (!(o->confidence > 0 && o->confidence < 1))
    return tw_error(d, THW_E_ARG, "stop.confidence: a number between 0 and 1, not %g",
                    o->confidence);
  if (!(o->epsilon >= 0 && o->delta >= 0 && isfinite(o->delta)))
    return tw_error(d, THW_E_ARG, "stop.epsilon, stop.delta: numbers from 0 on, not %g, %g",
                    o->epsilon, o->delta);
  judge j = {.oracle = oracle, .o = o, .out = out, .x = x};
  thw_status st = prepare(&j, ctx);
  if (st == THW_OK) st = judge_point(&j);
  st = as_answer(&j, st);
  free(j.stationary);
  thw_vec_free(j.g);
  curv_work_free(&j.w);
  return st;
}

void tw_verdict_clear(tw_verdict *v) {
  free(v->reason);
  thw_vec_free(v->direction);
  *v = (tw_verdict){0};
}
