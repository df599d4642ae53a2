/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/optim/perturb.h"

thw_status optim_take_end(const optim *o, thw_goal *out) {
  const thw_host_stop *stop = o->host->ext(o->ctx, THW_HOST_EXT_STOP);
  if (stop) stop->claim(o->ctx);
  return optim_goal(o, out);
}

thw_status optim_perturb(thw_rng *r, double radius, thw_vec *x, thw_vec *u) {
  THW_TRY(thw_unit_vec(u, r));
  double part = pow(thw_rng_uniform(r), 1.0 / (double)x->space->n);
  return thw_axpy(x, radius * part, u);
}
