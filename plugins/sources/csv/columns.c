/* SPDX-License-Identifier: BSD-3-Clause */
/* What each column is for. */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/data/number.h"
#include "plugins/sources/csv/csv.h"

#define MOST_COLUMNS 10000000

/* The first row as strings. */
typedef struct names {
  char **v;
  int64_t n, cap;
} names;

static void names_free(names *l) {
  for (int64_t i = 0; i < l->n; i++) free(l->v[i]);
  free(l->v);
  *l = (names){0};
}

static thw_status names_add(csv_scan *s, names *l, const csv_field *f) {
  if (l->n == l->cap) {
    int64_t cap = l->cap ? 2 * l->cap : 16;
    char **v = realloc(l->v, (size_t)cap * sizeof *v);
    if (!v) return td_nomem(s->env, "the header", (double)cap * 8);
    l->v = v;
    l->cap = cap;
  }
  char *w = malloc((size_t)f->n + 1);
  if (!w) return td_nomem(s->env, "the header", (double)f->n);
  /* A NUL byte would cut the name: it becomes visible. */
  for (int64_t i = 0; i < f->n; i++) w[i] = f->p[i] ? f->p[i] : '?';
  w[f->n] = '\0';
  l->v[l->n++] = w;
  return THW_OK;
}

static thw_status first_row(csv_scan *s, names *l) {
  csv_field f;
  int last = 0;
  while (!last) {
    THW_TRY(csv_next(s, &f, &last));
    if (l->n == MOST_COLUMNS)
      return td_fail(s->env, THW_E_FORMAT, "%s:1: more than %d columns", s->path, MOST_COLUMNS);
    THW_TRY(names_add(s, l, &f));
  }
  return THW_OK;
}

/* "3", "-1": a column's place, counted from 1 or from the end; 0 when it is no place at all. */
static int64_t place(const char *text) {
  char *end;
  errno = 0;
  long long v = strtoll(text, &end, 10);
  return end != text && *end == '\0' && !errno ? v : 0;
}

static int64_t by_place(int64_t v, int64_t n) {
  if (v > 0 && v <= n) return v - 1;
  if (v < 0 && v >= -n) return n + v;
  return -1;
}

/* The column that `spec` (n bytes) means, or -1 with a text. */
static int64_t find(csv_scan *s, const names *l, int header, const char *spec, size_t n,
                    const char *param) {
  char text[256];
  if (n < sizeof text) {
    memcpy(text, spec, n);
    text[n] = '\0';
    for (int64_t i = 0; header && i < l->n; i++)
      if (strcmp(l->v[i], text) == 0) return i;
    int64_t j = by_place(place(text), l->n);
    if (j >= 0) return j;
  }
  td_fail(s->env, THW_E_ARG, "%s:1: %s = \"%.*s\": there is no such column among %lld (%s%s%s)",
          s->path, param, n < 200 ? (int)n : 200, spec, (long long)l->n,
          header ? "the first is \"" : "no header: give its number, 1 is the first, -1 the last",
          header ? l->v[0] : "", header ? "\"" : "");
  return -1;
}

static int looks_like_header(const names *l, const char *label) {
  int64_t at = by_place(place(label), l->n);
  int words = 0;
  double v;
  for (int64_t i = 0; i < l->n; i++) {
    csv_field f = {l->v[i], (int64_t)strlen(l->v[i]), 0};
    if (i == at || csv_is_missing(&f)) continue;
    if (td_number_whole(f.p, f.n, &v)) return 0;
    words++;
  }
  return words > 0;
}

static thw_status drop_columns(csv_scan *s, const names *l, int header, const char *list,
                               csv_columns *out) {
  for (const char *p = list; p && *p;) {
    while (*p == ' ' || *p == ',') p++;
    size_t n = strcspn(p, ",");
    const char *next = p + n;
    while (n && p[n - 1] == ' ') n--;
    if (n) {
      int64_t j = find(s, l, header, p, n, "drop");
      if (j < 0) return THW_E_ARG;
      if (out->role[j] == CSV_LABEL)
        return td_fail(s->env, THW_E_ARG, "%s:1: drop names the label's column", s->path);
      out->role[j] = CSV_DROPPED;
    }
    p = next;
  }
  return THW_OK;
}

static thw_status assign(csv_scan *s, const struct csv_params *p, const names *l, int header,
                         csv_columns *out) {
  out->n = l->n;
  if (!(out->role = calloc((size_t)l->n, 1))) return td_nomem(s->env, "columns", (double)l->n);
  out->has_label = strcmp(p->label, "none") != 0;
  if (out->has_label) {
    int64_t j = find(s, l, header, p->label, strlen(p->label), "label");
    if (j < 0) return THW_E_ARG;
    out->role[j] = CSV_LABEL;
  }
  THW_TRY(drop_columns(s, l, header, p->drop, out));
  for (int64_t j = 0; j < out->n; j++) out->features += out->role[j] == CSV_FEATURE;
  if (out->features == 0)
    return td_fail(s->env, THW_E_FORMAT,
                   "%s:1: no column is left for features (%lld in all, separated by %s)", s->path,
                   (long long)out->n,
                   s->sep == '\t'  ? "tabs"
                   : s->sep == ' ' ? "blanks"
                   : s->sep == ';' ? "semicolons"
                                   : "commas");
  return THW_OK;
}

static thw_status match(csv_scan *s, const csv_columns *like, const csv_columns *c, int64_t line) {
  if (c->n != like->n)
    return td_fail(s->env, THW_E_FORMAT, "%s:%lld: %lld columns, but the training set has %lld",
                   s->path, (long long)line, (long long)c->n, (long long)like->n);
  for (int64_t j = 0; c->name && like->name && j < c->n; j++)
    if (strcmp(c->name[j], like->name[j]) != 0)
      return td_fail(s->env, THW_E_FORMAT,
                     "%s:%lld: column %lld is \"%s\", but \"%s\" in the training set", s->path,
                     (long long)line, (long long)j + 1, c->name[j], like->name[j]);
  return THW_OK;
}

thw_status csv_columns_read(csv_scan *s, const struct csv_params *p, const csv_columns *like,
                            csv_columns *out) {
  *out = (csv_columns){0};
  names l = {0};
  csv_scan begin = *s;
  if (!csv_more(s)) return td_fail(s->env, THW_E_FORMAT, "%s: no rows", s->path);
  int64_t line = s->line;
  thw_status st = first_row(s, &l);
  if (st == THW_OK) {
    int header = p->header == CSV_HEADER_AUTO ? looks_like_header(&l, p->label)
                                              : p->header == CSV_HEADER_YES;
    /* A file without a header of its own takes the training set's names. */
    names known = like && like->name && !header ? (names){like->name, like->n, like->n} : l;
    if (known.n == l.n || !like)
      st = assign(s, p, &known, header || known.v != l.v, out);
    else
      out->n = l.n;
    if (!header) {
      s->p = begin.p;
      s->line = begin.line;
    } else {
      out->name = l.v;
      l = (names){0};
    }
  }
  names_free(&l);
  if (st == THW_OK && like) st = match(s, like, out, line);
  if (st != THW_OK) csv_columns_free(out);
  return st;
}

void csv_columns_free(csv_columns *c) {
  for (int64_t j = 0; c->name && j < c->n; j++) free(c->name[j]);
  free(c->name);
  free(c->role);
  *c = (csv_columns){0};
}

const char *csv_column_name(const csv_columns *c, int64_t j, char out[64]) {
  if (c->name)
    snprintf(out, 64, "column \"%.48s\"", c->name[j]);
  else
    snprintf(out, 64, "column %lld", (long long)j + 1);
  return out;
}
