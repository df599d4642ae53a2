/* SPDX-License-Identifier: BSD-3-Clause */
/* core/cli/past.h - a run folder read again: for resume, verdict and predict. */
#ifndef TW_CLI_PAST_H
#define TW_CLI_PAST_H

#include "core/cli/command.h"
#include "core/run/run.h"

typedef struct tw_past {
  tw_value *config; /* pipeline.cfg, and --set over it */
  tw_registry *registry;
  tw_plan *plan;
} tw_past;

/* Reads DIR/pipeline.cfg and lays a->sets over it. Only values whose path starts with one of
 * `allowed` (n of them, "stop." or "run.threads") may be set: anything else would make it another
 * run. */
thw_status tw_past_open(tw_past *p, const char *dir, const tw_pipeline_args *a,
                        const char *const *allowed, size_t n, tw_diags *d);
/* Errors for every value in which the pipeline is another one than `text`, which a checkpoint
 * holds; what may be set may differ. */
thw_status tw_past_same(const tw_past *p, const char *dir, const char *text,
                        const char *const *allowed, size_t n, tw_diags *d);
/* The plan, if nobody has taken it (set p->plan to NULL then), and the rest. */
void tw_past_close(tw_past *p);

/* `thalweg resume' (core/cli/resume.c): goes on in a run folder, from its checkpoint or, where
 * there is none, from the start. Returns an exit status. */
int tw_cli_resume(const char *dir, const tw_pipeline_args *a, const tw_run_options *how,
                  tw_diags *d);

#endif
