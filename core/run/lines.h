/* SPDX-License-Identifier: BSD-3-Clause */
/* core/run/lines.h - a file of the run folder that grows by lines (metrics.jsonl, decisions.jsonl)
 * and is cut back to the checkpoint when a run is resumed. */
#ifndef TW_RUN_LINES_H
#define TW_RUN_LINES_H

#include <stdint.h>

#include "core/error.h"

typedef struct tw_lines {
  int fd;      /* -1: not open */
  char *name;  /* with its folder, for messages */
  int64_t end; /* length, what is held back included */
  char *held;  /* lines not written yet */
  size_t n_held, room;
} tw_lines;

#define TW_NO_LINES ((tw_lines){.fd = -1})

/* Opens FOLDER/NAME and drops what follows `length`. */
thw_status tw_lines_begin(tw_lines *l, const char *folder, const char *name, int64_t length,
                          tw_diags *d);
/* One line, written in one piece. */
thw_status tw_lines_add(tw_lines *l, const char *line, tw_diags *d);
/* The same, but it may stay in memory until the next tw_lines_flush or _add. */
thw_status tw_lines_hold(tw_lines *l, const char *line, tw_diags *d);
thw_status tw_lines_flush(tw_lines *l, tw_diags *d);
/* On the disk before a checkpoint says that it is there. */
thw_status tw_lines_sync(tw_lines *l, tw_diags *d);
void tw_lines_close(tw_lines *l);

#endif
