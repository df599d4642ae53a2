/* SPDX-License-Identifier: BSD-3-Clause */
/* core/wire.h - from a configuration to connected components, in two stages.
 *
 * A plan is a pipeline checked whole: every key against its schema, every slot filled with a
 * component of the right kind and capabilities, every cycle refused; nothing is created yet. All
 * errors are reported at once. Creating the plan then makes the instances, inner ones first. */
#ifndef TW_WIRE_H
#define TW_WIRE_H

#include <thalweg/component.h>

#include "core/config.h"
#include "core/error.h"
#include "core/host.h"
#include "core/registry.h"

/* The groups of a pipeline file that are the host's own. The tables behind them (tw_option_groups)
 * have the same form as a component's, so checking, info and man pages are the same code. */
typedef struct tw_options {
  struct {
    const char *name; /* of the run folder: runs/NAME-NNN */
    int64_t seed, threads;
    int32_t precision; /* 0 single, 1 double */
  } run;
  struct {
    double epsilon, delta, confidence; /* of the verdict; epsilon also ends the run */
    double passes;                     /* budget; 0: none */
    int64_t steps, rounds;             /* 0: no limit */
    double seconds;                    /* 0: no limit */
    int32_t verdict;
    double verdict_passes; /* budget of the verdict's own search */
  } stop;
  struct {
    double every;        /* passes between records; 0: every step */
    int64_t batch;       /* rows a record is evaluated on; 0: all (streams: 4096) */
    int32_t test;        /* evaluate test sets at each record */
    int64_t probe_every; /* records between two probes of the model; 0: first and last only */
    int64_t rounds;      /* online: rounds between records; 0: ever farther apart */
    int32_t decisions;   /* online: write each decision to decisions.jsonl */
    int32_t hindsight;   /* online: ask for the best fixed decision at each record */
    int32_t check;       /* online: check every answer of the oracle */
  } monitor;
  struct {
    const char *metric; /* a number of the records; "": none */
    int32_t rises;      /* it gets better by growing */
    double patience;    /* passes; 0: for ever */
    int64_t cuts;       /* of the step, before the run ends */
    double cut;         /* factor on the step */
    thw_reals reach;    /* ends the run */
    int32_t keep_best;  /* the run's point is that of the best record */
  } watch;
  struct {
    double every; /* seconds */
  } checkpoint;
} tw_options;

typedef struct tw_option_group {
  const char *name, *help;
  const thw_param *params; /* offsets into tw_options */
  size_t n;
} tw_option_group;
extern const tw_option_group tw_option_groups[];
extern const size_t tw_n_option_groups;

/* One component of the pipeline. */
typedef struct tw_node {
  char *path; /* "optimizer.inner": its place in the file, the name of its random streams and of its
                 account */
  const tw_found *found;
  void *params;
  thw_wired wired;
  thw_ctx *ctx;      /* once created */
  thw_object object; /* what others see; for an optimizer in a slot: the host's proxy of it */
  thw_object raw;    /* the instance itself */
} tw_node;

typedef struct tw_plan tw_plan;

/* What a plan is for: a run, or one question to its linear oracle, which needs neither rounds nor
 * a learner. */
typedef enum tw_purpose { TW_PLAN_RUN, TW_PLAN_SOLVE } tw_purpose;

/* NULL when anything is wrong, with everything that is in `d`. `config` must outlive the plan. */
tw_plan *tw_plan_new(const tw_value *config, const tw_registry *r, tw_diags *d);
tw_plan *tw_plan_for(tw_purpose purpose, const tw_value *config, const tw_registry *r, tw_diags *d);
void tw_plan_free(tw_plan *p); /* destroys what was created: inner optimizers
                                     first, then outer ones, oracle, model, source */

const tw_options *tw_plan_options(const tw_plan *p);
/* A learner plays rounds, instead of an optimizer moving a point. */
int tw_plan_is_online(const tw_plan *p);
/* The pipeline with every default written out: what `show` prints and the run folder keeps. Paths
 * are absolute in it. Belongs to the plan. */
const tw_value *tw_plan_resolved(const tw_plan *p);

/* Creates all instances. */
thw_status tw_plan_create(tw_plan *p, tw_session *s, tw_diags *d);

/* Nodes in the order of creation; the one of that path ("source"), or NULL. */
tw_node *const *tw_plan_nodes(const tw_plan *p, size_t *n);
tw_node *tw_plan_node(const tw_plan *p, const char *path);

#endif
