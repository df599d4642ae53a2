/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void out_of_memory(void) {
  fputs("thalweg: error: out of memory\n", stderr);
  exit(1);
}

void *tw_calloc(size_t n, size_t size) {
  void *p = calloc(n ? n : 1, size ? size : 1);
  if (!p) out_of_memory();
  return p;
}

void *tw_realloc(void *p, size_t size) {
  void *q = realloc(p, size ? size : 1);
  if (!q) out_of_memory();
  return q;
}

char *tw_strdup(const char *s) {
  size_t n = strlen(s) + 1;
  return memcpy(tw_calloc(n, 1), s, n);
}

static char *vsprintf_new(const char *fmt, va_list ap) {
  va_list again;
  va_copy(again, ap);
  int n = vsnprintf(NULL, 0, fmt, again);
  va_end(again);
  if (n < 0) return tw_strdup(fmt);
  char *s = tw_calloc((size_t)n + 1, 1);
  vsnprintf(s, (size_t)n + 1, fmt, ap);
  return s;
}

char *tw_sprintf(const char *fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  char *s = vsprintf_new(fmt, ap);
  va_end(ap);
  return s;
}

static void add(tw_diags *d, int is_warning, char *text) {
  if (d->n == d->cap) {
    d->cap = d->cap ? 2 * d->cap : 8;
    d->v = tw_realloc(d->v, d->cap * sizeof *d->v);
  }
  d->v[d->n++] = (tw_diag){is_warning, text};
  d->errors += !is_warning;
}

thw_status tw_error(tw_diags *d, thw_status code, const char *fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  add(d, 0, vsprintf_new(fmt, ap));
  va_end(ap);
  return code;
}

void tw_warn(tw_diags *d, const char *fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  add(d, 1, vsprintf_new(fmt, ap));
  va_end(ap);
}

void tw_diags_print(tw_diags *d) {
  for (size_t i = 0; i < d->n; i++)
    fprintf(stderr, "thalweg: %s: %s\n", d->v[i].is_warning ? "warning" : "error", d->v[i].text);
  tw_diags_free(d);
}

void tw_diags_free(tw_diags *d) {
  for (size_t i = 0; i < d->n; i++) free(d->v[i].text);
  free(d->v);
  *d = (tw_diags){0};
}

/* Edit distance with transpositions of neighbours (optimal string alignment). */
static size_t distance(const char *a, const char *b) {
  enum { MAX = 63 };
  size_t na = strlen(a), nb = strlen(b);
  if (na > MAX || nb > MAX) return MAX;
  size_t row[3][MAX + 1], *prev2 = row[0], *prev = row[1], *cur = row[2];
  for (size_t j = 0; j <= nb; j++) prev[j] = j;
  for (size_t i = 1; i <= na; i++) {
    cur[0] = i;
    for (size_t j = 1; j <= nb; j++) {
      size_t best = prev[j - 1] + (a[i - 1] != b[j - 1]);
      if (prev[j] + 1 < best) best = prev[j] + 1;
      if (cur[j - 1] + 1 < best) best = cur[j - 1] + 1;
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && prev2[j - 2] + 1 < best)
        best = prev2[j - 2] + 1;
      cur[j] = best;
    }
    size_t *t = prev2;
    prev2 = prev, prev = cur, cur = t;
  }
  return prev[nb];
}

const char *tw_nearest(const char *word, const char *const *names, size_t n) {
  size_t best = strlen(word) < 3 ? 1 : strlen(word) / 3 + 1;
  const char *found = NULL;
  for (size_t i = 0; i < n; i++) {
    size_t k = distance(word, names[i]);
    if (k < best || (k == best && !found)) best = k, found = names[i];
  }
  return found;
}
