/* SPDX-License-Identifier: BSD-3-Clause */
/* Each method against its own formula, worked out here with plain loops. */
#include "tests/optim/rig.h"

#include "kernels/optim/linesearch.h"
#include "kernels/optim/schedule.h"
#include "tests/optim/models.h"

#define D 10
#define N 8
#define ROWS "source: { type = \"rows\"; n = 8; }; oracle: { type = \"finite-sum\"; };"
#define BOWL ROWS "model: { type = \"bowl\"; d = 10; condition = 10.0; };"
#define MUTE ROWS "model: { type = \"bowl\"; d = 10; condition = 10.0; facts = false; };"

static void close_to(const double *x, const double *y, double tol) {
  for (int j = 0; j < D; j++)
    if (!(fabs(x[j] - y[j]) <= tol)) fail_msg("x[%d] = %.17g, expected %.17g", j, x[j], y[j]);
}

static void bowl_gradient(const double *x, double *g) {
  for (int j = 0; j < D; j++) {
    double h = 0, c = 0;
    for (int i = 0; i < N; i++) h += rig_bowl_h(i, j, D, 10.0, 0.5) / N, c += rig_bowl_c(i, j) / N;
    g[j] = h * x[j] - c;
  }
}

static void start(double *x) {
  for (int j = 0; j < D; j++) x[j] = 1.0;
}

/* Runs `steps` steps of a method that goes over the whole sum and compares. */
static void runs_to(const char *optimizer, int steps, const double *expected, double tol) {
  rig r;
  rig_open(&r, BOWL, optimizer, NULL);
  for (int k = 0; k < steps; k++) assert_int_equal(rig_step(&r, 1), THW_OK);
  double *x = rig_point(&r);
  close_to(x, expected, tol);
  free(x);
  rig_close(&r);
}

static void gd_takes_plain_steps(void **state) {
  (void)state;
  double x[D], g[D];
  start(x);
  for (int k = 0; k < 25; k++) {
    bowl_gradient(x, g);
    for (int j = 0; j < D; j++) x[j] -= g[j]; /* 1/L, L a fact */
  }
  runs_to("optimizer: { type = \"gd\"; };", 25, x, 1e-13);
}

static void momentum_follows_its_formulas(void **state) {
  (void)state;
  for (int nesterov = 0; nesterov < 2; nesterov++) {
    double x[D], v[D] = {0}, g[D], at[D], eta = nesterov ? 1.0 : 0.1;
    start(x);
    for (int k = 0; k < 25; k++) {
      for (int j = 0; j < D; j++) at[j] = x[j] + (nesterov ? 0.9 * v[j] : 0.0);
      bowl_gradient(at, g);
      for (int j = 0; j < D; j++) v[j] = 0.9 * v[j] - eta * g[j], x[j] += v[j];
    }
    runs_to(nesterov ? "optimizer: { type = \"gd\"; momentum = \"nesterov\"; };"
                     : "optimizer: { type = \"gd\"; momentum = \"heavy-ball\"; };",
            25, x, 1e-13);
    runs_to(nesterov ? "optimizer: { type = \"sgd\"; batch = 0; step = 1.0; momentum = "
                       "\"nesterov\"; };"
                     : "optimizer: { type = \"sgd\"; batch = 0; step = 0.1; momentum = "
                       "\"heavy-ball\"; };",
            25, x, 1e-13);
  }
}

static void adam_follows_its_formula(void **state) {
  (void)state;
  double x[D], m[D] = {0}, s[D] = {0}, g[D];
  start(x);
  for (int t = 1; t <= 25; t++) {
    bowl_gradient(x, g);
    for (int j = 0; j < D; j++) {
      m[j] = 0.9 * m[j] + 0.1 * g[j];
      s[j] = 0.999 * s[j] + 0.001 * g[j] * g[j];
      x[j] *= 1.0 - 0.05 * 0.01;
      x[j] -= 0.05 * (m[j] / (1 - pow(0.9, t))) / (sqrt(s[j] / (1 - pow(0.999, t))) + 1e-8);
    }
  }
  runs_to("optimizer: { type = \"adam\"; batch = 0; weight_decay = 0.01; };", 25, x, 1e-13);
}

static void sgd_averages_and_schedules(void **state) {
  (void)state;
  double x[D], g[D], mean[D] = {0};
  start(x);
  for (int t = 0; t < 25; t++) {
    bowl_gradient(x, g);
    for (int j = 0; j < D; j++) {
      x[j] -= 0.5 / sqrt(1.0 + 0.3 * t) * g[j];
      mean[j] += x[j] / 25;
    }
  }
  runs_to(
      "optimizer: { type = \"sgd\"; batch = 0; step = 0.5; schedule = \"inverse-sqrt\"; decay = "
      "0.3; average = \"uniform\"; };",
      25, mean, 1e-13);
}

/* g, or as much of it as has norm `most`. */
static void clip(double *g, double most) {
  double square = 0;
  for (int j = 0; j < D; j++) square += g[j] * g[j];
  for (int j = 0; j < D; j++) g[j] *= fmin(1.0, most / sqrt(square));
}

/* Long gradients first, short ones later; and a step that falls to the end of the run's budget,
 * wherever the clipping is. */
static void clipping_and_linear_decay(void **state) {
  (void)state;
  double x[D], v[D] = {0}, m[D] = {0}, s[D] = {0}, g[D];
  int cut = 0;
  start(x);
  for (int t = 0; t < 40; t++) {
    bowl_gradient(x, g);
    double before = g[0];
    clip(g, 0.5);
    cut += g[0] != before;
    for (int j = 0; j < D; j++) v[j] = 0.9 * v[j] - 0.05 * (1 - t / 50.0) * g[j], x[j] += v[j];
  }
  assert_true(cut > 5 && cut < 35);
  runs_to("stop: { passes = 50.0; }; optimizer: { type = \"sgd\"; batch = 0; step = 0.05; momentum "
          "= \"heavy-ball\"; clip = 0.5; schedule = \"linear\"; };",
          40, x, 1e-13);
  start(x);
  for (int t = 1; t <= 25; t++) {
    bowl_gradient(x, g);
    clip(g, 0.5);
    for (int j = 0; j < D; j++) {
      m[j] = 0.9 * m[j] + 0.1 * g[j];
      s[j] = 0.999 * s[j] + 0.001 * g[j] * g[j];
      x[j] -= 0.05 * (1 - (t - 1) / 30.0) * (m[j] / (1 - pow(0.9, t))) /
              (sqrt(s[j] / (1 - pow(0.999, t))) + 1e-8);
    }
  }
  runs_to("stop: { passes = 0.0; }; optimizer: { type = \"adam\"; batch = 0; clip = 0.5; schedule "
          "= \"linear\"; };",
          25, x, 1e-13);
}

/* The model knows that L = 1. */
static void steps_by_constant(void **state) {
  (void)state;
  double x[D], g[D];
  start(x);
  for (int t = 0; t < 25; t++) {
    bowl_gradient(x, g);
    for (int j = 0; j < D; j++) x[j] -= 1.5 * g[j];
  }
  runs_to("optimizer: { type = \"gd\"; c = 1.5; };", 25, x, 1e-13);
  runs_to("optimizer: { type = \"sgd\"; batch = 0; c = 1.5; };", 25, x, 1e-13);
}

static void schedules_have_their_shapes(void **state) {
  (void)state;
  const double drops[] = {3.0, 7.0};
  optim_schedule s = {OPTIM_COSINE, 0.5, 10.0, 2.0, 0.1, {drops, 2}};
  assert_true(fabs(optim_schedule_at(&s, 5, 1.0) - 0.5) < 1e-15);
  assert_true(fabs(optim_schedule_at(&s, 5, 2.0) - 1.0) < 1e-15);
  assert_true(fabs(optim_schedule_at(&s, 5, 7.0) - 0.55) < 1e-15);
  assert_true(fabs(optim_schedule_at(&s, 5, 12.0) - 0.1) < 1e-15);
  assert_true(fabs(optim_schedule_at(&s, 5, 99.0) - 0.1) < 1e-15);
  s.kind = OPTIM_STEPWISE;
  assert_true(optim_schedule_at(&s, 5, 11.9) == 1.0 && optim_schedule_at(&s, 5, 12.1) == 0.5);
  s.kind = OPTIM_DROPS;
  assert_true(optim_schedule_at(&s, 5, 2.9) == 1.0 && optim_schedule_at(&s, 5, 3.0) == 0.5);
  assert_true(optim_schedule_at(&s, 5, 6.9) == 0.5 && optim_schedule_at(&s, 5, 7.1) == 0.25);
  s.kind = OPTIM_INVERSE, s.warmup = 0.0;
  assert_true(optim_schedule_at(&s, 6, 1.0) == 0.25);
  s.kind = OPTIM_LINEAR;
  assert_true(fabs(optim_schedule_at(&s, 6, 2.5) - 0.775) < 1e-15);
  assert_true(optim_schedule_at(&s, 6, 10.0) == 0.1 && optim_schedule_at(&s, 6, 11.0) == 0.1);
  s.kind = OPTIM_CONSTANT;
  assert_true(optim_schedule_at(&s, 6, 1.0) == 1.0);
}

/* ---- svrg ----------------------------------------------------------------------------------- */

/* The method's epochs with the same rows, drawn from the same stream. */
static void svrg_by_hand(int epochs, int m, int b, double eta, int average, double *x) {
  thw_rng draw;
  tw_stream(5, "optimizer", "draw", &draw);
  double s[D], mu[D], sum[D];
  start(x);
  for (int e = 0; e < epochs; e++) {
    memcpy(s, x, sizeof s);
    memset(sum, 0, sizeof sum);
    bowl_gradient(s, mu);
    for (int t = 0; t < m; t++) {
      double d[D] = {0};
      for (int j = 0; j < D; j++) sum[j] += x[j];
      for (int k = 0; k < b; k++) {
        int64_t i = thw_rng_index(&draw, N);
        for (int j = 0; j < D; j++) d[j] += rig_bowl_h(i, j, D, 10.0, 0.5) * (x[j] - s[j]) / b;
      }
      for (int j = 0; j < D; j++) x[j] -= eta * (d[j] + mu[j]);
    }
    for (int j = 0; average && j < D; j++) x[j] = sum[j] / m;
  }
}

static void svrg_takes_the_steps_of_the_paper(void **state) {
  (void)state;
  for (int average = 0; average < 2; average++) {
    double expected[D];
    rig r;
    svrg_by_hand(3, 7, 2, 0.2, average, expected);
    rig_open(&r, BOWL,
             "run: { seed = 5; }; optimizer: { type = \"svrg\"; step = 0.2; epoch = 7; "
             "batch = 2; snapshot = ",
             average ? "\"average\"; };" : "\"last\"; };", NULL);
    for (int e = 0; e < 3; e++) assert_int_equal(rig_epoch(&r, 1000), THW_OK);
    double *x = rig_point(&r);
    close_to(x, expected, 1e-12);
    free(x);
    assert_true(r.s.ledger->spent == 3 * (8 + 2 * 7 * 2));
    rig_close(&r);
  }
}

static double reported(rig *r, const char *name);

static void svrg_step_follows_the_rule(void **state) {
  (void)state;
  /* Not convex as far as the model says: c (b / (V_H L m^2))^(1/3), at most 0.5/L. */
  rig r;
  rig_open(&r, MUTE,
           "optimizer: { type = \"svrg\"; batch = 2; epoch = 100; lipschitz = 2.0; "
           "variance_hess = 0.25; c_step = 3.0; };",
           NULL);
  assert_int_equal(rig_step(&r, 1), THW_OK);
  assert_true(fabs(reported(&r, "step") - 3.0 * cbrt(2.0 / (0.25 * 2.0 * 1e4))) < 1e-12);
  rig_close(&r);
  rig_open(&r, MUTE,
           "optimizer: { type = \"svrg\"; batch = 2; epoch = 2; lipschitz = 2.0; "
           "variance_hess = 0.25; };",
           NULL);
  assert_int_equal(rig_step(&r, 1), THW_OK);
  assert_true(reported(&r, "step") == 0.25);
  rig_close(&r);
  /* Strongly convex: b / (3 ((b-1) L + Lmax)). */
  rig_open(&r, BOWL, "optimizer: { type = \"svrg\"; batch = 2; };", NULL);
  assert_int_equal(rig_step(&r, 1), THW_OK);
  assert_true(fabs(reported(&r, "step") - 2.0 / (3.0 * 2.5)) < 1e-15);
  rig_close(&r);
}

static void estimates_are_near_the_truth(void **state) {
  (void)state;
  rig r;
  rig_open(&r,
           "source: { type = \"rows\"; n = 4000; }; oracle: { type = \"finite-sum\"; };"
           "model: { type = \"bowl\"; d = 50; spread = 0.5; facts = false; };"
           "optimizer: { type = \"svrg\"; };",
           NULL);
  assert_int_equal(rig_step(&r, 1), THW_OK);
  /* L = 1, 20 % added; V_H <= 0.25, least of all in a random direction. */
  assert_in_range((uint64_t)(1000 * reported(&r, "L")), 1080, 1440);
  double mean = 0;
  for (int j = 0; j < 50; j++) mean += pow(rig_bowl_h(0, j, 50, 10.0, 0.0), 2) / 50;
  assert_true(reported(&r, "V_H") > 0.5 * 0.25 * mean && reported(&r, "V_H") < 2 * 0.25 * mean);
  rig_close(&r);
}

/* A step far too long: the guard undoes the epoch and halves it until it works. */
static void guard_undoes_divergence(void **state) {
  (void)state;
  rig r;
  rig_open(&r, BOWL, "optimizer: { type = \"svrg\"; step = 100.0; epoch = 40; guard = \"on\"; };",
           NULL);
  double f = rig_f(&r);
  for (int k = 0; k < 40; k++) {
    assert_int_equal(rig_epoch(&r, 1000), THW_OK);
    double now = rig_f(&r);
    assert_true(now <= f + 0.11 * fabs(f));
    f = now;
  }
  assert_true(reported(&r, "rejected") >= 5);
  assert_true(rig_norm(&r) < 1e-2);
  rig_close(&r);
}

/* ---- quasi-Newton --------------------------------------------------------------------------- */

static void valley_is_crossed(int d, const char *optimizer, double passes) {
  rig r;
  rig_open(&r,
           "source: { type = \"rows\"; n = 1; }; oracle: { type = \"finite-sum\"; };"
           "model: { type = \"rosenbrock\"; d = ",
           d == 2 ? "2; };" : "10; };", optimizer, NULL);
  rig_run(&r, passes);
  assert_true(rig_passes(&r) < passes); /* it ended by itself: THW_DONE or THW_STALLED */
  double *x = rig_point(&r);
  for (int j = 0; j < d; j++)
    if (fabs(x[j] - 1.0) > 1e-7) fail_msg("x[%d] = %.17g after %s", j, x[j], optimizer);
  free(x);
  rig_close(&r);
}

static void lbfgs_crosses_the_valley(void **state) {
  (void)state;
  valley_is_crossed(10, "optimizer: { type = \"lbfgs\"; };", 300);
  valley_is_crossed(10, "optimizer: { type = \"lbfgs\"; memory = 3; first = 1e-9; };", 400);
}

static void newton_crosses_the_valley(void **state) {
  (void)state;
  /* In ten dimensions there is a second minimum, near (-1, 1, ..., 1), and it goes there. */
  valley_is_crossed(2, "optimizer: { type = \"newton\"; };", 2000);
}

static void line_search_ends_on_the_floor(void **state) {
  (void)state;
  rig r; /* single precision: values repeat long before the gradient vanishes */
  rig_open(&r, "run: { precision = \"single\"; };", BOWL, "optimizer: { type = \"lbfgs\"; };",
           NULL);
  thw_status st = rig_run(&r, 500);
  assert_true(st == THW_STALLED || st == THW_DONE);
  assert_true(rig_norm(&r) < 1e-6);
  rig_close(&r);
}

typedef struct line {
  double (*f)(double a, double *df);
  int calls;
} line;

static thw_status on_line(void *arg, double a, double *f, double *df) {
  line *l = arg;
  l->calls++;
  *f = l->f(a, df);
  return THW_OK;
}

static double cliff(double a, double *df) { /* cannot be evaluated beyond 1 */
  *df = -1.0 + 1.0 / (1.0 - a) * 0.1;
  return a < 1.0 ? -a - 0.1 * log(1.0 - a) : (double)NAN;
}
static double far_away(double a, double *df) {
  *df = 2e-8 * (a * 1e-4 - 1.0);
  return 1e-4 * (a * 1e-4 - 1.0) * (a * 1e-4 - 1.0);
}
static double wavy(double a, double *df) {
  *df = -0.3 + 2.7 * sin(9.0 * a);
  return -0.3 * a + 0.3 - 0.3 * cos(9.0 * a);
}
static double uphill(double a, double *df) { /* the derivative lies */
  *df = 1.0;
  return 1.0 + a;
}

static void line_search_copes(void **state) {
  (void)state;
  static double (*const f[])(double, double *) = {cliff, far_away, wavy};
  const optim_wolfe w = {1e-4, 0.1, 1e-15, 60};
  for (size_t i = 0; i < sizeof f / sizeof f[0]; i++)
    for (double first = 1e-3; first < 1e4; first *= 10) {
      line l = {f[i], 0};
      optim_line p;
      double df0, f0 = f[i](0.0, &df0);
      assert_int_equal(optim_line_search(&w, on_line, &l, f0, df0, first, &p), THW_OK);
      if (!(p.f <= f0 + 1e-4 * p.a * df0 && fabs(p.df) <= 0.1 * fabs(df0)))
        fail_msg("function %zu from %g: step %g, value %g, derivative %g, %d calls", i, first, p.a,
                 p.f, p.df, l.calls);
    }
  line l = {uphill, 0};
  optim_line p;
  assert_int_equal(optim_line_search(&w, on_line, &l, 1.0, -1.0, 1.0, &p), THW_STALLED);
  assert_true(l.calls <= 60);
}

/* ---- report --------------------------------------------------------------------------------- */

typedef struct listener {
  thw_sink sink; /* first */
  const char *name;
  double v;
} listener;

static void hear(thw_sink *s, const char *name, double v) {
  listener *l = (listener *)(void *)s;
  if (strcmp(name, l->name) == 0) l->v = v;
}
static void hear_text(thw_sink *s, const char *name, const char *v) {
  (void)s, (void)name, (void)v;
}
static void hear_reals(thw_sink *s, const char *name, size_t n, const double *v) {
  (void)s, (void)name, (void)n, (void)v;
}

static double reported(rig *r, const char *name) {
  listener l = {{sizeof(thw_sink), 0, hear, hear_text, hear_reals}, name, (double)NAN};
  const thw_ext_report *e = thw_ext(r->s.method, THW_EXT_REPORT);
  assert_non_null(e);
  assert_int_equal(e->report(r->s.method->self, &l.sink), THW_OK);
  return l.v;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(gd_takes_plain_steps),
      cmocka_unit_test(momentum_follows_its_formulas),
      cmocka_unit_test(adam_follows_its_formula),
      cmocka_unit_test(sgd_averages_and_schedules),
      cmocka_unit_test(clipping_and_linear_decay),
      cmocka_unit_test(steps_by_constant),
      cmocka_unit_test(schedules_have_their_shapes),
      cmocka_unit_test(svrg_takes_the_steps_of_the_paper),
      cmocka_unit_test(svrg_step_follows_the_rule),
      cmocka_unit_test(estimates_are_near_the_truth),
      cmocka_unit_test(guard_undoes_divergence),
      cmocka_unit_test(lbfgs_crosses_the_valley),
      cmocka_unit_test(newton_crosses_the_valley),
      cmocka_unit_test(line_search_ends_on_the_floor),
      cmocka_unit_test(line_search_copes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
