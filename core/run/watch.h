/* SPDX-License-Identifier: BSD-3-Clause */
/* core/run/watch.h - a number of the records is watched: when it gets no better the step is cut,
 * and in the end the run (early stopping). Options: the group `watch` of the pipeline. */
#ifndef TW_RUN_WATCH_H
#define TW_RUN_WATCH_H

#include "core/run/monitor.h"

typedef struct tw_watch {
  const tw_options *opt;
  int which;     /* TW_WATCH_F, TW_WATCH_GRAD, or TW_WATCH_METRIC + its place; -1: nothing */
  thw_vec *kept; /* the point of the best record; NULL: not kept */
  int taken;     /* the run has ended: its point is the kept one */

  /* What a checkpoint holds. */
  double best, best_at; /* and the passes made when it was recorded; NAN: none yet */
  double since;         /* passes from which patience counts */
  double last;          /* of the last record */
  int64_t cuts;         /* of the step, so far */
} tw_watch;

enum { TW_WATCH_F, TW_WATCH_GRAD, TW_WATCH_METRIC };

/* Finds watch.metric among the numbers of the records. */
thw_status tw_watch_begin(tw_watch *w, const tw_monitor *m, tw_diags *d);
void tw_watch_end(tw_watch *w);

/* A record was made at x after so many passes. Cuts the step where that is due. */
thw_status tw_watch_look(tw_watch *w, const tw_monitor *m, const thw_vec *x, double passes);
/* Why the run should end, a sentence that the caller frees; NULL: it goes on. *reached: for the
 * better. */
char *tw_watch_over(const tw_watch *w, double passes, int *reached);

thw_status tw_watch_save(const tw_watch *w, thw_writer *to);
thw_status tw_watch_load(tw_watch *w, thw_reader *from);

#endif
