/* SPDX-License-Identifier: BSD-3-Clause */
/* Neon2^svrg: shift and invert. Chebyshev iteration as in det, on M = 2R - 1 with the resolvent
 *     R = shift (shift + H + (3/4) delta)^-1,
 * which maps eigenvalues above -(3/4) delta into (0, 1] and -delta beyond 1, by far more than a
 * polynomial of the same degree in H does. R y is a linear system whose matrix is the mean of n
 * well-conditioned ones: it is solved by SVRG, each epoch a full product and cheap sampled ones. */
#include "kernels/curvature/internal.h"

#define EPOCHS 30   /* of one system */
#define RUNAWAY 1e3 /* growth of the residual that says: not positive definite, or eta too long */
#define OVERFLOW_AT 1e6

typedef struct svrg {
  curv_plan plan;
  double accept, lg, thr; /* lg: log of what y and yprev were divided by */
  thw_vec *y, *yprev, *w; /* w: the solution, warm */
  thw_vec *mu, *dl, *hv;
  double z, ww; /* of w: Rayleigh quotient, squared length */
} svrg;

/* mu = (H + sh) w - shift y, the residual, and z on the way. */
static thw_status residual(curv_run *s, svrg *a, double sh, double *norm) {
  double wh;
  THW_TRY(thw_dot(a->w, a->w, &a->ww));
  if (!isfinite(a->ww) || !(a->ww > 0)) return curv_end(s, CURV_DIVERGED);
  THW_TRY(curv_full(s, a->w, sqrt(a->ww), s->q, a->mu));
  THW_TRY(thw_dot(a->w, a->mu, &wh));
  a->z = wh / a->ww;
  const thw_vec *in[2] = {a->w, a->y};
  const double c[2] = {sh, -a->plan.shift};
  THW_TRY(thw_lincomb(a->mu, 1.0, 2, c, in));
  return thw_norm2(a->mu, norm);
}

/* m sampled steps on the increment: H_I meets dl alone, at the full probe radius. */
static thw_status epoch(curv_run *s, svrg *a, double sh) {
  double eta = a->plan.eta, norm = 0;
  THW_TRY(thw_fill(a->dl, 0.0));
  for (int64_t t = 0; t < a->plan.inner; t++) {
    if (norm > 0) {
      const thw_vec *in[2] = {a->hv, a->mu};
      const double c[2] = {-eta, -eta};
      THW_TRY(curv_sampled(s, a->plan.batch, a->dl, norm, s->q, a->hv));
      THW_TRY(thw_lincomb(a->dl, 1 - eta * sh, 2, c, in));
    } else {
      THW_TRY(thw_axpy(a->dl, -eta, a->mu));
    }
    THW_TRY(thw_norm2(a->dl, &norm));
    if (!isfinite(norm)) return THW_OK; /* the residual will show it */
  }
  s->r->steps += a->plan.inner;
  return thw_axpy(a->w, 1.0, a->dl);
}

/* w = R y. *ok = 0: no convergence. */
static thw_status solve(curv_run *s, svrg *a, int *ok) {
  const double sh = a->plan.shift + 0.75 * s->o->delta;
  double rhs, norm, first = 0, tol = fmin(0.05, 0.25 / ((double)a->plan.steps + 1));
  THW_TRY(thw_norm2(a->y, &rhs));
  rhs *= a->plan.shift;
  *ok = 0;
  for (int k = 0; k < EPOCHS; k++) {
    THW_TRY(residual(s, a, sh, &norm));
    if (k == 0) first = norm;
    *ok = norm <= tol * rhs;
    if (*ok || !isfinite(norm) || norm > RUNAWAY * fmax(rhs, first)) return THW_OK;
    THW_TRY(epoch(s, a, sh));
  }
  return THW_OK;
}

/* Rayleigh quotient of e / |e|; e is in yprev. */
static thw_status test(curv_run *s, svrg *a, double norm, double grown, int *ok) {
  double z;
  THW_TRY(thw_axpby(a->dl, 1 / norm, a->yprev, 0.0));
  THW_TRY(curv_full(s, a->dl, 1.0, s->q, a->hv));
  THW_TRY(thw_dot(a->dl, a->hv, &z));
  if (!isfinite(z)) return curv_end(s, CURV_DIVERGED);
  curv_seen(s, z);
  if (z <= -a->accept) {
    THW_TRY(thw_copy(s->w->v, a->dl));
    return curv_found(s, z);
  }
  *ok = !(z > 0); /* nothing but inexact solutions grows along positive curvature */
  a->thr = grown + log(4.0);
  return THW_OK;
}

static thw_status found_by_solve(curv_run *s, svrg *a) {
  curv_seen(s, a->z);
  if (!isfinite(a->z) || !(a->z <= -a->accept)) return THW_OK;
  THW_TRY(thw_axpby(s->w->v, 1 / sqrt(a->ww), a->w, 0.0));
  return curv_found(s, a->z);
}

/* y_{t+1} = 2 M y_t - y_{t-1}, and where the next solution is expected. */
static thw_status advance(curv_run *s, svrg *a, int *ok) {
  double norm;
  const thw_vec *we[2] = {a->w, a->y};
  const double e[2] = {2, -1};
  THW_TRY(thw_lincomb(a->yprev, -1.0, 2, e, we));
  THW_TRY(thw_norm2(a->yprev, &norm));
  if (!isfinite(norm)) return curv_end(s, CURV_DIVERGED);
  double grown = log(norm) + a->lg;
  if (grown >= a->thr) THW_TRY(test(s, a, norm, grown, ok));
  if (!*ok) return THW_OK;
  THW_TRY(thw_lincomb(a->yprev, 1.0, 2, e, we)); /* 2w - y + e */
  const thw_vec *next[2] = {a->yprev, a->y};
  const double c[2] = {1, -1};
  THW_TRY(thw_lincomb(a->w, 1.0, 2, c, next));
  thw_vec *y = a->y;
  a->y = a->yprev;
  a->yprev = y;
  THW_TRY(thw_norm2(a->y, &norm));
  if (!isfinite(norm)) return curv_end(s, CURV_DIVERGED);
  if (norm <= OVERFLOW_AT) return THW_OK;
  THW_TRY(thw_scale(a->y, 1 / norm));
  THW_TRY(thw_scale(a->yprev, 1 / norm));
  a->lg += log(norm);
  return thw_scale(a->w, 1 / norm);
}

static thw_status attempt(curv_run *s, svrg *a) {
  a->lg = 0;
  a->thr = log(a->plan.kappa);
  THW_TRY(thw_unit_vec(a->y, s->p->rng));
  THW_TRY(thw_fill(a->yprev, 0.0));
  THW_TRY(thw_copy(a->w, a->y));
  for (int64_t t = 0; t < a->plan.steps; t++) {
    int ok = 0;
    THW_TRY(solve(s, a, &ok));
    THW_TRY(found_by_solve(s, a));
    if (ok) THW_TRY(advance(s, a, &ok));
    if (!ok) return THW_OK;
  }
  return curv_end(s, CURV_BOTTOM);
}

thw_status curv_run_svrg(curv_run *s) {
  svrg a = {.y = s->w->a, .yprev = s->w->b, .mu = s->w->c, .w = s->w->v};
  a.dl = s->w->d, a.hv = s->w->e;
  double halved = 1, raised = 1;
  s->r->L = s->o->L;
  for (;;) {
    curv_plan_make(CURV_SVRG, s->o, s->p->n, s->d, &a.plan);
    if (raised > 1) curv_plan_shift(s->o, s->d, raised * a.plan.shift, &a.plan);
    a.plan.eta *= halved;
    a.plan.inner = (int64_t)fmin((double)a.plan.inner / halved, 1e15);
    a.accept = a.plan.acc * s->o->delta;
    THW_TRY(attempt(s, &a));
    if (s->r->restarts == CURV_RESTARTS) return curv_end(s, CURV_DIVERGED);
    halved /= 2;
    if (++s->r->restarts % 2 == 0) raised *= 2;
  }
}
