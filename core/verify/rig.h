/* SPDX-License-Identifier: BSD-3-Clause */
/* core/verify/rig.h - an optimizer on a test bench: a built-in sum, the host's wrapper around it,
 * and in between a probe that counts, and stops the optimizer where a check wants it to. */
#ifndef TW_VERIFY_RIG_H
#define TW_VERIFY_RIG_H

#include "core/ledger.h"
#include "core/oracle.h"
#include "core/verify/priv.h"

typedef struct vf_rig {
  vf_inst *in;
  const thw_optimizer_ops *ops;
  void *self;
  vf_sum *sum;
  thw_ctx *ctx; /* the oracle's */
  tw_oracle *wrapper;
  const thw_oracle_ops *below;
  thw_object probe;
  tw_ledger *ledger;
  int owns_ledger;
  size_t before; /* account to go back to */
  thw_vec *x;    /* scratch of the check; holds the start point at first */
  int64_t calls; /* evaluations asked for */
  int64_t stop_at;
  thw_status stop_with; /* the answer to evaluation number stop_at; 0: none */
  thw_status stopped;   /* THW_BUDGET or THW_CANCELLED once it has been given */
  int64_t after_stop;   /* evaluations and draws asked for after that */
  int64_t batches;      /* drawn and not released */
} vf_rig;

/* THW_OK or why not; NULL then. */
thw_status vf_rig_new(vf_inst *in, int shape, int give_facts, vf_rig **out);
void vf_rig_free(vf_rig *r); /* before the instance */
thw_status vf_rig_start(vf_rig *r);
thw_status vf_rig_step(vf_rig *r, int64_t max_units, thw_step *io);
/* Component gradients spent so far. */
int64_t vf_rig_spent(const vf_rig *r);

/* Instance and rig, started, for a check that needs both: on a finite sum, else on a stream. On
 * failure the check is skipped or failed and NULL comes back. Free with vf_rig_end. */
vf_rig *vf_rig_need(vf_case *k, int shape);
void vf_rig_end(vf_rig *r);

/* Up to `n` steps of max_units, and the point after each; stops at anything but THW_OK. */
thw_status vf_rig_run(vf_rig *r, int n, int64_t max_units, vf_trace *t);

/* The optimizer's point into r->x; the check fails when there is none or it is not finite. */
int vf_rig_point(vf_case *k, vf_rig *r, const char *when);
/* Fails the check: `call` answered st. */
void vf_rig_unexpected(vf_case *k, vf_rig *r, const char *call, thw_status st);

/* Checks of checks_steering.c. */
int vf_reports(vf_case *k);
int vf_steering(vf_case *k);

#endif
