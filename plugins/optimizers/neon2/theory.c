/* SPDX-License-Identifier: BSD-3-Clause */
/* What the theorems promise for the reduction: the inner method's epochs, and as many again and as
 * many searches as there can be curvature steps (neon2.md, section 9). */
#include <stdio.h>

#include "kernels/optim/theory.h"
#include "plugins/optimizers/neon2/neon2.h"

/* Takes the inner method's claims and hands on what becomes of them. */
typedef struct collector {
  thw_claims head; /* first */
  thw_claims *out;
  double steps, search; /* most curvature steps; component gradients of one search */
  const char *formula;  /* of a search */
} collector;

static const char *const formulas[] = {
    [CURV_DET] = "n (L/delta)^(1/2) log(d/p)",    [CURV_VR] = "n + n^(2/3) V_H^(1/3) / delta^(2/3)",
    [CURV_ONLINE] = "L^2/delta^2 log(d/p)^2",     [CURV_SVRG] = "n + n^(3/4) (L/delta)^(1/2)",
    [CURV_KRYLOV] = "n (L/delta)^(1/2) log(d/p)",
};

static void take(thw_claims *head, const thw_claim *c) {
  collector *k = (collector *)(void *)head;
  char formula[256];
  if (c->aim != THW_AIM_STATIONARY) return;
  snprintf(formula, sizeof formula, "%s + K (epoch + %s), K = L2^2 D_f / delta^3", c->formula,
           k->formula);
  double epochs = c->epochs + k->steps;
  optim_claim(k->out,
              &(optim_promise){.aim = THW_AIM_MINIMUM,
                               .formula = formula,
                               .source = "Allen-Zhu and Li, NeurIPS 2018, theorems 1-5",
                               .note = "K with its constant 12, a search as it is planned; other "
                                       "constants of order one left out",
                               .first = (k->steps + 1) * k->search,
                               .epochs = epochs,
                               .epoch = c->epoch});
}

/* The search that would be made, by its plan. */
static void plan(const neon2 *s, const optim_numbers *k, collector *out) {
  int64_t n = isfinite(k->n) ? (int64_t)k->n : -1, d = (int64_t)k->d;
  curv_options o;
  curv_plan p;
  curv_options_default(&o);
  o.delta = s->e.delta;
  o.p = s->e.failure;
  o.L = s->ep.lipschitz > 0 ? s->ep.lipschitz : k->L;
  o.V_H = s->ep.variance_hess > 0 ? s->ep.variance_hess : k->V_H;
  o.batch = s->ep.batch;
  o.probe = (curv_probe)s->ep.probe;
  curv_variant v =
      s->ep.search == CURV_AUTO ? n < 0 ? CURV_ONLINE : CURV_DET : (curv_variant)s->ep.search;
  out->search = (double)NAN;
  if (o.L > 0) {
    if (s->ep.search == CURV_AUTO) v = curv_choose(&o, n, d);
    curv_plan_make(v, &o, n, d, &p);
    out->search = p.cost;
  }
  out->formula = formulas[v];
}

thw_status neon2_claims(void *self, const thw_problem *p, thw_claims *out) {
  neon2 *s = self;
  const thw_theory *inner = thw_ext(&s->inner, THW_EXT_THEORY);
  optim_numbers k = optim_numbers_of(p);
  double L2 = s->ep.lipschitz_hess > 0 ? s->ep.lipschitz_hess : k.L2, delta = s->e.delta;
  collector c = {.head = {.size = sizeof c.head, .claim = take}, .out = out};
  if (!inner) return THW_OK;
  c.steps = ceil(12 * L2 * L2 * k.gap / (delta * delta * delta));
  plan(s, &k, &c);
  return inner->claims(s->inner.self, p, &c.head);
}
