/* SPDX-License-Identifier: BSD-3-Clause */
#include <config.h>

#include "plugins/sources/idx/idx.h"

#include <stdio.h>

static int element_type(unsigned char code, npy_array *out) {
  static const struct {
    unsigned char code;
    char kind;
    int size;
  } known[] = {{0x08, 'u', 1}, {0x09, 'i', 1}, {0x0b, 'i', 2},
               {0x0c, 'i', 4}, {0x0d, 'f', 4}, {0x0e, 'f', 8}};
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
    if (known[i].code == code) {
      out->kind = known[i].kind;
      out->size = known[i].size;
      return 0;
    }
  return -1;
}

int idx_parse(const void *bytes, size_t n, npy_array *out, char *err, size_t err_size) {
  const unsigned char *b = bytes;
  const uint16_t one = 1;
  *out = (npy_array){.n = 1};
  if (n < 4 || b[0] != 0 || b[1] != 0 || element_type(b[2], out) != 0) {
    snprintf(err, err_size, "not an idx file (it does not begin with two zero bytes and a type)");
    return -1;
  }
  out->n_dims = b[3];
  if (out->n_dims < 1 || out->n_dims > NPY_DIMS) {
    snprintf(err, err_size, "%d dimensions: 1 to %d are read", out->n_dims, NPY_DIMS);
    return -1;
  }
  size_t head = 4 + 4 * (size_t)out->n_dims;
  if (n < head) {
    snprintf(err, err_size, "truncated inside the header");
    return -1;
  }
  for (int i = 0; i < out->n_dims; i++) {
    const unsigned char *p = b + 4 + 4 * i;
    int64_t d = (int64_t)p[0] << 24 | (int64_t)p[1] << 16 | (int64_t)p[2] << 8 | (int64_t)p[3];
    if (d && out->n > INT64_MAX / 16 / d) {
      snprintf(err, err_size, "an absurd shape");
      return -1;
    }
    out->dims[i] = d;
    out->n *= d;
  }
  int64_t need = out->n * out->size;
  if ((uint64_t)need != n - head) {
    snprintf(err, err_size, "%s: the shape needs %lld bytes of data, the file has %zu",
             (uint64_t)need > n - head ? "truncated" : "too long", (long long)need, n - head);
    return -1;
  }
  out->swapped = *(const unsigned char *)&one == 1 && out->size > 1;
  out->data = (const char *)b + head;
  return 0;
}
