/* SPDX-License-Identifier: BSD-3-Clause */
/* The travelling salesman as a linear oracle. */
#include <config.h>

#include "plugins/linear/tsp/tsp.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <thalweg/thalweg.h>

/* Up to so many cities pairs have names. */
#define NAMED 500

static const char *const methods[] = {"christofides", "double-tree", NULL};

static const thw_param params[] = {
    THW_PARAM_PATH(struct tsp_params, path, NULL, 0,
                   "A symmetric instance in the format of TSPLIB; or give cities."),
    THW_PARAM_INT(struct tsp_params, cities, 0, 0, 5000, NULL,
                  "This many cities named 1, 2, ... instead of a file, without distances of their "
                  "own."),
    THW_PARAM_ENUM(struct tsp_params, method, TSP_CHRISTOFIDES, methods,
                   "christofides (alpha 1.5) or double-tree (alpha 2, without a matching)."),
    THW_PARAM_BOOL(struct tsp_params, improve, 1,
                   "Shorten each tour by 2-opt and Or-opt moves; the guarantee stays."),
};

static thw_status check(const thw_host *h, thw_ctx *c, const void *params_) {
  const struct tsp_params *p = params_;
  if ((p->path != NULL) == (p->cities > 0))
    return h->fail(c, THW_E_ARG, "give either path or cities");
  if (!p->path && p->cities < 2) return h->fail(c, THW_E_ARG, "cities must be at least 2");
  return THW_OK;
}

/* ---- life ------------------------------------------------------------------------------------ */

static void destroy(void *self) {
  tsp *s = self;
  on_env e = s->e;
  void *all[] = {s->own,   (void *)s->name, s->names, s->c,        s->d,     s->key,
                 s->best,  s->parent,       s->odd,   s->mate,     s->tour,  s->place,
                 s->near,  s->queue,        s->done,  s->waiting,  s->times, s->touched,
                 s->index, s->value,        s->held,  s->held_from};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) on_free(e, all[i]);
  tsp_graph_free(&s->g, e);
  on_matching_free(s->matching);
  on_pool_free(s->pool);
  on_tsplib_free(&s->map);
  on_free(e, s);
}

static thw_status name_pairs(tsp *s, int64_t pairs) {
  int64_t room = 48;
  if (s->n > NAMED) return THW_OK;
  THW_TRY(ON_NEW(s->e, s->name, pairs));
  THW_TRY(ON_NEW(s->e, s->names, pairs * room));
  for (int32_t i = 0; i < s->n; i++)
    for (int32_t j = i + 1; j < s->n; j++) {
      int64_t k = tsp_pair(s, i, j);
      snprintf(s->names + k * room, (size_t)room, "%s-%s", s->map.city[i], s->map.city[j]);
      s->name[k] = s->names + k * room;
    }
  return THW_OK;
}

static thw_status make_room(tsp *s, int64_t pairs) {
  int64_t n = s->n, sets = n <= TSP_EXACT ? (INT64_C(1) << (n - 1)) * (n - 1) : 0;
  THW_TRY(ON_NEW(s->e, s->c, n * n));
  THW_TRY(ON_NEW(s->e, s->d, n * n));
  THW_TRY(ON_NEW(s->e, s->key, n));
  THW_TRY(ON_NEW(s->e, s->best, n));
  THW_TRY(ON_NEW(s->e, s->parent, n));
  THW_TRY(ON_NEW(s->e, s->odd, n));
  THW_TRY(ON_NEW(s->e, s->mate, n));
  THW_TRY(ON_NEW(s->e, s->tour, n));
  THW_TRY(ON_NEW(s->e, s->place, n));
  THW_TRY(ON_NEW(s->e, s->near, n * TSP_NEAR));
  THW_TRY(ON_NEW(s->e, s->queue, n));
  THW_TRY(ON_NEW(s->e, s->done, n));
  THW_TRY(ON_NEW(s->e, s->waiting, n));
  THW_TRY(ON_NEW(s->e, s->times, pairs));
  THW_TRY(ON_NEW(s->e, s->touched, pairs));
  THW_TRY(ON_NEW(s->e, s->index, 2 * n));
  THW_TRY(ON_NEW(s->e, s->value, 2 * n));
  THW_TRY(ON_NEW(s->e, s->held, sets));
  return ON_NEW(s->e, s->held_from, sets);
}

static thw_status make(tsp *s) {
  if (s->p->path)
    THW_TRY(on_tsplib_read(&s->map, s->e, s->p->path));
  else
    THW_TRY(on_tsplib_plain(&s->map, s->e, s->p->cities));
  s->n = (int32_t)s->map.n;
  int64_t n = s->n, pairs = n * (n - 1) / 2;
  THW_TRY(name_pairs(s, pairs));
  THW_TRY(make_room(s, pairs));
  if (s->p->path) {
    THW_TRY(ON_NEW(s->e, s->own, pairs));
    for (int32_t i = 0; i < n; i++)
      for (int32_t j = i + 1; j < n; j++) s->own[tsp_pair(s, i, j)] = s->map.distance[i * n + j];
  }
  THW_TRY(on_matching_new(s->e, &s->matching));
  THW_TRY(on_pool_new(s->e, pairs, 2 * n, s->name, 1, &s->pool));
  on_pool_describe(s->pool, tsp_describe, s);
  return THW_OK;
}

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c,
                         const void *params_, const thw_wired *slots, void **self) {
  on_env e = {h, c};
  tsp *s = NULL;
  (void)me, (void)slots;
  THW_TRY(ON_NEW(e, s, 1));
  s->e = e;
  s->p = params_;
  thw_status st = make(s);
  if (st != THW_OK) {
    destroy(s);
    return st;
  }
  *self = s;
  return THW_OK;
}

/* ---- the oracle ------------------------------------------------------------------------------ */

static thw_status facts(void *self, thw_linear_facts *out) {
  const tsp *s = self;
  double n = s->n;
  out->flags = THW_LINEAR_PROVEN | THW_LINEAR_ORTHANT;
  out->sense = THW_COST;
  out->n = (int64_t)s->n * (s->n - 1) / 2;
  out->factor = s->p->method == TSP_CHRISTOFIDES ? 1.5 : 2;
  out->norm = 2 * sqrt(n);
  out->norm1 = 2 * n;
  out->norminf = 2;
  out->name = s->name;
  out->own = s->own;
  return THW_OK;
}

static void take_costs(tsp *s, const double *c) {
  for (int32_t i = 0; i < s->n; i++) {
    s->c[(int64_t)i * s->n + i] = 0;
    for (int32_t j = i + 1; j < s->n; j++)
      s->c[(int64_t)i * s->n + j] = s->c[(int64_t)j * s->n + i] = c[tsp_pair(s, i, j)];
  }
  tsp_closure(s);
}

static thw_status solve(void *self, const thw_linear_query *q, thw_linear_answer *out) {
  tsp *s = self;
  take_costs(s, q->c);
  THW_TRY(tsp_tour(s));
  if (s->p->improve) tsp_improve(s);
  return tsp_decide(s, &out->x);
}

static thw_status exact(void *self, const thw_linear_query *q, thw_linear_answer *out) {
  tsp *s = self;
  if (s->n > TSP_EXACT) return THW_E_UNSUPPORTED;
  take_costs(s, q->c);
  tsp_exact_tour(s);
  return tsp_decide(s, &out->x);
}

static thw_status pack(void *self, const thw_decision *x, void *p, size_t *n) {
  (void)self;
  return on_sparse_pack(x, p, n);
}
static thw_status unpack(void *self, const void *p, size_t n, thw_decision **out) {
  return on_sparse_unpack(((tsp *)self)->pool, p, n, out);
}
static thw_status feasible(void *self, const thw_decision *x) {
  return on_sparse_try(((tsp *)self)->pool, x, tsp_is_feasible, self);
}

static const thw_linear_ops ops = {.size = sizeof(thw_linear_ops),
                                   .facts = facts,
                                   .solve = solve,
                                   .pack = pack,
                                   .unpack = unpack,
                                   .exact = exact,
                                   .feasible = feasible};

static const thw_component component = {
    THW_COMPONENT_HEAD(THW_LINEAR),
    .id = "tsp",
    .version = PACKAGE_VERSION,
    .summary = "tours of a travelling salesman by Christofides' algorithm (alpha = 1.5)",
    .doc =
        "A decision is a closed walk that visits every city, one coordinate per pair of cities: "
        "how "
        "often the way between them is walked. It is written down as the cities in the order of "
        "the walk, which begins with the first and ends there. Costs need not keep the triangle "
        "inequality: what is solved is their shortest-path closure, and ways that are longer than "
        "a detour are replaced by the detour. So alpha holds against the cheapest closed walk, "
        "whatever the costs; where they keep the inequality, the answer is a tour and the best "
        "walk is the best tour.\n\n"
        "A spanning tree and a perfect matching of least weight on its odd nodes, by the blossom "
        "algorithm, make the tour; 2-opt and Or-opt moves among near cities shorten it. Files are "
        "those of TSPLIB: EUC_2D, CEIL_2D, MAN_2D, MAX_2D, GEO, ATT, and EXPLICIT in all its "
        "formats. Reports compare with the true optimum up to 12 cities.",
    .reference = "N. Christofides, Worst-Case Analysis of a New Heuristic for the Travelling "
                 "Salesman Problem, 1976",
    THW_PARAMS(params, struct tsp_params),
    .ops = &ops,
    .check = check,
    .create = create,
    .destroy = destroy,
};

static const thw_component *const components[] = {&component};

static const thw_plugin plugin = {
    THW_PLUGIN_HEAD,           .id = "tsp",       .version = PACKAGE_VERSION,
    .license = "BSD-3-Clause", .n_components = 1, .components = components,
};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
