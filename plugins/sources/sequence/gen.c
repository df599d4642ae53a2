/* SPDX-License-Identifier: BSD-3-Clause */
/* What all generators share: finite sets, streams as batches made on demand, random streams. */
#include <config.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/sources/sequence/sequence.h"

#define BLOCK 32 /* rows that one thread makes at a time */

thw_status seq_stream(const seq_gen *g, const char *purpose, thw_rng *r) {
  return td_stream(g->env, g->p->seed, purpose, r);
}

void seq_unit(thw_rng *r, int64_t n, double *v) {
  double square = 0;
  do {
    for (int64_t j = 0; j < n; j += 2) {
      uint32_t w[4];
      double z[2];
      thw_rng_block(r, thw_rng_reserve(r, 1), w);
      thw_normal_pair(w, z);
      v[j] = z[0];
      if (j + 1 < n) v[j + 1] = z[1];
    }
    square = 0;
    for (int64_t j = 0; j < n; j++) square += v[j] * v[j];
  } while (!(square > 0));
  double scale = 1 / sqrt(square);
  for (int64_t j = 0; j < n; j++) v[j] *= scale;
}

/* ---- rows into arrays -------------------------------------------------------------------------
 */

/* Where a run of rows goes. */
struct target {
  const seq_gen *g;
  uint32_t set;
  const int64_t *index; /* numbers of the rows, or first, first + 1, ... */
  int64_t first, n;
  void *x, *y;
  int32_t *token, *label;
  uint8_t *counts;
  int64_t *id;
};

/* Numbers y of one row. */
static int64_t y_per_row(const seq_gen *g) {
  return g->targets * (g->law->target == THW_TARGET_STEP ? g->steps : 1);
}

static void make_block(void *arg, int64_t block) {
  const struct target *t = arg;
  const seq_gen *g = t->g;
  size_t size = td_dtype_size(g->dtype);
  int64_t x = g->steps * g->width, y = y_per_row(g);
  int64_t end = (block + 1) * BLOCK < t->n ? (block + 1) * BLOCK : t->n;
  for (int64_t i = block * BLOCK; i < end; i++) {
    int64_t id = t->index ? t->index[i] : t->first + i;
    seq_row o = {.x = t->x ? (char *)t->x + (size_t)(i * x) * size : NULL,
                 .token = t->token ? t->token + i * g->steps : NULL,
                 .y = (char *)t->y + (size_t)(i * y) * size,
                 .label = t->label ? t->label + i * y : NULL,
                 .dtype = g->dtype};
    g->law->row(g, t->set, id, &o);
    if (t->counts) memcpy(t->counts + i * g->steps, g->counts, (size_t)g->steps);
    if (t->id) t->id[i] = id;
  }
}

static void make(struct target *t) {
  const seq_gen *g = t->g;
  double per_row = (double)g->steps * (double)(g->law->tokens ? 1 : g->width + g->targets);
  g->env.host->parallel(g->env.ctx, (t->n + BLOCK - 1) / BLOCK, 60.0 * (double)t->n * per_row,
                        make_block, t);
}

static thw_rows rows_of(const struct target *t) {
  const seq_gen *g = t->g;
  return (thw_rows){.size = (uint32_t)sizeof(thw_rows),
                    .layout = THW_ROWS_SEQ,
                    .dtype = g->dtype,
                    .n = t->n,
                    .width = g->width,
                    .x = t->x,
                    .ld = g->law->tokens ? 0 : g->width,
                    .y = t->y,
                    .label = t->label,
                    .id = t->id,
                    .steps = g->steps,
                    .token = t->token,
                    .target = g->law->target,
                    .targets = g->targets,
                    .counts = t->counts};
}

/* Bytes of the parts of n rows, each padded to whole cache lines. */
struct room {
  size_t x, token, y, label, counts, id;
};

static size_t padded(int64_t n, size_t size) {
  return ((size_t)n * size + 63) / 64 * 64;
}

static thw_status room_of(const seq_gen *g, int64_t n, struct room *r) {
  size_t size = td_dtype_size(g->dtype);
  int64_t x = g->law->tokens ? g->steps : g->steps * g->width, y = y_per_row(g);
  int64_t most = x > y ? x : y;
  if (x + y > SEQ_ROW_MOST)
    return td_fail(g->env, THW_E_ARG,
                   "a sequence of %lld steps holds %lld numbers, at most %lld are allowed: make it "
                   "shorter or its steps smaller",
                   (long long)g->steps, (long long)(x + y), (long long)SEQ_ROW_MOST);
  if (n > INT64_MAX / 128 / most)
    return td_nomem(g->env, "sequences", (double)n * (double)(x + y) * (double)size);
  r->x = g->law->tokens ? 0 : padded(n * x, size);
  r->token = g->law->tokens ? padded(n * g->steps, sizeof(int32_t)) : 0;
  r->y = padded(n * y, size);
  r->label = g->classes ? padded(n * y, sizeof(int32_t)) : 0;
  r->counts = g->counts ? padded(n * g->steps, 1) : 0;
  r->id = padded(n, sizeof(int64_t));
  return THW_OK;
}

static size_t room_bytes(const struct room *r) {
  return r->x + r->token + r->y + r->label + r->counts + r->id;
}

/* Lays the parts out from `at` on. */
static void place(struct target *t, const struct room *r, char *at) {
  t->x = r->x ? at : NULL;
  at += r->x;
  t->token = r->token ? (int32_t *)(void *)at : NULL;
  at += r->token;
  t->y = at;
  at += r->y;
  t->label = r->label ? (int32_t *)(void *)at : NULL;
  at += r->label;
  t->counts = r->counts ? (uint8_t *)at : NULL;
  at += r->counts;
  t->id = (int64_t *)(void *)at;
}

/* ---- finite sets ------------------------------------------------------------------------------
 */

static thw_status fill_set(seq_gen *g, uint32_t set, int64_t n) {
  struct room r;
  THW_TRY(room_of(g, n, &r));
  struct target t = {.g = g, .set = set, .n = n};
  seq_set *s = &g->store.set[set];
  char *at = seq_array(&g->store, s, (int64_t)room_bytes(&r), 1, "sequences");
  if (!at) return THW_E_NOMEM;
  place(&t, &r, at);
  make(&t);
  t.id = NULL; /* positions */
  s->rows = rows_of(&t);
  return THW_OK;
}

/* ---- streams ------------------------------------------------------------------------------------
 */

static thw_status stream_take(seq_gen *g, uint32_t set, int64_t n, const int64_t *index,
                              int64_t first, thw_batch **out) {
  struct room r;
  if (n < 0 || (!index && first < 0)) return td_fail(g->env, THW_E_ARG, "no such rows");
  THW_TRY(room_of(g, n, &r));
  td_slot *s = td_pool_take(&g->store.pool, g->env, room_bytes(&r));
  if (!s) return THW_E_NOMEM;
  struct target t = {.g = g, .set = set, .index = index, .first = first, .n = n};
  place(&t, &r, s->buffer);
  make(&t);
  s->rows = rows_of(&t);
  s->batch.set = set;
  s->batch.n = n;
  s->batch.rows = &s->rows;
  *out = &s->batch;
  return THW_OK;
}

/* ---- the source -------------------------------------------------------------------------------
 */

static int is_stream(const seq_gen *g, uint32_t set) {
  return set == 0 && g->p->n == 0;
}

static thw_status sets(void *self, uint32_t *n) {
  *n = ((seq_gen *)self)->store.n_sets;
  return THW_OK;
}

static thw_status info(void *self, uint32_t set, thw_source_info *out) {
  seq_gen *g = self;
  THW_TRY(seq_store_info(&g->store, set, out));
  if (is_stream(g, set)) out->n = -1;
  return THW_OK;
}

static thw_status take(void *self, uint32_t set, int64_t n, const int64_t *index, int64_t first,
                       thw_batch **out) {
  seq_gen *g = self;
  if (is_stream(g, set)) return stream_take(g, set, n, index, first, out);
  return seq_store_take(&g->store, set, n, index, first, out);
}

static void release(void *self, thw_batch *b) {
  td_pool_release(&((seq_gen *)self)->store.pool, b);
}

const thw_source_ops seq_ops = {
    .size = (uint32_t)sizeof(thw_source_ops),
    .sets = sets,
    .info = info,
    .take = take,
    .release = release,
};

/* ---- instances ----------------------------------------------------------------------------------
 */

static thw_status open_streams(seq_gen *g) {
  static const char *const purpose[2][SEQ_STREAMS] = {{"tokens", "labels"},
                                                      {"test tokens", "test labels"}};
  for (int set = 0; set < 2; set++)
    for (int k = 0; k < SEQ_STREAMS; k++)
      THW_TRY(seq_stream(g, purpose[set][k], &g->stream[set][k]));
  return THW_OK;
}

static thw_status open_store(seq_gen *g) {
  struct room one;
  seq_store *s = &g->store;
  THW_TRY(room_of(g, 1, &one));
  s->env = g->env;
  s->n_sets = g->p->test > 0 ? 2 : 1;
  s->info = (thw_source_info){.layout = THW_ROWS_SEQ,
                              .label = g->law->label,
                              .width = g->width,
                              .classes = g->classes,
                              .class_name = g->class_name,
                              .targets = g->targets,
                              .target = g->law->target,
                              .tokens = g->law->tokens,
                              .token_name = g->token_name};
  for (uint32_t i = 0; i < s->n_sets; i++) {
    s->set[i].name = td_set_name[i];
    s->set[i].rows.steps = g->steps;
  }
  if (g->p->n > 0) THW_TRY(fill_set(g, TD_TRAIN, g->p->n));
  return g->p->test > 0 ? fill_set(g, TD_TEST, g->p->test) : THW_OK;
}

thw_status seq_create(const seq_law *law, td_env e, const void *params, void **self) {
  seq_gen *g = calloc(1, sizeof *g);
  if (!g) return td_nomem(e, "a source", sizeof *g);
  g->env = e;
  g->law = law;
  g->p = params;
  g->dtype = e.host->dtype(e.ctx);
  g->steps = g->p->length;
  g->targets = 1;
  thw_status s = open_streams(g);
  if (s == THW_OK) s = law->prepare(g);
  if (s == THW_OK) s = open_store(g);
  if (s == THW_OK)
    *self = g;
  else
    seq_destroy(g);
  return s;
}

void seq_destroy(void *self) {
  seq_gen *g = self;
  if (g->law->end) g->law->end(g);
  td_array_free(g->counts);
  seq_store_free(&g->store);
  free(g);
}
