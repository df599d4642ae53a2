/* SPDX-License-Identifier: BSD-3-Clause */
/* Loads what the search found and keeps it by kind and id. */
#include "core/registry.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/registry_priv.h"

typedef struct entry {
  tw_found found;
  size_t dir;
} entry;

struct tw_registry {
  entry **all;
  size_t n_all;
  const tw_found **visible; /* sorted by kind and id */
  size_t n_visible;
  char **files;
  size_t n_files;
};

static const char *const kind_names[THW_KINDS] = {"",          "source", "model",  "oracle", /**/
                                                  "optimizer", "linear", "rounds", "learner"};

const char *tw_kind_name(uint32_t kind) {
  return kind > 0 && kind < THW_KINDS ? kind_names[kind] : "unknown kind";
}

uint32_t tw_kind_by_name(const char *name) {
  for (uint32_t k = 1; k < THW_KINDS; k++)
    if (strcmp(kind_names[k], name) == 0) return k;
  return 0;
}

/* ---- one file ---------------------------------------------------------------------------------
 */

typedef const thw_plugin *entry_fn(void);

static void *open_library(const char *file, tw_diags *d) {
  void *lib = dlopen(file, RTLD_NOW | RTLD_LOCAL);
  if (lib) return lib;
  const char *why = dlerror();
  size_t n = strlen(file);
  if (why && strncmp(why, file, n) == 0 && why[n] == ':') why += n + 1 + (why[n + 1] == ' ');
  tw_error(d, THW_E_FORMAT,
           "%s: expected a shared object for this machine, the system's loader says: %s: rebuild "
           "the plugin here, or remove the file",
           file, why ? why : "no reason");
  return NULL;
}

const thw_plugin *tw_plugin_open(const char *file, tw_diags *d) {
  void *lib = open_library(file, d);
  if (!lib) return NULL;
  /* POSIX promises that the address fits; ISO C has no cast for it. */
  void *symbol = dlsym(lib, THW_ENTRY);
  entry_fn *fn;
  memcpy(&fn, &symbol, sizeof fn);
  if (!symbol) {
    tw_error(d, THW_E_FORMAT,
             "%s: expected the function " THW_ENTRY ", found no such symbol: export it with "
             "THW_EXPORT, or move the file out of the plugin directory if it is no plugin",
             file);
    return NULL;
  }
  const thw_plugin *p = fn(), *again = fn();
  if (p != again) {
    tw_error(d, THW_E_FORMAT,
             "%s: expected " THW_ENTRY " to return the same pointer each time, found two: return "
             "the address of one constant description",
             file);
    return NULL;
  }
  return tw_plugin_check(file, p, d) == THW_OK ? p : NULL;
}

const thw_plugin *tw_plugin_load(const char *file, tw_diags *d) {
  if (tw_file_trust(file, d) != THW_OK) return NULL;
  char *real = realpath(file, NULL); /* a name without a slash would be looked for elsewhere */
  if (!real) {
    tw_error(d, THW_E_IO, "%s: no such file", file);
    return NULL;
  }
  const thw_plugin *p = tw_plugin_open(real, d);
  free(real);
  return p;
}

/* ---- all of them ------------------------------------------------------------------------------
 */

static entry *find_first(const tw_registry *r, const thw_component *c) {
  for (size_t i = 0; i < r->n_all; i++) {
    const thw_component *o = r->all[i]->found.component;
    if (o->kind == c->kind && strcmp(o->id, c->id) == 0) return r->all[i];
  }
  return NULL;
}

/* The file that was written first, NULL when that cannot be said. */
static const char *older(const char *a, const char *b) {
  struct stat x, y;
  if (stat(a, &x) != 0 || stat(b, &y) != 0 || x.st_mtime == y.st_mtime) return NULL;
  return x.st_mtime < y.st_mtime ? a : b;
}

static void add_component(tw_registry *r, const thw_component *c, const thw_plugin *p,
                          const char *file, size_t dir, tw_diags *d) {
  for (const entry *e = find_first(r, c); e; e = (const entry *)(const void *)e->found.shadows)
    if (e->dir == dir) {
      const char *old = older(e->found.file, file);
      tw_error(d, THW_E_ARG,
               "%s and %s both hold the %s \"%s\": an id may be there once in a directory: remove "
               "one of the two files%s%s%s",
               e->found.file, file, tw_kind_name(c->kind), c->id, old ? " (" : "", old ? old : "",
               old ? " is the older one: left from an earlier installation?)" : "");
      return;
    }
  entry *e = tw_calloc(1, sizeof *e), *first = find_first(r, c);
  *e = (entry){.found = {.component = c, .plugin = p, .file = file}, .dir = dir};
  if (first) {
    tw_found *last = &first->found;
    while (last->shadows) last = (tw_found *)(uintptr_t)last->shadows;
    last->shadows = &e->found;
  } else {
    r->visible = tw_realloc((void *)r->visible, (r->n_visible + 1) * sizeof *r->visible);
    r->visible[r->n_visible++] = &e->found;
  }
  r->all = tw_realloc(r->all, (r->n_all + 1) * sizeof *r->all);
  r->all[r->n_all++] = e;
}

static void add_plugin(tw_registry *r, tw_file *f, tw_diags *d) {
  tw_diags why = {0};
  const thw_plugin *p = tw_plugin_open(f->path, &why);
  for (size_t i = 0; i < why.n; i++) tw_warn(d, "%s", why.v[i].text);
  tw_diags_free(&why);
  if (!p) return;
  r->files = tw_realloc(r->files, (r->n_files + 1) * sizeof *r->files);
  char *file = r->files[r->n_files++] = tw_strdup(f->path);
  for (uint32_t i = 0; i < p->n_components; i++)
    add_component(r, p->components[i], p, file, f->dir, d);
}

static int by_kind_and_id(const void *a, const void *b) {
  const thw_component *x = (*(const tw_found *const *)a)->component;
  const thw_component *y = (*(const tw_found *const *)b)->component;
  if (x->kind != y->kind) return x->kind < y->kind ? -1 : 1;
  return strcmp(x->id, y->id);
}

/* A constructor that prints must not spoil what the program writes to its standard output. */
static int hide_stdout(void) {
  fflush(stdout);
  int null = open("/dev/null", O_WRONLY | O_CLOEXEC), saved = -1;
  if (null < 0) return -1;
  saved = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  if (saved >= 0) dup2(null, STDOUT_FILENO);
  close(null);
  return saved;
}

static void show_stdout(int saved) {
  if (saved < 0) return;
  fflush(stdout);
  dup2(saved, STDOUT_FILENO);
  close(saved);
}

tw_registry *tw_registry_load(const char *const *extra, size_t n, tw_diags *d) {
  tw_registry *r = tw_calloc(1, sizeof *r);
  tw_files files = {0};
  tw_files_find(extra, n, &files, d);
  tw_files_scan(&files, d);
  int saved = hide_stdout();
  for (size_t i = 0; i < files.n; i++)
    if (files.v[i].good) add_plugin(r, &files.v[i], d);
  show_stdout(saved);
  tw_files_free(&files);
  if (r->n_visible) qsort((void *)r->visible, r->n_visible, sizeof *r->visible, by_kind_and_id);
  return r;
}

tw_registry *tw_registry_of(const thw_plugin *const *plugins, size_t n, tw_diags *d) {
  static const char file[] = "this program";
  size_t before = d->errors;
  tw_registry *r = tw_calloc(1, sizeof *r);
  for (size_t i = 0; i < n; i++)
    if (tw_plugin_check(file, plugins[i], d) == THW_OK)
      for (uint32_t k = 0; k < plugins[i]->n_components; k++)
        add_component(r, plugins[i]->components[k], plugins[i], file, 0, d);
  if (r->n_visible) qsort((void *)r->visible, r->n_visible, sizeof *r->visible, by_kind_and_id);
  if (d->errors == before) return r;
  tw_registry_free(r);
  return NULL;
}

void tw_registry_free(tw_registry *r) {
  if (!r) return;
  for (size_t i = 0; i < r->n_all; i++) free(r->all[i]);
  for (size_t i = 0; i < r->n_files; i++) free(r->files[i]);
  free(r->all);
  free((void *)r->visible);
  free(r->files);
  free(r);
}

/* ---- look-up ----------------------------------------------------------------------------------
 */

const tw_found *tw_registry_find(const tw_registry *r, uint32_t kind, const char *id) {
  for (size_t i = 0; i < r->n_visible; i++) {
    const thw_component *c = r->visible[i]->component;
    if (c->kind == kind && strcmp(c->id, id) == 0) return r->visible[i];
  }
  return NULL;
}

const tw_found *const *tw_registry_list(const tw_registry *r, uint32_t kind, size_t *n) {
  size_t first = 0, count = 0;
  for (size_t i = 0; i < r->n_visible; i++)
    if (kind == 0 || r->visible[i]->component->kind == kind) {
      if (count == 0) first = i;
      count++;
    }
  *n = count;
  return r->visible ? r->visible + first : NULL;
}
