/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/recurrent/net.h"

#include <cblas.h>

static double *copy(const double *from, int64_t n) {
  double *to = tw_calloc((size_t)n, sizeof *to);
  memcpy(to, from, (size_t)n * sizeof *to);
  return to;
}

void net_read(net *n, const lab *l, int64_t m, int64_t in, int64_t d) {
  assert_int_equal(l->r.n, m * m + m * in + d * m);
  *n = (net){m,
             in,
             d,
             copy(l->start, m * m),
             copy(l->start + m * m, m * in),
             copy(l->start + m * m + m * in, d * m)};
}

void net_free(net *n) {
  free(n->w);
  free(n->a);
  free(n->bo);
}

double *net_inputs(const thw_batch *b, double **y) {
  const thw_rows *r = b->rows;
  int64_t steps = r->steps, w = r->width, d = r->targets ? r->targets : 1;
  double *x = tw_calloc((size_t)(steps * b->n * w), sizeof *x), *t = NULL;
  if (y) t = *y = tw_calloc((size_t)(steps * b->n * d), sizeof *t);
  for (int64_t i = 0; i < b->n; i++) {
    int64_t row = thw_batch_row(b, i), first = r->first ? r->first[row] : row * steps;
    for (int64_t l = 0; l < steps; l++) {
      for (int64_t j = 0; j < w; j++) {
        int64_t at = (first + l) * r->ld + j;
        x[(l * b->n + i) * w + j] =
            r->dtype == THW_F32 ? (double)((const float *)r->x)[at] : ((const double *)r->x)[at];
      }
      for (int64_t j = 0; t && j < d; j++) {
        int64_t at = (first + l) * d + j;
        t[(l * b->n + i) * d + j] =
            r->dtype == THW_F32 ? (double)((const float *)r->y)[at] : ((const double *)r->y)[at];
      }
    }
  }
  return x;
}

/* c = scale c + a b', or a b: a is rows x k, c is rows x cols */
static void multiply(int64_t rows, int64_t cols, int64_t k, const double *a, const double *b,
                     int transposed, double scale, double *c) {
  cblas_dgemm(CblasRowMajor, CblasNoTrans, transposed ? CblasTrans : CblasNoTrans, (int)rows,
              (int)cols, (int)k, 1.0, a, (int)k, b, (int)(transposed ? k : cols), scale, c,
              (int)cols);
}

double *net_states(const net *n, const double *dw, const double *x, int64_t steps, int64_t b) {
  int64_t m = n->m, block = b * m;
  double *w = copy(n->w, m * m), *h = tw_calloc((size_t)(steps * block), sizeof *h);
  for (int64_t i = 0; dw && i < m * m; i++) w[i] += dw[i];
  multiply(steps * b, m, n->in, x, n->a, 1, 0.0, h);
  for (int64_t l = 0; l < steps; l++) {
    if (l > 0) multiply(b, m, m, h + (l - 1) * block, w, 1, 1.0, h + l * block);
    for (int64_t i = l * block; i < (l + 1) * block; i++)
      if (!(h[i] > 0)) h[i] = 0;
  }
  free(w);
  return h;
}

double *net_outputs(const net *n, const double *h, int64_t steps, int64_t b) {
  double *y = tw_calloc((size_t)(steps * b * n->d), sizeof *y);
  multiply(steps * b, n->d, n->m, h, n->bo, 1, 0.0, y);
  return y;
}

double *net_tangent(const net *n, const double *dw, const double *h, int64_t steps, int64_t b) {
  int64_t m = n->m, block = b * m;
  double *u = tw_calloc((size_t)(steps * block), sizeof *u);
  for (int64_t l = 1; l < steps; l++) {
    multiply(b, m, m, u + (l - 1) * block, n->w, 1, 0.0, u + l * block);
    multiply(b, m, m, h + (l - 1) * block, dw, 1, 1.0, u + l * block);
    for (int64_t i = l * block; i < (l + 1) * block; i++)
      if (!(h[i] > 0)) u[i] = 0;
  }
  double *y = net_outputs(n, u, steps, b);
  free(u);
  return y;
}

void net_gradient(const net *n, const double *h, int64_t b, int64_t l, int64_t i, int64_t k,
                  double scale, double *row) {
  int64_t m = n->m;
  double *p = copy(n->bo + k * m, m), *q = tw_calloc((size_t)m, sizeof *q);
  for (int64_t a = l; a > 0; a--) {
    const double *here = h + (a * b + i) * m, *before = h + ((a - 1) * b + i) * m;
    for (int64_t j = 0; j < m; j++)
      if (!(here[j] > 0)) p[j] = 0;
    cblas_dger(CblasRowMajor, (int)m, (int)m, scale, p, 1, before, 1, row, (int)m);
    cblas_dgemv(CblasRowMajor, CblasTrans, (int)m, (int)m, 1.0, n->w, (int)m, p, 1, 0.0, q, 1);
    memcpy(p, q, (size_t)m * sizeof *p);
  }
  free(p);
  free(q);
}

double net_spectral(const double *w, int64_t m) {
  double *v = tw_calloc((size_t)m, sizeof *v), *u = tw_calloc((size_t)m, sizeof *u), s = 0;
  for (int64_t i = 0; i < m; i++) v[i] = sin(1.0 + (double)i);
  for (int t = 0; t < 300; t++) {
    double norm = cblas_dnrm2((int)m, v, 1);
    cblas_dscal((int)m, 1 / norm, v, 1);
    cblas_dgemv(CblasRowMajor, CblasNoTrans, (int)m, (int)m, 1.0, w, (int)m, v, 1, 0.0, u, 1);
    s = cblas_dnrm2((int)m, u, 1);
    cblas_dgemv(CblasRowMajor, CblasTrans, (int)m, (int)m, 1.0, w, (int)m, u, 1, 0.0, v, 1);
  }
  free(v);
  free(u);
  return s;
}
