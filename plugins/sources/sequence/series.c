/* SPDX-License-Identifier: BSD-3-Clause */
/* A table whose rows follow one another in time, cut into windows. */
#include <config.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/data/number.h"
#include "plugins/sources/sequence/sequence.h"

enum { AT_EVERY, AT_LAST };
static const char *const at_choices[] = {"every", "last", NULL};

struct series_params {
  const char *columns, *target;
  int64_t window, stride, horizon;
  double test, valid;
  int32_t predict, standardise;
};

static const thw_param params[] = {
    THW_PARAM_STR(struct series_params, columns, NULL, 0,
                  "Columns that make a step: names or numbers (\"1\" is the first) with commas "
                  "between them; none: all."),
    THW_PARAM_STR(struct series_params, target, "-1", 0,
                  "Columns to be predicted, written in the same way; \"-1\" is the last."),
    THW_PARAM_INT(struct series_params, window, 24, 1, SEQ_LENGTH_MOST, "steps",
                  "Steps in a window, which is a row."),
    THW_PARAM_INT(struct series_params, stride, 1, 1, THW_NO_BOUND, "steps",
                  "Steps from the beginning of one window to that of the next."),
    THW_PARAM_INT(struct series_params, horizon, 1, 1, THW_NO_BOUND, "steps",
                  "How many steps ahead the target lies."),
    THW_PARAM_ENUM(struct series_params, predict, AT_EVERY, at_choices,
                   "Whether each step of a window has a target or its last one only."),
    THW_PARAM_REAL(struct series_params, test, 0.2, 0, 1, THW_P_MAX_OPEN, NULL,
                   "Part of the series, at its end, that is set \"test\"; 0: no such set."),
    THW_PARAM_REAL(struct series_params, valid, 0, 0, 1, THW_P_MAX_OPEN, NULL,
                   "Part of the series, before the test part, that is set \"valid\"."),
    THW_PARAM_BOOL(struct series_params, standardise, 1,
                   "Subtract from each column its mean and divide by its standard deviation, both "
                   "of the training part, targets too."),
};

static const thw_slot slots_[] = {
    {"source", THW_SOURCE, 1, NULL, "The table, rows in order of time: csv with label = \"none\"."},
};

typedef struct series {
  seq_store store; /* first */
  const struct series_params *p;
  thw_object inner;
  thw_source_info in;
  uint32_t dtype;
  int64_t *column, *target; /* td_array's: columns of the table */
  int64_t n_columns, n_targets;
  double *mean, *scale;      /* of all columns of the table */
  const char **feature_name; /* of the chosen ones; or NULL */
  void *x, *y;               /* y: target of each step; NULL where windows have one */
} series;

static int64_t find_column(const thw_source_info *in, const char *name, size_t len) {
  double v;
  for (int64_t j = 0; in->feature_name && j < in->width; j++)
    if (strlen(in->feature_name[j]) == len && memcmp(in->feature_name[j], name, len) == 0) return j;
  if (!td_number_whole(name, (int64_t)len, &v) || v != floor(v) || fabs(v) > (double)in->width ||
      v == 0)
    return -1;
  return v > 0 ? (int64_t)v - 1 : in->width + (int64_t)v;
}

/* The columns that a list names. */
static thw_status choose(series *s, const char *param, const char *list, int64_t **out,
                         int64_t *n) {
  td_env e = s->store.env;
  int64_t room = 1;
  for (const char *p = list; *p; p++) room += *p == ',';
  if (!(*out = td_array(e, room, sizeof **out, "columns"))) return THW_E_NOMEM;
  for (const char *p = list;; p++) {
    size_t len = strcspn(p, ","), from = strspn(p, " ");
    const char *name = p + (from < len ? from : len);
    size_t size = (size_t)(p + len - name);
    while (size && name[size - 1] == ' ') size--;
    int64_t j = size ? find_column(&s->in, name, size) : -1;
    if (j < 0)
      return td_fail(e, THW_E_ARG, "%s: the source has no column \"%.*s\": it has %lld%s%s", param,
                     (int)size, name, (long long)s->in.width,
                     s->in.feature_name ? ", the first is called " : "",
                     s->in.feature_name ? s->in.feature_name[0] : "");
    (*out)[(*n)++] = j;
    p += len;
    if (!*p) return THW_OK;
  }
}

static thw_status choose_columns(series *s) {
  td_env e = s->store.env;
  if (s->p->columns) {
    THW_TRY(choose(s, "columns", s->p->columns, &s->column, &s->n_columns));
  } else {
    if (!(s->column = td_array(e, s->in.width, sizeof *s->column, "columns"))) return THW_E_NOMEM;
    for (int64_t j = 0; j < s->in.width; j++) s->column[s->n_columns++] = j;
  }
  THW_TRY(choose(s, "target", s->p->target ? s->p->target : "", &s->target, &s->n_targets));
  if (!s->in.feature_name) return THW_OK;
  s->feature_name = calloc((size_t)s->n_columns, sizeof *s->feature_name);
  if (!s->feature_name) return td_nomem(e, "column names", (double)s->n_columns * 8);
  for (int64_t k = 0; k < s->n_columns; k++) s->feature_name[k] = s->in.feature_name[s->column[k]];
  return THW_OK;
}

static double cell(const series *s, const thw_batch *b, int64_t i, int64_t j) {
  return td_get(b->rows->x, s->dtype, thw_batch_row(b, i) * b->rows->ld + j);
}

/* Over the first n rows; a constant column is only shifted. */
static thw_status measure(series *s, const thw_batch *b, int64_t n) {
  td_env e = s->store.env;
  s->mean = td_array(e, s->in.width, sizeof *s->mean, "column means");
  if (!s->mean || !(s->scale = td_array(e, s->in.width, sizeof *s->scale, "column means")))
    return THW_E_NOMEM;
  for (int64_t j = 0; j < s->in.width; j++) {
    double sum = 0, square = 0;
    for (int64_t i = 0; i < n; i++) sum += cell(s, b, i, j);
    double mean = sum / (double)n;
    for (int64_t i = 0; i < n; i++) square += pow(cell(s, b, i, j) - mean, 2);
    s->mean[j] = s->p->standardise ? mean : 0;
    double variance = square / (double)n;
    int varies = variance > 1e-20 * mean * mean; /* more than the mean's rounding */
    s->scale[j] = s->p->standardise && varies ? 1 / sqrt(variance) : 1;
  }
  for (int64_t k = 0; s->p->standardise && k < s->n_targets; k++)
    td_log(e, THW_LOG_INFO, "target %lld: mean %.9g and standard deviation %.9g are taken out",
           (long long)k + 1, s->mean[s->target[k]], 1 / s->scale[s->target[k]]);
  return THW_OK;
}

static double scaled(const series *s, const thw_batch *b, int64_t i, int64_t j) {
  return (cell(s, b, i, j) - s->mean[j]) * s->scale[j];
}

static thw_status fill(series *s, const thw_batch *b) {
  td_env e = s->store.env;
  size_t size = td_dtype_size(s->dtype);
  int64_t n = s->in.n;
  if (!(s->x = td_array(e, n * s->n_columns, size, "steps"))) return THW_E_NOMEM;
  if (!(s->y = td_array(e, n * s->n_targets, size, "targets"))) return THW_E_NOMEM;
  for (int64_t i = 0; i < n; i++) {
    int64_t ahead = i + s->p->horizon < n ? i + s->p->horizon : n - 1;
    for (int64_t k = 0; k < s->n_columns; k++)
      td_put(s->x, s->dtype, i * s->n_columns + k, scaled(s, b, i, s->column[k]));
    for (int64_t k = 0; k < s->n_targets; k++)
      td_put(s->y, s->dtype, i * s->n_targets + k, scaled(s, b, ahead, s->target[k]));
  }
  return THW_OK;
}

/* The windows that lie, with their targets, in rows from .. from+n-1. */
static thw_status cut(series *s, const char *name, int64_t from, int64_t n) {
  const struct series_params *p = s->p;
  seq_set *set = &s->store.set[s->store.n_sets++];
  int64_t span = n - p->window - p->horizon, windows = span < 0 ? 0 : span / p->stride + 1;
  set->name = name;
  if (windows == 0)
    return td_fail(
        s->store.env, THW_E_ARG,
        "the %s part has %lld rows, a window of %lld with a target %lld ahead needs %lld", name,
        (long long)n, (long long)p->window, (long long)p->horizon,
        (long long)(p->window + p->horizon));
  int64_t *first = seq_array(&s->store, set, windows, sizeof *first, "windows");
  if (!first) return THW_E_NOMEM;
  for (int64_t i = 0; i < windows; i++) first[i] = from + i * p->stride;
  set->rows = (thw_rows){.size = (uint32_t)sizeof(thw_rows),
                         .layout = THW_ROWS_SEQ,
                         .dtype = s->dtype,
                         .n = windows,
                         .width = s->n_columns,
                         .x = s->x,
                         .ld = s->n_columns,
                         .y = s->y,
                         .first = first,
                         .steps = p->window,
                         .target = p->predict == AT_EVERY ? THW_TARGET_STEP : THW_TARGET_ROW,
                         .targets = s->n_targets};
  if (p->predict == AT_EVERY) return THW_OK;
  size_t size = td_dtype_size(s->dtype) * (size_t)s->n_targets;
  char *y = seq_array(&s->store, set, windows, size, "targets");
  if (!y) return THW_E_NOMEM;
  for (int64_t i = 0; i < windows; i++)
    memcpy(y + (size_t)i * size, (const char *)s->y + (size_t)(first[i] + p->window - 1) * size,
           size);
  set->rows.y = y;
  return THW_OK;
}

static thw_status split(series *s, const thw_batch *b) {
  int64_t n = s->in.n, test = (int64_t)(s->p->test * (double)n);
  int64_t valid = (int64_t)(s->p->valid * (double)n), train = n - test - valid;
  if (train < 1)
    return td_fail(s->store.env, THW_E_ARG, "test and valid leave no rows to train on");
  THW_TRY(measure(s, b, train));
  THW_TRY(fill(s, b));
  THW_TRY(cut(s, td_set_name[TD_TRAIN], 0, train));
  if (s->p->test > 0) THW_TRY(cut(s, td_set_name[TD_TEST], n - test, test));
  return s->p->valid > 0 ? cut(s, td_set_name[TD_VALID], train, valid) : THW_OK;
}

static thw_status load(series *s) {
  const thw_source_ops *inner = s->inner.ops;
  td_env e = s->store.env;
  thw_batch *b = NULL;
  s->in.size = (uint32_t)sizeof s->in;
  THW_TRY(inner->info(s->inner.self, 0, &s->in));
  if (s->in.layout != THW_ROWS_DENSE || s->in.width < 1)
    return td_fail(e, THW_E_UNSUPPORTED, "series needs dense rows: use a source such as csv");
  if (s->in.n < 0)
    return td_fail(e, THW_E_UNSUPPORTED, "series needs a finite table, the source is a stream");
  THW_TRY(choose_columns(s));
  THW_TRY(inner->take(s->inner.self, 0, s->in.n, NULL, 0, &b));
  thw_status st = split(s, b);
  inner->release(s->inner.self, b);
  if (st != THW_OK) return st;
  s->store.info = (thw_source_info){.layout = THW_ROWS_SEQ,
                                    .label = THW_LABEL_REAL,
                                    .width = s->n_columns,
                                    .feature_name = s->feature_name,
                                    .targets = s->n_targets,
                                    .target = s->store.set[0].rows.target};
  return THW_OK;
}

static void destroy(void *self) {
  series *s = self;
  seq_store_free(&s->store);
  td_array_free(s->column);
  td_array_free(s->target);
  td_array_free(s->mean);
  td_array_free(s->scale);
  td_array_free(s->x);
  td_array_free(s->y);
  free(s->feature_name);
  free(s);
}

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c, const void *p,
                         const thw_wired *slots, void **self) {
  (void)me;
  td_env e = {h, c};
  series *s = calloc(1, sizeof *s);
  if (!s) return td_nomem(e, "a source", sizeof *s);
  s->store.env = e;
  s->p = p;
  s->inner = slots->object[0];
  s->dtype = h->dtype(c);
  thw_status st = load(s);
  if (st == THW_OK)
    *self = s;
  else
    destroy(s);
  return st;
}

const thw_component series_component = {
    THW_COMPONENT_HEAD(THW_SOURCE),
    .id = "series",
    .version = PACKAGE_VERSION,
    .summary = "windows of a table whose rows follow one another in time",
    .doc = "The rows of the source in the slot are the steps of one long series. Row i is the "
           "window of steps i stride .. i stride + window - 1; the target of a step is the value "
           "of the target columns `horizon` steps later. The end of the series is held out, in "
           "order of time: no window reaches from one part into another, and means and deviations "
           "are those of the training part. Errors are in units of that deviation, which the log "
           "of the run states.\n\n"
           "source: { type = \"series\"; window = 48; target = \"load\"; source: { type = \"csv\"; "
           "path = \"load.csv\"; label = \"none\"; }; };",
    .reference = "G. Box, G. Jenkins: Time series analysis: forecasting and control, 1970",
    THW_PARAMS(params, struct series_params),
    THW_SLOTS(slots_),
    .ops = &seq_store_ops,
    .create = create,
    .destroy = destroy,
};
