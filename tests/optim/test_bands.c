/* SPDX-License-Identifier: BSD-3-Clause */
/* Passes to levels of the gradient norm on the problems NL and RR of variance-reduction.md section
 * 11, tables (a), (b) and (d): medians over five seeds (51 with the argument `all`), each within
 * the accepted band of what was measured there. Without `all` only the cells that take a moment
 * run. */
#include "tests/optim/rig.h"

#define SEEDS 5
#define MOST 51 /* with the argument `all` */
#define NEVER INFINITY
/* A cell of momentum_dips_by_phase, below. */
#define ELSEWHERE (-1.0)

static int all;

typedef struct problem {
  const char *name, *text, *constants, *L;
} problem;

static const problem problems[3] = {
    {"NL",
     "source: { type = \"noisy-logistic\"; n = %d; d = 50; noise = 0.1; };"
     "model: { type = \"logistic-nonconvex\"; nonconvex = 0.01; init = \"normal\"; init_scale = "
     "0.5; };",
     "lipschitz = 0.029; variance_hess = 0.0014; ", "0.029"},
    {"RR",
     "source: { type = \"robust-rows\"; n = %d; d = 30; };"
     "model: { type = \"geman-mcclure\"; init = \"normal\"; init_scale = 0.5; };",
     "lipschitz = 0.031; variance_hess = 0.028; ", "0.031"},
    {"MS",
     "source: { type = \"rows\"; n = %d; };"
     "model: { type = \"matrix-sensing\"; start = \"random\"; };",
     "lipschitz = 8.0; variance_hess = 420.0; ", "8.0"},
};

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

/* Passes of one run to each of n levels, with looks every `part` of a pass, 0: after each
 * epoch. */
static void to_levels(const problem *p, int rows, int seed, const char *optimizer, double part,
                      double passes, const double *level, int n, double *at) {
  rig r;
  char data[400], run[60];
  snprintf(data, sizeof data, p->text, rows);
  snprintf(run, sizeof run, "run: { seed = %d; };", seed);
  rig_open(&r, run, data, "oracle: { type = \"finite-sum\"; }; optimizer: { ", optimizer, " };",
           NULL);
  rig_levels(&r, (int64_t)(part * rows), passes, level, n, at);
  rig_close(&r);
}

/* Medians of that. */
static void medians(const problem *p, int rows, const char *optimizer, double part, double passes,
                    const double *level, int n, double *out) {
  double at[MOST][4], column[MOST];
  int seeds = all ? MOST : SEEDS;
  for (int seed = 1; seed <= seeds; seed++)
    to_levels(p, rows, seed, optimizer, part, passes, level, n, at[seed - 1]);
  for (int i = 0; i < n; i++) {
    for (int s = 0; s < seeds; s++) column[s] = at[s][i];
    qsort(column, (size_t)seeds, sizeof *column, ascending);
    out[i] = column[seeds / 2];
  }
}

/* ---- (b): methods --------------------------------------------------------------------------- */

#define BUDGET 40.0

typedef struct row {
  const char *optimizer;
  double part;        /* passes between looks; 0: epochs*/
  double want[2][4];  /* NL, RR; levels 1e-2, 3e-3, 1e-3, 1e-4 */
  int with_constants; /* tell it L and V_H */
  int slow;
} row;

static const row table[] = {
    {"type = \"gd\"; ", 1, {{3, 25, NEVER, NEVER}, {5, 6, 7, 8}}, 1, 0},
    {"type = \"gd\"; momentum = \"heavy-ball\"; step = STEP; ",
     1,
     {{32, NEVER, NEVER, NEVER}, {ELSEWHERE, NEVER, NEVER, NEVER}},
     0,
     1},
    {"type = \"gd\"; momentum = \"nesterov\"; ",
     1,
     {{ELSEWHERE, 18, 31, NEVER}, {3, 7, 9, 12}},
     1,
     1},
    {"type = \"adam\"; batch = 0; ",
     1,
     {{31, NEVER, NEVER, NEVER}, {36, NEVER, NEVER, NEVER}},
     0,
     1},
    {"type = \"sgd\"; schedule = \"inverse-sqrt\"; decay = 0.02; ",
     0.2,
     {{4.2, NEVER, NEVER, NEVER}, {0.2, 1.2, 32, NEVER}},
     1,
     1},
    {"type = \"sgd\"; ", 0.2, {{NEVER, NEVER, NEVER, NEVER}, {0.2, NEVER, NEVER, NEVER}}, 1, 1},
    {"type = \"adam\"; batch = 64; ",
     0.2,
     {{0.6, NEVER, NEVER, NEVER}, {0.6, 1.0, NEVER, NEVER}},
     0,
     1},
    {"type = \"scsg\"; snapshot_batch = 2000; ",
     0,
     {{0.9, NEVER, NEVER, NEVER}, {0.5, 0.9, NEVER, NEVER}},
     1,
     0},
    {"type = \"scsg\"; snapshot_batch = 20000; ",
     0,
     {{2.4, 5.3, 6.7, 10}, {3, 5.3, 5.3, 10.5}},
     1,
     0},
    {"type = \"natasha15\"; snapshot_batch = 2000; ",
     0,
     {{0.6, NEVER, NEVER, NEVER}, {0.6, 0.9, NEVER, NEVER}},
     1,
     0},
    {"type = \"natasha15\"; snapshot_batch = 20000; ", 0, {{3, 6, 6, 9}, {3, 3, 6, 9}}, 1, 0},
    {"type = \"svrg\"; batch = 16; ", 0, {{2, 4, 6, 6}, {2, 4, 6, 8}}, 1, 0},
};

/* Within a factor two; what was not reached in 40 passes may not be reached in 20. */
static int within(double got, double want) {
  if (want == ELSEWHERE) return 1;
  if (want == NEVER) return got > BUDGET / 2;
  if (got == NEVER) return 2 * want >= BUDGET;
  return got <= 2 * want && got >= want / 2;
}

static void print_row(const problem *p, const char *what, const double *got, int n) {
  print_message("%s %-70s", p->name, what);
  for (int i = 0; i < n; i++)
    if (got[i] == NEVER)
      print_message("      -");
    else
      print_message(" %6.1f", got[i]);
  print_message("\n");
}

static void methods_need_the_passes_of_the_table(void **state) {
  (void)state;
  static const double level[4] = {1e-2, 3e-3, 1e-3, 1e-4};
  double gd[2][4], svrg[2][4];
  int bad = 0;
  for (size_t k = 0; k < sizeof table / sizeof table[0]; k++)
    for (int q = 0; q < 2; q++) {
      const row *t = &table[k];
      if (t->slow && !all) continue;
      char text[300];
      double got[4];
      snprintf(text, sizeof text, "%s%s", t->optimizer,
               t->with_constants ? problems[q].constants : "");
      char *step = strstr(text, "STEP");
      if (step) { /* 1/L */
        char tail[100];
        snprintf(tail, sizeof tail, "%s", step + 4);
        snprintf(step, sizeof text - (size_t)(step - text), "%.17g%s", 1 / atof(problems[q].L),
                 tail);
      }
      if (strstr(text, "gd\"") && !strstr(text, "sgd\"")) {
        char *vh = strstr(text, "variance_hess");
        if (vh) *vh = '\0';
      }
      medians(&problems[q], 20000, text, t->part, BUDGET, level, 4, got);
      print_row(&problems[q], text, got, 4);
      for (int i = 0; i < 4; i++)
        if (!within(got[i], t->want[q][i]))
          bad++, print_message("  level %g: expected %g\n", level[i], t->want[q][i]);
      if (k == 0) memcpy(gd[q], got, sizeof got);
      memcpy(svrg[q], got, sizeof got);
    }
  assert_int_equal(bad, 0);
  /* The table's order of svrg and gd. */
  for (int q = 0; q < 2; q++)
    for (int i = 0; i < 4; i++) assert_true(svrg[q][i] <= gd[q][i]);
}

/* Two cells of table (b), heavy ball on RR (3 passes to 1e-2) and Nesterov on NL (2), are medians
 * of five seeds of what has several modes: an iterate that overshoots is below the level for one
 * pass of each swing, or not, as its phase will have it. Over 51 seeds heavy ball
 * is there after 3 to 6 passes in 18 runs and after a swing or more in the others, median 23;
 * Nesterov after 2 to 4 in 17, median 5. An independent implementation in NumPy gives 8 and 29, 17
 * and 5, and hardly other numbers with L estimated for each seed as section 11 does it: the table's
 * medians are out of reach of the factor two. What can be judged is the mode: the lowest tenth of
 * the runs lies within a factor two of the table. */
static void momentum_dips_by_phase(void **state) {
  (void)state;
  enum { MANY = 51 };
  static const struct {
    int problem;
    const char *optimizer;
    double want, median; /* median as measured: within a factor two, too */
  } cells[2] = {{1, "type = \"gd\"; momentum = \"heavy-ball\"; step = 32.258064516129032; ", 3, 23},
                {0, "type = \"gd\"; momentum = \"nesterov\"; step = 34.482758620689655; ", 2, 5}};
  static const double level = 1e-2;
  if (!all) skip();
  for (int k = 0; k < 2; k++) {
    double at[MANY];
    int near = 0;
    for (int seed = 1; seed <= MANY; seed++)
      to_levels(&problems[cells[k].problem], 20000, seed, cells[k].optimizer, 1, BUDGET, &level, 1,
                &at[seed - 1]);
    qsort(at, MANY, sizeof *at, ascending);
    for (int i = 0; i < MANY; i++) near += at[i] <= 2 * cells[k].want;
    print_message("%s %s: tenth %g, median %g, %d of %d within a factor two of %g\n",
                  problems[cells[k].problem].name, cells[k].optimizer, at[MANY / 10], at[MANY / 2],
                  near, MANY, cells[k].want);
    assert_true(within(at[MANY / 10], cells[k].want));
    assert_true(within(at[MANY / 2], cells[k].median));
  }
}

/* ---- (a): batches --------------------------------------------------------------------------- */

static void batches_do_not_change_the_cost(void **state) {
  (void)state;
  static const double level[3] = {1e-2, 1e-3, 1e-4};
  static const double want[2][3] = {{4, 8, 14}, {2, 6, 8}};
  static const int batch[] = {1, 4, 16, 64};
  for (int q = 0; q < 2; q++) {
    double least[3] = {NEVER, NEVER, NEVER}, most[3] = {0};
    for (int k = all ? 0 : 2; k < 4; k++) {
      char text[200];
      double got[3];
      snprintf(text, sizeof text, "type = \"svrg\"; batch = %d; %s", batch[k],
               problems[q].constants);
      medians(&problems[q], 10000, text, 0, BUDGET, level, 3, got);
      print_row(&problems[q], text, got, 3);
      for (int i = 0; i < 3; i++) {
        least[i] = fmin(least[i], got[i]);
        most[i] = fmax(most[i], got[i]);
        assert_true(within(got[i], want[q][i]));
      }
    }
    for (int i = 0; i < 3; i++) assert_true(most[i] - least[i] <= (q == 0 ? 4 : 2));
  }
}

/* ---- MS in (a) and (b) ------------------------------------------------------------------------
 */

/* Fourth column of both tables; scsg and natasha15 follow. */
static void matrix_sensing(void **state) {
  (void)state;
  static const double level[4] = {0.3, 0.1, 1e-2, 1e-3}, of_batches[3] = {4, 8, 12};
  static const struct {
    const char *optimizer;
    double part, want[4];
  } rows[] = {
      {"type = \"gd\"; step = 0.125; ", 1, {22, 30, NEVER, NEVER}},
      {"type = \"gd\"; momentum = \"heavy-ball\"; step = 0.125; ", 1, {27, NEVER, NEVER, NEVER}},
      {"type = \"gd\"; momentum = \"nesterov\"; step = 0.125; ", 1, {11, 18, 34, NEVER}},
      {"type = \"adam\"; batch = 0; ", 1, {32, NEVER, NEVER, NEVER}},
      {"type = \"sgd\"; lipschitz = 8.0; variance_hess = 420.0; ", 0.2, {0.4, 0.4, 0.4, 0.4}},
      {"type = \"sgd\"; schedule = \"inverse-sqrt\"; decay = 0.02; lipschitz = 8.0; variance_hess "
       "= "
       "420.0; ",
       0.2,
       {0.4, 0.4, 0.8, 0.8}},
      {"type = \"adam\"; batch = 64; ", 0.2, {0.6, 1.3, 1.3, 1.9}},
      {"type = \"svrg\"; batch = 16; lipschitz = 8.0; variance_hess = 420.0; ", 0, {4, 4, 8, 12}}};
  int bad = 0;
  if (!all) skip();
  for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
    double got[4];
    medians(&problems[2], 10000, rows[k].optimizer, rows[k].part, BUDGET, level, 4, got);
    print_row(&problems[2], rows[k].optimizer, got, 4);
    for (int i = 0; i < 4; i++)
      if (!within(got[i], rows[k].want[i]))
        bad++, print_message("  level %g: expected %g\n", level[i], rows[k].want[i]);
  }
  double least[3] = {NEVER, NEVER, NEVER}, most[3] = {0};
  for (int b = 1; b <= 64; b *= 4) {
    double got[3];
    char text[200];
    snprintf(text, sizeof text, "type = \"svrg\"; batch = %d; %s", b, problems[2].constants);
    medians(&problems[2], 10000, text, 0, BUDGET, level + 1, 3, got);
    print_row(&problems[2], text, got, 3);
    for (int i = 0; i < 3; i++) {
      least[i] = fmin(least[i], got[i]), most[i] = fmax(most[i], got[i]);
      bad += !within(got[i], of_batches[i]);
    }
  }
  for (int i = 0; i < 3; i++) bad += !(most[i] - least[i] <= 2);
  assert_int_equal(bad, 0);
}

/* The rows of (b) that are natasha.md's section 8 (a) as well; V is 0 at the solution. */
static void epochs_on_matrix_sensing(void **state) {
  (void)state;
  static const struct {
    const char *method;
    double want[4];
  } rows[] = {{"type = \"scsg\"; snapshot_batch = 1000; ", {1.1, 1.7, 2.9, 5.1}},
              {"type = \"scsg\"; snapshot_batch = 10000; ", {4.1, 7.3, 11, 18}},
              {"type = \"natasha15\"; snapshot_batch = 1000; ", {0.9, 1.2, 2.1, 3.0}},
              {"type = \"natasha15\"; snapshot_batch = 10000; ", {6, 9, 12, 15}}};
  static const double level[4] = {0.3, 0.1, 1e-2, 1e-3};
  int bad = 0;
  for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
    double got[4];
    char text[200];
    snprintf(text, sizeof text, "%s%s", rows[k].method, problems[2].constants);
    medians(&problems[2], 10000, text, 0, 40, level, 4, got);
    print_row(&problems[2], rows[k].method, got, 4);
    for (int i = 0; i < 4; i++) bad += !within(got[i], rows[k].want[i]);
  }
  assert_int_equal(bad, 0);
}

/* ---- (d): rows ------------------------------------------------------------------------------ */

static void passes_fall_with_the_rows(void **state) {
  (void)state;
  static const double level[3] = {1e-2, 1e-3, 1e-4};
  static const int rows[] = {1000, 4000, 16000, 64000};
  static const double want[4][3] = {{6, 16, 24}, {4, 8, 12}, {2, 6, 8}, {2, 4, 6}};
  double before[3] = {NEVER, NEVER, NEVER}, got[3];
  char text[200];
  for (int k = 0; k < (all ? 4 : 3); k++) {
    snprintf(text, sizeof text, "type = \"svrg\"; batch = 16; %s", problems[1].constants);
    medians(&problems[1], rows[k], text, 0, BUDGET, level, 3, got);
    print_row(&problems[1], text, got, 3);
    for (int i = 0; i < 3; i++) {
      assert_true(within(got[i], want[k][i]));
      assert_true(got[i] <= before[i]);
      before[i] = got[i];
    }
  }
}

int main(int argc, char **argv) {
  all = argc > 1 && strcmp(argv[1], "all") == 0;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(methods_need_the_passes_of_the_table),
      cmocka_unit_test(momentum_dips_by_phase),
      cmocka_unit_test(batches_do_not_change_the_cost),
      cmocka_unit_test(matrix_sensing),
      cmocka_unit_test(epochs_on_matrix_sensing),
      cmocka_unit_test(passes_fall_with_the_rows),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
