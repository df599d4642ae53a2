/* SPDX-License-Identifier: BSD-3-Clause */
/* What methods share that look for minima by themselves: the run's aims, and steps in a random
 * direction. */
#ifndef KERNELS_OPTIM_PERTURB_H
#define KERNELS_OPTIM_PERTURB_H

#include "kernels/optim/optim.h"

/* The aims of the run; 0 where it has none, or the host cannot say. With `claim` the run goes on
 * until the method says that it is done (thw.stop/1). */
thw_status optim_goal(const optim *o, int claim, thw_goal *out);

/* x + a uniform point of the ball of that radius; `u` is overwritten. */
thw_status optim_perturb(thw_rng *r, double radius, thw_vec *x, thw_vec *u);

#endif
