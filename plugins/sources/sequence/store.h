/* SPDX-License-Identifier: BSD-3-Clause */
/* Finite sets of sequences as a source: each set is one thw_rows over arrays that are made once. */
#ifndef THALWEG_SOURCES_SEQUENCE_STORE_H
#define THALWEG_SOURCES_SEQUENCE_STORE_H

#include <thalweg/source.h>

#include "kernels/data/env.h"
#include "kernels/data/pool.h"

#define SEQ_SETS 3

/* The members of `rows` that point into memory are td_array's of the set, but for y, label and
 * token, x, which may be shared with another set where `shares` says so. */
typedef struct seq_set {
  const char *name; /* "train", "test", "valid"; static */
  thw_rows rows;
  void *owned[8]; /* td_array's that go with the set */
  int n_owned;
} seq_set;

typedef struct seq_store {
  td_env env;
  uint32_t n_sets;
  seq_set set[SEQ_SETS];
  thw_source_info info; /* what the sets have in common */
  td_pool pool;
} seq_store;

/* An array of n elements that is freed with the set; NULL with a text. */
void *seq_array(seq_store *s, seq_set *set, int64_t n, size_t size, const char *what);
void seq_store_free(seq_store *s);

/* The functions of a source over a store. */
thw_status seq_store_info(seq_store *s, uint32_t set, thw_source_info *out);
thw_status seq_store_take(seq_store *s, uint32_t set, int64_t n, const int64_t *index,
                          int64_t first, thw_batch **out);
thw_status seq_store_bad_set(seq_store *s, uint32_t set);

/* A source whose instance begins with a seq_store. */
extern const thw_source_ops seq_store_ops;

#endif
