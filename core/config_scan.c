/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/config_scan.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A pipeline is pages, not gigabytes: these stop a wrong file name (a data set, /dev/zero) early,
 * and keep recursion over the tree shallow. */
#define MAX_BYTES ((size_t)1 << 20)
#define MAX_INCLUDES 16

/* One file in the stack of includes. */
typedef struct input {
  const char *p, *end;
  const char *name; /* belongs to the text */
  const char *dir;
  int line, numbered, depth;
  int nesting;
  const struct input *outer;
} input;

typedef struct scanner {
  tw_text *t;
  tw_diags *d;
} scanner;

/* ---- output ------------------------------------------------------------------------------------
 */

static void map_line(tw_text *t, const input *in) {
  t->line[t->n_lines - 1] = (tw_line){in->name, in->numbered ? in->line : 0};
}

static void new_line(tw_text *t, const input *in) {
  if (t->n_lines == t->cap_lines) {
    t->cap_lines = t->cap_lines ? 2 * t->cap_lines : 64;
    t->line = tw_realloc(t->line, t->cap_lines * sizeof *t->line);
  }
  t->n_lines++;
  map_line(t, in);
}

static void put(tw_text *t, char c) {
  if (t->n + 1 >= t->cap) {
    t->cap = t->cap ? 2 * t->cap : 4096;
    t->s = tw_realloc(t->s, t->cap);
  }
  t->s[t->n++] = c;
  t->s[t->n] = '\0';
}

static void copy1(scanner *s, input *in) {
  char c = *in->p++;
  put(s->t, c);
  if (c != '\n') return;
  in->line++;
  new_line(s->t, in);
}

static void copy_to(scanner *s, input *in, const char *q) {
  while (in->p < q) copy1(s, in);
}

static char *where(const input *in, int line) {
  return in->numbered ? tw_sprintf("%s:%d", in->name, line) : tw_strdup(in->name);
}

static void complain(scanner *s, const input *in, int line, const char *text) {
  char *w = where(in, line);
  tw_error(s->d, THW_E_FORMAT, "%s: %s", w, text);
  free(w);
}

static void complain_new(scanner *s, const input *in, char *text) {
  complain(s, in, in->line, text);
  free(text);
}

/* ---- tokens ------------------------------------------------------------------------------------
 */

static int is_digit(char c) {
  return c >= '0' && c <= '9';
}

static int is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static int is_alpha(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int is_name(char c) {
  return is_alpha(c) || is_digit(c) || c == '-' || c == '_' || c == '*';
}

static void scan_string(scanner *s, input *in) {
  int first = in->line;
  copy1(s, in);
  while (in->p < in->end && *in->p != '"') {
    if (*in->p == '\\' && in->end - in->p >= 4 && (in->p[1] == 'x' || in->p[1] == 'X') &&
        in->p[2] == '0' && in->p[3] == '0')
      complain(s, in, in->line, "\\x00 would end the string: leave it out");
    if (*in->p == '\\' && in->end - in->p > 1) copy1(s, in);
    copy1(s, in);
  }
  if (in->p < in->end)
    copy1(s, in);
  else
    complain(s, in, first, "this string has no closing quote");
}

static void scan_comment(scanner *s, input *in) {
  if (*in->p == '#' || in->p[1] == '/') {
    while (in->p < in->end && *in->p != '\n') copy1(s, in);
    return;
  }
  int first = in->line;
  copy_to(s, in, in->p + 2);
  while (in->end - in->p >= 2 && !(in->p[0] == '*' && in->p[1] == '/')) copy1(s, in);
  if (in->end - in->p >= 2)
    copy_to(s, in, in->p + 2);
  else {
    copy_to(s, in, in->end);
    complain(s, in, first, "this comment has no closing */");
  }
}

/* libconfig 1.5 reads what does not fit 32 bits modulo 2^32, with L modulo 2^64, in silence. */
static void check_integer(scanner *s, input *in, const char *p, const char *end, int base) {
  int minus = *p == '-', wide = end[-1] == 'L';
  uint64_t m = 0, b = (uint64_t)base;
  int over = 0;
  for (const char *q = p + (*p == '-' || *p == '+') + (base == 16 ? 2 : 0); q < end; q++) {
    if (*q == 'L') break;
    uint64_t digit = (uint64_t)(is_digit(*q) ? *q - '0' : (*q | 32) - 'a' + 10);
    if (m > (UINT64_MAX - digit) / b) over = 1;
    m = m * b + digit;
  }
  int n = (int)(end - p < 60 ? end - p : 60);
  if (over || m > (uint64_t)INT64_MAX + (uint64_t)minus)
    complain_new(
        s, in,
        tw_sprintf("%.*s does not fit 64 bits: write a smaller integer, or a real (1e20)", n, p));
  else if (!wide && m > (uint64_t)INT32_MAX + (uint64_t)minus)
    complain_new(s, in, tw_sprintf("%.*s does not fit 32 bits: write %.*sL", n, p, n, p));
}

static const char *skip_digits(const char *q, const char *end) {
  while (q < end && is_digit(*q)) q++;
  return q;
}

/* End of the exponent at q, or q itself when there is none. */
static const char *skip_exponent(const char *q, const char *end) {
  if (q == end || (*q | 32) != 'e') return q;
  const char *r = q + 1;
  if (r < end && (*r == '+' || *r == '-')) r++;
  return r < end && is_digit(*r) ? skip_digits(r, end) : q;
}

static const char *skip_longs(const char *q, const char *end) {
  for (int k = 0; k < 2 && q < end && *q == 'L'; k++) q++;
  return q;
}

static void scan_number(scanner *s, input *in) {
  const char *p = in->p, *end = in->end, *q = p;
  if (end - p > 2 && p[0] == '0' && (p[1] | 32) == 'x' && is_hex(p[2])) {
    for (q = p + 2; q < end && is_hex(*q);) q++;
    q = skip_longs(q, end);
    check_integer(s, in, p, q, 16);
  } else {
    if (*q == '+' || *q == '-') q++;
    const char *digits = q;
    q = skip_digits(q, end);
    size_t n = (size_t)(q - digits);
    if (q < end && *q == '.') {
      const char *fraction = ++q;
      q = skip_digits(q, end);
      if (n + (size_t)(q - fraction) == 0)
        complain_new(s, in, tw_sprintf("%.*s is not a number", (int)(q - p), p));
      q = skip_exponent(q, end);
    } else if (n > 0 && skip_exponent(q, end) > q) {
      q = skip_exponent(q, end);
    } else if (n > 0) {
      q = skip_longs(q, end);
      check_integer(s, in, p, q, 10);
    } else if (q == p) {
      q++;
    }
  }
  copy_to(s, in, q);
}

static void scan_bracket(scanner *s, input *in) {
  if (strchr("{[(", *in->p)) {
    if (++in->nesting == TW_MAX_NESTING + 1)
      complain_new(s, in,
                   tw_sprintf("groups and lists are nested more than %d deep", TW_MAX_NESTING));
  } else if (in->nesting > 0) {
    in->nesting--;
  }
  copy1(s, in);
}

/* ---- includes ----------------------------------------------------------------------------------
 */

static void scan(scanner *s, input *in);

static const char *keep_name(tw_text *t, char *name) {
  t->file = tw_realloc(t->file, (t->n_files + 1) * sizeof *t->file);
  return t->file[t->n_files++] = name;
}

static void include(scanner *s, input *in, const char *file) {
  for (const input *o = in; o; o = o->outer)
    if (strcmp(o->name, file) == 0) {
      complain_new(s, in, tw_sprintf("\"%s\" includes itself", file));
      return;
    }
  if (in->depth == MAX_INCLUDES) {
    complain_new(s, in, tw_sprintf("files include one another more than %d deep", MAX_INCLUDES));
    return;
  }
  char *w = where(in, in->line);
  size_t n;
  char *text = tw_text_load(file, w, &n, s->d);
  free(w);
  if (!text) return;
  char *dir = tw_text_dir(file);
  input inner = {text, text + n, file, dir, 1, 1 /* numbered */, in->depth + 1, in->nesting, in};
  map_line(s->t, &inner);
  scan(s, &inner);
  in->nesting = inner.nesting;
  put(s->t, '\n');
  new_line(s->t, in);
  free(dir);
  free(text);
}

/* True when only blanks precede p in its line. */
static int at_line_start(const tw_text *t) {
  size_t k = t->n;
  while (k > 0 && (t->s[k - 1] == ' ' || t->s[k - 1] == '\t')) k--;
  return k == 0 || t->s[k - 1] == '\n';
}

static void scan_include(scanner *s, input *in) {
  static const char word[] = "@include";
  const size_t n = sizeof word - 1;
  const char *q = in->p + n;
  if ((size_t)(in->end - in->p) < n || memcmp(in->p, word, n) != 0 || !at_line_start(s->t)) {
    complain(s, in, in->line, "@ can only be part of an @include \"file\" that starts its line");
    in->p++;
    return;
  }
  while (q < in->end && (*q == ' ' || *q == '\t')) q++;
  const char *open = q;
  if (q < in->end && *q == '"')
    for (q++; q < in->end && *q != '"' && *q != '\n';) q++;
  if (q == open || q == in->end || *q != '"' || q == open + 1) {
    complain(s, in, in->line, "@include needs the name of a file in quotes");
    in->p = q;
    return;
  }
  int len = (int)(q - open - 1);
  char *file = open[1] == '/' || strcmp(in->dir, ".") == 0
                   ? tw_sprintf("%.*s", len, open + 1)
                   : tw_sprintf("%s/%.*s", in->dir, len, open + 1);
  in->p = q + 1;
  include(s, in, keep_name(s->t, file));
}

/* ---- the whole ---------------------------------------------------------------------------------
 */

static void scan(scanner *s, input *in) {
  if (in->end - in->p >= 3 && memcmp(in->p, "\xef\xbb\xbf", 3) == 0) in->p += 3;
  if (memchr(in->p, '\0', (size_t)(in->end - in->p))) {
    tw_error(s->d, THW_E_FORMAT, "%s: holds a zero byte: this is not a pipeline file", in->name);
    in->p = in->end;
  }
  while (in->p < in->end && s->t->n < MAX_BYTES) {
    char c = *in->p, next = in->p + 1 < in->end ? in->p[1] : '\0';
    if (c == '"')
      scan_string(s, in);
    else if (c == '#' || (c == '/' && (next == '/' || next == '*')))
      scan_comment(s, in);
    else if (is_alpha(c) || c == '*')
      do copy1(s, in);
      while (in->p < in->end && is_name(*in->p));
    else if (is_digit(c) || c == '+' || c == '-' || c == '.')
      scan_number(s, in);
    else if (c == '@')
      scan_include(s, in);
    else if (strchr("{}[]()", c))
      scan_bracket(s, in);
    else
      copy1(s, in);
  }
}

thw_status tw_text_scan(tw_text *t, const char *p, size_t n, const char *name, const char *dir,
                        int numbered, tw_diags *d) {
  size_t before = d->errors;
  scanner s = {t, d};
  input in = {p, p + n, keep_name(t, tw_strdup(name)), dir, 1, numbered, 0, 0, NULL};
  put(t, ' ');
  t->n = 0, t->s[0] = '\0';
  new_line(t, &in);
  scan(&s, &in);
  put(t, '\n'); /* libconfig 1.7 wants every comment to end in one */
  new_line(t, &in);
  if (t->n >= MAX_BYTES)
    return tw_error(d, THW_E_FORMAT, "%s: longer than %zu MiB with its includes", name,
                    MAX_BYTES >> 20);
  return d->errors > before ? THW_E_FORMAT : THW_OK;
}

void tw_text_clear(tw_text *t) {
  for (size_t i = 0; i < t->n_files; i++) free(t->file[i]);
  free(t->file);
  free(t->line);
  free(t->s);
  *t = (tw_text){0};
}

char *tw_text_load(const char *file, const char *where_text, size_t *n, tw_diags *d) {
  const char *colon = *where_text ? ": " : "";
  FILE *f = fopen(file, "rb");
  if (!f) {
    tw_error(d, THW_E_IO, "%s%scannot open %s: %s", where_text, colon, file, strerror(errno));
    return NULL;
  }
  size_t cap = 8192;
  char *s = tw_calloc(cap, 1);
  *n = 0;
  for (size_t got; (got = fread(s + *n, 1, cap - 1 - *n, f)) > 0;) {
    *n += got;
    if (*n > MAX_BYTES) break;
    if (*n == cap - 1) s = tw_realloc(s, cap *= 2);
  }
  int failed = ferror(f), err = errno, big = *n > MAX_BYTES;
  fclose(f);
  if (!failed && !big) {
    s[*n] = '\0';
    return s;
  }
  if (failed)
    tw_error(d, THW_E_IO, "%s%scannot read %s: %s", where_text, colon, file, strerror(err));
  else
    tw_error(d, THW_E_FORMAT, "%s%s%s is longer than %zu MiB: this is not a pipeline file",
             where_text, colon, file, MAX_BYTES >> 20);
  free(s);
  return NULL;
}

char *tw_text_dir(const char *file) {
  const char *slash = strrchr(file, '/');
  if (!slash) return tw_strdup(".");
  if (slash == file) return tw_strdup("/");
  return tw_sprintf("%.*s", (int)(slash - file), file);
}
