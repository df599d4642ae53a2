/* SPDX-License-Identifier: BSD-3-Clause */
/* How long the steps are, and what is done when they were too long. */
#include "plugins/optimizers/svrg/svrg.h"

#define GROW 1.25   /* adaptive: after an epoch that brought the gradient down */
#define TOO_FAR 2.0 /* adaptive: growth of its norm that undoes the epoch */
#define LONG                                                                                       \
  4.0 /* objectives that move: a step is long enough that shrinks errors by exp(-LONG)             \
       */

/* For convex sums the mean of b gradients
 * drawn with replacement has the expected smoothness ((b-1) L + Lmax) / b, and a third of its
 * inverse is SAGA's proven step. */
double svrg_base_step(const svrg *s) {
  if (s->p->step > 0.0) return s->p->step;
  double b = (double)s->v.b, L = s->c.L;
  if (!svrg_by_rows(s)) return optim_vr_rule(s->p->c_step, b, (double)s->mean_m, L, s->c.VH);
  double most = s->o.facts.lipschitz_max;
  if (b == 1.0) return 1.0 / (3.0 * most);
  return b / (3.0 * ((b - 1.0) * fmin(L, most) + most));
}

/* ---- adaptive step -------------------------------------------------------------------------- */

/* The base step is safe for the worst row; typical rows bear several times as much. So the step
 * grows while the norm of the full gradient, which every snapshot delivers, keeps falling; it
 * never goes below the base step, with which no epoch is undone.
 *
 * An objective that an outer method moves after each epoch begins far from its minimum each time,
 * and its gradient falls in one epoch even with steps that leave nothing but noise. But convexity
 * makes an epoch shrink errors by exp(-r), r = step convexity m: the step grows after epochs that
 * brought the norm down by half of that rate, or by half, and not beyond r = LONG. */
void svrg_adapt(svrg *s, double norm, int *ok) {
  double enough = 1.0, most = INFINITY;
  *ok = 1;
  if (!s->adaptive || s->norm_s == 0.0) return;
  if (s->followed) {
    double rate = svrg_base_step(s) * s->o.facts.convexity * (double)s->mean_m;
    enough = fmax(0.5, exp(-0.5 * rate * s->growth));
    most = fmax(1.0, LONG / rate);
  }
  if (norm < s->norm_s) {
    if (norm < enough * s->norm_s) s->growth = fmin(s->growth * GROW, most);
    return;
  }
  if (norm > TOO_FAR * s->norm_s && s->growth > 1.0) *ok = 0;
  s->growth = fmax(1.0, 0.5 * s->growth);
}
