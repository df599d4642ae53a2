/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs of a sweep, some at once. Each is what `thalweg resume' does, so a sweep that was stopped
 * goes on like any run. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/cli/past.h"
#include "core/cli/sweep.h"
#include "core/results/outcome.h"

/* Of each job; 0: not running. The handler reads them. */
static volatile pid_t *children;
static volatile size_t n_children;
static volatile sig_atomic_t caught;

/* Handed on once, by the handler itself: a signal that comes just before a wait is not lost. */
static void hand_on(int signal) {
  int err = errno;
  if (!caught)
    for (size_t i = 0; i < n_children; i++)
      if (children[i] > 0) kill(children[i], signal);
  caught = signal;
  errno = err;
}

/* ---- one run ------------------------------------------------------------------------------------
 */

/* 1 when it has a result that stands: one that was interrupted goes on. */
static int has_ended(const char *dir) {
  char *file = tw_sprintf("%s/result.json", dir);
  json_t *result = json_load_file(file, 0, NULL);
  const char *status = json_string_value(json_object_get(result, "status"));
  int ended = status && strcmp(status, "interrupted") != 0;
  json_decref(result);
  free(file);
  return ended;
}

/* In a process group of its own: ^C reaches the sweep, which hands it on once. */
static _Noreturn void become_run(const tw_jobs *j, const char *dir) {
  static const int back[] = {SIGINT, SIGTERM, SIGHUP};
  tw_diags d = {0};
  tw_run_options how = {.quiet = 1};
  tw_pipeline_args a = {.plugin_dirs = j->args->plugin_dirs,
                        .n_plugin_dirs = j->args->n_plugin_dirs};
  setpgid(0, 0);
  for (size_t i = 0; i < sizeof back / sizeof back[0]; i++) signal(back[i], SIG_DFL);
  char *output = tw_sprintf("%s/output", dir);
  int fd = open(output, O_WRONLY | O_CREAT | O_APPEND, 0666), none = open("/dev/null", O_RDONLY);
  if (fd < 0 || none < 0) _exit(TW_EXIT_FAILED);
  dup2(none, STDIN_FILENO);
  dup2(fd, STDOUT_FILENO);
  dup2(fd, STDERR_FILENO);
  int status = tw_cli_resume(dir, &a, &how, &d);
  tw_diags_print(&d);
  fflush(NULL);
  _exit(status);
}

/* The first error that the run printed. Caller frees; NULL: none. */
static char *first_error(const char *dir) {
  char *file = tw_sprintf("%s/output", dir), *line = NULL, *found = NULL;
  FILE *in = fopen(file, "r");
  size_t room = 0;
  free(file);
  while (in && !found && getline(&line, &room, in) >= 0)
    if (strncmp(line, "thalweg: error: ", 16) == 0) {
      line[strcspn(line, "\n")] = '\0';
      found = tw_strdup(line + 16);
    }
  if (in) fclose(in);
  free(line);
  return found;
}

static void print_number(const tw_outcome *o, const char *column) {
  tw_cell c = tw_outcome_cell(o, column);
  if (c.kind == TW_CELL_NUMBER) printf(", %s %.6g", column, c.number);
  tw_cell_free(&c);
}

static void print_end(const tw_jobs *j, size_t i, size_t done, int ok) {
  const tw_job *job = &j->v[i];
  if (j->quiet) return;
  printf("%zu of %zu: %s: ", done, j->n, job->label);
  tw_outcomes o;
  tw_diags unheard = {0};
  const char *const dirs[] = {job->dir};
  if (ok && tw_outcomes_read(&o, dirs, 1, &unheard) == THW_OK) {
    static const char *const words[] = {"status", "verdict"};
    for (size_t k = 0; k < 2; k++) {
      tw_cell c = tw_outcome_cell(&o.v[0], words[k]);
      if (c.kind == TW_CELL_TEXT) printf("%s%s", k ? ", " : "", c.text);
      tw_cell_free(&c);
    }
    print_number(&o.v[0], "f");
    print_number(&o.v[0], "alpha_regret");
    const char *key;
    json_t *value;
    json_object_foreach(json_object_get(o.v[0].result, "metrics"), key,
                        value) if (json_is_number(value))
        printf(", %s %.6g", key, json_number_value(value));
    putchar('\n');
    tw_outcomes_free(&o);
  } else {
    puts(caught ? "interrupted" : "failed");
  }
  tw_diags_free(&unheard);
  fflush(stdout);
}

/* ---- all of them --------------------------------------------------------------------------------
 */

typedef struct crew {
  size_t running, done, failed;
} crew;

static void start(const tw_jobs *j, crew *c, size_t i, tw_diags *d) {
  fflush(NULL);
  pid_t child = fork();
  if (child == 0) become_run(j, j->v[i].dir);
  if (child < 0) {
    tw_error(d, THW_E_IO, "%s: no process for the run: %s", j->v[i].dir, strerror(errno));
    c->failed++;
    return;
  }
  children[i] = child;
  c->running++;
  if (caught) kill(child, caught);
}

static void end(const tw_jobs *j, crew *c, pid_t child, tw_diags *d) {
  size_t i = 0;
  while (i < j->n && children[i] != child) i++;
  if (i == j->n) return;
  children[i] = 0;
  c->running--;
  c->done++;
  int ok = has_ended(j->v[i].dir);
  print_end(j, i, c->done, ok);
  if (ok || caught) return;
  char *what = first_error(j->v[i].dir);
  tw_error(d, THW_E_IO, "%s: %s: %s", j->v[i].dir, j->v[i].label,
           what ? what : "ended without a result, output in the folder may say why");
  tw_diags_print(d);
  free(what);
  c->failed++;
}

static void wait_one(const tw_jobs *j, crew *c, tw_diags *d) {
  int status;
  pid_t child = waitpid(-1, &status, 0);
  if (child > 0) end(j, c, child, d);
}

int tw_jobs_go(const tw_jobs *j, tw_diags *d) {
  static const int heard[] = {SIGINT, SIGTERM, SIGHUP};
  struct sigaction on = {.sa_handler = hand_on};
  pid_t *child = tw_calloc(j->n + 1, sizeof *child);
  crew c = {0};
  children = child;
  n_children = j->n;
  for (size_t i = 0; i < sizeof heard / sizeof heard[0]; i++) sigaction(heard[i], &on, NULL);
  for (size_t i = 0; i < j->n && !caught; i++) {
    if (has_ended(j->v[i].dir)) {
      c.done++;
      continue;
    }
    while (c.running >= (size_t)j->at_once && !caught) wait_one(j, &c, d);
    if (!caught) start(j, &c, i, d);
  }
  while (c.running > 0) wait_one(j, &c, d);
  n_children = 0;
  free(child);
  if (caught) return TW_EXIT_INTERRUPTED;
  return c.failed ? TW_EXIT_FAILED : TW_EXIT_OK;
}
