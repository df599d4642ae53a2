/* SPDX-License-Identifier: BSD-3-Clause */
/* An objective with planted noise. The noise of a batch is linear in x and in the signs: only the
 * means of s_i and c_i over the batch are needed. */
#include <string.h>

#include "kernels/problems/problems.h"

#define STORE_MOST (INT64_C(1) << 30) /* bytes of signs and linear terms */
#define BLOCK_WORK 16384

typedef struct job {
  thwp_planted *p;
  const thw_batch *b;
  int64_t blocks;
  int lin; /* the linear terms are wanted */
} job;

/* ---- rows --------------------------------------------------------------------------------------
 */

/* Row number i of the stream of rows: signs first, 128 of them from each block of the generator. */
static void make_row(const thwp_planted *p, int64_t i, signed char *sign, float *lin) {
  uint64_t per_sign = (uint64_t)(p->d + 127) / 128, per_row = per_sign + (uint64_t)(p->d + 1) / 2;
  uint64_t first = (uint64_t)i * per_row;
  uint32_t w[4];
  for (int64_t j = 0; sign && j < p->d; j++) {
    if (j % 128 == 0) thw_rng_block(&p->rows, first + (uint64_t)j / 128, w);
    sign[j] = (signed char)(w[j / 32 % 4] >> (j % 32) & 1 ? 1 : -1);
  }
  double scale = 1 / sqrt((double)p->d), z[2];
  for (int64_t j = 0; lin && j < p->d; j += 2) {
    thw_rng_block(&p->rows, first + per_sign + (uint64_t)j / 2, w);
    thw_normal_pair(w, z);
    lin[j] = (float)(scale * z[0]);
    if (j + 1 < p->d) lin[j + 1] = (float)(scale * z[1]);
  }
}

/* smean += flip s, cmean += flip c. */
static void add_row(const thwp_planted *p, double flip, const signed char *sign, const float *lin,
                    double *smean, double *cmean) {
  for (int64_t j = 0; sign && j < p->d; j++) smean[j] += flip * sign[j];
  for (int64_t j = 0; lin && j < p->d; j++) cmean[j] += flip * (double)lin[j];
}

/* Room for one row that is not stored lies behind the sums of the block. */
static int64_t block_room(int64_t d) {
  return 2 * thwp_padded(d) + thwp_padded((d + 7) / 8) + thwp_padded((d + 1) / 2);
}

static void sum_block(void *arg, int64_t i) {
  const job *q = arg;
  const thwp_planted *p = q->p;
  int64_t half = p->n / 2, wide = thwp_padded(p->d);
  double *smean = p->parts + i * block_room(p->d), *cmean = smean + wide;
  double *room = cmean + wide;
  signed char *sign = p->tauH > 0 ? (signed char *)(void *)room : NULL;
  float *lin = q->lin ? (float *)(void *)(room + thwp_padded((p->d + 7) / 8)) : NULL;
  memset(smean, 0, (size_t)(2 * wide) * sizeof *smean);
  for (int64_t k = q->b->n * i / q->blocks; k < q->b->n * (i + 1) / q->blocks; k++) {
    int64_t at = thw_batch_row(q->b, k);
    int64_t row = q->b->rows && q->b->rows->id ? q->b->rows->id[at] : at;
    double flip = 1;
    if (p->n >= 0) {
      if (row >= 2 * half) continue; /* no partner, no noise */
      if (row >= half) flip = -1;
      row -= row >= half ? half : 0;
    }
    if (p->sign || p->lin) {
      add_row(p, flip, sign ? p->sign + row * p->d : NULL, lin ? p->lin + row * p->d : NULL, smean,
              cmean);
    } else {
      make_row(p, row, sign, lin);
      add_row(p, flip, sign, lin, smean, cmean);
    }
  }
}

/* Means over the batch, times tauH and taub. Returns 0 where there is no noise. */
static int means(thwp_planted *p, const thw_batch *b, int lin) {
  lin = lin && p->taub > 0;
  if (!b || p->n == 1 || (!lin && !(p->tauH > 0))) return 0;
  if (!b->index && b->first == 0 && b->n == p->n) return 0;
  double work = (double)b->n * (double)p->d * (p->sign || p->lin ? 2 : 40);
  job q = {p, b, (int64_t)fmin(fmax(work / BLOCK_WORK, 1), (double)thwp_blocks(p->d)), lin};
  if (q.blocks > b->n) q.blocks = b->n > 0 ? b->n : 1;
  thwp_parallel(&p->pool, q.blocks, work, sum_block, &q);
  double cs = p->tauH / (double)b->n, cc = p->taub / (double)b->n;
  int64_t wide = thwp_padded(p->d);
  for (int64_t j = 0; j < p->d; j++) {
    double s = 0, c = 0;
    for (int64_t i = 0; i < q.blocks; i++) {
      const double *part = p->parts + i * block_room(p->d);
      s += part[j];
      c += part[wide + j];
    }
    p->smean[j] = cs * s;
    p->cmean[j] = cc * c;
  }
  for (int64_t j = p->d - p->quiet; j < p->d; j++) p->smean[j] = p->cmean[j] = 0;
  return 1;
}

/* ---- entries -----------------------------------------------------------------------------------
 */

void thwp_planted_eval(thwp_planted *p, const thw_view *x, const thw_batch *b, double *f,
                       thw_view *g) {
  thwp_read(x, p->x);
  p->objective->eval(p->objective, p->x, f, g ? p->out : NULL);
  if (means(p, b, 1)) {
    double value = 0;
    for (int64_t j = 0; f && j < p->d; j++)
      value += p->x[j] * (p->smean[j] * p->x[j] / 2 + p->cmean[j]);
    for (int64_t j = 0; g && j < p->d; j++) p->out[j] += p->smean[j] * p->x[j] + p->cmean[j];
    if (f) *f += value;
  }
  if (g) thwp_write(p->out, g);
}

void thwp_planted_diff(thwp_planted *p, const thw_view *x, const thw_view *y, const thw_batch *b,
                       thw_view *out) {
  const thwp_objective *o = p->objective;
  thwp_read(x, p->x);
  thwp_read(y, p->y);
  if (o->diff) {
    o->diff(o, p->x, p->y, p->out);
  } else {
    double *other = p->cmean; /* not needed yet */
    o->eval(o, p->x, NULL, p->out);
    o->eval(o, p->y, NULL, other);
    for (int64_t j = 0; j < p->d; j++) p->out[j] -= other[j];
  }
  if (means(p, b, 0))
    for (int64_t j = 0; j < p->d; j++) p->out[j] += p->smean[j] * (p->x[j] - p->y[j]);
  thwp_write(p->out, out);
}

void thwp_planted_hvp(thwp_planted *p, const thw_view *x, const thw_view *v, const thw_batch *b,
                      thw_view *hv) {
  thwp_read(x, p->x);
  thwp_read(v, p->y);
  p->objective->hvp(p->objective, p->x, p->y, p->out);
  if (means(p, b, 0))
    for (int64_t j = 0; j < p->d; j++) p->out[j] += p->smean[j] * p->y[j];
  thwp_write(p->out, hv);
}

/* ---- instances ---------------------------------------------------------------------------------
 */

int64_t thwp_planted_stored(int64_t n, int64_t d, double tauH, double taub) {
  int64_t bytes = (tauH > 0 ? 1 : 0) + (taub > 0 ? 4 : 0);
  if (n < 2 || bytes == 0 || n / 2 > STORE_MOST / bytes / d) return 0;
  return n / 2;
}

int64_t thwp_planted_room(int64_t n, int64_t d, double tauH, double taub) {
  int64_t pairs = thwp_planted_stored(n, d, tauH, taub), words = 5 * thwp_padded(d);
  if (n == 1 || !(tauH > 0 || taub > 0)) return words;
  words += thwp_blocks(d) * block_room(d);
  if (tauH > 0) words += thwp_padded((pairs * d + 7) / 8);
  if (taub > 0) words += thwp_padded((pairs * d + 1) / 2);
  return words;
}

static void make_stored(void *arg, int64_t i) {
  thwp_planted *p = arg;
  make_row(p, i, p->sign ? p->sign + i * p->d : NULL, p->lin ? p->lin + i * p->d : NULL);
}

void thwp_planted_init(thwp_planted *p, thwp_pool pool, const thwp_objective *o, int64_t n,
                       double tauH, double taub, const thw_rng *rows, double *room) {
  int64_t d = o->d, pairs = thwp_planted_stored(n, d, tauH, taub);
  *p = (thwp_planted){
      .objective = o, .pool = pool, .n = n, .d = d, .tauH = tauH, .taub = taub, .rows = *rows};
  p->x = thwp_take(&room, d);
  p->y = thwp_take(&room, d);
  p->out = thwp_take(&room, d);
  p->smean = thwp_take(&room, d);
  p->cmean = thwp_take(&room, d);
  if (n == 1 || !(tauH > 0 || taub > 0)) return;
  p->parts = thwp_take(&room, thwp_blocks(d) * block_room(d));
  if (pairs == 0) return;
  if (tauH > 0) p->sign = (signed char *)(void *)thwp_take(&room, (pairs * d + 7) / 8);
  if (taub > 0) p->lin = (float *)(void *)thwp_take(&room, (pairs * d + 1) / 2);
  thwp_parallel(&p->pool, pairs, 40.0 * (double)(pairs * d), make_stored, p);
}
