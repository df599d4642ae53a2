/* SPDX-License-Identifier: BSD-3-Clause */
/* The two least-squares problems that carry everything. */
#include <cblas.h>
#include <math.h>
#include <string.h>

#include "kernels/online/pad.h"

/* ---- outer: the nearest point of a polyhedron ------------------------------------------------ */

/* Least-distance form of Lawson and Hanson: with h = b - A y, scaled by its largest entry, the
 * residual of min |[A'; h'] u - e_last| gives the multipliers. Writes h into the last row of the
 * columns; returns its largest entry. */
static double put_gaps(on_pad *s, const double *y, double scale) {
  on_cuts *c = &s->c;
  int64_t n = s->n;
  double most = -INFINITY;
  for (int64_t j = 0; j < c->count; j++) {
    double *a = c->row + j * (n + 1), h = c->rhs[j] - cblas_ddot((int)n, a, 1, y, 1);
    if (h > most) most = h;
    a[n] = h / scale;
  }
  for (int64_t i = 0; s->orthant && i < n; i++) {
    if (-y[i] > most) most = -y[i];
    s->slack_last[i] = -y[i] / scale;
  }
  return most;
}

thw_status on_pad_empty(const on_pad *s) {
  const on_cuts *c = &s->c;
  double b1 = c->count > 0 ? c->rhs[c->count - 1] : 0, b2 = c->count > 1 ? c->rhs[c->count - 2] : 0;
  return on_fail(s->e, THW_E_INTERNAL,
                 "the oracle broke its promise: the half-spaces that its answers prove have no "
                 "common point; the two newest say f.x >= %.17g and f.x >= %.17g (see which "
                 "answers those were with monitor.check = true)",
                 b1, b2);
}

thw_status on_pad_outer(on_pad *s, const double *y, int fresh) {
  on_cuts *c = &s->c;
  int64_t n = s->n;
  if (fresh) {
    double most = put_gaps(s, y, 1);
    THW_TRY(ON_GROW(s->e, s->lambda, s->room_lambda, c->count + 1));
    memset(s->lambda, 0, (size_t)c->count * sizeof *s->lambda);
    s->n_lambda = c->count;
    if (most <= 0) {
      memcpy(s->z, y, (size_t)n * sizeof *y);
      s->outer_scale = 0;
      return THW_OK;
    }
    s->outer_scale = most;
  } else if (s->outer_scale == 0) {
    return on_pad_outer(s, y, 1);
  }
  /* A half-space found since may be violated by far more: then the scale is no longer one. */
  if (put_gaps(s, y, s->outer_scale) > 4 * s->outer_scale) return on_pad_outer(s, y, 1);
  on_columns E = {.r = n + 1,
                  .n_dense = c->count,
                  .dense = c->row,
                  .ld = n + 1,
                  .n_sparse = s->orthant ? n : 0,
                  .row = s->slack_row + n,
                  .last = s->slack_last};
  THW_TRY(on_nnls_solve(&s->outer, &E, fresh, s->o.nnls_tol));
  double den = s->outer.residual[n];
  if (!(den > 1e-13)) return on_pad_empty(s);
  THW_TRY(ON_GROW(s->e, s->lambda, s->room_lambda, c->count + 1));
  memset(s->lambda, 0, (size_t)c->count * sizeof *s->lambda);
  s->n_lambda = c->count;
  memcpy(s->spare, y, (size_t)n * sizeof *y);
  for (int64_t k = 0; k < s->outer.n_passive; k++) {
    double lambda = s->outer_scale * s->outer.u[k] / den;
    on_column j = s->outer.passive[k];
    if (j < 0) {
      s->spare[-1 - j] += lambda;
      continue;
    }
    const double *a = c->row + j * (n + 1);
    cblas_daxpy((int)n, lambda, a, 1, s->spare, 1);
    s->lambda[j] = lambda;
    c->used[j] = s->counts.projections;
  }
  memcpy(s->z, s->spare, (size_t)n * sizeof *y);
  return THW_OK;
}

/* ---- inner: the best combination of known decisions that z dominates --------------------------
 */

void on_pad_moved(on_pad *s) {
  s->moved = 1;
}

/* One row of ones is enough to make the weights sum to 1: for a fixed sum t of them the rest is
 * best at t^2 rho^2, rho the wanted minimum, so the optimum is t p with t = 1/(1 + rho^2). */
static thw_status take_support(on_pad *s) {
  on_vertices *v = &s->v;
  double sum = 0;
  int64_t n = s->n, k = 0;
  THW_TRY(ON_GROW(s->e, s->support, s->room_support, s->inner.n_passive + 1));
  THW_TRY(ON_GROW(s->e, s->p, s->room_p, s->inner.n_passive + 1));
  for (int64_t i = 0; i < s->inner.n_passive; i++) {
    if (s->inner.passive[i] < 0) continue;
    s->support[k] = s->inner.passive[i];
    s->p[k++] = s->inner.u[i];
    sum += s->inner.u[i];
  }
  s->n_support = k;
  if (k == 0) return on_fail(s->e, THW_E_INTERNAL, "the inner problem has no solution");
  memset(s->mean, 0, (size_t)n * sizeof(double));
  for (int64_t i = 0; i < k; i++) {
    const double *row = v->row + s->support[i] * n;
    s->p[i] /= sum;
    cblas_daxpy((int)n, s->p[i], row, 1, s->mean, 1);
  }
  return THW_OK;
}

/* Columns (v_i - z, 1), in a scale in which they are of order one. */
thw_status on_pad_inner(on_pad *s) {
  int64_t n = s->n;
  int fresh = s->moved;
  double scale = on_largest(s->z, n, s->v.largest);
  if (fresh || scale > 4 * s->w_scale) {
    s->w_scale = fmax(scale, 1e-12);
    fresh = 1;
  }
  s->moved = 0;
  on_columns E = {.r = n + 1,
                  .n_dense = s->v.count,
                  .dense = s->v.row,
                  .ld = n,
                  .shift = s->z,
                  .scale = s->w_scale,
                  .n_sparse = s->n_slack,
                  .row = s->slack_row};
  THW_TRY(on_nnls_solve(&s->inner, &E, fresh, s->o.nnls_tol));
  s->counts.sod++;
  THW_TRY(take_support(s));
  double sum = 0;
  const uint8_t *free_sign = s->facts->free_sign;
  for (int64_t j = 0; j < n; j++) {
    double r = s->mean[j] - s->z[j];
    if (r < 0 && !(free_sign && free_sign[j])) r = 0;
    s->residual[j] = r;
    sum += r * r;
  }
  s->residual_norm = sqrt(sum);
  return THW_OK;
}
