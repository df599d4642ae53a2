/* SPDX-License-Identifier: BSD-3-Clause */
/* scsg and natasha15: steps worked out by hand, the law of the inner length, the batch that follows
 * the variance, the accuracy floor of variance-reduction.md section 11 (c), the indifference to
 * sigma of natasha.md section 8 (a), the published form. Without the argument `all` on fewer cells.
 */
#include "tests/optim/rig.h"

#include "tests/optim/models.h"

#define D 10
#define N 8
#define BOWL                                                                                       \
  "run: { seed = 5; }; source: { type = \"rows\"; n = 8; }; oracle: { type = \"finite-sum\"; };"   \
  "model: { type = \"bowl\"; d = 10; condition = 10.0; };"
#define NL                                                                                         \
  "source: { type = \"noisy-logistic\"; n = 20000; d = 50; noise = 0.1; }; oracle: { type = "      \
  "\"finite-sum\"; }; model: { type = \"logistic-nonconvex\"; nonconvex = 0.01; init = "           \
  "\"normal\"; init_scale = 0.5; };"
#define RR                                                                                         \
  "source: { type = \"robust-rows\"; n = 20000; d = 30; }; oracle: { type = \"finite-sum\"; };"    \
  "model: { type = \"geman-mcclure\"; init = \"normal\"; init_scale = 0.5; };"
#define NL_FACTS "lipschitz = 0.029; variance_hess = 0.0014; "
#define RR_FACTS "lipschitz = 0.031; variance_hess = 0.028; "

static int all;

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

/* ---- by hand -------------------------------------------------------------------------------- */

static void full_gradient(const double *x, double *g) {
  for (int j = 0; j < D; j++) {
    double h = 0, c = 0;
    for (int i = 0; i < N; i++) h += rig_bowl_h(i, j, D, 10.0, 0.5) / N, c += rig_bowl_c(i, j) / N;
    g[j] = h * x[j] - c;
  }
}

/* One step from x: rows from `draw`, snapshot s, gradient mu there, centre c. */
static void step_by_hand(thw_rng *draw, double *x, const double *s, const double *mu,
                         const double *c, int b, double eta, double sigma) {
  double d[D] = {0};
  for (int k = 0; k < b; k++) {
    int64_t i = thw_rng_index(draw, N);
    for (int j = 0; j < D; j++) d[j] += rig_bowl_h(i, j, D, 10.0, 0.5) * (x[j] - s[j]) / b;
  }
  for (int j = 0; j < D; j++) x[j] -= eta * (d[j] + mu[j] + 2 * sigma * (x[j] - c[j]));
}

enum { LAST, AVERAGE, RANDOM };

/* Epochs of p rounds with B = n; m = 0: geometric with mean N/b, one round. */
static void epochs_by_hand(int epochs, int p, int m, int b, double eta, double sigma, int output,
                           double *x) {
  thw_rng draw, pick;
  double s[D], mu[D], c[D];
  tw_stream(5, "optimizer", "draw", &draw);
  tw_stream(5, "optimizer", "epoch", &pick);
  for (int j = 0; j < D; j++) x[j] = 1;
  for (int e = 0; e < epochs; e++) {
    memcpy(s, x, sizeof s);
    full_gradient(s, mu);
    int steps = m;
    if (m == 0) {
      double gam = (double)N / (N + b), u = thw_rng_uniform(&pick);
      steps = (int)floor(log(1 - u) / log(gam));
      if (steps > 10 * N / b) steps = 10 * N / b;
    }
    for (int round = 0; round < p && steps > 0; round++) {
      double sum[D] = {0}, chosen[D];
      int64_t at = output == RANDOM ? thw_rng_index(&pick, steps) : -1;
      memcpy(c, x, sizeof c);
      for (int t = 0; t <= steps; t++) {
        if (t == at) memcpy(chosen, x, sizeof chosen);
        for (int j = 0; j < D; j++) sum[j] += x[j];
        if (t < steps) step_by_hand(&draw, x, s, mu, c, b, eta, sigma);
      }
      if (output == RANDOM) memcpy(x, chosen, sizeof chosen);
      for (int j = 0; j < D && output == AVERAGE; j++) x[j] = sum[j] / (steps + 1);
    }
  }
}

static void runs_to(const char *optimizer, int epochs, const double *expected) {
  rig r;
  rig_open(&r, BOWL, optimizer, NULL);
  for (int e = 0; e < epochs; e++) assert_int_equal(rig_epoch(&r, 1000), THW_OK);
  double *x = rig_point(&r);
  for (int j = 0; j < D; j++)
    if (!(fabs(x[j] - expected[j]) <= 1e-12))
      fail_msg("%s: x[%d] = %.17g, expected %.17g", optimizer, j, x[j], expected[j]);
  free(x);
  rig_close(&r);
}

static void scsg_takes_the_steps_of_the_paper(void **state) {
  (void)state;
  double x[D];
  epochs_by_hand(4, 1, 4, 2, 0.2, 0, LAST, x);
  runs_to("optimizer: { type = \"scsg\"; step = 0.2; snapshot_batch = 8; mini_batch = 2; "
          "inner_length = \"fixed\"; };",
          4, x);
  epochs_by_hand(12, 1, 0, 2, 0.2, 0, LAST, x);
  runs_to("optimizer: { type = \"scsg\"; step = 0.2; snapshot_batch = 8; mini_batch = 2; };", 12,
          x);
  epochs_by_hand(12, 1, 0, 1, 0.1, 0, AVERAGE, x);
  runs_to("optimizer: { type = \"scsg\"; step = 0.1; snapshot_batch = 8; mini_batch = 1; output = "
          "\"average\"; };",
          12, x);
}

static void natasha_takes_the_steps_of_the_paper(void **state) {
  (void)state;
  static const char *const names[] = {"last", "average", "random"};
  for (int output = LAST; output <= RANDOM; output++) {
    double x[D];
    char text[300];
    epochs_by_hand(4, 2, 4, 1, 0.2, 0.3, output, x);
    snprintf(text, sizeof text,
             "optimizer: { type = \"natasha15\"; alpha = 0.2; sigma = 0.3; p_sub = 2; "
             "snapshot_batch = 8; mini_batch = 1; output = \"%s\"; };",
             names[output]);
    runs_to(text, 4, x);
  }
}

/* ---- rules ---------------------------------------------------------------------------------- */

static void steps_follow_the_rules(void **state) {
  (void)state;
  rig r;
  rig_open(&r, BOWL,
           "optimizer: { type = \"scsg\"; snapshot_batch = 800; mini_batch = 1; lipschitz = 2.0; "
           "variance_hess = 0.25; };",
           NULL);
  rig_epoch(&r, 1);
  /* B is at most n = 8: c (b / (V_H L (B/b)^2))^(1/3) is above 0.5/L */
  assert_true(reported(&r, "B") == 8 && reported(&r, "step") == 0.25);
  rig_close(&r);
  rig_open(&r, BOWL,
           "optimizer: { type = \"scsg\"; snapshot_batch = 8; mini_batch = 1; lipschitz = 2.0; "
           "variance_hess = 4000.0; c_step = 2.0; };",
           NULL);
  rig_epoch(&r, 1);
  assert_true(fabs(reported(&r, "step") - 2.0 * cbrt(1.0 / (4000.0 * 2.0 * 64.0))) < 1e-12);
  rig_close(&r);
  rig_open(&r, BOWL,
           "optimizer: { type = \"scsg\"; snapshot_batch = 8; mini_batch = 2; lipschitz = 2.0; "
           "theory = true; gamma = 0.25; };",
           NULL);
  rig_epoch(&r, 1);
  assert_true(fabs(reported(&r, "step") - 0.125 * pow(0.25, 2.0 / 3.0)) < 1e-12);
  rig_close(&r);
}

/* Mean B/b, none at all with probability b/(B + b). */
static void inner_length_is_geometric(void **state) {
  (void)state;
  rig r;
  const int epochs = 4000;
  double none = 0, sum = 0;
  rig_open(&r, BOWL,
           "optimizer: { type = \"scsg\"; snapshot_batch = 8; mini_batch = 1; step = 1e-6; guard "
           "= \"off\"; };",
           NULL);
  for (int e = 0; e < epochs; e++) {
    int64_t before = r.s.ledger->spent;
    assert_int_equal(rig_epoch(&r, INT64_MAX / 4), THW_OK);
    double n = (double)(r.s.ledger->spent - before - 8) / 2.0;
    none += n == 0.0;
    sum += n;
  }
  /* standard errors: 8.5/sqrt(4000) = 0.13, sqrt(0.1/4000) = 0.005 */
  if (fabs(sum / epochs - 8.0) > 0.5 || fabs(none / epochs - 1.0 / 9.0) > 0.02)
    fail_msg("mean %g, none in %g", sum / epochs, none / epochs);
  rig_close(&r);
}

/* E |g_i - g|^2 at the point, by single rows. */
static double true_variance(rig *r) {
  double norm = rig_norm(r), sum = 0;
  thw_rng rng = {.key = {9, 9}};
  const int rows = 4000;
  size_t before = tw_ledger_enter(r->s.ledger, "monitor", 0);
  for (int i = 0; i < rows; i++) {
    thw_batch *b;
    double one;
    assert_int_equal(thw_oracle_draw(r->s.object, &rng, THW_DRAW_UNIFORM, 1, &b), THW_OK);
    assert_int_equal(thw_oracle_eval(r->s.object, r->x, b, NULL, r->g), THW_OK);
    thw_oracle_release(r->s.object, b);
    assert_int_equal(thw_norm2(r->g, &one), THW_OK);
    sum += one * one / rows;
  }
  tw_ledger_leave(r->s.ledger, before);
  return sum - norm * norm;
}

/* V of eight blocks is within a factor of 1.5 or so of the truth; over eight seeds its mean must be
 * within a quarter, three standard errors. */
static void batches_of(const char *method, int seed, double *ratio) {
  char run[40];
  rig r;
  double B = 64, V = 0, eps = 0.02;
  snprintf(run, sizeof run, "run: { seed = %d; };", seed);
  rig_open(&r, run, RR, "optimizer: { type = \"", method, "\"; epsilon = 0.02; guard = \"off\"; };",
           NULL);
  for (int e = 0; e < 12; e++) {
    assert_int_equal(rig_epoch(&r, INT64_MAX / 4), THW_OK);
    if (e > 0) B = fmin(20000, fmax(64, fmin(ceil(2 * V / (eps * eps)), 4 * B)));
    if (reported(&r, "B") != B) fail_msg("epoch %d: B = %g, expected %g", e, reported(&r, "B"), B);
    V = reported(&r, "V");
  }
  *ratio = V / true_variance(&r);
  rig_close(&r);
}

static void the_batch_follows_the_variance(void **state) {
  (void)state;
  static const char *const methods[] = {"scsg", "natasha15"};
  for (int k = 0; k < 2; k++) {
    rig r;
    double mean = 0, ratio;
    for (int seed = 1; seed <= 8; seed++) {
      batches_of(methods[k], seed, &ratio);
      mean += ratio / 8;
    }
    if (fabs(mean - 1) > 0.25) fail_msg("%s: V is %g of what the rows say", methods[k], mean);
    rig_open(&r, RR, "optimizer: { type = \"", methods[k],
             "\"; guard = \"off\"; }; stop: { epsilon = 0.0; };", NULL);
    for (int e = 1; e <= 6; e++) {
      assert_int_equal(rig_epoch(&r, INT64_MAX / 4), THW_OK);
      assert_true(reported(&r, "B") == fmin(20000, ceil(200 * pow(e, 1.5))));
    }
    rig_close(&r);
  }
}

/* A stream has no whole sum, and its batches need no end. */
static void streams_will_do(void **state) {
  (void)state;
  static const char *const methods[] = {"scsg", "natasha15"};
  for (int k = 0; k < 2; k++) {
    rig r;
    rig_open(&r,
             "source: { type = \"rows\"; n = 0; }; oracle: { type = \"stream\"; }; model: { type = "
             "\"bowl\"; d = 10; condition = 10.0; }; optimizer: { type = \"",
             methods[k], "\"; epsilon = 0.01; };", NULL);
    for (int e = 0; e < 30; e++) assert_int_equal(rig_epoch(&r, 100000), THW_OK);
    double *x = rig_point(&r);
    /* at the minimum h_j x_j = c_j, and the mean of c_ij over all rows is nearly 0 */
    for (int j = 0; j < D; j++) assert_true(fabs(x[j]) < 0.15);
    free(x);
    rig_close(&r);
  }
}

/* ---- fused ---------------------------------------------------------------------------------- */

static void fused_and_plain_agree(void **state) {
  (void)state;
  static const char *const more[] = {
      "type = \"scsg\"; ", "type = \"natasha15\"; sigma = 0.01; p_sub = 5; ",
      "type = \"natasha15\"; output = \"random\"; sigma = 0.05; mini_batch = 7; ",
      "type = \"natasha15\"; output = \"last\"; "};
  static const char *const data =
      "source: { type = \"sparse-planted\"; n = 3000; d = 60; }; oracle: { type = \"finite-sum\"; "
      "}; model: { type = \"logistic\"; c = 1.0; }; optimizer: { snapshot_batch = 3000; ";
  for (int k = 0; k < 4; k++) {
    rig a, b;
    rig_open(&a, data, more[k], "};", NULL);
    rig_open(&b, data, more[k], "fused = false; };", NULL);
    assert_non_null(thw_ext(a.s.object, THW_EXT_VR));
    for (int e = 0; e < 4; e++) rig_epoch(&a, 5000), rig_epoch(&b, 5000);
    assert_true(a.s.ledger->spent == b.s.ledger->spent);
    double *x = rig_point(&a), *y = rig_point(&b), most = 0, size = 0;
    for (int64_t i = 0; i < a.n; i++)
      most = fmax(most, fabs(x[i] - y[i])), size = fmax(size, fabs(y[i]));
    if (!(most <= 1e-10 * size)) fail_msg("%s: %g of %g", more[k], most, size);
    free(x), free(y);
    rig_close(&a);
    rig_close(&b);
  }
}

/* ---- the accuracy floor --------------------------------------------------------------------- */

static void put_point(rig *r, const double *x) {
  thw_view v;
  assert_int_equal(r->x->ops->map(r->x, THW_WRITE, &v), THW_OK);
  memcpy(v.data, x, (size_t)r->n * sizeof *x);
  assert_int_equal(r->x->ops->unmap(r->x, THW_WRITE), THW_OK);
}

/* Root mean square of the gradient's norm over passes 5 to 20 from the minimiser, against what a
 * batch of B rows can tell. */
static double floor_ratio(const char *problem, const char *facts, int B) {
  rig best, r;
  char text[200];
  double sum = 0, count = 0;
  rig_open(&best, "run: { seed = 1; }; ", problem, "optimizer: { type = \"lbfgs\"; };", NULL);
  rig_run(&best, 200);
  assert_true(rig_norm(&best) < 1e-6);
  double V = true_variance(&best), *x = rig_point(&best);
  snprintf(text, sizeof text, "optimizer: { type = \"scsg\"; snapshot_batch = %d; %s };", B, facts);
  rig_open(&r, "run: { seed = 1; }; ", problem, text, NULL);
  put_point(&r, x);
  const thw_steer *steer = thw_ext(r.s.method, THW_EXT_STEER);
  assert_int_equal(steer->reset(r.s.method->self, r.x), THW_OK);
  while (rig_passes(&r) < 20) {
    assert_int_equal(rig_epoch(&r, INT64_MAX / 4), THW_OK);
    if (rig_passes(&r) < 5) continue;
    double norm = rig_norm(&r);
    sum += norm * norm;
    count++;
  }
  free(x);
  rig_close(&best);
  rig_close(&r);
  return sqrt(sum / count) / sqrt(V / B * (1 - B / 20000.0));
}

static void scsg_settles_on_its_floor(void **state) {
  (void)state;
  static const int rows[] = {2000, 500, 8000};
  for (int i = 0; i < (all ? 3 : 1); i++) {
    double nl = floor_ratio(NL, NL_FACTS, rows[i]), rr = floor_ratio(RR, RR_FACTS, rows[i]);
    print_message("B = %d: NL %.3f, RR %.3f of the floor\n", rows[i], nl, rr);
    assert_true(nl >= 0.8 && nl <= 1.5 && rr >= 0.8 && rr <= 1.5);
  }
}

/* ---- sigma ---------------------------------------------------------------------------------- */

static double median3(double *v) {
  return fmax(fmin(v[0], v[1]), fmin(fmax(v[0], v[1]), v[2]));
}

static void sigma_matters_little(void **state) {
  (void)state;
  static const struct {
    const char *problem, *facts;
    int B;
    double L;
    double want[3][4]; /* sigma/L = 0.01, 0.1, 1; levels */
    int p[3];
  } rows[] = {
      {RR, RR_FACTS, 20000, 0.031, {{3, 6, 6, 9}, {3, 6, 6, 9}, {3, 6, 6, 9}}, {1, 6, 53}},
      {NL, NL_FACTS, 20000, 0.029, {{3, 6, 6, 9}, {3, 6, 6, 9}, {3, 6, 6, 12}}, {2, 14, 138}},
      {RR,
       RR_FACTS,
       2000,
       0.031,
       {{0.6, 0.9, INFINITY, INFINITY},
        {0.3, 0.6, INFINITY, INFINITY},
        {0.3, 0.6, INFINITY, INFINITY}},
       {1, 3, 25}}};
  static const double level[4] = {1e-2, 3e-3, 1e-3, 1e-4};
  for (int i = 0; i < (all ? 3 : 1); i++) {
    double column[3][4];
    for (int j = 0; j < 3; j++) {
      double at[4][3];
      for (int seed = 0; seed < 3; seed++) {
        rig r;
        char text[300];
        double to[4];
        snprintf(text, sizeof text,
                 "run: { seed = %d; }; optimizer: { type = \"natasha15\"; snapshot_batch = %d; "
                 "sigma = %.17g; %s };",
                 seed + 1, rows[i].B, rows[i].L * pow(10, j - 2), rows[i].facts);
        rig_open(&r, rows[i].problem, text, NULL);
        rig_levels(&r, 0, 40, level, 4, to);
        assert_true(reported(&r, "p") == rows[i].p[j]);
        for (int l = 0; l < 4; l++) at[l][seed] = to[l];
        rig_close(&r);
      }
      for (int l = 0; l < 4; l++) column[j][l] = median3(at[l]);
      print_message("B = %d, sigma = %g L, p = %d: %.1f %.1f %.1f %.1f\n", rows[i].B,
                    pow(10, j - 2), rows[i].p[j], column[j][0], column[j][1], column[j][2],
                    column[j][3]);
      for (int l = 0; l < 4; l++) {
        /* compared by epochs, after which alone it looks: they cost 3B less a few steps */
        double got = round(column[j][l] * 20000 / (3.0 * rows[i].B));
        double want = round(rows[i].want[j][l] * 20000 / (3.0 * rows[i].B));
        double first = round(column[0][l] * 20000 / (3.0 * rows[i].B));
        assert_true(want == INFINITY ? column[j][l] > 20 : got <= 2 * want && got >= want / 2);
        assert_true(got == first || (got <= 2 * first && got >= first / 2));
      }
    }
  }
}

/* ---- the published form --------------------------------------------------------------------- */

static void natasha15_in_theory(void **state) {
  (void)state;
  const double eps = 0.01, sigma = 0.029, L = 0.029, V = 0.27, gap = 0.4;
  double B = ceil(V / (eps * eps)), p = cbrt(V / (eps * eps)),
         T = ceil(sigma * gap / (p * eps * eps));
  double steps = ceil(V * L / (sigma * eps * eps)), m = floor(B / round(p));
  rig r;
  rig_open(&r, NL,
           "optimizer: { type = \"natasha15\"; theory = true; epsilon = 0.01; sigma = 0.029; "
           "lipschitz = 0.029; variance = 0.27; gap = 0.4; };",
           NULL);
  double before = rig_norm(&r);
  assert_int_equal(rig_run(&r, 100), THW_DONE);
  double norm = rig_norm(&r);
  print_message("T' = %g epochs of %g rounds, B = %g: |g| from %.3g to %.3g\n", T, round(p), B,
                before, norm);
  assert_true(reported(&r, "epoch") == T && reported(&r, "p") == round(p) &&
              reported(&r, "B") == B);
  assert_true(reported(&r, "polished") == steps);
  assert_true(r.s.ledger->spent == (int64_t)(T * (B + 2 * round(p) * m) + steps));
  assert_true(norm <= 2 * eps);
  rig_close(&r);
}

int main(int argc, char **argv) {
  all = argc > 1 && strcmp(argv[1], "all") == 0;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(scsg_takes_the_steps_of_the_paper),
      cmocka_unit_test(natasha_takes_the_steps_of_the_paper),
      cmocka_unit_test(steps_follow_the_rules),
      cmocka_unit_test(inner_length_is_geometric),
      cmocka_unit_test(the_batch_follows_the_variance),
      cmocka_unit_test(streams_will_do),
      cmocka_unit_test(fused_and_plain_agree),
      cmocka_unit_test(scsg_settles_on_its_floor),
      cmocka_unit_test(sigma_matters_little),
      cmocka_unit_test(natasha15_in_theory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
