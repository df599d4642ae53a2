/* SPDX-License-Identifier: BSD-3-Clause */
/* core/online/plain.h - a decision that is just its coordinates: what the host restores for oracles
 * that do not pack theirs, and how any decision is written down. */
#ifndef TW_ONLINE_PLAIN_H
#define TW_ONLINE_PLAIN_H

#include <jansson.h>
#include <thalweg/linear.h>

/* `bytes`: n doubles, not necessarily aligned. */
thw_decision *tw_plain_new(int64_t n, const void *bytes);

/* The decision in the user's terms: an array of names, or of [name, amount] where the amount is not
 * 1. */
json_t *tw_decision_json(const thw_decision *x, const thw_linear_facts *f);

#endif
