/* SPDX-License-Identifier: BSD-3-Clause */
/* What the generators of sequences share: row i of a set is a function of (run.seed or `seed`, path
 * of the source, set, i) and nothing else. A finite set is made once; a stream makes the rows of
 * each batch when it is taken, so any batch can be made again. Rows have the same number of steps
 * and lie one behind the other. */
#ifndef THALWEG_SOURCES_SEQUENCE_H
#define THALWEG_SOURCES_SEQUENCE_H

#include <thalweg/thalweg.h>

#include "kernels/data/table.h"
#include "plugins/sources/sequence/store.h"

/* Each row has that many blocks of each of its streams to itself. */
#define SEQ_ROW_BLOCKS_LOG2 24
/* The most numbers in a vector that is drawn at once, on the stack. */
#define SEQ_DIM_MOST 4096
#define SEQ_LENGTH_MOST 65536
/* The most numbers, those of the targets included, in one sequence. */
#define SEQ_ROW_MOST (INT64_C(1) << 20)

/* First members of the parameters of every generator. */
#define SEQ_FIELDS int64_t n, test, length, seed;

struct seq_params {
  SEQ_FIELDS
};

#define SEQ_PARAM_N(T, n_)                                                                         \
  THW_PARAM_INT(T, n, n_, 0, THW_NO_BOUND, "rows",                                                 \
                "Training sequences; 0: a stream without end, each sequence fresh.")
#define SEQ_PARAM_TEST(T, test_)                                                                   \
  THW_PARAM_INT(T, test, test_, 0, THW_NO_BOUND, "rows",                                           \
                "Sequences of a second set, \"test\", of the same law; 0: no such set.")
#define SEQ_PARAM_SEED(T)                                                                          \
  THW_PARAM_INT(T, seed, -1, -1, THW_NO_BOUND, NULL,                                               \
                "Number that the data depend on in place of run.seed, so that runs with other "    \
                "initial weights and batches see the same data; -1: run.seed.")

#define SEQ_DOC                                                                                    \
  "Each part of the data has a random stream of its own: another number of sequences or of steps " \
  "leaves those that both have as they were.\n\n"
#define SEQ_STREAM_DOC                                                                             \
  "Sequence i depends on the seed and i only; with n = 0 they are a stream, made when a batch is " \
  "taken (use the oracle \"stream\").\n\n"

typedef struct seq_gen seq_gen;

/* Where one row goes: steps * width numbers, or steps tokens; and its targets. */
typedef struct seq_row {
  void *x;
  int32_t *token;
  void *y;
  int32_t *label; /* NULL: y are no classes */
  uint32_t dtype;
} seq_row;

/* Purposes of a row's streams. */
enum { SEQ_TOKENS, SEQ_LABELS, SEQ_STREAMS };

/* What makes one generator different from another. */
typedef struct seq_law {
  uint32_t target, tokens, label;
  /* Sets width, targets, classes and names, and makes what all rows share. */
  thw_status (*prepare)(seq_gen *g);
  /* [any] Row `id` of a set. */
  void (*row)(const seq_gen *g, uint32_t set, int64_t id, seq_row *o);
  void (*end)(seq_gen *g); /* or NULL */
} seq_law;

struct seq_gen {
  td_env env;
  const seq_law *law;
  const struct seq_params *p;
  uint32_t dtype, n_sets;
  int64_t steps, width, targets;
  int64_t classes;
  const char *const *class_name, *const *token_name;
  uint8_t *counts; /* of one row, `steps` bytes (td_array); NULL: all steps count */
  void *own;       /* of the law */
  thw_rng stream[2][SEQ_STREAMS];
  seq_store store; /* finite sets */
};

thw_status seq_create(const seq_law *law, td_env e, const void *params, void **self);
void seq_destroy(void *self);
extern const thw_source_ops seq_ops;

/* The stream `purpose` of the source, under parameter `seed`. */
thw_status seq_stream(const seq_gen *g, const char *purpose, thw_rng *r);

/* A row's stream at the beginning of its own blocks. */
static inline thw_rng seq_row_rng(const seq_gen *g, uint32_t set, unsigned which, int64_t id) {
  thw_rng r = g->stream[set][which];
  r.block = (uint64_t)id << SEQ_ROW_BLOCKS_LOG2;
  r.left = 0;
  return r;
}

/* A point of the unit sphere in R^n, n <= SEQ_DIM_MOST. */
void seq_unit(thw_rng *r, int64_t n, double *v);

extern const thw_component adding_component;
extern const thw_component concept_component;
extern const thw_component copy_component;
extern const thw_component random_labels_component;
extern const thw_component rows_as_steps_component;
extern const thw_component series_component;
extern const thw_component text_component;

#endif
