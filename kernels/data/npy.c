/* SPDX-License-Identifier: BSD-3-Clause */
#include <config.h>

#include "kernels/data/npy.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int is_big_endian(void) {
  const uint16_t one = 1;
  return *(const unsigned char *)&one == 0;
}

static int refuse(char *err, size_t size, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static int refuse(char *err, size_t size, const char *fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(err, size, fmt, ap);
  va_end(ap);
  return -1;
}

/* ---- the header: a Python dictionary with three entries ---------------------------------------
 */

/* A NUL-free copy is not needed: every function stops at `end`. */
typedef struct scan {
  const char *p, *end;
  char *err;
  size_t err_size;
} scan;

static void blanks(scan *s) {
  while (s->p < s->end && (*s->p == ' ' || *s->p == '\n' || *s->p == '\t' || *s->p == '\r')) s->p++;
}

static int take(scan *s, char c) {
  blanks(s);
  if (s->p >= s->end || *s->p != c) return 0;
  s->p++;
  return 1;
}

/* A quoted word without escapes. */
static int quoted(scan *s, char *out, size_t size) {
  blanks(s);
  if (s->p >= s->end || (*s->p != '\'' && *s->p != '"'))
    return refuse(s->err, s->err_size,
                  "the header is not a dictionary of descr, fortran_order and "
                  "shape");
  char quote = *s->p++;
  size_t n = 0;
  while (s->p < s->end && *s->p != quote) {
    if (n + 1 >= size || *s->p < 32 || *s->p > 126)
      return refuse(s->err, s->err_size, "the header has a word that does not belong there");
    out[n++] = *s->p++;
  }
  if (s->p >= s->end) return refuse(s->err, s->err_size, "the header ends inside a word");
  s->p++;
  out[n] = '\0';
  return 0;
}

static int descr(scan *s, npy_array *a) {
  char t[32];
  blanks(s);
  if (s->p < s->end && *s->p == '[')
    return refuse(s->err, s->err_size, "records are not read: store one plain array");
  if (quoted(s, t, sizeof t) != 0) return -1;
  size_t n = strlen(t);
  static const char *const known[] = {"f4", "f8", "i1", "i2", "i4", "i8",
                                      "u1", "u2", "u4", "u8", "b1"};
  int found = 0;
  for (size_t i = 0; n == 3 && i < sizeof known / sizeof known[0]; i++)
    found |= strcmp(t + 1, known[i]) == 0;
  if (!found || !strchr("<>|=", t[0]) || (t[0] == '|' && t[2] != '1'))
    return refuse(s->err, s->err_size,
                  "elements of type '%s' are not read: convert to f4, f8, an integer type or bool",
                  t);
  a->kind = t[1];
  a->size = t[2] - '0';
  a->swapped = a->size > 1 && ((t[0] == '>') != is_big_endian()) && t[0] != '=';
  return 0;
}

static int boolean(scan *s, int *out) {
  blanks(s);
  size_t left = (size_t)(s->end - s->p);
  if (left >= 4 && memcmp(s->p, "True", 4) == 0) {
    *out = 1;
    s->p += 4;
    return 0;
  }
  if (left >= 5 && memcmp(s->p, "False", 5) == 0) {
    *out = 0;
    s->p += 5;
    return 0;
  }
  return refuse(s->err, s->err_size, "fortran_order is neither True nor False");
}

static int shape(scan *s, npy_array *a) {
  if (!take(s, '(')) return refuse(s->err, s->err_size, "shape is not a tuple");
  a->n_dims = 0;
  while (!take(s, ')')) {
    if (a->n_dims == NPY_DIMS)
      return refuse(s->err, s->err_size, "more than %d dimensions", NPY_DIMS);
    blanks(s);
    int64_t v = 0;
    const char *begin = s->p;
    for (; s->p < s->end && *s->p >= '0' && *s->p <= '9'; s->p++) {
      if (v > INT64_MAX / 16) return refuse(s->err, s->err_size, "an absurd shape");
      v = v * 10 + (*s->p - '0');
    }
    if (s->p == begin) return refuse(s->err, s->err_size, "shape is not a tuple of numbers");
    if (s->p < s->end && *s->p == 'L') s->p++; /* written by Python 2 */
    a->dims[a->n_dims++] = v;
    if (!take(s, ',')) {
      if (!take(s, ')')) return refuse(s->err, s->err_size, "shape is not a tuple of numbers");
      return 0;
    }
  }
  return 0;
}

static int header(scan *s, npy_array *a) {
  int seen = 0;
  if (!take(s, '{')) return refuse(s->err, s->err_size, "the header is not a dictionary");
  while (!take(s, '}')) {
    char key[32];
    if (quoted(s, key, sizeof key) != 0) return -1;
    if (!take(s, ':')) return refuse(s->err, s->err_size, "no ':' after '%s' in the header", key);
    int bit = strcmp(key, "descr") == 0           ? 1
              : strcmp(key, "fortran_order") == 0 ? 2
              : strcmp(key, "shape") == 0         ? 4
                                                  : 0;
    if (!bit || (seen & bit))
      return refuse(s->err, s->err_size, "unexpected '%s' in the header", key);
    seen |= bit;
    if ((bit == 1 ? descr(s, a) : bit == 2 ? boolean(s, &a->fortran) : shape(s, a)) != 0) return -1;
    if (!take(s, ',')) {
      if (!take(s, '}'))
        return refuse(s->err, s->err_size, "the header is damaged after '%s'", key);
      break;
    }
  }
  if (seen != 7)
    return refuse(s->err, s->err_size, "the header lacks %s",
                  !(seen & 1)   ? "descr"
                  : !(seen & 2) ? "fortran_order"
                                : "shape");
  return 0;
}

int npy_parse(const void *bytes, size_t n, npy_array *out, char *err, size_t err_size) {
  const unsigned char *b = bytes;
  *out = (npy_array){0};
  if (n < 10 || memcmp(b, "\x93NUMPY", 6) != 0)
    return refuse(err, err_size, "not a .npy file (it does not begin with \\x93NUMPY)");
  int major = b[6];
  if (major < 1 || major > 3) return refuse(err, err_size, "format %d.%d is unknown", major, b[7]);
  size_t at = major == 1 ? 10 : 12, length = (size_t)b[8] | (size_t)b[9] << 8;
  if (major > 1 && n >= 12) length |= (size_t)b[10] << 16 | (size_t)b[11] << 24;
  if (n < at || length > n - at)
    return refuse(err, err_size, "truncated: the header has %zu bytes, the file %zu", length, n);
  scan s = {(const char *)b + at, (const char *)b + at + length, err, err_size};
  if (header(&s, out) != 0) return -1;
  blanks(&s);
  if (s.p != s.end) return refuse(err, err_size, "something follows the header's dictionary");
  out->n = 1;
  int empty = 0;
  for (int i = 0; i < out->n_dims; i++) empty |= out->dims[i] == 0;
  for (int i = 0; i < out->n_dims && !empty; i++) {
    if (out->dims[i] > INT64_MAX / 16 / out->n) return refuse(err, err_size, "an absurd shape");
    out->n *= out->dims[i];
  }
  if (empty) out->n = 0;
  size_t room = n - at - length;
  if ((uint64_t)out->n * (uint64_t)out->size != room)
    return refuse(err, err_size, "%s: the shape needs %lld bytes of data, the file has %zu",
                  (uint64_t)out->n * (uint64_t)out->size > room ? "truncated" : "too long",
                  (long long)out->n * out->size, room);
  out->data = (const char *)b + at + length;
  return 0;
}

/* ---- elements -----------------------------------------------------------------------------------
 */

double npy_get(const npy_array *a, int64_t i) {
  unsigned char raw[8] = {0};
  const char *p = a->data + i * a->size;
  if (a->swapped)
    for (int k = 0; k < a->size; k++) raw[k] = (unsigned char)p[a->size - 1 - k];
  else
    memcpy(raw, p, (size_t)a->size);
  union {
    float f4;
    double f8;
    int8_t i1;
    int16_t i2;
    int32_t i4;
    int64_t i8;
    uint8_t u1;
    uint16_t u2;
    uint32_t u4;
    uint64_t u8;
  } v;
  memcpy(&v, raw, sizeof raw);
  switch (a->kind << 4 | a->size) {
  case 'f' << 4 | 4:
    return (double)v.f4;
  case 'f' << 4 | 8:
    return v.f8;
  case 'i' << 4 | 1:
    return v.i1;
  case 'i' << 4 | 2:
    return v.i2;
  case 'i' << 4 | 4:
    return v.i4;
  case 'i' << 4 | 8:
    return (double)v.i8;
  case 'u' << 4 | 1:
    return v.u1;
  case 'u' << 4 | 2:
    return v.u2;
  case 'u' << 4 | 4:
    return v.u4;
  case 'u' << 4 | 8:
    return (double)v.u8;
  default: /* bool */
    return v.u1 != 0;
  }
}

/* Place in the file of element k of row i (k in C order within the row). */
static int64_t fortran_place(const npy_array *a, int64_t i, int64_t k) {
  int64_t index[NPY_DIMS], place = 0;
  index[0] = i;
  for (int d = a->n_dims - 1; d >= 1; d--) {
    index[d] = k % a->dims[d];
    k /= a->dims[d];
  }
  for (int d = a->n_dims - 1; d >= 0; d--) place = place * a->dims[d] + index[d];
  return place;
}

static int64_t per_row(const npy_array *a) {
  return a->n_dims && a->dims[0] ? a->n / a->dims[0] : 1;
}

void npy_rows_f64(const npy_array *a, int64_t first, int64_t count, double *out) {
  int64_t w = per_row(a);
  if (!a->fortran && !a->swapped && a->kind == 'f' && a->size == 8) {
    if (count > 0 && w > 0) memcpy(out, a->data + first * w * 8, (size_t)(count * w) * 8);
    return;
  }
  for (int64_t i = 0; i < count; i++)
    for (int64_t k = 0; k < w; k++)
      out[i * w + k] =
          npy_get(a, a->fortran ? fortran_place(a, first + i, k) : (first + i) * w + k);
}

void npy_rows_f32(const npy_array *a, int64_t first, int64_t count, float *out) {
  int64_t w = per_row(a);
  if (!a->fortran && !a->swapped && a->kind == 'f' && a->size == 4) {
    if (count > 0 && w > 0) memcpy(out, a->data + first * w * 4, (size_t)(count * w) * 4);
    return;
  }
  if (!a->fortran && a->kind == 'u' && a->size == 1) {
    const unsigned char *b = (const unsigned char *)a->data + first * w;
    for (int64_t i = 0; i < count * w; i++) out[i] = b[i];
    return;
  }
  for (int64_t i = 0; i < count; i++)
    for (int64_t k = 0; k < w; k++)
      out[i * w + k] =
          (float)npy_get(a, a->fortran ? fortran_place(a, first + i, k) : (first + i) * w + k);
}
