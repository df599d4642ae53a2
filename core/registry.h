/* SPDX-License-Identifier: BSD-3-Clause */
/* core/registry.h - which plugins there are.
 *
 * Search path, in order: directories given with --plugin-path, those in THALWEG_PLUGIN_PATH
 * (colon-separated), then those in THALWEG_SYSTEM_PLUGIN_PATH, which when unset is
 * $XDG_DATA_HOME/thalweg/<major> (or ~/.local/share/thalweg/<major>) and the installed plugin
 * directory; set but empty, there are no system directories. An id found in an earlier directory
 * shadows later ones; the same id twice in one directory is an error. A directory or file that
 * others than its owner may write to, or that belongs to neither root nor the caller, is refused.
 *
 * Files are first loaded in a child process with a time limit: one that crashes or hangs while
 * loading is named and left out. Then dlopen(RTLD_NOW | RTLD_LOCAL), never dlclose. */
#ifndef TW_REGISTRY_H
#define TW_REGISTRY_H

#include <thalweg/component.h>

#include "core/error.h"

typedef struct tw_found {
  const thw_component *component;
  const thw_plugin *plugin;
  const char *file;               /* absolute path of the .so */
  const struct tw_found *shadows; /* the next one of the same kind and id, or NULL */
} tw_found;

typedef struct tw_registry tw_registry;

/* Loads everything on the search path. Files that cannot be used are warnings in `d`, never
 * fatal. `extra`: directories from the command line, n of them. */
tw_registry *tw_registry_load(const char *const *extra, size_t n, tw_diags *d);
void tw_registry_free(tw_registry *r); /* the libraries stay mapped */

/* A registry of n plugins that are part of the program, for tests and fuzzing. They are checked
 * like any other; NULL with an error in `d` when one is not in order. */
tw_registry *tw_registry_of(const thw_plugin *const *plugins, size_t n, tw_diags *d);

/* The component of that kind and id, or NULL. */
const tw_found *tw_registry_find(const tw_registry *r, uint32_t kind, const char *id);
/* All of a kind (0: of every kind), sorted by kind and id, shadowed ones left out. */
const tw_found *const *tw_registry_list(const tw_registry *r, uint32_t kind, size_t *n);

/* "source", "model", "oracle", "optimizer", ... and back (0 when unknown). */
const char *tw_kind_name(uint32_t kind);
uint32_t tw_kind_by_name(const char *name);

/* Loads one file into this process with all checks of the loader and no child. NULL with an error
 * in `d`: file, expected, found, remedy. */
const thw_plugin *tw_plugin_load(const char *file, tw_diags *d);

#endif
