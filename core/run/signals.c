/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/run/signals.h"

#include <signal.h>
#include <unistd.h>

#include "core/cli/command.h"

/* A handler has no argument. */
static volatile sig_atomic_t *cancel_flag;
static volatile sig_atomic_t at_once;

static void on_signal(int sig) {
  (void)sig;
  if (!cancel_flag) return;
  *cancel_flag += at_once ? 2 : 1;
  /* Twice refused: something hangs. The files on the disk are whole at any moment. */
  if (*cancel_flag >= 3 + at_once) _exit(TW_EXIT_INTERRUPTED);
}

void tw_signals_catch(tw_session *s) {
  cancel_flag = &s->cancel;
  at_once = 0;
  struct sigaction a = {.sa_handler = on_signal};
  sigemptyset(&a.sa_mask);
  a.sa_flags = SA_RESTART;
  sigaction(SIGINT, &a, NULL);
  sigaction(SIGTERM, &a, NULL);
}

void tw_signals_at_once(void) {
  at_once = 1;
}

void tw_signals_release(void) {
  signal(SIGINT, SIG_DFL);
  signal(SIGTERM, SIG_DFL);
  cancel_flag = NULL;
}
