/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/recurrent/lab.h - the acceptance experiments on recurrent networks: pipelines of the built
 * plugins, driven step by step, and what is measured set beside what the papers' theory asks for.
 * Wherever it can be, what a number is compared with is computed by hand, see net.h. */
#ifndef TESTS_RECURRENT_LAB_H
#define TESTS_RECURRENT_LAB_H

#include "tests/optim/rig.h"

#include <thalweg/model.h>

typedef struct lab {
  rig r;
  const thw_model_ops *model;
  void *self;
  thw_batch *train,
      *test;     /* the whole sets; train is NULL for a stream, test where there is none */
  double *start; /* the point in the beginning */
} lab;

/* The pipeline of this text, printf style. */
void lab_open(lab *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void lab_close(lab *l);

/* Value at the method's point over a batch, by the model itself. */
double lab_f(lab *l, const thw_batch *b);
/* Metric `i` there: of regressions 0 mean squared error, 1 relative to the targets. */
double lab_metric(lab *l, const thw_batch *b, int i);
/* What the model knows of L: for squared loss lam_max / n. */
double lab_lipschitz(lab *l);
/* The first row and n - 1 more of set 0; given back with the lab. */
thw_batch *lab_rows(lab *l, int64_t n);
/* Gradient over `b` at a point of l->r.n numbers. */
void lab_gradient(lab *l, const thw_batch *b, const double *x, double *g);

/* What the model's probe tells over `b` at the point x; NULL: the method's. */
typedef struct lab_told {
  struct {
    char name[40];
    size_t n;
    double v[512];
  } entry[32];
  size_t n;
} lab_told;
void lab_probe(lab *l, const thw_batch *b, const double *x, lab_told *t);
/* Number `i` of an entry, from 0; NAN without. */
double lab_get(const lab_told *t, const char *name, size_t i);

/* ---- judging --------------------------------------------------------------------------------- */

extern int lab_failures;
/* A line with what was measured and what is required; a NAN bound is none. */
void lab_row(const char *what, double value, double low, double high);
void lab_head(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
double lab_median(double *v, int n); /* sorts */
/* Slope of y over x by least squares; r2 may be NULL. */
double lab_slope(const double *x, const double *y, int n, double *r2);

#endif
