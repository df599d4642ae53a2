/* SPDX-License-Identifier: BSD-3-Clause */
/* core/verdict.h - what a run may claim about its last point (docs/design.md, section 7). */
#ifndef TW_VERDICT_H
#define TW_VERDICT_H

#include <thalweg/oracle.h>

#include "core/error.h"
#include "core/host.h"

typedef enum tw_verdict_kind {
  TW_LOCAL_MINIMUM,  /* "approximate-local-minimum" */
  TW_SADDLE,         /* "saddle" */
  TW_NOT_STATIONARY, /* "not-stationary" */
  TW_UNKNOWN         /* "unknown", see `reason` */
} tw_verdict_kind;

typedef struct tw_verdict_options {
  double epsilon, delta, confidence;
  double passes; /* budget of the search; 0: none */
  int smooth;    /* the model is twice differentiable; 0: the verdict is unknown */
  double L, L2;  /* given constants, 0: estimate (L), unknown (L2) */
} tw_verdict_options;

typedef struct tw_verdict {
  tw_verdict_kind kind;
  char *reason; /* one sentence that says what was checked and found; never NULL */
  double f, grad_norm;
  double epsilon, delta, confidence; /* as asked */
  double curvature;   /* v'Hv of the direction found, or the smallest seen; NAN if no search ran */
  thw_vec *direction; /* unit vector, when kind is TW_SADDLE; else NULL */
  double L, L2;       /* used by the search, or seen by it; NAN if unknown */
  int L_given;        /* 1: from the model's facts or the user, 0: estimated */
  const char *search; /* "neon2-krylov", ...; NULL if none ran */
  int64_t gradients;  /* component gradients that the verdict cost */
} tw_verdict;

/* Vectors that the search for curvature on a sum may keep in such a space; 0: too few to try. */
int64_t tw_verdict_room(const thw_space *space);

/* "approximate-local-minimum", ... */
const char *tw_verdict_word(tw_verdict_kind k);

/* Judges x. `oracle` is the wrapper's object (its calls are booked by the caller's account);
 * `ctx` gives the random stream "verdict". Returns THW_OK whenever a verdict was reached, even
 * "unknown"; THW_CANCELLED when interrupted; else what the oracle failed with, its words still on
 * its context. */
thw_status tw_verdict_judge(const thw_object *oracle, thw_ctx *ctx, const tw_verdict_options *o,
                            const thw_vec *x, tw_verdict *out, tw_diags *d);
void tw_verdict_clear(tw_verdict *v);

#endif
