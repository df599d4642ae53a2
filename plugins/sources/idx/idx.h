/* SPDX-License-Identifier: BSD-3-Clause */
/* The idx format of the MNIST files: 0, 0, element type, number of dimensions, the dimensions as
 * big-endian 32-bit numbers, the elements in C order and big-endian. */
#ifndef THALWEG_SOURCES_IDX_H
#define THALWEG_SOURCES_IDX_H

#include "kernels/data/npy.h"

int idx_parse(const void *bytes, size_t n, npy_array *out, char *err, size_t err_size);

#endif
