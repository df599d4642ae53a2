/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/limit.h"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

static int64_t read_ms(clockid_t clock, int64_t otherwise) {
  struct timespec t;
  if (clock_gettime(clock, &t) != 0) return otherwise;
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t now(void) {
  return read_ms(CLOCK_MONOTONIC, 0);
}

#define LONGEST 1e6 /* seconds; no limit is longer */

void tw_limit_orphan(double seconds) {
  seconds = seconds < LONGEST ? seconds : LONGEST;
  rlim_t most = (rlim_t)seconds + 2;
  setrlimit(RLIMIT_CPU, &(struct rlimit){most, most});
  alarm(TW_LIMIT_PATIENCE * (unsigned)seconds + 2);
#ifdef __linux__
  prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
}

tw_limit tw_limit_new(pid_t pid, double seconds) {
  tw_limit l = {.limit = (int64_t)((seconds < LONGEST ? seconds : LONGEST) * 1000)};
  if (clock_getcpuclockid(pid, &l.clock) != 0) l.clock = CLOCK_MONOTONIC;
  tw_limit_restart(&l);
  return l;
}

void tw_limit_restart(tw_limit *l) {
  l->begun = l->moved = now();
  l->before = l->used = read_ms(l->clock, l->used);
}

int tw_limit_over(tw_limit *l) {
  int64_t t = now(), used = read_ms(l->clock, l->used);
  if (used > l->used) l->used = used, l->moved = t;
  return used - l->before >= l->limit || t - l->moved >= l->limit ||
         t - l->begun >= TW_LIMIT_PATIENCE * l->limit;
}
