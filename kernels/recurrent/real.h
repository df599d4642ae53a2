/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/recurrent/real.h - what the .inc files need, in the precision that REAL_IS_FLOAT says. */
#include <cblas.h>
#include <math.h>
#include <string.h>

#include "kernels/recurrent/recurrent.h"

#if REAL_IS_FLOAT
typedef float real;
#define R_(x) x##F
#define r_tanh tanhf
#define r_exp expf
#define blas_gemm cblas_sgemm
#else
typedef double real;
#define R_(x) x
#define r_tanh tanh
#define r_exp exp
#define blas_gemm cblas_dgemm
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
