/* SPDX-License-Identifier: BSD-3-Clause */
/* What the fuzz targets of the readers share: a host that keeps nothing, texts in memory, and use
 * of whatever table comes out. */
#ifndef THALWEG_TESTS_FUZZ_H
#define THALWEG_TESTS_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/data/file.h"
#include "kernels/data/table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t fuzz_element;
static int fuzz_failed;

static thw_status fuzz_fail(thw_ctx *c, thw_status code, const char *text) {
  (void)c;
  fuzz_failed = 1;
  if (code >= 0 || !text[0]) abort(); /* an error has a negative code and a text */
  return code;
}

static void fuzz_log(thw_ctx *c, uint32_t level, const char *text) {
  (void)c;
  (void)level;
  (void)text;
}

static thw_status fuzz_rng(thw_ctx *c, const char *purpose, thw_rng *out) {
  (void)c;
  (void)purpose;
  *out = (thw_rng){.key = {1, 2}};
  return THW_OK;
}

static void fuzz_parallel(thw_ctx *c, int64_t n, double work, void (*body)(void *, int64_t),
                          void *arg) {
  (void)c;
  (void)work;
  for (int64_t i = 0; i < n; i++) body(arg, i);
}

static uint32_t fuzz_dtype(thw_ctx *c) {
  (void)c;
  return fuzz_element;
}

static const thw_host fuzz_host = {
    .size = sizeof(thw_host),
    .log = fuzz_log,
    .fail = fuzz_fail,
    .rng = fuzz_rng,
    .parallel = fuzz_parallel,
    .dtype = fuzz_dtype,
};

/* The input as td_file_read would leave it, in memory of exactly that size. */
static inline td_file fuzz_text(const uint8_t *data, size_t size) {
  td_file f = {.path = "input", .p = malloc(size + 2), .n = size};
  if (size) memcpy(f.p, data, size);
  memcpy(f.p + size, "\n", 2);
  return f;
}

/* Options from two bytes of the input. */
static inline td_common fuzz_common(uint8_t a, uint8_t b) {
  fuzz_element = a & 1 ? THW_F32 : THW_F64;
  return (td_common){.labels = (a >> 1) % 3,
                     .standardise = (a >> 3) % 5,
                     .rows = b & 1 ? 2 : 0,
                     .subsample = b & 2 ? 0.5 : 1,
                     .split = b & 4 ? 0.3 : 0,
                     .split_valid = b & 8 ? 0.3 : 0};
}

/* A table that was accepted must hold together. */
static inline void fuzz_use(td_table *t) {
  for (uint32_t s = 0; s < t->n_sets; s++) {
    thw_source_info in = {.size = sizeof in};
    thw_batch *b = NULL;
    if (td_table_ops.info(t, s, &in) != THW_OK) abort();
    if (td_table_ops.take(t, s, in.n, NULL, 0, &b) != THW_OK) abort();
    const thw_rows *r = b->rows;
    double sum = 0;
    for (int64_t i = 0; i < b->n; i++) {
      int64_t from = r->start ? r->start[i] : i * r->ld;
      int64_t to = r->start ? r->start[i + 1] : from + r->width;
      if (to < from) abort();
      for (int64_t k = from; k < to; k++) {
        if (r->col && (r->col[k] < 0 || r->col[k] >= r->width)) abort();
        if (r->col && k > from && r->col[k] <= r->col[k - 1]) abort();
        double v = r->x ? td_get(r->x, r->dtype, k) : 1;
        if (v - v != 0) abort();
        sum += v;
      }
      if (r->y && td_get(r->y, r->dtype, i) != td_get(r->y, r->dtype, i)) abort();
      if (r->label && (r->label[i] < 0 || r->label[i] >= in.classes)) abort();
    }
    for (int64_t c = 0; c < in.classes; c++) sum += (double)strlen(in.class_name[c]);
    volatile double keep = sum;
    (void)keep;
    td_table_ops.release(t, b);
  }
}

/* The end of a run over a table whose sets have been read with status s. */
static inline void fuzz_finish(td_table *t, thw_status s, const td_common *p) {
  if (s == THW_OK) s = td_table_finish(t, p);
  if (s == THW_OK)
    fuzz_use(t);
  else if (s > 0 || !fuzz_failed)
    abort(); /* refused without a word */
  fuzz_failed = 0;
  td_table_free(t);
}

#endif
