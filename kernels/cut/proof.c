/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/cut/proof.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

/* Side of a tile. */
#define TILE 96

struct cut_proof {
  on_env e;
  int64_t n, side; /* tiles along a side */
  int32_t *place;  /* of each node in the order of elimination; padding comes last */
  int64_t *tile;   /* side x side: number of the tile, -1 where nothing can fill; lower half */
  int64_t tiles;
  double *v; /* TILE x TILE each, row by row; NULL: too large */
};

/* ---- the order: Cuthill and McKee, turned round ---------------------------------------------- */

static int64_t degree(const cut_graph *g, int64_t v) {
  return g->start[v + 1] - g->start[v];
}

/* Appends what is reached from v, breadth first, neighbours by degree. Returns the new length. */
static int64_t reach(const cut_graph *g, int32_t v, int32_t *order, int64_t k, uint8_t *seen) {
  int64_t from = k;
  order[k++] = v;
  seen[v] = 1;
  for (; from < k; from++) {
    int64_t begin = k;
    for (int64_t e = g->start[order[from]]; e < g->start[order[from] + 1]; e++) {
      int32_t w = g->to[e];
      if (seen[w]) continue;
      seen[w] = 1;
      int64_t at = k++;
      for (; at > begin && degree(g, order[at - 1]) > degree(g, w); at--) order[at] = order[at - 1];
      order[at] = w;
    }
  }
  return k;
}

static thw_status arrange(cut_proof *p, const cut_graph *g) {
  int32_t *order = NULL;
  uint8_t *seen = NULL;
  thw_status st = ON_NEW(p->e, order, g->n);
  if (st == THW_OK) st = ON_NEW(p->e, seen, g->n);
  for (int64_t k = 0, v = 0; st == THW_OK && v < g->n; v++) {
    if (seen[v]) continue;
    /* From the far end of what v belongs to. */
    int64_t end = reach(g, (int32_t)v, order, k, seen);
    int32_t far = order[end - 1];
    for (int64_t i = k; i < end; i++) seen[order[i]] = 0;
    k = reach(g, far, order, k, seen);
  }
  for (int64_t k = 0; st == THW_OK && k < g->n; k++) p->place[order[k]] = (int32_t)(g->n - 1 - k);
  on_free(p->e, order);
  on_free(p->e, seen);
  return st;
}

/* ---- which tiles can fill -------------------------------------------------------------------- */

static void fill(cut_proof *p, const cut_graph *g) {
  int64_t b = p->side;
  for (int64_t k = 0; k < b * b; k++) p->tile[k] = -1;
  for (int64_t i = 0; i < b; i++) p->tile[i * b + i] = 0;
  for (int64_t e = 0; e < g->m; e++) {
    int64_t i = p->place[g->tail[e]] / TILE, j = p->place[g->head[e]] / TILE;
    p->tile[i > j ? i * b + j : j * b + i] = 0;
  }
  for (int64_t k = 0; k < b; k++)
    for (int64_t i = k + 1; i < b; i++)
      for (int64_t j = k + 1; j <= i && p->tile[i * b + k] == 0; j++)
        if (p->tile[j * b + k] == 0) p->tile[i * b + j] = 0;
  for (int64_t k = 0; k < b * b; k++)
    if (p->tile[k] == 0) p->tile[k] = p->tiles++;
}

void cut_proof_free(cut_proof *p) {
  if (!p) return;
  on_env e = p->e;
  on_free(e, p->place);
  on_free(e, p->tile);
  on_free(e, p->v);
  on_free(e, p);
}

thw_status cut_proof_new(const cut_graph *g, double megabytes, cut_proof **out) {
  cut_proof *p = NULL;
  THW_TRY(ON_NEW(g->e, p, 1));
  *p = (cut_proof){.e = g->e, .n = g->n, .side = (g->n + TILE - 1) / TILE};
  thw_status st = ON_NEW(p->e, p->place, g->n);
  if (st == THW_OK) st = ON_NEW(p->e, p->tile, p->side * p->side);
  if (st == THW_OK) st = arrange(p, g);
  if (st == THW_OK) {
    fill(p, g);
    if ((double)p->tiles * TILE * TILE * sizeof(double) <= megabytes * 1e6)
      st = ON_NEW(p->e, p->v, p->tiles * TILE * TILE);
  }
  if (st == THW_OK)
    *out = p;
  else
    cut_proof_free(p);
  return st;
}

/* ---- the factorization ----------------------------------------------------------------------- */

static double *at(const cut_proof *p, int64_t i, int64_t j) {
  int64_t k = p->tile[i * p->side + j];
  return k < 0 ? NULL : p->v + k * TILE * TILE;
}

/* The matrix into the tiles, with ones on the diagonal of the padding. Returns the trace; *row: the
 * largest sum of absolute values in a row. */
static double load(cut_proof *p, const cut_matrix *a, double s, double *row) {
  double trace = 0;
  *row = 0;
  memset(p->v, 0, (size_t)(p->tiles * TILE * TILE) * sizeof(double));
  for (int64_t v = 0; v < p->n; v++) {
    int64_t i = p->place[v];
    double sum = fabs(a->d[v]) + s;
    at(p, i / TILE, i / TILE)[i % TILE * (TILE + 1)] += a->d[v] + s;
    trace += sum;
    for (int64_t e = a->start[v]; e < a->start[v + 1]; e++) {
      int64_t j = p->place[a->to[e]];
      sum += fabs(a->w[e]);
      if (j <= i) at(p, i / TILE, j / TILE)[i % TILE * TILE + j % TILE] += a->w[e];
    }
    if (sum > *row) *row = sum;
  }
  for (int64_t i = p->n; i < p->side * TILE; i++)
    at(p, i / TILE, i / TILE)[i % TILE * (TILE + 1)] = 1;
  return trace;
}

/* Lower Cholesky factor of one tile in its place; 0 when it breaks down. */
static int factor(double *v) {
  for (int64_t j = 0; j < TILE; j++) {
    double *row = v + j * TILE, d = row[j];
    for (int64_t k = 0; k < j; k++) d -= row[k] * row[k];
    if (!(d > 0)) return 0;
    row[j] = d = sqrt(d);
    for (int64_t i = j + 1; i < TILE; i++) {
      double *other = v + i * TILE, sum = 0;
      for (int64_t k = 0; k < j; k++) sum += other[k] * row[k];
      other[j] = (other[j] - sum) / d;
    }
  }
  return 1;
}

static int column(cut_proof *p, int64_t k) {
  double *diagonal = at(p, k, k);
  if (!factor(diagonal)) return 0;
  for (int64_t i = k + 1; i < p->side; i++) {
    double *x = at(p, i, k);
    if (x)
      cblas_dtrsm(CblasRowMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, TILE, TILE, 1,
                  diagonal, TILE, x, TILE);
  }
  for (int64_t i = k + 1; i < p->side; i++) {
    const double *x = at(p, i, k);
    for (int64_t j = k + 1; j < i && x; j++) {
      const double *y = at(p, j, k);
      if (y)
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, TILE, TILE, TILE, -1, x, TILE, y, TILE,
                    1, at(p, i, j), TILE);
    }
    if (x)
      cblas_dsyrk(CblasRowMajor, CblasLower, CblasNoTrans, TILE, TILE, -1, x, TILE, 1, at(p, i, i),
                  TILE);
  }
  return 1;
}

/* Higham, Accuracy and Stability (2002), theorem 10.3: the computed factor is the exact one of a
 * matrix whose distance in the 2-norm is at most g/(1-g) times the trace, g = (n+1) u / (1 - (n+1)
 * u), in whatever order the sums are taken. Four times that pays for reciprocals of the diagonal
 * inside the triangular solves; the last term for the rounding of the entries themselves. */
int cut_proof_try(cut_proof *p, const cut_matrix *a, double s, double *least) {
  if (!p->v) return 0;
  double row, trace = load(p, a, s, &row);
  for (int64_t k = 0; k < p->side; k++)
    if (!column(p, k)) return 0;
  double u = 1.1102230246251565e-16, g = 4 * u * (double)(p->n + 2);
  *least = -(g / (1 - g) * trace + 16 * u * row);
  return 1;
}
