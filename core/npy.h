/* SPDX-License-Identifier: BSD-3-Clause */
/* core/npy.h - vectors as NumPy files (format 1.0, one dimension, float32 or float64), for the
 * points in a run folder. */
#ifndef TW_NPY_H
#define TW_NPY_H

#include <thalweg/vec.h>

#include "core/error.h"

thw_status tw_npy_save(const char *file, const thw_vec *x, tw_diags *d);
/* Fills x, converting between the two precisions; refused when the length differs. */
thw_status tw_npy_load(const char *file, thw_vec *x, tw_diags *d);
/* The same from memory; `name` stands for the file in messages. */
thw_status tw_npy_parse(const void *bytes, size_t n, const char *name, thw_vec *x, tw_diags *d);

#endif
