/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/recurrent/shard.c - batches cut into shards, time-major. */
#include <string.h>

#include "recurrent.h"

/* Shards that are alive at once, at most; and the bytes they may take together. Neither changes
 * the bits. */
#define MOST_SLOTS 64
#define MOST_BYTES ((size_t)512 << 20)

int64_t rec_length(const thw_rows *r, int64_t row) {
  return r->steps_of ? r->steps_of[row] : r->steps;
}

int64_t rec_first(const thw_rows *r, int64_t row) {
  return r->first ? r->first[row] : row * r->steps;
}

/* ---- room ------------------------------------------------------------------------------------
 */

/* Hands out parts of a slot's memory; without memory, only counts. */
typedef struct carver {
  char *base;
  size_t used;
} carver;

static void *carve(carver *c, int64_t count, size_t size) {
  size_t bytes = ((size_t)count * size + 63) / 64 * 64;
  void *p = c->base ? c->base + c->used : NULL;
  c->used += bytes;
  return p;
}

static void carve_states(const rec *m, carver *c, int64_t b, int64_t steps, thwr_states *s) {
  const thwr_shape *n = &m->shape;
  size_t real = m->kern->real;
  int64_t bm = b * n->m;
  for (int k = 0; k < n->layers; k++) {
    s->h[k] = carve(c, (steps + 1) * bm, real);
    if (n->cell == THWR_RNN)
      s->z[k] = s->h[k] ? (char *)s->h[k] + (size_t)bm * real : NULL;
    else
      s->z[k] = carve(c, steps * bm * thwr_gates(n), real);
    if (n->cell == THWR_LSTM) s->c[k] = carve(c, (steps + 1) * bm, real);
    if (n->cell == THWR_GRU) s->q[k] = carve(c, steps * bm, real);
  }
  s->y = carve(c, steps * b * n->d, real);
}

/* What going back needs; once more for its derivative. */
static void carve_back(const rec *m, carver *c, int64_t b, int64_t steps, void **p, void **n_,
                       void **dh, void **dc) {
  const thwr_shape *n = &m->shape;
  size_t real = m->kern->real;
  int64_t cells = steps * b * n->m;
  *p = carve(c, cells * thwr_gates(n), real);
  if (n->cell == THWR_GRU) *n_ = carve(c, cells, real);
  if (n->cell != THWR_RNN || n->layers > 1) *dh = carve(c, cells, real);
  if (n->cell == THWR_LSTM) *dc = carve(c, b * n->m, real);
}

static int needs_dot(const rec *m, int mode) {
  return m->linear || mode == JOB_HVP || mode == JOB_GAUSS_NEWTON;
}

static size_t carve_slot(const rec *m, char *base, int64_t b, int64_t steps, int mode,
                         rec_slot *slot) {
  carver c = {base, 0};
  size_t real = m->kern->real;
  int64_t cells = steps * b;
  thwr_shard *s = &slot->s;
  *s = (thwr_shard){0};
  if (m->shape.tokens)
    s->token = carve(&c, cells, sizeof *s->token);
  else
    s->x = carve(&c, cells * m->shape.width, real);
  s->weight = carve(&c, cells, sizeof *s->weight);
  if (rec_is_class(m))
    s->label = carve(&c, cells, sizeof *s->label);
  else
    s->t = carve(&c, cells * m->shape.d, real);
  if (m->params->centre) s->y0 = carve(&c, cells * m->shape.d, real);
  carve_states(m, &c, b, steps, &s->at);
  if (m->kern->scratch_size) s->scratch = carve(&c, (int64_t)m->kern->scratch_size(&m->shape), 1);
  if (needs_dot(m, mode)) {
    carve_states(m, &c, b, steps, &s->dot);
    s->edot = carve(&c, cells * m->shape.d, real);
  }
  if (mode == JOB_GRADIENT || mode == JOB_HVP || mode == JOB_GAUSS_NEWTON) {
    s->e = carve(&c, cells * m->shape.d, real);
    carve_back(m, &c, b, steps, &s->p, &s->n, &s->dh, &s->dc);
    slot->grad = carve(&c, m->n, real);
  }
  if (mode == JOB_HVP) carve_back(m, &c, b, steps, &s->pdot, &s->ndot, &s->dhdot, &s->dcdot);
  return c.used;
}

static int64_t longest(const thw_batch *b, int64_t lo, int64_t hi) {
  int64_t steps = 0;
  for (int64_t k = lo; k < hi; k++) {
    int64_t t = rec_length(b->rows, thw_batch_row(b, k));
    if (t > steps) steps = t;
  }
  return steps;
}

static thw_status grow(rec *m, rec_slot *slot, size_t bytes) {
  if (bytes <= slot->bytes) return THW_OK;
  m->host->release(m->ctx, slot->room);
  slot->bytes = 0;
  slot->room = m->host->alloc(m->ctx, bytes);
  if (!slot->room)
    return rec_fail(m, THW_E_NOMEM,
                    "out of memory for the states of a shard of sequences: %.3g bytes",
                    (double)bytes);
  slot->bytes = bytes;
  return THW_OK;
}

thw_status rec_slots(rec *m, const thw_batch *b, int mode, int64_t *count) {
  int64_t shards = (b->n + SHARD - 1) / SHARD, rows = b->n < SHARD ? b->n : SHARD;
  rec_slot none;
  if (!m->slot) m->slot = m->host->alloc(m->ctx, MOST_SLOTS * sizeof *m->slot);
  if (!m->slot) return rec_fail(m, THW_E_NOMEM, "out of memory for shards");
  size_t bytes = carve_slot(m, NULL, rows, longest(b, 0, b->n), mode, &none);
  int64_t most = (int64_t)(MOST_BYTES / (bytes + 1));
  if (most < 2) most = 2;
  if (most > MOST_SLOTS) most = MOST_SLOTS;
  if (most > shards) most = shards;
  for (int64_t i = 0; i < most; i++) {
    THW_TRY(grow(m, &m->slot[i], bytes));
    carve_slot(m, m->slot[i].room, rows, longest(b, 0, b->n), mode, &m->slot[i]);
  }
  *count = most;
  return THW_OK;
}

thw_status rec_two_slots(rec *m, const thw_batch *b) {
  int64_t rows = b->n < SHARD ? b->n : SHARD, steps = longest(b, 0, b->n), count;
  THW_TRY(rec_slots(m, b, JOB_GAUSS_NEWTON, &count));
  for (int i = 0; i < 2; i++) {
    THW_TRY(grow(m, &m->slot[i], carve_slot(m, NULL, rows, steps, JOB_GAUSS_NEWTON, &m->slot[i])));
    carve_slot(m, m->slot[i].room, rows, steps, JOB_GAUSS_NEWTON, &m->slot[i]);
  }
  return THW_OK;
}

thw_status rec_one_step(rec *m, rec_slot *slot) {
  THW_TRY(grow(m, slot, carve_slot(m, NULL, 1, 1, JOB_PREDICT, slot)));
  carve_slot(m, slot->room, 1, 1, JOB_PREDICT, slot);
  slot->s.b = slot->s.steps = 1;
  return THW_OK;
}

/* ---- filling ---------------------------------------------------------------------------------
 */

static void copy_reals(const rec *m, void *to, int64_t at, const void *from, int64_t first,
                       int64_t n) {
  size_t real = m->kern->real;
  memcpy((char *)to + (size_t)at * real, (const char *)from + (size_t)first * real,
         (size_t)n * real);
}

static int counted(const rec *m, const thw_rows *r, int64_t step, int64_t l) {
  if (r->counts && !r->counts[step]) return 0;
  return m->params->loss_at != LOSS_AT_EVERY || l + 1 >= m->params->loss_from;
}

/* Weights of the loss at the steps of row k: 1, or 1/|S| when the loss is a mean over them. */
static void set_weights(const rec *m, const thw_rows *r, int64_t row, int64_t k, thwr_shard *s) {
  int64_t n = rec_length(r, row), first = rec_first(r, row), many = 0, last = -1;
  for (int64_t l = 0; l < n; l++)
    if (counted(m, r, first + l, l)) {
      many++;
      last = l;
    }
  double w = m->params->over_steps && many > 0 ? 1.0 / (double)many : 1.0;
  if (m->params->loss_at == LOSS_AT_LAST) w = 1.0;
  for (int64_t l = 0; l < s->steps; l++) {
    int on = l < n && counted(m, r, first + l, l);
    if (m->params->loss_at == LOSS_AT_LAST) on = l == last;
    s->weight[l * s->b + k] = on ? w : 0.0;
  }
}

static void set_row(const rec *m, const thw_rows *r, int64_t row, int64_t k, thwr_shard *s) {
  int64_t n = rec_length(r, row), first = rec_first(r, row), b = s->b, d = m->shape.d;
  int64_t width = m->shape.width;
  for (int64_t l = 0; l < s->steps; l++) {
    int64_t at = l * b + k, step = first + l, target = r->target == THW_TARGET_STEP ? step : row;
    if (l >= n) {
      if (s->token)
        s->token[at] = 0;
      else
        memset((char *)s->x + (size_t)(at * width) * m->kern->real, 0,
               (size_t)width * m->kern->real);
      continue;
    }
    if (s->token)
      s->token[at] = r->token[step];
    else
      copy_reals(m, s->x, at * width, r->x, step * r->ld, width);
    if (s->label) {
      if (r->label) s->label[at] = r->label[target];
    } else if (r->y) {
      copy_reals(m, s->t, at * d, r->y, target * d, d);
    }
  }
}

void rec_gather(const rec *m, const thw_batch *b, int64_t lo, int64_t hi, rec_slot *slot) {
  thwr_shard *s = &slot->s;
  s->b = hi - lo;
  s->steps = longest(b, lo, hi);
  s->carried = 0;
  for (int64_t k = 0; k < s->b; k++) {
    int64_t row = thw_batch_row(b, lo + k);
    set_row(m, b->rows, row, k, s);
    set_weights(m, b->rows, row, k, s);
  }
  for (int k = 0; k < m->shape.layers; k++) {
    size_t bytes = (size_t)(s->b * m->shape.m) * m->kern->real;
    if (m->shape.cell == THWR_RNN) { /* z is h from its second block on, whatever b is */
      s->at.z[k] = (char *)s->at.h[k] + bytes;
      if (s->dot.h[k]) s->dot.z[k] = (char *)s->dot.h[k] + bytes;
    }
    memset(s->at.h[k], 0, bytes);
    if (s->at.c[k]) memset(s->at.c[k], 0, bytes);
  }
}
