/* SPDX-License-Identifier: BSD-3-Clause */
/* regret.svg and regret.png: regret and oracle calls per round against the number of rounds. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/online/run.h"

/* More points than this cannot be told apart. */
#define POINTS 2000

typedef struct curve {
  const tw_online *r;
  double (*v)[3]; /* rounds, regret, calls per round */
  size_t n, cap;
} curve;

/* alpha-regret where there is a factor and it is ever positive, else the regret. */
static const char *choose(const json_t *last) {
  return tw_json_number(last, "alpha_regret") > 0 ? "alpha_regret" : "regret";
}

static json_t *load(FILE *in) {
  return json_loadf(in, JSON_DISABLE_EOF_CHECK, NULL);
}

static const char *which(FILE *in) {
  const char *key = "regret";
  for (json_t *o; (o = load(in)); json_decref(o)) key = choose(o);
  rewind(in);
  return key;
}

static const char *read_metrics(curve *c, const char *folder) {
  char *file = tw_sprintf("%s/metrics.jsonl", folder);
  FILE *in = fopen(file, "r");
  free(file);
  if (!in) return NULL;
  const char *key = which(in);
  for (json_t *o; (o = load(in)); json_decref(o)) {
    double v[3] = {tw_json_number(o, "round"), tw_json_number(o, key),
                   tw_json_number(o, "calls_per_round")};
    if (!isfinite(v[0]) || !isfinite(v[2])) continue;
    if (c->n == c->cap) {
      c->cap = c->cap ? 2 * c->cap : 256;
      c->v = tw_realloc(c->v, c->cap * sizeof *c->v);
    }
    memcpy(c->v[c->n++], v, sizeof v);
  }
  fclose(in);
  return c->n >= 2 ? key : NULL;
}

static const char *regret_key; /* of the picture in progress; one run per process */

static void data(FILE *to, const curve *c) {
  size_t every = (c->n + POINTS - 1) / POINTS;
  fputs("set datafile missing '?'\n$d << EOD\n", to);
  for (size_t i = 0; i < c->n; i++) {
    if (i % every != 0 && i + 1 != c->n) continue;
    fprintf(to, "%.9g", c->v[i][0]);
    if (c->v[i][1] > 0)
      fprintf(to, " %.9g", c->v[i][1]);
    else
      fputs(" ?", to);
    fprintf(to, " %.9g\n", c->v[i][2]);
  }
  fputs("EOD\n", to);
}

static void script(FILE *to, void *arg) {
  const curve *c = arg;
  const double *last = c->v[c->n - 1];
  double rate = c->r->game.learner_facts.rate;
  data(to, c);
  tw_gnuplot_begin(to, c->r->game.opt->run.name, "regret", 2);
  fprintf(to, "set logscale xy\nset ylabel '%s'\nset key top left\n",
          strcmp(regret_key, "regret") == 0 ? "regret" : "alpha-regret");
  fputs("plot $d using 1:2 with lines lw 2 lc rgb '#1b6ca8' title 'booked by the host'", to);
  if (isfinite(rate) && last[1] > 0)
    fprintf(to,
            ", %.9g*(x/%.9g)**%.9g with lines dt 2 lc rgb '#888888' title 'slope of the theory: "
            "T^{%.2g}'",
            last[1], last[0], rate, rate);
  fputs("\nset key off\nunset logscale y\nset format x '%g'\nset xlabel 'rounds'\nset yrange "
        "[0:*]\nset ylabel 'oracle calls per round'\nplot $d using 1:3 with lines lw 2 lc rgb "
        "'#c8502d'\n",
        to);
  tw_gnuplot_end(to);
}

static int any_positive(const curve *c) {
  for (size_t i = 0; i < c->n; i++)
    if (c->v[i][1] > 0) return 1;
  return 0;
}

char *tw_online_picture(const tw_online *r) {
  curve c = {.r = r};
  char *why = NULL;
  regret_key = read_metrics(&c, r->folder.path);
  if (!regret_key)
    why = tw_strdup("no picture: fewer than two records");
  else if (!any_positive(&c))
    why = tw_strdup("no picture: the regret was never positive");
  else
    why = tw_gnuplot(r->folder.path, script, &c);
  free(c.v);
  return why;
}
