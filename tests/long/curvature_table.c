/* SPDX-License-Identifier: BSD-3-Clause */
/* The acceptance table of the searches for negative curvature, whole: prints what is measured
 * beside what the specification says, and fails when a band is left. Minutes. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/problems/cells.h"
#include "tests/problems/model.h"

static int failures;

static void check(int ok, const char *what) {
  if (ok) return;
  printf("  FAILED: %s\n", what);
  failures++;
}

static void near(double got, double want, double relative, const char *what) {
  check(fabs(got - want) <= relative * want, what);
}

static curv_options options(curv_variant v, double delta) {
  curv_options o;
  curv_options_default(&o);
  o.variant = v;
  o.delta = delta;
  o.probe = CURV_PROBE_SQRT;
  return o;
}

static const double deltas[5] = {0.1, 0.03, 0.01, 0.003, 0.001};

static void det_row(curv_map map, int32_t free_test, const double *median) {
  for (int i = 0; i < 5; i++) {
    curv_plan plan;
    curv_options o = options(CURV_DET, deltas[i]);
    char what[80];
    o.L = 1;
    o.map = map;
    o.free_test = free_test;
    curv_plan_make(CURV_DET, &o, 1, 100, &plan);
    tp_cell c = tp_quartic_cell(100, 1, 0, 0, TP_NEG, 0, &o, 50, 20000);
    snprintf(what, sizeof what, "det %s%s delta %g: T %lld, find %g",
             map == CURV_MAP_PAPER ? "paper" : "tight", free_test ? "" : " (no free test)",
             deltas[i], (long long)plan.steps, median[i]);
    tp_print_cell(what, &c);
    check(c.found >= 48 && c.wrong == 0, "48 of 50 found, all z <= -delta/2");
    near(c.median, median[i], 0.3, "median within 30 %");
    for (int kind = TP_NONE; kind <= TP_PSD; kind++) {
      tp_cell none = tp_quartic_cell(100, 1, 0, 0, (tp_spectrum)kind, 0, &o, 50, 21000);
      tp_print_cell(kind == TP_NONE ? "  none" : "  positive semidefinite", &none);
      check(none.found == 0 && none.bottom == 50, "no false direction");
      check(kind == TP_NONE || none.bottom_cost == (double)plan.steps + 1, "bottom costs T + 1");
    }
  }
}

static void det_table(void) {
  static const double paper[5] = {13, 22, 38, 67, 116}, tight[5] = {14, 25, 47, 97, 188},
                      tight_plain[5] = {22, 39, 70, 138, 254};
  det_row(CURV_MAP_PAPER, 1, paper);
  det_row(CURV_MAP_TIGHT, 1, tight);
  det_row(CURV_MAP_TIGHT, 0, tight_plain);
}

/* T is exact: at p = 0.1, without the free test, 60..130 of 1000 searches fail. */
static void calibration(void) {
  for (int map = CURV_MAP_TIGHT; map <= CURV_MAP_PAPER; map++) {
    curv_options o = options(CURV_DET, 0.1);
    o.L = 1;
    o.p = 0.1;
    o.free_test = 0;
    o.map = (curv_map)map;
    tp_cell c = tp_quartic_cell(100, 1, 0, 0, TP_NEG, 0, &o, 1000, 30000);
    printf("det %s, p = 0.1: %d failures in 1000 (60..130)\n", map ? "paper" : "tight", c.bottom);
    check(c.bottom >= 60 && c.bottom <= 130, "failure calibration");
  }
}

static void online_table(void) {
  static const struct {
    double delta, find;
    curv_probe probe;
  } row[] = {{0.4, 344, CURV_PROBE_SQRT},    {0.2, 604, CURV_PROBE_SQRT},
             {0.1, 2368, CURV_PROBE_SQRT},   {0.05, 8702, CURV_PROBE_SQRT},
             {0.2, 604, CURV_PROBE_LITERAL}, {0.1, 2368, CURV_PROBE_LITERAL}};
  for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
    char what[80];
    curv_options o = options(CURV_ONLINE, row[i].delta);
    o.L = 1.5;
    o.V_H = 0.25;
    o.probe = row[i].probe;
    o.L2 = 6;
    tp_cell c = tp_quartic_cell(100, 20000, 0.5, 0.5, TP_NEG, 1, &o, 50, 40000);
    snprintf(what, sizeof what, "online%s delta %g: find %g",
             row[i].probe == CURV_PROBE_LITERAL ? " literal" : "", row[i].delta, row[i].find);
    tp_print_cell(what, &c);
    check(c.found >= 48, "48 of 50 found");
    near(c.median, row[i].find, 0.4, "median within 40 %");
    c = tp_quartic_cell(100, 20000, 0.5, 0.5, TP_NONE, 1, &o, 50, 41000);
    tp_print_cell("  none", &c);
    check(c.found <= 1, "at most one false direction");
  }
}

/* More seeds than for the others: the cost comes in whole epochs, and its median must settle. */
static void vr_table(void) {
  static const struct {
    int64_t n;
    double delta, find, bottom;
  } row[] = {{1000, 0.1, 6, 21}, {1000, 0.03, 8, 49}, {1000, 0.01, 11, 138}, {1000, 0.003, 15, 448},
             {8000, 0.1, 4, 13}, {8000, 0.03, 5, 16}, {8000, 0.01, 5, 30},   {8000, 0.003, 6, 74}};
  for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
    char what[80];
    double n = (double)row[i].n;
    curv_options o = options(CURV_VR, row[i].delta);
    o.L = 1.5;
    o.V_H = 0.25;
    tp_cell c = tp_quartic_cell(50, row[i].n, 0.5, 0, TP_NEG, 0, &o, 200, 50000);
    snprintf(what, sizeof what, "vr n %g delta %g: find %g passes, got %.1f", n, row[i].delta,
             row[i].find, c.median / n);
    tp_print_cell(what, &c);
    check(c.found >= 198 && c.wrong == 0, "99 % found");
    near(c.median / n, row[i].find, 0.3, "median within 30 %");
    c = tp_quartic_cell(50, row[i].n, 0.5, 0, TP_NONE, 0, &o, 12, 51000);
    snprintf(what, sizeof what, "  none: bottom %g passes, got %.1f", row[i].bottom,
             c.bottom_cost / n);
    tp_print_cell(what, &c);
    check(c.found == 0, "no false direction");
    near(c.bottom_cost / n, row[i].bottom, 0.05, "bottom as predicted");
  }
}

static void svrg_table(void) {
  static const struct {
    int64_t n, batch;
    double bottom[4];
  } row[] = {{1000, 8, {57, 118, 236, 489}},
             {4000, 8, {46, 66, 139, 302}},
             {16000, 16, {43, 51, 93, 213}}};
  for (size_t i = 0; i < sizeof row / sizeof row[0]; i++)
    for (int j = 0; j < 4; j++) {
      char what[80];
      double n = (double)row[i].n;
      curv_options o = options(CURV_SVRG, deltas[j]);
      o.L = 1.5;
      o.V_H = 0.25;
      o.batch = row[i].batch;
      tp_cell c = tp_quartic_cell(50, row[i].n, 0.5, 0, TP_NEG, 0, &o, 50, 80000);
      snprintf(what, sizeof what, "svrg n %g delta %g: find %.1f passes", n, deltas[j],
               c.median / n);
      tp_print_cell(what, &c);
      check(c.found >= 49 && c.wrong == 0, "found, and no false direction");
      c = tp_quartic_cell(50, row[i].n, 0.5, 0, TP_NONE, 0, &o, 10, 81000);
      snprintf(what, sizeof what, "  none: bottom %g passes, got %.1f", row[i].bottom[j],
               c.bottom_cost / n);
      tp_print_cell(what, &c);
      check(c.found == 0, "no false direction");
      near(c.bottom_cost / n, row[i].bottom[j], 0.15, "bottom as measured before");
    }
}

static void krylov_table(void) {
  static const double at[3] = {0.1, 0.01, 0.001}, find[3] = {10, 21, 37};
  for (int i = 0; i < 3; i++) {
    char what[80];
    curv_options o = options(CURV_KRYLOV, at[i]);
    o.L = 1;
    tp_cell c = tp_quartic_cell(400, 1, 0, 0, TP_NEG, 0, &o, 50, 90000);
    snprintf(what, sizeof what, "krylov delta %g: find %g", at[i], find[i]);
    tp_print_cell(what, &c);
    check(c.found == 50 && c.wrong == 0, "50 of 50 found");
    near(c.median, find[i], 0.3, "median within 30 %");
    c = tp_quartic_cell(400, 1, 0, 0, TP_PSD, 0, &o, 10, 91000);
    tp_print_cell("  positive semidefinite", &c);
    check(c.found == 0 && c.bottom == 10, "no false direction");
  }
}

/* What fails of 400 certificates at p = 0.1 when the least eigenvalue is -delta: the claim about vr
 * that no theorem backs. */
static void vr_calibration(void) {
  static const double at[2] = {0.1, 0.03};
  for (int i = 0; i < 2; i++) {
    curv_options o = options(CURV_VR, at[i]);
    o.L = 1.5;
    o.V_H = 0.25;
    o.p = 0.1;
    tp_cell c = tp_quartic_cell(50, 1000, 0.5, 0, TP_NEG, 0, &o, 400, 60000);
    printf("vr delta %g, p = 0.1: %d failures in 400\n", at[i], c.bottom);
    check(c.bottom <= 52, "failure rate of vr at most p");
  }
}

static void unguarded(void) {
  curv_options o = options(CURV_DET, 1e-3);
  o.L = 1;
  o.map = CURV_MAP_PAPER;
  tp_cell c = tp_cubic_cell(THW_F32, 100, 0, 1, TP_NONE, &o, 50, 70000);
  tp_print_cell("unguarded single precision (31 of 50 false)", &c);
  check(c.found >= 10, "without the guard single precision invents directions");
  o.probe = CURV_PROBE_AUTO;
  c = tp_cubic_cell(THW_F32, 100, 0, 1, TP_NONE, &o, 50, 70000);
  tp_print_cell("guarded", &c);
  check(c.found == 0 && c.precision == 50, "the guard refuses");
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  calibration();
  vr_calibration();
  unguarded();
  det_table();
  online_table();
  vr_table();
  svrg_table();
  krylov_table();
  printf("%d failures\n", failures);
  return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
