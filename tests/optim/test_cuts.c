/* SPDX-License-Identifier: BSD-3-Clause */
/* The bits of the point depend neither on how the host cuts the steps, nor on a restart in
 * between, nor on the number of threads; and budgets end a run in good order. */
#include "tests/optim/rig.h"

#define SPARSE                                                                                     \
  "source: { type = \"sparse-planted\"; n = 3000; d = 60; }; oracle: { type = \"finite-sum\"; };"

static const char *const methods[] = {
    "optimizer: { type = \"gd\"; };",
    "optimizer: { type = \"gd\"; rule = \"backtracking\"; };",
    "optimizer: { type = \"gd\"; rule = \"barzilai-borwein\"; };",
    "optimizer: { type = \"gd\"; momentum = \"nesterov\"; };",
    "optimizer: { type = \"gd\"; momentum = \"accelerated\"; };",
    "optimizer: { type = \"sgd\"; momentum = \"heavy-ball\"; schedule = \"inverse\"; };",
    "optimizer: { type = \"sgd\"; draw = \"epoch\"; average = \"polynomial\"; };",
    "optimizer: { type = \"adam\"; };",
    "optimizer: { type = \"lbfgs\"; memory = 4; };",
    "optimizer: { type = \"newton\"; };",
    "optimizer: { type = \"newton\"; solver = \"cg\"; };",
    "optimizer: { type = \"svrg\"; };",
    "optimizer: { type = \"svrg\"; fused = false; };",
    "optimizer: { type = \"svrg\"; snapshot = \"average\"; batch = 3; };",
    "optimizer: { type = \"svrg\"; snapshot = \"random\"; loopless = true; guard = \"on\"; };",
    "optimizer: { type = \"catalyst\"; inner: { type = \"svrg\"; }; };",
    "optimizer: { type = \"scsg\"; };",
    "optimizer: { type = \"scsg\"; snapshot_batch = 3000; output = \"average\"; };",
    ("optimizer: { type = \"scsg\"; snapshot_batch = 500; output = \"random\"; theory = true; "
     "mini_batch = 1; gamma = 0.3; };"),
    "optimizer: { type = \"natasha15\"; };",
    "optimizer: { type = \"natasha15\"; snapshot_batch = 3000; sigma = 0.1; };",
    "optimizer: { type = \"natasha15\"; snapshot_batch = 3000; output = \"random\"; };",
    "optimizer: { type = \"natasha15\"; theory = true; epsilon = 0.005; gap = 0.7; };",
    "optimizer: { type = \"natasha2\"; epsilon = 1e-6; };",
    "optimizer: { type = \"natasha2\"; epsilon = 1e-6; snapshot_batch = 500; zone = 0.1; };",
};
enum { METHODS = sizeof methods / sizeof methods[0] };

static const char *const models[] = {"model: { type = \"logistic\"; c = 1.0; };",
                                     "model: { type = \"logistic\"; nonconvex = 0.01; };"};

static void same_bits(double *a, double *b, int64_t n, const char *what) {
  if (memcmp(a, b, (size_t)n * sizeof *a) != 0) {
    int64_t i = 0;
    while (i < n && a[i] == b[i]) i++;
    fail_msg("%s: x[%lld] = %.17g and %.17g", what, (long long)i, a[i], b[i]);
  }
  free(b);
}

/* Catalyst needs to know that the sum is convex. */
static int fits(int method, int model) {
  return model == 0 || !strstr(methods[method], "catalyst");
}

static void epochs(rig *r, int n, int64_t units) {
  for (int e = 0; e < n; e++) assert_true(rig_epoch(r, units) >= THW_OK);
}

static void cutting_does_not_matter(void **state) {
  (void)state;
  static const int64_t units[] = {1, 100, 2999};
  for (int k = 0; k < 2 * METHODS; k++) {
    if (!fits(k / 2, k % 2)) continue;
    rig r;
    rig_open(&r, SPARSE, models[k % 2], methods[k / 2], NULL);
    epochs(&r, 3, INT64_MAX / 4);
    double *whole = rig_point(&r);
    int64_t spent = r.s.ledger->spent;
    rig_close(&r);
    for (size_t u = 0; u < sizeof units / sizeof units[0]; u++) {
      rig_open(&r, SPARSE, models[k % 2], methods[k / 2], NULL);
      epochs(&r, 3, units[u]);
      same_bits(whole, rig_point(&r), r.n, methods[k / 2]);
      assert_true(r.s.ledger->spent == spent);
      rig_close(&r);
    }
    free(whole);
  }
}

/* Saved in the middle of an epoch, loaded by another instance; the first goes on, too. */
static void restarts_do_not_matter(void **state) {
  (void)state;
  for (int k = 0; k < 2 * METHODS; k++) {
    if (!fits(k / 2, k % 2)) continue;
    rig a, b;
    rig_open(&a, SPARSE, models[k % 2], methods[k / 2], NULL);
    epochs(&a, 2, 1000);
    for (int i = 0; i < 3; i++) rig_step(&a, 500);
    tw_state *s = rig_save(&a);
    rig_open(&b, SPARSE, models[k % 2], methods[k / 2], NULL);
    rig_load(&b, s);
    for (int i = 0; i < 40; i++) rig_step(&a, 700);
    for (int i = 0; i < 40; i++) rig_step(&b, 700);
    double *x = rig_point(&a);
    same_bits(x, rig_point(&b), b.n, methods[k / 2]);
    free(x);
    tw_state_free(s);
    rig_close(&a);
    rig_close(&b);
  }
}

static void threads_do_not_matter(void **state) {
  (void)state;
  static const char *const threads[] = {"run: { threads = 2; };", "run: { threads = 3; };",
                                        "run: { threads = 8; };"};
  for (int k = 0; k < METHODS; k++) {
    rig r;
    rig_open(&r, SPARSE, models[0], methods[k], "run: { threads = 1; };", NULL);
    epochs(&r, 2, 4000);
    double *one = rig_point(&r);
    rig_close(&r);
    for (int t = 0; t < 3; t++) {
      rig_open(&r, SPARSE, models[0], methods[k], threads[t], NULL);
      epochs(&r, 2, 4000);
      same_bits(one, rig_point(&r), r.n, methods[k]);
      rig_close(&r);
    }
    free(one);
  }
}

/* The fused loop and the plain one are the same method: equal up to rounding. */
static void fused_and_plain_agree(void **state) {
  (void)state;
  static const char *const more[] = {"", "snapshot = \"average\";", "batch = 7;"};
  for (int k = 0; k < 3; k++) {
    rig a, b;
    rig_open(&a, SPARSE, models[0], "optimizer: { type = \"svrg\"; ", more[k], "};", NULL);
    rig_open(&b, SPARSE, models[0], "optimizer: { type = \"svrg\"; fused = false; ", more[k], "};",
             NULL);
    assert_non_null(thw_ext(a.s.object, THW_EXT_VR));
    epochs(&a, 3, 5000);
    epochs(&b, 3, 5000);
    double *x = rig_point(&a), *y = rig_point(&b), most = 0, size = 0;
    for (int64_t i = 0; i < a.n; i++) {
      most = fmax(most, fabs(x[i] - y[i]));
      size = fmax(size, fabs(y[i]));
    }
    assert_true(most <= 1e-10 * size && most < size);
    free(x), free(y);
    rig_close(&a);
    rig_close(&b);
  }
}

static void budgets_end_in_good_order(void **state) {
  (void)state;
  for (int k = 0; k < METHODS; k++) {
    rig r;
    rig_open(&r, SPARSE, models[0], methods[k], NULL);
    double f0 = rig_f(&r);
    r.s.ledger->budget = 3000 * 20 + 1234; /* an iteration of newton with cg takes ten passes */
    thw_status st = THW_OK;
    for (int i = 0; i < 10000 && st == THW_OK; i++) st = rig_step(&r, 3000);
    if (st != THW_BUDGET) fail_msg("%s ended with %d", methods[k], st);
    assert_true(r.s.ledger->spent <= r.s.ledger->budget);
    assert_true(rig_f(&r) < f0);
    rig_close(&r);
  }
}

static void single_precision_works(void **state) {
  (void)state;
  for (int k = 0; k < METHODS; k++) {
    rig r;
    rig_open(&r, "run: { precision = \"single\"; };", SPARSE, models[0], methods[k], NULL);
    double f0 = rig_f(&r);
    thw_status st = rig_run(&r, 8);
    assert_true(st == THW_OK || st == THW_STALLED || st == THW_DONE);
    assert_true(rig_f(&r) < 0.9 * f0);
    rig_close(&r);
  }
}

/* Steering: a reset goes on from the new point; shorter steps move less. */
static void steering_works(void **state) {
  (void)state;
  for (int k = 0; k < METHODS; k++) {
    rig r;
    rig_open(&r, SPARSE, models[0], methods[k], NULL);
    const thw_steer *steer = thw_ext(r.s.method, THW_EXT_STEER);
    assert_non_null(steer);
    epochs(&r, 2, 1000);
    double f = rig_f(&r);
    assert_int_equal(thw_fill(r.x, 0.0), THW_OK);
    assert_int_equal(steer->reset(r.s.method->self, r.x), THW_OK);
    double *zero = rig_point(&r);
    for (int64_t i = 0; i < r.n; i++) assert_true(zero[i] == 0.0);
    free(zero);
    assert_int_equal(steer->scale_step(r.s.method->self, 1e-3), THW_OK);
    epochs(&r, 1, 1000);
    assert_true(rig_f(&r) > f);
    rig_close(&r);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(cutting_does_not_matter),
      cmocka_unit_test(restarts_do_not_matter),
      cmocka_unit_test(threads_do_not_matter),
      cmocka_unit_test(fused_and_plain_agree),
      cmocka_unit_test(budgets_end_in_good_order),
      cmocka_unit_test(single_precision_works),
      cmocka_unit_test(steering_works),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
