/* SPDX-License-Identifier: BSD-3-Clause */
/* The sub-problem in a Krylov space, by Lanczos' method with full reorthogonalisation. */
#include "plugins/optimizers/cubic/cubic.h"

#define SETTLED 0.1 /* a Ritz value is good when its residual is that part of it */

/* Products after which the smallest Ritz value is above -delta only if the Hessian's is, with the
 * probability asked for: as in Neon2^det, whose polynomials Lanczos' method is not worse than. */
static int64_t certain_after(const cubic *s) {
  curv_options o;
  curv_plan plan;
  curv_options_default(&o);
  o.delta = cubic_delta(s);
  o.L = fmax(s->c.L, o.delta);
  o.p = s->fail;
  curv_plan_make(CURV_DET, &o, 1, s->o.space->n, &plan);
  return plan.steps;
}

static thw_status first(cubic *s, int small) {
  if (small) return thw_unit_vec(s->basis[0], &s->search);
  return thw_axpby(s->basis[0], 1.0 / s->norm, s->g, 0.0);
}

/* w = w - Q Q'w, twice, in pieces that lincomb takes. */
static thw_status orthogonalise(cubic *s, thw_vec *w, int64_t k) {
  double c[THW_COMB_MAX];
  for (int pass = 0; pass < 2; pass++)
    for (int64_t i = 0; i < k; i += THW_COMB_MAX) {
      uint32_t m = (uint32_t)(k - i < THW_COMB_MAX ? k - i : THW_COMB_MAX);
      const thw_vec *q[THW_COMB_MAX];
      for (uint32_t j = 0; j < m; j++) q[j] = s->basis[i + j];
      THW_TRY(w->ops->dotn(w, m, q, c));
      for (uint32_t j = 0; j < m; j++) c[j] = -c[j];
      THW_TRY(thw_lincomb(w, 1.0, m, c, q));
    }
  return THW_OK;
}

/* Column k of T, and the vector after it in s->hv, with its length in *beta. */
static thw_status extend(cubic *s, int64_t k, double *beta, int64_t *cost) {
  THW_TRY(cubic_product(s, s->basis[k], s->hv, cost));
  THW_TRY(thw_dot(s->basis[k], s->hv, &s->r.alpha[k]));
  THW_TRY(thw_dot(s->basis[k], s->g, &s->r.c[k]));
  THW_TRY(orthogonalise(s, s->hv, k + 1));
  return thw_norm2(s->hv, beta);
}

/* Enough vectors? The residual of the model's gradient, or of the eigenvector, is beta times the
 * last component. */
static int enough(const cubic *s, int small, double beta) {
  const cubic_reduced *r = &s->r;
  if (!small) return beta * fabs(r->y[r->k - 1]) <= s->p->tolerance * s->norm;
  double delta = cubic_delta(s);
  if (r->theta[0] <= -0.5 * delta)
    return beta * fabs(r->w[r->k - 1]) <= SETTLED * fabs(r->theta[0]);
  return s->certain != 0;
}

/* Solving takes k^3 operations: not after each product once k is large. */
static int due(int64_t k, int last) {
  return last || k <= 8 || k % (1 + k / 8) == 0;
}

static thw_status combine(cubic *s) {
  THW_TRY(thw_fill(s->s, 0.0));
  for (int64_t j = 0; j < s->r.k; j++) THW_TRY(thw_axpy(s->s, s->r.y[j], s->basis[j]));
  return THW_OK;
}

thw_status cubic_lanczos(cubic *s, int small, int64_t *cost) {
  cubic_reduced *r = &s->r;
  int64_t needed = small ? certain_after(s) : 0, d = s->o.space->n;
  double scale = 0.0, beta;
  s->certain = 0;
  THW_TRY(first(s, small));
  for (int64_t k = 0;; k++) {
    THW_TRY(extend(s, k, &beta, cost));
    r->k = k + 1;
    scale = fmax(scale, fmax(fabs(r->alpha[k]), beta));
    /* nothing is left of the space, or of what the vector can reach */
    int closed = r->k == d || beta <= 64.0 * s->o.unit * scale || scale == 0.0;
    int last = closed || r->k == s->room || r->k == needed;
    s->certain = small && (closed || r->k >= needed);
    if (due(r->k, last)) {
      THW_TRY(cubic_eigen(r));
      cubic_minimise(r, s->rho, &s->decrease);
      s->least = r->theta[0];
      if (last || enough(s, small, beta)) return combine(s);
    }
    r->beta[k] = beta;
    THW_TRY(thw_axpby(s->basis[k + 1], 1.0 / beta, s->hv, 0.0));
  }
}
