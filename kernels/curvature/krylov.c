/* SPDX-License-Identifier: BSD-3-Clause */
/* Neon2^krylov: Lanczos iteration with full reorthogonalisation. The Krylov space of dimension T +
 * 1 holds the Chebyshev vector that Neon2^det would have made with T products, so the least Ritz
 * value is at most the Rayleigh quotient of that one: the certificate is the same, and directions
 * are found sooner. When the room for the basis is used up, det goes on from the start. */
#include <stdlib.h>
#include <string.h>

#include "kernels/curvature/internal.h"

typedef struct krylov {
  int64_t k;            /* products made */
  double *alpha, *beta; /* of the tridiagonal matrix; beta[j] couples j and j + 1 */
  double *s, *d;        /* Ritz vector in the basis; pivots */
} krylov;

/* ---- the tridiagonal matrix -------------------------------------------------------------------
 */

/* Eigenvalues below x: negative pivots of T - x. */
static int64_t below(const krylov *a, double x) {
  int64_t count = 0;
  double d = 1;
  for (int64_t j = 0; j < a->k; j++) {
    double b = j ? a->beta[j - 1] : 0;
    d = a->alpha[j] - x - (j ? b * b / d : 0);
    if (d == 0) d = -1e-300;
    count += d < 0;
  }
  return count;
}

/* The least eigenvalue (which = 1) or the largest (which = k), from below, to the last bits. */
static double ritz_value(const krylov *a, int64_t which) {
  double lo = INFINITY, hi = -INFINITY;
  for (int64_t j = 0; j < a->k; j++) {
    double r = (j ? a->beta[j - 1] : 0) + (j + 1 < a->k ? a->beta[j] : 0);
    lo = fmin(lo, a->alpha[j] - r);
    hi = fmax(hi, a->alpha[j] + r);
  }
  double width = hi - lo + fabs(hi) + fabs(lo);
  lo -= 1e-14 * width;
  hi += 1e-14 * width;
  for (int i = 0; i < 200 && hi - lo > 1e-15 * width; i++) {
    double mid = 0.5 * (lo + hi);
    if (below(a, mid) < which)
      lo = mid;
    else
      hi = mid;
  }
  return lo;
}

/* One solution of (T - x) s = s by LDL', x below the spectrum; s is normalised. */
static void solve(krylov *a, double x) {
  for (int64_t j = 0; j < a->k; j++) {
    double l = j ? a->beta[j - 1] / a->d[j - 1] : 0;
    a->d[j] = a->alpha[j] - x - (j ? l * a->beta[j - 1] : 0);
    if (!(a->d[j] > 1e-300)) a->d[j] = 1e-300;
    if (j) a->s[j] -= l * a->s[j - 1];
  }
  double sum = 0;
  for (int64_t j = a->k; j-- > 0;) {
    a->s[j] /= a->d[j];
    if (j + 1 < a->k) a->s[j] -= a->beta[j] / a->d[j] * a->s[j + 1];
    if (!isfinite(a->s[j])) a->s[j] = 0;
    sum = fmax(sum, fabs(a->s[j]));
  }
  double norm = 0;
  for (int64_t j = 0; j < a->k; j++) a->s[j] /= sum > 0 ? sum : 1;
  for (int64_t j = 0; j < a->k; j++) norm += a->s[j] * a->s[j];
  for (int64_t j = 0; j < a->k; j++) a->s[j] /= sqrt(norm > 0 ? norm : 1);
}

/* ---- the basis --------------------------------------------------------------------------------
 */

static uint32_t group(int64_t from, int64_t to) {
  int64_t k = to - from;
  return k < (int64_t)THW_COMB_MAX ? (uint32_t)k : THW_COMB_MAX;
}

/* h loses its components along the k basis vectors. Twice is enough. */
static thw_status orthogonalise(const curv_run *s, int64_t k, thw_vec *h) {
  for (int twice = 0; twice < 2; twice++)
    for (int64_t j = 0; j < k; j += THW_COMB_MAX) {
      double c[THW_COMB_MAX];
      const thw_vec *in[THW_COMB_MAX];
      uint32_t m = group(j, k);
      for (uint32_t i = 0; i < m; i++) in[i] = s->w->basis[j + i];
      THW_TRY(h->ops->dotn(h, m, in, c));
      for (uint32_t i = 0; i < m; i++) c[i] = -c[i];
      THW_TRY(thw_lincomb(h, 1.0, m, c, in));
    }
  return THW_OK;
}

static thw_status ritz_vector(curv_run *s, krylov *a, double at, thw_vec *v) {
  double norm;
  for (int64_t j = 0; j < a->k; j++) a->s[j] = j ? 0.1 : 1;
  for (int i = 0; i < 4; i++) solve(a, at);
  THW_TRY(thw_fill(v, 0.0));
  for (int64_t j = 0; j < a->k; j += THW_COMB_MAX) {
    const thw_vec *in[THW_COMB_MAX];
    uint32_t m = group(j, a->k);
    for (uint32_t i = 0; i < m; i++) in[i] = s->w->basis[j + i];
    THW_TRY(thw_lincomb(v, 1.0, m, a->s + j, in));
  }
  THW_TRY(thw_norm2(v, &norm));
  return norm > 0 ? thw_scale(v, 1 / norm) : THW_OK;
}

/* ---- the iteration ----------------------------------------------------------------------------
 */

/* h = H v_k without its components along the basis; alpha and beta grow. */
static thw_status extend(curv_run *s, krylov *a, thw_vec *h) {
  thw_vec *v = s->w->basis[a->k];
  THW_TRY(curv_full(s, v, 1.0, s->q, h));
  THW_TRY(thw_dot(v, h, &a->alpha[a->k]));
  if (!isfinite(a->alpha[a->k])) return curv_end(s, CURV_DIVERGED);
  THW_TRY(orthogonalise(s, a->k + 1, h));
  THW_TRY(thw_norm2(h, &a->beta[a->k]));
  a->k++;
  s->r->steps = a->k;
  return THW_OK;
}

/* The Ritz value says that there is curvature below -accept: the Ritz vector is asked itself. */
static thw_status verify(curv_run *s, krylov *a, double accept, double *tried) {
  double at = ritz_value(a, 1), z;
  if (!(at < *tried)) return THW_OK;
  *tried = 1.1 * at;
  THW_TRY(ritz_vector(s, a, at, s->w->v));
  THW_TRY(curv_full(s, s->w->v, 1.0, s->q, s->w->b));
  THW_TRY(thw_dot(s->w->v, s->w->b, &z));
  if (!isfinite(z)) return curv_end(s, CURV_DIVERGED);
  curv_seen(s, z);
  return z <= -accept ? curv_found(s, z) : THW_OK;
}

/* Steps of det with the L in force, which the largest Ritz value may disprove. */
static int64_t steps_needed(curv_run *s, const krylov *a, curv_options *o, curv_plan *plan) {
  if (a->k > 0 && below(a, o->L) < a->k) {
    o->L = 1.1 * ritz_value(a, a->k);
    s->r->restarts++;
  }
  s->r->L = o->L;
  curv_plan_make(CURV_DET, o, s->p->n, s->d, plan);
  return plan->steps + 1;
}

thw_status curv_run_krylov(curv_run *s) {
  curv_options o = *s->o;
  curv_plan plan;
  const int64_t room = s->w->room;
  krylov a = {.alpha = s->w->table, .beta = s->w->table + room};
  a.s = s->w->table + 2 * room, a.d = s->w->table + 3 * room;
  s->o = &o;
  THW_TRY(thw_unit_vec(s->w->basis[0], s->p->rng));
  int64_t need = steps_needed(s, &a, &o, &plan);
  double accept = plan.acc * o.delta, tried = -accept;
  while (a.k < room) {
    thw_vec *h = s->w->a;
    THW_TRY(extend(s, &a, h));
    curv_seen(s, a.alpha[a.k - 1]);
    if (below(&a, -accept) > 0) THW_TRY(verify(s, &a, accept, &tried));
    need = steps_needed(s, &a, &o, &plan);
    double beta = a.beta[a.k - 1];
    if (a.k >= need || a.k == s->d || !(beta > 1e-13 * o.L)) return curv_end(s, CURV_BOTTOM);
    if (a.k < room) THW_TRY(thw_axpby(s->w->basis[a.k], 1 / beta, h, 0.0));
  }
  return curv_run_det(s);
}
