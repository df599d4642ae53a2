/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/recurrent/facts.c - what is known of the objective: at the starting point the
 * largest eigenvalue of J' C J / n, by power iteration. J is the derivative of the outputs by the
 * trained blocks, C the loss's second derivative in the outputs. For the squared loss it is
 * lam_max(J J') / n, output_scale included, and a step of c / lipschitz on the mean is c / lam_max
 * on the sum over the sequences. */
#include <math.h>
#include <stdio.h>

#include "recurrent.h"

#define ROUNDS 30
/* Sequences that it is measured on, at most; of a stream, the first. */
#define ROWS 256

thw_status rec_sharpness(rec *m, const thw_view *x, const thw_batch *b, int rounds, double *out) {
  size_t bytes = (size_t)m->n * m->kern->real;
  thw_rng r;
  *out = (double)NAN;
  if (!m->probe_vec) m->probe_vec = m->host->alloc(m->ctx, 2 * (bytes + 64));
  if (!m->probe_vec) return rec_fail(m, THW_E_NOMEM, "out of memory for a power iteration");
  thw_view v = {m->probe_vec, m->n, 0, m->dtype, THW_MEM_HOST}, u = v;
  u.data = (char *)m->probe_vec + (bytes + 63) / 64 * 64;
  THW_TRY(m->host->rng(m->ctx, "power", &r));
  double norm = 0;
  for (int64_t i = 0; i < m->n; i++) {
    double z = thw_rng_normal(&r);
    rec_set(m, v.data, i, z);
    norm += z * z;
  }
  for (int t = 0; t <= rounds; t++) {
    for (int64_t i = 0; i < m->n; i++)
      rec_set(m, v.data, i, (t ? rec_real(m, u.data, i) : rec_real(m, v.data, i)) / sqrt(norm));
    if (t == rounds) break;
    THW_TRY(rec_gauss_newton(m, x, &v, b, &u));
    norm = 0;
    for (int64_t i = 0; i < m->n; i++) norm += rec_real(m, u.data, i) * rec_real(m, u.data, i);
    *out = sqrt(norm);
    if (!(norm > 0) || !isfinite(norm)) break;
  }
  return THW_OK;
}

static thw_status at_start(rec *m) {
  const thw_source_ops *ops = m->source.ops;
  int64_t all = m->info.n, n = all < 0 || all > ROWS ? ROWS : all, index[ROWS];
  thw_batch *b;
  char text[200];
  thw_view x = {m->host->alloc(m->ctx, (size_t)m->n * m->kern->real), m->n, 0, m->dtype,
                THW_MEM_HOST};
  if (!x.data) return rec_fail(m, THW_E_NOMEM, "out of memory for the starting point");
  THW_TRY(rec_ops.init(m, &x, NULL));
  for (int64_t i = 0; i < n; i++) index[i] = all < 0 ? i : i * all / n;
  THW_TRY(ops->take(m->source.self, 0, n, index, 0, &b));
  thw_status status = rec_sharpness(m, &x, b, ROUNDS, &m->lipschitz);
  ops->release(m->source.self, b);
  m->host->release(m->ctx, x.data);
  snprintf(text, sizeof text,
           "lipschitz %.6g at the start: %d Gauss-Newton products over %lld sequences, which the "
           "counts leave out",
           m->lipschitz, ROUNDS, (long long)n);
  if (status == THW_OK) m->host->log(m->ctx, THW_LOG_INFO, text);
  return status;
}

thw_status rec_facts(void *self, thw_facts *out) {
  rec *m = self;
  out->components = m->info.n > 0 ? m->info.n : -1;
  out->lower_bound = 0.0;
  if (m->linear) out->convexity = 0.0;
  out->flags |= THW_FACTS_LOCAL;
  if (thw_facts_wanted(out, THW_FACT_LIPSCHITZ) && !(m->info.flags & THW_SOURCE_ONCE)) {
    if (!m->have_lipschitz) THW_TRY(at_start(m));
    m->have_lipschitz = 1;
    /* an eigenvalue that is zero or overflows tells nothing */
    if (m->lipschitz > 0 && isfinite(m->lipschitz)) out->lipschitz = m->lipschitz;
  }
  return THW_OK;
}
