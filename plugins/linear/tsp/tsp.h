/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/linear/tsp/tsp.h - tours through all cities, and the closed walks that they stand for
 * where costs do not keep the triangle inequality. */
#ifndef TSP_TSP_H
#define TSP_TSP_H

#include "kernels/online/matching.h"
#include "kernels/online/sparse.h"
#include "kernels/online/tsplib.h"

#define TSP_CHRISTOFIDES 0
#define TSP_DOUBLE_TREE 1

/* Nearest cities that local search looks at, and cities up to which the best tour is found by
 * dynamic programming, for reports and checks. */
#define TSP_NEAR 12
#define TSP_EXACT 12

struct tsp_params {
  const char *path;
  int64_t cities;
  int32_t method, improve;
};

/* Several edges between two nodes count as several. adj[] holds, for each node, edge numbers. */
typedef struct tsp_multigraph {
  int32_t n, m;
  int32_t *a, *b;        /* ends of each edge */
  int32_t *start, *edge; /* edges at node v: edge[start[v]] .. edge[start[v + 1] - 1] */
  int32_t *next;         /* place of the first edge at v that has not been walked */
  int32_t *stack;
  uint8_t *walked;
  int64_t rooms[6]; /* of a, b, edge, stack, walked, circuit */
  int32_t *circuit; /* nodes of a closed walk along every edge once, m + 1 long */
} tsp_multigraph;

typedef struct tsp {
  on_env e;
  const struct tsp_params *p;
  on_tsplib map;
  int32_t n;
  double *own;       /* distances, one for each pair */
  const char **name; /* of pairs, or NULL */
  char *names;
  on_pool *pool;
  on_matching *matching;
  double *c, *d; /* n x n: the costs, their shortest-path closure */
  double *key, *best;
  int32_t *parent, *odd, *mate, *tour, *place, *near, *queue;
  uint8_t *done, *waiting;
  tsp_multigraph g;
  int32_t *times, *touched; /* of pairs: how often they are walked; which ones are */
  int64_t n_touched;
  int32_t *index;
  double *value;
  double *held; /* of dynamic programming */
  int8_t *held_from;
} tsp;

static inline int64_t tsp_pair(const tsp *s, int32_t i, int32_t j) {
  int64_t a = i < j ? i : j, b = i < j ? j : i;
  return a * (2 * (int64_t)s->n - a - 1) / 2 + (b - a - 1);
}

/* closure.c: d = shortest distances along c. */
void tsp_closure(tsp *s);
/* Adds the edges of a shortest path from i to j along c to times/touched. `from` is the city whose
 * paths are known, -1: none; it is kept up to date. */
void tsp_walk_path(tsp *s, int32_t i, int32_t j, int32_t *from);

/* tour.c: a tour into s->tour, at most alpha times the best one along d. */
thw_status tsp_tour(tsp *s);
/* exact.c: the best one, for up to TSP_EXACT cities. */
void tsp_exact_tour(tsp *s);
/* improve.c: shortens s->tour by 2-opt and Or-opt moves until none helps. */
void tsp_improve(tsp *s);

/* walk.c */
thw_status tsp_graph_begin(tsp_multigraph *g, on_env e, int32_t n);
thw_status tsp_graph_add(tsp_multigraph *g, on_env e, int32_t a, int32_t b);
/* A closed walk from node 0 along every edge; all degrees must be even. THW_RETRY: not connected.
 */
thw_status tsp_graph_walk(tsp_multigraph *g, on_env e);
void tsp_graph_free(tsp_multigraph *g, on_env e);
/* s->tour as a decision: its edges, or the shortest paths where those are cheaper, with circles
 * taken out that nobody needs. */
thw_status tsp_decide(tsp *s, thw_decision **out);
/* Both read a decision of the pool. */
void tsp_describe(void *self, const thw_decision *x, thw_describer *to);
thw_status tsp_is_feasible(void *self, const thw_decision *x);

#endif
