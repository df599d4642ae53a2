/* SPDX-License-Identifier: BSD-3-Clause */
/* Continuous multiplicative weights: a density exp(-eta (f_1 + ... + f_t) . x) on a body around
 * alpha K, whose mean is decomposed; a mean that cannot be is cut off, with a constant part of the
 * mass. */
#include <config.h>
#include <math.h>
#include <string.h>

#include "kernels/online/sampler.h"
#include "plugins/learners/improper.h"

struct cmwu_params {
  double step, step_scale, cost_bound, eps_scale, ess, radius;
  int64_t horizon, samples, thin;
  PAD_FIELDS
};

static const thw_param params[] = {
    THW_PARAM_REAL(struct cmwu_params, step, 0.0, 0.0, THW_NO_BOUND, 0, NULL,
                   "eta; 0: sqrt(8 d ln(T)/T)/B, d coordinates, T rounds."),
    THW_PARAM_REAL(struct cmwu_params, step_scale, 1.0, 0.0, THW_NO_BOUND,
                   THW_P_MIN_OPEN | THW_P_LOG, NULL, "The step is multiplied by it."),
    THW_PARAM_REAL(struct cmwu_params, cost_bound, 0.0, 0.0, THW_NO_BOUND, 0, NULL,
                   "B, a bound on alpha f_t.x over K; 0: by what rounds and oracle promise."),
    THW_PARAM_INT(struct cmwu_params, horizon, 0, 0, THW_NO_BOUND, "rounds", "T; 0: stop.rounds."),
    THW_PARAM_INT(struct cmwu_params, samples, 0, 0, 20000, NULL,
                  "Points of a sample; 0: 8 d, at least 64."),
    THW_PARAM_INT(struct cmwu_params, thin, 0, 0, 100, NULL,
                  "Steps of the walk from one point to the next; 0: d."),
    THW_PARAM_REAL(struct cmwu_params, ess, 0.5, 0.1, 0.9, 0, NULL,
                   "A sample is drawn anew when fewer than this part of its points still count."),
    THW_PARAM_REAL(struct cmwu_params, eps_scale, 0.1, 0.0, 10.0, THW_P_MIN_OPEN | THW_P_LOG, NULL,
                   "Tolerance of the decomposition, in D/sqrt(T); larger: fewer calls."),
    THW_PARAM_REAL(struct cmwu_params, radius, 0.0, 0.0, THW_NO_BOUND, 0, NULL,
                   "D, a bound on |x| over alpha K; 0: alpha times the oracle's bound."),
    PAD_PARAMS(struct cmwu_params),
};

typedef struct cmwu {
  on_env e;
  const struct cmwu_params *p;
  thw_game game;
  on_pad pad;
  on_sampler walk;
  on_body body;
  double D, T, B, eta;
  double *theta;  /* eta times the sum of the losses */
  double *drawn;  /* theta of the sample */
  double *weight; /* of its points */
  double counts;  /* how many of them count */
  int64_t ready;
} cmwu;

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c,
                         const void *params_, const thw_wired *slots, void **self) {
  on_env e = {h, c};
  cmwu *s = NULL;
  (void)me, (void)slots;
  THW_TRY(ON_NEW(e, s, 1));
  s->e = e;
  s->p = params_;
  *self = s;
  return THW_OK;
}

static void clear(cmwu *s) {
  double **all[] = {&s->theta, &s->drawn, &s->weight};
  on_pad_free(&s->pad);
  on_sampler_free(&s->walk);
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
    on_free(s->e, *all[i]);
    *all[i] = NULL;
  }
}

static void destroy(void *self) {
  cmwu *s = self;
  clear(s);
  on_free(s->e, s);
}

/* ---- beginning ------------------------------------------------------------------------------- */

static double factor_of(const thw_linear_facts *f) {
  return isfinite(f->factor) ? f->factor : 1;
}

static thw_status constants(cmwu *s) {
  const struct cmwu_params *p = s->p;
  const thw_game *g = &s->game;
  const thw_linear_facts *f = g->oracle;
  THW_TRY(improper_radius(s->e, p->radius, f, &s->D));
  s->T = (double)(p->horizon > 0 ? p->horizon : g->horizon);
  if (!(s->T > 0))
    return on_fail(s->e, THW_E_ARG, "this method needs the number of rounds: set stop.rounds");
  s->B = p->cost_bound;
  if (!(s->B > 0)) s->B = fmin(s->D * g->loss_norm, factor_of(f) * g->loss_norminf * f->norm1);
  if (!(s->B > 0) && !(p->step > 0))
    return on_fail(s->e, THW_E_ARG,
                   "the step needs a bound on the costs, which oracle and rounds do not promise: "
                   "set cost_bound, or step");
  double d = (double)g->n;
  s->eta = p->step > 0 ? p->step : sqrt(8 * d * log(fmax(s->T, 2)) / s->T) / s->B;
  s->eta *= p->step_scale;
  return THW_OK;
}

/* A box with room around alpha K on every side that losses point away from. */
static thw_status enclose(cmwu *s) {
  const thw_linear_facts *f = s->game.oracle;
  double most = 1.05 * factor_of(f) * (isfinite(f->norminf) ? f->norminf : s->D);
  int orthant = (f->flags & THW_LINEAR_ORTHANT) != 0;
  for (int64_t i = 0; f->free_sign && i < f->n; i++)
    if (f->free_sign[i])
      return on_fail(s->e, THW_E_ARG,
                     "this method takes oracles whose costs are not negative: use improper-omd");
  s->body.n = f->n;
  s->body.lo = orthant && f->sense == THW_COST ? 0 : -most;
  s->body.hi = orthant && f->sense == THW_REWARD ? 0 : most;
  return THW_OK;
}

static thw_status start(void *self, const thw_object *oracle, const thw_game *game) {
  cmwu *s = self;
  const struct cmwu_params *p = s->p;
  int64_t n = game->n, points = p->samples > 0 ? p->samples : 8 * n;
  on_pad_options o = PAD_OPTIONS(p);
  thw_rng r;
  if (points < 64 && p->samples == 0) points = 64;
  if (p->cap_c == 0) o.cap_c = INT64_MAX / 4;
  clear(s);
  s->game = *game;
  THW_TRY(constants(s));
  THW_TRY(enclose(s));
  THW_TRY(s->e.host->rng(s->e.ctx, "walk", &r));
  THW_TRY(on_sampler_init(&s->walk, s->e, n, points, p->thin > 0 ? p->thin : n, &r));
  THW_TRY(ON_NEW(s->e, s->theta, n));
  THW_TRY(ON_NEW(s->e, s->drawn, n));
  THW_TRY(ON_NEW(s->e, s->weight, points));
  THW_TRY(on_pad_init(&s->pad, s->e, oracle, game->oracle, &o));
  THW_TRY(on_pad_first(&s->pad));
  s->ready = 0;
  return THW_OK;
}

static thw_status facts(void *self, thw_learner_facts *out) {
  (void)self;
  out->feedback = THW_FEEDBACK_FULL;
  out->rate = 0.5;
  out->formula = "O(B sqrt(d T ln T))";
  return THW_OK;
}

/* ---- rounds ---------------------------------------------------------------------------------- */

/* exp(-(theta - theta of the sample) . x) inside the body; how many points that is worth. */
static double weigh(cmwu *s) {
  int64_t n = s->body.n;
  double sum = 0, squares = 0, least = INFINITY;
  for (int64_t k = 0; k < s->walk.points; k++) {
    const double *x = s->walk.x + k * n;
    double a = INFINITY;
    if (on_body_has(&s->body, x)) {
      a = 0;
      for (int64_t i = 0; i < n; i++) a += (s->theta[i] - s->drawn[i]) * x[i];
    }
    s->weight[k] = a;
    least = fmin(least, a);
  }
  for (int64_t k = 0; isfinite(least) && k < s->walk.points; k++) {
    s->weight[k] = exp(least - s->weight[k]);
    sum += s->weight[k];
    squares += s->weight[k] * s->weight[k];
  }
  for (int64_t k = 0; sum > 0 && k < s->walk.points; k++) s->weight[k] /= sum;
  return sum > 0 ? sum * sum / squares : 0;
}

/* The mean of the density, into pad.z, by the old sample as long as it tells enough. */
static thw_status take_mean(cmwu *s) {
  int64_t n = s->body.n;
  s->body.n_cuts = s->pad.c.count;
  s->body.a = s->pad.c.row;
  s->body.ld = n + 1;
  s->body.b = s->pad.c.rhs;
  s->counts = s->walk.drawn > 0 ? weigh(s) : 0;
  if (s->counts < s->p->ess * (double)s->walk.points) {
    THW_TRY(on_sampler_draw(&s->walk, &s->body, s->theta));
    memcpy(s->drawn, s->theta, (size_t)n * sizeof *s->drawn);
    s->counts = (double)s->walk.points;
    for (int64_t k = 0; k < s->walk.points; k++) s->weight[k] = 1 / s->counts;
  }
  memset(s->pad.z, 0, (size_t)n * sizeof *s->pad.z);
  for (int64_t k = 0; k < s->walk.points; k++)
    for (int64_t i = 0; i < n; i++) s->pad.z[i] += s->weight[k] * s->walk.x[k * n + i];
  on_pad_moved(&s->pad);
  return THW_OK;
}

static thw_status decompose(cmwu *s) {
  double level;
  int temporary;
  on_pad *pad = &s->pad;
  pad->counts.projections++;
  for (int64_t i = 0; i < 1000 + 200 * s->body.n; i++) {
    THW_TRY(take_mean(s));
    thw_status st = on_pad_sod(pad, s->p->eps_scale * s->D / sqrt(s->T), &level, &temporary);
    if (st == THW_OK) {
      THW_TRY(on_pad_show(pad));
      on_pad_prune(pad);
      return on_pad_show(pad);
    }
    if (st != THW_RETRY) return st;
    THW_TRY(on_cuts_add(pad, pad->direction, level, temporary));
  }
  return on_fail(s->e, THW_E_STATE,
                 "the mean is cut off again and again: a larger eps_scale or more samples help");
}

static thw_status commit(void *self, int64_t t, thw_play *out) {
  cmwu *s = self;
  (void)t;
  if (!s->ready) THW_TRY(decompose(s));
  s->ready = 1;
  improper_show(&s->pad, out);
  return THW_OK;
}

static thw_status observe(void *self, const thw_feedback *fb) {
  cmwu *s = self;
  for (int64_t i = 0; i < s->body.n; i++) s->theta[i] += s->eta * fb->f[i];
  s->ready = 0;
  return THW_OK;
}

static const thw_learner_ops ops = {.size = sizeof(thw_learner_ops),
                                    .start = start,
                                    .facts = facts,
                                    .commit = commit,
                                    .observe = observe};

/* ---- extensions ------------------------------------------------------------------------------ */

static thw_status save(void *self, thw_writer *w) {
  cmwu *s = self;
  size_t bytes = (size_t)s->body.n * sizeof(double);
  THW_TRY(w->i64(w, "ready", s->ready));
  THW_TRY(w->f64(w, "counts", s->counts));
  THW_TRY(w->blob(w, "theta", s->theta, bytes));
  THW_TRY(w->blob(w, "drawn", s->drawn, bytes));
  THW_TRY(on_sampler_save(&s->walk, w));
  return on_pad_save(&s->pad, w);
}

static thw_status load(void *self, thw_reader *r) {
  cmwu *s = self;
  THW_TRY(r->i64(r, "ready", &s->ready));
  THW_TRY(r->f64(r, "counts", &s->counts));
  THW_TRY(learn_load_vector(s->e, r, "theta", s->theta, s->body.n));
  THW_TRY(learn_load_vector(s->e, r, "drawn", s->drawn, s->body.n));
  THW_TRY(on_sampler_load(&s->walk, r));
  return on_pad_load(&s->pad, r);
}

static thw_status report_(void *self, thw_sink *k) {
  cmwu *s = self;
  k->real(k, "eta", s->eta);
  k->real(k, "samples_drawn", (double)s->walk.drawn);
  k->real(k, "points_that_count", s->counts);
  on_pad_report(&s->pad, k);
  return THW_OK;
}

static const thw_ext_state state = {sizeof(thw_ext_state), 1, save, load};
static const thw_ext_report report = {.size = sizeof(thw_ext_report), .report = report_};

static const void *ext(void *self, const char *id) {
  (void)self;
  if (strcmp(id, THW_EXT_STATE) == 0) return &state;
  if (strcmp(id, THW_EXT_REPORT) == 0) return &report;
  return NULL;
}

static const char *const offers[] = {THW_EXT_STATE, THW_EXT_REPORT, NULL};

const thw_component improper_cmwu = {
    THW_COMPONENT_HEAD(THW_LEARNER),
    .id = "improper-cmwu",
    .version = PACKAGE_VERSION,
    .summary = "continuous multiplicative weights with an approximation oracle",
    .doc = "The learner keeps a body around alpha K, a box cut by the half-spaces that the "
           "oracle's answers prove, and on it the density exp(-eta (f_1 + ... + f_t) . x). In "
           "each round the mean of the density, taken of points drawn by hit-and-run, is "
           "decomposed into decisions; a mean that cannot be decomposed is cut off, and a constant "
           "part of the mass goes with it, so that this happens a few times per coordinate in the "
           "whole run. alpha-regret of order B sqrt(d T ln T) for exact means.\n\n"
           "No projections and no radius to know; for up to about 20 coordinates. A sample costs "
           "about d^4 operations.",
    .reference = "E. Hazan, W. Hu, Y. Li, Z. Li, Online Improper Learning with an Approximation "
                 "Oracle, NeurIPS 2018, arXiv:1804.07837, continuous multiplicative weights; "
                 "L. Lovasz, S. Vempala, Hit-and-Run from a Corner, SIAM J. Comput. 35 (2006)",
    THW_PARAMS(params, struct cmwu_params),
    .offers = offers,
    .ops = &ops,
    .create = create,
    .destroy = destroy,
    .ext = ext,
};
