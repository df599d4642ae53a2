/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/data/dict.h - the distinct labels of a set, in the order in which they are first seen. */
#ifndef THALWEG_KERNELS_DATA_DICT_H
#define THALWEG_KERNELS_DATA_DICT_H

#include <stdint.h>

/* A set with more distinct labels than this is no classification problem. */
#define TD_CLASS_MOST 65536

typedef struct td_entry {
  double value; /* of a numeric label */
  char *text;   /* as the data write it, NUL at the end; owned */
  int64_t len;  /* of the text, which may hold any byte */
  int64_t line; /* of its first appearance; 0: no lines in this format */
} td_entry;

/* Keyed by number, or by text when `words`. Zero-initialise. */
typedef struct td_dict {
  td_entry *v;
  int64_t n, cap;
  int64_t *bucket; /* open addressing, entry + 1 */
  int64_t buckets; /* a power of two */
  int64_t last;    /* entry of the last look-up: rows come in runs */
  int64_t most;    /* numbers beyond that many are not kept; 0: TD_CLASS_MOST */
  int integers;    /* the first number that is not an integer ends the keeping */
  int words;
  int full; /* something was not kept */
} td_dict;

/* The entry of a label, made if it is new: 0 .. n-1; -1 when the dictionary is full, -2 when memory
 * is out. `text` need not end in NUL. A dictionary of words has no limit. */
int64_t td_dict_number(td_dict *d, double value, const char *text, int64_t len, int64_t line);
int64_t td_dict_word(td_dict *d, const char *text, int64_t len, int64_t line);

/* Adds the entries of `from` that `to` lacks, in order. 0, or -2 when memory is out. */
int td_dict_merge(td_dict *to, const td_dict *from);

void td_dict_free(td_dict *d);

#endif
