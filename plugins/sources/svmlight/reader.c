/* SPDX-License-Identifier: BSD-3-Clause */
/* A text in chunks: counted, parsed in parallel straight to where the rows belong, joined. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "plugins/sources/svmlight/svmlight.h"

struct job {
  const svm_reader *reader;
  svm_chunk *chunk;
  int64_t n;
  int64_t *lines, *colons; /* per chunk */
};

/* Adds up eight byte-wide counters. */
static inline uint64_t across(uint64_t v) {
  v = (v & UINT64_C(0x00ff00ff00ff00ff)) + (v >> 8 & UINT64_C(0x00ff00ff00ff00ff));
  return v * UINT64_C(0x0001000100010001) >> 48;
}

/* 1 in each byte of w that equals the byte repeated in `pattern`. */
static inline uint64_t matches(uint64_t w, uint64_t pattern) {
  uint64_t low = UINT64_C(0x7f7f7f7f7f7f7f7f), v = w ^ pattern;
  return ~(((v & low) + low) | v | low) >> 7;
}

/* Lines and colons of a chunk: how many rows and values it has at most. */
static void count(void *arg, int64_t i) {
  struct job *j = arg;
  const char *p = j->chunk[i].p, *end = j->chunk[i].end;
  uint64_t lines = 0, colons = 0;
  while (end - p >= 8) {
    uint64_t line_sum = 0, colon_sum = 0;
    for (int k = 0; k < 255 && end - p >= 8; k++, p += 8) {
      uint64_t w;
      memcpy(&w, p, 8);
      line_sum += matches(w, UINT64_C(0x0a0a0a0a0a0a0a0a));
      colon_sum += matches(w, UINT64_C(0x3a3a3a3a3a3a3a3a));
    }
    lines += across(line_sum);
    colons += across(colon_sum);
  }
  for (; p < end; p++) {
    lines += *p == '\n';
    colons += *p == ':';
  }
  j->lines[i] = (int64_t)lines;
  j->colons[i] = (int64_t)colons;
}

static void parse(void *arg, int64_t i) {
  struct job *j = arg;
  svm_parse_chunk(j->reader, &j->chunk[i]);
}

static void cut(struct job *j, const td_file *f) {
  const char *p = f->p, *end = f->p + f->n + 1; /* the newline behind the text ends its last line */
  for (; p < end; j->n++) {
    const char *q =
        end - p > SVM_CHUNK ? memchr(p + SVM_CHUNK, '\n', (size_t)(end - p - SVM_CHUNK)) : NULL;
    q = q ? q + 1 : end;
    j->chunk[j->n] = (svm_chunk){.p = p, .end = q};
    p = q;
  }
}

/* Arrays for as many rows and values as there can be, and each chunk's place in them. Pages that
 * nothing is written to cost nothing: x, when every value is 1. */
static thw_status place(struct job *j, td_set *set) {
  td_env e = j->reader->env;
  size_t size = td_dtype_size(j->reader->dtype);
  int64_t rows = 0, values = 0;
  for (int64_t i = 0; i < j->n; i++) {
    rows += j->lines[i];
    values += j->colons[i];
  }
  set->y = td_array(e, rows, sizeof *set->y, "labels");
  set->start = td_array(e, rows + 1, sizeof *set->start, "rows");
  set->col = td_array(e, values, sizeof *set->col, "columns");
  set->x = td_array(e, values, size, "values");
  if (!set->y || !set->start || !set->col || !set->x) return THW_E_NOMEM;
  int64_t row = 0, value = 0, line = 1;
  for (int64_t i = 0; i < j->n; i++) {
    svm_chunk *c = &j->chunk[i];
    c->line = line;
    c->y = set->y + row;
    c->start = set->start + row;
    c->col = set->col + value;
    c->x = (char *)set->x + (size_t)value * size;
    row += j->lines[i];
    value += j->colons[i];
    line += j->lines[i];
  }
  return THW_OK;
}

/* Closes the gaps between the chunks (comments, blank lines, dropped zeros). */
static void join(struct job *j, td_set *set, int valued) {
  size_t size = td_dtype_size(j->reader->dtype);
  int64_t row = 0, value = 0;
  for (int64_t i = 0; i < j->n; i++) {
    svm_chunk *c = &j->chunk[i];
    if (valued && !c->valued) svm_fill_ones(j->reader, c);
    for (int64_t k = 0; k < c->rows; k++) c->start[k] += value;
    if (c->y != set->y + row) {
      memmove(set->y + row, c->y, (size_t)c->rows * sizeof *c->y);
      memmove(set->start + row, c->start, (size_t)c->rows * sizeof *c->start);
    }
    if (c->col != set->col + value) {
      memmove(set->col + value, c->col, (size_t)c->stored * sizeof *c->col);
      if (valued) memmove((char *)set->x + (size_t)value * size, c->x, (size_t)c->stored * size);
    }
    row += c->rows;
    value += c->stored;
    if (c->width > set->width) set->width = c->width;
  }
  set->start[row] = value;
  set->n = row;
  if (!valued) {
    td_array_free(set->x);
    set->x = NULL;
  }
}

/* The verdict over all chunks: the first error in the file, or none. */
static thw_status settle(struct job *j, svm_reader *r, const td_file *f, td_set *set, int *valued) {
  for (int64_t i = 0; i < j->n; i++) r->saw_zero |= j->chunk[i].saw_zero;
  if (r->saw_zero) return THW_OK;
  for (int64_t i = 0; i < j->n; i++) {
    svm_chunk *c = &j->chunk[i];
    if (c->status == THW_E_NOMEM) return td_nomem(r->env, "labels", 0);
    if (c->status != THW_OK) return td_fail(r->env, c->status, "%s:%s", f->path, c->text);
    if (td_dict_merge(&set->labels, &c->labels) != 0) return td_nomem(r->env, "labels", 0);
    *valued |= c->valued;
    r->sorted += c->sorted;
  }
  return THW_OK;
}

static thw_status run(struct job *j, svm_reader *r, const td_file *f, td_set *set) {
  td_env e = r->env;
  cut(j, f);
  e.host->parallel(e.ctx, j->n, 1.0 * (double)f->n, count, j);
  THW_TRY(place(j, set));
  e.host->parallel(e.ctx, j->n, 10.0 * (double)f->n, parse, j);
  int valued = 0;
  td_labels_begin(&set->labels, r->labels);
  THW_TRY(settle(j, r, f, set, &valued));
  if (!r->saw_zero) join(j, set, valued);
  return THW_OK;
}

thw_status svm_parse(svm_reader *r, const td_file *f, td_set *set) {
  int64_t most = (int64_t)(f->n / SVM_CHUNK) + 2;
  struct job j = {.reader = r};
  j.chunk = calloc((size_t)most, sizeof *j.chunk);
  j.lines = calloc((size_t)most, sizeof *j.lines);
  j.colons = calloc((size_t)most, sizeof *j.colons);
  set->layout = THW_ROWS_CSR;
  set->path = f->path;
  thw_status s = j.chunk && j.lines && j.colons
                     ? run(&j, r, f, set)
                     : td_nomem(r->env, f->path, (double)most * (double)sizeof *j.chunk);
  for (int64_t i = 0; i < j.n; i++) td_dict_free(&j.chunk[i].labels);
  free(j.chunk);
  free(j.lines);
  free(j.colons);
  return s;
}
