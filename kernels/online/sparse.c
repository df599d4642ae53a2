/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/online/sparse.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

typedef struct sparse {
  thw_decision head; /* first */
  atomic_long refs;
  on_pool *pool;
  struct sparse *next; /* in the pool's list of free ones */
  int64_t k;
  int ascending; /* the indices */
  double *value;
  int32_t *index;
} sparse;

struct on_pool {
  on_env e;
  pthread_mutex_t lock;
  int64_t n, most;
  const char *const *name;
  double sign;
  sparse *unused;
  double *all; /* of on_sparse_of; made when it is needed */
  void (*describe)(void *arg, const thw_decision *x, thw_describer *to);
  void *describe_arg;
};

static const sparse *of(const thw_decision *x) {
  return (const sparse *)(const void *)x;
}

static void retain(thw_decision *x) {
  atomic_fetch_add_explicit(&((sparse *)(void *)x)->refs, 1, memory_order_relaxed);
}

static void release(thw_decision *x) {
  sparse *s = (sparse *)(void *)x;
  if (atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1) return;
  pthread_mutex_lock(&s->pool->lock);
  s->next = s->pool->unused;
  s->pool->unused = s;
  pthread_mutex_unlock(&s->pool->lock);
}

static double dot(const thw_decision *x, const double *c) {
  const sparse *s = of(x);
  double sum = 0;
  for (int64_t i = 0; i < s->k; i++) sum += c[s->index[i]] * s->value[i];
  return sum;
}

static double merged(const sparse *a, const sparse *b) {
  double sum = 0;
  for (int64_t i = 0, j = 0; i < a->k && j < b->k;) {
    if (a->index[i] == b->index[j])
      sum += a->value[i++] * b->value[j++];
    else if (a->index[i] < b->index[j])
      i++;
    else
      j++;
  }
  return sum;
}

static double inner(const thw_decision *x, const thw_decision *y) {
  const sparse *a = of(x), *b = of(y);
  double sum = 0;
  if (a->ascending && b->ascending) return merged(a, b);
  for (int64_t i = 0; i < a->k; i++)
    for (int64_t j = 0; j < b->k; j++)
      if (a->index[i] == b->index[j]) sum += a->value[i] * b->value[j];
  return sum;
}

static void vector(const thw_decision *x, double *out) {
  const sparse *s = of(x);
  memset(out, 0, (size_t)s->pool->n * sizeof *out);
  for (int64_t i = 0; i < s->k; i++) out[s->index[i]] += s->value[i];
}

static void describe(const thw_decision *x, thw_describer *to) {
  const sparse *s = of(x);
  if (s->pool->describe) {
    s->pool->describe(s->pool->describe_arg, x, to);
    return;
  }
  for (int64_t i = 0; i < s->k; i++) {
    char number[16];
    const char *name = s->pool->name ? s->pool->name[s->index[i]] : NULL;
    snprintf(number, sizeof number, "%ld", (long)s->index[i]);
    to->part(to, name ? name : number, s->pool->sign * s->value[i]);
  }
}

static const thw_decision_ops ops = {.size = sizeof(thw_decision_ops),
                                     .retain = retain,
                                     .release = release,
                                     .dot = dot,
                                     .inner = inner,
                                     .vector = vector,
                                     .describe = describe};

thw_status on_pool_new(on_env e, int64_t n, int64_t most, const char *const *name, double sign,
                       on_pool **out) {
  on_pool *p = NULL;
  THW_TRY(ON_NEW(e, p, 1));
  *p = (on_pool){.e = e, .n = n, .most = most, .name = name, .sign = sign};
  pthread_mutex_init(&p->lock, NULL);
  *out = p;
  return THW_OK;
}

void on_pool_free(on_pool *p) {
  if (!p) return;
  for (sparse *s = p->unused, *next; s; s = next) {
    next = s->next;
    on_free(p->e, s);
  }
  pthread_mutex_destroy(&p->lock);
  on_free(p->e, p->all);
  on_free(p->e, p);
}

void on_pool_describe(on_pool *p,
                      void (*describe_by)(void *arg, const thw_decision *x, thw_describer *to),
                      void *arg) {
  p->describe = describe_by;
  p->describe_arg = arg;
}

static void look(sparse *s) {
  s->ascending = 1;
  for (int64_t i = 1; i < s->k; i++) s->ascending &= s->index[i - 1] < s->index[i];
}

/* One block: the struct, the values, the indices. */
static sparse *make(on_pool *p) {
  size_t most = (size_t)p->most;
  sparse *s = p->e.host->alloc(p->e.ctx, sizeof *s + most * (sizeof *s->value + sizeof *s->index));
  if (!s) return NULL;
  s->head.ops = &ops;
  s->pool = p;
  s->value = (double *)(void *)(s + 1);
  s->index = (int32_t *)(void *)(s->value + most);
  return s;
}

thw_status on_sparse_new(on_pool *p, int64_t k, const int32_t *index, const double *value,
                         thw_decision **out) {
  if (k < 0 || k > p->most)
    return on_fail(p->e, THW_E_INTERNAL, "a decision of %lld entries where %lld is the most",
                   (long long)k, (long long)p->most);
  pthread_mutex_lock(&p->lock);
  sparse *s = p->unused;
  if (s) p->unused = s->next;
  pthread_mutex_unlock(&p->lock);
  if (!s) s = make(p);
  if (!s) return on_fail(p->e, THW_E_NOMEM, "out of memory for a decision");
  atomic_init(&s->refs, 1);
  s->k = k;
  for (int64_t i = 0; i < k; i++) {
    s->index[i] = index[i];
    s->value[i] = p->sign * (value ? value[i] : 1);
  }
  look(s);
  *out = &s->head;
  return THW_OK;
}

static thw_status import(on_pool *p, const thw_decision *x, thw_decision **out) {
  if (!p->all) THW_TRY(ON_NEW(p->e, p->all, p->n));
  x->ops->vector(x, p->all);
  int64_t k = 0;
  for (int64_t i = 0; i < p->n; i++) k += p->all[i] != 0;
  if (k > p->most)
    return on_fail(p->e, THW_RETRY, "it has %lld coordinates that are not zero, %lld is the most",
                   (long long)k, (long long)p->most);
  THW_TRY(on_sparse_new(p, 0, NULL, NULL, out));
  sparse *s = (sparse *)(void *)*out;
  for (int64_t i = 0; i < p->n; i++) {
    if (p->all[i] == 0) continue;
    s->index[s->k] = (int32_t)i;
    s->value[s->k++] = p->all[i];
  }
  look(s);
  return THW_OK;
}

thw_status on_sparse_try(on_pool *p, const thw_decision *x,
                         thw_status (*check)(void *self, const thw_decision *own), void *self) {
  thw_decision *own = NULL;
  if (x->ops == &ops && of(x)->pool == p) return check(self, x);
  THW_TRY(import(p, x, &own));
  thw_status st = check(self, own);
  thw_release(own);
  return st;
}

int64_t on_sparse_entries(const thw_decision *x, const int32_t **index, const double **value) {
  const sparse *s = of(x);
  *index = s->index;
  if (value) *value = s->value;
  return s->k;
}

/* k, then the values without the sign, then the indices. */
thw_status on_sparse_pack(const thw_decision *x, void *p, size_t *n) {
  const sparse *s = of(x);
  size_t k = (size_t)s->k, need = sizeof s->k + k * (sizeof *s->value + sizeof *s->index);
  if (p && *n < need) return on_fail(s->pool->e, THW_E_ARG, "no room for a packed decision");
  *n = need;
  if (!p) return THW_OK;
  char *to = p;
  memcpy(to, &s->k, sizeof s->k);
  to += sizeof s->k;
  for (size_t i = 0; i < k; i++, to += sizeof(double)) {
    double v = s->pool->sign * s->value[i];
    memcpy(to, &v, sizeof v);
  }
  memcpy(to, s->index, k * sizeof *s->index);
  return THW_OK;
}

thw_status on_sparse_unpack(on_pool *p, const void *bytes, size_t n, thw_decision **out) {
  int64_t k = -1;
  const char *from = bytes;
  if (n >= sizeof k) memcpy(&k, from, sizeof k);
  if (k < 0 || k > p->most || n != sizeof k + (size_t)k * (sizeof(double) + sizeof(int32_t)))
    return on_fail(p->e, THW_E_STATE, "a saved decision does not fit this instance");
  THW_TRY(on_sparse_new(p, 0, NULL, NULL, out));
  sparse *s = (sparse *)(void *)*out;
  memcpy(s->value, from + sizeof k, (size_t)k * sizeof(double));
  memcpy(s->index, from + sizeof k + (size_t)k * sizeof(double), (size_t)k * sizeof(int32_t));
  s->k = k;
  for (int64_t i = 0; i < k; i++) {
    s->value[i] *= p->sign;
    if (s->index[i] >= 0 && s->index[i] < p->n) continue;
    thw_release(*out);
    *out = NULL;
    return on_fail(p->e, THW_E_STATE, "a saved decision names coordinate %ld of %lld",
                   (long)s->index[i], (long long)p->n);
  }
  look(s);
  return THW_OK;
}
