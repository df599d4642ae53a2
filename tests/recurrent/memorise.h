/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TESTS_RECURRENT_MEMORISE_H
#define TESTS_RECURRENT_MEMORISE_H

#include "tests/recurrent/lab.h"

/* Members that are zero have the reference's value: 32 numbers in a token, one output, tokens all,
 * relu, gain 2, W trained, losses from step 2 on, gd with c = 1.5. */
typedef struct mem_task {
  int n, length, hidden;
  int dim, outputs, pairs, last, watch; /* watch: the gradient's ratio at each watch-th step */
  double delta, gain;
  const char *tokens, *activation, *train, *optimizer;
} mem_task;

typedef struct mem_result {
  double *f;      /* while it runs */
  double lam_max; /* times d/m */
  double its[4], rate, r2, end, least_ratio;
  double drift, drift2, flips, change;
  int steps, monotone;
} mem_result;

void mem_open(lab *l, const mem_task *t, int seed);
/* Epochs until f <= until f_0, at most `most`. */
void mem_run(const mem_task *t, int seed, int most, double until, mem_result *r);

void mem_quick(void);
void mem_widths(void);
void mem_shapes(void);
void mem_rule(void);
void mem_last(void);
void mem_sgd(void);
void mem_blocks(void);

#endif
