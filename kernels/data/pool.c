/* SPDX-License-Identifier: BSD-3-Clause */
#include <config.h>

#include "kernels/data/pool.h"

#include <stdlib.h>

static td_slot *add(td_pool *p, td_env e) {
  td_slot *s = calloc(1, sizeof *s);
  if (!s) {
    td_nomem(e, "a batch", sizeof *s);
    return NULL;
  }
  s->older = p->all;
  p->all = s;
  return s;
}

td_slot *td_pool_take(td_pool *p, td_env e, size_t bytes) {
  td_slot *s = p->free;
  if (s)
    p->free = s->next;
  else if (!(s = add(p, e)))
    return NULL;
  s->batch = (thw_batch){.size = (uint32_t)sizeof(thw_batch), .priv = s};
  if (bytes > s->room) {
    void *wider = td_array(e, (int64_t)bytes, 1, "a batch");
    if (!wider) {
      td_pool_release(p, &s->batch);
      return NULL;
    }
    td_array_free(s->buffer);
    s->buffer = wider;
    s->room = bytes;
  }
  return s;
}

void td_pool_release(td_pool *p, thw_batch *b) {
  td_slot *s = b->priv;
  s->next = p->free;
  p->free = s;
}

void td_pool_free(td_pool *p) {
  for (td_slot *s = p->all, *older; s; s = older) {
    older = s->older;
    td_array_free(s->buffer);
    free(s);
  }
  *p = (td_pool){0};
}
