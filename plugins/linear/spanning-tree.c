/* SPDX-License-Identifier: BSD-3-Clause */
/* Minimum spanning trees by Kruskal's algorithm. */
#include <config.h>
#include <math.h>
#include <string.h>

#include <thalweg/thalweg.h>

#include "kernels/online/graph.h"
#include "kernels/online/sparse.h"

struct tree_params {
  const char *path;
  thw_ints grid;
  int32_t signed_costs;
};

static const thw_param params[] = {
    THW_PARAM_PATH(struct tree_params, path, NULL, 0,
                   "Graph: an edge list (\"A B\" a line) or DIMACS; or give grid."),
    THW_PARAM_INTS(struct tree_params, grid, NULL, 1, 10000, 0, NULL,
                   "A grid of [width, height] nodes named x,y instead of a file."),
    THW_PARAM_BOOL(struct tree_params, signed_costs, 0, "Costs may have any sign."),
};

typedef struct tree {
  on_env e;
  on_graph g;
  on_pool *pool;
  uint8_t *signs;
  int32_t *order, *spare, *parent, *list;
} tree;

static void destroy(void *self) {
  tree *s = self;
  on_env e = s->e;
  on_free(e, s->signs);
  on_free(e, s->order);
  on_free(e, s->spare);
  on_free(e, s->parent);
  on_free(e, s->list);
  on_pool_free(s->pool);
  on_graph_free(&s->g);
  on_free(e, s);
}

static int32_t root(int32_t *parent, int32_t v) {
  while (parent[v] != v) v = parent[v] = parent[parent[v]];
  return v;
}

/* Joins the trees of the ends of edge e; 0 when they are one already. */
static int join(tree *s, int32_t e) {
  int32_t a = root(s->parent, s->g.tail[e]), b = root(s->parent, s->g.head[e]);
  if (a == b) return 0;
  s->parent[a > b ? a : b] = a > b ? b : a;
  return 1;
}

static void apart(tree *s) {
  for (int64_t v = 0; v < s->g.nodes; v++) s->parent[v] = (int32_t)v;
}

static thw_status make(tree *s, const struct tree_params *p) {
  if (p->path)
    THW_TRY(on_graph_read(&s->g, s->e, p->path, 0));
  else
    THW_TRY(on_graph_grid(&s->g, s->e, p->grid.v[0], p->grid.v[1], 0));
  THW_TRY(ON_NEW(s->e, s->order, s->g.edges));
  THW_TRY(ON_NEW(s->e, s->spare, s->g.edges));
  THW_TRY(ON_NEW(s->e, s->parent, s->g.nodes));
  THW_TRY(ON_NEW(s->e, s->list, s->g.nodes));
  if (p->signed_costs) {
    THW_TRY(ON_NEW(s->e, s->signs, s->g.edges));
    memset(s->signs, 1, (size_t)s->g.edges);
  }
  int64_t parts = s->g.nodes;
  apart(s);
  for (int64_t e = 0; e < s->g.edges; e++) parts -= join(s, (int32_t)e);
  if (parts > 1)
    return on_fail(s->e, THW_E_ARG, "this graph falls into %lld parts: no tree spans it",
                   (long long)parts);
  return on_pool_new(s->e, s->g.edges, s->g.nodes, s->g.edge, 1, &s->pool);
}

static thw_status check(const thw_host *h, thw_ctx *c, const void *params_) {
  const struct tree_params *p = params_;
  if ((p->path != NULL) == (p->grid.n > 0))
    return h->fail(c, THW_E_ARG, "give either path or grid");
  if (p->grid.n != 0 && (p->grid.n != 2 || p->grid.v[0] * p->grid.v[1] < 2))
    return h->fail(c, THW_E_ARG, "grid needs two numbers, [width, height], and two nodes");
  return THW_OK;
}

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c,
                         const void *params_, const thw_wired *slots, void **self) {
  on_env e = {h, c};
  tree *s = NULL;
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
  const tree *s = self;
  double k = (double)(s->g.nodes - 1);
  out->flags = THW_LINEAR_PROVEN | THW_LINEAR_ORTHANT;
  out->sense = THW_COST;
  out->n = s->g.edges;
  out->factor = 1;
  out->norm = sqrt(k);
  out->norm1 = k;
  out->norminf = 1;
  out->free_sign = s->signs;
  out->name = s->g.edge;
  out->own = s->g.weight;
  return THW_OK;
}

/* By cost, then by number: merge sort, which keeps the order of equal ones. */
static void sort(tree *s, const double *c) {
  int32_t *from = s->order, *to = s->spare;
  int64_t n = s->g.edges;
  for (int64_t e = 0; e < n; e++) from[e] = (int32_t)e;
  for (int64_t width = 1; width < n; width *= 2) {
    for (int64_t lo = 0; lo < n; lo += 2 * width) {
      int64_t mid = lo + width < n ? lo + width : n, hi = mid + width < n ? mid + width : n;
      for (int64_t i = lo, j = mid, k = lo; k < hi; k++)
        to[k] = i < mid && (j >= hi || c[from[i]] <= c[from[j]]) ? from[i++] : from[j++];
    }
    int32_t *t = from;
    from = to;
    to = t;
  }
  s->order = from;
  s->spare = to;
}

static thw_status solve(void *self, const thw_linear_query *q, thw_linear_answer *out) {
  tree *s = self;
  int64_t k = 0;
  sort(s, q->c);
  apart(s);
  for (int64_t i = 0; i < s->g.edges && k + 1 < s->g.nodes; i++)
    if (join(s, s->order[i])) s->list[k++] = s->order[i];
  THW_TRY(on_sparse_new(s->pool, k, s->list, NULL, &out->x));
  out->bound = out->x->ops->dot(out->x, q->c);
  return THW_OK;
}

static thw_status pack(void *self, const thw_decision *x, void *p, size_t *n) {
  (void)self;
  return on_sparse_pack(x, p, n);
}
static thw_status unpack(void *self, const void *p, size_t n, thw_decision **out) {
  return on_sparse_unpack(((tree *)self)->pool, p, n, out);
}

static thw_status is_feasible(void *self, const thw_decision *x) {
  tree *s = self;
  const int32_t *index;
  const double *value;
  int64_t k = on_sparse_entries(x, &index, &value);
  if (k != s->g.nodes - 1)
    return on_fail(s->e, THW_RETRY, "%lld edges are no tree on %lld nodes", (long long)k,
                   (long long)s->g.nodes);
  apart(s);
  for (int64_t i = 0; i < k; i++)
    if (value[i] != 1 || !join(s, index[i]))
      return on_fail(s->e, THW_RETRY, "edge %s closes a circle", s->g.edge[index[i]]);
  return THW_OK;
}

static thw_status feasible(void *self, const thw_decision *x) {
  return on_sparse_try(((tree *)self)->pool, x, is_feasible, self);
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
    .id = "spanning-tree",
    .version = PACKAGE_VERSION,
    .summary = "spanning trees of a graph (exact, alpha = 1)",
    .doc = "A decision is a tree that joins all nodes, one coordinate per edge, found by Kruskal's "
           "algorithm; of two edges as cheap the one is taken that comes first in the file.",
    .reference = "J. B. Kruskal, Proc. Amer. Math. Soc. 7 (1956)",
    THW_PARAMS(params, struct tree_params),
    .ops = &ops,
    .check = check,
    .create = create,
    .destroy = destroy,
};

static const thw_component *const components[] = {&component};

static const thw_plugin plugin = {
    THW_PLUGIN_HEAD,           .id = "spanning-tree", .version = PACKAGE_VERSION,
    .license = "BSD-3-Clause", .n_components = 1,     .components = components,
};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
