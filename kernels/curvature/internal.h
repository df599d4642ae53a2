/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/curvature/internal.h - what the files of the library share: one search in progress, its
 * products with the Hessian, and how a search ends in the middle. */
#ifndef CURVATURE_INTERNAL_H
#define CURVATURE_INTERNAL_H

#include <math.h>

#include "kernels/curvature/curvature.h"

/* A search that has its answer unwinds with this; it never leaves the library. */
#define CURV_END 0x10000

/* Rows of the fixed batch on which constants and the best probe radius are measured, and of the one
 * that says whether the default radius will do. */
#define CURV_BATCH 512
#define CURV_PILOT 64
/* Power iterations, and the factor on what they deliver. */
#define CURV_POWER_STEPS 12
#define CURV_POWER_MARGIN 1.2
#define CURV_RESTARTS 6
/* Part of p that krylov's certificate uses. */
#define CURV_KEPT 0.8
/* delta over the error of products at which the default radius is not improved upon. */
#define CURV_GOOD_ENOUGH 32

typedef struct curv_run {
  const curv_problem *p;
  const curv_options *o; /* with L and V_H as in force */
  curv_work *w;
  curv_result *r;
  const thw_vec *g0; /* full gradient at x0 once there is one, else NULL */
  int64_t d;
  double q; /* probe radius of normalised products */
} curv_run;

/* Ends the search: status into the result. */
thw_status curv_end(curv_run *s, curv_status status);
/* Reserves `gradients` of the budget and books them, or ends the search. */
thw_status curv_spend(curv_run *s, int64_t gradients);
/* Turns a guard's "not finite" into the answer CURV_DIVERGED. */
thw_status curv_guard(curv_run *s, thw_status st);

/* g0 is there afterwards. */
thw_status curv_need_g0(curv_run *s);
/* hv = H w by the whole sum; |w| = norm > 0, x0 is probed at distance `radius`. Cost n. */
thw_status curv_full(curv_run *s, const thw_vec *w, double norm, double radius, thw_vec *hv);
/* The same on a batch. Cost 2 batch->n. */
thw_status curv_on_batch(curv_run *s, const thw_batch *batch, const thw_vec *w, double norm,
                         double radius, thw_vec *hv);
/* Draws a mini-batch with replacement, multiplies, releases. */
thw_status curv_sampled(curv_run *s, int64_t rows, const thw_vec *w, double norm, double radius,
                        thw_vec *hv);

/* Radius at which the papers' literal form would probe a vector grown by exp(log_growth). */
double curv_literal_radius(const curv_options *o, double kappa, double log_growth);

/* Records z = v'Hv of a unit vector. */
void curv_seen(curv_run *s, double z);
/* Unit vector `v` with v'Hv = z is the answer. */
thw_status curv_found(curv_run *s, double z);

/* Part j of k of a batch. */
thw_batch curv_part(const thw_batch *b, int64_t j, int64_t k);

/* AUTO_Q: sets s->q and the result's q and probe_error; CURV_PRECISION ends the search. The default
 * radius is kept where it is good enough. Measured along w, a unit vector, or NULL: a random one;
 * *made: the product of the whole sum with w is in work.b. */
thw_status curv_probe_radius(curv_run *s, const thw_vec *w, int *made);
double curv_roundoff(const thw_space *space);

thw_status curv_measure_lipschitz(curv_run *s, double *L);
thw_status curv_measure_variance(curv_run *s, double *V_H);

thw_status curv_run_det(curv_run *s);
thw_status curv_run_vr(curv_run *s);
thw_status curv_run_online(curv_run *s);
thw_status curv_run_svrg(curv_run *s);
thw_status curv_run_krylov(curv_run *s);

/* Another shift for svrg's plan: steps and growth follow, the epochs stay. */
void curv_plan_shift(const curv_options *o, int64_t d, double shift, curv_plan *out);

#endif
