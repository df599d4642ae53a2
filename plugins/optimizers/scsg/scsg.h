/* SPDX-License-Identifier: BSD-3-Clause */
/* Stochastically controlled stochastic gradient: the parts of the plugin. */
#ifndef PLUGINS_SCSG_H
#define PLUGINS_SCSG_H

#include "kernels/optim/epoch.h"

enum { SCSG_GEOMETRIC, SCSG_FIXED };

struct scsg_params {
  OPTIM_EPOCH_MEMBERS;
  OPTIM_EPOCH_CONSTANTS;
  double step, c_step, gamma;
  int32_t inner_length, output;
};

typedef struct scsg {
  optim o;
  const struct scsg_params *p;
  optim_epoch e;
  double epsilon;
  /* theory: an iterate of all stages so far, drawn with probability proportional to step B / b */
  thw_vec *chosen;
  thw_rng output;
  double weight; /* of all stages; 0: there is none yet */
} scsg;

/* scsg.c */
thw_status scsg_start(void *self, const thw_object *oracle, const thw_vec *x0);
thw_status scsg_step(void *self, thw_step *io);
thw_status scsg_point(void *self, thw_vec *x);
thw_status scsg_reset(void *self, const thw_vec *x);

#endif
