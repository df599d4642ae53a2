/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/problems/model.h"

typedef struct cubic {
  int64_t d;
  double L2;
  double *a, *g, *s;
  double *z, *az; /* scratch */
} cubic;

/* z = x - s is exact when x is near s, as the arithmetic is in double. */
static thw_status eval(void *self, const thw_view *x, const thw_batch *b, double *f, thw_view *g) {
  cubic *c = self;
  (void)b;
  tp_read(x, c->z);
  for (int64_t j = 0; j < c->d; j++) c->z[j] -= c->s[j];
  tp_symv(c->d, c->a, c->z, c->az);
  double value = 0;
  for (int64_t j = 0; j < c->d; j++) {
    double z = c->z[j];
    value += z * (c->az[j] / 2 + c->g[j] + c->L2 * z * z / 6);
    c->az[j] += c->g[j] + c->L2 * z * z / 2;
  }
  if (f) *f = value;
  if (g) tp_write(c->az, g);
  return THW_OK;
}

static thw_status hvp(void *self, const thw_view *x, const thw_view *v, const thw_batch *b,
                      thw_view *hv) {
  cubic *c = self;
  (void)b;
  double *w = tp_doubles(c->d);
  tp_read(x, c->z);
  tp_read(v, w);
  tp_symv(c->d, c->a, w, c->az);
  for (int64_t j = 0; j < c->d; j++) c->az[j] += c->L2 * (c->z[j] - c->s[j]) * w[j];
  tp_write(c->az, hv);
  free(w);
  return THW_OK;
}

static thw_status init(void *self, thw_view *x, thw_rng *r) {
  cubic *c = self;
  (void)r;
  tp_write(c->s, x);
  return THW_OK;
}

static void release(void *self) {
  cubic *c = self;
  free(c->a);
  free(c->g);
  free(c->s);
  free(c->z);
  free(c->az);
  free(c);
}

static const thw_model_ops ops = {.size = sizeof ops, .init = init, .eval = eval, .hvp = hvp};

tp_model tp_cubic(int64_t d, const double *a, double L2, const double *g, const double *s) {
  cubic *c = calloc(1, sizeof *c);
  if (!c) abort();
  *c = (cubic){.d = d, .L2 = L2};
  c->a = tp_copy(d * d, a);
  c->g = tp_copy(d, g);
  c->s = tp_copy(d, s);
  c->z = tp_doubles(d);
  c->az = tp_doubles(d);
  for (int64_t j = 0; j < d; j++) c->s[j] = (double)(float)c->s[j];
  return (tp_model){&ops, c, 1, d, release};
}
