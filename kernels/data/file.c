/* SPDX-License-Identifier: BSD-3-Clause */
#include <config.h>

#include "kernels/data/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zlib.h>

#define TAIL 2                      /* the newline and the NUL */
#define PIECE ((size_t)1 << 20)     /* first guess for what has no known size */
#define READ_MOST ((size_t)1 << 30) /* some systems refuse more in one call */

/* Room for at least `want` bytes and the tail. */
static thw_status reserve(td_env e, td_file *f, size_t *room, size_t want) {
  if (want + TAIL <= *room) return THW_OK;
  size_t size = *room;
  while (size < want + TAIL) {
    if (size > SIZE_MAX / 4) return td_nomem(e, f->path, (double)want);
    size = size ? size * 2 : PIECE;
  }
  char *p = realloc(f->p, size);
  if (!p) return td_nomem(e, f->path, (double)size);
  f->p = p;
  *room = size;
  return THW_OK;
}

static thw_status read_all(td_env e, int fd, td_file *f) {
  struct stat st;
  if (fstat(fd, &st) != 0) return td_fail(e, THW_E_IO, "%s: %s", f->path, strerror(errno));
  if (S_ISDIR(st.st_mode))
    return td_fail(e, THW_E_IO, "%s: is a folder, a file is needed", f->path);
  size_t room = 0;
  if (S_ISREG(st.st_mode) && st.st_size > 0) {
    if ((uintmax_t)st.st_size > SIZE_MAX / 2) return td_nomem(e, f->path, (double)st.st_size);
    room = (size_t)st.st_size + TAIL + 1; /* one more, so that the end shows without growing */
    if (!(f->p = malloc(room))) return td_nomem(e, f->path, (double)room);
  }
  for (;;) {
    THW_TRY(reserve(e, f, &room, f->n + 1));
    size_t want = room - TAIL - f->n;
    ssize_t got = read(fd, f->p + f->n, want < READ_MOST ? want : READ_MOST);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return td_fail(e, THW_E_IO, "%s: %s", f->path, strerror(errno));
    if (got == 0) return THW_OK;
    f->n += (size_t)got;
  }
}

/* Inflates every member of the gzip file in `in` into `out`. */
static thw_status inflate_members(td_env e, z_stream *z, const td_file *in, td_file *out,
                                  size_t *room) {
  size_t at = 0;
  for (;;) {
    size_t left = in->n - at;
    z->next_in = (Bytef *)(in->p + at);
    z->avail_in = left < UINT_MAX / 2 ? (uInt)left : UINT_MAX / 2;
    uInt given = z->avail_in;
    THW_TRY(reserve(e, out, room, out->n + PIECE));
    size_t space = *room - TAIL - out->n;
    z->next_out = (Bytef *)(out->p + out->n);
    z->avail_out = space < UINT_MAX / 2 ? (uInt)space : UINT_MAX / 2;
    uInt offered = z->avail_out;
    int r = inflate(z, Z_NO_FLUSH);
    at += given - z->avail_in;
    out->n += offered - z->avail_out;
    if (r == Z_STREAM_END) {
      /* Another member, or padding that gzip ignores as well. */
      if (in->n - at < 2 || (unsigned char)in->p[at] != 0x1f ||
          (unsigned char)in->p[at + 1] != 0x8b)
        return THW_OK;
      if (inflateReset(z) != Z_OK) return td_fail(e, THW_E_INTERNAL, "%s: zlib", in->path);
      continue;
    }
    if (r == Z_MEM_ERROR) return td_nomem(e, in->path, (double)out->n);
    if (r == Z_BUF_ERROR || (r == Z_OK && at == in->n && z->avail_out > 0))
      return td_fail(e, THW_E_FORMAT, "%s: the gzip file is truncated: fetch it again", in->path);
    if (r != Z_OK)
      return td_fail(e, THW_E_FORMAT, "%s: the gzip file is damaged (%s): fetch it again", in->path,
                     z->msg ? z->msg : "bad data");
  }
}

static thw_status gunzip(td_env e, td_file *f) {
  z_stream z = {0};
  if (inflateInit2(&z, 15 + 16) != Z_OK) return td_nomem(e, f->path, 1 << 16);
  td_file out = {.path = f->path};
  size_t room = 0;
  thw_status s = inflate_members(e, &z, f, &out, &room);
  inflateEnd(&z);
  free(f->p);
  *f = out;
  return s;
}

/* The compressions that we do not unpack, by their first bytes. */
static const char *foreign_packer(const td_file *f) {
  static const struct {
    const char *magic, *unpack;
    size_t n;
  } known[] = {{"BZh", "bunzip2 -k", 3},
               {"\xfd"
                "7zXZ",
                "unxz -k", 5},
               {"\x28\xb5\x2f\xfd", "unzstd", 4},
               {"PK\x03\x04", "unzip", 4}};
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
    if (f->n >= known[i].n && memcmp(f->p, known[i].magic, known[i].n) == 0) return known[i].unpack;
  return NULL;
}

thw_status td_file_read(td_env e, const char *path, td_file *out) {
  *out = (td_file){.path = path};
  int fd;
  do fd = open(path, O_RDONLY | O_CLOEXEC);
  while (fd < 0 && errno == EINTR);
  if (fd < 0) return td_fail(e, THW_E_IO, "%s: %s", path, strerror(errno));
  thw_status s = read_all(e, fd, out);
  close(fd);
  if (s == THW_OK && out->n >= 2 && (unsigned char)out->p[0] == 0x1f &&
      (unsigned char)out->p[1] == 0x8b)
    s = gunzip(e, out);
  const char *unpack = s == THW_OK ? foreign_packer(out) : NULL;
  if (unpack)
    s = td_fail(e, THW_E_FORMAT,
                "%s: packed in a format that is not read here (gzip is): unpack it first (%s)",
                path, unpack);
  if (s != THW_OK) {
    td_file_free(out);
    return s;
  }
  memcpy(out->p + out->n, "\n", TAIL);
  return THW_OK;
}

void td_file_free(td_file *f) {
  free(f->p);
  f->p = NULL;
  f->n = 0;
}
