/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/nets/noise.c - the stochastic objectives of the theory: weights with small normal
 * numbers added, and random signs of the units of the first hidden layer, which turn over row i of
 * W' and column i of V'. Both are functions of the batch (of its row numbers): the same batch sees
 * the same noise at any point. The whole sum sees none. */
#include "nets.h"

int nets_noisy(const nets *m, const thw_batch *b) {
  const nets_params *p = m->params;
  if (!p->signs && !(p->perturb_w > 0) && !(p->perturb_v > 0)) return 0;
  return b->set == 0 && (b->index || b->n != m->info.n);
}

/* A number of the batch's rows. */
static uint64_t key_of(const thw_batch *b) {
  uint64_t h = UINT64_C(0xcbf29ce484222325) ^ (uint64_t)b->n;
  for (int64_t k = 0; k < b->n; k++) {
    int64_t row = thw_batch_row(b, k);
    uint64_t id = (uint64_t)(b->rows->id ? b->rows->id[row] : row);
    h = (h ^ id) * UINT64_C(0x9e3779b97f4a7c15);
    h ^= h >> 29;
  }
  return h;
}

typedef struct noise {
  const nets *m;
  const nets_block *b;
  const void *x;
  thw_rng r, sign;
  double sd;
  int signs, by_column;
} noise;

static double sign_of(const noise *q, int64_t unit) {
  uint32_t w[4];
  thw_rng_block(&q->sign, q->sign.block + (uint64_t)unit / 128, w);
  return w[unit / 32 % 4] >> (unit % 32) & 1 ? 1.0 : -1.0;
}

/* Row i of what is plugged in: x + noise, or start + noise + sign (x - start). */
static void noisy_row(void *arg, int64_t i) {
  const noise *q = arg;
  const nets_block *b = q->b;
  uint64_t block = q->r.block + (uint64_t)i * (uint64_t)((b->cols + 1) / 2);
  double z[2] = {0, 0}, s = q->signs && !q->by_column ? sign_of(q, i) : 1.0;
  for (int64_t c = 0; c < b->cols; c++) {
    int64_t k = i * b->cols + c;
    double x = nets_real(q->m, q->x, k);
    if (q->sd > 0 && c % 2 == 0) {
      uint32_t w[4];
      thw_rng_block(&q->r, block + (uint64_t)c / 2, w);
      thw_normal_pair(w, z);
    }
    if (q->signs) {
      double start = nets_real(q->m, b->start, k);
      if (q->by_column) s = sign_of(q, c);
      x = start + s * (x - start);
    }
    nets_set(q->m, b->noisy, k, x + q->sd * z[c % 2]);
  }
}

/* The signs multiply the gradient in the same places. */
static void back_row(void *arg, int64_t i) {
  const noise *q = arg;
  void *g = (void *)(uintptr_t)q->x;
  for (int64_t c = 0; c < q->b->cols; c++) {
    int64_t k = i * q->b->cols + c;
    nets_set(q->m, g, k, sign_of(q, q->by_column ? c : i) * nets_real(q->m, g, k));
  }
}

static thw_status streams(const nets *m, const thw_batch *b, int block, noise *q) {
  uint64_t key = key_of(b) << 40; /* a batch's own 2^40 blocks of either stream */
  *q = (noise){.m = m, .b = &m->block[block], .signs = m->params->signs};
  q->sd = q->b->role == ROLE_FIRST ? m->params->perturb_w : m->params->perturb_v;
  q->by_column = q->b->role == ROLE_HIDDEN;
  THW_TRY(m->host->rng(m->ctx, q->by_column ? "noise of V" : "noise of W", &q->r));
  THW_TRY(m->host->rng(m->ctx, "signs", &q->sign));
  q->r.block = q->sign.block = key;
  return THW_OK;
}

thw_status nets_noise(nets_job *j) {
  nets *m = j->m;
  noise q;
  for (int i = 0; i < m->n_blocks; i++) {
    nets_block *b = &m->block[i];
    if (!b->noisy) continue;
    THW_TRY(streams(m, j->b, i, &q));
    q.x = j->w[i];
    m->host->parallel(m->ctx, b->rows, 40.0 * (double)b->n, noisy_row, &q);
    j->w[i] = b->noisy;
  }
  j->flip = m->params->signs;
  return THW_OK;
}

void nets_noise_back(const nets_job *j) {
  nets *m = j->m;
  noise q;
  for (int i = 0; i < m->n_blocks; i++) {
    if (!m->block[i].noisy || !j->g[i] || streams(m, j->b, i, &q) != THW_OK) continue;
    q.x = j->g[i];
    m->host->parallel(m->ctx, q.b->rows, 10.0 * (double)q.b->n, back_row, &q);
  }
}
