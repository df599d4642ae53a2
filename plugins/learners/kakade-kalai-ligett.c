/* SPDX-License-Identifier: BSD-3-Clause */
/* Playing games with approximation algorithms: descent with an approximate projection by the
 * extended oracle, whose calls per round grow with the number of rounds. */
#include <config.h>
#include <math.h>
#include <string.h>

#include "plugins/learners/improper.h"

struct kkl_params {
  double loss_bound;
  int64_t horizon, calls;
};

static const thw_param params[] = {
    THW_PARAM_REAL(struct kkl_params, loss_bound, 0.0, 0.0, THW_NO_BOUND, 0, NULL,
                   "W, a bound on |f_t|; 0: what the rounds promise."),
    THW_PARAM_INT(struct kkl_params, horizon, 0, 0, THW_NO_BOUND, "rounds", "T; 0: stop.rounds."),
    THW_PARAM_INT(struct kkl_params, calls, 100000, 1, 200000, NULL,
                  "Calls of the oracle after which a round ends, whatever is left to do."),
};

typedef struct kkl {
  on_env e;
  const struct kkl_params *p;
  thw_game game;
  const thw_object *oracle;
  double alpha, R, W, T;
  double *x, *z, *mean, *c; /* the point, where it should be, expectation of s, direction */
  double *dense;
  thw_decision *s[1];
  double one[1];
  thw_rng coins;
  int64_t loops;
} kkl;

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c,
                         const void *params_, const thw_wired *slots, void **self) {
  on_env e = {h, c};
  kkl *s = NULL;
  (void)me, (void)slots;
  THW_TRY(ON_NEW(e, s, 1));
  s->e = e;
  s->p = params_;
  s->one[0] = 1;
  *self = s;
  return THW_OK;
}

static void clear(kkl *s) {
  double **all[] = {&s->x, &s->z, &s->mean, &s->c, &s->dense};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
    on_free(s->e, *all[i]);
    *all[i] = NULL;
  }
  thw_release(s->s[0]);
  s->s[0] = NULL;
}

static void destroy(void *self) {
  kkl *s = self;
  clear(s);
  on_free(s->e, s);
}

static thw_status constants(kkl *s) {
  const thw_linear_facts *f = s->game.oracle;
  s->T = (double)(s->p->horizon > 0 ? s->p->horizon : s->game.horizon);
  s->W = s->p->loss_bound > 0 ? s->p->loss_bound : s->game.loss_norm;
  s->alpha = f->factor;
  s->R = f->norm;
  if (!isfinite(s->alpha) || !isfinite(s->R))
    return on_fail(s->e, THW_E_ARG,
                   "this method needs an oracle with a factor and a bound on its "
                   "decisions");
  if (f->free_sign || !(f->flags & THW_LINEAR_ORTHANT))
    return on_fail(s->e, THW_E_ARG, "this method needs decisions and losses that are not negative");
  if (!(s->T > 0))
    return on_fail(s->e, THW_E_ARG, "this method needs the number of rounds: set stop.rounds");
  if (!(s->W > 0))
    return on_fail(s->e, THW_E_ARG, "this method needs a bound on the losses: set loss_bound");
  return THW_OK;
}

static thw_status ask(kkl *s, const double *c, thw_decision **out) {
  thw_linear_query q = {.size = sizeof q, .c = c};
  thw_linear_answer a = {.size = sizeof a};
  THW_TRY(thw_linear_solve(s->oracle, &q, &a));
  a.x->ops->vector(a.x, s->dense);
  *out = a.x;
  return THW_OK;
}

static thw_status start(void *self, const thw_object *oracle, const thw_game *game) {
  kkl *s = self;
  int64_t n = game->n;
  clear(s);
  s->game = *game;
  s->oracle = oracle;
  THW_TRY(constants(s));
  THW_TRY(ON_NEW(s->e, s->x, n));
  THW_TRY(ON_NEW(s->e, s->z, n));
  THW_TRY(ON_NEW(s->e, s->mean, n));
  THW_TRY(ON_NEW(s->e, s->c, n));
  THW_TRY(ON_NEW(s->e, s->dense, n));
  THW_TRY(s->e.host->rng(s->e.ctx, "coins", &s->coins));
  for (int64_t i = 0; i < n; i++) s->c[i] = 1 / sqrt((double)n);
  THW_TRY(ask(s, s->c, &s->s[0]));
  memcpy(s->x, s->dense, (size_t)n * sizeof(double));
  memcpy(s->mean, s->dense, (size_t)n * sizeof(double));
  s->loops = 0;
  return THW_OK;
}

static thw_status facts(void *self, thw_learner_facts *out) {
  kkl *s = self;
  out->feedback = THW_FEEDBACK_FULL;
  out->rate = 0.5;
  out->formula = "(alpha + 2) R W sqrt(T)";
  out->bound = (s->alpha + 2) * s->R * s->W * sqrt(s->T);
  return THW_OK;
}

static thw_status commit(void *self, int64_t t, thw_play *out) {
  kkl *s = self;
  (void)t;
  out->n = 1;
  out->x = s->s;
  out->p = s->one;
  out->mean = s->mean;
  return THW_OK;
}

/* The extended oracle at x - z: (v, t) in s->c and *t, whose vector is in s->dense. Returns
 * (x - z).(x - v). For costs v = t - rho c-/|c-|; rewards in their negated form alike. */
static thw_status extended(kkl *s, thw_decision **t, double *gain) {
  int64_t n = s->game.n;
  double rho = (s->alpha + 1) * s->R, plus = 0, minus = 0;
  for (int64_t i = 0; i < n; i++) {
    double c = s->x[i] - s->z[i];
    s->c[i] = fmax(c, 0);
    plus += s->c[i] * s->c[i];
    minus += c < 0 ? c * c : 0;
  }
  plus = sqrt(plus), minus = sqrt(minus);
  for (int64_t i = 0; plus > 0 && i < n; i++) s->c[i] /= plus;
  THW_TRY(ask(s, s->c, t));
  *gain = 0;
  for (int64_t i = 0; i < n; i++) {
    double c = s->x[i] - s->z[i];
    s->c[i] = s->dense[i] - (c < 0 && minus > 0 ? rho * c / minus : 0);
    *gain += c * (s->x[i] - s->c[i]);
  }
  return THW_OK;
}

static thw_status observe(void *self, const thw_feedback *fb) {
  kkl *s = self;
  int64_t n = s->game.n;
  double a = s->alpha, eta = (a + 1) * s->R / (s->W * sqrt(s->T));
  double delta = (a + 1) * s->R * s->R / s->T, lambda = (a + 1) / (4 * (a + 2) * (a + 2) * s->T);
  for (int64_t i = 0; i < n; i++) s->z[i] = s->x[i] - eta * fb->f[i];
  for (int64_t k = 0; k < s->p->calls; k++) {
    thw_decision *t = NULL;
    double gain;
    THW_TRY(extended(s, &t, &gain));
    s->loops++;
    if (gain <= delta) {
      thw_release(t);
      return THW_OK;
    }
    int take = thw_rng_uniform(&s->coins) < lambda;
    thw_release(take ? s->s[0] : t);
    if (take) s->s[0] = t;
    for (int64_t i = 0; i < n; i++) {
      s->x[i] += lambda * (s->c[i] - s->x[i]);
      s->mean[i] += lambda * (s->dense[i] - s->mean[i]);
    }
  }
  return THW_OK;
}

static const thw_learner_ops ops = {.size = sizeof(thw_learner_ops),
                                    .start = start,
                                    .facts = facts,
                                    .commit = commit,
                                    .observe = observe};

/* ---- extensions ------------------------------------------------------------------------------ */

static thw_status save(void *self, thw_writer *w) {
  kkl *s = self;
  size_t n = (size_t)s->game.n * sizeof(double);
  THW_TRY(w->f64(w, "T", s->T));
  THW_TRY(w->i64(w, "loops", s->loops));
  THW_TRY(w->rng(w, "coins", &s->coins));
  THW_TRY(w->blob(w, "x", s->x, n));
  THW_TRY(w->blob(w, "mean", s->mean, n));
  return learn_save_decision(s->e, s->oracle, w, "s", s->s[0]);
}

static thw_status load(void *self, thw_reader *r) {
  kkl *s = self;
  THW_TRY(r->f64(r, "T", &s->T));
  THW_TRY(r->i64(r, "loops", &s->loops));
  THW_TRY(r->rng(r, "coins", &s->coins));
  THW_TRY(learn_load_vector(s->e, r, "x", s->x, s->game.n));
  THW_TRY(learn_load_vector(s->e, r, "mean", s->mean, s->game.n));
  return learn_load_decision(s->e, s->oracle, r, "s", s->game.n, &s->s[0]);
}

static thw_status report_(void *self, thw_sink *k) {
  k->real(k, "loops", (double)((kkl *)self)->loops);
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

const thw_component learner_kkl = {
    THW_COMPONENT_HEAD(THW_LEARNER),
    .id = "kakade-kalai-ligett",
    .version = PACKAGE_VERSION,
    .summary = "descent with an approximate projection by the extended oracle (baseline)",
    .doc =
        "After each round the point is moved against the losses and brought back near alpha K by "
        "small steps towards answers of the extended oracle; the decision played follows the "
        "point by coin flips, so that on average it costs no more. alpha-regret at most (alpha + "
        "2) R W sqrt(T), at a number of calls per round that grows like T: a baseline.",
    .reference = "S. M. Kakade, A. T. Kalai, K. Ligett, Playing Games with Approximation "
                 "Algorithms, STOC 2007; SIAM J. Comput. 39 (2009)",
    THW_PARAMS(params, struct kkl_params),
    .offers = offers,
    .ops = &ops,
    .create = create,
    .destroy = destroy,
    .ext = ext,
};
