/* SPDX-License-Identifier: BSD-3-Clause */
#include <config.h>

#include "plugins/linear/low-rank/factors.h"

#include <cblas.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

typedef struct pair {
  thw_decision head; /* first */
  atomic_long refs;
  factor_pool *pool;
  struct pair *next; /* in the pool's list of free ones */
  double *u, *v;
} pair;

struct factor_pool {
  on_env e;
  pthread_mutex_t lock;
  int64_t rows, columns;
  double radius;
  pair *unused;
};

static const pair *of(const thw_decision *x) {
  return (const pair *)(const void *)x;
}

static void retain(thw_decision *x) {
  atomic_fetch_add_explicit(&((pair *)(void *)x)->refs, 1, memory_order_relaxed);
}

static void release(thw_decision *x) {
  pair *s = (pair *)(void *)x;
  if (atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1) return;
  pthread_mutex_lock(&s->pool->lock);
  s->next = s->pool->unused;
  s->pool->unused = s;
  pthread_mutex_unlock(&s->pool->lock);
}

static double dot(const thw_decision *x, const double *c) {
  const pair *s = of(x);
  const factor_pool *p = s->pool;
  double sum = 0;
  for (int64_t i = 0; i < p->rows; i++)
    sum += s->u[i] * cblas_ddot((int)p->columns, c + i * p->columns, 1, s->v, 1);
  return -p->radius * sum;
}

static double inner(const thw_decision *x, const thw_decision *y) {
  const pair *a = of(x), *b = of(y);
  const factor_pool *p = a->pool;
  return a->pool->radius * b->pool->radius * cblas_ddot((int)p->rows, a->u, 1, b->u, 1) *
         cblas_ddot((int)p->columns, a->v, 1, b->v, 1);
}

static void vector(const thw_decision *x, double *out) {
  const pair *s = of(x);
  const factor_pool *p = s->pool;
  for (int64_t i = 0; i < p->rows; i++)
    for (int64_t j = 0; j < p->columns; j++)
      out[i * p->columns + j] = -p->radius * s->u[i] * s->v[j];
}

/* The factors instead of all entries; rewards are earned by the matrix, costs by its negative. */
static void describe(const thw_decision *x, thw_describer *to) {
  const pair *s = of(x);
  const factor_pool *p = s->pool;
  char name[40];
  for (int64_t i = 0; i < p->rows + p->columns; i++) {
    int is_user = i < p->rows;
    int64_t k = is_user ? i : i - p->rows;
    snprintf(name, sizeof name, is_user ? "user %lld" : "item %lld", (long long)k + 1);
    to->part(to, name, sqrt(p->radius) * (is_user ? s->u[k] : s->v[k]));
  }
}

static const thw_decision_ops ops = {.size = sizeof(thw_decision_ops),
                                     .retain = retain,
                                     .release = release,
                                     .dot = dot,
                                     .inner = inner,
                                     .vector = vector,
                                     .describe = describe};

thw_status factor_pool_new(on_env e, int64_t rows, int64_t columns, double radius,
                           factor_pool **out) {
  factor_pool *p = NULL;
  THW_TRY(ON_NEW(e, p, 1));
  *p = (factor_pool){.e = e, .rows = rows, .columns = columns, .radius = radius};
  pthread_mutex_init(&p->lock, NULL);
  *out = p;
  return THW_OK;
}

void factor_pool_free(factor_pool *p) {
  if (!p) return;
  for (pair *s = p->unused, *next; s; s = next) {
    next = s->next;
    on_free(p->e, s);
  }
  pthread_mutex_destroy(&p->lock);
  on_free(p->e, p);
}

/* One block: the struct, then the vectors. */
static pair *make(factor_pool *p) {
  size_t numbers = (size_t)(p->rows + p->columns) * sizeof(double);
  pair *s = p->e.host->alloc(p->e.ctx, sizeof *s + numbers);
  if (!s) return NULL;
  s->head.ops = &ops;
  s->pool = p;
  s->u = (double *)(void *)(s + 1);
  s->v = s->u + p->rows;
  return s;
}

thw_status factor_decision(factor_pool *p, const double *u, const double *v, thw_decision **out) {
  pthread_mutex_lock(&p->lock);
  pair *s = p->unused;
  if (s) p->unused = s->next;
  pthread_mutex_unlock(&p->lock);
  if (!s) s = make(p);
  if (!s) return on_fail(p->e, THW_E_NOMEM, "out of memory for a decision");
  atomic_init(&s->refs, 1);
  memcpy(s->u, u, (size_t)p->rows * sizeof *u);
  memcpy(s->v, v, (size_t)p->columns * sizeof *v);
  *out = &s->head;
  return THW_OK;
}

double factor_size(const factor_pool *p, const thw_decision *x) {
  if (x->ops != &ops || of(x)->pool != p) return (double)NAN;
  return cblas_dnrm2((int)p->rows, of(x)->u, 1) * cblas_dnrm2((int)p->columns, of(x)->v, 1);
}

thw_status factor_pack(const thw_decision *x, void *p, size_t *n) {
  const pair *s = of(x);
  size_t need = (size_t)(s->pool->rows + s->pool->columns) * sizeof(double);
  if (p && *n < need) return on_fail(s->pool->e, THW_E_ARG, "no room for a packed decision");
  *n = need;
  if (p) memcpy(p, s->u, need);
  return THW_OK;
}

thw_status factor_unpack(factor_pool *p, const void *bytes, size_t n, thw_decision **out) {
  size_t rows = (size_t)p->rows * sizeof(double), columns = (size_t)p->columns * sizeof(double);
  if (n != rows + columns)
    return on_fail(p->e, THW_E_STATE, "a saved decision does not fit this instance");
  pair *s = make(p);
  if (!s) return on_fail(p->e, THW_E_NOMEM, "out of memory for a decision");
  atomic_init(&s->refs, 1);
  memcpy(s->u, bytes, n);
  *out = &s->head;
  if (fabs(factor_size(p, *out) - 1) <= 1e-9) return THW_OK;
  thw_release(*out);
  *out = NULL;
  return on_fail(p->e, THW_E_STATE, "a saved decision is not on the surface of the ball");
}
