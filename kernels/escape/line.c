/* SPDX-License-Identifier: BSD-3-Clause */
/* CURVATURE_STEP of neon2.md, section 10: how far to go along a direction of negative curvature. At
 * h = 2c/L2, c = -v'Hv, a second-order model promises a fall of c h^2/6; half of that is asked for,
 * and the L2 that the accepted h belongs to is remembered. */
#include "kernels/escape/escape.h"

#define TRIES 30

static thw_status move(const escape_line *l, double h) {
  const thw_vec *in[2] = {l->x, l->v};
  const double c[2] = {1.0, h};
  return thw_lincomb(l->trial, 0.0, 2, c, in);
}

static int not_a_number(thw_status st) {
  return st == THW_E_NONFINITE || st == THW_RETRY;
}

/* Value on the batch at x + h v, INFINITY where there is none. */
static thw_status value(escape_line *l, double h, int64_t rows, double *f) {
  THW_TRY(move(l, h));
  thw_status st = thw_oracle_eval(l->oracle, l->trial, l->batch, f, NULL);
  l->values += rows;
  if (not_a_number(st)) *f = INFINITY;
  return not_a_number(st) ? THW_OK : st;
}

/* Both values in one call, which reads the rows once. */
static thw_status first_pair(escape_line *l, double h, int64_t rows, double *f0, double *f1) {
  const thw_vec *at[2] = {l->x, l->trial};
  double f[2] = {0, 0};
  THW_TRY(move(l, h));
  thw_status st = thw_oracle_evaln(l->oracle, 2, at, l->batch, f, NULL);
  l->values += 2 * rows;
  if (st == THW_OK) {
    *f0 = f[0], *f1 = f[1];
    return THW_OK;
  }
  if (!not_a_number(st)) return st;
  l->values += rows;
  *f1 = INFINITY;
  return thw_oracle_eval(l->oracle, l->x, l->batch, f0, NULL);
}

/* Where values cannot tell, the derivative at the far end can: still downhill, so f has fallen all
 * the way if the curvature is what the search says. */
static thw_status downhill(escape_line *l, double h, int *ok) {
  double slope = 0;
  *ok = 0;
  THW_TRY(move(l, h));
  thw_status st = thw_oracle_eval(l->oracle, l->trial, l->batch, NULL, l->grad);
  if (not_a_number(st)) return THW_OK;
  THW_TRY(st);
  THW_TRY(thw_dot(l->grad, l->v, &slope));
  *ok = h * slope < 0;
  return THW_OK;
}

/* True when the fall from f0 to f is what a step of h must bring. */
static thw_status enough(escape_line *l, double h, double f0, double f, int *ok) {
  double asked = -l->z * h * h / 12;
  if (asked < 10 * l->unit * fabs(f0)) return isfinite(f) ? downhill(l, h, ok) : THW_OK;
  *ok = f0 - f >= asked;
  return THW_OK;
}

static double sign_of(const escape_line *l) {
  if (l->slope != 0 && isfinite(l->slope)) return l->slope > 0 ? -1 : 1;
  return thw_rng_uniform(l->rng) < 0.5 ? -1 : 1;
}

static thw_status accept(escape_line *l, double h, double drop) {
  l->h = h;
  l->drop = drop;
  l->L2 = 2 * -l->z / fabs(h);
  return move(l, h);
}

thw_status escape_line_search(escape_line *l) {
  double h = sign_of(l) * 2 * -l->z / l->L2, f0 = 0, f1 = 0, f2 = 0;
  thw_facts facts = {.size = sizeof facts, .want = THW_FACT_ROWS};
  THW_TRY(thw_oracle_facts(l->oracle, &facts));
  int64_t rows = l->batch ? l->batch->n : facts.components;
  int ok = 0;
  l->values = 0;
  THW_TRY(first_pair(l, h, rows, &f0, &f1));
  THW_TRY(enough(l, h, f0, f1, &ok));
  if (ok) {
    for (int k = 0; k < TRIES; k++) {
      THW_TRY(value(l, 2 * h, rows, &f2));
      if (!(f2 < f1 && f0 - f2 >= -l->z * 4 * h * h / 12)) break;
      h *= 2;
      f1 = f2;
    }
    return accept(l, h, f0 - f1);
  }
  for (int k = 0; k < TRIES; k++) {
    h /= 2;
    THW_TRY(value(l, h, rows, &f1));
    THW_TRY(enough(l, h, f0, f1, &ok));
    if (ok) return accept(l, h, f0 - f1);
  }
  return THW_STALLED;
}
