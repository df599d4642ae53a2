/* SPDX-License-Identifier: BSD-3-Clause */
/* A chain of saddles:
 *   f(x) = hold |x|^2/2 - sum_{i <= stairs} P_i(x) D(x_i),   P_i = prod_{j < i} s(x_j).
 *
 * s is a gate: 0 at 0, 1 from |t| = 1 on, a polynomial of |t| in between whose first three
 * derivatives vanish at both ends. D(t) = (hold + gamma) c^2/8 (1 - (1 - t^2/c^2)^4) up to |t| = c
 * and constant beyond, with c such that D'(1) = hold; so h(t) = hold t^2/2 - D(t) has curvature
 * -gamma at 0, falls up to |t| = 1 and rises from there.
 *
 * As D and s never fall with |t|, the first coordinate of a critical point is 0 or +-1 (in between,
 * both h and the rest of the sum fall). Where it is 0, no gate behind it is open and all others are
 * held at 0; where it is +-1, the same holds for the second, and so on. So the critical points are
 * m coordinates of +-1 followed by zeros: saddles of curvature -gamma for m < stairs, and minima. A
 * method that waits at 0 for coordinate m + 1 to grow shrinks all later ones meanwhile, at the rate
 * of hold: each stair takes 1 + hold/gamma times as long as all before it, at least. */
#include "kernels/problems/problems.h"

/* Value and derivatives of the gate and of D at t. */
typedef struct shape {
  double s, s1, s2, d, d1, d2;
} shape;

static void gate(double t, shape *p) {
  double a = fabs(t), b = 1 - a;
  p->s = 1;
  p->s1 = p->s2 = 0;
  if (a >= 1) return;
  p->s = a * a * a * a * (35 - a * (84 - a * (70 - 20 * a)));
  p->s1 = copysign(140 * a * a * a * b * b * b, t);
  p->s2 = 420 * a * a * b * b * (1 - 2 * a);
}

static void well(const thwp_staircase *o, double t, shape *p) {
  double top = o->hold + o->gamma, u = t * t / o->c2, b = 1 - u;
  p->d = top * o->c2 / 8;
  p->d1 = p->d2 = 0;
  if (u >= 1) return;
  /* 1 - (1 - u)^4 without cancellation */
  p->d *= u * (4 - u * (6 - u * (4 - u)));
  p->d1 = top * t * b * b * b;
  p->d2 = top * b * b * (1 - 7 * u);
}

/* Room: before[i] = P_i, and after[i] = sum of what follows stair i when its own gate is left out:
 * after[i] = D_{i+1} + s_{i+1} after[i+1]. */
static void eval(const thwp_objective *base, const double *x, double *f, double *g) {
  const thwp_staircase *o = (const thwp_staircase *)(const void *)base;
  shape *p = (shape *)(void *)o->t;
  double *after = o->t + 6 * o->stairs, rest = 0;
  for (int64_t i = o->stairs; i-- > 0;) {
    gate(x[i], &p[i]);
    well(o, x[i], &p[i]);
    after[i] = rest;
    rest = p[i].d + p[i].s * rest;
  }
  if (f) *f = o->hold * thwp_dot(base->d, x, x) / 2 - rest;
  if (!g) return;
  for (int64_t i = 0; i < base->d; i++) g[i] = o->hold * x[i];
  double open = 1;
  for (int64_t i = 0; i < o->stairs; i++) {
    g[i] -= open * (p[i].d1 + p[i].s1 * after[i]);
    open *= p[i].s;
  }
}

/* The derivative of eval's recursions along v. */
static void hvp(const thwp_objective *base, const double *x, const double *v, double *hv) {
  const thwp_staircase *o = (const thwp_staircase *)(const void *)base;
  shape *p = (shape *)(void *)o->t;
  double *after = o->t + 6 * o->stairs, *dafter = after + o->stairs, rest = 0, drest = 0;
  for (int64_t i = o->stairs; i-- > 0;) {
    gate(x[i], &p[i]);
    well(o, x[i], &p[i]);
    after[i] = rest;
    dafter[i] = drest;
    drest = p[i].d1 * v[i] + p[i].s1 * v[i] * rest + p[i].s * drest;
    rest = p[i].d + p[i].s * rest;
  }
  for (int64_t i = 0; i < base->d; i++) hv[i] = o->hold * v[i];
  double open = 1, dopen = 0;
  for (int64_t i = 0; i < o->stairs; i++) {
    hv[i] -= dopen * (p[i].d1 + p[i].s1 * after[i]) +
             open * (p[i].d2 * v[i] + p[i].s2 * v[i] * after[i] + p[i].s1 * dafter[i]);
    dopen = dopen * p[i].s + open * p[i].s1 * v[i];
    open *= p[i].s;
  }
}

int64_t thwp_staircase_room(int64_t stairs) {
  return thwp_padded(8 * stairs);
}

void thwp_staircase_init(thwp_staircase *s, int64_t d, int64_t stairs, double hold, double gamma,
                         double *room) {
  *s = (thwp_staircase){.o = {d, 40.0 * (double)stairs + 4.0 * (double)d, eval, hvp, NULL},
                        .stairs = stairs,
                        .hold = hold,
                        .gamma = gamma,
                        .c2 = 1 / (1 - cbrt(hold / (hold + gamma))),
                        .t = room};
}

double thwp_staircase_drop(const thwp_staircase *s) {
  shape p;
  well(s, 1, &p);
  return p.d - s->hold / 2;
}

/* Largest row sums of the entries' bounds, of second and third derivatives. The constants are the
 * maxima of |s'|, |s''|, |s'''| and, for D, of t (1 - t^2)^3 and of the derivative of
 * (1 - t^2)^2 (1 - 7 t^2). */
void thwp_staircase_bounds(const thwp_staircase *s, double *L, double *L2) {
  static const double s1 = 2.1875, s2 = 7.5132, s3 = 52.5;
  double top = s->hold + s->gamma, c = sqrt(s->c2);
  double d0 = top * s->c2 / 8, d1 = 0.23803 * c * top, d2 = top, d3 = 3.96 * top / c;
  int64_t k = s->stairs;
  *L = s->hold;
  *L2 = 0;
  for (int64_t j = 0; j < k; j++) {
    double after_j = (double)(k - 1 - j) * d0, row = s->hold + d2 + s2 * after_j;
    double sum = d3 + s3 * after_j;
    for (int64_t l = 0; l < k; l++) {
      if (l == j) continue;
      int64_t hi = l > j ? l : j;
      double after = (double)(k - 1 - hi) * d0;
      row += s1 * (d1 + s1 * after);
      /* entries jjl, jll and their mirror images */
      sum += 3 * fmax(s2 * (d1 + s1 * after), s1 * (d2 + s2 * after));
      for (int64_t m = 0; m < k; m++) {
        if (m == j || m == l) continue;
        int64_t top3 = m > hi ? m : hi;
        sum += s1 * s1 * (d1 + s1 * (double)(k - 1 - top3) * d0);
      }
    }
    *L = fmax(*L, row);
    *L2 = fmax(*L2, sum);
  }
}
