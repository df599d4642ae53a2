/* SPDX-License-Identifier: BSD-3-Clause */
/* Largest singular values against closed forms, an iteration in long double and points of the
 * trace-norm ball; spectra that are hard; the bits over threads. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/host.h"
#include "kernels/online/singular.h"
#include "kernels/online/uniform.h"

#define SIDE 120

typedef struct fixture {
  tw_session session;
  on_env e;
  on_singular *s;
  int64_t m, n;
  double a[SIDE * SIDE], u[SIDE], v[SIDE], value, bound, sum;
} fixture;

static void begin(fixture *f, int64_t m, int64_t n, int threads) {
  f->m = m;
  f->n = n;
  tw_session_init(&f->session, 1, THW_F64, threads);
  f->e = (on_env){&tw_host, tw_ctx_new(&f->session, "low-rank")};
  assert_int_equal(on_singular_new(f->e, m, n, &f->s), THW_OK);
}

static void end(fixture *f) {
  on_singular_free(f->s);
  tw_ctx_free(f->e.ctx);
}

static void fill(fixture *f, uint64_t seed, double scale) {
  for (int64_t k = 0; k < f->m * f->n; k++)
    f->a[k] = scale * (2 * on_uniform(seed, (uint64_t)k) - 1);
}

static double form(const fixture *f) {
  double sum = 0;
  for (int64_t i = 0; i < f->m; i++)
    for (int64_t j = 0; j < f->n; j++) sum += f->u[i] * f->a[i * f->n + j] * f->v[j];
  return sum;
}

static double length(const double *x, int64_t n) {
  double sum = 0;
  for (int64_t i = 0; i < n; i++) sum += x[i] * x[i];
  return sqrt(sum);
}

/* What is promised, whatever the matrix. */
static void top(fixture *f, double tolerance) {
  thw_rng start = {.key = {5, 9}};
  assert_int_equal(on_singular_top(f->s, f->a, &start, tolerance, f->u, f->v, &f->value, &f->bound),
                   THW_OK);
  assert_true(fabs(length(f->u, f->m) - 1) <= 1e-14 && fabs(length(f->v, f->n) - 1) <= 1e-14);
  assert_true(fabs(form(f) - f->value) <= 1e-13 * f->bound);
  assert_true(f->value >= (1 - tolerance) * f->bound);
}

static void check(fixture *f, double want, double tolerance) {
  top(f, tolerance);
  assert_true(f->bound >= want * (1 - 1e-15));
  assert_true(f->value <= want * (1 + 1e-13) && f->value >= want * (1 - tolerance));
  assert_int_equal(on_singular_exact(f->s, f->a, f->u, f->v, &f->value, &f->sum), THW_OK);
  assert_true(fabs(f->value - want) <= 2e-13 * want);
  assert_true(fabs(form(f) - want) <= 2e-13 * want);
}

static void two_by_two(void **state) {
  fixture *f = *state;
  begin(f, 2, 2, 1);
  for (uint64_t seed = 1; seed <= 200; seed++) {
    fill(f, seed, 3);
    const double *a = f->a;
    double p = hypot(a[0] + a[3], a[1] - a[2]), q = hypot(a[0] - a[3], a[1] + a[2]);
    check(f, (p + q) / 2, 1e-8);
    assert_true(fabs(f->sum - fmax(p, q)) <= 1e-13 * f->value);
  }
  end(f);
}

/* The largest eigenvalue of A'A by the cubic's cosine formula. */
static double cubic(const double *a) {
  double b[9] = {0}, mean = 0, p = 0, det;
  for (int i = 0; i < 9; i++)
    for (int k = 0; k < 3; k++) b[i] += a[3 * k + i / 3] * a[3 * k + i % 3];
  for (int i = 0; i < 3; i++) mean += b[4 * i] / 3;
  for (int i = 0; i < 3; i++) b[4 * i] -= mean;
  for (int i = 0; i < 9; i++) p += b[i] * b[i] / 6;
  p = sqrt(p);
  for (int i = 0; i < 9; i++) b[i] /= p;
  det = b[0] * (b[4] * b[8] - b[5] * b[7]) - b[1] * (b[3] * b[8] - b[5] * b[6]) +
        b[2] * (b[3] * b[7] - b[4] * b[6]);
  return sqrt(mean + 2 * p * cos(acos(fmax(-1, fmin(1, det / 2))) / 3));
}

static void three_by_three(void **state) {
  fixture *f = *state;
  begin(f, 3, 3, 1);
  for (uint64_t seed = 1; seed <= 200; seed++) {
    fill(f, seed, 1);
    check(f, cubic(f->a), 1e-8);
  }
  end(f);
}

/* The power iteration, naively, for as long as it takes. */
static double power(const fixture *f) {
  long double x[SIDE], y[SIDE], norm = 0;
  for (int64_t j = 0; j < f->n; j++) x[j] = 1 + (long double)(j % 5) / 7;
  for (int round = 0; round < 6000; round++) {
    for (int64_t i = 0; i < f->m; i++) {
      y[i] = 0;
      for (int64_t j = 0; j < f->n; j++) y[i] += (long double)f->a[i * f->n + j] * x[j];
    }
    norm = 0;
    for (int64_t j = 0; j < f->n; j++) {
      x[j] = 0;
      for (int64_t i = 0; i < f->m; i++) x[j] += (long double)f->a[i * f->n + j] * y[i];
      norm += x[j] * x[j];
    }
    for (int64_t j = 0; j < f->n; j++) x[j] /= sqrtl(norm);
  }
  return (double)sqrtl(sqrtl(norm));
}

static void shapes(void **state) {
  static const int64_t of[][2] = {{1, 1}, {1, 7}, {7, 1}, {5, 9}, {30, 12}, {40, 40}, {110, 70}};
  fixture *f = *state;
  for (size_t k = 0; k < sizeof of / sizeof of[0]; k++) {
    begin(f, of[k][0], of[k][1], 1);
    fill(f, 11 + k, 2);
    check(f, power(f), 1e-6);
    end(f);
  }
}

/* A reflection of a diagonal matrix on both sides has its entries as singular values. */
static void reflected(fixture *f, const double *sigma) {
  double w[2][SIDE];
  int64_t n = f->n;
  for (int side = 0; side < 2; side++) {
    for (int64_t i = 0; i < n; i++) w[side][i] = on_uniform(3 + (uint64_t)side, (uint64_t)i) - 0.5;
    double norm = length(w[side], n);
    for (int64_t i = 0; i < n; i++) w[side][i] /= norm;
  }
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = 0; j < n; j++) {
      double sum = 0;
      for (int64_t k = 0; k < n; k++)
        sum += ((i == k) - 2 * w[0][i] * w[0][k]) * sigma[k] * ((k == j) - 2 * w[1][k] * w[1][j]);
      f->a[i * n + j] = sum;
    }
}

/* All equal; pairs that are nearly so; a crowd below the top; all but one next to nothing. */
static void spectra(void **state) {
  fixture *f = *state;
  double sigma[SIDE];
  begin(f, 100, 100, 1);
  for (int kind = 0; kind < 4; kind++) {
    double sum = 0;
    for (int64_t i = 0; i < 100; i++) {
      double x = (double)i;
      sigma[i] = kind == 0   ? 1
                 : kind == 1 ? 1 - 1e-9 * (double)(i % 2) - 0.001 * floor(x / 2)
                 : kind == 2 ? 1 - 1e-5 * x
                 : i == 0    ? 1
                             : 1e-13;
      sum += sigma[i];
    }
    reflected(f, sigma);
    check(f, 1, 1e-6);
    assert_true(fabs(f->sum - sum) <= 1e-11);
  }
  end(f);
}

static void scales(void **state) {
  fixture *f = *state;
  double value = 0;
  begin(f, 20, 30, 1);
  for (int k = -1; k <= 1; k++) {
    fill(f, 3, ldexp(1, 900 * k));
    top(f, 1e-6);
    f->value = ldexp(f->value, -900 * k);
    assert_true(k < 0 || f->value == value);
    value = f->value;
  }
  memset(f->a, 0, sizeof f->a);
  top(f, 1e-6);
  assert_true(f->value == 0 && f->bound == 0);
  f->a[35] = -4;
  check(f, 4, 1e-6);
  end(f);
}

/* A combination of three random rank-one matrices with weights of sum one in size is in the ball;
 * none of them, and none beside the answer, earns more. */
static void over_the_ball(void **state) {
  fixture *f = *state;
  double u[25], v[15];
  begin(f, 25, 15, 1);
  fill(f, 21, 1);
  top(f, 1e-8);
  for (uint64_t trial = 0; trial < 20000; trial++) {
    double earned = 0, left = 1;
    for (uint64_t part = 0; part < 3; part++) {
      uint64_t seed = 1000 + 3 * trial + part;
      double near = trial % 2 ? pow(10, -4 * on_uniform(seed, 99)) : 1e6, sum = 0;
      for (int64_t i = 0; i < 25; i++)
        u[i] = f->u[i] + near * (on_uniform(seed, (uint64_t)i) - 0.5);
      for (int64_t j = 0; j < 15; j++)
        v[j] = f->v[j] + near * (on_uniform(seed, 50 + (uint64_t)j) - 0.5);
      for (int64_t i = 0; i < 25; i++)
        for (int64_t j = 0; j < 15; j++) sum += u[i] * f->a[i * 15 + j] * v[j];
      double share = part == 2 ? left : left * on_uniform(seed, 98);
      left -= share;
      earned += share * sum / (length(u, 25) * length(v, 15));
    }
    assert_true(earned <= f->bound);
    assert_true(earned <= f->value * (1 + 1e-8));
  }
  end(f);
}

static void threads(void **state) {
  fixture *f = *state;
  static double u[SIDE], v[SIDE];
  double value = 0, bound = 0;
  for (int k = 1; k <= 4; k++) {
    begin(f, 110, 90, k);
    fill(f, 8, 1);
    top(f, 1e-6);
    if (k > 1) {
      assert_true(f->value == value && f->bound == bound);
      assert_memory_equal(u, f->u, sizeof u);
      assert_memory_equal(v, f->v, sizeof v);
    }
    memcpy(u, f->u, sizeof u);
    memcpy(v, f->v, sizeof v);
    value = f->value;
    bound = f->bound;
    end(f);
  }
}

int main(void) {
  static fixture f;
  void *start = &f;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_prestate(two_by_two, start),
      cmocka_unit_test_prestate(three_by_three, start),
      cmocka_unit_test_prestate(shapes, start),
      cmocka_unit_test_prestate(spectra, start),
      cmocka_unit_test_prestate(scales, start),
      cmocka_unit_test_prestate(over_the_ball, start),
      cmocka_unit_test_prestate(threads, start),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
