/* SPDX-License-Identifier: BSD-3-Clause */
/* sweep.svg and sweep.png: one setting against one result. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/results/curves.h"
#include "core/run/run.h"

/* Values whose largest is more than this many times their least go on a logarithmic axis. */
#define DECADES 20.0

typedef struct trend {
  tw_table t;   /* x, y, and what tells the lines apart */
  size_t x, y;  /* columns */
  size_t *line; /* of each row */
  char **name;  /* of each line */
  size_t lines;
  const char *title;
} trend;

static int all_numbers(const tw_outcomes *o, const char *column, int *different) {
  double first = 0;
  *different = 0;
  for (size_t i = 0; i < o->n; i++) {
    tw_cell c = tw_outcome_cell(&o->v[i], column);
    int is = c.kind == TW_CELL_NUMBER;
    if (i == 0) first = c.number;
    *different |= is && c.number != first;
    tw_cell_free(&c);
    if (!is) return 0;
  }
  return o->n > 0;
}

static const char *pick_x(const tw_outcomes *o, const char *const *varied, size_t n,
                          const char *over) {
  int different;
  for (size_t i = 0; i < n; i++)
    if (!(over && strcmp(varied[i], over) == 0) && all_numbers(o, varied[i], &different) &&
        different)
      return varied[i];
  return NULL;
}

/* The first metric of a test set, else what the method was after. */
static const char *pick_y(const tw_outcomes *o) {
  static const char *const others[] = {"alpha_regret", "regret", "f"};
  const char *key;
  json_t *value;
  for (size_t i = 0; i < o->n; i++)
    json_object_foreach(json_object_get(o->v[i].result, "metrics"), key,
                        value) if (json_is_number(value)) return key;
  for (size_t k = 0; k < sizeof others / sizeof others[0]; k++)
    for (size_t i = 0; i < o->n; i++) {
      tw_cell c = tw_outcome_cell(&o->v[i], others[k]);
      int is = c.kind == TW_CELL_NUMBER;
      tw_cell_free(&c);
      if (is) return others[k];
    }
  return NULL;
}

/* "step 0.1, width 200": the last part of each path says enough. */
static char *line_name(const trend *w, size_t row) {
  char *s = tw_strdup("");
  for (size_t c = 0; c < w->t.n_columns; c++) {
    const tw_cell *v = &w->t.cell[row * w->t.n_columns + c];
    if (c == w->x || c == w->y || strcmp(w->t.head[c], "runs") == 0 ||
        strcmp(w->t.head[c], "run") == 0)
      continue;
    const char *dot = strrchr(w->t.head[c], '.');
    char *value = v->kind == TW_CELL_NUMBER ? tw_sprintf("%.6g", v->number)
                                            : tw_strdup(v->text ? v->text : "-");
    char *more = tw_sprintf("%s%s%s %s", s, *s ? ", " : "", dot ? dot + 1 : w->t.head[c], value);
    free(value);
    free(s);
    s = more;
  }
  return s;
}

static void find_lines(trend *w) {
  w->line = tw_calloc(w->t.n_rows + 1, sizeof *w->line);
  w->name = tw_calloc(w->t.n_rows + 1, sizeof *w->name);
  for (size_t r = 0; r < w->t.n_rows; r++) {
    char *name = line_name(w, r);
    size_t i = 0;
    while (i < w->lines && strcmp(w->name[i], name) != 0) i++;
    w->line[r] = i;
    if (i == w->lines)
      w->name[w->lines++] = name;
    else
      free(name);
  }
}

static int wants_log(const trend *w, size_t column) {
  double lo = INFINITY, hi = 0;
  for (size_t r = 0; r < w->t.n_rows; r++) {
    const tw_cell *c = &w->t.cell[r * w->t.n_columns + column];
    if (c->kind != TW_CELL_NUMBER) continue;
    if (!(c->lo > 0)) return 0;
    lo = fmin(lo, c->lo);
    hi = fmax(hi, c->hi);
  }
  return hi > DECADES * lo;
}

typedef struct point {
  double x, y, lo, hi;
} point;

static int by_x(const void *a, const void *b) {
  double p = ((const point *)a)->x, q = ((const point *)b)->x;
  return (p > q) - (p < q);
}

static void put_line(FILE *to, const trend *w, size_t line) {
  point *p = tw_calloc(w->t.n_rows + 1, sizeof *p);
  size_t n = 0;
  for (size_t r = 0; r < w->t.n_rows; r++) {
    const tw_cell *x = &w->t.cell[r * w->t.n_columns + w->x],
                  *y = &w->t.cell[r * w->t.n_columns + w->y];
    if (w->line[r] == line && x->kind == TW_CELL_NUMBER && y->kind == TW_CELL_NUMBER &&
        isfinite(y->number))
      p[n++] = (point){x->number, y->number, y->lo, y->hi};
  }
  qsort(p, n, sizeof *p, by_x);
  fprintf(to, "$d%zu << EOD\n", line);
  for (size_t i = 0; i < n; i++)
    fprintf(to, "%.9g %.9g %.9g %.9g\n", p[i].x, p[i].y, p[i].lo, p[i].hi);
  fputs(n ? "EOD\n" : "NaN NaN NaN NaN\nEOD\n", to);
  free(p);
}

static void script(FILE *to, void *arg) {
  const trend *w = arg;
  for (size_t i = 0; i < w->lines; i++) put_line(to, w, i);
  tw_gnuplot_begin(to, w->title, "sweep", 1);
  fputs("set format x '%g'\nset offsets graph 0.03, graph 0.03, graph 0.05, graph 0.05\n"
        "set xlabel ",
        to);
  tw_gnuplot_quoted(to, w->t.head[w->x]);
  fputs(" noenhanced\nset ylabel ", to);
  tw_gnuplot_quoted(to, w->t.head[w->y]);
  fputs(" noenhanced\n", to);
  if (wants_log(w, w->x)) fputs("set logscale x\n", to);
  if (wants_log(w, w->y)) fputs("set logscale y\n", to);
  if (w->lines > 1) fputs("set key outside bottom center horizontal noenhanced\n", to);
  fputs("plot ", to);
  for (size_t i = 0; i < w->lines; i++) {
    fprintf(to, "%s$d%zu using 1:2:3:4 with yerrorlines lw 2 pt 7 ps 0.7 lc %zu title ",
            i ? ", \\\n  " : "", i, i + 1);
    tw_gnuplot_quoted(to, w->name[i]);
  }
  fputc('\n', to);
  tw_gnuplot_end(to);
}

static thw_status make(trend *w, const tw_outcomes *o, const char *const *varied, size_t n,
                       const char *over, const char *x, const char *y, tw_diags *d) {
  const char **columns = tw_calloc(n + 2, sizeof *columns);
  size_t k = 0;
  columns[k++] = x;
  columns[k++] = y;
  for (size_t i = 0; i < n; i++)
    if (strcmp(varied[i], x) != 0) columns[k++] = varied[i];
  thw_status st = tw_table_make(&w->t, o, columns, k, d);
  if (st == THW_OK && over) st = tw_table_group(&w->t, o, over, d);
  free((void *)columns);
  if (st != THW_OK) return st;
  w->x = tw_table_find(&w->t, x);
  w->y = tw_table_find(&w->t, y);
  find_lines(w);
  return THW_OK;
}

thw_status tw_sweep_draw(const char *folder, const tw_outcomes *o, const char *const *varied,
                         size_t n, const char *over, const char *x, const char *y,
                         const char *title, char **why, tw_diags *d) {
  trend w = {.title = title};
  int different;
  *why = NULL;
  if (x && !all_numbers(o, x, &different))
    return tw_error(d, THW_E_ARG, "--x %s: not a number in every run", x);
  if (!x) x = pick_x(o, varied, n, over);
  if (!y) y = pick_y(o);
  if (!x || !y) {
    *why = tw_strdup(x ? "no picture: no run has a result yet"
                       : "no picture: nothing that is varied is a number");
    return THW_OK;
  }
  thw_status st = make(&w, o, varied, n, over, x, y, d);
  if (st == THW_OK) *why = tw_gnuplot(folder, script, &w);
  for (size_t i = 0; i < w.lines; i++) free(w.name[i]);
  free((void *)w.name);
  free(w.line);
  tw_table_free(&w.t);
  return st;
}
