/* SPDX-License-Identifier: BSD-3-Clause */
/* How long the steps are, and what is done when they were too long. */
#include <stdio.h>

#include "plugins/optimizers/svrg/svrg.h"

#define GROW 1.25   /* adaptive: after an epoch that brought the gradient down */
#define TOO_FAR 2.0 /* adaptive: growth of its norm that undoes the epoch */
#define ATTEMPTS 20 /* epochs in a row that the guard may reject */
#define RECOVER 1.1 /* of the guard's multiplier after an accepted epoch */

/* variance-reduction.md section 3 for the general case. For convex sums the mean of b gradients
 * drawn with replacement has the expected smoothness ((b-1) L + Lmax) / b, and a third of its
 * inverse is SAGA's proven step. */
double svrg_base_step(const svrg *s) {
  if (s->p->step > 0.0) return s->p->step;
  double b = (double)s->b, m = (double)s->mean_m, L = s->c.L, VH = s->c.VH;
  if (svrg_by_rows(s)) {
    double most = s->o.facts.lipschitz_max;
    return b / (3.0 * ((b - 1.0) * fmin(L, most) + most));
  }
  double cap = 0.5 / L;
  if (!(VH > 0.0)) return cap;
  return fmin(s->p->c_step * cbrt(b / (VH * L * m * m)), cap);
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

/* ---- guard ---------------------------------------------------------------------------------- */

/* The stream is copied, so that the rows are the same each time. */
thw_status svrg_guard_value(const svrg *s, const thw_vec *x, double *f) {
  thw_rng r = s->guard;
  int64_t rows = 0, n = s->o.n <= s->p->guard_batch ? 0 : s->p->guard_batch;
  return optim_sample(&s->o, &r, THW_DRAW_SUBSET, n, x, f, NULL, &rows);
}

/* neon2.md section 10. */
thw_status svrg_guard_end(svrg *s, int finite, int *ok) {
  *ok = 1;
  if (!s->guarded) return THW_OK;
  double f = INFINITY;
  if (finite) {
    thw_status st = svrg_guard_value(s, s->x, &f);
    if (st == THW_E_NONFINITE || st == THW_RETRY)
      f = INFINITY;
    else
      THW_TRY(st);
  }
  if (f - s->f_guard <= s->p->guard_tol * fabs(s->f_guard) + 1e-12) {
    s->mult = fmin(1.0, RECOVER * s->mult);
    s->in_a_row = 0;
    return THW_OK;
  }
  *ok = 0;
  s->mult *= 0.5;
  s->rejected++;
  if (++s->in_a_row < ATTEMPTS) return THW_OK;
  return optim_fail(&s->o, THW_E_NONFINITE,
                    "svrg: %d epochs in a row ended with f risen by more than %g %%, the last with "
                    "step %g: is the gradient right? (thalweg verify checks it)",
                    ATTEMPTS, 100.0 * s->p->guard_tol, s->eta);
}
