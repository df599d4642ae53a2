/* SPDX-License-Identifier: BSD-3-Clause */
#include <config.h>

#include "kernels/data/dict.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static uint64_t hash_bytes(const char *p, int64_t n) {
  uint64_t h = UINT64_C(0xcbf29ce484222325);
  for (int64_t i = 0; i < n; i++) h = (h ^ (unsigned char)p[i]) * UINT64_C(0x100000001b3);
  return h ^ h >> 29;
}

static uint64_t hash_number(double v) {
  uint64_t bits;
  v += 0.0; /* -0 and 0 are one label */
  memcpy(&bits, &v, sizeof bits);
  bits *= UINT64_C(0x9e3779b97f4a7c15);
  return bits ^ bits >> 32;
}

static uint64_t hash_entry(const td_dict *d, const td_entry *e) {
  return d->words ? hash_bytes(e->text, e->len) : hash_number(e->value);
}

static int grow(td_dict *d) {
  int64_t cap = d->cap ? d->cap * 2 : 16;
  td_entry *v = realloc(d->v, (size_t)cap * sizeof *v);
  if (!v) return -2;
  d->v = v;
  int64_t *bucket = calloc((size_t)cap * 2, sizeof *bucket);
  if (!bucket) return -2;
  free(d->bucket);
  d->bucket = bucket;
  d->cap = cap;
  d->buckets = cap * 2;
  uint64_t mask = (uint64_t)d->buckets - 1;
  for (int64_t i = 0; i < d->n; i++) {
    uint64_t b = hash_entry(d, &d->v[i]) & mask;
    while (d->bucket[b]) b = (b + 1) & mask;
    d->bucket[b] = i + 1;
  }
  return 0;
}

static int64_t add(td_dict *d, td_entry e, const char *text, int64_t len, uint64_t hash) {
  e.len = len;
  if (d->n == d->cap && grow(d) != 0) return -2;
  e.text = malloc((size_t)len + 1);
  if (!e.text) return -2;
  if (len) memcpy(e.text, text, (size_t)len);
  e.text[len] = '\0';
  uint64_t mask = (uint64_t)d->buckets - 1, b = hash & mask;
  while (d->bucket[b]) b = (b + 1) & mask;
  d->v[d->n] = e;
  d->bucket[b] = ++d->n;
  return d->last = d->n - 1;
}

int64_t td_dict_number(td_dict *d, double value, const char *text, int64_t len, int64_t line) {
  if (d->full) return -1;
  if (d->n && d->v[d->last].value == value) return d->last;
  uint64_t hash = hash_number(value);
  if (d->buckets) {
    uint64_t mask = (uint64_t)d->buckets - 1;
    for (uint64_t b = hash & mask; d->bucket[b]; b = (b + 1) & mask)
      if (d->v[d->bucket[b] - 1].value == value) return d->last = d->bucket[b] - 1;
  }
  if (d->n == (d->most ? d->most : TD_CLASS_MOST) || (d->integers && value != nearbyint(value))) {
    d->full = 1;
    return -1;
  }
  return add(d, (td_entry){.value = value, .line = line}, text, len, hash);
}

static int same(const td_entry *e, const char *text, int64_t len) {
  return e->len == len && (len == 0 || memcmp(e->text, text, (size_t)len) == 0);
}

int64_t td_dict_word(td_dict *d, const char *text, int64_t len, int64_t line) {
  d->words = 1;
  if (d->n && same(&d->v[d->last], text, len)) return d->last;
  uint64_t hash = hash_bytes(text, len);
  if (d->buckets) {
    uint64_t mask = (uint64_t)d->buckets - 1;
    for (uint64_t b = hash & mask; d->bucket[b]; b = (b + 1) & mask)
      if (same(&d->v[d->bucket[b] - 1], text, len)) return d->last = d->bucket[b] - 1;
  }
  return add(d, (td_entry){.line = line}, text, len, hash);
}

int td_dict_merge(td_dict *to, const td_dict *from) {
  to->full |= from->full;
  for (int64_t i = 0; i < from->n; i++) {
    const td_entry *e = &from->v[i];
    int64_t r = from->words ? td_dict_word(to, e->text, e->len, e->line)
                            : td_dict_number(to, e->value, e->text, e->len, e->line);
    if (r == -2) return -2;
  }
  return 0;
}

void td_dict_free(td_dict *d) {
  for (int64_t i = 0; i < d->n; i++) free(d->v[i].text);
  free(d->v);
  free(d->bucket);
  *d = (td_dict){0};
}
