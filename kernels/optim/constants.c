/* SPDX-License-Identifier: BSD-3-Clause */
/* Estimates of L and V_H from gradient differences on the same rows. */
#include "kernels/optim/optim.h"

#define BATCH 512     /* rows of the fixed batch */
#define COLD 12       /* power iterations from a random direction */
#define WARM 4        /* ... from the last estimate's direction */
#define SAFETY 1.2    /* 12 iterations find 0.91 to 0.99 of the truth */
#define KEEP 0.7      /* a new estimate may not fall below this much of the old one */
#define PROBES 3      /* directions for V_H */
#define PROBE_ROWS 32 /* rows for each */

/* Probe radius: rounding and curvature errors balance near sqrt(unit) times the size of x. */
static thw_status radius(const optim *o, const thw_vec *x, double *q) {
  double norm;
  THW_TRY(thw_norm2(x, &norm));
  *q = sqrt(o->unit) * fmax(1.0, norm);
  return THW_OK;
}

static thw_status power(const optim *o, optim_probe *p, const thw_vec *x, const thw_batch *b,
                        int steps, double *raw) {
  double q;
  THW_TRY(radius(o, x, &q));
  THW_TRY(thw_oracle_eval(&o->oracle, x, b, NULL, p->g));
  *raw = 0.0;
  for (int i = 0; i < steps; i++) {
    const thw_vec *in[2] = {x, p->top};
    const double c[2] = {1.0, q};
    THW_TRY(thw_lincomb(p->at, 0.0, 2, c, in));
    THW_TRY(thw_oracle_eval(&o->oracle, p->at, b, NULL, p->h));
    THW_TRY(thw_axpy(p->h, -1.0, p->g));
    double norm;
    THW_TRY(thw_norm2(p->h, &norm));
    if (norm == 0.0) return THW_OK;
    *raw = norm / q;
    THW_TRY(thw_axpby(p->top, 1.0 / norm, p->h, 0.0));
  }
  return THW_OK;
}

thw_status optim_estimate_L(const optim *o, optim_probe *p, const thw_vec *x, double *L,
                            int64_t *cost) {
  double norm, raw = 0.0;
  THW_TRY(thw_norm2(p->top, &norm));
  int steps = norm > 0.0 ? WARM : COLD;
  if (norm == 0.0) THW_TRY(thw_unit_vec(p->top, &p->rng));
  thw_batch *b = NULL;
  int64_t rows = BATCH;
  if (o->n > 0 && o->n <= BATCH)
    rows = o->n;
  else
    THW_TRY(thw_oracle_draw(&o->oracle, &p->rng, THW_DRAW_SUBSET, BATCH, &b));
  thw_status st = power(o, p, x, b, steps, &raw);
  thw_oracle_release(&o->oracle, b);
  THW_TRY(st);
  *cost += (steps + 1) * rows;
  double fresh = SAFETY * raw, old = *L > 0.0 ? KEEP * *L : 0.0;
  *L = fmax(fresh, old);
  if (*L == 0.0) *L = 1.0; /* flat here: any step is as good as another */
  return THW_OK;
}

/* Sample variance of H_i u over PROBE_ROWS rows drawn one at a time, for the unit vector u that
 * p->at holds on entry. */
static thw_status spread(const optim *o, optim_probe *p, const thw_vec *x, double q, double *var) {
  const thw_vec *in[2] = {x, p->at};
  const double c[2] = {1.0, q};
  double squares = 0.0, sum;
  THW_TRY(thw_lincomb(p->at, 0.0, 2, c, in));
  for (int i = 0; i < PROBE_ROWS; i++) {
    thw_batch *b;
    double sq;
    THW_TRY(thw_oracle_draw(&o->oracle, &p->rng, THW_DRAW_UNIFORM, 1, &b));
    thw_status st = thw_oracle_diff(&o->oracle, p->at, x, b, p->h);
    thw_oracle_release(&o->oracle, b);
    THW_TRY(st);
    THW_TRY(thw_dot(p->h, p->h, &sq));
    squares += sq;
    THW_TRY(thw_axpby(p->g, 1.0, p->h, i ? 1.0 : 0.0));
  }
  THW_TRY(thw_dot(p->g, p->g, &sum));
  *var = fmax(0.0, squares - sum / PROBE_ROWS) / ((PROBE_ROWS - 1) * q * q);
  return THW_OK;
}

thw_status optim_estimate_VH(const optim *o, optim_probe *p, const thw_vec *x, double *vh,
                             int64_t *cost) {
  double q, best = 0.0;
  THW_TRY(radius(o, x, &q));
  for (int i = 0; i < PROBES; i++) {
    double var;
    THW_TRY(thw_unit_vec(p->at, &p->rng));
    THW_TRY(spread(o, p, x, q, &var));
    best = fmax(best, var);
  }
  *cost += (int64_t)PROBES * 2 * PROBE_ROWS;
  *vh = best;
  return THW_OK;
}

thw_status optim_lipschitz(const optim *o, optim_probe *p, double given, const thw_vec *x,
                           double *L, int *estimated, int64_t *cost) {
  *estimated = 0;
  if (given > 0.0) {
    *L = given;
    return THW_OK;
  }
  if (optim_known(o->facts.lipschitz)) {
    *L = o->facts.lipschitz;
    return THW_OK;
  }
  *estimated = 1;
  o->host->stage(o->ctx, "estimate");
  thw_status st = optim_estimate_L(o, p, x, L, cost);
  o->host->stage(o->ctx, NULL);
  return st;
}
