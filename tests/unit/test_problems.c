/* SPDX-License-Identifier: BSD-3-Clause */
/* The problems with known saddles against what is known of them, written down anew: gradients,
 * Hessians, spectra, values at saddles and minima, the law of the noise, constants. */
#include "core/pool.h"
#include "tests/problems/model.h"
#include "tests/problems/reduce.h"
#include "tests/unit/open_source.h"

#include "tests/unit/linear_fixture.h"

/* ---- a problem with its rows -------------------------------------------------------------------
 */

typedef struct numbers {
  thw_object object;
  thw_rows rows;
} numbers;

static thw_status numbers_sets(void *self, uint32_t *n) {
  (void)self;
  *n = 1;
  return THW_OK;
}

static thw_status numbers_info(void *self, uint32_t set, thw_source_info *out) {
  (void)set;
  *out = (thw_source_info){.size = out->size, .n = ((numbers *)self)->rows.n, .set = "train"};
  return THW_OK;
}

static const thw_source_ops numbers_ops = {sizeof numbers_ops, 0,    numbers_sets,
                                           numbers_info,       NULL, NULL};

typedef struct bench {
  numbers source;
  made m;
  const thw_model_ops *ops;
  void *self;
  int64_t d;
  thw_view x, y, g, h, t;
} bench;

static void open_bench(bench *b, const char *id, int64_t n, uint32_t dtype, const char *params) {
  b->source.rows = (thw_rows){.size = sizeof(thw_rows), .dtype = dtype, .n = n};
  b->source.object =
      (thw_object){sizeof b->source.object, THW_SOURCE, &numbers_ops, &b->source, NULL};
  if (make(&b->m, "problems", id, dtype, params, &b->source.object, NULL) != THW_OK)
    fail_msg("%s %s: %s", id, params, b->m.error);
  b->ops = b->m.object.ops;
  b->self = b->m.object.self;
  thw_layout l = {.size = sizeof l};
  assert_int_equal(b->ops->layout(b->self, &l), THW_OK);
  b->d = l.n;
  thw_view *all[] = {&b->x, &b->y, &b->g, &b->h, &b->t};
  for (int i = 0; i < 5; i++) {
    *all[i] = view_new(dtype, b->d);
    view_normal(all[i], (uint32_t)i + 1, 0.4);
  }
}

static void close_bench(bench *b) {
  thw_view *all[] = {&b->x, &b->y, &b->g, &b->h, &b->t};
  for (int i = 0; i < 5; i++) free(all[i]->data);
  unmake(&b->m);
}

static thw_batch rows(const bench *b, int64_t first, int64_t n) {
  return (thw_batch){.size = sizeof(thw_batch), .n = n, .first = first, .rows = &b->source.rows};
}

static double value(const bench *b, const thw_view *x, const thw_batch *batch, thw_view *g) {
  double f;
  assert_int_equal(b->ops->eval(b->self, x, batch, &f, g), THW_OK);
  return f;
}

static double norm(const thw_view *v) {
  double s = 0;
  for (int64_t i = 0; i < v->n; i++) s += view_at(v, i) * view_at(v, i);
  return sqrt(s);
}

static void start(bench *b) {
  thw_rng r;
  assert_int_equal(tw_host.rng(b->m.ctx, "init", &r), THW_OK);
  assert_int_equal(b->ops->init(b->self, &b->x, &r), THW_OK);
}

/* The Hessian of the batch at x, column by column by products. */
static double *hessian(bench *b, const thw_view *x, const thw_batch *batch) {
  double *h = tp_doubles(b->d * b->d);
  for (int64_t j = 0; j < b->d; j++) {
    for (int64_t i = 0; i < b->d; i++) view_set(&b->t, i, i == j);
    assert_int_equal(b->ops->hvp(b->self, x, &b->t, batch, &b->h), THW_OK);
    for (int64_t i = 0; i < b->d; i++) h[i * b->d + j] = view_at(&b->h, i);
  }
  return h;
}

static double least(bench *b, const thw_view *x, const thw_batch *batch) {
  double *h = hessian(b, x, batch), z = tp_least_eigenvalue(b->d, h);
  free(h);
  return z;
}

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

/* ---- what is known of each ----------------------------------------------------------------------
 */

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
      cmocka_unit_test(quartic_has_its_spectrum),
      cmocka_unit_test(noise_has_its_variance),
      cmocka_unit_test(streams_make_the_same_rows),
      cmocka_unit_test(factorisation_is_what_it_says),
      cmocka_unit_test(tensor_has_its_saddles),
      cmocka_unit_test(staircase_has_its_saddles),
      cmocka_unit_test(sensing_is_what_it_says),
      cmocka_unit_test(phase_starts_where_nothing_moves),
      cmocka_unit_test(layer_keeps_its_symmetry),
      cmocka_unit_test(constants_hold),
      cmocka_unit_test(misuse_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
