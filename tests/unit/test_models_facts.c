/* SPDX-License-Identifier: BSD-3-Clause */
/* What linear models claim about themselves: constants are bounds, and close ones; floors hold. */
#include "tests/unit/linear_cases.h"

/* Largest |eigenvalue| of the Hessian at x by power iteration: a lower bound of L. */
static double top_curvature(workshop *w, const thw_batch *b) {
  double norm = 0;
  view_normal(&w->h, 21, 1.0);
  for (int it = 0; it < 60; it++) {
    assert_int_equal(ops_of(&w->m)->hvp(w->m.object.self, &w->x, &w->h, b, &w->t), THW_OK);
    norm = 0;
    for (int64_t i = 0; i < w->t.n; i++) norm += pow(view_at(&w->t, i), 2);
    norm = sqrt(norm);
    for (int64_t i = 0; i < w->t.n; i++) view_set(&w->h, i, view_at(&w->t, i) / norm);
  }
  return norm;
}

static void facts_are_bounds(void **state) {
  (void)state;
  /* 13 columns: the eigenvalue itself; 700: the bound */
  for (int64_t d = 13; d <= 700; d += 687)
    for (int i = 0; i < CASES; i++)
      for (uint32_t layout = THW_ROWS_DENSE; layout <= THW_ROWS_CSR; layout++) {
        workshop w;
        open_workshop(
            &w, &cases[i],
            (fixture_shape){
                .n = 200, .d = d, .density = 0.3, .unit = 1, .layout = layout, .dtype = THW_F64});
        thw_batch *b;
        fixture_take(w.f, 0, 200, NULL, 0, &b);
        thw_facts facts = {.size = sizeof facts};
        assert_int_equal(ops_of(&w.m)->facts(w.m.object.self, &facts), THW_OK);
        assert_int_equal(facts.components, 200);
        assert_true(facts.lower_bound == 0.0);
        double top = top_curvature(&w, b);
        assert_true(facts.lipschitz >= top);
        assert_true(facts.lipschitz_max >= facts.lipschitz * (1 - 1e-6));
        /* with a quadratic loss the bound is reached */
        if (strcmp(cases[i].id, "least-squares") == 0 && cases[i].nonconvex == 0 &&
            !cases[i].intercept)
          assert_true(facts.lipschitz <= top * (d == 13 ? 1 + 1e-6 : 1.02));
        fixture_release(w.f, b);
        close_workshop(&w);
      }
}

/* |H(x) - H(y)| <= L2 |x - y| and the gradient of a convex model is monotone, on random pairs. */
static void hessian_constant_and_convexity_hold(void **state) {
  (void)state;
  for (int i = 0; i < CASES; i++) {
    workshop w;
    open_workshop(&w, &cases[i],
                  (fixture_shape){
                      .n = 50, .d = 6, .density = 0.8, .layout = THW_ROWS_DENSE, .dtype = THW_F64});
    const thw_model_ops *o = ops_of(&w.m);
    thw_facts facts = {.size = sizeof facts, .lipschitz_hess = (double)NAN};
    assert_int_equal(o->facts(w.m.object.self, &facts), THW_OK);
    thw_batch *b;
    fixture_take(w.f, 0, 50, NULL, 0, &b);
    for (uint32_t t = 0; t < 50; t++) {
      double s = 0, u = 0, v = 0, dot = 0;
      view_normal(&w.x, 100 + t, 1.0);
      view_normal(&w.y, 200 + t, 1.0);
      assert_int_equal(o->diff(w.m.object.self, &w.x, &w.y, b, &w.g), THW_OK);
      for (int64_t j = 0; j < w.x.n; j++) {
        double e = view_at(&w.x, j) - view_at(&w.y, j);
        s += e * e;
        dot += e * view_at(&w.g, j);
      }
      assert_true(dot >= facts.convexity * s * (1 + 1e-12) - 1e-12);
      view_normal(&w.t, 300 + t, 1.0);
      o->hvp(w.m.object.self, &w.x, &w.t, b, &w.g);
      o->hvp(w.m.object.self, &w.y, &w.t, b, &w.h);
      double e2 = 0;
      for (int64_t j = 0; j < w.x.n; j++) {
        e2 += pow(view_at(&w.g, j) - view_at(&w.h, j), 2);
        v += pow(view_at(&w.t, j), 2);
      }
      u = sqrt(e2) / sqrt(v);
      if (strcmp(cases[i].id, "squared-hinge") == 0)
        assert_true(isnan(facts.lipschitz_hess));
      else
        assert_true(u <= facts.lipschitz_hess * sqrt(s) + 1e-14);
    }
    fixture_release(w.f, b);
    close_workshop(&w);
  }
}

/* sup over u and over h in [0, c]^n of E |(h_i a_i a_i' - H) u|^2: convex in h, so a corner has it.
 * Two columns: E h^2 |a|^2 a a' - H^2 is a 2 x 2 matrix. */
static double largest_variance(const fixture *f, double c) {
  enum { N = 10 };
  double most = 0;
  for (unsigned corner = 0; corner < 1u << N; corner++) {
    double s[3] = {0}, h[3] = {0};
    for (int64_t i = 0; i < N; i++) {
      double a = f->a[2 * i], b = f->a[2 * i + 1], q = a * a + b * b;
      const double outer[3] = {a * a, a * b, b * b};
      for (int k = 0; k < 3 && (corner >> i & 1); k++) {
        s[k] += c * c * q * outer[k] / N;
        h[k] += c * outer[k] / N;
      }
    }
    s[0] -= h[0] * h[0] + h[1] * h[1];
    s[1] -= h[1] * (h[0] + h[2]);
    s[2] -= h[1] * h[1] + h[2] * h[2];
    most = fmax(most, 0.5 * (s[0] + s[2]) + hypot(0.5 * (s[0] - s[2]), s[1]));
  }
  return most;
}

static void variance_of_hessians_is_a_close_bound(void **state) {
  (void)state;
  static const model_case logistic = {"logistic", "l2=0.1", 2, 0, 0.1L, 0, 1};
  for (uint32_t layout = THW_ROWS_DENSE; layout <= THW_ROWS_CSR; layout++)
    for (int unit = 0; unit < 2; unit++) {
      workshop w;
      open_workshop(
          &w, &logistic,
          (fixture_shape){
              .n = 10, .d = 2, .density = 1.0, .unit = unit, .layout = layout, .dtype = THW_F64});
      thw_facts facts = {.size = sizeof facts, .want = THW_FACT_VARIANCE_HESS};
      facts.lipschitz = (double)NAN;
      assert_int_equal(ops_of(&w.m)->facts(w.m.object.self, &facts), THW_OK);
      double most = largest_variance(w.f, 0.25);
      if (!(facts.variance_hess >= most && facts.variance_hess <= 1.5 * most))
        fail_msg("V_H %g, brute force %g", facts.variance_hess, most);
      assert_true(isnan(facts.lipschitz)); /* nobody wanted it */
      close_workshop(&w);
    }
}

/* The floor is below every Rayleigh quotient, and reached on rows of no weight. */
static void floor_is_a_lower_bound(void **state) {
  (void)state;
  static const model_case bumpy = {"logistic-nonconvex", "l2=0.01", 2, 0, 0.01L, 0.1L, 1};
  workshop w;
  open_workshop(
      &w, &bumpy,
      (fixture_shape){.n = 40, .d = 6, .density = 0.8, .layout = THW_ROWS_DENSE, .dtype = THW_F64});
  const thw_floor_model *e = w.m.component->ext(w.m.object.self, THW_EXT_FLOOR_MODEL);
  assert_non_null(e);
  thw_batch *b;
  fixture_take(w.f, 0, 40, NULL, 0, &b);
  for (uint32_t t = 0; t < 50; t++) {
    double least, dot = 0, norm = 0, by_hand = INFINITY;
    view_normal(&w.x, 100 + t, 1.0);
    view_normal(&w.t, 300 + t, 1.0);
    assert_int_equal(e->floor(w.m.object.self, &w.x, &least), THW_OK);
    ops_of(&w.m)->hvp(w.m.object.self, &w.x, &w.t, b, &w.h);
    for (int64_t j = 0; j < w.x.n; j++) {
      double q = 1 + pow(view_at(&w.x, j), 2);
      dot += view_at(&w.t, j) * view_at(&w.h, j);
      norm += pow(view_at(&w.t, j), 2);
      by_hand = fmin(by_hand, 0.01 + 0.1 * (2 - 6 * (q - 1)) / (q * q * q));
    }
    assert_true(dot >= least * norm);
    assert_true(fabs(least - by_hand) <= 1e-12);
  }
  fixture_release(w.f, b);
  close_workshop(&w);
}
int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(facts_are_bounds),
      cmocka_unit_test(hessian_constant_and_convexity_hold),
      cmocka_unit_test(variance_of_hessians_is_a_close_bound),
      cmocka_unit_test(floor_is_a_lower_bound),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
