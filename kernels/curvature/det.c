/* SPDX-License-Identifier: BSD-3-Clause */
/* Neon2^det: Chebyshev iteration on M(y) = y - (2/beta) (H y + w delta y), which maps the spectrum
 * above -w delta into [-1, 1] and -delta beyond 1, where the polynomials grow like exp(t theta).
 *
 * y_{t+1} = 2 M y_t - y_{t-1} from y_0 = 0 are polynomials of the second kind, U_{t-1}(M) y_1;
 * e_t = M y_t - y_{t-1} are those of the first, T_t(M) y_1, bounded by 1 on [-1, 1]: an e_t longer
 * than kappa has nearly all of its length along eigenvalues below -w delta. */
#include "kernels/curvature/internal.h"

typedef struct det {
  curv_plan plan;
  double delta, accept; /* found at v'Hv <= -accept */
  double lg;            /* log of what y and yprev were divided by */
  double norm;          /* of y, without lg */
  double thr;           /* log of the length of e that triggers a test */
  thw_vec *y, *yprev, *h;
} det;

static double radius(const curv_run *s, const det *d, double log_growth) {
  return s->o->probe == CURV_PROBE_LITERAL ? curv_literal_radius(s->o, d->plan.kappa, log_growth)
                                           : s->q;
}

/* h = H y, and the Rayleigh quotient of y for free. */
static thw_status multiply(curv_run *s, det *d, int64_t t) {
  double yh[2];
  if (d->norm == 0) return thw_fill(d->h, 0.0);
  THW_TRY(curv_full(s, d->y, d->norm, radius(s, d, d->lg + log(d->norm)), d->h));
  const thw_vec *in[2] = {d->y, d->h};
  THW_TRY(d->h->ops->dotn(d->h, 2, in, yh));
  if (!isfinite(yh[1])) return curv_end(s, CURV_DIVERGED);
  if (t == 1 || !s->o->free_test) return THW_OK;
  double z = yh[0] / (d->norm * d->norm);
  curv_seen(s, z);
  if (!(z <= -d->accept)) return THW_OK;
  THW_TRY(thw_axpby(s->w->v, 1.0 / d->norm, d->y, 0.0));
  return curv_found(s, z);
}

/* Rayleigh quotient of e / |e|. *too_small is set when L turns out to be. `e` is in yprev, and
 * overwritten. */
static thw_status test(curv_run *s, det *d, double norm, double a, int *too_small) {
  double z;
  thw_vec *v = s->w->v, *hv = d->yprev;
  THW_TRY(thw_axpby(v, 1.0 / norm, d->yprev, 0.0));
  THW_TRY(curv_full(s, v, 1.0, radius(s, d, a), hv));
  THW_TRY(thw_dot(v, hv, &z));
  if (!isfinite(z)) return curv_end(s, CURV_DIVERGED);
  curv_seen(s, z);
  if (z <= -d->accept) return curv_found(s, z);
  *too_small = z > 0;
  d->thr = a + log(4.0);
  return THW_OK;
}

/* One step: y_{t+1} and y_t take the places of y_t and y_{t-1}. */
static thw_status advance(curv_run *s, det *d, int *too_small) {
  double c = 2 / d->plan.beta, norm;
  /* h becomes M y, yprev becomes e */
  THW_TRY(thw_axpby(d->h, 1 - c * s->o->w * d->delta, d->y, -c));
  THW_TRY(thw_axpby(d->yprev, 1.0, d->h, -1.0));
  THW_TRY(thw_norm2(d->yprev, &norm));
  if (!isfinite(norm)) return curv_end(s, CURV_DIVERGED);
  THW_TRY(thw_axpy(d->h, 1.0, d->yprev));
  double a = log(norm) + d->lg;
  if (a >= d->thr) THW_TRY(test(s, d, norm, a, too_small));
  thw_vec *y = d->y;
  d->y = d->h;
  d->h = d->yprev;
  d->yprev = y;
  return THW_OK;
}

/* Both vectors by the same number: the recurrence is linear. */
static thw_status rescale(curv_run *s, det *d) {
  THW_TRY(thw_norm2(d->y, &d->norm));
  if (!isfinite(d->norm)) return curv_end(s, CURV_DIVERGED);
  if ((d->norm <= 1e6 && d->norm >= 1e-6) || d->norm == 0) return THW_OK;
  THW_TRY(thw_scale(d->y, 1 / d->norm));
  THW_TRY(thw_scale(d->yprev, 1 / d->norm));
  d->lg += log(d->norm);
  d->norm = 1;
  return THW_OK;
}

/* One attempt with the L in force; *too_small: start again with twice that. */
static thw_status attempt(curv_run *s, int *too_small) {
  det d = {.delta = s->o->delta, .norm = 1, .y = s->w->a, .yprev = s->w->b, .h = s->w->c};
  curv_plan_make(CURV_DET, s->o, s->p->n, s->d, &d.plan);
  d.accept = d.plan.acc * d.delta;
  d.thr = log(d.plan.kappa);
  THW_TRY(thw_unit_vec(d.y, s->p->rng));
  THW_TRY(thw_fill(d.yprev, 0.0));
  *too_small = 0;
  for (int64_t t = 1; t <= d.plan.steps; t++) {
    s->r->steps = t;
    THW_TRY(multiply(s, &d, t));
    THW_TRY(advance(s, &d, too_small));
    if (*too_small) return THW_OK;
    THW_TRY(rescale(s, &d));
  }
  return curv_end(s, CURV_BOTTOM);
}

thw_status curv_run_det(curv_run *s) {
  curv_options o = *s->o;
  s->o = &o;
  for (;;) {
    int too_small;
    s->r->L = o.L;
    THW_TRY(attempt(s, &too_small));
    if (s->r->restarts == CURV_RESTARTS) return curv_end(s, CURV_DIVERGED);
    s->r->restarts++;
    o.L *= 2;
  }
}
