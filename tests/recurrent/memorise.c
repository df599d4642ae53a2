/* SPDX-License-Identifier: BSD-3-Clause */
/* Random labels are memorised, the loss falling along a straight line on the logarithmic axis
 * (Z. Allen-Zhu, Y. Li, Z. Song, NeurIPS 2019). */
#include "tests/recurrent/memorise.h"

void mem_open(lab *l, const mem_task *t, int seed) {
  lab_open(
      l,
      "run: { seed = %d; precision = \"single\"; threads = 1; };\n"
      "source: { type = \"random-labels\"; n = %d; length = %d; dim = %d; outputs = %d;\n"
      "  tokens = \"%s\"; delta = %.17g; pairs = %s; };\n"
      "model: { type = \"rnn\"; hidden = %d; activation = \"%s\"; gain = %.17g; train = \"%s\";"
      "  loss_at = \"%s\"; };\n"
      "oracle: { type = \"finite-sum\"; };\n"
      "optimizer: { %s };\n"
      "stop: { epsilon = 0.0; passes = 100000.0; };\n",
      seed, t->n, t->length, t->dim ? t->dim : 32, t->outputs ? t->outputs : 1,
      t->tokens ? t->tokens : "all", t->delta, t->pairs ? "true" : "false", t->hidden,
      t->activation ? t->activation : "relu", t->gain > 0 ? t->gain : 2.0,
      t->train ? t->train : "W", t->last ? "last" : "every",
      t->optimizer ? t->optimizer : "type = \"gd\"; c = 1.5;");
}

/* Epochs to the levels 1e-3, 1e-4, 1e-5 and 1e-8, rate and straightness of the second half. */
static void finish(mem_result *r, int steps) {
  static const double level[4] = {1e-3, 1e-4, 1e-5, 1e-8};
  double *x = tw_calloc((size_t)steps + 1, sizeof *x), *y = tw_calloc((size_t)steps + 1, sizeof *y);
  int from = steps / 2;
  for (int k = 0; k < 4; k++) {
    r->its[k] = INFINITY;
    for (int t = steps; t >= 0; t--)
      if (r->f[t] <= level[k] * r->f[0]) r->its[k] = t;
  }
  r->monotone = 1;
  for (int t = 1; t <= steps; t++) r->monotone &= r->f[t] < r->f[t - 1];
  for (int t = from; t <= steps; t++) x[t - from] = t, y[t - from] = log(r->f[t]);
  r->rate = -lab_slope(x, y, steps - from + 1, &r->r2);
  r->end = r->f[steps] / r->f[0];
  free(x);
  free(y);
}

void mem_run(const mem_task *t, int seed, int most, double until, mem_result *r) {
  lab l;
  lab_told told;
  int steps = 0;
  mem_open(&l, t, seed);
  *r = (mem_result){.f = tw_calloc((size_t)most + 1, sizeof(double)), .least_ratio = INFINITY};
  r->lam_max = lab_lipschitz(&l) * t->n * (t->outputs ? t->outputs : 1) / t->hidden;
  r->f[0] = lab_f(&l, l.train);
  while (steps < most && r->f[steps] > until * r->f[0] && isfinite(r->f[steps])) {
    if (rig_epoch(&l.r, t->n) != THW_OK) break;
    steps++;
    if (t->watch && steps % t->watch == 0) {
      /* of the sum over the sequences: |n g|^2 / (n f) */
      double norm = rig_norm(&l.r), f = rig_f(&l.r);
      r->least_ratio = fmin(r->least_ratio, norm * norm * t->n / t->hidden / f);
    }
    r->f[steps] = lab_f(&l, l.train);
  }
  finish(r, steps);
  r->drift = r->drift2 = r->flips = r->change = (double)NAN;
  if (isfinite(r->f[steps])) {
    lab_probe(&l, l.train, NULL, &told);
    r->drift = lab_get(&told, "drift_W", 0);
    r->drift2 = lab_get(&told, "drift2_W", 0);
    r->flips = lab_get(&told, "flips", 0);
    r->change = lab_get(&told, "state_change", 0);
  }
  r->steps = steps;
  free(r->f);
  lab_close(&l);
}

/* ---- the experiments -------------------------------------------------------------------------
 */

void mem_quick(void) {
  const mem_task t = {.n = 10, .length = 4, .hidden = 512};
  double its[5], deep[5], rate[5], r2[5], drift[5], flips[5], fell = 1;
  for (int s = 0; s < 5; s++) {
    mem_result r;
    mem_run(&t, s + 1, 800, 1e-8, &r);
    its[s] = r.its[0], deep[s] = r.its[3], rate[s] = r.rate, r2[s] = r.r2;
    drift[s] = r.drift, flips[s] = r.flips;
    fell *= r.monotone;
  }
  lab_head("random labels, n = 10, L = 4, m = 512, gd with c = 1.5: median of 5 seeds");
  lab_row("f falls at every step, in all seeds", fell, 1, 1);
  lab_row("steps to 1e-3 f_0 (specification: 55..101)", lab_median(its, 5), 35, 170);
  lab_row("  the fastest seed", its[0], 35 - 45, NAN);
  lab_row("  the slowest seed", its[4], NAN, 170 + 45);
  lab_row("steps to 1e-8 f_0 (223..364)", lab_median(deep, 5), 140, 600);
  lab_row("rate (0.043..0.065)", lab_median(rate, 5), NAN, NAN);
  lab_row("straightness R2 of the least straight seed (0.9996)", (lab_median(r2, 5), r2[0]), 0.99,
          NAN);
  lab_row("|dW|_F (0.40..0.61)", lab_median(drift, 5), NAN, NAN);
  lab_row("flips (0.028..0.043)", lab_median(flips, 5), NAN, NAN);
}

void mem_widths(void) {
  enum { WIDTHS = 5, SEEDS = 3 };
  double lm[WIDTHS], drifts[WIDTHS], flips[WIDTHS], rates[WIDTHS];
  lab_head("random labels, reference: n = 20, L = 6, gd with c = 1.5: medians of 3 seeds");
  for (int k = 0; k < WIDTHS; k++) {
    mem_task t = {.n = 20, .length = 6, .hidden = 64 << k, .watch = k >= 2 ? 10 : 0};
    double v[8][SEEDS], fell = 1, ratio = INFINITY;
    for (int s = 0; s < SEEDS; s++) {
      mem_result r;
      mem_run(&t, s + 1, k == 4 ? 700 : 1500, 1e-8, &r);
      v[0][s] = r.rate, v[1][s] = r.r2, v[2][s] = r.its[0], v[3][s] = r.drift, v[4][s] = r.drift2;
      v[5][s] = r.flips, v[6][s] = r.change, v[7][s] = r.lam_max;
      fell *= r.monotone;
      ratio = fmin(ratio, r.least_ratio);
    }
    lab_head(" m = %d", t.hidden);
    lab_row("f falls at every step", fell, 1, 1);
    lm[k] = log(t.hidden);
    lab_row("rate", rates[k] = lab_median(v[0], SEEDS), NAN, NAN);
    lab_row("R2", lab_median(v[1], SEEDS), k >= 1 ? 0.99 : (double)NAN, NAN);
    lab_row("steps to 1e-3 f_0", lab_median(v[2], SEEDS), NAN, NAN);
    lab_row("|dW|_F", exp(drifts[k] = log(lab_median(v[3], SEEDS))), NAN, NAN);
    lab_row("|dW|_2", lab_median(v[4], SEEDS), NAN, NAN);
    lab_row("flips", exp(flips[k] = log(lab_median(v[5], SEEDS))), NAN, NAN);
    lab_row("state change", lab_median(v[6], SEEDS), NAN, NAN);
    lab_row("lam_max d/m", lab_median(v[7], SEEDS), NAN, NAN);
    if (k >= 2) lab_row("least (d/m) |grad f|^2 / f on the way", ratio, 0.1, NAN);
  }
  lab_head(" over the widths");
  lab_row("rate(256) / rate(64): it grows", rates[2] / rates[0], 1, NAN);
  lab_row("rate(1024) / rate(256): it levels off", rates[4] / rates[2], 0.8, 2.5);
  lab_row("log-log slope of |dW|_F", lab_slope(lm, drifts, WIDTHS, NULL), -0.85, -0.4);
  lab_row("log-log slope of flips", lab_slope(lm, flips, WIDTHS, NULL), -0.65, -0.25);
}

void mem_shapes(void) {
  static const struct {
    int n, length;
    double lam[2], end; /* of the specification */
  } s[] = {{10, 4, {11, 11}, 1e-8},      {10, 8, {78, 101}, 7e-6}, {10, 16, {547, 1010}, 3e-3},
           {10, 32, {7120, 9050}, 1e-2}, {10, 6, {35, 39}, 1e-8},  {30, 6, {96, 111}, 3e-4},
           {100, 6, {290, 351}, 2e-2}};
  double before = 0;
  lab_head("random labels, L and n: m = 512, 1,000 steps, medians of 2 seeds");
  for (size_t k = 0; k < 7; k++) {
    mem_task t = {.n = s[k].n, .length = s[k].length, .hidden = 512};
    double its[2], end[2], lam[2], r2[2], fell = 1;
    for (int i = 0; i < 2; i++) {
      mem_result r;
      mem_run(&t, i + 1, 1000, 1e-8, &r);
      its[i] = r.its[0], end[i] = r.end, lam[i] = r.lam_max, r2[i] = r.r2;
      fell *= r.monotone;
    }
    lab_head(" n = %d, L = %d (lam_max d/m %g, %g; f/f_0 %g)", t.n, t.length, s[k].lam[0],
             s[k].lam[1], s[k].end);
    lab_row("lam_max d/m, geometric mean", sqrt(lam[0] * lam[1]), NAN, NAN);
    lab_row("steps to 1e-3 f_0", lab_median(its, 2), NAN, NAN);
    lab_row("f/f_0 at the end", lab_median(end, 2), NAN, NAN);
    lab_row("f falls at every step", fell, 1, 1);
    lab_row("R2 of the straighter seed", fmax(r2[0], r2[1]), NAN, NAN);
    if (k > 0 && k < 4)
      lab_row("slower than the shorter ones: f/f_0 over theirs", end[0] / before, 1, NAN);
    before = end[0];
  }
}

/* Below m = L^2 the growth factors of different W make lam_max differ much: medians of 10 seeds. */
void mem_rule(void) {
  lab_head("lam_max d/m over 0.018 n L^3, n = 10, m = 512: medians of 10 seeds");
  for (int length = 4; length <= 32; length *= 2) {
    mem_task t = {.n = 10, .length = length, .hidden = 512};
    double v[10];
    char what[64];
    for (int s = 0; s < 10; s++) {
      lab l;
      mem_open(&l, &t, s + 1);
      v[s] = lab_lipschitz(&l) * t.n / t.hidden / (0.018 * t.n * pow(length, 3));
      lab_close(&l);
    }
    double mid = lab_median(v, 10);
    snprintf(what, sizeof what, "L = %d (seeds: %.2g .. %.2g)", length, v[0], v[9]);
    lab_row(what, mid, 1 / 1.8, 1.8);
  }
}

void mem_last(void) {
  static const struct {
    const char *activation;
    double gain;
    int length;
  } s[] = {{"relu", 2, 16}, {"tanh", 1, 16}, {"relu", 4, 16},
           {"relu", 4, 32}, {"relu", 1, 16}, {"tanh", 0.5, 16}};
  lab_head("loss at the last step only: n = 20, m = 512, steps to 1e-5 f_0 (30, 37, 39, 76 and 31, "
           "32, 51, 246)");
  for (int length = 4; length <= 32; length *= 2)
    for (int seed = 1; seed <= 2; seed++) {
      mem_task t = {.n = 20, .length = length, .hidden = 512, .last = 1};
      mem_result r;
      char what[64];
      mem_run(&t, seed, 1000, 1e-5, &r);
      snprintf(what, sizeof what, "L = %d, seed %d", length, seed);
      lab_row(what, r.its[2], NAN, NAN);
    }
  lab_head("scale, last step only, tokens first, n = 10, m = 256: steps to 1e-5 f_0");
  for (size_t k = 0; k < sizeof s / sizeof s[0]; k++) {
    mem_task t = {.n = 10,
                  .length = s[k].length,
                  .hidden = 256,
                  .last = 1,
                  .tokens = "first",
                  .activation = s[k].activation,
                  .gain = s[k].gain};
    mem_result r;
    char what[64];
    mem_run(&t, 1, 1000, 1e-5, &r);
    snprintf(what, sizeof what, "%s %g, L = %d (lam_max d/m %.2g)", s[k].activation, s[k].gain,
             s[k].length, r.lam_max);
    if (k < 4)
      lab_row(what, r.its[2], NAN, 1000);
    else
      lab_row(what, isfinite(r.its[2]), 0, 0);
  }
}

void mem_sgd(void) {
  static const char *const how[] = {NULL, "type = \"sgd\"; batch = 5; draw = \"epoch\"; c = 0.75;",
                                    "type = \"sgd\"; batch = 1; draw = \"epoch\"; c = 0.75;"};
  static const char *const name[] = {"full gradient", "batches of 5", "single sequences"};
  lab_head("sgd, reference task, m = 256: epochs to 1e-5 f_0 (1371, 686, 142 and 796, 399, 79)");
  for (int seed = 1; seed <= 2; seed++) {
    double its[3];
    for (int k = 0; k < 3; k++) {
      mem_task t = {.n = 20, .length = 6, .hidden = 256, .optimizer = how[k]};
      mem_result r;
      mem_run(&t, seed, 3000, 1e-5, &r);
      its[k] = r.its[2];
      lab_row(name[k], its[k], NAN, NAN);
      if (k) lab_row("  R2 of the log line per epoch", r.r2, 0.99, NAN);
    }
    lab_row("single / full", its[2] / its[0], NAN, 0.25);
  }
}

void mem_blocks(void) {
  static const char *const train[] = {"W", "A", "W A", "W A Bo", "Bo"};
  static const double spec[][2] = {{573, 341}, {204, 121}, {124, 71}, {124, 71}, {1500, 1500}};
  lab_head("which blocks, m = 256, the step that W has: steps to 1e-3 f_0");
  for (int seed = 1; seed <= 2; seed++) {
    char optimizer[64] = "type = \"gd\"; c = 1.5;";
    double its[5], drift[5], end = 0;
    for (int k = 0; k < 5; k++) {
      mem_task t = {.n = 20, .length = 6, .hidden = 256, .train = train[k], .optimizer = optimizer};
      mem_result r;
      char what[64];
      mem_run(&t, seed, 1500, 1e-3, &r);
      its[k] = r.its[0], drift[k] = r.drift, end = r.end;
      if (k == 0)
        snprintf(optimizer, sizeof optimizer, "type = \"gd\"; step = %.17g;",
                 1.5 / (r.lam_max * 256 / 20));
      snprintf(what, sizeof what, "%s (%g, %g)", train[k], spec[k][0], spec[k][1]);
      lab_row(what, its[k], NAN, NAN);
    }
    lab_row("A alone is faster than W alone: ratio", its[1] / its[0], NAN, 1);
    lab_row("both are faster than either", its[2] / its[1], NAN, 1);
    lab_row("Bo adds nothing: ratio", its[3] / its[2], 0.9, 1.1);
    lab_row("Bo alone after 1,500 steps: f/f_0 (0.32)", end, 0.1, NAN);
    lab_row("drift of W with A over without (0.42 / 1.1)", drift[2] / drift[0], NAN, 0.7);
  }
}
