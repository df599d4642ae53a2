/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/data/arrays.h - tables from files that hold one array each: features and labels. */
#ifndef THALWEG_KERNELS_DATA_ARRAYS_H
#define THALWEG_KERNELS_DATA_ARRAYS_H

#include "kernels/data/npy.h"
#include "kernels/data/table.h"

enum { TD_BYTES_AS_THEY_ARE, TD_BYTES_UNIT };
extern const char *const td_scale_bytes_choices[];

/* The parameters of such a source. */
typedef struct td_arrays_params {
  const char *x, *y, *test_x, *test_y, *valid_x, *valid_y;
  int32_t scale;
  TD_COMMON
} td_arrays_params;

#define TD_ARRAYS_PARAMS(what_x, what_y, scale_)                                                   \
  THW_PARAM_PATH(td_arrays_params, x, NULL, THW_P_REQUIRED, what_x " of the training set."),       \
      THW_PARAM_PATH(td_arrays_params, y, NULL, 0,                                                 \
                     what_y " of the training set; none: rows without labels."),                   \
      THW_PARAM_PATH(td_arrays_params, test_x, NULL, 0, what_x " of set \"test\"."),               \
      THW_PARAM_PATH(td_arrays_params, test_y, NULL, 0, what_y " of set \"test\"."),               \
      THW_PARAM_PATH(td_arrays_params, valid_x, NULL, 0, what_x " of set \"valid\"."),             \
      THW_PARAM_PATH(td_arrays_params, valid_y, NULL, 0, what_y " of set \"valid\"."),             \
      THW_PARAM_ENUM(td_arrays_params, scale, scale_, td_scale_bytes_choices,                      \
                     "unit divides features stored as bytes by 255, which maps them to [0, 1]."),  \
      TD_COMMON_PARAMS(td_arrays_params)

/* Takes a file apart, as npy_parse does. */
typedef int (*td_array_parser)(const void *bytes, size_t n, npy_array *out, char *err,
                               size_t err_size);

/* Create of such a source: *self is a td_table. */
thw_status td_arrays_create(td_env e, td_array_parser parse, const td_arrays_params *p,
                            void **self);

#endif
