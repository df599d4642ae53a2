/* SPDX-License-Identifier: BSD-3-Clause */
/* Closed walks: along every edge of a multigraph, and tours as decisions. */
#include <config.h>

#include "plugins/linear/tsp/tsp.h"

#include <math.h>
#include <string.h>

/* ---- multigraphs ----------------------------------------------------------------------------- */

thw_status tsp_graph_begin(tsp_multigraph *g, on_env e, int32_t n) {
  if (!g->start) {
    THW_TRY(ON_NEW(e, g->start, (int64_t)n + 2));
    THW_TRY(ON_NEW(e, g->next, n));
  }
  g->n = n;
  g->m = 0;
  return THW_OK;
}

thw_status tsp_graph_add(tsp_multigraph *g, on_env e, int32_t a, int32_t b) {
  THW_TRY(ON_GROW(e, g->a, g->rooms[0], g->m + 1));
  THW_TRY(ON_GROW(e, g->b, g->rooms[1], g->m + 1));
  g->a[g->m] = a;
  g->b[g->m++] = b;
  return THW_OK;
}

static thw_status arrange(tsp_multigraph *g, on_env e) {
  THW_TRY(ON_GROW(e, g->edge, g->rooms[2], 2 * (int64_t)g->m + 1));
  THW_TRY(ON_GROW(e, g->stack, g->rooms[3], (int64_t)g->m + 2));
  THW_TRY(ON_GROW(e, g->walked, g->rooms[4], (int64_t)g->m + 1));
  THW_TRY(ON_GROW(e, g->circuit, g->rooms[5], (int64_t)g->m + 2));
  memset(g->start, 0, ((size_t)g->n + 2) * sizeof *g->start);
  memset(g->walked, 0, (size_t)g->m);
  for (int32_t k = 0; k < g->m; k++) {
    g->start[g->a[k] + 2]++;
    g->start[g->b[k] + 2]++;
  }
  for (int32_t v = 2; v < g->n + 2; v++) g->start[v] += g->start[v - 1];
  for (int32_t k = 0; k < g->m; k++) {
    g->edge[g->start[g->a[k] + 1]++] = k;
    g->edge[g->start[g->b[k] + 1]++] = k;
  }
  for (int32_t v = 0; v < g->n; v++) g->next[v] = g->start[v];
  return THW_OK;
}

/* Hierholzer's algorithm without recursion. */
thw_status tsp_graph_walk(tsp_multigraph *g, on_env e) {
  int32_t depth = 0, length = 0;
  THW_TRY(arrange(g, e));
  g->stack[depth++] = 0;
  while (depth > 0) {
    int32_t v = g->stack[depth - 1];
    while (g->next[v] < g->start[v + 1] && g->walked[g->edge[g->next[v]]]) g->next[v]++;
    if (g->next[v] == g->start[v + 1]) {
      g->circuit[length++] = v;
      depth--;
    } else {
      int32_t k = g->edge[g->next[v]++];
      g->walked[k] = 1;
      g->stack[depth++] = g->a[k] == v ? g->b[k] : g->a[k];
    }
  }
  return length == g->m + 1 ? THW_OK : THW_RETRY;
}

void tsp_graph_free(tsp_multigraph *g, on_env e) {
  void *all[] = {g->a, g->b, g->start, g->edge, g->next, g->stack, g->walked, g->circuit};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) on_free(e, all[i]);
}

/* ---- walks with fewer edges ------------------------------------------------------------------ */

static void ends_of(const tsp *s, int64_t pair, int32_t *a, int32_t *b) {
  int64_t n = s->n, i = (int64_t)((double)n - 0.5 -
                                  sqrt(((double)n - 0.5) * ((double)n - 0.5) - 2.0 * (double)pair));
  while (i > 0 && i * (2 * n - i - 1) / 2 > pair) i--;
  while ((i + 1) * (2 * n - i - 2) / 2 <= pair) i++;
  *a = (int32_t)i;
  *b = (int32_t)(pair - i * (2 * n - i - 1) / 2 + i + 1);
}

static int32_t root(int32_t *up, int32_t v) {
  for (; up[v] != v; v = up[v]) up[v] = up[up[v]];
  return v;
}

static int64_t length_of(const tsp *s) {
  int64_t sum = 0;
  for (int64_t i = 0; i < s->n_touched; i++) sum += s->times[s->touched[i]];
  return sum;
}

/* A forest in s->parent, with the pair to the parent in s->place: the tree of a is rooted there and
 * hung from b. */
static void hang(tsp *s, int32_t a, int32_t b, int64_t pair) {
  int32_t v = a, up = b, by = (int32_t)pair;
  while (v >= 0) {
    int32_t old = s->parent[v], old_by = s->place[v];
    s->parent[v] = up;
    s->place[v] = by;
    up = v;
    by = old_by;
    v = old;
  }
}

static int32_t depth_of(const tsp *s, int32_t v) {
  int32_t k = 0;
  for (; s->parent[v] >= 0; v = s->parent[v]) k++;
  return k;
}

static void take_circle(tsp *s, int32_t a, int32_t b, int64_t pair) {
  int32_t i = depth_of(s, a), j = depth_of(s, b);
  s->times[pair]--;
  while (a != b) {
    int32_t *v = i >= j ? &a : &b;
    *(i >= j ? &i : &j) -= 1;
    s->times[s->place[*v]]--;
    *v = s->parent[*v];
  }
}

/* Takes one circle of edges away that the spanning tree does without; 0: there is none. */
static int drop_circle(tsp *s) {
  int32_t *tree = s->odd, *forest = s->mate, a, b;
  for (int32_t v = 0; v < s->n; v++) {
    tree[v] = forest[v] = v;
    s->parent[v] = -1;
  }
  for (int64_t i = 0; i < s->n_touched; i++) {
    int64_t pair = s->touched[i];
    int32_t left = s->times[pair];
    if (left == 0) continue;
    ends_of(s, pair, &a, &b);
    if (root(tree, a) != root(tree, b)) {
      tree[root(tree, a)] = root(tree, b);
      left--;
    }
    for (; left > 0; left--) {
      if (root(forest, a) == root(forest, b)) {
        take_circle(s, a, b, pair);
        return 1;
      }
      forest[root(forest, a)] = root(forest, b);
      hang(s, a, b, pair);
    }
  }
  return 0;
}

/* At most 2 (n - 1) edges remain, none more than twice: with more, those beside a spanning tree
 * hold a circle, without which the walk is still closed and reaches all cities. */
static void shorten(tsp *s) {
  for (int64_t i = 0; i < s->n_touched; i++) {
    int32_t *t = &s->times[s->touched[i]];
    if (*t > 2) *t = *t % 2 ? 1 : 2;
  }
  while (length_of(s) > 2 * ((int64_t)s->n - 1) && drop_circle(s)) continue;
}

/* ---- decisions ------------------------------------------------------------------------------- */

/* Heap sort: no memory, no recursion. */
static void settle(int32_t *v, int64_t at, int64_t n) {
  int32_t x = v[at];
  for (int64_t child; (child = 2 * at + 1) < n; at = child) {
    if (child + 1 < n && v[child + 1] > v[child]) child++;
    if (v[child] <= x) break;
    v[at] = v[child];
  }
  v[at] = x;
}

static void sort(int32_t *v, int64_t n) {
  for (int64_t i = n / 2; i-- > 0;) settle(v, i, n);
  for (int64_t k = n; k-- > 1;) {
    int32_t t = v[0];
    v[0] = v[k];
    v[k] = t;
    settle(v, 0, k);
  }
}

thw_status tsp_decide(tsp *s, thw_decision **out) {
  int32_t from = -1;
  int64_t k = 0;
  s->n_touched = 0;
  for (int32_t i = 0; i < s->n; i++)
    tsp_walk_path(s, s->tour[i], s->tour[i + 1 < s->n ? i + 1 : 0], &from);
  sort(s->touched, s->n_touched);
  shorten(s);
  for (int64_t i = 0; i < s->n_touched; i++) {
    int32_t pair = s->touched[i], t = s->times[pair];
    s->times[pair] = 0;
    if (t == 0) continue;
    s->index[k] = pair;
    s->value[k++] = t;
  }
  return on_sparse_new(s->pool, k, s->index, s->value, out);
}

/* The walk of a decision into s->g.circuit. */
static thw_status walk_of(tsp *s, const thw_decision *x) {
  const int32_t *index;
  const double *value;
  int64_t k = on_sparse_entries(x, &index, &value);
  int32_t a, b;
  THW_TRY(tsp_graph_begin(&s->g, s->e, s->n));
  for (int64_t i = 0; i < k; i++) {
    ends_of(s, index[i], &a, &b);
    for (double t = value[i]; t > 0; t--) THW_TRY(tsp_graph_add(&s->g, s->e, a, b));
  }
  return tsp_graph_walk(&s->g, s->e);
}

void tsp_describe(void *self, const thw_decision *x, thw_describer *to) {
  tsp *s = self;
  if (walk_of(s, x) != THW_OK) return;
  for (int32_t i = 0; i < s->g.m; i++) to->part(to, s->map.city[s->g.circuit[i]], 1);
}

thw_status tsp_is_feasible(void *self, const thw_decision *x) {
  tsp *s = self;
  const int32_t *index;
  const double *value;
  int64_t k = on_sparse_entries(x, &index, &value);
  int32_t a, b;
  memset(s->odd, 0, (size_t)s->n * sizeof *s->odd);
  for (int64_t i = 0; i < k; i++) {
    ends_of(s, index[i], &a, &b);
    if (value[i] != floor(value[i]) || value[i] < 0 || value[i] > 1e6)
      return on_fail(s->e, THW_RETRY, "%s to %s is walked %g times", s->map.city[a], s->map.city[b],
                     value[i]);
    s->odd[a] += (int32_t)value[i];
    s->odd[b] += (int32_t)value[i];
  }
  for (int32_t v = 0; v < s->n; v++)
    if (s->odd[v] % 2 || s->odd[v] == 0)
      return on_fail(s->e, THW_RETRY, "city %s is entered or left %ld times", s->map.city[v],
                     (long)s->odd[v]);
  thw_status st = walk_of(s, x);
  if (st != THW_RETRY) return st;
  return on_fail(s->e, THW_RETRY, "the walk is in several parts");
}
