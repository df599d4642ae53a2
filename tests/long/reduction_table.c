/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of reductions: from saddles to local minima, 20 seeds for each method, held against the
 * specification's passes (at most twice as many, 19 of 20 true minima, no false certificate). */
#include <stdio.h>
#include <stdlib.h>

#include "tests/problems/problems.h"
#include "tests/problems/reduce.h"

static int failures;

static void cell(const char *what, tp_reduction r, double passes) {
  char line[120];
  snprintf(line, sizeof line, "%s: %g passes", what, passes);
  tp_print_reduction(line, &r);
  if (r.ok >= r.seeds - 1 && r.lied == 0 && r.passes <= 2 * passes) return;
  printf("  FAILED\n");
  failures++;
}

static void quartic(void) {
  static const struct {
    const char *inner;
    double passes;
  } row[] = {{"gd", 276},
             {"sgd", 194},
             {"svrg", 50},
             {"scsg", 54},
             {"adam step=0.02", 320},
             {"gd momentum=heavy-ball", 349}};
  for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
    tp_method m = {"neon2", row[i].inner, 400, 20, 500, 0};
    cell(row[i].inner, tp_reduce_quartic(2000, 100, 0.5, 0, 1e-3, 0.05, 0, &m), row[i].passes);
    tp_method plain = {row[i].inner, NULL, 60, 3, 500, 0};
    tp_reduction r = tp_reduce_quartic(2000, 100, 0.5, 0, 1e-3, 0.05, 0, &plain);
    if (r.ok == 0 && r.f == 0) continue;
    printf("  FAILED: the plain method has left the saddle\n");
    failures++;
  }
}

static void factor(void) {
  static const struct {
    const char *inner;
    double passes;
  } row[] = {{"gd", 590}, {"gd momentum=heavy-ball", 889}, {"adam batch=0", 1112}};
  for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
    tp_method m = {"neon2", row[i].inner, 3000, 20, 500, 0};
    cell(row[i].inner, tp_reduce_factor(1e-4, 0.05, &m), row[i].passes);
  }
}

static void rules(void) {
  static const struct {
    const char *outer;
    double passes;
  } row[] = {{"neon2", 374},
             {"neon2 nc_step=curv lipschitz_hess=6", 387},
             {"neon2 nc_step=theory lipschitz_hess=6", 400},
             {"neon2 lipschitz_hess=0.01", 374},
             {"neon2 lipschitz_hess=1e4", 374}};
  for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
    tp_method m = {row[i].outer, "gd step=0.4", 3000, 20, 500, 0};
    cell(row[i].outer, tp_reduce_quartic(1, 100, 0, 0, 1e-3, 0.05, 0, &m), row[i].passes);
  }
}

/* Samples, of a sum that is treated as a stream: 169,000 and 28,000. */
static void online(void) {
  static const struct {
    const char *inner;
    double samples;
  } row[] = {{"sgd lipschitz=3.5", 169e3}, {"scsg lipschitz=3.5", 28e3}};
  for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
    tp_method m = {"neon2 lipschitz=3.5", row[i].inner, 100, 20, 500, 4096};
    cell(row[i].inner, tp_reduce_quartic(40000, 50, 0.5, 0.5, 0.1, 0.1, 1, &m),
         row[i].samples / 40000);
  }
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  printf("Q\n");
  quartic();
  printf("MF\n");
  factor();
  printf("step rules\n");
  rules();
  printf("online\n");
  online();
  printf("%d failures\n", failures);
  return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
