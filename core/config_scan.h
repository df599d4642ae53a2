/* SPDX-License-Identifier: BSD-3-Clause */
/* core/config_scan.h - what is done to a pipeline file's text before libconfig sees it.
 *
 * Includes are put in textually, because libconfig knows one include directory and we want each
 * relative to the file that holds it; a map leads from the lines of the whole to file and line.
 * Literals that libconfig 1.5 would change in silence are refused. */
#ifndef TW_CONFIG_SCAN_H
#define TW_CONFIG_SCAN_H

#include <stddef.h>

#include "core/error.h"

/* Deeper groups and lists are refused wherever they come from: what was read can be written and
 * read again. */
#define TW_MAX_NESTING 64

typedef struct tw_line {
  const char *file; /* belongs to the text */
  int line;         /* 0: not numbered */
} tw_line;

/* Zero-initialise; clear with tw_text_clear. */
typedef struct tw_text {
  char *s; /* terminated */
  size_t n, cap;
  tw_line *line; /* of each line of s */
  size_t n_lines, cap_lines;
  char **file;
  size_t n_files;
} tw_text;

/* Scans n bytes at p, called `name` in messages; relative includes are looked for in `dir`. */
thw_status tw_text_scan(tw_text *t, const char *p, size_t n, const char *name, const char *dir,
                        int numbered, tw_diags *d);
void tw_text_clear(tw_text *t);

/* The whole file in new memory, terminated, or NULL with an error in `d` (prefixed by `where`,
 * which may be empty). */
char *tw_text_load(const char *file, const char *where, size_t *n, tw_diags *d);
/* Folder part of a file's name, "." when there is none. Caller frees. */
char *tw_text_dir(const char *file);

#endif
