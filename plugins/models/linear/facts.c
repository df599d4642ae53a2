/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/linear/facts.c - constants of the objective, as guaranteed bounds.
 *
 * All of them come from the rows' norms and from largest eigenvalues (spectrum.c). Each is worked
 * out when somebody first asks for it: an eigenvalue takes as long as many passes over the rows. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "linear.h"

/* The regularisers' smallest curvature in any direction. */
static double flattest(const linear *m) {
  double weights = m->l2 - 0.5 * m->nonconvex;
  return m->intercept && weights > 0.0 ? 0.0 : weights;
}

/* Bounds of the loss's second derivative along the margins. */
static double steepest(const linear *m) {
  return m->k > 1 ? 0.5 : m->kind->slope2_max;
}

static double largest_square(linear *m, const thw_batch *b) {
  if (isnan(m->max2)) m->max2 = linear_largest_square(m, b);
  return m->max2;
}

/* The largest eigenvalue of A'A/n. */
static double top(linear *m, const thw_batch *b) {
  if (isnan(m->top)) m->top = linear_largest_eigenvalue(m, b, (linear_weight){1.0, 0.0});
  return m->top;
}

static double lipschitz(const linear *m, double size) {
  return fmax(steepest(m) * size + m->l2 + 2.0 * m->nonconvex,
              -(m->kind->slope2_min * size + flattest(m)));
}

static double lipschitz_hess(linear *m, const thw_batch *b) {
  double third = m->kind->slope3_max, max2 = largest_square(m, b);
  if (!m->kind->smooth) return (double)NAN;
  if (m->kind->loss == THWK_GEMAN_MCCLURE) third /= m->loss.scale;
  /* third cumulant of k classes: at most the range, sqrt(2), times the variance, 1/2 */
  if (m->k > 1) third = 0.70710678118654752;
  return third * sqrt(max2) * fmin(top(m, b), max2) +
         2.0 * m->nonconvex * linear_kinds[0].slope3_max;
}

/* V_H = sup E |(H_i - H) u|^2 over unit u and all points. The regulariser is the same for all rows.
 * With s_i = a_i.u, A_i = |a_i|^2 and second derivatives h_i, |h_i| <= c, the mean of the squares
 * alone is at most c^2 E A_i s_i^2. Where h_i >= 0 the square of the mean takes away more: with
 * t = E h_i s_i^2 <= |H u|,
 *   E h_i^2 A_i s_i^2 - t^2 <= E h_i (c A_i - 2 r) s_i^2 + r^2
 *                           <= c E max(0, c A_i - 2 r) s_i^2 + r^2     for any r,
 * and r = c top is best where A_i >= 2 top for all rows, r = c max A_i / 2 where it is for none and
 * the rows are about as long. The same with several margins,
 * where h_i is a matrix. */
static double variance_hess(linear *m, const thw_batch *b) {
  double hi = steepest(m), lo = m->kind->slope2_min, c = fmax(hi, -lo);
  double plain = c * c * linear_largest_eigenvalue(m, b, (linear_weight){0.0, 1.0});
  if (lo < 0.0) return plain;
  double r = 0.5 * c * largest_square(m, b); /* no weight is left */
  plain = fmin(plain, r * r);
  r = c * top(m, b);
  return fmin(plain, c * linear_largest_eigenvalue(m, b, (linear_weight){-2.0 * r, c}) + r * r);
}

/* What is wanted and not yet known. */
static void by_rows(linear *m, const thw_batch *b, thw_facts *f, uint64_t want) {
  if ((want & THW_FACT_LIPSCHITZ) && isnan(f->lipschitz)) f->lipschitz = lipschitz(m, top(m, b));
  if ((want & THW_FACT_LIPSCHITZ_MAX) && isnan(f->lipschitz_max))
    f->lipschitz_max = lipschitz(m, largest_square(m, b));
  if ((want & THW_FACT_LIPSCHITZ_HESS) && isnan(f->lipschitz_hess))
    f->lipschitz_hess = lipschitz_hess(m, b);
  if ((want & THW_FACT_VARIANCE_HESS) && isnan(f->variance_hess))
    f->variance_hess = variance_hess(m, b);
  if ((want & THW_FACT_CONVEXITY) && isnan(f->convexity))
    f->convexity = m->kind->slope2_min * top(m, b) + flattest(m);
}

static void nothing_known(linear *m) {
  thw_facts *f = &m->facts;
  *f = (thw_facts){.size = sizeof *f, .components = m->info.n > 0 ? m->info.n : -1};
  f->lipschitz = f->lipschitz_max = f->lipschitz_hess = (double)NAN;
  f->variance = f->variance_hess = (double)NAN;
  f->lower_bound = 0.0;
  /* what holds whatever the rows are */
  f->convexity = m->kind->convex ? flattest(m) : (double)NAN;
  m->max2 = m->top = (double)NAN;
  m->have_facts = 1;
}

static const uint64_t of_rows = THW_FACT_LIPSCHITZ | THW_FACT_LIPSCHITZ_MAX |
                                THW_FACT_LIPSCHITZ_HESS | THW_FACT_VARIANCE_HESS |
                                THW_FACT_CONVEXITY;

thw_status linear_facts(void *self, thw_facts *out) {
  linear *m = self;
  uint64_t want = THW_HAS(thw_facts, out, want) ? out->want : 0;
  if (want == 0) want = of_rows;
  if (!m->have_facts) nothing_known(m);
  if (m->info.n > 0 && (want & of_rows)) {
    const thw_source_ops *ops = m->source.ops;
    thw_batch *b;
    THW_TRY(ops->take(m->source.self, 0, m->info.n, NULL, 0, &b));
    thw_status status = linear_check(m, b, 0);
    if (status == THW_OK) by_rows(m, b, &m->facts, want);
    ops->release(m->source.self, b);
    if (status != THW_OK) return status;
  }
  /* the host may know a shorter struct; `want` is its own */
  size_t n = out->size < offsetof(thw_facts, want) ? out->size : offsetof(thw_facts, want);
  memcpy((char *)out + sizeof out->size, (const char *)&m->facts + sizeof out->size,
         n - sizeof out->size);
  return THW_OK;
}

/* ---- curvature floor --------------------------------------------------------------------------
 */

/* The Hessian is that of a convex loss and the regulariser's diagonal. */
static thw_status curvature_floor(void *self, const thw_view *x, double *out) {
  const linear *m = self;
  double least = m->intercept ? 0.0 : INFINITY;
  for (int64_t j = 0; j < m->k * m->d; j++) {
    double w =
        x->dtype == THW_F32 ? (double)((const float *)x->data)[j] : ((const double *)x->data)[j];
    double c = linear_bump2(m->nonconvex, w) + m->l2;
    if (!(c >= least)) least = c; /* NaN stays */
  }
  *out = least - 1e-14 * (m->l2 + 2.0 * m->nonconvex);
  return THW_OK;
}

const thw_floor_model linear_floor = {.size = sizeof(thw_floor_model), .floor = curvature_floor};
