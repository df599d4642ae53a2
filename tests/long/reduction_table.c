/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of reductions of neon2.md, section 12: from saddles to local minima, 20 seeds for each
 * method, beside what the specification measured. A cell fails when fewer than 19 of 20 end in a
 * true minimum, when one that is none is certified, when the passes are more than twice as many, or
 * when f is not the minimum's; passes below half are marked as cheaper. The same methods by
 * themselves end in the saddle, with the specification's f and least eigenvalue.
 *
 * The specification's numbers are those of certificates at p = 0.01 for each search (101 passes on
 * PR, where its formula for T at the default p/(2 max_nc) gives 1.56 times that), so cells run with
 * that; what the default costs stands beside. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/problems/problems.h"
#include "tests/problems/reduce.h"

/* p/(2 max_nc) = 0.01 */
#define NEON2 "neon2 p=0.04 max_nc=2"

enum { SEEDS = 20, FIRST = 500 };

static int failures;

static void failed(const char *why) {
  printf("    FAILED: %s\n", why);
  failures++;
}

/* The median of f must lie within low .. high. */
static void cell(const char *what, const tp_reduction *r, double passes, double low, double high) {
  printf("  %-28s %2d/%-2d %8.4g | %8.4g %5.2f  search %8.4g  steps %.2g  f %.6g (%.4g..%.4g)%s\n",
         what, r->ok, r->seeds, passes, r->passes, r->passes / passes, r->search_passes, r->steps,
         r->f, r->best_f, r->worst_f, r->passes < passes / 2 ? "  cheaper" : "");
  if (r->ok < r->seeds - 1) failed("fewer than 19 of 20 end in a true minimum");
  if (r->lied) failed("a point that is no minimum was certified");
  if (!(r->passes <= 2 * passes)) failed("more than twice the passes");
  if (!(r->f >= low && r->f <= high)) failed("f is not the minimum's");
}

static void heading(const char *what) {
  printf("%s\n  %-28s    ok     spec | measured ratio\n", what, "method");
}

/* ---- problems ----------------------------------------------------------------------------------
 */

typedef tp_reduction reduce(const tp_method *m);

static tp_reduction on_q(const tp_method *m) {
  return tp_reduce_quartic(2000, 100, 0.5, 0, 1e-3, 0.05, 0, m);
}
static tp_reduction on_ms(const tp_method *m) {
  return tp_reduce_sensing(0, 1e-2, 0.1, m);
}
static tp_reduction on_pr(const tp_method *m) {
  return tp_reduce_sensing(1, 1e-2, 0.1, m);
}
static tp_reduction on_mf(const tp_method *m) {
  return tp_reduce_factor(1e-4, 0.05, m);
}

static const char *const methods[] = {
    "gd", "sgd", "svrg", "scsg", "natasha15", "adam step=0.02", "gd momentum=heavy-ball"};
enum { METHODS = sizeof methods / sizeof *methods };

typedef struct problem {
  const char *name;
  reduce *on;
  double budget;
  double low, high;       /* f of the minima: medians of Q, whose draws differ, else all */
  double saddle_f, least; /* plain methods: medians of f and of the least eigenvalue */
  double passes[METHODS]; /* 0: not in the table */
} problem;

static const problem table[] = {
    {"Q", on_q, 400, -2.12, -1.63, 0, -0.4, {276, 194, 50, 54, 63, 320, 349}},
    {"MS", on_ms, 400, 0, 3e-5, 0.240, -1.62, {315, 242, 146, 150, 138, 294, 291}},
    {"PR", on_pr, 400, 0, 3e-5, 0.732, -3.09, {193, 114, 150, 158, 143, 129, 119}},
    {"MF", on_mf, 3000, 0, 1e-8, 0.290, -0.80, {590, 0, 0, 0, 0, 1112, 889}},
};

/* The whole sum for Adam where there is one row. */
static const char *method_of(const problem *p, int i) {
  return p->on == on_mf && strncmp(methods[i], "adam", 4) == 0 ? "adam batch=0" : methods[i];
}

/* Heavy ball with beta = 0.9 needs 92 steps for a factor of 133 in the gradient whatever L is, and
 * on MS it goes that way twice: its budget there is half as much again. */
static double budget_of(const problem *p, int i) {
  return p->on == on_ms && strstr(methods[i], "heavy-ball") ? 1.5 * p->budget : p->budget;
}

static void with_neon2(const problem *p) {
  double low = INFINITY, high = -INFINITY;
  heading(p->name);
  for (int i = 0; i < METHODS; i++) {
    if (!(p->passes[i] > 0)) continue;
    tp_method m = {NEON2, method_of(p, i), budget_of(p, i), SEEDS, FIRST, 0};
    tp_reduction r = p->on(&m);
    cell(m.inner, &r, p->passes[i], p->low, p->high);
    if (p->on != on_q && !(r.worst_f <= p->high)) failed("f is not the minimum's in every run");
    low = fmin(low, r.f), high = fmax(high, r.f);
    m.outer = "neon2", m.passes *= 1.5;
    r = p->on(&m);
    printf("  %28s %2d/%-2d          | %8.4g %5.2f  search %8.4g\n", "default p", r.ok, r.seeds,
           r.passes, r.passes / p->passes[i], r.search_passes);
    if (r.ok < r.seeds - 1 || r.lied) failed("with the default p");
  }
  if (!(high - low <= 1e-4 * fmax(fabs(low), 1))) failed("methods end in different minima");
}

/* Half the budget: they would stay for ever. Mini-batches with a constant step keep a distance from
 * the saddle, at a larger f. */
static void by_themselves(const problem *p) {
  printf("%s, without neon2: f %.3g, least eigenvalue %.3g in the specification\n", p->name,
         p->saddle_f, p->least);
  for (int i = 0; i < METHODS; i++) {
    if (!(p->passes[i] > 0)) continue;
    tp_method m = {method_of(p, i), NULL, p->budget / 2, SEEDS, FIRST, 0};
    tp_reduction r = p->on(&m);
    printf("  %-28s %2d/%-2d f %.4g, least eigenvalue %.4g\n", m.outer, r.ok, r.seeds, r.f,
           r.least);
    if (r.ok) failed("a plain method has reached a minimum");
    int noisy = strncmp(m.outer, "sgd", 3) == 0 || strncmp(m.outer, "adam", 4) == 0;
    double above = (noisy ? 0.1 : 0.05) * p->saddle_f;
    if (!(r.f - p->saddle_f <= above && p->saddle_f - r.f <= 0.05 * p->saddle_f))
      failed("f is not the saddle's");
    if (!(r.least <= 0.75 * p->least && r.least >= 1.25 * p->least))
      failed("the curvature is not the saddle's");
  }
}

/* ---- step rules, streams ------------------------------------------------------------------------
 */

static void rules(void) {
  static const struct {
    const char *outer;
    double passes;
  } row[] = {{"neon2", 374},
             {"neon2 nc_step=curv lipschitz_hess=6", 387},
             {"neon2 nc_step=theory lipschitz_hess=6", 400},
             {"neon2 lipschitz_hess=0.01", 374},
             {"neon2 lipschitz_hess=1e4", 374}};
  heading("Q, one row, gd step=0.4");
  for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
    tp_method m = {row[i].outer, "gd step=0.4", 3000, SEEDS, FIRST, 0};
    tp_reduction r = tp_reduce_quartic(1, 100, 0, 0, 1e-3, 0.05, 0, &m);
    cell(row[i].outer, &r, row[i].passes, -2.12, -1.63);
  }
}

/* Samples in units of 40,000, of a sum that is treated as a stream. The specification gives
 * thousands: half of one is added. */
static void online(void) {
  static const struct {
    const char *name, *outer, *inner;
    double epsilon, samples;
    int seeds;
  } row[] = {{"sgd", NEON2 " lipschitz=3.5", "sgd lipschitz=3.5", 0.1, 169e3, 20},
             {"scsg", NEON2 " lipschitz=3.5", "scsg lipschitz=3.5", 0.1, 28e3, 20},
             {"natasha2", "natasha2 p=0.04 max_nc=2 lipschitz=3.5", NULL, 0.1, 31e3, 20},
             {"sgd", NEON2 " lipschitz=3.5", "sgd lipschitz=3.5", 0.05, 876e3, 10},
             {"scsg", NEON2 " lipschitz=3.5", "scsg lipschitz=3.5", 0.05, 91e3, 10},
             {"natasha2", "natasha2 p=0.04 max_nc=2 lipschitz=3.5", NULL, 0.05, 76e3, 10}};
  heading("online: Q, d = 50, tauH = taub = 0.5, delta = 0.1, passes of 40,000 samples");
  for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
    char what[80];
    tp_method m = {row[i].outer, row[i].inner, 100, row[i].seeds, FIRST, 4096};
    tp_reduction r = tp_reduce_quartic(40000, 50, 0.5, 0.5, row[i].epsilon, 0.1, 1, &m);
    snprintf(what, sizeof what, "%s, epsilon %g", row[i].name, row[i].epsilon);
    cell(what, &r, (row[i].samples + 500) / 40000, -2.25, -0.2);
  }
}

int main(int argc, char **argv) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    if (argc > 1 && strcmp(argv[1], table[i].name) != 0) continue;
    with_neon2(&table[i]);
    by_themselves(&table[i]);
  }
  if (argc == 1 || strcmp(argv[1], "rules") == 0) rules();
  if (argc == 1 || strcmp(argv[1], "online") == 0) online();
  printf("%d failures\n", failures);
  return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
