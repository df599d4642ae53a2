/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/linear/select.c - which loops run here, and what needs no instruction set of its own. */
#include <stddef.h>

#include "kernels/linear/linear.h"
#include "kernels/linear/variant.h"

const thwk_linear *thwk_linear_at(int i) {
  if (i == 0) return &thwk_linear_base;
#ifdef THWK_HAVE_AVX2
  __builtin_cpu_init();
  if (i == 1 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return &thwk_linear_avx2;
#endif
  return NULL;
}

const thwk_linear *thwk_linear_best(void) {
  const thwk_linear *best = thwk_linear_at(1);
  return best ? best : thwk_linear_at(0);
}

const double *thwk_dense_tile(const thw_batch *b, int64_t lo, int64_t hi, int64_t d, double *tile,
                              int64_t *ld) {
  const thw_rows *r = b->rows;
  if (r->dtype == THW_F64 && !b->index) {
    *ld = r->ld;
    return (const double *)r->x + (b->first + lo) * r->ld;
  }
  *ld = d;
  for (int64_t k = lo; k < hi; k++) {
    int64_t row = thw_batch_row(b, k);
    double *to = tile + (k - lo) * d;
    if (r->dtype == THW_F32) {
      const float *from = (const float *)r->x + row * r->ld;
      for (int64_t j = 0; j < d; j++) to[j] = (double)from[j];
    } else {
      const double *from = (const double *)r->x + row * r->ld;
      for (int64_t j = 0; j < d; j++) to[j] = from[j];
    }
  }
  return tile;
}

void thwk_targets(const thw_batch *b, int64_t lo, int64_t hi, int by_class, double *y) {
  const thw_rows *r = b->rows;
  for (int64_t k = lo; k < hi; k++) {
    int64_t row = thw_batch_row(b, k);
    if (by_class)
      y[k - lo] = r->label[row] == 0 ? -1.0 : 1.0;
    else
      y[k - lo] =
          r->dtype == THW_F32 ? (double)((const float *)r->y)[row] : ((const double *)r->y)[row];
  }
}
