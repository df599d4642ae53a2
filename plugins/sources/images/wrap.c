/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/sources/images/wrap.c - a source of images around another. Batches whose rows are not
 * changed are the other's own; the rest are copies, in a buffer that is used again. */
#include <config.h>

#include <string.h>

#include "plugins/sources/images/images.h"

const thw_slot im_wrap_slots[1] = {
    {"source", THW_SOURCE, 1, NULL, "The images: a group inside this one."}};

static const thw_source_ops *inner_ops(const im_wrap *s) {
  return s->inner.ops;
}

thw_status im_wrap_open(im_wrap *s, td_env env, const thw_wired *slots, const char *who) {
  s->env = env;
  s->inner = slots->object[0];
  s->dtype = env.host->dtype(env.ctx);
  s->info.size = sizeof s->info;
  THW_TRY(inner_ops(s)->info(s->inner.self, 0, &s->info));
  const thw_source_info *i = &s->info;
  if (i->layout != THW_ROWS_DENSE || (i->n_dims != 2 && i->n_dims != 3))
    return td_fail(env, THW_E_ARG,
                   "%s works on images: rows with a shape, channels x height x width or height x "
                   "width, as those of cifar, idx and npy",
                   who);
  s->planes = i->n_dims == 3 ? i->dims[0] : 1;
  s->h = i->dims[i->n_dims - 2];
  s->w = i->dims[i->n_dims - 1];
  return THW_OK;
}

void im_wrap_close(void *self) {
  td_pool_free(&((im_wrap *)self)->pool);
}

static thw_status sets(void *self, uint32_t *n) {
  im_wrap *s = self;
  THW_TRY(inner_ops(s)->sets(s->inner.self, n));
  return THW_OK;
}

static thw_status info(void *self, uint32_t set, thw_source_info *out) {
  im_wrap *s = self;
  return inner_ops(s)->info(s->inner.self, set, out);
}

/* ---- batches: the other's batch, then numbers, labels, targets and pixels of the copies --------
 */

typedef struct parts {
  thw_batch **inner;
  int64_t *id;
  int32_t *label;
  char *y, *x;
  size_t bytes;
} parts;

static parts lay_out(const im_wrap *s, char *p, int64_t n) {
  size_t real = td_dtype_size(s->dtype), many = (size_t)n;
  size_t at[5] = {0, 64, 64 + 8 * many, 64 + 12 * many, 0};
  at[3] = (at[3] + 63) / 64 * 64;
  at[4] = (at[3] + real * many + 63) / 64 * 64;
  parts out = {.bytes = at[4] + many * (size_t)s->info.width * real};
  if (!p) return out;
  out.inner = (thw_batch **)(void *)p;
  out.id = (int64_t *)(void *)(p + at[1]);
  out.label = (int32_t *)(void *)(p + at[2]);
  out.y = p + at[3];
  out.x = p + at[4];
  return out;
}

static void copy_rows(const im_wrap *s, const thw_batch *b, uint32_t set, int64_t pass, parts *p) {
  const thw_rows *r = b->rows;
  size_t real = td_dtype_size(s->dtype), line = (size_t)s->info.width * real;
  for (int64_t k = 0; k < b->n; k++) {
    int64_t row = thw_batch_row(b, k), id = r->id ? r->id[row] : row;
    p->id[k] = id;
    p->label[k] = r->label ? r->label[row] : 0;
    if (r->y) memcpy(p->y + (size_t)k * real, (const char *)r->y + (size_t)row * real, real);
    s->change(s, set, pass, id, p->label[k], (const char *)r->x + (size_t)(row * r->ld) * real,
              p->x + (size_t)k * line);
  }
}

static thw_status take_pass(void *self, uint32_t set, int64_t pass, int64_t n, const int64_t *index,
                            int64_t first, thw_batch **out) {
  im_wrap *s = self;
  thw_batch *b = NULL;
  const thw_pass_source *passes = thw_ext(&s->inner, THW_EXT_PASS_SOURCE);
  if (passes && pass > 0)
    THW_TRY(passes->take(s->inner.self, set, pass, n, index, first, &b));
  else
    THW_TRY(inner_ops(s)->take(s->inner.self, set, n, index, first, &b));
  int same = pass == 0 && !s->always;
  parts p = lay_out(s, NULL, b->n);
  td_slot *slot = td_pool_take(&s->pool, s->env, same ? sizeof b : p.bytes);
  if (!slot) {
    inner_ops(s)->release(s->inner.self, b);
    return THW_E_NOMEM;
  }
  p = lay_out(s, slot->buffer, b->n);
  *p.inner = b;
  slot->batch = *b;
  slot->batch.size = sizeof slot->batch;
  slot->batch.priv = slot;
  *out = &slot->batch;
  if (same) return THW_OK;
  copy_rows(s, b, set, pass, &p);
  slot->rows = *b->rows;
  slot->rows.n = b->n;
  slot->rows.ld = s->info.width;
  slot->rows.x = p.x;
  slot->rows.id = p.id;
  if (b->rows->y) slot->rows.y = p.y;
  if (b->rows->label) slot->rows.label = p.label;
  slot->batch.rows = &slot->rows;
  slot->batch.index = NULL;
  slot->batch.first = 0;
  return THW_OK;
}

static thw_status take(void *self, uint32_t set, int64_t n, const int64_t *index, int64_t first,
                       thw_batch **out) {
  return take_pass(self, set, 0, n, index, first, out);
}

static void release(void *self, thw_batch *b) {
  im_wrap *s = self;
  td_slot *slot = b->priv;
  inner_ops(s)->release(s->inner.self, *(thw_batch **)slot->buffer);
  td_pool_release(&s->pool, b);
}

const thw_source_ops im_wrap_ops = {
    .size = sizeof(thw_source_ops), .sets = sets, .info = info, .take = take, .release = release};
const thw_pass_source im_wrap_passes = {.size = sizeof(thw_pass_source), .take = take_pass};

const void *im_wrap_ext(void *self, const char *id) {
  (void)self;
  return strcmp(id, THW_EXT_PASS_SOURCE) == 0 ? &im_wrap_passes : NULL;
}
