/* SPDX-License-Identifier: BSD-3-Clause */
/* The inner loop of variance-reduced methods,
 *     x = x - step ( g_I(x) - g_I(s) + mu + shift (x - centre) + pen(x) ),
 * one step at a time, or many in the fused loop of the oracle where mu is the gradient of the whole
 * sum and there is no penalty. */
#ifndef KERNELS_OPTIM_VR_H
#define KERNELS_OPTIM_VR_H

#include "kernels/optim/optim.h"

typedef struct optim_vr {
  const thw_vr *fused;     /* of the oracle, or NULL                                           */
  void *snap;              /* its snapshot at s, or NULL: step by step                         */
  thw_vec *x, *s, *mu, *d; /* d: scratch                                                   */
  thw_vec *centre;         /* of the shift and of the sum                                  */
  thw_vec *sum; /* or NULL; sum of x_t - centre over the iterates before each step: differences,
                   because in single precision a sum of many like points loses their digits */
  thw_rng draw;
  int64_t b, chunk; /* rows of a mini-batch; steps of a piece                              */
  double step, shift;
  /* pen(x) = 2 weight (1 - radius/|x - s|) (x - s) where |x - s| > radius, else 0 */
  double radius, weight;
} optim_vr;

/* min( c (b / (V_H L m^2))^(1/3), 0.5/L ): m steps of b rows from a snapshot descend
 * (variance-reduction.md, section 3). */
double optim_vr_rule(double c, double b, double m, double L, double VH);

/* In start. The vectors are the caller's to set. */
void optim_vr_start(optim_vr *v, const optim *o, int64_t b, int fused);
/* Mini-batches of b rows from here on. */
void optim_vr_batch(optim_vr *v, const optim *o, int64_t b);
/* Gradient of the whole sum at x into g, and in *snap what the fused loop needs, where there is
 * one. */
thw_status optim_vr_gradient(const optim *o, optim_vr *v, const thw_vec *x, thw_vec *g,
                             void **snap);
/* Lets go of the snapshot; before the oracle is replaced, and in destroy. */
void optim_vr_drop(const optim *o, optim_vr *v);
/* Steps to the place where an epoch that has made t of m steps is cut next, whatever the caller
 * allows: lazy updates round differently when they are cut elsewhere. */
int64_t optim_vr_piece(const optim_vr *v, int64_t t, int64_t m);
thw_status optim_vr_steps(const optim *o, optim_vr *v, int64_t k);

#endif
