/* SPDX-License-Identifier: BSD-3-Clause */
/* core/run/setup.h - a plan brought to life: session, instances, the wrapped oracle, its space.
 * What run, resume, verdict and predict have in common. */
#ifndef TW_RUN_SETUP_H
#define TW_RUN_SETUP_H

#include <thalweg/model.h>
#include <thalweg/optimizer.h>
#include <thalweg/oracle.h>
#include <thalweg/source.h>

#include "core/ledger.h"
#include "core/oracle.h"
#include "core/wire.h"

/* A stream has no end, so what counts as one pass over it is a convention. */
#define TW_STREAM_PASS 4096

/* Contexts point to the session in here: a setup stays where it is from begin to end. */
typedef struct tw_setup {
  tw_session session;
  tw_ledger *ledger;
  tw_plan *plan; /* the caller's */
  const tw_options *opt;
  tw_node *oracle_node;
  tw_node *optimizer;       /* NULL where a point is judged and no method runs */
  tw_node *model, *source;  /* NULL where the oracle has none */
  const thw_object *method; /* the optimizer's proxy, or NULL */
  thw_object *proxy;        /* that, where the plan has not made one */
  tw_oracle *oracle;
  const thw_object *object; /* of the wrapped oracle */
  thw_space *space;
  thw_layout layout;    /* of the model; all zero without one */
  int64_t rows;         /* in the sum; -1: a stream */
  int64_t pass;         /* component gradients in one pass */
  int smooth;           /* curvature means something */
  double facts_seconds; /* that the model took to find its facts, which optimizers live on */
} tw_setup;

/* Where the components' log lines go; NULL: nowhere. */
typedef void (*tw_log_fn)(void *arg, uint32_t level, const char *path, const char *text);

/* An error that tells how to write it, when the plan has no component at `path`. */
thw_status tw_setup_need(const tw_plan *plan, const char *path, tw_diags *d);
/* Initialises the session and creates all instances; there must be an oracle, an optimizer only
 * where one is to run. On error everything is undone, the plan too, and the words are in `d`. */
thw_status tw_setup_begin(tw_setup *s, tw_plan *plan, tw_log_fn log, void *log_arg, tw_diags *d);
/* Destroys the instances and the plan. */
void tw_setup_end(tw_setup *s);

/* The text that a failing component left on its context, or generic words; caller frees. */
char *tw_plan_text(const tw_plan *p, thw_status st);
char *tw_setup_text(tw_setup *s, thw_status st);
/* Turns a component's failure into an error in `d`: "DOING: text". Returns st. */
thw_status tw_setup_error(tw_setup *s, thw_status st, const char *doing, tw_diags *d);

/* The exit status that a failure stands for. */
int tw_exit_of(thw_status st);
/* The same where only input was read: a file that is not there is bad usage, not a broken run. */
int tw_exit_of_input(thw_status st);

#endif
