/* SPDX-License-Identifier: BSD-3-Clause */
/* Lines to rows. */
#include <config.h>

#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kernels/data/number.h"
#include "plugins/sources/svmlight/svmlight.h"

static thw_status fail(svm_chunk *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static thw_status fail(svm_chunk *c, const char *fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  int n = snprintf(c->text, sizeof c->text, "%lld: ", (long long)c->line);
  vsnprintf(c->text + n, sizeof c->text - (size_t)n, fmt, ap);
  va_end(ap);
  return THW_E_FORMAT;
}

/* The word at p for a message: cut at 24 bytes, unprintable bytes as '?'. */
static const char *word(const char *p, char *out) {
  int n = 0;
  for (; n < 24 && p[n] != ' ' && p[n] != '\t' && p[n] != '\n' && p[n] != '\r'; n++)
    out[n] = p[n] > 32 && p[n] < 127 ? p[n] : '?';
  out[n] = '\0';
  return out;
}

static inline int ends_word(char c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '#';
}

static inline const char *skip_blanks(const char *p) {
  while (*p == ' ' || *p == '\t' || *p == '\r') p++;
  return p;
}

void svm_fill_ones(const svm_reader *r, svm_chunk *c) {
  for (int64_t k = 0; k < c->stored; k++) td_put(c->x, r->dtype, k, 1);
}

static thw_status parse_label(const svm_reader *r, svm_chunk *c, const char **pp) {
  const char *p = *pp;
  char w[32];
  double v;
  const char *q = td_number(p, &v);
  if (q && *q == ',')
    return fail(c, "several labels \"%s\": one label per row is read", word(p, w));
  if (q && *q == ':')
    return fail(c, "the line begins with \"%s\": a label must come before the features",
                word(p, w));
  if (!q || !ends_word(*q))
    return fail(c, "label \"%s\" is not a number: words as labels are read from csv only",
                word(p, w));
  if (!isfinite(v) || (r->dtype == THW_F32 && fabs(v) > (double)FLT_MAX))
    return fail(c, "label %s is too large for the run's precision", word(p, w));
  c->y[c->rows] = v;
  if (td_dict_number(&c->labels, v, p, q - p, c->line) == -2) return THW_E_NOMEM;
  *pp = q;
  return THW_OK;
}

/* index: at p, into *column; the byte after the colon, or NULL with c->status set. */
static const char *parse_index(const svm_reader *r, svm_chunk *c, const char *p, int32_t *column) {
  const char *begin = p;
  char w[32];
  uint64_t index = 0;
  for (unsigned d; (d = (unsigned)(unsigned char)*p - '0') <= 9; p++)
    if (index <= INT32_MAX) index = index * 10 + d;
  if (p == begin || *p != ':') {
    c->status = fail(c, "\"%s\" is not index:value", word(begin, w));
    return NULL;
  }
  uint64_t base = r->base == SVM_BASE_0 ? 0 : 1;
  if (index < base) {
    c->saw_zero = r->base == SVM_BASE_AUTO;
    c->status = fail(c, "index 0, but base = \"1\": this file counts from 0, set base = \"0\"");
    return NULL;
  }
  index -= base;
  if (r->features && index >= (uint64_t)r->features) {
    c->status = fail(c, "index %.*s is beyond features = %lld",
                     (int)(p - begin < 24 ? p - begin : 24), begin, (long long)r->features);
    return NULL;
  }
  if (index >= INT32_MAX) {
    c->status = fail(c, "index %.*s is too large: at most %lld",
                     (int)(p - begin < 24 ? p - begin : 24), begin, (long long)INT32_MAX - 1);
    return NULL;
  }
  *column = (int32_t)index;
  return p + 1;
}

static const char *parse_value(const svm_reader *r, svm_chunk *c, const char *p, double *v) {
  if (p[0] == '1' && ends_word(p[1])) {
    *v = 1;
    return p + 1;
  }
  char w[32];
  const char *q = td_number(p, v);
  if (!q || !ends_word(*q)) {
    c->status = fail(c, "value \"%s\" is not a finite number", word(p, w));
    return NULL;
  }
  if (!isfinite(*v) || (r->dtype == THW_F32 && fabs(*v) > (double)FLT_MAX)) {
    c->status = fail(c, "value %s is too large for the run's precision", word(p, w));
    return NULL;
  }
  return q;
}

/* qid:n is of ranking data: read over, as the groups have no use here. */
static const char *skip_qid(const char *p) {
  const char *q = p + 4;
  while ((unsigned)(unsigned char)*q - '0' <= 9) q++;
  return q > p + 4 && ends_word(*q) ? q : NULL;
}

static void swap(const svm_reader *r, svm_chunk *c, int64_t a, int64_t b) {
  int32_t col = c->col[a];
  c->col[a] = c->col[b];
  c->col[b] = col;
  if (!c->valued) return;
  double v = td_get(c->x, r->dtype, a);
  td_put(c->x, r->dtype, a, td_get(c->x, r->dtype, b));
  td_put(c->x, r->dtype, b, v);
}

static void sift(const svm_reader *r, svm_chunk *c, int64_t from, int64_t root, int64_t n) {
  for (int64_t child; (child = 2 * root + 1) < n; root = child) {
    if (child + 1 < n && c->col[from + child] < c->col[from + child + 1]) child++;
    if (c->col[from + root] >= c->col[from + child]) return;
    swap(r, c, from + root, from + child);
  }
}

/* Heap sort by column: no memory, no bad case. */
static void sort_row(const svm_reader *r, svm_chunk *c, int64_t from, int64_t n) {
  for (int64_t i = n / 2 - 1; i >= 0; i--) sift(r, c, from, i, n);
  for (int64_t i = n - 1; i > 0; i--) {
    swap(r, c, from, from + i);
    sift(r, c, from, 0, i);
  }
}

static thw_status out_of_order(svm_chunk *c, int32_t column, int32_t before, int64_t base) {
  if (column == before) return fail(c, "index %lld twice in one row", (long long)column + base);
  return fail(c, "index %lld follows %lld: sort the row's indices, or set unsorted = \"sort\"",
              (long long)column + base, (long long)before + base);
}

static thw_status finish_row(const svm_reader *r, svm_chunk *c, int unsorted, int zeros) {
  int64_t from = c->start[c->rows], stored = c->stored, base = r->base == SVM_BASE_0 ? 0 : 1;
  if (unsorted) {
    sort_row(r, c, from, stored - from);
    for (int64_t k = from + 1; k < stored; k++)
      if (c->col[k] == c->col[k - 1]) return out_of_order(c, c->col[k], c->col[k], base);
    c->sorted++;
  }
  /* Zeros are dropped here and not earlier, so that an index given twice is always found. */
  int64_t to = stored;
  if (zeros) {
    to = from;
    for (int64_t k = from; k < stored; k++) {
      double v = td_get(c->x, r->dtype, k);
      if (v == 0) continue;
      c->col[to] = c->col[k];
      td_put(c->x, r->dtype, to++, v);
    }
  }
  c->stored = to;
  c->rows++;
  return THW_OK;
}

/* Takes in "index:1 index:1 ..." with ascending indices as far as it goes: rows of ones are common
 * and long. Whatever is not of that form is left to the caller, from the returned byte on. */
static const char *run_of_ones(const svm_reader *r, svm_chunk *c, const char *p, int32_t *before) {
  int32_t *col = c->col, last = *before, base = r->base == SVM_BASE_0 ? 0 : 1;
  int64_t k = c->stored, limit = r->features ? r->features : INT32_MAX;
  for (;;) {
    const char *q = p;
    uint32_t index = 0, d;
    while ((d = (uint32_t)(unsigned char)*q - '0') <= 9 && q - p < 9) {
      index = index * 10 + d;
      q++;
    }
    int64_t column = (int64_t)index - base;
    if (q == p || q[0] != ':' || q[1] != '1' || q[2] != ' ' || column <= last || column >= limit)
      break;
    col[k++] = last = (int32_t)column;
    p = q + 3;
  }
  c->stored = k;
  *before = last;
  if (last >= c->width) c->width = (int64_t)last + 1;
  return p;
}

/* The features of a line whose label is read. */
static thw_status parse_features(const svm_reader *r, svm_chunk *c, const char **pp) {
  const char *p = *pp;
  int64_t base = r->base == SVM_BASE_0 ? 0 : 1, from = c->stored;
  int32_t before = -1, column = 0;
  int unsorted = 0, zeros = 0;
  double v;
  c->start[c->rows] = from;
  for (p = skip_blanks(p); *p != '\n' && *p != '#'; p = skip_blanks(p)) {
    if (!c->valued && (p = skip_blanks(run_of_ones(r, c, p, &before)), *p == '\n' || *p == '#'))
      break;
    if (*p == 'q' && strncmp(p, "qid:", 4) == 0) {
      const char *q = skip_qid(p);
      if (!q) return fail(c, "qid: needs a number after it");
      p = q;
      continue;
    }
    if (!(p = parse_index(r, c, p, &column)) || !(p = parse_value(r, c, p, &v))) return c->status;
    if (column <= before) {
      if (column == before || !r->sort) return out_of_order(c, column, before, base);
      unsorted = 1;
    }
    before = column;
    if (column >= c->width) c->width = (int64_t)column + 1;
    if (v != 1 && !c->valued) {
      svm_fill_ones(r, c);
      c->valued = 1;
    }
    c->col[c->stored] = column;
    zeros |= v == 0;
    if (c->valued) td_put(c->x, r->dtype, c->stored, v);
    c->stored++;
  }
  *pp = p;
  return finish_row(r, c, unsorted, zeros);
}

void svm_parse_chunk(const svm_reader *r, svm_chunk *c) {
  td_labels_begin(&c->labels, r->labels);
  for (const char *p = c->p; p < c->end; c->line++) {
    p = skip_blanks(p);
    if (*p != '\n' && *p != '#') {
      c->status = parse_label(r, c, &p);
      if (c->status == THW_OK) c->status = parse_features(r, c, &p);
      if (c->status != THW_OK) return;
    }
    if (*p == '#') p = memchr(p, '\n', (size_t)(c->end - p));
    p++;
  }
}
