/* SPDX-License-Identifier: BSD-3-Clause */
/* f = z'Az/2 + L2 sum z_j^3/6 + g'z, z = x - s. */
#include "kernels/problems/problems.h"

/* z = x - s is exact when x is near s. */
static void eval(const thwp_objective *o, const double *x, double *f, double *g) {
  const thwp_cubic *c = (const thwp_cubic *)(const void *)o;
  double value = 0;
  for (int64_t j = 0; j < o->d; j++) c->z[j] = x[j] - c->s[j];
  thwp_multiply(&c->a, 0, o->d, c->z, c->az);
  for (int64_t j = 0; j < o->d; j++) {
    double z = c->z[j];
    value += z * (c->az[j] / 2 + c->g[j] + c->L2 * z * z / 6);
    if (g) g[j] = c->az[j] + c->g[j] + c->L2 * z * z / 2;
  }
  if (f) *f = value;
}

static void hvp(const thwp_objective *o, const double *x, const double *v, double *hv) {
  const thwp_cubic *c = (const thwp_cubic *)(const void *)o;
  thwp_multiply(&c->a, 0, o->d, v, hv);
  for (int64_t j = 0; j < o->d; j++) hv[j] += c->L2 * (x[j] - c->s[j]) * v[j];
}

int64_t thwp_cubic_room(int64_t d) {
  return 2 * thwp_padded(d);
}

void thwp_cubic_init(thwp_cubic *c, int64_t d, const double *a, double L2, const double *g,
                     const double *s, double *room) {
  *c = (thwp_cubic){.o = {d, 2.0 * (double)d * (double)d, eval, hvp, NULL},
                    .L2 = L2,
                    .a = thwp_matrix_of(a, d, d),
                    .g = g,
                    .s = s};
  c->z = thwp_take(&room, d);
  c->az = thwp_take(&room, d);
}
