/* SPDX-License-Identifier: BSD-3-Clause */
/* Shortest paths between all cities: lengths by Floyd and Warshall's recurrence, and the paths
 * themselves, where they are needed, by Dijkstra's algorithm on the dense graph. */
#include <config.h>

#include "plugins/linear/tsp/tsp.h"

#include <math.h>
#include <string.h>

#define BLOCK 64

typedef struct through {
  double *d;
  int32_t n, k;
} through;

/* A block of rows, by way of city k. */
static void relax(void *arg, int64_t block) {
  const through *t = arg;
  int64_t n = t->n, last = block * BLOCK + BLOCK < n ? block * BLOCK + BLOCK : n;
  const double *by = t->d + t->k * n;
  for (int64_t i = block * BLOCK; i < last; i++) {
    double *row = t->d + i * n, to = row[t->k];
    if (i == t->k) continue;
    for (int64_t j = 0; j < n; j++) {
      double v = to + by[j];
      row[j] = v < row[j] ? v : row[j];
    }
  }
}

void tsp_closure(tsp *s) {
  int64_t n = s->n;
  through t = {s->d, s->n, 0};
  memcpy(s->d, s->c, (size_t)(n * n) * sizeof *s->d);
  for (t.k = 0; t.k < s->n; t.k++)
    s->e.host->parallel(s->e.ctx, (n + BLOCK - 1) / BLOCK, (double)(n * n), relax, &t);
}

static void dijkstra(tsp *s, int32_t from) {
  int32_t n = s->n;
  for (int32_t v = 0; v < n; v++) {
    s->best[v] = INFINITY;
    s->done[v] = 0;
    s->parent[v] = -1;
  }
  s->best[from] = 0;
  for (int32_t round = 0; round < n; round++) {
    int32_t v = -1;
    for (int32_t w = 0; w < n; w++)
      if (!s->done[w] && (v < 0 || s->best[w] < s->best[v])) v = w;
    s->done[v] = 1;
    const double *row = s->c + (int64_t)v * n;
    for (int32_t w = 0; w < n; w++) {
      if (s->done[w] || !(s->best[v] + row[w] < s->best[w])) continue;
      s->best[w] = s->best[v] + row[w];
      s->parent[w] = v;
    }
  }
}

static void walk(tsp *s, int32_t i, int32_t j) {
  int64_t k = tsp_pair(s, i, j);
  if (s->times[k]++ == 0) s->touched[s->n_touched++] = (int32_t)k;
}

void tsp_walk_path(tsp *s, int32_t i, int32_t j, int32_t *from) {
  if (s->c[(int64_t)i * s->n + j] <= s->d[(int64_t)i * s->n + j]) {
    walk(s, i, j);
    return;
  }
  if (*from != i) dijkstra(s, *from = i);
  for (int32_t v = j; v != i; v = s->parent[v]) walk(s, s->parent[v], v);
}
