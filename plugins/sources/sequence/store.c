/* SPDX-License-Identifier: BSD-3-Clause */
#include <config.h>

#include "plugins/sources/sequence/store.h"

void *seq_array(seq_store *s, seq_set *set, int64_t n, size_t size, const char *what) {
  void *p = td_array(s->env, n, size, what);
  if (p) set->owned[set->n_owned++] = p;
  return p;
}

void seq_store_free(seq_store *s) {
  td_pool_free(&s->pool);
  for (uint32_t i = 0; i < SEQ_SETS; i++)
    for (int k = 0; k < s->set[i].n_owned; k++) td_array_free(s->set[i].owned[k]);
}

thw_status seq_store_bad_set(seq_store *s, uint32_t set) {
  return td_fail(s->env, THW_E_ARG, "set %u of %u", set, s->n_sets);
}

thw_status seq_store_info(seq_store *s, uint32_t set, thw_source_info *out) {
  if (set >= s->n_sets) return seq_store_bad_set(s, set);
  uint32_t size = out->size;
  *out = s->info;
  out->size = size;
  out->n = s->set[set].rows.n;
  out->set = s->set[set].name;
  out->steps = s->set[set].rows.steps;
  out->chain = s->set[set].rows.chain;
  return THW_OK;
}

thw_status seq_store_take(seq_store *s, uint32_t set, int64_t n, const int64_t *index,
                          int64_t first, thw_batch **out) {
  if (set >= s->n_sets) return seq_store_bad_set(s, set);
  const thw_rows *r = &s->set[set].rows;
  if (n < 0 || (!index && (first < 0 || first > r->n || n > r->n - first)))
    return td_fail(s->env, THW_E_ARG, "no such rows in set %s", s->set[set].name);
  td_slot *slot = td_pool_take(&s->pool, s->env, 0);
  if (!slot) return THW_E_NOMEM;
  thw_batch *b = &slot->batch;
  b->set = set;
  b->n = n;
  b->index = index;
  b->first = index ? 0 : first;
  b->rows = r;
  *out = b;
  return THW_OK;
}

static thw_status sets(void *self, uint32_t *n) {
  *n = ((seq_store *)self)->n_sets;
  return THW_OK;
}

static thw_status info(void *self, uint32_t set, thw_source_info *out) {
  return seq_store_info(self, set, out);
}

static thw_status take(void *self, uint32_t set, int64_t n, const int64_t *index, int64_t first,
                       thw_batch **out) {
  return seq_store_take(self, set, n, index, first, out);
}

static void release(void *self, thw_batch *b) {
  td_pool_release(&((seq_store *)self)->pool, b);
}

const thw_source_ops seq_store_ops = {
    .size = (uint32_t)sizeof(thw_source_ops),
    .sets = sets,
    .info = info,
    .take = take,
    .release = release,
};
