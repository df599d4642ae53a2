/* SPDX-License-Identifier: BSD-3-Clause */
/* The search at a point with a small gradient, and the step along what it finds. */
#include <stdio.h>

#include "kernels/escape/escape.h"

static void say(const escape *e, uint32_t level, const char *text) {
  e->o->host->log(e->o->ctx, level, text);
}

/* ---- search -----------------------------------------------------------------------------------
 */

static int wants_variance(const escape *e) {
  return e->o->n != 1 && e->p->search != CURV_DET && e->p->search != CURV_KRYLOV;
}

/* A radius is measured once and again where |x| or |g| have changed by more than four times. */
static int near(double a, double b) {
  return a <= 4 * b && b <= 4 * a;
}

static thw_status set_probe(escape *e, const thw_vec *x, curv_options *s, double *norm) {
  s->probe = (curv_probe)e->p->probe;
  s->q = e->p->q;
  THW_TRY(thw_norm2(x, norm));
  if (s->probe != CURV_PROBE_AUTO || e->q == 0) return THW_OK;
  if (!near(*norm, e->at_x) || !near(e->norm, e->at_g)) return THW_OK;
  s->probe = CURV_PROBE_FIXED;
  s->q = e->q;
  s->probe_error = e->probe_error;
  return THW_OK;
}

static thw_status options(escape *e, const thw_vec *x, curv_options *s, double *norm) {
  const struct escape_params *p = e->p;
  curv_options_default(s);
  s->variant = (curv_variant)p->search;
  s->delta = e->delta;
  s->p = e->failure;
  s->acc = p->acc;
  s->map = (curv_map)p->map;
  s->w = p->w;
  s->free_test = p->free_test;
  s->kappa = p->kappa;
  s->batch = p->batch;
  s->L = fmax(e->c.L, e->raised);
  s->L2 = e->L2;
  s->V_H = wants_variance(e) ? e->c.VH : (double)NAN;
  return set_probe(e, x, s, norm);
}

/* What the next search can use, and the report. */
static void learn(escape *e, const curv_options *s, const curv_result *r, double norm) {
  e->searches++;
  e->status = r->status;
  e->variant = r->variant;
  e->cost += r->cost;
  e->z = r->status == CURV_FOUND ? r->z : r->smallest;
  if (r->L > s->L && !r->L_estimated) e->raised = r->L;
  if (s->probe != CURV_PROBE_AUTO || !(r->q > 0)) return;
  e->q = r->q;
  e->probe_error = r->probe_error;
  e->at_x = norm;
  e->at_g = e->norm;
}

static void tell(const escape *e, const curv_result *r) {
  static const char *const what[] = {"found curvature", "found none below -delta; least seen",
                                     "cannot resolve delta in this precision; least seen",
                                     "spent its budget; least seen", "diverged; least seen"};
  char text[200];
  snprintf(text, sizeof text, "search %lld (%s, delta %.3g, %lld gradients) %s %.3g",
           (long long)e->searches, curv_variant_name(r->variant), e->delta, (long long)r->cost,
           what[r->status], e->z);
  say(e, r->status > CURV_BOTTOM ? THW_LOG_WARN : THW_LOG_INFO, text);
}

/* The model may know that there is no such curvature anywhere, or none here. */
thw_status escape_by_model(escape *e, const thw_vec *x, int *known) {
  const thw_object *oracle = &e->o->oracle;
  const thw_floor *f = thw_ext(oracle, THW_EXT_FLOOR);
  double least = e->o->facts.convexity;
  *known = 0;
  if (!e->p->model_proof) return THW_OK;
  if (f && !(least >= -e->delta)) THW_TRY(f->floor(oracle->self, x, &least));
  if (!(least >= -e->delta)) return THW_OK;
  *known = 1;
  e->by_model = 1;
  e->status = CURV_BOTTOM;
  e->z = least;
  say(e, THW_LOG_INFO, "no search needed: the model knows that no curvature is below -delta");
  return THW_OK;
}

thw_status escape_search(escape *e, const thw_vec *x, curv_status *out) {
  const optim *o = e->o;
  curv_options s;
  curv_result r;
  double norm = 0;
  int64_t cost = 0;
  int known;
  THW_TRY(escape_by_model(e, x, &known));
  if (known) {
    *out = CURV_BOTTOM;
    return THW_OK;
  }
  if (e->p->search != CURV_KRYLOV) /* which needs none */
    THW_TRY(optim_constants_settle(&e->c, o, &e->probe, x, wants_variance(e), &cost));
  THW_TRY(options(e, x, &s, &norm));
  const curv_problem at = {.oracle = &o->oracle,
                           .x0 = x,
                           .n = o->n,
                           .g0 = e->rows == 0 ? e->g : NULL,
                           .rng = &e->search};
  o->host->stage(o->ctx, "search");
  thw_status st = curv_search(&at, &s, &e->work, &r);
  o->host->stage(o->ctx, NULL);
  e->cost += cost;
  if (st == THW_E_ARG)
    return optim_fail(o, st, "%s cannot run on this oracle with these options",
                      curv_variant_name(s.variant));
  THW_TRY(st);
  learn(e, &s, &r, norm);
  tell(e, &r);
  *out = r.status;
  return THW_OK;
}

/* ---- step -------------------------------------------------------------------------------------
 */

static double random_sign(escape *e) {
  return thw_rng_uniform(&e->search) < 0.5 ? -1 : 1;
}

/* Lengths that need no values. */
static thw_status by_formula(escape *e, thw_vec *x, double slope) {
  double h = 2 * -e->z / e->L2;
  if (e->p->nc_step == ESCAPE_THEORY)
    h = random_sign(e) * e->delta / e->L2;
  else
    h *= slope > 0 ? -1 : slope < 0 ? 1 : random_sign(e);
  e->h = h;
  return thw_axpy(x, h, e->work.v);
}

static thw_status by_search(escape *e, thw_vec *x, double slope) {
  const optim *o = e->o;
  thw_rng again = e->drawn;
  thw_batch *rows = NULL;
  if (e->rows > 0) THW_TRY(thw_oracle_draw(&o->oracle, &again, THW_DRAW_SUBSET, e->rows, &rows));
  escape_line l = {.oracle = &o->oracle,
                   .batch = rows,
                   .x = x,
                   .v = e->work.v,
                   .z = e->z,
                   .slope = slope,
                   .unit = o->unit,
                   .L2 = e->L2,
                   .trial = e->trial,
                   .grad = e->work.a,
                   .rng = &e->search};
  thw_status st = escape_line_search(&l);
  thw_oracle_release(&o->oracle, rows);
  e->values += l.values;
  THW_TRY(st);
  e->h = l.h;
  e->L2 = l.L2;
  return thw_copy(x, e->trial);
}

thw_status escape_step(escape *e, thw_vec *x) {
  const optim *o = e->o;
  double slope;
  char text[120];
  THW_TRY(thw_dot(e->g, e->work.v, &slope));
  o->host->stage(o->ctx, "step");
  thw_status st = e->p->nc_step == ESCAPE_SEARCH ? by_search(e, x, slope) : by_formula(e, x, slope);
  o->host->stage(o->ctx, NULL);
  if (st == THW_STALLED)
    say(e, THW_LOG_WARN,
        "no step along the direction found brings the value down: the curvature "
        "is not that of the objective");
  THW_TRY(st);
  e->steps++;
  snprintf(text, sizeof text, "curvature step %lld of length %.3g", (long long)e->steps,
           fabs(e->h));
  say(e, THW_LOG_INFO, text);
  escape_moved(e);
  return THW_OK;
}
