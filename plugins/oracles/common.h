/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/oracles/common.h - an oracle over a source and a model: batches that are used again, and
 * the model's functions on mapped vectors. */
#ifndef THW_ORACLE_COMMON_H
#define THW_ORACLE_COMMON_H

#include <thalweg/thalweg.h>

/* A batch that was handed out, and the row numbers it was taken with. */
typedef struct pooled {
  thw_batch pub; /* what the caller and the model see; priv is this */
  struct pooled *next;
  thw_batch *taken; /* the source's */
  int64_t *index;
  int64_t room;
} pooled;

typedef struct summing {
  const thw_host *host;
  thw_ctx *ctx;
  thw_object source, model;
  thw_source_info info;
  thw_space *space;
  const thw_pass_source *passes; /* of the source, or NULL */
  int64_t pass;                  /* of the batches taken from now on, as in thw_batch */
  thw_batch *all;                /* every row of set 0; NULL for a stream */
  pooled *idle;
  thw_vec *tmp; /* for a model without diff */
} summing;

/* From the slots: source, then model. */
thw_status summing_open(summing *o, const thw_host *h, thw_ctx *c, const thw_wired *slots);
void summing_close(summing *o);

/* An idle batch with room for n row numbers; back with summing_release. */
thw_status summing_idle(summing *o, int64_t n, pooled **out);
/* Takes its rows from the source: those in p->index, or n from `first` on when by_index is 0. */
thw_status summing_take(summing *o, pooled *p, int64_t n, int by_index, int64_t first,
                        thw_batch **out);

/* Entries of the table that every such oracle has; `self` is a summing. */
thw_status summing_space(void *self, thw_space **out);
thw_status summing_start(void *self, thw_vec *x, thw_rng *r);
void summing_release(void *self, thw_batch *b);
thw_status summing_eval(void *self, const thw_vec *x, const thw_batch *b, double *f, thw_vec *g);
thw_status summing_diff(void *self, const thw_vec *x, const thw_vec *y, const thw_batch *b,
                        thw_vec *d);
thw_status summing_hvp(void *self, const thw_vec *x, const thw_vec *v, const thw_batch *b,
                       thw_vec *hv);

/* Raw memory of a vector that is only read. */
static inline thw_status view_of(const thw_vec *v, uint32_t mode, thw_view *out) {
  return v->ops->map((thw_vec *)(uintptr_t)v, mode, out);
}
static inline void view_end(const thw_vec *v, uint32_t mode) {
  v->ops->unmap((thw_vec *)(uintptr_t)v, mode);
}

extern const thw_slot summing_slots[2];

#endif
