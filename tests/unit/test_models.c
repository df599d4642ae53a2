/* SPDX-License-Identifier: BSD-3-Clause */
/* The linear models against losses written down anew, central differences, and each other: dense
 * and sparse, single and double, with and without intercept, at any number of threads. */
#include "core/pool.h"
#include "tests/unit/linear_fixture.h"

#include "kernels/linear/linear.h"

static const thw_model_ops *ops_of(const made *m) {
  return m->object.ops;
}

static int64_t parameters(const made *m) {
  thw_layout l = {.size = sizeof l};
  assert_int_equal(ops_of(m)->layout(m->object.self, &l), THW_OK);
  return l.n;
}

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

/* ---- losses, written down anew ---------------------------------------------------------------
 */

typedef struct model_case {
  const char *id, *params;
  int64_t classes;
  int intercept;
  long double l2, nonconvex, scale;
} model_case;

static const model_case cases[] = {
    {"least-squares", "l2=0.1", 0, 0, 0.1L, 0, 1},
    {"least-squares", "l2=0.1 intercept=1", 0, 1, 0.1L, 0, 1},
    {"least-squares", "nonconvex=0.3 intercept=1", 3, 1, 0, 0.3L, 1},
    {"geman-mcclure", "scale=0.7 intercept=1", 0, 1, 0, 0, 0.7L},
    {"geman-mcclure", "l2=0.01", 0, 0, 0.01L, 0, 1},
    {"logistic", "l2=0.02", 2, 0, 0.02L, 0, 1},
    {"logistic", "l2=0.02 intercept=1", 2, 1, 0.02L, 0, 1},
    {"logistic", "l2=0.02 intercept=1", 3, 1, 0.02L, 0, 1},
    {"logistic", "nonconvex=0.2", 5, 0, 0, 0.2L, 1},
    {"logistic-nonconvex", "intercept=1", 2, 1, 0, 0.1L, 1},
    {"logistic-nonconvex", "intercept=1 l2=0.3", 9, 1, 0.3L, 0.1L, 1},
    {"sigmoid", "l2=0.05 intercept=1", 2, 1, 0.05L, 0, 1},
    {"squared-hinge", "l2=0.05", 2, 0, 0.05L, 0, 1},
    {"squared-hinge", "l2=0.05 intercept=1", 2, 1, 0.05L, 0, 1},
};
enum { CASES = sizeof cases / sizeof cases[0] };

static long double margin(const model_case *c, const fixture *f, const thw_view *x, int64_t i,
                          int64_t q, int64_t k) {
  int64_t d = f->shape.d;
  long double z = c->intercept ? (long double)view_at(x, k * d + q) : 0;
  for (int64_t j = 0; j < d; j++)
    z += (long double)f->a[i * d + j] * (long double)view_at(x, q * d + j);
  return z;
}

static long double plain_loss(const model_case *c, const fixture *f, const thw_view *x, int64_t i) {
  int64_t k = c->classes > 2 && strncmp(c->id, "logistic", 8) == 0 ? c->classes : 1;
  long double z = margin(c, f, x, i, 0, k), y = (long double)f->y[i];
  long double s = f->label[i] ? 1 : -1, t = z - y, sum = 0;
  if (k > 1) {
    for (int64_t q = 0; q < k; q++) sum += expl(margin(c, f, x, i, q, k));
    return logl(sum) - margin(c, f, x, i, f->label[i], k);
  }
  if (strcmp(c->id, "least-squares") == 0) return t * t / 2;
  if (strcmp(c->id, "geman-mcclure") == 0) return t * t / (2 * (1 + t * t / (c->scale * c->scale)));
  if (strcmp(c->id, "sigmoid") == 0) return 1 / (1 + expl(s * z));
  if (strcmp(c->id, "squared-hinge") == 0) return s * z < 1 ? (1 - s * z) * (1 - s * z) : 0;
  return logl(1 + expl(-s * z));
}

static long double plain_value(const model_case *c, const fixture *f, const thw_view *x,
                               const thw_batch *b) {
  int64_t k = c->classes > 2 && strncmp(c->id, "logistic", 8) == 0 ? c->classes : 1;
  long double sum = 0, reg = 0;
  for (int64_t i = 0; i < b->n; i++) sum += plain_loss(c, f, x, thw_batch_row(b, i));
  for (int64_t j = 0; j < k * f->shape.d; j++) {
    long double w = (long double)view_at(x, j);
    reg += c->l2 / 2 * w * w + c->nonconvex * w * w / (1 + w * w);
  }
  return sum / (long double)b->n + reg;
}

typedef struct workshop {
  const model_case *c;
  fixture *f;
  made m;
  thw_view x, y, g, h, t;
} workshop;

static void open_workshop(workshop *w, const model_case *c, fixture_shape s) {
  s.classes = c->classes;
  w->c = c;
  w->f = fixture_new(s);
  if (make(&w->m, "linear", c->id, s.dtype, c->params, &w->f->source, NULL) != THW_OK)
    fail_msg("%s: %s", c->id, w->m.error);
  int64_t n = parameters(&w->m);
  thw_view *all[] = {&w->x, &w->y, &w->g, &w->h, &w->t};
  for (int i = 0; i < 5; i++) {
    *all[i] = view_new(s.dtype, n);
    view_normal(all[i], (uint32_t)i, 0.3);
  }
}

static void close_workshop(workshop *w) {
  thw_view *all[] = {&w->x, &w->y, &w->g, &w->h, &w->t};
  for (int i = 0; i < 5; i++) free(all[i]->data);
  unmake(&w->m);
  fixture_free(w->f);
}

/* Every third row backwards, some twice: a batch by index. */
static void some_rows(const fixture *f, int64_t *index, int64_t n) {
  for (int64_t i = 0; i < n; i++) index[i] = (f->shape.n - 1 - 3 * (i / 2 * 2)) % f->shape.n;
}

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

/* ---- facts -----------------------------------------------------------------------------------
 */

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

/* ---- parameters, metrics, predictions --------------------------------------------------------
 */

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
      cmocka_unit_test(facts_are_bounds),
      cmocka_unit_test(hessian_constant_and_convexity_hold),
      cmocka_unit_test(variance_of_hessians_is_a_close_bound),
      cmocka_unit_test(floor_is_a_lower_bound),
      cmocka_unit_test(c_is_liblinears),
      cmocka_unit_test(what_does_not_fit_is_refused),
      cmocka_unit_test(metrics_and_predictions_match),
      cmocka_unit_test(gradient_may_overwrite_the_point),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
