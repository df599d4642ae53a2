/* SPDX-License-Identifier: BSD-3-Clause */
/* f = x'Ax/2 + sum x_j^4/4. */
#include "kernels/problems/problems.h"

#define STRIP 64

typedef struct strips {
  const thwp_quartic *q;
  const double *x;
  double *y;
} strips;

static void strip(void *arg, int64_t i) {
  const strips *s = arg;
  int64_t d = s->q->o.d, lo = i * STRIP, hi = d - lo < STRIP ? d : lo + STRIP;
  thwp_multiply(&s->q->a, lo, hi, s->x, s->y + lo);
}

static void multiply(const thwp_quartic *q, const double *x, double *y) {
  if (q->diagonal) {
    for (int64_t j = 0; j < q->o.d; j++) y[j] = q->diagonal[j] * x[j];
    return;
  }
  strips s = {q, x, y};
  thwp_parallel(&q->pool, (q->o.d + STRIP - 1) / STRIP, q->o.work, strip, &s);
}

static void eval(const thwp_objective *o, const double *x, double *f, double *g) {
  const thwp_quartic *q = (const thwp_quartic *)(const void *)o;
  double *ax = g ? g : q->t, value = 0;
  multiply(q, x, ax);
  for (int64_t j = 0; f && j < o->d; j++) value += x[j] * (ax[j] / 2 + x[j] * x[j] * x[j] / 4);
  for (int64_t j = 0; g && j < o->d; j++) g[j] += x[j] * x[j] * x[j];
  if (f) *f = value;
}

static void hvp(const thwp_objective *o, const double *x, const double *v, double *hv) {
  multiply((const thwp_quartic *)(const void *)o, v, hv);
  for (int64_t j = 0; j < o->d; j++) hv[j] += 3 * x[j] * x[j] * v[j];
}

static void diff(const thwp_objective *o, const double *x, const double *y, double *out) {
  const thwp_quartic *q = (const thwp_quartic *)(const void *)o;
  for (int64_t j = 0; j < o->d; j++) q->t[j] = x[j] - y[j];
  multiply(q, q->t, out);
  for (int64_t j = 0; j < o->d; j++) out[j] += q->t[j] * (x[j] * x[j] + x[j] * y[j] + y[j] * y[j]);
}

int64_t thwp_quartic_room(int64_t d) {
  return thwp_padded(d);
}

void thwp_quartic_init(thwp_quartic *q, thwp_pool pool, int64_t d, const double *a, int diagonal,
                       double *room) {
  double n = (double)d;
  *q = (thwp_quartic){.o = {d, diagonal ? 4 * n : 2 * n * n, eval, hvp, diff},
                      .pool = pool,
                      .a = thwp_matrix_of(a, d, d),
                      .diagonal = diagonal ? a : NULL,
                      .t = room};
}
