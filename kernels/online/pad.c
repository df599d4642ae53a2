/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/online/pad.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

/* ---- life ------------------------------------------------------------------------------------ */

thw_status on_pad_known(on_pad *s, const double *a, double b) {
  THW_TRY(on_cuts_add(s, a, b, 0));
  s->c.known = s->c.count;
  s->counts.cuts = 0;
  return THW_OK;
}

static thw_status known_rows(on_pad *s) {
  const thw_linear_facts *f = s->facts;
  for (int64_t j = 0; j < f->n_rows; j++) THW_TRY(on_pad_known(s, f->row + j * s->n, f->rhs[j]));
  return THW_OK;
}

/* Rows with a slack first, then all rows, for the unit columns of the two problems. */
static thw_status slacks(on_pad *s) {
  const uint8_t *free_sign = s->facts->free_sign;
  THW_TRY(ON_NEW(s->e, s->slack_row, 2 * s->n));
  for (int64_t i = 0; i < s->n; i++) {
    if (!(free_sign && free_sign[i])) s->slack_row[s->n_slack++] = i;
    s->slack_row[s->n + i] = i;
  }
  return THW_OK;
}

thw_status on_pad_init(on_pad *s, on_env e, const thw_object *oracle, const thw_linear_facts *facts,
                       const on_pad_options *o) {
  int64_t n = facts->n;
  *s = (on_pad){.e = e, .oracle = oracle, .facts = facts, .o = *o, .n = n};
  s->orthant = (facts->flags & THW_LINEAR_ORTHANT) && facts->sense == THW_COST;
  s->v.n = s->c.n = n;
  s->v.cap = o->cap_v > 0 ? o->cap_v : 20 * n;
  s->c.cap = o->cap_c > 0 ? o->cap_c : 20 * n;
  s->moved = 1;
  THW_TRY(on_nnls_init(&s->outer, e, n + 1));
  THW_TRY(on_nnls_init(&s->inner, e, n + 1));
  THW_TRY(slacks(s));
  THW_TRY(ON_NEW(e, s->slack_last, n));
  THW_TRY(ON_NEW(e, s->z, n));
  THW_TRY(ON_NEW(e, s->mean, n));
  THW_TRY(ON_NEW(e, s->residual, n));
  THW_TRY(ON_NEW(e, s->direction, n));
  THW_TRY(ON_NEW(e, s->spare, n));
  return known_rows(s);
}

void on_pad_free(on_pad *s) {
  if (!s->e.host) return;
  for (int64_t i = 0; i < s->v.count; i++) thw_release(s->v.x[i]);
  void *all[] = {(void *)s->v.x, s->v.row,     s->v.used,     s->c.row, s->c.rhs,       s->c.used,
                 s->c.temporary, s->slack_row, s->slack_last, s->z,     s->mean,        s->residual,
                 s->direction,   s->spare,     s->support,    s->p,     (void *)s->play};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) on_free(s->e, all[i]);
  on_nnls_free(&s->outer);
  on_nnls_free(&s->inner);
  *s = (on_pad){0};
}

/* ---- asking ---------------------------------------------------------------------------------- */

/* Asks in s->direction, which is in the cone and has length 1. The answer goes into the cache. */
static thw_status ask(on_pad *s, uint32_t effort, thw_linear_answer *a, int64_t *index,
                      int *is_new) {
  thw_linear_query q = {.size = sizeof q, .effort = effort, .c = s->direction};
  *a = (thw_linear_answer){.size = sizeof *a, .value = (double)NAN, .bound = (double)NAN};
  s->counts.calls++;
  THW_TRY(thw_linear_solve(s->oracle, &q, a));
  return on_vertices_add(s, a->x, index, is_new);
}

static double along(const on_pad *s, const double *x) {
  return cblas_ddot((int)s->n, s->direction, 1, x, 1);
}

/* A known decision that is cheaper than the answer satisfies the oracle's promise as well. */
static double cheapest(const on_pad *s) {
  double least = INFINITY;
  for (int64_t i = 0; i < s->v.count; i++) {
    double cost = along(s, s->v.row + i * s->n);
    if (cost < least) least = cost;
  }
  return least;
}

/* What the answer proves: by its promise, or where there is none that holds on every call by the
 * bound that came with it. */
static double proved(on_pad *s, const thw_linear_answer *a, int *certified) {
  double least = cheapest(s);
  *certified = 1;
  if (s->facts->flags & THW_LINEAR_PROVEN) return least;
  double level = s->facts->factor * a->bound;
  if (isfinite(level)) {
    *certified = a->value <= level;
    if (!*certified) s->counts.uncertified++;
    return fmin(least, level);
  }
  s->counts.uncertified++;
  return least;
}

thw_status on_pad_first(on_pad *s) {
  thw_linear_answer a;
  int64_t index;
  int is_new, certified;
  if (s->v.count > 0) return THW_OK;
  for (int64_t i = 0; i < s->n; i++) s->direction[i] = 1 / sqrt((double)s->n);
  THW_TRY(ask(s, 0, &a, &index, &is_new));
  return on_cuts_add(s, s->direction, proved(s, &a, &certified), 0);
}

/* ---- separation or decomposition ---------------------------------------------------------------
 */

/* One answer that neither separates nor improves the decomposition is asked for again, harder; when
 * that does not help its level counts for this call alone. */
static thw_status in_limbo(on_pad *s, double needed, int64_t index, double *level, int *temporary) {
  thw_linear_answer a;
  int is_new, certified;
  double at = along(s, s->z);
  s->counts.limbo++;
  for (int k = 1; k <= s->o.retry; k++) {
    THW_TRY(ask(s, (uint32_t)k, &a, &index, &is_new));
    double cost = along(s, s->v.row + index * s->n);
    *level = proved(s, &a, &certified);
    if (*level >= needed) return THW_RETRY;
    if (is_new && cost < at + s->residual_norm * (1 - 1e-9)) return THW_OK;
  }
  *level = cheapest(s);
  *temporary = 1;
  return THW_RETRY;
}

/* The residual direction separates z from all that the known decisions can make: they cost at least
 * |r| more along it. */
thw_status on_pad_sod(on_pad *s, double eps, double *level, int *temporary) {
  *temporary = 0;
  for (;;) {
    THW_TRY(on_pad_inner(s));
    if (s->residual_norm <= eps) return THW_OK;
    for (int64_t i = 0; i < s->n; i++) s->direction[i] = s->residual[i] / s->residual_norm;
    thw_linear_answer a;
    int64_t index;
    int is_new, certified;
    THW_TRY(ask(s, 0, &a, &index, &is_new));
    double at = along(s, s->z), needed = at + fmax(s->o.theta, 1e-3) * eps;
    *level = proved(s, &a, &certified);
    if (*level >= needed) return THW_RETRY;
    double cost = along(s, s->v.row + index * s->n);
    if (is_new && cost < at + s->residual_norm * (1 - 1e-9)) continue;
    if (!certified) {
      thw_status st = in_limbo(s, needed, index, level, temporary);
      if (st != THW_OK) return st;
      continue;
    }
    if (is_new) continue;
    s->counts.stalled++;
    return THW_OK;
  }
}

/* ---- the projection
 * ------------------------------------------------------------------------------ */

/* (P1) by the true minimiser in the direction z - y, (P2) by its definition. */
static thw_status check(on_pad *s, const double *y, double eps) {
  double norm_y = 0, norm_z = 0;
  if (s->residual_norm > eps * (1 + 1e-9)) s->counts.p2++;
  for (int64_t i = 0; i < s->n; i++) {
    s->direction[i] = s->z[i] - y[i];
    norm_y += y[i] * y[i];
    norm_z += s->z[i] * s->z[i];
    int free_sign = s->facts->free_sign && s->facts->free_sign[i];
    if (s->direction[i] < 0 && !free_sign) s->direction[i] = 0; /* rounding */
  }
  thw_linear_query q = {.size = sizeof q, .c = s->direction};
  thw_linear_answer a = {.size = sizeof a};
  thw_status st = thw_linear_(s->oracle)->exact(s->oracle->self, &q, &a);
  if (st == THW_E_UNSUPPORTED) return THW_OK;
  if (st != THW_OK) return st;
  double least = a.x->ops->dot(a.x, s->direction);
  thw_release(a.x);
  double farther = -2 * s->facts->factor * least + norm_z - norm_y;
  s->worst_p1 = fmax(s->worst_p1, farther);
  if (farther > 1e-9 * fmax(1, norm_y)) s->counts.p1++;
  return THW_OK;
}

thw_status on_pad_show(on_pad *s) {
  THW_TRY(ON_GROW(s->e, s->play, s->room_play, s->n_support));
  for (int64_t k = 0; k < s->n_support; k++) {
    s->v.used[s->support[k]] = s->counts.projections;
    s->play[k] = s->v.x[s->support[k]];
  }
  return THW_OK;
}

/* Below 1e-10 of this, tolerances are rounding. */
static double scale_of(const on_pad *s) {
  double most = 0;
  for (int64_t i = 0; i < s->n; i++) most = fmax(most, fabs(s->v.row[i]));
  return most;
}

static thw_status unsettled(on_pad *s) {
  return on_fail(s->e, THW_E_STATE,
                 "the projection does not settle: %lld half-spaces are known and the next one "
                 "brings nothing: a smaller nnls_tol or a larger eps_scale helps",
                 (long long)s->c.count);
}

thw_status on_pad_project(on_pad *s, const double *y, double eps) {
  double level;
  int temporary;
  if (s->o.cold) on_pad_forget(s);
  s->counts.projections++;
  THW_TRY(on_pad_first(s));
  eps = fmax(eps, 1e-10 * scale_of(s));
  for (int64_t fresh = 1, i = 0;; fresh = 0) {
    if (i++ > 1000 + 200 * s->n) return unsettled(s);
    THW_TRY(on_pad_outer(s, y, (int)fresh));
    on_pad_moved(s);
    thw_status st = on_pad_sod(s, eps, &level, &temporary);
    if (st == THW_OK) break;
    if (st != THW_RETRY) return st;
    THW_TRY(on_cuts_add(s, s->direction, level, temporary));
  }
  if (s->o.check) THW_TRY(check(s, y, eps));
  THW_TRY(on_pad_show(s));
  on_pad_prune(s);
  return on_pad_show(s);
}
