/* SPDX-License-Identifier: BSD-3-Clause */
/* A model of the plugin `problems' with its rows and room for a few vectors. */
#ifndef THALWEG_TESTS_PROBLEM_BENCH_H
#define THALWEG_TESTS_PROBLEM_BENCH_H

#include "tests/problems/model.h"
#include "tests/problems/reduce.h"
#include "tests/unit/linear_fixture.h"
#include "tests/unit/open_source.h"

typedef struct numbers {
  thw_object object;
  thw_rows rows;
} numbers;

static inline thw_status numbers_sets(void *self, uint32_t *n) {
  (void)self;
  *n = 1;
  return THW_OK;
}

static inline thw_status numbers_info(void *self, uint32_t set, thw_source_info *out) {
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

static inline void open_bench(bench *b, const char *id, int64_t n, uint32_t dtype,
                              const char *params) {
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

static inline void close_bench(bench *b) {
  thw_view *all[] = {&b->x, &b->y, &b->g, &b->h, &b->t};
  for (int i = 0; i < 5; i++) free(all[i]->data);
  unmake(&b->m);
}

static inline thw_batch rows(const bench *b, int64_t first, int64_t n) {
  return (thw_batch){.size = sizeof(thw_batch), .n = n, .first = first, .rows = &b->source.rows};
}

static inline double value(const bench *b, const thw_view *x, const thw_batch *batch, thw_view *g) {
  double f;
  assert_int_equal(b->ops->eval(b->self, x, batch, &f, g), THW_OK);
  return f;
}

static inline double norm(const thw_view *v) {
  double s = 0;
  for (int64_t i = 0; i < v->n; i++) s += view_at(v, i) * view_at(v, i);
  return sqrt(s);
}

static inline void start(bench *b) {
  thw_rng r;
  assert_int_equal(tw_host.rng(b->m.ctx, "init", &r), THW_OK);
  assert_int_equal(b->ops->init(b->self, &b->x, &r), THW_OK);
}

/* The Hessian of the batch at x, column by column by products. */
static inline double *hessian(bench *b, const thw_view *x, const thw_batch *batch) {
  double *h = tp_doubles(b->d * b->d);
  for (int64_t j = 0; j < b->d; j++) {
    for (int64_t i = 0; i < b->d; i++) view_set(&b->t, i, i == j);
    assert_int_equal(b->ops->hvp(b->self, x, &b->t, batch, &b->h), THW_OK);
    for (int64_t i = 0; i < b->d; i++) h[i * b->d + j] = view_at(&b->h, i);
  }
  return h;
}

static inline double least(bench *b, const thw_view *x, const thw_batch *batch) {
  double *h = hessian(b, x, batch), z = tp_least_eigenvalue(b->d, h);
  free(h);
  return z;
}

#endif
