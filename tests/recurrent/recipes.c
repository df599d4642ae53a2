/* SPDX-License-Identifier: BSD-3-Clause */
/* Recipes on tasks with memory: relu networks with all blocks trained, clipped, steps falling
 * linearly. Data of ../shared/data; what is not there is left out, with a word. */
#include "tests/recurrent/recipes.h"

#include <unistd.h>

#include "tests/recurrent/lab.h"

#define MODEL "hidden = %d; bias = true; train = \"all\"; output_variance = %.17g; init = \"%s\";"
#define CLIP "clip = 1.0; schedule = \"linear\"; draw = \"epoch\";"

/* Spends `rows`, metric i on the test set. */
static double trained(lab *l, int64_t rows, int i) {
  for (int64_t left; (left = rows - l->r.s.ledger->spent) > 0;)
    if (rig_step(&l->r, left < 4096 ? left : 4096) != THW_OK) break;
  double v = lab_metric(l, l->test, i);
  lab_close(l);
  return v;
}

/* ---- adding ----------------------------------------------------------------------------------
 */

static void adding(const char *what, int length, const char *init, const char *optimizer, int steps,
                   int seeds, double band) {
  double v[3];
  for (int s = 0; s < seeds; s++) {
    lab l;
    lab_open(&l,
             "run: { seed = %d; precision = \"single\"; threads = 1; };\n"
             "source: { type = \"adding\"; length = %d; test = 2000; };\n"
             "model: { type = \"rnn\"; " MODEL " loss_at = \"last\"; };\n"
             "oracle: { type = \"stream\"; };\n"
             "optimizer: { %s batch = 64; " CLIP " };\n"
             "stop: { epsilon = 0.0; passes = %.17g; };\n",
             s + 1, length, 128, 1 / 128.0, init, optimizer, steps * 64 / 4096.0);
    v[s] = trained(&l, steps * 64, 0);
  }
  lab_row(what, lab_median(v, seeds), NAN, band);
}

#define ADAM(step) "type = \"adam\"; step = " step ";"

void rec_adding(void) {
  lab_head("adding, m = 128, b = 64, Adam 1e-3: mean squared error on 2,000 fresh sequences");
  adding("L = 50, identity, 1,000 steps (0.0007, 0.0008)", 50, "identity", ADAM("1e-3"), 1000, 3,
         0.005);
  adding("L = 50, orthogonal, 2,000 steps (0.0010)", 50, "orthogonal", ADAM("1e-3"), 2000, 1,
         0.008);
  adding("L = 50, gauss 2, 1,500 steps (0.0023, 0.0028)", 50, "gauss-m", ADAM("1e-3"), 1500, 2,
         0.02);
  adding("L = 100, identity, 1,500 steps (0.0005, 0.0007)", 100, "identity", ADAM("1e-3"), 1500, 2,
         0.005);
  adding("L = 100, gauss 2, 1,500 steps (0.006, 0.011)", 100, "gauss-m", ADAM("1e-3"), 1500, 2,
         0.05);
  adding("L = 50, identity, SGD 0.05, 1,500 steps (0.028)", 50, "identity",
         "type = \"sgd\"; step = 0.05;", 1500, 1, NAN);
}

/* ---- files -----------------------------------------------------------------------------------
 */

/* The path, or NULL with a word; the caller frees. */
static char *data(const char *name) {
  char *file = tw_sprintf("%s/../shared/data/%s", getenv("top_srcdir"), name);
  if (access(file, R_OK) == 0) return file;
  printf("  left out: %s is not here\n", file);
  free(file);
  return NULL;
}

static void characters(const char *what, const char *init, const char *optimizer, int seeds,
                       double band) {
  double v[3];
  char *file = data("text/tinyshakespeare.txt");
  for (int s = 0; file && s < seeds; s++) {
    lab l;
    lab_open(&l,
             "run: { seed = %d; precision = \"single\"; threads = 1; };\n"
             "source: { type = \"text\"; path = \"%s\"; length = 64; streams = 32; %s };\n"
             "model: { type = \"rnn\"; " MODEL " loss = \"softmax\"; loss_at = \"mask\";"
             "  over_steps = \"mean\"; carry_state = true; };\n"
             "oracle: { type = \"finite-sum\"; };\n"
             "optimizer: { %s batch = 32; " CLIP " };\n"
             "stop: { epsilon = 0.0; passes = 3.06; };\n",
             s + 1, file, "test_length = 100;", 256, 1 / 256.0, init, optimizer);
    v[s] = trained(&l, 1500 * 32, 1);
    printf("    %.4g\n", v[s]);
  }
  if (file) lab_row(what, lab_median(v, seeds), NAN, band);
  free(file);
}

void rec_characters(void) {
  lab_head("characters, m = 256, L = 64, b = 32 carried on, 1,500 steps: bits on the test text");
  characters("orthogonal, Adam 5e-3 (2.39, 2.43, 2.39)", "orthogonal", ADAM("5e-3"), 3, 2.50);
  characters("orthogonal, Adam 1e-2 (2.31)", "orthogonal", ADAM("1e-2"), 1, 2.45);
  characters("gauss 2, Adam 5e-3 (2.42)", "gauss-m", ADAM("5e-3"), 1, 2.55);
  characters("momentum 0.9, step 0.1 (2.87)", "orthogonal",
             "type = \"sgd\"; momentum = \"heavy-ball\"; step = 0.1;", 1, 3.0);
  characters("SGD 0.5 (3.08)", "orthogonal", "type = \"sgd\"; step = 0.5;", 1, 3.25);
}

static void images(const char *what, const char *set, const char *init, const char *optimizer,
                   int epochs, double band) {
  char *folder = data(set);
  lab l;
  if (!folder) return;
  lab_open(&l,
           "run: { seed = 1; precision = \"single\"; threads = 1; };\n"
           "source: { type = \"rows-as-steps\"; features_per_step = 28; source: { type = \"idx\";\n"
           "  x = \"%s/train-images-idx3-ubyte.gz\"; y = \"%s/train-labels-idx1-ubyte.gz\";\n"
           "  test_x = \"%s/t10k-images-idx3-ubyte.gz\"; test_y = \"%s/t10k-labels-idx1-ubyte.gz\";"
           " }; };\n"
           "model: { type = \"rnn\"; " MODEL " loss = \"softmax\"; loss_at = \"last\"; };\n"
           "oracle: { type = \"finite-sum\"; };\n"
           "optimizer: { %s batch = 64; " CLIP " };\n"
           "stop: { epsilon = 0.0; passes = %d.0; };\n",
           folder, folder, folder, folder, 128, 1 / 128.0, init, optimizer, epochs);
  lab_row(what, trained(&l, (int64_t)epochs * 60000, 0), band, NAN);
  free(folder);
}

void rec_images(void) {
  lab_head("images by rows, m = 128, b = 64: accuracy on the test set");
  images("MNIST, identity, Adam 1e-3, 2 epochs (0.973)", "mnist", "identity", ADAM("1e-3"), 2,
         0.96);
  images("MNIST, orthogonal, 2 epochs (0.960)", "mnist", "orthogonal", ADAM("1e-3"), 2, 0.95);
  images("MNIST, orthogonal, 5 epochs (0.976)", "mnist", "orthogonal", ADAM("1e-3"), 5, 0.965);
  images("MNIST, gauss 2, 2 epochs (0.955)", "mnist", "gauss-m", ADAM("1e-3"), 2, 0.94);
  images("MNIST, orthogonal, SGD 0.1, 2 epochs (0.937)", "mnist", "orthogonal",
         "type = \"sgd\"; step = 0.1;", 2, 0.92);
  images("MNIST, orthogonal, momentum 0.02, 2 epochs (0.944)", "mnist", "orthogonal",
         "type = \"sgd\"; momentum = \"heavy-ball\"; step = 0.02;", 2, 0.92);
  images("Fashion-MNIST, orthogonal, 2 epochs (0.838)", "fashion-mnist", "orthogonal", ADAM("1e-3"),
         2, 0.82);
}

static double pixels(const char *init) {
  lab l;
  lab_open(
      &l,
      "run: { seed = 1; precision = \"single\"; threads = 1; };\n"
      "source: { type = \"rows-as-steps\"; features_per_step = 1; source: { type = \"csv\";\n"
      "  path = \"%s/conf/data/digits.csv.gz\"; split = 0.2; standardise = \"max-abs\"; }; };\n"
      "model: { type = \"rnn\"; " MODEL " loss = \"softmax\"; loss_at = \"last\"; };\n"
      "oracle: { type = \"finite-sum\"; };\n"
      "optimizer: { type = \"adam\"; step = 1e-3; batch = 32; " CLIP " };\n"
      "stop: { epsilon = 0.0; passes = 40.0; };\n",
      getenv("top_srcdir"), 128, 1 / 128.0, init);
  return trained(&l, 40 * l.train->n, 0);
}

void rec_pixels(void) {
  lab_head("digits, 64 single pixels, m = 128, b = 32, 40 epochs: accuracy on the test set");
  lab_row("orthogonal (0.92 .. 0.94)", pixels("orthogonal"), 0.89, NAN);
  lab_row("gauss 2 (0.83 .. 0.88)", pixels("gauss-m"), 0.78, NAN);
}
