/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/run/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"

char *tw_folder_file(const tw_folder *f, const char *name) {
  return tw_sprintf("%s/%s", f->path, name);
}

static thw_status open_log(tw_folder *f, tw_diags *d) {
  char *file = tw_folder_file(f, "log");
  int fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  f->log = fd < 0 ? NULL : fdopen(fd, "a");
  thw_status st = THW_OK;
  if (!f->log) st = tw_error(d, THW_E_IO, "%s: cannot be written: %s", file, strerror(errno));
  free(file);
  return st;
}

static thw_status take(tw_folder *f, tw_diags *d) {
  f->lock = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (f->lock < 0)
    return tw_error(d, THW_E_IO, "%s: not a run folder: %s", f->path, strerror(errno));
  if (flock(f->lock, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK)
      return tw_error(d, THW_E_IO,
                      "%s: another process is running in this folder: wait for it or "
                      "end it",
                      f->path);
    return tw_error(d, THW_E_IO, "%s: cannot be locked: %s", f->path, strerror(errno));
  }
  return THW_OK;
}

static int is_empty(const char *path) {
  DIR *dir = opendir(path);
  if (!dir) return 0;
  int empty = 1;
  for (struct dirent *e; (e = readdir(dir));)
    if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) empty = 0;
  closedir(dir);
  return empty;
}

/* Makes the folders that `path` lies in. What fails there shows at `path` itself. */
static void make_parents(const char *path) {
  char *p = tw_strdup(path);
  for (char *slash = p; *slash && (slash = strchr(slash + 1, '/'));) {
    *slash = '\0';
    mkdir(p, 0777);
    *slash = '/';
  }
  free(p);
}

static thw_status make_given(tw_folder *f, const char *out, tw_diags *d) {
  f->path = tw_strdup(out);
  make_parents(out);
  if (mkdir(out, 0777) == 0) return THW_OK;
  if (errno != EEXIST)
    return tw_error(d, THW_E_IO, "%s: the run folder cannot be made: %s", out, strerror(errno));
  if (is_empty(out)) return THW_OK;
  return tw_error(d, THW_E_ARG,
                  "%s: exists and is not an empty folder: name another with --out, or "
                  "`thalweg resume' to go on with the run in it",
                  out);
}

/* The largest NNN of runs/NAME-NNN, 0 when there is none. */
static long last_number(const char *name) {
  DIR *dir = opendir("runs");
  long last = 0;
  if (!dir) return 0;
  size_t n = strlen(name);
  for (struct dirent *e; (e = readdir(dir));) {
    const char *rest = e->d_name;
    if (strncmp(rest, name, n) != 0 || rest[n] != '-') continue;
    char *end;
    long k = strtol(rest + n + 1, &end, 10);
    if (end != rest + n + 1 && *end == '\0' && k > last && k < 1000000000) last = k;
  }
  closedir(dir);
  return last;
}

static thw_status make_numbered(tw_folder *f, const char *name, tw_diags *d) {
  if (!*name || *name == '.' || strchr(name, '/'))
    return tw_error(d, THW_E_ARG,
                    "run.name is \"%s\": it names a folder in runs/, so it must not be "
                    "empty, start with a dot or hold a slash",
                    name);
  if (mkdir("runs", 0777) != 0 && errno != EEXIST)
    return tw_error(d, THW_E_IO,
                    "runs: the folder cannot be made: %s (choose another place with "
                    "--out)",
                    strerror(errno));
  for (long k = last_number(name) + 1;; k++) {
    free(f->path);
    f->path = tw_sprintf("runs/%s-%03ld", name, k);
    if (mkdir(f->path, 0777) == 0) return THW_OK;
    if (errno != EEXIST)
      return tw_error(d, THW_E_IO,
                      "%s: the run folder cannot be made: %s (choose another place with "
                      "--out)",
                      f->path, strerror(errno));
  }
}

thw_status tw_folder_create(tw_folder *f, const char *out, const char *name, tw_diags *d) {
  *f = (tw_folder){.lock = -1, .metrics = TW_NO_LINES};
  thw_status st = out ? make_given(f, out, d) : make_numbered(f, name, d);
  if (st == THW_OK) st = take(f, d);
  if (st == THW_OK) st = open_log(f, d);
  if (st != THW_OK) tw_folder_close(f);
  return st;
}

thw_status tw_folder_look(tw_folder *f, const char *path, tw_diags *d) {
  *f = (tw_folder){.path = tw_strdup(path), .lock = -1, .metrics = TW_NO_LINES};
  size_t n = strlen(path);
  while (n > 1 && f->path[n - 1] == '/') f->path[--n] = '\0';
  thw_status st = take(f, d);
  if (st != THW_OK) tw_folder_close(f);
  return st;
}

thw_status tw_folder_open(tw_folder *f, const char *path, tw_diags *d) {
  THW_TRY(tw_folder_look(f, path, d));
  thw_status st = open_log(f, d);
  if (st != THW_OK) tw_folder_close(f);
  return st;
}

void tw_folder_close(tw_folder *f) {
  if (f->log) fclose(f->log);
  tw_lines_close(&f->metrics);
  if (f->lock >= 0) close(f->lock);
  free(f->path);
  *f = (tw_folder){.lock = -1, .metrics = TW_NO_LINES};
}

void tw_folder_discard(tw_folder *f) {
  static const char *const ours[] = {"pipeline.cfg", "log", "metrics.jsonl", "decisions.jsonl"};
  for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
    char *file = tw_folder_file(f, ours[i]);
    unlink(file);
    free(file);
  }
  rmdir(f->path);
  tw_folder_close(f);
}

thw_status tw_folder_write_config(const tw_folder *f, const tw_value *resolved, tw_diags *d) {
  char *file = tw_folder_file(f, "pipeline.cfg");
  tw_out out;
  thw_status st = tw_out_open(&out, file, d);
  if (st == THW_OK) {
    tw_config_print(out.f, resolved, 0);
    st = tw_out_commit(&out, d);
  }
  free(file);
  return st;
}

void tw_folder_log(const tw_folder *f, double seconds, uint32_t level, const char *path,
                   const char *text) {
  static const char *const word[] = {"debug", "info", "warning"};
  if (!f->log) return;
  fprintf(f->log, "%.3f %s %s: %s\n", seconds, word[level < 3 ? level : 2], path, text);
  fflush(f->log);
}
