/* SPDX-License-Identifier: BSD-3-Clause */
/* The network near its start: exact gradients, the Gram matrix of the outputs' derivatives and what
 * delta does to its least eigenvalue, and what a small change of W changes. */
#include "tests/recurrent/kernel.h"

#include <cblas.h>

#include "tests/recurrent/memorise.h"
#include "tests/recurrent/net.h"

extern void dsyev_(const char *jobz, const char *uplo, const int *n, double *a, const int *lda,
                   double *w, double *work, const int *lwork, int *info);

#define ALL "W A Bo"

/* ---- exactness -------------------------------------------------------------------------------
 */

static const char exact_form[] =
    "run: { seed = %d; precision = \"%s\"; threads = 1; };\n"
    "source: { type = \"random-labels\"; n = %d; length = %d; dim = %d; outputs = %d; };\n"
    "model: { type = \"rnn\"; hidden = %d; train = \"W A Bo\"; };\n"
    "oracle: { type = \"finite-sum\"; };\n"
    "optimizer: { type = \"gd\"; step = 1.0; };\nstop: { epsilon = 0.0; };\n";

static double distance(const double *a, const double *b, int64_t n) {
  double gap = 0, size = 0;
  for (int64_t i = 0; i < n; i++) gap += (a[i] - b[i]) * (a[i] - b[i]), size += b[i] * b[i];
  return sqrt(gap / size);
}

/* The gradient by W as the sum over all pairs of a loss and an earlier step. */
static double double_sum(void) {
  enum { N = 4, L = 6, IN = 5, D = 3, M = 16 };
  lab l;
  net n;
  lab_open(&l, exact_form, 1, "double", N, L, IN, D, M);
  net_read(&n, &l, M, IN, D);
  double *t, *x = net_inputs(l.train, &t), *h = net_states(&n, NULL, x, L, N);
  double *y = net_outputs(&n, h, L, N), sum[M * M] = {0};
  double *g = tw_calloc((size_t)l.r.n, sizeof *g);
  for (int64_t s = 1; s < L; s++)
    for (int64_t i = 0; i < N; i++)
      for (int64_t k = 0; k < D; k++) {
        int64_t at = (s * N + i) * D + k;
        net_gradient(&n, h, N, s, i, k, (y[at] - t[at]) / N, sum);
      }
  lab_gradient(&l, l.train, l.start, g);
  double gap = distance(g, sum, M * M);
  free(t), free(x), free(h), free(y), free(g);
  net_free(&n);
  lab_close(&l);
  return gap;
}

static double precision(void) {
  lab one, two;
  lab_open(&one, exact_form, 1, "single", 32, 64, 32, 1, 256);
  lab_open(&two, exact_form, 1, "double", 32, 64, 32, 1, 256);
  double *g1 = tw_calloc((size_t)one.r.n, sizeof *g1), *g2 = tw_calloc((size_t)one.r.n, sizeof *g2);
  lab_gradient(&one, one.train, one.start, g1);
  lab_gradient(&two, two.train, one.start, g2);
  double gap = distance(g1, g2, one.r.n);
  free(g1), free(g2);
  lab_close(&one);
  lab_close(&two);
  return gap;
}

void ker_exact(void) {
  lab_head("exactness");
  lab_row("gradient by W vs the double sum, relative (4e-15)", double_sum(), NAN, 1e-12);
  lab_row("gradient in single vs double precision (2e-7 .. 4e-7)", precision(), NAN, 1e-5);
}

/* ---- the Gram matrix -------------------------------------------------------------------------
 */

/* Extreme eigenvalues of J J' times d/m, d = 1; what the model's power iteration says in *told. */
static void gram(const mem_task *task, int seed, double *least, double *most, double *told) {
  lab l;
  net n;
  mem_task t = *task;
  t.train = ALL;
  mem_open(&l, &t, seed);
  net_read(&n, &l, t.hidden, t.dim ? t.dim : 32, 1);
  int64_t b = t.n, steps = t.length, mm = n.m * n.m;
  int rows = (int)(b * (steps - 1)), lwork = 34 * rows, info;
  double *x = net_inputs(l.train, NULL), *h = net_states(&n, NULL, x, steps, b);
  double *j = tw_calloc((size_t)(rows * mm), sizeof *j);
  double *k = tw_calloc((size_t)(rows * rows), sizeof *k), *value = tw_calloc((size_t)rows, 8);
  double *work = tw_calloc((size_t)lwork, sizeof *work);
  for (int r = 0; r < rows; r++) net_gradient(&n, h, b, 1 + r / b, r % b, 0, 1.0, j + r * mm);
  cblas_dsyrk(CblasRowMajor, CblasUpper, CblasNoTrans, rows, (int)mm, 1 / (double)n.m, j, (int)mm,
              0.0, k, rows);
  dsyev_("N", "L", &rows, k, &rows, value, work, &lwork, &info);
  *least = value[0];
  *most = value[rows - 1];
  free(x), free(h), free(j), free(k), free(value), free(work);
  net_free(&n);
  lab_close(&l);
  if (!told) return;
  mem_open(&l, task, seed);
  *told = lab_lipschitz(&l) * t.n / t.hidden;
  lab_close(&l);
}

void ker_gram(void) {
  const mem_task t = {.n = 20, .length = 6, .hidden = 256};
  double v[6], worst = 0;
  for (int s = 0; s < 6; s++) {
    double least, told;
    gram(&t, s + 1, &least, &v[s], &told);
    worst = fmax(worst, fabs(told / v[s] - 1));
  }
  lab_head("Gram matrix at the start, n = 20, L = 6, m = 256, 6 seeds");
  lab_row("lam_max d/m, mean of 6 (76; 43 .. 84 by seed)",
          (v[0] + v[1] + v[2] + v[3] + v[4] + v[5]) / 6, 45, 110);
  lab_row("the model's power iteration is off by at most", worst, NAN, 0.02);
}

void ker_delta(void) {
  static const double delta[4] = {1.0, 0.5, 0.25, 0.125};
  double x[4], y[4], steps[4];
  lab_head("delta: pairs with opposite labels, tokens first, n = 10, L = 4, m = 512, 3 seeds");
  for (int k = 0; k < 4; k++) {
    mem_task t = {
        .n = 10, .length = 4, .hidden = 512, .tokens = "first", .pairs = 1, .delta = delta[k]};
    double least[3], most, its[3], end[3];
    for (int s = 0; s < 3; s++) {
      mem_result r;
      gram(&t, s + 1, &least[s], &most, NULL);
      mem_run(&t, s + 1, 4000, 1e-4, &r);
      its[s] = r.its[1], end[s] = r.end;
    }
    lab_head(" delta = %g", delta[k]);
    x[k] = log(delta[k]);
    y[k] = log(lab_median(least, 3));
    lab_row("lam_min d/m (0.14..0.18, 0.084..0.093, 0.034, 0.015)", exp(y[k]), NAN, NAN);
    lab_row("steps to 1e-4 f_0 (95..120, 294..342, 1506..1657, > 4000)", lab_median(its, 3), NAN,
            NAN);
    lab_row("f/f_0 at the end (2e-3 after 4,000 for 0.125)", lab_median(end, 3), NAN, NAN);
    steps[k] = lab_median(its, 3);
  }
  for (int k = 1; k < 3; k++)
    lab_row("steps for half the delta, over those for delta", steps[k] / steps[k - 1], 2, 8);
  lab_row("log-log slope of lam_min in delta (1.12)", lab_slope(x, y, 4, NULL), 0.9, 1.4);
}

/* ---- a small change of W ---------------------------------------------------------------------
 */

typedef struct moved {
  double flips, change, error;
} moved;

static void measure(const net *n, const double *x, const double *dw, int64_t steps, int64_t b,
                    moved *out) {
  double *h = net_states(n, NULL, x, steps, b), *k = net_states(n, dw, x, steps, b);
  double *y = net_outputs(n, h, steps, b), *z = net_outputs(n, k, steps, b);
  double *u = net_tangent(n, dw, h, steps, b), gap = 0, size = 0, flips = 0, off = 0, first = 0;
  int64_t all = steps * b * n->m;
  for (int64_t i = 0; i < all; i++) {
    gap += (h[i] - k[i]) * (h[i] - k[i]), size += h[i] * h[i];
    flips += (h[i] > 0) != (k[i] > 0);
  }
  for (int64_t i = 0; i < steps * b * n->d; i++) {
    off += (z[i] - y[i] - u[i]) * (z[i] - y[i] - u[i]);
    first += u[i] * u[i];
  }
  *out = (moved){flips / (double)all, sqrt(gap / size), sqrt(off / first)};
  free(h), free(k), free(y), free(z), free(u);
}

/* dW along minus the gradient, or at random. */
static void direction(lab *l, int64_t m, int random, int seed, double *dw) {
  if (!random) {
    double *g = tw_calloc((size_t)l->r.n, sizeof *g);
    lab_gradient(l, l->train, l->start, g);
    for (int64_t i = 0; i < m * m; i++) dw[i] = -g[i];
    free(g);
    return;
  }
  thw_rng r;
  tw_stream((uint64_t)seed, "stability", "direction", &r);
  for (int64_t i = 0; i < m * m; i++) dw[i] = thw_rng_normal(&r);
}

static moved move(int m, double w, int random, int seed) {
  const mem_task t = {.n = 10, .length = 8, .hidden = m, .train = ALL};
  lab l;
  net n;
  moved out;
  double *dw = tw_calloc((size_t)m * (size_t)m, sizeof *dw);
  mem_open(&l, &t, seed);
  net_read(&n, &l, m, 32, 1);
  direction(&l, m, random, seed, dw);
  double *x = net_inputs(l.train, NULL), scale = w / net_spectral(dw, m);
  for (int64_t i = 0; i < (int64_t)m * m; i++) dw[i] *= scale;
  measure(&n, x, dw, 8, 10, &out);
  free(dw), free(x);
  net_free(&n);
  lab_close(&l);
  return out;
}

void ker_stability(void) {
  static const struct {
    int m;
    double w;
  } at[] = {{64, 0.1}, {256, 0.1}, {1024, 0.1}, {1024, 0.03}, {1024, 0.3}};
  static const char *const kind[] = {"along -grad", "at random"};
  double error[5];
  lab_head("stability: n = 10, L = 8, dW of spectral norm w, medians of 4 seeds (2 at m = 1024)");
  for (int k = 0; k < 5; k++)
    for (int random = 0; random < 2; random++) {
      int seeds = at[k].m == 1024 ? 2 : 4;
      double flips[4], change[4], off[4];
      for (int s = 0; s < seeds; s++) {
        moved v = move(at[k].m, at[k].w, random, s + 1);
        flips[s] = v.flips, change[s] = v.change, off[s] = v.error;
      }
      lab_head(" m = %d, w = %g, %s", at[k].m, at[k].w, kind[random]);
      lab_row("flips / w", lab_median(flips, seeds) / at[k].w, 0.1, 0.4);
      lab_row("state change", lab_median(change, seeds), NAN, NAN);
      double e = lab_median(off, seeds);
      lab_row("first-order error", e, NAN, NAN);
      if (!random) error[k] = e;
    }
  lab_row("first-order error along -grad, m = 64 over m = 1024 (2.6)", error[0] / error[2], 1.7,
          NAN);
}
