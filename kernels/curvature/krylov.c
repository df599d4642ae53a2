/* SPDX-License-Identifier: BSD-3-Clause */
/* Neon2^krylov: Lanczos iteration with full reorthogonalisation, which ends by what it has seen.
 *
 * Found: a Ritz value below -acc delta, whose Ritz vector is then multiplied itself. The iteration
 * first goes on while each product still lowers the value by a tenth, for as many products again
 * at most: who gets a direction wants one that leads far down, not the first that will do.
 *
 * Bottom: let mu be the spectral measure of the start v, which has mass (v'u)^2 at the eigenvalue
 * of each eigenvector u, and p_0, ..., p_k its orthonormal polynomials, which k products determine.
 * Any point x has at most the mass 1 / sum p_j(x)^2 (the Christoffel function, Szegoe, Orthogonal
 * Polynomials, theorem 3.4.1 ff., Akhiezer, The Classical Moment Problem, section 2.5), and left of
 * all Ritz values that falls with x. So once sum p_j(-delta)^2 > 1/tau^2 an eigenvector to an
 * eigenvalue of -delta or less has |v'u| < tau, for which a random start has probability at most p
 * when tau = p sqrt(pi/(2d)). The event does not depend on k: looking after each product costs
 * nothing, and neither L nor anything else about the spectrum is assumed. The bound is sharp where
 * the other eigenvalues are far away, so a fifth of p is kept for what products by differences do.
 *
 * When the room for the basis is used up, det goes on from the start. */
#include <stdlib.h>
#include <string.h>

#include "kernels/curvature/internal.h"

typedef struct krylov {
  int64_t k;            /* products made */
  double *alpha, *beta; /* of the tridiagonal matrix; beta[j] couples j and j + 1 */
  double *s, *d;        /* Ritz vector in the basis; pivots */
  int64_t first;        /* products after which a Ritz value was low enough; 0: none yet */
  double last;          /* the least Ritz value before this product, from then on */
  double p, before;     /* p_k and p_{k-1} at -delta */
  double sum;           /* of all their squares */
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

/* h = H v_k without its components along the basis; alpha and beta grow. `made`: H v_k is in h. */
static thw_status extend(curv_run *s, krylov *a, thw_vec *h, int made) {
  thw_vec *v = s->w->basis[a->k];
  if (!made) THW_TRY(curv_full(s, v, 1.0, s->q, h));
  THW_TRY(thw_dot(v, h, &a->alpha[a->k]));
  if (!isfinite(a->alpha[a->k])) return curv_end(s, CURV_DIVERGED);
  THW_TRY(orthogonalise(s, a->k + 1, h));
  THW_TRY(thw_norm2(h, &a->beta[a->k]));
  a->k++;
  s->r->steps = a->k;
  return THW_OK;
}

/* sum += p_k(x)^2, of the recurrence beta_k p_k = (x - alpha_k) p_{k-1} - beta_{k-1} p_{k-2}. */
static void lengthen(krylov *a, double x) {
  int64_t k = a->k - 1;
  double next = (x - a->alpha[k]) * a->p - (k ? a->beta[k - 1] * a->before : 0);
  a->before = a->p;
  a->p = a->beta[k] > 0 ? next / a->beta[k] : INFINITY;
  a->sum += a->p * a->p;
}

/* The Ritz value says that there is curvature below -accept: the Ritz vector is asked itself. */
static thw_status verify(curv_run *s, krylov *a, double accept, double *tried) {
  double at = ritz_value(a, 1), z;
  if (!(at < *tried)) return THW_OK;
  *tried = 1.1 * at;
  THW_TRY(ritz_vector(s, a, at, s->w->v));
  THW_TRY(curv_full(s, s->w->v, 1.0, s->q, s->w->c));
  THW_TRY(thw_dot(s->w->v, s->w->c, &z));
  if (!isfinite(z)) return curv_end(s, CURV_DIVERGED);
  curv_seen(s, z);
  return z <= -accept ? curv_found(s, z) : THW_OK;
}

/* Whether another product may be worth it now that a Ritz value is low enough. */
static int pays(krylov *a) {
  double at = ritz_value(a, 1), last = a->last;
  a->last = at;
  if (!a->first) {
    a->first = a->k;
    return 1;
  }
  return a->k < 2 * a->first + 2 && at < 1.1 * last;
}

/* Nothing in the iteration needs L, but others may want to know what was seen of it. */
static void see_lipschitz(curv_run *s, const krylov *a) {
  double seen = fmax(fabs(ritz_value(a, 1)), fabs(ritz_value(a, a->k)));
  if (s->o->L > 0 && s->o->L >= seen) return;
  s->r->L_estimated = !(s->o->L > 0);
  s->r->L = seen;
}

static thw_status bottom(curv_run *s, const krylov *a) {
  curv_seen(s, ritz_value(a, 1));
  return curv_end(s, CURV_BOTTOM);
}

/* Until there is an answer, or no room. */
static thw_status iterate(curv_run *s, krylov *a, int made) {
  const double delta = s->o->delta, accept = (s->o->acc > 0 ? s->o->acc : 0.5) * delta;
  const double e = s->r->probe_error,
               tau = CURV_KEPT * s->o->p * sqrt(1.5707963267948966 / (double)s->d);
  /* products that are off by e move an eigenvalue by no more */
  const double x = -delta + 2 * e;
  double tried = -accept - e;
  while (a->k < s->w->room) {
    thw_vec *h = made ? s->w->b : s->w->a;
    THW_TRY(extend(s, a, h, made));
    made = 0;
    see_lipschitz(s, a);
    curv_seen(s, a->alpha[a->k - 1]);
    double beta = a->beta[a->k - 1];
    int whole = a->k == s->d || !(beta > 1e-13 * s->r->L), last = whole || a->k == s->w->room;
    if (below(a, -accept) > 0 && (last || !pays(a))) THW_TRY(verify(s, a, accept, &tried));
    lengthen(a, x);
    if (below(a, x) == 0 && (whole || a->sum > 1 / (tau * tau))) return bottom(s, a);
    if (whole) return curv_end(s, CURV_PRECISION); /* a Ritz value that its vector denies */
    if (a->k < s->w->room) THW_TRY(thw_axpby(s->w->basis[a->k], 1 / beta, h, 0.0));
  }
  return THW_OK;
}

thw_status curv_run_krylov(curv_run *s) {
  const int64_t room = s->w->room;
  krylov a = {.alpha = s->w->table, .beta = s->w->table + room, .p = 1, .sum = 1};
  a.s = s->w->table + 2 * room, a.d = s->w->table + 3 * room;
  int made = 0;
  if (s->o->L > 0) s->r->L = s->o->L;
  THW_TRY(thw_unit_vec(s->w->basis[0], s->p->rng));
  if (!(s->q > 0)) THW_TRY(curv_probe_radius(s, s->w->basis[0], &made));
  THW_TRY(iterate(s, &a, made));
  curv_options o = *s->o;
  o.L = 1.05 * s->r->L; /* should that be too small, det will notice */
  s->o = &o;
  s->r->variant = CURV_DET;
  return curv_run_det(s);
}
