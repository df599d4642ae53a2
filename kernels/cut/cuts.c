/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/cut/cuts.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

typedef struct cut {
  thw_decision head; /* first */
  atomic_long refs;
  cut_pool *pool;
  struct cut *next; /* in the pool's list of free ones */
  uint64_t *bits;   /* of the edges */
  uint8_t *side;
} cut;

struct cut_pool {
  on_env e;
  pthread_mutex_t lock;
  const cut_graph *g;
  const char *const *name;
  int64_t words;
  cut *unused;
};

static const cut *of(const thw_decision *x) {
  return (const cut *)(const void *)x;
}

static void retain(thw_decision *x) {
  atomic_fetch_add_explicit(&((cut *)(void *)x)->refs, 1, memory_order_relaxed);
}

static void release(thw_decision *x) {
  cut *s = (cut *)(void *)x;
  if (atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1) return;
  pthread_mutex_lock(&s->pool->lock);
  s->next = s->pool->unused;
  s->pool->unused = s;
  pthread_mutex_unlock(&s->pool->lock);
}

static double dot(const thw_decision *x, const double *c) {
  const cut *s = of(x);
  double sum = 0;
  for (int64_t k = 0; k < s->pool->words; k++)
    for (uint64_t b = s->bits[k]; b; b &= b - 1) sum += c[64 * k + __builtin_ctzll(b)];
  return -sum;
}

static double inner(const thw_decision *x, const thw_decision *y) {
  const cut *a = of(x), *b = of(y);
  int64_t sum = 0;
  for (int64_t k = 0; k < a->pool->words; k++) sum += __builtin_popcountll(a->bits[k] & b->bits[k]);
  return (double)sum;
}

static void vector(const thw_decision *x, double *out) {
  const cut *s = of(x);
  for (int64_t k = 0; k < s->pool->g->m; k++) out[k] = s->bits[k / 64] >> k % 64 & 1 ? -1 : 0;
}

/* The nodes that are not on the side of the first one. */
static void describe(const thw_decision *x, thw_describer *to) {
  const cut *s = of(x);
  for (int64_t v = 0; v < s->pool->g->n; v++)
    if (s->side[v] != s->side[0]) to->part(to, s->pool->name[v], 1);
}

static const thw_decision_ops ops = {.size = sizeof(thw_decision_ops),
                                     .retain = retain,
                                     .release = release,
                                     .dot = dot,
                                     .inner = inner,
                                     .vector = vector,
                                     .describe = describe};

thw_status cut_pool_new(const cut_graph *g, const char *const *name, cut_pool **out) {
  cut_pool *p = NULL;
  THW_TRY(ON_NEW(g->e, p, 1));
  *p = (cut_pool){.e = g->e, .g = g, .name = name, .words = (g->m + 63) / 64};
  pthread_mutex_init(&p->lock, NULL);
  *out = p;
  return THW_OK;
}

void cut_pool_free(cut_pool *p) {
  if (!p) return;
  for (cut *s = p->unused, *next; s; s = next) {
    next = s->next;
    on_free(p->e, s);
  }
  pthread_mutex_destroy(&p->lock);
  on_free(p->e, p);
}

/* One block: the struct, the bits, the sides. */
static cut *make(cut_pool *p) {
  size_t words = (size_t)p->words;
  cut *s = p->e.host->alloc(p->e.ctx, sizeof *s + words * sizeof *s->bits + (size_t)p->g->n);
  if (!s) return NULL;
  s->head.ops = &ops;
  s->pool = p;
  s->bits = (uint64_t *)(void *)(s + 1);
  s->side = (uint8_t *)(s->bits + words);
  return s;
}

thw_status cut_decision(cut_pool *p, const uint8_t *side, thw_decision **out) {
  const cut_graph *g = p->g;
  pthread_mutex_lock(&p->lock);
  cut *s = p->unused;
  if (s) p->unused = s->next;
  pthread_mutex_unlock(&p->lock);
  if (!s) s = make(p);
  if (!s) return on_fail(p->e, THW_E_NOMEM, "out of memory for a decision");
  atomic_init(&s->refs, 1);
  memcpy(s->side, side, (size_t)g->n);
  memset(s->bits, 0, (size_t)p->words * sizeof *s->bits);
  for (int64_t k = 0; k < g->m; k++)
    if (side[g->tail[k]] != side[g->head[k]]) s->bits[k / 64] |= UINT64_C(1) << k % 64;
  *out = &s->head;
  return THW_OK;
}

thw_status cut_pack(const thw_decision *x, void *p, size_t *n) {
  const cut *s = of(x);
  size_t need = ((size_t)s->pool->g->n + 7) / 8;
  if (p && *n < need) return on_fail(s->pool->e, THW_E_ARG, "no room for a packed decision");
  *n = need;
  if (!p) return THW_OK;
  uint8_t *to = p;
  memset(to, 0, need);
  for (int64_t v = 0; v < s->pool->g->n; v++) to[v / 8] |= (uint8_t)(s->side[v] << v % 8);
  return THW_OK;
}

thw_status cut_unpack(cut_pool *p, const void *bytes, size_t n, thw_decision **out) {
  const uint8_t *from = bytes;
  uint8_t *side = NULL;
  if (n != ((size_t)p->g->n + 7) / 8)
    return on_fail(p->e, THW_E_STATE, "a saved decision does not fit this instance");
  THW_TRY(ON_NEW(p->e, side, p->g->n));
  for (int64_t v = 0; v < p->g->n; v++) side[v] = from[v / 8] >> v % 8 & 1;
  thw_status st = cut_decision(p, side, out);
  on_free(p->e, side);
  return st;
}
