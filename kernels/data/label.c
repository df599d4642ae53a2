/* SPDX-License-Identifier: BSD-3-Clause */
/* From labels as the data write them to classes 0 .. k-1, or to real numbers. */
#include <config.h>

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/data/table.h"

#define AUTO_MOST 1000

void td_labels_begin(td_dict *d, int32_t mode) {
  if (mode == TD_LABELS_AUTO) {
    d->most = AUTO_MOST;
    d->integers = 1;
  } else if (mode == TD_LABELS_REAL)
    d->full = 1;
}

static int by_value(const void *a_, const void *b_) {
  const td_entry *a = *(td_entry *const *)a_, *b = *(td_entry *const *)b_;
  return (a->value > b->value) - (a->value < b->value);
}

static int by_text(const void *a_, const void *b_) {
  const td_entry *a = *(td_entry *const *)a_, *b = *(td_entry *const *)b_;
  int64_t n = a->len < b->len ? a->len : b->len;
  int c = n ? memcmp(a->text, b->text, (size_t)n) : 0;
  return c ? c : (a->len > b->len) - (a->len < b->len);
}

struct classes {
  td_entry **sorted;
  int64_t n;
};

static thw_status sort_classes(td_table *t, struct classes *c) {
  td_dict *d = &t->set[TD_TRAIN].labels;
  c->n = d->n;
  c->sorted = td_array(t->env, d->n, sizeof *c->sorted, "classes");
  t->class_name = calloc((size_t)d->n + 1, sizeof *t->class_name);
  if (!c->sorted || !t->class_name) return td_nomem(t->env, "classes", (double)d->n * 8);
  for (int64_t i = 0; i < d->n; i++) c->sorted[i] = &d->v[i];
  qsort(c->sorted, (size_t)d->n, sizeof *c->sorted, d->words ? by_text : by_value);
  for (int64_t i = 0; i < d->n; i++) t->class_name[i] = c->sorted[i]->text;
  t->classes = d->n;
  return THW_OK;
}

static int32_t class_by_value(const struct classes *c, double v) {
  int64_t lo = 0, hi = c->n;
  while (lo < hi) {
    int64_t mid = lo + (hi - lo) / 2;
    if (c->sorted[mid]->value < v)
      lo = mid + 1;
    else
      hi = mid;
  }
  return lo < c->n && c->sorted[lo]->value == v ? (int32_t)lo : -1;
}

static int32_t class_by_word(const struct classes *c, const td_entry *word) {
  const td_entry **found = bsearch(&word, c->sorted, (size_t)c->n, sizeof *c->sorted, by_text);
  return found ? (int32_t)((td_entry *const *)found - c->sorted) : -1;
}

static thw_status unknown(td_table *t, const td_set *s, int64_t row) {
  const td_dict *d = &s->labels;
  const td_entry *entry = NULL;
  for (int64_t i = 0; i < d->n && !entry; i++)
    if (d->words ? i == (int64_t)s->y[row] : d->v[i].value == s->y[row]) entry = &d->v[i];
  const char *path = td_where(s);
  if (entry && entry->line)
    return td_fail(t->env, THW_E_FORMAT,
                   "%s:%lld: label %s does not occur in the training set: remove the row, or set "
                   "labels = \"real\"",
                   path, (long long)entry->line, entry->text);
  return td_fail(t->env, THW_E_FORMAT,
                 "%s: row %lld: label %.17g does not occur in the training set: remove the row, or "
                 "set labels = \"real\"",
                 path, (long long)row + 1, s->y[row]);
}

static thw_status assign(td_table *t, td_set *s, const struct classes *c, const td_dict *words) {
  if (!(s->class_of_row = td_array(t->env, s->n, sizeof *s->class_of_row, "classes")))
    return THW_E_NOMEM;
  double last = NAN;
  int32_t k = -1;
  for (int64_t i = 0; i < s->n; i++) {
    double v = s->y[i];
    if (v != last) {
      const td_entry *w = words ? &words->v[(int64_t)v] : NULL;
      k = w ? class_by_word(c, w) : class_by_value(c, v);
      last = v;
    }
    if (k < 0) return unknown(t, s, i);
    s->class_of_row[i] = k;
    if (words) s->y[i] = k;
  }
  return THW_OK;
}

static thw_status make_classes(td_table *t, struct classes *c) {
  THW_TRY(sort_classes(t, c));
  td_dict *train = &t->set[TD_TRAIN].labels;
  for (uint32_t i = 0; i < t->n_sets; i++) {
    td_set *s = &t->set[i];
    /* A set that was split off shares the numbering of the training file. */
    const td_dict *words = !train->words ? NULL : s->labels.n ? &s->labels : train;
    THW_TRY(assign(t, s, c, words));
  }
  return THW_OK;
}

static thw_status as_real(td_table *t) {
  t->label = THW_LABEL_REAL;
  for (uint32_t i = 0; i < t->n_sets; i++) {
    td_set *s = &t->set[i];
    if (s->labels.words)
      return td_fail(t->env, THW_E_FORMAT, "%s:%lld: label \"%s\" is not a number", s->path,
                     s->labels.n ? (long long)s->labels.v[0].line : 0LL,
                     s->labels.n ? s->labels.v[0].text : "");
    for (int64_t k = 0; k < s->n; k++)
      if (!isfinite(s->y[k]) || (t->dtype == THW_F32 && fabs(s->y[k]) > (double)FLT_MAX))
        return td_fail(t->env, THW_E_FORMAT,
                       "%s: row %lld: label %.17g does not fit the run's precision", td_where(s),
                       (long long)k + 1, s->y[k]);
  }
  return THW_OK;
}

thw_status td_labels(td_table *t, int32_t mode) {
  td_set *train = &t->set[TD_TRAIN];
  for (uint32_t i = 1; i < t->n_sets; i++)
    if (!t->set[i].y != !train->y)
      return td_fail(t->env, THW_E_FORMAT, "%s: the set \"%s\" has %s, the training set has %s",
                     td_where(&t->set[i]), t->set[i].name, train->y ? "no labels" : "labels",
                     train->y ? "some" : "none");
  t->label = THW_LABEL_NONE;
  if (!train->y) return THW_OK;
  const td_dict *d = &train->labels;
  if (mode == TD_LABELS_REAL || (mode == TD_LABELS_AUTO && d->full)) return as_real(t);
  if (d->full || d->n > TD_CLASS_MOST)
    return td_fail(t->env, THW_E_FORMAT,
                   "%s: more than %d distinct labels cannot be classes: set labels = \"real\"",
                   td_where(train), TD_CLASS_MOST);
  struct classes c = {0};
  thw_status s = make_classes(t, &c);
  td_array_free(c.sorted);
  t->label = THW_LABEL_CLASS;
  return s;
}
