/* SPDX-License-Identifier: BSD-3-Clause */
/* L and V_H: given, known to the oracle, or estimated. */
#include "kernels/optim/optim.h"

#define KEEP 0.7 /* a new estimate may not fall below this much of the old one */

static curv_problem problem(const optim *o, optim_probe *p, const thw_vec *x) {
  return (curv_problem){.oracle = &o->oracle, .x0 = x, .n = o->n, .rng = &p->rng};
}

thw_status optim_estimate_L(const optim *o, optim_probe *p, const thw_vec *x, double *L,
                            int64_t *cost) {
  const curv_problem at = problem(o, p, x);
  double fresh = 0.0;
  THW_TRY(curv_lipschitz(&at, 0.0, &p->work, &fresh, cost));
  *L = fmax(fresh, KEEP * *L);
  if (*L == 0.0) *L = 1.0; /* flat here: any step is as good as another */
  return THW_OK;
}

thw_status optim_estimate_VH(const optim *o, optim_probe *p, const thw_vec *x, double *vh,
                             int64_t *cost) {
  const curv_problem at = problem(o, p, x);
  double fresh = 0.0;
  THW_TRY(curv_hessian_variance(&at, 0.0, &p->work, &fresh, cost));
  *vh = fmax(fresh, KEEP * *vh);
  return THW_OK;
}

void optim_constants_start(optim_constants *c, double L, double VH, int64_t every) {
  *c = (optim_constants){.given_L = L, .given_VH = VH, .every = every};
}

void optim_constants_stale(optim_constants *c) {
  if (c->estimated) c->have = 0;
}

void optim_constants_epoch(optim_constants *c, int64_t work) {
  c->epochs++;
  c->work += work;
  if (c->every > 0 && c->epochs >= c->every && (double)c->work >= 10.0 * (double)c->cost)
    optim_constants_stale(c);
}

thw_status optim_constants_settle(optim_constants *c, const optim *o, optim_probe *p,
                                  const thw_vec *x, int want_VH, int64_t *cost) {
  if (c->have) return THW_OK;
  int64_t before = *cost;
  int L_known = c->given_L > 0.0 || optim_known(o->facts.lipschitz);
  int VH_known = !want_VH || c->given_VH > 0.0 || o->facts.variance_hess >= 0.0;
  if (L_known) c->L = c->given_L > 0.0 ? c->given_L : o->facts.lipschitz;
  if (want_VH && VH_known) c->VH = c->given_VH > 0.0 ? c->given_VH : o->facts.variance_hess;
  o->host->stage(o->ctx, "estimate");
  thw_status st = L_known ? THW_OK : optim_estimate_L(o, p, x, &c->L, cost);
  if (st == THW_OK && !VH_known) st = optim_estimate_VH(o, p, x, &c->VH, cost);
  o->host->stage(o->ctx, NULL);
  THW_TRY(st);
  c->estimated = !L_known || !VH_known;
  c->have = 1;
  c->epochs = c->work = 0;
  c->cost = *cost - before;
  return THW_OK;
}
