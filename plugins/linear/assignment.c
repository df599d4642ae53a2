/* SPDX-License-Identifier: BSD-3-Clause */
/* Assignments of n rows to n columns by shortest augmenting paths. */
#include <config.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <thalweg/thalweg.h>

#include "kernels/online/env.h"
#include "kernels/online/sparse.h"

struct assignment_params {
  int64_t n;
  int32_t signed_costs;
};

static const thw_param params[] = {
    THW_PARAM_INT(struct assignment_params, n, 4, 1, 2000, NULL, "Number of rows and columns."),
    THW_PARAM_BOOL(struct assignment_params, signed_costs, 0, "Costs may have any sign."),
};

typedef struct assignment {
  on_env e;
  on_pool *pool;
  int64_t n;
  uint8_t *signs, *done;
  double *u, *v, *least; /* potentials; least reduced cost to each column */
  int64_t *row_of, *way; /* by column, from 1; 0: none */
  int32_t *list;
  char *text;
  const char **name;
} assignment;

static void destroy(void *self) {
  assignment *s = self;
  on_env e = s->e;
  void *all[] = {s->signs,  s->done, s->u,    s->v,    s->least,
                 s->row_of, s->way,  s->list, s->text, (void *)s->name};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) on_free(e, all[i]);
  on_pool_free(s->pool);
  on_free(e, s);
}

enum { NAME = 24 };

static thw_status make(assignment *s, const struct assignment_params *p) {
  int64_t n = s->n = p->n, nn = n * n;
  THW_TRY(ON_NEW(s->e, s->done, n + 1));
  THW_TRY(ON_NEW(s->e, s->u, n + 1));
  THW_TRY(ON_NEW(s->e, s->v, n + 1));
  THW_TRY(ON_NEW(s->e, s->least, n + 1));
  THW_TRY(ON_NEW(s->e, s->row_of, n + 1));
  THW_TRY(ON_NEW(s->e, s->way, n + 1));
  THW_TRY(ON_NEW(s->e, s->list, n));
  THW_TRY(ON_NEW(s->e, s->text, nn * NAME));
  THW_TRY(ON_NEW(s->e, s->name, nn));
  if (p->signed_costs) {
    THW_TRY(ON_NEW(s->e, s->signs, nn));
    memset(s->signs, 1, (size_t)nn);
  }
  for (int64_t i = 0; i < nn; i++) {
    s->name[i] = s->text + i * NAME;
    snprintf(s->text + i * NAME, NAME, "%d-%d", (int)(i / n) + 1, (int)(i % n) + 1);
  }
  return on_pool_new(s->e, nn, n, s->name, 1, &s->pool);
}

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c,
                         const void *params_, const thw_wired *slots, void **self) {
  on_env e = {h, c};
  assignment *s = NULL;
  (void)me, (void)slots;
  THW_TRY(ON_NEW(e, s, 1));
  s->e = e;
  thw_status st = make(s, params_);
  if (st != THW_OK) {
    destroy(s);
    return st;
  }
  *self = s;
  return THW_OK;
}

static thw_status facts(void *self, thw_linear_facts *out) {
  const assignment *s = self;
  out->flags = THW_LINEAR_PROVEN | THW_LINEAR_ORTHANT;
  out->sense = THW_COST;
  out->n = s->n * s->n;
  out->factor = 1;
  out->norm = sqrt((double)s->n);
  out->norm1 = (double)s->n;
  out->norminf = 1;
  out->free_sign = s->signs;
  out->name = s->name;
  return THW_OK;
}

/* From the column that row i is to take (0 stands for it) to the nearest free one, by reduced
 * costs; potentials follow. Returns the free column. */
static int64_t search(assignment *s, const double *c) {
  int64_t n = s->n, at = 0;
  memset(s->done, 0, (size_t)n + 1);
  for (int64_t j = 0; j <= n; j++) s->least[j] = INFINITY;
  do {
    int64_t row = s->row_of[at], next = 0;
    double delta = INFINITY;
    s->done[at] = 1;
    for (int64_t j = 1; j <= n; j++) {
      if (s->done[j]) continue;
      double d = c[(row - 1) * n + j - 1] - s->u[row] - s->v[j];
      if (d < s->least[j]) s->least[j] = d, s->way[j] = at;
      if (s->least[j] < delta || next == 0) delta = s->least[j], next = j;
    }
    for (int64_t j = 0; j <= n; j++) {
      if (s->done[j])
        s->u[s->row_of[j]] += delta, s->v[j] -= delta;
      else
        s->least[j] -= delta;
    }
    at = next;
  } while (s->row_of[at]);
  return at;
}

static thw_status solve(void *self, const thw_linear_query *q, thw_linear_answer *out) {
  assignment *s = self;
  int64_t n = s->n;
  memset(s->u, 0, (size_t)(n + 1) * sizeof *s->u);
  memset(s->v, 0, (size_t)(n + 1) * sizeof *s->v);
  memset(s->row_of, 0, (size_t)(n + 1) * sizeof *s->row_of);
  for (int64_t i = 1; i <= n; i++) {
    s->row_of[0] = i;
    for (int64_t at = search(s, q->c), back; at; at = back) {
      back = s->way[at];
      s->row_of[at] = s->row_of[back];
    }
  }
  for (int64_t j = 1; j <= n; j++)
    s->list[s->row_of[j] - 1] = (int32_t)((s->row_of[j] - 1) * n + j - 1);
  THW_TRY(on_sparse_new(s->pool, n, s->list, NULL, &out->x));
  out->bound = out->x->ops->dot(out->x, q->c);
  return THW_OK;
}

static thw_status pack(void *self, const thw_decision *x, void *p, size_t *n) {
  (void)self;
  return on_sparse_pack(x, p, n);
}
static thw_status unpack(void *self, const void *p, size_t n, thw_decision **out) {
  return on_sparse_unpack(((assignment *)self)->pool, p, n, out);
}

static thw_status is_feasible(void *self, const thw_decision *x) {
  assignment *s = self;
  const int32_t *index;
  const double *value;
  int64_t k = on_sparse_entries(x, &index, &value), n = s->n;
  if (k != n)
    return on_fail(s->e, THW_RETRY, "%lld pairs for %lld rows", (long long)k, (long long)n);
  memset(s->done, 0, (size_t)n + 1);
  for (int64_t i = 0; i < k; i++) {
    if (index[i] / n != i || value[i] != 1 || s->done[index[i] % n])
      return on_fail(s->e, THW_RETRY, "row %lld or its column is not taken once", (long long)i + 1);
    s->done[index[i] % n] = 1;
  }
  return THW_OK;
}

static thw_status feasible(void *self, const thw_decision *x) {
  return on_sparse_try(((assignment *)self)->pool, x, is_feasible, self);
}

static const thw_linear_ops ops = {.size = sizeof(thw_linear_ops),
                                   .facts = facts,
                                   .solve = solve,
                                   .pack = pack,
                                   .unpack = unpack,
                                   .exact = solve,
                                   .feasible = feasible};

static const thw_component component = {
    THW_COMPONENT_HEAD(THW_LINEAR),
    .id = "assignment",
    .version = PACKAGE_VERSION,
    .summary = "assignments of n rows to n columns (exact, alpha = 1)",
    .doc = "A decision gives each of n rows (workers) a column (task) of its own; coordinate "
           "(i - 1) n + j - 1 is the pair i-j. Solved by shortest augmenting paths, n^3 operations "
           "in the worst case.",
    .reference = "R. Jonker, A. Volgenant, Computing 38 (1987)",
    THW_PARAMS(params, struct assignment_params),
    .ops = &ops,
    .create = create,
    .destroy = destroy,
};

static const thw_component *const components[] = {&component};

static const thw_plugin plugin = {
    THW_PLUGIN_HEAD,           .id = "assignment", .version = PACKAGE_VERSION,
    .license = "BSD-3-Clause", .n_components = 1,  .components = components,
};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
