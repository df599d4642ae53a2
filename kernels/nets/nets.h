/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/nets/nets.h - what layers of a network are made of: products with a weight matrix there
 * and back, sums of outer products, activations.
 *
 * Activations of a group of rows (examples) lie in panels of `panel` examples: feature i of example
 * s stands at ((s / panel) ld + i) panel + s % panel, ld the number of features. So the examples
 * lie side by side, in two registers, and a weight matrix is read as it is, row by row: nothing
 * that is as large as the weights is ever rearranged, and what one layer writes the next one
 * reads. Weights are row-major, outputs by inputs.
 *
 * Each function works off a range lo .. hi-1 and can be called for several ranges at once; the bits
 * of a result do not depend on how the ranges are cut as long as cuts are multiples of
 * THWN_UNIT. */
#ifndef THALWEG_KERNELS_NETS_H
#define THALWEG_KERNELS_NETS_H

#include <stddef.h>
#include <stdint.h>

enum { THWN_RELU, THWN_TANH, THWN_SOFTPLUS, THWN_GELU, THWN_IDENTITY };

/* Rows or columns of a range: a multiple of the height of the tiles and of the panels. */
#define THWN_UNIT 48
/* What backward likes best where the matrix is large. */
#define THWN_WIDE 384
/* The most examples in a group. */
#define THWN_GROUP 256

/* A weight matrix and a group of examples. */
typedef struct thwn_job {
  int64_t out, in; /* of the matrix */
  int64_t n;       /* examples; panels are padded with numbers that do not matter, but are finite */
  const void *w;
  const void *x; /* n examples of `in` features */
  const void *d; /* n examples of `out` features */
} thwn_job;

typedef struct thwn_kernel {
  size_t real;   /* bytes */
  int64_t panel; /* examples side by side */
  /* y = (y +) w x + bias, features lo .. hi-1 of `out`; bias may be NULL. */
  void (*forward)(const thwn_job *j, int64_t lo, int64_t hi, const void *bias, int add, void *y);
  /* y = (y +) w' d, features lo .. hi-1 of `in`. */
  void (*backward)(const thwn_job *j, int64_t lo, int64_t hi, int add, void *y);
  /* g = (g +) d x', columns lo .. hi-1. */
  void (*outer)(const thwn_job *j, int64_t lo, int64_t hi, int add, void *g);
  /* g = (g +) d 1, entries lo .. hi-1. */
  void (*sums)(const thwn_job *j, int64_t lo, int64_t hi, int add, void *g);
  /* h = act(z); features lo .. hi-1 of `ld` ones, all panels. */
  void (*activate)(int act, int64_t ld, int64_t panels, int64_t lo, int64_t hi, const void *z,
                   void *h);
  /* d = d act'(z) */
  void (*slope)(int act, int64_t ld, int64_t panels, int64_t lo, int64_t hi, const void *z,
                void *d);
  /* e = e act'(z) + d act''(z) zdot, then d = d act'(z) */
  void (*slope_dot)(int act, int64_t ld, int64_t panels, int64_t lo, int64_t hi, const void *z,
                    const void *zdot, void *d, void *e);
  /* y = (y +) a */
  void (*plus)(int64_t ld, int64_t panels, int64_t lo, int64_t hi, const void *a, int add, void *y);
} thwn_kernel;

extern const thwn_kernel thwn_f32, thwn_f64;

/* Kernel i for reals of 4 or 8 bytes: 0 runs on every machine; NULL: this machine has none. */
const thwn_kernel *thwn_at(size_t real, int i);
const thwn_kernel *thwn_best(size_t real);

static inline int64_t thwn_panels(const thwn_kernel *k, int64_t n) {
  return (n + k->panel - 1) / k->panel;
}

#endif
