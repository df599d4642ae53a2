/* SPDX-License-Identifier: BSD-3-Clause */
/* loss.svg and loss.png. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/run/run.h"

/* More points than this cannot be told apart. */
#define POINTS 2000

typedef struct curve {
  double *passes, *f, *g;
  size_t n, cap;
  double best;
  /* log f = at + slope * passes over the second half of the records, where that is a straight line
   * down */
  int straight;
  double at, slope;
  const char *title;
} curve;

double tw_json_number(const json_t *o, const char *key) {
  const json_t *v = json_object_get(o, key);
  return json_is_number(v) ? json_number_value(v) : (double)NAN;
}

static void add(curve *c, double passes, double f, double g) {
  if (c->n == c->cap) {
    c->cap = c->cap ? 2 * c->cap : 256;
    c->passes = tw_realloc(c->passes, c->cap * sizeof(double));
    c->f = tw_realloc(c->f, c->cap * sizeof(double));
    c->g = tw_realloc(c->g, c->cap * sizeof(double));
  }
  c->passes[c->n] = passes, c->f[c->n] = f, c->g[c->n++] = g;
  if (!(c->best <= f)) c->best = f;
}

/* What makes a line of it: enough records, a hundredth at most of the variance of log f off the
 * line, and a fall by a tenth. */
#define LINE_RECORDS 10
#define LINE_R2 0.99
#define LINE_FALL 0.1

static void fit_line(curve *c) {
  size_t from = c->n / 2;
  double k = (double)(c->n - from), x = 0, y = 0, xx = 0, xy = 0, yy = 0;
  if (c->n < 2 * LINE_RECORDS) return;
  for (size_t i = from; i < c->n; i++) {
    if (!(c->f[i] > 0)) return;
    x += c->passes[i] / k;
    y += log(c->f[i]) / k;
  }
  for (size_t i = from; i < c->n; i++) {
    double u = c->passes[i] - x, v = log(c->f[i]) - y;
    xx += u * u;
    xy += u * v;
    yy += v * v;
  }
  if (!(xx > 0) || !(yy > 0)) return;
  c->slope = xy / xx;
  c->at = y - c->slope * x;
  double fall = -c->slope * (c->passes[c->n - 1] - c->passes[from]);
  c->straight = xy * xy >= LINE_R2 * xx * yy && fall >= LINE_FALL;
}

static int read_metrics(curve *c, const char *folder) {
  char *file = tw_sprintf("%s/metrics.jsonl", folder);
  FILE *in = fopen(file, "r");
  free(file);
  if (!in) return 0;
  c->best = (double)NAN;
  for (json_t *o; (o = json_loadf(in, JSON_DISABLE_EOF_CHECK, NULL)); json_decref(o)) {
    double p = tw_json_number(o, "passes"), f = tw_json_number(o, "f"),
           g = tw_json_number(o, "grad_norm");
    if (isfinite(p) && isfinite(f) && isfinite(g)) add(c, p, f, g);
  }
  fclose(in);
  return c->n >= 2;
}

/* A value for a logarithmic axis; what has no place on it is left out and the line goes on. */
static void put_log(FILE *to, double v) {
  if (v > 0)
    fprintf(to, " %.9g", v);
  else
    fputs(" ?", to);
}

/* Logarithmic where any value is positive. */
static void panel(FILE *to, int is_log, int column, int plain_column, const char *colour) {
  if (is_log)
    fputs("set logscale y\nset format y '10^{%T}'\n", to);
  else
    fputs("unset logscale y\nset format y '%g'\n", to);
  fprintf(to, "plot $d using 1:%d with lines lw 2 lc rgb '%s'\n", is_log ? column : plain_column,
          colour);
}

static void data(FILE *to, const curve *c, int *log_f, int *log_g) {
  size_t every = (c->n + POINTS - 1) / POINTS;
  *log_f = *log_g = 0;
  fputs("set datafile missing '?'\n$d << EOD\n", to);
  for (size_t i = 0; i < c->n; i++) {
    if (i % every != 0 && i + 1 != c->n) continue;
    fprintf(to, "%.9g", c->passes[i]);
    put_log(to, c->f[i] - c->best);
    put_log(to, c->g[i]);
    fprintf(to, " %.9g %.9g\n", c->f[i], c->g[i]);
    *log_f |= c->f[i] > c->best;
    *log_g |= c->g[i] > 0;
  }
  fputs("EOD\n", to);
}

/* f itself, with the line that it follows and how fast that falls. */
static void line_panel(FILE *to, const curve *c) {
  fprintf(to,
          "set ylabel 'f'\nset logscale y\nset format y '10^{%%T}'\nset key top right\n"
          "plot $d using 1:4 with lines lw 2 lc rgb '#1b6ca8' notitle, exp(%.9g + (%.9g) * x) with "
          "lines dt 2 lc rgb '#404040' title 'rate %.4g per pass'\nunset key\n",
          c->at, c->slope, -c->slope);
}

static void f_panel(FILE *to, const curve *c, int log_f) {
  if (log_f)
    fprintf(to, "set ylabel 'f - %.8g' noenhanced\n", c->best);
  else
    fputs("set ylabel 'f'\n", to);
  panel(to, log_f, 2, 4, "#1b6ca8");
}

static void script(FILE *to, void *arg) {
  const curve *c = arg;
  int log_f, log_g;
  data(to, c, &log_f, &log_g);
  tw_gnuplot_begin(to, c->title, "loss", 2);
  if (c->straight)
    line_panel(to, c);
  else
    f_panel(to, c, log_f);
  fputs("set format x '%g'\nset xlabel 'passes over the data'\nset ylabel 'gradient norm'\n", to);
  panel(to, log_g, 3, 5, "#c8502d");
  tw_gnuplot_end(to);
}

char *tw_run_picture(const char *folder, const char *title) {
  curve c = {.title = title};
  char *why = NULL;
  if (read_metrics(&c, folder)) {
    fit_line(&c);
    why = tw_gnuplot(folder, script, &c);
  } else {
    why = tw_strdup("no picture: fewer than two records");
  }
  free(c.passes);
  free(c.f);
  free(c.g);
  return why;
}
