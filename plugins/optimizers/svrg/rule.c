/* SPDX-License-Identifier: BSD-3-Clause */
/* How long the steps are, and what is done when they were too long. */
#include <stdio.h>

#include "plugins/optimizers/svrg/svrg.h"

#define GROW 1.25   /* adaptive: after an epoch that brought the gradient down */
#define TOO_FAR 2.0 /* adaptive: growth of its norm that undoes the epoch */
#define ATTEMPTS 20 /* epochs in a row that the guard may reject */
#define RECOVER 1.1 /* of the guard's multiplier after an accepted epoch */

/* ---- constants ------------------------------------------------------------------------------ */

static thw_status estimate(svrg *s, int want_L, int want_VH, optim_meter *m) {
  if (want_L) THW_TRY(optim_estimate_L(&s->o, &s->probe, s->x, &s->L, &m->used));
  if (want_VH) {
    double vh;
    THW_TRY(optim_estimate_VH(&s->o, &s->probe, s->x, &vh, &m->used));
    s->VH = fmax(vh, 0.7 * s->VH);
  }
  return THW_OK;
}

thw_status svrg_constants(svrg *s, optim_meter *m) {
  const thw_facts *f = &s->o.facts;
  int stale = s->estimated && s->p->reestimate > 0 && s->since_estimate >= s->p->reestimate;
  if ((s->have_constants && !stale) || s->p->step > 0.0) return THW_OK;
  s->have_constants = 1;
  s->since_estimate = 0;
  int need_L = 0, need_VH = 0;
  if (s->p->lipschitz > 0.0)
    s->L = s->p->lipschitz;
  else if (optim_known(f->lipschitz))
    s->L = f->lipschitz;
  else
    need_L = 1;
  s->Lmax = f->lipschitz_max;
  if (s->p->variance_hess > 0.0)
    s->VH = s->p->variance_hess;
  else if (!isnan(f->variance_hess) && f->variance_hess >= 0.0)
    s->VH = f->variance_hess;
  else
    need_VH = !(s->convex && optim_known(s->Lmax));
  s->estimated = need_L || need_VH;
  if (!s->estimated) return THW_OK;
  s->o.host->stage(s->o.ctx, "estimate");
  thw_status st = estimate(s, need_L, need_VH, m);
  s->o.host->stage(s->o.ctx, NULL);
  return st;
}

/* variance-reduction.md section 3 for the general case. For convex sums the mean of b gradients
 * drawn with replacement has the expected smoothness ((b-1) L + Lmax) / b, and a third of its
 * inverse is SAGA's proven step. */
double svrg_base_step(const svrg *s) {
  if (s->p->step > 0.0) return s->p->step;
  double b = (double)s->b, m = (double)s->mean_m;
  if (s->convex && optim_known(s->Lmax))
    return b / (3.0 * ((b - 1.0) * fmin(s->L, s->Lmax) + s->Lmax));
  double cap = 0.5 / s->L;
  if (!(s->VH > 0.0)) return cap;
  return fmin(s->p->c_step * cbrt(b / (s->VH * s->L * m * m)), cap);
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
  if (s->o.n <= s->p->guard_batch) return thw_oracle_eval(&s->o.oracle, x, NULL, f, NULL);
  return optim_sample(&s->o, &r, THW_DRAW_SUBSET, s->p->guard_batch, x, f, NULL);
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
