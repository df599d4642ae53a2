/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/online/mirror.h - mirror maps that are sums over coordinates, by their conjugates:
 * a point x is grad phi*(theta), theta = grad phi(x) is its dual.
 *
 *   Euclidean    phi(x) = x^2/2
 *   entropy      phi(x) = x ln x - x, x > 0
 *   hypentropy   phi(x) = x asinh(x/beta) - sqrt(x^2 + beta^2)   (Ghai, Hazan, Singer, ALT 2020):
 *                Euclidean for |x| well below beta, an entropy of both signs well above it */
#ifndef THALWEG_KERNELS_ONLINE_MIRROR_H
#define THALWEG_KERNELS_ONLINE_MIRROR_H

#include <math.h>
#include <stdint.h>

enum { ON_EUCLID, ON_ENTROPY, ON_HYPENTROPY };

typedef struct on_mirror {
  int32_t kind;
  double beta; /* of the hypentropy */
} on_mirror;

/* Points of the entropy stay above this. */
#define ON_TINY 1e-300

static inline double on_mirror_dual(const on_mirror *m, double x) {
  if (m->kind == ON_ENTROPY) return log(x > ON_TINY ? x : ON_TINY);
  return m->kind == ON_HYPENTROPY ? asinh(x / m->beta) : x;
}

static inline double on_mirror_point(const on_mirror *m, double theta) {
  if (m->kind == ON_ENTROPY) return fmax(exp(theta), ON_TINY);
  return m->kind == ON_HYPENTROPY ? m->beta * sinh(theta) : theta;
}

/* phi*''(theta) at x = phi*'(theta). */
static inline double on_mirror_curvature(const on_mirror *m, double x) {
  if (m->kind == ON_ENTROPY) return x;
  return m->kind == ON_HYPENTROPY ? sqrt(x * x + m->beta * m->beta) : 1;
}

static inline double on_mirror_conjugate(const on_mirror *m, double theta) {
  if (m->kind == ON_ENTROPY) return exp(theta);
  return m->kind == ON_HYPENTROPY ? m->beta * cosh(theta) : 0.5 * theta * theta;
}

#endif
