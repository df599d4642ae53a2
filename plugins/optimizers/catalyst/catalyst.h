/* SPDX-License-Identifier: BSD-3-Clause */
/* Catalyst: the objective that the inner optimizer sees. */
#ifndef PLUGINS_CATALYST_H
#define PLUGINS_CATALYST_H

#include "kernels/optim/optim.h"

/* f(x) + kappa/2 |x - centre|^2 over the oracle below. Calls go straight through and are booked
 * there. */
typedef struct shifted {
  thw_object base;
  double kappa;
  thw_vec *centre, *diff;     /* diff: scratch */
  const thw_vr *vr;           /* of base, or NULL */
  const thw_hessian *hessian; /* of base, or NULL */
  const thw_floor *floor;     /* or NULL */
} shifted;

/* The oracle that is handed to the inner optimizer; `s` stays where it is. */
thw_object shifted_object(shifted *s, const thw_object *base);

#endif
