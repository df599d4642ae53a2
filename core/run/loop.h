/* SPDX-License-Identifier: BSD-3-Clause */
/* core/run/loop.h - the parts of a run between its beginning and its result. */
#ifndef TW_RUN_LOOP_H
#define TW_RUN_LOOP_H

#include "core/run/run.h"

/* The record of the starting point, and the first checkpoint. */
thw_status tw_loop_first_record(tw_run *r);
/* Steps until r->end is set. An error has left its words in r->d and r->end too. */
thw_status tw_loop(tw_run *r);
/* A record of the last point where there is none yet. A checkpoint does not know of it: a resumed
 * run drops it. */
thw_status tw_loop_last_record(tw_run *r);
/* Draws the bar if it is due, or prints the record as a line. */
void tw_loop_progress(tw_run *r, int as_line);

#endif
