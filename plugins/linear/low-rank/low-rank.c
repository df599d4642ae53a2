/* SPDX-License-Identifier: BSD-3-Clause */
/* Matrices of bounded trace norm as a linear oracle: the top singular pair. */
#include <config.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <thalweg/thalweg.h>

#include "kernels/online/singular.h"
#include "plugins/linear/low-rank/factors.h"

/* Costs are written out: one number for each entry. */
#define MOST_ENTRIES 1000000
/* With a side as short as that, reports and checks know the true minimum. */
#define EXACT_SIDE 100
/* Entries up to which the unit matrices are handed out as a spanner. */
#define SPANNER_ENTRIES 4096
#define NAME_ROOM 24

struct rank_params {
  int64_t users, items;
  double radius, tolerance;
};

static const thw_param params[] = {
    THW_PARAM_INT(struct rank_params, users, 8, 1, MOST_ENTRIES, NULL,
                  "Rows of the matrix; users * items is at most 1000000, since the losses of a "
                  "round are written out."),
    THW_PARAM_INT(struct rank_params, items, 6, 1, MOST_ENTRIES, NULL, "Columns of the matrix."),
    THW_PARAM_REAL(struct rank_params, radius, 1.0, 0.0, THW_NO_BOUND, THW_P_MIN_OPEN | THW_P_LOG,
                   NULL,
                   "tau, a bound on the trace norm: a matrix of rank k with entries of size a has "
                   "at most a sqrt(k users items)."),
    THW_PARAM_REAL(struct rank_params, tolerance, 1e-6, 1e-8, 0.1, THW_P_LOG, NULL,
                   "An answer earns at least 1 - tolerance of the most; alpha is that."),
};

typedef struct oracle {
  on_env e;
  const struct rank_params *p;
  int64_t n;
  on_singular *svd;
  factor_pool *pool;
  double *u, *v, *all;
  uint8_t *signs;
  const char **name;
  char *text;
} oracle;

static void destroy(void *self) {
  oracle *o = self;
  on_env e = o->e;
  void *all[] = {o->u, o->v, o->all, o->signs, o->name, o->text};
  for (size_t k = 0; k < sizeof all / sizeof all[0]; k++) on_free(e, all[k]);
  factor_pool_free(o->pool);
  on_singular_free(o->svd);
  on_free(e, o);
}

/* "USER:ITEM", from 1. */
static thw_status make_names(oracle *o) {
  THW_TRY(ON_NEW(o->e, o->name, o->n));
  THW_TRY(ON_NEW(o->e, o->text, o->n * NAME_ROOM));
  for (int64_t k = 0; k < o->n; k++) {
    o->name[k] = o->text + k * NAME_ROOM;
    snprintf(o->text + k * NAME_ROOM, NAME_ROOM, "%d:%d", (int)(k / o->p->items) + 1,
             (int)(k % o->p->items) + 1);
  }
  return THW_OK;
}

static thw_status make(oracle *o) {
  const struct rank_params *p = o->p;
  if (p->users > MOST_ENTRIES / p->items)
    return on_fail(o->e, THW_E_ARG,
                   "users * items: expected at most %d entries, found %lld * %lld = %lld (the "
                   "losses of a round are written out); take fewer users or items",
                   MOST_ENTRIES, (long long)p->users, (long long)p->items,
                   (long long)(p->users * p->items));
  o->n = p->users * p->items;
  THW_TRY(on_singular_new(o->e, p->users, p->items, &o->svd));
  THW_TRY(factor_pool_new(o->e, p->users, p->items, p->radius, &o->pool));
  THW_TRY(ON_NEW(o->e, o->u, p->users));
  THW_TRY(ON_NEW(o->e, o->v, p->items));
  THW_TRY(ON_NEW(o->e, o->signs, o->n));
  memset(o->signs, 1, (size_t)o->n);
  return make_names(o);
}

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c,
                         const void *params_, const thw_wired *slots, void **self) {
  on_env e = {h, c};
  oracle *o = NULL;
  (void)me, (void)slots;
  THW_TRY(ON_NEW(e, o, 1));
  o->e = e;
  o->p = params_;
  thw_status st = make(o);
  if (st != THW_OK) {
    destroy(o);
    return st;
  }
  *self = o;
  return THW_OK;
}

static thw_status facts(void *self, thw_linear_facts *out) {
  const oracle *o = self;
  out->flags = THW_LINEAR_PROVEN | THW_LINEAR_CONVEX;
  out->sense = THW_REWARD;
  out->n = o->n;
  out->factor = 1 - o->p->tolerance;
  out->norm = o->p->radius;
  out->norm1 = o->p->radius * sqrt((double)o->n);
  out->norminf = o->p->radius;
  out->free_sign = o->signs;
  out->name = o->name;
  return THW_OK;
}

/* ---- answers --------------------------------------------------------------------------------- */

static thw_status solve(void *self, const thw_linear_query *q, thw_linear_answer *out) {
  oracle *o = self;
  thw_rng start = {.key = {(uint32_t)q->seed, (uint32_t)(q->seed >> 32)}, .stream = q->call};
  double value, bound;
  THW_TRY(on_singular_top(o->svd, q->c, &start, o->p->tolerance, o->u, o->v, &value, &bound));
  out->bound = -o->p->radius * bound;
  return factor_decision(o->pool, o->u, o->v, &out->x);
}

static thw_status exact(void *self, const thw_linear_query *q, thw_linear_answer *out) {
  oracle *o = self;
  double value, sum;
  if (fmin((double)o->p->users, (double)o->p->items) > EXACT_SIDE) return THW_E_UNSUPPORTED;
  THW_TRY(on_singular_exact(o->svd, q->c, o->u, o->v, &value, &sum));
  return factor_decision(o->pool, o->u, o->v, &out->x);
}

static thw_status pack(void *self, const thw_decision *x, void *p, size_t *n) {
  (void)self;
  return factor_pack(x, p, n);
}
static thw_status unpack(void *self, const void *p, size_t n, thw_decision **out) {
  return factor_unpack(((oracle *)self)->pool, p, n, out);
}

/* No entry is larger in size than the trace norm: matrices with one entry of that size span all
 * others with coefficients of at most 1. */
static thw_status spanner(void *self, thw_decision **x, int64_t *m, double *beta) {
  oracle *o = self;
  if (o->n > SPANNER_ENTRIES) return THW_E_UNSUPPORTED;
  if (x && *m < o->n) return on_fail(o->e, THW_E_ARG, "no room for the spanner");
  *m = o->n;
  *beta = 1;
  memset(o->u, 0, (size_t)o->p->users * sizeof *o->u);
  memset(o->v, 0, (size_t)o->p->items * sizeof *o->v);
  for (int64_t k = 0; x && k < o->n; k++) {
    int64_t i = k / o->p->items, j = k % o->p->items;
    o->u[i] = o->v[j] = 1;
    thw_status st = factor_decision(o->pool, o->u, o->v, &x[k]);
    o->u[i] = o->v[j] = 0;
    if (st == THW_OK) continue;
    while (k-- > 0) thw_release(x[k]);
    return st;
  }
  return THW_OK;
}

static thw_status feasible(void *self, const thw_decision *x) {
  oracle *o = self;
  double value, sum = o->p->radius * factor_size(o->pool, x);
  if (isnan(sum)) {
    if (!o->all) THW_TRY(ON_NEW(o->e, o->all, o->n));
    x->ops->vector(x, o->all);
    THW_TRY(on_singular_exact(o->svd, o->all, o->u, o->v, &value, &sum));
  }
  if (sum <= o->p->radius * (1 + 1e-9)) return THW_OK;
  return on_fail(o->e, THW_RETRY, "its trace norm is %.12g, radius is %.12g", sum, o->p->radius);
}

static const thw_linear_ops ops = {.size = sizeof(thw_linear_ops),
                                   .facts = facts,
                                   .solve = solve,
                                   .pack = pack,
                                   .unpack = unpack,
                                   .exact = exact,
                                   .spanner = spanner,
                                   .feasible = feasible};

static const thw_component component = {
    THW_COMPONENT_HEAD(THW_LINEAR),
    .id = "low-rank",
    .version = PACKAGE_VERSION,
    .summary = "users x items matrices of bounded trace norm: the top singular pair (rewards, "
               "alpha = 1 - tolerance)",
    .doc =
        "Online matrix completion: a decision is a users x items matrix X whose singular values "
        "sum to at most radius, one coordinate per entry, named USER:ITEM from 1, row by row. A "
        "round's rewards F may have any sign (a rating of +1 or -1 at the entry that was asked "
        "about) and earn the sum of F_ij X_ij. The best matrix is radius u v' for the top singular "
        "pair of F; it is found by Lanczos' iteration on the product of the shorter side with "
        "itself, and a Cholesky factorization proves for every answer, rounding included, that "
        "none earns more than 1/(1 - tolerance) times as much. Where the iteration fails, "
        "Jacobi's rotations take over.\n\n"
        "Decisions are of rank one, kept and written down as their factors: the entry of a user "
        "and an item is the product of their numbers. The set of matrices is convex, so that what "
        "a learner expects to play may be played itself. users * items is at most 1000000. With a "
        "shorter side of up to 100, reports compare with the true optimum.",
    .reference = "E. Hazan, S. Kale, S. Shalev-Shwartz, Near-Optimal Algorithms for Online Matrix "
                 "Prediction, COLT 2012; E. Hazan, S. Kale, Projection-free Online Learning, ICML "
                 "2012",
    THW_PARAMS(params, struct rank_params),
    .ops = &ops,
    .create = create,
    .destroy = destroy,
};

static const thw_component *const components[] = {&component};

static const thw_plugin plugin = {
    THW_PLUGIN_HEAD,           .id = "low-rank",  .version = PACKAGE_VERSION,
    .license = "BSD-3-Clause", .n_components = 1, .components = components,
};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
