/* SPDX-License-Identifier: BSD-3-Clause */
/* Losses that are made: drawn at random, switching between two sets of good coordinates, or aimed
 * at what the learner has played so far. All are functions of (seed, round, past). */
#include <config.h>
#include <math.h>
#include <string.h>

#include <thalweg/thalweg.h>

#include "kernels/online/env.h"
#include "kernels/online/uniform.h"

enum { AROUND, COIN };
static const char *const kinds[] = {"around-mean", "coin", NULL};

struct stochastic_params {
  int32_t kind;
  int64_t seed;
  double noise, scale;
};

struct switching_params {
  int64_t seed, block;
  double noise, scale;
};

struct against_params {
  int64_t seed;
  double strength, noise, scale;
};

#define SEED(T)                                                                                    \
  THW_PARAM_INT(T, seed, 0, 0, THW_NO_BOUND, NULL,                                                 \
                "Seed of the losses, apart from that of the learner; 0: one made of run.seed.")
#define SCALE(T)                                                                                   \
  THW_PARAM_REAL(T, scale, 1.0, 0.0, THW_NO_BOUND, THW_P_MIN_OPEN | THW_P_LOG, NULL,               \
                 "All losses are multiplied by it.")

static const thw_param stochastic_table[] = {
    THW_PARAM_ENUM(
        struct stochastic_params, kind, AROUND, kinds,
        "around-mean: each coordinate has a mean in [0.25, 0.75] and uniform noise about "
        "it; coin: 0 or 1 with probability a half."),
    SEED(struct stochastic_params),
    THW_PARAM_REAL(struct stochastic_params, noise, 0.5, 0.0, 2.0, 0, NULL,
                   "around-mean: width of the noise; losses stay within [0, 1]."),
    SCALE(struct stochastic_params),
};

static const thw_param switching_table[] = {
    SEED(struct switching_params),
    THW_PARAM_INT(
        struct switching_params, block, 0, 0, THW_NO_BOUND, "rounds",
        "Rounds after which good and bad coordinates change places; 0: the square root of "
        "stop.rounds, rounded up."),
    THW_PARAM_REAL(struct switching_params, noise, 0.2, 0.0, 1.0, 0, NULL,
                   "Part of the loss that is uniform noise."),
    SCALE(struct switching_params),
};

static const thw_param against_table[] = {
    SEED(struct against_params),
    THW_PARAM_REAL(struct against_params, strength, 1.0, 0.0, 1.0, 0, NULL,
                   "Part of the loss that is aimed at the learner."),
    THW_PARAM_REAL(struct against_params, noise, 0.2, 0.0, 1.0, 0, NULL,
                   "Uniform noise on top, which breaks ties."),
    SCALE(struct against_params),
};

typedef struct generated {
  on_env e;
  const void *params;
  int64_t n, block;
  uint64_t seed;
  double *base;       /* means, or which coordinates are good first */
  double scale, most; /* most: largest loss before scaling */
} generated;

static void destroy(void *self) {
  generated *s = self;
  on_free(s->e, s->base);
  on_free(s->e, s);
}

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c,
                         const void *params_, const thw_wired *slots, void **self) {
  on_env e = {h, c};
  generated *s = NULL;
  (void)me, (void)slots;
  THW_TRY(ON_NEW(e, s, 1));
  *s = (generated){.e = e, .params = params_, .most = 1};
  *self = s;
  return THW_OK;
}

static thw_status begin(generated *s, const thw_game *game, int64_t seed, double scale) {
  s->n = game->n;
  s->scale = scale;
  s->seed = (uint64_t)seed;
  if (seed == 0) {
    thw_rng r;
    THW_TRY(s->e.host->rng(s->e.ctx, "losses", &r));
    s->seed = thw_rng_u64(&r);
  }
  on_free(s->e, s->base);
  s->base = NULL;
  return ON_NEW(s->e, s->base, s->n);
}

static thw_status facts(void *self, thw_rounds_facts *out) {
  generated *s = self;
  double most = s->most * s->scale, n = (double)s->n;
  out->rounds = -1;
  out->norm = most * sqrt(n);
  out->norm1 = most * n;
  out->norminf = most;
  return THW_OK;
}

/* ---- stochastic ------------------------------------------------------------------------------ */

static thw_status start_stochastic(void *self, const thw_game *game) {
  generated *s = self;
  const struct stochastic_params *p = s->params;
  THW_TRY(begin(s, game, p->seed, p->scale));
  for (int64_t i = 0; i < s->n; i++) s->base[i] = 0.25 + 0.5 * on_uniform(s->seed, (uint64_t)i);
  return THW_OK;
}

static thw_status stochastic(void *self, const thw_past *past, double *f) {
  generated *s = self;
  const struct stochastic_params *p = s->params;
  uint64_t k = (uint64_t)past->t * (uint64_t)s->n;
  for (int64_t i = 0; i < s->n; i++, k++) {
    double v;
    if (p->kind == COIN)
      v = on_uniform(s->seed, k) < 0.5 ? 1 : 0;
    else
      v = s->base[i] + p->noise * (on_uniform(s->seed + 1, k) - 0.5);
    f[i] = s->scale * fmin(fmax(v, 0), 1);
  }
  return THW_OK;
}

/* ---- switching ------------------------------------------------------------------------------- */

static thw_status start_switching(void *self, const thw_game *game) {
  generated *s = self;
  const struct switching_params *p = s->params;
  THW_TRY(begin(s, game, p->seed, p->scale));
  s->block = p->block > 0 ? p->block : (int64_t)ceil(sqrt((double)game->horizon));
  if (s->block <= 0)
    return on_fail(s->e, THW_E_ARG,
                   "block = 0 needs stop.rounds, of which it is the square root: "
                   "set one of them");
  for (int64_t i = 0; i < s->n; i++) s->base[i] = on_uniform(s->seed, (uint64_t)i) < 0.5 ? 1 : 0;
  return THW_OK;
}

static thw_status switching(void *self, const thw_past *past, double *f) {
  generated *s = self;
  const struct switching_params *p = s->params;
  uint64_t k = (uint64_t)past->t * (uint64_t)s->n;
  int odd = past->t / s->block % 2 != 0;
  for (int64_t i = 0; i < s->n; i++, k++) {
    double v = odd ? 1 - s->base[i] : s->base[i];
    f[i] = s->scale * ((1 - p->noise) * v + p->noise * on_uniform(s->seed + 1, k));
  }
  return THW_OK;
}

/* ---- against the average --------------------------------------------------------------------- */

static thw_status start_against(void *self, const thw_game *game) {
  generated *s = self;
  const struct against_params *p = s->params;
  THW_TRY(begin(s, game, p->seed, p->scale));
  s->most = p->strength + p->noise;
  return THW_OK;
}

static thw_status against_facts(void *self, thw_rounds_facts *out) {
  out->flags = THW_ROUNDS_WATCH;
  return facts(self, out);
}

/* Where the learner was in its last round more than on average it pays, in proportion: who follows
 * the leader is met by the loss wherever it has just gone. */
static thw_status against(void *self, const thw_past *past, double *f) {
  generated *s = self;
  const struct against_params *p = s->params;
  uint64_t k = (uint64_t)past->t * (uint64_t)s->n;
  double most = 0;
  for (int64_t i = 0; past->last && i < s->n; i++) most = fmax(most, fabs(past->last[i]));
  for (int64_t i = 0; i < s->n; i++, k++) {
    double aimed = most > 0 ? fabs(past->last[i]) / most : 0;
    if (past->mean && most > 0 && past->t > 1)
      aimed = fmin(fmax(0.5 * (aimed + fabs(past->mean[i]) / most), 0), 1);
    f[i] = s->scale * (p->strength * aimed + p->noise * on_uniform(s->seed, k));
  }
  return THW_OK;
}

/* ---- components ------------------------------------------------------------------------------ */

static const thw_rounds_ops stochastic_ops = {
    .size = sizeof(thw_rounds_ops), .start = start_stochastic, .facts = facts, .loss = stochastic};
static const thw_rounds_ops switching_ops = {
    .size = sizeof(thw_rounds_ops), .start = start_switching, .facts = facts, .loss = switching};
static const thw_rounds_ops against_ops = {.size = sizeof(thw_rounds_ops),
                                           .start = start_against,
                                           .facts = against_facts,
                                           .loss = against};

#define ROUNDS(name, id_, table, T, summary_, doc_, reference_, ops_)                              \
  static const thw_component name = {                                                              \
      THW_COMPONENT_HEAD(THW_ROUNDS),                                                              \
      .id = id_,                                                                                   \
      .version = PACKAGE_VERSION,                                                                  \
      .summary = summary_,                                                                         \
      .doc = doc_,                                                                                 \
      .reference = reference_,                                                                     \
      THW_PARAMS(table, T),                                                                        \
      .ops = &ops_,                                                                                \
      .create = create,                                                                            \
      .destroy = destroy,                                                                          \
  }

ROUNDS(stochastic_component, "stochastic", stochastic_table, struct stochastic_params,
       "losses drawn at random, independently in each round",
       "Each round draws its losses anew, all within [0, scale]. Numbers come from splitmix64 by "
       "seed, round and coordinate, so that the same sequence can be made in any language.",
       "E. Hazan, Introduction to Online Convex Optimization, 2016, section 1.3", stochastic_ops);
ROUNDS(switching_component, "switching", switching_table, struct switching_params,
       "losses of an adversary that changes sides after each block of rounds",
       "Every coordinate is cheap in one block of rounds and dear in the next, with noise on top: "
       "the best fixed decision is a compromise, and whoever follows the last block is wrong in "
       "the next.",
       "E. Hazan, Introduction to Online Convex Optimization, 2016, section 5.1", switching_ops);
ROUNDS(
    against_component, "against-average", against_table, struct against_params,
    "losses of an adversary that aims at what the learner has played",
    "The loss of a coordinate grows with the learner's expected use of it, in the last round and "
    "on average over all rounds before: an adaptive adversary. It knows the distributions of "
    "the past and nothing of the round in progress.",
    "N. Cesa-Bianchi, G. Lugosi, Prediction, Learning, and Games, 2006, section 4.1", against_ops);

static const thw_component *const components[] = {&stochastic_component, &switching_component,
                                                  &against_component};

static const thw_plugin plugin = {
    THW_PLUGIN_HEAD,           .id = "generated-rounds", .version = PACKAGE_VERSION,
    .license = "BSD-3-Clause", .n_components = 3,        .components = components,
};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
