/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/nets/real.h - what the .inc files need, in the precision that REAL_IS_FLOAT says. */
#include <math.h>
#include <string.h>

#include "kernels/nets/nets.h"

#if REAL_IS_FLOAT
typedef float real;
#define LANES 8
#define SPLAT(a)                                                                                   \
  (vec) {                                                                                          \
    a, a, a, a, a, a, a, a                                                                         \
  }
#define r_exp expf
#define r_log1p log1pf
#define r_tanh tanhf
#define r_erfc erfcf
#else
typedef double real;
#define LANES 4
#define SPLAT(a)                                                                                   \
  (vec) {                                                                                          \
    a, a, a, a                                                                                     \
  }
#define r_exp exp
#define r_log1p log1p
#define r_tanh tanh
#define r_erfc erfc
#endif

/* Examples side by side. */
#define PANEL (2 * LANES)

typedef real vec __attribute__((vector_size(32)));
typedef real vec_at __attribute__((vector_size(32), aligned(sizeof(real)), may_alias));

/* Macros: a vector never passes through a call. */
#define LOAD(p) (*(const vec_at *)(p))
#define STORE(p, v) (*(vec_at *)(p) = (v))
