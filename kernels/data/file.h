/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/data/file.h - a whole file in memory, unpacked when it is gzip (by content, not name). */
#ifndef THALWEG_KERNELS_DATA_FILE_H
#define THALWEG_KERNELS_DATA_FILE_H

#include "kernels/data/env.h"

/* `n` bytes at p, followed by a newline and a NUL that belong to no file: a scanner needs no bounds
 * check per byte. Read, not mapped: a file that shrinks meanwhile must not kill the process. */
typedef struct td_file {
  const char *path;
  char *p;
  size_t n;
} td_file;

/* Errors name the file: absent, a folder, truncated or damaged gzip, another compression. */
thw_status td_file_read(td_env e, const char *path, td_file *out);
void td_file_free(td_file *f);

#endif
