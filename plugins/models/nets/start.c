/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/nets/start.c - initial values. */
#include <math.h>

#include "nets.h"

static double either(double given, double otherwise) {
  return given > 0 ? given : otherwise;
}

/* Variance of a weight by the rule `init` alone. */
static double rule(const nets *m, const nets_block *b) {
  double in = (double)b->cols, out = (double)b->rows;
  switch (m->params->init) {
  case INIT_PAPER:
    return b->role == ROLE_OUTPUT ? 1.0 : 1.0 / out;
  case INIT_HIERARCHICAL:
    return b->role == ROLE_HIDDEN ? 1.0 / out : 1.0 / in;
  case INIT_HE:
    return b->role == ROLE_OUTPUT ? 1.0 / in : 2.0 / in;
  case INIT_GLOROT:
    return 2.0 / (in + out);
  default:
    return 1.0 / in;
  }
}

static double variance(const nets *m, const nets_block *b) {
  const nets_params *p = m->params;
  switch (b->role) {
  case ROLE_FIRST:
    return either(p->init_w, rule(m, b));
  case ROLE_HIDDEN:
    return either(p->init_v, rule(m, b));
  case ROLE_OUTPUT:
    return either(p->init_a, rule(m, b));
  case ROLE_BIAS_OUTPUT:
    return 0.0;
  default: /* biases of hidden layers */
    return either(p->init_b, p->init == INIT_PAPER || p->init == INIT_HIERARCHICAL
                                 ? 1.0 / (double)b->rows
                                 : 0.0);
  }
}

typedef struct fill_job {
  const nets *m;
  thw_rng r;
  double sd;
  int64_t n;
  void *to;
} fill_job;

#define FILL_PART 4096

static void fill_part(void *arg, int64_t part) {
  const fill_job *j = arg;
  int64_t hi = (part + 1) * FILL_PART < j->n ? (part + 1) * FILL_PART : j->n;
  for (int64_t i = part * FILL_PART; i < hi; i += 2) {
    uint32_t w[4];
    double z[2];
    thw_rng_block(&j->r, (uint64_t)i / 2, w);
    thw_normal_pair(w, z);
    nets_set(j->m, j->to, i, j->sd * z[0]);
    if (i + 1 < hi) nets_set(j->m, j->to, i + 1, j->sd * z[1]);
  }
}

void nets_fill(const nets *m, int block, void *to) {
  const nets_block *b = &m->block[block];
  fill_job j = {.m = m, .sd = sqrt(variance(m, b)), .n = b->n, .to = to};
  if (m->host->rng(m->ctx, b->name, &j.r) != THW_OK) return;
  m->host->parallel(m->ctx, (b->n + FILL_PART - 1) / FILL_PART, 60.0 * (double)b->n, fill_part, &j);
}

/* Frozen blocks are kept, and the start of the others where the objective speaks of it. */
thw_status nets_start(nets *m) {
  const nets_params *p = m->params;
  int all = p->linearised || p->signs || p->reg_w4 > 0 || p->reg_v2 > 0;
  int noisy = p->signs || p->perturb_w > 0 || p->perturb_v > 0;
  for (int i = 0; i < m->n_blocks; i++) {
    nets_block *b = &m->block[i];
    size_t bytes = (size_t)b->n * m->kern->real;
    if (all || b->offset < 0) {
      b->start = m->host->alloc(m->ctx, bytes);
      if (!b->start) return nets_fail(m, THW_E_NOMEM, "out of memory for the network's start");
      nets_fill(m, i, b->start);
    }
    if (p->linearised || (noisy && (b->role == ROLE_FIRST || b->role == ROLE_HIDDEN))) {
      b->noisy = m->host->alloc(m->ctx, bytes);
      if (!b->noisy) return nets_fail(m, THW_E_NOMEM, "out of memory for perturbed weights");
    }
  }
  if (p->linearised)
    m->hold = m->host->alloc(m->ctx, (size_t)m->outputs * THWN_GROUP * m->kern->real);
  if (p->linearised && !m->hold) return nets_fail(m, THW_E_NOMEM, "out of memory for outputs");
  return THW_OK;
}
