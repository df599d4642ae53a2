/* SPDX-License-Identifier: BSD-3-Clause */
/* What methods share that look for minima by themselves: the end of the run, and steps in a random
 * direction. */
#ifndef KERNELS_OPTIM_PERTURB_H
#define KERNELS_OPTIM_PERTURB_H

#include "kernels/optim/optim.h"

/* In create: the run goes on until the method says that it is done (thw.stop/1), and what it is
 * after. */
thw_status optim_take_end(const optim *o, thw_goal *out);

/* x + a uniform point of the ball of that radius; `u` is overwritten. */
thw_status optim_perturb(thw_rng *r, double radius, thw_vec *x, thw_vec *u);

#endif
