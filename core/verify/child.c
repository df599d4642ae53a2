/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/verify/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/limit.h"

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

/* A group of its own, so that whatever the plugin starts can be ended with it; the system's way
 * with signals; no core files; output into the file. */
static void isolate(int output) {
  setpgid(0, 0);
  int null = open("/dev/null", O_RDONLY);
  dup2(null, 0);
  dup2(output, 1);
  dup2(output, 2);
  setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
  static const int caught[] = {SIGSEGV, SIGBUS,  SIGILL,  SIGFPE,  SIGABRT, SIGALRM,
                               SIGINT,  SIGTERM, SIGPIPE, SIGTRAP, SIGSYS};
  for (size_t i = 0; i < sizeof caught / sizeof caught[0]; i++) signal(caught[i], SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

typedef struct bytes {
  char *p;
  size_t n;
} bytes;

/* 0 at the end of the pipe, -1 when the time is over. */
static int read_all(int fd, tw_limit *l, bytes *b) {
  for (;;) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    if (tw_limit_over(l)) return -1;
    int n = poll(&p, 1, 50);
    if (n < 0 && errno != EINTR) return -1;
    if (n <= 0) continue;
    b->p = tw_realloc(b->p, b->n + 4096);
    ssize_t k = read(fd, b->p + b->n, 4096);
    if (k < 0 && errno == EINTR) continue;
    if (k <= 0) return 0;
    b->n += (size_t)k;
  }
}

/* The last line that the child has written, for a message. */
static char *last_words(int output) {
  char text[2048];
  off_t end = lseek(output, 0, SEEK_END);
  off_t from = end > (off_t)sizeof text - 1 ? end - (off_t)sizeof text + 1 : 0;
  ssize_t n = end > 0 ? pread(output, text, sizeof text - 1, from) : 0;
  if (n <= 0) return tw_strdup("");
  while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == ' ')) n--;
  text[n] = '\0';
  char *line = strrchr(text, '\n');
  return tw_sprintf("; it wrote: %s", line ? line + 1 : text);
}

static char *how_it_ended(int status, int timed_out, double seconds, int output) {
  char *words = last_words(output), *text;
  if (timed_out)
    text = tw_sprintf("no answer within %g seconds%s", seconds, words);
  else if (WIFSIGNALED(status))
    text = tw_sprintf("ended by signal %d (%s)%s", WTERMSIG(status), strsignal(WTERMSIG(status)),
                      words);
  else
    text = tw_sprintf("the process ended with status %d in the middle of the check: a plugin must "
                      "not exit%s",
                      WEXITSTATUS(status), words);
  free(words);
  return text;
}

static int output_file(void) {
  char name[] = "/tmp/thalweg-verify-XXXXXX";
  int fd = mkstemp(name);
  if (fd >= 0) {
    unlink(name);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
  }
  return fd;
}

static _Noreturn void child(int to, int output, double seconds,
                            void (*body)(void *, int, vf_answer *), void *arg) {
  isolate(output);
  tw_limit_orphan(seconds);
  vf_answer a = {VF_PASS, NULL};
  body(arg, output, &a);
  const char *text = a.text ? a.text : "";
  unsigned char outcome = (unsigned char)a.outcome;
  write_all(to, &outcome, 1);
  write_all(to, text, strlen(text) + 1);
  _exit(0); /* no exit handlers: they are the parent's */
}

/* The answer is whole when its text ends with a NUL. */
static int parse(const bytes *b, vf_answer *a) {
  if (b->n < 2 || b->p[b->n - 1] != '\0' || (unsigned char)b->p[0] >= VF_OUTCOMES) return 0;
  *a = (vf_answer){(vf_outcome)b->p[0], tw_strdup(b->p + 1)};
  return 1;
}

vf_answer vf_in_child(double seconds, void (*body)(void *, int, vf_answer *), void *arg) {
  int end[2], output = output_file();
  if (output < 0 || pipe(end) != 0)
    return (vf_answer){VF_FAIL, tw_sprintf("no file or pipe for a child: %s", strerror(errno))};
  fflush(NULL);
  pid_t pid = fork();
  if (pid < 0) {
    close(output);
    close(end[0]);
    close(end[1]);
    return (vf_answer){VF_FAIL, tw_sprintf("no child process: %s", strerror(errno))};
  }
  if (pid == 0) {
    close(end[0]);
    child(end[1], output, seconds, body, arg);
  }
  close(end[1]);
  setpgid(pid, pid);
  bytes got = {0};
  tw_limit limit = tw_limit_new(pid, seconds);
  int timed_out = read_all(end[0], &limit, &got) != 0;
  close(end[0]);
  if (timed_out) kill(-pid, SIGKILL);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  kill(-pid, SIGKILL); /* whatever it started and left behind */
  vf_answer a;
  if (timed_out || !parse(&got, &a))
    a = (vf_answer){VF_FAIL, how_it_ended(status, timed_out, seconds, output)};
  close(output);
  free(got.p);
  return a;
}
