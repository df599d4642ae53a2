/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/recurrent/carry.c - states carried from chunk to chunk (carry_state).
 *
 * Row i of a chained source continues row i - chain, so there are `chain` streams, and stream q has
 * the rows q, q + chain, ... A table keeps two states of each stream: the one that its latest row
 * began with, and the one that it ended with. A row starts from the state that its predecessor
 * ended with, else from zero; asked for again, it starts from where it began the first time, so
 * that f is a function of point and batch until the next batch is drawn.
 *
 * Table 0 is that of the training: gradients of at most `chain` consecutive rows of set 0 write it.
 * Longer batches (a whole set: monitors, tests) go through their chunks in order with table 1,
 * which they empty first. All else starts from zero. */
#include <math.h>
#include <string.h>

#include "recurrent.h"

static size_t state_bytes(const rec *m) {
  int64_t parts = m->shape.layers * (m->shape.cell == THWR_LSTM ? 2 : 1);
  return (size_t)(parts * m->shape.m) * m->kern->real;
}

thw_status rec_carry_open(rec *m) {
  int64_t chain = m->info.chain;
  if (!m->params->carry_state) return THW_OK;
  if (chain < 1)
    return rec_fail(m, THW_E_ARG,
                    "carry_state needs a source whose rows continue one another, such as text");
  for (int i = 0; i < 2; i++) {
    rec_kept *t = &m->kept[i];
    t->row = m->host->alloc(m->ctx, (size_t)chain * sizeof *t->row);
    t->begin = m->host->alloc(m->ctx, (size_t)chain * state_bytes(m));
    t->end = m->host->alloc(m->ctx, (size_t)chain * state_bytes(m));
    if (!t->row || !t->begin || !t->end)
      return rec_fail(m, THW_E_NOMEM, "out of memory for the states of %lld streams",
                      (long long)chain);
    rec_carry_reset(m, t);
  }
  return THW_OK;
}

void rec_carry_reset(const rec *m, rec_kept *t) {
  for (int64_t q = 0; q < m->info.chain; q++) t->row[q] = -1;
}

/* How a pass over the batch carries. */
void rec_carry_plan(rec_job *j) {
  rec *m = j->m;
  const thw_batch *b = j->b;
  int64_t first = thw_batch_row(b, 0);
  j->group = b->n;
  if (!m->params->carry_state || b->rows->chain != m->info.chain) return;
  if (j->mode == JOB_HVP || j->mode == JOB_GAUSS_NEWTON || j->mode == JOB_PREDICT) return;
  for (int64_t k = 0; k < b->n; k++)
    if (thw_batch_row(b, k) != first + k) return;
  if (b->n > m->info.chain) {
    j->kept = &m->kept[1];
    j->group = m->info.chain;
    j->store = 1;
    rec_carry_reset(m, j->kept);
  } else if (b->set == 0 && (j->mode == JOB_GRADIENT || j->mode == JOB_VALUE)) {
    j->kept = &m->kept[0];
    j->store = j->mode == JOB_GRADIENT;
  }
}

/* A state of row k of the shard, in front of step l, to or from memory. */
static void move(const rec *m, thwr_shard *s, int64_t l, int64_t k, char *state, int out) {
  size_t part = (size_t)m->shape.m * m->kern->real, at = (size_t)(l * s->b + k) * part;
  for (int i = 0; i < m->shape.layers; i++) {
    char *h = (char *)s->at.h[i] + at, *c = s->at.c[i] ? (char *)s->at.c[i] + at : NULL;
    memcpy(out ? state : h, out ? h : state, part);
    state += part;
    if (!c) continue;
    memcpy(out ? state : c, out ? c : state, part);
    state += part;
  }
}

/* Zero instead of a state that is too long or not finite. */
static void cap(const rec *m, char *state) {
  double square = 0, most = m->params->state_cap;
  int64_t n = (int64_t)(state_bytes(m) / m->kern->real);
  if (!(most > 0)) return;
  for (int64_t i = 0; i < n; i++) square += rec_real(m, state, i) * rec_real(m, state, i);
  if (!(sqrt(square) <= most)) memset(state, 0, state_bytes(m));
}

void rec_carry_in(const rec_job *j, int64_t lo, thwr_shard *s) {
  rec *m = j->m;
  rec_kept *t = j->kept;
  size_t size = state_bytes(m);
  s->carried = 1;
  for (int64_t k = 0; k < s->b; k++) {
    int64_t row = thw_batch_row(j->b, lo + k), q = row % m->info.chain;
    char *begin = (char *)t->begin + (size_t)q * size, *end = (char *)t->end + (size_t)q * size;
    int next = row >= m->info.chain && t->row[q] == row - m->info.chain;
    if (t->row[q] == row)
      move(m, s, 0, k, begin, 0);
    else if (next)
      move(m, s, 0, k, end, 0);
    if (!j->store || t->row[q] == row) continue;
    if (next)
      memcpy(begin, end, size);
    else
      memset(begin, 0, size);
    t->row[q] = row;
  }
}

void rec_carry_out(const rec_job *j, int64_t lo, thwr_shard *s) {
  rec *m = j->m;
  if (!j->store) return;
  for (int64_t k = 0; k < s->b; k++) {
    int64_t row = thw_batch_row(j->b, lo + k), q = row % m->info.chain;
    char *end = (char *)j->kept->end + (size_t)q * state_bytes(m);
    move(m, s, rec_length(j->b->rows, row), k, end, 1);
    cap(m, end);
  }
}

/* ---- state ----------------------------------------------------------------------------------- */

static thw_status save(void *self, thw_writer *w) {
  rec *m = self;
  size_t chain = m->params->carry_state ? (size_t)m->info.chain : 0;
  THW_TRY(w->i64(w, "streams", (int64_t)chain));
  if (!chain) return THW_OK;
  THW_TRY(w->blob(w, "rows", m->kept[0].row, chain * sizeof *m->kept[0].row));
  THW_TRY(w->blob(w, "begin", m->kept[0].begin, chain * state_bytes(m)));
  return w->blob(w, "end", m->kept[0].end, chain * state_bytes(m));
}

static thw_status load(void *self, thw_reader *r) {
  rec *m = self;
  int64_t chain = m->params->carry_state ? m->info.chain : 0, streams = 0;
  THW_TRY(r->i64(r, "streams", &streams));
  if (streams != chain)
    return rec_fail(m, THW_E_STATE, "the saved states belong to %lld streams, the source has %lld",
                    (long long)streams, (long long)chain);
  if (!chain) return THW_OK;
  size_t rows = (size_t)chain * sizeof *m->kept[0].row, bytes = (size_t)chain * state_bytes(m);
  size_t n = rows, begin = bytes, end = bytes;
  THW_TRY(r->blob(r, "rows", m->kept[0].row, &n));
  THW_TRY(r->blob(r, "begin", m->kept[0].begin, &begin));
  THW_TRY(r->blob(r, "end", m->kept[0].end, &end));
  if (n != rows || begin != bytes || end != bytes)
    return rec_fail(m, THW_E_STATE, "the saved states of the streams have another size");
  return THW_OK;
}

const thw_ext_state rec_state_ext = {
    .size = sizeof(thw_ext_state), .version = 1, .save = save, .load = load};
