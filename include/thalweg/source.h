/* SPDX-License-Identifier: BSD-3-Clause */
/* thalweg/source.h - where rows come from.
 *
 * A source holds one or more named sets of rows: set 0 is what the model is trained on, further
 * sets ("test", "valid") are for metrics only. A set is finite (n rows, numbered from 0) or a
 * stream (n = -1), whose rows are numbered too: row k of a stream is a function of k, so any batch
 * can be made again. A stream that cannot do that sets THW_SOURCE_ONCE. */
#ifndef THALWEG_SOURCE_H
#define THALWEG_SOURCE_H

#include "base.h"
#include "component.h"

#ifdef __cplusplus
extern "C" {
#endif

#define THW_ROWS_NONE 0u  /* rows are numbers only: the model makes what it needs from them */
#define THW_ROWS_DENSE 1u /* row-major matrix                                             */
#define THW_ROWS_CSR 2u   /* compressed sparse rows                                       */
#define THW_ROWS_SEQ 3u   /* sequences of steps, each a vector or a token              */

#define THW_LABEL_NONE 0u
#define THW_LABEL_REAL 1u  /* y is a number to be predicted; too many values for classes   */
#define THW_LABEL_CLASS 2u /* y is a number and label the class it stands for              */

#define THW_SOURCE_ONCE 1u /* a stream whose rows are gone once read                       */

/* SEQ: where the targets y, label stand. */
#define THW_TARGET_ROW 0u  /* one for the whole row: entry i                               */
#define THW_TARGET_STEP 1u /* one for each step: entry of the step in the store            */

/* Raw rows. `x`, `y` have the run's element type. */
typedef struct thw_rows {
  uint32_t size, layout;
  uint32_t dtype, reserved;
  int64_t n, width;
  const void *x;        /* DENSE: row i starts at element i*ld. CSR: the stored values, or NULL
                           when every stored value is 1                                     */
  int64_t ld;           /* DENSE                                                           */
  const int64_t *start; /* CSR: row i is start[i] .. start[i+1]-1; n + 1 entries           */
  const int32_t *col;   /* CSR: columns from 0, ascending within a row                     */
  const void *y;        /* label as a number, or NULL                                      */
  const int32_t *label; /* class 0 .. classes-1, or NULL                                   */
  const int64_t *id;    /* number of each row in its set; NULL: its position               */
  /* SEQ. A row is a range of steps in a store, in order of time: row i is the steps first[i] ..
   * first[i] + steps_of[i] - 1. Ranges may overlap (windows). Step s is the vector of `width`
   * numbers at element s*ld of x, or, when x is NULL, the token token[s] in 0 .. width-1. */
  const int64_t *first;    /* NULL: row i starts at step i*steps                            */
  const int32_t *steps_of; /* NULL: every row has `steps`                                   */
  int64_t steps;           /* the most steps that a row has                                 */
  const int32_t *token;
  uint32_t target, reserved2; /* THW_TARGET_*                                               */
  int64_t targets;            /* SEQ, DENSE, CSR: numbers in one target y, that of row i from
                                 element i*targets on; 0 stands for 1                      */
  const uint8_t *counts;      /* one byte per step of the store: 0 where a step carries no
                                 target; NULL: they all do                                  */
  int64_t chain; /* row i continues row i - chain (text cut into chunks); 0: rows stand alone */
} thw_rows;

/* A sample of rows: drawn once, evaluated at any number of points, released. Immutable. Row k of
 * the batch is row index[k] of `rows`, or first + k when index is NULL. A part of a batch is a
 * batch: copy the struct and move `index` or `first`. */
typedef struct thw_batch {
  uint32_t size, set;
  int64_t n, first;
  const int64_t *index;
  const thw_rows *rows;
  void *priv;   /* of whoever made it                                                        */
  int64_t pass; /* 1 + the passes over the rows that had been drawn before, for a batch that was
                   drawn for training; 0: it was not (whole sums, tests, samples)            */
} thw_batch;

static inline int64_t thw_batch_row(const thw_batch *b, int64_t k) {
  return b->index ? b->index[k] : b->first + k;
}

typedef struct thw_source_info {
  uint32_t size, layout;
  uint32_t label, flags; /* THW_LABEL_*, THW_SOURCE_*                                       */
  int64_t n, width;      /* rows of this set, -1 for a stream; features in a row            */
  const char *set;       /* "train", "test", ...                                            */
  int64_t classes;       /* CLASS: number of them, the same in all sets                     */
  const char *const *class_name;   /* `classes` entries: the label as the data write it     */
  const char *const *feature_name; /* `width` entries, or NULL                              */
  uint32_t n_dims, reserved;       /* shape of a row, product = width; 0: flat              */
  int64_t dims[4];
  int64_t steps;           /* SEQ: the most steps that a row has; width is that of a step    */
  int64_t targets;         /* SEQ, DENSE, CSR: numbers in one target; 0 stands for 1      */
  uint32_t target, tokens; /* SEQ: THW_TARGET_*; 1: steps are tokens, width their number  */
  const char *const *token_name; /* SEQ, tokens: `width` entries, UTF-8 or one raw byte; or NULL */
  int64_t chain;                 /* SEQ: as in thw_rows                                         */
} thw_source_info;

typedef struct thw_source_ops {
  uint32_t size, reserved;
  /* [setup] Number of sets, at least one. */
  thw_status (*sets)(void *self, uint32_t *n);
  /* [setup] The caller sets out->size. Strings stay valid as long as the instance. */
  thw_status (*info)(void *self, uint32_t set, thw_source_info *out);
  /* [run] A batch of n rows: those in `index` (which the caller keeps unchanged until release;
   * numbers may repeat), or first .. first+n-1 when index is NULL. */
  thw_status (*take)(void *self, uint32_t set, int64_t n, const int64_t *index, int64_t first,
                     thw_batch **out);
  /* [run] */
  void (*release)(void *self, thw_batch *b);
} thw_source_ops;

/* ---- parts of a target ------------------------------------------------------------------------
 */

/* A source whose targets are sums of parts that it can tell apart (a simple signal and a small
 * complicated one) offers this: a model then reports how much of each part it has learned, the
 * coefficients `coef_NAME` = sum of output . part / sum of |part|^2 over the rows. */
#define THW_EXT_PARTS "thw.parts/1"

typedef struct thw_parts {
  uint32_t size, n_parts;
  const char *const *name;
  /* [any] The parts of row `row` of a batch's rows: n_parts times `targets` numbers. */
  void (*parts)(void *self, const thw_rows *rows, int64_t row, double *out);
} thw_parts;

/* ---- passes ---------------------------------------------------------------------------------- */

/* A source whose rows differ from pass to pass (augmentation, patches that are drawn anew) offers
 * this. Row i of pass e is a function of run.seed, e and i, whatever is asked in between; the rows
 * of thw_source_ops.take are those that no pass has changed, or, where there are none such, those
 * of pass 0. Oracles take what they draw for training from here. */
#define THW_EXT_PASS_SOURCE "thw.pass-source/1"

typedef struct thw_pass_source {
  uint32_t size, reserved;
  /* [run] As thw_source_ops.take, in pass `pass` >= 1. Released alike. */
  thw_status (*take)(void *self, uint32_t set, int64_t pass, int64_t n, const int64_t *index,
                     int64_t first, thw_batch **out);
} thw_pass_source;

#ifdef __cplusplus
}
#endif
#endif
