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
  s->orthant = (facts->flags & THW_LINEAR_ORTHANT) && facts->sense == THW_COST &&
               o->mirror.kind == ON_EUCLID;
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
  void *all[] = {(void *)s->v.x, s->v.row,        s->v.used,    s->c.row,      s->c.rhs,
                 s->c.used,      s->c.temporary,  s->slack_row, s->slack_last, s->z,
                 s->mean,        s->residual,     s->direction, s->spare,      s->support,
                 s->p,           (void *)s->play, s->lambda,    s->wanted,     s->scaled,
                 s->dual,        s->push,         s->curvature, s->best,       s->normal};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) on_free(s->e, all[i]);
  on_nnls_free(&s->outer);
  on_nnls_free(&s->inner);
  on_ellipsoid_free(&s->seek);
  on_ellipsoid_free(&s->around);
  *s = (on_pad){0};
}

/* ---- the projection -------------------------------------------------------------------------- */

thw_status on_pad_show(on_pad *s) {
  THW_TRY(ON_GROW(s->e, s->play, s->room_play, s->n_support));
  for (int64_t k = 0; k < s->n_support; k++) {
    s->v.used[s->support[k]] = s->counts.projections;
    s->play[k] = s->v.x[s->support[k]];
  }
  return THW_OK;
}

static thw_status unsettled(on_pad *s) {
  return on_fail(s->e, THW_E_STATE,
                 "the projection does not settle: %lld half-spaces are known and the next one "
                 "brings nothing: a smaller nnls_tol or a larger eps_scale helps",
                 (long long)s->c.count);
}

static thw_status cutting_planes(on_pad *s, const double *y, double eps) {
  double level;
  int temporary;
  int mirrored = s->o.mirror.kind != ON_EUCLID;
  for (int64_t fresh = 1, i = 0;; fresh = 0) {
    if (i++ > 1000 + 200 * s->n) return unsettled(s);
    THW_TRY(mirrored ? on_pad_bregman(s, y, (int)fresh) : on_pad_outer(s, y, (int)fresh));
    on_pad_moved(s);
    thw_status st = on_pad_sod(s, eps, &level, &temporary);
    if (st != THW_RETRY) return st;
    THW_TRY(on_cuts_add(s, s->direction, level, temporary));
  }
}

thw_status on_pad_project(on_pad *s, const double *y, double eps) {
  if (s->o.cold) on_pad_forget(s);
  s->counts.projections++;
  THW_TRY(on_pad_first(s));
  eps = on_pad_floor(s, eps);
  if (s->o.projection == ON_ELLIPSOID)
    THW_TRY(on_pad_project_ellipsoid(s, y, eps));
  else
    THW_TRY(cutting_planes(s, y, eps));
  if (s->o.check) THW_TRY(on_pad_check(s, y, eps));
  THW_TRY(on_pad_show(s));
  on_pad_prune(s);
  return on_pad_show(s);
}
