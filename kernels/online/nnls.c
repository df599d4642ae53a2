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

static void copy_column(const on_columns *E, on_column j, double *out) {
  int64_t n = E->r - 1;
  if (j < 0) {
    memset(out, 0, (size_t)E->r * sizeof *out);
    out[E->row[-1 - j]] = 1;
    out[n] = E->last ? E->last[-1 - j] : 0;
    return;
  }
  const double *a = E->dense + j * E->ld;
  if (!E->shift) {
    memcpy(out, a, (size_t)E->r * sizeof *out);
    return;
  }
  for (int64_t i = 0; i < n; i++) out[i] = (a[i] - E->shift[i]) / E->scale;
  out[n] = 1;
}

static int64_t mark_of(const on_columns *E, on_column j) {
  return j >= 0 ? j : E->n_dense - 1 - j;
}

/* E_j . res of a dense column; `at`: shift . res. */
static double slope_of(const on_columns *E, int64_t j, const double *res, double at) {
  const double *a = E->dense + j * E->ld;
  if (!E->shift) return cblas_ddot((int)E->r, a, 1, res, 1);
  return (cblas_ddot((int)E->r - 1, a, 1, res, 1) - at) / E->scale + res[E->r - 1];
}

/* ---- factorisation: the passive columns are Q R, Q with orthonormal columns -------------------
 */

#define Q(s, k) ((s)->q + (k) * (s)->r)
#define R(s, i, k) ((s)->up[(k) * (s)->r + (i)])

/* What lies in the first columns goes out of a, and into R. Those that are unit vectors need no
 * arithmetic. */
static void project_out(on_nnls *s, const on_columns *E, double *a, int64_t p) {
  double *h = s->work[0], *q = Q(s, s->units);
  int64_t u = s->units, k = p - u;
  for (int64_t i = 0; i < u; i++) {
    double *at = a + E->row[-1 - s->passive[i]];
    R(s, i, p) += *at;
    *at = 0;
  }
  if (k == 0) return;
  cblas_dgemv(CblasRowMajor, CblasNoTrans, (int)k, (int)E->r, 1, q, (int)s->r, a, 1, 0, h, 1);
  cblas_dgemv(CblasRowMajor, CblasTrans, (int)k, (int)E->r, -1, q, (int)s->r, h, 1, 1, a, 1);
  for (int64_t i = 0; i < k; i++) R(s, u + i, p) += h[i];
}

static double norm(const double *a, int64_t n) {
  return sqrt(cblas_ddot((int)n, a, 1, a, 1));
}

/* A second pass where the first took most of the column away: twice is enough (Kahan, Parlett). 0:
 * the column depends on the others. */
static int append(on_nnls *s, const on_columns *E, on_column j) {
  int64_t p = s->n_passive, r = E->r;
  if (p >= r) return 0;
  double *a = Q(s, p);
  copy_column(E, j, a);
  double before = norm(a, r), after = before;
  for (int64_t i = 0; i < p; i++) R(s, i, p) = 0;
  for (int pass = 0; pass < 2 && p > 0; pass++) {
    double was = after;
    project_out(s, E, a, p);
    after = norm(a, r);
    if (after > 0.7 * was) break;
  }
  if (!(after > 1e-13 * before)) return 0;
  R(s, p, p) = after;
  cblas_dscal((int)r, 1 / after, a, 1);
  if (s->units == p && j < 0 && !E->last) s->units++;
  s->passive[p] = j;
  s->u[p] = 0;
  s->n_passive = p + 1;
  return 1;
}

/* Takes out column k; the rotations that make R triangular again turn Q as well. A unit vector that
 * goes leaves those after it in place. */
static void take_out(on_nnls *s, const on_columns *E, int64_t k) {
  int64_t p = s->n_passive;
  double *c = s->work[2], *w = s->work[3];
  for (int64_t j = k; j + 1 < p; j++) {
    double *x = &R(s, 0, j);
    memcpy(x, &R(s, 0, j + 1), (size_t)(j + 2) * sizeof(double));
    s->passive[j] = s->passive[j + 1];
    s->u[j] = s->u[j + 1];
    for (int64_t i = k; i < j; i++) {
      double a = x[i], b = x[i + 1];
      x[i] = c[i] * a + w[i] * b;
      x[i + 1] = c[i] * b - w[i] * a;
    }
    double h = sqrt(x[j] * x[j] + x[j + 1] * x[j + 1]);
    c[j] = h > 0 ? x[j] / h : 1;
    w[j] = h > 0 ? x[j + 1] / h : 0;
    x[j] = h;
    cblas_drot((int)E->r, Q(s, j), 1, Q(s, j + 1), 1, c[j], w[j]);
  }
  if (k < s->units) s->units--;
  s->n_passive = p - 1;
}

/* The unconstrained coefficients of the passive columns: R x = Q^T e_last. */
static void solve(const on_nnls *s, const on_columns *E, double *x) {
  int64_t p = s->n_passive;
  for (int64_t k = 0; k < p; k++) x[k] = Q(s, k)[E->r - 1];
  if (p > 0)
    cblas_dtrsv(CblasColMajor, CblasUpper, CblasNoTrans, CblasNonUnit, (int)p, s->up, (int)s->r, x,
                1);
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

/* From a guess: what is dependent or would be negative is left out. Unit columns first: they cost
 * nothing. */
static void warm_start(on_nnls *s, const on_columns *E) {
  int64_t n = s->n_passive;
  memcpy(s->was, s->passive, (size_t)n * sizeof *s->was);
  s->n_passive = s->units = 0;
  for (int64_t i = 0; i < 2 * n; i++) {
    on_column j = s->was[i % n];
    int unit_first = j < 0 && !E->last;
    if (unit_first != (i < n)) continue;
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
  double *y = s->residual, all = 0;
  int64_t n = E->r - 1;
  memset(y, 0, (size_t)E->r * sizeof *y);
  y[n] = 1;
  for (int64_t k = 0; k < s->n_passive; k++) {
    on_column j = s->passive[k];
    double u = s->u[k];
    if (j < 0) {
      y[E->row[-1 - j]] -= u;
      y[n] -= E->last ? u * E->last[-1 - j] : 0;
    } else if (!E->shift) {
      cblas_daxpy((int)E->r, -u, E->dense + j * E->ld, 1, y, 1);
    } else {
      cblas_daxpy((int)n, -u / E->scale, E->dense + j * E->ld, 1, y, 1);
      all += u;
    }
  }
  if (!E->shift) return;
  cblas_daxpy((int)n, all / E->scale, E->shift, 1, y, 1);
  y[n] -= all;
}

/* Slopes of all dense columns; the steepest are kept as candidates for the next pivots. */
static void price_all(on_nnls *s, const on_columns *E, double tol, double at) {
  const double *res = s->residual;
  int64_t n = E->r - 1, m = E->n_dense;
  double most = 0, *g = s->slope;
  s->n_candidates = 0;
  if (m == 0) return;
  cblas_dgemv(CblasRowMajor, CblasNoTrans, (int)m, (int)(E->shift ? n : E->r), 1, E->dense,
              (int)E->ld, res, 1, 0, g, 1);
  for (int64_t j = 0; j < m; j++) {
    if (E->shift) g[j] = (g[j] - at) / E->scale + res[n];
    if (g[j] > most && !s->is_in[j] && !s->barred[j]) most = g[j];
  }
  double enough = fmax(tol, 0.25 * most);
  for (int64_t j = 0; j < m && s->n_candidates < ON_CANDIDATES; j++)
    if (g[j] >= enough && g[j] > tol && !s->is_in[j] && !s->barred[j])
      s->candidate[s->n_candidates++] = j;
}

static double best_candidate(on_nnls *s, const on_columns *E, double most, double at,
                             on_column *out) {
  for (int64_t i = 0; i < s->n_candidates; i++) {
    int64_t j = s->candidate[i];
    if (s->is_in[j] || s->barred[j]) continue;
    double w = slope_of(E, j, s->residual, at);
    if (w > most) most = w, *out = j;
  }
  return most;
}

/* A column outside with a slope above tol, among candidates that were steep when all were looked at
 * last, else among all; ties to the first. 0: there is none. */
static int steepest(on_nnls *s, const on_columns *E, double tol, on_column *out) {
  const double *res = s->residual;
  double at = E->shift ? cblas_ddot((int)E->r - 1, E->shift, 1, res, 1) : 0;
  double most = best_candidate(s, E, tol, at, out);
  if (!(most > tol)) {
    price_all(s, E, tol, at);
    most = best_candidate(s, E, tol, at, out);
  }
  for (int64_t k = 0; k < E->n_sparse; k++) {
    double w = res[E->row[k]] + (E->last ? E->last[k] * res[E->r - 1] : 0);
    int64_t m = E->n_dense + k;
    if (w > most && !s->is_in[m] && !s->barred[m]) most = w, *out = -1 - k;
  }
  return most > tol;
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
  s->n_candidates = 0;
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
