/* SPDX-License-Identifier: BSD-3-Clause */
/* core/limit.h - how long a child process may take.
 *
 * The limit is processor time, so that a busy machine fails nobody. A child that uses none at all
 * for as long, or is far behind even for a busy machine, is waiting for something that will not
 * come, and is over its limit too. */
#ifndef TW_LIMIT_H
#define TW_LIMIT_H

#include <stdint.h>
#include <sys/types.h>
#include <time.h>

/* No child lives longer than this many times its limit. */
enum { TW_LIMIT_PATIENCE = 20 };

typedef struct tw_limit {
  clockid_t clock;
  int64_t limit, begun, before, used, moved; /* all in ms */
} tw_limit;

/* In the child: should the parent be killed, it must not stay behind for ever. */
void tw_limit_orphan(double seconds);

/* In the parent. */
tw_limit tw_limit_new(pid_t pid, double seconds);
/* The child begins something new. */
void tw_limit_restart(tw_limit *l);
/* One when the time is over. To be asked a few times in each second. */
int tw_limit_over(tw_limit *l);

#endif
