/* SPDX-License-Identifier: BSD-3-Clause */
/* Neon2^vr: Oja's iteration in short epochs around a full product mu = H u. Within an epoch only
 * the increment dl is multiplied by samples, H(u + dl) ~ H_I dl + mu, so the noise is proportional
 * to |dl|; and u'mu is the exact Rayleigh quotient at the start of each epoch. */
#include "kernels/curvature/internal.h"

/* mu = H u and z = u'mu. *too_small when |H u| > L |u|: nothing in the iteration would notice an L
 * that is too small, but a full product that is longer than L proves it. */
static thw_status snapshot(curv_run *s, thw_vec *mu, double accept, int *too_small) {
  double z, norm;
  THW_TRY(curv_full(s, s->w->v, 1.0, s->q, mu));
  THW_TRY(thw_dot(s->w->v, mu, &z));
  THW_TRY(thw_norm2(mu, &norm));
  if (!isfinite(norm)) return curv_end(s, CURV_DIVERGED);
  curv_seen(s, z);
  if (z <= -accept) return curv_found(s, z);
  *too_small = norm > 1.01 * s->o->L;
  return THW_OK;
}

/* m sampled steps from u, which is replaced and normalised. */
static thw_status epoch(curv_run *s, const curv_plan *plan, const thw_vec *mu) {
  thw_vec *dl = s->w->b, *hv = s->w->c;
  double norm = 0;
  THW_TRY(thw_fill(dl, 0.0));
  for (int64_t t = 0; t < plan->inner; t++) {
    if (norm > 0) {
      const thw_vec *in[2] = {hv, mu};
      const double c[2] = {-plan->eta, -plan->eta};
      THW_TRY(curv_sampled(s, plan->batch, dl, norm, s->q, hv));
      THW_TRY(thw_lincomb(dl, 1.0, 2, c, in));
    } else { /* HV(0) = 0 */
      THW_TRY(thw_axpy(dl, -plan->eta, mu));
    }
    THW_TRY(thw_norm2(dl, &norm));
    if (!isfinite(norm)) return curv_end(s, CURV_DIVERGED);
  }
  THW_TRY(thw_axpy(s->w->v, 1.0, dl));
  THW_TRY(thw_norm2(s->w->v, &norm));
  if (!isfinite(norm) || !(norm > 0)) return curv_end(s, CURV_DIVERGED);
  return thw_scale(s->w->v, 1 / norm);
}

static thw_status attempt(curv_run *s, int *too_small) {
  curv_plan plan;
  curv_plan_make(CURV_VR, s->o, s->p->n, s->d, &plan);
  THW_TRY(thw_unit_vec(s->w->v, s->p->rng));
  for (int64_t e = 0;; e++) {
    THW_TRY(snapshot(s, s->w->a, plan.acc * s->o->delta, too_small));
    if (*too_small) return THW_OK;
    if (e == plan.steps) return curv_end(s, CURV_BOTTOM);
    s->r->steps += plan.inner;
    THW_TRY(epoch(s, &plan, s->w->a));
  }
}

thw_status curv_run_vr(curv_run *s) {
  curv_options o = *s->o;
  s->o = &o;
  for (;;) {
    int too_small = 0;
    s->r->L = o.L;
    THW_TRY(attempt(s, &too_small));
    if (s->r->restarts == CURV_RESTARTS) return curv_end(s, CURV_DIVERGED);
    s->r->restarts++;
    o.L *= 2;
  }
}
