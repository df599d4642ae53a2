/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/problems/model.h"

void tp_symmetric(int64_t d, const double *lam, thw_rng *r, double *a) {
  double *room = tp_doubles(d * d);
  thwp_symmetric(d, d, lam, r, a, room);
  free(room);
}

void tp_planted(int64_t d, double delta, int negative, thw_rng *r, double *lam) {
  lam[0] = negative ? -delta : -0.5 * delta;
  lam[1] = 1;
  for (int64_t i = 2; i < d; i++) lam[i] = -0.4 * delta + (1 + 0.4 * delta) * thw_rng_uniform(r);
}
