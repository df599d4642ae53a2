/* SPDX-License-Identifier: BSD-3-Clause */
/* The problems of kernels/problems as models that need no host: memory from malloc, one thread. */
#include "tests/problems/model.h"

typedef struct model {
  union {
    thwp_quartic quartic;
    thwp_cubic cubic;
    thwp_factor factor;
    thwp_ridge ridge;
  } u;
  thwp_planted planted; /* its objective is one of these */
  double *room, *sum_room, *start, *a, *g, *s;
  double start_scale;
  int64_t start_every, start_first; /* every so many numbers, and the first ones, are random */
} model;

static thw_status eval(void *self, const thw_view *x, const thw_batch *b, double *f, thw_view *g) {
  thwp_planted_eval(&((model *)self)->planted, x, b, f, g);
  return THW_OK;
}

static thw_status hvp(void *self, const thw_view *x, const thw_view *v, const thw_batch *b,
                      thw_view *hv) {
  thwp_planted_hvp(&((model *)self)->planted, x, v, b, hv);
  return THW_OK;
}

static thw_status init(void *self, thw_view *x, thw_rng *r) {
  model *m = self;
  for (int64_t i = 0; m->start_every && i < x->n; i++)
    m->start[i] = i % m->start_every ? 0 : m->start_scale * thw_rng_normal(r);
  for (int64_t i = 0; i < m->start_first; i++) m->start[i] = m->start_scale * thw_rng_normal(r);
  thwp_write(m->start, x);
  return THW_OK;
}

static void release(void *self) {
  model *m = self;
  double *all[] = {m->room, m->sum_room, m->start, m->a, m->g, m->s};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
  free(m);
}

/* No diff: these tests are about differences of gradients as an oracle delivers them. */
static const thw_model_ops ops = {.size = sizeof ops, .init = init, .eval = eval, .hvp = hvp};

static model *model_new(void) {
  model *m = calloc(1, sizeof *m);
  if (!m) abort();
  return m;
}

static tp_model finish(model *m, const thwp_objective *o, int64_t n, double tauH, double taub,
                       thw_rng *r) {
  thw_rng rows = {.key = {1, 1}};
  if (n > 1) rows.key[0] = thw_rng_u32(r);
  m->sum_room = tp_doubles(thwp_planted_room(n, o->d, tauH, taub));
  thwp_planted_init(&m->planted, (thwp_pool){NULL, NULL}, o, n, tauH, taub, &rows, m->sum_room);
  if (!m->start) m->start = tp_doubles(o->d);
  return (tp_model){&ops, m, n, o->d, release};
}

tp_model tp_quartic(int64_t n, int64_t d, const double *a, double tauH, double taub, thw_rng *r) {
  model *m = model_new();
  m->a = tp_copy(d * d, a);
  m->room = tp_doubles(thwp_quartic_room(d));
  thwp_quartic_init(&m->u.quartic, (thwp_pool){NULL, NULL}, d, m->a, 0, m->room);
  return finish(m, &m->u.quartic.o, n, tauH, taub, r);
}

void tp_quartic_matrix(tp_model *t, const double *a) {
  memcpy(((model *)t->self)->a, a, (size_t)(t->d * t->d) * sizeof *a);
}

tp_model tp_cubic(int64_t d, const double *a, double L2, const double *g, const double *s) {
  model *m = model_new();
  m->a = tp_copy(d * d, a);
  m->g = tp_copy(d, g);
  m->s = tp_copy(d, s);
  for (int64_t j = 0; j < d; j++) m->s[j] = (double)(float)s[j];
  m->start = tp_copy(d, m->s);
  m->room = tp_doubles(thwp_cubic_room(d));
  thwp_cubic_init(&m->u.cubic, d, m->a, L2, m->g, m->s, m->room);
  return finish(m, &m->u.cubic.o, 1, 0, 0, NULL);
}

tp_model tp_factor(int64_t rows, int64_t k, const double *lam, thw_rng *r) {
  model *m = model_new();
  m->a = tp_doubles(rows * rows);
  tp_symmetric(rows, lam, r, m->a);
  m->room = tp_doubles(thwp_factor_room(rows, k));
  thwp_factor_init(&m->u.factor, rows, k, m->a, m->room);
  m->start_every = k;
  m->start_scale = 0.05;
  return finish(m, &m->u.factor.o, 1, 0, 0, NULL);
}

static thw_status ridge_eval(void *self, const thw_view *x, const thw_batch *b, double *f,
                             thw_view *g) {
  thwp_ridge_eval(&((model *)self)->u.ridge, x, b, f, g);
  return THW_OK;
}

static thw_status ridge_hvp(void *self, const thw_view *x, const thw_view *v, const thw_batch *b,
                            thw_view *hv) {
  thwp_ridge_hvp(&((model *)self)->u.ridge, x, v, b, hv);
  return THW_OK;
}

static const thw_model_ops ridge_ops = {
    .size = sizeof ridge_ops, .init = init, .eval = ridge_eval, .hvp = ridge_hvp};

tp_model tp_sensing(int64_t n, int64_t d, int64_t k, int64_t rank, const double *weight,
                    double start, thw_rng *r) {
  model *m = model_new();
  thw_rng rows = {.key = {thw_rng_u32(r), 1}};
  m->a = tp_doubles(rank * d);
  thwp_haar(rank, d, r, m->a);
  for (int64_t i = 0; i < rank * d; i++) m->a[i] *= sqrt(weight[i / d]);
  m->room = tp_doubles(thwp_ridge_room(n, d, k));
  thwp_ridge_init(&m->u.ridge, (thwp_pool){NULL, NULL}, THWP_SENSING, n, d, k, rank, m->a, &rows,
                  m->room);
  m->start = tp_doubles(k * d);
  m->start_scale = start;
  m->start_first = start > 0 ? d : 0;
  return (tp_model){&ridge_ops, m, n, k * d, release};
}
