/* SPDX-License-Identifier: BSD-3-Clause */
/* The plainest finite-sum oracle: all calls go through eval. */
#include "tests/problems/model.h"

#include "core/space.h"

#define POOL 8

typedef struct held {
  thw_batch batch;
  int64_t *index, cap;
  int busy;
} held;

struct tp_oracle {
  thw_object object;
  tp_model model;
  thw_space *space;
  thw_vec *scratch;
  thw_facts facts;
  int stream;
  int64_t next, cost;
  held pool[POOL];
};

static thw_status o_facts(void *self, thw_facts *out) {
  *out = ((tp_oracle *)self)->facts;
  return THW_OK;
}

static thw_status o_space(void *self, thw_space **out) {
  *out = ((tp_oracle *)self)->space;
  return THW_OK;
}

static thw_status o_start(void *self, thw_vec *x, thw_rng *r) {
  tp_oracle *o = self;
  thw_view v;
  THW_TRY(x->ops->map(x, THW_WRITE, &v));
  THW_TRY(o->model.ops->init(o->model.self, &v, r));
  return x->ops->unmap(x, THW_WRITE);
}

static held *idle(tp_oracle *o, int64_t n) {
  for (int i = 0; i < POOL; i++) {
    held *h = &o->pool[i];
    if (h->busy) continue;
    if (h->cap < n) {
      h->index = realloc(h->index, (size_t)n * sizeof *h->index);
      if (!h->index) abort();
      h->cap = n;
    }
    h->busy = 1;
    return h;
  }
  abort(); /* a test that holds this many batches has forgotten to release them */
}

/* Floyd's sample without replacement, quadratic in n: for tests. */
static void subset(int64_t rows, int64_t n, thw_rng *r, int64_t *out) {
  for (int64_t k = 0; k < n; k++) {
    int64_t top = rows - n + k, pick = thw_rng_index(r, top + 1);
    for (int64_t i = 0; i < k; i++)
      if (out[i] == pick) {
        pick = top;
        break;
      }
    out[k] = pick;
  }
}

static thw_status o_draw(void *self, thw_rng *r, uint32_t how, int64_t n, thw_batch **out) {
  tp_oracle *o = self;
  int64_t rows = o->model.n;
  if (how == THW_DRAW_SUBSET && !o->stream && n > rows) n = rows;
  held *h = idle(o, n);
  h->batch = (thw_batch){.size = sizeof h->batch, .n = n, .index = h->index, .priv = h};
  if (how == THW_DRAW_SUBSET && !o->stream)
    subset(rows, n, r, h->index);
  else
    for (int64_t k = 0; k < n; k++)
      h->index[k] = how == THW_DRAW_NEXT ? o->next++ % rows : thw_rng_index(r, rows);
  *out = &h->batch;
  return THW_OK;
}

static void o_release(void *self, thw_batch *b) {
  (void)self;
  ((held *)b->priv)->busy = 0;
}

static thw_status o_eval(void *self, const thw_vec *x, const thw_batch *b, double *f, thw_vec *g) {
  tp_oracle *o = self;
  thw_view xv, gv;
  if (!b && o->stream) return THW_E_UNSUPPORTED;
  if (g) o->cost += b ? b->n : o->model.n;
  /* reading a vector changes nothing, but map takes it without const */
  union {
    const thw_vec *in;
    thw_vec *out;
  } point = {x};
  THW_TRY(x->ops->map(point.out, THW_READ, &xv));
  if (g) THW_TRY(g->ops->map(g, THW_WRITE, &gv));
  THW_TRY(o->model.ops->eval(o->model.self, &xv, b, f, g ? &gv : NULL));
  if (g) THW_TRY(g->ops->unmap(g, THW_WRITE));
  return x->ops->unmap(point.out, THW_READ);
}

static thw_status o_evaln(void *self, uint32_t k, const thw_vec *const *x, const thw_batch *b,
                          double *f, thw_vec *const *g) {
  for (uint32_t j = 0; j < k; j++)
    THW_TRY(o_eval(self, x[j], b, f ? &f[j] : NULL, g ? g[j] : NULL));
  return THW_OK;
}

static thw_status o_diff(void *self, const thw_vec *x, const thw_vec *y, const thw_batch *b,
                         thw_vec *d) {
  tp_oracle *o = self;
  THW_TRY(o_eval(self, x, b, NULL, d));
  THW_TRY(o_eval(self, y, b, NULL, o->scratch));
  return thw_axpy(d, -1.0, o->scratch);
}

static thw_status o_blocks(void *self, const thw_vec *x, const thw_batch *b, uint32_t k,
                           thw_vec *const *g) {
  for (uint32_t j = 0; j < k; j++) {
    thw_batch part = *b;
    part.index = b->index + b->n * j / k;
    part.n = b->n * (j + 1) / k - b->n * j / k;
    THW_TRY(o_eval(self, x, &part, NULL, g[j]));
  }
  return THW_OK;
}

static thw_status o_hvp(void *self, const thw_vec *x, const thw_vec *v, const thw_batch *b,
                        thw_vec *hv) {
  (void)self, (void)x, (void)v, (void)b, (void)hv;
  return THW_E_UNSUPPORTED;
}

static const thw_oracle_ops ops = {.size = sizeof ops,
                                   .facts = o_facts,
                                   .space = o_space,
                                   .start_point = o_start,
                                   .draw = o_draw,
                                   .release = o_release,
                                   .eval = o_eval,
                                   .evaln = o_evaln,
                                   .diff = o_diff,
                                   .blocks = o_blocks,
                                   .hvp = o_hvp};

tp_oracle *tp_oracle_new(const tp_model *m, uint32_t dtype, int stream) {
  tp_oracle *o = calloc(1, sizeof *o);
  if (!o) abort();
  o->object = (thw_object){sizeof o->object, THW_ORACLE, &ops, o, NULL};
  o->model = *m;
  o->stream = stream;
  o->space = tw_space_new(dtype, m->d);
  if (!o->space || thw_vec_new(o->space, &o->scratch) != THW_OK) abort();
  o->facts = (thw_facts){.size = sizeof o->facts,
                         .components = stream ? -1 : m->n,
                         .lipschitz = NAN,
                         .lipschitz_max = NAN,
                         .lipschitz_hess = NAN,
                         .variance = NAN,
                         .variance_hess = NAN,
                         .convexity = NAN,
                         .lower_bound = NAN};
  return o;
}

void tp_oracle_free(tp_oracle *o) {
  if (!o) return;
  for (int i = 0; i < POOL; i++) free(o->pool[i].index);
  thw_vec_free(o->scratch);
  tw_space_free(o->space);
  free(o);
}

const thw_object *tp_oracle_object(const tp_oracle *o) {
  return &o->object;
}
thw_space *tp_oracle_space(const tp_oracle *o) {
  return o->space;
}
thw_facts *tp_oracle_facts(tp_oracle *o) {
  return &o->facts;
}
int64_t tp_oracle_cost(const tp_oracle *o) {
  return o->cost;
}
