/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows of a text to a matrix. */
#include <config.h>

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/data/number.h"
#include "plugins/sources/csv/csv.h"

/* Where a row goes, and what it is checked against. */
typedef struct csv_row {
  csv_reader *r;
  csv_scan *s;
  const csv_columns *columns;
  td_set *set;
  int64_t line, j; /* of the row and the column in work */
  int last;        /* the row's last field is read */
} csv_row;

static int shown(const csv_field *f) {
  return f->n < 40 ? (int)f->n : 40;
}

static thw_status refuse_value(const csv_row *w, const csv_field *f, const char *remedy) {
  char name[64];
  return td_fail(w->r->env, THW_E_FORMAT, "%s:%lld:%lld: \"%.*s\" in %s is not a finite number%s",
                 w->s->path, (long long)w->line, (long long)w->j + 1, shown(f), f->p,
                 csv_column_name(w->columns, w->j, name), remedy);
}

static thw_status refuse_missing(const csv_row *w) {
  char name[64];
  return td_fail(w->r->env, THW_E_FORMAT,
                 "%s:%lld:%lld: no value in %s: complete the data, or set missing = \"mean\" or "
                 "\"zero\"",
                 w->s->path, (long long)w->line, (long long)w->j + 1,
                 csv_column_name(w->columns, w->j, name));
}

/* Most fields are plain numbers that end at the separator: those need no scan of their own. */
static inline int quick_number(csv_row *w, double *v) {
  csv_scan *s = w->s;
  const char *q = td_number(s->p, v);
  if (!q) return 0;
  if (*q == s->sep && s->sep != ' ') {
    s->p = q + 1;
    return 1;
  }
  if (*q != '\n') return 0;
  s->p = q + 1;
  s->line++;
  w->last = 1;
  return 1;
}

static thw_status read_feature(csv_row *w, int64_t at) {
  csv_field f;
  double v;
  const char *begin = w->s->p;
  if (!quick_number(w, &v)) {
    THW_TRY(csv_next(w->s, &f, &w->last));
    if (csv_is_missing(&f)) {
      if (w->r->p->missing == CSV_MISSING_REFUSE) return refuse_missing(w);
      v = w->r->p->missing == CSV_MISSING_ZERO ? 0 : (double)NAN;
      w->r->holes++;
      td_put(w->set->x, w->r->dtype, at, v);
      return THW_OK;
    }
    /* A field of scratch memory ends in nothing: compare within its bytes only. */
    char copy[512];
    if (f.n >= (int64_t)sizeof copy) return refuse_value(w, &f, "");
    memcpy(copy, f.p, (size_t)f.n);
    copy[f.n] = '\0';
    if (!td_number_whole(copy, f.n, &v))
      return refuse_value(w, &f, ": encode it as numbers, or drop the column");
  }
  if (!isfinite(v) || (w->r->dtype == THW_F32 && fabs(v) > (double)FLT_MAX)) {
    f = (csv_field){begin, (int64_t)strcspn(begin, ",;\t \r\n"), 0};
    return refuse_value(w, &f, " of the run's precision");
  }
  td_put(w->set->x, w->r->dtype, at, v);
  return THW_OK;
}

static thw_status read_label(csv_row *w) {
  csv_field f;
  csv_reader *r = w->r;
  td_set *set = w->set;
  THW_TRY(csv_next(w->s, &f, &w->last));
  if (csv_is_missing(&f))
    return td_fail(r->env, THW_E_FORMAT, "%s:%lld:%lld: the label is missing: remove the row",
                   w->s->path, (long long)w->line, (long long)w->j + 1);
  int64_t entry;
  double v;
  char copy[512];
  if (r->words) {
    entry = td_dict_word(&set->labels, f.p, f.n, w->line);
    v = (double)entry;
  } else {
    size_t n = (size_t)f.n < sizeof copy ? (size_t)f.n : sizeof copy - 1;
    memcpy(copy, f.p, n);
    copy[n] = '\0';
    if ((size_t)f.n != n || !td_number_whole(copy, (int64_t)n, &v)) {
      if (r->p->labels == TD_LABELS_REAL)
        return refuse_value(w, &f, ": labels = \"real\" needs numbers");
      r->saw_word = 1;
      return THW_DONE;
    }
    entry = td_dict_number(&set->labels, v, f.p, f.n, w->line);
  }
  if (entry == -2) return td_nomem(r->env, "labels", (double)f.n);
  set->y[set->n] = v;
  return THW_OK;
}

static thw_status read_row(csv_row *w) {
  const csv_columns *c = w->columns;
  csv_field f;
  int64_t at = w->set->n * c->features;
  w->line = w->s->line;
  w->last = 0;
  for (w->j = 0; w->j < c->n; w->j++) {
    if (w->last)
      return td_fail(w->r->env, THW_E_FORMAT, "%s:%lld: %lld fields, %lld expected", w->s->path,
                     (long long)w->line, (long long)w->j, (long long)c->n);
    if (c->role[w->j] == CSV_FEATURE)
      THW_TRY(read_feature(w, at++));
    else if (c->role[w->j] == CSV_LABEL)
      THW_TRY(read_label(w));
    else
      THW_TRY(csv_next(w->s, &f, &w->last));
  }
  if (!w->last)
    return td_fail(w->r->env, THW_E_FORMAT, "%s:%lld: more than %lld fields", w->s->path,
                   (long long)w->line, (long long)c->n);
  w->set->n++;
  return THW_OK;
}

static thw_status read_rows(csv_reader *r, csv_scan *s, const csv_columns *c, td_set *set) {
  /* A row takes a separator or a newline per field, so there are no more rows than that. */
  int64_t most = (s->end - s->p + 1) / c->n + 1;
  set->layout = THW_ROWS_DENSE;
  set->width = c->features;
  set->x = td_array(r->env, most * c->features, td_dtype_size(r->dtype), s->path);
  if (!set->x) return THW_E_NOMEM;
  if (c->has_label && !(set->y = td_array(r->env, most, sizeof *set->y, s->path)))
    return THW_E_NOMEM;
  if (!r->words) td_labels_begin(&set->labels, r->p->labels);
  csv_row w = {.r = r, .s = s, .columns = c, .set = set};
  while (csv_more(s)) {
    thw_status st = read_row(&w);
    if (st == THW_DONE) return THW_OK; /* a word among the labels */
    THW_TRY(st);
  }
  if (set->n == 0) return td_fail(r->env, THW_E_FORMAT, "%s: a header, but no rows", s->path);
  return THW_OK;
}

thw_status csv_parse(csv_reader *r, const td_file *f, const csv_columns *like, csv_columns *columns,
                     td_set *set) {
  csv_scan s;
  csv_open(&s, r->env, f, csv_separator(r->p->separator, f));
  set->path = f->path;
  thw_status st = csv_columns_read(&s, r->p, like, columns);
  if (st == THW_OK) st = read_rows(r, &s, columns, set);
  csv_close(&s);
  return st;
}
