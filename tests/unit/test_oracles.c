/* SPDX-License-Identifier: BSD-3-Clause */
/* The oracles finite-sum and stream: what they draw, that they pass on what the model computes,
 * and that they find their place again. */
#include "tests/unit/linear_fixture.h"

#include "core/state.h"

typedef struct bench {
  fixture *f;
  made model, oracle;
  const thw_object *o;
  thw_space *space;
  thw_vec *x, *y, *g, *h;
} bench;

static const fixture_shape small = {
    .n = 101, .d = 9, .classes = 2, .density = 0.5, .layout = THW_ROWS_CSR, .dtype = THW_F64};

static void vec_normal(thw_vec *v, uint32_t seed) {
  thw_rng r = {.key = {seed, 1}};
  assert_int_equal(v->ops->normal(v, &r, 0, 0.3), THW_OK);
}

static void open_bench(bench *w, const char *oracle, const char *params, fixture_shape s) {
  w->f = fixture_new(s);
  assert_int_equal(
      make(&w->model, "linear", "logistic", s.dtype, "l2=0.01 intercept=1", &w->f->source, NULL),
      THW_OK);
  if (make(&w->oracle, oracle, oracle, s.dtype, params, &w->f->source, &w->model.object) != THW_OK)
    fail_msg("%s", w->oracle.error);
  w->o = &w->oracle.object;
  assert_int_equal(thw_oracle_space(w->o, &w->space), THW_OK);
  assert_int_equal(w->space->n, s.d + 1);
  assert_int_equal(w->space->dtype, s.dtype);
  thw_vec **all[] = {&w->x, &w->y, &w->g, &w->h};
  for (uint32_t i = 0; i < 4; i++) {
    assert_int_equal(thw_vec_new(w->space, all[i]), THW_OK);
    vec_normal(*all[i], i);
  }
}

static void close_bench(bench *w) {
  thw_vec *all[] = {w->x, w->y, w->g, w->h};
  for (int i = 0; i < 4; i++) thw_vec_free(all[i]);
  unmake(&w->oracle);
  unmake(&w->model);
  fixture_free(w->f);
}

static double apart(thw_vec *x, thw_vec *y) {
  thw_view a, b;
  x->ops->map(x, THW_READ, &a);
  y->ops->map(y, THW_READ, &b);
  double e = distance(&a, &b);
  x->ops->unmap(x, THW_READ);
  y->ops->unmap(y, THW_READ);
  return e;
}

static thw_batch *draw(const bench *w, thw_rng *r, uint32_t how, int64_t n) {
  thw_batch *b = NULL;
  assert_int_equal(thw_oracle_draw(w->o, r, how, n, &b), THW_OK);
  return b;
}

/* ---- finite-sum ------------------------------------------------------------------------------
 */

static void uniform_is_the_stream(void **state) {
  (void)state;
  bench w;
  open_bench(&w, "finite-sum", "", small);
  thw_rng r = {.key = {1, 1}}, same = r;
  thw_batch *b = draw(&w, &r, THW_DRAW_UNIFORM, 40), *c = draw(&w, &r, THW_DRAW_UNIFORM, 300);
  assert_int_equal(b->n, 40);
  assert_int_equal(c->n, 300);
  for (int64_t i = 0; i < 40; i++) assert_int_equal(thw_batch_row(b, i), thw_rng_index(&same, 101));
  for (int64_t i = 0; i < 300; i++)
    assert_int_equal(thw_batch_row(c, i), thw_rng_index(&same, 101));
  assert_memory_equal(&r, &same, sizeof r);
  thw_oracle_release(w.o, b);
  thw_oracle_release(w.o, c);
  close_bench(&w);
}

/* Different rows, each equally often at each place, and the same again from the same stream. */
static void subsets_are_uniform(void **state) {
  (void)state;
  bench w;
  open_bench(&w, "finite-sum", "", small);
  enum { N = 101, K = 10, ROUNDS = 10100 };
  static int count[K][N];
  thw_rng r = {.key = {2, 1}};
  for (int t = 0; t < ROUNDS; t++) {
    thw_rng same = r;
    int seen[N] = {0};
    thw_batch *b = draw(&w, &r, THW_DRAW_SUBSET, K), *again = draw(&w, &same, THW_DRAW_SUBSET, K);
    for (int64_t i = 0; i < K; i++) {
      int64_t row = thw_batch_row(b, i);
      assert_int_equal(row, thw_batch_row(again, i));
      assert_int_equal(seen[row]++, 0);
      count[i][row]++;
    }
    thw_oracle_release(w.o, b);
    thw_oracle_release(w.o, again);
  }
  for (int i = 0; i < K; i++) {
    double chi2 = 0;
    for (int j = 0; j < N; j++) chi2 += pow(count[i][j] - ROUNDS / N, 2) * N / ROUNDS;
    assert_true(chi2 < 161.0); /* 99.99 % quantile, 100 degrees of freedom */
  }
  thw_batch *b = draw(&w, &r, THW_DRAW_SUBSET, 5000);
  int seen[N] = {0};
  assert_int_equal(b->n, N);
  for (int64_t i = 0; i < N; i++) assert_int_equal(seen[thw_batch_row(b, i)]++, 0);
  thw_oracle_release(w.o, b);
  close_bench(&w);
}

static void next_goes_through_epochs(void **state) {
  (void)state;
  bench w;
  open_bench(&w, "finite-sum", "", small);
  int seen[101] = {0}, moved = 0;
  int64_t first[101];
  for (int64_t i = 0, k = 0; i < 3 * 101; k++) {
    int64_t n = 3 * 101 - i < 7 ? 3 * 101 - i : 7;
    thw_batch *b = draw(&w, NULL, THW_DRAW_NEXT, n);
    for (int64_t q = 0; q < n; q++, i++) {
      int64_t row = thw_batch_row(b, q);
      assert_int_equal(seen[row]++, i / 101); /* every row once in each epoch */
      if (i < 101) first[i] = row;
      if (i >= 101 && i < 202) moved += first[i - 101] != row;
    }
    thw_oracle_release(w.o, b);
  }
  assert_true(moved > 80); /* another order in the second */
  close_bench(&w);
}

static void next_in_order(void **state) {
  (void)state;
  bench w;
  open_bench(&w, "finite-sum", "order=sequential", small);
  for (int64_t i = 0; i < 300; i += 7) {
    thw_batch *b = draw(&w, NULL, THW_DRAW_NEXT, 7);
    for (int64_t q = 0; q < 7; q++) assert_int_equal(thw_batch_row(b, q), (i + q) % 101);
    thw_oracle_release(w.o, b);
  }
  close_bench(&w);
}

/* Saved in the middle of an epoch or at its end, an oracle goes on as if nothing had happened. */
static void next_is_resumed(const char *oracle, const char *params, int64_t before) {
  bench w, v;
  open_bench(&w, oracle, params, small);
  open_bench(&v, oracle, params, small);
  const thw_ext_state *e = thw_ext(w.o, THW_EXT_STATE);
  assert_non_null(e);
  if (before) thw_oracle_release(w.o, draw(&w, NULL, THW_DRAW_NEXT, before));
  tw_state *st = tw_state_new();
  assert_int_equal(e->save(w.o->self, tw_state_writer(st, "oracle", e->version)), THW_OK);
  /* the fresh one has been used meanwhile: load must not care */
  thw_oracle_release(v.o, draw(&v, NULL, THW_DRAW_NEXT, 13));
  assert_int_equal(e->load(v.o->self, tw_state_reader(st, "oracle")), THW_OK);
  tw_state_free(st);
  for (int t = 0; t < 30; t++) {
    thw_batch *a = draw(&w, NULL, THW_DRAW_NEXT, 11), *b = draw(&v, NULL, THW_DRAW_NEXT, 11);
    for (int64_t i = 0; i < 11; i++) assert_int_equal(thw_batch_row(a, i), thw_batch_row(b, i));
    thw_oracle_release(w.o, a);
    thw_oracle_release(v.o, b);
  }
  close_bench(&w);
  close_bench(&v);
}

static void places_are_found_again(void **state) {
  (void)state;
  static const int64_t before[] = {0, 1, 50, 100, 101, 102, 250};
  for (int i = 0; i < 7; i++) {
    next_is_resumed("finite-sum", "", before[i]);
    next_is_resumed("finite-sum", "order=sequential", before[i]);
    next_is_resumed("stream", "passes=0", before[i]);
  }
}

static void the_model_is_passed_on(void **state) {
  (void)state;
  bench w;
  open_bench(&w, "finite-sum", "", small);
  const thw_model_ops *m = w.model.object.ops;
  thw_batch *all;
  thw_view x;
  double f, want;
  fixture_take(w.f, 0, 101, NULL, 0, &all);
  w.x->ops->map(w.x, THW_READ, &x);
  assert_int_equal(m->eval(w.model.object.self, &x, all, &want, NULL), THW_OK);
  fixture_release(w.f, all);
  assert_int_equal(thw_oracle_eval(w.o, w.x, NULL, &f, w.g), THW_OK);
  assert_true(f == want);
  /* diff = g(x) - g(y), and along a short way the Hessian times it */
  assert_int_equal(thw_oracle_eval(w.o, w.y, NULL, NULL, w.h), THW_OK);
  thw_axpy(w.g, -1.0, w.h);
  assert_int_equal(thw_oracle_diff(w.o, w.x, w.y, NULL, w.h), THW_OK);
  assert_true(apart(w.h, w.g) < 1e-12);
  thw_copy(w.h, w.y);
  thw_copy(w.y, w.x);
  thw_axpy(w.y, 1e-6, w.h);
  assert_int_equal(thw_oracle_diff(w.o, w.y, w.x, NULL, w.g), THW_OK);
  thw_scale(w.g, 1e6);
  assert_int_equal(thw_oracle_hvp(w.o, w.x, w.h, NULL, w.y), THW_OK);
  assert_true(apart(w.g, w.y) < 1e-5);
  thw_facts facts = {.size = sizeof facts};
  assert_int_equal(thw_oracle_facts(w.o, &facts), THW_OK);
  assert_int_equal(facts.components, 101);
  assert_true(facts.lipschitz > 0);
  thw_rng r = {.key = {1, 1}};
  assert_int_equal(((const thw_oracle_ops *)w.o->ops)->start_point(w.o->self, w.x, &r), THW_OK);
  thw_norm2(w.x, &f);
  assert_true(f == 0.0);
  close_bench(&w);
}

/* A model without diff: two gradients do. */
static void diff_is_made_up_for(void **state) {
  (void)state;
  bench w;
  open_bench(&w, "finite-sum", "", small);
  thw_model_ops bare = *(const thw_model_ops *)w.model.object.ops;
  bare.diff = NULL;
  bare.hvp = NULL;
  thw_object model = w.model.object;
  model.ops = &bare;
  made o;
  assert_int_equal(make(&o, "finite-sum", "finite-sum", THW_F64, "", &w.f->source, &model), THW_OK);
  assert_int_equal(thw_oracle_diff(w.o, w.x, w.y, NULL, w.g), THW_OK);
  assert_int_equal(thw_oracle_diff(&o.object, w.x, w.y, NULL, w.h), THW_OK);
  assert_true(apart(w.h, w.g) < 1e-12);
  assert_int_equal(thw_oracle_hvp(&o.object, w.x, w.y, NULL, w.h), THW_E_UNSUPPORTED);
  unmake(&o);
  close_bench(&w);
}

/* The fused loop against draw and diff: the same steps, and the stream ends at the same place. */
static void check_fused(fixture_shape s, int64_t m, int64_t b, double shift) {
  bench w;
  open_bench(&w, "finite-sum", "", s);
  const thw_vr *vr = thw_ext(w.o, THW_EXT_VR);
  assert_non_null(vr);
  thw_vec *mu, *at, *sum, *fused, *fused_sum;
  thw_vec **more[] = {&mu, &at, &sum, &fused, &fused_sum};
  for (int i = 0; i < 5; i++) thw_vec_new(w.space, more[i]);
  void *snapshot;
  thw_rng r = {.key = {5, 5}}, r2 = r;
  thw_copy(at, w.x); /* the snapshot's point is the start, y the centre */
  thw_copy(fused, w.x);
  assert_int_equal(vr->prepare(w.o->self, at, mu, &snapshot), THW_OK);
  for (int64_t t = 0; t < m; t++) {
    thw_batch *batch = draw(&w, &r, THW_DRAW_UNIFORM, b);
    thw_axpy(sum, 1.0, w.x);
    assert_int_equal(thw_oracle_diff(w.o, w.x, at, batch, w.g), THW_OK);
    thw_oracle_release(w.o, batch);
    thw_axpy(w.g, 1.0, mu);
    thw_axpy(w.g, shift, w.x);
    thw_axpy(w.g, -shift, w.y);
    thw_axpy(w.x, -0.05, w.g);
  }
  thw_vr_job job = {.size = sizeof job,
                    .snapshot = snapshot,
                    .x = fused,
                    .s = at,
                    .mu = mu,
                    .step = 0.05,
                    .shift = shift,
                    .centre = shift > 0 ? w.y : NULL,
                    .m = m,
                    .b = b,
                    .draw = &r2,
                    .sum = fused_sum};
  assert_int_equal(vr->loop(w.o->self, &job), THW_OK);
  assert_memory_equal(&r, &r2, sizeof r);
  double tol = s.dtype == THW_F32 ? 2e-5 : 1e-9;
  assert_true(apart(fused, w.x) <= tol);
  assert_true(apart(fused_sum, sum) <= tol);
  vr->drop(w.o->self, snapshot);
  for (int i = 0; i < 5; i++) thw_vec_free(*more[i]);
  close_bench(&w);
}

static void fused_steps_are_the_same_steps(void **state) {
  (void)state;
  fixture_shape s = small;
  check_fused(s, 202, 1, 0.0);
  check_fused(s, 40, 16, 0.4);
  s.layout = THW_ROWS_DENSE;
  check_fused(s, 202, 1, 0.4);
  s.dtype = THW_F32;
  check_fused(s, 101, 2, 0.0);
  s = small;
  check_fused(s, 270000, 1, 0.0); /* more rows than one call of the model's loop takes */
}

/* A step too long for the lazy form: nothing has changed, not even the stream. */
static void a_refused_loop_draws_nothing(void **state) {
  (void)state;
  bench w;
  open_bench(&w, "finite-sum", "", small);
  const thw_vr *vr = thw_ext(w.o, THW_EXT_VR);
  void *snapshot;
  thw_rng r = {.key = {5, 5}}, r2 = r;
  thw_copy(w.y, w.x);
  thw_copy(w.h, w.x);
  vr->prepare(w.o->self, w.x, w.g, &snapshot);
  thw_vr_job job = {.size = sizeof job,
                    .snapshot = snapshot,
                    .x = w.x,
                    .s = w.y,
                    .mu = w.g,
                    .step = 100.0,
                    .m = 5,
                    .b = 1,
                    .draw = &r};
  assert_int_equal(vr->loop(w.o->self, &job), THW_E_UNSUPPORTED);
  assert_memory_equal(&r, &r2, sizeof r);
  assert_true(apart(w.x, w.h) == 0);
  vr->drop(w.o->self, snapshot);
  close_bench(&w);
}

/* ---- stream ----------------------------------------------------------------------------------
 */

static thw_status endless_info(void *self, uint32_t set, thw_source_info *out) {
  THW_TRY(fixture_info(self, set, out));
  out->n = -1;
  return THW_OK;
}

/* Row k of the stream is row k mod 101; what was asked for is kept. */
static int64_t asked[64];
static int64_t endless_index[64];
static thw_status endless_take(void *self, uint32_t set, int64_t n, const int64_t *index,
                               int64_t first, thw_batch **out) {
  for (int64_t i = 0; i < n; i++) {
    asked[i] = index ? index[i] : first + i;
    endless_index[i] = asked[i] % 101;
  }
  return fixture_take(self, set, n, endless_index, 0, out);
}

static void a_stream_without_end(void **state) {
  (void)state;
  bench w;
  open_bench(&w, "stream", "", small);
  thw_source_ops endless = fixture_ops;
  endless.info = endless_info;
  endless.take = endless_take;
  thw_object source = w.f->source;
  source.ops = &endless;
  made o, refused;
  assert_true(make(&refused, "finite-sum", "finite-sum", THW_F64, "", &source, &w.model.object) <
              0);
  assert_string_equal(refused.error,
                      "the source is a stream without end: use the oracle \"stream\"");
  unmake(&refused);
  assert_int_equal(make(&o, "stream", "stream", THW_F64, "", &source, &w.model.object), THW_OK);
  thw_batch *b;
  for (int64_t t = 0; t < 20; t++) {
    assert_int_equal(thw_oracle_draw(&o.object, NULL, THW_DRAW_NEXT, 17, &b), THW_OK);
    for (int64_t i = 0; i < 17; i++) assert_int_equal(asked[i], 17 * t + i);
    thw_oracle_release(&o.object, b);
  }
  thw_rng r = {.key = {6, 6}}, r2 = r;
  assert_int_equal(thw_oracle_draw(&o.object, &r, THW_DRAW_UNIFORM, 30, &b), THW_OK);
  int64_t first[30];
  memcpy(first, asked, sizeof first);
  for (int64_t i = 0; i < 30; i++) assert_true(first[i] >= 0);
  thw_oracle_release(&o.object, b);
  assert_int_equal(thw_oracle_draw(&o.object, &r2, THW_DRAW_SUBSET, 30, &b), THW_OK);
  assert_memory_equal(first, asked, sizeof first); /* it can be made again */
  thw_oracle_release(&o.object, b);
  double f;
  assert_int_equal(thw_oracle_eval(&o.object, w.x, NULL, &f, NULL), THW_E_UNSUPPORTED);
  thw_facts facts = {.size = sizeof facts};
  assert_int_equal(thw_oracle_facts(&o.object, &facts), THW_OK);
  assert_int_equal(facts.components, -1);
  unmake(&o);
  close_bench(&w);
}

static void a_finite_source_ends(void **state) {
  (void)state;
  bench w;
  open_bench(&w, "stream", "passes=2", small);
  thw_batch *b;
  int64_t rows = 0;
  thw_status s;
  while ((s = thw_oracle_draw(w.o, NULL, THW_DRAW_NEXT, 30, &b)) == THW_OK) {
    for (int64_t i = 0; i < b->n; i++, rows++) assert_int_equal(thw_batch_row(b, i), rows % 101);
    thw_oracle_release(w.o, b);
  }
  assert_int_equal(s, THW_DONE);
  assert_int_equal(rows, 202);
  close_bench(&w);
}

/* ---- no allocation in the steady state -------------------------------------------------------
 */

static int allocations;
static void *counting_alloc(thw_ctx *c, size_t n) {
  allocations++;
  return tw_host.alloc(c, n);
}

static void steady_state_allocates_nothing(void **state) {
  (void)state;
  fixture *f = fixture_new(small);
  made model, oracle;
  assert_int_equal(make(&model, "linear", "logistic", THW_F64, "", &f->source, NULL), THW_OK);
  assert_int_equal(
      make(&oracle, "finite-sum", "finite-sum", THW_F64, "", &f->source, &model.object), THW_OK);
  /* the same once more, with a host that counts */
  thw_host host = tw_host;
  host.alloc = counting_alloc;
  void *m, *o;
  assert_int_equal(
      model.component->create(model.component, &host, model.ctx, model.params, &model.wired, &m),
      THW_OK);
  oracle.slot[1].self = m;
  assert_int_equal(oracle.component->create(oracle.component, &host, oracle.ctx, oracle.params,
                                            &oracle.wired, &o),
                   THW_OK);
  const thw_oracle_ops *ops = oracle.component->ops;
  thw_space *space;
  thw_vec *x, *g;
  ops->space(o, &space);
  thw_vec_new(space, &x);
  thw_vec_new(space, &g);
  thw_rng r = {.key = {1, 2}};
  for (int t = 0; t < 12; t++) {
    thw_batch *b[3];
    if (t == 2) allocations = 0;
    for (uint32_t how = 0; how < 3; how++) {
      assert_int_equal(ops->draw(o, &r, how, 40, &b[how]), THW_OK);
      assert_int_equal(ops->eval(o, x, b[how], NULL, g), THW_OK);
      assert_int_equal(ops->hvp(o, x, g, b[how], x), THW_OK);
    }
    for (int how = 0; how < 3; how++) ops->release(o, b[how]);
    assert_int_equal(ops->eval(o, x, NULL, NULL, g), THW_OK);
  }
  assert_int_equal(allocations, 0);
  thw_vec_free(x);
  thw_vec_free(g);
  oracle.component->destroy(o);
  model.component->destroy(m);
  unmake(&oracle);
  unmake(&model);
  fixture_free(f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(uniform_is_the_stream),
      cmocka_unit_test(subsets_are_uniform),
      cmocka_unit_test(next_goes_through_epochs),
      cmocka_unit_test(next_in_order),
      cmocka_unit_test(places_are_found_again),
      cmocka_unit_test(the_model_is_passed_on),
      cmocka_unit_test(diff_is_made_up_for),
      cmocka_unit_test(fused_steps_are_the_same_steps),
      cmocka_unit_test(a_refused_loop_draws_nothing),
      cmocka_unit_test(a_stream_without_end),
      cmocka_unit_test(a_finite_source_ends),
      cmocka_unit_test(steady_state_allocates_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
