/* SPDX-License-Identifier: BSD-3-Clause */
/* thalweg/learner.h - a method that decides in rounds, holding a linear oracle.
 *
 * In each round the host calls commit: the learner lays down a distribution over decisions. The
 * host draws one of them, only then asks the rounds for their losses, books what they cost, and
 * calls observe with what the learner may see: the whole vector, or under bandit feedback the one
 * number that the drawn decision cost. A learner cannot see a loss before it has committed itself,
 * and does not book its own regret.
 *
 * Between two rounds the state is whole: what thw.state/1 saves is enough to go on to the last bit.
 * A call that gets THW_CANCELLED from the oracle returns it at once. */
#ifndef THALWEG_LEARNER_H
#define THALWEG_LEARNER_H

#include "base.h"
#include "component.h"
#include "linear.h"
#include "rounds.h"

#ifdef __cplusplus
extern "C" {
#endif

#define THW_FEEDBACK_FULL 1u   /* the vector of losses                                        */
#define THW_FEEDBACK_BANDIT 2u /* the cost of the drawn decision                              */

typedef struct thw_learner_facts {
  uint32_t size, feedback; /* THW_FEEDBACK_*                                                 */
  double rate;             /* its regret grows no faster than T^rate; NAN: nothing is proved  */
  double bound;        /* upper bound on its expected alpha-regret after `horizon` rounds; NAN  */
  const char *formula; /* the bound in words, "1.6 D G sqrt(T)"; or NULL                  */
} thw_learner_facts;

/* A distribution over decisions. The learner fills it in; everything stays valid and unchanged
 * until the next call of it. A decision may stand in it more than once. */
typedef struct thw_play {
  uint32_t size, reserved;
  int64_t n;              /* decisions in the support                                         */
  thw_decision *const *x; /* the learner's references                                         */
  const double *p;        /* n probabilities with sum 1                                       */
  /* The expected decision where the distribution above is itself drawn by the learner (coins it has
   * already thrown): noise-free reporting; NULL: the mean of the distribution. */
  const double *mean;
} thw_play;

typedef struct thw_feedback {
  uint32_t size, reserved;
  int64_t t, drawn; /* round, from 0; which of the play's decisions was drawn                 */
  const double *f;  /* FULL: n losses, for THW_REWARD as they are; NULL under BANDIT          */
  double cost;      /* f.x of the drawn decision (the reward, negated, for THW_REWARD)        */
} thw_feedback;

typedef struct thw_learner_ops {
  uint32_t size, reserved;
  /* [setup] Begin. The oracle (the host's wrapper) and the game stay valid until destroy. May call
   * the oracle. */
  thw_status (*start)(void *self, const thw_object *oracle, const thw_game *game);
  /* [setup] After start. */
  thw_status (*facts)(void *self, thw_learner_facts *out);
  /* [run] The distribution of round t, from 0. */
  thw_status (*commit)(void *self, int64_t t, thw_play *out);
  /* [run] */
  thw_status (*observe)(void *self, const thw_feedback *fb);
} thw_learner_ops;

#ifdef __cplusplus
}
#endif
#endif
