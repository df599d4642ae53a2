/* SPDX-License-Identifier: BSD-3-Clause */
#include <config.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/sources/csv/csv.h"

static const char *const separator_choices[] = {"auto", "comma", "tab", "semicolon", "space", NULL};
static const char *const header_choices[] = {"auto", "yes", "no", NULL};
static const char *const missing_choices[] = {"refuse", "zero", "mean", NULL};

static const thw_param params[] = {
    THW_PARAM_PATH(struct csv_params, path, NULL, THW_P_REQUIRED,
                   "File with the training rows, plain or gzip."),
    THW_PARAM_PATH(struct csv_params, test, NULL, 0, "File with the rows of set \"test\"."),
    THW_PARAM_PATH(struct csv_params, valid, NULL, 0, "File with the rows of set \"valid\"."),
    THW_PARAM_STR(struct csv_params, label, "-1", 0,
                  "Column of the label: its name in the header, its number (\"1\" is the first, "
                  "\"-1\" the last), or \"none\"."),
    THW_PARAM_STR(struct csv_params, drop, NULL, 0,
                  "Columns to leave out: names or numbers, with commas between them."),
    THW_PARAM_ENUM(
        struct csv_params, separator, CSV_SEP_AUTO, separator_choices,
        "What is between two fields; auto: the most frequent of tab, comma and semicolon "
        "in the first line, else blanks."),
    THW_PARAM_ENUM(struct csv_params, header, CSV_HEADER_AUTO, header_choices,
                   "Whether the first line names the columns; auto: when none of its features is a "
                   "number."),
    THW_PARAM_ENUM(struct csv_params, missing, CSV_MISSING_REFUSE, missing_choices,
                   "What an empty field, ?, NA, NaN or null becomes; mean: the column's mean over "
                   "the training file."),
    TD_COMMON_PARAMS(struct csv_params),
};

/* Means of the values that are there, per column, in the order of the rows. */
static thw_status column_means(td_table *t, const csv_columns *c, double *mean) {
  const td_set *s = &t->set[TD_TRAIN];
  char name[64];
  for (int64_t j = 0; j < t->width; j++) {
    double sum = 0;
    int64_t n = 0;
    for (int64_t i = 0; i < s->n; i++) {
      double v = td_get(s->x, t->dtype, i * t->width + j);
      if (isnan(v)) continue;
      sum += v;
      n++;
    }
    int64_t column = 0;
    for (int64_t f = -1; column < c->n; column++)
      if (c->role[column] == CSV_FEATURE && ++f == j) break;
    if (n == 0)
      return td_fail(t->env, THW_E_FORMAT, "%s: %s has no value at all: drop it", s->path,
                     csv_column_name(c, column, name));
    mean[j] = sum / (double)n;
    if (!isfinite(mean[j]))
      return td_fail(t->env, THW_E_NONFINITE, "%s: %s: its values are too large for a mean",
                     s->path, csv_column_name(c, column, name));
  }
  return THW_OK;
}

static thw_status fill_holes(td_table *t, const csv_columns *c) {
  double *mean = td_array(t->env, t->width, sizeof *mean, "column means");
  if (!mean) return THW_E_NOMEM;
  thw_status s = column_means(t, c, mean);
  for (int i = 0; i < TD_SETS && s == THW_OK; i++)
    for (int64_t k = 0; k < t->set[i].n * t->width; k++)
      if (isnan(td_get(t->set[i].x, t->dtype, k)))
        td_put(t->set[i].x, t->dtype, k, mean[k % t->width]);
  td_array_free(mean);
  return s;
}

static thw_status read_sets(csv_reader *r, td_table *t, csv_columns *columns) {
  const char *const path[TD_SETS] = {r->p->path, r->p->test, r->p->valid};
  for (int i = 0; i < TD_SETS; i++) {
    if (!path[i]) continue;
    td_set_free(&t->set[i]);
    t->set[i].name = td_set_name[i];
    td_file f;
    THW_TRY(td_file_read(r->env, path[i], &f));
    csv_columns other = {0};
    thw_status s = csv_parse(r, &f, i ? columns : NULL, i ? &other : columns, &t->set[i]);
    t->set[i].path = path[i];
    td_file_free(&f);
    csv_columns_free(&other);
    THW_TRY(s);
    if (r->saw_word) {
      csv_reader again = {.env = r->env, .dtype = r->dtype, .p = r->p, .words = 1};
      csv_columns_free(columns);
      s = read_sets(&again, t, columns);
      r->holes = again.holes;
      return s;
    }
  }
  return THW_OK;
}

static thw_status take_names(td_table *t, csv_columns *c) {
  if (!c->name) return THW_OK;
  char **v = calloc((size_t)t->width, sizeof *v);
  if (!v) return td_nomem(t->env, "column names", (double)t->width * 8);
  int64_t k = 0;
  for (int64_t j = 0; j < c->n; j++)
    if (c->role[j] == CSV_FEATURE) {
      v[k++] = c->name[j];
      c->name[j] = NULL;
    }
  t->feature_name = v;
  return THW_OK;
}

static thw_status load(td_table *t, const struct csv_params *p) {
  csv_reader r = {.env = t->env, .dtype = t->dtype, .p = p};
  csv_columns columns = {0};
  thw_status s = read_sets(&r, t, &columns);
  t->width = columns.features;
  if (s == THW_OK && r.holes) {
    if (p->missing == CSV_MISSING_MEAN) s = fill_holes(t, &columns);
    td_log(t->env, THW_LOG_INFO, "missing = %s: %lld values were filled in",
           missing_choices[p->missing], (long long)r.holes);
  }
  if (s == THW_OK) s = take_names(t, &columns);
  csv_columns_free(&columns);
  return s == THW_OK ? td_table_finish(t, &p->common) : s;
}

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c, const void *p,
                         const thw_wired *slots, void **self) {
  (void)me;
  (void)slots;
  td_table *t = td_table_new((td_env){h, c});
  if (!t) return THW_E_NOMEM;
  thw_status s = load(t, p);
  if (s == THW_OK)
    *self = t;
  else
    td_table_free(t);
  return s;
}

static const thw_component csv = {
    THW_COMPONENT_HEAD(THW_SOURCE),
    .id = "csv",
    .version = PACKAGE_VERSION,
    .summary = "dense rows from comma-, tab-, semicolon- or blank-separated text, plain or gzip",
    .doc = "One row a line, every row with the same number of fields. Fields may be quoted with "
           "\", which lets them hold separators, newlines and (doubled) quotes; blanks around a "
           "field and empty lines do not count. All columns but the label's and the dropped ones "
           "are features and must be numbers with a decimal point, in any locale.\n\n"
           "Labels that are words are classes. A test file may come without a header of its own; "
           "if it has one, it must be that of the training file.\n\n" TD_COMMON_DOC,
    .reference = "Y. Shafranovich: RFC 4180, 2005",
    THW_PARAMS(params, struct csv_params),
    .ops = &td_table_ops,
    .create = create,
    .destroy = td_table_destroy,
};

static const thw_component *const components[] = {&csv};

static const thw_plugin plugin = {
    THW_PLUGIN_HEAD,           .id = "csv",       .version = PACKAGE_VERSION,
    .license = "BSD-3-Clause", .n_components = 1, .components = components,
};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
