/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/sources/targets/gen.c - sets in memory, streams as batches made on demand. */
#include <config.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/sources/targets/targets.h"

#define BLOCK 64 /* rows that one thread makes at a time */

thw_status tgt_stream(const tgt *g, const char *purpose, thw_rng *r) {
  return td_stream(g->env, g->p->seed, purpose, r);
}

void tgt_normals(thw_rng *r, int64_t n, double *v) {
  for (int64_t j = 0; j < n; j += 2) {
    uint32_t w[4];
    double z[2];
    thw_rng_block(r, thw_rng_reserve(r, 1), w);
    thw_normal_pair(w, z);
    v[j] = z[0];
    if (j + 1 < n) v[j + 1] = z[1];
  }
}

double tgt_dot(int64_t n, const double *a, const double *b) {
  double s = 0;
  for (int64_t i = 0; i < n; i++) s += a[i] * b[i];
  return s;
}

void tgt_unit(thw_rng *r, int64_t n, double *v) {
  double square;
  do {
    tgt_normals(r, n, v);
    square = tgt_dot(n, v, v);
  } while (!(square > 0));
  for (int64_t j = 0; j < n; j++) v[j] /= sqrt(square);
}

/* ---- rows into arrays -------------------------------------------------------------------------
 */

/* Where a run of rows goes. */
struct target {
  const tgt *g;
  uint32_t set;         /* TD_TRAIN, ... */
  const int64_t *index; /* numbers of the rows, or first, first + 1, ... */
  int64_t first, n;
  void *x, *y;
  int64_t *id;
};

static void make_row(const struct target *t, int64_t i) {
  const tgt *g = t->g;
  double x[TGT_WIDTH_MOST], y[TGT_OUTPUTS_MOST], z[TGT_OUTPUTS_MOST];
  int64_t id = t->index ? t->index[i] : t->first + i;
  thw_rng r = g->stream[t->set], noise = g->noise[t->set];
  r.block = noise.block = (uint64_t)id << TGT_ROW_BLOCKS_LOG2;
  r.left = noise.left = 0;
  g->law->row(g, &r, x);
  g->law->value(g, x, y);
  if (g->p->noise > 0) {
    tgt_normals(&noise, g->outputs, z);
    for (int64_t c = 0; c < g->outputs; c++) y[c] += g->p->noise * z[c];
  }
  for (int64_t j = 0; j < g->width; j++) td_put(t->x, g->dtype, i * g->width + j, x[j]);
  for (int64_t c = 0; c < g->outputs; c++) td_put(t->y, g->dtype, i * g->outputs + c, y[c]);
  if (t->id) t->id[i] = id;
}

static void make_block(void *arg, int64_t block) {
  const struct target *t = arg;
  int64_t end = (block + 1) * BLOCK < t->n ? (block + 1) * BLOCK : t->n;
  for (int64_t i = block * BLOCK; i < end; i++) make_row(t, i);
}

static void make(struct target *t) {
  const tgt *g = t->g;
  g->env.host->parallel(g->env.ctx, (t->n + BLOCK - 1) / BLOCK,
                        100.0 * (double)t->n * (double)(g->width + g->outputs), make_block, t);
}

static thw_rows rows_of(const struct target *t) {
  const tgt *g = t->g;
  return (thw_rows){.size = (uint32_t)sizeof(thw_rows),
                    .layout = THW_ROWS_DENSE,
                    .dtype = g->dtype,
                    .n = t->n,
                    .width = g->width,
                    .x = t->x,
                    .ld = g->width,
                    .y = t->y,
                    .id = t->id,
                    .targets = g->outputs};
}

static size_t padded(int64_t n, size_t size) {
  return ((size_t)n * size + 63) / 64 * 64;
}

/* Lays the parts out from `at` on; at NULL: only the bytes. */
static size_t place(struct target *t, char *at) {
  const tgt *g = t->g;
  size_t size = td_dtype_size(g->dtype), x = padded(t->n * g->width, size),
         y = padded(t->n * g->outputs, size);
  if (at) {
    t->x = at;
    t->y = at + x;
    t->id = (int64_t *)(void *)(at + x + y);
  }
  return x + y + padded(t->n, sizeof(int64_t));
}

static thw_status fill_set(tgt *g, uint32_t i, int64_t n) {
  struct target t = {.g = g, .set = g->set_of[i], .n = n};
  g->room[i] = td_array(g->env, (int64_t)place(&t, NULL), 1, "rows");
  if (!g->room[i]) return THW_E_NOMEM;
  place(&t, g->room[i]);
  make(&t);
  t.id = NULL; /* positions */
  g->rows[i] = rows_of(&t);
  return THW_OK;
}

/* ---- the source -------------------------------------------------------------------------------
 */

static int is_stream(const tgt *g, uint32_t set) {
  return set == 0 && g->p->n == 0;
}

static thw_status sets(void *self, uint32_t *n) {
  *n = ((tgt *)self)->n_sets;
  return THW_OK;
}

static thw_status info(void *self, uint32_t set, thw_source_info *out) {
  tgt *g = self;
  if (set >= g->n_sets) return td_fail(g->env, THW_E_ARG, "no set %u", set);
  out->layout = THW_ROWS_DENSE;
  out->label = THW_LABEL_REAL;
  out->n = is_stream(g, set) ? -1 : g->rows[set].n;
  out->width = g->width;
  out->set = td_set_name[g->set_of[set]];
  out->targets = g->outputs;
  return THW_OK;
}

static thw_status stream_take(tgt *g, int64_t n, const int64_t *index, int64_t first,
                              thw_batch **out) {
  struct target t = {.g = g, .set = TD_TRAIN, .index = index, .first = first, .n = n};
  if (n > INT64_MAX / 64 / (g->width + g->outputs)) return td_nomem(g->env, "a batch", (double)n);
  td_slot *s = td_pool_take(&g->pool, g->env, place(&t, NULL));
  if (!s) return THW_E_NOMEM;
  place(&t, s->buffer);
  make(&t);
  s->rows = rows_of(&t);
  s->batch.set = 0;
  s->batch.n = n;
  s->batch.rows = &s->rows;
  *out = &s->batch;
  return THW_OK;
}

static thw_status take(void *self, uint32_t set, int64_t n, const int64_t *index, int64_t first,
                       thw_batch **out) {
  tgt *g = self;
  if (set >= g->n_sets || n < 0 || (!index && first < 0))
    return td_fail(g->env, THW_E_ARG, "no such rows");
  if (is_stream(g, set)) return stream_take(g, n, index, first, out);
  if (!index && (first > g->rows[set].n || n > g->rows[set].n - first))
    return td_fail(g->env, THW_E_ARG, "no such rows");
  td_slot *s = td_pool_take(&g->pool, g->env, 0);
  if (!s) return THW_E_NOMEM;
  s->batch.set = set;
  s->batch.n = n;
  s->batch.index = index;
  s->batch.first = index ? 0 : first;
  s->batch.rows = &g->rows[set];
  *out = &s->batch;
  return THW_OK;
}

static void release(void *self, thw_batch *b) {
  td_pool_release(&((tgt *)self)->pool, b);
}

const thw_source_ops tgt_ops = {
    .size = (uint32_t)sizeof(thw_source_ops),
    .sets = sets,
    .info = info,
    .take = take,
    .release = release,
};

/* ---- instances ----------------------------------------------------------------------------------
 */

static thw_status open_streams(tgt *g) {
  static const char *const rows[TD_SETS] = {"train", "test", "valid"};
  static const char *const noise[TD_SETS] = {"train noise", "test noise", "valid noise"};
  for (int i = 0; i < TD_SETS; i++) {
    THW_TRY(tgt_stream(g, rows[i], &g->stream[i]));
    THW_TRY(tgt_stream(g, noise[i], &g->noise[i]));
  }
  return THW_OK;
}

static thw_status open_sets(tgt *g) {
  int64_t n[TD_SETS] = {g->p->n, g->p->test, g->p->valid};
  for (uint32_t i = 0; i < TD_SETS; i++) {
    if (i > 0 && n[i] == 0) continue;
    g->set_of[g->n_sets] = i;
    if (n[i] > 0) THW_TRY(fill_set(g, g->n_sets, n[i]));
    g->n_sets++;
  }
  return THW_OK;
}

thw_status tgt_create(const tgt_law *law, td_env e, const void *params, void **self) {
  tgt *g = calloc(1, sizeof *g);
  if (!g) return td_nomem(e, "a source", sizeof *g);
  g->env = e;
  g->law = law;
  g->p = params;
  g->dtype = e.host->dtype(e.ctx);
  thw_status s = open_streams(g);
  if (s == THW_OK) s = law->prepare(g);
  if (s == THW_OK) s = open_sets(g);
  if (s == THW_OK)
    *self = g;
  else
    tgt_destroy(g);
  return s;
}

void tgt_destroy(void *self) {
  tgt *g = self;
  for (int i = 0; i < TD_SETS; i++) td_array_free(g->room[i]);
  td_pool_free(&g->pool);
  td_array_free(g->own);
  free(g);
}
