/* SPDX-License-Identifier: BSD-3-Clause */
/* loss.svg and loss.png: gnuplot, if there is one, fed with a script through a pipe. It works
 * inside the run folder, so that no name of a file is ever part of the script. */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/run/run.h"

/* More points than this cannot be told apart. */
#define POINTS 2000
#define TIME_LIMIT 20

typedef struct curve {
  double *passes, *f, *g;
  size_t n, cap;
  double best;
} curve;

static double number(const json_t *o, const char *key) {
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

static int read_metrics(curve *c, const char *folder) {
  char *file = tw_sprintf("%s/metrics.jsonl", folder);
  FILE *in = fopen(file, "r");
  free(file);
  if (!in) return 0;
  c->best = (double)NAN;
  for (json_t *o; (o = json_loadf(in, JSON_DISABLE_EOF_CHECK, NULL)); json_decref(o)) {
    double p = number(o, "passes"), f = number(o, "f"), g = number(o, "grad_norm");
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

static void script(FILE *to, const curve *c, const char *title) {
  int log_f, log_g;
  data(to, c, &log_f, &log_g);
  /* A title is drawn as it is written: control characters and quotes have no business in it. */
  fputs("title = '", to);
  for (const char *p = title; *p; p++)
    if ((unsigned char)*p >= ' ' && *p != '\'' && *p != '\\' && *p != '\x7f') fputc(*p, to);
  fputs("'\nsvg = \"svg size 800,600 dynamic font 'sans,13' background rgb 'white'\"\n"
        "png = strstrt(GPVAL_TERMINALS, 'pngcairo') ? \"pngcairo size 1200,900 font 'sans,14'\" "
        ": 'png size 1200,900'\n"
        "do for [t in 'svg png'] {\n"
        "if (t eq 'svg') {\n set terminal @svg\n set output 'loss.svg'\n}"
        " else {\n set terminal @png\n set output 'loss.png'\n}\n"
        "set multiplot layout 2,1 title title noenhanced margins 0.13,0.96,0.10,0.90 spacing 0.06\n"
        "set grid lt 1 lc rgb '#e4e4e4'\nset border 3\nset tics nomirror out\nunset key\n"
        "set format x ''\nunset xlabel\n",
        to);
  if (log_f)
    fprintf(to, "set ylabel 'f - %.8g' noenhanced\n", c->best);
  else
    fputs("set ylabel 'f'\n", to);
  panel(to, log_f, 2, 4, "#1b6ca8");
  fputs("set format x '%g'\nset xlabel 'passes over the data'\nset ylabel 'gradient norm'\n", to);
  panel(to, log_g, 3, 5, "#c8502d");
  fputs("unset multiplot\nunset output\n}\n", to);
}

static _Noreturn void become_gnuplot(const char *folder, const int pipe_fd[2]) {
  int log = -1;
  if (chdir(folder) != 0) _exit(126);
  dup2(pipe_fd[0], STDIN_FILENO);
  close(pipe_fd[0]);
  close(pipe_fd[1]);
  if (!freopen("log", "a", stdout)) _exit(126);
  log = fileno(stdout);
  dup2(log, STDERR_FILENO);
  alarm(TIME_LIMIT);
  signal(SIGPIPE, SIG_DFL);
  signal(SIGXFSZ, SIG_DFL);
  signal(SIGINT, SIG_DFL);
  signal(SIGTERM, SIG_DFL);
  execl(THW_GNUPLOT, "gnuplot", "-d", "-", (char *)NULL);
  execlp("gnuplot", "gnuplot", "-d", "-", (char *)NULL);
  _exit(127);
}

static char *feed(const char *folder, const curve *c, const char *title) {
  int fd[2];
  if (pipe(fd) != 0) return tw_sprintf("no picture: %s", strerror(errno));
  pid_t child = fork();
  if (child == 0) become_gnuplot(folder, fd);
  close(fd[0]);
  FILE *to = child > 0 ? fdopen(fd[1], "w") : NULL;
  if (!to) {
    close(fd[1]);
    return tw_sprintf("no picture: %s", strerror(errno));
  }
  script(to, c, title);
  fclose(to);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR)
    ;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
    return tw_strdup("no picture: gnuplot is not installed");
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
    return tw_sprintf("no picture: gnuplot took more than %d seconds", TIME_LIMIT);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return tw_strdup("no picture: gnuplot failed, the log says how");
  return NULL;
}

char *tw_run_picture(const char *folder, const char *title) {
  curve c = {0};
  char *why = NULL;
  if (read_metrics(&c, folder))
    why = feed(folder, &c, title);
  else
    why = tw_strdup("no picture: fewer than two records");
  free(c.passes);
  free(c.f);
  free(c.g);
  return why;
}
