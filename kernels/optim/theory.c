/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/optim/theory.h"

static double positive(double x) {
  return isfinite(x) && x > 0.0 ? x : (double)NAN;
}

/* A variance or a gap may be zero, and formulas hold then. */
static double not_negative(double x) {
  return isfinite(x) && x >= 0.0 ? x : (double)NAN;
}

optim_numbers optim_numbers_of(const thw_problem *p) {
  const thw_facts *f = p->facts;
  const thw_goal *g = p->goal;
  return (optim_numbers){.n = f->components > 0 ? (double)f->components : (double)INFINITY,
                         .d = (double)p->dimension,
                         .L = positive(f->lipschitz),
                         .L_max = positive(f->lipschitz_max),
                         .L2 = positive(f->lipschitz_hess),
                         .V = not_negative(f->variance),
                         .V_H = not_negative(f->variance_hess),
                         .mu = positive(f->convexity),
                         .gap = not_negative(p->gap),
                         .epsilon = positive(g->epsilon),
                         .delta = positive(g->delta),
                         .p = positive(1.0 - g->confidence)};
}

double optim_rows(const optim_numbers *k, double rows) {
  double least = isnan(rows) ? k->n : fmin(k->n, ceil(rows));
  return isfinite(least) ? optim_one_up(least) : (double)NAN;
}

void optim_claim(thw_claims *out, const optim_promise *p) {
  double total = p->first + p->epochs * p->epoch;
  const thw_claim c = {.size = sizeof c,
                       .aim = p->aim,
                       .formula = p->formula,
                       .source = p->source,
                       .note = p->note,
                       .gradients = isfinite(total) ? ceil(total) : (double)NAN,
                       .epochs = p->epochs,
                       .epoch = p->epoch};
  out->claim(out, &c);
}
