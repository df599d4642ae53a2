/* SPDX-License-Identifier: BSD-3-Clause */
/* core/online/run.h - the run of an online pipeline, from its first round (or its checkpoint) to
 * its result. The counterpart of core/run/run.h, from which it takes all that is the same. */
#ifndef TW_ONLINE_RUN_H
#define TW_ONLINE_RUN_H

#include <jansson.h>

#include "core/online/game.h"
#include "core/run/run.h"

typedef struct tw_online {
  tw_game game;
  tw_folder folder;
  tw_lines decisions; /* decisions.jsonl */
  tw_progress progress;
  tw_run_options how;
  tw_diags *d;
  tw_hindsight best;  /* of the last record; x is held */
  int64_t best_round; /* round of that; -1: none */

  int64_t records;      /* lines in metrics.jsonl */
  int64_t record_round; /* rounds at the last record; -1: none */
  double elapsed;       /* seconds before this process */
  int64_t rounds_before;
  int resumable;   /* the learner offers thw.state/1 */
  int tainted;     /* in the middle of a round: not a state to go on from; clean is, */
  tw_state *clean; /* from before the round, where that may break off; or NULL */
  double saved_at;
  struct timespec began;
  tw_end end;
  char *reason;
} tw_online;

/* As tw_run_go. */
int tw_online_go(tw_plan *plan, tw_folder *folder, tw_state *from, const tw_run_options *how,
                 tw_diags *d);

double tw_online_seconds(const tw_online *r);

/* record.c: a line of metrics.jsonl, and of decisions.jsonl for the decision just drawn. */
thw_status tw_online_record(tw_online *r);
thw_status tw_online_decision(tw_online *r);
/* Whether a record is due after this many rounds. */
int tw_online_due(const tw_online *r, int64_t rounds);
/* The best fixed decision so far, known after this. */
thw_status tw_online_look_back(tw_online *r, const char *account);

/* checkpoint.c */
/* Keeps the state from before a round that may break off in the middle for reasons outside. */
thw_status tw_online_keep(tw_online *r);
thw_status tw_online_checkpoint(tw_online *r);
/* The horizon that the run began with; -1 without a checkpoint. */
int64_t tw_online_horizon(tw_state *from);
thw_status tw_online_restore(tw_online *r, tw_state *from);

/* result.c */
thw_status tw_online_write_result(tw_online *r, json_t **out);
void tw_online_print_result(const tw_online *r, FILE *to);

/* picture.c: regret.svg and regret.png. NULL, or a word why there is no picture; caller frees. */
char *tw_online_picture(const tw_online *r);

#endif
