/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/cut/graph.c - the edges at each node, and which loops run here. */
#include <stddef.h>

#include "kernels/cut/cut.h"
#include "kernels/cut/loops.h"

const cut_loops *cut_loops_at(int i) {
  if (i == 0) return &cut_loops_base;
#ifdef CUT_HAVE_AVX2
  __builtin_cpu_init();
  if (i == 1 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return &cut_loops_avx2;
#endif
  return NULL;
}

const cut_loops *cut_loops_best(void) {
  const cut_loops *best = cut_loops_at(1);
  return best ? best : cut_loops_at(0);
}

thw_status cut_graph_new(cut_graph *g, on_env e, int64_t n, int64_t m, const int32_t *tail,
                         const int32_t *head) {
  *g = (cut_graph){.e = e, .n = n, .m = m, .tail = tail, .head = head};
  THW_TRY(ON_NEW(e, g->start, n + 2));
  THW_TRY(ON_NEW(e, g->to, 2 * m));
  THW_TRY(ON_NEW(e, g->edge, 2 * m));
  for (int64_t k = 0; k < m; k++) g->start[tail[k] + 2]++, g->start[head[k] + 2]++;
  for (int64_t v = 2; v < n + 2; v++) g->start[v] += g->start[v - 1];
  for (int64_t k = 0; k < m; k++)
    for (int end = 0; end < 2; end++) {
      int64_t at = g->start[(end ? head[k] : tail[k]) + 1]++;
      g->to[at] = end ? tail[k] : head[k];
      g->edge[at] = (int32_t)k;
    }
  return THW_OK;
}

void cut_graph_free(cut_graph *g) {
  if (!g->e.host) return;
  on_free(g->e, g->start);
  on_free(g->e, g->to);
  on_free(g->e, g->edge);
  *g = (cut_graph){0};
}
