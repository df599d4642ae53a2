/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/npy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/file.h"

static const char magic[6] = {'\x93', 'N', 'U', 'M', 'P', 'Y'};

static char byte_order(void) {
  const uint16_t one = 1;
  return *(const unsigned char *)&one ? '<' : '>';
}

thw_status tw_npy_save(const char *file, const thw_vec *x, tw_diags *d) {
  thw_view v;
  thw_vec *open = (thw_vec *)(uintptr_t)x;
  THW_TRY(x->ops->map(open, THW_READ, &v));
  int size = v.dtype == THW_F32 ? 4 : 8;
  char *dict = tw_sprintf("{'descr': '%cf%d', 'fortran_order': False, 'shape': (%lld,), }",
                          byte_order(), size, (long long)v.n);
  /* 6 + 2 + 2 bytes and the dictionary, filled up with blanks to a multiple of 64. */
  size_t n = strlen(dict), total = (10 + n + 1 + 63) / 64 * 64, room = total - 10;
  tw_out out;
  thw_status st = tw_out_open(&out, file, d);
  if (st == THW_OK) {
    unsigned char head[4] = {1, 0, (unsigned char)(room & 255), (unsigned char)(room >> 8)};
    fwrite(magic, 1, sizeof magic, out.f);
    fwrite(head, 1, sizeof head, out.f);
    fprintf(out.f, "%s%*s\n", dict, (int)(room - n - 1), "");
    fwrite(v.data, (size_t)size, (size_t)v.n, out.f);
    st = tw_out_commit(&out, d);
  }
  free(dict);
  x->ops->unmap(open, THW_READ);
  return st;
}

/* What follows "'key':" in the header's dictionary, or NULL. */
static const char *entry(const char *dict, const char *key) {
  const char *p = strstr(dict, key);
  if (!p) return NULL;
  p += strlen(key);
  while (*p == ' ') p++;
  if (*p++ != ':') return NULL;
  while (*p == ' ') p++;
  return p;
}

/* One dimension "(n,)"; -1 when it is something else. */
static int64_t shape(const char *p) {
  int64_t n = 0;
  if (*p++ != '(' || *p < '0' || *p > '9') return -1;
  for (; *p >= '0' && *p <= '9'; p++) {
    if (n > INT64_MAX / 100) return -1;
    n = 10 * n + (*p - '0');
  }
  if (*p++ != ',') return -1;
  while (*p == ' ') p++;
  return *p == ')' ? n : -1;
}

static void convert(const unsigned char *from, int size, const thw_view *to) {
  for (int64_t i = 0; i < to->n; i++) {
    float f;
    double x;
    if (size == 4) {
      memcpy(&f, from + 4 * i, 4);
      x = (double)f;
    } else {
      memcpy(&x, from + 8 * i, 8);
    }
    if (to->dtype == THW_F32)
      ((float *)to->data)[i] = (float)x;
    else
      ((double *)to->data)[i] = x;
  }
}

static thw_status parse_dict(const char *dict, const char *name, int *size, int64_t *n,
                             tw_diags *d) {
  const char *descr = entry(dict, "'descr'"), *dims = entry(dict, "'shape'");
  *n = dims ? shape(dims) : -1;
  *size = 0;
  for (int bytes = 4; descr && bytes <= 8; bytes += 4) {
    char want[24];
    snprintf(want, sizeof want, "'%cf%d'", byte_order(), bytes);
    if (strncmp(descr, want, 5) == 0) *size = bytes;
  }
  if (!*size || *n < 0)
    return tw_error(d, THW_E_FORMAT,
                    "%s: expected a vector of float32 or float64 in this machine's byte order, "
                    "found %s",
                    name, dict);
  return THW_OK;
}

thw_status tw_npy_parse(const void *bytes, size_t n, const char *name, thw_vec *x, tw_diags *d) {
  const unsigned char *p = bytes;
  if (n < 12 || memcmp(p, magic, sizeof magic) != 0 || (p[6] != 1 && p[6] != 2))
    return tw_error(d, THW_E_FORMAT, "%s: not a NumPy file of format 1 or 2", name);
  size_t at = p[6] == 1 ? 10 : 12, len = (size_t)p[8] | (size_t)p[9] << 8;
  if (p[6] == 2) len |= (size_t)p[10] << 16 | (size_t)p[11] << 24;
  if (len > n - at || len > 65536)
    return tw_error(d, THW_E_FORMAT, "%s: truncated inside its header", name);
  char *dict = tw_calloc(len + 1, 1);
  memcpy(dict, p + at, len);
  for (size_t i = len; i > 0 && (dict[i - 1] == ' ' || dict[i - 1] == '\n'); i--) dict[i - 1] = 0;
  int size;
  int64_t elements;
  thw_status st = parse_dict(dict, name, &size, &elements, d);
  free(dict);
  if (st != THW_OK) return st;
  thw_view v;
  THW_TRY(x->ops->map(x, THW_WRITE, &v));
  if (elements != v.n)
    st = tw_error(d, THW_E_FORMAT, "%s: has %lld elements where %lld are expected", name,
                  (long long)elements, (long long)v.n);
  else if ((n - at - len) / (size_t)size < (size_t)elements)
    st = tw_error(d, THW_E_FORMAT, "%s: truncated: %zu bytes of data for %lld elements", name,
                  n - at - len, (long long)elements);
  else
    convert(p + at + len, size, &v);
  x->ops->unmap(x, THW_WRITE);
  return st;
}

thw_status tw_npy_load(const char *file, thw_vec *x, tw_diags *d) {
  FILE *f = fopen(file, "rb");
  struct stat info;
  if (!f || fstat(fileno(f), &info) != 0) {
    thw_status st = tw_error(d, THW_E_IO, "%s: cannot be read: %s", file, strerror(errno));
    if (f) fclose(f);
    return st;
  }
  size_t n = S_ISREG(info.st_mode) ? (size_t)info.st_size : 0;
  void *bytes = malloc(n ? n : 1);
  thw_status st;
  if (!bytes)
    st = tw_error(d, THW_E_NOMEM, "%s: no memory for its %zu bytes", file, n);
  else if (fread(bytes, 1, n, f) != n)
    st = tw_error(d, THW_E_IO, "%s: cannot be read: %s", file,
                  ferror(f) ? strerror(errno) : "it shrank");
  else
    st = tw_npy_parse(bytes, n, file, x, d);
  free(bytes);
  fclose(f);
  return st;
}
