/* SPDX-License-Identifier: BSD-3-Clause */
/* Bandit feedback: a few rounds explore a spanner, the others play the last decomposition, and
 * only what the explored decisions cost is learned from. */
#include <config.h>
#include <math.h>
#include <string.h>

#include "plugins/learners/improper.h"
#include "plugins/learners/spanner.h"

enum { CENTRED, PLAIN };
static const char *const estimators[] = {"centred", "plain", NULL};
enum { ORACLE, POOL };
static const char *const sources[] = {"oracle", "pool", NULL};

struct bandit_params {
  int32_t estimator, spanner;
  double explore, spanner_c, radius, cost_bound, eps_scale;
  int64_t horizon;
  PAD_FIELDS
};

static const thw_param params[] = {
    THW_PARAM_ENUM(struct bandit_params, estimator, CENTRED, estimators,
                   "centred: costs less the mean of those seen on the same decision, which learns "
                   "many times faster; plain: the published estimator."),
    THW_PARAM_REAL(struct bandit_params, explore, 0.0, 0.0, 1.0, 0, NULL,
                   "Probability of a round that explores; 0: by the theory, about T^(-1/3)."),
    THW_PARAM_ENUM(struct bandit_params, spanner, ORACLE, sources,
                   "What is explored: the oracle's own spanner (or, where it has none, one from a "
                   "pool of its answers), or always one from the pool."),
    THW_PARAM_REAL(struct bandit_params, spanner_c, 2.0, 1.0, 100.0, THW_P_MIN_OPEN, NULL,
                   "pool: decisions are swapped while a coefficient is above this."),
    THW_PARAM_REAL(struct bandit_params, eps_scale, 0.1, 0.0, 10.0, THW_P_MIN_OPEN | THW_P_LOG,
                   NULL, "Tolerance of the decomposition, in D T^(-1/3)."),
    THW_PARAM_REAL(struct bandit_params, radius, 0.0, 0.0, THW_NO_BOUND, 0, NULL,
                   "D, a bound on |x| over alpha K; 0: alpha times the oracle's bound."),
    THW_PARAM_REAL(struct bandit_params, cost_bound, 0.0, 0.0, THW_NO_BOUND, 0, NULL,
                   "plain: C, a bound on |f_t . b| for what is explored; 0: by rounds and oracle."),
    THW_PARAM_INT(struct bandit_params, horizon, 0, 0, THW_NO_BOUND, "rounds",
                  "T; 0: stop.rounds."),
    PAD_PARAMS(struct bandit_params),
};

typedef struct bandit {
  on_env e;
  const struct bandit_params *p;
  thw_game game;
  on_pad pad;
  spanner b;
  double *y, *step;     /* the iterate; the estimate of the losses */
  double *guess, *seen; /* by decision of the spanner: mean cost, times seen */
  double D, T, C, gamma, G2;
  double squares;
  int64_t since; /* rounds since the last update, with that of the update */
  int64_t ready, explored;
  thw_decision **x; /* the play: the spanner, then the decomposition */
  double *prob;
  int64_t room_x, room_prob;
} bandit;

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c,
                         const void *params_, const thw_wired *slots, void **self) {
  on_env e = {h, c};
  bandit *s = NULL;
  (void)me, (void)slots;
  THW_TRY(ON_NEW(e, s, 1));
  s->e = e;
  s->p = params_;
  *self = s;
  return THW_OK;
}

static void clear(bandit *s) {
  on_pad_free(&s->pad);
  spanner_free(&s->b);
  double **all[] = {&s->y, &s->step, &s->guess, &s->seen, &s->prob};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
    on_free(s->e, *all[i]);
    *all[i] = NULL;
  }
  on_free(s->e, (void *)s->x);
  s->x = NULL;
  s->room_x = s->room_prob = 0;
}

static void destroy(void *self) {
  bandit *s = self;
  clear(s);
  on_free(s->e, s);
}

/* ---- beginning ------------------------------------------------------------------------------- */

static thw_status constants(bandit *s) {
  const struct bandit_params *p = s->p;
  const thw_linear_facts *f = s->game.oracle;
  double m = (double)s->b.m, squares = 0;
  for (int64_t i = 0; i < s->b.m * s->b.n; i++) squares += s->b.inverse[i] * s->b.inverse[i];
  s->C = p->cost_bound > 0 ? p->cost_bound : s->game.loss_norminf * f->norm1;
  s->G2 = s->C * s->C * m * squares;
  if (p->explore > 0)
    s->gamma = p->explore;
  else if (p->estimator == CENTRED)
    s->gamma = fmin(0.5, pow(m / s->T, 1.0 / 3.0));
  else
    s->gamma = fmin(0.5, pow(s->D * s->D * m * squares / (4 * s->T), 1.0 / 3.0));
  if (p->estimator == PLAIN && !(s->C > 0))
    return on_fail(s->e, THW_E_ARG,
                   "the plain estimator needs a bound on the costs, which oracle "
                   "and rounds do not promise: set cost_bound");
  return THW_OK;
}

/* The iterate must stay in the span of the decisions: outside of it nothing is ever estimated. */
static thw_status stay_in_span(bandit *s) {
  int64_t n = s->b.n;
  for (int64_t j = 0; j < n - s->b.m; j++) {
    double *a = s->b.normal + j * n;
    THW_TRY(on_pad_known(&s->pad, a, 0));
    for (int64_t i = 0; i < n; i++) a[i] = -a[i];
    THW_TRY(on_pad_known(&s->pad, a, 0));
  }
  return THW_OK;
}

static thw_status know_spanner(bandit *s) {
  int64_t index;
  int is_new;
  for (int64_t i = 0; i < s->b.m; i++)
    THW_TRY(on_vertices_add(&s->pad, thw_retain(s->b.b[i]), &index, &is_new));
  return THW_OK;
}

static thw_status start(void *self, const thw_object *oracle, const thw_game *game) {
  bandit *s = self;
  const struct bandit_params *p = s->p;
  int64_t n = game->n;
  on_pad_options o = PAD_OPTIONS(p);
  thw_rng r;
  clear(s);
  s->game = *game;
  s->T = (double)(p->horizon > 0 ? p->horizon : game->horizon);
  if (!(s->T > 0))
    return on_fail(s->e, THW_E_ARG, "this method needs the number of rounds: set stop.rounds");
  THW_TRY(improper_radius(s->e, p->radius, game->oracle, &s->D));
  THW_TRY(s->e.host->rng(s->e.ctx, "spanner", &r));
  s->e.host->stage(s->e.ctx, "spanner");
  thw_status st = spanner_new(&s->b, s->e, oracle, n, p->spanner == POOL, p->spanner_c, &r);
  s->e.host->stage(s->e.ctx, NULL);
  if (st != THW_OK) return st;
  THW_TRY(constants(s));
  THW_TRY(ON_NEW(s->e, s->y, n));
  THW_TRY(ON_NEW(s->e, s->step, n));
  THW_TRY(ON_NEW(s->e, s->guess, s->b.m));
  THW_TRY(ON_NEW(s->e, s->seen, s->b.m));
  THW_TRY(on_pad_init(&s->pad, s->e, oracle, game->oracle, &o));
  THW_TRY(stay_in_span(s));
  THW_TRY(know_spanner(s));
  double alpha = isfinite(game->oracle->factor) ? game->oracle->factor : 1;
  for (int64_t i = 0; i < s->b.m; i++)
    for (int64_t j = 0; j < n; j++) s->y[j] += alpha / (double)s->b.m * s->b.row[i * n + j];
  s->squares = 0;
  s->since = s->ready = s->explored = 0;
  return THW_OK;
}

static thw_status facts(void *self, thw_learner_facts *out) {
  bandit *s = self;
  out->feedback = THW_FEEDBACK_BANDIT;
  out->rate = 2.0 / 3.0;
  out->formula = "O(T^(2/3))";
  if (s->p->estimator != PLAIN) return THW_OK;
  out->formula = "1.5 D sqrt(G2 T/gamma) + 2 C gamma T + eps G T";
  out->bound = 1.5 * s->D * sqrt(s->G2 * s->T / s->gamma) + 2 * s->C * s->gamma * s->T +
               s->p->eps_scale * s->D * s->game.loss_norm * pow(s->T, 2.0 / 3.0);
  return THW_OK;
}

/* ---- rounds ---------------------------------------------------------------------------------- */

static thw_status commit(void *self, int64_t t, thw_play *out) {
  bandit *s = self;
  int64_t m = s->b.m;
  (void)t;
  if (!s->ready) THW_TRY(on_pad_project(&s->pad, s->y, s->p->eps_scale * s->D / cbrt(s->T)));
  s->ready = 1;
  int64_t k = s->pad.n_support;
  THW_TRY(ON_GROW(s->e, s->x, s->room_x, m + k));
  THW_TRY(ON_GROW(s->e, s->prob, s->room_prob, m + k));
  for (int64_t i = 0; i < m; i++) {
    s->x[i] = s->b.b[i];
    s->prob[i] = s->gamma / (double)m;
  }
  for (int64_t i = 0; i < k; i++) {
    s->x[m + i] = s->pad.play[i];
    s->prob[m + i] = (1 - s->gamma) * s->pad.p[i];
  }
  out->n = m + k;
  out->x = s->x;
  out->p = s->prob;
  return THW_OK;
}

/* The estimate of the losses of all rounds since the last update, in s->step. */
static void estimate(bandit *s, int64_t arm, double cost) {
  int64_t n = s->b.n, m = s->b.m;
  double surprise = cost;
  memset(s->step, 0, (size_t)n * sizeof *s->step);
  if (s->p->estimator == CENTRED) {
    surprise -= s->guess[arm];
    for (int64_t i = 0; i < m; i++)
      for (int64_t j = 0; j < n; j++)
        s->step[j] += (double)s->since * s->guess[i] * s->b.inverse[i * n + j];
  }
  for (int64_t j = 0; j < n; j++)
    s->step[j] += (double)m / s->gamma * surprise * s->b.inverse[arm * n + j];
}

static void remember(bandit *s, int64_t arm, double cost) {
  if (s->explored == 0)
    for (int64_t i = 0; i < s->b.m; i++) s->guess[i] = cost;
  s->seen[arm] += 1;
  s->guess[arm] += (cost - s->guess[arm]) / s->seen[arm];
  s->explored++;
}

static thw_status observe(void *self, const thw_feedback *fb) {
  bandit *s = self;
  int64_t n = s->b.n;
  s->since++;
  if (fb->drawn >= s->b.m) return THW_OK;
  /* The first cost of all only says where costs lie. */
  if (s->p->estimator == PLAIN || s->explored > 0) {
    double eta = s->D * sqrt(s->gamma / (s->G2 * s->T));
    estimate(s, fb->drawn, fb->cost);
    for (int64_t j = 0; j < n; j++) s->squares += s->step[j] * s->step[j];
    if (s->p->estimator == CENTRED) eta = s->squares > 0 ? s->D / sqrt(s->squares) : 0;
    for (int64_t j = 0; j < n; j++) s->y[j] = s->pad.z[j] - eta * s->step[j];
    s->ready = 0;
    s->since = 0;
  }
  remember(s, fb->drawn, fb->cost);
  return THW_OK;
}

static const thw_learner_ops ops = {.size = sizeof(thw_learner_ops),
                                    .start = start,
                                    .facts = facts,
                                    .commit = commit,
                                    .observe = observe};

/* ---- extensions ------------------------------------------------------------------------------ */

static thw_status save(void *self, thw_writer *w) {
  bandit *s = self;
  size_t m = (size_t)s->b.m * sizeof(double);
  THW_TRY(w->i64(w, "since", s->since));
  THW_TRY(w->i64(w, "ready", s->ready));
  THW_TRY(w->i64(w, "explored", s->explored));
  THW_TRY(w->f64(w, "squares", s->squares));
  THW_TRY(w->blob(w, "y", s->y, (size_t)s->b.n * sizeof *s->y));
  THW_TRY(w->blob(w, "guess", s->guess, m));
  THW_TRY(w->blob(w, "seen", s->seen, m));
  return on_pad_save(&s->pad, w);
}

static thw_status load(void *self, thw_reader *r) {
  bandit *s = self;
  THW_TRY(r->i64(r, "since", &s->since));
  THW_TRY(r->i64(r, "ready", &s->ready));
  THW_TRY(r->i64(r, "explored", &s->explored));
  THW_TRY(r->f64(r, "squares", &s->squares));
  THW_TRY(learn_load_vector(s->e, r, "y", s->y, s->b.n));
  THW_TRY(learn_load_vector(s->e, r, "guess", s->guess, s->b.m));
  THW_TRY(learn_load_vector(s->e, r, "seen", s->seen, s->b.m));
  return on_pad_load(&s->pad, r);
}

static thw_status report_(void *self, thw_sink *k) {
  bandit *s = self;
  k->real(k, "explore", s->gamma);
  k->real(k, "explored", (double)s->explored);
  k->real(k, "spanner", (double)s->b.m);
  k->real(k, "beta", s->b.beta);
  k->real(k, "pad_calls", (double)s->pad.counts.calls);
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

const thw_component improper_bandit = {
    THW_COMPONENT_HEAD(THW_LEARNER),
    .id = "improper-bandit",
    .version = PACKAGE_VERSION,
    .summary = "descent with projection-and-decomposition under bandit feedback",
    .doc =
        "The learner sees only what the decision played has cost. With a small probability a "
        "round explores a decision of a barycentric spanner, and from its cost the losses are "
        "estimated; all other rounds play the last decomposition and ask the oracle for "
        "nothing. alpha-regret of order T^(2/3) at T^(2/3) projections.\n\n"
        "The spanner is the oracle's own, or is made of answers to about 20 times as many random "
        "directions as there are coordinates; those calls are booked apart, as "
        "learner:spanner.",
    .reference = "E. Hazan, W. Hu, Y. Li, Z. Li, Online Improper Learning with an Approximation "
                 "Oracle, NeurIPS 2018, arXiv:1804.07837, bandit algorithm",
    THW_PARAMS(params, struct bandit_params),
    .offers = offers,
    .ops = &ops,
    .create = create,
    .destroy = destroy,
    .ext = ext,
};
