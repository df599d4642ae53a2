/* SPDX-License-Identifier: BSD-3-Clause */
/* What is known of each problem with saddles, written down anew: spectra, values at saddles and
 * minima, the law of the noise. */
#include "tests/unit/problem_bench.h"

static void quartic_has_its_spectrum(void **state) {
  (void)state;
  bench b;
  open_bench(&b, "quartic-saddle", 1, THW_F64, "d=30 eigenvalues=-0.4,-0.2,-0.1");
  thw_batch all = rows(&b, 0, 1);
  start(&b);
  assert_true(norm(&b.x) == 0 && value(&b, &b.x, &all, &b.g) == 0 && norm(&b.g) == 0);
  double *h = hessian(&b, &b.x, &all), trace = 0, square = 0;
  for (int64_t i = 0; i < 30; i++) trace += h[i * 31];
  for (int64_t i = 0; i < 900; i++) square += h[i] * h[i];
  /* 27 uniform numbers: mean 1/2, mean square 1/3, each within four standard deviations */
  assert_true(fabs(trace + 0.7 - 13.5) < 4 * sqrt(27 / 12.0));
  assert_true(fabs(square - 0.21 - 9) < 4 * sqrt(27 * 4 / 45.0));
  assert_true(fabs(tp_least_eigenvalue(30, h) + 0.4) < 1e-6);
  free(h);
  /* f at a point, from A and the definition */
  h = hessian(&b, &b.x, &all);
  double want = 0, got = value(&b, &b.y, &all, NULL);
  for (int64_t i = 0; i < 30; i++) {
    double y = view_at(&b.y, i);
    for (int64_t j = 0; j < 30; j++) want += y * h[i * 30 + j] * view_at(&b.y, j) / 2;
    want += y * y * y * y / 4;
  }
  assert_true(fabs(got - want) <= 1e-13 * (1 + fabs(want)));
  free(h);
  close_bench(&b);
  /* without rotation the minimum is known */
  open_bench(&b, "quartic-saddle", 1, THW_F64, "d=30 eigenvalues=-0.4,-0.2,-0.1 rotate=0");
  for (int64_t i = 0; i < 30; i++) view_set(&b.x, i, 0);
  view_set(&b.x, 0, sqrt(0.4)), view_set(&b.x, 1, -sqrt(0.2)), view_set(&b.x, 2, sqrt(0.1));
  assert_true(fabs(value(&b, &b.x, &all, &b.g) + 0.0525) < 1e-15 && norm(&b.g) < 1e-15);
  close_bench(&b);
}

/* Antithetic rows cancel, and the variances are what the parameters say. */
static void noise_has_its_variance(void **state) {
  (void)state;
  enum { N = 2000, D = 40 };
  bench b;
  open_bench(&b, "quartic-saddle", N, THW_F64, "d=40 hessian_noise=0.5 gradient_noise=0.25");
  thw_facts f = {.size = sizeof f};
  assert_int_equal(b.ops->facts(b.self, &f), THW_OK);
  assert_true(f.variance_hess == 0.25 && f.components == N);
  for (int64_t i = 0; i < D; i++) view_set(&b.x, i, 0);
  double v = 0, vh = 0;
  for (int64_t i = 0; i < N; i++) {
    thw_batch one = rows(&b, i, 1), pair = rows(&b, 0, 2);
    int64_t index[2] = {i, (i + N / 2) % N};
    pair.index = index;
    value(&b, &b.x, &one, &b.g);
    v += norm(&b.g) * norm(&b.g) / N;
    value(&b, &b.x, &pair, &b.g);
    assert_true(norm(&b.g) < 1e-15);
  }
  thw_batch all = rows(&b, 0, N);
  assert_int_equal(b.ops->hvp(b.self, &b.x, &b.y, &all, &b.t), THW_OK);
  for (int64_t i = 0; i < N; i++) {
    thw_batch one = rows(&b, i, 1);
    assert_int_equal(b.ops->hvp(b.self, &b.x, &b.y, &one, &b.h), THW_OK);
    for (int64_t j = 0; j < D; j++) {
      double e = view_at(&b.h, j) - view_at(&b.t, j);
      vh += e * e / N;
    }
  }
  /* the signs' squares are 1, so V_H is exact; |c_i|^2 has the standard deviation sqrt(2/D) */
  assert_true(fabs(vh / (norm(&b.y) * norm(&b.y)) - 0.25) < 1e-9);
  assert_true(fabs(v / 0.0625 - 1) < 4 * sqrt(2.0 / D / (N / 2.0)));
  close_bench(&b);
}

/* A row is the same in a finite table and in a stream, which has no pairs. */
static void streams_make_the_same_rows(void **state) {
  (void)state;
  static const char *const params[] = {"d=9 hessian_noise=0.5 gradient_noise=0.25",
                                       "d=7 columns=2"},
                           *const ids[] = {"quartic-saddle", "matrix-sensing"};
  for (int k = 0; k < 2; k++) {
    bench b, s;
    open_bench(&b, ids[k], 1000, THW_F64, params[k]);
    open_bench(&s, ids[k], -1, THW_F64, params[k]);
    thw_batch u = rows(&b, 17, 300), v = rows(&s, 17, 300);
    double f = value(&b, &b.x, &u, &b.g), e = value(&s, &s.x, &v, &s.g);
    assert_true(fabs(f - e) <= 1e-14 * (1 + fabs(f)));
    assert_true(distance(&b.g, &s.g) <= 1e-13);
    /* numbers that the source gives */
    int64_t id[300];
    for (int64_t i = 0; i < 300; i++) id[i] = 17 + i;
    s.source.rows.id = id;
    v.first = 0;
    assert_true(value(&s, &s.x, &v, NULL) == e);
    close_bench(&b);
    close_bench(&s);
  }
}

static void factorisation_is_what_it_says(void **state) {
  (void)state;
  bench b;
  open_bench(&b, "matrix-factorisation", 1, THW_F64, "d=12 eigenvalues=1,0.8,0.6,0.4 columns=3");
  thw_batch all = rows(&b, 0, 1);
  thw_facts f = {.size = sizeof f};
  assert_int_equal(b.ops->facts(b.self, &f), THW_OK);
  assert_true(fabs(f.lower_bound - 0.04) < 1e-15 && f.convexity == -1);
  start(&b);
  for (int64_t i = 0; i < b.d; i++) assert_true(i % 3 == 0 || view_at(&b.x, i) == 0);
  value(&b, &b.x, &all, &b.g);
  for (int64_t i = 0; i < b.d; i++) assert_true(i % 3 == 0 || view_at(&b.g, i) == 0);
  /* at 0 the Hessian is -M in each column, f = |M|^2/4 */
  for (int64_t i = 0; i < b.d; i++) view_set(&b.x, i, 0);
  assert_true(fabs(value(&b, &b.x, &all, NULL) - (1 + 0.64 + 0.36 + 0.16) / 4) < 1e-14);
  assert_true(fabs(least(&b, &b.x, &all) + 1) < 1e-6);
  close_bench(&b);
}

static void tensor_has_its_saddles(void **state) {
  (void)state;
  for (int m = 1; m <= 5; m++) {
    bench b;
    char params[60];
    snprintf(params, sizeof params, "d=8 support=%d", m);
    open_bench(&b, "tensor-ica", 1, THW_F64, params);
    thw_batch all = rows(&b, 0, 1);
    start(&b);
    assert_true(fabs(value(&b, &b.x, &all, &b.g) + m / (4 * (2.0 * m - 1))) < 1e-14);
    assert_true(norm(&b.g) < 1e-14);
    assert_true(fabs(least(&b, &b.x, &all) - (m == 1 ? 1 : -2 / (2.0 * m - 1))) < 1e-6);
    close_bench(&b);
  }
}

/* Every combination of m ones is critical, a saddle of the same curvature but the last, and each
 * stair goes down by the same amount. Descent from near the first sees the coordinates shrink. */
static void staircase_has_its_saddles(void **state) {
  (void)state;
  bench b;
  open_bench(&b, "staircase", 1, THW_F64, "stairs=4 d=6 gamma=0.25 hold=1");
  thw_batch all = rows(&b, 0, 1);
  double drop = 0;
  for (int m = 0; m <= 4; m++) {
    for (int64_t i = 0; i < 6; i++) view_set(&b.x, i, i >= m ? 0 : i % 2 ? -1 : 1);
    double f = value(&b, &b.x, &all, &b.g);
    if (m == 1) drop = -f;
    assert_true(norm(&b.g) < 1e-14 && fabs(f + m * drop) < 1e-14);
    double low = least(&b, &b.x, &all);
    assert_true(m < 4 ? fabs(low + 0.25) < 1e-6 : low > 0.4);
  }
  assert_true(fabs(drop - 0.0609518) < 1e-6);
  /* no other critical point: from random points near and far, small gradients are near a saddle */
  int settled = 0;
  for (uint32_t seed = 1; seed <= 200; seed++) {
    view_normal(&b.x, seed, seed % 2 ? 0.5 : 2);
    for (int t = 0; t < 4000; t++) {
      value(&b, &b.x, &all, &b.g);
      for (int64_t i = 0; i < 6; i++) view_set(&b.x, i, view_at(&b.x, i) - 0.1 * view_at(&b.g, i));
    }
    if (norm(&b.g) > 1e-9) continue;
    settled++;
    for (int64_t i = 0; i < 6; i++) {
      double a = fabs(view_at(&b.x, i));
      assert_true(fabs(a - 1) < 1e-6 || a < 1e-6);
    }
  }
  assert_true(settled >= 150);
  close_bench(&b);
}

/* Rows and targets from the gradients: f_i = (|U'a|^2 - y)^2/4 against the definition on one row,
 * and the laws of the whole: E f at 0 is E y^2/4 and the Hessian there is -E y aa'. */
static void sensing_is_what_it_says(void **state) {
  (void)state;
  bench b;
  open_bench(&b, "matrix-sensing", 20000, THW_F64, "d=6 columns=2 weights=1,0.6");
  thw_batch all = rows(&b, 0, 20000);
  start(&b);
  for (int64_t j = 0; j < 6; j++) assert_true(view_at(&b.x, j) != 0 && view_at(&b.x, 6 + j) == 0);
  value(&b, &b.x, &all, &b.g);
  for (int64_t j = 6; j < 12; j++) assert_true(view_at(&b.g, j) == 0);
  for (int64_t j = 0; j < 12; j++) view_set(&b.x, j, 0);
  /* y = z1^2 + 0.6 z2^2: E y^2 = 3 + 3 0.36 + 2 0.6, variance of y^2 below 100 */
  assert_true(fabs(value(&b, &b.x, &all, NULL) - 5.28 / 4) < 4 * sqrt(100.0 / 20000));
  assert_true(fabs(least(&b, &b.x, &all) + 1.6 + 2) < 0.25);
  /* a single row: along any direction f is (t^2 p^2 - y)^2/4, so three values tell p^2 and y */
  thw_batch one = rows(&b, 5, 1);
  double f0 = value(&b, &b.x, &one, NULL), y = 2 * sqrt(f0);
  double f1 = value(&b, &b.y, &one, NULL);
  for (int64_t j = 0; j < 12; j++) view_set(&b.t, j, 2 * view_at(&b.y, j));
  double f2 = value(&b, &b.t, &one, NULL);
  /* 4 f1 = (q - y)^2, 4 f2 = (4 q - y)^2 */
  double q = (4 * f2 - 16 * 4 * f1 + 15 * y * y) / (24 * y);
  assert_true(q > 0 && fabs((q - y) * (q - y) / 4 - f1) <= 1e-9 * (1 + f1));
  close_bench(&b);
}

static void phase_starts_where_nothing_moves(void **state) {
  (void)state;
  bench b;
  open_bench(&b, "phase-retrieval", 20000, THW_F64, "d=5");
  thw_batch all = rows(&b, 0, 20000);
  start(&b);
  for (int64_t i = 0; i < 50; i++) {
    thw_batch one = rows(&b, i, 1);
    value(&b, &b.x, &one, &b.g);
    assert_true(norm(&b.g) == 0);
  }
  assert_true(fabs(value(&b, &b.x, &all, NULL) - 0.75) < 0.1);
  assert_true(fabs(least(&b, &b.x, &all) + 3) < 0.25);
  close_bench(&b);
}

/* Units that are alike get the same gradient from each row, to the bit; and with all of them the
 * teacher's, f would be 0: found by descent from a random start. */
static void layer_keeps_its_symmetry(void **state) {
  (void)state;
  for (int act = 0; act < 2; act++) {
    bench b;
    char params[80];
    snprintf(params, sizeof params, "d=5 hidden=3 teachers=3 activation=%s",
             act ? "softplus" : "tanh");
    open_bench(&b, "two-layer", 400, THW_F64, params);
    start(&b);
    for (int64_t i = 0; i < 400; i += 7) {
      thw_batch one = rows(&b, i, 1);
      value(&b, &b.x, &one, &b.g);
      for (int64_t j = 0; j < 5; j++)
        assert_true(view_at(&b.g, j) == view_at(&b.g, 5 + j) &&
                    view_at(&b.g, j) == view_at(&b.g, 10 + j));
    }
    close_bench(&b);
    if (act) continue;
    snprintf(params, sizeof params, "d=5 hidden=1 teachers=1 start=random start_scale=0.5");
    open_bench(&b, "two-layer", 400, THW_F64, params);
    thw_batch all = rows(&b, 0, 400);
    start(&b);
    for (int t = 0; t < 3000; t++) {
      value(&b, &b.x, &all, &b.g);
      for (int64_t j = 0; j < 5; j++) view_set(&b.x, j, view_at(&b.x, j) - 0.5 * view_at(&b.g, j));
    }
    assert_true(value(&b, &b.x, &all, NULL) < 1e-12 && fabs(norm(&b.x) - 1.5) < 1e-5);
    close_bench(&b);
  }
}
int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(quartic_has_its_spectrum),
      cmocka_unit_test(noise_has_its_variance),
      cmocka_unit_test(factorisation_is_what_it_says),
      cmocka_unit_test(tensor_has_its_saddles),
      cmocka_unit_test(staircase_has_its_saddles),
      cmocka_unit_test(sensing_is_what_it_says),
      cmocka_unit_test(phase_starts_where_nothing_moves),
      cmocka_unit_test(layer_keeps_its_symmetry),
      cmocka_unit_test(streams_make_the_same_rows),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
