/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/oracle.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/ledger.h"

struct tw_oracle {
  thw_object object; /* what others see: our table, this struct */
  thw_object inner;
  const thw_oracle_ops *ops; /* of inner */
  const thw_vr *vr;          /* of inner, or NULL */
  thw_vr vr_mine;
  const thw_hessian *hessian; /* of inner, or NULL */
  thw_hessian hessian_mine;
  const thw_floor *floor; /* of inner, or NULL */
  thw_floor floor_mine;
  const thw_solve *solve; /* of inner, or NULL */
  thw_solve solve_mine;
  tw_session *session;
  thw_ctx *ctx;
  tw_ledger *ledger; /* NULL: nothing is booked */
  int64_t rows;
  thw_vec *scratch; /* of the default diff; made once, when first needed */
};

#define HAS(o, entry) (THW_HAS(thw_oracle_ops, (o)->ops, entry) && (o)->ops->entry)

/* ---- charging ------------------------------------------------------------------------------- */

/* Rows that a call on `b` touches; 0 when the whole of a stream is asked for, which the inner
 * oracle refuses itself. */
static int64_t rows_of(const tw_oracle *o, const thw_batch *b) {
  if (b) return b->n;
  return o->rows > 0 ? o->rows : 0;
}

static thw_status admit(tw_oracle *o, const tw_counts *c) {
  if (o->session->cancel >= 2) return THW_CANCELLED;
  if (!o->ledger) return THW_OK;
  THW_TRY(tw_ledger_afford(o->ledger, tw_counts_work(c)));
  tw_ledger_charge(o->ledger, c);
  return THW_OK;
}

/* ---- the NaN guard -------------------------------------------------------------------------- */

static thw_status not_finite(tw_oracle *o, const char *what) {
  const char *asker = NULL;
  if (o->session->ledger) asker = o->session->ledger->v[o->session->ledger->current].name;
  char *text = tw_sprintf("%s: %s is not finite (step %lld, asked for by %s)", tw_ctx_path(o->ctx),
                          what, (long long)o->session->step, asker ? asker : tw_ctx_path(o->ctx));
  thw_status st = tw_host.fail(o->ctx, THW_E_NONFINITE, text);
  free(text);
  return st;
}

static thw_status guard_vec(tw_oracle *o, const thw_vec *v, const char *what) {
  int32_t all = 1;
  if (!v) return THW_OK;
  THW_TRY(v->ops->finite(v, &all));
  return all ? THW_OK : not_finite(o, what);
}

static thw_status guard_f(tw_oracle *o, const double *f) {
  return !f || isfinite(*f) ? THW_OK : not_finite(o, "the value f");
}

/* One evaluation by the inner oracle, guarded and already paid for. */
static thw_status eval_inner(tw_oracle *o, const thw_vec *x, const thw_batch *b, double *f,
                             thw_vec *g) {
  THW_TRY(o->ops->eval(o->inner.self, x, b, f, g));
  THW_TRY(guard_f(o, f));
  return guard_vec(o, g, "the gradient");
}

static thw_status unsupported(tw_oracle *o, const char *what) {
  char *text = tw_sprintf("%s: this oracle offers no %s", tw_ctx_path(o->ctx), what);
  thw_status st = tw_host.fail(o->ctx, THW_E_UNSUPPORTED, text);
  free(text);
  return st;
}

/* ---- entries -------------------------------------------------------------------------------- */

/* The caller may know a shorter struct than we do, so the inner oracle fills in ours. */
static thw_status facts(void *self, thw_facts *out) {
  tw_oracle *o = self;
  thw_facts f = {.size = sizeof f, .components = -1};
  f.lipschitz = f.lipschitz_max = f.lipschitz_hess = (double)NAN;
  f.variance = f.variance_hess = f.convexity = f.lower_bound = (double)NAN;
  if (THW_HAS(thw_facts, out, want)) f.want = out->want;
  if (HAS(o, facts)) THW_TRY(o->ops->facts(o->inner.self, &f));
  size_t n = out->size;
  if (n < offsetof(thw_facts, lipschitz) || n > sizeof f) n = sizeof f;
  f.size = (uint32_t)n;
  memcpy(out, &f, n);
  return THW_OK;
}

static thw_status space(void *self, thw_space **out) {
  tw_oracle *o = self;
  return HAS(o, space) ? o->ops->space(o->inner.self, out) : unsupported(o, "space");
}

static thw_status start_point(void *self, thw_vec *x, thw_rng *r) {
  tw_oracle *o = self;
  if (!HAS(o, start_point)) return unsupported(o, "starting point");
  THW_TRY(o->ops->start_point(o->inner.self, x, r));
  return guard_vec(o, x, "the starting point");
}

static thw_status draw(void *self, thw_rng *r, uint32_t how, int64_t n, thw_batch **out) {
  tw_oracle *o = self;
  if (o->session->cancel >= 2) return THW_CANCELLED;
  return HAS(o, draw) ? o->ops->draw(o->inner.self, r, how, n, out) : unsupported(o, "batches");
}

static void release(void *self, thw_batch *b) {
  tw_oracle *o = self;
  if (b && HAS(o, release)) o->ops->release(o->inner.self, b);
}

static thw_status eval(void *self, const thw_vec *x, const thw_batch *b, double *f, thw_vec *g) {
  tw_oracle *o = self;
  int64_t n = rows_of(o, b);
  tw_counts c = {.gradients = g ? n : 0, .values = g ? 0 : n, .calls = 1};
  THW_TRY(admit(o, &c));
  return eval_inner(o, x, b, f, g);
}

static thw_status evaln(void *self, uint32_t k, const thw_vec *const *x, const thw_batch *b,
                        double *f, thw_vec *const *g) {
  tw_oracle *o = self;
  int64_t n = rows_of(o, b);
  tw_counts c = {.calls = 1};
  if (g)
    c.gradients = (int64_t)k * n, c.pairs = (int64_t)(k / 2) * n;
  else
    c.values = (int64_t)k * n;
  THW_TRY(admit(o, &c));
  if (!HAS(o, evaln)) {
    for (uint32_t j = 0; j < k; j++)
      THW_TRY(eval_inner(o, x[j], b, f ? f + j : NULL, g ? g[j] : NULL));
    return THW_OK;
  }
  THW_TRY(o->ops->evaln(o->inner.self, k, x, b, f, g));
  for (uint32_t j = 0; j < k; j++) {
    THW_TRY(guard_f(o, f ? f + j : NULL));
    THW_TRY(guard_vec(o, g ? g[j] : NULL, "the gradient"));
  }
  return THW_OK;
}

static thw_status diff_by_two(tw_oracle *o, const thw_vec *x, const thw_vec *y, const thw_batch *b,
                              thw_vec *d) {
  if (o->scratch && o->scratch->space != d->space) {
    thw_vec_free(o->scratch);
    o->scratch = NULL;
  }
  if (!o->scratch) THW_TRY(thw_vec_new(d->space, &o->scratch));
  THW_TRY(o->ops->eval(o->inner.self, x, b, NULL, d));
  THW_TRY(o->ops->eval(o->inner.self, y, b, NULL, o->scratch));
  return thw_axpy(d, -1.0, o->scratch);
}

static thw_status diff(void *self, const thw_vec *x, const thw_vec *y, const thw_batch *b,
                       thw_vec *d) {
  tw_oracle *o = self;
  int64_t n = rows_of(o, b);
  tw_counts c = {.gradients = 2 * n, .pairs = n, .calls = 1};
  THW_TRY(admit(o, &c));
  if (HAS(o, diff))
    THW_TRY(o->ops->diff(o->inner.self, x, y, b, d));
  else
    THW_TRY(diff_by_two(o, x, y, b, d));
  return guard_vec(o, d, "the gradient difference");
}

static thw_status cut(tw_oracle *o, const thw_vec *x, const thw_batch *b, uint32_t k,
                      thw_vec *const *g) {
  for (uint32_t j = 0; j < k; j++) {
    thw_batch part = *b;
    int64_t lo = b->n * (int64_t)j / (int64_t)k, hi = b->n * ((int64_t)j + 1) / (int64_t)k;
    part.n = hi - lo;
    if (part.index)
      part.index += lo;
    else
      part.first += lo;
    THW_TRY(eval_inner(o, x, &part, NULL, g[j]));
  }
  return THW_OK;
}

static thw_status blocks(void *self, const thw_vec *x, const thw_batch *b, uint32_t k,
                         thw_vec *const *g) {
  tw_oracle *o = self;
  int64_t n = rows_of(o, b);
  if (k == 0 || n < (int64_t)k) {
    char *text = tw_sprintf("%s: a batch of %lld rows cannot be cut into %u parts",
                            tw_ctx_path(o->ctx), (long long)n, k);
    thw_status st = tw_host.fail(o->ctx, THW_E_ARG, text);
    free(text);
    return st;
  }
  tw_counts c = {.gradients = n, .calls = 1};
  THW_TRY(admit(o, &c));
  if (HAS(o, blocks)) {
    THW_TRY(o->ops->blocks(o->inner.self, x, b, k, g));
    for (uint32_t j = 0; j < k; j++) THW_TRY(guard_vec(o, g[j], "the gradient of a block"));
    return THW_OK;
  }
  if (b) return cut(o, x, b, k, g);
  thw_rng r; /* all rows are drawn: the stream is not felt */
  thw_batch *all = NULL;
  tw_stream(o->session->seed, tw_ctx_path(o->ctx), "blocks", &r);
  THW_TRY(draw(o, &r, THW_DRAW_SUBSET, n, &all));
  thw_status st = cut(o, x, all, k, g);
  release(o, all);
  return st;
}

static thw_status hvp(void *self, const thw_vec *x, const thw_vec *v, const thw_batch *b,
                      thw_vec *hv) {
  tw_oracle *o = self;
  if (!HAS(o, hvp)) return unsupported(o, "Hessian-vector products: use gradient differences");
  tw_counts c = {.hvp = rows_of(o, b), .calls = 1};
  THW_TRY(admit(o, &c));
  thw_status st = o->ops->hvp(o->inner.self, x, v, b, hv);
  if (st == THW_E_UNSUPPORTED && o->ledger) {
    tw_counts back = {.hvp = -c.hvp, .calls = -1};
    tw_ledger_charge(o->ledger, &back);
  }
  if (st != THW_OK) return st;
  return guard_vec(o, hv, "a Hessian-vector product");
}

static const thw_oracle_ops wrapper_ops = {
    .size = sizeof(thw_oracle_ops),
    .facts = facts,
    .space = space,
    .start_point = start_point,
    .draw = draw,
    .release = release,
    .eval = eval,
    .evaln = evaln,
    .diff = diff,
    .blocks = blocks,
    .hvp = hvp,
};

/* ---- thw.vr/1 ------------------------------------------------------------------------------- */

static thw_status vr_prepare(void *self, const thw_vec *s, thw_vec *mu, void **snapshot) {
  tw_oracle *o = self;
  tw_counts c = {.gradients = rows_of(o, NULL), .calls = 1};
  THW_TRY(admit(o, &c));
  thw_status st = o->vr->prepare(o->inner.self, s, mu, snapshot);
  if (st == THW_E_UNSUPPORTED && o->ledger) {
    tw_counts back = {.gradients = -c.gradients, .calls = -1};
    tw_ledger_charge(o->ledger, &back);
  }
  THW_TRY(st);
  st = guard_vec(o, mu, "the gradient");
  if (st != THW_OK) o->vr->drop(o->inner.self, *snapshot);
  return st;
}

static thw_status vr_loop(void *self, thw_vr_job *job) {
  tw_oracle *o = self;
  int64_t rows = job->m * job->b;
  tw_counts c = {.gradients = 2 * rows, .pairs = rows, .calls = 1};
  THW_TRY(admit(o, &c));
  thw_status st = o->vr->loop(o->inner.self, job);
  if (st == THW_E_UNSUPPORTED && o->ledger) {
    /* Nothing was evaluated; the plain path that follows pays for itself. */
    tw_counts back = {.gradients = -c.gradients, .pairs = -c.pairs, .calls = -c.calls};
    tw_ledger_charge(o->ledger, &back);
  }
  if (st != THW_OK) return st;
  return guard_vec(o, job->x, "the point after a loop of variance-reduced steps");
}

static void vr_drop(void *self, void *snapshot) {
  tw_oracle *o = self;
  o->vr->drop(o->inner.self, snapshot);
}

/* ---- thw.hessian/1 -------------------------------------------------------------------------- */

/* The products that a Hessian is booked as: what the model says, at most one for each parameter. */
static int64_t hessian_products(const tw_oracle *o, const thw_batch *b, int64_t n) {
  int64_t most = rows_of(o, b) * n;
  if (!THW_HAS(thw_hessian, o->hessian, products) || !o->hessian->products) return most;
  double told = o->hessian->products(o->inner.self, b);
  return told >= 0 && told < (double)most ? (int64_t)ceil(told) : most;
}

static thw_status hessian(void *self, const thw_vec *x, const thw_batch *b, double *h) {
  tw_oracle *o = self;
  int64_t n = x->space->n;
  tw_counts c = {.hvp = hessian_products(o, b, n), .calls = 1};
  THW_TRY(admit(o, &c));
  thw_status st = o->hessian->hessian(o->inner.self, x, b, h);
  if (st == THW_E_UNSUPPORTED && o->ledger) {
    tw_counts back = {.hvp = -c.hvp, .calls = -1};
    tw_ledger_charge(o->ledger, &back);
  }
  if (st != THW_OK) return st;
  double sum = 0; /* x - x is 0 for a finite x and NaN for any other */
  for (int64_t i = 0; i < n * n; i++) sum += h[i] - h[i];
  return sum == 0 ? THW_OK : not_finite(o, "the Hessian");
}

static double products(void *self, const thw_batch *b) {
  tw_oracle *o = self;
  thw_space *space;
  if (!HAS(o, space) || o->ops->space(o->inner.self, &space) != THW_OK) return (double)NAN;
  return (double)hessian_products(o, b, space->n);
}

/* ---- thw.solve/1 ---------------------------------------------------------------------------- */

static thw_status solve(void *self, thw_vec *x) {
  tw_oracle *o = self;
  tw_counts c = {.gradients = rows_of(o, NULL), .calls = 1};
  THW_TRY(admit(o, &c));
  THW_TRY(o->solve->solve(o->inner.self, x));
  return guard_vec(o, x, "the solution in closed form");
}

/* ---- thw.floor/1 ---------------------------------------------------------------------------- */

static thw_status curvature_floor(void *self, const thw_vec *x, double *out) {
  tw_oracle *o = self;
  THW_TRY(o->floor->floor(o->inner.self, x, out));
  return isnan(*out) ? not_finite(o, "the lower bound of the curvature") : THW_OK;
}

/* ---- the object ----------------------------------------------------------------------------- */

static const void *ext(void *self, const char *id) {
  tw_oracle *o = self;
  if (o->vr && strcmp(id, THW_EXT_VR) == 0) return &o->vr_mine;
  if (o->floor && strcmp(id, THW_EXT_FLOOR) == 0) return &o->floor_mine;
  if (o->solve && strcmp(id, THW_EXT_SOLVE) == 0) return &o->solve_mine;
  return o->hessian && strcmp(id, THW_EXT_HESSIAN) == 0 ? &o->hessian_mine : NULL;
}

thw_status tw_oracle_new(tw_session *s, thw_ctx *ctx, const thw_object *inner, int charge,
                         tw_oracle **out) {
  tw_oracle *o = tw_calloc(1, sizeof *o);
  o->session = s;
  o->ctx = ctx;
  o->inner = *inner;
  o->ops = inner->ops;
  o->ledger = charge ? s->ledger : NULL;
  o->object = (thw_object){sizeof o->object, THW_ORACLE, &wrapper_ops, o, ext};
  if (!o->ops || !HAS(o, eval)) {
    tw_oracle_free(o);
    return tw_host.fail(ctx, THW_E_INTERNAL, "this oracle has no entry `eval`");
  }
  o->vr = thw_ext(inner, THW_EXT_VR);
  o->vr_mine =
      (thw_vr){.size = sizeof(thw_vr), .prepare = vr_prepare, .loop = vr_loop, .drop = vr_drop};
  o->hessian = thw_ext(inner, THW_EXT_HESSIAN);
  o->hessian_mine =
      (thw_hessian){.size = sizeof(thw_hessian), .hessian = hessian, .products = products};
  o->floor = thw_ext(inner, THW_EXT_FLOOR);
  o->floor_mine = (thw_floor){.size = sizeof(thw_floor), .floor = curvature_floor};
  o->solve = thw_ext(inner, THW_EXT_SOLVE);
  o->solve_mine = (thw_solve){.size = sizeof(thw_solve), .solve = solve};
  thw_facts f = {.size = sizeof f, .want = THW_FACT_ROWS};
  thw_status st = facts(o, &f);
  if (st != THW_OK) {
    tw_oracle_free(o);
    return st;
  }
  o->rows = f.components;
  *out = o;
  return THW_OK;
}

void tw_oracle_detach(tw_oracle *o) {
  if (!o) return;
  thw_vec_free(o->scratch);
  o->scratch = NULL;
}

void tw_oracle_free(tw_oracle *o) {
  tw_oracle_detach(o);
  free(o);
}

const thw_object *tw_oracle_object(tw_oracle *o) {
  return &o->object;
}

int64_t tw_oracle_rows(const tw_oracle *o) {
  return o->rows;
}

int tw_oracle_is_wrapped(const thw_object *o) {
  return o->ops == &wrapper_ops;
}
