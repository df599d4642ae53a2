/* SPDX-License-Identifier: BSD-3-Clause */
/* core/run/folder.h - the folder of one run: its lock, its log, and metrics.jsonl. */
#ifndef TW_RUN_FOLDER_H
#define TW_RUN_FOLDER_H

#include <stdint.h>
#include <stdio.h>

#include "core/config.h"
#include "core/error.h"
#include "core/run/lines.h"

typedef struct tw_folder {
  char *path;
  int lock;         /* the folder itself, locked: two processes would spoil each other's files */
  tw_lines metrics; /* metrics.jsonl */
  FILE *log;
} tw_folder;

/* Makes `out`, which must not exist or be empty, or when NULL the next free runs/NAME-NNN. */
thw_status tw_folder_create(tw_folder *f, const char *out, const char *name, tw_diags *d);
/* An existing run folder, to read in: locked, but nothing in it is opened to be written. */
thw_status tw_folder_look(tw_folder *f, const char *path, tw_diags *d);
/* An existing run folder, to go on in. */
thw_status tw_folder_open(tw_folder *f, const char *path, tw_diags *d);
void tw_folder_close(tw_folder *f);
/* Removes a folder in which nothing has happened, and closes it. */
void tw_folder_discard(tw_folder *f);

/* PATH/NAME; caller frees. */
char *tw_folder_file(const tw_folder *f, const char *name);
thw_status tw_folder_write_config(const tw_folder *f, const tw_value *resolved, tw_diags *d);
/* A line of the log. */
void tw_folder_log(const tw_folder *f, double seconds, uint32_t level, const char *path,
                   const char *text);

#endif
