/* SPDX-License-Identifier: BSD-3-Clause */
/* What the tests of linear models share: the losses written down anew, the cases they are tried on,
 * and a model of one case over random rows with room for a few vectors. */
#ifndef THALWEG_TESTS_LINEAR_CASES_H
#define THALWEG_TESTS_LINEAR_CASES_H

#include "tests/unit/linear_fixture.h"

static inline const thw_model_ops *ops_of(const made *m) {
  return m->object.ops;
}

static inline int64_t parameters(const made *m) {
  thw_layout l = {.size = sizeof l};
  assert_int_equal(ops_of(m)->layout(m->object.self, &l), THW_OK);
  return l.n;
}

typedef struct model_case {
  const char *id, *params;
  int64_t classes;
  int intercept;
  long double l2, nonconvex, scale;
} model_case;

static const model_case cases[] = {
    {"least-squares", "l2=0.1", 0, 0, 0.1L, 0, 1},
    {"least-squares", "l2=0.1 intercept=1", 0, 1, 0.1L, 0, 1},
    {"least-squares", "nonconvex=0.3 intercept=1", 3, 1, 0, 0.3L, 1},
    {"geman-mcclure", "scale=0.7 intercept=1", 0, 1, 0, 0, 0.7L},
    {"geman-mcclure", "l2=0.01", 0, 0, 0.01L, 0, 1},
    {"logistic", "l2=0.02", 2, 0, 0.02L, 0, 1},
    {"logistic", "l2=0.02 intercept=1", 2, 1, 0.02L, 0, 1},
    {"logistic", "l2=0.02 intercept=1", 3, 1, 0.02L, 0, 1},
    {"logistic", "nonconvex=0.2", 5, 0, 0, 0.2L, 1},
    {"logistic-nonconvex", "intercept=1", 2, 1, 0, 0.1L, 1},
    {"logistic-nonconvex", "intercept=1 l2=0.3", 9, 1, 0.3L, 0.1L, 1},
    {"sigmoid", "l2=0.05 intercept=1", 2, 1, 0.05L, 0, 1},
    {"squared-hinge", "l2=0.05", 2, 0, 0.05L, 0, 1},
    {"squared-hinge", "l2=0.05 intercept=1", 2, 1, 0.05L, 0, 1},
};
enum { CASES = sizeof cases / sizeof cases[0] };

static inline long double margin(const model_case *c, const fixture *f, const thw_view *x,
                                 int64_t i, int64_t q, int64_t k) {
  int64_t d = f->shape.d;
  long double z = c->intercept ? (long double)view_at(x, k * d + q) : 0;
  for (int64_t j = 0; j < d; j++)
    z += (long double)f->a[i * d + j] * (long double)view_at(x, q * d + j);
  return z;
}

static inline long double plain_loss(const model_case *c, const fixture *f, const thw_view *x,
                                     int64_t i) {
  int64_t k = c->classes > 2 && strncmp(c->id, "logistic", 8) == 0 ? c->classes : 1;
  long double z = margin(c, f, x, i, 0, k), y = (long double)f->y[i];
  long double s = f->label[i] ? 1 : -1, t = z - y, sum = 0;
  if (k > 1) {
    for (int64_t q = 0; q < k; q++) sum += expl(margin(c, f, x, i, q, k));
    return logl(sum) - margin(c, f, x, i, f->label[i], k);
  }
  if (strcmp(c->id, "least-squares") == 0) return t * t / 2;
  if (strcmp(c->id, "geman-mcclure") == 0) return t * t / (2 * (1 + t * t / (c->scale * c->scale)));
  if (strcmp(c->id, "sigmoid") == 0) return 1 / (1 + expl(s * z));
  if (strcmp(c->id, "squared-hinge") == 0) return s * z < 1 ? (1 - s * z) * (1 - s * z) : 0;
  return logl(1 + expl(-s * z));
}

static inline long double plain_value(const model_case *c, const fixture *f, const thw_view *x,
                                      const thw_batch *b) {
  int64_t k = c->classes > 2 && strncmp(c->id, "logistic", 8) == 0 ? c->classes : 1;
  long double sum = 0, reg = 0;
  for (int64_t i = 0; i < b->n; i++) sum += plain_loss(c, f, x, thw_batch_row(b, i));
  for (int64_t j = 0; j < k * f->shape.d; j++) {
    long double w = (long double)view_at(x, j);
    reg += c->l2 / 2 * w * w + c->nonconvex * w * w / (1 + w * w);
  }
  return sum / (long double)b->n + reg;
}

typedef struct workshop {
  const model_case *c;
  fixture *f;
  made m;
  thw_view x, y, g, h, t;
} workshop;

static inline void open_workshop(workshop *w, const model_case *c, fixture_shape s) {
  s.classes = c->classes;
  w->c = c;
  w->f = fixture_new(s);
  if (make(&w->m, "linear", c->id, s.dtype, c->params, &w->f->source, NULL) != THW_OK)
    fail_msg("%s: %s", c->id, w->m.error);
  int64_t n = parameters(&w->m);
  thw_view *all[] = {&w->x, &w->y, &w->g, &w->h, &w->t};
  for (int i = 0; i < 5; i++) {
    *all[i] = view_new(s.dtype, n);
    view_normal(all[i], (uint32_t)i, 0.3);
  }
}

static inline void close_workshop(workshop *w) {
  thw_view *all[] = {&w->x, &w->y, &w->g, &w->h, &w->t};
  for (int i = 0; i < 5; i++) free(all[i]->data);
  unmake(&w->m);
  fixture_free(w->f);
}

/* Every third row backwards, some twice: a batch by index. */
static inline void some_rows(const fixture *f, int64_t *index, int64_t n) {
  for (int64_t i = 0; i < n; i++) index[i] = (f->shape.n - 1 - 3 * (i / 2 * 2)) % f->shape.n;
}

#endif
