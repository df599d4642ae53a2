/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/curvature/gradient.h - is the gradient small? A sequential test on samples.
 *
 * Rows are drawn in stages, each as large as all before it. After each stage a lower and an upper
 * bound on the norm of the gradient are known: the mean of m rows is off by a vector xi whose
 * component along the gradient is at most z sqrt(S/m) and whose squared length is V/m up to sqrt(2)
 * z S/m (Laurent, Massart 2000, lemma 1, for the normal law that a mean of many rows has), where V
 * is the trace of the covariance of a row's gradient and S its Frobenius norm, both estimated from
 * the means of blocks of rows. A large gradient is told by few rows, and a small one by the fewer
 * the more directions the noise has: S is between V/sqrt(d) and V.
 *
 * The failure probabilities are split over the looks in proportion to min(m/w, w/m), w = 16
 * V/high^2, which makes the early ones strict: all of them together get p. */
#ifndef CURVATURE_GRADIENT_H
#define CURVATURE_GRADIENT_H

#include "kernels/curvature/curvature.h"

/* The paper's number of rows, in units of V/epsilon^2: a standard error of epsilon/4. */
#define CURV_PAPER_ROWS 16.0

/* Mean gradient of all rows so far, and what they say about its error. The vectors are the
 * caller's. */
typedef struct curv_sample {
  thw_vec *mean;                 /* out                                                     */
  thw_vec *block, *last, *other; /* scratch                                                 */
  double norm, V, S;             /* of mean; of one row's gradient                          */
  int64_t rows, blocks, pairs;
  double m2, s2;
  thw_rng again; /* to draw the rows of the largest stage once more, THW_DRAW_SUBSET        */
  int64_t again_rows;
} curv_sample;

/* Forgets all rows; the vectors stay. */
thw_status curv_sample_start(curv_sample *s);
/* m more rows at p->x0; *cost grows. */
thw_status curv_sample_grow(const curv_problem *p, curv_sample *s, int64_t m, int64_t *cost);
/* Bounds on the norm of the gradient, each of which fails with probability at most p. */
double curv_sample_lower(const curv_sample *s, double p);
double curv_sample_upper(const curv_sample *s, double p);

typedef struct curv_test {
  double low, high; /* small: the norm is at most high; large: it is above low, low <= high */
  double p_small;   /* probability of "small" where the norm is above high, in (0, 1)       */
  double p_large;   /* of "large" where it is at most low                                   */
  int64_t most;     /* rows allowed, 0: no limit; a sum's are at most half of all anyway    */
  int64_t chunk;    /* rows drawn at a time                                                 */
  int paper;        /* with w rows decide like the paper: small if |mean| <= low            */
} curv_test;

typedef enum curv_size {
  CURV_SMALL,
  CURV_LARGE,
  CURV_UNDECIDED /* not within `most` rows; of a sum: ask all rows */
} curv_size;

/* Draws until it is decided, or until what is known says that it will not be. */
thw_status curv_gradient_test(const curv_problem *p, const curv_test *t, curv_sample *s,
                              curv_size *out, int64_t *cost);

#endif
