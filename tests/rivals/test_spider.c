/* SPDX-License-Identifier: BSD-3-Clause */
/* SPIDER against its own formulas, and its super-epochs on saddles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/problems/cells.h"
#include "tests/problems/model.h"
#include "tests/rivals/trial.h"

/* -0.4, -0.2, -0.1, then uniform in [0, 1]: Q of neon2.md section 12. */
static tp_model saddle(int64_t n, int64_t d, double tauH, double taub, uint32_t seed) {
  double *a = tp_doubles(d * d), *lam = tp_doubles(d);
  thw_rng r = {.key = {seed, 12}};
  for (int64_t i = 0; i < d; i++)
    lam[i] = i == 0 ? -0.4 : i == 1 ? -0.2 : i == 2 ? -0.1 : thw_rng_uniform(&r);
  tp_symmetric(d, lam, &r, a);
  tp_model m = tp_quartic(n, d, a, tauH, taub, &r);
  free(a);
  free(lam);
  return m;
}

static void gradient(const tp_model *m, const double *x, const thw_batch *b, double *g) {
  union {
    const double *in;
    double *out;
  } at = {x};
  thw_view xv = {at.out, m->d, 0, THW_F64, THW_MEM_HOST}, gv = {g, m->d, 0, THW_F64, THW_MEM_HOST};
  assert_int_equal(m->ops->eval(m->self, &xv, b, NULL, &gv), THW_OK);
}

/* Two epochs with plain arrays: v = v + g_I(x_t) - g_I(x_{t-1}). */
static void follows_the_path(void **state) {
  (void)state;
  enum { D = 6, N = 40, B = 3, Q = 5 };
  tp_model m = saddle(N, D, 0.5, 0.5, 3);
  double x[D], y[D], v[D], g[D], h[D], got[D];
  for (int normalised = 0; normalised < 2; normalised++) {
    double x0[D], eta = 0.1, epsilon = 0.02, L = 2.0;
    for (int j = 0; j < D; j++) x[j] = x0[j] = 0.3 - 0.1 * j;
    thw_rng draw;
    tw_stream(7, "optimizer", "draw", &draw);
    for (int epoch = 0; epoch < 2; epoch++) {
      gradient(&m, x, NULL, v);
      for (int t = 0; t < Q; t++) {
        if (t > 0) {
          int64_t index[B];
          thw_batch b = {.size = sizeof b, .n = B, .index = index};
          for (int k = 0; k < B; k++) index[k] = thw_rng_index(&draw, N);
          gradient(&m, x, &b, g);
          gradient(&m, y, &b, h);
          for (int j = 0; j < D; j++) v[j] += g[j] - h[j];
        }
        double norm = sqrt(tp_dot(D, v, v)), step = eta;
        if (normalised) step = fmin(eta, epsilon / (L * norm));
        for (int j = 0; j < D; j++) y[j] = x[j], x[j] -= step * v[j];
      }
    }
    trial r;
    trial_open(&r, "spider",
               normalised ? "step=0.1 mini_batch=3 epoch=5 lipschitz=2 variance_hess=1 "
                            "guard=off form=normalised"
                          : "step=0.1 mini_batch=3 epoch=5 lipschitz=2 variance_hess=1 guard=off",
               &m, &(trial_setup){.seed = 7, .epsilon = epsilon, .x0 = x0});
    for (int epoch = 0; epoch < 2; epoch++) do
        assert_int_equal(trial_step(&r, 10), THW_OK);
      while (!r.io.epoch_end);
    assert_int_equal(trial_cost(&r), 2 * (N + 2 * B * (Q - 1)));
    trial_point(&r, got);
    for (int j = 0; j < D; j++) assert_true(fabs(got[j] - x[j]) < 1e-14);
    trial_close(&r);
  }
  tp_model_free(&m);
}

/* The step that the rule gives, read off the first one of an epoch: 0.5/L once b is
 * sqrt(B V_H / 8) / L, c sqrt(b / (q V_H)) below. */
static void steps_by_the_rule(void **state) {
  (void)state;
  enum { D = 6, N = 800 };
  tp_model m = saddle(N, D, 0.5, 0.0, 3);
  double x0[D] = {0.1, 0.2, 0.3, -0.1, 0.2, 0.1}, g[D], x[D];
  gradient(&m, x0, NULL, g);
  static const struct {
    const char *params;
    double b, q, eta;
  } c[] = {
      {"lipschitz=2 variance_hess=4 guard=off", 10, 40, 0.25},
      {"lipschitz=2 variance_hess=4 guard=off mini_batch=4", 4, 100, 0.1},
      {"lipschitz=2 variance_hess=4 guard=off mini_batch=4 c_step=2", 4, 100, 0.2},
      {"lipschitz=2 variance_hess=4 theory=1", 29, 29, 0.25},
  };
  for (int k = 0; k < 4; k++) {
    trial r;
    trial_open(&r, "spider", c[k].params, &m, &(trial_setup){.x0 = x0});
    assert_int_equal(trial_step(&r, N), THW_OK); /* snapshot and the step that is free */
    trial_point(&r, x);
    for (int j = 0; j < D; j++) assert_true(fabs(x0[j] - x[j] - c[k].eta * g[j]) < 1e-14);
    while (!r.io.epoch_end) assert_int_equal(trial_step(&r, 1), THW_OK);
    assert_int_equal(trial_cost(&r), N + (int64_t)(2 * c[k].b * (c[k].q - 1)));
    trial_close(&r);
  }
  tp_model_free(&m);
}

/* ---- escape --------------------------------------------------------------------------------- */

/* From the exact saddle to an (epsilon, delta)-minimum: f is 0 at the saddle, minima lie between
 * -2.12 and -1.63 for d = 100. */
static int escapes(int64_t n, int64_t d, double tauH, double taub, int stream, double epsilon,
                   double down, int seeds, int64_t limit, const char *params, double *median) {
  double cost[32];
  int good = 0;
  for (int i = 0; i < seeds; i++) {
    tp_model m = saddle(n, d, tauH, taub, (uint32_t)i + 1);
    trial r;
    double f, norm;
    trial_open(&r, "spider", params, &m,
               &(trial_setup){
                   .seed = (uint64_t)i + 1, .epsilon = epsilon, .delta = 0.1, .stream = stream});
    thw_status st = trial_run(&r, n, limit);
    cost[i] = (double)trial_cost(&r);
    trial_judge(&r, &m, &f, &norm);
    good += st == THW_DONE && f < down && norm <= epsilon;
    trial_close(&r);
    tp_model_free(&m);
  }
  *median = tp_median(cost, seeds);
  return good;
}

static void leaves_saddles(void **state) {
  (void)state;
  double cost;
  int good = escapes(2000, 100, 0.5, 0, 0, 1e-3, -1.5, 20, 2000 * 400, "escape=perturb", &cost);
  printf("  sum: %d/20, median %.1f passes\n", good, cost / 2000);
  assert_int_equal(good, 20);
  assert_true(cost / 2000 <= 40);
}

static void leaves_saddles_of_streams(void **state) {
  (void)state;
  double cost;
  int good = escapes(40000, 50, 0.5, 0.5, 1, 0.1, -0.5, 10, 20000000, "escape=perturb", &cost);
  printf("  stream: %d/10, median %.0f gradients\n", good, cost);
  assert_int_equal(good, 10);
}

/* At a minimum the push leads nowhere: the answer is the point from before it. */
static void ends_at_a_minimum(void **state) {
  (void)state;
  enum { D = 4, N = 16 };
  double a[D * D] = {0}, x[D], zero[D] = {0};
  for (int j = 0; j < D; j++) a[j * D + j] = 1;
  thw_rng r = {.key = {2, 2}};
  tp_model m = tp_quartic(N, D, a, 0, 0, &r);
  trial t;
  trial_open(&t, "spider", "escape=perturb lipschitz=1 variance_hess=1e-9 interval=20 epoch=7", &m,
             &(trial_setup){.epsilon = 1e-3, .delta = 0.1});
  assert_int_equal(trial_run(&t, 1, 10000), THW_DONE);
  trial_point(&t, x);
  assert_memory_equal(x, zero, sizeof x);
  /* snapshot, push, then ceil(20/7) epochs of 7 steps, b = 1, and the snapshot that judges */
  assert_int_equal(trial_cost(&t), N + 3 * (N + 2 * 6) + N);
  assert_true(t.io.grad_norm == 0.0 && t.io.f == 0.0);
  assert_int_equal(trial_step(&t, 1), THW_DONE);
  trial_close(&t);
  tp_model_free(&m);
}

/* Without escape it stays at a saddle and says nothing about minima. */
static void stays_without_escape(void **state) {
  (void)state;
  tp_model m = saddle(200, 20, 0.5, 0, 3);
  trial t;
  double f, norm;
  trial_open(&t, "spider", "", &m, &(trial_setup){.epsilon = 1e-3, .delta = 0.1});
  assert_int_equal(trial_run(&t, 200, 10000), THW_BUDGET);
  trial_judge(&t, &m, &f, &norm);
  assert_true(f == 0.0 && norm == 0.0);
  trial_close(&t);
  tp_model_free(&m);
}

static void bits(void **state) {
  (void)state;
  for (uint32_t dtype = THW_F32; dtype <= THW_F64; dtype++) {
    tp_model m = saddle(120, 20, 0.5, 0.2, 5);
    trial_setup one = {.epsilon = 1e-3, .delta = 0.1, .seed = 5, .dtype = dtype};
    trial_same_bits("spider", "", &m, &one, 120, 7, 4000);
    trial_same_bits("spider", "form=normalised", &m, &one, 120, 1, 3000);
    trial_same_bits("spider", "escape=perturb", &m, &one, 1000, 33, 40000);
    one.stream = 1;
    one.epsilon = 0.1;
    trial_same_bits("spider", "escape=perturb", &m, &one, 1000, 61, 40000);
    trial_same_bits("spider", "snapshot_batch=50", &m, &one, 1000, 61, 10000);
    tp_model_free(&m);
  }
}

static void refuses(void **state) {
  (void)state;
  char text[400];
  tp_model m = saddle(120, 20, 0.5, 0.2, 5);
  assert_int_equal(
      trial_refused("spider", "snapshot=whole", &m, &(trial_setup){.stream = 1}, text, sizeof text),
      THW_E_UNSUPPORTED);
  assert_non_null(strstr(text, "finite sum"));
  assert_int_equal(
      trial_refused("spider", "form=normalised", &m, &(trial_setup){0}, text, sizeof text),
      THW_E_ARG);
  assert_non_null(strstr(text, "epsilon"));
  tp_model_free(&m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(follows_the_path),
      cmocka_unit_test(steps_by_the_rule),
      cmocka_unit_test(leaves_saddles),
      cmocka_unit_test(leaves_saddles_of_streams),
      cmocka_unit_test(ends_at_a_minimum),
      cmocka_unit_test(stays_without_escape),
      cmocka_unit_test(bits),
      cmocka_unit_test(refuses),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
