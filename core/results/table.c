/* SPDX-License-Identifier: BSD-3-Clause */
/* Which columns there are, and what stands in them. */
#include "core/results/table.h"

#include <stdlib.h>
#include <string.h>

/* What is shown of a result, where any run has it; "metrics" stands for all of them. */
static const char *const shown[] = {"status",
                                    "verdict",
                                    "f",
                                    "grad_norm",
                                    "metrics",
                                    "passes",
                                    "rounds",
                                    "cost",
                                    "reward",
                                    "expected_cost",
                                    "expected_reward",
                                    "ratio",
                                    "alpha_regret",
                                    "calls_per_round",
                                    "seconds"};

static void add_column(tw_table *t, const char *name) {
  if (tw_table_find(t, name) < t->n_columns) return;
  t->head = tw_realloc(t->head, (t->n_columns + 1) * sizeof *t->head);
  t->head[t->n_columns++] = tw_strdup(name);
}

size_t tw_table_find(const tw_table *t, const char *column) {
  size_t i = 0;
  while (i < t->n_columns && strcmp(t->head[i], column) != 0) i++;
  return i;
}

static int any_has(const tw_outcomes *o, const char *column) {
  int has = 0;
  for (size_t i = 0; i < o->n && !has; i++) {
    tw_cell c = tw_outcome_cell(&o->v[i], column);
    has = c.kind != TW_CELL_NONE;
    tw_cell_free(&c);
  }
  return has;
}

/* ---- what differs -------------------------------------------------------------------------------
 */

/* A parameter that not all runs have comes with another type, which is shown itself. */
static int differs(const tw_outcomes *o, const char *path, int is_type) {
  tw_cell first = {0};
  int different = 0, everywhere = 1;
  for (size_t i = 0; i < o->n; i++) {
    const tw_value *v = tw_config_get(o->v[i].config, path);
    tw_cell c = v ? tw_outcome_cell(&o->v[i], path) : (tw_cell){0};
    everywhere &= v != NULL;
    different |= i > 0 && !tw_cell_same(&first, &c);
    if (i == 0)
      first = c;
    else
      tw_cell_free(&c);
  }
  tw_cell_free(&first);
  return different && (everywhere || is_type);
}

static void add_differences(tw_table *t, const tw_outcomes *o, const tw_value *group,
                            const char *at) {
  for (size_t i = 0; i < group->n; i++) {
    const tw_value *v = group->v[i];
    char *path = tw_sprintf("%s%s%s", at, *at ? "." : "", v->name);
    if (v->type == TW_GROUP)
      add_differences(t, o, v, path);
    else if (strcmp(path, "run.name") != 0 && strcmp(path, "run.threads") != 0 &&
             differs(o, path, strcmp(v->name, "type") == 0))
      add_column(t, path);
    free(path);
  }
}

static void add_metrics(tw_table *t, const tw_outcomes *o) {
  for (size_t i = 0; i < o->n; i++) {
    const char *key;
    json_t *value;
    json_object_foreach(json_object_get(o->v[i].result, "metrics"), key,
                        value) if (json_is_number(value)) add_column(t, key);
  }
}

static void choose(tw_table *t, const tw_outcomes *o, const char *const *settings, size_t n) {
  add_column(t, "run");
  for (size_t i = 0; i < n; i++) add_column(t, settings[i]);
  for (size_t i = 0; i < o->n && o->n > 1 && !settings; i++)
    add_differences(t, o, o->v[i].config, "");
  for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++)
    if (strcmp(shown[i], "metrics") == 0)
      add_metrics(t, o);
    else if (any_has(o, shown[i]))
      add_column(t, shown[i]);
}

/* ---- tables -------------------------------------------------------------------------------------
 */

static thw_status check_columns(const tw_outcomes *o, const char *const *columns, size_t n,
                                tw_diags *d) {
  size_t before = d->errors;
  tw_table usual = {0};
  choose(&usual, o, NULL, 0);
  for (size_t i = 0; i < n; i++) {
    if (any_has(o, columns[i])) continue;
    const char *near = tw_nearest(columns[i], (const char *const *)usual.head, usual.n_columns);
    tw_error(d, THW_E_ARG,
             "no run has \"%s\"%s%s%s: a column is a setting (optimizer.step), a "
             "metric, or a member of result.json (counts.gradients)",
             columns[i], near ? " (did you mean \"" : "", near ? near : "", near ? "\"?)" : "");
  }
  tw_table_free(&usual);
  return d->errors > before ? THW_E_ARG : THW_OK;
}

static void fill(tw_table *t, const tw_outcomes *o) {
  t->n_rows = o->n;
  t->cell = tw_calloc(t->n_rows * t->n_columns + 1, sizeof *t->cell);
  for (size_t r = 0; r < t->n_rows; r++)
    for (size_t c = 0; c < t->n_columns; c++)
      t->cell[r * t->n_columns + c] = tw_outcome_cell(&o->v[r], t->head[c]);
}

thw_status tw_table_make(tw_table *t, const tw_outcomes *o, const char *const *columns, size_t n,
                         tw_diags *d) {
  *t = (tw_table){0};
  THW_TRY(check_columns(o, columns, n, d));
  for (size_t i = 0; i < n; i++) add_column(t, columns[i]);
  fill(t, o);
  return THW_OK;
}

void tw_table_usual(tw_table *t, const tw_outcomes *o, const char *const *settings, size_t n) {
  *t = (tw_table){0};
  choose(t, o, settings, n);
  fill(t, o);
}

void tw_table_free(tw_table *t) {
  for (size_t i = 0; t->cell && i < t->n_rows * t->n_columns; i++) tw_cell_free(&t->cell[i]);
  for (size_t i = 0; i < t->n_columns; i++) free(t->head[i]);
  free(t->cell);
  free((void *)t->head);
  *t = (tw_table){0};
}

/* ---- groups -------------------------------------------------------------------------------------
 */

/* "a", or "a 3, b 2" as the cells are met. */
static void fold_text(tw_cell *into, const tw_table *t, const size_t *row, size_t n,
                      size_t column) {
  char *s = tw_strdup("");
  int several = 0;
  for (size_t i = 0; i < n; i++) {
    const tw_cell *c = &t->cell[row[i] * t->n_columns + column];
    size_t same = 0, met = 0;
    for (size_t k = 0; k < n; k++) {
      int is = tw_cell_same(c, &t->cell[row[k] * t->n_columns + column]);
      same += (size_t)is;
      met += (size_t)(is && k < i);
    }
    if (met > 0) continue;
    const char *word = c->kind == TW_CELL_TEXT ? c->text : "none";
    char *more =
        same == n ? tw_strdup(word) : tw_sprintf("%s%s%s %zu", s, several ? ", " : "", word, same);
    several = 1;
    free(s);
    s = more;
  }
  *into = (tw_cell){.kind = TW_CELL_TEXT, .text = s, .of = n};
}

static void fold_number(tw_cell *into, const tw_table *t, const size_t *row, size_t n,
                        size_t column) {
  tw_cell sum = {.kind = TW_CELL_NUMBER};
  for (size_t i = 0; i < n; i++) {
    const tw_cell *c = &t->cell[row[i] * t->n_columns + column];
    if (c->kind != TW_CELL_NUMBER) continue;
    sum.number += c->number;
    if (sum.of == 0 || c->number < sum.lo) sum.lo = c->number;
    if (sum.of == 0 || c->number > sum.hi) sum.hi = c->number;
    sum.of++;
  }
  sum.number = sum.lo == sum.hi ? sum.lo : sum.number / (double)sum.of;
  *into = sum;
}

static void fold(tw_cell *into, const tw_table *t, const size_t *row, size_t n, size_t column) {
  int numbers = 0, texts = 0;
  for (size_t i = 0; i < n; i++) {
    numbers |= t->cell[row[i] * t->n_columns + column].kind == TW_CELL_NUMBER;
    texts |= t->cell[row[i] * t->n_columns + column].kind == TW_CELL_TEXT;
  }
  if (texts)
    fold_text(into, t, row, n, column);
  else if (numbers)
    fold_number(into, t, row, n, column);
  else
    *into = (tw_cell){0};
}

/* A setting in all of the runs, and not what is averaged over. */
static int is_key(const tw_outcomes *o, const char *column) {
  int settings = o->n > 0;
  for (size_t i = 0; i < o->n && settings; i++) {
    const tw_value *v = tw_config_get(o->v[i].config, column);
    settings = (v && v->type != TW_GROUP) || strchr(column, '.') != NULL;
  }
  for (size_t i = 0; i < o->n && settings; i++)
    if (tw_config_get(o->v[i].config, column)) return 1;
  return 0;
}

static int same_keys(const tw_table *t, const int *key, size_t a, size_t b) {
  for (size_t c = 0; c < t->n_columns; c++)
    if (key[c] && !tw_cell_same(&t->cell[a * t->n_columns + c], &t->cell[b * t->n_columns + c]))
      return 0;
  return 1;
}

/* Drops "run", which names single runs, and `over`; adds how many runs a row stands for. */
static void group_head(tw_table *g, const tw_table *t, const int *keep) {
  for (size_t c = 0; c < t->n_columns; c++)
    if (keep[c]) add_column(g, t->head[c]);
  add_column(g, "runs");
}

static void group_row(tw_table *g, const tw_table *t, const int *keep, const size_t *row,
                      size_t n) {
  g->cell = tw_realloc(g->cell, (g->n_rows + 1) * g->n_columns * sizeof *g->cell);
  tw_cell *to = g->cell + g->n_rows++ * g->n_columns;
  for (size_t c = 0; c < t->n_columns; c++)
    if (keep[c]) fold(to++, t, row, n, c);
  *to = tw_cell_number((double)n);
}

thw_status tw_table_group(tw_table *t, const tw_outcomes *o, const char *over, tw_diags *d) {
  if (!is_key(o, over))
    return tw_error(d, THW_E_ARG, "--over %s: not a setting of these pipelines, as run.seed is",
                    over);
  tw_table g = {.grouped = 1};
  int *key = tw_calloc(t->n_columns + 1, sizeof *key),
      *keep = tw_calloc(t->n_columns + 1, sizeof *keep);
  int *taken = tw_calloc(t->n_rows + 1, sizeof *taken);
  size_t *row = tw_calloc(t->n_rows + 1, sizeof *row);
  for (size_t c = 0; c < t->n_columns; c++) {
    keep[c] = strcmp(t->head[c], "run") != 0 && strcmp(t->head[c], over) != 0;
    key[c] = keep[c] && is_key(o, t->head[c]);
  }
  group_head(&g, t, keep);
  for (size_t r = 0; r < t->n_rows; r++) {
    size_t n = 0;
    for (size_t k = r; k < t->n_rows && !taken[r]; k++)
      if (!taken[k] && same_keys(t, key, r, k)) row[n++] = k;
    for (size_t k = 0; k < n; k++) taken[row[k]] = 1;
    if (n > 0) group_row(&g, t, keep, row, n);
  }
  free(key);
  free(keep);
  free(taken);
  free(row);
  tw_table_free(t);
  *t = g;
  return THW_OK;
}
