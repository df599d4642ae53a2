/* SPDX-License-Identifier: BSD-3-Clause */
/* The sub-problem by gradient descent on the model, with a perturbed gradient: algorithm 2 of
 * Tripuraneni et al. A vector more than the step is all that it needs. */
#include "plugins/optimizers/cubic/cubic.h"

#define SPEED 0.25    /* of 1/L; the paper's proof has 1/20 */
#define PATIENCE 40.0 /* steps, in units of L / sqrt(rho epsilon) */
#define STEPS_MOST 1e6

/* m(s) and, in hv, H s + rho/2 |s| s, its gradient less g. */
static thw_status model(cubic *s, double *m, int64_t *cost) {
  double norm, gs, shs = 0.0;
  THW_TRY(thw_norm2(s->s, &norm));
  THW_TRY(thw_dot(s->g, s->s, &gs));
  if (norm > 0.0)
    THW_TRY(cubic_product(s, s->s, s->hv, cost));
  else
    THW_TRY(thw_fill(s->hv, 0.0));
  THW_TRY(thw_dot(s->s, s->hv, &shs));
  *m = gs + 0.5 * shs + s->rho / 6.0 * norm * norm * norm;
  return thw_axpy(s->hv, 0.5 * s->rho * norm, s->s);
}

/* The Cauchy point: along a large gradient the cubic term rules. */
static thw_status cauchy(cubic *s, int64_t *cost) {
  double ghg;
  THW_TRY(cubic_product(s, s->g, s->hv, cost));
  THW_TRY(thw_dot(s->g, s->hv, &ghg));
  double a = ghg / (s->rho * s->norm * s->norm);
  double radius = -a + sqrt(a * a + 2.0 * s->norm / s->rho);
  return thw_axpby(s->s, -radius / s->norm, s->g, 0.0);
}

static double steps(const cubic *s) {
  if (s->p->inner_steps > 0) return (double)s->p->inner_steps;
  return fmin(STEPS_MOST, ceil(PATIENCE * s->c.L / sqrt(s->rho * s->epsilon)));
}

/* s = s - eta (g + sigma u + H s + rho/2 |s| s) */
static thw_status descend(cubic *s, double sigma, int small, int64_t *cost) {
  double eta = SPEED / s->c.L, most = steps(s), m, norm;
  const double c[3] = {-eta, -eta, -eta * sigma};
  const thw_vec *in[3] = {s->g, s->hv, s->basis[0]};
  THW_TRY(thw_fill(s->s, 0.0));
  for (double t = 0.0; t < most; t++) {
    THW_TRY(model(s, &m, cost));
    THW_TRY(thw_axpby(s->point, 1.0, s->hv, 0.0));
    THW_TRY(thw_axpy(s->point, 1.0, s->g));
    THW_TRY(thw_norm2(s->point, &norm));
    /* at a saddle of the model it is small before it grows */
    if (!small && norm <= s->p->tolerance * s->norm) break;
    THW_TRY(thw_lincomb(s->s, 1.0, 3, c, in));
  }
  return THW_OK;
}

thw_status cubic_descent(cubic *s, int small, int64_t *cost) {
  double L = s->c.L, m;
  s->certain = 0;
  s->least = (double)NAN;
  if (s->norm >= L * L / s->rho) {
    THW_TRY(cauchy(s, cost));
  } else {
    THW_TRY(thw_unit_vec(s->basis[0], &s->search));
    THW_TRY(descend(s, sqrt(s->rho * s->epsilon) * s->epsilon / L, small, cost));
  }
  THW_TRY(model(s, &m, cost));
  s->decrease = -m;
  return THW_OK;
}
