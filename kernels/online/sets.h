/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/online/sets.h - families of sets over elements, from files:
 * OR-Library (J. E. Beasley, 1990), by rows: "m n", the costs of n sets, then for each of m
 * elements how many sets hold it and which; by columns ("rail"): "m n", then for each set its cost,
 * how many elements it has, and which. Lists with names: "NAME [COST]: ELEMENT ELEMENT ..." a line,
 * "#" beginning a comment. */
#ifndef THALWEG_KERNELS_ONLINE_SETS_H
#define THALWEG_KERNELS_ONLINE_SETS_H

#include "kernels/online/env.h"

#define ON_SETS_ROWS 0
#define ON_SETS_COLUMNS 1
#define ON_SETS_LIST 2

typedef struct on_sets {
  on_env e;
  int64_t sets, elements;
  double *cost;       /* 1 where the file has none */
  const char **name;  /* of sets */
  const char **thing; /* of elements */
  /* Elements of set j: member[from[j]] .. member[from[j + 1] - 1], ascending; sets that hold
   * element i: holder[in[i]] .. holder[in[i + 1] - 1], ascending. */
  int64_t *from, *in;
  int32_t *member, *holder;
  int64_t largest, frequency; /* most elements of a set, most sets of an element */
  char *text;
  int64_t used, room;
} on_sets;

/* Every element is in a set. */
thw_status on_sets_read(on_sets *s, on_env e, const char *path, int format);
void on_sets_free(on_sets *s);

#endif
