/* SPDX-License-Identifier: BSD-3-Clause */
/* core/state.h - checkpoints: named typed records in sections, one section per component.
 *
 * File: magic, format version, byte order mark, word sizes, then records (section, name, type,
 * length, payload), then a CRC-32 of all before it. Written to a temporary file in the same folder,
 * fsynced and renamed, so that a crash at any moment leaves the old or the new one whole. Vectors
 * are stored in their own precision and refused in another. */
#ifndef TW_STATE_H
#define TW_STATE_H

#include <stdio.h>

#include <thalweg/component.h>

#include "core/error.h"

typedef struct tw_state tw_state;

tw_state *tw_state_new(void);
void tw_state_free(tw_state *s);

/* A writer into (reader from) the section, valid until the next call for this state. `version` is
 * the component's state version: stored by the writer; the reader reports what was stored. */
thw_writer *tw_state_writer(tw_state *s, const char *section, uint32_t version);
thw_reader *tw_state_reader(tw_state *s, const char *section); /* NULL: no such section */
/* Bytes of a record, 0 when there is none: how much room a blob needs. */
size_t tw_state_length(const tw_state *s, const char *section, const char *name);
/* Text of the last failed read ("checkpoint has no record optimizer/x"). Belongs to the state. */
const char *tw_state_error(const tw_state *s);

/* The bytes of a file; errors are left in the stream. */
void tw_state_write(const tw_state *s, FILE *f);
thw_status tw_state_save(const tw_state *s, const char *file, tw_diags *d);
/* NULL with an error in `d` when the file is absent, truncated, corrupt or foreign. */
tw_state *tw_state_load(const char *file, tw_diags *d);
/* The same from memory, for tests and fuzzing; `name` stands for the file in messages. */
tw_state *tw_state_parse(const void *bytes, size_t n, const char *name, tw_diags *d);

#endif
