/* SPDX-License-Identifier: BSD-3-Clause */
/* core/config.h - pipeline files as a tree in which every value knows where it came from.
 *
 * libconfig reads the files; the tree is our own, because layers are merged (groups merge, all
 * else is replaced) and written back to the last bit (17 digits). Layers, each over the one
 * before: the files in the order given, then each `--set path=value`. */
#ifndef TW_CONFIG_H
#define TW_CONFIG_H

#include <stdint.h>
#include <stdio.h>

#include "core/error.h"

typedef enum tw_type { TW_GROUP, TW_LIST, TW_ARRAY, TW_INT, TW_REAL, TW_BOOL, TW_STR } tw_type;

typedef struct tw_value tw_value;
struct tw_value {
  char *name; /* NULL for the root and for elements of lists and arrays */
  tw_type type;
  char *file;   /* origin: the file that holds the text (through @include too), "--set",
                   or "default" */
  int line;     /* 0 where there is none */
  int64_t i;    /* INT; BOOL: 0 or 1 */
  double r;     /* REAL */
  char *s;      /* STR */
  tw_value **v; /* children of GROUP, LIST, ARRAY; a group's in the order first met */
  size_t n;
};

/* An empty root group. */
tw_value *tw_config_new(void);
void tw_config_free(tw_value *root);

/* Reads one layer and merges it over `root`. Syntax errors, integers outside 32 bits without L
 * (which libconfig 1.5 would wrap in silence) and unreadable files are reported as file:line. On
 * error `root` is as before. `@include "f"` is relative to the file that holds it. */
thw_status tw_config_read(tw_value *root, const char *file, tw_diags *d);
/* The same from memory; `name` stands for the file in messages and `dir` is where relative
 * @includes are looked for. */
thw_status tw_config_read_text(tw_value *root, const char *text, const char *name, const char *dir,
                               tw_diags *d);
/* `--set a.b=value`: value in libconfig syntax (true, 3, 1e-4, "text", [1, 2]); a bare word is a
 * string. */
thw_status tw_config_set(tw_value *root, const char *assignment, tw_diags *d);

/* Child of a group by name, or by dotted path; NULL when absent. */
const tw_value *tw_config_get(const tw_value *group, const char *path);

/* Where a value came from, for messages: "pipeline.cfg:12" or "--set". Caller frees. */
char *tw_config_where(const tw_value *v);

/* Writes the tree as a libconfig file that reads back to the same bits; with `origins`, each value
 * is followed by a comment that says where it came from. */
void tw_config_print(FILE *to, const tw_value *root, int origins);

#endif
