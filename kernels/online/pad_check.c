/* SPDX-License-Identifier: BSD-3-Clause */
/* The two guarantees of a projection, tried on the point it has found. */
#include <cblas.h>
#include <math.h>
#include <string.h>

#include "kernels/online/pad.h"

/* The half-spaces found push z away from y into the cone: their part of the push goes into
 * s->direction. What the given ones contribute is at most this. */
static double split_push(on_pad *s, const double *y) {
  double given = 0;
  for (int64_t i = 0; i < s->n; i++)
    s->direction[i] = s->o.mirror.kind == ON_EUCLID ? s->z[i] - y[i] : s->push[i];
  for (int64_t j = 0; j < s->c.known && j < s->n_lambda; j++) {
    if (s->lambda[j] == 0) continue;
    cblas_daxpy((int)s->n, -s->lambda[j], s->c.row + j * (s->n + 1), 1, s->direction, 1);
    given += s->lambda[j] * s->c.rhs[j];
  }
  for (int64_t i = 0; i < s->n; i++) {
    int free_sign = s->facts->free_sign && s->facts->free_sign[i];
    if (s->direction[i] < 0 && !free_sign) s->direction[i] = 0; /* rounding */
  }
  return given;
}

/* |z|^2/2 - |y|^2/2, or in the dual of a mirror map phi*(z) - phi*(y). */
static double rise(const on_pad *s, const double *y, double *scale) {
  const on_mirror *m = &s->o.mirror;
  double sum = 0, size = 0;
  for (int64_t i = 0; i < s->n; i++) {
    double to = m->kind == ON_EUCLID ? s->z[i] : s->dual[i];
    double a = on_mirror_conjugate(m, to), b = on_mirror_conjugate(m, y[i]);
    sum += a - b;
    size += fabs(a) + fabs(b);
  }
  *scale = fmax(1, size);
  return sum;
}

/* D(x, z) - D(x, y) = phi*(z) - phi*(y) - (z - y).x in terms of duals, which is largest over alpha
 * K at a true minimiser in the direction z - y. */
thw_status on_pad_check(on_pad *s, const double *y, double eps) {
  double scale, allowed = 0, farther = rise(s, y, &scale);
  if (s->residual_norm > eps * (1 + 1e-9)) s->counts.p2++;
  farther -= split_push(s, y);
  thw_linear_query q = {.size = sizeof q, .c = s->direction};
  thw_linear_answer a = {.size = sizeof a};
  thw_status st = thw_linear_(s->oracle)->exact(s->oracle->self, &q, &a);
  if (st == THW_E_UNSUPPORTED) return THW_OK;
  if (st != THW_OK) return st;
  double least = a.x->ops->dot(a.x, s->direction), alpha = s->facts->factor;
  if (s->o.projection == ON_ELLIPSOID) {
    double far = 0;
    a.x->ops->vector(a.x, s->spare);
    for (int64_t i = 0; i < s->n; i++)
      far += (alpha * s->spare[i] - y[i]) * (alpha * s->spare[i] - y[i]);
    allowed = eps * sqrt(far) + 0.5 * eps * eps;
  }
  thw_release(a.x);
  farther = 2 * (farther - alpha * least - allowed);
  s->worst_p1 = fmax(s->worst_p1, farther);
  if (farther > 1e-9 * scale) s->counts.p1++;
  return THW_OK;
}
