/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/online/nnls.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

thw_status on_nnls_init(on_nnls *s, on_env e, int64_t rows) {
  *s = (on_nnls){.e = e, .r = rows};
  THW_TRY(ON_NEW(e, s->q, rows * rows));
  THW_TRY(ON_NEW(e, s->up, rows * rows));
  THW_TRY(ON_NEW(e, s->passive, rows + 1));
  THW_TRY(ON_NEW(e, s->was, rows + 1));
  THW_TRY(ON_NEW(e, s->u, rows + 1));
  THW_TRY(ON_NEW(e, s->residual, rows));
  for (int i = 0; i < 4; i++) THW_TRY(ON_NEW(e, s->work[i], rows + 1));
  return THW_OK;
}

void on_nnls_free(on_nnls *s) {
  if (!s->e.host) return;
  on_free(s->e, s->q);
  on_free(s->e, s->up);
  on_free(s->e, s->passive);
  on_free(s->e, s->was);
  on_free(s->e, s->u);
  on_free(s->e, s->residual);
  for (int i = 0; i < 4; i++) on_free(s->e, s->work[i]);
  on_free(s->e, s->slope);
  on_free(s->e, s->barred);
  on_free(s->e, s->is_in);
  *s = (on_nnls){0};
}

/* ---- columns --------------------------------------------------------------------------------- */

static double last_of(const on_columns *E, on_column j) {
  if (j >= 0) return E->dense[j * E->ld + E->r - 1];
  return E->last ? E->last[-1 - j] : 0;
}

static void copy_column(const on_columns *E, on_column j, double *out) {
  if (j >= 0) {
    memcpy(out, E->dense + j * E->ld, (size_t)E->r * sizeof *out);
    return;
  }
  memset(out, 0, (size_t)E->r * sizeof *out);
  out[E->row[-1 - j]] = 1;
  out[E->r - 1] = last_of(E, j);
}

static void add_column(const on_columns *E, on_column j, double a, double *y) {
  if (j >= 0) {
    cblas_daxpy((int)E->r, a, E->dense + j * E->ld, 1, y, 1);
    return;
  }
  y[E->row[-1 - j]] += a;
  y[E->r - 1] += a * last_of(E, j);
}

static int64_t mark_of(const on_columns *E, on_column j) {
  return j >= 0 ? j : E->n_dense - 1 - j;
}

/* ---- factorisation: the passive columns are Q R, Q with orthonormal columns -------------------
 */

#define Q(s, k) ((s)->q + (k) * (s)->r)
#define R(s, i, k) ((s)->up[(k) * (s)->r + (i)])

/* Twice is enough (Kahan, Parlett). 0: the column depends on the others. */
static int append(on_nnls *s, const on_columns *E, on_column j) {
  int64_t p = s->n_passive, r = E->r;
  if (p >= r) return 0;
  double *a = Q(s, p), *h = s->work[0];
  copy_column(E, j, a);
  double before = cblas_dnrm2((int)r, a, 1);
  for (int64_t i = 0; i < p; i++) R(s, i, p) = 0;
  for (int pass = 0; pass < 2 && p > 0; pass++) {
    cblas_dgemv(CblasRowMajor, CblasNoTrans, (int)p, (int)r, 1, s->q, (int)s->r, a, 1, 0, h, 1);
    cblas_dgemv(CblasRowMajor, CblasTrans, (int)p, (int)r, -1, s->q, (int)s->r, h, 1, 1, a, 1);
    for (int64_t i = 0; i < p; i++) R(s, i, p) += h[i];
  }
  double after = cblas_dnrm2((int)r, a, 1);
  if (!(after > 1e-13 * before)) return 0;
  R(s, p, p) = after;
  cblas_dscal((int)r, 1 / after, a, 1);
  s->passive[p] = j;
  s->u[p] = 0;
  s->n_passive = p + 1;
  return 1;
}

/* Takes out column k; the rotations that make R triangular again turn Q as well. */
static void take_out(on_nnls *s, const on_columns *E, int64_t k) {
  int64_t p = s->n_passive;
  for (int64_t j = k; j + 1 < p; j++) {
    memcpy(&R(s, 0, j), &R(s, 0, j + 1), (size_t)(j + 2) * sizeof(double));
    s->passive[j] = s->passive[j + 1];
    s->u[j] = s->u[j + 1];
  }
  for (int64_t j = k; j + 1 < p; j++) {
    double c, w, a = R(s, j, j), b = R(s, j + 1, j), h = hypot(a, b);
    c = h > 0 ? a / h : 1, w = h > 0 ? b / h : 0;
    for (int64_t i = j; i + 1 < p; i++) {
      double x = R(s, j, i), y = R(s, j + 1, i);
      R(s, j, i) = c * x + w * y;
      R(s, j + 1, i) = c * y - w * x;
    }
    cblas_drot((int)E->r, Q(s, j), 1, Q(s, j + 1), 1, c, w);
  }
  s->n_passive = p - 1;
}

/* The unconstrained coefficients of the passive columns: R x = Q^T e_last. */
static void solve(const on_nnls *s, const on_columns *E, double *x) {
  int64_t p = s->n_passive;
  for (int64_t k = 0; k < p; k++) x[k] = Q(s, k)[E->r - 1];
  for (int64_t k = p; k-- > 0;) {
    x[k] /= R(s, k, k);
    for (int64_t i = 0; i < k; i++) x[i] -= R(s, i, k) * x[k];
  }
}

/* ---- the active set -------------------------------------------------------------------------- */

static thw_status make_room(on_nnls *s, const on_columns *E) {
  int64_t all = E->n_dense + E->n_sparse;
  if (E->r > s->r) return on_fail(s->e, THW_E_INTERNAL, "nnls: more rows than there is room for");
  THW_TRY(ON_GROW(s->e, s->slope, s->room_dense, E->n_dense + 1));
  THW_TRY(ON_GROW(s->e, s->barred, s->room_mark, all + 1));
  THW_TRY(ON_GROW(s->e, s->is_in, s->room_mark2, all + 1));
  memset(s->barred, 0, (size_t)all);
  memset(s->is_in, 0, (size_t)all);
  return THW_OK;
}

/* From a guess: what is dependent or would be negative is left out. */
static void warm_start(on_nnls *s, const on_columns *E) {
  int64_t n = s->n_passive;
  memcpy(s->was, s->passive, (size_t)n * sizeof *s->was);
  s->n_passive = 0;
  for (int64_t i = 0; i < n; i++) {
    on_column j = s->was[i];
    if (j >= E->n_dense || -1 - j >= E->n_sparse || s->is_in[mark_of(E, j)]) continue;
    if (append(s, E, j)) s->is_in[mark_of(E, j)] = 1;
  }
  double *x = s->work[1];
  for (int again = 1; again;) {
    again = 0;
    solve(s, E, x);
    for (int64_t k = s->n_passive; k-- > 0;) {
      if (x[k] > 0) continue;
      s->is_in[mark_of(E, s->passive[k])] = 0;
      take_out(s, E, k);
      again = 1;
    }
  }
  memcpy(s->u, x, (size_t)s->n_passive * sizeof *x);
}

static void take_residual(on_nnls *s, const on_columns *E) {
  memset(s->residual, 0, (size_t)E->r * sizeof *s->residual);
  s->residual[E->r - 1] = 1;
  for (int64_t k = 0; k < s->n_passive; k++) add_column(E, s->passive[k], -s->u[k], s->residual);
}

/* The column outside with the largest slope above tol; ties to the first. 0: none. */
static int steepest(on_nnls *s, const on_columns *E, double tol, on_column *out) {
  double most = tol;
  int found = 0;
  const double *res = s->residual;
  if (E->n_dense)
    cblas_dgemv(CblasRowMajor, CblasNoTrans, (int)E->n_dense, (int)E->r, 1, E->dense, (int)E->ld,
                res, 1, 0, s->slope, 1);
  for (int64_t j = 0; j < E->n_dense; j++)
    if (s->slope[j] > most && !s->is_in[j] && !s->barred[j])
      most = s->slope[j], *out = j, found = 1;
  for (int64_t k = 0; k < E->n_sparse; k++) {
    double w = res[E->row[k]] + (E->last ? E->last[k] * res[E->r - 1] : 0);
    int64_t m = E->n_dense + k;
    if (w > most && !s->is_in[m] && !s->barred[m]) most = w, *out = -1 - k, found = 1;
  }
  return found;
}

/* Moves from u towards the unconstrained x until a coefficient is zero, takes those out, and again,
 * until x is positive. */
static void clip(on_nnls *s, const on_columns *E, double *x) {
  for (;;) {
    double step = 1;
    int64_t first = -1;
    for (int64_t k = 0; k < s->n_passive; k++) {
      if (x[k] > 0) continue;
      double a = s->u[k] / (s->u[k] - x[k]);
      if (first < 0 || a < step) step = a, first = k;
    }
    if (first < 0) break;
    for (int64_t k = 0; k < s->n_passive; k++) s->u[k] += step * (x[k] - s->u[k]);
    s->u[first] = 0;
    for (int64_t k = s->n_passive; k-- > 0;) {
      if (s->u[k] > 0) continue;
      s->is_in[mark_of(E, s->passive[k])] = 0;
      take_out(s, E, k);
    }
    solve(s, E, x);
  }
  memcpy(s->u, x, (size_t)s->n_passive * sizeof *x);
}

/* Brings column j in. 0: it cannot help (dependent, or its coefficient would not be positive). */
static int bring_in(on_nnls *s, const on_columns *E, on_column j) {
  double *x = s->work[1];
  s->pivots++;
  if (!append(s, E, j)) return 0;
  solve(s, E, x);
  if (!(x[s->n_passive - 1] > 0)) {
    take_out(s, E, s->n_passive - 1);
    return 0;
  }
  s->is_in[mark_of(E, j)] = 1;
  clip(s, E, x);
  return 1;
}

thw_status on_nnls_solve(on_nnls *s, const on_columns *E, int fresh, double tol) {
  THW_TRY(make_room(s, E));
  if (fresh)
    warm_start(s, E);
  else
    for (int64_t k = 0; k < s->n_passive; k++) s->is_in[mark_of(E, s->passive[k])] = 1;
  int64_t all = E->n_dense + E->n_sparse, cap = 30 * all + 200;
  on_column j = 0;
  int barred = 0;
  for (int64_t i = 0; i < cap; i++) {
    take_residual(s, E);
    if (!steepest(s, E, tol, &j)) return THW_OK;
    if (!bring_in(s, E, j)) {
      s->barred[mark_of(E, j)] = 1;
      barred = 1;
    } else if (barred) {
      memset(s->barred, 0, (size_t)all);
      barred = 0;
    }
  }
  take_residual(s, E);
  return THW_OK;
}
