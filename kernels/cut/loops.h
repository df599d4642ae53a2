/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/cut/loops.h - the loops over the rows of the factor, one table per instruction set. All
 * matrices are n x ld, ld a multiple of 4, columns beyond the rank zero. */
#ifndef THALWEG_KERNELS_CUT_LOOPS_H
#define THALWEG_KERNELS_CUT_LOOPS_H

#include <stdint.h>

/* The symmetric matrix A and what belongs to a factor of it. */
typedef struct cut_matrix {
  int64_t n, ld;
  const int64_t *start;
  const int32_t *to;
  const double *w;           /* of each slot                                                    */
  double *v;                 /* the factor                                                      */
  double *d;                 /* -v_i . (A V)_i                                                  */
  double *g, *r, *p, *h, *u; /* A V; residual, direction, its image, step of the inner solver   */
} cut_matrix;

typedef struct cut_loops {
  const char *name;
  /* One sweep of coordinate descent over all rows; what it gained. d becomes the norms that it
   * divided by. */
  double (*sweep)(const cut_matrix *a);
  /* Rows lo..hi-1 of A x, into y. */
  void (*product)(const cut_matrix *a, int64_t lo, int64_t hi, const double *x, double *y);
  /* g = A V, d, and r = the gradient on the spheres. sum[0] += d, sum[1] += |r|^2. */
  void (*gradient)(const cut_matrix *a, int64_t lo, int64_t hi, double sum[2]);
  /* h = the Hessian on the spheres times p; sum[0] += p . h */
  void (*hessian)(const cut_matrix *a, int64_t lo, int64_t hi, double sum[2]);
  /* u += t p, r += t h; sum[0] += r . r / m, sum[1] += r . r, where m = max(d_i, least). */
  void (*advance)(const cut_matrix *a, int64_t lo, int64_t hi, double t, double least,
                  double sum[2]);
  /* p = -r / m + t p */
  void (*turn)(const cut_matrix *a, int64_t lo, int64_t hi, double t, double least);
  /* to = (v + t u), each row divided by its norm */
  void (*retract)(const cut_matrix *a, int64_t lo, int64_t hi, double t, double *to);
} cut_loops;

/* 0: everywhere; 1: AVX2 and FMA; NULL where it does not run. */
const cut_loops *cut_loops_at(int i);
const cut_loops *cut_loops_best(void);

#if defined(__x86_64__) && defined(__GNUC__)
#define CUT_HAVE_AVX2 1
extern const cut_loops cut_loops_avx2;
#endif
extern const cut_loops cut_loops_base;

#endif
