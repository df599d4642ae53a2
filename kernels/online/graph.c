/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/online/graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/data/file.h"
#include "kernels/data/number.h"

/* Names are offsets into the text while it grows; `settle` makes them pointers. A hash table by
 * open addressing finds them. */
typedef struct builder {
  on_graph *g;
  const char *path;
  int64_t line;
  int64_t *slot; /* node number + 1; 0: free */
  int64_t n_slots;
  int64_t *name; /* offset of each node's name */
  int64_t room_name;
  int64_t announced; /* edges */
} builder;

static thw_status complain(const builder *b, const char *what) {
  return on_fail(b->g->e, THW_E_FORMAT, "%s:%lld: %s", b->path, (long long)b->line, what);
}

static thw_status keep_text(on_graph *g, const char *s, size_t n, int64_t *at) {
  THW_TRY(ON_GROW(g->e, g->text, g->room_text, g->used_text + (int64_t)n + 1));
  *at = g->used_text;
  memcpy(g->text + *at, s, n);
  g->text[*at + (int64_t)n] = '\0';
  g->used_text += (int64_t)n + 1;
  return THW_OK;
}

static uint64_t hash(const char *s, size_t n) {
  uint64_t h = UINT64_C(0xcbf29ce484222325);
  for (size_t i = 0; i < n; i++) h = (h ^ (unsigned char)s[i]) * UINT64_C(0x100000001b3);
  return h ^ h >> 29;
}

static thw_status rehash(builder *b) {
  int64_t *old = b->slot, n = b->n_slots ? 2 * b->n_slots : 64;
  THW_TRY(ON_NEW(b->g->e, b->slot, n));
  b->n_slots = n;
  for (int64_t i = 0; i < b->g->nodes; i++) {
    const char *s = b->g->text + b->name[i];
    uint64_t k = hash(s, strlen(s));
    while (b->slot[k % (uint64_t)n]) k++;
    b->slot[k % (uint64_t)n] = i + 1;
  }
  on_free(b->g->e, old);
  return THW_OK;
}

static thw_status node_of(builder *b, const char *s, size_t n, int32_t *out) {
  on_graph *g = b->g;
  if (2 * (g->nodes + 1) > b->n_slots) THW_TRY(rehash(b));
  uint64_t k = hash(s, n), m = (uint64_t)b->n_slots;
  for (; b->slot[k % m]; k++) {
    const char *known = g->text + b->name[b->slot[k % m] - 1];
    if (strncmp(known, s, n) != 0 || known[n]) continue;
    *out = (int32_t)(b->slot[k % m] - 1);
    return THW_OK;
  }
  if (g->nodes == INT32_MAX) return complain(b, "too many nodes");
  THW_TRY(ON_GROW(g->e, b->name, b->room_name, g->nodes + 1));
  THW_TRY(keep_text(g, s, n, &b->name[g->nodes]));
  b->slot[k % m] = g->nodes + 1;
  *out = (int32_t)g->nodes++;
  return THW_OK;
}

static thw_status add_edge(builder *b, int32_t from, int32_t to, double weight) {
  on_graph *g = b->g;
  if (from == to) return complain(b, "an edge from a node to itself: remove the line");
  if (g->edges == INT32_MAX) return complain(b, "too many edges");
  THW_TRY(ON_GROW(g->e, g->tail, g->room_edges[0], g->edges + 1));
  THW_TRY(ON_GROW(g->e, g->head, g->room_edges[1], g->edges + 1));
  THW_TRY(ON_GROW(g->e, g->weight, g->room_edges[2], g->edges + 1));
  g->tail[g->edges] = from;
  g->head[g->edges] = to;
  g->weight[g->edges++] = weight;
  return THW_OK;
}

/* ---- names and adjacency --------------------------------------------------------------------- */

/* How many edges before e join the same nodes the same way. */
static int64_t copies(const on_graph *g, int64_t e) {
  int64_t n = 0;
  for (int64_t k = g->start[g->tail[e]]; k < g->start[g->tail[e] + 1] && g->at[k] < e; k++) {
    int32_t o = g->at[k];
    n += (g->tail[o] == g->tail[e] && g->head[o] == g->head[e]) ||
         (!g->directed && g->tail[o] == g->head[e] && g->head[o] == g->tail[e]);
  }
  return n;
}

static thw_status adjacency(on_graph *g) {
  int ends = g->directed ? 1 : 2;
  THW_TRY(ON_NEW(g->e, g->start, g->nodes + 2));
  THW_TRY(ON_NEW(g->e, g->at, ends * g->edges));
  for (int64_t e = 0; e < g->edges; e++) {
    g->start[g->tail[e] + 2]++;
    if (ends == 2) g->start[g->head[e] + 2]++;
  }
  for (int64_t v = 2; v < g->nodes + 2; v++) g->start[v] += g->start[v - 1];
  for (int64_t e = 0; e < g->edges; e++) {
    g->at[g->start[g->tail[e] + 1]++] = (int32_t)e;
    if (ends == 2) g->at[g->start[g->head[e] + 1]++] = (int32_t)e;
  }
  return THW_OK;
}

static thw_status name_edges(builder *b) {
  on_graph *g = b->g;
  int64_t *at = NULL;
  THW_TRY(ON_NEW(g->e, at, g->edges));
  thw_status st = THW_OK;
  for (int64_t e = 0; e < g->edges && st == THW_OK; e++) {
    char more[32] = "", *text = NULL;
    int64_t n = copies(g, e), room = 0;
    if (n > 0) snprintf(more, sizeof more, "#%lld", (long long)n + 1);
    const char *from = g->text + b->name[g->tail[e]], *to = g->text + b->name[g->head[e]];
    size_t len = strlen(from) + strlen(to) + strlen(more) + 2;
    st = ON_GROW(g->e, text, room, (int64_t)len);
    if (st == THW_OK) snprintf(text, len, "%s-%s%s", from, to, more);
    if (st == THW_OK) st = keep_text(g, text, strlen(text), &at[e]);
    on_free(g->e, text);
  }
  if (st == THW_OK) st = ON_NEW(g->e, g->edge, g->edges);
  if (st == THW_OK) st = ON_NEW(g->e, g->node, g->nodes);
  for (int64_t e = 0; e < g->edges && st == THW_OK; e++) g->edge[e] = g->text + at[e];
  for (int64_t v = 0; v < g->nodes && st == THW_OK; v++) g->node[v] = g->text + b->name[v];
  on_free(g->e, at);
  return st;
}

static thw_status settle(builder *b) {
  thw_status st = adjacency(b->g);
  if (st == THW_OK) st = name_edges(b);
  on_free(b->g->e, b->slot);
  on_free(b->g->e, b->name);
  return st;
}

/* ---- files ----------------------------------------------------------------------------------- */

/* The next word of the line, or NULL. */
static const char *word(const char **p, size_t *n) {
  while (**p == ' ' || **p == '\t' || **p == '\r') ++*p;
  const char *s = *p;
  while (**p && **p != '\n' && **p != ' ' && **p != '\t' && **p != '\r') ++*p;
  *n = (size_t)(*p - s);
  return *n ? s : NULL;
}

static thw_status number(const builder *b, const char *s, size_t n, double *out) {
  if (td_number_whole(s, (int64_t)n, out)) return THW_OK;
  return complain(b, "a finite number is expected as weight");
}

static thw_status plain_line(builder *b, const char *p) {
  size_t n, m, k;
  const char *from = word(&p, &n), *to, *w;
  int32_t u, v;
  double weight = 1;
  if (!from || *from == '#') return THW_OK;
  to = word(&p, &m);
  if (!to) return complain(b, "two names of nodes are expected, \"FROM TO [WEIGHT]\"");
  if ((w = word(&p, &k)) && *w != '#') THW_TRY(number(b, w, k, &weight));
  THW_TRY(node_of(b, from, n, &u));
  THW_TRY(node_of(b, to, m, &v));
  return add_edge(b, u, v, weight);
}

/* Nodes that are called 1 to n. */
static thw_status number_nodes(builder *b, int64_t n) {
  for (int64_t i = 1; i <= n; i++) {
    char s[32];
    int32_t v;
    THW_TRY(node_of(b, s, (size_t)snprintf(s, sizeof s, "%lld", (long long)i), &v));
  }
  return THW_OK;
}

static thw_status dimacs_nodes(builder *b, const char *p) {
  size_t n;
  double count = 0;
  word(&p, &n);
  const char *w = word(&p, &n);
  if (w) THW_TRY(number(b, w, n, &count));
  if (!(count >= 1 && count < 1e9)) return complain(b, "\"p TYPE NODES EDGES\" is expected");
  return number_nodes(b, (int64_t)count);
}

static thw_status dimacs_line(builder *b, const char *p) {
  size_t n, m;
  const char *kind = word(&p, &n), *w;
  double weight = 1;
  int32_t end[2];
  if (!kind || *kind == 'c' || *kind == 'n') return THW_OK;
  if (*kind == 'p') return dimacs_nodes(b, p);
  if (n != 1 || (*kind != 'e' && *kind != 'a'))
    return complain(b, "a line of a DIMACS graph begins with c, p, n, e or a");
  int64_t known = b->g->nodes;
  for (int i = 0; i < 2; i++) {
    w = word(&p, &m);
    if (!w) return complain(b, "two numbers of nodes are expected");
    THW_TRY(node_of(b, w, m, &end[i]));
  }
  if (b->g->nodes != known) return complain(b, "a node that the \"p\" line does not count");
  if ((w = word(&p, &m))) THW_TRY(number(b, w, m, &weight));
  return add_edge(b, end[0], end[1], weight);
}

/* The words of a line, at most `most`: their number; 0 for a comment. */
static int words(const char *p, int most, const char *w[], size_t n[]) {
  int k = 0;
  while (k < most && (w[k] = word(&p, &n[k]))) k++;
  return k > 0 && *w[0] == '#' ? 0 : k;
}

/* As rudy writes them: "NODES EDGES", then "I J WEIGHT" lines. */
static thw_status rudy_line(builder *b, const char *p) {
  const char *w[4];
  size_t n[4];
  double v[3];
  int k = words(p, 4, w, n), first = b->g->nodes == 0;
  if (k == 0) return THW_OK;
  for (int i = 0; i < k && i < 3; i++)
    if (!td_number_whole(w[i], (int64_t)n[i], &v[i]))
      return complain(b, "a number is expected, as in \"I J WEIGHT\"");
  if (first) {
    if (!(v[0] >= 1 && v[0] < 1e9 && v[1] >= 1 && v[1] < 1e9 && v[0] == (double)(int64_t)v[0]))
      return complain(b, "\"NODES EDGES\" is expected, two whole numbers");
    b->announced = (int64_t)v[1];
    return number_nodes(b, (int64_t)v[0]);
  }
  if (k != 3) return complain(b, "\"I J WEIGHT\" is expected: two numbers of nodes and a weight");
  for (int i = 0; i < 2; i++)
    if (!(v[i] >= 1 && v[i] <= (double)b->g->nodes && v[i] == (double)(int64_t)v[i]))
      return complain(b, "a number of a node is from 1 to the NODES of the first line");
  if (b->g->edges == b->announced) return complain(b, "more edges than the first line announces");
  return add_edge(b, (int32_t)v[0] - 1, (int32_t)v[1] - 1, v[2]);
}

static const char *next_line(const char *p) {
  while (*p && *p != '\n') p++;
  return *p ? p + 1 : p;
}

/* Two numbers and then a line of three: an edge list has as many words in each. */
static int is_rudy(const char *p) {
  const char *w[4];
  size_t n[4];
  double v;
  int k = words(p, 4, w, n);
  while (*p && k == 0) k = words(p = next_line(p), 4, w, n);
  if (k != 2 || !td_number_whole(w[0], (int64_t)n[0], &v) ||
      !td_number_whole(w[1], (int64_t)n[1], &v))
    return 0;
  do k = words(p = next_line(p), 4, w, n);
  while (*p && k == 0);
  return k == 3 && *w[2] != '#';
}

static int is_dimacs(const char *p) {
  while (*p == 'c' && (p[1] == ' ' || p[1] == '\n')) {
    while (*p && *p != '\n') p++;
    if (*p) p++;
  }
  return *p == 'p' && p[1] == ' ';
}

thw_status on_graph_read(on_graph *g, on_env e, const char *path, int directed) {
  *g = (on_graph){.e = e, .directed = directed};
  builder b = {.g = g, .path = path};
  td_file f = {0};
  THW_TRY(td_file_read((td_env){e.host, e.ctx}, path, &f));
  thw_status (*read_line)(builder *, const char *) = is_dimacs(f.p) ? dimacs_line
                                                     : is_rudy(f.p) ? rudy_line
                                                                    : plain_line;
  thw_status st = THW_OK;
  for (const char *p = f.p, *end = f.p + f.n; p < end && st == THW_OK; p++) {
    b.line++;
    st = read_line(&b, p);
    while (p < end && *p != '\n') p++;
  }
  td_file_free(&f);
  if (st == THW_OK && read_line == rudy_line && g->edges != b.announced)
    st = on_fail(e, THW_E_FORMAT,
                 "%s:%lld: the first line announces %lld edges, found %lld: the file is cut off",
                 path, (long long)b.line, (long long)b.announced, (long long)g->edges);
  if (st == THW_OK && g->edges == 0)
    st = on_fail(e, THW_E_FORMAT, "%s: there is no edge in it", path);
  if (st == THW_OK) return settle(&b);
  on_free(e, b.slot);
  on_free(e, b.name);
  return st;
}

thw_status on_graph_grid(on_graph *g, on_env e, int64_t width, int64_t height, int directed) {
  *g = (on_graph){.e = e, .directed = directed};
  builder b = {.g = g, .path = "grid"};
  char s[64];
  int32_t v;
  thw_status st = THW_OK;
  for (int64_t i = 0; i < width * height && st == THW_OK; i++) {
    int n = snprintf(s, sizeof s, "%lld,%lld", (long long)(i / height), (long long)(i % height));
    st = node_of(&b, s, (size_t)n, &v);
  }
  for (int64_t i = 0; i < width * height && st == THW_OK; i++) {
    if (i / height + 1 < width) st = add_edge(&b, (int32_t)i, (int32_t)(i + height), 1);
    if (st == THW_OK && i % height + 1 < height) st = add_edge(&b, (int32_t)i, (int32_t)(i + 1), 1);
  }
  if (st == THW_OK) return settle(&b);
  on_free(e, b.slot);
  on_free(e, b.name);
  return st;
}

void on_graph_free(on_graph *g) {
  if (!g->e.host) return;
  on_free(g->e, g->tail);
  on_free(g->e, g->head);
  on_free(g->e, g->weight);
  on_free(g->e, (void *)g->node);
  on_free(g->e, (void *)g->edge);
  on_free(g->e, g->at);
  on_free(g->e, g->start);
  on_free(g->e, g->text);
  *g = (on_graph){0};
}

/* ---- questions ------------------------------------------------------------------------------- */

int64_t on_graph_find(const on_graph *g, const char *name) {
  for (int64_t v = 0; v < g->nodes; v++)
    if (strcmp(g->node[v], name) == 0) return v;
  return -1;
}

int on_graph_sort(const on_graph *g, int32_t *order) {
  int64_t done = 0, count = 0;
  int32_t *waiting = NULL;
  if (!g->directed || ON_NEW(g->e, waiting, g->nodes) != THW_OK) return 0;
  for (int64_t e = 0; e < g->edges; e++) waiting[g->head[e]]++;
  for (int64_t v = 0; v < g->nodes; v++)
    if (waiting[v] == 0) order[count++] = (int32_t)v;
  for (; done < count; done++)
    for (int64_t k = g->start[order[done]]; k < g->start[order[done] + 1]; k++)
      if (--waiting[g->head[g->at[k]]] == 0) order[count++] = g->head[g->at[k]];
  on_free(g->e, waiting);
  return count == g->nodes;
}
