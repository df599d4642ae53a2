/* SPDX-License-Identifier: BSD-3-Clause */
/* Online mirror descent with projection-and-decomposition, the Euclidean map. */
#include <config.h>
#include <math.h>
#include <string.h>

#include "plugins/learners/improper.h"

enum { ADAPTIVE, FIXED };
static const char *const steps[] = {"adaptive", "fixed", NULL};

struct omd_params {
  int32_t step;
  double step_scale, radius, loss_bound, eps_scale;
  int64_t horizon;
  PAD_FIELDS
};

static const thw_param params[] = {
    THW_PARAM_ENUM(struct omd_params, step, ADAPTIVE, steps,
                   "adaptive: D over the root of the sum of |f_t|^2 so far, for any number of "
                   "rounds; fixed: D/(G sqrt(T)), for a known number."),
    THW_PARAM_REAL(struct omd_params, step_scale, 1.0, 0.0, THW_NO_BOUND,
                   THW_P_MIN_OPEN | THW_P_LOG, NULL, "The step is multiplied by it."),
    THW_PARAM_REAL(struct omd_params, eps_scale, 0.1, 0.0, 10.0, THW_P_MIN_OPEN | THW_P_LOG, NULL,
                   "Tolerance of the decomposition, in D/sqrt(T); larger: fewer calls."),
    THW_PARAM_REAL(struct omd_params, radius, 0.0, 0.0, THW_NO_BOUND, 0, NULL,
                   "D, a bound on |x| over alpha K; 0: alpha times the oracle's bound."),
    THW_PARAM_REAL(struct omd_params, loss_bound, 0.0, 0.0, THW_NO_BOUND, 0, NULL,
                   "fixed: G, a bound on |f_t|; 0: what the rounds promise."),
    THW_PARAM_INT(struct omd_params, horizon, 0, 0, THW_NO_BOUND, "rounds",
                  "fixed: T; 0: stop.rounds."),
    PAD_PARAMS(struct omd_params),
};

typedef struct omd {
  on_env e;
  const struct omd_params *p;
  thw_game game;
  on_pad pad;
  double *y;
  double D, G, T;
  double squares; /* sum of |f_t|^2 */
  int64_t t;      /* rounds seen */
  int64_t ready;  /* the projection of this round is made */
} omd;

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c,
                         const void *params_, const thw_wired *slots, void **self) {
  on_env e = {h, c};
  omd *s = NULL;
  (void)me, (void)slots;
  THW_TRY(ON_NEW(e, s, 1));
  s->e = e;
  s->p = params_;
  *self = s;
  return THW_OK;
}

static void destroy(void *self) {
  omd *s = self;
  on_pad_free(&s->pad);
  on_free(s->e, s->y);
  on_free(s->e, s);
}

static thw_status constants(omd *s) {
  const struct omd_params *p = s->p;
  THW_TRY(improper_radius(s->e, p->radius, s->game.oracle, &s->D));
  s->T = (double)(p->horizon > 0 ? p->horizon : s->game.horizon);
  s->G = p->loss_bound > 0 ? p->loss_bound : s->game.loss_norm;
  if (p->step != FIXED) return THW_OK;
  if (!(s->T > 0))
    return on_fail(s->e, THW_E_ARG,
                   "step = \"fixed\" needs the number of rounds: set stop.rounds "
                   "or horizon, or step = \"adaptive\"");
  if (!(s->G > 0))
    return on_fail(s->e, THW_E_ARG,
                   "step = \"fixed\" needs a bound on the losses, which these "
                   "rounds do not promise: set loss_bound");
  return THW_OK;
}

/* Begins at alpha times the decision that is best for equal losses. */
static thw_status start(void *self, const thw_object *oracle, const thw_game *game) {
  omd *s = self;
  on_pad_options o = PAD_OPTIONS(s->p);
  s->game = *game;
  THW_TRY(constants(s));
  on_pad_free(&s->pad);
  on_free(s->e, s->y);
  s->y = NULL;
  THW_TRY(ON_NEW(s->e, s->y, game->n));
  THW_TRY(on_pad_init(&s->pad, s->e, oracle, game->oracle, &o));
  THW_TRY(on_pad_first(&s->pad));
  double alpha = isfinite(game->oracle->factor) ? game->oracle->factor : 1;
  for (int64_t i = 0; i < game->n; i++) s->y[i] = alpha * s->pad.v.row[i];
  s->squares = 0;
  s->t = s->ready = 0;
  return THW_OK;
}

/* |y_1 - x|^2/(2 eta) + eta G^2 T/2 + eps G T; in the orthant |y_1 - x|^2 <= 2 D^2. */
static thw_status facts(void *self, thw_learner_facts *out) {
  omd *s = self;
  double scale = s->p->step_scale, far = s->pad.orthant ? 1 : 2;
  out->feedback = THW_FEEDBACK_FULL;
  out->rate = 0.5;
  out->formula = s->pad.orthant ? "(1/s + s/2 + c) D G sqrt(T), s = step_scale, c = eps_scale"
                                : "(2/s + s/2 + c) D G sqrt(T), s = step_scale, c = eps_scale";
  if (s->p->step == FIXED)
    out->bound = (far / scale + scale / 2 + s->p->eps_scale) * s->D * s->G * sqrt(s->T);
  return THW_OK;
}

static thw_status commit(void *self, int64_t t, thw_play *out) {
  omd *s = self;
  if (!s->ready) {
    double rounds = s->p->step == FIXED ? s->T : (double)(t + 1);
    THW_TRY(on_pad_project(&s->pad, s->y, s->p->eps_scale * s->D / sqrt(rounds)));
    s->ready = 1;
  }
  improper_show(&s->pad, out);
  return THW_OK;
}

static thw_status observe(void *self, const thw_feedback *fb) {
  omd *s = self;
  double eta = s->p->step_scale * s->D / (s->G * sqrt(s->T));
  for (int64_t i = 0; i < s->game.n; i++) s->squares += fb->f[i] * fb->f[i];
  if (s->p->step == ADAPTIVE) eta = s->squares > 0 ? s->p->step_scale * s->D / sqrt(s->squares) : 0;
  for (int64_t i = 0; i < s->game.n; i++) s->y[i] = s->pad.z[i] - eta * fb->f[i];
  s->t++;
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
  omd *s = self;
  THW_TRY(w->i64(w, "t", s->t));
  THW_TRY(w->i64(w, "ready", s->ready));
  THW_TRY(w->f64(w, "squares", s->squares));
  THW_TRY(w->f64(w, "T", s->T));
  THW_TRY(w->blob(w, "y", s->y, (size_t)s->game.n * sizeof *s->y));
  return on_pad_save(&s->pad, w);
}

static thw_status load(void *self, thw_reader *r) {
  omd *s = self;
  THW_TRY(r->i64(r, "t", &s->t));
  THW_TRY(r->i64(r, "ready", &s->ready));
  THW_TRY(r->f64(r, "squares", &s->squares));
  THW_TRY(r->f64(r, "T", &s->T));
  THW_TRY(learn_load_vector(s->e, r, "y", s->y, s->game.n));
  if (s->t < 0)
    return on_fail(s->e, THW_E_STATE, "the checkpoint does not hold the state of this learner");
  return on_pad_load(&s->pad, r);
}

static thw_status report_(void *self, thw_sink *k) {
  omd *s = self;
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

const thw_component improper_omd = {
    THW_COMPONENT_HEAD(THW_LEARNER),
    .id = "improper-omd",
    .version = PACKAGE_VERSION,
    .summary = "online descent with projection-and-decomposition by an approximation oracle",
    .doc =
        "In each round the iterate y is projected onto the half-spaces that the oracle's answers "
        "have proved to contain alpha K, and the projection z is decomposed into decisions: a "
        "distribution over them costs no more than z, whatever the losses are. Then y = z - eta "
        "f. Its alpha-regret is at most a constant times D G sqrt(T).\n\n"
        "Answers and half-spaces are kept from round to round, which turns a handful of calls "
        "per round into a handful per run when few decisions matter.",
    .reference = "E. Hazan, W. Hu, Y. Li, Z. Li, Online Improper Learning with an Approximation "
                 "Oracle, NeurIPS 2018, arXiv:1804.07837, algorithm of section 4",
    THW_PARAMS(params, struct omd_params),
    .offers = offers,
    .ops = &ops,
    .create = create,
    .destroy = destroy,
    .ext = ext,
};
