/* SPDX-License-Identifier: BSD-3-Clause */
/* An optimizer of the tree on a problem whose curvature is known. */
#ifndef TESTS_RIVALS_TRIAL_H
#define TESTS_RIVALS_TRIAL_H

#include <thalweg/optimizer.h>

#include "core/host.h"
#include "tests/problems/problems.h"

typedef struct trial {
  tw_session *session; /* the context points to it, and a trial may move */
  thw_ctx *ctx;
  const thw_component *component;
  void *params, *self;
  tp_oracle *oracle;
  thw_space *space;
  thw_vec *x;
  thw_step io; /* of the last step */
} trial;

/* How the run is set up; zeros are good defaults. */
typedef struct trial_setup {
  uint32_t dtype; /* 0: double */
  int stream;
  uint64_t seed;
  double epsilon, delta;
  int threads;
  const thw_facts *facts; /* told by the oracle, NAN: not; NULL: none */
  const double *x0;       /* NULL: the model's start */
} trial_setup;

/* Creates and starts plugin `name` with parameters "name=value name=value". The model must outlive
 * the trial. Fails the test when it cannot. */
void trial_open(trial *r, const char *name, const char *params, const tp_model *m,
                const trial_setup *setup);
/* The status of create, with its words in `text`; nothing is left open. */
thw_status trial_refused(const char *name, const char *params, const tp_model *m,
                         const trial_setup *setup, char *text, size_t n);
void trial_close(trial *r);

thw_status trial_step(trial *r, int64_t units);
/* The point into r->x and, in double, into out. */
void trial_point(trial *r, double *out);
int64_t trial_cost(const trial *r);
/* Value and norm of the gradient of the whole sum at the point, not counted anywhere. */
void trial_judge(trial *r, const tp_model *m, double *f, double *norm);

/* Steps until the method says THW_DONE (returned) or `limit` gradients are spent (THW_BUDGET). */
thw_status trial_run(trial *r, int64_t units, int64_t limit);

/* Runs `budget` gradients in steps of `a` and in steps of `b` units, the second time saved and
 * loaded into a fresh instance after each step; fails unless the points agree to the last bit. */
void trial_same_bits(const char *name, const char *params, const tp_model *m,
                     const trial_setup *setup, int64_t a, int64_t b, int64_t budget);

#endif
