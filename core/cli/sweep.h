/* SPDX-License-Identifier: BSD-3-Clause */
/* core/cli/sweep.h - the parts of `thalweg sweep'. */
#ifndef TW_CLI_SWEEP_H
#define TW_CLI_SWEEP_H

#include <jansson.h>

#include "core/cli/command.h"
#include "core/run/folder.h"

/* What is varied: a setting over values, or run.name over files laid over the pipeline. */
typedef struct tw_vary {
  char *path;
  char **value; /* as --set takes them; for layers the names of files */
  size_t n;
  int layers;
} tw_vary;

typedef struct tw_varies {
  tw_vary *v;
  size_t n;
} tw_varies;

/* `PATH=VALUE,VALUE,...' in the syntax of --set, where A..B stands for the integers from A to B. */
thw_status tw_vary_add(tw_varies *all, const char *text, tw_diags *d);
/* `FILE,FILE,...' */
thw_status tw_vary_add_layers(tw_varies *all, const char *text, tw_diags *d);
/* How many combinations there are. */
size_t tw_vary_count(const tw_varies *all);
/* The pipeline of combination i: `base`, the layer, and the values set. Lists are new, the strings
 * that are made here are in `made`, which the caller frees with tw_vary_drop. */
typedef struct tw_combination {
  tw_pipeline_args args;
  char **made;
  size_t n_made;
  char *label; /* "optimizer.step=0.1, run.seed=2" */
} tw_combination;
void tw_vary_take(const tw_varies *all, size_t i, const tw_pipeline_args *base, tw_combination *c);
void tw_vary_drop(tw_combination *c);
void tw_vary_free(tw_varies *all);

/* One run of a sweep: its folder, with pipeline.cfg written. */
typedef struct tw_job {
  char *dir, *label;
} tw_job;

typedef struct tw_jobs {
  tw_job *v;
  size_t n;
  int at_once; /* processes */
  int quiet;
  const tw_pipeline_args *args; /* plugin_dirs */
} tw_jobs;

/* Runs those that have not ended yet, each in a process of its own, from where they are. Returns
 * TW_EXIT_OK when all have a result, TW_EXIT_FAILED when one has none, TW_EXIT_INTERRUPTED after a
 * signal, which is handed on to the runs so that they write their checkpoints. */
int tw_jobs_go(const tw_jobs *j, tw_diags *d);

#endif
