/* SPDX-License-Identifier: BSD-3-Clause */
#include <config.h>

#include "plugins/linear/exec/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

/* How often to look whether the user wants the run to end, in milliseconds. */
#define SLICE 50

__attribute__((format(printf, 2, 3))) static child_end broken(child *c, const char *fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(c->why, sizeof c->why, fmt, ap);
  va_end(ap);
  return CHILD_BROKEN;
}

const char *child_quote(const char *s, char room[80]) {
  size_t n = 0;
  for (; s[n] && n < 60; n++) {
    unsigned char u = (unsigned char)s[n];
    room[n] = (char)(u < ' ' || u > '~' ? '?' : u);
  }
  strcpy(room + n, s[n] ? "..." : "");
  return room;
}

/* ---- the command ----------------------------------------------------------------------------- */

static int is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n';
}

/* One word from *from to *to, where a NUL ends it; 0: a quote is not closed. */
static int take_word(const char **from, char **to) {
  char quote = 0;
  for (; **from && (quote || !is_blank(**from)); ++*from) {
    if (quote ? **from == quote : **from == '\'' || **from == '"')
      quote = quote ? 0 : **from;
    else
      *(*to)++ = **from;
  }
  *(*to)++ = '\0';
  return !quote;
}

thw_status child_command(child *c, on_env e, const char *command, const char *folder) {
  *c = (child){.e = e, .folder = folder, .to = -1, .from = -1};
  int64_t n = (int64_t)strlen(command);
  THW_TRY(ON_NEW(e, c->words, n + 1));
  THW_TRY(ON_NEW(e, c->argv, n / 2 + 2));
  char *to = c->words;
  size_t k = 0;
  for (const char *p = command;;) {
    while (is_blank(*p)) p++;
    if (!*p) break;
    c->argv[k++] = to;
    if (!take_word(&p, &to))
      return on_fail(e, THW_E_ARG, "command: a quote is not closed in: %s", command);
  }
  if (k == 0) return on_fail(e, THW_E_ARG, "command is empty: write the program and its arguments");
  return THW_OK;
}

void child_free(child *c) {
  if (!c->e.host) return;
  child_stop(c, 1);
  on_free(c->e, c->text);
  on_free(c->e, c->argv);
  on_free(c->e, c->words);
}

/* ---- starting -------------------------------------------------------------------------------- */

static int two_pipes(int in[2], int out[2]) {
  if (pipe2(in, O_CLOEXEC) != 0) return -1;
  if (pipe2(out, O_CLOEXEC) == 0) return 0;
  close(in[0]);
  close(in[1]);
  return -1;
}

/* The host ignores SIGPIPE and blocks nothing that a program of its own needs to know of: the child
 * starts with signals as a shell would start it. */
static int attributes(posix_spawnattr_t *a) {
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  if (posix_spawnattr_init(a) != 0) return -1;
  posix_spawnattr_setsigmask(a, &none);
  posix_spawnattr_setsigdefault(a, &all);
  posix_spawnattr_setpgroup(a, 0);
  posix_spawnattr_setflags(a,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  return 0;
}

static int spawn(child *c, int in, int out) {
  posix_spawnattr_t a;
  posix_spawn_file_actions_t f;
  if (attributes(&a) != 0) return ENOMEM;
  int bad = posix_spawn_file_actions_init(&f);
  if (!bad) {
    if (c->folder) bad = posix_spawn_file_actions_addchdir_np(&f, c->folder);
    if (!bad) bad = posix_spawn_file_actions_adddup2(&f, in, 0);
    if (!bad) bad = posix_spawn_file_actions_adddup2(&f, out, 1);
    if (!bad) bad = posix_spawnp(&c->pid, c->argv[0], &f, &a, c->argv, environ);
    posix_spawn_file_actions_destroy(&f);
  }
  posix_spawnattr_destroy(&a);
  return bad;
}

child_end child_start(child *c) {
  int in[2], out[2];
  if (two_pipes(in, out) != 0) return broken(c, "no pipe to it: %s", strerror(errno));
  int bad = spawn(c, in[0], out[1]);
  close(in[0]);
  close(out[1]);
  if (bad) {
    c->pid = 0;
    close(in[1]);
    close(out[0]);
    return broken(c, "it cannot be started in %s: %s", c->folder ? c->folder : ".", strerror(bad));
  }
  c->to = in[1];
  c->from = out[0];
  fcntl(c->to, F_SETFL, O_NONBLOCK);
  fcntl(c->from, F_SETFL, O_NONBLOCK);
  c->line = c->used = c->at = c->looked = 0;
  return CHILD_OK;
}

/* ---- ending ---------------------------------------------------------------------------------- */

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Waits for its end for up to `seconds`; 1: it has ended, with *how. */
static int gone(child *c, double seconds, int *how) {
  struct timespec little = {0, 1000000};
  double end = now() + seconds;
  for (;;) {
    pid_t got = waitpid(c->pid, how, WNOHANG);
    if (got == c->pid) return 1;
    if (got < 0 && errno != EINTR) return *how = 0, 1;
    if (now() >= end) return 0;
    nanosleep(&little, NULL);
  }
}

static void close_pipes(child *c) {
  if (c->to >= 0) close(c->to);
  if (c->from >= 0) close(c->from);
  c->to = c->from = -1;
}

void child_stop(child *c, int patient) {
  int how = 0;
  if (c->pid == 0) return;
  close_pipes(c);
  if (!patient || !gone(c, 1.0, &how)) {
    kill(-c->pid, SIGKILL); /* with what it has started */
    kill(c->pid, SIGKILL);
    while (waitpid(c->pid, &how, 0) < 0 && errno == EINTR) continue;
  }
  c->pid = 0;
}

static const char *signal_name(int number) {
  static const struct {
    int number;
    const char *name;
  } known[] = {{SIGSEGV, "SIGSEGV"}, {SIGABRT, "SIGABRT"}, {SIGBUS, "SIGBUS"},
               {SIGFPE, "SIGFPE"},   {SIGILL, "SIGILL"},   {SIGPIPE, "SIGPIPE"},
               {SIGKILL, "SIGKILL"}, {SIGTERM, "SIGTERM"}, {SIGXCPU, "SIGXCPU"}};
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
    if (known[i].number == number) return known[i].name;
  return "a signal";
}

/* It has closed its output or its input: why? */
static child_end died(child *c, const char *what) {
  int how = 0;
  char half[128] = "", room[80];
  if (c->used > c->at)
    snprintf(half, sizeof half, " in the middle of line %lld, \"%s\"", (long long)c->line + 1,
             child_quote(c->text + c->at, room));
  close_pipes(c);
  if (!gone(c, 0.5, &how)) {
    child_stop(c, 0);
    return broken(c, "it %s%s and did not end", what, half);
  }
  kill(-c->pid, SIGKILL);
  c->pid = 0;
  if (WIFSIGNALED(how))
    return broken(c, "it was killed by %s (%d)%s", signal_name(WTERMSIG(how)), WTERMSIG(how), half);
  return broken(c, "it ended with exit status %d%s", WIFEXITED(how) ? WEXITSTATUS(how) : 0, half);
}

/* ---- sending --------------------------------------------------------------------------------- */

/* Waits until `fd` is ready; *left seconds are left. */
static child_end ready(child *c, int fd, short events, double end, const char *doing) {
  for (;;) {
    struct pollfd p = {fd, events, 0};
    if (c->e.host->cancelled(c->e.ctx)) return CHILD_CANCELLED;
    double left = end - now();
    if (left <= 0) return broken(c, "%s", doing);
    int wait = left < 1e-3 * SLICE ? (int)(1e3 * left) + 1 : SLICE;
    if (poll(&p, 1, wait) > 0) return CHILD_OK;
  }
}

/* A write to a pipe that nobody reads raises SIGPIPE in this thread, and a plugin must neither die
 * of it nor touch what the process does about it. */
static ssize_t quiet_write(int fd, const char *p, size_t n) {
  sigset_t pipe_only, before, pending;
  struct timespec at_once = {0, 0};
  sigemptyset(&pipe_only);
  sigaddset(&pipe_only, SIGPIPE);
  sigpending(&pending);
  pthread_sigmask(SIG_BLOCK, &pipe_only, &before);
  ssize_t got = write(fd, p, n);
  int error = errno;
  if (got < 0 && error == EPIPE && !sigismember(&pending, SIGPIPE))
    while (sigtimedwait(&pipe_only, NULL, &at_once) < 0 && errno == EINTR) continue;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  errno = error;
  return got;
}

child_end child_send(child *c, const char *p, size_t n, double seconds) {
  double end = now() + seconds;
  while (n > 0) {
    ssize_t got = quiet_write(c->to, p, n);
    if (got >= 0) {
      p += got;
      n -= (size_t)got;
    } else if (errno == EPIPE) {
      return died(c, "closed its input");
    } else if (errno == EAGAIN) {
      char doing[120];
      snprintf(doing, sizeof doing, "it does not read what it is sent: %g seconds have gone by",
               seconds);
      child_end r = ready(c, c->to, POLLOUT, end, doing);
      if (r != CHILD_OK) return r;
    } else if (errno != EINTR) {
      return broken(c, "writing to it: %s", strerror(errno));
    }
  }
  return CHILD_OK;
}

/* ---- receiving ------------------------------------------------------------------------------- */

/* More bytes behind those that are there, and a NUL behind them. */
static child_end receive(child *c, double end, double seconds) {
  char doing[240], room[80];
  if (c->at > 0) {
    memmove(c->text, c->text + c->at, (size_t)(c->used - c->at));
    c->used -= c->at;
    c->looked -= c->at;
    c->at = 0;
  }
  if (ON_GROW(c->e, c->text, c->room, c->used + 4097) != THW_OK) return CHILD_NOMEM;
  for (;;) {
    ssize_t got = read(c->from, c->text + c->used, (size_t)(c->room - c->used - 1));
    if (got > 0) c->used += got;
    c->text[c->used] = '\0';
    if (got > 0) return CHILD_OK;
    if (got == 0) return died(c, "closed its output");
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return broken(c, "reading from it: %s", strerror(errno));
    snprintf(doing, sizeof doing, "no answer within %g seconds%s%s%s", seconds,
             c->used ? "; it has written half of a line: \"" : "",
             c->used ? child_quote(c->text, room) : "", c->used ? "\"" : "");
    child_end r = ready(c, c->from, POLLIN, end, doing);
    if (r != CHILD_OK) return r;
  }
}

child_end child_line(child *c, double seconds, int64_t most, char **line) {
  double end = now() + seconds;
  char room[80];
  for (;;) {
    char *stop = c->used > c->looked
                     ? memchr(c->text + c->looked, '\n', (size_t)(c->used - c->looked))
                     : NULL;
    if ((stop ? stop - c->text : c->used) - c->at > most)
      return broken(c, "line %lld of it is longer than %lld bytes: \"%s\"", (long long)c->line + 1,
                    (long long)most, child_quote(c->text + c->at, room));
    if (stop) {
      *line = c->text + c->at;
      *stop = '\0';
      if (stop > *line && stop[-1] == '\r') stop[-1] = '\0';
      c->at = c->looked = stop + 1 - c->text;
      c->line++;
      return CHILD_OK;
    }
    c->looked = c->used;
    child_end r = receive(c, end, seconds);
    if (r != CHILD_OK) return r;
  }
}
