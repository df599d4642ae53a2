/* SPDX-License-Identifier: BSD-3-Clause */
/* The components of the plugin `synthetic`: rows made from random numbers.
 *
 * Row i of a set is a function of (run.seed, path of the source, set, i) and nothing else. A finite
 * set is made once and kept as a table; a stream makes the rows of each batch when it is taken, so
 * any batch can be made again. */
#ifndef THALWEG_SOURCES_SYNTHETIC_H
#define THALWEG_SOURCES_SYNTHETIC_H

#include <thalweg/thalweg.h>

#include "kernels/data/table.h"

/* Each row has that many blocks of its stream to itself. */
#define GEN_ROW_BLOCKS_LOG2 24

/* First members of the parameters of every generator. */
#define GEN_FIELDS                                                                                 \
  TD_COMMON                                                                                        \
  int64_t n, test, d;

struct gen_params {
  GEN_FIELDS
};

#define GEN_PARAMS(T, n_, d_)                                                                      \
  THW_PARAM_INT(T, n, n_, 0, THW_NO_BOUND, "rows", "Training rows; 0: a stream without end."),     \
      THW_PARAM_INT(T, test, 0, 0, THW_NO_BOUND, "rows",                                           \
                    "Rows of a second set, \"test\", of the same law; 0: no such set."),           \
      THW_PARAM_INT(T, d, d_, 1, 1 << 24, NULL, "Number of features.")

#define GEN_DOC                                                                                    \
  "Row i depends on run.seed and i only. With n = 0 the rows are a stream without end, made when " \
  "a batch is taken; rows, subsample, split and standardise are for finite sets.\n\n"

typedef struct gen gen;

/* One row: o->x is d values (dense) or nnz values (CSR; NULL: all ones), o->col nnz columns in
 * ascending order. */
typedef struct gen_row {
  void *x;
  int32_t *col;
  double y;
  int32_t class_of_row;
} gen_row;

/* What makes one generator different from another. */
typedef struct gen_law {
  uint32_t layout;
  /* Sets g->nnz, ones, classes and names, and makes what all rows share. */
  thw_status (*prepare)(gen *g);
  /* [any] `r` is at the beginning of the row's own blocks. */
  void (*row)(const gen *g, thw_rng *r, gen_row *o);
} gen_law;

struct gen {
  td_env env;
  const gen_law *law;
  const struct gen_params *p;
  uint32_t dtype;
  int64_t d, nnz;
  int ones;
  int64_t classes; /* 0: y is a real number */
  const char *const *class_name;
  const double *class_y;
  double *shared, *shared2; /* td_array's, of the law */
  thw_rng set_stream[2];
  td_table *table; /* finite */
  td_pool pool;    /* stream */
};

thw_status gen_create(const gen_law *law, td_env e, const void *params, void **self);
thw_status gen_check(const thw_host *h, thw_ctx *c, const void *params);
void gen_destroy(void *self);
extern const thw_source_ops gen_ops;

/* -1 and +1, for two-class laws. */
extern const char *const gen_sign_name[2];
extern const double gen_sign_y[2];

/* n standard normal numbers, element j from block j of stream `purpose`; a td_array or NULL. */
double *gen_normal_vector(gen *g, const char *purpose, int64_t n);

extern const thw_component gaussian_classes_component;
extern const thw_component noisy_logistic_component;
extern const thw_component robust_rows_component;
extern const thw_component rows_component;
extern const thw_component sparse_planted_component;

#endif
