/* SPDX-License-Identifier: BSD-3-Clause */
/* probe.svg and probe.png: what the model's probe told as arrays, at the start and at the end. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/run/run.h"

#define PANELS 8

typedef struct probes {
  const char *title;
  json_t *first, *last; /* records with a probe */
} probes;

static int has_probe(const json_t *record) {
  const char *key;
  json_t *v;
  json_object_foreach((json_t *)(uintptr_t)record, key, v) {
    if (strncmp(key, "probe.", 6) == 0 && json_is_array(v) && json_array_size(v) > 1) return 1;
  }
  return 0;
}

static void read_probes(probes *p, const char *folder) {
  char *file = tw_sprintf("%s/metrics.jsonl", folder);
  FILE *in = fopen(file, "r");
  free(file);
  if (!in) return;
  for (json_t *o; (o = json_loadf(in, JSON_DISABLE_EOF_CHECK, NULL)); json_decref(o)) {
    if (!has_probe(o)) continue;
    if (!p->first) p->first = json_incref(o);
    json_decref(p->last);
    p->last = json_incref(o);
  }
  fclose(in);
}

static double at(const json_t *array, size_t i) {
  const json_t *v = json_array_get(array, i);
  return json_is_number(v) ? json_number_value(v) : (double)NAN;
}

/* Positive numbers that span more than a factor of two. */
static int wants_log(const json_t *a, const json_t *b) {
  double least = INFINITY, most = 0;
  for (int k = 0; k < 2; k++)
    for (size_t i = 0; i < json_array_size(k ? b : a); i++) {
      double v = at(k ? b : a, i);
      if (!isfinite(v)) continue;
      if (v < 0) return 0;
      if (v > 0) least = fmin(least, v), most = fmax(most, v);
    }
  return most > 2 * least;
}

static void put(FILE *to, double v, int is_log) {
  if (isfinite(v) && (v > 0 || !is_log))
    fprintf(to, " %.9g", v);
  else
    fputs(" ?", to);
}

static void data(FILE *to, size_t number, const json_t *a, const json_t *b, int is_log) {
  size_t n = json_array_size(a) > json_array_size(b) ? json_array_size(a) : json_array_size(b);
  fprintf(to, "$p%zu << EOD\n", number);
  for (size_t i = 0; i < n; i++) {
    fprintf(to, "%zu", i + 1);
    put(to, at(a, i), is_log);
    put(to, at(b, i), is_log);
    fputc('\n', to);
  }
  fputs("EOD\n", to);
}

/* The names of the arrays, as many as have a place. */
static size_t choose(const probes *p, const char *name[PANELS]) {
  size_t n = 0;
  const char *key;
  json_t *v;
  json_object_foreach(p->last, key, v) {
    if (n < PANELS && strncmp(key, "probe.", 6) == 0 && json_is_array(v) &&
        json_array_size(v) > 1 && json_is_array(json_object_get(p->first, key)))
      name[n++] = key;
  }
  return n;
}

static void script(FILE *to, void *arg) {
  const probes *p = arg;
  const char *name[PANELS];
  int is_log[PANELS];
  size_t n = choose(p, name);
  fputs("set datafile missing '?'\n", to);
  for (size_t i = 0; i < n; i++) {
    const json_t *a = json_object_get(p->first, name[i]), *b = json_object_get(p->last, name[i]);
    is_log[i] = wants_log(a, b);
    data(to, i, a, b, is_log[i]);
  }
  tw_gnuplot_begin(to, p->title, "probe", (int)n);
  fputs("set key top left samplen 2\nset format x '%g'\n", to);
  for (size_t i = 0; i < n; i++) {
    fputs(is_log[i] ? "set logscale y\nset format y '10^{%T}'\n"
                    : "unset logscale y\nset format y '%g'\n",
          to);
    fprintf(to,
            "set ylabel '%.40s' noenhanced\n"
            "plot $p%zu using 1:2 with linespoints pt 7 ps 0.3 lw 2 lc rgb '#9a9a9a' title "
            "'start', $p%zu using 1:3 "
            "with linespoints pt 7 ps 0.3 lw 2 lc rgb '#1b6ca8' title 'end'\n",
            name[i] + strlen("probe."), i, i);
  }
  tw_gnuplot_end(to);
}

char *tw_run_picture_probe(const char *folder, const char *title) {
  probes p = {.title = title};
  const char *name[PANELS];
  char *why = NULL;
  read_probes(&p, folder);
  if (p.last && choose(&p, name) > 0) why = tw_gnuplot(folder, script, &p);
  json_decref(p.first);
  json_decref(p.last);
  return why;
}
