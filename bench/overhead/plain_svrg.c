/* SPDX-License-Identifier: BSD-3-Clause */
/* The same SVRG as a plain C loop: what would a user save by writing it by hand?
 *
 *   plain_svrg ROWS COLUMNS STEP EPOCHS X.f64 Y.f64
 *
 * Dense binary logistic regression, mean of losses + 0.5/n |w|^2; snapshot = last iterate, epochs
 * of 2n single-row steps, slopes at the snapshot kept, one pass over the coordinates per step: the
 * best plain code that is still a page. Prints seconds per pass (n component gradients, a step
 * counting two) and the final objective. Compile with -O3 -march=native: that is what a user would
 * do. The build does not know this file: run.py compiles it. */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double *load(const char *file, size_t n) {
  double *v = malloc(n * sizeof *v);
  FILE *f = fopen(file, "rb");
  if (!v || !f || fread(v, sizeof *v, n, f) != n) {
    fprintf(stderr, "%s: %zu numbers expected\n", file, n);
    exit(1);
  }
  fclose(f);
  return v;
}

static double dot(const double *a, const double *b, size_t d) {
  double s0 = 0, s1 = 0, s2 = 0, s3 = 0;
  size_t j = 0;
  for (; j + 4 <= d; j += 4)
    s0 += a[j] * b[j], s1 += a[j + 1] * b[j + 1], s2 += a[j + 2] * b[j + 2],
        s3 += a[j + 3] * b[j + 3];
  for (; j < d; j++) s0 += a[j] * b[j];
  return (s0 + s1) + (s2 + s3);
}

/* xorshift64*: as cheap as random rows get. */
static uint64_t next(uint64_t *s) {
  *s ^= *s >> 12, *s ^= *s << 25, *s ^= *s >> 27;
  return *s * UINT64_C(2685821657736338717);
}

static double slope(double y, double z) {
  return -y / (1 + exp(y * z));
}

int main(int argc, char **argv) {
  if (argc != 7) return 2;
  size_t n = strtoul(argv[1], NULL, 10), d = strtoul(argv[2], NULL, 10);
  double step = strtod(argv[3], NULL), l2 = 1 / (double)n;
  int epochs = atoi(argv[4]);
  double *x = load(argv[5], n * d), *y = load(argv[6], n);
  double *w = calloc(d, sizeof *w), *s = calloc(d, sizeof *s), *mu = calloc(d, sizeof *mu),
         *c = calloc(n, sizeof *c);
  uint64_t seed = 88172645463325252u;
  double start = now();
  for (int e = 0; e < epochs; e++) {
    for (size_t j = 0; j < d; j++) s[j] = w[j], mu[j] = l2 * w[j];
    for (size_t i = 0; i < n; i++) {
      const double *a = x + i * d;
      c[i] = slope(y[i], dot(a, s, d));
      double r = c[i] / (double)n;
      for (size_t j = 0; j < d; j++) mu[j] += r * a[j];
    }
    for (size_t t = 0; t < 2 * n; t++) {
      size_t i = (size_t)(((unsigned __int128)next(&seed) * n) >> 64);
      const double *a = x + i * d;
      double r = slope(y[i], dot(a, w, d)) - c[i];
      for (size_t j = 0; j < d; j++) w[j] -= step * (r * a[j] + l2 * (w[j] - s[j]) + mu[j]);
    }
  }
  double took = now() - start, f = 0.5 * l2 * dot(w, w, d);
  for (size_t i = 0; i < n; i++) f += log1p(exp(-y[i] * dot(x + i * d, w, d))) / (double)n;
  printf("%.9g %.17g\n", took / (5.0 * epochs), f);
  return 0;
}
