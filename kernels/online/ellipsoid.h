/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/online/ellipsoid.h - the ellipsoid method with deep cuts: the smallest ellipsoid around
 * what a half-space leaves of the last one. */
#ifndef THALWEG_KERNELS_ONLINE_ELLIPSOID_H
#define THALWEG_KERNELS_ONLINE_ELLIPSOID_H

#include "kernels/online/env.h"

typedef struct on_ellipsoid {
  int64_t n;
  double *centre, *shape; /* { x : (x - centre)' shape^-1 (x - centre) <= 1 } */
  double *half;           /* room for n numbers */
  double log_volume;
  on_env e;
} on_ellipsoid;

/* The ball around centre (NULL: left to the caller); room is taken at the first call. */
thw_status on_ellipsoid_ball(on_ellipsoid *s, on_env e, int64_t n, const double *centre,
                             double radius);
void on_ellipsoid_free(on_ellipsoid *s);
/* Cuts with { x : sign * g.x >= sign * level }. 0: nothing is left, as far as rounding lets one
 * see.
 */
int on_ellipsoid_cut(on_ellipsoid *s, const double *g, double sign, double level);

#endif
