/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/kernels/eval.c - f(a) = 1/(2N) |K a - Y|^2 + lambda t/(2N) a'K a, whose minimiser
 * is (K + lambda t 1)^-1 Y; its gradient on a batch, metrics, predictions. */
#include <math.h>
#include <string.h>

#include "kernels.h"

static void read_point(const kr *m, const thw_view *x, double *to) {
  for (int64_t i = 0; i < m->n * m->k; i++) to[i] = kr_real(m, x->data, i);
}

/* out (n x k) = rows (n x N) a */
static void apply(const kr *m, int64_t n, const double *rows, const double *a, double *out) {
  for (int64_t i = 0; i < n; i++)
    for (int64_t c = 0; c < m->k; c++) {
      double s = 0;
      for (int64_t j = 0; j < m->n; j++) s += rows[i * m->n + j] * a[j * m->k + c];
      out[i * m->k + c] = s;
    }
}

/* Kernel of rows lo .. lo+n-1 of the batch with the training rows: known for training rows. */
static const double *kernel_rows(kr *m, const thw_batch *b, int64_t lo, int64_t n) {
  int known = b->set == 0 && !b->rows->id && b->rows->n == m->n;
  for (int64_t i = 0; i < n; i++) {
    int64_t row = thw_batch_row(b, lo + i);
    if (known)
      memcpy(m->chunk + i * m->n, m->gram + row * m->n, (size_t)m->n * sizeof(double));
    else
      kr_row(m, b->rows, row, m->rows + i * m->d);
  }
  if (!known) kr_against(m, n, m->rows, m->bandwidth, m->chunk);
  return m->chunk;
}

/* g (N x k) += rows' r / n */
static void add_back(const kr *m, int64_t n, const double *rows, const double *r, double by,
                     double *g) {
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = 0; j < m->n; j++)
      for (int64_t c = 0; c < m->k; c++)
        g[j * m->k + c] += by * rows[i * m->n + j] * r[i * m->k + c];
}

/* Value and gradient at a; with `plain`, of the quadratic part alone: a Hessian product. */
static thw_status pass(kr *m, const thw_view *x, const thw_batch *b, int plain, double *f,
                       thw_view *g) {
  int64_t all = m->n * m->k;
  double loss = 0, ridge = m->lambda * m->trace / (double)m->n, *a = m->alpha + all,
         *sum = m->alpha + 2 * all;
  read_point(m, x, a);
  apply(m, m->n, m->gram, a, m->weighted);
  for (int64_t i = 0; i < all; i++) {
    loss += 0.5 * ridge * a[i] * m->weighted[i];
    sum[i] = ridge * m->weighted[i];
  }
  for (int64_t lo = 0, n; lo < b->n; lo += n) {
    n = b->n - lo < KR_CHUNK ? b->n - lo : KR_CHUNK;
    const double *rows = kernel_rows(m, b, lo, n);
    apply(m, n, rows, a, m->residual);
    for (int64_t i = 0; i < n; i++)
      for (int64_t c = 0; c < m->k; c++) {
        double *r = &m->residual[i * m->k + c];
        if (!plain) *r -= kr_target(m, b->rows, thw_batch_row(b, lo + i), c);
        loss += 0.5 * *r * *r / (double)b->n;
      }
    if (g) add_back(m, n, rows, m->residual, 1 / (double)b->n, sum);
  }
  if (f) *f = loss;
  for (int64_t i = 0; g && i < all; i++) kr_set(m, g->data, i, sum[i]);
  return THW_OK;
}

thw_status kr_eval(void *self, const thw_view *x, const thw_batch *b, double *f, thw_view *g) {
  kr *m = self;
  THW_TRY(kr_check(m, b, 1));
  THW_TRY(kr_prepare(m));
  return pass(m, x, b, 0, f, g);
}

thw_status kr_hvp(void *self, const thw_view *x, const thw_view *v, const thw_batch *b,
                  thw_view *hv) {
  kr *m = self;
  (void)x;
  THW_TRY(kr_check(m, b, 1));
  THW_TRY(kr_prepare(m));
  return pass(m, v, b, 1, NULL, hv);
}

/* ---- metrics and predictions -----------------------------------------------------------------
 */

static int64_t likeliest(const kr *m, const double *p) {
  int64_t best = 0;
  if (m->k == 1) return p[0] > 0;
  for (int64_t c = 1; c < m->k; c++)
    if (p[c] > p[best]) best = c;
  return best;
}

typedef struct sums {
  double miss, size, hit, with[KR_PARTS], of[KR_PARTS];
} sums;

static void score(kr *m, const thw_batch *b, int64_t row, const double *p, sums *s) {
  for (int64_t c = 0; c < m->k; c++) {
    double y = kr_target(m, b->rows, row, c);
    s->miss += (p[c] - y) * (p[c] - y);
    s->size += y * y;
  }
  if (m->classes) s->hit += likeliest(m, p) == b->rows->label[row];
  if (!m->parts) return;
  m->parts->parts(m->source.self, b->rows, row, m->part);
  for (uint32_t i = 0; i < m->parts->n_parts; i++)
    for (int64_t c = 0; c < m->k; c++) {
      double v = m->part[(int64_t)i * m->k + c];
      s->with[i] += v * p[c];
      s->of[i] += v * v;
    }
}

static void predict(const kr *m, const double *p, double *out) {
  if (m->classes) *out++ = (double)likeliest(m, p);
  memcpy(out, p, (size_t)m->k * sizeof *p);
}

static thw_status outputs(kr *m, const thw_view *x, const thw_batch *b, sums *s, double *out) {
  double *a = m->alpha + m->n * m->k;
  THW_TRY(kr_check(m, b, s != NULL));
  THW_TRY(kr_prepare(m));
  read_point(m, x, a);
  for (int64_t lo = 0, n; lo < b->n; lo += n) {
    n = b->n - lo < KR_CHUNK ? b->n - lo : KR_CHUNK;
    apply(m, n, kernel_rows(m, b, lo, n), a, m->residual);
    for (int64_t i = 0; i < n; i++)
      if (s)
        score(m, b, thw_batch_row(b, lo + i), m->residual + i * m->k, s);
      else
        predict(m, m->residual + i * m->k, out + (lo + i) * m->n_outputs);
  }
  return THW_OK;
}

thw_status kr_measure(void *self, const thw_view *x, const thw_batch *b, double *out) {
  kr *m = self;
  sums s = {0};
  THW_TRY(outputs(m, x, b, &s, NULL));
  *out++ = s.miss / (double)b->n;
  *out++ = s.size > 0 ? s.miss / s.size : 0.0;
  if (m->classes) *out++ = s.hit / (double)b->n;
  for (uint32_t i = 0; m->parts && i < m->parts->n_parts; i++)
    *out++ = s.of[i] > 0 ? s.with[i] / s.of[i] : 0.0;
  return THW_OK;
}

thw_status kr_predict(void *self, const thw_view *x, const thw_batch *b, double *out) {
  return outputs(self, x, b, NULL, out);
}
