/* SPDX-License-Identifier: BSD-3-Clause */
/* core/results/table.h - runs side by side. */
#ifndef TW_RESULTS_TABLE_H
#define TW_RESULTS_TABLE_H

#include <stdio.h>

#include "core/results/outcome.h"

typedef struct tw_table {
  char **head; /* n_columns names, as tw_outcome_cell takes them */
  size_t n_columns, n_rows;
  tw_cell *cell; /* row by row */
  int grouped;   /* cells stand for more than one run */
} tw_table;

/* The columns are those named; an error for one that no run has. */
thw_status tw_table_make(tw_table *t, const tw_outcomes *o, const char *const *columns, size_t n,
                         tw_diags *d);
/* The run, the settings named (NULL: those in which the pipelines differ), how it ended, and what
 * it reached. */
void tw_table_usual(tw_table *t, const tw_outcomes *o, const char *const *settings, size_t n);
/* Runs that agree in all settings among the columns but `over` (a setting: "run.seed") become one
 * row: numbers with their mean and extremes, texts counted where they differ. */
thw_status tw_table_group(tw_table *t, const tw_outcomes *o, const char *over, tw_diags *d);
void tw_table_free(tw_table *t);

/* Position of a column, or n_columns. */
size_t tw_table_find(const tw_table *t, const char *column);

void tw_table_text(FILE *to, const tw_table *t);
void tw_table_csv(FILE *to, const tw_table *t);
void tw_table_json(FILE *to, const tw_table *t);
void tw_table_html(FILE *to, const tw_table *t);
/* With the five characters that mean something there replaced. */
void tw_html_text(FILE *to, const char *s);

#endif
