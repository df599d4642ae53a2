/* SPDX-License-Identifier: BSD-3-Clause */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "plugins/sources/sequence/vocab.h"

#define POINTS 0x110000 /* code points of Unicode */

/* Length of the sequence that begins at p, 0 when there is none: overlong forms, surrogates and
 * points beyond the last are none (Unicode 15, table 3-7). */
static int decode(const unsigned char *p, size_t left, int32_t *point) {
  static const int32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  int n = p[0] < 0x80   ? 1
          : p[0] < 0xc2 ? 0
          : p[0] < 0xe0 ? 2
          : p[0] < 0xf0 ? 3
          : p[0] < 0xf5 ? 4
                        : 0;
  if (n == 0 || (size_t)n > left) return 0;
  int32_t v = n == 1 ? p[0] : p[0] & (0x7f >> n);
  for (int i = 1; i < n; i++) {
    if ((p[i] & 0xc0) != 0x80) return 0;
    v = v << 6 | (p[i] & 0x3f);
  }
  if (v < least[n] || v >= POINTS || (v >= 0xd800 && v < 0xe000)) return 0;
  *point = v;
  return n;
}

/* Values of the characters, in order of the text. */
static thw_status read_values(td_env e, const td_file *f, int32_t unit, int32_t *out, int64_t *n) {
  const unsigned char *p = (const unsigned char *)f->p;
  *n = 0;
  for (size_t at = 0; at < f->n;) {
    int len = 1;
    int32_t v = p[at];
    if (unit == VOCAB_CHARACTER && !(len = decode(p + at, f->n - at, &v)))
      return td_fail(e, THW_E_FORMAT,
                     "%s: offset %zu: byte 0x%02x begins no UTF-8 character: convert the file to "
                     "UTF-8, or set unit = \"byte\"",
                     f->path, at, p[at]);
    out[(*n)++] = v;
    at += (size_t)len;
  }
  return THW_OK;
}

static void spell(int32_t v, int32_t unit, char out[5]) {
  unsigned char b[5] = {0};
  if (unit == VOCAB_BYTE || v < 0x80) {
    b[0] = (unsigned char)v;
  } else {
    int n = v < 0x800 ? 2 : v < 0x10000 ? 3 : 4;
    for (int i = n - 1; i > 0; i--, v >>= 6) b[i] = (unsigned char)(0x80 | (v & 0x3f));
    b[0] = (unsigned char)(0xf00 >> n | v);
  }
  memcpy(out, b, 5);
}

/* Values become numbers in order of value: `number` has an entry for each that is possible. */
static thw_status count_off(td_env e, vocab *v, int32_t unit, int32_t *number, int32_t *t,
                            int64_t n) {
  int32_t values = unit == VOCAB_BYTE ? 256 : POINTS;
  memset(number, 0, (size_t)values * sizeof *number);
  for (int64_t i = 0; i < n; i++) number[t[i]] = 1;
  for (int32_t k = 0; k < values; k++) v->n += number[k];
  v->text = calloc((size_t)v->n + 1, sizeof *v->text);
  v->name = calloc((size_t)v->n + 1, sizeof *v->name);
  if (!v->text || !v->name) return td_nomem(e, "the vocabulary", (double)v->n * 13);
  int32_t next = 0;
  for (int32_t k = 0; k < values; k++) {
    if (!number[k]) continue;
    spell(k, unit, v->text[next]);
    v->name[next] = v->text[next];
    number[k] = next++;
  }
  for (int64_t i = 0; i < n; i++) t[i] = number[t[i]];
  return THW_OK;
}

thw_status vocab_read(td_env e, const td_file *f, int32_t unit, vocab *v, int32_t **tokens,
                      int64_t *n) {
  *tokens = td_array(e, (int64_t)f->n, sizeof **tokens, "the text");
  if (!*tokens) return THW_E_NOMEM;
  THW_TRY(read_values(e, f, unit, *tokens, n));
  int32_t *number = td_array(e, POINTS, sizeof *number, "the vocabulary");
  if (!number) return THW_E_NOMEM;
  thw_status s = count_off(e, v, unit, number, *tokens, *n);
  td_array_free(number);
  return s;
}

void vocab_free(vocab *v) {
  free(v->text);
  free(v->name);
}
