/* SPDX-License-Identifier: BSD-3-Clause */
/* Cubic regularisation: the sub-problem against what its optimality conditions say, minima from
 * saddles, and few products. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "plugins/optimizers/cubic/cubic.h"
#include "tests/problems/cells.h"
#include "tests/problems/model.h"
#include "tests/rivals/trial.h"

/* ---- sub-problem ------------------------------------------------------------------------------
 */

enum { K = 9 };

typedef struct room {
  double alpha[K], beta[K], c[K], theta[K], w[K * K], y[K], z[K], work[2 * K];
} room;

static cubic_reduced reduced(room *m) {
  return (cubic_reduced){K, m->alpha, m->beta, m->c, m->theta, m->w, m->y, m->z, m->work};
}

/* T y with the tridiagonal T itself, not its eigenvectors. */
static void times(const room *m, const double *y, double *out) {
  for (int i = 0; i < K; i++) {
    out[i] = m->alpha[i] * y[i];
    if (i > 0) out[i] += m->beta[i - 1] * y[i - 1];
    if (i + 1 < K) out[i] += m->beta[i] * y[i + 1];
  }
}

static double value(const room *m, double rho, const double *y) {
  double ty[K], n = sqrt(tp_dot(K, y, y));
  times(m, y, ty);
  return tp_dot(K, m->c, y) + 0.5 * tp_dot(K, y, ty) + rho / 6 * n * n * n;
}

/* (T + lambda) y = -c, T + lambda >= 0, lambda = rho/2 |y|: necessary and sufficient for the global
 * minimiser. */
static void judge(const room *m, double rho, double decrease) {
  double ty[K], n = sqrt(tp_dot(K, m->y, m->y)), lambda = rho / 2 * n, scale = 1;
  times(m, m->y, ty);
  for (int i = 0; i < K; i++) scale = fmax(scale, fmax(fabs(m->c[i]), fabs(m->alpha[i]) * n));
  for (int i = 0; i < K; i++) assert_true(fabs(ty[i] + lambda * m->y[i] + m->c[i]) <= 1e-9 * scale);
  assert_true(m->theta[0] + lambda >= -1e-9 * scale);
  assert_true(fabs(decrease + value(m, rho, m->y)) <= 1e-9 * scale * fmax(1, n));
}

static void minimises_the_model(void **state) {
  (void)state;
  thw_rng r = {.key = {1, 1}};
  for (int trial_no = 0; trial_no < 400; trial_no++) {
    room m;
    cubic_reduced q = reduced(&m);
    double rho = pow(10, 4 * thw_rng_uniform(&r) - 2), decrease;
    for (int i = 0; i < K; i++) {
      m.alpha[i] = thw_rng_normal(&r);
      m.beta[i] = fabs(thw_rng_normal(&r));
      m.c[i] = trial_no % 4 == 0 ? 0 : thw_rng_normal(&r);
    }
    if (trial_no % 4 == 1) m.c[0] *= 1e6;
    assert_int_equal(cubic_eigen(&q), THW_OK);
    cubic_minimise(&q, rho, &decrease);
    judge(&m, rho, decrease);
    assert_true(decrease >= 0);
    /* no other point does better */
    for (int i = 0; i < 20; i++) {
      double y[K];
      for (int j = 0; j < K; j++) y[j] = m.y[j] + pow(10, -i % 5) * thw_rng_normal(&r);
      assert_true(value(&m, rho, y) >= -decrease - 1e-9 * (1 + fabs(decrease)));
    }
  }
}

/* Nothing of c along the least eigenvector: the hard case. */
static void fills_up_in_the_hard_case(void **state) {
  (void)state;
  room m = {.alpha = {-1, 1, 2, 3, 4, 5, 6, 7, 8}, .c = {0, 0.1}};
  cubic_reduced q = reduced(&m);
  double decrease;
  assert_int_equal(cubic_eigen(&q), THW_OK);
  cubic_minimise(&q, 2.0, &decrease);
  judge(&m, 2.0, decrease);
  /* lambda = 1 = |y|: y_1 = -0.1/2, the rest along the first */
  assert_true(fabs(m.y[1] + 0.05) < 1e-9);
  assert_true(fabs(fabs(m.y[0]) - sqrt(1 - 0.0025)) < 1e-6);
}

/* ---- problems ---------------------------------------------------------------------------------
 */

static tp_model saddle(int64_t n, int64_t d, double tauH, double taub, uint32_t seed) {
  double *a = tp_doubles(d * d), *lam = tp_doubles(d);
  thw_rng r = {.key = {seed, 12}};
  for (int64_t i = 0; i < d; i++)
    lam[i] = i == 0 ? -0.4 : i == 1 ? -0.2 : i == 2 ? -0.1 : thw_rng_uniform(&r);
  tp_symmetric(d, lam, &r, a);
  tp_model m = tp_quartic(n, d, a, tauH, taub, &r);
  free(a);
  free(lam);
  return m;
}

static double products(trial *r) {
  return (double)((cubic *)r->self)->products;
}

static int minima(int64_t n, int64_t d, double tauH, double taub, int stream, double epsilon,
                  double down, int seeds, int64_t limit, const char *params, double *cost,
                  double *hv) {
  double all[32], p[32];
  int good = 0;
  for (int i = 0; i < seeds; i++) {
    tp_model m = saddle(n, d, tauH, taub, (uint32_t)i + 1);
    trial r;
    double f, norm;
    trial_open(&r, "cubic", params, &m,
               &(trial_setup){
                   .seed = (uint64_t)i + 1, .epsilon = epsilon, .delta = 0.05, .stream = stream});
    thw_status st = trial_run(&r, n, limit);
    all[i] = (double)trial_cost(&r);
    p[i] = products(&r);
    trial_judge(&r, &m, &f, &norm);
    good += st == THW_DONE && f < down && norm <= epsilon;
    trial_close(&r);
    tp_model_free(&m);
  }
  *cost = tp_median(all, seeds);
  *hv = tp_median(p, seeds);
  return good;
}

/* From the exact saddle, Q of neon2.md section 12: perturbed gradient descent needs 404 gradients
 * of the sum there. */
static void finds_minima(void **state) {
  (void)state;
  double cost, hv;
  int good = minima(1, 100, 0, 0, 0, 1e-3, -1.5, 20, 2000, "", &cost, &hv);
  printf("  Q, n = 1: %d/20, median %.0f gradients, of which %.0f for products\n", good, cost, hv);
  assert_int_equal(good, 20);
  assert_true(cost <= 250);
  good = minima(1, 100, 0, 0, 0, 1e-3, -1.5, 20, 20000, "solver=descent", &cost, &hv);
  printf("  by descent: %d/20, median %.0f gradients\n", good, cost);
  assert_int_equal(good, 20);
  good = minima(2000, 100, 0.5, 0, 0, 1e-3, -1.5, 20, 2000 * 400, "", &cost, &hv);
  printf("  Q, n = 2000: %d/20, median %.1f passes, %.0f products\n", good, cost / 2000, hv);
  assert_int_equal(good, 20);
  good = minima(40000, 50, 0.5, 0.5, 1, 0.1, -0.5, 10, 100000000, "", &cost, &hv);
  printf("  Q, stream: %d/10, median %.0f gradients, %.0f products\n", good, cost, hv);
  assert_int_equal(good, 10);
}

/* Near a minimum it is Newton's method: the norm falls as its square. */
static void converges_as_newton(void **state) {
  (void)state;
  enum { D = 30 };
  tp_model m = saddle(1, D, 0, 0, 4);
  trial r;
  double before = 1, f;
  int squared = 0;
  trial_open(&r, "cubic", "tolerance=1e-6", &m,
             &(trial_setup){.seed = 3, .epsilon = 1e-11, .delta = 0.05});
  while (trial_cost(&r) < 5000) {
    thw_status st = trial_step(&r, 1);
    double norm = r.io.grad_norm;
    if (before < 1e-2 && norm < 10 * before * before) squared++;
    before = norm;
    if (st == THW_DONE) break;
  }
  trial_judge(&r, &m, &f, &before);
  assert_true(before <= 1e-11);
  assert_true(squared >= 2);
  trial_close(&r);
  tp_model_free(&m);
}

/* A certificate that the Krylov space is too small for comes from a search. */
static void a_small_basis_is_no_certificate(void **state) {
  (void)state;
  double cost, hv;
  int good = minima(1, 100, 0, 0, 0, 1e-3, -1.5, 20, 20000, "krylov=5", &cost, &hv);
  printf("  5 vectors: %d/20, median %.0f gradients, of which %.0f for products\n", good, cost, hv);
  assert_int_equal(good, 20);
}

static void bits(void **state) {
  (void)state;
  for (uint32_t dtype = THW_F32; dtype <= THW_F64; dtype++) {
    tp_model m = saddle(120, 20, 0.5, 0.2, 5);
    trial_setup one = {.epsilon = 1e-2, .delta = 0.05, .seed = 5, .dtype = dtype};
    trial_same_bits("cubic", "", &m, &one, 1000, 1, 60000);
    trial_same_bits("cubic", "solver=descent", &m, &one, 1000, 1, 60000);
    trial_same_bits("cubic", "hessian_batch=40 gradient_batch=100", &m, &one, 1, 5000, 60000);
    tp_model_free(&m);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(minimises_the_model),
      cmocka_unit_test(fills_up_in_the_hard_case),
      cmocka_unit_test(finds_minima),
      cmocka_unit_test(converges_as_newton),
      cmocka_unit_test(a_small_basis_is_no_certificate),
      cmocka_unit_test(bits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
