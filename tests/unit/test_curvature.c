/* SPDX-License-Identifier: BSD-3-Clause */
/* Negative-curvature searches against problems whose spectrum is planted. The bands are those of
 * the specification; make check-long runs the whole table. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/problems/cells.h"
#include "tests/problems/model.h"

static curv_options options(curv_variant v, double delta) {
  curv_options o;
  curv_options_default(&o);
  o.variant = v;
  o.delta = delta;
  o.probe = CURV_PROBE_SQRT;
  return o;
}

static curv_options det(curv_map map, double delta) {
  curv_options o = options(CURV_DET, delta);
  o.L = 1;
  o.map = map;
  return o;
}

static void in_band(double got, double want, double relative) {
  if (!(fabs(got - want) <= relative * want)) fail_msg("%g, expected %g", got, want);
}

/* ---- formulas -------------------------------------------------------------------------------- */

static const double deltas[5] = {0.1, 0.03, 0.01, 0.003, 0.001};

static void chebyshev_lengths_are_exact(void **state) {
  (void)state;
  static const int64_t paper[5] = {47, 86, 157, 302, 547}, tight[5] = {35, 62, 112, 214, 387};
  for (int i = 0; i < 5; i++) {
    curv_plan plan;
    curv_options o = det(CURV_MAP_PAPER, deltas[i]);
    curv_plan_make(CURV_DET, &o, 1, 100, &plan);
    assert_int_equal(plan.steps, paper[i]);
    o.map = CURV_MAP_TIGHT;
    curv_plan_make(CURV_DET, &o, 1, 100, &plan);
    assert_int_equal(plan.steps, tight[i]);
    assert_true(plan.cost == (double)tight[i] + 1);
  }
}

/* Section 5: w = 1/2 with acc = 7/16 and p = 0.1 at delta = 0.01. */
static void a_higher_interval_shortens_chebyshev(void **state) {
  (void)state;
  static const struct {
    curv_map map;
    double w;
    int64_t steps;
  } want[] = {{CURV_MAP_PAPER, 0.75, 124},
              {CURV_MAP_PAPER, 0.5, 88},
              {CURV_MAP_TIGHT, 0.75, 88},
              {CURV_MAP_TIGHT, 0.5, 63}};
  for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
    curv_plan plan;
    curv_options o = det(want[i].map, 0.01);
    o.w = want[i].w;
    o.p = 0.1;
    curv_plan_make(CURV_DET, &o, 1, 100, &plan);
    assert_int_equal(plan.steps, want[i].steps);
  }
}

static void online_costs_are_exact(void **state) {
  (void)state;
  static const struct {
    double delta;
    int64_t b;
    double bottom;
  } want[] = {{0.4, 1, 390}, {0.2, 2, 1500}, {0.1, 3, 4896}, {0.05, 7, 20412}};
  for (size_t i = 0; i < 4; i++) {
    curv_plan plan;
    curv_options o = options(CURV_ONLINE, want[i].delta);
    o.L = 1.5;
    o.V_H = 0.25;
    curv_plan_make(CURV_ONLINE, &o, 20000, 100, &plan);
    assert_int_equal(plan.batch, want[i].b);
    assert_int_equal(plan.trials, 3);
    assert_true(plan.cost == want[i].bottom);
  }
}

static void the_cheapest_certificate_is_chosen(void **state) {
  (void)state;
  curv_options o = options(CURV_AUTO, 0.01);
  o.L = 1.5;
  o.V_H = 0.25;
  assert_int_equal(curv_choose(&o, 1, 50), CURV_DET);
  assert_int_equal(curv_choose(&o, -1, 50), CURV_ONLINE);
  /* section 6: vr beats det (158 passes) from n ~ 1000 on */
  o.candidates = 1u << CURV_DET | 1u << CURV_VR;
  assert_int_equal(curv_choose(&o, 100, 50), CURV_DET);
  assert_int_equal(curv_choose(&o, 8000, 50), CURV_VR);
  double delta = curv_resolvable(CURV_DET, &o, 1, 100, 113);
  curv_plan plan;
  o.delta = delta;
  curv_plan_make(CURV_DET, &o, 1, 100, &plan);
  assert_true(plan.cost <= 113);
  o.delta = 0.98 * delta;
  curv_plan_make(CURV_DET, &o, 1, 100, &plan);
  assert_true(plan.cost > 112);
}

/* ---- det ------------------------------------------------------------------------------------- */

static void det_finds_planted_curvature(void **state) {
  (void)state;
  static const struct {
    curv_map map;
    int32_t free_test;
    double median[5];
  } row[] = {{CURV_MAP_PAPER, 1, {13, 22, 38, 67, 116}},
             {CURV_MAP_TIGHT, 1, {14, 25, 47, 97, 188}},
             {CURV_MAP_TIGHT, 0, {22, 39, 70, 138, 254}}};
  for (size_t k = 0; k < 3; k++)
    for (int i = 0; i < 4; i++) {
      char what[80];
      curv_options o = det(row[k].map, deltas[i]);
      o.free_test = row[k].free_test;
      tp_cell c = tp_quartic_cell(100, 1, 0, 0, TP_NEG, 0, &o, 50, 1000);
      snprintf(what, sizeof what, "det %s%s delta %g (spec %g)",
               row[k].map == CURV_MAP_PAPER ? "paper" : "tight", row[k].free_test ? "" : " no free",
               deltas[i], row[k].median[i]);
      tp_print_cell(what, &c);
      assert_true(c.found >= 48);
      assert_int_equal(c.wrong, 0);
      assert_int_equal(c.found + c.bottom, 50);
      in_band(c.median, row[k].median[i], 0.3);
    }
}

static void det_finds_nothing_where_nothing_is(void **state) {
  (void)state;
  for (int i = 0; i < 3; i++)
    for (int kind = TP_NONE; kind <= TP_PSD; kind++) {
      curv_plan plan;
      curv_options o = det(CURV_MAP_TIGHT, deltas[i]);
      curv_plan_make(CURV_DET, &o, 1, 100, &plan);
      tp_cell c = tp_quartic_cell(100, 1, 0, 0, (tp_spectrum)kind, 0, &o, 50, 2000);
      tp_print_cell(kind == TP_PSD ? "det positive semidefinite" : "det none", &c);
      assert_int_equal(c.bottom, 50);
      /* T + 1, and what tests of e cost where the spectrum below -w delta/... is not empty */
      if (kind == TP_PSD) assert_true(c.bottom_cost == (double)plan.steps + 1);
      in_band(c.bottom_cost, (double)plan.steps + 1, 0.1);
    }
}

static void det_repairs_a_small_constant(void **state) {
  (void)state;
  curv_options o = det(CURV_MAP_TIGHT, 0.03);
  o.L = 0.25;
  tp_cell c = tp_quartic_cell(100, 1, 0, 0, TP_NEG, 0, &o, 50, 3000);
  tp_print_cell("det L = 0.25 of the truth (spec 47-50 found)", &c);
  assert_true(c.found >= 47);
  assert_int_equal(c.wrong, 0);
  tp_cell none = tp_quartic_cell(100, 1, 0, 0, TP_PSD, 0, &o, 20, 3000);
  assert_int_equal(none.found, 0);
}

/* ---- online and vr --------------------------------------------------------------------------- */

static void online_cell(double delta, double find, curv_probe probe) {
  curv_options o = options(CURV_ONLINE, delta);
  o.L = 1.5;
  o.V_H = 0.25;
  o.probe = probe;
  o.L2 = 6;
  tp_cell c = tp_quartic_cell(100, 20000, 0.5, 0.5, TP_NEG, 1, &o, 50, 4000);
  char what[80];
  snprintf(what, sizeof what, "online%s delta %g (spec %g)",
           probe == CURV_PROBE_LITERAL ? " literal" : "", delta, find);
  tp_print_cell(what, &c);
  assert_true(c.found >= 48);
  in_band(c.median, find, 0.4);
  c = tp_quartic_cell(100, 20000, 0.5, 0.5, TP_NONE, 1, &o, 50, 5000);
  tp_print_cell("  none", &c);
  assert_true(c.found <= 1);
  assert_int_equal(c.other, 0);
}

static void online_finds_curvature_in_a_stream(void **state) {
  (void)state;
  online_cell(0.4, 344, CURV_PROBE_SQRT);
  online_cell(0.2, 604, CURV_PROBE_SQRT);
  online_cell(0.1, 2368, CURV_PROBE_SQRT);
  online_cell(0.2, 604, CURV_PROBE_LITERAL);
}

static void vr_cell(int64_t n, double delta, double find, double bottom) {
  char what[80];
  curv_options o = options(CURV_VR, delta);
  o.L = 1.5;
  o.V_H = 0.25;
  tp_cell c = tp_quartic_cell(50, n, 0.5, 0, TP_NEG, 0, &o, 50, 6000);
  snprintf(what, sizeof what, "vr n %lld delta %g (spec %g passes)", (long long)n, delta, find);
  tp_print_cell(what, &c);
  assert_int_equal(c.found, 50);
  assert_int_equal(c.wrong, 0);
  in_band(c.median / (double)n, find, 0.3);
  c = tp_quartic_cell(50, n, 0.5, 0, TP_NONE, 0, &o, 12, 7000);
  snprintf(what, sizeof what, "  none (spec %g passes)", bottom);
  tp_print_cell(what, &c);
  assert_int_equal(c.bottom, 12);
  in_band(c.bottom_cost / (double)n, bottom, 0.1);
}

static void vr_finds_curvature_in_few_passes(void **state) {
  (void)state;
  vr_cell(1000, 0.1, 6, 21);
  vr_cell(1000, 0.03, 8, 49);
  vr_cell(8000, 0.1, 4, 13);
}

/* An L that is too small makes the step too long; the full products give it away. */
static void vr_notices_a_small_constant(void **state) {
  (void)state;
  curv_options o = options(CURV_VR, 0.03);
  o.L = 0.2;
  o.V_H = 0.25;
  tp_cell c = tp_quartic_cell(50, 1000, 0.5, 0, TP_NEG, 0, &o, 20, 8000);
  tp_print_cell("vr L = 0.13 of the truth", &c);
  assert_int_equal(c.found, 20);
}

/* ---- svrg and krylov ---------------------------------------------------------------------------
 */

static void svrg_cell(int64_t n, int64_t batch, double delta, double bottom) {
  char what[80];
  curv_plan plan;
  curv_options o = options(CURV_SVRG, delta);
  o.L = 1.5;
  o.V_H = 0.25;
  o.batch = batch;
  tp_cell c = tp_quartic_cell(50, n, 0.5, 0, TP_NEG, 0, &o, 20, 10000);
  snprintf(what, sizeof what, "svrg n %lld delta %g", (long long)n, delta);
  tp_print_cell(what, &c);
  assert_int_equal(c.found, 20);
  assert_int_equal(c.wrong, 0);
  c = tp_quartic_cell(50, n, 0.5, 0, TP_NONE, 0, &o, 3, 11000);
  snprintf(what, sizeof what, "  none (spec %g passes)", bottom);
  tp_print_cell(what, &c);
  assert_int_equal(c.bottom, 3);
  in_band(c.bottom_cost / (double)n, bottom, 0.15);
  curv_plan_make(CURV_SVRG, &o, n, 50, &plan);
  in_band(plan.cost, c.bottom_cost, 0.25);
}

static void svrg_certifies_on_large_sums(void **state) {
  (void)state;
  svrg_cell(1000, 8, 0.1, 57);
  svrg_cell(1000, 8, 0.03, 118);
  svrg_cell(4000, 8, 0.1, 46);
}

/* Steps too long for the true L and V_H make a system diverge, which is noticed and repaired. */
static void svrg_survives_wrong_constants(void **state) {
  (void)state;
  curv_options o = options(CURV_SVRG, 0.03);
  o.L = 0.15;
  o.V_H = 0.025;
  o.batch = 8;
  tp_cell c = tp_quartic_cell(50, 1000, 0.5, 0, TP_NEG, 0, &o, 10, 12000);
  tp_print_cell("svrg L and V_H a tenth of the truth", &c);
  assert_int_equal(c.found, 10);
  assert_int_equal(c.wrong, 0);
  c = tp_quartic_cell(50, 1000, 0.5, 0, TP_PSD, 0, &o, 5, 12500);
  tp_print_cell("  positive semidefinite", &c);
  assert_int_equal(c.found, 0);
}

static void krylov_finds_with_few_gradients(void **state) {
  (void)state;
  static const double at[3] = {0.1, 0.01, 0.001}, find[3] = {10, 21, 37};
  for (int i = 0; i < 3; i++) {
    char what[80];
    curv_plan plan;
    curv_options o = options(CURV_KRYLOV, at[i]);
    o.L = 1;
    tp_cell c = tp_quartic_cell(400, 1, 0, 0, TP_NEG, 0, &o, 9, 13000);
    snprintf(what, sizeof what, "krylov delta %g (spec %g)", at[i], find[i]);
    tp_print_cell(what, &c);
    assert_int_equal(c.found, 9);
    assert_int_equal(c.wrong, 0);
    in_band(c.median, find[i], 0.3);
    c = tp_quartic_cell(100, 1, 0, 0, TP_PSD, 0, &o, 5, 14000);
    tp_print_cell("  positive semidefinite, d = 100", &c);
    assert_int_equal(c.bottom, 5);
    /* by what it sees: sooner than for any spectrum */
    curv_plan_make(CURV_KRYLOV, &o, 1, 100, &plan);
    assert_true(c.bottom_cost > 0.2 * plan.cost && c.bottom_cost < 0.8 * plan.cost);
  }
}

/* P(X >= k), X binomial(n, p). */
static double at_least(int k, int n, double p) {
  double sum = 0;
  for (int i = k; i <= n; i++)
    sum += exp(lgamma(n + 1.0) - lgamma(i + 1.0) - lgamma(n - i + 1.0) + i * log(p) +
               (n - i) * log1p(-p));
  return sum;
}

/* The smallest eigenvalue is -delta, so that each certificate is wrong; it is sharp, so that there
 * must be some. */
static void krylov_certificates_err_as_stated(void **state) {
  (void)state;
  static const double at[2] = {0.1, 0.01};
  enum { SEEDS = 400 };
  for (int i = 0; i < 2; i++) {
    curv_options o = options(CURV_KRYLOV, at[i]);
    o.p = 0.2;
    tp_cell c = tp_quartic_cell(50, 1, 0, 0, TP_NEG, 0, &o, SEEDS, 17000);
    tp_print_cell("krylov, p = 0.2", &c);
    assert_int_equal(c.found + c.bottom, SEEDS);
    assert_int_equal(c.wrong, 0);
    assert_true(at_least(c.bottom, SEEDS, 0.2) > 0.01);
    assert_true(c.bottom > 0.1 * 0.2 * SEEDS);
  }
}

static void krylov_needs_no_constant(void **state) {
  (void)state;
  curv_options o = options(CURV_KRYLOV, 0.01);
  o.L = 0.1;
  tp_cell c = tp_quartic_cell(200, 1, 0, 0, TP_NEG, 0, &o, 20, 15000);
  tp_print_cell("krylov L = 0.1 of the truth", &c);
  assert_true(c.found >= 19);
  assert_int_equal(c.wrong, 0);
}

/* ---- precision ------------------------------------------------------------------------------- */

static void single_precision_is_never_wrong(void **state) {
  (void)state;
  static const struct {
    double x, g, delta;
    int resolvable;
  } cell[] = {{0, 0, 0.1, 1},   {100, 0, 0.1, 1},   {1, 10, 0.1, 1},
              {0, 0, 0.01, 1},  {100, 0, 0.01, 1},  {1, 10, 0.01, 1},
              {0, 0, 0.001, 1}, {100, 0, 0.001, 0}, {1, 10, 0.001, 0}};
  for (size_t i = 0; i < sizeof cell / sizeof cell[0]; i++)
    for (int kind = TP_NEG; kind <= TP_NONE; kind++) {
      curv_options o = det(CURV_MAP_PAPER, cell[i].delta);
      o.probe = CURV_PROBE_AUTO;
      tp_cell c = tp_cubic_cell(THW_F32, cell[i].x, cell[i].g, 1, (tp_spectrum)kind, &o, 30, 9000);
      char what[80];
      snprintf(what, sizeof what, "single |x0| %g |g| %g delta %g %s", cell[i].x, cell[i].g,
               cell[i].delta, kind == TP_NEG ? "neg" : "none");
      tp_print_cell(what, &c);
      assert_int_equal(c.wrong, 0);
      if (cell[i].resolvable)
        assert_int_equal(kind == TP_NEG ? c.found : c.bottom, 30);
      else
        assert_int_equal(c.precision, 30);
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(chebyshev_lengths_are_exact),
      cmocka_unit_test(a_higher_interval_shortens_chebyshev),
      cmocka_unit_test(online_costs_are_exact),
      cmocka_unit_test(the_cheapest_certificate_is_chosen),
      cmocka_unit_test(det_finds_planted_curvature),
      cmocka_unit_test(det_finds_nothing_where_nothing_is),
      cmocka_unit_test(det_repairs_a_small_constant),
      cmocka_unit_test(online_finds_curvature_in_a_stream),
      cmocka_unit_test(vr_finds_curvature_in_few_passes),
      cmocka_unit_test(vr_notices_a_small_constant),
      cmocka_unit_test(svrg_certifies_on_large_sums),
      cmocka_unit_test(svrg_survives_wrong_constants),
      cmocka_unit_test(krylov_finds_with_few_gradients),
      cmocka_unit_test(krylov_certificates_err_as_stated),
      cmocka_unit_test(krylov_needs_no_constant),
      cmocka_unit_test(single_precision_is_never_wrong),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
