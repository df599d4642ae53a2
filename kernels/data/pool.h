/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/data/pool.h - batches that are used again: after the first few takes, taking and
 * releasing a batch allocates nothing. */
#ifndef THALWEG_KERNELS_DATA_POOL_H
#define THALWEG_KERNELS_DATA_POOL_H

#include <thalweg/source.h>

#include "kernels/data/env.h"

/* A batch with rows of its own, for sources that make rows on demand. */
typedef struct td_slot {
  thw_batch batch;
  thw_rows rows;
  struct td_slot *next;  /* of those that are free                                          */
  struct td_slot *older; /* of all                                                          */
  void *buffer;          /* of td_array */
  size_t room;           /* bytes in it */
} td_slot;

/* Zero-initialise. Not shared between threads. */
typedef struct td_pool {
  td_slot *free, *all;
} td_pool;

/* An empty batch whose priv is the slot, with at least `bytes` in the slot's buffer. NULL with a
 * text when memory is out. */
td_slot *td_pool_take(td_pool *p, td_env e, size_t bytes);
void td_pool_release(td_pool *p, thw_batch *b);
/* Batches that are still out go as well. */
void td_pool_free(td_pool *p);

#endif
