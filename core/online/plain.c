/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/online/plain.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"

typedef struct plain {
  thw_decision head; /* first */
  atomic_long refs;
  int64_t n;
  double v[];
} plain;

static void retain(thw_decision *x) {
  atomic_fetch_add_explicit(&((plain *)(void *)x)->refs, 1, memory_order_relaxed);
}

static void release(thw_decision *x) {
  plain *p = (plain *)(void *)x;
  if (atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) == 1) free(p);
}

static double dot(const thw_decision *x, const double *c) {
  const plain *p = (const plain *)(const void *)x;
  double s = 0;
  for (int64_t i = 0; i < p->n; i++) s += c[i] * p->v[i];
  return s;
}

/* The other may be of the oracle's own make. */
static double inner(const thw_decision *x, const thw_decision *y) {
  return y->ops->dot(y, ((const plain *)(const void *)x)->v);
}

static void vector(const thw_decision *x, double *out) {
  const plain *p = (const plain *)(const void *)x;
  memcpy(out, p->v, (size_t)p->n * sizeof *out);
}

thw_decision *tw_plain_new(int64_t n, const void *bytes) {
  static const thw_decision_ops ops = {.size = sizeof ops,
                                       .retain = retain,
                                       .release = release,
                                       .dot = dot,
                                       .inner = inner,
                                       .vector = vector};
  plain *p = tw_calloc(1, sizeof *p + (size_t)n * sizeof(double));
  p->head.ops = &ops;
  atomic_init(&p->refs, 1);
  p->n = n;
  memcpy(p->v, bytes, (size_t)n * sizeof(double));
  return &p->head;
}

/* ---- words ----------------------------------------------------------------------------------- */

typedef struct writer {
  thw_describer head; /* first */
  json_t *to;
} writer;

static void part(thw_describer *head, const char *name, double amount) {
  writer *w = (writer *)(void *)head;
  json_t *s = name ? json_string(name) : NULL;
  if (!s) s = json_string("?");
  if (amount != 1 && isfinite(amount)) s = json_pack("[o, f]", s, amount);
  json_array_append_new(w->to, s);
}

json_t *tw_decision_json(const thw_decision *x, const thw_linear_facts *f) {
  writer w = {{.size = sizeof w.head, .part = part}, json_array()};
  if (THW_HAS(thw_decision_ops, x->ops, describe) && x->ops->describe) {
    x->ops->describe(x, &w.head);
    return w.to;
  }
  double *v = tw_calloc((size_t)f->n, sizeof *v), sign = f->sense == THW_REWARD ? -1 : 1;
  x->ops->vector(x, v);
  for (int64_t i = 0; i < f->n; i++) {
    char number[32];
    if (v[i] == 0) continue;
    snprintf(number, sizeof number, "%lld", (long long)i);
    part(&w.head, f->name && f->name[i] ? f->name[i] : number, sign * v[i]);
  }
  free(v);
  return w.to;
}
