/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/optim/noise.h"

#include <stddef.h>

const char *const optim_noises[] = {"none", "gradient", "point", NULL};

double optim_noise_at(const optim_noise *n, double passes, double factor) {
  if (n->kind == OPTIM_QUIET) return 0.0;
  double sd = n->sd * (n->follows ? factor : 1.0);
  return n->until > 0.0 && passes >= n->until ? sd * n->after : sd;
}
