/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/oracles/common.c - see common.h. */
#include "common.h"

#include <stddef.h>

const thw_slot summing_slots[2] = {
    {"source", THW_SOURCE, 1, NULL, "Where the rows come from."},
    {"model", THW_MODEL, 1, NULL, "The loss of a row at a point."},
};

static const thw_model_ops *model(const summing *o) {
  return o->model.ops;
}
static const thw_source_ops *source(const summing *o) {
  return o->source.ops;
}

static thw_status no_memory(summing *o) {
  return o->host->fail(o->ctx, THW_E_NOMEM, "out of memory for a batch");
}

thw_status summing_open(summing *o, const thw_host *h, thw_ctx *c, const thw_wired *slots) {
  o->host = h;
  o->ctx = c;
  o->source = slots->object[0];
  o->model = slots->object[1];
  o->passes = thw_ext(&o->source, THW_EXT_PASS_SOURCE);
  o->info.size = sizeof o->info;
  THW_TRY(source(o)->info(o->source.self, 0, &o->info));
  thw_layout layout = {.size = sizeof layout};
  THW_TRY(model(o)->layout(o->model.self, &layout));
  const thw_host_space *spaces = h->ext(c, THW_HOST_EXT_SPACE);
  if (!spaces)
    return h->fail(c, THW_E_UNSUPPORTED, "this host makes no vector spaces: use a newer one");
  THW_TRY(spaces->make(c, layout.n, &o->space));
  if (!model(o)->diff) THW_TRY(thw_vec_new(o->space, &o->tmp));
  return THW_OK;
}

void summing_close(summing *o) {
  if (o->all) source(o)->release(o->source.self, o->all);
  thw_vec_free(o->tmp);
}

/* ---- batches ---------------------------------------------------------------------------------
 */

thw_status summing_idle(summing *o, int64_t n, pooled **out) {
  pooled *p = o->idle;
  if (p) {
    o->idle = p->next;
  } else {
    p = o->host->alloc(o->ctx, sizeof *p);
    if (!p) return no_memory(o);
  }
  if (p->room < n) {
    int64_t room = 2 * p->room > n ? 2 * p->room : n;
    o->host->release(o->ctx, p->index);
    p->room = 0;
    p->index = o->host->alloc(o->ctx, (size_t)room * sizeof *p->index);
    if (!p->index) {
      p->next = o->idle;
      o->idle = p;
      return no_memory(o);
    }
    p->room = room;
  }
  *out = p;
  return THW_OK;
}

thw_status summing_take(summing *o, pooled *p, int64_t n, int by_index, int64_t first,
                        thw_batch **out) {
  const int64_t *index = by_index ? p->index : NULL;
  thw_status s = o->passes && o->pass > 0
                     ? o->passes->take(o->source.self, 0, o->pass, n, index, first, &p->taken)
                     : source(o)->take(o->source.self, 0, n, index, first, &p->taken);
  if (s != THW_OK) {
    p->next = o->idle;
    o->idle = p;
    return s;
  }
  p->pub = *p->taken;
  p->pub.size = sizeof p->pub;
  p->pub.priv = p;
  p->pub.pass = o->pass;
  *out = &p->pub;
  return THW_OK;
}

void summing_release(void *self, thw_batch *b) {
  summing *o = self;
  pooled *p = b->priv;
  source(o)->release(o->source.self, p->taken);
  p->next = o->idle;
  o->idle = p;
}

static thw_status rows_of(summing *o, const thw_batch **b) {
  if (!*b) *b = o->all;
  if (!*b)
    return o->host->fail(o->ctx, THW_E_UNSUPPORTED,
                         "a stream has no whole sum: use a method that works on batches");
  return THW_OK;
}

/* ---- entries ---------------------------------------------------------------------------------
 */

thw_status summing_space(void *self, thw_space **out) {
  *out = ((summing *)self)->space;
  return THW_OK;
}

thw_status summing_start(void *self, thw_vec *x, thw_rng *r) {
  summing *o = self;
  thw_view v;
  THW_TRY(view_of(x, THW_WRITE, &v));
  thw_status s = model(o)->init(o->model.self, &v, r);
  view_end(x, THW_WRITE);
  return s;
}

thw_status summing_eval(void *self, const thw_vec *x, const thw_batch *b, double *f, thw_vec *g) {
  summing *o = self;
  thw_view xv, gv;
  THW_TRY(rows_of(o, &b));
  THW_TRY(view_of(x, THW_READ, &xv));
  if (g) THW_TRY(view_of(g, THW_WRITE, &gv));
  thw_status s = model(o)->eval(o->model.self, &xv, b, f, g ? &gv : NULL);
  if (g) view_end(g, THW_WRITE);
  view_end(x, THW_READ);
  return s;
}

static thw_status diff_by_two(summing *o, const thw_vec *x, const thw_vec *y, const thw_batch *b,
                              thw_vec *d) {
  THW_TRY(summing_eval(o, y, b, NULL, o->tmp));
  THW_TRY(summing_eval(o, x, b, NULL, d));
  return thw_axpy(d, -1.0, o->tmp);
}

thw_status summing_diff(void *self, const thw_vec *x, const thw_vec *y, const thw_batch *b,
                        thw_vec *d) {
  summing *o = self;
  thw_view xv, yv, dv;
  THW_TRY(rows_of(o, &b));
  if (!model(o)->diff) return diff_by_two(o, x, y, b, d);
  THW_TRY(view_of(x, THW_READ, &xv));
  THW_TRY(view_of(y, THW_READ, &yv));
  THW_TRY(view_of(d, THW_WRITE, &dv));
  thw_status s = model(o)->diff(o->model.self, &xv, &yv, b, &dv);
  view_end(d, THW_WRITE);
  view_end(y, THW_READ);
  view_end(x, THW_READ);
  return s;
}

thw_status summing_hvp(void *self, const thw_vec *x, const thw_vec *v, const thw_batch *b,
                       thw_vec *hv) {
  summing *o = self;
  thw_view xv, vv, hvv;
  if (!model(o)->hvp) return THW_E_UNSUPPORTED;
  THW_TRY(rows_of(o, &b));
  THW_TRY(view_of(x, THW_READ, &xv));
  THW_TRY(view_of(v, THW_READ, &vv));
  THW_TRY(view_of(hv, THW_WRITE, &hvv));
  thw_status s = model(o)->hvp(o->model.self, &xv, &vv, b, &hvv);
  view_end(hv, THW_WRITE);
  view_end(v, THW_READ);
  view_end(x, THW_READ);
  return s;
}
