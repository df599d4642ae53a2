/* SPDX-License-Identifier: BSD-3-Clause */
/* Natasha: its parameters by formula (natasha.md, sections 4 and 8), the safe zone, the published
 * form from start to end, and the reduction of neon2.md section 12 by natasha2 and around scsg and
 * natasha15. Without the argument `all` on fewer seeds. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/optimizers/natasha/natasha.h"
#include "tests/problems/cells.h"
#include "tests/problems/chain.h"
#include "tests/problems/model.h"
#include "tests/problems/reduce.h"

static int all;

static void near_to(double got, double want, double rel, const char *what) {
  if (!(fabs(got - want) <= rel * fabs(want))) fail_msg("%s: %.17g, expected %g", what, got, want);
}

/* ---- formulas ------------------------------------------------------------------------------- */

static void the_parameter_table_holds(void **state) {
  (void)state;
  static const struct {
    double V, L, L2, eps, delta;
    char zone;
    double Lt, sigma, B, p, alpha, N1;
  } rows[] = {
      {1, 1, 1, 0.01, 0.3162, 'B', 1, 0.3162, 1e4, 10, 3.162e-3, 316.2},
      {1, 1, 1, 0.01, 0.1, 'A', 2.154, 2.154, 1e4, 21.54, 1.0e-3, 1000},
      {1, 1, 1, 0.001, 0.1778, 'B', 1, 0.1778, 1e6, 31.62, 1.778e-4, 5623},
      {4, 2, 1, 0.01, 0.2, 'B', 2, 1.25, 4e4, 25, 5e-4, 500},
      {1, 10, 1, 0.01, 0.3, 'B', 10, 0.1, 1e4, 1, 1e-3, 1000},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    const natasha_problem k = {INFINITY,    rows[i].V,     rows[i].L, rows[i].L2,
                               rows[i].eps, rows[i].delta, 1.0};
    natasha_theory t;
    natasha2_theory(&k, &t);
    assert_int_equal(t.zone, rows[i].zone);
    near_to(t.L, rows[i].Lt, 1e-3, "Lt");
    near_to(t.sigma, rows[i].sigma, 1e-3, "sigma");
    near_to(t.B, rows[i].B, 1e-3, "B");
    near_to(t.p, rows[i].p, 1e-3, "p");
    near_to(t.alpha, rows[i].alpha, 1e-3, "alpha");
    near_to(t.epochs, rows[i].N1, 1e-3, "N1");
    near_to(t.alpha * t.sigma * t.B / t.p, 1.0, 1e-12, "alpha sigma B / p");
  }
}

/* Section 2; and a finite sum's B is at most n. */
static void natasha15_by_formula(void **state) {
  (void)state;
  const natasha_problem k = {5000, 2.0, 4.0, 0, 0.01, 0, 3.0};
  natasha_theory t;
  natasha15_theory(&k, 0.5, &t);
  assert_int_equal(t.zone, 0);
  near_to(t.B, 5000, 1e-15, "B");
  near_to(t.p, cbrt(0.25 * 5000 / 16), 1e-12, "p");
  near_to(t.alpha, 0.5 / (t.p * t.p * 16), 1e-12, "alpha");
  near_to(t.alpha, t.p / (0.5 * t.B), 1e-12, "the other form of alpha");
  near_to(t.epochs, 0.5 * 3.0 / (t.p * 1e-4), 1e-12, "T'");
  near_to(t.polish, 2.0 * 4.0 / (0.5 * 1e-4), 1e-12, "steps of the final SGD");
  natasha15_theory(&k, 1e-9, &t);
  assert_true(t.alpha <= 0.5 / 4.0 && t.p >= 1.0);
}

/* The values of p in the table of section 8 (a), from the constants of variance-reduction.md,
 * section 11, which are given there to two digits. */
static void p_is_that_of_the_table(void **state) {
  (void)state;
  static const struct {
    double n, L, VH, B;
    int64_t p[3];
  } rows[] = {{2e4, 0.029, 0.0014, 2e4, {2, 14, 138}},
              {2e4, 0.031, 0.028, 2e3, {1, 3, 25}},
              {2e4, 0.031, 0.028, 2e4, {1, 6, 54}},
              {1e4, 8, 420, 1e3, {1, 4, 15}},
              {1e4, 8, 420, 1e4, {1, 7, 70}}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    for (int j = 0; j < 3; j++) {
      double L = rows[i].L, B = rows[i].B, sigma = L * pow(10, j - 2), alpha = 0;
      double a0 = optim_vr_rule(6, 16, B / 16, L, rows[i].VH);
      int64_t p = 0, m;
      natasha_practice(sigma, L, a0, B, 16, &p, &m, &alpha);
      if (fabs((double)(p - rows[i].p[j])) > 0.03 * (double)rows[i].p[j])
        fail_msg("row %zu, sigma %g L: p = %lld", i, sigma / L, (long long)p);
      assert_int_equal(m, (int64_t)floor(B / ((double)p * 16)));
      assert_true(alpha <= a0 && alpha * sigma * (double)m <= 1 + 1e-12 && m >= 4);
    }
}

static void what_is_given_stays(void **state) {
  (void)state;
  int64_t p = 5, m;
  double alpha = 0.25;
  natasha_practice(1, 1, 0.5, 1000, 10, &p, &m, &alpha);
  assert_true(p == 5 && m == 20 && alpha == 0.25);
  p = 400, alpha = 0; /* more rounds than mini-batches */
  natasha_practice(1, 1, 0.5, 1000, 10, &p, &m, &alpha);
  assert_true(p == 100 && m == 1 && alpha == 0.5);
}

/* ---- a run on Q ----------------------------------------------------------------------------- */

typedef struct run {
  tp_model m;
  tp_oracle *o;
  tp_chain *t;
  double *a;
} run;

static void run_open(run *r, int64_t n, int64_t d, double taub, uint32_t seed, uint32_t dtype,
                     const char *method) {
  thw_rng rng = {.key = {seed, 21}};
  double *lam = tp_doubles(d);
  r->a = tp_doubles(d * d);
  for (int64_t j = 0; j < d; j++) lam[j] = thw_rng_uniform(&rng);
  lam[0] = -0.4, lam[1] = -0.2, lam[2] = -0.1;
  tp_symmetric(d, lam, &rng, r->a);
  r->m = tp_quartic(n, d, r->a, 0.5, taub, &rng);
  r->o = tp_oracle_new(&r->m, dtype, 0);
  r->t = tp_chain_new(r->o, seed, -1, method, NULL);
  free(lam);
  thw_status st = tp_chain_start(r->t);
  if (st != THW_OK) fail_msg("%s", tp_chain_text(r->t, st));
}

static void run_close(run *r) {
  tp_chain_free(r->t);
  tp_oracle_free(r->o);
  tp_model_free(&r->m);
  free(r->a);
}

/* Value, norm of the gradient and least eigenvalue of f itself, which is known in closed form. */
static void judge(run *r, double *f, double *norm, double *least) {
  int64_t d = r->m.d;
  double *x = tp_doubles(d), *g = tp_doubles(d), *h = tp_copy(d * d, r->a), gg = 0;
  thw_view v;
  thw_vec *point = tp_chain_point(r->t);
  point->ops->map(point, THW_READ, &v);
  tp_read(&v, x);
  point->ops->unmap(point, THW_READ);
  tp_symv(d, r->a, x, g);
  *f = tp_dot(d, x, g) / 2;
  for (int64_t i = 0; i < d; i++) {
    *f += pow(x[i], 4) / 4;
    g[i] += pow(x[i], 3);
    gg += g[i] * g[i];
    h[i * d + i] += 3 * x[i] * x[i];
  }
  *norm = sqrt(gg);
  *least = tp_least_eigenvalue(d, h);
  free(x), free(g), free(h);
}

/* ---- safe zone ------------------------------------------------------------------------------ */

/* Section 8 (d): it only shortens the way of an epoch, and leads to the same value. */
static void the_zone_shortens_the_way(void **state) {
  (void)state;
  static const double zone[5] = {0, 1, 0.3, 0.1, 0.03};
  static const double want[5] = {6, 6, 7, 11, 17};
  int64_t n = all ? 20000 : 4000;
  int seeds = all ? 8 : 2;
  double before = 0, value[8];
  for (int z = 0; z < 5; z++) {
    double epochs[8];
    for (int s = 0; s < seeds; s++) {
      run r;
      char method[100];
      double f, norm, least;
      snprintf(method, sizeof method, "natasha2 epsilon=0.05 delta=0.05 zone=%g", zone[z]);
      run_open(&r, n, 50, 0, (uint32_t)s + 1, THW_F64, method);
      assert_int_equal(tp_chain_run(r.t, n, 100000), THW_DONE);
      judge(&r, &f, &norm, &least);
      assert_true(norm <= 0.05 && least >= -0.05);
      epochs[s] = tp_chain_reported(r.t, "epoch");
      if (z == 0) value[s] = f;
      assert_true(fabs(f - value[s]) < 0.02);
      run_close(&r);
    }
    double median = tp_median(epochs, seeds);
    print_message("zone %g: %g epochs\n", zone[z], median);
    assert_true(median <= 2 * want[z] && median >= want[z] / 2);
    assert_true(median >= before - 1);
    before = median;
  }
}

/* ---- the published form --------------------------------------------------------------------- */

/* Every number of it: N1 epochs of B rows and p rounds of m steps, then the final SGD; and where it
 * ends. */
static void natasha2_in_theory(void **state) {
  (void)state;
  const double eps = 0.2, delta = 0.2, L2 = 1, V = 0.25, L = 1.2;
  natasha_theory t;
  const natasha_problem k = {2000, V, L, L2, eps, delta, 1};
  natasha2_theory(&k, &t);
  double sum = 0, count = 0;
  for (uint32_t seed = 1; seed <= (all ? 20 : 4); seed++) {
    run r;
    double f, norm, least;
    run_open(&r, 2000, 20, 0.5, seed, THW_F64,
             "natasha2 epsilon=0.2 delta=0.2 theory=true lipschitz_hess=1 gap=1 variance=0.25 "
             "lipschitz=1.2 variance_hess=0.25");
    assert_int_equal(tp_chain_run(r.t, 2000, 1000000), THW_DONE);
    judge(&r, &f, &norm, &least);
    int64_t B = (int64_t)ceil(t.B), p = (int64_t)round(t.p), m = B / p,
            N1 = (int64_t)ceil(t.epochs);
    assert_true(tp_chain_reported(r.t, "epoch") == (double)N1);
    assert_true(tp_chain_reported(r.t, "p") == (double)p);
    assert_true(tp_chain_reported(r.t, "zone") == delta / L2);
    near_to(tp_chain_reported(r.t, "sigma"), t.sigma, 1e-12, "sigma");
    assert_true(tp_chain_reported(r.t, "polished") == ceil(t.polish));
    assert_int_equal(tp_chain_cost(r.t, "optimizer:snapshot"), N1 * B);
    assert_int_equal(tp_chain_cost(r.t, "optimizer:polish"), (int64_t)ceil(t.polish));
    assert_int_equal(tp_chain_cost(r.t, "optimizer"), N1 * 2 * p * m);
    assert_int_equal(tp_chain_cost(r.t, NULL) - tp_chain_cost(r.t, "optimizer:search"),
                     N1 * (B + 2 * p * m) + (int64_t)ceil(t.polish));
    /* searches before each epoch and after each step */
    assert_true(tp_chain_reported(r.t, "searches") ==
                tp_chain_reported(r.t, "curvature_steps") + (double)N1);
    print_message("theory, seed %u: |g| %.3g, least eigenvalue %.3g, f %.3g\n", seed, norm, least,
                  f);
    assert_true(f < -0.02 && least >= -delta);
    sum += norm;
    count++;
    run_close(&r);
  }
  assert_true(sum / count <= 2 * eps); /* E |g| = O(eps) */
}

/* ---- reductions ----------------------------------------------------------------------------- */

static void reduction_on_the_quartic(void **state) {
  (void)state;
  static const struct {
    const char *outer, *inner;
    double passes;
  } cells[] = {{"natasha2 epsilon=1e-3 delta=0.05", NULL, 63},
               {"neon2 epsilon=1e-3 delta=0.05", "natasha15 epsilon=1e-3", 63},
               {"neon2 epsilon=1e-3 delta=0.05", "scsg epsilon=1e-3", 54}};
  for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++) {
    tp_method m = {cells[i].outer, cells[i].inner, 400, all ? 20 : 3, 1, 0};
    tp_reduction r = tp_reduce_quartic(2000, 100, 0.5, 0, 1e-3, 0.05, 0, &m);
    tp_print_reduction(cells[i].inner ? cells[i].inner : cells[i].outer, &r);
    assert_true(r.lied == 0 && r.ok >= m.seeds - m.seeds / 20);
    assert_true(r.passes <= 2 * cells[i].passes && r.passes >= cells[i].passes / 2);
    assert_true(r.f < -1.6 && r.f > -2.2);
  }
}

/* Samples of the stream, constants given (L = 3.5 as there). */
static void reduction_online(void **state) {
  (void)state;
  static const struct {
    double eps, natasha, scsg;
  } cells[] = {{0.1, 31e3, 28e3}, {0.05, 76e3, 91e3}};
  for (int i = 0; i < (all ? 2 : 1); i++)
    for (int scsg = 0; scsg < 2; scsg++) {
      char outer[200], inner[100];
      double want = scsg ? cells[i].scsg : cells[i].natasha;
      snprintf(outer, sizeof outer,
               "%s epsilon=%g delta=0.1 search=online probe=sqrt lipschitz=3.5 variance_hess=0.25",
               scsg ? "neon2" : "natasha2", cells[i].eps);
      snprintf(inner, sizeof inner, "scsg epsilon=%g lipschitz=3.5 variance_hess=0.25",
               cells[i].eps);
      tp_method m = {outer, scsg ? inner : NULL, 100, all ? 20 : 3, 1, 0};
      tp_reduction r = tp_reduce_quartic(40000, 50, 0.5, 0.5, cells[i].eps, 0.1, 1, &m);
      tp_print_reduction(outer, &r);
      print_message("%g samples\n", r.passes * 40000);
      assert_true(r.lied == 0 && r.ok == m.seeds);
      assert_true(r.passes * 40000 <= 2 * want && r.passes * 40000 >= want / 2);
    }
}

/* ---- bits ----------------------------------------------------------------------------------- */

static double *numbers(run *r) {
  double *x = tp_doubles(r->m.d);
  thw_view v;
  thw_vec *point = tp_chain_point(r->t);
  point->ops->map(point, THW_READ, &v);
  tp_read(&v, x);
  point->ops->unmap(point, THW_READ);
  return x;
}

/* The whole way out of the saddle, in both precisions and both forms: cut anywhere, or resumed from
 * a checkpoint, it ends at the same bits and the same cost. */
static void cuts_and_restarts_do_not_matter(void **state) {
  (void)state;
  static const char *const methods[] = {
      "natasha2 epsilon=0.02 delta=0.1", "natasha2 epsilon=0.02 delta=0.1 zone=-1 output=random",
      "natasha2 epsilon=0.3 delta=0.3 theory=true lipschitz_hess=1 gap=0.5 lipschitz=1.2"};
  static const int64_t units[] = {1, 37, 100000000};
  for (int k = 0; k < 6; k++) {
    double *first = NULL;
    int64_t cost = 0;
    for (int u = 0; u < 3; u++) {
      run r, other;
      run_open(&r, 1000, 10, 0.5, 5, k % 2 ? THW_F32 : THW_F64, methods[k / 2]);
      thw_status st = tp_chain_run(r.t, units[u], 40);
      if (st == THW_OK && u < 2) { /* the rest in another instance */
        tw_state *s = tp_chain_save(r.t);
        run_open(&other, 1000, 10, 0.5, 5, k % 2 ? THW_F32 : THW_F64, methods[k / 2]);
        int64_t spent = tp_chain_cost(r.t, NULL);
        assert_int_equal(tp_chain_load(other.t, s), THW_OK);
        tw_state_free(s);
        run_close(&r);
        r = other;
        st = tp_chain_run(r.t, units[u], 10000000);
        spent += tp_chain_cost(r.t, NULL);
        assert_true(u == 0 || spent == cost);
        cost = spent;
      } else if (st == THW_OK) {
        st = tp_chain_run(r.t, units[u], 10000000);
        assert_int_equal(tp_chain_cost(r.t, NULL), cost);
      }
      assert_int_equal(st, THW_DONE);
      double *x = numbers(&r);
      if (first && memcmp(first, x, 10 * sizeof *x) != 0)
        fail_msg("%s: other bits with steps of %lld", methods[k / 2], (long long)units[u]);
      free(first);
      first = x;
      run_close(&r);
    }
    free(first);
  }
}

int main(int argc, char **argv) {
  all = argc > 1 && strcmp(argv[1], "all") == 0;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_parameter_table_holds),       cmocka_unit_test(natasha15_by_formula),
      cmocka_unit_test(p_is_that_of_the_table),          cmocka_unit_test(what_is_given_stays),
      cmocka_unit_test(the_zone_shortens_the_way),       cmocka_unit_test(natasha2_in_theory),
      cmocka_unit_test(reduction_on_the_quartic),        cmocka_unit_test(reduction_online),
      cmocka_unit_test(cuts_and_restarts_do_not_matter),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
