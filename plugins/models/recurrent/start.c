/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/recurrent/start.c - the initial values of all blocks.
 *
 * Each block draws from a stream of its own name, so that the size of one does not change another.
 * What is drawn does not depend on the precision. */
#include <math.h>
#include <string.h>

#include "recurrent.h"

extern void dgeqrf_(const int *m, const int *n, double *a, const int *lda, double *tau,
                    double *work, const int *lwork, int *info);
extern void dorgqr_(const int *m, const int *n, const int *k, double *a, const int *lda,
                    const double *tau, double *work, const int *lwork, int *info);

static double gain_of(const rec *m) {
  if (m->params->gain > 0) return m->params->gain;
  return m->params->init == INIT_GAUSS || m->params->init == INIT_GAUSS_M ? 2.0 : 1.0;
}

static void normals(rec *m, rec_block *b, thw_rng *r, double variance) {
  for (int64_t i = 0; i < b->n; i++) rec_set(m, b->start, i, sqrt(variance) * thw_rng_normal(r));
}

static void uniforms(rec *m, rec_block *b, thw_rng *r, double bound) {
  for (int64_t i = 0; i < b->n; i++) rec_set(m, b->start, i, bound * (2 * thw_rng_uniform(r) - 1));
}

/* A Haar orthogonal m x m matrix times gain: QR of a Gaussian matrix, columns times the sign of R's
 * diagonal. */
static thw_status orthogonal(rec *m, void *to, int64_t at, thw_rng *r, double gain) {
  int n = (int)m->shape.m, lwork = 64 * n, info = 0;
  size_t nn = (size_t)n * (size_t)n;
  double *a = m->host->alloc(m->ctx, (nn + 66 * (size_t)n) * sizeof *a);
  if (!a) return rec_fail(m, THW_E_NOMEM, "out of memory for an orthogonal matrix");
  double *tau = a + nn, *sign = tau + n, *work = sign + n;
  for (size_t i = 0; i < nn; i++) a[i] = thw_rng_normal(r);
  dgeqrf_(&n, &n, a, &n, tau, work, &lwork, &info);
  for (int j = 0; j < n; j++) sign[j] = a[(size_t)j * (size_t)n + (size_t)j] < 0 ? -1.0 : 1.0;
  if (info == 0) dorgqr_(&n, &n, &n, a, &n, tau, work, &lwork, &info);
  for (int j = 0; info == 0 && j < n; j++)
    for (int i = 0; i < n; i++)
      rec_set(m, to, at + (int64_t)i * n + j,
              gain * sign[j] * a[(size_t)j * (size_t)n + (size_t)i]);
  m->host->release(m->ctx, a);
  return info ? rec_fail(m, THW_E_INTERNAL, "LAPACK's QR failed") : THW_OK;
}

static thw_status calibrate(rec *m, rec_block *b, thw_rng *r) {
  int64_t n = m->shape.m;
  double *h = m->host->alloc(m->ctx, 2 * (size_t)n * sizeof *h);
  if (!h) return rec_fail(m, THW_E_NOMEM, "out of memory for the calibration of W");
  rec_unit_start(m, r, h);
  double g = rec_growth(m, b->start, h, h + n);
  m->host->release(m->ctx, h);
  if (!isfinite(g))
    return rec_fail(m, THW_E_ARG, "calibrate: the states die out under W: use a larger gain");
  for (int64_t i = 0; i < b->n; i++) rec_set(m, b->start, i, rec_real(m, b->start, i) * exp(-g));
  return THW_OK;
}

static thw_status start_w(rec *m, rec_block *b, thw_rng *r) {
  int64_t n = m->shape.m, gates = thwr_gates(&m->shape);
  double gain = gain_of(m);
  switch (m->params->init) {
  case INIT_ORTHOGONAL:
  case INIT_GLOROT:
    for (int64_t g = 0; g < gates; g++) THW_TRY(orthogonal(m, b->start, g * n * n, r, gain));
    break;
  case INIT_IDENTITY:
    for (int64_t i = 0; i < gates * n; i++) rec_set(m, b->start, i * n + i % n, gain);
    break;
  case INIT_UNIFORM:
    uniforms(m, b, r, 1 / sqrt((double)n));
    break;
  default:
    normals(m, b, r, (m->params->init == INIT_HE ? 2.0 : gain) / (double)n);
  }
  return m->params->calibrate ? calibrate(m, b, r) : THW_OK;
}

static void start_a(rec *m, rec_block *b, thw_rng *r, int64_t in) {
  double n = (double)m->shape.m, fan = (double)in;
  /* a token is one unit vector, whatever their number */
  if (m->shape.tokens && b == &m->block[THWR_A(0)]) fan = 1;
  if (m->params->init == INIT_UNIFORM)
    uniforms(m, b, r, 1 / sqrt(n));
  else if (m->params->init == INIT_GLOROT)
    uniforms(m, b, r, sqrt(6 / (n + (double)in)));
  else
    normals(m, b, r, m->params->init == INIT_HE ? 2.0 / fan : m->params->input_variance / n);
}

static void start_bo(rec *m, rec_block *b, thw_rng *r) {
  double n = (double)m->shape.m, d = (double)m->shape.d, v = m->params->output_variance;
  if (v > 0)
    normals(m, b, r, v);
  else if (m->params->init == INIT_UNIFORM)
    uniforms(m, b, r, 1 / sqrt(n));
  else if (m->params->init == INIT_GLOROT)
    uniforms(m, b, r, sqrt(6 / (n + d)));
  else
    normals(m, b, r, m->params->init == INIT_GAUSS ? 1 / d : 1 / n);
}

/* Zero but for the forget gates of an lstm, and for "uniform". */
static void start_bias(rec *m, rec_block *b, thw_rng *r, int hidden) {
  int64_t n = m->shape.m;
  if (m->params->init == INIT_UNIFORM) uniforms(m, b, r, 1 / sqrt((double)n));
  if (hidden && m->shape.cell == THWR_LSTM)
    for (int64_t i = n; i < 2 * n; i++)
      rec_set(m, b->start, i, rec_real(m, b->start, i) + m->params->forget_bias);
}

static thw_status start_block(rec *m, int id) {
  rec_block *b = &m->block[id];
  thw_rng r;
  int layer = id / 3;
  THW_TRY(m->host->rng(m->ctx, b->name, &r));
  if (layer == m->shape.layers) {
    if (id == THWR_BO(&m->shape))
      start_bo(m, b, &r);
    else
      start_bias(m, b, &r, 0);
    return THW_OK;
  }
  if (id == THWR_W(layer)) return start_w(m, b, &r);
  if (id == THWR_A(layer))
    start_a(m, b, &r, thwr_inputs(&m->shape, layer));
  else
    start_bias(m, b, &r, 1);
  return THW_OK;
}

/* Rooms of all blocks before any of them is drawn: what does not fit is refused at once. */
static thw_status make_room(rec *m) {
  size_t real = m->kern->real, used = 0;
  for (int i = 0; i < thwr_blocks(&m->shape); i++)
    used += ((size_t)m->block[i].n * real + 63) / 64 * 64;
  char *room = m->host->alloc(m->ctx, used);
  if (!room) return rec_fail(m, THW_E_NOMEM, "out of memory for a model of this many units");
  for (int i = 0; i < thwr_blocks(&m->shape); i++) {
    if (m->block[i].n) m->block[i].start = room;
    room += ((size_t)m->block[i].n * real + 63) / 64 * 64;
  }
  return THW_OK;
}

thw_status rec_start(rec *m) {
  THW_TRY(make_room(m));
  for (int i = 0; i < thwr_blocks(&m->shape); i++)
    if (m->block[i].n) THW_TRY(start_block(m, i));
  return THW_OK;
}
