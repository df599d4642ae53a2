/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/optim/rig.h - a pipeline brought to life in the test's own process and driven step by
 * step. The plugins are the built ones, from .libs; the models bowl and rosenbrock are ours. */
#ifndef TESTS_OPTIM_RIG_H
#define TESTS_OPTIM_RIG_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/run/setup.h"
#include "core/state.h"

typedef struct rig {
  tw_value *config;
  tw_setup s;
  tw_diags d;
  int64_t n;
  thw_vec *x, *g; /* the last point asked for, its gradient */
  int64_t steps;
} rig;

/* The pipeline's text, in several parts that are put together; NULL at the end. The method is
 * started at the model's own starting point. Fails the test with the errors otherwise. */
void rig_open(rig *r, ...);
void rig_close(rig *r);

/* One step of at most about `units`. */
thw_status rig_step(rig *r, int64_t units);
/* Steps of one pass until the method ends, or `passes` component gradients per row are spent. The
 * last status. */
thw_status rig_run(rig *r, double passes);
/* The same with steps of at most `units`, up to the next epoch's end. */
thw_status rig_epoch(rig *r, int64_t units);
/* Passes spent by the method. */
double rig_passes(const rig *r);

/* Takes the method's point; value and norm of the gradient there, at nobody's cost. */
double rig_f(rig *r);
double rig_norm(rig *r);
/* Numbers of the method's point; the caller frees. */
double *rig_point(rig *r);

/* First number of passes (of gradients only, as the tables have it), looking after each step of
 * `units` (0: after each epoch), at which the norm is at most `level[i]`; INFINITY when it is not
 * within `passes`. Levels fall. */
void rig_levels(rig *r, int64_t units, double passes, const double *level, int n, double *at);

tw_state *rig_save(rig *r);
void rig_load(rig *r, tw_state *s);

/* Skips the test with a word unless the file of shared/data/libsvm is there; else its path, which
 * the caller frees. */
char *rig_data(const char *name);

#endif
