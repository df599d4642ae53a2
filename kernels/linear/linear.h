/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/linear/linear.h - the inner loops of linear models.
 *
 * Everything here is single-threaded and computes in double, whatever the rows' element type: a
 * model converts a float32 point once, and the sums over rows are double throughout. The same code
 * is compiled for several instruction sets and one of them is chosen when it is first asked for,
 * so bits may depend on the processor, never on the number of threads. */
#ifndef THWK_LINEAR_H
#define THWK_LINEAR_H

#include <thalweg/source.h>

/* Losses of one margin z and one target y. Classes are y = -1 and y = +1. */
#define THWK_SQUARE 0        /* (z - y)^2 / 2                                             */
#define THWK_LOGISTIC 1      /* log(1 + exp(-y z))                                        */
#define THWK_SQUARED_HINGE 2 /* max(0, 1 - y z)^2                                         */
#define THWK_SIGMOID 3       /* 1 / (1 + exp(y z))                                        */
#define THWK_GEMAN_MCCLURE 4 /* t^2 / (2 (1 + t^2/s^2)), t = z - y, s the scale           */
#define THWK_LOSSES 5

typedef struct thwk_loss {
  int kind;
  double scale; /* GEMAN_MCCLURE */
} thwk_loss;

/* A run of variance-reduced steps on rows with one margin each:
 *   x = keep x - drift - bump x / (1 + x^2)^2 - (step / b) sum_{i in I} (slope_i(x) - slope_s[i])
 * a_i and for the intercept the same with keep0, drift0, no bump and 1 in place of a_i. Without a
 * bump sparse rows move their own columns only. With one every column moves in every step: what a
 * column misses while no row has it is an iteration of a rational function, which has no shorter
 * form than its steps, and all columns at once take those four at a time. */
typedef struct thwk_vr {
  const thw_rows *rows;
  thwk_loss loss;
  const double *y, *slope; /* target and slope at the snapshot, by row number           */
  int64_t d, m, b;
  const int64_t *index; /* m b row numbers                                           */
  double step, keep, bump;
  double *x;           /* d; in and out                                             */
  const double *drift; /* d; step times the constant direction                      */
  double *sum;         /* d; iterates x_0 .. x_{m-1} are added; or NULL             */
  int intercept;
  double x0, keep0, drift0, sum0;
  /* scratch */
  double *pair;  /* 2 d */
  double *lag;   /* d, only with sum */
  double *delta; /* b */
} thwk_vr;

/* The same for rows with k margins and softmax, the slopes being probabilities (where the label is
 * cancels). Points, drift and sum: k d numbers, margin by margin, on dense rows; d kp, column by
 * column, padded with zeros, on sparse ones. */
typedef struct thwk_vr_k {
  const thw_rows *rows;
  const double *p; /* kp for each row: probabilities at the snapshot, padded with zeros */
  int64_t d, k, kp, m, b;
  const int64_t *index;
  double step, keep, bump;
  double *x;
  const double *drift;
  double *sum; /* or NULL */
  int intercept;
  double keep0, *x0, *drift0, *sum0; /* kp numbers each; zeros without intercept */
  /* scratch */
  double *pair, *lag;     /* 2 d kp, d kp; sparse rows only */
  double *delta, *turned; /* b kp each */
} thwk_vr_k;

typedef struct thwk_linear {
  const char *name; /* of the instruction set */
  /* z[k - lo] = a_k . w for rows lo .. hi-1 of the batch. */
  void (*margins)(const thw_batch *b, int64_t lo, int64_t hi, int64_t d, const double *w,
                  double *z);
  /* g += sum_k c[k - lo] a_k. */
  void (*scatter)(const thw_batch *b, int64_t lo, int64_t hi, int64_t d, const double *c,
                  double *g);
  /* CSR only: the lower triangle of sum_k c[k - lo] a_k a_k', entry (i, j) at i (i + 1) / 2 + j, is
   * added to h. */
  void (*gram)(const thw_batch *b, int64_t lo, int64_t hi, const double *c, double *h);
  /* The same for several margins per row, CSR only: w and g hold kp numbers for each column, z and
   * c for each row; kp is a multiple of 4. */
  void (*margins_k)(const thw_batch *b, int64_t lo, int64_t hi, int64_t kp, const double *w,
                    double *z);
  void (*scatter_k)(const thw_batch *b, int64_t lo, int64_t hi, int64_t kp, const double *c,
                    double *g);
  /* Sum of the losses; slopes (derivatives by z) into `slope` unless NULL, which may be z. */
  double (*loss)(const thwk_loss *l, int64_t n, const double *z, const double *y, double *slope);
  void (*slopes)(const thwk_loss *l, int64_t n, const double *z, const double *y, double *slope);
  /* Second derivatives by z. */
  void (*curvature)(const thwk_loss *l, int64_t n, const double *z, const double *y, double *h);
  /* Rows of k margins (stride kp), in place to probabilities; the sum of -log p(label). Padding
   * becomes 0. */
  double (*softmax)(int64_t n, int64_t k, int64_t kp, double *z, const int32_t *label);
  void (*exp)(int64_t n, const double *x, double *out);   /* for |x| <= 700, clamped beyond */
  void (*log1p)(int64_t n, const double *x, double *out); /* for x in [0, 1]                */
  double (*dot)(int64_t n, const double *x, const double *y);
  void (*vr_csr)(thwk_vr *v);
  void (*vr_dense)(thwk_vr *v);
  void (*vr_csr_k)(thwk_vr_k *v);
  void (*vr_dense_k)(thwk_vr_k *v);
} thwk_linear;

/* The best set for this processor. */
const thwk_linear *thwk_linear_best(void);
/* All that run on this processor, for tests: number i, or NULL. */
const thwk_linear *thwk_linear_at(int i);

/* Rows lo .. hi-1 of a dense batch as a matrix of doubles, row-major: where they lie when that is
 * possible (*ld tells the stride), else copied into `tile` with stride d. */
const double *thwk_dense_tile(const thw_batch *b, int64_t lo, int64_t hi, int64_t d, double *tile,
                              int64_t *ld);

/* Targets of rows lo .. hi-1: y as double, or -1 and +1 by class. */
void thwk_targets(const thw_batch *b, int64_t lo, int64_t hi, int by_class, double *y);

#endif
