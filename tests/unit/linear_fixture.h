/* SPDX-License-Identifier: BSD-3-Clause */
/* Random rows as a source, dense or sparse, in either precision, and a linear model over them. */
#ifndef THALWEG_TESTS_LINEAR_FIXTURE_H
#define THALWEG_TESTS_LINEAR_FIXTURE_H

#include "tests/unit/open_source.h"

typedef struct fixture_shape {
  int64_t n, d, classes; /* classes 0: real labels */
  double density;        /* of non-zeros */
  int unit;              /* non-zeros are 1 */
  uint32_t layout, dtype;
} fixture_shape;

typedef struct fixture {
  fixture_shape shape;
  double *a, *y; /* dense, as doubles: what the tests compute with */
  int32_t *label;
  void *x, *target;
  int64_t *start;
  int32_t *col;
  thw_rows rows;
  thw_object source;
  int64_t taken; /* batches not released */
} fixture;

static thw_status fixture_sets(void *self, uint32_t *n) {
  (void)self;
  *n = 1;
  return THW_OK;
}

static thw_status fixture_info(void *self, uint32_t set, thw_source_info *out) {
  const fixture *f = self;
  (void)set;
  uint32_t size = out->size;
  *out = (thw_source_info){.size = size,
                           .layout = f->shape.layout,
                           .n = f->shape.n,
                           .width = f->shape.d,
                           .set = "train",
                           .classes = f->shape.classes};
  out->label = f->shape.classes ? THW_LABEL_CLASS : THW_LABEL_REAL;
  return THW_OK;
}

static thw_status fixture_take(void *self, uint32_t set, int64_t n, const int64_t *index,
                               int64_t first, thw_batch **out) {
  fixture *f = self;
  *out = calloc(1, sizeof **out);
  **out = (thw_batch){sizeof **out, set, n, first, index, &f->rows, NULL, 0};
  f->taken++;
  return THW_OK;
}

static void fixture_release(void *self, thw_batch *b) {
  ((fixture *)self)->taken--;
  free(b);
}

static const thw_source_ops fixture_ops = {
    sizeof(thw_source_ops), 0, fixture_sets, fixture_info, fixture_take, fixture_release};

static void *fixture_typed(const double *v, int64_t n, uint32_t dtype) {
  void *out = calloc((size_t)(n > 0 ? n : 1), sizeof(double));
  for (int64_t i = 0; i < n; i++) {
    if (dtype == THW_F32)
      ((float *)out)[i] = (float)v[i];
    else
      ((double *)out)[i] = v[i];
  }
  return out;
}

static void fixture_compress(fixture *f) {
  int64_t n = f->shape.n, d = f->shape.d, nnz = 0;
  double *v = calloc((size_t)(n * d), sizeof *v);
  f->start = calloc((size_t)n + 1, sizeof *f->start);
  f->col = calloc((size_t)(n * d), sizeof *f->col);
  for (int64_t i = 0; i < n; i++) {
    for (int64_t j = 0; j < d; j++)
      if (f->a[i * d + j] != 0) {
        f->col[nnz] = (int32_t)j;
        v[nnz++] = f->a[i * d + j];
      }
    f->start[i + 1] = nnz;
  }
  f->x = f->shape.unit ? NULL : fixture_typed(v, nnz, f->shape.dtype);
  free(v);
}

/* Values are rounded to float32, so that both precisions see the same data. */
static THW_UNUSED fixture *fixture_new(fixture_shape s) {
  fixture *f = calloc(1, sizeof *f);
  thw_rng r = {.key = {11, 5}};
  f->shape = s;
  f->a = calloc((size_t)(s.n * s.d), sizeof(double));
  f->y = calloc((size_t)s.n, sizeof(double));
  f->label = calloc((size_t)s.n, sizeof(int32_t));
  for (int64_t i = 0; i < s.n; i++) {
    double t = 0;
    for (int64_t j = 0; j < s.d; j++) {
      double v = s.unit ? 1.0 : (double)(float)thw_rng_normal(&r);
      if (thw_rng_uniform(&r) >= s.density) v = 0;
      f->a[i * s.d + j] = v;
      t += v * cos((double)j);
    }
    t += 0.5 * thw_rng_normal(&r);
    if (s.classes) {
      double u = 1 / (1 + exp(-t));
      f->label[i] = (int32_t)fmin(floor(u * (double)s.classes), (double)s.classes - 1);
      f->y[i] = f->label[i];
    } else {
      f->y[i] = (double)(float)t;
    }
  }
  f->rows = (thw_rows){
      .size = sizeof f->rows, .layout = s.layout, .dtype = s.dtype, .n = s.n, .width = s.d};
  if (s.layout == THW_ROWS_CSR)
    fixture_compress(f);
  else
    f->x = fixture_typed(f->a, s.n * s.d, s.dtype);
  f->target = fixture_typed(f->y, s.n, s.dtype);
  f->rows.x = f->x;
  f->rows.ld = s.d;
  f->rows.start = f->start;
  f->rows.col = f->col;
  f->rows.y = f->target;
  f->rows.label = s.classes ? f->label : NULL;
  f->source = (thw_object){sizeof f->source, THW_SOURCE, &fixture_ops, f, NULL};
  return f;
}

static THW_UNUSED void fixture_free(fixture *f) {
  assert_int_equal(f->taken, 0);
  free(f->a);
  free(f->y);
  free(f->label);
  free(f->x);
  free(f->target);
  free(f->start);
  free(f->col);
  free(f);
}

/* ---- components ----------------------------------------------------------------------------- */

typedef struct made {
  tw_session session;
  thw_ctx *ctx;
  const thw_component *component;
  void *params;
  char *words; /* what texts among the parameters point into */
  thw_object slot[2];
  thw_wired wired;
  thw_object object;
  char error[400];
} made;

/* Path of the instances, which names their random streams; NULL: their id. */
static THW_UNUSED const char *make_path;

/* `params`: "name=value name=value", or "". */
static THW_UNUSED thw_status make(made *m, const char *plugin, const char *id, uint32_t dtype,
                                  const char *params, const thw_object *slot0,
                                  const thw_object *slot1) {
  memset(m, 0, sizeof *m);
  tw_session_init(&m->session, 3, dtype, 0);
  m->ctx = tw_ctx_new(&m->session, make_path ? make_path : id);
  m->component = open_find(plugin, id);
  m->params = calloc(1, m->component->params_size + 1);
  const thw_param *p = m->component->params;
  for (uint32_t i = 0; i < m->component->n_params; i++) open_set(&p[i], m->params, NULL);
  m->words = strdup(params);
  for (char *w = strtok(m->words, " "); w; w = strtok(NULL, " ")) {
    char *eq = strchr(w, '=');
    uint32_t i = 0;
    *eq = '\0';
    while (i < m->component->n_params && strcmp(p[i].name, w) != 0) i++;
    if (i == m->component->n_params) fail_msg("no parameter %s", w);
    open_set(&p[i], m->params, eq + 1);
  }
  m->slot[0] = *slot0;
  if (slot1) m->slot[1] = *slot1;
  m->wired = (thw_wired){slot1 ? 2 : 1, 0, m->slot};
  const thw_component *c = m->component;
  thw_status s = c->check ? c->check(&tw_host, m->ctx, m->params) : THW_OK;
  void *self = NULL;
  if (s == THW_OK) s = c->create(c, &tw_host, m->ctx, m->params, &m->wired, &self);
  if (s != THW_OK) {
    char *text = tw_ctx_take_text(m->ctx, s);
    snprintf(m->error, sizeof m->error, "%s", text);
    free(text);
    return s;
  }
  m->object = (thw_object){sizeof m->object, c->kind, c->ops, self, c->ext};
  return THW_OK;
}

static THW_UNUSED void unmake(made *m) {
  if (m->object.self) m->component->destroy(m->object.self);
  tw_ctx_free(m->ctx);
  free(m->params);
  free(m->words);
}

static THW_UNUSED thw_view view_new(uint32_t dtype, int64_t n) {
  return (thw_view){aligned_alloc(64, (size_t)(n + 8) / 8 * 64), n, 0, dtype, THW_MEM_HOST};
}

static THW_UNUSED double view_at(const thw_view *v, int64_t i) {
  return v->dtype == THW_F32 ? (double)((float *)v->data)[i] : ((double *)v->data)[i];
}

static THW_UNUSED void view_set(thw_view *v, int64_t i, double t) {
  if (v->dtype == THW_F32)
    ((float *)v->data)[i] = (float)t;
  else
    ((double *)v->data)[i] = t;
}

/* Normal numbers, the same in both precisions. */
static THW_UNUSED void view_normal(thw_view *v, uint32_t seed, double sd) {
  thw_rng r = {.key = {seed, 77}};
  for (int64_t i = 0; i < v->n; i++) view_set(v, i, (double)(float)(sd * thw_rng_normal(&r)));
}

/* |x - y| / |y| */
static THW_UNUSED double distance(const thw_view *x, const thw_view *y) {
  double s = 0, t = 0;
  for (int64_t i = 0; i < x->n; i++) {
    double e = view_at(x, i) - view_at(y, i);
    s += e * e;
    t += view_at(y, i) * view_at(y, i);
  }
  return sqrt(s) / (sqrt(t) > 0 ? sqrt(t) : 1);
}

#endif
