/* SPDX-License-Identifier: BSD-3-Clause */
/* core/online/game.h - a learner against its rounds: a plan brought to life, and the rounds one by
 * one. The order that everything here keeps: the learner commits itself, the host draws, then the
 * losses are asked for, booked, and shown. */
#ifndef TW_ONLINE_GAME_H
#define TW_ONLINE_GAME_H

#include <thalweg/learner.h>

#include "core/ledger.h"
#include "core/online/linear.h"
#include "core/run/setup.h"
#include "core/wire.h"

/* What has been paid. Costs are those of the handles: rewards are negative. */
typedef struct tw_book {
  int64_t rounds;
  double cost;     /* of the decisions drawn */
  double expected; /* of the distributions */
  double norm;     /* largest |f_t| */
  double support;  /* sum of the sizes of the supports */
} tw_book;

/* The best fixed decision for the sum of the losses so far, as far as it is known. */
typedef struct tw_hindsight {
  thw_decision *x; /* the caller's reference */
  double best;     /* what it costs */
  double least;    /* no decision costs less; NAN: unknown */
  int exact;       /* best == least by the oracle's word */
} tw_hindsight;

typedef struct tw_game {
  tw_session session;
  tw_ledger *ledger;
  tw_plan *plan; /* the caller's */
  const tw_options *opt;
  tw_node *oracle, *rounds, *learner;
  tw_linear *linear; /* the wrapped oracle */
  thw_game told;
  thw_rounds_facts rounds_facts;
  thw_learner_facts learner_facts;
  tw_book book;
  thw_rng play;           /* draws decisions; round t uses block t */
  double *f, *sum;        /* losses of this round, of all rounds */
  double *mean;           /* expected decision of the last round, */
  double *mean_sum;       /* sum of those: where the rounds watch */
  double *average;        /* mean_sum / t, for them */
  thw_play now;           /* of the round in progress */
  int64_t drawn;          /* which of it */
  int revealed;           /* f are the losses of the round in progress */
  int given;              /* and they were so before this process: they are not asked for again */
  double learner_seconds; /* that the learner took, its oracle included */
} tw_game;

/* Makes all instances. `horizon`: the rounds that the run asked for when it began; -1: it begins
 * now. On error everything is undone, the plan too, and the words are in `d`. A game stays where it
 * is from begin to end. */
thw_status tw_game_begin(tw_game *g, tw_plan *plan, int64_t horizon, tw_log_fn log, void *log_arg,
                         tw_diags *d);
void tw_game_end(tw_game *g);

/* The two halves of round book.rounds: commitment and draw (in g->now, g->drawn), then losses and
 * feedback. THW_DONE: there are no further rounds. Errors leave their text on a context. */
thw_status tw_game_commit(tw_game *g);
thw_status tw_game_reveal(tw_game *g);

/* The best fixed decision in hindsight, booked on the account `account`. */
thw_status tw_game_hindsight(tw_game *g, const char *account, tw_hindsight *out);

/* alpha-regret against the known best decision, and what it is at most; NAN without a factor. */
double tw_alpha_regret(const tw_game *g, double cost, double best);
/* In words a person reads: 1 for costs, -1 for rewards. */
double tw_game_sign(const tw_game *g);

/* The book and the sums as records of a checkpoint. */
/* The losses of the round in progress, for a state from before it. */
thw_status tw_game_save_losses(const tw_game *g, thw_writer *w);
thw_status tw_game_load_losses(tw_game *g, thw_reader *r);
thw_status tw_game_save(const tw_game *g, thw_writer *w);
thw_status tw_game_load(tw_game *g, thw_reader *r);

#endif
