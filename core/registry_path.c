/* SPDX-License-Identifier: BSD-3-Clause */
/* Where plugins are looked for, and which files may be trusted. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/registry_priv.h"

typedef struct dirs {
  char **v;
  size_t n;
} dirs;

static void add(dirs *l, char *dir) {
  l->v = tw_realloc(l->v, (l->n + 1) * sizeof *l->v);
  l->v[l->n++] = dir;
}

/* ---- trust ------------------------------------------------------------------------------------
 */

static thw_status trust(const char *path, const struct stat *st, int sticky_is_fine, tw_diags *d) {
  unsigned mode = (unsigned)st->st_mode & 07777u;
  uid_t me = geteuid();
  if (st->st_uid != 0 && st->st_uid != me)
    return tw_error(d, THW_E_ARG,
                    "%s: refused: it belongs to user %lu, expected root or you (user %lu): copy it "
                    "to a place of your own, or run `chown %lu %s'",
                    path, (unsigned long)st->st_uid, (unsigned long)me, (unsigned long)me, path);
  if (!(mode & 022u) || (sticky_is_fine && S_ISDIR(st->st_mode) && (mode & 01000u))) return THW_OK;
  return tw_error(d, THW_E_ARG,
                  "%s: refused: others than its owner may write to it (mode %04o): run `chmod go-w "
                  "%s'",
                  path, mode, path);
}

static thw_status trust_dir(const char *dir, int sticky_is_fine, tw_diags *d) {
  struct stat st;
  if (stat(dir, &st) != 0)
    return tw_error(d, THW_E_IO, "%s: cannot be read: %s", dir, strerror(errno));
  return trust(dir, &st, sticky_is_fine, d);
}

/* The file, and the directory that holds it once links are followed; `known` has been looked at
 * already. */
static thw_status trust_file(const char *file, const char *known, int sticky_is_fine,
                             struct stat *st, tw_diags *d) {
  char *real = realpath(file, NULL);
  if (!real || stat(real, st) != 0) {
    thw_status s = tw_error(d, THW_E_IO, "%s: cannot be read: %s", file, strerror(errno));
    free(real);
    return s;
  }
  thw_status s = THW_OK;
  if (!S_ISREG(st->st_mode))
    s = tw_error(d, THW_E_ARG, "%s: expected a shared object, found %s: remove it", file,
                 S_ISDIR(st->st_mode) ? "a directory" : "a special file");
  if (s == THW_OK) s = trust(real, st, 0, d);
  char *slash = strrchr(real, '/');
  if (s == THW_OK && slash) {
    slash[slash == real] = '\0';
    if (!known || strcmp(real, known) != 0) s = trust_dir(real, sticky_is_fine, d);
  }
  free(real);
  return s;
}

/* A file that the user names is not one that a search comes upon: in a sticky directory such as
 * /tmp nobody else can replace it, which is all that matters here. */
thw_status tw_file_trust(const char *file, tw_diags *d) {
  struct stat st;
  return trust_file(file, NULL, 1, &st, d);
}

/* ---- search path ------------------------------------------------------------------------------
 */

static void add_listed(dirs *l, const char *list) {
  while (*list) {
    size_t n = strcspn(list, ":");
    if (n) add(l, tw_sprintf("%.*s", (int)n, list));
    list += n + (list[n] == ':');
  }
}

static void add_defaults(dirs *l) {
  const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
  if (data && data[0] == '/')
    add(l, tw_sprintf("%s/thalweg/%u", data, THW_ABI_MAJOR));
  else if (home && home[0] == '/')
    add(l, tw_sprintf("%s/.local/share/thalweg/%u", home, THW_ABI_MAJOR));
  add(l, tw_strdup(THW_PLUGINDIR));
}

/* ---- files ------------------------------------------------------------------------------------
 */

static void to_warnings(tw_diags *from, tw_diags *d) {
  for (size_t i = 0; i < from->n; i++) tw_warn(d, "%s", from->v[i].text);
  tw_diags_free(from);
}

static int is_candidate(const struct dirent *e) {
  size_t n = strlen(e->d_name);
  return e->d_name[0] != '.' && n > 3 && strcmp(e->d_name + n - 3, ".so") == 0;
}

static int by_name(const struct dirent **a, const struct dirent **b) {
  return strcmp((*a)->d_name, (*b)->d_name);
}

/* The same library under two names would only repeat itself. */
static int seen(const tw_files *f, const struct stat *st) {
  for (size_t i = 0; i < f->n; i++)
    if (f->v[i].dev == st->st_dev && f->v[i].ino == st->st_ino) return 1;
  return 0;
}

static void add_file(tw_files *out, const char *dir, const char *name, size_t number, tw_diags *d) {
  char *path = tw_sprintf("%s%s%s", dir, strcmp(dir, "/") == 0 ? "" : "/", name);
  struct stat st;
  tw_diags why = {0};
  if (trust_file(path, dir, 0, &st, &why) != THW_OK || seen(out, &st)) {
    free(path);
    to_warnings(&why, d);
    return;
  }
  out->v = tw_realloc(out->v, (out->n + 1) * sizeof *out->v);
  out->v[out->n++] =
      (tw_file){.path = path, .dir = number, .dev = st.st_dev, .ino = st.st_ino, .good = 1};
}

static void add_dir(tw_files *out, const char *given, size_t number, int must_exist, tw_diags *d) {
  char *dir = realpath(given, NULL);
  if (!dir) {
    if (must_exist || (errno != ENOENT && errno != ENOTDIR && errno != EACCES))
      tw_warn(d,
              "%s: plugin directory cannot be read: %s: correct --plugin-path or "
              "THALWEG_PLUGIN_PATH",
              given, strerror(errno));
    return;
  }
  tw_diags why = {0};
  struct dirent **entry = NULL;
  int n = 0;
  if (trust_dir(dir, 0, &why) == THW_OK) {
    n = scandir(dir, &entry, is_candidate, by_name);
    if (n < 0) tw_warn(d, "%s: plugin directory cannot be read: %s", dir, strerror(errno));
  }
  to_warnings(&why, d);
  for (int i = 0; i < n; i++) {
    add_file(out, dir, entry[i]->d_name, number, d);
    free(entry[i]);
  }
  free(entry);
  free(dir);
}

void tw_files_find(const char *const *extra, size_t n, tw_files *out, tw_diags *d) {
  dirs l = {0};
  for (size_t i = 0; i < n; i++) add(&l, tw_strdup(extra[i]));
  const char *list = getenv("THALWEG_PLUGIN_PATH");
  if (list) add_listed(&l, list);
  size_t given = l.n;
  const char *system = getenv("THALWEG_SYSTEM_PLUGIN_PATH");
  if (system)
    add_listed(&l, system);
  else
    add_defaults(&l);
  for (size_t i = 0; i < l.n; i++) {
    add_dir(out, l.v[i], i, i < given, d);
    free(l.v[i]);
  }
  free(l.v);
}

void tw_files_free(tw_files *f) {
  for (size_t i = 0; i < f->n; i++) free(f->v[i].path);
  free(f->v);
  *f = (tw_files){0};
}
