/* SPDX-License-Identifier: BSD-3-Clause */
/* The Bregman projection onto the half-spaces. Its dual is
 *     min over lambda >= 0 of q(lambda) = sum phi*(theta + A' lambda) - b . lambda,
 * which is minimised by Newton steps: the quadratic model with its signs kept is the least-distance
 * problem of programs.c in the metric of the point reached, so that dependent half-spaces, of which
 * there are many, need no care of their own. */
#include <cblas.h>
#include <math.h>
#include <string.h>

#include "kernels/online/pad.h"

#define STEPS 200

static thw_status make_room(on_pad *s) {
  int64_t m = s->c.count + 1;
  THW_TRY(ON_GROW(s->e, s->lambda, s->room_lambda, m));
  THW_TRY(ON_GROW(s->e, s->wanted, s->room_wanted, m));
  THW_TRY(ON_GROW(s->e, s->scaled, s->room_scaled, m * (s->n + 1)));
  if (!s->dual) THW_TRY(ON_NEW(s->e, s->dual, s->n));
  if (!s->curvature) THW_TRY(ON_NEW(s->e, s->curvature, s->n));
  if (!s->push) THW_TRY(ON_NEW(s->e, s->push, s->n));
  return THW_OK;
}

/* A' lambda into push, theta + A' lambda into dual, the point into z. Returns q. */
static double go_to(on_pad *s, const double *theta, const double *lambda) {
  const on_cuts *c = &s->c;
  double q = 0;
  memset(s->push, 0, (size_t)s->n * sizeof *s->push);
  for (int64_t j = 0; j < c->count; j++) {
    if (lambda[j] == 0) continue;
    cblas_daxpy((int)s->n, lambda[j], c->row + j * (s->n + 1), 1, s->push, 1);
    q -= c->rhs[j] * lambda[j];
  }
  for (int64_t i = 0; i < s->n; i++) {
    s->dual[i] = theta[i] + s->push[i];
    s->z[i] = on_mirror_point(&s->o.mirror, s->dual[i]);
    q +=
        on_mirror_conjugate(&s->o.mirror, s->dual[i]) - on_mirror_conjugate(&s->o.mirror, theta[i]);
  }
  return q;
}

/* How far z and lambda are from optimal: violated half-spaces, and slack where there is a
 * multiplier. *slope: of q from lambda to wanted. */
static double error_at(const on_pad *s, double *slope) {
  const on_cuts *c = &s->c;
  double worst = 0;
  *slope = 0;
  for (int64_t j = 0; j < c->count; j++) {
    double g = cblas_ddot((int)s->n, c->row + j * (s->n + 1), 1, s->z, 1) - c->rhs[j];
    double far = s->lambda[j] > 0 ? fabs(g) : fmax(-g, 0);
    worst = fmax(worst, far);
    *slope += g * (s->wanted[j] - s->lambda[j]);
  }
  return worst;
}

/* The minimiser of the model of q at lambda, into wanted. */
static thw_status newton(on_pad *s) {
  on_cuts *c = &s->c;
  int64_t n = s->n;
  double most = 0;
  for (int64_t i = 0; i < n; i++) {
    s->curvature[i] = on_mirror_curvature(&s->o.mirror, s->z[i]);
    s->spare[i] = s->z[i] - s->curvature[i] * s->push[i];
  }
  for (int64_t i = 0; i < n; i++) s->push[i] = sqrt(s->curvature[i]);
  for (int64_t j = 0; j < c->count; j++) {
    const double *a = c->row + j * (n + 1);
    double *to = s->scaled + j * (n + 1);
    for (int64_t i = 0; i < n; i++) to[i] = a[i] * s->push[i];
    to[n] = c->rhs[j] - cblas_ddot((int)n, a, 1, s->spare, 1);
    if (to[n] > most) most = to[n];
  }
  memset(s->wanted, 0, (size_t)c->count * sizeof *s->wanted);
  if (most <= 0) return THW_OK;
  for (int64_t j = 0; j < c->count; j++) s->scaled[j * (n + 1) + n] /= most;
  on_columns E = {.r = n + 1, .n_dense = c->count, .dense = s->scaled, .ld = n + 1};
  THW_TRY(on_nnls_solve(&s->outer, &E, 1, s->o.nnls_tol));
  double den = s->outer.residual[n];
  if (!(den > 1e-13)) return on_pad_empty(s);
  for (int64_t k = 0; k < s->outer.n_passive; k++)
    s->wanted[s->outer.passive[k]] = most * s->outer.u[k] / den;
  return THW_OK;
}

/* Armijo's rule between lambda and wanted. `blur`: differences of q below it are rounding. 0: no
 * step is small enough. */
static int search_line(on_pad *s, const double *theta, double q, double slope, double blur) {
  int64_t m = s->c.count;
  double *step = s->wanted;
  for (int64_t j = 0; j < m; j++) step[j] -= s->lambda[j];
  for (double t = 1; t > 1e-9; t *= 0.5) {
    for (int64_t j = 0; j < m; j++) s->scaled[j] = fmax(s->lambda[j] + t * step[j], 0);
    double there = go_to(s, theta, s->scaled);
    if (!(there <= q + 1e-4 * t * slope + blur)) continue;
    memcpy(s->lambda, s->scaled, (size_t)m * sizeof *s->lambda);
    return 1;
  }
  go_to(s, theta, s->lambda);
  return 0;
}

thw_status on_pad_bregman(on_pad *s, const double *theta, int fresh) {
  double scale = 1, slope;
  int64_t known = fresh ? 0 : s->n_lambda;
  THW_TRY(make_room(s));
  for (int64_t j = known; j < s->c.count; j++) s->lambda[j] = 0;
  s->n_lambda = s->c.count;
  scale = on_largest(s->c.rhs, s->c.count, scale);
  double q = go_to(s, theta, s->lambda), size = 1;
  for (int64_t i = 0; i < s->n; i++) size += fabs(on_mirror_conjugate(&s->o.mirror, theta[i]));
  for (int step = 0; step < STEPS; step++) {
    memcpy(s->wanted, s->lambda, (size_t)s->c.count * sizeof *s->wanted);
    if (error_at(s, &slope) <= 1e-11 * scale) break;
    THW_TRY(newton(s));
    error_at(s, &slope);
    int last = -slope <= 1e-15 * size; /* one full step more is all that numbers allow */
    if (!search_line(s, theta, q, slope, 1e-15 * size)) break;
    q = go_to(s, theta, s->lambda);
    if (last) break;
  }
  for (int64_t j = 0; j < s->c.count; j++)
    if (s->lambda[j] > 0) s->c.used[j] = s->counts.projections;
  return THW_OK;
}
