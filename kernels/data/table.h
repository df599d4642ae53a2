/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/data/table.h - rows in memory: named sets, what is done to them between reading and the
 * first step, and the operations of a source over them.
 *
 * A reader fills in `set` (x or start, col and x; y and labels), width and, where it has them,
 * dims and feature names; td_table_finish does the rest. */
#ifndef THALWEG_KERNELS_DATA_TABLE_H
#define THALWEG_KERNELS_DATA_TABLE_H

#include <thalweg/source.h>

#include "kernels/data/common.h"
#include "kernels/data/dict.h"
#include "kernels/data/env.h"
#include "kernels/data/pool.h"

#define TD_TRAIN 0
#define TD_TEST 1
#define TD_VALID 2
#define TD_SETS 3

/* Arrays are td_array's and belong to the set. */
typedef struct td_set {
  const char *name; /* "train", "test", "valid"; static                                     */
  const char *path; /* the file with the labels, for messages; NULL: made, not read         */
  uint32_t layout;
  int64_t n, width; /* width: of this set alone                                             */
  void *x;          /* in the run's element type; CSR: NULL when every value is 1           */
  int64_t *start;
  int32_t *col;
  double *y;      /* labels as numbers, or numbers of words in `labels`; NULL: no labels    */
  td_dict labels; /* of the whole file, whatever rows are kept                              */
  int32_t *class_of_row;
  void *target; /* y in the run's element type                                              */
  thw_rows rows;
} td_set;

typedef struct td_table {
  td_env env;
  uint32_t dtype;
  uint32_t n_sets;
  td_set set[TD_SETS]; /* train first; without gaps once finished                           */
  int64_t width;
  uint32_t n_dims;
  int64_t dims[4];
  char **feature_name; /* `width` strings, each malloc'ed, or NULL                          */
  uint32_t label;
  int64_t classes;
  const char **class_name; /* into the training set's dictionary                            */
  td_pool pool;
} td_table;

/* Names of sets 0, 1, 2. */
extern const char *const td_set_name[TD_SETS];

td_table *td_table_new(td_env e);
void td_table_free(td_table *t);

/* Rows and sets are chosen, labels become classes, features are standardised, in this order. Sets
 * that were not read (n = 0 and no path) are dropped. */
thw_status td_table_finish(td_table *t, const td_common *p);

/* The functions of a source whose instance is a td_table. */
extern const thw_source_ops td_table_ops;
void td_table_destroy(void *self);

/* ---- parts, for each other and for readers --------------------------------------------------- */

void td_set_free(td_set *s);
/* The set in messages: its file, or its name. */
static inline const char *td_where(const td_set *s) {
  return s->path ? s->path : s->name;
}
/* Prepares the dictionary for a labels mode before labels are noted. */
void td_labels_begin(td_dict *d, int32_t mode);
/* The set's rows pick[0..n-1], in that order, into a new set. */
thw_status td_set_gather(const td_table *t, const td_set *from, const int64_t *pick, int64_t n,
                         td_set *to);
/* A CSR set becomes a dense one of the table's width. */
thw_status td_set_densify(const td_table *t, td_set *s);
thw_status td_choose(td_table *t, const td_common *p);
thw_status td_labels(td_table *t, int32_t mode);
thw_status td_standardise(td_table *t, int32_t kind);

static inline double td_get(const void *x, uint32_t dtype, int64_t i) {
  return dtype == THW_F32 ? (double)((const float *)x)[i] : ((const double *)x)[i];
}

static inline void td_put(void *x, uint32_t dtype, int64_t i, double v) {
  if (dtype == THW_F32)
    ((float *)x)[i] = (float)v;
  else
    ((double *)x)[i] = v;
}

#endif
