/* SPDX-License-Identifier: BSD-3-Clause */
/* Bytes to fields. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "plugins/sources/csv/csv.h"

static const char *text_start(const td_file *f) {
  /* Spreadsheets put a byte order mark in front. */
  return f->n >= 3 && memcmp(f->p, "\xef\xbb\xbf", 3) == 0 ? f->p + 3 : f->p;
}

char csv_guess_separator(const td_file *f) {
  const char *p = text_start(f), *end = f->p + f->n;
  while (p < end && (*p == '\n' || *p == '\r')) p++;
  int64_t tabs = 0, commas = 0, semicolons = 0, spaces = 0;
  int quoted = 0;
  for (; p < end && (quoted || *p != '\n'); p++) {
    if (*p == '"') quoted = !quoted;
    if (quoted) continue;
    tabs += *p == '\t';
    commas += *p == ',';
    semicolons += *p == ';';
    spaces += *p == ' ';
  }
  if (tabs && tabs >= commas && tabs >= semicolons) return '\t';
  if (commas && commas >= semicolons) return ',';
  if (semicolons) return ';';
  return spaces ? ' ' : ',';
}

char csv_separator(int32_t choice, const td_file *f) {
  static const char sep[] = {0, ',', '\t', ';', ' '};
  return choice == CSV_SEP_AUTO ? csv_guess_separator(f) : sep[choice];
}

void csv_open(csv_scan *s, td_env e, const td_file *f, char sep) {
  *s = (csv_scan){.env = e, .path = f->path, .end = f->p + f->n, .line = 1, .sep = sep};
  s->p = text_start(f);
}

void csv_close(csv_scan *s) {
  free(s->scratch);
  s->scratch = NULL;
}

static inline int is_blank(const csv_scan *s, char c) {
  return c == ' ' || c == '\r' || (c == '\t' && s->sep != '\t');
}

static const char *skip_blanks(const csv_scan *s, const char *p) {
  while (is_blank(s, *p)) p++;
  return p;
}

int csv_more(csv_scan *s) {
  while (s->p < s->end) {
    const char *q = skip_blanks(s, s->p);
    if (*q != '\n') return 1;
    s->p = q + 1;
    s->line++;
  }
  return 0;
}

/* A quoted field whose opening quote is at p; the byte after the closing one, or NULL. */
static const char *unquote(csv_scan *s, const char *p, csv_field *f) {
  const char *begin = ++p;
  int64_t line = s->line;
  int doubled = 0;
  for (;; p++) {
    if (*p == '"') {
      if (p[1] != '"') break;
      doubled = 1;
      p++;
    } else if (*p == '\n') {
      if (p >= s->end) {
        td_fail(s->env, THW_E_FORMAT, "%s:%lld: a quote is opened here and never closed", s->path,
                (long long)line);
        return NULL;
      }
      s->line++;
    }
  }
  *f = (csv_field){begin, p - begin, 1};
  if (!doubled) return p + 1;
  if ((size_t)f->n > s->room) {
    char *wider = realloc(s->scratch, (size_t)f->n * 2);
    if (!wider) {
      td_nomem(s->env, "a field", (double)f->n * 2);
      return NULL;
    }
    s->scratch = wider;
    s->room = (size_t)f->n * 2;
  }
  int64_t n = 0;
  for (const char *q = begin; q < p; q++) {
    s->scratch[n++] = *q;
    q += *q == '"'; /* the second of two */
  }
  f->p = s->scratch;
  f->n = n;
  return p + 1;
}

static thw_status end_field(csv_scan *s, const char *p, int *last) {
  p = skip_blanks(s, p);
  *last = *p == '\n';
  if (*last) {
    s->p = p + 1;
    s->line++;
    return THW_OK;
  }
  if (s->sep == ' ')
    s->p = p; /* blanks have been the separator, however many */
  else if (*p == s->sep)
    s->p = p + 1;
  else
    return td_fail(s->env, THW_E_FORMAT,
                   "%s:%lld: text after a closing quote: a quote inside a field is written twice",
                   s->path, (long long)s->line);
  return THW_OK;
}

thw_status csv_next(csv_scan *s, csv_field *f, int *last) {
  const char *p = skip_blanks(s, s->p);
  if (*p == '"') {
    if (!(p = unquote(s, p, f))) return THW_E_FORMAT;
    return end_field(s, p, last);
  }
  const char *begin = p;
  if (s->sep == ' ')
    while (*p != '\n' && !is_blank(s, *p)) p++;
  else
    while (*p != '\n' && *p != s->sep) p++;
  const char *end = p;
  while (end > begin && is_blank(s, end[-1])) end--;
  *f = (csv_field){begin, end - begin, 0};
  return end_field(s, p, last);
}

int csv_is_missing(const csv_field *f) {
  static const char *const words[] = {"?",   "NA",  "N/A", "n/a",  "na",
                                      "nan", "NaN", "NAN", "null", "NULL"};
  if (f->n == 0) return 1;
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
    if ((int64_t)strlen(words[i]) == f->n && memcmp(words[i], f->p, (size_t)f->n) == 0) return 1;
  return 0;
}
