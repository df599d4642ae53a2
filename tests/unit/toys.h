/* SPDX-License-Identifier: BSD-3-Clause */
/* A plugin of toys for tests of the wiring: nothing works, everything can be connected. */
#ifndef TOYS_H
#define TOYS_H

#include <thalweg/component.h>

extern const thw_plugin toy_plugin;

/* What was created and destroyed, in order: "+source +model -model ...", by path. */
extern char toy_trace[2048];

/* Parameters of "sgd", "outer" and most others. */
typedef struct toy_params {
  double step, rate;
  int64_t batch;
  const char *path;
  int32_t rule;
  thw_reals weights;
} toy_params;

/* Every instance. */
typedef struct toy {
  thw_ctx *ctx;
  const toy_params *p;
  const thw_wired *slots;
  char path[64];
} toy;

#endif
