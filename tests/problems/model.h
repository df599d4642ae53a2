/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/problems/model.h - numbers, for the files of this folder and the tests that use them. */
#ifndef TP_MODEL_H
#define TP_MODEL_H

#include <stdlib.h>
#include <string.h>

#include "kernels/problems/problems.h"
#include "tests/problems/problems.h"

static inline void tp_read(const thw_view *v, double *to) {
  thwp_read(v, to);
}

static inline void tp_write(const double *from, thw_view *v) {
  thwp_write(from, v);
}

static inline double *tp_doubles(int64_t n) {
  double *p = calloc((size_t)(n > 0 ? n : 1), sizeof *p);
  if (!p) abort();
  return p;
}

static inline double *tp_copy(int64_t n, const double *from) {
  return memcpy(tp_doubles(n), from, (size_t)n * sizeof *from);
}

/* y = A x, A symmetric: by columns, which the compiler vectorises. */
static inline void tp_symv(int64_t d, const double *a, const double *x, double *y) {
  memset(y, 0, (size_t)d * sizeof *y);
  for (int64_t j = 0; j < d; j++) {
    const double c = x[j], *col = a + j * d;
    for (int64_t i = 0; i < d; i++) y[i] += c * col[i];
  }
}

static inline double tp_dot(int64_t d, const double *x, const double *y) {
  double s = 0;
  for (int64_t i = 0; i < d; i++) s += x[i] * y[i];
  return s;
}

#endif
