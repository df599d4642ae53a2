/* SPDX-License-Identifier: BSD-3-Clause */
/* neon2: from saddles to local minima that are true ones, in the passes of the specification; the
 * same path however it is cut or interrupted; tests that cost nothing where that is possible. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "kernels/escape/escape.h"
#include "tests/problems/chain.h"
#include "tests/problems/model.h"
#include "tests/problems/reduce.h"

#define ON_Q "neon2 epsilon=1e-3 delta=0.05"

/* ---- the table of reductions, its quick cells --------------------------------------------------
 */

static void in_table(const char *what, tp_reduction r, double passes, double f_at_most) {
  tp_print_reduction(what, &r);
  assert_true(r.ok >= r.seeds - 1);
  assert_int_equal(r.lied, 0);
  if (!(r.passes <= 2 * passes)) fail_msg("%g passes, the table says %g", r.passes, passes);
  if (!(r.worst_f <= f_at_most)) fail_msg("f = %g, not below %g", r.worst_f, f_at_most);
}

static tp_reduction on_q(const char *outer, const char *inner, int seeds) {
  tp_method m = {outer, inner, 400, seeds, 100, 0};
  return tp_reduce_quartic(2000, 100, 0.5, 0, 1e-3, 0.05, 0, &m);
}

static tp_reduction on_one_row(const char *outer, const char *inner, int seeds) {
  tp_method m = {outer, inner, 3000, seeds, 100, 0};
  return tp_reduce_quartic(1, 100, 0, 0, 1e-3, 0.05, 0, &m);
}

static tp_reduction on_mf(const char *outer, const char *inner) {
  tp_method m = {outer, inner, 3000, 20, 100, 0};
  return tp_reduce_factor(1e-4, 0.05, &m);
}

static void quartic_saddle(void **state) {
  (void)state;
  in_table("Q svrg", on_q("neon2", "svrg", 20), 50, -1.4);
  in_table("Q gd", on_q("neon2", "gd", 20), 276, -1.4);
  in_table("Q sgd", on_q("neon2", "sgd", 5), 194, -1.4);
  in_table("Q adam", on_q("neon2", "adam step=0.02", 5), 320, -1.4);
}

static void low_rank_saddle(void **state) {
  (void)state;
  in_table("MF gd", on_mf("neon2", "gd"), 590, 1e-8);
  in_table("MF heavy ball", on_mf("neon2", "gd momentum=heavy-ball"), 889, 1e-8);
  in_table("MF adam", on_mf("neon2", "adam batch=0"), 1112, 1e-8);
}

static void plain_methods_stay_at_the_saddle(void **state) {
  (void)state;
  tp_reduction r = on_q("svrg", NULL, 3);
  assert_int_equal(r.ok, 0);
  assert_true(r.f == 0);
  r = on_mf("gd", NULL);
  assert_int_equal(r.ok, 0);
  assert_true(fabs(r.f - 0.29) < 1e-3);
}

/* Section 12, step rules: all leave the saddle, at about the same cost. */
static void all_rules_for_the_step(void **state) {
  (void)state;
  in_table("search", on_one_row("neon2", "gd step=0.4", 20), 374, 0);
  in_table("curv", on_one_row("neon2 nc_step=curv lipschitz_hess=6", "gd step=0.4", 20), 387, 0);
  in_table("theory", on_one_row("neon2 nc_step=theory lipschitz_hess=6", "gd step=0.4", 20), 400,
           0);
  in_table("the theory's form", on_one_row("neon2 theory=true lipschitz_hess=6", "gd step=0.4", 20),
           400, 0);
}

static void all_searches(void **state) {
  (void)state;
  static const char *const search[] = {"det", "vr", "online", "svrg", "krylov"};
  for (size_t i = 0; i < 5; i++) {
    char outer[100];
    tp_method m = {outer, "svrg", 3000, 3, 100, 0};
    snprintf(outer, sizeof outer, "%s search=%s", "neon2", search[i]);
    tp_reduction r = tp_reduce_quartic(2000, 40, 0.5, 0, 1e-3, 0.05, 0, &m);
    tp_print_reduction(outer, &r);
    assert_int_equal(r.ok, 3);
  }
}

static void a_stream(void **state) {
  (void)state;
  tp_method m = {"neon2", "sgd", 100, 5, 100, 0};
  tp_reduction r = tp_reduce_quartic(4000, 20, 0.5, 0.5, 0.1, 0.1, 1, &m);
  tp_print_reduction("stream sgd", &r);
  assert_true(r.ok >= 4);
}

static void an_inner_method_without_steering(void **state) {
  (void)state;
  tp_reduction r = on_one_row("neon2", "!gd step=0.4", 5);
  tp_print_reduction("unsteered gd", &r);
  assert_int_equal(r.ok, 5);
}

/* ---- one run in detail -------------------------------------------------------------------------
 */

typedef struct bench {
  tp_model model;
  tp_oracle *oracle;
} bench;

static bench bench_new(int64_t n) {
  bench b;
  double lam[20], a[400];
  thw_rng r = {.key = {5, 23}};
  for (int j = 0; j < 20; j++) lam[j] = thw_rng_uniform(&r);
  lam[0] = -0.4, lam[1] = -0.2, lam[2] = -0.1;
  tp_symmetric(20, lam, &r, a);
  b.model = tp_quartic(n, 20, a, 0.5, 0, &r);
  b.oracle = tp_oracle_new(&b.model, THW_F64, 0);
  return b;
}

static void bench_free(bench *b) {
  tp_oracle_free(b->oracle);
  tp_model_free(&b->model);
}

static void read_point(tp_chain *t, double *x) {
  thw_view v;
  thw_vec *p = tp_chain_point(t);
  p->ops->map(p, THW_READ, &v);
  tp_read(&v, x);
  p->ops->unmap(p, THW_READ);
}

static double value_at(const tp_oracle *o, const thw_vec *x) {
  double f;
  assert_int_equal(thw_oracle_eval(tp_oracle_object(o), x, NULL, &f, NULL), THW_OK);
  return f;
}

static const char *const inners[] = {"svrg", "gd", "sgd", "adam", "lbfgs", "svrg snapshot=random"};

static void cuts_leave_no_trace(void **state) {
  (void)state;
  bench b = bench_new(700);
  static const int64_t units[] = {1, 97, 700, 1000000};
  for (size_t i = 0; i < sizeof inners / sizeof inners[0]; i++) {
    double first[20], x[20];
    int64_t cost = 0;
    for (int k = 0; k < 4; k++) {
      tp_chain *t = tp_chain_new(b.oracle, 3, 700 * 600, ON_Q, inners[i]);
      assert_int_equal(tp_chain_start(t), THW_OK);
      assert_int_equal(tp_chain_run(t, units[k], 10000000), THW_DONE);
      read_point(t, k ? x : first);
      if (k == 0) cost = tp_chain_cost(t, NULL);
      assert_int_equal(tp_chain_cost(t, NULL), cost);
      if (k) assert_memory_equal(x, first, sizeof x);
      assert_true(tp_chain_reported(t, "certified") == 1);
      assert_true(tp_chain_reported(t, "curvature_steps") >= 1);
      assert_true(tp_chain_reported(t, "searches") >= 2);
      assert_true(!(tp_chain_reported(t, "z") <= -0.05));
      tp_chain_free(t);
    }
  }
  bench_free(&b);
}

static void a_restart_goes_on_to_the_last_bit(void **state) {
  (void)state;
  bench b = bench_new(700);
  for (size_t i = 0; i < sizeof inners / sizeof inners[0]; i++) {
    double want[20], x[20];
    tp_chain *t = tp_chain_new(b.oracle, 3, -1, ON_Q, inners[i]);
    assert_int_equal(tp_chain_start(t), THW_OK);
    int64_t steps = 0;
    while (tp_chain_run(t, 300, 1) == THW_OK) steps++;
    read_point(t, want);
    tp_chain_free(t);
    for (int64_t at = 0; at <= steps; at += steps / 7 + 1) {
      t = tp_chain_new(b.oracle, 3, -1, ON_Q, inners[i]);
      assert_int_equal(tp_chain_start(t), THW_OK);
      assert_int_equal(tp_chain_run(t, 300, at), THW_OK);
      tw_state *s = tp_chain_save(t);
      tp_chain_free(t);
      t = tp_chain_new(b.oracle, 3, -1, ON_Q, inners[i]);
      assert_int_equal(tp_chain_start(t), THW_OK);
      assert_int_equal(tp_chain_load(t, s), THW_OK);
      tw_state_free(s);
      assert_int_equal(tp_chain_run(t, 300, 10000000), THW_DONE);
      read_point(t, x);
      assert_memory_equal(x, want, sizeof x);
      tp_chain_free(t);
    }
  }
  bench_free(&b);
}

/* svrg and gd tell the norm of the full gradient: a gradient of neon2's own is taken only where the
 * search needs it. */
static void the_test_is_free_where_it_can_be(void **state) {
  (void)state;
  bench b = bench_new(700);
  static const char *const tell[] = {"svrg", "gd", "lbfgs"};
  for (size_t i = 0; i < 3; i++) {
    tp_chain *t = tp_chain_new(b.oracle, 3, -1, ON_Q, tell[i]);
    assert_int_equal(tp_chain_start(t), THW_OK);
    assert_int_equal(tp_chain_run(t, 700, 10000000), THW_DONE);
    int64_t searches = (int64_t)tp_chain_reported(t, "searches");
    assert_int_equal(tp_chain_cost(t, "optimizer:test"), 700 * searches);
    assert_true(tp_chain_reported(t, "epoch") > (double)searches);
    tp_chain_free(t);
  }
  bench_free(&b);
}

/* The accounts add up to what was spent, and a budget is kept wherever it ends. */
static void accounts_and_budgets(void **state) {
  (void)state;
  bench b = bench_new(700);
  for (int64_t budget = 100; budget < 60000; budget = budget * 5 / 3) {
    double x[20];
    tp_chain *t = tp_chain_new(b.oracle, 3, budget, ON_Q, "svrg");
    thw_status st = tp_chain_start(t);
    if (st == THW_OK) st = tp_chain_run(t, 700, 10000000);
    if (st != THW_DONE) assert_int_equal(st, THW_BUDGET);
    int64_t sum = 0;
    const tw_ledger *l = tp_chain_ledger(t);
    for (size_t i = 0; i < l->n; i++)
      if (l->v[i].budgeted) sum += tw_counts_work(&l->v[i].counts);
    assert_int_equal(sum, tp_chain_cost(t, NULL));
    assert_true(sum <= budget);
    read_point(t, x);
    for (int j = 0; j < 20; j++) assert_true(isfinite(x[j]));
    tp_chain_free(t);
  }
  bench_free(&b);
}

/* Epochs with a step that is far too long are undone and repeated with half of it: without the
 * guard the values overflow. svrg arrives; gd hovers about the minimum, because the guard lets f
 * rise by a tenth and the step recover, as specified. */
static void the_guard_tames_a_wild_step(void **state) {
  (void)state;
  bench b = bench_new(700);
  static const double least = -0.3171;
  for (int svrg = 0; svrg < 2; svrg++) {
    const char *inner = svrg ? "svrg step=40" : "gd step=40";
    tp_chain *t = tp_chain_new(b.oracle, 3, 700 * 300, ON_Q, inner);
    assert_int_equal(tp_chain_start(t), THW_OK);
    assert_int_equal(tp_chain_run(t, 700, 10000000), svrg ? THW_DONE : THW_BUDGET);
    assert_true(svrg || tp_chain_reported(t, "rejected") >= 3);
    double f = value_at(b.oracle, tp_chain_point(t));
    assert_true(fabs(f - least) <= (svrg ? 1e-4 : 0.06) * -least);
    tp_chain_free(t);
    t = tp_chain_new(b.oracle, 3, 700 * 300, ON_Q " guard=off",
                     svrg ? "svrg step=40 guard=off" : inner);
    assert_int_equal(tp_chain_start(t), THW_OK);
    assert_int_equal(tp_chain_run(t, 700, 10000000), THW_E_NONFINITE);
    tp_chain_free(t);
  }
  bench_free(&b);
}

/* Single precision resolves curvature to about 1e-3 here: a smaller delta is refused, not answered.
 */
static void precision_is_admitted(void **state) {
  (void)state;
  double lam[100], g[100] = {0}, s[100], *a = tp_doubles(100 * 100);
  thw_rng r = {.key = {1, 24}};
  for (int j = 0; j < 100; j++) lam[j] = 0.1 + thw_rng_uniform(&r);
  for (int j = 0; j < 100; j++) s[j] = 10 * (thw_rng_uniform(&r) < 0.5 ? -1 : 1);
  tp_symmetric(100, lam, &r, a);
  tp_model m = tp_cubic(100, a, 1, g, s);
  tp_oracle *o = tp_oracle_new(&m, THW_F32, 0);
  tp_chain *t = tp_chain_new(o, 3, -1, "neon2 epsilon=1e-2 delta=1e-6", "gd");
  assert_int_equal(tp_chain_start(t), THW_OK);
  assert_int_equal(tp_chain_run(t, 1, 100000), THW_STALLED);
  assert_true(tp_chain_reported(t, "certified") == 0);
  tp_chain_free(t);
  tp_oracle_free(o);
  tp_model_free(&m);
  free(a);
}

/* ---- the curvature step on its own -------------------------------------------------------------
 */

/* f = -x_0^2/2 c + x_0^4/4 along the first axis: the best step is sqrt(c). */
static void the_line_search_needs_no_good_guess(void **state) {
  (void)state;
  double a[4] = {-0.4, 0, 0, 1};
  static const double guess[] = {0.01, 6, 1e4};
  thw_rng r = {.key = {2, 25}};
  tp_model m = tp_quartic(1, 2, a, 0, 0, &r);
  tp_oracle *o = tp_oracle_new(&m, THW_F64, 0);
  thw_space *space = tp_oracle_space(o);
  thw_vec *v[4];
  for (int i = 0; i < 4; i++) assert_int_equal(thw_vec_new(space, &v[i]), THW_OK);
  thw_view w;
  v[1]->ops->map(v[1], THW_WRITE, &w);
  ((double *)w.data)[0] = 1, ((double *)w.data)[1] = 0;
  v[1]->ops->unmap(v[1], THW_WRITE);
  for (int i = 0; i < 3; i++) {
    escape_line l = {.oracle = tp_oracle_object(o),
                     .x = v[0],
                     .v = v[1],
                     .z = -0.4,
                     .unit = 1.1e-16,
                     .L2 = guess[i],
                     .trial = v[2],
                     .grad = v[3],
                     .rng = &r};
    assert_int_equal(escape_line_search(&l), THW_OK);
    double h = l.h, fall = 0.2 * h * h - h * h * h * h / 4;
    assert_true(fabs(l.drop - fall) <= 1e-15);
    assert_true(l.drop >= 0.4 * h * h / 12);
    /* at least half of what the best step brings, 0.04 */
    assert_true(l.drop >= 0.02);
    assert_true(fabs(l.L2 - 0.8 / fabs(h)) <= 1e-12);
    assert_true(l.values <= 19);
  }
  for (int i = 0; i < 4; i++) thw_vec_free(v[i]);
  tp_oracle_free(o);
  tp_model_free(&m);
}

/* Where there is no such curvature no step is taken. */
static void the_line_search_believes_values(void **state) {
  (void)state;
  double a[4] = {1, 0, 0, 1};
  thw_rng r = {.key = {2, 25}};
  tp_model m = tp_quartic(1, 2, a, 0, 0, &r);
  tp_oracle *o = tp_oracle_new(&m, THW_F64, 0);
  thw_vec *v[4];
  for (int i = 0; i < 4; i++) assert_int_equal(thw_vec_new(tp_oracle_space(o), &v[i]), THW_OK);
  assert_int_equal(thw_fill(v[0], 1), THW_OK);
  assert_int_equal(thw_unit_vec(v[1], &r), THW_OK);
  escape_line l = {.oracle = tp_oracle_object(o),
                   .x = v[0],
                   .v = v[1],
                   .z = -0.4,
                   .slope = 0,
                   .unit = 1.1e-16,
                   .L2 = 1,
                   .trial = v[2],
                   .grad = v[3],
                   .rng = &r};
  /* the slope along v is not 0: tell the search the wrong sign */
  double g[2];
  const thw_vec *in[2] = {v[0], v[1]};
  assert_int_equal(thw_oracle_eval(tp_oracle_object(o), v[0], NULL, NULL, v[2]), THW_OK);
  assert_int_equal(v[2]->ops->dotn(v[2], 2, in, g), THW_OK);
  l.slope = -g[1];
  assert_int_equal(escape_line_search(&l), THW_STALLED);
  for (int i = 0; i < 4; i++) thw_vec_free(v[i]);
  tp_oracle_free(o);
  tp_model_free(&m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(quartic_saddle),
      cmocka_unit_test(low_rank_saddle),
      cmocka_unit_test(plain_methods_stay_at_the_saddle),
      cmocka_unit_test(all_rules_for_the_step),
      cmocka_unit_test(all_searches),
      cmocka_unit_test(a_stream),
      cmocka_unit_test(an_inner_method_without_steering),
      cmocka_unit_test(cuts_leave_no_trace),
      cmocka_unit_test(a_restart_goes_on_to_the_last_bit),
      cmocka_unit_test(the_test_is_free_where_it_can_be),
      cmocka_unit_test(accounts_and_budgets),
      cmocka_unit_test(the_guard_tames_a_wild_step),
      cmocka_unit_test(precision_is_admitted),
      cmocka_unit_test(the_line_search_needs_no_good_guess),
      cmocka_unit_test(the_line_search_believes_values),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
