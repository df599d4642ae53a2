/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/optim/guard.h"

#define ATTEMPTS 20 /* epochs in a row that may be rejected */
#define RECOVER 1.1 /* of the multiplier after an accepted epoch */

void optim_guard_start(optim_guard *g, int on, int64_t rows, double tol, const thw_rng *rng) {
  *g = (optim_guard){.on = on, .rows = rows, .tol = tol, .rng = *rng, .mult = 1.0};
  optim_guard_moved(g);
}

static thw_status value(const optim *o, const optim_guard *g, const thw_vec *x, double *f) {
  thw_rng r = g->rng;
  int64_t cost = 0, rows = o->n >= 0 && o->n <= g->rows ? 0 : g->rows;
  o->host->stage(o->ctx, "guard");
  thw_status st = optim_sample(o, &r, THW_DRAW_SUBSET, rows, x, f, NULL, &cost);
  o->host->stage(o->ctx, NULL);
  return st;
}

thw_status optim_guard_begin(const optim *o, optim_guard *g, const thw_vec *x) {
  if (!g->on || !isnan(g->f)) return THW_OK;
  return value(o, g, x, &g->f);
}

thw_status optim_guard_end(const optim *o, optim_guard *g, const char *who, double step,
                           const thw_vec *x, int finite, int *ok) {
  *ok = 1;
  if (!g->on) return THW_OK;
  double f = INFINITY;
  if (finite) {
    thw_status st = value(o, g, x, &f);
    if (st == THW_E_NONFINITE || st == THW_RETRY)
      f = INFINITY;
    else
      THW_TRY(st);
  }
  if (f - g->f <= g->tol * fabs(g->f) + 1e-12) {
    g->mult = fmin(1.0, RECOVER * g->mult);
    g->f = f;
    g->in_a_row = 0;
    return THW_OK;
  }
  *ok = 0;
  g->mult *= 0.5;
  g->rejected++;
  if (++g->in_a_row < ATTEMPTS) return THW_OK;
  return optim_fail(o, THW_E_NONFINITE,
                    "%s: %d epochs in a row ended with f risen by more than %g %%, the last with "
                    "step %g: is the gradient right? (thalweg verify checks it)",
                    who, ATTEMPTS, 100.0 * g->tol, step);
}
