/* SPDX-License-Identifier: BSD-3-Clause */
/* Newton directions. */
#include <string.h>

#include "plugins/optimizers/newton/newton.h"

extern void dpotrf_(const char *uplo, const int *n, double *a, const int *lda, int *info);
extern void dpotrs_(const char *uplo, const int *n, const int *nrhs, const double *a,
                    const int *lda, double *b, const int *ldb, int *info);

/* ---- dense ---------------------------------------------------------------------------------- */

static double get(const thw_view *v, int64_t i) {
  return v->dtype == THW_F32 ? (double)((const float *)v->data)[i] : ((const double *)v->data)[i];
}

static thw_status read_gradient(newton *s) {
  thw_view v;
  THW_TRY(s->l.g->ops->map(s->l.g, THW_READ, &v));
  for (int64_t i = 0; i < v.n; i++) s->rhs[i] = -get(&v, i);
  return s->l.g->ops->unmap(s->l.g, THW_READ);
}

static thw_status write_direction(newton *s) {
  thw_view v;
  THW_TRY(s->l.d->ops->map(s->l.d, THW_WRITE, &v));
  for (int64_t i = 0; i < v.n; i++)
    if (v.dtype == THW_F32)
      ((float *)v.data)[i] = (float)s->rhs[i];
    else
      ((double *)v.data)[i] = s->rhs[i];
  return s->l.d->ops->unmap(s->l.d, THW_WRITE);
}

/* LAPACK leaves the other triangle alone, so the matrix can be had back from there: the lower one
 * is factorised, the upper one and `diag`, kept in rhs's second half, remain. */
static void restore(double *h, const double *diag, int64_t n, double damping) {
  for (int64_t j = 0; j < n; j++) {
    for (int64_t i = j + 1; i < n; i++) h[j * n + i] = h[i * n + j];
    h[j * n + j] = diag[j] + damping;
  }
}

/* Factorises in place; the damping that was needed is left in s->damping. */
static thw_status factorise(newton *s, int n) {
  double *diag = s->rhs + n, largest = 0.0;
  int64_t m = n;
  for (int64_t i = 0; i < m; i++) {
    diag[i] = s->h[i * m + i];
    largest = fmax(largest, fabs(diag[i]));
  }
  double damping = 0.0, first = fmax(1e-6 * largest, 1e-300);
  for (int tries = 0; tries < 40; tries++) {
    int info;
    restore(s->h, diag, m, damping);
    dpotrf_("L", &n, s->h, &n, &info);
    s->damping = damping;
    if (info == 0) return THW_OK;
    damping = fmax(first, 4.0 * damping);
  }
  return optim_fail(&s->o, THW_E_NONFINITE,
                    "newton: the Hessian cannot be factorised even after "
                    "%g was added to its diagonal",
                    damping);
}

thw_status newton_cholesky(newton *s) {
  int n = (int)s->o.space->n, one = 1, info;
  THW_TRY(s->dense->hessian(s->o.oracle.self, s->l.x, NULL, s->h));
  THW_TRY(factorise(s, n));
  THW_TRY(read_gradient(s));
  dpotrs_("L", &n, &one, s->h, &n, s->rhs, &n, &info);
  if (info != 0) return optim_fail(&s->o, THW_E_INTERNAL, "dpotrs: argument %d", -info);
  return write_direction(s);
}

/* ---- products ------------------------------------------------------------------------------- */

/* out = H v, by the model's product or by a difference of gradients. */
static thw_status product(newton *s, const thw_vec *v, thw_vec *out) {
  const thw_object *o = &s->o.oracle;
  s->products++;
  if (!s->differences) {
    thw_status st = thw_oracle_hvp(o, s->l.x, v, NULL, out);
    if (st != THW_E_UNSUPPORTED) return st;
    s->differences = 1;
  }
  double norm, size;
  THW_TRY(thw_norm2(v, &norm));
  THW_TRY(thw_norm2(s->l.x, &size));
  if (norm == 0.0) return thw_fill(out, 0.0);
  double h = sqrt(s->o.unit) * fmax(1.0, size) / norm;
  THW_TRY(thw_copy(s->at, s->l.x));
  THW_TRY(thw_axpy(s->at, h, v));
  THW_TRY(thw_oracle_eval(o, s->at, NULL, NULL, out));
  return thw_axpby(out, -1.0 / h, s->l.g, 1.0 / h);
}

/* S. Nocedal, S. Wright, Numerical Optimization, 2006, algorithm 7.1. */
thw_status newton_cg(newton *s, double gnorm) {
  double goal = fmin(s->p->forcing, sqrt(gnorm)) * gnorm, rr, curvature;
  THW_TRY(thw_fill(s->l.d, 0.0));
  THW_TRY(thw_copy(s->r, s->l.g));
  THW_TRY(thw_axpby(s->q, -1.0, s->l.g, 0.0));
  THW_TRY(thw_dot(s->r, s->r, &rr));
  for (int64_t k = 0; k < s->p->max_cg; k++) {
    THW_TRY(product(s, s->q, s->hq));
    THW_TRY(thw_dot(s->q, s->hq, &curvature));
    if (!(curvature > 0.0)) return k == 0 ? thw_copy(s->l.d, s->q) : THW_OK;
    double alpha = rr / curvature, before = rr;
    THW_TRY(thw_axpy(s->l.d, alpha, s->q));
    THW_TRY(thw_axpy(s->r, alpha, s->hq));
    THW_TRY(thw_dot(s->r, s->r, &rr));
    if (sqrt(rr) <= goal) return THW_OK;
    THW_TRY(thw_axpby(s->q, -1.0, s->r, rr / before));
  }
  return THW_OK;
}
