/* SPDX-License-Identifier: BSD-3-Clause */
/* Sums of smooth functions of single earlier tokens are learned from fresh sequences by SGD on W
 * (Z. Allen-Zhu, Y. Li, NeurIPS 2019). Errors are relative: predicting zero has 1. */
#include "tests/recurrent/learn.h"

static int or (int v, int otherwise) {
  return v ? v : otherwise;
}

void con_open(lab *l, const con_task *t, int seed) {
  int rows = or (t->rows, 16000), batch = or (t->batch, 4);
  char model[200], optimizer[300];
  snprintf(model, sizeof model,
           t->linear ? "type = \"rnn-linear\";" : "type = \"rnn\"; train = \"%s\";",
           t->train ? t->train : "W");
  if (t->optimizer)
    snprintf(optimizer, sizeof optimizer, "%s", t->optimizer);
  else
    snprintf(optimizer, sizeof optimizer,
             "type = \"sgd\"; batch = %d; draw = \"epoch\"; c = %.17g; schedule = \"%s\";", batch,
             t->c > 0 ? t->c : 1.0, t->constant ? "constant" : "linear");
  lab_open(l,
           "run: { seed = %d; precision = \"single\"; threads = 1; };\n"
           "source: { type = \"concept\"; length = %d; test = 2000; eps_x = %.17g; only = %d;\n"
           "  concept_seed = %d; };\n"
           "model: { %s hidden = %d; output_scale = %.17g; centre = %s; loss_from = 3; };\n"
           "oracle: { type = \"stream\"; };\n"
           "optimizer: { %s };\n"
           "stop: { epsilon = 0.0; passes = %.17g; };\n",
           seed, or (t->length, 6), t->eps_x > 0 ? t->eps_x : 1.0, t->only, t->concept - 1, model,
           or (t->hidden, 256), t->scale > 0 ? t->scale : 0.3,
           t->centre || t->linear ? "true" : "false", optimizer, rows / 4096.0);
}

void con_train(lab *l, const con_task *t) {
  int64_t rows = or (t->rows, 16000);
  for (int64_t left; (left = rows - l->r.s.ledger->spent) > 0;)
    if (rig_step(&l->r, left < 4096 ? left : 4096) != THW_OK) return;
}

double con_run(const con_task *t, int seed) {
  lab l;
  con_open(&l, t, seed);
  con_train(&l, t);
  double e = lab_metric(&l, l.test, 1);
  lab_close(&l);
  return e;
}

double con_median(const con_task *t, int seeds) {
  double v[8];
  printf("   ");
  for (int s = 0; s < seeds; s++) printf(" %.3g", v[s] = con_run(t, s + 1));
  printf("\n");
  return lab_median(v, seeds);
}

/* ---- the experiments -------------------------------------------------------------------------
 */

void con_quick(void) {
  con_task t = {.hidden = 64, .rows = 8000}, lin = t;
  lin.linear = 1;
  lab_head("concept, 64 units, 8,000 sequences, medians of 3 seeds");
  double net = con_median(&t, 3), flat = con_median(&lin, 3);
  lab_row("relative error of the network", net, NAN, 0.55);
  lab_row("the linearised network's error over it", flat / net, 1.05, NAN);
}

static void show_baselines(void) {
  double linear[3], bag[3];
  for (int s = 0; s < 3; s++) linear[s] = base_linear(6, s + 1), bag[s] = base_bag(s + 1);
  lab_row("linear, median of 3 (0.44 .. 0.46)", lab_median(linear, 3), NAN, NAN);
  lab_row("bag of tokens, median of 3 (0.47)", lab_median(bag, 3), NAN, NAN);
  lab_row("flat network, Adam (0.064)", base_flat(1), NAN, NAN);
  for (int heads = 0; heads < 2; heads++)
    for (int m = 256; m <= 1024; m *= 4) {
      char what[80];
      snprintf(what, sizeof what, "frozen state, %s, m = %d (0.56 / 0.35; 0.28 / 0.13)",
               heads ? "one head per j" : "one head", m);
      lab_row(what, base_frozen(m, heads, 1), NAN, NAN);
    }
}

void con_reference(void) {
  con_task t = {.hidden = 256}, one = {.batch = 1}, both = {.train = "W A"}, lin = {.linear = 1};
  con_task adam = {.scale = 1,
                   .train = "all",
                   .optimizer = "type = \"adam\"; batch = 16; draw = \"epoch\"; step = 0.003;"
                                " clip = 1.0; schedule = \"linear\";"};
  double linear[3], bag[3];
  lab_head("concept class, reference: relative error on 2,000 fresh sequences");
  double net = con_median(&t, 3);
  lab_row("rnn, W only, median of 3 (0.20, 0.14, 0.14)", net, NAN, 0.22);
  for (int s = 0; s < 3; s++) linear[s] = base_linear(6, s + 1), bag[s] = base_bag(s + 1);
  lab_row("  over linear", net / lab_median(linear, 3), NAN, 0.5);
  lab_row("  over bag of tokens", net / lab_median(bag, 3), NAN, 0.5);
  double flat = con_median(&lin, 3);
  lab_row("linearised, median of 3 (0.32, 0.29, 0.29)", flat, 0.25, 0.36);
  lab_row("  over the network", flat / net, 1, NAN);
  lab_row("rnn, W only, b = 1, median of 2 (0.099, 0.079)", con_median(&one, 2), NAN, NAN);
  lab_row("rnn, W and A, median of 3 (0.10, 0.06, 0.065)", con_median(&both, 3), NAN, NAN);
  lab_row("rnn, all, Adam, lambda = 1 (0.036)", con_median(&adam, 1), NAN, NAN);
  show_baselines();
  for (int k = 1; k <= 4; k++) {
    con_task other = {.concept = 100 + k, .scale = 0.1};
    char what[64];
    snprintf(what, sizeof what, "another concept, lambda = 0.1, seed %d", k);
    lab_row(what, con_run(&other, k), NAN, 0.25);
  }
}

void con_width(void) {
  static const char *const spec[] = {"0.38 | 0.68 | 0.17", "0.30 | 0.50 | 0.11",
                                     "0.25 | 0.40 | 0.11", "0.14 | 0.29 | 0.065",
                                     "0.17 | 0.26 | 0.09"};
  double net[5], lin[5];
  lab_head("concept class over the width: medians of 3 seeds (2 at 512)");
  for (int k = 0; k < 5; k++) {
    con_task t = {.hidden = 32 << k}, l = t, both = t;
    int seeds = k == 4 ? 2 : 3;
    l.linear = 1;
    both.train = "W A";
    lab_head(" m = %d (%s)", t.hidden, spec[k]);
    lab_row("W only", net[k] = con_median(&t, seeds), NAN, NAN);
    lab_row("linearised", lin[k] = con_median(&l, seeds), NAN, NAN);
    lab_row("W and A", con_median(&both, seeds), NAN, NAN);
    lab_row("linearised / W only", lin[k] / net[k], 1, NAN);
  }
  for (int k = 1; k < 4; k++) {
    lab_row("W only, over the half as wide", net[k] / net[k - 1], NAN, 1);
    lab_row("linearised, over the half as wide", lin[k] / lin[k - 1], NAN, 1);
  }
  lab_row("gap at 256 over gap at 32", (lin[3] - net[3]) / (lin[0] - net[0]), NAN, 1);
}

void con_samples(void) {
  static const double spec[4][3] = {
      {0.155, 0.039, 0.015}, {0.33, 0.144, 0.060}, {0.43, 0.27, 0.137}, {0.70, 0.42, 0.28}};
  static const int length[4] = {4, 6, 8, 12}, seeds[3] = {3, 3, 2};
  lab_head("concept class over samples and horizon");
  for (int i = 0; i < 4; i++) {
    double linear = base_linear(length[i], 1);
    lab_head(" L = %d (linear %.2f)", length[i], linear);
    for (int k = 0; k < 3; k++) {
      con_task t = {.length = length[i], .rows = 4000 << (2 * k)};
      char what[64];
      snprintf(what, sizeof what, "N = %d (%g)", t.rows, spec[i][k]);
      double e = con_median(&t, seeds[k]);
      lab_row(what, e, spec[i][k] / 1.5, spec[i][k] * 1.5);
      if (k == 1 && length[i] <= 8) lab_row("  over linear", e / linear, NAN, 1);
    }
  }
}

void con_scale(void) {
  static const struct {
    const char *what;
    con_task t;
  } at[] = {{"lambda = 1 (0.34)", {.scale = 1}},
            {"lambda = 1, centred (0.28)", {.scale = 1, .centre = 1}},
            {"lambda = 0.3 (0.20)", {.scale = 0.3}},
            {"lambda = 0.1 (0.156)", {.scale = 0.1}},
            {"lambda = 0.03 (0.62)", {.scale = 0.03}},
            {"eps_x = 0.3 (0.32)", {.eps_x = 0.3}},
            {"eps_x = 0.1 (0.64)", {.eps_x = 0.1}},
            {"b = 1 (0.09)", {.batch = 1}},
            {"b = 16 (0.32)", {.batch = 16}}};
  double e[9];
  lab_head("concept class: output scale, token scale, batch; medians of 3 seeds");
  for (int k = 0; k < 9; k++) lab_row(at[k].what, e[k] = con_median(&at[k].t, 3), NAN, NAN);
  lab_row("lambda = 0.3 over lambda = 1", e[2] / e[0], NAN, 1);
  lab_row("eps_x = 0.3 over 1", e[5] / e[2], 1, NAN);
  lab_row("eps_x = 0.1 over 0.3", e[6] / e[5], 1, NAN);
  lab_row("b = 16 over 4", e[8] / e[2], 1, NAN);
  lab_row("b = 4 over 1", e[2] / e[7], 1, NAN);
}

/* The step is that of the run on all outputs: it is the company of the other losses that is asked
 * for, not that of another step. What each output alone would reach with the longer step that its
 * own curvature allows is shown beside. */
void con_alone(void) {
  double ratio[8], own[8], worst = 0;
  lab_head("concept class: all outputs trained together, and each alone");
  for (int seed = 1, k = 0; seed <= 2; seed++) {
    con_task t = {.hidden = 256}, same;
    char optimizer[160];
    lab l;
    lab_told told;
    con_open(&l, &t, seed);
    snprintf(optimizer, sizeof optimizer,
             "type = \"sgd\"; batch = 4; draw = \"epoch\"; schedule = \"linear\"; step = %.17g;",
             1 / lab_lipschitz(&l));
    con_train(&l, &t);
    lab_probe(&l, l.test, NULL, &told);
    lab_close(&l);
    for (int j = 3; j <= 6; j++, k++) {
      size_t at = (size_t)j - 1;
      t.only = j, same = t;
      same.optimizer = optimizer;
      double together = lab_get(&told, "error_step", at) / lab_get(&told, "scale_step", at);
      double alone = con_run(&same, seed), longer = con_run(&t, seed);
      printf("    output %d: together %.3g, alone %.3g, with its own step %.3g\n", j, together,
             alone, longer);
      ratio[k] = together / alone, own[k] = together / longer;
      worst = fmax(worst, ratio[k]);
    }
  }
  lab_row("together over alone, the worst output", worst, NAN, 2.5);
  lab_row("  median (1.4 .. 1.6)", lab_median(ratio, 8), NAN, 1.9);
  lab_row("  median where each has its own step", lab_median(own, 8), NAN, NAN);
}
