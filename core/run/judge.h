/* SPDX-License-Identifier: BSD-3-Clause */
/* core/run/judge.h - the verdict on a point of a pipeline that is set up. */
#ifndef TW_RUN_JUDGE_H
#define TW_RUN_JUDGE_H

#include "core/run/setup.h"
#include "core/verdict.h"

/* Judges x by the pipeline's stop group and the facts of its oracle. The cost is booked on the
 * account "verdict", outside of the budget of the run. On THW_OK, *v is to be cleared. */
thw_status tw_judge(tw_setup *s, const thw_vec *x, tw_verdict *v, tw_diags *d);

#endif
