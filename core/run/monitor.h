/* SPDX-License-Identifier: BSD-3-Clause */
/* core/run/monitor.h - what is measured at a point for the records, on an account of its own. */
#ifndef TW_RUN_MONITOR_H
#define TW_RUN_MONITOR_H

#include "core/run/setup.h"

typedef struct tw_test_set {
  uint32_t set;
  thw_batch *batch;
} tw_test_set;

typedef struct tw_monitor {
  tw_setup *s;
  thw_vec *g;
  thw_batch *batch; /* NULL: the whole sum */
  tw_test_set *test;
  size_t n_tests;
  char **name; /* of the test metrics, "test.accuracy" */
  double *value;
  size_t n_metrics;
  double f, grad_norm; /* of the last evaluation */
  int from_source;     /* batch is the source's, not the oracle's */
  double steps;        /* of sequences: mean steps in a row; 0: rows are no sequences */
} tw_monitor;

thw_status tw_monitor_begin(tw_monitor *m, tw_setup *s, tw_diags *d);
void tw_monitor_end(tw_monitor *m);

/* f and gradient norm at x, into m. Returns what the oracle returned, its text still on the
 * context: a NaN here is the run's divergence, not the monitor's. */
thw_status tw_monitor_evaluate(tw_monitor *m, const thw_vec *x);
/* The test metrics at x, into m->value. */
thw_status tw_monitor_tests(tw_monitor *m, thw_vec *x);

#endif
