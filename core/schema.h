/* SPDX-License-Identifier: BSD-3-Clause */
/* core/schema.h - one checker for every table of parameters, a component's or the host's own:
 * from a group of the configuration to the struct that the table describes. */
#ifndef TW_SCHEMA_H
#define TW_SCHEMA_H

#include <thalweg/component.h>

#include "core/config.h"
#include "core/error.h"

/* Memory that lives as long as a plan. */
typedef struct tw_arena {
  void **v;
  size_t n;
} tw_arena;
void *tw_arena_own(tw_arena *a, void *p); /* takes p (from malloc), returns it */
void tw_arena_free(tw_arena *a);

typedef struct tw_schema {
  const thw_param *params;
  size_t n, stride;
  /* Further keys that the group may hold and that are somebody else's business: "type", slots. */
  const char *const *others;
  size_t n_others;
} tw_schema;

/* The i-th line of the table, whatever struct the plugin was compiled with. */
const thw_param *tw_schema_param(const tw_schema *s, size_t i);

/* The group whose parameters are filled in. */
typedef struct tw_section {
  const char *path;      /* "optimizer.inner", for messages */
  const tw_value *group; /* NULL: absent, all defaults */
  const char *owner;     /* the component's id, or NULL */
  const char *file;      /* default paths are relative to the folder of this file; NULL: the
                            working directory */
} tw_section;

/* Checks the group and stores its values and the defaults at `out`; strings and arrays go to the
 * arena. Each value is appended to `resolved` as it will be written back. Reports all errors as
 * `file:line: path: what`. */
thw_status tw_schema_fill(const tw_schema *s, const tw_section *in, void *out, tw_arena *a,
                          tw_value *resolved, tw_diags *d);

/* A file's name that is relative to the folder of `file` (NULL, "--set", "default": the working
 * directory), made absolute. Caller frees. */
char *tw_schema_absolute(const char *path, const char *file);

/* "(0, 1]", "at least 0", ...: the range of a number in words, or NULL when it has no bounds.
 * Caller frees. */
char *tw_schema_range(const thw_param *p);

#endif
