/* SPDX-License-Identifier: BSD-3-Clause */
/* core/run/signals.h - SIGINT and SIGTERM ask a run to end: the first after the step in progress,
 * the second at once, the third ends the process. */
#ifndef TW_RUN_SIGNALS_H
#define TW_RUN_SIGNALS_H

#include "core/host.h"

/* One run per process. */
void tw_signals_catch(tw_session *s);
/* There is no step to finish from here on: the first signal counts double. */
void tw_signals_at_once(void);
void tw_signals_release(void);

#endif
