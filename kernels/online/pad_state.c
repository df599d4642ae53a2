/* SPDX-License-Identifier: BSD-3-Clause */
/* What a projection service writes down: decisions, half-spaces, the passive sets that the next
 * call starts from, and the distribution of the last one. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "kernels/online/learn.h"
#include "kernels/online/pad.h"

static thw_status save_vertices(on_pad *s, thw_writer *w) {
  const thw_linear_ops *ops = thw_linear_(s->oracle);
  char name[48];
  void *bytes = NULL;
  int64_t room = 0;
  thw_status st = w->i64(w, "pad.vertices", s->v.count);
  for (int64_t i = 0; i < s->v.count && st == THW_OK; i++) {
    size_t n = 0;
    st = ops->pack(s->oracle->self, s->v.x[i], NULL, &n);
    if (st == THW_OK) st = on_grow(s->e, &bytes, &room, (int64_t)n + 1, 1);
    if (st == THW_OK) st = ops->pack(s->oracle->self, s->v.x[i], bytes, &n);
    snprintf(name, sizeof name, "pad.vertex.%lld", (long long)i);
    if (st == THW_OK) st = w->blob(w, name, bytes, n);
  }
  on_free(s->e, bytes);
  if (st != THW_OK) return st;
  return w->blob(w, "pad.vertices.used", s->v.used, (size_t)s->v.count * sizeof(int64_t));
}

static thw_status save_cuts(on_pad *s, thw_writer *w) {
  size_t m = (size_t)s->c.count;
  THW_TRY(w->i64(w, "pad.cuts", s->c.count));
  THW_TRY(w->blob(w, "pad.cuts.row", s->c.row, m * (size_t)(s->n + 1) * sizeof(double)));
  THW_TRY(w->blob(w, "pad.cuts.rhs", s->c.rhs, m * sizeof(double)));
  return w->blob(w, "pad.cuts.used", s->c.used, m * sizeof(int64_t));
}

static thw_status save_passive(const on_nnls *n, thw_writer *w, const char *name) {
  return w->blob(w, name, n->passive, (size_t)n->n_passive * sizeof *n->passive);
}

thw_status on_pad_save(on_pad *s, thw_writer *w) {
  THW_TRY(w->i64(w, "pad.dimension", s->n));
  THW_TRY(save_vertices(s, w));
  THW_TRY(save_cuts(s, w));
  THW_TRY(save_passive(&s->outer, w, "pad.outer"));
  THW_TRY(save_passive(&s->inner, w, "pad.inner"));
  THW_TRY(w->blob(w, "pad.z", s->z, (size_t)s->n * sizeof(double)));
  THW_TRY(w->blob(w, "pad.support", s->support, (size_t)s->n_support * sizeof *s->support));
  THW_TRY(w->blob(w, "pad.p", s->p, (size_t)s->n_support * sizeof *s->p));
  THW_TRY(w->i64(w, "pad.pivots", s->inner.pivots + s->outer.pivots));
  THW_TRY(w->f64(w, "pad.worst_p1", s->worst_p1));
  THW_TRY(w->f64(w, "pad.residual", s->residual_norm));
  return w->blob(w, "pad.counts", &s->counts, sizeof s->counts);
}

/* ---- and back -------------------------------------------------------------------------------- */

static thw_status misfit(on_pad *s) {
  return on_fail(s->e, THW_E_STATE, "the saved caches do not fit this instance");
}

/* Exactly `bytes` of them. */
static thw_status exactly(on_pad *s, thw_reader *r, const char *name, void *p, size_t bytes) {
  size_t n = bytes;
  THW_TRY(r->blob(r, name, p, &n));
  return n == bytes ? THW_OK : misfit(s);
}

static thw_status load_vertex(on_pad *s, thw_reader *r, int64_t i, void **bytes, int64_t *room) {
  char name[48];
  thw_decision *x = NULL;
  int64_t index;
  int is_new;
  snprintf(name, sizeof name, "pad.vertex.%lld", (long long)i);
  size_t n = (size_t)*room;
  thw_status st = r->blob(r, name, *bytes, &n);
  THW_TRY(st);
  THW_TRY(thw_linear_(s->oracle)->unpack(s->oracle->self, *bytes, n, &x));
  THW_TRY(on_vertices_add(s, x, &index, &is_new));
  return is_new ? THW_OK : misfit(s);
}

static thw_status load_vertices(on_pad *s, thw_reader *r) {
  int64_t count, room = 0;
  void *bytes = NULL;
  THW_TRY(r->i64(r, "pad.vertices", &count));
  if (count < 0 || count > INT64_C(1) << 32) return misfit(s);
  /* No packed decision is longer than all of its coordinates with their numbers. */
  THW_TRY(on_grow(s->e, &bytes, &room, LEARN_PACKED(s->n), 1));
  thw_status st = THW_OK;
  for (int64_t i = 0; i < count && st == THW_OK; i++) st = load_vertex(s, r, i, &bytes, &room);
  on_free(s->e, bytes);
  if (st != THW_OK || count == 0) return st;
  return exactly(s, r, "pad.vertices.used", s->v.used, (size_t)count * sizeof(int64_t));
}

static thw_status load_cuts(on_pad *s, thw_reader *r) {
  on_cuts *c = &s->c;
  int64_t count;
  THW_TRY(r->i64(r, "pad.cuts", &count));
  if (count < c->known || count > INT64_C(1) << 32) return misfit(s);
  c->count = c->known;
  memset(s->spare, 0, (size_t)s->n * sizeof(double));
  while (c->count < count) THW_TRY(on_cuts_add(s, s->spare, 0, 0));
  size_t m = (size_t)count;
  if (m == 0) return THW_OK;
  THW_TRY(exactly(s, r, "pad.cuts.row", c->row, m * (size_t)(s->n + 1) * sizeof(double)));
  THW_TRY(exactly(s, r, "pad.cuts.rhs", c->rhs, m * sizeof(double)));
  return exactly(s, r, "pad.cuts.used", c->used, m * sizeof(int64_t));
}

static thw_status load_passive(on_pad *s, on_nnls *n, thw_reader *r, const char *name,
                               int64_t dense, int64_t sparse) {
  size_t bytes = (size_t)n->r * sizeof *n->passive;
  THW_TRY(r->blob(r, name, n->passive, &bytes));
  n->n_passive = (int64_t)(bytes / sizeof *n->passive);
  for (int64_t k = 0; k < n->n_passive; k++)
    if (n->passive[k] >= dense || n->passive[k] < -sparse) return misfit(s);
  return THW_OK;
}

static thw_status load_support(on_pad *s, thw_reader *r) {
  size_t bytes = (size_t)(s->n + 2) * sizeof *s->support;
  THW_TRY(ON_GROW(s->e, s->support, s->room_support, s->n + 2));
  THW_TRY(ON_GROW(s->e, s->p, s->room_p, s->n + 2));
  THW_TRY(ON_GROW(s->e, s->play, s->room_play, s->n + 2));
  THW_TRY(r->blob(r, "pad.support", s->support, &bytes));
  s->n_support = (int64_t)(bytes / sizeof *s->support);
  if (s->n_support > 0) THW_TRY(exactly(s, r, "pad.p", s->p, (size_t)s->n_support * sizeof *s->p));
  for (int64_t k = 0; k < s->n_support; k++) {
    if (s->support[k] < 0 || s->support[k] >= s->v.count) return misfit(s);
    s->play[k] = s->v.x[s->support[k]];
  }
  return THW_OK;
}

thw_status on_pad_load(on_pad *s, thw_reader *r) {
  int64_t n;
  on_pad_forget(s);
  THW_TRY(r->i64(r, "pad.dimension", &n));
  if (n != s->n) return misfit(s);
  THW_TRY(load_vertices(s, r));
  THW_TRY(load_cuts(s, r));
  THW_TRY(load_passive(s, &s->outer, r, "pad.outer", s->c.count, s->orthant ? s->n : 0));
  THW_TRY(load_passive(s, &s->inner, r, "pad.inner", s->v.count, s->n_slack));
  THW_TRY(exactly(s, r, "pad.z", s->z, (size_t)s->n * sizeof(double)));
  THW_TRY(load_support(s, r));
  THW_TRY(r->i64(r, "pad.pivots", &s->inner.pivots));
  THW_TRY(r->f64(r, "pad.worst_p1", &s->worst_p1));
  THW_TRY(r->f64(r, "pad.residual", &s->residual_norm));
  s->outer.pivots = 0;
  on_pad_moved(s);
  return exactly(s, r, "pad.counts", &s->counts, sizeof s->counts);
}

void on_pad_report(const on_pad *s, thw_sink *k) {
  const on_pad_counts *c = &s->counts;
  double norm = 0, sum = 0;
  for (int64_t i = 0; i < s->n; i++) norm += s->z[i] * s->z[i], sum += s->z[i];
  k->real(k, "z_norm", sqrt(norm));
  k->real(k, "z_sum", sum);
  k->real(k, "vertices", (double)s->v.count);
  k->real(k, "cuts", (double)s->c.count);
  k->real(k, "cuts_found", (double)c->cuts);
  k->real(k, "projections", (double)c->projections);
  k->real(k, "inner_problems", (double)c->sod);
  k->real(k, "pivots", (double)(s->inner.pivots + s->outer.pivots));
  k->real(k, "residual", s->residual_norm);
  if (c->stalled) k->real(k, "stalled", (double)c->stalled);
  if (c->uncertified) k->real(k, "uncertified", (double)c->uncertified);
  if (!s->o.check) return;
  k->real(k, "p1_violations", (double)c->p1);
  k->real(k, "p1_worst", s->worst_p1);
  k->real(k, "p2_violations", (double)c->p2);
}
