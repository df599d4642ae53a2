/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/online/graph.h - graphs from files, with names, and grids.
 *
 * Files are edge lists, "FROM TO [WEIGHT]" a line with any words as names, "#" beginning a comment;
 * or DIMACS ("p ..." first, then "e i j" or "a i j w" lines; "c" comments; "n i w" weights of
 * nodes); or rudy's, as the Gset has them ("NODES EDGES" first, then "I J WEIGHT" lines). Which, is
 * seen from the first lines. */
#ifndef THALWEG_KERNELS_ONLINE_GRAPH_H
#define THALWEG_KERNELS_ONLINE_GRAPH_H

#include "kernels/online/env.h"

typedef struct on_graph {
  on_env e;
  int64_t nodes, edges;
  int32_t *tail, *head; /* of each edge                                                     */
  double *weight;       /* 1 where the file has none                                        */
  const char **node;    /* names                                                            */
  const char **edge;    /* "a-b", with "#2" behind it when there are several                */
  /* Edges at each node: at[start[v]] .. at[start[v+1]-1], in ascending order; of undirected graphs
   * at both ends. */
  int32_t *at;
  int64_t *start;
  int directed;
  char *text; /* of all names */
  int64_t room_text, used_text, room_edges[3], room_nodes;
} on_graph;

thw_status on_graph_read(on_graph *g, on_env e, const char *path, int directed);
/* Nodes "x,y" for x < width, y < height; for each node in the order of x, then y, the edge to
 * (x + 1, y), then the one to (x, y + 1). */
thw_status on_graph_grid(on_graph *g, on_env e, int64_t width, int64_t height, int directed);
void on_graph_free(on_graph *g);

/* Number of the node of that name, or -1. */
int64_t on_graph_find(const on_graph *g, const char *name);
/* An order of the nodes in which every edge leads forward into order[0..nodes-1]; 0 when there is a
 * cycle. */
int on_graph_sort(const on_graph *g, int32_t *order);

#endif
