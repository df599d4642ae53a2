/* SPDX-License-Identifier: BSD-3-Clause */
/* Separation-or-decomposition by the ellipsoid method: it looks for a direction f in the cone,
 * |f| <= 1, along which all decisions cost eps/2 more than z. What is known costs no call, and the
 * number of calls is O(n^2 log(n B/eps)) in the worst case. */
#include <math.h>
#include <string.h>

#include "kernels/online/pad.h"

/* A bound on |v - z| over all decisions, known or not. */
static double farthest(const on_pad *s) {
  double norm = 0, most = 0;
  for (int64_t i = 0; i < s->n; i++) norm += s->z[i] * s->z[i];
  if (isfinite(s->facts->norm)) return s->facts->norm + sqrt(norm);
  for (int64_t k = 0; k < s->v.count; k++) {
    double sum = 0;
    for (int64_t i = 0; i < s->n; i++) {
      double d = s->v.row[k * s->n + i] - s->z[i];
      sum += d * d;
    }
    most = fmax(most, sum);
  }
  return sqrt(most);
}

/* Cuts of the cone and of the ball; 0: the centre is inside of both. */
static int outside(on_pad *s, int *left) {
  on_ellipsoid *E = &s->seek;
  double norm = 0;
  for (int64_t i = 0; i < s->n; i++) {
    norm += E->centre[i] * E->centre[i];
    if (E->centre[i] >= 0 || (s->facts->free_sign && s->facts->free_sign[i])) continue;
    memset(s->spare, 0, (size_t)s->n * sizeof *s->spare);
    s->spare[i] = 1;
    *left = on_ellipsoid_cut(E, s->spare, 1, 0);
    return 1;
  }
  if (norm <= 1) return 0;
  norm = sqrt(norm);
  for (int64_t i = 0; i < s->n; i++) s->spare[i] = E->centre[i] / norm;
  *left = on_ellipsoid_cut(E, s->spare, -1, 1);
  return 1;
}

/* The known decision of least cost along the centre. */
static int64_t cheapest(const on_pad *s, double *gain) {
  int64_t best = 0;
  *gain = INFINITY;
  for (int64_t k = 0; k < s->v.count; k++) {
    double sum = 0;
    for (int64_t i = 0; i < s->n; i++)
      sum += s->seek.centre[i] * (s->v.row[k * s->n + i] - s->z[i]);
    if (sum < *gain) *gain = sum, best = k;
  }
  return best;
}

/* Asks at the centre. THW_RETRY: the answer separates; *settled: what is known makes up z. */
static thw_status question(on_pad *s, double eps, double *level, int *temporary, int *settled) {
  thw_linear_answer a;
  int64_t index;
  int is_new, certified;
  double norm = 0;
  for (int64_t i = 0; i < s->n; i++) norm += s->seek.centre[i] * s->seek.centre[i];
  norm = sqrt(norm);
  for (int64_t i = 0; i < s->n; i++) s->direction[i] = s->seek.centre[i] / norm;
  THW_TRY(on_pad_ask(s, 0, &a, &index, &is_new));
  *level = on_pad_proved(s, &a, &certified);
  double needed = on_pad_along(s, s->z) + 0.5 * eps / norm;
  if (*level >= needed) return THW_RETRY;
  if (!certified && on_pad_along(s, s->v.row + index * s->n) >= needed)
    return on_pad_limbo(s, needed, index, level, temporary);
  THW_TRY(on_pad_inner(s));
  *settled = s->residual_norm <= eps;
  return THW_OK;
}

thw_status on_pad_sod_ellipsoid(on_pad *s, double eps, double *level, int *temporary) {
  on_ellipsoid *E = &s->seek;
  double d = (double)s->n, gain, far = farthest(s);
  THW_TRY(on_pad_inner(s));
  if (s->residual_norm <= eps) return THW_OK;
  THW_TRY(on_ellipsoid_ball(E, s->e, s->n, NULL, 1.5));
  for (int64_t i = 0; i < s->n; i++) E->centre[i] = 0.5 / sqrt(d);
  /* Each cut takes at least 1/(2 (d + 1)) off the logarithm, but for rounding. */
  double most = 2 * (d + 1) * (E->log_volume - d * log(eps / (8 * far * sqrt(d)))) + 100;
  for (int left = 1; left && E->log_volume >= d * log(eps / (4 * far * sqrt(d))) && most > 0;
       most--) {
    s->counts.centres++;
    if (outside(s, &left)) continue;
    int64_t k = cheapest(s, &gain);
    if (gain >= 0.5 * eps) {
      int settled = 0;
      THW_TRY(question(s, eps, level, temporary, &settled));
      if (settled) return THW_OK;
      far = fmax(far, farthest(s));
      k = cheapest(s, &gain);
    }
    const double *v = s->v.row + k * s->n;
    double at = 0.5 * eps;
    for (int64_t i = 0; i < s->n; i++) s->spare[i] = v[i] - s->z[i];
    left = on_ellipsoid_cut(E, s->spare, 1, at);
  }
  if (s->residual_norm > eps) s->counts.stalled++;
  return THW_OK;
}
