/* SPDX-License-Identifier: BSD-3-Clause */
/* thalweg/rounds.h - what a learner plays against: one vector of losses per round.
 *
 * The host asks for the losses of round t (from 0) when the learner has committed itself to its
 * decision of round t, never before; the rounds may know everything about the rounds before t and
 * nothing about the decision of round t itself. */
#ifndef THALWEG_ROUNDS_H
#define THALWEG_ROUNDS_H

#include "base.h"
#include "component.h"
#include "linear.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is played: told to rounds and learner at the start. Pointers stay valid until destroy. */
typedef struct thw_game {
  uint32_t size, sense;           /* THW_COST, THW_REWARD                                     */
  int64_t n;                      /* dimension                                                */
  int64_t horizon;                /* rounds that the run asked for when it began; 0: unknown  */
  const thw_linear_facts *oracle; /* of the oracle that decides                               */
  double loss_norm, loss_norm1;   /* bounds on |f_t|, |f_t|_1 that the rounds promise; NAN:   */
  double loss_norminf;            /*   unknown. Known to the learner, not yet to the rounds   */
} thw_game;

#define THW_ROUNDS_WATCH 1u /* the losses depend on what was played: fill in thw_past.mean ...  */
#define THW_ROUNDS_LIVE 2u  /* they come from outside, when they come: write the decision first */

typedef struct thw_rounds_facts {
  uint32_t size, flags;        /* THW_ROUNDS_*                                       */
  int64_t rounds;              /* -1: as many as are asked for                       */
  double norm, norm1, norminf; /* bounds on the losses; NAN: unknown                 */
} thw_rounds_facts;

/* The rounds before t. */
typedef struct thw_past {
  uint32_t size, reserved;
  int64_t t;          /* the round that is asked for                                           */
  const double *mean; /* n numbers: the average over rounds before t of the expected decision; */
  const double *last; /* the expected decision of round t - 1. NULL for t = 0 and without
                         THW_ROUNDS_WATCH                                                      */
} thw_past;

typedef struct thw_rounds_ops {
  uint32_t size, reserved;
  /* [setup] */
  thw_status (*start)(void *self, const thw_game *game);
  /* [setup] After start. Presets as for linear oracles, rounds = -1. */
  thw_status (*facts)(void *self, thw_rounds_facts *out);
  /* [run] The losses of round past->t into f: costs in the cone of the oracle (for THW_REWARD: the
   * rewards, as they are). THW_DONE: there is no such round. A round is asked for once, in order,
   * and must be the same when a resumed run asks for it again. */
  thw_status (*loss)(void *self, const thw_past *past, double *f);
} thw_rounds_ops;

#ifdef __cplusplus
}
#endif
#endif
