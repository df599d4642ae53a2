/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/recurrent/real.h - what the .inc files need, in the precision that REAL_IS_FLOAT says. */
#include <cblas.h>
#include <math.h>
#include <string.h>

#include "kernels/recurrent/recurrent.h"

#if REAL_IS_FLOAT
typedef float real;
#define blas_gemm cblas_sgemm
#else
typedef double real;
#define blas_gemm cblas_dgemm
#endif

#if REAL_IS_FLOAT
/* tanh by a quotient of polynomials, within a few units in the last place; a loop of it is one of
 * vector instructions. A NaN stays one. */
static inline real r_tanh(real x) {
  real c = x > 7.90531111F ? 7.90531111F : x;
  c = c < -7.90531111F ? -7.90531111F : c;
  real y = c * c;
  real p = -2.76076847742355e-16F;
  p = p * y + 2.00018790482477e-13F;
  p = p * y - 8.60467152213735e-11F;
  p = p * y + 5.12229709037114e-08F;
  p = p * y + 1.48572235717979e-05F;
  p = p * y + 6.37261928875436e-04F;
  p = p * y + 4.89352455891786e-03F;
  real q = 1.19825839466702e-06F;
  q = q * y + 1.18534705686654e-04F;
  q = q * y + 2.26843463243900e-03F;
  q = q * y + 4.89352518554385e-03F;
  return c * p / q;
}
static inline real r_sigmoid(real x) {
  return 0.5F + 0.5F * r_tanh(0.5F * x);
}
#else
static inline real r_tanh(real x) {
  return tanh(x);
}
static inline real r_sigmoid(real x) {
  return 1 / (1 + exp(-x));
}
#endif

/* c = a b + beta c, row-major; ta, tb: transposed. */
static inline void gemm(int ta, int tb, int64_t m, int64_t n, int64_t k, const real *a, int64_t lda,
                        const real *b, int64_t ldb, real beta, real *c, int64_t ldc) {
  if (m < 1 || n < 1) return;
  blas_gemm(CblasRowMajor, ta ? CblasTrans : CblasNoTrans, tb ? CblasTrans : CblasNoTrans, (int)m,
            (int)n, (int)k, 1, a, (int)lda, b, (int)ldb, beta, c, (int)ldc);
}

static inline const real *weight(const thwr_weights *w, int i) {
  return w->v[i];
}

/* The state that a step reads and its successor, of step l from 0. */
static inline real *block(const void *base, int64_t l, int64_t size) {
  return (real *)(uintptr_t)base + l * size;
}

#if !REAL_HAS_PACKED
/* What only kernels that lay matrices out have, see packed.inc; never called without. */
static inline void packed_gates(const thwr_shape *n, int64_t rows, const real *a, int64_t k,
                                const void *packed, real *z, real *q) {
  (void)n, (void)rows, (void)a, (void)k, (void)packed, (void)z, (void)q;
}
static inline void packed_plain(int64_t rows, int64_t n, const real *a, int64_t k,
                                const void *packed, int set, const real *bias, real *c) {
  (void)rows, (void)n, (void)a, (void)k, (void)packed, (void)set, (void)bias, (void)c;
}
#endif
