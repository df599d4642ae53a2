/* SPDX-License-Identifier: BSD-3-Clause */
/* Newton's method: the parts of the plugin. */
#ifndef PLUGINS_NEWTON_H
#define PLUGINS_NEWTON_H

#include "kernels/optim/descent.h"

enum { NEWTON_AUTO, NEWTON_CHOLESKY, NEWTON_CG };

struct newton_params {
  double forcing;
  int64_t max_dense, max_cg, max_search;
  int32_t solver;
};

typedef struct newton {
  optim o;
  const struct newton_params *p;
  const thw_hessian *dense; /* the oracle's, or NULL: products */
  const thw_solve *solve;   /* the oracle's, or NULL */
  double *h, *rhs;          /* d x d, d; with `dense` */
  optim_descent l;
  thw_vec *r, *q, *hq, *at; /* of conjugate gradients */
  double damping;           /* added to the diagonal in the last factorisation */
  int64_t differences, iterations, products;
} newton;

/* l.d = -(H + damping I)^-1 g with the smallest damping, of a growing sequence, that makes the
 * matrix positive definite. THW_E_UNSUPPORTED: the model has no dense Hessian. */
thw_status newton_cholesky(newton *s);
/* l.d: conjugate gradients on H d = -g, up to a direction of negative curvature. */
thw_status newton_cg(newton *s, double gnorm);

#endif
