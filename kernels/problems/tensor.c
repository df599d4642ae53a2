/* SPDX-License-Identifier: BSD-3-Clause */
/* f(u) = -sum_i (a_i.u)^4/4 + |u|^4/2 - |u|^2/2, with a_i an orthonormal basis: in the coordinates
 * v_i = a_i.u the gradient is -v_i^3 + (2|v|^2 - 1) v_i. Where m of the v_i are not zero, a
 * critical point has v_i^2 = 1/(2m - 1) for these, f = -m/(4 (2m - 1)), and a least eigenvalue of
 * -2/(2m - 1), except m = 1, which are the minima, and m = 0, a maximum. */
#include "kernels/problems/problems.h"

static void to_basis(const thwp_tensor *t, const double *u, double *v) {
  thwp_multiply(&t->basis, 0, t->o.d, u, v);
}

static void eval(const thwp_objective *o, const double *x, double *f, double *g) {
  const thwp_tensor *t = (const thwp_tensor *)(const void *)o;
  double s, fourth = 0;
  to_basis(t, x, t->v);
  s = thwp_dot(o->d, t->v, t->v);
  for (int64_t i = 0; i < o->d; i++) {
    double v = t->v[i];
    fourth += v * v * v * v;
    t->v[i] = v * (2 * s - 1 - v * v);
  }
  if (f) *f = s * s / 2 - s / 2 - fourth / 4;
  if (g) thwp_multiply_transposed(&t->basis, t->v, g);
}

static void hvp(const thwp_objective *o, const double *x, const double *v, double *hv) {
  const thwp_tensor *t = (const thwp_tensor *)(const void *)o;
  to_basis(t, x, t->v);
  to_basis(t, v, t->w);
  double s = thwp_dot(o->d, t->v, t->v), c = thwp_dot(o->d, t->v, t->w);
  for (int64_t i = 0; i < o->d; i++)
    t->w[i] = (2 * s - 1 - 3 * t->v[i] * t->v[i]) * t->w[i] + 4 * c * t->v[i];
  thwp_multiply_transposed(&t->basis, t->w, hv);
}

int64_t thwp_tensor_room(int64_t d) {
  return 2 * thwp_padded(d);
}

void thwp_tensor_init(thwp_tensor *t, int64_t d, const double *basis, double *room) {
  *t = (thwp_tensor){.o = {d, 4.0 * (double)d * (double)d, eval, hvp, NULL},
                     .basis = thwp_matrix_of(basis, d, d)};
  t->v = thwp_take(&room, d);
  t->w = thwp_take(&room, d);
}
