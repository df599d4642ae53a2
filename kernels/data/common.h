/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/data/common.h - parameters that every source with a table in memory has. */
#ifndef THALWEG_KERNELS_DATA_COMMON_H
#define THALWEG_KERNELS_DATA_COMMON_H

#include <stdint.h>

#include <thalweg/component.h>

enum { TD_LABELS_AUTO, TD_LABELS_CLASS, TD_LABELS_REAL };
enum { TD_SCALE_NONE, TD_SCALE_MEAN_STD, TD_SCALE_MAX_ABS, TD_SCALE_MIN_MAX, TD_SCALE_UNIT_ROWS };

#define TD_COMMON_FIELDS                                                                           \
  int32_t labels, standardise;                                                                     \
  int64_t rows;                                                                                    \
  double subsample, split, split_valid;

typedef struct td_common {
  TD_COMMON_FIELDS
} td_common;

/* Inside a parameter struct: the fields under their own names, and together as `common`. */
#define TD_COMMON                                                                                  \
  union {                                                                                          \
    td_common common;                                                                              \
    struct {                                                                                       \
      TD_COMMON_FIELDS                                                                             \
    };                                                                                             \
  };

extern const char *const td_labels_choices[];
extern const char *const td_scale_choices[];

/* The lines of a parameter table of struct T. */
#define TD_COMMON_PARAMS(T)                                                                        \
  THW_PARAM_ENUM(T, labels, TD_LABELS_AUTO, td_labels_choices,                                     \
                 "What labels are: auto makes them classes when they are words or integers with "  \
                 "at most 1,000 distinct values, and real numbers otherwise."),                    \
      THW_PARAM_ENUM(T, standardise, TD_SCALE_NONE, td_scale_choices,                              \
                     "How features are scaled, fitted on the training set and applied to all "     \
                     "sets; sparse rows are scaled but never shifted, so that they stay sparse."), \
      THW_PARAM_INT(T, rows, 0, 0, THW_NO_BOUND, "rows",                                           \
                    "Use the first so many training rows only; 0: all."),                          \
      THW_PARAM_REAL(T, subsample, 1, 0, 1, THW_P_MIN_OPEN, NULL,                                  \
                     "Fraction of the training rows to use, chosen by run.seed, in file order."),  \
      THW_PARAM_REAL(T, split, 0, 0, 1, THW_P_MAX_OPEN, NULL,                                      \
                     "Fraction of the training rows held out as set \"test\", chosen by "          \
                     "run.seed."),                                                                 \
      THW_PARAM_REAL(T, split_valid, 0, 0, 1, THW_P_MAX_OPEN, NULL,                                \
                     "Fraction of the training rows held out as set \"valid\", chosen by "         \
                     "run.seed.")

/* A paragraph for `doc`. */
#define TD_COMMON_DOC                                                                              \
  "The training rows are cut to the first `rows`, thinned to the fraction `subsample`, and parts " \
  "of them are held out as further sets by `split` and `split_valid`; which rows, depends on "     \
  "run.seed only, and their order stays. Classes are those of all training rows, before any is "   \
  "cut away or held out, sorted by number or by bytes; their names are written as in the data. A " \
  "label of another set that these do not have is an error.\n\n"                                   \
  "standardise = mean-std subtracts the mean and divides by the standard deviation of each "       \
  "column, max-abs divides by the largest absolute value, min-max maps the range to [0, 1], "      \
  "unit-rows divides each row by its Euclidean norm. Under "                                       \
  "mean-std and min-max a constant column is only shifted. On "                                    \
  "sparse rows nothing is shifted: mean-std divides by the standard deviation, min-max by the "    \
  "length of the range, both counting the zeros that are not stored."

#endif
