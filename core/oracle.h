/* SPDX-License-Identifier: BSD-3-Clause */
/* core/oracle.h - the host's wrapper around every first-order oracle: counting, budget, NaN guard,
 * cancellation and the defaults of missing entries exist here and nowhere else. */
#ifndef TW_ORACLE_H
#define TW_ORACLE_H

#include <thalweg/oracle.h>

#include "core/error.h"
#include "core/host.h"

typedef struct tw_oracle tw_oracle;

/* Wraps `inner`, which must outlive it. `ctx` is the inner's context: an error text left there is
 * passed on, and the guard writes its own there. `charge`: book and enforce the budget (the oracle
 * of the pipeline); without it only defaults and the NaN guard are added (an oracle that a
 * component built for its inner optimizer, whose calls arrive at the pipeline's oracle anyway). */
thw_status tw_oracle_new(tw_session *s, thw_ctx *ctx, const thw_object *inner, int charge,
                         tw_oracle **out);
void tw_oracle_free(tw_oracle *o);
/* Frees what it holds in the inner oracle's space, before that one is destroyed; the wrapper itself
 * must stay until the optimizers are gone. */
void tw_oracle_detach(tw_oracle *o);
const thw_object *tw_oracle_object(tw_oracle *o);

/* 1 when `o` is a wrapper made here. */
int tw_oracle_is_wrapped(const thw_object *o);

/* Rows in the sum, -1 for a stream; one pass is that many component gradients. */
int64_t tw_oracle_rows(const tw_oracle *o);

/* The host's proxy of an optimizer instance: enters its account (named by the context's path)
 * around every call, and wraps an oracle it is started on unless that is one of ours. Both live as
 * long as `ctx`'s owner; free with tw_optimizer_proxy_free. */
thw_object *tw_optimizer_proxy_new(tw_session *s, thw_ctx *ctx, const thw_object *inner);
void tw_optimizer_proxy_free(thw_object *o);

#endif
