/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/run/lines.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HELD 65536

static thw_status failed(const tw_lines *l, const char *what, tw_diags *d) {
  return tw_error(d, THW_E_IO, "%s: %s: %s", l->name, what, strerror(errno));
}

thw_status tw_lines_begin(tw_lines *l, const char *folder, const char *name, int64_t length,
                          tw_diags *d) {
  tw_lines_close(l);
  l->name = tw_sprintf("%s/%s", folder, name);
  l->fd = open(l->name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  struct stat info;
  if (l->fd < 0 || fstat(l->fd, &info) != 0) return failed(l, "cannot be written", d);
  if (info.st_size < length)
    return tw_error(d, THW_E_STATE,
                    "%s: has %lld bytes where the checkpoint knows %lld: it was cut by someone "
                    "else; start a new run",
                    l->name, (long long)info.st_size, (long long)length);
  if (ftruncate(l->fd, length) != 0) return failed(l, "cannot be cut", d);
  l->end = length;
  return THW_OK;
}

static thw_status put(tw_lines *l, const char *p, size_t n, tw_diags *d) {
  while (n > 0) {
    ssize_t k = write(l->fd, p, n);
    if (k < 0 && errno == EINTR) continue;
    if (k <= 0) return failed(l, "cannot be written", d);
    p += k, n -= (size_t)k;
  }
  return THW_OK;
}

thw_status tw_lines_flush(tw_lines *l, tw_diags *d) {
  size_t n = l->n_held;
  l->n_held = 0;
  return n ? put(l, l->held, n, d) : THW_OK;
}

thw_status tw_lines_add(tw_lines *l, const char *line, tw_diags *d) {
  size_t n = strlen(line);
  THW_TRY(tw_lines_flush(l, d));
  THW_TRY(put(l, line, n, d));
  l->end += (int64_t)n;
  return THW_OK;
}

thw_status tw_lines_hold(tw_lines *l, const char *line, tw_diags *d) {
  size_t n = strlen(line);
  if (n > HELD) return tw_lines_add(l, line, d);
  if (!l->held) l->held = tw_calloc(l->room = HELD, 1);
  if (l->n_held + n > l->room) THW_TRY(tw_lines_flush(l, d));
  memcpy(l->held + l->n_held, line, n);
  l->n_held += n;
  l->end += (int64_t)n;
  return THW_OK;
}

thw_status tw_lines_sync(tw_lines *l, tw_diags *d) {
  if (l->fd < 0) return THW_OK;
  THW_TRY(tw_lines_flush(l, d));
  if (fsync(l->fd) != 0 && errno != EINVAL && errno != EROFS)
    return failed(l, "cannot be written", d);
  return THW_OK;
}

void tw_lines_close(tw_lines *l) {
  if (l->fd >= 0) close(l->fd);
  free(l->name);
  free(l->held);
  *l = TW_NO_LINES;
}
