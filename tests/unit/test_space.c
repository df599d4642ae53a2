/* SPDX-License-Identifier: BSD-3-Clause */
/* Vector operations against plain loops, in both precisions, and Philox against its published
 * vectors. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/space.h"

/* Known-answer vectors of Random123 (kat_vectors, philox 4x32 10). */
static void philox_matches_published_vectors(void **state) {
  (void)state;
  static const struct {
    uint32_t c[4], k[2], out[4];
  } kat[] = {
      {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
      {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
       {0xffffffff, 0xffffffff},
       {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
      {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
       {0xa4093822, 0x299f31d0},
       {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
  };
  for (size_t i = 0; i < sizeof kat / sizeof kat[0]; i++) {
    uint32_t out[4];
    thw_philox(kat[i].c, kat[i].k, out);
    assert_memory_equal(out, kat[i].out, sizeof out);
  }
}

static void index_is_uniform(void **state) {
  (void)state;
  thw_rng r = {.key = {7, 0}};
  int count[6] = {0};
  for (int i = 0; i < 60000; i++) count[thw_rng_index(&r, 6)]++;
  double chi2 = 0;
  for (int i = 0; i < 6; i++) chi2 += pow(count[i] - 10000, 2) / 10000;
  assert_true(chi2 < 20.5); /* 99.9 % quantile, 5 degrees of freedom */
}

static void fill_test(thw_vec *v, double a, double b) {
  thw_view w;
  assert_int_equal(v->ops->map(v, THW_WRITE, &w), THW_OK);
  for (int64_t i = 0; i < w.n; i++) {
    double t = a + b * (double)(i % 97);
    if (w.dtype == THW_F32)
      ((float *)w.data)[i] = (float)t;
    else
      ((double *)w.data)[i] = t;
  }
  v->ops->unmap(v, THW_WRITE);
}

static double at(thw_vec *v, int64_t i) {
  thw_view w;
  v->ops->map(v, THW_READ, &w);
  return w.dtype == THW_F32 ? (double)((float *)w.data)[i] : ((double *)w.data)[i];
}

static void check_ops(uint32_t dtype, int64_t n) {
  double tol = dtype == THW_F32 ? 1e-5 : 1e-13;
  thw_space *s = tw_space_new(dtype, n);
  thw_vec *x, *y, *z;
  assert_int_equal(thw_vec_new(s, &x), THW_OK);
  assert_int_equal(thw_vec_new(s, &y), THW_OK);
  assert_int_equal(thw_vec_new(s, &z), THW_OK);
  fill_test(x, 1.0, 0.5);
  fill_test(y, -2.0, 0.25);

  double want = 0, want1 = 0, wantinf = 0, got;
  for (int64_t i = 0; i < n; i++) {
    double a = 1.0 + 0.5 * (double)(i % 97), b = -2.0 + 0.25 * (double)(i % 97);
    want += a * b;
    want1 += fabs(b);
    wantinf = fmax(wantinf, fabs(b));
  }
  assert_int_equal(thw_dot(x, y, &got), THW_OK);
  assert_true(fabs(got - want) <= tol * (1 + fabs(want)));
  assert_int_equal(y->ops->norm1(y, &got), THW_OK);
  assert_true(fabs(got - want1) <= tol * (1 + want1));
  assert_int_equal(y->ops->norminf(y, &got), THW_OK);
  assert_true(fabs(got - wantinf) <= tol * (1 + wantinf));

  const thw_vec *in[2] = {x, y};
  double c[2] = {2.0, -3.0};
  assert_int_equal(thw_fill(z, 1.0), THW_OK);
  assert_int_equal(thw_lincomb(z, 0.5, 2, c, in), THW_OK);
  for (int64_t i = 0; i < n; i += 1 + n / 7) {
    double w = 0.5 + 2.0 * at(x, i) - 3.0 * at(y, i);
    assert_true(fabs(at(z, i) - w) <= tol * (1 + fabs(w)));
  }
  assert_int_equal(thw_fill(z, NAN), THW_OK);
  assert_int_equal(thw_axpby(z, 2.0, x, 0.0), THW_OK); /* b == 0 does not read y */
  assert_true(at(z, n - 1) == 2.0 * at(x, n - 1));

  int32_t all;
  assert_int_equal(z->ops->finite(z, &all), THW_OK);
  assert_int_equal(all, 1);
  thw_view w;
  z->ops->map(z, THW_READ | THW_WRITE, &w);
  if (dtype == THW_F32)
    ((float *)w.data)[n - 1] = INFINITY;
  else
    ((double *)w.data)[n - 1] = (double)NAN;
  assert_int_equal(z->ops->finite(z, &all), THW_OK);
  assert_int_equal(all, 0);

  thw_vec_free(x);
  thw_vec_free(y);
  thw_vec_free(z);
  tw_space_free(s);
}

static void operations_match_plain_loops(void **state) {
  (void)state;
  static const int64_t sizes[] = {1, 7, 8, 100, 4096, 4097, 100003};
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    check_ops(THW_F32, sizes[i]);
    check_ops(THW_F64, sizes[i]);
  }
}

static void normal_has_unit_moments(void **state) {
  (void)state;
  thw_space *s = tw_space_new(THW_F64, 100001);
  thw_vec *x;
  assert_int_equal(thw_vec_new(s, &x), THW_OK);
  thw_rng r = {.key = {1, 2}, .stream = 3};
  assert_int_equal(x->ops->normal(x, &r, 0, 1), THW_OK);
  double sq, sum = 0;
  thw_dot(x, x, &sq);
  for (int64_t i = 0; i < s->n; i++) sum += at(x, i);
  assert_true(fabs(sum / 100001) < 4 / sqrt(100001));
  assert_true(fabs(sq / 100001 - 1) < 4 * sqrt(2.0 / 100001));
  thw_vec_free(x);
  tw_space_free(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(philox_matches_published_vectors),
      cmocka_unit_test(index_is_uniform),
      cmocka_unit_test(operations_match_plain_loops),
      cmocka_unit_test(normal_has_unit_moments),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
