/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/sources/targets/targets.h - what the generators of functions to be learned share: dense
 * rows and targets of several numbers.
 *
 * Row i of a set is a function of (run.seed or `seed`, path of the source, set, i), the function to
 * be learned of the seed and path alone. A finite set is made once; a stream makes the rows of each
 * batch when it is taken. */
#ifndef THALWEG_SOURCES_TARGETS_H
#define THALWEG_SOURCES_TARGETS_H

#include <thalweg/thalweg.h>

#include "kernels/data/table.h"

/* Each row has that many blocks of its stream to itself. */
#define TGT_ROW_BLOCKS_LOG2 24
/* The most features, outputs. */
#define TGT_WIDTH_MOST 4096
#define TGT_OUTPUTS_MOST 256

/* First members of the parameters of every generator. */
#define TGT_FIELDS                                                                                 \
  int64_t n, test, valid, seed;                                                                    \
  double noise;

struct tgt_params {
  TGT_FIELDS
};

#define TGT_PARAMS(T, n_, test_, noise_text)                                                       \
  THW_PARAM_INT(T, n, n_, 0, 1e9, "rows",                                                          \
                "Training rows; 0: a stream without end, each row fresh."),                        \
      THW_PARAM_INT(T, test, test_, 0, 1e9, "rows",                                                \
                    "Rows of a second set, \"test\", of the same law; 0: no such set."),           \
      THW_PARAM_INT(T, valid, 0, 0, 1e9, "rows",                                                   \
                    "Rows of a further set, \"valid\", of the same law; 0: no such set."),         \
      THW_PARAM_INT(T, seed, -1, -1, THW_NO_BOUND, NULL,                                           \
                    "Number that the data depend on in place of run.seed, so that runs with "      \
                    "other initial weights and batches see the same data; -1: run.seed."),         \
      THW_PARAM_REAL(T, noise, 0, 0, THW_NO_BOUND, THW_P_LOG, NULL, noise_text)

#define TGT_DOC                                                                                    \
  "Row i depends on the seed and i only, and the function on the seed alone: it stays the same "   \
  "for any number of rows. With n = 0 the rows are a stream, made when a batch is taken (use the " \
  "oracle \"stream\")."

typedef struct tgt tgt;

/* What makes one generator different from another. */
typedef struct tgt_law {
  /* Sets width and outputs, and makes what all rows share. */
  thw_status (*prepare)(tgt *g);
  /* [any] x: `width` numbers, y: `outputs` numbers. */
  void (*row)(const tgt *g, thw_rng *r, double *x);
  void (*value)(const tgt *g, const double *x, double *y);
  /* parts of the target, or NULL: `outputs` numbers each */
  const thw_parts *parts;
} tgt_law;

struct tgt {
  td_env env;
  const tgt_law *law;
  const struct tgt_params *p;
  uint32_t dtype, n_sets;
  int64_t width, outputs;
  double *own; /* of the law; td_array */
  thw_rng stream[TD_SETS], noise[TD_SETS];
  uint32_t set_of[TD_SETS]; /* TD_TRAIN, ... of set 0, 1, 2 */
  thw_rows rows[TD_SETS];   /* finite sets */
  void *room[TD_SETS];
  td_pool pool;
};

thw_status tgt_create(const tgt_law *law, td_env e, const void *params, void **self);
void tgt_destroy(void *self);
extern const thw_source_ops tgt_ops;

/* The stream `purpose` of the source, under parameter `seed`. */
thw_status tgt_stream(const tgt *g, const char *purpose, thw_rng *r);
/* n normal numbers. */
void tgt_normals(thw_rng *r, int64_t n, double *v);
/* The same, scaled to a point of the unit sphere. */
void tgt_unit(thw_rng *r, int64_t n, double *v);
double tgt_dot(int64_t n, const double *a, const double *b);

extern const thw_component hierarchical_component;
extern const thw_component smooth_target_component;

#endif
