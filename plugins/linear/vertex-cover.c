/* SPDX-License-Identifier: BSD-3-Clause */
/* Weighted vertex cover by the local-ratio rule, with reverse delete. */
#include <config.h>
#include <math.h>
#include <string.h>

#include <thalweg/thalweg.h>

#include "kernels/online/graph.h"
#include "kernels/online/sparse.h"

/* Graphs up to this size are also solved exactly, for reports and checks. */
#define EXACT_NODES 40

struct cover_params {
  const char *path;
};

static const thw_param params[] = {
    THW_PARAM_PATH(struct cover_params, path, NULL, THW_P_REQUIRED,
                   "Graph: an edge list (\"A B\" a line) or DIMACS (p edge)."),
};

typedef struct cover {
  on_env e;
  on_graph g;
  on_pool *pool;
  double *left;
  uint8_t *chosen, *taken;
  double least;
  int32_t *order, *list;
} cover;

static void destroy(void *self) {
  cover *s = self;
  on_env e = s->e;
  on_free(e, s->left);
  on_free(e, s->chosen);
  on_free(e, s->taken);
  on_free(e, s->order);
  on_free(e, s->list);
  on_pool_free(s->pool);
  on_graph_free(&s->g);
  on_free(e, s);
}

static thw_status make(cover *s, const struct cover_params *p) {
  THW_TRY(on_graph_read(&s->g, s->e, p->path, 0));
  THW_TRY(ON_NEW(s->e, s->left, s->g.nodes));
  THW_TRY(ON_NEW(s->e, s->chosen, s->g.nodes));
  THW_TRY(ON_NEW(s->e, s->taken, s->g.nodes));
  THW_TRY(ON_NEW(s->e, s->order, s->g.nodes));
  THW_TRY(ON_NEW(s->e, s->list, s->g.nodes));
  return on_pool_new(s->e, s->g.nodes, s->g.nodes, s->g.node, 1, &s->pool);
}

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c,
                         const void *params_, const thw_wired *slots, void **self) {
  on_env e = {h, c};
  cover *s = NULL;
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
  const cover *s = self;
  double n = (double)s->g.nodes;
  out->flags = THW_LINEAR_PROVEN | THW_LINEAR_ORTHANT;
  out->sense = THW_COST;
  out->n = s->g.nodes;
  out->factor = 2;
  out->norm = sqrt(n);
  out->norm1 = n;
  out->norminf = 1;
  out->name = s->g.node;
  return THW_OK;
}

/* Dearer first; of equal ones the smaller number. Heap sort: no memory, no recursion. */
static int after(const double *c, int32_t v, int32_t w) {
  if (c[v] != c[w]) return c[v] < c[w];
  return v > w;
}

static void settle(int32_t *v, int64_t at, int64_t n, const double *c) {
  int32_t x = v[at];
  for (int64_t child; (child = 2 * at + 1) < n; at = child) {
    if (child + 1 < n && after(c, v[child + 1], v[child])) child++;
    if (!after(c, v[child], x)) break;
    v[at] = v[child];
  }
  v[at] = x;
}

static void sort(int32_t *v, int64_t n, const double *c) {
  for (int64_t i = n / 2; i-- > 0;) settle(v, i, n, c);
  for (int64_t k = n; k-- > 1;) {
    int32_t t = v[0];
    v[0] = v[k];
    v[k] = t;
    settle(v, 0, k, c);
  }
}

/* A node may go when all its neighbours stay. */
static int is_needless(const cover *s, int32_t v) {
  const on_graph *g = &s->g;
  for (int64_t k = g->start[v]; k < g->start[v + 1]; k++) {
    int32_t e = g->at[k], w = g->tail[e] == v ? g->head[e] : g->tail[e];
    if (!s->chosen[w]) return 0;
  }
  return 1;
}

/* Every edge takes from both its ends what the cheaper one has left; who has nothing left is
 * chosen. What the edges took is a lower bound, and at least half of what the chosen ones cost. */
static thw_status solve(void *self, const thw_linear_query *q, thw_linear_answer *out) {
  cover *s = self;
  const on_graph *g = &s->g;
  double bound = 0, none = 0; /* none: what is left of rounding */
  for (int64_t v = 0; v < g->nodes; v++) none = fmax(none, 1e-12 * q->c[v]);
  memcpy(s->left, q->c, (size_t)g->nodes * sizeof *s->left);
  for (int64_t e = 0; e < g->edges; e++) {
    double m = fmin(s->left[g->tail[e]], s->left[g->head[e]]);
    s->left[g->tail[e]] -= m;
    s->left[g->head[e]] -= m;
    bound += m;
  }
  for (int64_t v = 0; v < g->nodes; v++) {
    s->chosen[v] = s->left[v] <= none;
    s->order[v] = (int32_t)v;
  }
  sort(s->order, g->nodes, q->c);
  for (int64_t i = 0; i < g->nodes; i++)
    if (s->chosen[s->order[i]] && is_needless(s, s->order[i])) s->chosen[s->order[i]] = 0;
  int64_t k = 0;
  for (int64_t v = 0; v < g->nodes; v++)
    if (s->chosen[v]) s->list[k++] = (int32_t)v;
  out->bound = bound;
  return on_sparse_new(s->pool, k, s->list, NULL, &out->x);
}

/* ---- the true minimum, for reports and checks ---------------------------------------------------
 */

/* Branches on one end of the first edge that is not covered; cut off by what is known. */
static void branch(cover *s, const double *c, int64_t edge, double cost) {
  const on_graph *g = &s->g;
  if (cost >= s->least) return;
  while (edge < g->edges && (s->taken[g->tail[edge]] || s->taken[g->head[edge]])) edge++;
  if (edge == g->edges) {
    s->least = cost;
    memcpy(s->chosen, s->taken, (size_t)g->nodes);
    return;
  }
  int32_t end[2] = {g->tail[edge], g->head[edge]};
  for (int i = 0; i < 2; i++) {
    s->taken[end[i]] = 1;
    branch(s, c, edge + 1, cost + c[end[i]]);
    s->taken[end[i]] = 0;
  }
}

static thw_status exact(void *self, const thw_linear_query *q, thw_linear_answer *out) {
  cover *s = self;
  int64_t n = s->g.nodes, k = 0;
  if (n > EXACT_NODES) return THW_E_UNSUPPORTED;
  memset(s->taken, 0, (size_t)n);
  s->least = INFINITY;
  branch(s, q->c, 0, 0);
  for (int64_t v = 0; v < n; v++)
    if (s->chosen[v]) s->list[k++] = (int32_t)v;
  out->bound = s->least;
  return on_sparse_new(s->pool, k, s->list, NULL, &out->x);
}

static thw_status pack(void *self, const thw_decision *x, void *p, size_t *n) {
  (void)self;
  return on_sparse_pack(x, p, n);
}
static thw_status unpack(void *self, const void *p, size_t n, thw_decision **out) {
  return on_sparse_unpack(((cover *)self)->pool, p, n, out);
}

/* All nodes but one: n independent covers, of which every cover s is the combination with the
 * coefficients |s|/(n-1) - s_i. */
static thw_status spanner(void *self, thw_decision **x, int64_t *m, double *beta) {
  cover *s = self;
  int64_t n = s->g.nodes;
  if (x && *m < n) return on_fail(s->e, THW_E_ARG, "no room for the spanner");
  *m = n;
  *beta = 1;
  for (int64_t i = 0; x && i < n; i++) {
    int64_t k = 0;
    for (int64_t v = 0; v < n; v++)
      if (v != i) s->list[k++] = (int32_t)v;
    thw_status st = on_sparse_new(s->pool, k, s->list, NULL, &x[i]);
    if (st == THW_OK) continue;
    while (i-- > 0) thw_release(x[i]);
    return st;
  }
  return THW_OK;
}

static thw_status is_feasible(void *self, const thw_decision *x) {
  cover *s = self;
  const on_graph *g = &s->g;
  const int32_t *index;
  const double *value;
  int64_t k = on_sparse_entries(x, &index, &value);
  memset(s->chosen, 0, (size_t)g->nodes);
  for (int64_t i = 0; i < k; i++) s->chosen[index[i]] = value[i] == 1;
  for (int64_t e = 0; e < g->edges; e++)
    if (!s->chosen[g->tail[e]] && !s->chosen[g->head[e]])
      return on_fail(s->e, THW_RETRY, "edge %s is not covered", g->edge[e]);
  return THW_OK;
}

static thw_status feasible(void *self, const thw_decision *x) {
  return on_sparse_try(((cover *)self)->pool, x, is_feasible, self);
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
    .id = "vertex-cover",
    .version = PACKAGE_VERSION,
    .summary = "vertex covers of a graph by the local-ratio rule (alpha = 2)",
    .doc =
        "A decision is a set of nodes that touches every edge, one coordinate per node. The "
        "local-ratio rule finds one that costs at most twice the least; then nodes are taken "
        "out again, dearest first, where all their neighbours are chosen. Each answer comes with "
        "a lower bound; on graphs of up to 40 nodes reports compare with the true minimum.",
    .reference = "R. Bar-Yehuda, S. Even, A Local-Ratio Theorem for Approximating the Weighted "
                 "Vertex Cover Problem, 1985",
    THW_PARAMS(params, struct cover_params),
    .ops = &ops,
    .create = create,
    .destroy = destroy,
};

static const thw_component *const components[] = {&component};

static const thw_plugin plugin = {
    THW_PLUGIN_HEAD,           .id = "vertex-cover", .version = PACKAGE_VERSION,
    .license = "BSD-3-Clause", .n_components = 1,    .components = components,
};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
