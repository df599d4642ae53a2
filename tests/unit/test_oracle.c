/* SPDX-License-Identifier: BSD-3-Clause */
/* The wrapper: what it charges, what it completes, what it refuses. The inner oracle is
 *   f_i(x) = (x - i)^2 / 2,  i = 0 .. n-1,
 * in one dimension, so every mean is known by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <thalweg/optimizer.h>

#include "core/ledger.h"
#include "core/oracle.h"
#include "core/space.h"

enum { N = 10 };

typedef struct rig {
  tw_session session;
  thw_ctx *ctx;
  thw_space *space;
  thw_vec *x, *y, *g, *h;
  tw_oracle *o;
  const thw_object *obj;
  thw_oracle_ops ops; /* of the inner oracle: tests blank entries out */
  thw_object inner;
  /* what the inner oracle did and shall do */
  int evals, diffs, released, give_nan_f, give_nan_g, vr_unsupported, dropped;
  int64_t rows;
  thw_batch batch;
  int64_t index[64];
  thw_vr vr;
  thw_hessian hessian; /* offered when it has a size */
  int no_hessian;
  double products; /* that a Hessian is worth, per row */
} rig;

static double value_of(const thw_vec *v) {
  double x;
  thw_view w;
  thw_vec *open = (thw_vec *)(uintptr_t)v;
  v->ops->map(open, THW_READ, &w);
  x = ((double *)w.data)[0];
  v->ops->unmap(open, THW_READ);
  return x;
}

static thw_status in_facts(void *self, thw_facts *f) {
  f->components = ((rig *)self)->rows;
  f->lipschitz = 1;
  return THW_OK;
}
static thw_status in_space(void *self, thw_space **s) {
  *s = ((rig *)self)->space;
  return THW_OK;
}
static thw_status in_draw(void *self, thw_rng *r, uint32_t how, int64_t n, thw_batch **out) {
  rig *k = self;
  (void)r;
  if (how == THW_DRAW_SUBSET && n > N) n = N;
  for (int64_t i = 0; i < n; i++) k->index[i] = i % N;
  k->batch = (thw_batch){.size = sizeof k->batch, .n = n, .index = k->index};
  *out = &k->batch;
  return THW_OK;
}
static void in_release(void *self, thw_batch *b) {
  (void)b;
  ((rig *)self)->released++;
}
static thw_status in_eval(void *self, const thw_vec *x, const thw_batch *b, double *f, thw_vec *g) {
  rig *k = self;
  k->evals++;
  if (!b && k->rows < 0) return THW_E_UNSUPPORTED;
  int64_t n = b ? b->n : N;
  double at = value_of(x), sum = 0, slope = 0;
  for (int64_t i = 0; i < n; i++) {
    double t = at - (double)(b ? thw_batch_row(b, i) : i);
    sum += t * t / 2, slope += t;
  }
  if (f) *f = k->give_nan_f ? (double)NAN : sum / (double)n;
  return g ? thw_fill(g, k->give_nan_g ? (double)INFINITY : slope / (double)n) : THW_OK;
}
static thw_status in_diff(void *self, const thw_vec *x, const thw_vec *y, const thw_batch *b,
                          thw_vec *d) {
  (void)b;
  ((rig *)self)->diffs++;
  return thw_fill(d, value_of(x) - value_of(y));
}
static thw_status in_prepare(void *self, const thw_vec *s, thw_vec *mu, void **snapshot) {
  *snapshot = self;
  return in_eval(self, s, NULL, NULL, mu);
}
static thw_status in_loop(void *self, thw_vr_job *job) {
  rig *k = self;
  if (k->vr_unsupported) return THW_E_UNSUPPORTED;
  return thw_fill(job->x, k->give_nan_g ? (double)NAN : 3.0);
}
static void in_drop(void *self, void *snapshot) {
  assert_ptr_equal(self, snapshot);
  ((rig *)self)->dropped++;
}
static thw_status in_hvp(void *self, const thw_vec *x, const thw_vec *v, const thw_batch *b,
                         thw_vec *hv) {
  (void)x, (void)b;
  return ((rig *)self)->no_hessian ? THW_E_UNSUPPORTED : thw_copy(hv, v);
}
static thw_status in_hessian(void *self, const thw_vec *x, const thw_batch *b, double *h) {
  (void)x, (void)b;
  *h = 1.0;
  return ((rig *)self)->no_hessian ? THW_E_UNSUPPORTED : THW_OK;
}
static double in_products(void *self, const thw_batch *b) {
  return ((rig *)self)->products * (double)(b ? b->n : N);
}
static const void *in_ext(void *self, const char *id) {
  rig *k = self;
  if (strcmp(id, THW_EXT_HESSIAN) == 0) return k->hessian.size > 0 ? &k->hessian : NULL;
  return strcmp(id, THW_EXT_VR) == 0 ? &k->vr : NULL;
}

static void begin(rig *k, int with_diff, int64_t rows, int charge) {
  *k = (rig){.rows = rows};
  tw_session_init(&k->session, 1, THW_F64, 1);
  k->session.ledger = tw_ledger_new();
  k->ctx = tw_ctx_new(&k->session, "oracle");
  k->space = tw_space_new(THW_F64, 1);
  thw_vec_new(k->space, &k->x), thw_vec_new(k->space, &k->y);
  thw_vec_new(k->space, &k->g), thw_vec_new(k->space, &k->h);
  k->ops = (thw_oracle_ops){.size = sizeof k->ops,
                            .facts = in_facts,
                            .space = in_space,
                            .draw = in_draw,
                            .release = in_release,
                            .eval = in_eval,
                            .diff = with_diff ? in_diff : NULL};
  k->vr = (thw_vr){.size = sizeof k->vr, .prepare = in_prepare, .loop = in_loop, .drop = in_drop};
  k->inner = (thw_object){sizeof k->inner, THW_ORACLE, &k->ops, k, in_ext};
  assert_int_equal(tw_oracle_new(&k->session, k->ctx, &k->inner, charge, &k->o), THW_OK);
  k->obj = tw_oracle_object(k->o);
  tw_ledger_enter(k->session.ledger, "optimizer", 1);
}

static void end(rig *k) {
  tw_oracle_free(k->o);
  thw_vec_free(k->x), thw_vec_free(k->y), thw_vec_free(k->g), thw_vec_free(k->h);
  tw_space_free(k->space);
  tw_ctx_free(k->ctx);
  tw_ledger_free(k->session.ledger);
}

static void booked(const rig *k, int64_t gradients, int64_t values, int64_t pairs, int64_t calls) {
  tw_counts c = tw_ledger_total(k->session.ledger, 1);
  assert_int_equal(c.gradients, gradients);
  assert_int_equal(c.values, values);
  assert_int_equal(c.pairs, pairs);
  assert_int_equal(c.calls, calls);
  assert_int_equal(k->session.ledger->spent, gradients + values);
}

static void each_call_is_charged(void **state) {
  (void)state;
  rig k;
  begin(&k, 1, N, 1);
  thw_batch *b;
  double f, fs[3];
  thw_fill(k.x, 7.0);
  thw_fill(k.y, 1.0);
  assert_int_equal(thw_oracle_draw(k.obj, NULL, THW_DRAW_UNIFORM, 4, &b), THW_OK);
  booked(&k, 0, 0, 0, 0);
  assert_int_equal(thw_oracle_eval(k.obj, k.x, b, &f, k.g), THW_OK); /* rows 0..3 */
  assert_true(f == (49 + 36 + 25 + 16) / 8.0 && value_of(k.g) == 5.5);
  booked(&k, 4, 0, 0, 1);
  assert_int_equal(thw_oracle_eval(k.obj, k.x, NULL, &f, NULL), THW_OK);
  booked(&k, 4, N, 0, 2);
  assert_int_equal(thw_oracle_eval(k.obj, k.x, NULL, NULL, k.g), THW_OK);
  assert_true(value_of(k.g) == 2.5);
  booked(&k, 4 + N, N, 0, 3);
  assert_int_equal(thw_oracle_diff(k.obj, k.x, k.y, b, k.g), THW_OK);
  assert_true(value_of(k.g) == 6.0 && k.diffs == 1);
  booked(&k, 12 + N, N, 4, 4);
  const thw_vec *points[3] = {k.x, k.y, k.x};
  assert_int_equal(thw_oracle_evaln(k.obj, 3, points, b, fs, NULL), THW_OK);
  assert_true(fs[0] == fs[2] && fs[0] == 15.75 && fs[1] == (1 + 0 + 1 + 4) / 8.0);
  booked(&k, 12 + N, N + 12, 4, 5);
  thw_vec *gs[2] = {k.g, k.h};
  assert_int_equal(thw_oracle_evaln(k.obj, 2, points, b, NULL, gs), THW_OK);
  assert_true(value_of(k.g) == 5.5 && value_of(k.h) == -0.5);
  booked(&k, 20 + N, N + 12, 8, 6);
  thw_oracle_release(k.obj, b);
  assert_int_equal(k.released, 1);
  assert_int_equal(tw_oracle_rows(k.o), N);
  end(&k);
}

static void missing_entries_have_defaults(void **state) {
  (void)state;
  rig k;
  begin(&k, 0, N, 1);
  thw_batch *b;
  thw_fill(k.x, 7.0);
  thw_fill(k.y, 1.0);
  thw_oracle_draw(k.obj, NULL, THW_DRAW_UNIFORM, 5, &b);
  assert_int_equal(thw_oracle_diff(k.obj, k.x, k.y, b, k.g), THW_OK);
  assert_true(value_of(k.g) == 6.0 && k.evals == 2);
  booked(&k, 10, 0, 5, 1);
  thw_vec *gs[2] = {k.g, k.h};
  assert_int_equal(thw_oracle_blocks(k.obj, k.x, b, 2, gs), THW_OK); /* rows 0,1 | 2,3,4 */
  assert_true(value_of(k.g) == 6.5 && value_of(k.h) == 4.0);
  booked(&k, 15, 0, 5, 2);
  thw_batch by_first = {.size = sizeof by_first, .n = 4, .first = 6};
  assert_int_equal(thw_oracle_blocks(k.obj, k.x, &by_first, 2, gs), THW_OK); /* 6,7 | 8,9 */
  assert_true(value_of(k.g) == 0.5 && value_of(k.h) == -1.5);
  assert_int_equal(thw_oracle_blocks(k.obj, k.x, NULL, 2, gs), THW_OK); /* 0..4 | 5..9 */
  assert_true(value_of(k.g) == 5.0 && value_of(k.h) == 0.0);
  booked(&k, 29, 0, 5, 4);
  assert_int_equal(k.released, 1);
  assert_int_equal(thw_oracle_blocks(k.obj, k.x, &by_first, 5, gs), THW_E_ARG);
  assert_int_equal(thw_oracle_blocks(k.obj, k.x, &by_first, 0, gs), THW_E_ARG);
  assert_int_equal(thw_oracle_hvp(k.obj, k.x, k.y, b, k.g), THW_E_UNSUPPORTED);
  booked(&k, 29, 0, 5, 4);
  thw_facts f = {.size = sizeof f};
  assert_int_equal(thw_oracle_facts(k.obj, &f), THW_OK);
  assert_true(f.components == N && f.lipschitz == 1 && isnan(f.variance) && isnan(f.lower_bound));
  end(&k);
}

static void the_budget_holds(void **state) {
  (void)state;
  rig k;
  begin(&k, 1, N, 1);
  k.session.ledger->budget = 25;
  assert_int_equal(thw_oracle_eval(k.obj, k.x, NULL, NULL, k.g), THW_OK);
  assert_int_equal(thw_oracle_eval(k.obj, k.x, NULL, NULL, k.g), THW_OK);
  int evals = k.evals;
  assert_int_equal(thw_oracle_eval(k.obj, k.x, NULL, NULL, k.g), THW_BUDGET);
  assert_int_equal(k.evals, evals); /* refused before anything is computed */
  booked(&k, 20, 0, 0, 2);
  thw_batch b = {.size = sizeof b, .n = 3};
  assert_int_equal(thw_oracle_diff(k.obj, k.x, k.y, &b, k.g), THW_BUDGET);
  b.n = 2;
  assert_int_equal(thw_oracle_diff(k.obj, k.x, k.y, &b, k.g), THW_OK);
  double f;
  assert_int_equal(thw_oracle_eval(k.obj, k.x, NULL, &f, NULL), THW_BUDGET);
  b.n = 1;
  assert_int_equal(thw_oracle_eval(k.obj, k.x, &b, &f, NULL), THW_OK);
  assert_int_equal(thw_oracle_eval(k.obj, k.x, &b, &f, NULL), THW_BUDGET);
  booked(&k, 24, 1, 2, 4);
  tw_ledger_enter(k.session.ledger, "monitor", 0);
  assert_int_equal(thw_oracle_eval(k.obj, k.x, NULL, NULL, k.g), THW_OK);
  end(&k);
}

/* Second derivatives count like gradients, and what is refused as unsupported does not count. */
static void products_are_limited(void **state) {
  (void)state;
  rig k;
  begin(&k, 1, N, 1);
  k.ops.hvp = in_hvp;
  k.session.ledger->budget = 25;
  k.no_hessian = 1;
  assert_int_equal(thw_oracle_hvp(k.obj, k.x, k.y, NULL, k.g), THW_E_UNSUPPORTED);
  k.no_hessian = 0;
  assert_int_equal(k.session.ledger->spent, 0);
  assert_int_equal(thw_oracle_eval(k.obj, k.x, NULL, NULL, k.g), THW_OK);
  assert_int_equal(thw_oracle_hvp(k.obj, k.x, k.y, NULL, k.g), THW_OK);
  assert_int_equal(k.session.ledger->spent, 20);
  assert_int_equal(thw_oracle_hvp(k.obj, k.x, k.y, NULL, k.g), THW_BUDGET);
  thw_batch b = {.size = sizeof b, .n = 5};
  assert_int_equal(thw_oracle_hvp(k.obj, k.x, k.y, &b, k.g), THW_OK);
  assert_int_equal(tw_ledger_total(k.session.ledger, 1).hvp, 15);
  assert_int_equal(thw_oracle_hvp(k.obj, k.x, k.y, &b, k.g), THW_BUDGET);
  end(&k);
}

/* A Hessian is booked as the products that the model says it is worth, never more than one for each
 * parameter and row (there is one here), and as those where it says nothing. */
static void a_hessian_is_limited(void **state) {
  (void)state;
  rig k;
  double h;
  begin(&k, 1, N, 1);
  k.hessian = (thw_hessian){.size = sizeof k.hessian, .hessian = in_hessian};
  tw_oracle *o;
  assert_int_equal(tw_oracle_new(&k.session, k.ctx, &k.inner, 1, &o), THW_OK);
  const thw_object *obj = tw_oracle_object(o);
  const thw_hessian *dense = thw_ext(obj, THW_EXT_HESSIAN);
  k.session.ledger->budget = 25;
  assert_int_equal(dense->hessian(obj->self, k.x, NULL, &h), THW_OK);
  assert_int_equal(k.session.ledger->spent, N);
  k.hessian.products = in_products;
  k.products = 0.25;
  assert_true(dense->products(obj->self, NULL) == 3.0);
  assert_int_equal(dense->hessian(obj->self, k.x, NULL, &h), THW_OK);
  assert_int_equal(k.session.ledger->spent, N + 3);
  k.no_hessian = 1;
  assert_int_equal(dense->hessian(obj->self, k.x, NULL, &h), THW_E_UNSUPPORTED);
  k.no_hessian = 0;
  assert_int_equal(k.session.ledger->spent, N + 3);
  k.products = 7.0;
  assert_int_equal(dense->hessian(obj->self, k.x, NULL, &h), THW_OK);
  assert_int_equal(k.session.ledger->spent, 2 * N + 3);
  assert_int_equal(dense->hessian(obj->self, k.x, NULL, &h), THW_BUDGET);
  assert_int_equal(tw_ledger_total(k.session.ledger, 1).hvp, 2 * N + 3);
  tw_oracle_free(o);
  end(&k);
}

static void cancelling_twice_is_at_once(void **state) {
  (void)state;
  rig k;
  begin(&k, 1, N, 1);
  k.session.cancel = 1;
  assert_int_equal(thw_oracle_eval(k.obj, k.x, NULL, NULL, k.g), THW_OK);
  k.session.cancel = 2;
  assert_int_equal(thw_oracle_eval(k.obj, k.x, NULL, NULL, k.g), THW_CANCELLED);
  end(&k);
}

static void nan_is_named(void **state) {
  (void)state;
  rig k;
  double f;
  begin(&k, 1, N, 1);
  k.session.step = 17;
  k.give_nan_f = 1;
  assert_int_equal(thw_oracle_eval(k.obj, k.x, NULL, &f, k.g), THW_E_NONFINITE);
  char *text = tw_ctx_take_text(k.ctx, THW_E_NONFINITE);
  assert_string_equal(text, "oracle: the value f is not finite (step 17, asked for by optimizer)");
  free(text);
  k.give_nan_f = 0, k.give_nan_g = 1;
  assert_int_equal(thw_oracle_eval(k.obj, k.x, NULL, &f, k.g), THW_E_NONFINITE);
  text = tw_ctx_take_text(k.ctx, THW_E_NONFINITE);
  assert_non_null(strstr(text, "the gradient is not finite"));
  free(text);
  assert_int_equal(thw_oracle_eval(k.obj, k.x, NULL, &f, NULL), THW_OK);
  thw_fill(k.x, (double)NAN);
  assert_int_equal(thw_oracle_diff(k.obj, k.x, k.y, NULL, k.g), THW_E_NONFINITE);
  end(&k);
}

static void the_fused_loop_is_counted(void **state) {
  (void)state;
  rig k;
  begin(&k, 1, N, 1);
  const thw_vr *vr = thw_ext(k.obj, THW_EXT_VR);
  assert_non_null(vr);
  assert_null(thw_ext(k.obj, "thw.unknown/1"));
  void *snapshot = NULL;
  assert_int_equal(vr->prepare(k.obj->self, k.x, k.g, &snapshot), THW_OK);
  booked(&k, N, 0, 0, 1);
  thw_vr_job job = {.size = sizeof job, .snapshot = snapshot, .x = k.x, .m = 6, .b = 2};
  assert_int_equal(vr->loop(k.obj->self, &job), THW_OK);
  assert_true(value_of(k.x) == 3.0);
  booked(&k, N + 24, 0, 12, 2);
  k.vr_unsupported = 1;
  assert_int_equal(vr->loop(k.obj->self, &job), THW_E_UNSUPPORTED);
  booked(&k, N + 24, 0, 12, 2);
  k.vr_unsupported = 0, k.give_nan_g = 1;
  assert_int_equal(vr->loop(k.obj->self, &job), THW_E_NONFINITE);
  k.session.ledger->budget = k.session.ledger->spent + 23;
  assert_int_equal(vr->loop(k.obj->self, &job), THW_BUDGET);
  vr->drop(k.obj->self, snapshot);
  assert_int_equal(k.dropped, 1);
  end(&k);
}

static void a_stream_has_no_sum(void **state) {
  (void)state;
  rig k;
  begin(&k, 1, -1, 1);
  assert_int_equal(tw_oracle_rows(k.o), -1);
  assert_int_equal(thw_oracle_eval(k.obj, k.x, NULL, NULL, k.g), THW_E_UNSUPPORTED);
  end(&k);
}

/* ---- the proxy of an inner optimizer -----------------------------------------------------------
 */

typedef struct inner {
  const thw_object *oracle;
  thw_vec *x, *g;
  int scaled;
} inner;

static thw_status opt_start(void *self, const thw_object *oracle, const thw_vec *x0) {
  inner *i = self;
  i->oracle = oracle;
  return thw_copy(i->x, x0);
}
static thw_status opt_step(void *self, thw_step *io) {
  inner *i = self;
  assert_true(isnan(io->f) && isnan(io->grad_norm) && io->epoch_end == 0);
  return thw_oracle_diff(i->oracle, i->x, i->x, NULL, i->g);
}
static thw_status opt_point(void *self, thw_vec *x) {
  return thw_copy(x, ((inner *)self)->x);
}
static const thw_optimizer_ops opt_ops = {sizeof opt_ops, 0, opt_start, opt_step, opt_point};
static thw_status opt_reset(void *self, const thw_vec *x) {
  return thw_copy(((inner *)self)->x, x);
}
static thw_status opt_scale(void *self, double factor) {
  ((inner *)self)->scaled = (int)factor;
  return THW_OK;
}
static const thw_steer opt_steer = {
    .size = sizeof opt_steer, .reset = opt_reset, .scale_step = opt_scale};
static const void *opt_ext(void *self, const char *id) {
  (void)self;
  return strcmp(id, THW_EXT_STEER) == 0 ? &opt_steer : NULL;
}

/* An oracle as an outer method would build it: only eval, on top of the one it holds itself. */
static const thw_object *outer_holds;
static thw_status shifted_eval(void *self, const thw_vec *x, const thw_batch *b, double *f,
                               thw_vec *g) {
  (void)self;
  return thw_oracle_eval(outer_holds, x, b, f, g);
}

static void inner_methods_pay_for_themselves(void **state) {
  (void)state;
  rig k;
  begin(&k, 1, N, 1);
  thw_ctx *ctx = tw_ctx_new(&k.session, "optimizer.inner");
  inner in = {.x = k.x, .g = k.g};
  thw_object raw = {sizeof raw, THW_OPTIMIZER, &opt_ops, &in, opt_ext};
  thw_object *proxy = tw_optimizer_proxy_new(&k.session, ctx, &raw);

  assert_int_equal(thw_optimizer_start(proxy, k.obj, k.y), THW_OK);
  assert_ptr_equal(in.oracle, k.obj); /* ours is not wrapped again */

  thw_oracle_ops shifted_ops = {.size = sizeof shifted_ops, .eval = shifted_eval};
  thw_object shifted = {sizeof shifted, THW_ORACLE, &shifted_ops, NULL, NULL};
  outer_holds = k.obj;
  assert_int_equal(thw_optimizer_start(proxy, &shifted, k.y), THW_OK);
  assert_ptr_not_equal(in.oracle, &shifted);
  thw_step io = {.size = sizeof io, .max_units = 1, .f = 1, .grad_norm = 1, .epoch_end = 1};
  assert_int_equal(thw_optimizer_step(proxy, &io), THW_OK); /* diff by two evals of the outer */
  const tw_ledger *l = k.session.ledger;
  for (size_t i = 0; i < l->n; i++) {
    int64_t want = strcmp(l->v[i].name, "optimizer.inner") == 0 ? 2 * N : 0;
    assert_int_equal(l->v[i].counts.gradients, want);
  }
  assert_string_equal(l->v[l->current].name, "optimizer"); /* back where it was */

  const thw_steer *steer = thw_ext(proxy, THW_EXT_STEER);
  assert_non_null(steer);
  assert_null(steer->grow_batch);
  assert_int_equal(steer->scale_step(proxy->self, 4.0), THW_OK);
  assert_int_equal(in.scaled, 4);
  assert_null(thw_ext(proxy, THW_EXT_STATE));
  tw_optimizer_proxy_free(proxy);
  tw_ctx_free(ctx);
  end(&k);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_call_is_charged), cmocka_unit_test(missing_entries_have_defaults),
      cmocka_unit_test(a_hessian_is_limited), cmocka_unit_test(products_are_limited),
      cmocka_unit_test(the_budget_holds),     cmocka_unit_test(cancelling_twice_is_at_once),
      cmocka_unit_test(nan_is_named),         cmocka_unit_test(the_fused_loop_is_counted),
      cmocka_unit_test(a_stream_has_no_sum),  cmocka_unit_test(inner_methods_pay_for_themselves),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
