/* SPDX-License-Identifier: BSD-3-Clause */
/* The sequential test of the gradient: how often it errs where it is hardest, held against what it
 * states by the exact binomial law, and how many rows it takes. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "kernels/curvature/gradient.h"
#include "tests/problems/model.h"

#define EPSILON 0.01
#define PAPER 3200.0 /* 16 V/epsilon^2 for V = 0.02 */
#define P 0.05
#define ROWS 40000

/* A stream (or a sum) of rows with gradients x + c_i, c_i normal of covariance V I/d: d is how many
 * directions the noise has. */
typedef struct site {
  tp_model model;
  tp_oracle *oracle;
  thw_vec *x;
  curv_sample s;
  thw_rng rng;
  curv_problem p;
} site;

static void site_new(site *s, int64_t n, int64_t d, int stream) {
  double *a = tp_doubles(d * d);
  thw_rng r = {.key = {7, 7}};
  for (int64_t i = 0; i < d; i++) a[i * d + i] = 1;
  *s = (site){.model = tp_quartic(n, d, a, 0, sqrt(0.02), &r)};
  free(a);
  s->oracle = tp_oracle_new(&s->model, THW_F64, stream);
  thw_vec **v[] = {&s->x, &s->s.mean, &s->s.block, &s->s.last, &s->s.other};
  for (size_t i = 0; i < sizeof v / sizeof v[0]; i++)
    assert_int_equal(thw_vec_new(tp_oracle_space(s->oracle), v[i]), THW_OK);
  s->p = (curv_problem){
      .oracle = tp_oracle_object(s->oracle), .x0 = s->x, .n = stream ? -1 : n, .rng = &s->rng};
}

static void site_free(site *s) {
  thw_vec *v[] = {s->x, s->s.mean, s->s.block, s->s.last, s->s.other};
  for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) thw_vec_free(v[i]);
  tp_oracle_free(s->oracle);
  tp_model_free(&s->model);
}

/* The gradient gets this norm (x^3 is nothing here). */
static void place(site *s, double norm) {
  thw_rng r = {.key = {1, 2}};
  assert_int_equal(thw_unit_vec(s->x, &r), THW_OK);
  assert_int_equal(thw_scale(s->x, norm), THW_OK);
}

typedef struct tally {
  int small, large, undecided;
  double rows; /* mean, of PAPER */
} tally;

static tally judge(site *s, double norm, int paper, int seeds) {
  tally t = {0};
  const curv_test how = {.low = 0.75 * EPSILON,
                         .high = EPSILON,
                         .p_small = P,
                         .p_large = P,
                         .chunk = 1000,
                         .paper = paper};
  place(s, norm);
  for (int i = 0; i < seeds; i++) {
    curv_size size;
    int64_t cost = 0, before = tp_oracle_cost(s->oracle);
    s->rng = (thw_rng){.key = {(uint32_t)i, 33}};
    assert_int_equal(curv_gradient_test(&s->p, &how, &s->s, &size, &cost), THW_OK);
    assert_int_equal(cost, tp_oracle_cost(s->oracle) - before);
    assert_int_equal(cost, s->s.rows);
    t.small += size == CURV_SMALL;
    t.large += size == CURV_LARGE;
    t.undecided += size == CURV_UNDECIDED;
    t.rows += (double)cost / PAPER / seeds;
  }
  printf("  d = %2lld, |g| = %.2f epsilon%s: small %d, large %d, undecided %d of %d, rows %.3f\n",
         (long long)s->model.d, norm / EPSILON, paper ? ", paper's end" : "", t.small, t.large,
         t.undecided, seeds, t.rows);
  return t;
}

/* P(X >= k), X binomial(n, p): below one percent the rate is above p with confidence 99 %. */
static double at_least(int k, int n, double p) {
  double sum = 0;
  for (int i = k; i <= n; i++)
    sum += exp(lgamma(n + 1.0) - lgamma(i + 1.0) - lgamma(n - i + 1.0) + i * log(p) +
               (n - i) * log1p(-p));
  return sum;
}

static void errs_as_seldom_as_it_says(void **state) {
  (void)state;
  static const int64_t dims[3] = {1, 3, 30};
  enum { SEEDS = 500 };
  for (int k = 0; k < 3; k++) {
    site s;
    site_new(&s, ROWS, dims[k], 1);
    tally above = judge(&s, 1.0001 * EPSILON, 0, SEEDS);
    assert_true(at_least(above.small, SEEDS, P) > 0.01);
    assert_int_equal(above.undecided, 0);
    tally below = judge(&s, 0.7499 * EPSILON, 0, SEEDS);
    assert_true(at_least(below.large, SEEDS, P) > 0.01);
    site_free(&s);
  }
}

/* Never many more rows than the paper's form takes, and far fewer where it is clear. */
static void is_cheap_where_it_is_clear(void **state) {
  (void)state;
  static const struct {
    int64_t d;
    double norm, rows;
    int small; /* 1: surely, 0: surely not, -1: either */
  } cell[] = {{1, 0, 0.9, 1},     {1, 0.9, 1.1, -1}, {1, 2, 0.8, 0},
              {1, 4, 0.25, 0},    {30, 0, 0.6, 1},   {30, 0.5, 0.85, 1},
              {30, 0.9, 1.1, -1}, {30, 2, 0.25, 0},  {30, 4, 0.1, 0}};
  for (size_t k = 0; k < sizeof cell / sizeof cell[0]; k++) {
    site s;
    site_new(&s, ROWS, cell[k].d, 1);
    tally t = judge(&s, cell[k].norm * EPSILON, 1, 200);
    assert_int_equal(t.undecided, 0);
    assert_true(t.rows < cell[k].rows);
    if (cell[k].small == 1) assert_true(t.large <= 4); /* the paper's end may err */
    if (cell[k].small == 0) assert_true(t.small <= 4);
    site_free(&s);
  }
}

/* Of a sum at most half of all rows are drawn, and none beyond what is of use. */
static void a_sum_is_left_to_all_rows(void **state) {
  (void)state;
  site s;
  site_new(&s, 2400, 1, 0);
  tally t = judge(&s, 0.9 * EPSILON, 1, 50);
  assert_true(t.undecided > 40 && t.rows * PAPER <= 1200);
  t = judge(&s, 20 * EPSILON, 1, 50);
  assert_int_equal(t.large, 50);
  assert_true(t.rows * PAPER == 256);
  site_free(&s);
}

static void the_largest_stage_can_be_drawn_again(void **state) {
  (void)state;
  site s;
  site_new(&s, ROWS, 3, 1);
  place(&s, 0.9 * EPSILON);
  curv_test how = {.low = 0.75 * EPSILON,
                   .high = EPSILON,
                   .p_small = P,
                   .p_large = P,
                   .chunk = 65536,
                   .most = 1024};
  curv_size size;
  int64_t cost = 0;
  s.rng = (thw_rng){.key = {5, 5}};
  for (int64_t m = 256; m <= 1024; m *= 2) { /* whatever it would decide: by hand */
    if (m == 256) assert_int_equal(curv_sample_start(&s.s), THW_OK);
    assert_int_equal(curv_sample_grow(&s.p, &s.s, m, &cost), THW_OK);
  }
  assert_int_equal(s.s.again_rows, 1024);
  thw_rng again = s.s.again;
  thw_batch *b;
  assert_int_equal(thw_oracle_draw(s.p.oracle, &again, THW_DRAW_SUBSET, 1024, &b), THW_OK);
  assert_memory_equal(&again, &s.rng, sizeof again);
  thw_oracle_release(s.p.oracle, b);
  how.most = 100; /* not enough to begin */
  cost = 0;
  assert_int_equal(curv_gradient_test(&s.p, &how, &s.s, &size, &cost), THW_OK);
  assert_true(size == CURV_UNDECIDED && cost == 0);
  site_free(&s);
}

/* V is unbiased, S is between V/sqrt(d) and V and not below its truth by much. */
static void the_spread_of_the_noise_is_estimated(void **state) {
  (void)state;
  static const int64_t dims[3] = {1, 4, 64};
  for (int k = 0; k < 3; k++) {
    site s;
    double V = 0, S = 0, truth = 0.02 / sqrt((double)dims[k]);
    site_new(&s, ROWS, dims[k], 1);
    place(&s, 1.0);
    for (uint32_t i = 0; i < 100; i++) {
      int64_t cost = 0;
      s.rng = (thw_rng){.key = {i, 34}};
      assert_int_equal(curv_sample_start(&s.s), THW_OK);
      for (int64_t m = 256; m <= 1024; m *= 2)
        assert_int_equal(curv_sample_grow(&s.p, &s.s, m, &cost), THW_OK);
      assert_true(s.s.S <= s.s.V);
      V += s.s.V / 100;
      S += s.s.S / 100;
    }
    printf("  d = %2lld: V %.3f, S %.3f of the truth\n", (long long)dims[k], V / 0.02, S / truth);
    assert_true(fabs(V / 0.02 - 1) < 0.05);
    assert_true(S / truth > 0.75 && S / truth < 1.4);
    site_free(&s);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(errs_as_seldom_as_it_says),
      cmocka_unit_test(is_cheap_where_it_is_clear),
      cmocka_unit_test(a_sum_is_left_to_all_rows),
      cmocka_unit_test(the_largest_stage_can_be_drawn_again),
      cmocka_unit_test(the_spread_of_the_noise_is_estimated),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
