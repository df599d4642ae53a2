/* SPDX-License-Identifier: BSD-3-Clause */
/* core/run/probe.h - what a model has to tell beyond its value and metrics (thw.probe/1), on the
 * first rows of set 0. */
#ifndef TW_RUN_PROBE_H
#define TW_RUN_PROBE_H

#include <jansson.h>

#include "core/run/setup.h"

typedef struct tw_probe {
  tw_setup *s;
  const thw_probe *ext; /* NULL: the model offers none */
  thw_vec *start;       /* where the run began; filled in by its owner */
  thw_batch *batch;
} tw_probe;

/* Nothing where the model offers no probe. */
thw_status tw_probe_begin(tw_probe *p, tw_setup *s, tw_diags *d);
void tw_probe_end(tw_probe *p);

/* Adds "probe.NAME" to a record. */
thw_status tw_probe_put(tw_probe *p, const thw_vec *x, json_t *to);

#endif
