/* SPDX-License-Identifier: BSD-3-Clause */
/* A built-in model: half the mean squared error of w.x over dense rows; labels that are absent
 * count as 0. Slow and plain. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/verify/priv.h"

struct vf_squares {
  thw_object object;
  int64_t width, rows;
  thw_block block;
};

static double number(const void *p, uint32_t dtype, int64_t i) {
  return dtype == THW_F32 ? (double)((const float *)p)[i] : ((const double *)p)[i];
}

static double feature(const thw_rows *r, int64_t k) {
  return r->x ? number(r->x, r->dtype, k) : 1.0;
}

/* Where row `i` is stored: entries lo..hi-1, of columns `col` or lo-based. */
static void span(const thw_rows *r, int64_t i, int64_t *lo, int64_t *hi) {
  *lo = r->layout == THW_ROWS_CSR ? r->start[i] : i * r->ld;
  *hi = r->layout == THW_ROWS_CSR ? r->start[i + 1] : i * r->ld + r->width;
}

static int64_t column(const thw_rows *r, int64_t k, int64_t lo) {
  return r->layout == THW_ROWS_CSR ? r->col[k] : k - lo;
}

static thw_status layout(void *self, thw_layout *out) {
  vf_squares *m = self;
  *out = (thw_layout){.size = out->size, .flags = THW_MODEL_SMOOTH | THW_MODEL_CONVEX};
  out->n = m->width;
  out->n_blocks = 1;
  out->block_stride = sizeof m->block;
  out->blocks = &m->block;
  return THW_OK;
}

static thw_status facts(void *self, thw_facts *out) {
  vf_squares *m = self;
  out->components = m->rows;
  out->lower_bound = 0;
  return THW_OK;
}

static thw_status init(void *self, thw_view *x, thw_rng *r) {
  (void)self;
  for (int64_t i = 0; i < x->n; i++) vf_set(x, i, floor(16 * thw_rng_normal(r)) / 16);
  return THW_OK;
}

static thw_status eval(void *self, const thw_view *x, const thw_batch *b, double *f, thw_view *g) {
  vf_squares *m = self;
  const thw_rows *r = b->rows;
  double sum = 0;
  double *grad = tw_calloc((size_t)m->width, sizeof *grad);
  for (int64_t k = 0; k < b->n; k++) {
    int64_t i = thw_batch_row(b, k), lo, hi;
    double e = r->y ? -number(r->y, r->dtype, i) : 0;
    span(r, i, &lo, &hi);
    for (int64_t j = lo; j < hi; j++) e += feature(r, j) * vf_get(x, column(r, j, lo));
    sum += 0.5 * e * e;
    for (int64_t j = lo; j < hi; j++) grad[column(r, j, lo)] += e * feature(r, j);
  }
  if (f) *f = sum / (double)b->n;
  if (g)
    for (int64_t j = 0; j < m->width; j++) vf_set(g, j, grad[j] / (double)b->n);
  free(grad);
  return THW_OK;
}

/* ---- the fused loop, by the plain path ----------------------------------------------------------
 */

static thw_status prepare(void *self, const thw_view *s, const thw_batch *b, thw_view *mu,
                          void **snapshot) {
  thw_batch *copy = tw_calloc(1, sizeof *copy);
  *copy = *b;
  *snapshot = copy;
  return eval(self, s, b, NULL, mu);
}

static thw_status loop(void *self, void *snapshot, thw_view *x, const thw_view *s,
                       const thw_view *mu, double step, double shift, const thw_view *centre,
                       int64_t m, int64_t b, const int64_t *index, thw_view *sum) {
  vf_buf gx = vf_buf_new(x->dtype, x->n), gs = vf_buf_new(x->dtype, x->n);
  for (int64_t t = 0; t < m; t++) {
    thw_batch part = *(const thw_batch *)snapshot;
    part.index = index + t * b;
    part.n = b;
    eval(self, x, &part, NULL, &gx.view);
    eval(self, s, &part, NULL, &gs.view);
    for (int64_t i = 0; i < x->n; i++) {
      double at = vf_get(x, i), away = centre ? at - vf_get(centre, i) : 0;
      if (sum) vf_set(sum, i, vf_get(sum, i) + at);
      vf_set(x, i,
             at -
                 step * (vf_get(&gx.view, i) - vf_get(&gs.view, i) + vf_get(mu, i) + shift * away));
    }
  }
  vf_buf_free(&gx);
  vf_buf_free(&gs);
  return THW_OK;
}

static void forget(void *self, void *snapshot) {
  (void)self;
  free(snapshot);
}

static const thw_vr_model vr = {
    .size = sizeof vr, .prepare = prepare, .loop = loop, .drop = forget};

static const void *ext(void *self, const char *id) {
  (void)self;
  return strcmp(id, THW_EXT_VR_MODEL) == 0 ? &vr : NULL;
}

static const thw_model_ops ops = {
    .size = sizeof ops, .layout = layout, .facts = facts, .init = init, .eval = eval};

vf_squares *vf_squares_new(const thw_object *source) {
  vf_squares *m = tw_calloc(1, sizeof *m);
  const thw_source_ops *s = source->ops;
  thw_source_info info = {.size = sizeof info};
  s->info(source->self, 0, &info);
  m->width = info.width;
  m->rows = info.n;
  m->block = (thw_block){.name = "w", .n = info.width, .n_dims = 1, .dims = {info.width}};
  m->object = (thw_object){sizeof m->object, THW_MODEL, &ops, m, ext};
  return m;
}

void vf_squares_free(vf_squares *m) {
  free(m);
}

const thw_object *vf_squares_object(vf_squares *m) {
  return &m->object;
}
