/* SPDX-License-Identifier: BSD-3-Clause */
/* Byte 0 says which fields of the head are put right before the rest is read as a checkpoint. What
 * is accepted is written back byte for byte, and every record of it can be asked for as any type.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "core/space.h"
#include "core/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Where the fields of the file's head lie, and its record heads: see core/state.c. */
enum { FORMAT_AT = 8, BYTES_AT = 24, RECORDS_AT = 32, HEAD = 40, RECORD_HEAD = 24, CRC = 4 };
enum { FIX_START = 1, FIX_BYTES = 2, FIX_RECORDS = 4, FIX_CRC = 8 };

/* Records that lie between the heads, as far as their lengths can be followed. */
static uint64_t count_records(const uint8_t *p, size_t n) {
  uint64_t records = 0;
  for (size_t at = HEAD; at + RECORD_HEAD + CRC <= n; records++) {
    uint32_t section, name;
    uint64_t bytes;
    memcpy(&section, p + at + 4, sizeof section);
    memcpy(&name, p + at + 8, sizeof name);
    memcpy(&bytes, p + at + 16, sizeof bytes);
    at += RECORD_HEAD;
    uint64_t left = n - CRC - at;
    if (section > left || name > left - section || bytes > left - section - name) break;
    at += section + name + (size_t)bytes;
  }
  return records;
}

static void put_right(uint8_t *p, size_t n, unsigned what) {
  static const uint32_t words[] = {1, 0x01020304, sizeof(size_t), sizeof(double)};
  if (n < HEAD + CRC) return;
  if (what & FIX_START) {
    memcpy(p, "thwstate", 8);
    memcpy(p + FORMAT_AT, words, sizeof words);
  }
  uint64_t bytes = n, records = count_records(p, n);
  if (what & FIX_BYTES) memcpy(p + BYTES_AT, &bytes, sizeof bytes);
  if (what & FIX_RECORDS) memcpy(p + RECORDS_AT, &records, sizeof records);
  uint32_t crc = (uint32_t)crc32(0, p, (uInt)(n - CRC));
  if (what & FIX_CRC) memcpy(p + n - CRC, &crc, sizeof crc);
}

static void same_bytes(const tw_state *s, const uint8_t *p, size_t n) {
  char *out = NULL;
  size_t length = 0;
  FILE *f = open_memstream(&out, &length);
  if (!f) abort();
  tw_state_write(s, f);
  fclose(f);
  if (length != n || memcmp(out, p, n) != 0) abort();
  free(out);
}

static void answered(thw_status st, tw_state *s) {
  if (st != THW_OK && (st != THW_E_STATE || !tw_state_error(s)[0])) abort();
}

/* Asks for the record as each type there is, with room for little. */
static void ask(tw_state *s, const char *section, const char *name) {
  static thw_vec *x[2];
  thw_reader *r = tw_state_reader(s, section);
  if (!r) return;
  int64_t i = 0;
  double v = 0;
  thw_rng g = {0};
  unsigned char room[16];
  size_t n = sizeof room;
  answered(r->i64(r, name, &i), s);
  answered(r->f64(r, name, &v), s);
  if (r->rng(r, name, &g) == THW_OK) {
    uint32_t word = thw_rng_u32(&g);
    (void)word;
  }
  thw_status st = r->blob(r, name, room, &n);
  answered(st, s);
  if (n > sizeof room) abort();
  for (int k = 0; k < 2; k++) {
    if (!x[k] && thw_vec_new(tw_space_new(k ? THW_F32 : THW_F64, 3), &x[k]) != THW_OK) abort();
    answered(r->vec(r, name, x[k]), s);
  }
}

/* Every record, under its own section and name. */
static void ask_all(tw_state *s, const uint8_t *p, size_t n) {
  for (size_t at = HEAD; at + RECORD_HEAD + CRC <= n;) {
    uint32_t section, name;
    uint64_t bytes;
    memcpy(&section, p + at + 4, sizeof section);
    memcpy(&name, p + at + 8, sizeof name);
    memcpy(&bytes, p + at + 16, sizeof bytes);
    at += RECORD_HEAD;
    char *section_text = strndup((const char *)p + at, section);
    char *name_text = strndup((const char *)p + at + section, name);
    ask(s, section_text, name_text);
    free(section_text);
    free(name_text);
    at += section + name + (size_t)bytes;
  }
  ask(s, "host", "no such record");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 1) return 0;
  size_t n = size - 1;
  uint8_t *p = malloc(n ? n : 1); /* to the byte: nothing may be read behind it */
  if (n) memcpy(p, data + 1, n);
  put_right(p, n, data[0]);
  tw_diags d = {0};
  tw_state *s = tw_state_parse(p, n, "input", &d);
  if (!s && d.errors == 0) abort(); /* refused without a word */
  if (s) {
    same_bytes(s, p, n);
    ask_all(s, p, n);
  }
  tw_state_free(s);
  tw_diags_free(&d);
  free(p);
  return 0;
}
