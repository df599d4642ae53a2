/* SPDX-License-Identifier: BSD-3-Clause */
/* Optima of regularised logistic regression, sum of log(1 + exp(-y a'x)) + |x|^2/2, no intercept,
 * divided by the number of rows.
 *
 * The values for a9a and w8a were computed twice: by Newton's method in NumPy with the sum in
 * 80-bit arithmetic, and by scikit-learn 1.9 (LogisticRegression, C = 1, newton-cholesky, tol =
 * 1e-13). Both agree to 4e-18. With the argument `all` the slow methods run, too. */
#include "tests/optim/rig.h"

#include <unistd.h>

static int all;

typedef struct goal {
  const char *optimizer;
  double passes[2]; /* budgets on a9a and w8a */
  double relative;
  int slow;
} goal;

#define FALLING "draw = \"epoch\"; schedule = \"cosine\"; period = 300.0; "

static const goal goals[] = {
    {"type = \"newton\";", {32, 40}, 1e-9, 0},
    {"type = \"newton\"; solver = \"cg\";", {180, 115}, 1e-9, 0},
    {"type = \"lbfgs\";", {250, 90}, 1e-9, 0},
    {"type = \"lbfgs\"; memory = 10;", {350, 110}, 1e-9, 1},
    {"type = \"svrg\";", {90, 180}, 1e-9, 0},
    {"type = \"svrg\"; fused = false;", {90, 180}, 1e-9, 1},
    {"type = \"catalyst\"; inner: { type = \"svrg\"; step = 0.1; };", {100, 300}, 1e-6, 0},
    {"type = \"gd\"; rule = \"barzilai-borwein\";", {600, 250}, 1e-6, 1},
    {"type = \"gd\"; momentum = \"accelerated\";", {1200, 1800}, 1e-6, 1},
    {"type = \"sgd\"; momentum = \"nesterov\"; step = 0.1; batch = 32;" FALLING,
     {300, 300},
     1e-6,
     1},
    {"type = \"adam\"; batch = 512; step = 0.2; " FALLING, {300, 0}, 1e-6, 1},
    {"type = \"adam\"; batch = 512; step = 0.01; beta2 = 0.9999; " FALLING, {0, 300}, 1e-6, 1},
};

static const struct {
  const char *name;
  double f;
} sets[2] = {{"a9a", 0.32337958246484747}, {"w8a", 0.12618068651051344}};

static void open_set(rig *r, const char *file, const char *optimizer, const char *more) {
  rig_open(r, "source: { type = \"svmlight\"; path = \"", file,
           "\"; }; oracle: { type = \"finite-sum\"; }; model: { type = \"logistic\"; c = 1.0; };"
           "optimizer: { ",
           optimizer, " };", more, NULL);
}

static void reach(int set, const goal *g, const char *file) {
  rig r;
  open_set(&r, file, g->optimizer, "");
  rig_run(&r, g->passes[set]);
  double error = (rig_f(&r) - sets[set].f) / sets[set].f;
  print_message("%s %-60s %6.1f passes, relative error %9.2e\n", sets[set].name, g->optimizer,
                rig_passes(&r), error);
  if (!(error <= g->relative)) fail_msg("%s is short of %g", g->optimizer, g->relative);
  if (!(error >= -1e-14)) fail_msg("%s found less than the minimum", g->optimizer);
  rig_close(&r);
}

static void real_data(int set) {
  char *file = rig_data(sets[set].name);
  for (size_t i = 0; i < sizeof goals / sizeof goals[0]; i++)
    if (goals[i].passes[set] > 0 && (all || !goals[i].slow)) reach(set, &goals[i], file);
  free(file);
}

static void a9a_is_solved(void **state) {
  (void)state;
  real_data(0);
}
static void w8a_is_solved(void **state) {
  (void)state;
  real_data(1);
}

static void single_precision_comes_near(void **state) {
  (void)state;
  char *file = rig_data("a9a");
  static const char *const methods[] = {"type = \"lbfgs\";", "type = \"svrg\";",
                                        "type = \"newton\";"};
  for (int k = 0; k < 3; k++) {
    rig r;
    open_set(&r, file, methods[k], "run: { precision = \"single\"; };");
    rig_run(&r, 150);
    double error = (rig_f(&r) - sets[0].f) / sets[0].f;
    assert_int_equal(r.s.space->dtype, THW_F32);
    print_message("single %s %.2e\n", methods[k], error);
    assert_true(error < 1e-5);
    rig_close(&r);
  }
  free(file);
}

/* Without outside data: second order, quasi-Newton and variance reduction agree. */
static void methods_agree(void **state) {
  (void)state;
  static const struct {
    const char *optimizer;
    double passes;
  } way[] = {{"type = \"newton\";", 30},
             {"type = \"newton\"; solver = \"cg\";", 30},
             {"type = \"lbfgs\";", 200},
             {"type = \"svrg\";", 200},
             {"type = \"catalyst\"; inner: { type = \"svrg\"; };", 400}};
  double f[5];
  for (int k = 0; k < 5; k++) {
    rig r;
    rig_open(&r,
             "source: { type = \"sparse-planted\"; n = 4000; d = 200; nnz = 10; };"
             "oracle: { type = \"finite-sum\"; }; model: { type = \"logistic\"; c = 1.0; };"
             "optimizer: {",
             way[k].optimizer, "};", NULL);
    rig_run(&r, way[k].passes);
    f[k] = rig_f(&r);
    print_message("%s %.17g\n", way[k].optimizer, f[k]);
    rig_close(&r);
    assert_true(fabs(f[k] - f[0]) <= 1e-9 * f[0]);
  }
}

int main(int argc, char **argv) {
  all = argc > 1 && strcmp(argv[1], "all") == 0;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(methods_agree),
      cmocka_unit_test(a9a_is_solved),
      cmocka_unit_test(w8a_is_solved),
      cmocka_unit_test(single_precision_comes_near),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
