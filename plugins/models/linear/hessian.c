/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/linear/hessian.c - the whole Hessian of a model with one margin per row:
 * the mean of h_i a_i a_i' and the regulariser's diagonal.
 *
 * As in eval.c, blocks of rows whose number depends on the shape only are summed in order. */
#include <cblas.h>
#include <string.h>

#include "linear.h"

#define MAX_BLOCKS 8
#define MAX_NUMBERS (INT64_C(1) << 24) /* in all blocks together */

typedef struct hessian_job {
  linear *m;
  const thw_batch *b;
  const double *w;
  int64_t blocks, n;
  double *part, *scaled; /* by block: room for n x n, see place; twice tile x d, dense rows only */
  double *h;
} hessian_job;

static thw_status room(linear *m, int64_t numbers) {
  if (numbers <= m->hessian_room) return THW_OK;
  m->host->release(m->ctx, m->hessian);
  m->hessian_room = 0;
  m->hessian = m->host->alloc(m->ctx, (size_t)numbers * sizeof(double));
  if (!m->hessian)
    return m->host->fail(m->ctx, THW_E_NOMEM, "out of memory for a dense Hessian: use products");
  m->hessian_room = numbers;
  return THW_OK;
}

/* Sparse rows give a packed triangle of the features, the intercept's row behind it: what is
 * scattered to should stay in the cache. */
static int64_t place(const hessian_job *j, int64_t i, int64_t k) {
  if (j->b->rows->layout == THW_ROWS_DENSE) return i * j->n + k;
  return i * (i + 1) / 2 + k;
}

static void add_sparse(const hessian_job *j, int64_t lo, int64_t hi, const double *weight,
                       double *h) {
  const linear *m = j->m;
  m->kern->gram(j->b, lo, hi, weight, h);
  if (!m->intercept) return;
  double *last = h + place(j, m->d, 0);
  m->kern->scatter(j->b, lo, hi, m->d, weight, last);
  for (int64_t k = 0; k < hi - lo; k++) last[m->d] += weight[k];
}

static void add_dense(const hessian_job *j, int64_t lo, int64_t hi, const double *weight,
                      double *tile, double *scaled, double *h) {
  int64_t n = j->n, d = j->m->d, ld;
  const double *rows = thwk_dense_tile(j->b, lo, hi, d, tile, &ld);
  for (int64_t k = 0; k < hi - lo; k++)
    for (int64_t i = 0; i < d; i++) scaled[k * d + i] = weight[k] * rows[k * ld + i];
  cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (int)d, (int)d, (int)(hi - lo), 1.0, scaled,
              (int)d, rows, (int)ld, 1.0, h, (int)n);
  if (!j->m->intercept) return;
  for (int64_t k = 0; k < hi - lo; k++) {
    for (int64_t i = 0; i < d; i++) h[d * n + i] += scaled[k * d + i];
    h[d * n + d] += weight[k];
  }
}

static void run_block(void *arg, int64_t i) {
  hessian_job *j = arg;
  linear *m = j->m;
  linear_scratch s = linear_scratch_of(m, i);
  double *scaled = j->scaled + i * 2 * m->tile * m->d;
  double *h = j->part + i * j->n * j->n;
  int64_t numbers = place(j, j->n - 1, j->n - 1) + 1;
  memset(h, 0, (size_t)numbers * sizeof *h);
  int64_t end = j->b->n * (i + 1) / j->blocks;
  for (int64_t lo = j->b->n * i / j->blocks, hi; lo < end; lo = hi) {
    hi = end - lo < m->tile ? end : lo + m->tile;
    linear_margins(m, j->b, lo, hi, j->w, s.z, s.rows);
    thwk_targets(j->b, lo, hi, m->kind->by_class, s.y);
    m->kern->curvature(&m->loss, hi - lo, s.z, s.y, s.z);
    if (j->b->rows->layout == THW_ROWS_CSR)
      add_sparse(j, lo, hi, s.z, h);
    else
      add_dense(j, lo, hi, s.z, scaled + m->tile * m->d, scaled, h);
  }
}

/* Row i of the sum of all blocks, up to the diagonal, and the same as a column. */
static void finish_row(void *arg, int64_t i) {
  hessian_job *j = arg;
  const linear *m = j->m;
  int64_t n = j->n;
  double rows = (double)j->b->n;
  for (int64_t k = 0; k <= i; k++) {
    double sum = 0;
    for (int64_t b = 0; b < j->blocks; b++) sum += j->part[b * n * n + place(j, i, k)];
    j->h[i * n + k] = j->h[k * n + i] = sum / rows;
  }
  if (i >= m->d) return;
  j->h[i * n + i] += m->l2;
  if (m->nonconvex > 0.0) j->h[i * n + i] += linear_bump2(m->nonconvex, j->w[i]);
}

static thw_status hessian(void *self, const thw_view *x, const thw_batch *b, double *h) {
  linear *m = self;
  linear_job shape;
  if (m->k != 1) return THW_E_UNSUPPORTED;
  THW_TRY(linear_prepare(m, &shape, b, JOB_HVP));
  int64_t n = m->n, most = MAX_NUMBERS / (n * n), dense = b->rows->layout == THW_ROWS_DENSE;
  int64_t blocks = shape.blocks < MAX_BLOCKS ? shape.blocks : MAX_BLOCKS;
  if (blocks > most) blocks = most > 0 ? most : 1;
  int64_t tiles = dense ? 2 * m->tile * m->d : 0;
  THW_TRY(room(m, blocks * (n * n + tiles)));
  hessian_job j = {.m = m, .b = b, .blocks = blocks, .n = n, .part = m->hessian, .h = h};
  j.scaled = m->hessian + blocks * n * n;
  j.w = linear_inner(m, x, m->w1);
  double width = dense ? (double)m->d
                       : (double)(b->rows->start[b->rows->n] - b->rows->start[0]) /
                             (double)(b->rows->n > 0 ? b->rows->n : 1);
  m->host->parallel(m->ctx, blocks, width * width * (double)b->n, run_block, &j);
  m->host->parallel(m->ctx, n, (double)(blocks * n * n), finish_row, &j);
  return THW_OK;
}

/* A row with s stored numbers takes s (s + 1) / 2 multiply-adds, or s^2 where rows are dense, after
 * the s that its margin takes; a product takes 3 s. */
static double products(void *self, const thw_batch *b) {
  const linear *m = self;
  const thw_rows *r = b->rows;
  double sum = 0;
  if (r->layout == THW_ROWS_DENSE) return (double)b->n * ((double)m->d + 1.0) / 3.0;
  for (int64_t k = 0; k < b->n; k++) {
    int64_t i = thw_batch_row(b, k);
    sum += (double)(r->start[i + 1] - r->start[i]) + 3.0;
  }
  return sum / 6.0;
}

const thw_hessian_model linear_hessian = {
    .size = sizeof(thw_hessian_model), .hessian = hessian, .products = products};
