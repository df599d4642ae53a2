/* SPDX-License-Identifier: BSD-3-Clause */
/* The recurrent models: gradients against the papers' double sum, tangents and Hessian products
 * against differences, padding, precisions, threads, carried states. */
#include "core/pool.h"
#include "tests/unit/seq_fixture.h"

static const thw_model_ops *ops_of(const made *m) {
  return m->object.ops;
}

static thw_layout layout_of(const made *m) {
  thw_layout l = {.size = sizeof l};
  assert_int_equal(ops_of(m)->layout(m->object.self, &l), THW_OK);
  return l;
}

/* All under one name: the initial weights are functions of it. */
static void open_model(made *m, const char *id, const char *params, seq *s) {
  make_path = "model";
  if (make(m, "recurrent", id, s->dtype, params, &s->source, NULL) != THW_OK)
    fail_msg("%s: %s", id, m->error);
}

static thw_batch all_of(const seq *s) {
  return (thw_batch){.size = sizeof(thw_batch), .n = s->n, .rows = &s->rows};
}

static double value(const made *m, const thw_view *x, const thw_batch *b, thw_view *g) {
  double f = (double)NAN;
  assert_int_equal(ops_of(m)->eval(m->object.self, x, b, &f, g), THW_OK);
  return f;
}

static void start(const made *m, thw_view *x) {
  thw_rng r = {.key = {1, 1}};
  assert_int_equal(ops_of(m)->init(m->object.self, x, &r), THW_OK);
}

/* ---- the double sum --------------------------------------------------------------------------
 *
 * grad W = sum over a in S and l < a of D_{l+1} Back_{l+1 -> a}' e_a h_l', with the matrices
 * Back_{l -> a} = Bo D_a W ... D_{l+1} W formed one by one. */

enum { M = 16, DX = 5, D = 3, LEN = 6, N = 4 };

typedef struct net {
  const double *w, *a, *bo;
} net;

static void states(const net *p, const double *x, double h[LEN + 1][M]) {
  memset(h[0], 0, sizeof h[0]);
  for (int l = 1; l <= LEN; l++)
    for (int i = 0; i < M; i++) {
      double g = 0;
      for (int j = 0; j < M; j++) g += p->w[i * M + j] * h[l - 1][j];
      for (int j = 0; j < DX; j++) g += p->a[i * DX + j] * x[(l - 1) * DX + j];
      h[l][i] = g > 0 ? g : 0;
    }
}

/* back (d x m) := back D_l W, the step from l to l - 1 */
static void go_back(const net *p, double back[D][M], const double *h) {
  double next[D][M] = {{0}};
  for (int o = 0; o < D; o++)
    for (int i = 0; i < M; i++)
      for (int j = 0; j < M; j++)
        if (h[i] > 0) next[o][j] += back[o][i] * p->w[i * M + j];
  memcpy(back, next, sizeof next);
}

static void add_double_sum(const net *p, const double *x, const double *t, double *g) {
  double h[LEN + 1][M];
  states(p, x, h);
  for (int a = 2; a <= LEN; a++) {
    double e[D], back[D][M];
    for (int o = 0; o < D; o++) {
      e[o] = -t[(a - 1) * D + o];
      for (int j = 0; j < M; j++) e[o] += p->bo[o * M + j] * h[a][j];
      memcpy(back[o], p->bo + o * M, sizeof back[o]);
    }
    for (int l = a - 1; l >= 1; l--) {
      for (int i = 0; i < M; i++) {
        double s = 0;
        for (int o = 0; o < D; o++) s += back[o][i] * e[o];
        for (int j = 0; j < M && h[l + 1][i] > 0; j++) g[i * M + j] += s * h[l][j];
      }
      go_back(p, back, h[l + 1]);
    }
  }
}

static void gradient_is_the_double_sum(void **state) {
  (void)state;
  seq *s = seq_new(N, LEN, 0, DX, D, THW_F64);
  made m;
  open_model(&m, "rnn", "hidden=16 train=W,A,Bo", s);
  thw_layout lay = layout_of(&m);
  thw_view x = view_new(THW_F64, lay.n), g = view_new(THW_F64, lay.n);
  thw_batch b = all_of(s);
  start(&m, &x);
  value(&m, &x, &b, &g);
  const double *v = x.data, *got = g.data;
  net p = {v, v + M * M, v + M * M + M * DX};
  double want[M * M] = {0}, apart = 0, size = 0;
  for (int i = 0; i < N; i++) add_double_sum(&p, s->x + i * LEN * DX, s->y + i * LEN * D, want);
  for (int i = 0; i < M * M; i++) {
    apart = fmax(apart, fabs(got[i] - want[i] / N));
    size = fmax(size, fabs(want[i] / N));
  }
  assert_true(size > 0);
  if (!(apart <= 1e-12 * size)) fail_msg("relative error %g", apart / size);
  free(x.data);
  free(g.data);
  unmake(&m);
  seq_free(s);
}

/* ---- tangents: the linearised network ---------------------------------------------------------
 */

/* rnn-linear under the name of the network has its initial weights, so that the two can be held
 * against each other: the linearisation is J V, the derivative of the outputs. */
static void linearisation_is_the_derivative(void **state) {
  (void)state;
  seq *s = seq_new(N, LEN, 0, DX, D, THW_F64);
  made lin, net_;
  open_model(&lin, "rnn-linear", "hidden=16 output_scale=0.7", s);
  open_model(&net_, "rnn", "hidden=16 output_scale=0.7", s);
  thw_view v = view_new(THW_F64, M * M), w = view_new(THW_F64, M * M), y = view_new(THW_F64, M * M);
  thw_batch b = all_of(s);
  double at[N * D], lin_at[N * D], along[N * D], up[N * D], down[N * D], worst = 0, size = 0;
  const double h = 1e-6;
  view_normal(&v, 5, 0.1);
  start(&lin, &y);
  start(&net_, &w);
  ops_of(&net_)->predict(net_.object.self, &w, &b, at);
  ops_of(&lin)->predict(lin.object.self, &y, &b, lin_at);
  ops_of(&lin)->predict(lin.object.self, &v, &b, along);
  for (int i = 0; i < M * M; i++) view_set(&y, i, view_at(&w, i) + h * view_at(&v, i));
  ops_of(&net_)->predict(net_.object.self, &y, &b, up);
  for (int i = 0; i < M * M; i++) view_set(&y, i, view_at(&w, i) - h * view_at(&v, i));
  ops_of(&net_)->predict(net_.object.self, &y, &b, down);
  for (int i = 0; i < N * D; i++) {
    double want = (up[i] - down[i]) / (2 * h);
    assert_true(at[i] == lin_at[i]);
    worst = fmax(worst, fabs(along[i] - at[i] - want));
    size = fmax(size, fabs(want));
  }
  assert_true(size > 0);
  if (!(worst <= 1e-7 * size)) fail_msg("relative error %g", worst / size);
  free(v.data);
  free(w.data);
  free(y.data);
  unmake(&lin);
  unmake(&net_);
  seq_free(s);
}

/* ---- Hessian products ------------------------------------------------------------------------
 */

static void check_hvp(const char *id, const char *params) {
  seq *s = seq_new(N, LEN, 0, DX, D, THW_F64);
  made m;
  open_model(&m, id, params, s);
  int64_t n = layout_of(&m).n;
  thw_view x = view_new(THW_F64, n), v = view_new(THW_F64, n), hv = view_new(THW_F64, n);
  thw_view y = view_new(THW_F64, n), g[2] = {view_new(THW_F64, n), view_new(THW_F64, n)};
  thw_batch b = all_of(s);
  const double h = 1e-6;
  start(&m, &x);
  view_normal(&v, 3, 1 / sqrt((double)n));
  assert_int_equal(ops_of(&m)->hvp(m.object.self, &x, &v, &b, &hv), THW_OK);
  for (int k = 0; k < 2; k++) {
    for (int64_t i = 0; i < n; i++) view_set(&y, i, view_at(&x, i) + (k ? -h : h) * view_at(&v, i));
    value(&m, &y, &b, &g[k]);
  }
  for (int64_t i = 0; i < n; i++)
    view_set(&g[0], i, (view_at(&g[0], i) - view_at(&g[1], i)) / (2 * h));
  double apart = distance(&hv, &g[0]);
  if (!(apart <= 1e-7)) fail_msg("%s %s: relative error %g", id, params, apart);
  thw_view *all[] = {&x, &v, &hv, &y, &g[0], &g[1]};
  for (int i = 0; i < 6; i++) free(all[i]->data);
  unmake(&m);
  seq_free(s);
}

static void products_are_derivatives(void **state) {
  (void)state;
  check_hvp("rnn", "hidden=16 train=all bias=1");
  check_hvp("rnn", "hidden=16 train=all bias=1 activation=tanh layers=3");
  check_hvp("rnn", "hidden=16 train=W,Bo activation=tanh loss=huber output_scale=0.5");
  check_hvp("lstm", "hidden=9 layers=2");
  check_hvp("gru", "hidden=9 layers=2");
}

/* ---- padding, threads, precision -------------------------------------------------------------
 */

static const char *const variants[][2] = {
    {"rnn", "hidden=24 train=all bias=1"},
    {"rnn", "hidden=24 train=all bias=1 activation=tanh layers=2 loss_at=last"},
    {"rnn", "hidden=24 train=all centre=1"},
    {"lstm", "hidden=24 layers=2"},
    {"gru", "hidden=24 layers=2 over_steps=mean"},
};
enum { VARIANTS = sizeof variants / sizeof variants[0] };

/* What lies behind the end of a row is not felt, to the last bit. */
static void padding_is_not_felt(void **state) {
  (void)state;
  for (int k = 0; k < 2 * VARIANTS; k++) {
    uint32_t dtype = k % 2 ? THW_F32 : THW_F64;
    double f[2];
    thw_view g[2];
    for (int p = 0; p < 2; p++) {
      seq *s = seq_new(40, 7, 3 * p, DX, D, dtype);
      made m;
      open_model(&m, variants[k / 2][0], variants[k / 2][1], s);
      thw_view x = view_new(dtype, layout_of(&m).n);
      g[p] = view_new(dtype, x.n);
      thw_batch b = all_of(s);
      start(&m, &x);
      f[p] = value(&m, &x, &b, &g[p]);
      free(x.data);
      unmake(&m);
      seq_free(s);
    }
    assert_true(f[0] == f[1]);
    assert_true(distance(&g[0], &g[1]) == 0);
    free(g[0].data);
    free(g[1].data);
  }
}

/* One row shorter than the others: its share is that of the row alone. */
static void lengths_may_differ(void **state) {
  (void)state;
  for (int k = 0; k < VARIANTS; k++) {
    seq *s = seq_new(5, 7, 0, DX, D, THW_F64);
    made m;
    open_model(&m, variants[k][0], variants[k][1], s);
    for (int i = 0; i < 5; i++) s->length[i] = 3 + i;
    thw_view x = view_new(THW_F64, layout_of(&m).n);
    thw_batch b = all_of(s);
    start(&m, &x);
    double whole = value(&m, &x, &b, NULL), sum = 0;
    b.n = 1;
    for (b.first = 0; b.first < 5; b.first++) sum += value(&m, &x, &b, NULL);
    assert_true(fabs(whole - sum / 5) <= 1e-13 * fabs(whole));
    free(x.data);
    unmake(&m);
    seq_free(s);
  }
}

static void threads_do_not_matter(void **state) {
  (void)state;
  static const int threads[] = {1, 2, 8};
  for (int k = 0; k < VARIANTS; k++) {
    seq *s = seq_new(150, 9, 0, DX, D, THW_F32);
    made m;
    open_model(&m, variants[k][0], variants[k][1], s);
    thw_view x = view_new(THW_F32, layout_of(&m).n), g[3];
    thw_batch b = all_of(s);
    double f[3];
    start(&m, &x);
    for (int t = 0; t < 3; t++) {
      tw_pool_threads(threads[t]);
      g[t] = view_new(THW_F32, x.n);
      f[t] = value(&m, &x, &b, &g[t]);
      assert_true(f[t] == f[0] && distance(&g[t], &g[0]) == 0);
    }
    for (int t = 0; t < 3; t++) free(g[t].data);
    free(x.data);
    unmake(&m);
    seq_free(s);
  }
}

/* At the same weights, those of single precision. */
static void single_precision_is_close(void **state) {
  (void)state;
  for (int k = 0; k < 3; k++) {
    static const char *const ids[] = {"rnn", "lstm", "gru"};
    thw_view g[2], x[2];
    for (int p = 0; p < 2; p++) {
      seq *s = seq_new(32, 64, 0, DX, D, p ? THW_F64 : THW_F32);
      made m;
      open_model(&m, ids[k], k ? "hidden=64" : "hidden=256 train=all", s);
      x[p] = view_new(s->dtype, layout_of(&m).n);
      g[p] = view_new(s->dtype, x[p].n);
      thw_batch b = all_of(s);
      start(&m, &x[p]);
      for (int64_t i = 0; p && i < x[p].n; i++) view_set(&x[1], i, view_at(&x[0], i));
      value(&m, &x[p], &b, &g[p]);
      unmake(&m);
      seq_free(s);
    }
    double apart = distance(&g[0], &g[1]);
    if (!(apart <= 1e-5)) fail_msg("%s: relative error %g", ids[k], apart);
    for (int p = 0; p < 2; p++) {
      free(g[p].data);
      free(x[p].data);
    }
  }
}

/* ---- carried states --------------------------------------------------------------------------
 */

/* Two chunks, one after the other, have the loss of the whole sequence; a chunk evaluated again
 * starts where it started; a whole set is walked in order. */
static void chunks_make_a_sequence(void **state) {
  (void)state;
  for (int k = 0; k < 3; k++) {
    static const char *const ids[] = {"rnn", "lstm", "gru"};
    char params[80];
    seq *s = seq_new(2, 8, 0, DX, D, THW_F64);
    made whole, parts;
    snprintf(params, sizeof params, "hidden=12 train=all loss_from=1");
    open_model(&whole, ids[k], params, s);
    thw_view x = view_new(THW_F64, layout_of(&whole).n), g = view_new(THW_F64, x.n);
    thw_batch b = all_of(s);
    start(&whole, &x);
    double want = value(&whole, &x, &b, NULL);
    /* rows 0, 1: first halves of the two sequences; 2, 3: the second halves */
    int64_t first[] = {0, 8, 4, 12};
    int32_t length[] = {4, 4, 4, 4};
    s->rows.first = first;
    s->rows.steps_of = length;
    s->rows.n = s->n = 4;
    s->chain = s->rows.chain = 2;
    snprintf(params, sizeof params, "hidden=12 train=all loss_from=1 carry_state=1");
    open_model(&parts, ids[k], params, s);
    b.n = 2;
    double a = value(&parts, &x, &b, &g);
    b.first = 2;
    double c = value(&parts, &x, &b, &g), again = value(&parts, &x, &b, &g);
    assert_true(c == again);
    assert_true(fabs(a + c - want) <= 1e-13 * want);
    thw_batch all = {.size = sizeof all, .n = 4, .rows = &s->rows};
    assert_true(fabs(2 * value(&parts, &x, &all, NULL) - want) <= 1e-13 * want);
    assert_true(value(&parts, &x, &b, &g) == c); /* the walk has not disturbed the training */
    free(x.data);
    free(g.data);
    unmake(&whole);
    unmake(&parts);
    seq_free(s);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(gradient_is_the_double_sum),
      cmocka_unit_test(linearisation_is_the_derivative),
      cmocka_unit_test(products_are_derivatives),
      cmocka_unit_test(padding_is_not_felt),
      cmocka_unit_test(lengths_may_differ),
      cmocka_unit_test(threads_do_not_matter),
      cmocka_unit_test(single_precision_is_close),
      cmocka_unit_test(chunks_make_a_sequence),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
