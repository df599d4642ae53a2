/* SPDX-License-Identifier: BSD-3-Clause */
/* Shortest paths between two nodes of a graph: Dijkstra's algorithm, or dynamic programming where
 * the graph has no cycle. */
#include <config.h>
#include <math.h>
#include <string.h>

#include <thalweg/thalweg.h>

#include "kernels/online/graph.h"
#include "kernels/online/sparse.h"

struct path_params {
  const char *path, *from, *to;
  thw_ints grid;
  int32_t directed, signed_costs;
};

static const thw_param params[] = {
    THW_PARAM_PATH(struct path_params, path, NULL, 0,
                   "Graph: an edge list (\"FROM TO\" a line) or DIMACS (p sp); or give grid."),
    THW_PARAM_INTS(struct path_params, grid, NULL, 1, 10000, 0, NULL,
                   "A grid of [width, height] nodes named x,y instead of a file."),
    THW_PARAM_STR(struct path_params, from, NULL, 0, "Node where paths begin; none: the first."),
    THW_PARAM_STR(struct path_params, to, NULL, 0, "Node where paths end; none: the last."),
    THW_PARAM_BOOL(struct path_params, directed, 1, "Edges lead one way only."),
    THW_PARAM_BOOL(struct path_params, signed_costs, 0,
                   "Costs may have any sign; for directed graphs without a cycle."),
};

typedef struct paths {
  on_env e;
  on_graph g;
  on_pool *pool;
  int64_t from, to, longest;
  int32_t *order; /* topological; NULL: there is a cycle, or edges lead both ways */
  uint8_t *signs;
  double *distance;
  int32_t *by, *heap, *place, *path; /* edge by which a node is reached; heap of nodes */
} paths;

/* ---- life ------------------------------------------------------------------------------------ */

static thw_status check(const thw_host *h, thw_ctx *c, const void *params_) {
  const struct path_params *p = params_;
  if ((p->path != NULL) == (p->grid.n > 0))
    return h->fail(c, THW_E_ARG, "give either path or grid");
  if (p->grid.n != 0 && p->grid.n != 2)
    return h->fail(c, THW_E_ARG, "grid needs two numbers, [width, height]");
  if (p->signed_costs && !p->directed)
    return h->fail(c, THW_E_ARG, "signed_costs needs directed = true");
  return THW_OK;
}

static thw_status find_ends(paths *s, const struct path_params *p) {
  s->from = p->from ? on_graph_find(&s->g, p->from) : 0;
  s->to = p->to ? on_graph_find(&s->g, p->to) : s->g.nodes - 1;
  if (s->from < 0) return on_fail(s->e, THW_E_ARG, "from: there is no node \"%s\"", p->from);
  if (s->to < 0) return on_fail(s->e, THW_E_ARG, "to: there is no node \"%s\"", p->to);
  if (s->from == s->to) return on_fail(s->e, THW_E_ARG, "from and to are the same node");
  return THW_OK;
}

/* Most edges of a path, exactly where there is no cycle. */
static void longest_path(paths *s) {
  s->longest = s->g.nodes - 1;
  if (!s->order) return;
  for (int64_t v = 0; v < s->g.nodes; v++) s->distance[v] = -INFINITY;
  s->distance[s->from] = 0;
  for (int64_t i = 0; i < s->g.nodes; i++) {
    int32_t v = s->order[i];
    for (int64_t k = s->g.start[v]; k < s->g.start[v + 1]; k++) {
      int32_t w = s->g.head[s->g.at[k]];
      s->distance[w] = fmax(s->distance[w], s->distance[v] + 1);
    }
  }
  if (s->distance[s->to] > 0) s->longest = (int64_t)s->distance[s->to];
}

static thw_status make(paths *s, const struct path_params *p) {
  if (p->path)
    THW_TRY(on_graph_read(&s->g, s->e, p->path, p->directed));
  else
    THW_TRY(on_graph_grid(&s->g, s->e, p->grid.v[0], p->grid.v[1], p->directed));
  int64_t n = s->g.nodes, m = s->g.edges;
  THW_TRY(find_ends(s, p));
  THW_TRY(ON_NEW(s->e, s->order, n));
  THW_TRY(ON_NEW(s->e, s->signs, m));
  THW_TRY(ON_NEW(s->e, s->distance, n));
  THW_TRY(ON_NEW(s->e, s->by, n));
  THW_TRY(ON_NEW(s->e, s->heap, n));
  THW_TRY(ON_NEW(s->e, s->place, n));
  THW_TRY(ON_NEW(s->e, s->path, n));
  if (!on_graph_sort(&s->g, s->order)) {
    on_free(s->e, s->order);
    s->order = NULL;
    if (p->signed_costs)
      return on_fail(s->e, THW_E_ARG,
                     "signed_costs: this graph has a cycle, along which a path "
                     "could gain without end");
  }
  if (p->signed_costs)
    memset(s->signs, 1, (size_t)m);
  else
    on_free(s->e, s->signs), s->signs = NULL;
  longest_path(s);
  return on_pool_new(s->e, m, n, s->g.edge, 1, &s->pool);
}

static void destroy(void *self) {
  paths *s = self;
  on_env e = s->e;
  void *all[] = {s->order, s->signs, s->distance, s->by, s->heap, s->place, s->path};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) on_free(e, all[i]);
  on_pool_free(s->pool);
  on_graph_free(&s->g);
  on_free(e, s);
}

/* ---- searching ------------------------------------------------------------------------------- */

/* Nearer first; of two as near the smaller number. */
static int before(const paths *s, int32_t v, int32_t w) {
  if (s->distance[v] != s->distance[w]) return s->distance[v] < s->distance[w];
  return v < w;
}

static void put(paths *s, int32_t at, int32_t v) {
  s->heap[at] = v;
  s->place[v] = at;
}

static void rise(paths *s, int32_t at) {
  int32_t v = s->heap[at];
  for (; at > 0 && before(s, v, s->heap[(at - 1) / 2]); at = (at - 1) / 2)
    put(s, at, s->heap[(at - 1) / 2]);
  put(s, at, v);
}

static void sink(paths *s, int32_t count) {
  int32_t at = 0, v = s->heap[0];
  for (int32_t child; (child = 2 * at + 1) < count; at = child) {
    if (child + 1 < count && before(s, s->heap[child + 1], s->heap[child])) child++;
    if (!before(s, s->heap[child], v)) break;
    put(s, at, s->heap[child]);
  }
  put(s, at, v);
}

static int32_t other_end(const on_graph *g, int32_t e, int32_t v) {
  return g->tail[e] == v ? g->head[e] : g->tail[e];
}

static void start(paths *s) {
  for (int64_t v = 0; v < s->g.nodes; v++) {
    s->distance[v] = INFINITY;
    s->by[v] = -1;
    s->place[v] = -1;
  }
  s->distance[s->from] = 0;
}

static void dijkstra(paths *s, const double *c) {
  const on_graph *g = &s->g;
  int32_t count = 1;
  start(s);
  put(s, 0, (int32_t)s->from);
  while (count > 0) {
    int32_t v = s->heap[0];
    s->place[v] = -2;
    if (v == s->to) return;
    if (--count > 0) {
      put(s, 0, s->heap[count]);
      sink(s, count);
    }
    for (int64_t k = g->start[v]; k < g->start[v + 1]; k++) {
      int32_t e = g->at[k], w = other_end(g, e, v);
      double d = s->distance[v] + c[e];
      if (s->place[w] == -2 || !(d < s->distance[w])) continue;
      s->distance[w] = d;
      s->by[w] = e;
      if (s->place[w] == -1) put(s, count++, w);
      rise(s, s->place[w]);
    }
  }
}

static void in_order(paths *s, const double *c) {
  const on_graph *g = &s->g;
  start(s);
  for (int64_t i = 0; i < g->nodes; i++) {
    int32_t v = s->order[i];
    if (!isfinite(s->distance[v])) continue;
    for (int64_t k = g->start[v]; k < g->start[v + 1]; k++) {
      int32_t e = g->at[k], w = g->head[e];
      double d = s->distance[v] + c[e];
      if (!(d < s->distance[w])) continue;
      s->distance[w] = d;
      s->by[w] = e;
    }
  }
}

static thw_status solve(void *self, const thw_linear_query *q, thw_linear_answer *out) {
  paths *s = self;
  if (s->order)
    in_order(s, q->c);
  else
    dijkstra(s, q->c);
  int64_t k = 0;
  for (int32_t v = (int32_t)s->to; v != s->from; k++) {
    if (s->by[v] < 0)
      return on_fail(s->e, THW_E_ARG, "no path leads from \"%s\" to \"%s\"", s->g.node[s->from],
                     s->g.node[s->to]);
    s->path[k] = s->by[v];
    v = s->order ? s->g.tail[s->by[v]] : other_end(&s->g, s->by[v], v);
  }
  for (int64_t i = 0; 2 * i < k; i++) {
    int32_t t = s->path[i];
    s->path[i] = s->path[k - 1 - i];
    s->path[k - 1 - i] = t;
  }
  THW_TRY(on_sparse_new(s->pool, k, s->path, NULL, &out->x));
  out->value = s->distance[s->to];
  out->bound = out->value;
  return THW_OK;
}

/* ---- the rest -------------------------------------------------------------------------------- */

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c,
                         const void *params_, const thw_wired *slots, void **self) {
  on_env e = {h, c};
  paths *s = NULL;
  (void)me, (void)slots;
  THW_TRY(ON_NEW(e, s, 1));
  s->e = e;
  thw_status st = make(s, params_);
  if (st == THW_OK) { /* is there a path at all? */
    double *zero = NULL;
    thw_linear_query q = {.size = sizeof q};
    thw_linear_answer a = {.size = sizeof a};
    st = ON_NEW(e, zero, s->g.edges);
    q.c = zero;
    if (st == THW_OK) st = solve(s, &q, &a);
    thw_release(a.x);
    on_free(e, zero);
  }
  if (st != THW_OK) {
    destroy(s);
    return st;
  }
  *self = s;
  return THW_OK;
}

static thw_status facts(void *self, thw_linear_facts *out) {
  const paths *s = self;
  out->flags = THW_LINEAR_PROVEN | THW_LINEAR_ORTHANT;
  out->sense = THW_COST;
  out->n = s->g.edges;
  out->factor = 1;
  out->norm = sqrt((double)s->longest);
  out->norm1 = (double)s->longest;
  out->norminf = 1;
  out->free_sign = s->signs;
  out->name = s->g.edge;
  out->own = s->g.weight;
  return THW_OK;
}

static thw_status pack(void *self, const thw_decision *x, void *p, size_t *n) {
  (void)self;
  return on_sparse_pack(x, p, n);
}
static thw_status unpack(void *self, const void *p, size_t n, thw_decision **out) {
  return on_sparse_unpack(((paths *)self)->pool, p, n, out);
}

/* Which of the k edges at s->path leads on from node v; -1: none. */
static int64_t next_edge(const paths *s, int64_t from, int64_t k, int64_t v) {
  for (int64_t i = from; i < k; i++) {
    int32_t e = s->path[i];
    if (s->g.tail[e] == v || (!s->g.directed && s->g.head[e] == v)) return i;
  }
  return -1;
}

/* A walk from one end to the other that uses no edge twice; its edges may come in any order. */
static thw_status is_feasible(void *self, const thw_decision *x) {
  paths *s = self;
  const int32_t *index;
  const double *value;
  int64_t k = on_sparse_entries(x, &index, &value), v = s->from;
  memcpy(s->path, index, (size_t)k * sizeof *index);
  for (int64_t i = 0; i < k; i++) {
    if (value[i] != 1)
      return on_fail(s->e, THW_RETRY, "edge %s is taken %g times", s->g.edge[index[i]], value[i]);
    int64_t at = next_edge(s, i, k, v);
    if (at < 0)
      return on_fail(s->e, THW_RETRY, "no edge goes on from node %s; edge %s is left over",
                     s->g.node[v], s->g.edge[s->path[i]]);
    int32_t e = s->path[at];
    s->path[at] = s->path[i];
    s->path[i] = e;
    v = s->g.tail[e] == v ? s->g.head[e] : s->g.tail[e];
  }
  if (v == s->to) return THW_OK;
  return on_fail(s->e, THW_RETRY, "the path ends in node %s", s->g.node[v]);
}

static thw_status feasible(void *self, const thw_decision *x) {
  return on_sparse_try(((paths *)self)->pool, x, is_feasible, self);
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
    .id = "shortest-path",
    .version = PACKAGE_VERSION,
    .summary = "shortest paths between two nodes of a graph (exact, alpha = 1)",
    .doc = "A decision is a path from one node to another, one coordinate per edge, and is written "
           "as the names of its edges in order. Directed graphs without a cycle are solved by "
           "dynamic programming, others by Dijkstra's algorithm. Of two paths as short the one is "
           "taken whose edge comes first in the file.\n\n"
           "An edge list has one edge a line, \"FROM TO\", with any words as names; further "
           "columns, and what follows a #, are not looked at.",
    .reference = "E. W. Dijkstra, Numerische Mathematik 1 (1959)",
    THW_PARAMS(params, struct path_params),
    .ops = &ops,
    .check = check,
    .create = create,
    .destroy = destroy,
};

static const thw_component *const components[] = {&component};

static const thw_plugin plugin = {
    THW_PLUGIN_HEAD,           .id = "shortest-path", .version = PACKAGE_VERSION,
    .license = "BSD-3-Clause", .n_components = 1,     .components = components,
};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
