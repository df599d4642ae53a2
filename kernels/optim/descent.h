/* SPDX-License-Identifier: BSD-3-Clause */
/* What methods share that search along a direction in each iteration (lbfgs, newton): the point and
 * its gradient, the ends of the line, when there is nothing left to gain. */
#ifndef KERNELS_OPTIM_DESCENT_H
#define KERNELS_OPTIM_DESCENT_H

#include "kernels/optim/linesearch.h"
#include "kernels/optim/optim.h"

/* Vectors of `optim' that it uses, the first ones. */
#define OPTIM_DESCENT_VECS 5

typedef struct optim_descent {
  optim *o;
  thw_vec *x, *g, *xt, *gt, *d; /* point, gradient, the same at the end of the line, direction */
  optim_idle idle;
  double f, step; /* at x; of the last search */
  int64_t have_g, evals;
} optim_descent;

/* In start, after optim_start. */
thw_status optim_descent_start(optim_descent *s, optim *o, const thw_vec *x0);
thw_status optim_descent_reset(optim_descent *s, const thw_vec *x);
/* A line search along d, which has slope df < 0, from step `first`: xt and gt are at its end. */
thw_status optim_descent_search(optim_descent *s, const optim_wolfe *w, double df, double first,
                                optim_line *out);
/* x and g become xt and gt. */
void optim_descent_take(optim_descent *s, const optim_line *at);

/* A step of the method: `iterate` is given the norm of g, and ends with optim_descent_take. */
typedef thw_status (*optim_iterate)(void *self, double gnorm);
thw_status optim_descent_step(optim_descent *s, thw_step *io, optim_iterate iterate, void *self);

#define OPTIM_DESCENT_FIELDS(s)                                                                    \
  OPTIM_IDLE_FIELDS(&(s)->idle), {"x", OPTIM_VEC, (s)->x}, {"g", OPTIM_VEC, (s)->g},               \
      {"f", OPTIM_F64, &(s)->f}, {"step", OPTIM_F64, &(s)->step},                                  \
      {"scale", OPTIM_F64, &(s)->o->scale}, {"have_g", OPTIM_I64, &(s)->have_g}, {                 \
    "evals", OPTIM_I64, &(s)->evals                                                                \
  }

#endif
