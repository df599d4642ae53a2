/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/online/matching.h"

#include <math.h>
#include <string.h>

/* Nodes are numbered from 1; what is behind n is a blossom: an odd circle of nodes and blossoms
 * contracted to one. Weights are turned round (largest + 1 - weight), so that a matching of the
 * greatest weight is wanted and 0 can mean "no edge". Labels are twice the dual variables. */
typedef struct edge {
  int32_t u, v; /* its ends among the nodes proper */
  int64_t w;
} edge;

typedef enum role { FREE = -1, EVEN = 0, ODD = 1 } role;

struct on_matching {
  on_env e;
  int32_t n, top, room; /* nodes; the last blossom in use; nodes that there is room for */
  int32_t width;        /* of the tables: room for nodes and blossoms, and one more */
  edge *edges;          /* width x width: the tightest edge between any two */
  int64_t *label;
  int32_t *match; /* the node proper on the other side, 0: none */
  int32_t *slack; /* the even node with the tightest edge to it, 0: none */
  int32_t *outer; /* the outermost blossom that it is in; 0: not in use */
  int32_t *parent, *seen;
  int8_t *role;
  int32_t *inside; /* width x width: which child of a blossom a node proper is in, 0: none */
  int32_t *child, *children; /* width x width lists, and their lengths */
  int32_t *queue, head, tail, stamp;
};

static edge *at(const on_matching *m, int32_t u, int32_t v) {
  return &m->edges[(size_t)u * (size_t)m->width + (size_t)v];
}
static int32_t *inside(const on_matching *m, int32_t b, int32_t x) {
  return &m->inside[(size_t)b * (size_t)m->width + (size_t)x];
}
static int32_t *list(const on_matching *m, int32_t b) {
  return &m->child[(size_t)b * (size_t)m->width];
}

/* How far from tight an edge is, times two. */
static int64_t gap(const on_matching *m, const edge *e) {
  return m->label[e->u] + m->label[e->v] - 2 * at(m, e->u, e->v)->w;
}

/* ---- slacks, the queue, nesting -------------------------------------------------------------- */

static void update_slack(on_matching *m, int32_t u, int32_t x) {
  if (!m->slack[x] || gap(m, at(m, u, x)) < gap(m, at(m, m->slack[x], x))) m->slack[x] = u;
}

static void set_slack(on_matching *m, int32_t x) {
  m->slack[x] = 0;
  for (int32_t u = 1; u <= m->n; u++)
    if (at(m, u, x)->w > 0 && m->outer[u] != x && m->role[m->outer[u]] == EVEN)
      update_slack(m, u, x);
}

/* All nodes proper in x, to be looked at. */
static void push(on_matching *m, int32_t x) {
  if (x <= m->n) {
    m->queue[m->tail++] = x;
    return;
  }
  for (int32_t i = 0; i < m->children[x]; i++) push(m, list(m, x)[i]);
}

static void set_outer(on_matching *m, int32_t x, int32_t b) {
  m->outer[x] = b;
  if (x <= m->n) return;
  for (int32_t i = 0; i < m->children[x]; i++) set_outer(m, list(m, x)[i], b);
}

static void turn(int32_t *v, int32_t from, int32_t to) {
  for (to--; from < to; from++, to--) {
    int32_t t = v[from];
    v[from] = v[to];
    v[to] = t;
  }
}

/* The place of child x in b, after b was turned so that an even number of children lies before. */
static int32_t even_place(on_matching *m, int32_t b, int32_t x) {
  int32_t *v = list(m, b), k = m->children[b], i = 0;
  while (v[i] != x) i++;
  if (i % 2 == 0) return i;
  turn(v, 1, k);
  return k - i;
}

/* ---- matching along a path ------------------------------------------------------------------- */

/* u is matched along its edge to v; within a blossom the circle is matched anew and begins there.
 */
static void set_match(on_matching *m, int32_t u, int32_t v) {
  edge e = *at(m, u, v);
  m->match[u] = e.v;
  if (u <= m->n) return;
  int32_t x = *inside(m, u, e.u), place = even_place(m, u, x), *c = list(m, u), k = m->children[u];
  for (int32_t i = 0; i < place; i++) set_match(m, c[i], c[i ^ 1]);
  set_match(m, x, v);
  turn(c, 0, place);
  turn(c, place, k);
  turn(c, 0, k);
}

static void augment(on_matching *m, int32_t u, int32_t v) {
  for (;;) {
    int32_t next = m->outer[m->match[u]];
    set_match(m, u, v);
    if (!next) return;
    set_match(m, next, m->outer[m->parent[next]]);
    u = m->outer[m->parent[next]];
    v = next;
  }
}

static int32_t common_ancestor(on_matching *m, int32_t u, int32_t v) {
  m->stamp++;
  while (u || v) {
    if (u) {
      if (m->seen[u] == m->stamp) return u;
      m->seen[u] = m->stamp;
      u = m->outer[m->match[u]];
      if (u) u = m->outer[m->parent[u]];
    }
    int32_t t = u;
    u = v;
    v = t;
  }
  return 0;
}

/* ---- blossoms -------------------------------------------------------------------------------- */

static void add_side(on_matching *m, int32_t b, int32_t from, int32_t top) {
  for (int32_t x = from; x != top;) {
    int32_t y = m->outer[m->match[x]];
    list(m, b)[m->children[b]++] = x;
    list(m, b)[m->children[b]++] = y;
    push(m, y);
    x = m->outer[m->parent[y]];
  }
}

/* The tightest edges of a new blossom are those of its children. */
static void take_edges(on_matching *m, int32_t b) {
  for (int32_t x = 1; x <= m->top; x++) at(m, b, x)->w = at(m, x, b)->w = 0;
  for (int32_t x = 1; x <= m->n; x++) *inside(m, b, x) = 0;
  for (int32_t i = 0; i < m->children[b]; i++) {
    int32_t c = list(m, b)[i];
    for (int32_t x = 1; x <= m->top; x++) {
      if (at(m, b, x)->w != 0 && gap(m, at(m, c, x)) >= gap(m, at(m, b, x))) continue;
      *at(m, b, x) = *at(m, c, x);
      *at(m, x, b) = *at(m, x, c);
    }
    for (int32_t x = 1; x <= m->n; x++)
      if (*inside(m, c, x)) *inside(m, b, x) = c;
  }
}

static void add_blossom(on_matching *m, int32_t u, int32_t top, int32_t v) {
  int32_t b = m->n + 1;
  while (b <= m->top && m->outer[b]) b++;
  if (b > m->top) m->top = b;
  m->label[b] = 0;
  m->role[b] = EVEN;
  m->match[b] = m->match[top];
  m->children[b] = 1;
  list(m, b)[0] = top;
  add_side(m, b, u, top);
  turn(list(m, b), 1, m->children[b]);
  add_side(m, b, v, top);
  set_outer(m, b, b);
  take_edges(m, b);
  set_slack(m, b);
}

/* An odd blossom whose dual variable is zero falls apart; half of its circle stays in the tree. */
static void expand(on_matching *m, int32_t b) {
  int32_t *c = list(m, b), k = m->children[b];
  for (int32_t i = 0; i < k; i++) set_outer(m, c[i], c[i]);
  int32_t x = *inside(m, b, at(m, b, m->parent[b])->u), place = even_place(m, b, x);
  for (int32_t i = 0; i < place; i += 2) {
    m->parent[c[i]] = at(m, c[i + 1], c[i])->u;
    m->role[c[i]] = ODD;
    m->role[c[i + 1]] = EVEN;
    m->slack[c[i]] = 0;
    set_slack(m, c[i + 1]);
    push(m, c[i + 1]);
  }
  m->role[x] = ODD;
  m->parent[x] = m->parent[b];
  for (int32_t i = place + 1; i < k; i++) {
    m->role[c[i]] = FREE;
    set_slack(m, c[i]);
  }
  m->outer[b] = 0;
}

/* ---- the search ------------------------------------------------------------------------------ */

/* A tight edge from an even node: the tree grows, a circle closes, or (1) a path is found. */
static int found(on_matching *m, const edge *e) {
  int32_t u = m->outer[e->u], v = m->outer[e->v];
  if (m->role[v] == FREE) {
    int32_t mate = m->outer[m->match[v]];
    m->parent[v] = e->u;
    m->role[v] = ODD;
    m->slack[v] = m->slack[mate] = 0;
    m->role[mate] = EVEN;
    push(m, mate);
  } else if (m->role[v] == EVEN) {
    int32_t top = common_ancestor(m, u, v);
    if (!top) {
      augment(m, u, v);
      augment(m, v, u);
      return 1;
    }
    add_blossom(m, u, top, v);
  }
  return 0;
}

static int look_at_queue(on_matching *m) {
  while (m->head < m->tail) {
    int32_t u = m->queue[m->head++];
    if (m->role[m->outer[u]] == ODD) continue;
    for (int32_t v = 1; v <= m->n; v++) {
      if (v == u || m->outer[u] == m->outer[v]) continue;
      edge e = *at(m, u, v);
      if (gap(m, &e) == 0) {
        if (found(m, &e)) return 1;
      } else {
        update_slack(m, u, m->outer[v]);
      }
    }
  }
  return 0;
}

/* By how much the labels can move until something happens. */
static int64_t next_event(const on_matching *m) {
  int64_t d = INT64_MAX;
  for (int32_t x = 1; x <= m->top; x++) {
    if (m->outer[x] != x) continue;
    int64_t here = INT64_MAX;
    if (m->slack[x] && m->role[x] != ODD) {
      here = gap(m, at(m, m->slack[x], x));
      if (m->role[x] == EVEN) here /= 2;
    }
    if (here < d) d = here;
    if (x > m->n && m->role[x] == ODD && m->label[x] / 2 < d) d = m->label[x] / 2;
  }
  return d;
}

static void move_labels(on_matching *m, int64_t d) {
  for (int32_t u = 1; u <= m->n; u++) {
    role r = (role)m->role[m->outer[u]];
    m->label[u] += r == EVEN ? -d : r == ODD ? d : 0;
  }
  for (int32_t b = m->n + 1; b <= m->top; b++)
    if (m->outer[b] == b)
      m->label[b] += m->role[b] == EVEN ? 2 * d : m->role[b] == ODD ? -2 * d : 0;
}

/* One node more is matched, with the other end of a path: 1. All are: 0. */
static int grow(on_matching *m) {
  m->head = m->tail = 0;
  for (int32_t x = 1; x <= m->top; x++) {
    m->role[x] = FREE;
    m->slack[x] = 0;
  }
  for (int32_t x = 1; x <= m->top; x++) {
    if (m->outer[x] != x || m->match[x]) continue;
    m->parent[x] = 0;
    m->role[x] = EVEN;
    push(m, x);
  }
  if (m->tail == 0) return 0;
  for (;;) {
    if (look_at_queue(m)) return 1;
    move_labels(m, next_event(m));
    m->head = m->tail = 0;
    for (int32_t x = 1; x <= m->top; x++) {
      if (m->outer[x] != x || !m->slack[x] || m->outer[m->slack[x]] == x) continue;
      edge e = *at(m, m->slack[x], x);
      if (gap(m, &e) == 0 && found(m, &e)) return 1;
    }
    for (int32_t b = m->n + 1; b <= m->top; b++)
      if (m->outer[b] == b && m->role[b] == ODD && m->label[b] == 0) expand(m, b);
  }
}

/* ---- life ------------------------------------------------------------------------------------ */

thw_status on_matching_new(on_env e, on_matching **out) {
  THW_TRY(ON_NEW(e, *out, 1));
  (*out)->e = e;
  return THW_OK;
}

static void clear(on_matching *m) {
  void *all[] = {m->edges, m->label, m->match,  m->slack, m->outer,    m->parent,
                 m->seen,  m->role,  m->inside, m->child, m->children, m->queue};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) on_free(m->e, all[i]);
  *m = (on_matching){.e = m->e};
}

void on_matching_free(on_matching *m) {
  if (!m) return;
  on_env e = m->e;
  clear(m);
  on_free(e, m);
}

static thw_status make_room(on_matching *m, int32_t n) {
  if (n <= m->room) return THW_OK;
  clear(m);
  int64_t w = n + n / 2 + 2; /* at most n/2 blossoms at a time */
  m->width = (int32_t)w;
  THW_TRY(ON_NEW(m->e, m->edges, w * w));
  THW_TRY(ON_NEW(m->e, m->inside, w * w));
  THW_TRY(ON_NEW(m->e, m->child, w * w));
  THW_TRY(ON_NEW(m->e, m->label, w));
  THW_TRY(ON_NEW(m->e, m->match, w));
  THW_TRY(ON_NEW(m->e, m->slack, w));
  THW_TRY(ON_NEW(m->e, m->outer, w));
  THW_TRY(ON_NEW(m->e, m->parent, w));
  THW_TRY(ON_NEW(m->e, m->seen, w));
  THW_TRY(ON_NEW(m->e, m->role, w));
  THW_TRY(ON_NEW(m->e, m->children, w));
  THW_TRY(ON_NEW(m->e, m->queue, 2 * w));
  m->room = n;
  return THW_OK;
}

static void reset(on_matching *m, int32_t n) {
  m->n = m->top = n;
  m->stamp = 0;
  for (int32_t x = 0; x < m->width; x++) {
    m->outer[x] = x <= n ? x : 0;
    m->match[x] = m->slack[x] = m->parent[x] = m->seen[x] = m->children[x] = 0;
    m->role[x] = FREE;
    m->label[x] = 0;
    for (int32_t y = 0; y < m->width; y++) {
      *at(m, x, y) = (edge){x, y, 0};
      *inside(m, x, y) = x == y ? x : 0;
    }
  }
}

thw_status on_matching_solve(on_matching *m, int32_t n,
                             double (*weight)(const void *arg, int32_t i, int32_t j),
                             const void *arg, int32_t *mate) {
  double most = 0;
  int64_t heaviest = 0;
  if (n % 2) return on_fail(m->e, THW_E_INTERNAL, "%ld nodes have no perfect matching", (long)n);
  THW_TRY(make_room(m, n));
  reset(m, n);
  for (int32_t i = 0; i < n; i++)
    for (int32_t j = 0; j < i; j++) most = fmax(most, weight(arg, i, j));
  double scale = most > 0 ? ldexp(1, 40) / most : 0;
  int64_t base = (INT64_C(1) << 40) + 1;
  for (int32_t i = 0; i < n; i++)
    for (int32_t j = 0; j < n; j++) {
      if (i == j) continue;
      int64_t w = base - llrint(scale * weight(arg, i, j));
      at(m, i + 1, j + 1)->w = w;
      if (w > heaviest) heaviest = w;
    }
  for (int32_t x = 1; x <= n; x++) m->label[x] = heaviest;
  while (grow(m)) continue;
  for (int32_t i = 0; i < n; i++) mate[i] = m->match[i + 1] - 1;
  return THW_OK;
}
