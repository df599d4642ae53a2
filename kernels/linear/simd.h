/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/linear/simd.h - four doubles at a time, with exp and log1p, in GCC's vector extension
 * (gcc and clang). Included once per instruction set, after the target has been chosen. */
#ifndef THWK_SIMD_H
#define THWK_SIMD_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#define FORCED static inline __attribute__((always_inline))

typedef double v4 __attribute__((vector_size(32)));
typedef int64_t v4i __attribute__((vector_size(32)));
typedef uint64_t v4u __attribute__((vector_size(32)));
typedef double v4_any __attribute__((vector_size(32), aligned(8), may_alias));
typedef float v4f_any __attribute__((vector_size(16), aligned(4), may_alias));

/* a b + c: one rounding where the instruction set has it, two elsewhere; never the compiler's
 * choice. */
#ifdef THWK_FMA
FORCED v4 madd(v4 a, v4 b, v4 c) {
  return (v4)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
}
FORCED double madd1(double a, double b, double c) {
  return __builtin_fma(a, b, c);
}
#else
FORCED v4 madd(v4 a, v4 b, v4 c) {
  return a * b + c;
}
FORCED double madd1(double a, double b, double c) {
  return a * b + c;
}
#endif

FORCED v4 splat(double a) {
  return (v4){a, a, a, a};
}
FORCED v4 load4(const double *p) {
  return *(const v4_any *)p;
}
FORCED void store4(double *p, v4 a) {
  *(v4_any *)p = a;
}
FORCED v4 load4f(const float *p) {
  return __builtin_convertvector(*(const v4f_any *)p, v4);
}
FORCED double sum4(v4 a) {
  return (a[0] + a[1]) + (a[2] + a[3]);
}
/* m ? a : b, m all ones or all zeros */
FORCED v4 pick(v4i m, v4 a, v4 b) {
  return (v4)(((v4i)a & m) | ((v4i)b & ~m));
}
FORCED v4 abs4(v4 a) {
  return (v4)((v4i)a & INT64_C(0x7fffffffffffffff));
}
FORCED v4 min4(v4 a, v4 b) {
  return pick(a < b, a, b);
}
FORCED v4 max4(v4 a, v4 b) {
  return pick(a > b, a, b);
}

#define LN2_HI 6.93147180369123816490e-01
#define LN2_LO 1.90821492927058770002e-10
#define ROUNDER 6755399441055744.0 /* 1.5 2^52: adding it rounds to an integer */

/* exp, the method of fdlibm's e_exp.c without its branches. Below -708 the result stays that of
 * -708, above 709 that of 709: what is made of it here does not need more. NaN stays NaN. */
FORCED v4 exp4(v4 x) {
  x = pick(x < -708.0, splat(-708.0), x);
  x = pick(x > 709.0, splat(709.0), x);
  v4 t = madd(x, splat(1.44269504088896338700e+00), splat(ROUNDER));
  v4 n = t - ROUNDER;
  v4u scale = (((v4u)t - (v4u)splat(ROUNDER)) + 1023u) << 52; /* 2^n: n is in -1021 .. 1023 */
  v4 hi = x - n * LN2_HI, lo = n * LN2_LO, r = hi - lo, z = r * r;
  v4 p = madd(z, splat(4.13813679705723846039e-08), splat(-1.65339022054652515390e-06));
  p = madd(z, p, splat(6.61375632143793436117e-05));
  p = madd(z, p, splat(-2.77777777770155933842e-03));
  p = madd(z, p, splat(1.66666666666666019037e-01));
  v4 c = r - z * p;
  v4 y = 1.0 - ((lo - (r * c) / (2.0 - c)) - hi);
  return y * (v4)scale;
}

/* log(1 + f) for f in [0, 1], the method of fdlibm's s_log1p.c without its branches. */
FORCED v4 log1p4(v4 f) {
  v4i half = f > 0.41421356237309503; /* 1 + f = 2 (1 + g), g in [-0.3, 0] */
  v4 k = pick(half, splat(1.0), splat(0.0)), f1 = f - 1.0;
  v4 g = pick(half, f1 * 0.5, f);
  /* below 1/2 the subtraction rounds: what it lost, times 1/(1 + f), which is close to 0.69 there
   */
  v4 lost = k * ((f - (f1 + 1.0)) * 0.69 + LN2_LO);
  v4 hfsq = 0.5 * g * g, s = g / (2.0 + g), z = s * s;
  v4 p = madd(z, splat(1.479819860511658591e-01), splat(1.531383769920937332e-01));
  p = madd(z, p, splat(1.818357216161805012e-01));
  p = madd(z, p, splat(2.222219843214978396e-01));
  p = madd(z, p, splat(2.857142874366239149e-01));
  p = madd(z, p, splat(3.999999999940941908e-01));
  p = madd(z, p, splat(6.666666666666735130e-01));
  v4 r = s * (hfsq + z * p);
  return k * LN2_HI - ((hfsq - (r + lost)) - g);
}

/* exp of one number between -708 and 0, for loops in which the next step waits for it: a
 * polynomial evaluated in parallel (Estrin) instead of a division at the end. */
FORCED double exp1(double x) {
  x = x < -708.0 ? -708.0 : x;
  double t = madd1(x, 1.44269504088896338700e+00, ROUNDER);
  double n = t - ROUNDER;
  uint64_t bits, magic;
  double rounder = ROUNDER;
  memcpy(&bits, &t, sizeof bits);
  memcpy(&magic, &rounder, sizeof magic);
  double r = (x - n * LN2_HI) - n * LN2_LO, r2 = r * r, r4 = r2 * r2;
  double a = madd1(r, 1.0 / 6, 0.5), b = madd1(r, 1.0 / 120, 1.0 / 24);
  double c = madd1(r, 1.0 / 5040, 1.0 / 720), d = madd1(r, 1.0 / 362880, 1.0 / 40320);
  double e = madd1(r, 1.0 / 39916800, 1.0 / 3628800);
  e = madd1(r2, madd1(r, 1.0 / 6227020800.0, 1.0 / 479001600.0), e);
  double lo = madd1(r2, b, a), hi = madd1(r2, d, c);
  double q = madd1(r4, madd1(r4, e, hi), lo);
  double y = 1.0 + madd1(r2, q, r), scale;
  bits = (bits - magic + 1023) << 52;
  memcpy(&scale, &bits, sizeof scale);
  return y * scale;
}

#endif
