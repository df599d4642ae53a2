/* SPDX-License-Identifier: BSD-3-Clause */
/* The linear models against losses written down anew, central differences, and each other: dense
 * and sparse, single and double, with and without intercept, at any number of threads. */
#include "core/pool.h"
#include "tests/unit/linear_cases.h"

#include "kernels/linear/linear.h"

/* ---- the kernels' exp and log1p --------------------------------------------------------------
 */

static double ulps(double got, long double want) {
  double w = (double)want, ulp = nextafter(fabs(w), INFINITY) - fabs(w);
  return (double)(fabsl((long double)got - want) / (long double)ulp);
}

static void exp_and_log1p_are_accurate(void **state) {
  (void)state;
  enum { N = 20011 };
  static double x[N], e[N], l[N];
  /* where long double is no better than double (as under valgrind) the reference is off itself */
  volatile long double one = 1.0L, tiny = 1e-18L;
  double limit = one + tiny != one ? 1.0 : 2.5;
  for (int t = 0; thwk_linear_at(t); t++) {
    const thwk_linear *k = thwk_linear_at(t);
    double worst_e = 0, worst_l = 0;
    for (int i = 0; i < N; i++) x[i] = -700.0 + 1400.0 * i / (N - 1);
    k->exp(N, x, e);
    for (int i = 0; i < N; i++) worst_e = fmax(worst_e, ulps(e[i], expl((long double)x[i])));
    for (int i = 0; i < N; i++) x[i] = -3.0 + 6.0 * i / (N - 1);
    k->exp(N, x, e);
    for (int i = 0; i < N; i++) worst_e = fmax(worst_e, ulps(e[i], expl((long double)x[i])));
    for (int i = 0; i < N; i++) x[i] = (double)i / (N - 1);
    k->log1p(N, x, l);
    for (int i = 0; i < N; i++) worst_l = fmax(worst_l, ulps(l[i], log1pl((long double)x[i])));
    for (int i = 0; i < N; i++) x[i] = exp(-690.0 * i / (N - 1));
    k->log1p(N, x, l);
    for (int i = 0; i < N; i++) worst_l = fmax(worst_l, ulps(l[i], log1pl((long double)x[i])));
    if (worst_e > limit || worst_l > limit)
      fail_msg("%s: exp off by %.3f ulp, log1p by %.3f", k->name, worst_e, worst_l);
    x[0] = (double)NAN;
    k->exp(1, x, e);
    assert_true(isnan(e[0]));
    x[0] = -INFINITY;
    k->exp(1, x, e);
    assert_true(e[0] >= 0 && e[0] < 1e-300);
  }
}

/* ---- derivatives, threads, precision ---- */

static void check_values(workshop *w, const thw_batch *b) {
  double tol = w->x.dtype == THW_F32 ? 1e-6 : 1e-13, value;
  long double want = plain_value(w->c, w->f, &w->x, b);
  assert_int_equal(ops_of(&w->m)->eval(w->m.object.self, &w->x, b, &value, NULL), THW_OK);
  assert_true(fabsl((long double)value - want) <= tol * fabsl(want));
  double again;
  assert_int_equal(ops_of(&w->m)->eval(w->m.object.self, &w->x, b, &again, &w->g), THW_OK);
  assert_true(again == value);
}

/* Gradient against differences of the values above, in long double, along every axis. */
static void check_gradient(workshop *w, const thw_batch *b) {
  double error = 0, norm = 0, tol = w->x.dtype == THW_F32 ? 3e-6 : 1e-7;
  assert_int_equal(ops_of(&w->m)->eval(w->m.object.self, &w->x, b, NULL, &w->g), THW_OK);
  thw_view wide = view_new(THW_F64, w->x.n);
  for (int64_t i = 0; i < w->x.n; i++) view_set(&wide, i, view_at(&w->x, i));
  for (int64_t i = 0; i < w->x.n; i++) {
    double at = view_at(&wide, i), h = 1e-5, up = at + h, down = at - h;
    view_set(&wide, i, up);
    long double hi = plain_value(w->c, w->f, &wide, b);
    view_set(&wide, i, down);
    long double lo = plain_value(w->c, w->f, &wide, b);
    view_set(&wide, i, at);
    double want = (double)((hi - lo) / ((long double)up - (long double)down));
    error += pow(view_at(&w->g, i) - want, 2);
    norm += want * want;
  }
  free(wide.data);
  if (!(sqrt(error) <= tol * sqrt(norm)))
    fail_msg("%s %s: gradient off by %g", w->c->id, w->c->params, sqrt(error / norm));
}

/* diff against two gradients, hvp against a difference of gradients. */
static void check_pairs(workshop *w, const thw_batch *b) {
  const thw_model_ops *o = ops_of(&w->m);
  void *self = w->m.object.self;
  int f32 = w->x.dtype == THW_F32;
  assert_int_equal(o->eval(self, &w->x, b, NULL, &w->g), THW_OK);
  assert_int_equal(o->eval(self, &w->y, b, NULL, &w->h), THW_OK);
  for (int64_t i = 0; i < w->x.n; i++) view_set(&w->g, i, view_at(&w->g, i) - view_at(&w->h, i));
  assert_int_equal(o->diff(self, &w->x, &w->y, b, &w->t), THW_OK);
  assert_true(distance(&w->t, &w->g) <= (f32 ? 1e-5 : 1e-12));
  if (f32) return;
  /* (g(x + h v) - g(x - h v)) / 2h = H v */
  double h = 1e-5;
  thw_view v = w->h;
  view_normal(&v, 9, 1.0);
  for (int64_t i = 0; i < w->x.n; i++) {
    view_set(&w->y, i, view_at(&w->x, i) + h * view_at(&v, i));
    view_set(&w->t, i, view_at(&w->x, i) - h * view_at(&v, i));
  }
  assert_int_equal(o->diff(self, &w->y, &w->t, b, &w->g), THW_OK);
  for (int64_t i = 0; i < w->x.n; i++) view_set(&w->g, i, view_at(&w->g, i) / (2 * h));
  assert_int_equal(o->hvp(self, &w->x, &v, b, &w->t), THW_OK);
  if (!(distance(&w->t, &w->g) <= 1e-7))
    fail_msg("%s %s: Hessian product off by %g", w->c->id, w->c->params, distance(&w->t, &w->g));
}

/* The dense Hessian, where there is one, against Hessian products. */
static void check_hessian(workshop *w, const thw_batch *b) {
  const thw_hessian_model *e = w->m.component->ext(w->m.object.self, THW_EXT_HESSIAN_MODEL);
  if (!e) return;
  int64_t n = w->x.n;
  double *h = calloc((size_t)(n * n), sizeof *h);
  view_normal(&w->h, 9, 1.0);
  assert_int_equal(e->hessian(w->m.object.self, &w->x, b, h), THW_OK);
  assert_int_equal(ops_of(&w->m)->hvp(w->m.object.self, &w->x, &w->h, b, &w->t), THW_OK);
  for (int64_t i = 0; i < n; i++) {
    double s = 0;
    for (int64_t j = 0; j < n; j++) s += h[i * n + j] * view_at(&w->h, j);
    view_set(&w->g, i, s);
  }
  free(h);
  assert_true(distance(&w->g, &w->t) <= (w->x.dtype == THW_F32 ? 1e-6 : 1e-12));
}

static void check_case(const model_case *c, uint32_t layout, uint32_t dtype, int unit) {
  workshop w;
  open_workshop(
      &w, c,
      (fixture_shape){
          .n = 61, .d = 13, .density = 0.4, .unit = unit, .layout = layout, .dtype = dtype});
  int64_t index[10];
  some_rows(w.f, index, 10);
  const thw_source_ops *s = w.f->source.ops;
  for (int part = 0; part < 3; part++) {
    thw_batch *b;
    s->take(w.f, 0,
            part == 0   ? 61
            : part == 1 ? 10
                        : 7,
            part == 1 ? index : NULL, part == 2 ? 50 : 0, &b);
    view_normal(&w.y, 1, 0.3);
    check_values(&w, b);
    check_gradient(&w, b);
    check_pairs(&w, b);
    check_hessian(&w, b);
    s->release(w.f, b);
  }
  close_workshop(&w);
}

static void losses_and_derivatives_are_right(void **state) {
  (void)state;
  for (int i = 0; i < CASES; i++)
    for (uint32_t dtype = THW_F32; dtype <= THW_F64; dtype++) {
      check_case(&cases[i], THW_ROWS_DENSE, dtype, 0);
      check_case(&cases[i], THW_ROWS_CSR, dtype, 0);
      check_case(&cases[i], THW_ROWS_CSR, dtype, 1);
    }
}

/* The loss must stay finite and exact far from the data. */
static void extreme_margins_stay_finite(void **state) {
  (void)state;
  const double far[] = {-1e6, -800, -50, 50, 800, 1e6};
  for (int t = 0; thwk_linear_at(t); t++)
    for (int kind = 0; kind < THWK_LOSSES; kind++)
      for (int i = 0; i < 6; i++) {
        thwk_loss l = {kind, 1.0};
        double z = far[i], y = 1, slope, h, f = thwk_linear_at(t)->loss(&l, 1, &z, &y, &slope);
        thwk_linear_at(t)->curvature(&l, 1, &z, &y, &h);
        assert_true(isfinite(f) && isfinite(slope) && isfinite(h));
        if (kind == THWK_LOGISTIC) {
          double want = z < 0 ? -z : exp(-z);
          assert_true(fabs(f - want) <= 1e-14 * want + 1e-300);
          assert_true(fabs(slope + (z < 0 ? 1 : exp(-z))) <= 1e-14);
        }
        z = (double)NAN;
        assert_true(isnan(thwk_linear_at(t)->loss(&l, 1, &z, &y, &slope)));
        assert_true(isnan(slope));
      }
}

/* ---- the same bits at any number of threads --------------------------------------------------
 */

static void set_threads(int n) {
  tw_pool_threads(n);
}

static void threads_do_not_change_bits(void **state) {
  (void)state;
  static const int counts[] = {1, 2, 3, 8};
  for (int i = 0; i < CASES; i++)
    for (uint32_t layout = THW_ROWS_DENSE; layout <= THW_ROWS_CSR; layout++) {
      workshop w;
      open_workshop(
          &w, &cases[i],
          (fixture_shape){.n = 6007, .d = 37, .density = 0.5, .layout = layout, .dtype = THW_F64});
      thw_batch *b;
      fixture_take(w.f, 0, 6007, NULL, 0, &b);
      size_t bytes = (size_t)w.x.n * sizeof(double);
      double f[4], *keep = calloc(3, bytes);
      const thw_model_ops *o = ops_of(&w.m);
      for (int t = 0; t < 4; t++) {
        set_threads(counts[t]);
        assert_int_equal(o->eval(w.m.object.self, &w.x, b, &f[t], &w.g), THW_OK);
        assert_int_equal(o->diff(w.m.object.self, &w.x, &w.y, b, &w.h), THW_OK);
        assert_int_equal(o->hvp(w.m.object.self, &w.x, &w.y, b, &w.t), THW_OK);
        thw_view *got[3] = {&w.g, &w.h, &w.t};
        for (int q = 0; q < 3; q++) {
          if (t == 0) memcpy(keep + q * w.x.n, got[q]->data, bytes);
          assert_memory_equal(keep + q * w.x.n, got[q]->data, bytes);
        }
        assert_true(f[t] == f[0]);
      }
      free(keep);
      fixture_release(w.f, b);
      close_workshop(&w);
    }
  set_threads(2);
}

static void single_and_double_agree(void **state) {
  (void)state;
  for (int i = 0; i < CASES; i++)
    for (uint32_t layout = THW_ROWS_DENSE; layout <= THW_ROWS_CSR; layout++) {
      fixture_shape s = {.n = 3001, .d = 37, .density = 0.5, .layout = layout, .dtype = THW_F64};
      workshop wide, slim;
      double f[2];
      open_workshop(&wide, &cases[i], s);
      s.dtype = THW_F32;
      open_workshop(&slim, &cases[i], s);
      workshop *both[2] = {&wide, &slim};
      for (int t = 0; t < 2; t++) {
        thw_batch *b;
        fixture_take(both[t]->f, 0, 3001, NULL, 0, &b);
        ops_of(&both[t]->m)->eval(both[t]->m.object.self, &both[t]->x, b, &f[t], &both[t]->g);
        fixture_release(both[t]->f, b);
      }
      assert_true(fabs(f[0] - f[1]) <= 1e-6 * fabs(f[0]));
      assert_true(distance(&slim.g, &wide.g) <= 1e-6);
      close_workshop(&wide);
      close_workshop(&slim);
    }
}

/* ---- parameters, metrics, predictions --------------------------------------------------------
 */

static void c_is_liblinears(void **state) {
  (void)state;
  fixture *f = fixture_new((fixture_shape){
      .n = 40, .d = 5, .classes = 2, .density = 1, .layout = THW_ROWS_DENSE, .dtype = THW_F64});
  made a, b;
  assert_int_equal(make(&a, "linear", "logistic", THW_F64, "c=0.5", &f->source, NULL), THW_OK);
  assert_int_equal(make(&b, "linear", "logistic", THW_F64, "l2=0.05", &f->source, NULL), THW_OK);
  thw_view x = view_new(THW_F64, 5);
  view_normal(&x, 1, 1.0);
  thw_batch *all;
  double fa, fb;
  fixture_take(f, 0, 40, NULL, 0, &all);
  ops_of(&a)->eval(a.object.self, &x, all, &fa, NULL);
  ops_of(&b)->eval(b.object.self, &x, all, &fb, NULL);
  assert_true(fabs(fa - fb) <= 1e-15 * fa);
  fixture_release(f, all);
  free(x.data);
  unmake(&a);
  unmake(&b);
  fixture_free(f);
}

static void refuse(const char *id, const char *params, int64_t classes, const char *text) {
  fixture *f = fixture_new((fixture_shape){.n = 10,
                                           .d = 3,
                                           .classes = classes,
                                           .density = 1,
                                           .layout = THW_ROWS_DENSE,
                                           .dtype = THW_F64});
  made m;
  assert_true(make(&m, "linear", id, THW_F64, params, &f->source, NULL) < 0);
  assert_string_equal(m.error, text);
  unmake(&m);
  fixture_free(f);
}

static void what_does_not_fit_is_refused(void **state) {
  (void)state;
  refuse("logistic", "l2=1 c=1", 2,
         "l2 and c are two ways to say the same thing: give one of them (l2 = 1/(c n))");
  refuse("logistic", "", 0,
         "the labels are real numbers, not classes: use least-squares or geman-mcclure");
  refuse("sigmoid", "", 3, "sigmoid tells two classes apart, the source has 3: use logistic");
  refuse("squared-hinge", "", 1, "all labels are the same: there is nothing to tell apart");
  fixture *f = fixture_new((fixture_shape){
      .n = 10, .d = 3, .classes = 2, .density = 1, .layout = THW_ROWS_DENSE, .dtype = THW_F64});
  made m;
  assert_int_equal(make(&m, "linear", "logistic", THW_F64, "", &f->source, NULL), THW_OK);
  thw_view x = view_new(THW_F64, 3);
  view_normal(&x, 1, 1.0);
  thw_batch *b;
  double v;
  fixture_take(f, 0, 10, NULL, 0, &b);
  f->rows.width = 4;
  assert_int_equal(ops_of(&m)->eval(m.object.self, &x, b, &v, NULL), THW_E_ARG);
  f->rows.width = 3;
  f->rows.label = NULL;
  assert_int_equal(ops_of(&m)->eval(m.object.self, &x, b, &v, NULL), THW_E_ARG);
  double p[30];
  assert_int_equal(ops_of(&m)->predict(m.object.self, &x, b, p), THW_OK);
  fixture_release(f, b);
  free(x.data);
  unmake(&m);
  fixture_free(f);
}

static void check_scores(workshop *w) {
  const model_case *c = w->c;
  const fixture *f = w->f;
  int64_t n = f->shape.n, k = c->classes > 2 && strncmp(c->id, "logistic", 8) == 0 ? c->classes : 1;
  thw_layout l = {.size = sizeof l};
  ops_of(&w->m)->layout(w->m.object.self, &l);
  double *out = calloc((size_t)(n * l.n_outputs), sizeof *out), metric[2], a = 0, mae = 0;
  thw_batch *b;
  fixture_take(w->f, 0, n, NULL, 0, &b);
  assert_int_equal(ops_of(&w->m)->measure(w->m.object.self, &w->x, b, metric), THW_OK);
  assert_int_equal(ops_of(&w->m)->predict(w->m.object.self, &w->x, b, out), THW_OK);
  for (int64_t i = 0; i < n; i++) {
    const double *row = out + i * l.n_outputs;
    int64_t best = 0;
    double z0 = (double)margin(c, f, &w->x, i, 0, k), top = z0, sum = 0;
    if (strcmp(l.output_name[0], "value") == 0) {
      assert_true(fabs(row[0] - z0) <= 1e-13 * (1 + fabs(z0)));
      a += pow(z0 - f->y[i], 2);
      mae += fabs(z0 - f->y[i]);
      continue;
    }
    for (int64_t q = 1; q < k; q++)
      if ((double)margin(c, f, &w->x, i, q, k) > top)
        top = (double)margin(c, f, &w->x, i, best = q, k);
    if (k == 1) best = z0 > 0;
    assert_true(row[0] == (double)best);
    a += best == f->label[i];
    if (strncmp(c->id, "logistic", 8) != 0) continue;
    for (uint32_t q = 1; q < l.n_outputs; q++) sum += row[q];
    assert_true(fabs(sum - 1) <= 1e-14);
    double p = k == 1 ? 1 / (1 + exp(-z0)) : 0;
    if (k == 1) assert_true(fabs(row[2] - p) <= 1e-14);
    /* the largest probability is the label's */
    for (uint32_t q = 1; q < l.n_outputs; q++) assert_true(row[q] <= row[1 + best]);
  }
  assert_true(fabs(metric[0] - a / (double)n) <= 1e-12 * (1 + a / (double)n));
  if (l.n_metrics == 2) assert_true(fabs(metric[1] - mae / (double)n) <= 1e-12 * (1 + metric[1]));
  fixture_release(w->f, b);
  free(out);
}

static void metrics_and_predictions_match(void **state) {
  (void)state;
  for (int i = 0; i < CASES; i++)
    for (uint32_t layout = THW_ROWS_DENSE; layout <= THW_ROWS_CSR; layout++) {
      workshop w;
      open_workshop(
          &w, &cases[i],
          (fixture_shape){.n = 1501, .d = 21, .density = 0.5, .layout = layout, .dtype = THW_F64});
      check_scores(&w);
      close_workshop(&w);
    }
}

/* A result may land on the point it was computed at. */
static void gradient_may_overwrite_the_point(void **state) {
  (void)state;
  for (int i = 0; i < CASES; i++) {
    workshop w;
    open_workshop(
        &w, &cases[i],
        (fixture_shape){.n = 31, .d = 7, .density = 0.5, .layout = THW_ROWS_CSR, .dtype = THW_F64});
    thw_batch *b;
    fixture_take(w.f, 0, 31, NULL, 0, &b);
    double f, f2;
    ops_of(&w.m)->eval(w.m.object.self, &w.x, b, &f, &w.g);
    ops_of(&w.m)->eval(w.m.object.self, &w.x, b, &f2, &w.x);
    assert_true(f == f2);
    assert_memory_equal(w.x.data, w.g.data, (size_t)w.x.n * sizeof(double));
    fixture_release(w.f, b);
    close_workshop(&w);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(exp_and_log1p_are_accurate),
      cmocka_unit_test(losses_and_derivatives_are_right),
      cmocka_unit_test(extreme_margins_stay_finite),
      cmocka_unit_test(threads_do_not_change_bits),
      cmocka_unit_test(single_and_double_agree),
      cmocka_unit_test(c_is_liblinears),
      cmocka_unit_test(what_does_not_fit_is_refused),
      cmocka_unit_test(metrics_and_predictions_match),
      cmocka_unit_test(gradient_may_overwrite_the_point),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
