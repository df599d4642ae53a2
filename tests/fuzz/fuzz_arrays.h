/* SPDX-License-Identifier: BSD-3-Clause */
/* One array as features and as labels. */
#ifndef THALWEG_TESTS_FUZZ_ARRAYS_H
#define THALWEG_TESTS_FUZZ_ARRAYS_H

#include "kernels/data/arrays.h"
#include "tests/fuzz/fuzz.h"

static inline int fuzz_array(td_array_parser parse, const uint8_t *data, size_t size) {
  char why[256] = "";
  npy_array a;
  uint8_t *exact = malloc(size ? size : 1); /* to the byte: nothing may be read behind it */
  if (size) memcpy(exact, data, size);
  if (parse(exact, size, &a, why, sizeof why) != 0) {
    if (!why[0]) abort();
  } else if (a.n > 0 && a.n_dims > 0 && a.n < 1 << 20) {
    double *x = malloc((size_t)a.n * sizeof *x);
    float *f = malloc((size_t)a.n * sizeof *f);
    npy_rows_f64(&a, 0, a.dims[0], x);
    npy_rows_f32(&a, 0, a.dims[0], f);
    for (int64_t i = 0; i < a.n; i++) x[i] = npy_get(&a, i);
    free(x);
    free(f);
  }
  free(exact);
  return 0;
}

#endif
