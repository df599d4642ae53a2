/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/recurrent/weights.c - how far the trained blocks have gone from their start, and
 * what W does to a state without input. */
#include <math.h>
#include <stdio.h>

#include "probe.h"

#define POWER_ROUNDS 20
#define GROWTH_SKIP 50
#define GROWTH_STEPS 100

double rec_growth(const rec *m, const void *w, double *h, double *next) {
  int64_t n = m->shape.m;
  double sum = 0;
  for (int t = 0; t < GROWTH_SKIP + GROWTH_STEPS; t++) {
    double norm = 0;
    for (int64_t i = 0; i < n; i++) {
      double s = 0;
      for (int64_t j = 0; j < n; j++) s += rec_real(m, w, i * n + j) * h[j];
      next[i] = m->shape.act == THWR_RELU && s < 0 ? 0 : s;
      norm += next[i] * next[i];
    }
    norm = sqrt(norm);
    if (!(norm > 0)) return -INFINITY;
    for (int64_t i = 0; i < n; i++) h[i] = next[i] / norm;
    if (t >= GROWTH_SKIP) sum += log(norm);
  }
  return sum / GROWTH_STEPS;
}

void rec_unit_start(const rec *m, thw_rng *r, double *h) {
  double square = 0;
  for (int64_t i = 0; i < m->shape.m; i++) {
    h[i] = fabs(thw_rng_normal(r));
    square += h[i] * h[i];
  }
  for (int64_t i = 0; i < m->shape.m; i++) h[i] /= sqrt(square);
}

static double frobenius(const rec *m, const void *p, int64_t at, int64_t n) {
  double s = 0;
  for (int64_t i = 0; i < n; i++) s += rec_real(m, p, at + i) * rec_real(m, p, at + i);
  return sqrt(s);
}

/* Largest singular value of rows x cols at p + at, by power iteration. */
static double spectral(const rec *m, const void *p, int64_t at, int64_t rows, int64_t cols,
                       double *u, double *v) {
  double s = 0;
  for (int64_t j = 0; j < cols; j++) v[j] = 1 / sqrt((double)cols) * (j % 3 == 1 ? -1 : 1);
  for (int t = 0; t < POWER_ROUNDS; t++) {
    double norm = 0;
    for (int64_t i = 0; i < rows; i++) {
      u[i] = 0;
      for (int64_t j = 0; j < cols; j++) u[i] += rec_real(m, p, at + i * cols + j) * v[j];
      norm += u[i] * u[i];
    }
    s = sqrt(norm);
    if (!(s > 0)) return 0;
    norm = 0;
    for (int64_t j = 0; j < cols; j++) v[j] = 0;
    for (int64_t i = 0; i < rows; i++)
      for (int64_t j = 0; j < cols; j++) v[j] += rec_real(m, p, at + i * cols + j) * u[i];
    for (int64_t j = 0; j < cols; j++) norm += v[j] * v[j];
    for (int64_t j = 0; j < cols; j++) v[j] /= sqrt(norm);
  }
  return s;
}

static void tell_block(const rec_probe *p, const rec_block *b, const thw_view *start, double *room,
                       thw_sink *out) {
  const rec *m = p->m;
  char name[40];
  double went = frobenius(m, p->way.data, b->offset, b->n);
  double from = frobenius(m, start->data, b->offset, b->n);
  if (m->linear) from = frobenius(m, b->start, 0, b->n);
  snprintf(name, sizeof name, "drift_%s", b->name);
  out->real(out, name, went);
  if (from > 0) {
    snprintf(name, sizeof name, "drift_rel_%s", b->name);
    out->real(out, name, went / from);
  }
  if (b->name[0] != 'W') return;
  snprintf(name, sizeof name, "drift2_%s", b->name);
  out->real(out, name,
            spectral(m, p->way.data, b->offset, b->dims[0], b->dims[1], room, room + b->dims[0]));
}

static thw_status tell_growth(const rec_probe *p, const thw_view *x, double *room, thw_sink *out) {
  const rec *m = p->m;
  const rec_block *w = &m->block[THWR_W(0)];
  thw_rng r;
  if (m->shape.cell != THWR_RNN || m->shape.act == THWR_TANH || m->linear) return THW_OK;
  const void *now =
      w->offset < 0 ? w->start : (const char *)x->data + (size_t)w->offset * m->kern->real;
  const void *at[] = {w->start, now};
  for (int i = 0; i < 2; i++) {
    THW_TRY(m->host->rng(m->ctx, "growth", &r));
    rec_unit_start(m, &r, room);
    double g = rec_growth(m, at[i], room, room + m->shape.m);
    out->real(out, i ? "growth" : "growth_start", isfinite(g) ? exp(g) : 0.0);
  }
  return THW_OK;
}

thw_status rec_probe_weights(rec_probe *p, const thw_view *x, const thw_view *start,
                             thw_sink *out) {
  rec *m = p->m;
  size_t most = (size_t)(thwr_gates(&m->shape) + 1) * (size_t)m->shape.m;
  double *room = m->host->alloc(m->ctx, most * sizeof *room);
  if (!room) return rec_fail(m, THW_E_NOMEM, "out of memory for a probe");
  for (int i = 0; i < thwr_blocks(&m->shape); i++)
    if (m->block[i].n && m->block[i].offset >= 0) tell_block(p, &m->block[i], start, room, out);
  thw_status status = tell_growth(p, x, room, out);
  m->host->release(m->ctx, room);
  return status;
}
