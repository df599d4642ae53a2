/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/online/sampler.h - points of a box cut by half-spaces, with density proportional to
 * exp(-theta . x): hit-and-run with the directions of the last sample's covariance. */
#ifndef THALWEG_KERNELS_ONLINE_SAMPLER_H
#define THALWEG_KERNELS_ONLINE_SAMPLER_H

#include <thalweg/rng.h>

#include "kernels/online/env.h"

/* { lo <= x_i <= hi, a_j . x >= b_j }. The corner (hi, ..., hi) is in all half-spaces. */
typedef struct on_body {
  int64_t n;
  double lo, hi;
  int64_t n_cuts, ld; /* a_j at a + j*ld */
  const double *a, *b;
} on_body;

typedef struct on_sampler {
  on_env e;
  int64_t n, points, thin; /* dimension; points of a sample; steps from one to the next */
  double *x;               /* the sample, points x n */
  int64_t drawn;           /* samples so far */
  thw_rng rng;
  double *factor, *mean;                   /* Cholesky factor of the covariance, row by row; mean */
  double *at, *u, *normal, *slack, *along; /* of the walk */
  int64_t room_slack, room_along;
} on_sampler;

thw_status on_sampler_init(on_sampler *s, on_env e, int64_t n, int64_t points, int64_t thin,
                           const thw_rng *rng);
void on_sampler_free(on_sampler *s);

int on_body_has(const on_body *c, const double *x);
/* A new sample. It starts at a point of the last one that is still inside, if there is one. */
thw_status on_sampler_draw(on_sampler *s, const on_body *c, const double *theta);

/* Records for checkpoints, under names that begin with "walk.". */
thw_status on_sampler_save(on_sampler *s, thw_writer *w);
thw_status on_sampler_load(on_sampler *s, thw_reader *r);

#endif
