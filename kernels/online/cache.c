/* SPDX-License-Identifier: BSD-3-Clause */
/* What is kept from call to call: decisions and half-spaces, and which of them go when there are
 * too many. */
#include <math.h>
#include <string.h>

#include "kernels/online/pad.h"

double on_largest(const double *v, int64_t n, double most) {
  for (int64_t i = 0; i < n; i++) {
    double a = fabs(v[i]);
    if (a > most) most = a;
  }
  return most;
}

/* Nearer than tol in the scale of their largest entry; `most` is not below that. */
static int same(const double *a, const double *b, int64_t n, double tol, double most) {
  double far = 0, scale = 0;
  for (int64_t i = 0; i < n; i++) {
    double x = fabs(a[i]), y = fabs(b[i]), apart = fabs(a[i] - b[i]);
    if (apart > tol * most) return 0;
    if (apart > far) far = apart;
    if (x > scale) scale = x;
    if (y > scale) scale = y;
  }
  return far <= tol * scale;
}

thw_status on_vertices_add(on_pad *s, thw_decision *x, int64_t *index, int *is_new) {
  on_vertices *v = &s->v;
  thw_status st = ON_GROW(s->e, v->x, v->room_x, v->count + 1);
  if (st == THW_OK) st = ON_GROW(s->e, v->row, v->room_row, (v->count + 1) * v->n);
  if (st == THW_OK) st = ON_GROW(s->e, v->used, v->room_used, v->count + 1);
  if (st != THW_OK) {
    thw_release(x);
    return st;
  }
  double *row = v->row + v->count * v->n;
  x->ops->vector(x, row);
  double most = on_largest(row, v->n, v->largest);
  *is_new = 0;
  for (*index = 0; *index < v->count; ++*index) {
    if (!same(v->row + *index * v->n, row, v->n, s->o.dedupe_tol, most)) continue;
    thw_release(x);
    return THW_OK;
  }
  *is_new = 1;
  v->largest = most;
  v->x[v->count] = x;
  v->used[v->count++] = s->counts.projections;
  s->counts.vertices++;
  return THW_OK;
}

thw_status on_cuts_add(on_pad *s, const double *a, double b, int temporary) {
  on_cuts *c = &s->c;
  THW_TRY(ON_GROW(s->e, c->row, c->room_row, (c->count + 1) * (c->n + 1)));
  THW_TRY(ON_GROW(s->e, c->rhs, c->room_rhs, c->count + 1));
  THW_TRY(ON_GROW(s->e, c->used, c->room_used, c->count + 1));
  THW_TRY(ON_GROW(s->e, c->temporary, c->room_temporary, c->count + 1));
  memcpy(c->row + c->count * (c->n + 1), a, (size_t)c->n * sizeof *a);
  c->rhs[c->count] = b;
  c->used[c->count] = s->counts.projections;
  c->temporary[c->count++] = (uint8_t)temporary;
  s->counts.cuts++;
  return THW_OK;
}

/* The stamp below which so many of the entries lie as are to go; those of the support count as
 * used now. */
static int64_t oldest_kept(const int64_t *used, int64_t first, int64_t count, int64_t drop) {
  int64_t lo = INT64_MAX, hi = -1;
  for (int64_t i = first; i < count; i++) {
    if (used[i] < lo) lo = used[i];
    if (used[i] > hi) hi = used[i];
  }
  while (lo < hi) {
    int64_t mid = lo + (hi - lo) / 2, below = 0;
    for (int64_t i = first; i < count; i++) below += used[i] <= mid;
    if (below >= drop)
      hi = mid;
    else
      lo = mid + 1;
  }
  return lo;
}

/* The numbers of passive columns follow the columns; those of dropped ones are left out. */
static void renumber(on_nnls *n, int64_t from, int64_t to) {
  int64_t kept = 0;
  for (int64_t k = 0; k < n->n_passive; k++) {
    if (n->passive[k] == from && to < 0) continue;
    n->passive[kept++] = n->passive[k] == from ? to : n->passive[k];
  }
  n->n_passive = kept;
}

static void drop_vertices(on_pad *s) {
  on_vertices *v = &s->v;
  int64_t drop = v->count - v->cap, kept = 0;
  if (drop <= 0) return;
  int64_t limit = oldest_kept(v->used, 0, v->count, drop);
  for (int64_t i = 0; i < v->count; i++) {
    int goes = drop > 0 && v->used[i] <= limit && v->used[i] < s->counts.projections;
    renumber(&s->inner, i, goes ? -1 : kept);
    if (goes) {
      thw_release(v->x[i]);
      drop--;
      continue;
    }
    for (int64_t k = 0; k < s->n_support; k++)
      if (s->support[k] == i) s->support[k] = kept;
    v->x[kept] = v->x[i];
    v->used[kept] = v->used[i];
    memmove(v->row + kept * v->n, v->row + i * v->n, (size_t)v->n * sizeof(double));
    kept++;
  }
  v->count = kept;
  v->largest = on_largest(v->row, kept * v->n, 0);
}

static void drop_cuts(on_pad *s) {
  on_cuts *c = &s->c;
  int64_t temporary = 0, kept = 0, width = c->n + 1;
  for (int64_t j = 0; j < c->count; j++) temporary += c->temporary[j];
  int64_t drop = c->count - temporary - c->known - c->cap;
  if (drop <= 0 && temporary == 0) return;
  int64_t limit = drop > 0 ? oldest_kept(c->used, c->known, c->count, drop) : -1;
  for (int64_t j = 0; j < c->count; j++) {
    int old = j >= c->known && drop > 0 && c->used[j] <= limit && !c->temporary[j];
    renumber(&s->outer, j, old || c->temporary[j] ? -1 : kept);
    if (old) drop--;
    if (old || c->temporary[j]) continue;
    memmove(c->row + kept * width, c->row + j * width, (size_t)width * sizeof(double));
    c->rhs[kept] = c->rhs[j];
    c->used[kept] = c->used[j];
    c->temporary[kept++] = 0;
  }
  c->count = kept;
}

void on_pad_prune(on_pad *s) {
  int64_t before = s->v.count;
  drop_vertices(s);
  drop_cuts(s);
  if (s->v.count != before) on_pad_moved(s);
}

void on_pad_forget(on_pad *s) {
  for (int64_t i = 0; i < s->v.count; i++) thw_release(s->v.x[i]);
  s->v.count = 0;
  s->v.largest = 0;
  s->c.count = s->c.known;
  s->n_support = 0;
  s->inner.n_passive = s->outer.n_passive = 0;
  on_pad_moved(s);
}
