/* SPDX-License-Identifier: BSD-3-Clause */
/* core/registry_priv.h - what the four files of the loader share. */
#ifndef TW_REGISTRY_PRIV_H
#define TW_REGISTRY_PRIV_H

#include <sys/types.h>

#include "core/registry.h"

/* A shared object on the search path. */
typedef struct tw_file {
  char *path; /* absolute */
  size_t dir; /* number of its directory on the search path */
  dev_t dev;
  ino_t ino;
  int good; /* passed all checks so far */
} tw_file;

typedef struct tw_files {
  tw_file *v;
  size_t n;
} tw_files;

/* registry_path.c: the candidates, directory by directory, names sorted. Directories and files that
 * cannot be trusted are left out with a warning. */
void tw_files_find(const char *const *extra, size_t n, tw_files *out, tw_diags *d);
void tw_files_free(tw_files *f);
/* Whether the owner of the process may load `file`; an error in `d` if not. */
thw_status tw_file_trust(const char *file, tw_diags *d);

/* registry_scan.c: loads each file in a child process; those that fail there are marked and
 * reported as warnings. */
void tw_files_scan(tw_files *f, tw_diags *d);

/* registry_check.c: the description, from its first word to the last string. The first fault is an
 * error in `d`. */
thw_status tw_plugin_check(const char *file, const thw_plugin *p, tw_diags *d);

/* Where in a description a check is, for its message. */
typedef struct tw_place {
  const char *file;
  char what[192]; /* "optimizer \"svrg\", parameter \"step\"" */
  tw_diags *d;
} tw_place;
/* Adds the error "file: what: text" and returns THW_E_FORMAT. */
thw_status tw_fault(const tw_place *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A word: a lower-case letter, then lower-case letters, digits and the separators asked for; at
 * most 63 bytes. */
#define TW_DASH 1u
#define TW_UNDERSCORE 2u
int tw_is_word(const char *s, unsigned separators);
/* Text for people: UTF-8, not empty, no control characters but, with `lines`, newlines. */
int tw_is_text(const char *s, int lines);

/* registry_params.c */
thw_status tw_check_params(const tw_place *w, const thw_component *c);

/* registry.c: dlopen, entry, check; no look at owner and mode. */
const thw_plugin *tw_plugin_open(const char *file, tw_diags *d);

#endif
