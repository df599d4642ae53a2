/* SPDX-License-Identifier: BSD-3-Clause */
/* Questions to the oracle, and separation-or-decomposition by minimum-norm points. */
#include <cblas.h>
#include <math.h>
#include <string.h>

#include "kernels/online/pad.h"

/* ---- asking ---------------------------------------------------------------------------------- */

/* Asks in s->direction, which is in the cone and has length 1. The answer goes into the cache. */
thw_status on_pad_ask(on_pad *s, uint32_t effort, thw_linear_answer *a, int64_t *index,
                      int *is_new) {
  thw_linear_query q = {.size = sizeof q, .effort = effort, .c = s->direction};
  *a = (thw_linear_answer){.size = sizeof *a, .value = (double)NAN, .bound = (double)NAN};
  s->counts.calls++;
  THW_TRY(thw_linear_solve(s->oracle, &q, a));
  return on_vertices_add(s, a->x, index, is_new);
}

double on_pad_along(const on_pad *s, const double *x) {
  return cblas_ddot((int)s->n, s->direction, 1, x, 1);
}

/* A known decision that is cheaper than the answer satisfies the oracle's promise as well. */
static double cheapest(const on_pad *s) {
  double least = INFINITY;
  for (int64_t i = 0; i < s->v.count; i++) {
    double cost = on_pad_along(s, s->v.row + i * s->n);
    if (cost < least) least = cost;
  }
  return least;
}

/* What the answer proves: by its promise, or where there is none that holds on every call by the
 * bound that came with it. */
double on_pad_proved(on_pad *s, const thw_linear_answer *a, int *certified) {
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
  THW_TRY(on_pad_ask(s, 0, &a, &index, &is_new));
  return on_cuts_add(s, s->direction, on_pad_proved(s, &a, &certified), 0);
}

/* ---- separation or decomposition ---------------------------------------------------------------
 */

/* One answer that neither separates nor improves the decomposition is asked for again, harder; when
 * that does not help its level counts for this call alone. */
thw_status on_pad_limbo(on_pad *s, double needed, int64_t index, double *level, int *temporary) {
  thw_linear_answer a;
  int is_new, certified;
  double at = on_pad_along(s, s->z);
  s->counts.limbo++;
  for (int k = 1; k <= s->o.retry; k++) {
    THW_TRY(on_pad_ask(s, (uint32_t)k, &a, &index, &is_new));
    double cost = on_pad_along(s, s->v.row + index * s->n);
    *level = on_pad_proved(s, &a, &certified);
    if (*level >= needed) return THW_RETRY;
    if (is_new && cost < at + s->residual_norm * (1 - 1e-9)) return THW_OK;
  }
  *level = cheapest(s);
  *temporary = 1;
  return THW_RETRY;
}

/* Below this, tolerances are rounding. */
double on_pad_floor(const on_pad *s, double eps) {
  return fmax(eps, 1e-10 * s->v.largest);
}

/* The residual direction separates z from all that the known decisions can make: they cost at least
 * |r| more along it. */
static thw_status minimum_norm(on_pad *s, double eps, double *level, int *temporary) {
  for (;;) {
    THW_TRY(on_pad_inner(s));
    if (s->residual_norm <= eps) return THW_OK;
    for (int64_t i = 0; i < s->n; i++) s->direction[i] = s->residual[i] / s->residual_norm;
    thw_linear_answer a;
    int64_t index;
    int is_new, certified;
    THW_TRY(on_pad_ask(s, 0, &a, &index, &is_new));
    double at = on_pad_along(s, s->z), needed = at + fmax(s->o.theta, 1e-3) * eps;
    *level = on_pad_proved(s, &a, &certified);
    if (*level >= needed) return THW_RETRY;
    double cost = on_pad_along(s, s->v.row + index * s->n);
    if (is_new && cost < at + s->residual_norm * (1 - 1e-9)) continue;
    if (!certified) {
      thw_status st = on_pad_limbo(s, needed, index, level, temporary);
      if (st != THW_OK) return st;
      continue;
    }
    if (is_new) continue;
    s->counts.stalled++;
    return THW_OK;
  }
}

thw_status on_pad_sod(on_pad *s, double eps, double *level, int *temporary) {
  *temporary = 0;
  eps = on_pad_floor(s, eps);
  if (s->o.decomposition == ON_ELLIPSOID) return on_pad_sod_ellipsoid(s, eps, level, temporary);
  return minimum_norm(s, eps, level, temporary);
}
