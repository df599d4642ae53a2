/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/problems/chain.h - an optimizer from a plugin file, with an inner one if it has a slot, on
 * a problem of this folder: session, accounts, the host's wrapper and proxies as in a run. */
#ifndef TP_CHAIN_H
#define TP_CHAIN_H

#include <thalweg/optimizer.h>

#include "core/ledger.h"
#include "core/state.h"
#include "tests/problems/problems.h"

typedef struct tp_chain tp_chain;

/* What the session says that the run is after, for chains made from here on; at first 1e-4 and
 * 1e-2. */
void tp_chain_goal(double epsilon, double delta);

/* `outer` and `inner` (or NULL): "neon2 epsilon=1e-3 delta=0.05": id, which is also the plugin's
 * file, and parameters; "!gd": with THW_EXT_STEER hidden. Aborts with a word where that cannot be
 * made. `budget`: component gradients, -1: no limit. */
tp_chain *tp_chain_new(const tp_oracle *o, uint64_t seed, int64_t budget, const char *outer,
                       const char *inner);
void tp_chain_free(tp_chain *c);

/* At the model's own starting point, whose randomness is the seed's. */
thw_status tp_chain_start(tp_chain *c);
/* Steps of at most `units` until one returns something else than THW_OK. */
thw_status tp_chain_run(tp_chain *c, int64_t units, int64_t max_steps);

thw_vec *tp_chain_point(tp_chain *c);
const tw_ledger *tp_chain_ledger(const tp_chain *c);
/* Component gradients of the account, 0 if there is none; NULL: of all. */
int64_t tp_chain_cost(const tp_chain *c, const char *account);
/* A number that the outer optimizer reports; NAN: none of that name. */
double tp_chain_reported(tp_chain *c, const char *name);
const char *tp_chain_text(tp_chain *c, thw_status st); /* until the next call */

/* The state of both, as the host saves it; caller frees. */
tw_state *tp_chain_save(tp_chain *c);
thw_status tp_chain_load(tp_chain *c, tw_state *s);

#endif
