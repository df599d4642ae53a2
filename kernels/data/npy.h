/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/data/npy.h - NumPy's array files (.npy, format 1, 2 and 3), in memory. The
 * arrays of idx files take the same form. */
#ifndef THALWEG_KERNELS_DATA_NPY_H
#define THALWEG_KERNELS_DATA_NPY_H

#include <stddef.h>
#include <stdint.h>

#define NPY_DIMS 8

typedef struct npy_array {
  char kind; /* 'f', 'i', 'u', 'b'                                                        */
  int size;  /* bytes per element: f 4 8, i u 1 2 4 8, b 1                                */
  int swapped, fortran;
  int n_dims;
  int64_t dims[NPY_DIMS];
  int64_t n;        /* elements: product of dims                                          */
  const char *data; /* n * size bytes, inside the text                                    */
} npy_array;

/* Takes a whole file apart. 0, or -1 with the reason in `err` ("truncated: ..."). */
int npy_parse(const void *bytes, size_t n, npy_array *out, char *err, size_t err_size);

/* Element i in file order. */
double npy_get(const npy_array *a, int64_t i);

/* Rows first .. first+count-1 (the first dimension) to C order, as double or float. */
void npy_rows_f64(const npy_array *a, int64_t first, int64_t count, double *out);
void npy_rows_f32(const npy_array *a, int64_t first, int64_t count, float *out);

#endif
