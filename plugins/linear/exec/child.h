/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/linear/exec/child.h - a program of the user's and the lines exchanged with it through
 * pipes. Nothing here blocks for longer than it was told to, whatever the program does. */
#ifndef EXEC_CHILD_H
#define EXEC_CHILD_H

#include <sys/types.h>

#include "kernels/online/env.h"

typedef enum child_end {
  CHILD_OK,
  CHILD_BROKEN,    /* it hangs, has died or writes what is no line: `why` says which */
  CHILD_CANCELLED, /* the user wants the run to end */
  CHILD_NOMEM
} child_end;

typedef struct child {
  on_env e;
  const char *folder;
  char **argv; /* NULL at the end; the words are in `words` */
  char *words;
  pid_t pid;    /* 0: not running */
  int to, from; /* our ends of its standard input and output */
  int64_t line; /* lines that it has written since it was started */
  char *text;   /* what came in: `used` bytes, of which `at` have been handed out */
  int64_t room, used, at, looked;
  char why[512];
} child;

/* Splits a command at blanks; '...' and "..." keep blanks. No shell, no expansion. */
thw_status child_command(child *c, on_env e, const char *command, const char *folder);
void child_free(child *c);

/* Starts the program, in a process group of its own so that a key pressed for us does not hit it.
 */
child_end child_start(child *c);
/* Sends n bytes within `seconds`. */
child_end child_send(child *c, const char *p, size_t n, double seconds);
/* The next line, without its end, in *line until the next call; longer than `most` bytes is a
 * fault. */
child_end child_line(child *c, double seconds, int64_t most, char **line);
/* Ends it: at once, or `patient`: after it had a second to end by itself. */
void child_stop(child *c, int patient);

/* At most 60 bytes of a text that may hold anything, fit to be shown. */
const char *child_quote(const char *s, char room[80]);

#endif
