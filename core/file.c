/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

thw_status tw_out_open(tw_out *o, const char *path, tw_diags *d) {
  o->path = tw_strdup(path);
  o->tmp = tw_sprintf("%s.tmp", path);
  o->f = NULL;
  int fd = open(o->tmp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
  if (fd >= 0 && !(o->f = fdopen(fd, "w"))) close(fd);
  if (o->f) return THW_OK;
  thw_status st = tw_error(d, THW_E_IO, "%s: cannot be written: %s", path, strerror(errno));
  tw_out_abort(o);
  return st;
}

void tw_out_abort(tw_out *o) {
  if (o->f) fclose(o->f);
  if (o->tmp) unlink(o->tmp);
  free(o->path);
  free(o->tmp);
  *o = (tw_out){0};
}

/* The rename itself is on the disk only once the folder is. */
static void sync_folder(const char *path) {
  char *dir = tw_strdup(path), *slash = strrchr(dir, '/');
  if (slash) slash[slash == dir] = '\0';
  int fd = open(slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0) {
    (void)!fsync(fd);
    close(fd);
  }
  free(dir);
}

thw_status tw_out_commit(tw_out *o, tw_diags *d) {
  int bad = ferror(o->f) ? (errno ? errno : EIO) : 0;
  if (fflush(o->f) != 0) bad = errno;
  if (!bad && fsync(fileno(o->f)) != 0 && errno != EINVAL && errno != EROFS) bad = errno;
  if (fclose(o->f) != 0 && !bad) bad = errno;
  o->f = NULL;
  if (!bad && rename(o->tmp, o->path) != 0) bad = errno;
  if (bad) {
    thw_status st = tw_error(d, THW_E_IO, "%s: cannot be written: %s", o->path, strerror(bad));
    tw_out_abort(o);
    return st;
  }
  sync_folder(o->path);
  free(o->path);
  free(o->tmp);
  *o = (tw_out){0};
  return THW_OK;
}
