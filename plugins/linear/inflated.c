/* SPDX-License-Identifier: BSD-3-Clause */
/* An exact oracle made into one that is alpha times too dear on every single call. */
#include <config.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include <thalweg/thalweg.h>

#include "kernels/online/env.h"

struct inflated_params {
  double factor;
};

static const thw_param params[] = {
    THW_PARAM_REAL(struct inflated_params, factor, 1.5, 1.0, THW_NO_BOUND, 0, NULL,
                   "alpha: every answer costs exactly this times the least."),
};

static const thw_slot slots_[] = {
    {"base", THW_LINEAR, 1, NULL, "the exact oracle"},
};

typedef struct inflated inflated;

/* factor times a decision of the base. */
typedef struct scaled {
  thw_decision head; /* first */
  atomic_long refs;
  inflated *of;
  thw_decision *x;
  struct scaled *next;
} scaled;

struct inflated {
  on_env e;
  const thw_object *base;
  const thw_linear_ops *ops; /* of base */
  double factor;
  thw_linear_facts facts;
  double *rhs; /* of the known rows, inflated */
  pthread_mutex_t lock;
  scaled *unused;
};

/* ---- decisions ------------------------------------------------------------------------------- */

static const scaled *of(const thw_decision *x) {
  return (const scaled *)(const void *)x;
}

static void retain(thw_decision *x) {
  atomic_fetch_add_explicit(&((scaled *)(void *)x)->refs, 1, memory_order_relaxed);
}

static void release(thw_decision *x) {
  scaled *s = (scaled *)(void *)x;
  if (atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1) return;
  thw_release(s->x);
  s->x = NULL;
  pthread_mutex_lock(&s->of->lock);
  s->next = s->of->unused;
  s->of->unused = s;
  pthread_mutex_unlock(&s->of->lock);
}

static double dot(const thw_decision *x, const double *c) {
  return of(x)->of->factor * of(x)->x->ops->dot(of(x)->x, c);
}

static double inner(const thw_decision *x, const thw_decision *y) {
  double a = of(x)->of->factor;
  return a * a * of(x)->x->ops->inner(of(x)->x, of(y)->x);
}

static void vector(const thw_decision *x, double *out) {
  const scaled *s = of(x);
  s->x->ops->vector(s->x, out);
  for (int64_t i = 0; i < s->of->facts.n; i++) out[i] *= s->of->factor;
}

/* In the words of the base, all amounts multiplied. */
typedef struct louder {
  thw_describer head; /* first */
  thw_describer *to;
  double factor;
} louder;

static void part(thw_describer *head, const char *name, double amount) {
  louder *l = (louder *)(void *)head;
  l->to->part(l->to, name, l->factor * amount);
}

static void describe(const thw_decision *x, thw_describer *to) {
  const scaled *s = of(x);
  louder l = {{.size = sizeof l.head, .part = part}, to, s->of->factor};
  if (s->x->ops->describe) s->x->ops->describe(s->x, &l.head);
}

static const thw_decision_ops decision_ops = {.size = sizeof(thw_decision_ops),
                                              .retain = retain,
                                              .release = release,
                                              .dot = dot,
                                              .inner = inner,
                                              .vector = vector,
                                              .describe = describe};

/* Takes over the reference to x. */
static thw_status wrap(inflated *s, thw_decision *x, thw_decision **out) {
  pthread_mutex_lock(&s->lock);
  scaled *w = s->unused;
  if (w) s->unused = w->next;
  pthread_mutex_unlock(&s->lock);
  if (!w) w = s->e.host->alloc(s->e.ctx, sizeof *w);
  if (!w) {
    thw_release(x);
    return on_fail(s->e, THW_E_NOMEM, "out of memory for a decision");
  }
  w->head.ops = &decision_ops;
  atomic_init(&w->refs, 1);
  w->of = s;
  w->x = x;
  *out = &w->head;
  return THW_OK;
}

/* ---- the oracle ------------------------------------------------------------------------------ */

static thw_status solve(void *self, const thw_linear_query *q, thw_linear_answer *out) {
  inflated *s = self;
  thw_linear_answer a = {sizeof a, 0, NULL, (double)NAN, (double)NAN};
  THW_TRY(s->ops->solve(s->base->self, q, &a));
  out->bound = a.bound;
  return wrap(s, a.x, &out->x);
}

/* Over the base: that is what the learner competes with. */
static thw_status exact(void *self, const thw_linear_query *q, thw_linear_answer *out) {
  inflated *s = self;
  return (s->ops->exact ? s->ops->exact : s->ops->solve)(s->base->self, q, out);
}

static thw_status pack(void *self, const thw_decision *x, void *p, size_t *n) {
  inflated *s = self;
  return s->ops->pack(s->base->self, of(x)->x, p, n);
}

static thw_status unpack(void *self, const void *p, size_t n, thw_decision **out) {
  inflated *s = self;
  thw_decision *x = NULL;
  THW_TRY(s->ops->unpack(s->base->self, p, n, &x));
  return wrap(s, x, out);
}

static thw_status spanner(void *self, thw_decision **x, int64_t *m, double *beta) {
  inflated *s = self;
  if (!s->ops->spanner) return THW_E_UNSUPPORTED;
  THW_TRY(s->ops->spanner(s->base->self, x, m, beta));
  for (int64_t i = 0; x && i < *m; i++) {
    thw_status st = wrap(s, x[i], &x[i]);
    if (st == THW_OK) continue;
    for (int64_t j = 0; j < *m; j++)
      if (j != i) thw_release(x[j]);
    return st;
  }
  return THW_OK;
}

static thw_status facts(void *self, thw_linear_facts *out) {
  inflated *s = self;
  uint32_t size = out->size;
  *out = s->facts;
  out->size = size;
  return THW_OK;
}

/* ---- life ------------------------------------------------------------------------------------ */

static void destroy(void *self) {
  inflated *s = self;
  for (scaled *w = s->unused, *next; w; w = next) {
    next = w->next;
    on_free(s->e, w);
  }
  on_free(s->e, s->rhs);
  pthread_mutex_destroy(&s->lock);
  on_free(s->e, s);
}

static thw_status take_facts(inflated *s) {
  thw_linear_facts *f = &s->facts;
  *f = (thw_linear_facts){.size = sizeof *f, .sense = THW_COST};
  f->factor = f->norm = f->norm1 = f->norminf = (double)NAN;
  THW_TRY(s->ops->facts(s->base->self, f));
  if (f->sense != THW_COST || f->factor != 1)
    return on_fail(s->e, THW_E_ARG, "base must be an exact oracle of costs");
  if (!s->ops->pack || !s->ops->unpack)
    return on_fail(s->e, THW_E_ARG, "base must be able to pack its decisions");
  if (s->factor > 1 && f->free_sign)
    return on_fail(s->e, THW_E_ARG,
                   "base must take costs that are not negative: a factor means "
                   "nothing for others");
  THW_TRY(ON_NEW(s->e, s->rhs, f->n_rows));
  for (int64_t i = 0; i < f->n_rows; i++) s->rhs[i] = s->factor * f->rhs[i];
  f->rhs = s->rhs;
  f->factor = s->factor;
  f->norm *= s->factor;
  f->norm1 *= s->factor;
  f->norminf *= s->factor;
  return THW_OK;
}

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c,
                         const void *params_, const thw_wired *slots, void **self) {
  const struct inflated_params *p = params_;
  on_env e = {h, c};
  inflated *s = NULL;
  (void)me;
  THW_TRY(ON_NEW(e, s, 1));
  s->e = e;
  s->base = &slots->object[0];
  s->ops = slots->object[0].ops;
  s->factor = p->factor;
  pthread_mutex_init(&s->lock, NULL);
  thw_status st = take_facts(s);
  if (st != THW_OK) {
    destroy(s);
    return st;
  }
  *self = s;
  return THW_OK;
}

static const thw_linear_ops ops = {.size = sizeof(thw_linear_ops),
                                   .facts = facts,
                                   .solve = solve,
                                   .pack = pack,
                                   .unpack = unpack,
                                   .exact = exact,
                                   .spanner = spanner};

static const thw_component component = {
    THW_COMPONENT_HEAD(THW_LINEAR),
    .id = "inflated",
    .version = PACKAGE_VERSION,
    .summary = "an exact oracle whose answers are multiplied by a factor, for tests",
    .doc = "The decisions played are factor times those of the base, so every answer costs exactly "
           "factor times the least: the promise is tight on every call. With natural oracles, "
           "which do better than their worst case, alpha-regret is far below zero whatever a "
           "learner does; here it behaves like ordinary regret and is a real test.",
    .reference = "E. Hazan, W. Hu, Y. Li, Z. Li, NeurIPS 2018 (the setting)",
    THW_PARAMS(params, struct inflated_params),
    THW_SLOTS(slots_),
    .ops = &ops,
    .create = create,
    .destroy = destroy,
};

static const thw_component *const components[] = {&component};

static const thw_plugin plugin = {
    THW_PLUGIN_HEAD,           .id = "inflated",  .version = PACKAGE_VERSION,
    .license = "BSD-3-Clause", .n_components = 1, .components = components,
};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
