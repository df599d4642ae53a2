/* SPDX-License-Identifier: BSD-3-Clause */
/* core/run/progress.h - what a person sees while it runs: one line that is rewritten on a terminal,
 * lines of some of the records elsewhere, nothing when asked to be quiet. */
#ifndef TW_RUN_PROGRESS_H
#define TW_RUN_PROGRESS_H

#include <stdint.h>
#include <stdio.h>

typedef struct tw_progress {
  int quiet;
  int bar, lines;                /* which of the two, or neither */
  FILE *to;                      /* of the lines */
  double drawn_at;               /* seconds; -1: not yet */
  int width;                     /* columns of the line on the screen */
  double line_at, line_fraction; /* of the last line; line_at -1: none yet */
  char held[352];                /* the latest record, while its line is not printed */
} tw_progress;

typedef struct tw_progress_now {
  double fraction;           /* done, in [0, 1]; NAN: unknown */
  const char *unit;          /* "passes", "rounds" */
  double done, total;        /* in that unit; total 0: no budget */
  double seconds;            /* in all */
  double here_seconds, here; /* of this process, for the rate */
  char numbers[96];          /* what is being driven down, in words */
  const char *metric;        /* or NULL */
  double metric_value;
} tw_progress_now;

void tw_progress_begin(tw_progress *p, int quiet, FILE *to);
/* True when the bar may be drawn again (ten times a second at most). */
int tw_progress_due(const tw_progress *p, double seconds);
void tw_progress_draw(tw_progress *p, const tw_progress_now *now);
/* A record as a line, unless one has been printed a short while ago. */
void tw_progress_line(tw_progress *p, const tw_progress_now *now);
/* The last record always gets its line. */
void tw_progress_flush(tw_progress *p);
/* A warning on the standard error, unless quiet. */
void tw_progress_warn(tw_progress *p, const char *path, const char *text);
/* Takes the bar off the screen, before something else is printed. */
void tw_progress_clear(tw_progress *p);

#endif
