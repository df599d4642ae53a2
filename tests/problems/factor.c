/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/problems/model.h"

typedef struct factor {
  int64_t m, k;
  double *target;     /* m x m */
  double *u, *g, *rr; /* scratch: m k, m k, m m */
} factor;

/* rr = UU' - M */
static void residual(factor *p) {
  for (int64_t i = 0; i < p->m; i++)
    for (int64_t j = 0; j < p->m; j++)
      p->rr[i * p->m + j] =
          tp_dot(p->k, p->u + i * p->k, p->u + j * p->k) - p->target[i * p->m + j];
}

static thw_status eval(void *self, const thw_view *x, const thw_batch *b, double *f, thw_view *g) {
  factor *p = self;
  (void)b;
  tp_read(x, p->u);
  residual(p);
  if (f) *f = tp_dot(p->m * p->m, p->rr, p->rr) / 4;
  if (!g) return THW_OK;
  memset(p->g, 0, (size_t)(p->m * p->k) * sizeof *p->g);
  for (int64_t i = 0; i < p->m; i++)
    for (int64_t j = 0; j < p->m; j++)
      for (int64_t c = 0; c < p->k; c++)
        p->g[i * p->k + c] += p->rr[i * p->m + j] * p->u[j * p->k + c];
  tp_write(p->g, g);
  return THW_OK;
}

static thw_status init(void *self, thw_view *x, thw_rng *r) {
  factor *p = self;
  for (int64_t i = 0; i < p->m * p->k; i++) p->u[i] = i % p->k ? 0 : 0.05 * thw_rng_normal(r);
  tp_write(p->u, x);
  return THW_OK;
}

static void release(void *self) {
  factor *p = self;
  free(p->target);
  free(p->u);
  free(p->g);
  free(p->rr);
  free(p);
}

static const thw_model_ops ops = {.size = sizeof ops, .init = init, .eval = eval};

tp_model tp_factor(int64_t m, int64_t k, const double *lam, thw_rng *r) {
  factor *p = calloc(1, sizeof *p);
  if (!p) abort();
  *p = (factor){.m = m, .k = k};
  p->target = tp_doubles(m * m);
  p->u = tp_doubles(m * k);
  p->g = tp_doubles(m * k);
  p->rr = tp_doubles(m * m);
  tp_symmetric(m, lam, r, p->target);
  return (tp_model){&ops, p, 1, m * k, release};
}
