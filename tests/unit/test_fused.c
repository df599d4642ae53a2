/* SPDX-License-Identifier: BSD-3-Clause */
/* The fused variance-reduced loop against the same steps made one by one, and the loops of each
 * instruction set against each other. */
#include "tests/unit/linear_fixture.h"

#include "kernels/linear/linear.h"

typedef struct fused_case {
  const char *id, *params;
  int64_t classes, b;
  double step, shift;
  int sum;
} fused_case;

static const fused_case cases[] = {
    {"logistic", "l2=0.01", 2, 1, 0.05, 0, 0},
    {"logistic", "l2=0.01 intercept=1", 2, 1, 0.05, 0, 1},
    {"logistic", "l2=0.01 intercept=1", 2, 16, 0.2, 0.3, 1},
    {"logistic", "", 2, 7, 0.1, 0, 1},
    {"least-squares", "l2=0.1", 0, 1, 0.005, 0, 1},
    {"least-squares", "intercept=1", 0, 5, 0.01, 1.0, 1},
    {"squared-hinge", "l2=0.02 intercept=1", 2, 1, 0.01, 0, 1},
    {"squared-hinge", "l2=0.02", 2, 9, 0.02, 0.5, 0},
    {"sigmoid", "l2=0.02 intercept=1", 2, 1, 0.1, 0, 1},
    {"geman-mcclure", "scale=0.8 intercept=1", 0, 1, 0.02, 2.0, 1},
    {"geman-mcclure", "l2=0.5", 0, 3, 1.5, 0, 1}, /* keep = 0.25: many foldings */
    {"logistic-nonconvex", "nonconvex=0.3 intercept=1", 2, 1, 0.1, 0, 1},
    {"logistic-nonconvex", "nonconvex=0.2 l2=0.01", 2, 16, 0.2, 0.3, 1},
    {"sigmoid", "nonconvex=0.5", 2, 1, 0.5, 0, 0},
    {"least-squares", "nonconvex=0.1 intercept=1", 0, 5, 0.01, 1.0, 1},
    {"logistic", "l2=0.01 intercept=1", 3, 1, 0.1, 0, 1},
    {"logistic", "l2=0.02 intercept=1", 10, 16, 0.2, 0.3, 1},
    {"logistic", "", 4, 1, 0.1, 0, 0},
    {"logistic", "l2=0.5", 5, 3, 1.5, 0, 1},
    {"logistic-nonconvex", "nonconvex=0.3 intercept=1", 5, 1, 0.1, 0.5, 1},
    {"logistic-nonconvex", "nonconvex=0.2", 8, 9, 0.2, 0, 1},
};
enum { CASES = sizeof cases / sizeof cases[0] };

typedef struct bench {
  const fused_case *c;
  fixture *f;
  made m;
  const thw_model_ops *o;
  void *self;
  thw_view s, mu, centre, x, sum, d, xf, sumf;
  int64_t m_steps;
  int64_t *index;
} bench;

static void open_bench(bench *w, const fused_case *c, fixture_shape shape) {
  shape.classes = c->classes;
  *w = (bench){.c = c, .f = fixture_new(shape)};
  assert_int_equal(make(&w->m, "linear", c->id, shape.dtype, c->params, &w->f->source, NULL),
                   THW_OK);
  w->o = w->m.object.ops;
  w->self = w->m.object.self;
  thw_layout l = {.size = sizeof l};
  assert_int_equal(w->o->layout(w->self, &l), THW_OK);
  thw_view *all[] = {&w->s, &w->mu, &w->centre, &w->x, &w->sum, &w->d, &w->xf, &w->sumf};
  for (uint32_t i = 0; i < 8; i++) {
    *all[i] = view_new(shape.dtype, l.n);
    view_normal(all[i], i, 0.3);
  }
  size_t bytes = (size_t)l.n * (shape.dtype == THW_F32 ? 4 : 8);
  memcpy(w->xf.data, w->x.data, bytes);
  memcpy(w->sumf.data, w->sum.data, bytes);
  w->m_steps = 2 * shape.n / c->b;
  w->index = calloc((size_t)(w->m_steps * c->b), sizeof *w->index);
  thw_rng r = {.key = {4, 4}};
  for (int64_t i = 0; i < w->m_steps * c->b; i++) w->index[i] = thw_rng_index(&r, shape.n);
}

static void close_bench(bench *w) {
  thw_view *all[] = {&w->s, &w->mu, &w->centre, &w->x, &w->sum, &w->d, &w->xf, &w->sumf};
  for (int i = 0; i < 8; i++) free(all[i]->data);
  free(w->index);
  unmake(&w->m);
  fixture_free(w->f);
}

/* x = x - step (g_I(x) - g_I(s) + mu + shift (x - centre)), in double, by the model's diff. */
static void plain_steps(bench *w) {
  const fused_case *c = w->c;
  for (int64_t t = 0; t < w->m_steps; t++) {
    thw_batch *b;
    fixture_take(w->f, 0, c->b, w->index + t * c->b, 0, &b);
    assert_int_equal(w->o->diff(w->self, &w->x, &w->s, b, &w->d), THW_OK);
    fixture_release(w->f, b);
    for (int64_t j = 0; j < w->x.n; j++) {
      double x = view_at(&w->x, j);
      double v = view_at(&w->d, j) + view_at(&w->mu, j) + c->shift * (x - view_at(&w->centre, j));
      view_set(&w->sum, j, view_at(&w->sum, j) + x);
      view_set(&w->x, j, x - c->step * v);
    }
  }
}

static void check_case(const fused_case *c, uint32_t layout, uint32_t dtype, int unit) {
  bench w;
  open_bench(
      &w, c,
      (fixture_shape){
          .n = 700, .d = 53, .density = 0.2, .unit = unit, .layout = layout, .dtype = dtype});
  const thw_vr_model *vr = w.m.component->ext(w.self, THW_EXT_VR_MODEL);
  assert_non_null(vr);
  thw_batch *all;
  fixture_take(w.f, 0, 700, NULL, 0, &all);
  void *snapshot = NULL;
  assert_int_equal(vr->prepare(w.self, &w.s, all, &w.mu, &snapshot), THW_OK);
  assert_int_equal(w.o->eval(w.self, &w.s, all, NULL, &w.d), THW_OK);
  assert_true(distance(&w.mu, &w.d) == 0);
  plain_steps(&w);
  thw_status s =
      vr->loop(w.self, snapshot, &w.xf, &w.s, &w.mu, c->step, c->shift,
               c->shift > 0 ? &w.centre : NULL, w.m_steps, c->b, w.index, c->sum ? &w.sumf : NULL);
  assert_int_equal(s, THW_OK);
  double tol = dtype == THW_F32 ? 2e-5 : 1e-9;
  if (!(distance(&w.xf, &w.x) <= tol))
    fail_msg("%s %s b=%d: the paths differ by %g", c->id, c->params, (int)c->b,
             distance(&w.xf, &w.x));
  if (c->sum && !(distance(&w.sumf, &w.sum) <= tol))
    fail_msg("%s %s b=%d: the sums differ by %g", c->id, c->params, (int)c->b,
             distance(&w.sumf, &w.sum));
  vr->drop(w.self, snapshot);
  fixture_release(w.f, all);
  close_bench(&w);
}

static void fused_and_plain_follow_the_same_path(void **state) {
  (void)state;
  for (int i = 0; i < CASES; i++)
    for (uint32_t dtype = THW_F32; dtype <= THW_F64; dtype++) {
      check_case(&cases[i], THW_ROWS_DENSE, dtype, 0);
      check_case(&cases[i], THW_ROWS_CSR, dtype, 0);
      check_case(&cases[i], THW_ROWS_CSR, dtype, 1);
    }
}

/* Two snapshots at once, used in turn, each with its own slopes. */
static void snapshots_do_not_disturb_each_other(void **state) {
  (void)state;
  bench w;
  open_bench(
      &w, &cases[0],
      (fixture_shape){.n = 300, .d = 20, .density = 0.5, .layout = THW_ROWS_CSR, .dtype = THW_F64});
  const thw_vr_model *vr = w.m.component->ext(w.self, THW_EXT_VR_MODEL);
  size_t bytes = (size_t)w.x.n * sizeof(double);
  thw_batch *all;
  fixture_take(w.f, 0, 300, NULL, 0, &all);
  void *first, *second, *third;
  assert_int_equal(vr->prepare(w.self, &w.s, all, &w.mu, &first), THW_OK);
  assert_int_equal(vr->prepare(w.self, &w.centre, all, &w.sum, &second), THW_OK);
  vr->loop(w.self, first, &w.x, &w.s, &w.mu, 0.05, 0, NULL, 300, 1, w.index, NULL);
  vr->drop(w.self, first);
  vr->drop(w.self, second);
  assert_int_equal(vr->prepare(w.self, &w.s, all, &w.mu, &third), THW_OK);
  vr->loop(w.self, third, &w.xf, &w.s, &w.mu, 0.05, 0, NULL, 300, 1, w.index, NULL);
  assert_memory_equal(w.x.data, w.xf.data, bytes);
  vr->drop(w.self, third);
  fixture_release(w.f, all);
  close_bench(&w);
}

static void what_cannot_be_fused_says_so(void **state) {
  (void)state;
  bench w;
  static const fused_case large = {"logistic", "l2=1.0", 2, 1, 1.0, 0, 0};
  open_bench(
      &w, &large,
      (fixture_shape){.n = 30, .d = 4, .density = 1, .layout = THW_ROWS_CSR, .dtype = THW_F64});
  const thw_vr_model *vr = w.m.component->ext(w.self, THW_EXT_VR_MODEL);
  thw_batch *all;
  void *snapshot;
  size_t bytes = (size_t)w.x.n * sizeof(double);
  fixture_take(w.f, 0, 30, NULL, 0, &all);
  vr->prepare(w.self, &w.s, all, &w.mu, &snapshot);
  assert_int_equal(
      vr->loop(w.self, snapshot, &w.xf, &w.s, &w.mu, 1.0, 0, NULL, 5, 1, w.index, NULL),
      THW_E_UNSUPPORTED);
  assert_memory_equal(w.x.data, w.xf.data, bytes);
  vr->drop(w.self, snapshot);
  fixture_release(w.f, all);
  close_bench(&w);
}

/* ---- instruction sets ------------------------------------------------------------------------
 */

static double gap(const double *a, const double *b, int64_t n) {
  double s = 0, t = 0;
  for (int64_t i = 0; i < n; i++) {
    s += (a[i] - b[i]) * (a[i] - b[i]);
    t += b[i] * b[i];
  }
  return sqrt(s / t);
}

enum { N = 203, D = 37, KP = 8 };

/* All kernels over one set of rows, results one after the other in `out`; their number. */
static int64_t run_kernels(const thwk_linear *k, const fixture *f, int unit_b, double *out) {
  static double w[D * KP], pair[2 * D], lag[D], drift[D], delta[8], slope[N];
  static int64_t index[120];
  thw_rng r = {.key = {8, 8}};
  double *p = out;
  thw_batch b = {.size = sizeof b, .n = N, .rows = &f->rows};
  for (int i = 0; i < D * KP; i++) w[i] = thw_rng_normal(&r);
  for (int i = 0; i < N; i++) slope[i] = 0.1 * thw_rng_normal(&r);
  for (int i = 0; i < D; i++) drift[i] = 0.01 * w[D + i];
  for (int i = 0; i < 120; i++) index[i] = thw_rng_index(&r, N);
  k->margins(&b, 0, N, D, w, p);
  memset(p + N, 0, D * sizeof *p);
  k->scatter(&b, 0, N, D, p, p + N);
  p += N + D;
  if (f->rows.layout == THW_ROWS_CSR) {
    k->margins_k(&b, 0, N, KP, w, p);
    memset(p + N * KP, 0, D * KP * sizeof *p);
    k->scatter_k(&b, 0, N, KP, p, p + N * KP);
    p += (N + D) * KP;
  }
  for (int kind = 0; kind < THWK_LOSSES; kind++) {
    thwk_vr v = {.rows = &f->rows,
                 .loss = {kind, 1.0},
                 .y = f->y,
                 .slope = slope,
                 .d = D,
                 .b = unit_b ? 1 : 8,
                 .index = index,
                 .step = 0.05,
                 .keep = 0.99,
                 .x = p,
                 .drift = drift,
                 .sum = p + D,
                 .intercept = 1,
                 .x0 = 0.3,
                 .keep0 = 1.0,
                 .drift0 = 0.01,
                 .pair = pair,
                 .lag = lag,
                 .delta = delta};
    v.m = 120 / v.b;
    memcpy(p, w, D * sizeof *p);
    memset(p + D, 0, D * sizeof *p);
    if (f->rows.layout == THW_ROWS_CSR)
      k->vr_csr(&v);
    else
      k->vr_dense(&v);
    p += 2 * D;
    *p++ = v.x0;
    *p++ = v.sum0;
  }
  return p - out;
}

static void instruction_sets_agree(void **state) {
  (void)state;
  static double want[(N + D) * (KP + 1) + 5 * (2 * D + 2)],
      got[(N + D) * (KP + 1) + 5 * (2 * D + 2)];
  for (uint32_t dtype = THW_F32; dtype <= THW_F64; dtype++)
    for (uint32_t layout = THW_ROWS_DENSE; layout <= THW_ROWS_CSR; layout++)
      for (int unit = 0; unit < 4; unit++) {
        fixture *f = fixture_new((fixture_shape){.n = N,
                                                 .d = D,
                                                 .classes = 0,
                                                 .density = 0.4,
                                                 .unit = unit & 1,
                                                 .layout = layout,
                                                 .dtype = dtype});
        int64_t n = run_kernels(thwk_linear_at(0), f, unit >> 1, want);
        for (int t = 1; thwk_linear_at(t); t++) {
          assert_int_equal(run_kernels(thwk_linear_at(t), f, unit >> 1, got), n);
          assert_true(gap(got, want, n) <= 1e-12);
        }
        fixture_free(f);
      }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(fused_and_plain_follow_the_same_path),
      cmocka_unit_test(snapshots_do_not_disturb_each_other),
      cmocka_unit_test(what_cannot_be_fused_says_so),
      cmocka_unit_test(instruction_sets_agree),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
