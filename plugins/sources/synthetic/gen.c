/* SPDX-License-Identifier: BSD-3-Clause */
/* What all generators share: finite sets as tables, streams as batches made on demand. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "plugins/sources/synthetic/synthetic.h"

#define BLOCK 64 /* rows that one thread makes at a time */

const char *const gen_sign_name[2] = {"-1", "+1"};
const double gen_sign_y[2] = {-1, 1};

double *gen_normal_vector(gen *g, const char *purpose, int64_t n) {
  thw_rng r;
  if (g->env.host->rng(g->env.ctx, purpose, &r) != THW_OK) return NULL;
  double *v = td_array(g->env, n, sizeof *v, purpose);
  for (int64_t j = 0; v && j < n; j++) {
    uint32_t w[4];
    double z[2];
    thw_rng_block(&r, (uint64_t)j, w);
    thw_normal_pair(w, z);
    v[j] = z[0];
  }
  return v;
}

/* ---- rows into arrays -------------------------------------------------------------------------
 */

/* Where a run of rows goes; NULL for what is not wanted. */
struct target {
  const gen *g;
  uint32_t set;
  const int64_t *index; /* numbers of the rows, or first, first + 1, ... */
  int64_t first, n;
  void *x;
  int64_t *start;
  int32_t *col;
  void *y;
  uint32_t y_dtype;
  int32_t *class_of_row;
  int64_t *id;
};

static void make_block(void *arg, int64_t block) {
  const struct target *t = arg;
  const gen *g = t->g;
  size_t size = td_dtype_size(g->dtype);
  int64_t per_row = g->law->layout == THW_ROWS_CSR ? g->nnz : g->d;
  int64_t end = (block + 1) * BLOCK < t->n ? (block + 1) * BLOCK : t->n;
  for (int64_t i = block * BLOCK; i < end; i++) {
    int64_t id = t->index ? t->index[i] : t->first + i;
    thw_rng r = g->set_stream[t->set];
    r.block = (uint64_t)id << GEN_ROW_BLOCKS_LOG2;
    r.left = 0;
    gen_row o = {.x = t->x ? (char *)t->x + (size_t)(i * per_row) * size : NULL,
                 .col = t->col ? t->col + i * per_row : NULL,
                 .class_of_row = -1};
    g->law->row(g, &r, &o);
    td_put(t->y, t->y_dtype, i, g->classes ? g->class_y[o.class_of_row] : o.y);
    if (t->start) t->start[i] = i * per_row;
    if (t->class_of_row) t->class_of_row[i] = o.class_of_row;
    if (t->id) t->id[i] = id;
  }
}

static void make(struct target *t) {
  const gen *g = t->g;
  int64_t per_row = g->law->layout == THW_ROWS_CSR ? g->nnz : g->d;
  if (t->start) t->start[t->n] = t->n * per_row;
  g->env.host->parallel(g->env.ctx, (t->n + BLOCK - 1) / BLOCK,
                        30.0 * (double)t->n * (double)per_row, make_block, t);
}

/* ---- finite sets ------------------------------------------------------------------------------
 */

static thw_status fill_set(gen *g, uint32_t set, int64_t n) {
  td_set *s = &g->table->set[set];
  int sparse = g->law->layout == THW_ROWS_CSR;
  int64_t per_row = sparse ? g->nnz : g->d;
  if (n > INT64_MAX / 64 / per_row) return td_nomem(g->env, "rows", (double)n * (double)per_row);
  s->layout = g->law->layout;
  s->n = n;
  s->width = g->d;
  if (!g->ones && !(s->x = td_array(g->env, n * per_row, td_dtype_size(g->dtype), "rows")))
    return THW_E_NOMEM;
  if (sparse && (!(s->start = td_array(g->env, n + 1, sizeof *s->start, "rows")) ||
                 !(s->col = td_array(g->env, n * per_row, sizeof *s->col, "rows"))))
    return THW_E_NOMEM;
  if (!(s->y = td_array(g->env, n, sizeof *s->y, "labels"))) return THW_E_NOMEM;
  /* Every class gets its place whether or not a row of it turns up. */
  if (!g->classes) s->labels.full = 1;
  for (int64_t k = 0; k < g->classes; k++)
    if (td_dict_number(&s->labels, g->class_y[k], g->class_name[k],
                       (int64_t)strlen(g->class_name[k]), 0) < 0)
      return td_nomem(g->env, "classes", (double)g->classes * 32);
  struct target t = {.g = g,
                     .set = set,
                     .n = n,
                     .x = s->x,
                     .start = s->start,
                     .col = s->col,
                     .y = s->y,
                     .y_dtype = THW_F64};
  make(&t);
  return THW_OK;
}

static thw_status make_table(gen *g) {
  if (!(g->table = td_table_new(g->env))) return THW_E_NOMEM;
  g->table->width = g->d;
  THW_TRY(fill_set(g, TD_TRAIN, g->p->n));
  if (g->p->test > 0) THW_TRY(fill_set(g, TD_TEST, g->p->test));
  return td_table_finish(g->table, &g->p->common);
}

/* ---- streams ------------------------------------------------------------------------------------
 */

static size_t padded(int64_t n, size_t size) {
  return ((size_t)n * size + 63) / 64 * 64;
}

static thw_status stream_take(gen *g, uint32_t set, int64_t n, const int64_t *index, int64_t first,
                              thw_batch **out) {
  int sparse = g->law->layout == THW_ROWS_CSR;
  int64_t per_row = sparse ? g->nnz : g->d;
  if (n > INT64_MAX / 64 / per_row) return td_nomem(g->env, "a batch", (double)n);
  size_t size = td_dtype_size(g->dtype);
  size_t x = g->ones ? 0 : padded(n * per_row, size), col = sparse ? padded(n * per_row, 4) : 0,
         start = sparse ? padded(n + 1, 8) : 0, y = padded(n, size), label = padded(n, 4),
         id = padded(n, 8);
  td_slot *s = td_pool_take(&g->pool, g->env, x + col + start + y + label + id);
  if (!s) return THW_E_NOMEM;
  char *at = s->buffer;
  int real = g->classes == 0 || g->p->common.labels == TD_LABELS_REAL;
  struct target t = {.g = g, .set = set, .index = index, .first = first, .n = n};
  t.x = x ? at : NULL;
  t.col = col ? (int32_t *)(void *)(at + x) : NULL;
  t.start = start ? (int64_t *)(void *)(at + x + col) : NULL;
  t.y = at + x + col + start;
  t.y_dtype = g->dtype;
  t.class_of_row = real ? NULL : (int32_t *)(void *)(at + x + col + start + y);
  t.id = (int64_t *)(void *)(at + x + col + start + y + label);
  make(&t);
  s->rows = (thw_rows){.size = (uint32_t)sizeof(thw_rows),
                       .layout = g->law->layout,
                       .dtype = g->dtype,
                       .n = n,
                       .width = g->d,
                       .x = t.x,
                       .ld = sparse ? 0 : g->d,
                       .start = t.start,
                       .col = t.col,
                       .y = t.y,
                       .label = t.class_of_row,
                       .id = t.id};
  s->batch.set = set;
  s->batch.n = n;
  s->batch.rows = &s->rows;
  *out = &s->batch;
  return THW_OK;
}

static thw_status sets(void *self, uint32_t *n) {
  gen *g = self;
  if (g->table) return td_table_ops.sets(g->table, n);
  *n = g->p->test > 0 ? 2 : 1;
  return THW_OK;
}

static thw_status info(void *self, uint32_t set, thw_source_info *out) {
  gen *g = self;
  if (g->table) return td_table_ops.info(g->table, set, out);
  if (set > (g->p->test > 0 ? 1u : 0u)) return td_fail(g->env, THW_E_ARG, "no set %u", set);
  int real = g->classes == 0 || g->p->common.labels == TD_LABELS_REAL;
  out->layout = g->law->layout;
  out->label = real ? THW_LABEL_REAL : THW_LABEL_CLASS;
  out->n = set ? g->p->test : -1;
  out->width = g->d;
  out->set = td_set_name[set];
  out->classes = real ? 0 : g->classes;
  out->class_name = real ? NULL : g->class_name;
  return THW_OK;
}

static thw_status take(void *self, uint32_t set, int64_t n, const int64_t *index, int64_t first,
                       thw_batch **out) {
  gen *g = self;
  if (g->table) return td_table_ops.take(g->table, set, n, index, first, out);
  if (set > (g->p->test > 0 ? 1u : 0u) || n < 0 || (!index && first < 0))
    return td_fail(g->env, THW_E_ARG, "no such rows");
  return stream_take(g, set, n, index, first, out);
}

static void release(void *self, thw_batch *b) {
  gen *g = self;
  td_pool_release(g->table ? &g->table->pool : &g->pool, b);
}

const thw_source_ops gen_ops = {
    .size = (uint32_t)sizeof(thw_source_ops),
    .sets = sets,
    .info = info,
    .take = take,
    .release = release,
};

/* ---- instances ----------------------------------------------------------------------------------
 */

thw_status gen_check(const thw_host *h, thw_ctx *c, const void *params) {
  const struct gen_params *p = params;
  if (p->n > 0) return THW_OK;
  if (p->common.rows || p->common.subsample < 1 || p->common.split > 0 || p->common.split_valid > 0)
    return h->fail(c, THW_E_ARG,
                   "n = 0 is a stream without end: rows, subsample, split and split_valid need a "
                   "finite n (test = 1000 makes a test set)");
  if (p->common.standardise)
    return h->fail(c, THW_E_ARG, "n = 0 is a stream without end: standardise needs a finite n");
  return THW_OK;
}

/* What cannot be held is refused before anything is made. */
static thw_status check_size(gen *g) {
  if (g->law->layout != THW_ROWS_DENSE || g->p->n == 0) return THW_OK;
  int64_t n = g->p->n > g->p->test ? g->p->n : g->p->test;
  void *trial = n > INT64_MAX / 64 / g->d
                    ? NULL
                    : td_array(g->env, n * g->d, td_dtype_size(g->dtype), "rows");
  if (!trial) return td_nomem(g->env, "rows", (double)n * (double)g->d * 8);
  td_array_free(trial);
  return THW_OK;
}

thw_status gen_create(const gen_law *law, td_env e, const void *params, void **self) {
  gen *g = calloc(1, sizeof *g);
  if (!g) return td_nomem(e, "a source", sizeof *g);
  g->env = e;
  g->law = law;
  g->p = params;
  g->dtype = e.host->dtype(e.ctx);
  g->d = g->p->d;
  thw_status s = e.host->rng(e.ctx, "train", &g->set_stream[0]);
  if (s == THW_OK) s = e.host->rng(e.ctx, "test", &g->set_stream[1]);
  if (s == THW_OK) s = check_size(g);
  if (s == THW_OK) s = law->prepare(g);
  if (s == THW_OK && g->p->n > 0) s = make_table(g);
  if (s == THW_OK)
    *self = g;
  else
    gen_destroy(g);
  return s;
}

void gen_destroy(void *self) {
  gen *g = self;
  td_table_free(g->table);
  td_pool_free(&g->pool);
  td_array_free(g->shared);
  td_array_free(g->shared2);
  free(g);
}
