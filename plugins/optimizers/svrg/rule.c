/* SPDX-License-Identifier: BSD-3-Clause */
/* How long the steps are, and what is done when they were too long. */
#include "plugins/optimizers/svrg/svrg.h"

#define GROW 1.25   /* adaptive: after an epoch that brought the gradient down */
#define TOO_FAR 2.0 /* adaptive: growth of its norm that undoes the epoch */

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
 * never goes below the base step, with which no epoch is undone. */
void svrg_adapt(svrg *s, double norm, int *ok) {
  *ok = 1;
  if (!s->adaptive || s->norm_s == 0.0) return;
  if (norm < s->norm_s) {
    s->growth *= GROW;
    return;
  }
  if (norm > TOO_FAR * s->norm_s && s->growth > 1.0) *ok = 0;
  s->growth = fmax(1.0, 0.5 * s->growth);
}
