/* SPDX-License-Identifier: BSD-3-Clause */
/* The network at its start: norms of states and of gradients over time, units on, scale of W. */
#include "tests/recurrent/initial.h"

#include "tests/recurrent/memorise.h"
#include "tests/recurrent/net.h"

/* ---- short sequences -------------------------------------------------------------------------
 */

enum { SEEDS = 6 };

static void start(int m, double norm[6], double *on, double *spectral, double *loss, double *ratio,
                  double *most) {
  mem_task t = {.n = 20, .length = 6, .hidden = m};
  *ratio = 0, *most = 0, *on = 0, *spectral = 0, *loss = 0;
  for (int l = 0; l < 6; l++) norm[l] = 0;
  for (int s = 0; s < SEEDS; s++) {
    lab l;
    lab_told told;
    mem_open(&l, &t, s + 1);
    lab_probe(&l, l.train, NULL, &told);
    for (size_t k = 0; k < 6; k++) {
      double h = lab_get(&told, "h_step", k);
      norm[k] += h * h / (double)(k + 1) / SEEDS;
      *on += lab_get(&told, "on_step", k) / 6 / SEEDS;
    }
    *ratio += lab_get(&told, "grad_ratio", 0) / SEEDS;
    *most = fmax(*most, lab_get(&told, "grad_ratio", 0));
    *spectral += net_spectral(l.start, m) / SEEDS;
    *loss += lab_f(&l, l.train) / 5 / SEEDS; /* steps 2 .. 6 */
    lab_close(&l);
  }
}

static void at_width(int m) {
  double norm[6], on, spectral, loss, ratio, most;
  start(m, norm, &on, &spectral, &loss, &ratio, &most);
  lab_head("at the start, n = 20, L = 6, tokens all, m = %d, mean of 6 seeds", m);
  for (int l = 0; m == 1024 && l < 6; l++) {
    char what[64];
    snprintf(what, sizeof what, "|h_%d|^2 / %d (0.97 .. 1.03)", l + 1, l + 1);
    lab_row(what, norm[l], 0.85, 1.15);
  }
  lab_row("fraction of units on (0.495, 0.500)", on, 0.48, 0.52);
  lab_row("spectral norm of W (2.79, 2.815)", spectral, 2.76, 2.86);
  lab_row("loss per counted output (2.2)", loss, 1.6, 3.0);
  lab_row("(d/m) |grad f|^2 / f (9 .. 85)", ratio, 4, 150);
  lab_row("  the largest of a seed", most, NAN, NAN);
}

void ini_quick(void) {
  at_width(256);
}
void ini_short(void) {
  at_width(256);
  at_width(1024);
}

/* ---- over 64 steps ---------------------------------------------------------------------------
 */

typedef struct over_time {
  double h[64], back[64];
} over_time;

/* Medians of 10 seeds. */
static void norms(const char *activation, double gain, const char *tokens, over_time *out) {
  mem_task t = {.n = 2,
                .length = 64,
                .hidden = 512,
                .dim = 10,
                .outputs = 4,
                .gain = gain,
                .activation = activation,
                .tokens = tokens};
  static double h[64][10], back[64][10];
  for (int s = 0; s < 10; s++) {
    lab l;
    lab_told told;
    mem_open(&l, &t, s + 1);
    lab_probe(&l, l.train, NULL, &told);
    for (size_t k = 0; k < 64; k++)
      h[k][s] = lab_get(&told, "h_step", k), back[k][s] = lab_get(&told, "back_step", k);
    lab_close(&l);
  }
  for (int k = 0; k < 64; k++)
    out->h[k] = lab_median(h[k], 10), out->back[k] = lab_median(back[k], 10);
}

static void show(const char *what, const over_time *v) {
  printf("  %-22s |h| at 1, 8, 64: %8.3g %8.3g %8.3g   back to 64, 32, 8, 1: %8.3g %8.3g %8.3g "
         "%8.3g\n",
         what, v->h[0], v->h[7], v->h[63], v->back[63], v->back[31], v->back[7], v->back[0]);
}

void ini_long(void) {
  static const struct {
    const char *activation;
    double gain;
    const char *tokens;
  } at[] = {{"relu", 2, "all"},   {"relu", 1, "first"},   {"relu", 4, "first"},
            {"relu", 2, "first"}, {"relu", 1.8, "first"}, {"relu", 2.2, "first"},
            {"tanh", 1, "all"},   {"tanh", 2, "all"},     {"tanh", 0.5, "first"}};
  over_time v[9];
  lab_head("norms over 64 steps, m = 512, d = 4, medians of 10 seeds");
  for (int k = 0; k < 9; k++) {
    char what[64];
    norms(at[k].activation, at[k].gain, at[k].tokens, &v[k]);
    snprintf(what, sizeof what, "%s %g, tokens %s", at[k].activation, at[k].gain, at[k].tokens);
    show(what, &v[k]);
  }
  lab_row("relu 2, tokens all: |h_64| (8.5)", v[0].h[63], 4, 16);
  lab_row("  back to step 64 (0.71)", v[0].back[63], 0.2, 3);
  lab_row("  back to step 32 (0.69)", v[0].back[31], 0.2, 3);
  lab_row("  back to step 8 (0.66)", v[0].back[7], 0.2, 3);
  lab_row("  back to step 1 (0.73)", v[0].back[0], 0.2, 3);
  lab_row("relu 1, tokens first: |h_64| (4e-10)", v[1].h[63], NAN, 1e-8);
  lab_row("  back to step 1 (3e-10)", v[1].back[0], NAN, 1e-8);
  lab_row("relu 4, tokens first: |h_64| (4e9)", v[2].h[63], 1e8, NAN);
  lab_row("  back to step 1 (3e9)", v[2].back[0], 1e8, NAN);
}

/* ---- spread over seeds -----------------------------------------------------------------------
 */

static double deviation(const double *v, int n) {
  double mean = 0, square = 0;
  for (int i = 0; i < n; i++) mean += v[i] / n;
  for (int i = 0; i < n; i++) square += (v[i] - mean) * (v[i] - mean) / (n - 1);
  return sqrt(square);
}

void ini_spread(void) {
  static const double spec[3][3] = {{1.4, 6.7, 29}, {0.9, 3.7, 15}, {0.3, 1.6, 7.3}};
  lab_head("standard deviation over 20 seeds of log |h_L|, tokens first (8 at m = 1024)");
  for (int k = 0; k < 3; k++) {
    int m = 64 << (2 * k), seeds = k == 2 ? 8 : 20;
    double v[3][20];
    for (int s = 0; s < seeds; s++) {
      mem_task t = {.n = 1, .length = 256, .hidden = m, .tokens = "first", .train = "W A Bo"};
      lab l;
      net n;
      mem_open(&l, &t, s + 1);
      net_read(&n, &l, m, 32, 1);
      double *x = net_inputs(l.train, NULL), *h = net_states(&n, NULL, x, 256, 1);
      for (int j = 0; j < 3; j++) {
        double square = 0;
        const double *at = h + ((16 << (2 * j)) - 1) * (int64_t)m;
        for (int i = 0; i < m; i++) square += at[i] * at[i];
        v[j][s] = 0.5 * log(square);
      }
      free(x), free(h);
      net_free(&n);
      lab_close(&l);
    }
    for (int j = 0; j < 3; j++) {
      double rule = 0.9 * (16 << (2 * j)) / sqrt(m);
      char what[80];
      snprintf(what, sizeof what, "m = %d, L = %d: %.2g (%.2g); over 0.9 L / sqrt(m)", m,
               16 << (2 * j), deviation(v[j], seeds), spec[k][j]);
      lab_row(what, deviation(v[j], seeds) / rule, rule >= 1 ? 0.4 : (double)NAN,
              rule >= 1 ? 1.6 : (double)NAN);
    }
  }
}
