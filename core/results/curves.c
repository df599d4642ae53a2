/* SPDX-License-Identifier: BSD-3-Clause */
/* curves.svg and curves.png. */
#include "core/results/curves.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/run/run.h"

/* More points on a line, or lines in a panel, cannot be told apart. */
#define POINTS 500
#define RUNS 24
#define PANELS 4
#define COLOURS 8 /* of gnuplot; then the dashes change */

typedef struct series {
  const char *name;
  json_t *records; /* array */
} series;

typedef struct panel_of {
  char *key;
  double floor; /* taken off before the logarithm: the least f of all runs */
  int is_log;
} panel_of;

typedef struct drawing {
  series *run;
  size_t n;
  const char *x; /* "passes" or "round" */
  panel_of panel[PANELS];
  size_t panels;
  const char *title;
} drawing;

static json_t *read_records(const char *dir) {
  char *file = tw_sprintf("%s/metrics.jsonl", dir);
  FILE *in = fopen(file, "r");
  json_t *all = json_array();
  free(file);
  if (!in) return all;
  for (json_t *o; (o = json_loadf(in, JSON_DISABLE_EOF_CHECK, NULL));)
    json_array_append_new(all, o);
  fclose(in);
  return all;
}

static int has(const drawing *w, const char *key) {
  for (size_t i = 0; i < w->n; i++) {
    size_t n = json_array_size(w->run[i].records);
    for (size_t k = 0; k < n; k++)
      if (isfinite(tw_json_number(json_array_get(w->run[i].records, k), key))) return 1;
  }
  return 0;
}

static void extremes(const drawing *w, const char *key, double *lo, double *hi) {
  *lo = INFINITY, *hi = -INFINITY;
  for (size_t i = 0; i < w->n; i++) {
    size_t n = json_array_size(w->run[i].records);
    for (size_t k = 0; k < n; k++) {
      double v = tw_json_number(json_array_get(w->run[i].records, k), key);
      if (v < *lo) *lo = v;
      if (v > *hi) *hi = v;
    }
  }
}

static void add_panel(drawing *w, const char *key, int log, int above_least) {
  double lo, hi;
  if (w->panels == PANELS || !has(w, key)) return;
  extremes(w, key, &lo, &hi);
  panel_of *p = &w->panel[w->panels++];
  *p = (panel_of){.key = tw_strdup(key), .floor = above_least ? lo : 0};
  p->is_log = log && hi > p->floor;
}

/* Metrics of test sets, as they are named in the records. */
static void add_metrics(drawing *w) {
  const char *key;
  json_t *value;
  json_object_foreach(json_array_get(w->n ? w->run[0].records : NULL, 0), key, value) {
    const char *dot = strchr(key, '.');
    if (dot && json_is_number(value) && strncmp(key, "optimizer.", 10) != 0 &&
        strncmp(key, "probe.", 6) != 0 && strncmp(key, "learner.", 8) != 0)
      add_panel(w, key, 0, 0);
  }
}

static void choose_panels(drawing *w) {
  w->x = has(w, "passes") ? "passes" : "round";
  if (strcmp(w->x, "round") == 0) {
    add_panel(w, "alpha_regret", 0, 0);
    add_panel(w, "regret", 0, 0);
    add_panel(w, "calls_per_round", 0, 0);
    return;
  }
  add_panel(w, "f", 1, 1);
  add_panel(w, "grad_norm", 1, 0);
  add_metrics(w);
}

/* A block of data for each run and panel, two columns. */
static void put_data(FILE *to, const drawing *w, size_t i, size_t p) {
  const panel_of *panel = &w->panel[p];
  size_t n = json_array_size(w->run[i].records), every = (n + POINTS - 1) / POINTS, put = 0;
  fprintf(to, "$d%zu_%zu << EOD\n", p, i);
  for (size_t k = 0; k < n; k++) {
    const json_t *o = json_array_get(w->run[i].records, k);
    double x = tw_json_number(o, w->x), y = tw_json_number(o, panel->key) - panel->floor;
    if ((every > 1 && k % every != 0 && k + 1 != n) || !isfinite(x) || !isfinite(y)) continue;
    if (panel->is_log && y <= 0) continue;
    fprintf(to, "%.9g %.9g\n", x, y);
    put++;
  }
  if (!put) fputs("NaN NaN\n", to);
  fputs("EOD\n", to);
}

static void put_panel(FILE *to, const drawing *w, size_t p) {
  const panel_of *panel = &w->panel[p];
  fputs(panel->is_log ? "set logscale y\nset format y '10^{%T}'\n"
                      : "unset logscale y\nset format y '%g'\n",
        to);
  char *label = tw_strdup(panel->key);
  if (panel->floor != 0) {
    free(label);
    label = tw_sprintf("%s %c %.8g", panel->key, panel->floor < 0 ? '+' : '-', fabs(panel->floor));
  }
  int lowest = p + (w->panels > 2 ? 2 : 1) >= w->panels; /* two columns when more than two */
  fputs("set ylabel ", to);
  tw_gnuplot_quoted(to, label);
  fputs(" noenhanced\n", to);
  if (lowest)
    fprintf(to, "set xlabel '%s'\nset format x '%%g'\n",
            strcmp(w->x, "passes") == 0 ? "passes over the data" : "rounds");
  fputs(p == 0 ? "set key top right noenhanced font ',10'\nplot " : "unset key\nplot ", to);
  for (size_t i = 0; i < w->n; i++) {
    fprintf(to, "%s$d%zu_%zu using 1:2 with linespoints lw 2 pt 7 ps 0.4 lc %zu dt %zu title ",
            i ? ", \\\n  " : "", p, i, i % COLOURS + 1, i / COLOURS + 1);
    tw_gnuplot_quoted(to, w->run[i].name);
  }
  fputc('\n', to);
  free(label);
}

static void script(FILE *to, void *arg) {
  const drawing *w = arg;
  for (size_t p = 0; p < w->panels; p++)
    for (size_t i = 0; i < w->n; i++) put_data(to, w, i, p);
  tw_gnuplot_begin(to, w->title, "curves", (int)w->panels);
  for (size_t p = 0; p < w->panels; p++) put_panel(to, w, p);
  tw_gnuplot_end(to);
}

char *tw_curves_draw(const char *folder, const tw_outcomes *o, const char *title) {
  drawing w = {.title = title, .n = o->n < RUNS ? o->n : RUNS};
  w.run = tw_calloc(w.n + 1, sizeof *w.run);
  for (size_t i = 0; i < w.n; i++)
    w.run[i] = (series){.name = o->v[i].label, .records = read_records(o->v[i].dir)};
  choose_panels(&w);
  char *why = w.panels ? tw_gnuplot(folder, script, &w) : tw_strdup("no picture: no records");
  if (!why && o->n > RUNS)
    why = tw_sprintf("the picture shows the first %d of %zu runs", RUNS, o->n);
  for (size_t i = 0; i < w.n; i++) json_decref(w.run[i].records);
  for (size_t p = 0; p < w.panels; p++) free(w.panel[p].key);
  free(w.run);
  return why;
}
