/* SPDX-License-Identifier: BSD-3-Clause */
#include "plugins/learners/spanner.h"

#include <math.h>
#include <string.h>

#define RANK_TOL 1e-9

/* Decisions to choose from. */
typedef struct pool {
  int64_t count;
  thw_decision **x;
  double *row, *rest; /* count x n: the decisions, and what is left of them outside the span */
} pool;

static double dot(const double *a, const double *b, int64_t n) {
  double s = 0;
  for (int64_t i = 0; i < n; i++) s += a[i] * b[i];
  return s;
}

static void axpy(double *y, double a, const double *x, int64_t n) {
  for (int64_t i = 0; i < n; i++) y[i] += a * x[i];
}

void spanner_free(spanner *s) {
  if (!s->e.host) return;
  for (int64_t i = 0; s->b && i < s->m; i++) thw_release(s->b[i]);
  on_free(s->e, (void *)s->b);
  on_free(s->e, s->row);
  on_free(s->e, s->inverse);
  on_free(s->e, s->normal);
  *s = (spanner){0};
}

static void pool_free(on_env e, pool *p) {
  for (int64_t i = 0; p->x && i < p->count; i++) thw_release(p->x[i]);
  on_free(e, (void *)p->x);
  on_free(e, p->row);
  on_free(e, p->rest);
}

static thw_status fill(spanner *s, const thw_object *oracle, thw_rng *r, pool *p) {
  int64_t n = s->n, all = 21 * n + 1;
  double *c = NULL;
  THW_TRY(ON_NEW(s->e, p->x, all));
  THW_TRY(ON_NEW(s->e, p->row, all * n));
  THW_TRY(ON_NEW(s->e, p->rest, all * n));
  THW_TRY(ON_NEW(s->e, c, n));
  thw_status st = THW_OK;
  for (int64_t k = 0; k < all && st == THW_OK; k++) {
    for (int64_t i = 0; i < n; i++) c[i] = k < n ? i == k : k == n ? 1 : thw_rng_uniform(r);
    double norm = sqrt(dot(c, c, n));
    for (int64_t i = 0; i < n; i++) c[i] /= norm;
    thw_linear_query q = {.size = sizeof q, .c = c};
    thw_linear_answer a = {.size = sizeof a};
    st = thw_linear_solve(oracle, &q, &a);
    if (st != THW_OK) break;
    p->x[p->count] = a.x;
    a.x->ops->vector(a.x, p->row + p->count++ * n);
  }
  on_free(s->e, c);
  return st;
}

/* Rows by largest rest (Gram-Schmidt with pivoting), into `basis`, orthonormal, and `chosen`.
 * Returns the rank. */
static int64_t choose(const spanner *s, pool *p, double *basis, int64_t *chosen) {
  int64_t n = s->n, rank = 0;
  double largest = 0;
  memcpy(p->rest, p->row, (size_t)(p->count * n) * sizeof *p->rest);
  for (; rank < n && rank < p->count; rank++) {
    int64_t best = 0;
    double most = -1;
    for (int64_t k = 0; k < p->count; k++) {
      double norm = sqrt(dot(p->rest + k * n, p->rest + k * n, n));
      if (norm > most) most = norm, best = k;
    }
    if (rank == 0) largest = most;
    if (!(most > RANK_TOL * largest)) break;
    double *e = basis + rank * n;
    for (int64_t i = 0; i < n; i++) e[i] = p->rest[best * n + i] / most;
    for (int64_t k = 0; k < p->count; k++) axpy(p->rest + k * n, -dot(e, p->rest + k * n, n), e, n);
    chosen[rank] = best;
  }
  return rank;
}

/* X (m x m, row-major) becomes its inverse by Gauss-Jordan with pivoting on rows; 0: singular. */
static int invert(double *x, double *inv, int64_t m) {
  memset(inv, 0, (size_t)(m * m) * sizeof *inv);
  for (int64_t i = 0; i < m; i++) inv[i * m + i] = 1;
  for (int64_t k = 0; k < m; k++) {
    int64_t best = k;
    for (int64_t i = k + 1; i < m; i++)
      if (fabs(x[i * m + k]) > fabs(x[best * m + k])) best = i;
    if (x[best * m + k] == 0) return 0;
    for (int64_t j = 0; j < m && best != k; j++) {
      double t = x[k * m + j], u = inv[k * m + j];
      x[k * m + j] = x[best * m + j], x[best * m + j] = t;
      inv[k * m + j] = inv[best * m + j], inv[best * m + j] = u;
    }
    double d = 1 / x[k * m + k];
    for (int64_t j = 0; j < m; j++) x[k * m + j] *= d, inv[k * m + j] *= d;
    for (int64_t i = 0; i < m; i++) {
      double a = x[i * m + k];
      if (i == k || a == 0) continue;
      axpy(x + i * m, -a, x + k * m, m);
      axpy(inv + i * m, -a, inv + k * m, m);
    }
  }
  return 1;
}

/* Swaps until no decision of the pool has a coefficient above `most`: each swap multiplies the
 * volume by that coefficient. */
static thw_status swap(spanner *s, const pool *p, const double *basis, int64_t *chosen,
                       double most) {
  int64_t n = s->n, m = s->m, worst_row = 0, worst_col = 0;
  double *x = NULL, *inv = NULL, *co = NULL;
  thw_status st = ON_NEW(s->e, x, m * m);
  if (st == THW_OK) st = ON_NEW(s->e, inv, m * m);
  if (st == THW_OK) st = ON_NEW(s->e, co, p->count * m);
  for (int64_t i = 0; i < m && st == THW_OK; i++)
    for (int64_t j = 0; j < m; j++) x[i * m + j] = dot(p->row + chosen[i] * n, basis + j * n, n);
  if (st == THW_OK && !invert(x, inv, m)) st = on_fail(s->e, THW_E_INTERNAL, "a singular spanner");
  for (int64_t k = 0; k < p->count && st == THW_OK; k++)
    for (int64_t j = 0; j < m; j++)
      axpy(co + k * m, dot(p->row + k * n, basis + j * n, n), inv + j * m, m);
  while (st == THW_OK) {
    s->beta = 0;
    for (int64_t k = 0; k < p->count; k++)
      for (int64_t j = 0; j < m; j++)
        if (fabs(co[k * m + j]) > s->beta * (1 + 1e-9))
          s->beta = fabs(co[k * m + j]), worst_row = k, worst_col = j;
    if (s->beta <= most) break;
    const double *in = co + worst_row * m;
    double pivot = in[worst_col];
    for (int64_t k = 0; k < p->count; k++) {
      double *c = co + k * m, a = c[worst_col] / pivot;
      if (k == worst_row) continue;
      axpy(c, -a, in, m);
      c[worst_col] = a;
    }
    memset(co + worst_row * m, 0, (size_t)m * sizeof *co);
    co[worst_row * m + worst_col] = 1;
    chosen[worst_col] = worst_row;
  }
  on_free(s->e, x);
  on_free(s->e, inv);
  on_free(s->e, co);
  return st;
}

static thw_status from_pool(spanner *s, const thw_object *oracle, double most, thw_rng *r) {
  pool p = {0};
  double *basis = NULL;
  int64_t *chosen = NULL;
  thw_status st = fill(s, oracle, r, &p);
  if (st == THW_OK) st = ON_NEW(s->e, basis, s->n * s->n);
  if (st == THW_OK) st = ON_NEW(s->e, chosen, s->n);
  if (st == THW_OK) {
    s->m = choose(s, &p, basis, chosen);
    st = swap(s, &p, basis, chosen, most);
  }
  if (st == THW_OK) st = ON_NEW(s->e, s->b, s->m);
  for (int64_t i = 0; i < s->m && st == THW_OK; i++) s->b[i] = thw_retain(p.x[chosen[i]]);
  on_free(s->e, basis);
  on_free(s->e, chosen);
  pool_free(s->e, &p);
  return st;
}

static thw_status from_oracle(spanner *s, const thw_object *oracle) {
  const thw_linear_ops *ops = thw_linear_(oracle);
  int64_t m = 0;
  THW_TRY(ops->spanner(oracle->self, NULL, &m, &s->beta));
  if (m < 1 || m > s->n) return on_fail(s->e, THW_E_INTERNAL, "the oracle's spanner has no size");
  thw_decision **b = NULL;
  THW_TRY(ON_NEW(s->e, b, m));
  thw_status st = ops->spanner(oracle->self, b, &m, &s->beta);
  if (st != THW_OK) {
    on_free(s->e, (void *)b);
    return st;
  }
  s->b = b;
  s->m = m;
  s->own = 1;
  return THW_OK;
}

/* Column i of the pseudo-inverse B'(B B')^-1. */
static thw_status take_inverse(spanner *s) {
  int64_t n = s->n, m = s->m;
  double *gram = NULL, *inv = NULL;
  thw_status st = ON_NEW(s->e, gram, m * m);
  if (st == THW_OK) st = ON_NEW(s->e, inv, m * m);
  if (st == THW_OK) st = ON_NEW(s->e, s->inverse, m * n);
  for (int64_t i = 0; i < m && st == THW_OK; i++)
    for (int64_t j = 0; j < m; j++) gram[i * m + j] = dot(s->row + i * n, s->row + j * n, n);
  if (st == THW_OK && !invert(gram, inv, m))
    st = on_fail(s->e, THW_E_INTERNAL, "the decisions of the spanner depend on each other");
  for (int64_t i = 0; i < m && st == THW_OK; i++)
    for (int64_t j = 0; j < m; j++) axpy(s->inverse + i * n, inv[j * m + i], s->row + j * n, n);
  on_free(s->e, gram);
  on_free(s->e, inv);
  return st;
}

/* Unit vectors less what lies in the span and in the normals found so far, largest rest first. */
static thw_status take_normals(spanner *s) {
  int64_t n = s->n, k = n - s->m, found = 0;
  if (k == 0) return THW_OK;
  pool units = {.count = n};
  double *basis = NULL;
  int64_t *chosen = NULL;
  thw_status st = ON_NEW(s->e, s->normal, k * n);
  if (st == THW_OK) st = ON_NEW(s->e, units.row, (n + s->m) * n);
  if (st == THW_OK) st = ON_NEW(s->e, units.rest, (n + s->m) * n);
  if (st == THW_OK) st = ON_NEW(s->e, basis, n * n);
  if (st == THW_OK) st = ON_NEW(s->e, chosen, n);
  if (st == THW_OK) {
    pool rows = {.count = s->m, .row = s->row, .rest = units.rest};
    int64_t rank = choose(s, &rows, basis, chosen);
    for (int64_t i = 0; i < n; i++) {
      double *u = units.row + i * n;
      u[i] = 1;
      for (int pass = 0; pass < 2; pass++)
        for (int64_t j = 0; j < rank; j++) axpy(u, -dot(u, basis + j * n, n), basis + j * n, n);
    }
    found = choose(s, &units, basis, chosen);
    for (int64_t j = 0; j < k && j < found; j++)
      memcpy(s->normal + j * n, basis + j * n, (size_t)n * sizeof *basis);
  }
  on_free(s->e, units.row);
  on_free(s->e, units.rest);
  on_free(s->e, basis);
  on_free(s->e, chosen);
  return st;
}

thw_status spanner_new(spanner *s, on_env e, const thw_object *oracle, int64_t n, int pooled,
                       double most, thw_rng *r) {
  *s = (spanner){.e = e, .n = n};
  thw_status st = THW_E_UNSUPPORTED;
  if (!pooled) st = from_oracle(s, oracle);
  if (st == THW_E_UNSUPPORTED) st = from_pool(s, oracle, most, r);
  if (st != THW_OK) return st;
  THW_TRY(ON_NEW(e, s->row, s->m * n));
  for (int64_t i = 0; i < s->m; i++) s->b[i]->ops->vector(s->b[i], s->row + i * n);
  THW_TRY(take_inverse(s));
  return take_normals(s);
}
