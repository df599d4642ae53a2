/* SPDX-License-Identifier: BSD-3-Clause */
/* Follow the leader, and follow the perturbed leader. */
#include <config.h>
#include <math.h>
#include <string.h>

#include "plugins/learners/improper.h"

struct ftpl_params {
  double diameter, cost_bound, loss_bound;
  int64_t horizon;
};

static const thw_param ftpl_table[] = {
    THW_PARAM_REAL(struct ftpl_params, diameter, 0.0, 0.0, THW_NO_BOUND, 0, NULL,
                   "D_1, a bound on |x - y|_1 over K; 0: twice the oracle's bound on |x|_1."),
    THW_PARAM_REAL(struct ftpl_params, cost_bound, 0.0, 0.0, THW_NO_BOUND, 0, NULL,
                   "Q, a bound on |f_t . x|; 0: the largest loss times the bound on |x|_1."),
    THW_PARAM_REAL(struct ftpl_params, loss_bound, 0.0, 0.0, THW_NO_BOUND, 0, NULL,
                   "A, a bound on |f_t|_1; 0: what the rounds promise."),
    THW_PARAM_INT(struct ftpl_params, horizon, 0, 0, THW_NO_BOUND, "rounds", "T; 0: stop.rounds."),
};

struct ftl_params {
  int32_t reserved;
};

typedef struct leader {
  on_env e;
  const struct ftpl_params *p; /* NULL: no perturbation */
  thw_game game;
  const thw_object *oracle;
  double *sum, *c;        /* of losses; the direction asked for */
  double width, bound, T; /* of the perturbation; of the regret */
  thw_decision *x[1];
  double one[1];
  thw_rng noise;
} leader;

static thw_status make(on_env e, const struct ftpl_params *p, void **self) {
  leader *s = NULL;
  THW_TRY(ON_NEW(e, s, 1));
  s->e = e;
  s->p = p;
  s->one[0] = 1;
  *self = s;
  return THW_OK;
}

static thw_status create_ftpl(const thw_component *me, const thw_host *h, thw_ctx *c,
                              const void *params_, const thw_wired *slots, void **self) {
  (void)me, (void)slots;
  return make((on_env){h, c}, params_, self);
}

static thw_status create_ftl(const thw_component *me, const thw_host *h, thw_ctx *c,
                             const void *params_, const thw_wired *slots, void **self) {
  (void)me, (void)slots, (void)params_;
  return make((on_env){h, c}, NULL, self);
}

static void clear(leader *s) {
  on_free(s->e, s->sum);
  on_free(s->e, s->c);
  s->sum = s->c = NULL;
  thw_release(s->x[0]);
  s->x[0] = NULL;
}

static void destroy(void *self) {
  leader *s = self;
  clear(s);
  on_free(s->e, s);
}

static thw_status perturbation(leader *s) {
  const thw_linear_facts *f = s->game.oracle;
  double T = (double)(s->p->horizon > 0 ? s->p->horizon : s->game.horizon);
  double D = s->p->diameter > 0 ? s->p->diameter : 2 * f->norm1;
  double A = s->p->loss_bound > 0 ? s->p->loss_bound : s->game.loss_norm1;
  double Q = s->p->cost_bound > 0 ? s->p->cost_bound : s->game.loss_norminf * f->norm1;
  if (!(T > 0))
    return on_fail(s->e, THW_E_ARG, "this method needs the number of rounds: set stop.rounds");
  if (!(D > 0) || !(A > 0) || !(Q > 0))
    return on_fail(s->e, THW_E_ARG,
                   "oracle and rounds do not say how large decisions and losses "
                   "are: set diameter, cost_bound and loss_bound");
  s->T = T;
  s->width = sqrt(Q * A * T / D);
  s->bound = f->factor == 1 ? 2 * sqrt(D * Q * A * T) : (double)NAN;
  return THW_OK;
}

static thw_status start(void *self, const thw_object *oracle, const thw_game *game) {
  leader *s = self;
  clear(s);
  s->game = *game;
  s->oracle = oracle;
  s->bound = (double)NAN;
  if (s->p) THW_TRY(perturbation(s));
  THW_TRY(ON_NEW(s->e, s->sum, game->n));
  THW_TRY(ON_NEW(s->e, s->c, game->n));
  return s->e.host->rng(s->e.ctx, "perturbation", &s->noise);
}

static thw_status facts(void *self, thw_learner_facts *out) {
  leader *s = self;
  out->feedback = THW_FEEDBACK_FULL;
  if (isfinite(s->bound)) {
    out->rate = 0.5;
    out->bound = s->bound;
    out->formula = "2 sqrt(D_1 Q A T)";
  }
  return THW_OK;
}

/* Round t has blocks of its own in the stream: commit may be called again. */
static thw_status commit(void *self, int64_t t, thw_play *out) {
  leader *s = self;
  int64_t n = s->game.n;
  thw_rng r = s->noise;
  r.block = (uint64_t)t * (uint64_t)n;
  r.left = 0;
  for (int64_t i = 0; i < n; i++) {
    s->c[i] = s->sum[i];
    if (s->p) s->c[i] += s->width * thw_rng_uniform(&r);
    if (!s->p && t == 0) s->c[i] = 1;
  }
  thw_linear_query q = {.size = sizeof q, .c = s->c};
  thw_linear_answer a = {.size = sizeof a};
  THW_TRY(thw_linear_solve(s->oracle, &q, &a));
  thw_release(s->x[0]);
  s->x[0] = a.x;
  out->n = 1;
  out->x = s->x;
  out->p = s->one;
  return THW_OK;
}

static thw_status observe(void *self, const thw_feedback *fb) {
  leader *s = self;
  for (int64_t i = 0; i < s->game.n; i++) s->sum[i] += fb->f[i];
  return THW_OK;
}

static const thw_learner_ops ops = {.size = sizeof(thw_learner_ops),
                                    .start = start,
                                    .facts = facts,
                                    .commit = commit,
                                    .observe = observe};

static thw_status save(void *self, thw_writer *w) {
  leader *s = self;
  THW_TRY(w->f64(w, "width", s->width));
  return w->blob(w, "sum", s->sum, (size_t)s->game.n * sizeof *s->sum);
}

static thw_status load(void *self, thw_reader *r) {
  leader *s = self;
  THW_TRY(r->f64(r, "width", &s->width));
  return learn_load_vector(s->e, r, "sum", s->sum, s->game.n);
}

static const thw_ext_state state = {sizeof(thw_ext_state), 1, save, load};

static const void *ext(void *self, const char *id) {
  (void)self;
  return strcmp(id, THW_EXT_STATE) == 0 ? &state : NULL;
}

static const char *const offers[] = {THW_EXT_STATE, NULL};

const thw_component learner_ftpl = {
    THW_COMPONENT_HEAD(THW_LEARNER),
    .id = "ftpl",
    .version = PACKAGE_VERSION,
    .summary = "follow the perturbed leader (Kalai, Vempala; baseline)",
    .doc =
        "Plays the oracle's answer to the sum of all losses so far plus uniform noise of width "
        "sqrt(Q A T / D_1). With an exact oracle its regret is at most 2 sqrt(D_1 Q A T); with "
        "an approximate one nothing is proved, and there are instances on which its alpha-regret "
        "is linear.",
    .reference = "A. Kalai, S. Vempala, J. Comput. Syst. Sci. 71 (2005)",
    THW_PARAMS(ftpl_table, struct ftpl_params),
    .offers = offers,
    .ops = &ops,
    .create = create_ftpl,
    .destroy = destroy,
    .ext = ext,
};

const thw_component learner_ftl = {
    THW_COMPONENT_HEAD(THW_LEARNER),
    .id = "ftl",
    .version = PACKAGE_VERSION,
    .summary = "follow the leader, as a warning (baseline)",
    .doc =
        "Plays the oracle's answer to the sum of all losses so far. Its regret is linear against "
        "an adversary.",
    .reference = "A. Kalai, S. Vempala, J. Comput. Syst. Sci. 71 (2005), section 1",
    .params_size = sizeof(struct ftl_params),
    .param_stride = sizeof(thw_param),
    .offers = offers,
    .ops = &ops,
    .create = create_ftl,
    .destroy = destroy,
    .ext = ext,
};
