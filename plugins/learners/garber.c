/* SPDX-License-Identifier: BSD-3-Clause */
/* Online linear optimization with approximation algorithms: the iterate is pushed back by
 * separating directions until it can be decomposed, from an empty cache each time. */
#include <config.h>
#include <math.h>
#include <string.h>

#include "plugins/learners/improper.h"

enum { FEW_CALLS, SMALL_REGRET };
static const char *const options[] = {"few-calls", "small-regret", NULL};

struct garber_params {
  int32_t option;
  double loss_bound;
  int64_t horizon;
};

static const thw_param params[] = {
    THW_PARAM_ENUM(struct garber_params, option, FEW_CALLS, options,
                   "few-calls: regret of order T^(2/3) at a constant number of separations per "
                   "round; small-regret: T^(1/2), at a number that grows like T^(1/2)."),
    THW_PARAM_REAL(struct garber_params, loss_bound, 0.0, 0.0, THW_NO_BOUND, 0, NULL,
                   "W, a bound on |f_t|; 0: what the rounds promise."),
    THW_PARAM_INT(struct garber_params, horizon, 0, 0, THW_NO_BOUND, "rounds",
                  "T; 0: stop.rounds."),
};

typedef struct garber {
  on_env e;
  const struct garber_params *p;
  thw_game game;
  on_pad pad;
  double aR, W, T;
  int64_t corrections;
} garber;

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c,
                         const void *params_, const thw_wired *slots, void **self) {
  on_env e = {h, c};
  garber *s = NULL;
  (void)me, (void)slots;
  THW_TRY(ON_NEW(e, s, 1));
  s->e = e;
  s->p = params_;
  *self = s;
  return THW_OK;
}

static void destroy(void *self) {
  garber *s = self;
  on_pad_free(&s->pad);
  on_free(s->e, s);
}

static double eta(const garber *s) {
  return s->aR / (s->W * pow(s->T, s->p->option == FEW_CALLS ? 2.0 / 3.0 : 0.5));
}

static double eps(const garber *s) {
  return s->aR / pow(s->T, s->p->option == FEW_CALLS ? 1.0 / 3.0 : 0.5);
}

/* pad.z is moved until the oracle can decompose it. */
static thw_status decompose(garber *s) {
  double level;
  int temporary;
  for (;;) {
    on_pad_forget(&s->pad);
    THW_TRY(on_pad_first(&s->pad));
    thw_status st = on_pad_sod(&s->pad, eps(s), &level, &temporary);
    if (st == THW_OK) return on_pad_show(&s->pad);
    if (st != THW_RETRY) return st;
    for (int64_t i = 0; i < s->game.n; i++) s->pad.z[i] += eps(s) * s->pad.direction[i];
    s->corrections++;
  }
}

static thw_status start(void *self, const thw_object *oracle, const thw_game *game) {
  garber *s = self;
  const thw_linear_facts *f = game->oracle;
  on_pad_options o = ON_PAD_DEFAULTS;
  o.theta = 1;
  s->game = *game;
  s->T = (double)(s->p->horizon > 0 ? s->p->horizon : game->horizon);
  s->W = s->p->loss_bound > 0 ? s->p->loss_bound : game->loss_norm;
  if (!(s->T > 0))
    return on_fail(s->e, THW_E_ARG, "this method needs the number of rounds: set stop.rounds");
  if (!(s->W > 0))
    return on_fail(s->e, THW_E_ARG, "this method needs a bound on the losses: set loss_bound");
  THW_TRY(improper_radius(s->e, 0, f, &s->aR));
  on_pad_free(&s->pad);
  THW_TRY(on_pad_init(&s->pad, s->e, oracle, f, &o));
  THW_TRY(on_pad_first(&s->pad));
  double alpha = isfinite(f->factor) ? f->factor : 1;
  for (int64_t i = 0; i < game->n; i++) s->pad.z[i] = alpha * s->pad.v.row[i];
  s->corrections = 0;
  return decompose(s);
}

static thw_status facts(void *self, thw_learner_facts *out) {
  garber *s = self;
  out->feedback = THW_FEEDBACK_FULL;
  out->rate = s->p->option == FEW_CALLS ? 2.0 / 3.0 : 0.5;
  out->formula = s->p->option == FEW_CALLS ? "O(alpha R W T^(2/3))" : "O(alpha R W sqrt(T))";
  return THW_OK;
}

static thw_status commit(void *self, int64_t t, thw_play *out) {
  garber *s = self;
  (void)t;
  improper_show(&s->pad, out);
  return THW_OK;
}

static thw_status observe(void *self, const thw_feedback *fb) {
  garber *s = self;
  double *y = s->pad.z, norm = 0;
  for (int64_t i = 0; i < s->game.n; i++) {
    y[i] -= eta(s) * fb->f[i];
    norm += y[i] * y[i];
  }
  norm = sqrt(norm);
  for (int64_t i = 0; norm > s->aR && i < s->game.n; i++) y[i] *= s->aR / norm;
  return decompose(s);
}

static const thw_learner_ops ops = {.size = sizeof(thw_learner_ops),
                                    .start = start,
                                    .facts = facts,
                                    .commit = commit,
                                    .observe = observe};

/* ---- extensions ------------------------------------------------------------------------------ */

static thw_status save(void *self, thw_writer *w) {
  garber *s = self;
  THW_TRY(w->f64(w, "T", s->T));
  THW_TRY(w->i64(w, "corrections", s->corrections));
  return on_pad_save(&s->pad, w);
}

static thw_status load(void *self, thw_reader *r) {
  garber *s = self;
  THW_TRY(r->f64(r, "T", &s->T));
  THW_TRY(r->i64(r, "corrections", &s->corrections));
  return on_pad_load(&s->pad, r);
}

static thw_status report_(void *self, thw_sink *k) {
  garber *s = self;
  k->real(k, "corrections", (double)s->corrections);
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

const thw_component learner_garber = {
    THW_COMPONENT_HEAD(THW_LEARNER),
    .id = "garber",
    .version = PACKAGE_VERSION,
    .summary = "descent pushed back by separating directions (Garber 2017, baseline)",
    .doc = "After each round the iterate is moved against the losses and then along separating "
           "directions until it can be decomposed into decisions. Separation or decomposition is "
           "by minimum-norm points here, where the paper has the ellipsoid method; it starts from "
           "nothing every time, as the paper's does.",
    .reference = "D. Garber, Efficient Online Linear Optimization with Approximation Algorithms, "
                 "NIPS 2017, arXiv:1709.03093",
    THW_PARAMS(params, struct garber_params),
    .offers = offers,
    .ops = &ops,
    .create = create,
    .destroy = destroy,
    .ext = ext,
};
