/* SPDX-License-Identifier: BSD-3-Clause */
/* Another objective, and beside it a long valley: the last coordinate t brings slope (sqrt(1 + t^2)
 * - 1), whose gradient is about `slope` until |t| is about 1. A method with steps of 1/L goes
 * slope/L in each, so that 1/slope takes it L/slope^2: with a slope just above epsilon that is the
 * worst case L D_f/epsilon^2 of gradient descent, with D_f = 1. */
#include "kernels/problems/problems.h"

static const thwp_valley *of(const thwp_objective *o) {
  return (const thwp_valley *)(const void *)o;
}

static void eval(const thwp_objective *o, const double *x, double *f, double *g) {
  const thwp_valley *v = of(o);
  double t = x[o->d - 1], root = sqrt(1 + t * t);
  v->other->eval(v->other, x, f, g);
  if (f) *f += v->slope * t * t / (1 + root);
  if (g) g[o->d - 1] = v->slope * t / root;
}

static void hvp(const thwp_objective *o, const double *x, const double *u, double *hu) {
  const thwp_valley *v = of(o);
  double t = x[o->d - 1], s = 1 + t * t;
  v->other->hvp(v->other, x, u, hu);
  hu[o->d - 1] = v->slope * u[o->d - 1] / (s * sqrt(s));
}

static void diff(const thwp_objective *o, const double *x, const double *y, double *out) {
  const thwp_valley *v = of(o);
  double t = x[o->d - 1], u = y[o->d - 1], a = sqrt(1 + t * t), b = sqrt(1 + u * u);
  v->other->diff(v->other, x, y, out);
  out[o->d - 1] =
      v->slope * (t * u > 0 ? (t - u) * (t + u) / (a * b * (t * b + u * a)) : t / a - u / b);
}

void thwp_valley_init(thwp_valley *v, const thwp_objective *other, double slope) {
  *v = (thwp_valley){
      .o = {other->d + 1, other->work, eval, hvp, diff}, .other = other, .slope = slope};
}
