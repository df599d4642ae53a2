/* SPDX-License-Identifier: BSD-3-Clause */
/* Christofides' algorithm: a spanning tree, a matching of its odd nodes, a closed walk along both,
 * shortcut to a tour; or the same with the tree's edges taken twice. */
#include <config.h>

#include "plugins/linear/tsp/tsp.h"

#include <math.h>
#include <string.h>

/* Prim's algorithm on the dense graph; of equals the smaller number. */
static thw_status tree(tsp *s) {
  int32_t n = s->n;
  for (int32_t v = 0; v < n; v++) {
    s->key[v] = INFINITY;
    s->parent[v] = -1;
    s->done[v] = 0;
  }
  s->key[0] = 0;
  for (int32_t round = 0; round < n; round++) {
    int32_t v = -1;
    for (int32_t w = 0; w < n; w++)
      if (!s->done[w] && (v < 0 || s->key[w] < s->key[v])) v = w;
    s->done[v] = 1;
    if (s->parent[v] >= 0) THW_TRY(tsp_graph_add(&s->g, s->e, s->parent[v], v));
    const double *row = s->d + (int64_t)v * n;
    for (int32_t w = 0; w < n; w++)
      if (!s->done[w] && row[w] < s->key[w]) {
        s->key[w] = row[w];
        s->parent[w] = v;
      }
  }
  return THW_OK;
}

static double between_odd(const void *arg, int32_t i, int32_t j) {
  const tsp *s = arg;
  return s->d[(int64_t)s->odd[i] * s->n + s->odd[j]];
}

static thw_status match(tsp *s) {
  int32_t *degree = s->place, k = 0;
  memset(degree, 0, (size_t)s->n * sizeof *degree);
  for (int32_t i = 0; i < s->g.m; i++) {
    degree[s->g.a[i]]++;
    degree[s->g.b[i]]++;
  }
  for (int32_t v = 0; v < s->n; v++)
    if (degree[v] % 2) s->odd[k++] = v;
  THW_TRY(on_matching_solve(s->matching, k, between_odd, s, s->mate));
  for (int32_t i = 0; i < k; i++)
    if (i < s->mate[i]) THW_TRY(tsp_graph_add(&s->g, s->e, s->odd[i], s->odd[s->mate[i]]));
  return THW_OK;
}

static thw_status twice(tsp *s) {
  for (int32_t i = 0, m = s->g.m; i < m; i++)
    THW_TRY(tsp_graph_add(&s->g, s->e, s->g.a[i], s->g.b[i]));
  return THW_OK;
}

thw_status tsp_tour(tsp *s) {
  THW_TRY(tsp_graph_begin(&s->g, s->e, s->n));
  THW_TRY(tree(s));
  THW_TRY(s->p->method == TSP_CHRISTOFIDES ? match(s) : twice(s));
  thw_status st = tsp_graph_walk(&s->g, s->e);
  if (st == THW_RETRY) return on_fail(s->e, THW_E_INTERNAL, "tree and matching are not connected");
  if (st != THW_OK) return st;
  int32_t k = 0;
  memset(s->done, 0, (size_t)s->n);
  for (int32_t i = 0; i <= s->g.m; i++) {
    int32_t v = s->g.circuit[i];
    if (!s->done[v]) s->tour[k++] = v;
    s->done[v] = 1;
  }
  return THW_OK;
}
