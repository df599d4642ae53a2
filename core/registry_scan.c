/* SPDX-License-Identifier: BSD-3-Clause */
/* Loads each file in a child process first, so that one that crashes, exits or hangs while loading
 * costs a message and not the run.
 *
 * The child goes through the files in order and writes a record for each to a pipe. When it dies or
 * falls silent, the file without a record is to blame; a new child starts behind that one. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/limit.h"
#include "core/registry_priv.h"

enum { LIMIT_S = 5 };

/* `length` bytes of text follow: why the file cannot be used; 0: it can. */
typedef struct record {
  uint32_t file, length;
} record;

/* ---- the child --------------------------------------------------------------------------------
 */

static void write_all(int fd, const void *p, size_t n) {
  const char *from = p;
  while (n > 0) {
    ssize_t k = write(fd, from, n);
    if (k < 0 && errno == EINTR) continue;
    if (k <= 0) _exit(1);
    from += k;
    n -= (size_t)k;
  }
}

/* No output, no core file, and the system's own way with signals, whoever had set them. */
static void isolate(void) {
  int null = open("/dev/null", O_RDWR);
  for (int fd = 0; fd < 3; fd++) dup2(null, fd);
  if (null > 2) close(null);
  setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
  static const int caught[] = {SIGSEGV, SIGBUS,  SIGILL,  SIGFPE,  SIGABRT, SIGALRM,
                               SIGINT,  SIGTERM, SIGPIPE, SIGTRAP, SIGSYS};
  for (size_t i = 0; i < sizeof caught / sizeof caught[0]; i++) signal(caught[i], SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void child(const tw_files *f, size_t from, int to) {
  isolate();
  for (size_t i = from; i < f->n; i++) {
    tw_diags why = {0};
    alarm(TW_LIMIT_PATIENCE * LIMIT_S +
          1); /* should the parent die, a hanging file must not stay behind */
    const thw_plugin *p = tw_plugin_open(f->v[i].path, &why);
    const char *text = p || why.n == 0 ? "" : why.v[0].text;
    record r = {(uint32_t)i, (uint32_t)strlen(text)};
    write_all(to, &r, sizeof r);
    write_all(to, text, r.length);
    tw_diags_free(&why);
  }
  _exit(0); /* no exit handlers: they are the parent's */
}

/* ---- the parent -------------------------------------------------------------------------------
 */

/* 1: all n bytes read; 0: the child has closed the pipe; -1: the time is over. */
static int read_all(int fd, void *p, size_t n, tw_limit *limit) {
  char *to = p;
  while (n > 0) {
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    int ready = poll(&wait, 1, 50);
    if (ready < 0 && errno != EINTR) return 0;
    if (ready <= 0 && tw_limit_over(limit)) return -1;
    if (ready <= 0) continue;
    ssize_t k = read(fd, to, n);
    if (k < 0 && errno == EINTR) continue;
    if (k <= 0) return 0;
    to += k;
    n -= (size_t)k;
  }
  return 1;
}

/* Reads records until the child ends or falls silent; returns the last read_all. */
static int collect(tw_files *f, size_t *next, int fd, tw_limit *limit, tw_diags *d) {
  while (*next < f->n) {
    tw_limit_restart(limit);
    record r;
    int got = read_all(fd, &r, sizeof r, limit);
    if (got != 1) return got;
    if (r.file != *next || r.length > 65536) return 0; /* not our record: the plugin's writing */
    char *text = tw_calloc((size_t)r.length + 1, 1);
    got = read_all(fd, text, r.length, limit);
    if (got == 1 && r.length) {
      f->v[*next].good = 0;
      tw_warn(d, "%s", text);
    }
    free(text);
    if (got != 1) return got;
    ++*next;
  }
  return 1;
}

static void blame(tw_file *f, int silent, int status, tw_diags *d) {
  const char *remedy = "nothing may run at load time, so remove constructors and global "
                       "initialisers, or move the file out of the plugin directory";
  f->good = 0;
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS)
    remedy = "the file seems to be cut short, so copy or build it again";
  if (silent)
    tw_warn(d, "%s: did not return within %d s while loading: %s", f->path, LIMIT_S, remedy);
  else if (WIFSIGNALED(status))
    tw_warn(d, "%s: crashed with signal %d (%s) while loading: %s", f->path, WTERMSIG(status),
            strsignal(WTERMSIG(status)), remedy);
  else
    tw_warn(d, "%s: ended the process with exit status %d while loading: %s", f->path,
            WIFEXITED(status) ? WEXITSTATUS(status) : -1, remedy);
}

/* One child, from file *next on. THW_OK when it got further. */
static thw_status run_child(tw_files *f, size_t *next, tw_diags *d) {
  int pipe_fd[2], status = 0;
  if (pipe(pipe_fd) != 0)
    return tw_error(d, THW_E_IO, "cannot check plugins: pipe: %s", strerror(errno));
  fflush(NULL); /* or a plugin that exits would write our buffers a second time */
  pid_t pid = fork();
  if (pid < 0) {
    close(pipe_fd[0]);
    close(pipe_fd[1]);
    return tw_error(d, THW_E_IO, "cannot check plugins: fork: %s", strerror(errno));
  }
  if (pid == 0) {
    close(pipe_fd[0]);
    child(f, *next, pipe_fd[1]);
  }
  close(pipe_fd[1]);
  tw_limit limit = tw_limit_new(pid, LIMIT_S);
  int end = collect(f, next, pipe_fd[0], &limit, d);
  close(pipe_fd[0]);
  if (end == -1) kill(pid, SIGKILL);
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (end != 1) blame(&f->v[(*next)++], end == -1, status, d);
  return THW_OK;
}

void tw_files_scan(tw_files *f, tw_diags *d) {
  size_t next = 0;
  while (next < f->n)
    if (run_child(f, &next, d) != THW_OK) {
      /* Without a child nothing can be said about the rest. */
      while (next < f->n) f->v[next++].good = 0;
    }
}
