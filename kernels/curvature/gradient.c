/* SPDX-License-Identifier: BSD-3-Clause */
/* The sequential test of the gradient: blocks, bounds, looks. */
#include "kernels/curvature/gradient.h"

#include "kernels/curvature/internal.h"

#define FIRST 256   /* rows of the first stage */
#define BLOCKS 16   /* of a stage; even */
#define MARGIN 1.25 /* on the estimate of S */

/* ---- blocks ---------------------------------------------------------------------------------- */

thw_status curv_sample_start(curv_sample *s) {
  s->norm = s->V = s->S = s->m2 = s->s2 = 0;
  s->rows = s->blocks = s->pairs = s->again_rows = 0;
  return thw_fill(s->mean, 0.0);
}

/* Welford's update by the mean gradient b of one block. */
static thw_status take(curv_sample *s, const thw_vec *b, int64_t rows) {
  const thw_vec *in[2] = {b, s->mean};
  double bb[2], before = (double)s->rows, weight = (double)rows, total = before + weight;
  THW_TRY(b->ops->dotn(b, 2, in, bb));
  double sq = bb[0] - 2 * bb[1] + s->norm * s->norm;
  if (sq > 0) s->m2 += weight * before / total * sq;
  THW_TRY(thw_axpby(s->mean, weight / total, b, before / total));
  s->rows += rows;
  s->blocks++;
  return thw_norm2(s->mean, &s->norm);
}

/* `last` minus `block` is free of the gradient, and its products with the next such difference have
 * mean square 4 S^2 / rows^2. */
static thw_status pair(curv_sample *s, int64_t rows, int first) {
  THW_TRY(thw_axpy(s->last, -1.0, s->block));
  if (!first) {
    double c;
    THW_TRY(thw_dot(s->last, s->other, &c));
    s->s2 += 0.25 * (double)rows * (double)rows * c * c;
    s->pairs++;
  }
  thw_vec *v = s->other;
  s->other = s->last;
  s->last = v;
  return THW_OK;
}

static thw_status blocks(const curv_problem *p, curv_sample *s, const thw_batch *batch, int64_t k,
                         int64_t *cost) {
  for (int64_t i = 0; i < k; i++) {
    thw_batch part = curv_part(batch, i, k);
    thw_vec *b = i % 2 ? s->block : s->last;
    THW_TRY(thw_oracle_eval(p->oracle, p->x0, &part, NULL, b));
    *cost += part.n;
    THW_TRY(take(s, b, part.n));
    if (i % 2) THW_TRY(pair(s, part.n, i == 1));
  }
  return THW_OK;
}

/* S from its definition; not more than V, which it is when the noise has one direction. */
static void spread(curv_sample *s) {
  s->V = s->blocks > 1 ? s->m2 / (double)(s->blocks - 1) : 0;
  s->S = s->pairs > 0 ? fmin(s->V, MARGIN * sqrt(s->s2 / (double)s->pairs)) : s->V;
}

thw_status curv_sample_grow(const curv_problem *p, curv_sample *s, int64_t m, int64_t *cost) {
  thw_batch *batch;
  int64_t k = m < BLOCKS ? m : BLOCKS;
  if (m >= s->again_rows) {
    s->again = *p->rng;
    s->again_rows = m;
  }
  THW_TRY(thw_oracle_draw(p->oracle, p->rng, THW_DRAW_SUBSET, m, &batch));
  thw_status st = blocks(p, s, batch, k, cost);
  thw_oracle_release(p->oracle, batch);
  spread(s);
  return st;
}

/* ---- bounds ---------------------------------------------------------------------------------- */

/* P(N > z) = p. */
static double quantile(double p) {
  double lo = 0, hi = 40;
  if (p >= 0.5) return 0;
  for (int i = 0; i < 60; i++) {
    double mid = 0.5 * (lo + hi);
    if (0.5 * erfc(mid * 0.70710678118654752) > p)
      lo = mid;
    else
      hi = mid;
  }
  return hi;
}

static const double sqrt2 = 1.4142135623730951;

/* From the squared norm of the mean of m rows. Half of p goes to the component along the gradient,
 * half to the length of the rest. */
static double upper_bound(const curv_sample *s, double sq, double m, double p) {
  double z = quantile(0.5 * p), across = s->V - s->S - sqrt2 * z * s->S;
  return z * sqrt(s->S / m) + sqrt(fmax(0, sq - fmax(0, across) / m));
}

static double lower_bound(const curv_sample *s, double sq, double m, double p) {
  double z = quantile(0.5 * p), all = s->V + sqrt2 * z * s->S + z * z * s->S;
  return sqrt(fmax(0, sq - all / m)) - z * sqrt(s->S / m);
}

double curv_sample_upper(const curv_sample *s, double p) {
  return upper_bound(s, s->norm * s->norm, (double)s->rows, p);
}

double curv_sample_lower(const curv_sample *s, double p) {
  return lower_bound(s, s->norm * s->norm, (double)s->rows, p);
}

/* ---- looks ----------------------------------------------------------------------------------- */

static double paper_rows(const curv_test *t, const curv_sample *s) {
  return ceil(CURV_PAPER_ROWS * s->V / (t->high * t->high));
}

/* Of a failure probability, for this look. */
static double share(const curv_test *t, const curv_sample *s) {
  double want = fmax(1, paper_rows(t, s)), rows = (double)s->rows;
  return fmin(rows / want, want / rows) / 3;
}

/* Whether `most` rows would leave a gradient of squared norm sq between the bounds. */
static int open_at(const curv_test *t, const curv_sample *s, double sq, double most) {
  sq += s->V / most;
  return upper_bound(s, sq, most, t->p_small / 3) > t->high &&
         lower_bound(s, sq, most, t->p_large / 3) <= t->low;
}

#define PLAUSIBLE 0.3 /* to be off by more: about one standard error */

/* On a sum the norm as it is now estimated will do: all rows are a way out. A stream has none, and
 * is given up only where no norm that is plausible could be told. */
static int hopeless(const curv_problem *p, const curv_test *t, const curv_sample *s, double most) {
  double sq = s->norm * s->norm, m = (double)s->rows;
  if (!isfinite(most)) return 0;
  if (p->n >= 0) return open_at(t, s, fmax(0, sq - s->V / m), most);
  double lo = lower_bound(s, sq, m, PLAUSIBLE), hi = upper_bound(s, sq, m, PLAUSIBLE);
  return open_at(t, s, lo * lo, most) && open_at(t, s, hi * hi, most);
}

/* Rows of the next stage; 0: there is none. */
static int64_t next(const curv_problem *p, const curv_test *t, const curv_sample *s) {
  double most = t->most > 0 ? (double)t->most : INFINITY, m = (double)s->rows;
  if (p->n >= 0) most = fmin(most, floor(0.5 * (double)p->n));
  if (s->rows == 0) return FIRST <= most ? FIRST : 0;
  if (t->paper) {
    double left = paper_rows(t, s) - m;
    if (m > left) m = fmax(ceil(left / BLOCKS) * BLOCKS, BLOCKS);
  }
  if (m + (double)s->rows > most || hopeless(p, t, s, most)) return 0;
  return (int64_t)m;
}

static int decided(const curv_test *t, const curv_sample *s, curv_size *out) {
  double part = share(t, s);
  int small = curv_sample_upper(s, t->p_small * part) <= t->high;
  int large = curv_sample_lower(s, t->p_large * part) > t->low;
  if (!small && !large && t->paper && (double)s->rows >= paper_rows(t, s)) {
    small = s->norm <= t->low;
    large = !small;
  }
  if (small || large) *out = small ? CURV_SMALL : CURV_LARGE;
  return small || large;
}

thw_status curv_gradient_test(const curv_problem *p, const curv_test *t, curv_sample *s,
                              curv_size *out, int64_t *cost) {
  *out = CURV_UNDECIDED;
  THW_TRY(curv_sample_start(s));
  for (int64_t m; (m = next(p, t, s)) > 0;) {
    for (int64_t part; m > 0; m -= part) {
      part = m < t->chunk ? m : t->chunk;
      if (p->cancelled && p->cancelled(p->arg)) return THW_CANCELLED;
      THW_TRY(curv_sample_grow(p, s, part, cost));
    }
    if (!isfinite(s->norm)) return THW_E_NONFINITE;
    if (decided(t, s, out)) return THW_OK;
  }
  return THW_OK;
}
