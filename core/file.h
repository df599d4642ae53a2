/* SPDX-License-Identifier: BSD-3-Clause */
/* core/file.h - files that are either the old or the new one whole: written to a temporary beside
 * the target, synced to the disk, renamed. */
#ifndef TW_FILE_H
#define TW_FILE_H

#include <stdio.h>

#include "core/error.h"

typedef struct tw_out {
  FILE *f;
  char *path, *tmp;
} tw_out;

/* Errors name the file and carry the system's text. */
thw_status tw_out_open(tw_out *o, const char *path, tw_diags *d);
/* Flushes, syncs, renames. On failure the temporary is removed and the target untouched. */
thw_status tw_out_commit(tw_out *o, tw_diags *d);
void tw_out_abort(tw_out *o);

#endif
