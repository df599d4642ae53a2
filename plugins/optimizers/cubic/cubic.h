/* SPDX-License-Identifier: BSD-3-Clause */
/* Cubic regularisation: the parts of the plugin. */
#ifndef PLUGINS_CUBIC_H
#define PLUGINS_CUBIC_H

#include "kernels/optim/perturb.h"

enum { CUBIC_AUTO, CUBIC_DIFFERENCE, CUBIC_HVP };
enum { CUBIC_LANCZOS, CUBIC_DESCENT };
enum { CUBIC_ADAPT_AUTO, CUBIC_ADAPT_OFF, CUBIC_ADAPT_ON };

#define CUBIC_MOST 120 /* vectors of a Krylov basis */

struct cubic_params {
  double epsilon, delta, rho, lipschitz, variance_hess, c_gradient, c_hessian, tolerance;
  int64_t gradient_batch, hessian_batch, krylov, inner_steps;
  int32_t products, solver, adapt;
};

/* The model of a subspace: min c'y + y'Ty/2 + rho/6 |y|^3, T tridiagonal of order k. */
typedef struct cubic_reduced {
  int64_t k;
  double *alpha, *beta, *c; /* diagonal, beside it, gradient */
  double *theta, *w;        /* eigenvalues, rising, and -vectors (k x k, by columns) of T */
  double *y, *z, *work;     /* the minimiser; in eigenvectors; scratch */
} cubic_reduced;

/* Fills theta and w. */
thw_status cubic_eigen(cubic_reduced *r);
/* Fills y; *decrease = minus the least value. */
void cubic_minimise(cubic_reduced *r, double rho, double *decrease);

typedef struct cubic {
  optim o;
  const struct cubic_params *p;
  thw_goal goal;
  double epsilon, fail;
  optim_probe probe; /* its work is the search's as well */
  optim_constants c;
  cubic_reduced r;
  thw_vec *x, *g;           /* g: gradient at x on the iteration's rows                     */
  thw_vec *trial, *g_trial; /* x + s, and its gradient                                      */
  thw_vec *s, *point, *hv;  /* step; scratch                                                */
  thw_vec *base;            /* gradient at x on the rows of the Hessian                     */
  thw_vec **basis;          /* room of them                                                 */
  int64_t room;
  thw_rng rows, rows_hess, search, pilot;
  /* of one iteration: rows, NULL for the whole sum */
  thw_batch *batch, *batch_hess;
  double q; /* probe radius at x */
  /* of one sub-problem */
  double decrease, least; /* of the model; smallest Ritz value, NAN: not looked for           */
  int64_t certain;        /* `least` is as good as the confidence asks for                    */
  /* state */
  double f, norm, rho, V;
  int64_t have_g, done, exact; /* exact: products with the Hessian; -1: not tried yet          */
  int64_t iterations, products, rejected, in_a_row;
} cubic;

static inline int cubic_whole(const cubic *s) {
  return !s->batch;
}
/* Curvature below -delta is not accepted: given, of the run, or sqrt(rho epsilon). */
double cubic_delta(const cubic *s);

/* cubic.c: hv = H w on the rows of the Hessian. */
thw_status cubic_product(cubic *s, const thw_vec *w, thw_vec *hv, int64_t *cost);

/* krylov.c: s->s by Lanczos' method, from the gradient or, where that is small, from a random
 * vector: then until the smallest Ritz value shows curvature or is certain. */
thw_status cubic_lanczos(cubic *s, int small, int64_t *cost);
/* descent.c: s->s by gradient descent on the model. */
thw_status cubic_descent(cubic *s, int small, int64_t *cost);

/* cubic.c */
thw_status cubic_start(void *self, const thw_object *oracle, const thw_vec *x0);
thw_status cubic_step(void *self, thw_step *io);
thw_status cubic_point(void *self, thw_vec *x);
thw_status cubic_reset(void *self, const thw_vec *x);

#endif
