/* SPDX-License-Identifier: BSD-3-Clause */
#include <config.h>

#include "plugins/linear/exec/lines.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <thalweg/linear.h>

#include "kernels/data/number.h"
#include "plugins/linear/exec/child.h"

__attribute__((format(printf, 2, 3))) static int wrong(exec_fault *f, const char *fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(f->text, sizeof f->text, fmt, ap);
  va_end(ap);
  return -1;
}

/* ---- words ----------------------------------------------------------------------------------- */

typedef struct word {
  const char *p;
  size_t n;
} word;

static int next(const char **line, word *w) {
  while (**line == ' ' || **line == '\t') ++*line;
  w->p = *line;
  while (**line && **line != ' ' && **line != '\t') ++*line;
  w->n = (size_t)(*line - w->p);
  return w->n > 0;
}

static int is(word w, const char *text) {
  return w.n == strlen(text) && memcmp(w.p, text, w.n) == 0;
}

static int whole(word w, uint64_t most, uint64_t *out) {
  uint64_t v = 0;
  if (w.n == 0 || w.n > 20) return 0;
  for (size_t i = 0; i < w.n; i++) {
    uint64_t digit = (uint64_t)(unsigned char)w.p[i] - '0';
    if (digit > 9 || v > (most - digit) / 10) return 0;
    v = 10 * v + digit;
  }
  *out = v;
  return v <= most;
}

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* [-+]0xH.HHHp[-+]DDD as "%a" writes it: up to 16 digits that count. */
static int hexadecimal(const char *p, const char *end, double *out) {
  int negative = *p == '-', digits = 0, exponent = 0, point = 0, sign = 1;
  uint64_t m = 0;
  p += *p == '-' || *p == '+';
  if (end - p < 3 || p[0] != '0' || (p[1] != 'x' && p[1] != 'X')) return 0;
  for (p += 2; p < end && (*p == '.' || hex_digit(*p) >= 0); p++) {
    if (*p == '.' && point) return 0;
    point |= *p == '.';
    if (*p == '.') continue;
    if (m >> 60) return 0;
    m = m << 4 | (uint64_t)hex_digit(*p);
    exponent -= 4 * point;
    digits++;
  }
  if (digits == 0) return 0;
  if (p < end && (*p == 'p' || *p == 'P')) {
    int e = 0;
    p++;
    if (p < end && (*p == '-' || *p == '+')) sign = *p++ == '-' ? -1 : 1;
    if (p == end) return 0;
    for (; p < end && *p >= '0' && *p <= '9' && e < 100000; p++) e = 10 * e + (*p - '0');
    exponent += sign * e;
  }
  *out = ldexp((double)m, exponent) * (negative ? -1 : 1);
  return p == end && isfinite(*out);
}

static int number(word w, double *out) {
  if (memchr(w.p, 'x', w.n) || memchr(w.p, 'X', w.n)) return hexadecimal(w.p, w.p + w.n, out);
  return w.n > 0 && td_number_whole(w.p, (int64_t)w.n, out);
}

/* The word as it may be shown. */
static const char *show(word w, char room[80]) {
  char cut[64];
  size_t n = w.n < sizeof cut - 1 ? w.n : sizeof cut - 1;
  memcpy(cut, w.p, n);
  cut[n] = '\0';
  return child_quote(cut, room);
}

/* ---- ready ----------------------------------------------------------------------------------- */

static int option(const char **line, word w, exec_ready *r, exec_fault *f) {
  char room[80];
  if (is(w, "binary"))
    r->binary = 1;
  else if (is(w, "signed"))
    r->any_sign = 1;
  else if (is(w, "names"))
    r->names = 1;
  else if (is(w, "norm")) {
    next(line, &w);
    if (!number(w, &r->norm) || !(r->norm > 0))
      return wrong(f, "expected a positive number behind \"norm\"");
  } else
    return wrong(f, "\"%s\" is none of norm, binary, signed, names", show(w, room));
  return 0;
}

int exec_read_ready(const char *line, exec_ready *r, exec_fault *f) {
  char room[80];
  word w;
  uint64_t n;
  *r = (exec_ready){.factor = (double)NAN, .norm = (double)NAN};
  const char *all = line;
  if (!next(&line, &w) || !is(w, "ready"))
    return wrong(f, "expected \"ready 1 <d> <cost|reward> <alpha|none>\", found \"%s\"",
                 child_quote(all, room));
  if (!next(&line, &w) || !is(w, "1"))
    return wrong(f, "expected the protocol's version, 1, found \"%s\"", show(w, room));
  if (!next(&line, &w) || !whole(w, INT32_MAX, &n) || n == 0)
    return wrong(f, "expected the number of coordinates, found \"%s\"", show(w, room));
  r->n = (int64_t)n;
  if (!next(&line, &w) || (!is(w, "cost") && !is(w, "reward")))
    return wrong(f, "expected \"cost\" or \"reward\", found \"%s\"", show(w, room));
  r->sense = is(w, "cost") ? THW_COST : THW_REWARD;
  if (!next(&line, &w)) return wrong(f, "expected the factor alpha, or \"none\"");
  if (!is(w, "none")) {
    if (!number(w, &r->factor)) return wrong(f, "expected alpha, found \"%s\"", show(w, room));
    if (r->sense == THW_COST ? !(r->factor >= 1) : !(r->factor > 0 && r->factor <= 1))
      return wrong(f, "alpha is %g: it must be %s", r->factor,
                   r->sense == THW_COST ? "at least 1 for costs" : "in (0, 1] for rewards");
  }
  while (next(&line, &w))
    if (option(&line, w, r, f) != 0) return -1;
  if (r->binary && r->any_sign) return wrong(f, "binary and signed exclude each other");
  return 0;
}

/* ---- points ---------------------------------------------------------------------------------- */

static int coordinate(const char **line, const exec_ready *r, double *x, exec_fault *f) {
  char room[80];
  word w;
  uint64_t i;
  double v;
  next(line, &w);
  if (!whole(w, (uint64_t)r->n - 1, &i))
    return wrong(f, "expected the number of a coordinate, 0 to %lld, found \"%s\"",
                 (long long)r->n - 1, show(w, room));
  next(line, &w);
  if (!number(w, &v))
    return wrong(f, "expected a finite number for coordinate %llu, found \"%s\"",
                 (unsigned long long)i, show(w, room));
  if (!isnan(x[i])) return wrong(f, "coordinate %llu is there twice", (unsigned long long)i);
  if (r->binary && v != 0 && v != 1)
    return wrong(f, "coordinate %llu is %g, where \"ready\" promised 0 or 1", (unsigned long long)i,
                 v);
  if (!r->any_sign && v < 0)
    return wrong(f, "coordinate %llu is %g: negative ones need \"signed\" behind \"ready\"",
                 (unsigned long long)i, v);
  x[i] = v;
  return 0;
}

int exec_read_point(const char *line, uint64_t id, const exec_ready *r, double *x, double *bound,
                    exec_fault *f) {
  char room[80];
  const char *all = line;
  word w;
  uint64_t got, k;
  *bound = (double)NAN;
  if (!next(&line, &w) || !is(w, "point"))
    return wrong(f,
                 "expected \"point %llu ...\", found \"%s\" (what is not meant for thalweg goes to "
                 "the standard error)",
                 (unsigned long long)id, child_quote(all, room));
  if (!next(&line, &w) || !whole(w, UINT64_MAX, &got) || got != id)
    return wrong(f, "it answers question \"%s\", asked was %llu", show(w, room),
                 (unsigned long long)id);
  if (!next(&line, &w) || !whole(w, (uint64_t)r->n, &k))
    return wrong(f, "expected how many coordinates are listed, 0 to %lld, found \"%s\"",
                 (long long)r->n, show(w, room));
  for (int64_t i = 0; i < r->n; i++) x[i] = (double)NAN;
  for (uint64_t i = 0; i < k; i++)
    if (coordinate(&line, r, x, f) != 0) return -1;
  for (int64_t i = 0; i < r->n; i++)
    if (isnan(x[i])) x[i] = 0;
  if (!next(&line, &w)) return 0;
  if (!is(w, "bound"))
    return wrong(f, "\"%s\" follows the %llu coordinates that were announced", show(w, room),
                 (unsigned long long)k);
  next(&line, &w);
  if (!number(w, bound)) return wrong(f, "expected a finite bound, found \"%s\"", show(w, room));
  return next(&line, &w) ? wrong(f, "\"%s\" follows the bound", show(w, room)) : 0;
}

const char *exec_read_error(const char *line) {
  word w;
  if (!next(&line, &w) || !is(w, "error")) return NULL;
  next(&line, &w); /* the number of the question */
  while (*line == ' ') line++;
  return line;
}

/* ---- queries --------------------------------------------------------------------------------- */

size_t exec_write_query(char *p, uint64_t id, int64_t n, const double *c) {
  char *at = p + sprintf(p, "query %llu %lld", (unsigned long long)id, (long long)n);
  for (int64_t i = 0; i < n; i++) {
    if (c[i] == 0) { /* many are */
      *at++ = ' ';
      *at++ = '0';
    } else {
      at += sprintf(at, " %a", c[i]);
    }
  }
  *at++ = '\n';
  return (size_t)(at - p);
}
