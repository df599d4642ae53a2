/* SPDX-License-Identifier: BSD-3-Clause */
/* One of n: the smallest decision sets, where everything can be looked at; and an oracle over them
 * that keeps its promise as badly as it may. */
#include <config.h>
#include <math.h>
#include <string.h>

#include <thalweg/thalweg.h>

#include "kernels/online/env.h"
#include "kernels/online/sparse.h"

enum { FIRST, COSTLIEST };
static const char *const rules[] = {"first", "costliest", NULL};

struct experts_params {
  int64_t n;
};

struct stubborn_params {
  int64_t n;
  double factor, slack;
  int32_t rule;
};

static const thw_param experts_table[] = {
    THW_PARAM_INT(struct experts_params, n, 10, 1, 1000000, NULL, "Number of experts."),
};

static const thw_param stubborn_table[] = {
    THW_PARAM_INT(struct stubborn_params, n, 8, 1, 1000000, NULL, "Number of experts."),
    THW_PARAM_REAL(struct stubborn_params, factor, 2.0, 1.0, THW_NO_BOUND, 0, NULL,
                   "alpha: the factor that is promised, and kept no better than it must be."),
    THW_PARAM_REAL(struct stubborn_params, slack, 0.0, 0.0, THW_NO_BOUND, 0, NULL,
                   "The answer costs less than this more than the best, in the scale of the "
                   "question; 0: no such limit."),
    THW_PARAM_ENUM(struct stubborn_params, rule, FIRST, rules,
                   "Which of the experts within the factor is answered: the one of smallest "
                   "number, or the costliest."),
};

typedef struct experts {
  on_env e;
  on_pool *pool;
  int64_t n;
  double factor, slack;
  int32_t rule;
} experts;

static void destroy(void *self) {
  experts *s = self;
  on_pool_free(s->pool);
  on_free(s->e, s);
}

static thw_status make(on_env e, experts of, void **self) {
  experts *s = NULL;
  THW_TRY(ON_NEW(e, s, 1));
  *s = of;
  s->e = e;
  thw_status st = on_pool_new(e, s->n, 1, NULL, 1, &s->pool);
  if (st != THW_OK) {
    on_free(e, s);
    return st;
  }
  *self = s;
  return THW_OK;
}

static thw_status create_experts(const thw_component *me, const thw_host *h, thw_ctx *c,
                                 const void *params_, const thw_wired *slots, void **self) {
  const struct experts_params *p = params_;
  (void)me, (void)slots;
  return make((on_env){h, c}, (experts){.n = p->n, .factor = 1, .slack = INFINITY}, self);
}

static thw_status create_stubborn(const thw_component *me, const thw_host *h, thw_ctx *c,
                                  const void *params_, const thw_wired *slots, void **self) {
  const struct stubborn_params *p = params_;
  (void)me, (void)slots;
  return make((on_env){h, c},
              (experts){.n = p->n,
                        .factor = p->factor,
                        .slack = p->slack > 0 ? p->slack : INFINITY,
                        .rule = p->rule},
              self);
}

static thw_status facts(void *self, thw_linear_facts *out) {
  const experts *s = self;
  out->flags = THW_LINEAR_PROVEN | THW_LINEAR_REENTRANT | THW_LINEAR_ORTHANT;
  out->sense = THW_COST;
  out->n = s->n;
  out->factor = s->factor;
  out->norm = out->norm1 = out->norminf = 1;
  return THW_OK;
}

static int64_t best_of(const double *c, int64_t n) {
  int64_t best = 0;
  for (int64_t i = 1; i < n; i++)
    if (c[i] < c[best]) best = i;
  return best;
}

static thw_status answer(experts *s, int64_t i, const double *c, thw_linear_answer *out) {
  int32_t index = (int32_t)i;
  THW_TRY(on_sparse_new(s->pool, 1, &index, NULL, &out->x));
  out->value = c[i];
  return THW_OK;
}

static thw_status exact(void *self, const thw_linear_query *q, thw_linear_answer *out) {
  experts *s = self;
  int64_t best = best_of(q->c, s->n);
  out->bound = q->c[best];
  return answer(s, best, q->c, out);
}

static thw_status stubborn(void *self, const thw_linear_query *q, thw_linear_answer *out) {
  experts *s = self;
  int64_t best = best_of(q->c, s->n), chosen = -1;
  double least = q->c[best];
  for (int64_t i = 0; i < s->n; i++) {
    if (!(q->c[i] <= s->factor * least + 1e-12) || !(q->c[i] < least + s->slack)) continue;
    if (chosen < 0 || (s->rule == COSTLIEST && q->c[i] > q->c[chosen])) chosen = i;
    if (s->rule == FIRST) break;
  }
  return answer(s, chosen < 0 ? best : chosen, q->c, out);
}

static thw_status pack(void *self, const thw_decision *x, void *p, size_t *n) {
  (void)self;
  return on_sparse_pack(x, p, n);
}
static thw_status unpack(void *self, const void *p, size_t n, thw_decision **out) {
  return on_sparse_unpack(((experts *)self)->pool, p, n, out);
}

static thw_status spanner(void *self, thw_decision **x, int64_t *m, double *beta) {
  experts *s = self;
  if (x && *m < s->n) return on_fail(s->e, THW_E_ARG, "no room for the spanner");
  *m = s->n;
  *beta = 1;
  for (int64_t i = 0; x && i < s->n; i++) {
    int32_t index = (int32_t)i;
    thw_status st = on_sparse_new(s->pool, 1, &index, NULL, &x[i]);
    if (st == THW_OK) continue;
    while (i-- > 0) thw_release(x[i]);
    return st;
  }
  return THW_OK;
}

static thw_status is_feasible(void *self, const thw_decision *x) {
  experts *s = self;
  const int32_t *index;
  const double *value;
  if (on_sparse_entries(x, &index, &value) == 1 && value[0] == 1) return THW_OK;
  return on_fail(s->e, THW_RETRY, "not a single expert");
}

static thw_status feasible(void *self, const thw_decision *x) {
  return on_sparse_try(((experts *)self)->pool, x, is_feasible, self);
}

static const thw_linear_ops experts_ops = {.size = sizeof(thw_linear_ops),
                                           .facts = facts,
                                           .solve = exact,
                                           .pack = pack,
                                           .unpack = unpack,
                                           .exact = exact,
                                           .spanner = spanner,
                                           .feasible = feasible};

static const thw_linear_ops stubborn_ops = {.size = sizeof(thw_linear_ops),
                                            .facts = facts,
                                            .solve = stubborn,
                                            .pack = pack,
                                            .unpack = unpack,
                                            .exact = exact,
                                            .spanner = spanner,
                                            .feasible = feasible};

static const thw_component experts_component = {
    THW_COMPONENT_HEAD(THW_LINEAR),
    .id = "experts",
    .version = PACKAGE_VERSION,
    .summary = "one of n experts (exact, alpha = 1)",
    .doc = "A decision is one of n experts, the one whose loss is least in the direction asked "
           "for; of equal ones the first. The classic problem of prediction with expert advice.",
    .reference = "N. Cesa-Bianchi, G. Lugosi, Prediction, Learning, and Games, 2006, chapter 2",
    .flags = THW_F_REENTRANT,
    THW_PARAMS(experts_table, struct experts_params),
    .ops = &experts_ops,
    .create = create_experts,
    .destroy = destroy,
};

static const thw_component stubborn_component = {
    THW_COMPONENT_HEAD(THW_LINEAR),
    .id = "stubborn",
    .version = PACKAGE_VERSION,
    .summary = "experts with an oracle that is as bad as its promise allows, for tests",
    .doc = "Answers the expert of smallest number that costs at most factor times the least, and "
           "less than slack more than it; or the costliest of those. The promise is kept, and it "
           "is all that is kept: methods that follow the leader by such an oracle have linear "
           "alpha-regret, those that decide by projection and decomposition do not.",
    .reference = "S. M. Kakade, A. T. Kalai, K. Ligett, SIAM J. Comput. 39 (2009), section 1",
    .flags = THW_F_REENTRANT,
    THW_PARAMS(stubborn_table, struct stubborn_params),
    .ops = &stubborn_ops,
    .create = create_stubborn,
    .destroy = destroy,
};

static const thw_component *const components[] = {&experts_component, &stubborn_component};

static const thw_plugin plugin = {
    THW_PLUGIN_HEAD,           .id = "experts",   .version = PACKAGE_VERSION,
    .license = "BSD-3-Clause", .n_components = 2, .components = components,
};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
