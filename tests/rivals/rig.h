/* SPDX-License-Identifier: BSD-3-Clause */
/* An optimizer of the tree on a problem whose curvature is known. */
#ifndef TESTS_RIVALS_RIG_H
#define TESTS_RIVALS_RIG_H

#include <thalweg/optimizer.h>

#include "core/host.h"
#include "tests/problems/problems.h"

typedef struct rig {
  tw_session session;
  thw_ctx *ctx;
  const thw_component *component;
  void *params, *self;
  tp_oracle *oracle;
  thw_space *space;
  thw_vec *x;
  thw_step io; /* of the last step */
} rig;

/* How the run is set up; zeros are good defaults. */
typedef struct rig_setup {
  uint32_t dtype; /* 0: double */
  int stream;
  uint64_t seed;
  double epsilon, delta;
  int threads;
  const thw_facts *facts; /* told by the oracle, NAN: not; NULL: none */
  const double *x0;       /* NULL: the model's start */
} rig_setup;

/* Creates and starts plugin `name` with parameters "name=value name=value". The model must outlive
 * the rig. Fails the test when it cannot. */
void rig_open(rig *r, const char *name, const char *params, const tp_model *m,
              const rig_setup *setup);
/* The status of create, with its words in `text`; nothing is left open. */
thw_status rig_refused(const char *name, const char *params, const tp_model *m,
                       const rig_setup *setup, char *text, size_t n);
void rig_close(rig *r);

thw_status rig_step(rig *r, int64_t units);
/* The point into r->x and, in double, into out. */
void rig_point(rig *r, double *out);
int64_t rig_cost(const rig *r);
/* Value and norm of the gradient of the whole sum at the point, not counted anywhere. */
void rig_judge(rig *r, const tp_model *m, double *f, double *norm);

/* Steps until the method says THW_DONE (returned) or `limit` gradients are spent (THW_BUDGET). */
thw_status rig_run(rig *r, int64_t units, int64_t limit);

/* Runs `budget` gradients in steps of `a` and in steps of `b` units, the second time saved and
 * loaded into a fresh instance after each step; fails unless the points agree to the last bit. */
void rig_same_bits(const char *name, const char *params, const tp_model *m, const rig_setup *setup,
                   int64_t a, int64_t b, int64_t budget);

#endif
