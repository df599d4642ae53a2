/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/linear/eval.c - values, gradients, differences and Hessian products.
 *
 * A batch is cut into blocks of rows whose number depends on its shape only. Each block goes
 * through its rows in tiles: margins, then the loss's derivative by each margin, then the sum of
 * the rows with these weights, while the tile is still in the cache. Blocks are added up in order,
 * so the bits do not depend on the number of threads. */
#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "linear.h"

#define MAX_BLOCKS 64
/* Multiply-adds that a block should have at least: one block's start costs some hundred. */
#define BLOCK_WORK 16384
/* Columns that one part of the final sum has. */
#define FINISH_PART 2048

/* ---- shapes and scratch ----------------------------------------------------------------------
 */

/* Multiply-adds for all margins of a batch, by the rows' average length. */
static double margin_work(const linear *m, const thw_batch *b) {
  const thw_rows *r = b->rows;
  double per_row = (double)m->d;
  if (r->layout == THW_ROWS_CSR)
    per_row = r->n > 0 ? (double)(r->start[r->n] - r->start[0]) / (double)r->n : 0.0;
  return (per_row + 1.0) * (double)b->n * (double)m->k;
}

static int64_t count_blocks(const linear *m, const thw_batch *b) {
  double most = margin_work(m, b) / BLOCK_WORK, rows = (double)b->n;
  /* adding a block up costs as much as its columns: it should have done more than that */
  double wide = margin_work(m, b) / (2.0 * (double)m->inner);
  if (wide < most) most = wide;
  if (rows < most) most = rows;
  if (most > MAX_BLOCKS) most = MAX_BLOCKS;
  return most < 1.0 ? 1 : (int64_t)most;
}

static thw_status no_memory(linear *m) {
  return m->host->fail(m->ctx, THW_E_NOMEM, "out of memory for the model's working space");
}

static thw_status grow(linear *m, int64_t blocks) {
  if (blocks <= m->room) return THW_OK;
  m->host->release(m->ctx, m->tiles);
  m->host->release(m->ctx, m->partial);
  m->host->release(m->ctx, m->block_sum);
  m->room = 0;
  size_t n = (size_t)blocks * sizeof(double);
  m->tiles = m->host->alloc(m->ctx, n * (size_t)m->tile_words);
  m->partial = m->host->alloc(m->ctx, n * (size_t)m->inner);
  m->block_sum = m->host->alloc(m->ctx, n * 2);
  if (!m->tiles || !m->partial || !m->block_sum) return no_memory(m);
  m->room = blocks;
  return THW_OK;
}

thw_status linear_check(linear *m, const thw_batch *b, int with_target) {
  const thw_rows *r = b->rows;
  char text[200];
  if (b->n < 1) return m->host->fail(m->ctx, THW_E_ARG, "a batch without rows has no mean");
  if (r->layout != THW_ROWS_DENSE && r->layout != THW_ROWS_CSR)
    return m->host->fail(m->ctx, THW_E_ARG, "linear models need dense or CSR rows");
  if (r->layout == THW_ROWS_DENSE ? r->width != m->d : r->width > m->d) {
    snprintf(text, sizeof text,
             "rows with %lld features do not fit a model that was made for %lld: use data with the "
             "same features",
             (long long)r->width, (long long)m->d);
    return m->host->fail(m->ctx, THW_E_ARG, text);
  }
  if (r->dtype != m->dtype)
    return m->host->fail(m->ctx, THW_E_ARG, "the rows' precision is not the run's");
  if (r->layout != m->info.layout)
    return m->host->fail(m->ctx, THW_E_ARG, "the rows' layout is not the training set's");
  if (with_target && (m->kind->by_class ? !r->label : !r->y))
    return m->host->fail(m->ctx, THW_E_ARG, "these rows have no labels: the loss needs them");
  return THW_OK;
}

thw_status linear_prepare(linear *m, linear_job *j, const thw_batch *b, int mode) {
  THW_TRY(linear_check(m, b, mode != JOB_PREDICT));
  *j = (linear_job){.m = m, .b = b, .mode = mode, .blocks = count_blocks(m, b)};
  THW_TRY(grow(m, j->blocks));
  j->partial = m->partial;
  j->sum = m->block_sum;
  return THW_OK;
}

static double element(const thw_view *x, int64_t i) {
  return x->dtype == THW_F32 ? (double)((const float *)x->data)[i] : ((const double *)x->data)[i];
}

static void set_element(thw_view *x, int64_t i, double v) {
  if (x->dtype == THW_F32)
    ((float *)x->data)[i] = (float)v;
  else
    ((double *)x->data)[i] = v;
}

const double *linear_inner(const linear *m, const thw_view *x, double *room) {
  if (m->sparse_k) {
    for (int64_t c = 0; c < m->k; c++)
      for (int64_t j = 0; j < m->d; j++) room[j * m->kp + c] = element(x, c * m->d + j);
    if (m->intercept)
      for (int64_t c = 0; c < m->k; c++) room[m->d * m->kp + c] = element(x, m->k * m->d + c);
    return room;
  }
  if (m->dtype == THW_F64) return x->data;
  for (int64_t j = 0; j < m->n; j++) room[j] = (double)((const float *)x->data)[j];
  return room;
}

/* ---- one tile --------------------------------------------------------------------------------
 */

void linear_margins(const linear *m, const thw_batch *b, int64_t lo, int64_t hi, const double *w,
                    double *z, double *tile) {
  int64_t n = hi - lo, k = m->k, kp = m->kp, ld;
  if (k == 1) {
    m->kern->margins(b, lo, hi, m->d, w, z);
    if (m->intercept)
      for (int64_t i = 0; i < n; i++) z[i] += w[m->d];
    return;
  }
  const double *bias = w + (m->sparse_k ? m->d * kp : k * m->d);
  if (m->sparse_k) {
    m->kern->margins_k(b, lo, hi, kp, w, z);
  } else {
    const double *rows = thwk_dense_tile(b, lo, hi, m->d, tile, &ld);
    memset(z, 0, (size_t)(n * kp) * sizeof *z);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)n, (int)k, (int)m->d, 1.0, rows,
                (int)ld, w, (int)m->d, 0.0, z, (int)kp);
  }
  if (m->intercept)
    for (int64_t i = 0; i < n; i++)
      for (int64_t c = 0; c < k; c++) z[i * kp + c] += bias[c];
}

/* g += rows weighted by c. The tile still holds what linear_margins has put there. */
static void add_rows(const linear *m, const thw_batch *b, int64_t lo, int64_t hi, const double *c,
                     double *g, double *tile) {
  int64_t n = hi - lo, k = m->k, kp = m->kp;
  if (k == 1) {
    m->kern->scatter(b, lo, hi, m->d, c, g);
    if (m->intercept)
      for (int64_t i = 0; i < n; i++) g[m->d] += c[i];
    return;
  }
  double *bias = g + (m->sparse_k ? m->d * kp : k * m->d);
  if (m->sparse_k) {
    m->kern->scatter_k(b, lo, hi, kp, c, g);
  } else {
    int64_t ld = m->d;
    const double *rows = tile;
    if (b->rows->dtype == THW_F64 && !b->index) rows = thwk_dense_tile(b, lo, hi, m->d, tile, &ld);
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (int)k, (int)m->d, (int)n, 1.0, c, (int)kp,
                rows, (int)ld, 1.0, g, (int)m->d);
  }
  if (m->intercept)
    for (int64_t i = 0; i < n; i++)
      for (int64_t q = 0; q < k; q++) bias[q] += c[i * kp + q];
}

/* Weights of the rows of one tile, k == 1. */
static double single_weights(linear_job *j, int64_t lo, int64_t hi, const linear_scratch *s) {
  linear *m = j->m;
  const thwk_linear *kern = m->kern;
  int64_t n = hi - lo;
  double f = 0, *z = s->z, *z2 = s->z2, *y = s->y;
  thwk_targets(j->b, lo, hi, m->kind->by_class, y);
  if (j->mode == JOB_EVAL) {
    if (j->want_f)
      f = kern->loss(&m->loss, n, z, y, j->want_g ? z : NULL);
    else
      kern->slopes(&m->loss, n, z, y, z);
    for (int64_t i = 0; j->keep && i < n; i++) {
      int64_t row = thw_batch_row(j->b, lo + i);
      j->keep->slope[row] = z[i];
      j->keep->y[row] = y[i];
    }
    return f;
  }
  linear_margins(m, j->b, lo, hi, j->w2, z2, s->rows);
  if (j->mode == JOB_DIFF) {
    kern->slopes(&m->loss, n, z, y, z);
    kern->slopes(&m->loss, n, z2, y, z2);
    for (int64_t i = 0; i < n; i++) z[i] -= z2[i];
  } else {
    kern->curvature(&m->loss, n, z, y, z);
    for (int64_t i = 0; i < n; i++) z[i] *= z2[i];
  }
  return 0;
}

/* The same for softmax. */
static double multi_weights(linear_job *j, int64_t lo, int64_t hi, const linear_scratch *s) {
  linear *m = j->m;
  int64_t n = hi - lo, k = m->k, kp = m->kp;
  double *z = s->z, *z2 = s->z2;
  if (j->mode == JOB_EVAL) {
    int32_t *label = (int32_t *)(void *)s->y;
    double bad = 0;
    for (int64_t i = 0; i < n; i++) {
      label[i] = j->b->rows->label[thw_batch_row(j->b, lo + i)];
      if (label[i] >= 0 && label[i] < k) continue;
      /* a class that does not exist: the host's guard against NaN reports it */
      label[i] = 0;
      z[i * kp] = bad = (double)NAN;
    }
    double f = m->kern->softmax(n, k, kp, z, label) + bad;
    for (int64_t i = 0; j->keep && i < n; i++)
      memcpy(j->keep->slope + thw_batch_row(j->b, lo + i) * kp, z + i * kp, (size_t)kp * sizeof *z);
    for (int64_t i = 0; i < n; i++) z[i * kp + label[i]] -= 1.0;
    return f;
  }
  linear_margins(m, j->b, lo, hi, j->w2, z2, s->rows);
  m->kern->softmax(n, k, kp, z, NULL);
  if (j->mode == JOB_DIFF) {
    m->kern->softmax(n, k, kp, z2, NULL);
    for (int64_t i = 0; i < n * kp; i++) z[i] -= z2[i];
    return 0;
  }
  for (int64_t i = 0; i < n; i++) {
    double *p = z + i * kp, *q = z2 + i * kp, mean = 0;
    for (int64_t c = 0; c < k; c++) mean += p[c] * q[c];
    for (int64_t c = 0; c < k; c++) p[c] *= q[c] - mean;
  }
  return 0;
}

static void run_block(void *arg, int64_t i) {
  linear_job *j = arg;
  linear *m = j->m;
  linear_scratch s = linear_scratch_of(m, i);
  int64_t end = j->b->n * (i + 1) / j->blocks;
  double *g = j->partial + i * m->inner, f = 0;
  j->sum[2 * i] = j->sum[2 * i + 1] = 0;
  /* the place of a sum in place has no room for padding */
  if (j->want_g) memset(g, 0, (size_t)(m->sparse_k ? m->inner : m->n) * sizeof *g);
  for (int64_t lo = j->b->n * i / j->blocks, hi; lo < end; lo = hi) {
    hi = end - lo < m->tile ? end : lo + m->tile;
    if (j->mode == JOB_MEASURE || j->mode == JOB_PREDICT) {
      linear_score_tile(j, lo, hi, i);
      continue;
    }
    linear_margins(m, j->b, lo, hi, j->w, s.z, s.rows);
    f += m->k == 1 ? single_weights(j, lo, hi, &s) : multi_weights(j, lo, hi, &s);
    if (j->want_g) add_rows(m, j->b, lo, hi, s.z, g, s.rows);
  }
  if (j->mode == JOB_EVAL) j->sum[2 * i] = f;
}

void linear_run(linear_job *j) {
  double loops = 2.0 + (j->mode == JOB_DIFF || j->mode == JOB_HVP);
  double work = loops * 2.0 * margin_work(j->m, j->b) + 20.0 * (double)(j->b->n * j->m->k);
  j->m->host->parallel(j->m->ctx, j->blocks, work, run_block, j);
}

/* ---- regularisers and the final sum ----------------------------------------------------------
 */

/* nonconvex x^2 / (1 + x^2): value, first and second derivative. */
static double bump(double c, double x) {
  return c * x * x / (1.0 + x * x);
}
double linear_bump1(double c, double x) {
  double q = 1.0 / (1.0 + x * x);
  return 2.0 * c * x * q * q;
}
double linear_bump2(double c, double x) {
  double q = 1.0 / (1.0 + x * x);
  return c * (2.0 - 6.0 * x * x) * q * q * q;
}

/* The regulariser's part of the result at inner place q. */
static double regular(const linear_job *j, int64_t q) {
  const linear *m = j->m;
  double x = j->w[q], r;
  switch (j->mode) {
  case JOB_EVAL:
    r = m->l2 * x;
    return m->nonconvex > 0.0 ? r + linear_bump1(m->nonconvex, x) : r;
  case JOB_DIFF:
    r = m->l2 * (x - j->w2[q]);
    return m->nonconvex > 0.0
               ? r + (linear_bump1(m->nonconvex, x) - linear_bump1(m->nonconvex, j->w2[q]))
               : r;
  default:
    r = m->l2;
    if (m->nonconvex > 0.0) r += linear_bump2(m->nonconvex, x);
    return r * j->w2[q];
  }
}

static double total(const linear_job *j, int64_t q) {
  double s = j->partial[q];
  for (int64_t b = 1; b < j->blocks; b++) s += j->partial[b * j->m->inner + q];
  return s / (double)j->b->n;
}

static void finish_part(void *arg, int64_t part) {
  linear_job *j = arg;
  const linear *m = j->m;
  int64_t lo = part * FINISH_PART, hi = lo + FINISH_PART;
  if (m->sparse_k) {
    int64_t columns = m->d + m->intercept;
    if (hi > columns) hi = columns;
    for (int64_t col = lo; col < hi; col++)
      for (int64_t c = 0; c < m->k; c++) {
        int64_t q = col * m->kp + c;
        if (col < m->d)
          set_element(j->g, c * m->d + col, total(j, q) + regular(j, q));
        else
          set_element(j->g, m->k * m->d + c, total(j, q));
      }
    return;
  }
  int64_t weights = m->k * m->d, mid;
  if (hi > m->n) hi = m->n;
  mid = weights < lo ? lo : weights < hi ? weights : hi;
  if (j->blocks == 1 && m->dtype == THW_F64 && m->nonconvex <= 0.0 && j->mode == JOB_EVAL) {
    const double *p = j->partial, *x = j->w, n = (double)j->b->n;
    double *g = j->g->data;
    for (int64_t q = lo; q < mid; q++) g[q] = p[q] / n + m->l2 * x[q];
  } else {
    for (int64_t q = lo; q < mid; q++) set_element(j->g, q, total(j, q) + regular(j, q));
  }
  for (int64_t q = mid; q < hi; q++) set_element(j->g, q, total(j, q));
}

static void finish(linear_job *j) {
  const linear *m = j->m;
  int64_t places = m->sparse_k ? m->d + m->intercept : m->n;
  double work = (double)j->blocks * (double)m->inner;
  m->host->parallel(m->ctx, (places + FINISH_PART - 1) / FINISH_PART, work, finish_part, j);
}

static double value(const linear_job *j) {
  const linear *m = j->m;
  double f = 0, r = 0;
  for (int64_t i = 0; i < j->blocks; i++) f += j->sum[2 * i];
  f /= (double)j->b->n;
  int64_t weights = m->sparse_k ? m->d * m->kp : m->k * m->d; /* padding is zero */
  if (m->l2 > 0.0) f += 0.5 * m->l2 * m->kern->dot(weights, j->w, j->w);
  if (m->nonconvex > 0.0) {
    for (int64_t q = 0; q < weights; q++) r += bump(m->nonconvex, j->w[q]);
    f += r;
  }
  return f;
}

/* ---- entries ---------------------------------------------------------------------------------
 */

/* A single block may sum straight into the result. */
static void sum_in_place(linear_job *j, const thw_view *x, const thw_view *y) {
  const linear *m = j->m;
  if (j->blocks == 1 && m->dtype == THW_F64 && !m->sparse_k && j->g->data != x->data &&
      (!y || j->g->data != y->data))
    j->partial = j->g->data;
}

thw_status linear_gradient(linear *m, const thw_view *x, const thw_batch *b, double *f, thw_view *g,
                           linear_snapshot *keep) {
  linear_job j;
  THW_TRY(linear_prepare(m, &j, b, JOB_EVAL));
  j.w = linear_inner(m, x, m->w1);
  j.want_f = f != NULL;
  j.want_g = g != NULL;
  j.keep = keep;
  j.g = g;
  if (g) sum_in_place(&j, x, NULL);
  linear_run(&j);
  if (f) *f = value(&j);
  if (g) finish(&j);
  return THW_OK;
}

thw_status linear_eval(void *self, const thw_view *x, const thw_batch *b, double *f, thw_view *g) {
  if (!f && !g) return THW_OK;
  return linear_gradient(self, x, b, f, g, NULL);
}

static thw_status two_points(linear *m, const thw_view *x, const thw_view *y, const thw_batch *b,
                             thw_view *out, int mode) {
  linear_job j;
  THW_TRY(linear_prepare(m, &j, b, mode));
  j.w = linear_inner(m, x, m->w1);
  j.w2 = linear_inner(m, y, m->w2);
  j.want_g = 1;
  j.g = out;
  sum_in_place(&j, x, y);
  linear_run(&j);
  finish(&j);
  return THW_OK;
}

thw_status linear_diff(void *self, const thw_view *x, const thw_view *y, const thw_batch *b,
                       thw_view *d) {
  return two_points(self, x, y, b, d, JOB_DIFF);
}

thw_status linear_hvp(void *self, const thw_view *x, const thw_view *v, const thw_batch *b,
                      thw_view *hv) {
  return two_points(self, x, v, b, hv, JOB_HVP);
}
