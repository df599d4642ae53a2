/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/kernels/kernel.c - kernels of infinitely wide networks and others, and of random
 * features. */
#include <cblas.h>
#include <math.h>

#include "kernels.h"

/* ---- closed forms ----------------------------------------------------------------------------
 *
 * For weights of variance 1/m and output weights of variance 1, divided by m. kappa0/2 is the
 * chance that both units are on, kappa1/2 the mean of their product, for unit variances. */

static double clamp(double c) {
  return c > 1 ? 1 : c < -1 ? -1 : c;
}
static double kappa0(double c) {
  return (M_PI - acos(c)) / M_PI;
}
static double kappa1(double c) {
  return (sqrt(fmax(0, 1 - c * c)) + c * (M_PI - acos(c))) / M_PI;
}

/* p: <x,z>; sx, sz: squared norms. */
static double network_kernel(int kind, double beta, double p, double sx, double sz) {
  double s = p + beta, r = sqrt((sx + beta) * (sz + beta)), c1 = r > 0 ? clamp(s / r) : 1;
  double on1 = kappa0(c1) / 2, l1 = r * kappa1(c1) / 2;
  switch (kind) {
  case K_NTK2:
    return on1 * p;
  case K_NTK2H:
    return on1 * (p + 1);
  case K_NTK2A:
    return on1 * s + l1;
  case K_CK2:
    return l1;
  default:
    break;
  }
  double s2 = l1 + beta, r2 = sqrt(((sx + beta) / 2 + beta) * ((sz + beta) / 2 + beta));
  double c2 = r2 > 0 ? clamp(s2 / r2) : 1, on2 = kappa0(c2) / 2, l2 = r2 * kappa1(c2) / 2;
  switch (kind) {
  case K_NTK3:
    return on2 * (l1 + on1 * p);
  case K_NTK3H:
    return on2 * (l1 + 1 + on1 * (p + 1));
  case K_NTK3A:
    return on2 * (s2 + on1 * s) + l2;
  default:
    return l2;
  }
}

static double dot(int64_t n, const double *a, const double *b) {
  double s = 0;
  for (int64_t i = 0; i < n; i++) s += a[i] * b[i];
  return s;
}

static double closed(const kr *m, const double *x, const double *z, double sx, double h) {
  int kind = m->params->kernel;
  double p = dot(m->d, x, z), sz = dot(m->d, z, z);
  if (kind != K_GAUSSIAN && kind != K_LAPLACE)
    return network_kernel(kind, m->params->beta, p, sx, sz);
  double apart = 0;
  for (int64_t j = 0; j < m->d; j++) apart += (x[j] - z[j]) * (x[j] - z[j]);
  return exp(-(kind == K_GAUSSIAN ? apart : sqrt(apart)) / h);
}

/* ---- random features -------------------------------------------------------------------------
 */

static thw_status draw(const kr *m, const char *purpose, int64_t n, double variance, double **to) {
  thw_rng r;
  if (!(*to = m->host->alloc(m->ctx, (size_t)n * sizeof(double))))
    return kr_fail(m, THW_E_NOMEM, "out of memory for random features: make width smaller");
  THW_TRY(m->host->rng(m->ctx, purpose, &r));
  for (int64_t i = 0; i < n; i++) {
    uint32_t word[4];
    double z[2];
    thw_rng_block(&r, (uint64_t)i / 2, word);
    thw_normal_pair(word, z);
    (*to)[i] = sqrt(variance) * z[i % 2];
  }
  return THW_OK;
}

typedef struct rows_job {
  const kr *m;
  int64_t n, lower;
  const double *x;
  double h, *out;
} rows_job;

#define PART 32 /* rows that one thread takes at a time */

static void act(int64_t rows, int64_t wide, const double *bias, double *h) {
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < wide; j++) {
      double z = h[i * wide + j] + bias[j];
      h[i * wide + j] = z >= 0 ? z : 0;
    }
}

/* Rows of a part through the network; the first layer's units stand in the second half of out. */
static void features_part(void *arg, int64_t part) {
  const rows_job *q = arg;
  const kr *m = q->m;
  int64_t lo = part * PART, n = q->n - lo < PART ? q->n - lo : PART, w = m->params->width;
  int deep = m->params->kernel == K_FEATURES3;
  double *h = q->out + lo * w, *first = deep ? q->out + (q->n + lo) * w : h;
  cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)n, (int)w, (int)m->d, 1.0,
              q->x + lo * m->d, (int)m->d, m->w, (int)m->d, 0.0, first, (int)w);
  act(n, w, m->b1, first);
  if (!deep) return;
  cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)n, (int)w, (int)w, 1.0, first, (int)w,
              m->v, (int)w, 0.0, h, (int)w);
  act(n, w, m->b2, h);
}

/* out: n x width, twice that for three layers. */
static void features_of(const kr *m, int64_t n, const double *x, double *out) {
  rows_job q = {.m = m, .n = n, .x = x, .out = out};
  int64_t w = m->params->width;
  double each = (double)w * (double)(m->d + (m->v ? w : 0));
  m->host->parallel(m->ctx, (n + PART - 1) / PART, 2.0 * (double)n * each, features_part, &q);
}

thw_status kr_open_features(kr *m) {
  int64_t w = m->params->width, deep = m->params->kernel == K_FEATURES3;
  double variance = 1 / (double)w, bias = m->params->beta * variance;
  if (m->params->kernel < K_FEATURES2) return THW_OK;
  THW_TRY(draw(m, "W", w * m->d, variance, &m->w));
  THW_TRY(draw(m, "b1", w, bias, &m->b1));
  if (deep) THW_TRY(draw(m, "V", w * w, variance, &m->v));
  if (deep) THW_TRY(draw(m, "b2", w, bias, &m->b2));
  size_t copies = deep ? 2 : 1, size = (size_t)w * sizeof(double) * copies;
  m->features = m->host->alloc(m->ctx, size * (size_t)m->n);
  m->hidden = m->host->alloc(m->ctx, size * KR_CHUNK);
  if (!m->features || !m->hidden)
    return kr_fail(m, THW_E_NOMEM, "out of memory for random features: make width smaller");
  features_of(m, m->n, m->x, m->features);
  return THW_OK;
}

/* ---- matrices --------------------------------------------------------------------------------
 */

static void against_part(void *arg, int64_t part) {
  const rows_job *q = arg;
  const kr *m = q->m;
  int64_t lo = part * PART, hi = q->n < lo + PART ? q->n : lo + PART, w = m->params->width;
  if (m->features) {
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)(hi - lo), (int)m->n, (int)w, 1.0,
                q->x + lo * w, (int)w, m->features, (int)w, 0.0, q->out + lo * m->n, (int)m->n);
    return;
  }
  for (int64_t i = lo; i < hi; i++) {
    const double *x = q->x + i * m->d;
    double sx = dot(m->d, x, x);
    for (int64_t j = 0; j < m->n; j++)
      q->out[i * m->n + j] = closed(m, x, m->x + j * m->d, sx, q->h);
  }
}

static void matrix(const kr *m, int64_t n, const double *x, double h, double *out) {
  rows_job q = {.m = m, .n = n, .x = x, .h = h, .out = out};
  double each = m->features ? 2.0 * (double)m->params->width : 200.0 + 2.0 * (double)m->d;
  m->host->parallel(m->ctx, (n + PART - 1) / PART, (double)n * (double)m->n * each, against_part,
                    &q);
}

void kr_against(const kr *m, int64_t n, const double *x, double bandwidth, double *out) {
  if (m->features) features_of(m, n, x, m->hidden);
  matrix(m, n, m->features ? m->hidden : x, bandwidth, out);
}

void kr_gram(const kr *m, double bandwidth, double *out) {
  matrix(m, m->n, m->features ? m->features : m->x, bandwidth, out);
}
