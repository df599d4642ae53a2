/* SPDX-License-Identifier: BSD-3-Clause */
/* The acceptance table of the recurrent networks: what was measured beside what is required. Names
 * choose experiments, --quick those that every build runs; no name is all of them. */
#include "tests/recurrent/experiments.h"

static const struct {
  const char *name;
  void (*run)(void);
  int quick; /* 1: in the quick table, 2: only there */
} experiments[] = {
    {"exact", ker_exact, 1},
    {"start", ini_short, 0},
    {"start-quick", ini_quick, 2},
    {"norms", ini_long, 0},
    {"spread", ini_spread, 0},
    {"gram", ker_gram, 0},
    {"quick", mem_quick, 1},
    {"widths", mem_widths, 0},
    {"shapes", mem_shapes, 0},
    {"rule", mem_rule, 0},
    {"last", mem_last, 0},
    {"sgd", mem_sgd, 0},
    {"blocks", mem_blocks, 0},
    {"delta", ker_delta, 0},
    {"stability", ker_stability, 0},
    {"concept-quick", con_quick, 2},
    {"concept", con_reference, 0},
    {"concept-width", con_width, 0},
    {"concept-samples", con_samples, 0},
    {"concept-scale", con_scale, 0},
    {"concept-alone", con_alone, 0},
    {"adding", rec_adding, 0},
    {"characters", rec_characters, 0},
    {"images", rec_images, 0},
    {"pixels", rec_pixels, 0},
};
enum { N = sizeof experiments / sizeof experiments[0] };

static int is_wanted(int i, int argc, char **argv) {
  if (argc < 2) return experiments[i].quick != 2;
  for (int k = 1; k < argc; k++) {
    if (strcmp(argv[k], experiments[i].name) == 0) return 1;
    if (experiments[i].quick && strcmp(argv[k], "--quick") == 0) return 1;
  }
  return 0;
}

int main(int argc, char **argv) {
  int ran = 0;
  for (int i = 0; i < N; i++)
    if (is_wanted(i, argc, argv)) {
      experiments[i].run();
      ran++;
    }
  if (!ran) {
    fprintf(stderr, "recurrent_table: no such experiment; there are:");
    for (int i = 0; i < N; i++) fprintf(stderr, " %s", experiments[i].name);
    fprintf(stderr, "\n");
    return 2;
  }
  printf("%s\n", lab_failures ? "outside the bands" : "all within the bands");
  return lab_failures > 0;
}
