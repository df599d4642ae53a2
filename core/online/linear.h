/* SPDX-License-Identifier: BSD-3-Clause */
/* core/online/linear.h - the host's wrapper around a linear oracle, which is what learners hold: it
 * numbers and books the calls, looks at questions and answers, takes the lock of the library
 * behind the oracle, and completes missing entries. */
#ifndef TW_ONLINE_LINEAR_H
#define TW_ONLINE_LINEAR_H

#include <thalweg/linear.h>

#include "core/host.h"

typedef struct tw_linear tw_linear;

/* `inner` is the oracle of the pipeline, `ctx` its context. `check`: every answer is tried by what
 * the oracle has for that (feasible, exact). */
thw_status tw_linear_new(tw_session *s, thw_ctx *ctx, const thw_object *inner, int check,
                         tw_linear **out);
void tw_linear_free(tw_linear *l);
/* Gives back the decisions that are held for checks: before the oracle is destroyed. */
void tw_linear_forget(tw_linear *l);

const thw_object *tw_linear_object(const tw_linear *l);
const thw_linear_facts *tw_linear_facts(const tw_linear *l);

/* How often the learner has asked: the number of its next call. */
int64_t tw_linear_calls(const tw_linear *l);
void tw_linear_set_calls(tw_linear *l, int64_t calls);
double tw_linear_seconds(const tw_linear *l);

/* A question of the host's own, for c of any length: not numbered among the learner's calls, and
 * dependent on `number` alone. A true minimiser where the oracle can find one (*exact = 1). Books
 * on the current account. */
thw_status tw_linear_best(tw_linear *l, const double *c, uint64_t number, thw_linear_answer *out,
                          int *exact);

#endif
