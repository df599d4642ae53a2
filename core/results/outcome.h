/* SPDX-License-Identifier: BSD-3-Clause */
/* core/results/outcome.h - what run folders hold, read again to be set side by side: for compare,
 * report and sweep. Nothing is locked and nothing is written, so a run that is still going can be
 * looked at. */
#ifndef TW_RESULTS_OUTCOME_H
#define TW_RESULTS_OUTCOME_H

#include <jansson.h>

#include "core/config.h"
#include "core/error.h"

typedef struct tw_outcome {
  char *dir;
  char *name;       /* for tables: the folder's own name, behind its sweep's where it has one */
  char *label;      /* for pictures: what tells it from the others of its sweep; else the name */
  tw_value *config; /* pipeline.cfg */
  json_t *result;   /* result.json; NULL: the run has not come to an end */
} tw_outcome;

typedef struct tw_outcomes {
  tw_outcome *v;
  size_t n;
} tw_outcomes;

/* Reads every folder; one that holds sweep.json stands for the runs in it. Errors name what is not
 * a run folder. Free with tw_outcomes_free, also after an error. */
thw_status tw_outcomes_read(tw_outcomes *o, const char *const *dirs, size_t n, tw_diags *d);
void tw_outcomes_free(tw_outcomes *o);

/* A value of a run as a table shows it. */
typedef struct tw_cell {
  enum { TW_CELL_NONE, TW_CELL_NUMBER, TW_CELL_TEXT } kind;
  double number;
  char *text;
  size_t of;     /* runs that it stands for; above 1, number is their mean */
  double lo, hi; /* their extremes */
} tw_cell;

/* What `column` names in the run: "run"; a member of result.json by its path ("f", "passes",
 * "counts.gradients"), where "verdict" is the verdict's kind and a metric needs no "metrics."
 * before it; or a setting of the pipeline ("optimizer.step"). TW_CELL_NONE when there is no such
 * thing. */
tw_cell tw_outcome_cell(const tw_outcome *o, const char *column);
tw_cell tw_cell_text(const char *s);
tw_cell tw_cell_number(double v);
int tw_cell_same(const tw_cell *a, const tw_cell *b);
void tw_cell_free(tw_cell *c);

#endif
