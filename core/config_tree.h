/* SPDX-License-Identifier: BSD-3-Clause */
/* core/config_tree.h - what the parts of the configuration share: building trees, reading text
 * into them, and spelling single values. For the outside there is core/config.h. */
#ifndef TW_CONFIG_TREE_H
#define TW_CONFIG_TREE_H

#include "core/config.h"

/* ---- trees (config.c) ------------------------------------------------------------------------ */

/* A new value; name and file are copied, name may be NULL. */
tw_value *tw_value_new(const char *name, tw_type type, const char *file, int line);
tw_value *tw_value_copy(const tw_value *v);
void tw_value_free(tw_value *v);
/* Appends `child`, which then belongs to `parent`. */
tw_value *tw_value_add(tw_value *parent, tw_value *child);
/* Merges `layer` over `root`, both groups: groups merge, all else is replaced. Takes `layer`. */
void tw_value_merge(tw_value *root, tw_value *layer);
/* One when the text can be a setting's name. */
int tw_value_name_ok(const char *s, size_t n);

/* ---- reading (config_read.c) ----------------------------------------------------------------- */

/* Parses n bytes into a group of its own, or NULL with errors in `d`. `numbered`: values and
 * messages carry line numbers. */
tw_value *tw_config_parse(const char *text, size_t n, const char *name, const char *dir,
                          int numbered, tw_diags *d);

/* ---- spelling (config_print.c) --------------------------------------------------------------- */

/* The shortest of 15 to 17 digits that reads back to the same bits; looks like a real; independent
 * of the locale. */
void tw_spell_real(char out[40], double r);
/* The value with its type, for messages: `the string "abc"`. Caller frees. */
char *tw_spell_value(const tw_value *v);

#endif
