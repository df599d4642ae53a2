/* SPDX-License-Identifier: BSD-3-Clause */
/* The parameters, by formula. */
#include "plugins/optimizers/natasha/natasha.h"

/* L and sigma are in *out. */
static void rest(const natasha_problem *k, natasha_theory *out) {
  double eps2 = k->epsilon * k->epsilon, s = out->sigma, L = out->L;
  out->B = fmax(1.0, fmin(k->n, k->V / eps2));
  /* a sub-epoch has at least one step */
  out->p = fmin(fmax(1.0, cbrt(s * s * out->B / (L * L))), out->B);
  out->alpha = fmin(s / (out->p * out->p * L * L), 0.5 / k->L);
  out->epochs = fmax(1.0, s * k->gap / (out->p * eps2));
  out->polish = k->V * k->L / (s * eps2);
}

void natasha15_theory(const natasha_problem *k, double sigma, natasha_theory *out) {
  *out = (natasha_theory){.L = k->L, .sigma = sigma};
  rest(k, out);
}

/* sigma is the non-convexity O(delta) of the penalised objective, raised so that one epoch cannot
 * leave the safe zone too often. */
void natasha2_theory(const natasha_problem *k, natasha_theory *out) {
  double third = cbrt(k->V * k->epsilon), L = k->L, L2 = k->L2, delta = k->delta;
  *out = (natasha_theory){.zone = 'B', .L = L};
  if (L2 >= L * delta / third) {
    out->zone = 'A';
    out->L = out->sigma = L2 * third / delta;
  } else {
    double moved = k->V * k->epsilon * L2 * L2 * L2 / (L * L * delta * delta * delta);
    out->sigma = fmax(moved, k->epsilon * L / sqrt(k->V));
  }
  rest(k, out);
}

/* The second term of p keeps sigma m alpha at most 1, so that the proximal term never slows the
 * method: without it a large sigma stalls. */
void natasha_practice(double sigma, double L, double a0, double B, double b, int64_t *p, int64_t *m,
                      double *alpha) {
  double most = fmax(1.0, floor(B / (4.0 * b))), rounds = (double)*p;
  if (*p == 0)
    rounds = fmax(round(cbrt(sigma * sigma * B / (L * L))), ceil(sigma * a0 * B / b));
  else
    most = fmax(1.0, floor(B / b));
  rounds = fmin(fmax(rounds, 1.0), most);
  double steps = fmax(1.0, floor(B / (rounds * b)));
  if (!(*alpha > 0.0)) *alpha = fmin(a0, 1.0 / (sigma * steps));
  *p = (int64_t)rounds;
  *m = (int64_t)steps;
}
