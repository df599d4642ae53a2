/* SPDX-License-Identifier: BSD-3-Clause */
/* What the host says of points whose nature is known. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/oracle.h"
#include "core/verdict.h"
#include "tests/problems/model.h"

/* One model behind the host's wrapper, and a point. On the heap: the wrapper points into it. */
typedef struct bench {
  tw_session session;
  thw_ctx *ctx;
  tp_model model;
  tp_oracle *oracle;
  tw_oracle *wrapper;
  thw_vec *x;
  tw_verdict_options o;
  tw_diags d;
} bench;

static void set_up(bench *b, tp_model m, uint32_t dtype, int stream) {
  assert_non_null(b);
  memset(b, 0, sizeof *b);
  b->session = (tw_session){.seed = 7, .dtype = dtype, .threads = 1};
  b->ctx = tw_ctx_new(&b->session, "verdict");
  b->model = m;
  b->oracle = tp_oracle_new(&b->model, dtype, stream);
  assert_int_equal(tw_oracle_new(&b->session, b->ctx, tp_oracle_object(b->oracle), 1, &b->wrapper),
                   THW_OK);
  assert_int_equal(thw_vec_new(tp_oracle_space(b->oracle), &b->x), THW_OK);
  thw_rng r = {.key = {3, 4}};
  const thw_object *f = tw_oracle_object(b->wrapper);
  assert_int_equal(thw_oracle_(f)->start_point(f->self, b->x, &r), THW_OK);
  b->o = (tw_verdict_options){.epsilon = 1e-5, .delta = 0.05, .confidence = 0.99, .smooth = 1};
}

static void tear_down(bench *b) {
  thw_vec_free(b->x);
  tw_oracle_free(b->wrapper);
  tp_oracle_free(b->oracle);
  tp_model_free(&b->model);
  tw_ctx_free(b->ctx);
  tw_diags_free(&b->d);
  free(b);
}

static tw_verdict judged(bench *b) {
  tw_verdict v;
  assert_int_equal(tw_verdict_judge(tw_oracle_object(b->wrapper), b->ctx, &b->o, b->x, &v, &b->d),
                   THW_OK);
  printf("  %s: %s\n", tw_verdict_word(v.kind), v.reason);
  assert_int_equal(v.gradients, tp_oracle_cost(b->oracle));
  return v;
}

static void set_point(bench *b, const double *x) {
  thw_view v;
  b->x->ops->map(b->x, THW_WRITE, &v);
  tp_write(x, &v);
  b->x->ops->unmap(b->x, THW_WRITE);
}

/* ---- matrix factorisation: saddles and minima in closed form --------------------------------- */

enum { M = 40, K = 4 };
static const double eigenvalues[4] = {1, 0.8, 0.6, 0.4};

/* With M = diag(lam), U whose column c is sqrt(lam_c) e_c for c < `rank` and 0 for the others is
 * stationary; it is a minimum for rank 4. */
static bench *factor_bench(int rank, uint32_t dtype) {
  bench *b = malloc(sizeof *b);
  double lam[M] = {0}, u[M * K] = {0};
  memcpy(lam, eigenvalues, sizeof eigenvalues);
  for (int c = 0; c < rank; c++) u[c * K + c] = sqrt(eigenvalues[c]);
  set_up(b, tp_factor(M, K, lam, NULL), dtype, 0);
  set_point(b, u);
  return b;
}

static void a_saddle_is_seen(void **state) {
  (void)state;
  bench *b = factor_bench(1, THW_F64);
  tw_verdict v = judged(b);
  assert_int_equal(v.kind, TW_SADDLE);
  assert_true(fabs(v.f - (0.64 + 0.36 + 0.16) / 4) < 1e-12);
  assert_true(v.grad_norm < 1e-12);
  /* the Hessian's spectrum there starts at -0.8 */
  assert_true(v.curvature <= -0.025 && v.curvature >= -0.8 - 1e-6);
  assert_string_equal(v.search, "neon2-krylov");
  assert_int_equal(v.L_given, 0);
  assert_true(v.L > 0.3 && v.L < 2 + 1e-6); /* seen; the spectral norm is 2: along e_1, 3 - 1 */
  /* the direction is what it is said to be */
  assert_non_null(v.direction);
  double norm;
  thw_norm2(v.direction, &norm);
  assert_true(fabs(norm - 1) < 1e-10);
  const thw_object *f = tw_oracle_object(b->wrapper);
  double f1, f2, h = 1e-3;
  thw_axpy(b->x, h, v.direction);
  thw_oracle_eval(f, b->x, NULL, &f1, NULL);
  thw_axpy(b->x, -2 * h, v.direction);
  thw_oracle_eval(f, b->x, NULL, &f2, NULL);
  assert_true(fabs((f1 - 2 * v.f + f2) / (h * h) - v.curvature) < 1e-3);
  tw_verdict_clear(&v);
  tear_down(b);
}

static void a_minimum_is_certified(void **state) {
  (void)state;
  for (int rank = 2; rank <= 4; rank++) {
    bench *b = factor_bench(rank, THW_F64);
    tw_verdict v = judged(b);
    /* rank 2: -0.6, rank 3: -0.4, rank 4: flat along rotations */
    assert_int_equal(v.kind, rank == 4 ? TW_LOCAL_MINIMUM : TW_SADDLE);
    if (rank == 4) {
      assert_null(v.direction);
      assert_true(v.curvature > -0.025);
      assert_non_null(strstr(v.reason, "confidence 0.99"));
      assert_non_null(strstr(v.reason, "no constant is assumed"));
    }
    tw_verdict_clear(&v);
    tear_down(b);
  }
}

static void a_slope_is_not_stationary(void **state) {
  (void)state;
  bench *b = factor_bench(4, THW_F64);
  double u[M * K] = {0};
  for (int c = 0; c < K; c++) u[c * K + c] = sqrt(eigenvalues[c]) + 0.01;
  set_point(b, u);
  tw_verdict v = judged(b);
  assert_int_equal(v.kind, TW_NOT_STATIONARY);
  assert_true(isnan(v.curvature));
  assert_null(v.search);
  assert_int_equal(v.gradients, 1);
  tw_verdict_clear(&v);
  tear_down(b);
}

static void single_precision_knows_its_limits(void **state) {
  (void)state;
  bench *b = factor_bench(4, THW_F32);
  b->o.epsilon = 1e-4;
  tw_verdict v = judged(b);
  assert_int_equal(v.kind, TW_LOCAL_MINIMUM);
  tw_verdict_clear(&v);
  b->o.delta = 1e-5;
  tw_verdict w;
  assert_int_equal(tw_verdict_judge(tw_oracle_object(b->wrapper), b->ctx, &b->o, b->x, &w, &b->d),
                   THW_OK);
  printf("  %s: %s\n", tw_verdict_word(w.kind), w.reason);
  assert_int_equal(w.kind, TW_UNKNOWN);
  assert_non_null(strstr(w.reason, "run.precision"));
  tw_verdict_clear(&w);
  tear_down(b);
}

static void a_model_that_has_kinks_is_unknown(void **state) {
  (void)state;
  bench *b = factor_bench(4, THW_F64);
  b->o.smooth = 0;
  tw_verdict v = judged(b);
  assert_int_equal(v.kind, TW_UNKNOWN);
  assert_non_null(strstr(v.reason, "not twice differentiable"));
  tw_verdict_clear(&v);
  tear_down(b);
}

static void not_a_number_is_unknown(void **state) {
  (void)state;
  bench *b = factor_bench(4, THW_F64);
  thw_fill(b->x, (double)NAN);
  tw_verdict v = judged(b);
  assert_int_equal(v.kind, TW_UNKNOWN);
  tw_verdict_clear(&v);
  tear_down(b);
}

/* ---- sums, streams, facts -------------------------------------------------------------------- */

static bench *quartic_bench(double least, int64_t n, int stream, double taub) {
  enum { D = 50 };
  bench *b = malloc(sizeof *b);
  double lam[D], *a = tp_doubles(D * D);
  thw_rng r = {.key = {11, 1}};
  for (int i = 0; i < D; i++) lam[i] = i ? 0.02 * i : least;
  tp_symmetric(D, lam, &r, a);
  set_up(b, tp_quartic(n, D, a, 0.5, taub, &r), THW_F64, stream);
  free(a);
  return b;
}

static void a_spent_budget_is_told(void **state) {
  (void)state;
  bench *b = quartic_bench(0.1, 64, 0, 0.5);
  b->o.delta = 1e-3;
  b->o.passes = 12;
  tw_verdict v = judged(b);
  assert_int_equal(v.kind, TW_UNKNOWN);
  assert_non_null(strstr(v.reason, "enough for delta ="));
  assert_true(v.gradients <= 13 * 64);
  tw_verdict_clear(&v);
  tear_down(b);
  b = factor_bench(4, THW_F64);
  b->o.passes = 3;
  v = judged(b);
  assert_int_equal(v.kind, TW_UNKNOWN);
  assert_non_null(strstr(v.reason, "stop.verdict_passes"));
  tw_verdict_clear(&v);
  tear_down(b);
}

static void sums_choose_their_search(void **state) {
  (void)state;
  for (int saddle = 0; saddle < 2; saddle++) {
    bench *b = quartic_bench(saddle ? -0.1 : 0.1, 40000, 0, 0.5);
    tw_verdict v = judged(b);
    assert_int_equal(v.kind, saddle ? TW_SADDLE : TW_LOCAL_MINIMUM);
    assert_string_equal(v.search, "neon2-vr");
    if (!saddle) assert_non_null(strstr(v.reason, "measured, not proved"));
    tw_verdict_clear(&v);
    tear_down(b);
    b = quartic_bench(saddle ? -0.1 : 0.1, 64, 0, 0.5);
    tp_oracle_facts(b->oracle)->lipschitz = 1.5;
    v = judged(b);
    assert_int_equal(v.kind, saddle ? TW_SADDLE : TW_LOCAL_MINIMUM);
    assert_string_equal(v.search, "neon2-krylov");
    assert_int_equal(v.L_given, 1);
    assert_true(v.L == 1.5);
    tw_verdict_clear(&v);
    tear_down(b);
  }
}

static void streams_are_sampled(void **state) {
  (void)state;
  for (int saddle = 0; saddle < 2; saddle++) {
    bench *b = quartic_bench(saddle ? -0.2 : 0.1, 20000, 1, 0.5);
    b->o.epsilon = 0.03;
    b->o.delta = 0.2;
    tw_verdict v = judged(b);
    assert_int_equal(v.kind, saddle ? TW_SADDLE : TW_LOCAL_MINIMUM);
    assert_string_equal(v.search, "neon2-online");
    if (saddle) assert_true(v.curvature <= -0.1);
    tw_verdict_clear(&v);
    tear_down(b);
  }
  /* a slope of 0.2 is seen in the first stage, one of 1e-3 not before the budget is spent */
  bench *b = quartic_bench(0.1, 20000, 1, 0.5);
  double x[50] = {2};
  set_point(b, x);
  tw_verdict v = judged(b);
  assert_int_equal(v.kind, TW_NOT_STATIONARY);
  assert_true(v.gradients == 256);
  tw_verdict_clear(&v);
  tear_down(b);
  b = quartic_bench(0.1, 20000, 1, 0.5);
  b->o.epsilon = 1e-3;
  b->o.passes = 10;
  v = judged(b);
  assert_int_equal(v.kind, TW_UNKNOWN);
  assert_non_null(strstr(v.reason, "standard error"));
  tw_verdict_clear(&v);
  tear_down(b);
}

static void convexity_is_a_certificate(void **state) {
  (void)state;
  static const double mu[3] = {0.1, 0, -0.01};
  for (int i = 0; i < 3; i++) {
    bench *b = quartic_bench(0.1, 64, 0, 0.5);
    tp_oracle_facts(b->oracle)->convexity = mu[i];
    tw_verdict v = judged(b);
    assert_int_equal(v.kind, TW_LOCAL_MINIMUM);
    assert_true(v.curvature == mu[i]);
    assert_null(v.search);
    assert_int_equal(v.gradients, 64);
    tw_verdict_clear(&v);
    tear_down(b);
  }
}

static void an_interruption_passes_through(void **state) {
  (void)state;
  for (int cancel = 1; cancel <= 2; cancel++) {
    bench *b = factor_bench(4, THW_F64);
    b->session.cancel = cancel;
    tw_verdict v;
    assert_int_equal(tw_verdict_judge(tw_oracle_object(b->wrapper), b->ctx, &b->o, b->x, &v, &b->d),
                     THW_CANCELLED);
    assert_int_equal(b->d.errors, 0);
    tw_verdict_clear(&v);
    tear_down(b);
  }
}

static void bad_options_are_refused(void **state) {
  (void)state;
  bench *b = factor_bench(4, THW_F64);
  b->o.confidence = 1;
  tw_verdict v;
  assert_int_equal(tw_verdict_judge(tw_oracle_object(b->wrapper), b->ctx, &b->o, b->x, &v, &b->d),
                   THW_E_ARG);
  assert_int_equal(b->d.errors, 1);
  tw_verdict_clear(&v);
  tear_down(b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_saddle_is_seen),
      cmocka_unit_test(a_minimum_is_certified),
      cmocka_unit_test(a_slope_is_not_stationary),
      cmocka_unit_test(single_precision_knows_its_limits),
      cmocka_unit_test(a_spent_budget_is_told),
      cmocka_unit_test(a_model_that_has_kinks_is_unknown),
      cmocka_unit_test(not_a_number_is_unknown),
      cmocka_unit_test(sums_choose_their_search),
      cmocka_unit_test(streams_are_sampled),
      cmocka_unit_test(convexity_is_a_certificate),
      cmocka_unit_test(an_interruption_passes_through),
      cmocka_unit_test(bad_options_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
