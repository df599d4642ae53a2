/* SPDX-License-Identifier: BSD-3-Clause */
/* The problems with known saddles: gradients, Hessians, sums over rows, constants, misuse. */
#include "core/pool.h"
#include "tests/unit/problem_bench.h"

/* ---- derivatives --------------------------------------------------------------------------------
 */

static const struct {
  const char *id, *params;
} cases[] = {{"quartic-saddle", "d=9 hessian_noise=0.3 gradient_noise=0.2"},
             {"quartic-saddle", "d=7 rotate=0"},
             {"quartic-saddle", "d=131"},
             {"quartic-saddle", "d=9 valley=0.3 hessian_noise=0.3 gradient_noise=0.2"},
             {"matrix-factorisation", "d=6 columns=2 hessian_noise=0.1"},
             {"tensor-ica", "d=6 gradient_noise=0.1"},
             {"staircase", "stairs=4 d=6"},
             {"matrix-sensing", "d=7 columns=3"},
             {"phase-retrieval", "d=8"},
             {"two-layer", "d=5 hidden=3 teachers=2"},
             {"two-layer", "d=5 hidden=2 teachers=2 activation=softplus"}};

/* Batches that cross tiles and blocks; with and without an index. */
static void check_derivatives(bench *b, const thw_batch *batch) {
  const double h = 1e-3;
  double f = value(b, &b->x, batch, &b->g), g = 0, fourth = 0;
  static const double at[] = {-2, -1, 1, 2}, weight[] = {1, -8, 8, -1};
  assert_true(isfinite(f));
  double *slope = tp_doubles(b->d);
  for (int k = 0; k < 4; k++) {
    for (int64_t i = 0; i < b->d; i++)
      view_set(&b->t, i, view_at(&b->x, i) + at[k] * h * view_at(&b->y, i));
    fourth += weight[k] * value(b, &b->t, batch, &b->h) / (12 * h);
    for (int64_t i = 0; i < b->d; i++) slope[i] += weight[k] * view_at(&b->h, i) / (12 * h);
  }
  for (int64_t i = 0; i < b->d; i++) g += view_at(&b->g, i) * view_at(&b->y, i);
  assert_true(fabs(g - fourth) <= 1e-7 * (1 + norm(&b->g)));
  assert_int_equal(b->ops->hvp(b->self, &b->x, &b->y, batch, &b->h), THW_OK);
  for (int64_t i = 0; i < b->d; i++)
    assert_true(fabs(view_at(&b->h, i) - slope[i]) <= 1e-6 * (1 + norm(&b->h)));
  free(slope);
  value(b, &b->y, batch, &b->h);
  assert_int_equal(b->ops->diff(b->self, &b->x, &b->y, batch, &b->t), THW_OK);
  for (int64_t i = 0; i < b->d; i++)
    assert_true(fabs(view_at(&b->t, i) - (view_at(&b->g, i) - view_at(&b->h, i))) <=
                1e-12 * (1 + norm(&b->g) + norm(&b->h)));
}

static void derivatives_agree(void **state) {
  (void)state;
  static const int64_t index[] = {3, 501, 3, 1000, 77, 250, 999};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    bench b;
    open_bench(&b, cases[i].id, 1001, THW_F64, cases[i].params);
    thw_batch some = rows(&b, 0, 7), all = rows(&b, 0, 1001), part = rows(&b, 400, 333);
    some.index = index;
    check_derivatives(&b, &all);
    check_derivatives(&b, &part);
    check_derivatives(&b, &some);
    close_bench(&b);
  }
}

/* The mean over any division of the rows is the whole, at any number of threads, to the bit in the
 * latter case; and single precision is the same function. */
static void sums_are_sums(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    bench b, s;
    open_bench(&b, cases[i].id, 3001, THW_F64, cases[i].params);
    thw_batch all = rows(&b, 0, 3001), head = rows(&b, 0, 1234), tail = rows(&b, 1234, 1767);
    tw_pool_threads(1);
    double f = value(&b, &b.x, &all, &b.g);
    double parts =
        (1234 * value(&b, &b.x, &head, &b.h) + 1767 * value(&b, &b.x, &tail, &b.t)) / 3001;
    assert_true(fabs(f - parts) <= 1e-12 * (1 + fabs(f)));
    for (int64_t j = 0; j < b.d; j++)
      assert_true(fabs(view_at(&b.g, j) - (1234 * view_at(&b.h, j) + 1767 * view_at(&b.t, j)) /
                                              3001) <= 1e-12 * (1 + norm(&b.g)));
    tw_pool_threads(5);
    double again = value(&b, &b.x, &tail, &b.h);
    assert_memory_equal(b.h.data, b.t.data, (size_t)b.d * sizeof(double));
    tw_pool_threads(1);
    assert_true(again == value(&b, &b.x, &tail, NULL));
    open_bench(&s, cases[i].id, 3001, THW_F32, cases[i].params);
    assert_true(fabs(value(&s, &s.x, &tail, &s.g) - again) <= 1e-6 * (1 + fabs(again)));
    assert_true(distance(&s.g, &b.h) <= 1e-5);
    close_bench(&s);
    close_bench(&b);
  }
}

/* Constants that are told for a radius hold inside it. */
static void constants_hold(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    bench b;
    char params[120];
    snprintf(params, sizeof params, "%s radius=1.5", cases[i].params);
    open_bench(&b, cases[i].id, 300, THW_F64, params);
    thw_batch all = rows(&b, 0, 300);
    thw_facts f = {.size = sizeof f, .lipschitz = NAN, .lipschitz_hess = NAN};
    assert_int_equal(b.ops->facts(b.self, &f), THW_OK);
    assert_true(f.lipschitz > 0);
    for (uint32_t seed = 1; seed <= 30 && b.d < 100; seed++) {
      view_normal(&b.x, seed, 1), view_normal(&b.y, seed + 100, 1),
          view_normal(&b.t, seed + 200, 1);
      double scale = 1.5 / fmax(norm(&b.x), norm(&b.y)), apart = 0, e = 0, v = norm(&b.t);
      for (int64_t j = 0; j < b.d; j++) {
        view_set(&b.x, j, scale * view_at(&b.x, j));
        view_set(&b.y, j, view_at(&b.x, j) + 0.1 * (scale * view_at(&b.y, j) - view_at(&b.x, j)));
        apart += pow(view_at(&b.x, j) - view_at(&b.y, j), 2);
      }
      assert_int_equal(b.ops->diff(b.self, &b.x, &b.y, &all, &b.g), THW_OK);
      assert_true(norm(&b.g) <= f.lipschitz * sqrt(apart) * (1 + 1e-9));
      b.ops->hvp(b.self, &b.x, &b.t, &all, &b.g);
      b.ops->hvp(b.self, &b.y, &b.t, &all, &b.h);
      for (int64_t j = 0; j < b.d; j++) e += pow(view_at(&b.g, j) - view_at(&b.h, j), 2);
      if (!isnan(f.lipschitz_hess))
        assert_true(sqrt(e) <= f.lipschitz_hess * sqrt(apart) * v * (1 + 1e-9));
    }
    close_bench(&b);
  }
}

static void misuse_is_refused(void **state) {
  (void)state;
  static const struct {
    const char *id, *params, *says;
  } bad[] = {{"quartic-saddle", "d=2", "3 eigenvalues are more than d = 2"},
             {"quartic-saddle", "d=5000", "rotate = false"},
             {"quartic-saddle", "rest_min=2", "rest_min"},
             {"matrix-factorisation", "d=3", "between 1 and d = 3"},
             {"matrix-factorisation", "d=5 columns=6", "columns = 6"},
             {"tensor-ica", "support=11", "support = 11"},
             {"staircase", "d=3 stairs=4", "no room for 4 stairs"},
             {"matrix-sensing", "d=1", "between 1 and d = 1"},
             {"two-layer", "d=2 hidden=3 teachers=1", "3 columns are more than d = 2"}};
  numbers n = {.rows = {.size = sizeof(thw_rows), .n = 10}};
  n.object = (thw_object){sizeof n.object, THW_SOURCE, &numbers_ops, &n, NULL};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    made m;
    assert_int_equal(make(&m, "problems", bad[i].id, THW_F64, bad[i].params, &n.object, NULL),
                     THW_E_ARG);
    if (!strstr(m.error, bad[i].says)) fail_msg("%s: %s", bad[i].id, m.error);
    unmake(&m);
  }
  fixture *f = fixture_new((fixture_shape){5, 3, 0, 1, 0, THW_ROWS_DENSE, THW_F64});
  made m;
  assert_int_equal(make(&m, "problems", "tensor-ica", THW_F64, "", &f->source, NULL), THW_E_ARG);
  assert_non_null(strstr(m.error, "\"rows\""));
  unmake(&m);
  fixture_free(f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(derivatives_agree),
      cmocka_unit_test(sums_are_sums),
      cmocka_unit_test(constants_hold),
      cmocka_unit_test(misuse_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
