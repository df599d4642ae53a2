/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TESTS_RECURRENT_LEARN_H
#define TESTS_RECURRENT_LEARN_H

#include "tests/recurrent/lab.h"

/* Members that are zero have the reference's value: L = 6, 256 units, W trained by sgd with c = 1,
 * batches of 4, a linear schedule, output scale 0.3, eps_x = 1, 16,000 sequences. */
typedef struct con_task {
  int length, hidden, rows, batch, linear, centre, constant, only;
  int concept; /* seed of the functions alone */
  double scale, c, eps_x;
  const char *train, *optimizer;
} con_task;

void con_open(lab *l, const con_task *t, int seed);
/* Spends the task's rows. */
void con_train(lab *l, const con_task *t);
/* The same and the relative error on 2,000 fresh sequences. */
double con_run(const con_task *t, int seed);
double con_median(const con_task *t, int seeds);

void con_quick(void);
void con_reference(void);
void con_width(void);
void con_samples(void);
void con_scale(void);
void con_alone(void);

/* baselines.c, on the sequences of `seed` */
double base_linear(int length, int seed);
/* Ridge from the states of a network at its start; one head for all steps or for each. */
double base_frozen(int hidden, int heads, int seed);
/* Networks of 512 units with a head for each step: on a bag of the earlier tokens, on all tokens.
 */
double base_bag(int seed);
double base_flat(int seed);

#endif
