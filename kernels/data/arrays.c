/* SPDX-License-Identifier: BSD-3-Clause */
#include <config.h>

#include "kernels/data/arrays.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "kernels/data/file.h"

const char *const td_scale_bytes_choices[] = {"none", "unit", NULL};

static thw_status open_array(td_env e, td_array_parser parse, const char *path, td_file *f,
                             npy_array *a) {
  char why[256];
  THW_TRY(td_file_read(e, path, f));
  if (parse(f->p, f->n, a, why, sizeof why) == 0) return THW_OK;
  td_file_free(f);
  return td_fail(e, THW_E_FORMAT, "%s: %s", path, why);
}

/* The shape of a row is that of the training set, or becomes it. */
static thw_status match_shape(td_table *t, const npy_array *a, const td_set *s, const char *path) {
  int64_t width = 1;
  if (a->n_dims < 1 || a->n_dims > 5)
    return td_fail(t->env, THW_E_FORMAT,
                   "%s: %d dimensions: rows first, then 0 to 4 for the shape of a row", path,
                   a->n_dims);
  if (a->n == 0) return td_fail(t->env, THW_E_FORMAT, "%s: an empty array", path);
  for (int i = 1; i < a->n_dims; i++) width *= a->dims[i];
  if (s == &t->set[TD_TRAIN]) {
    t->width = width;
    t->n_dims = a->n_dims > 2 ? (uint32_t)a->n_dims - 1 : 0;
    for (uint32_t i = 0; i < t->n_dims; i++) t->dims[i] = a->dims[i + 1];
  } else if (width != t->width)
    return td_fail(t->env, THW_E_FORMAT,
                   "%s: rows of %lld features, but those of the training set have %lld", path,
                   (long long)width, (long long)t->width);
  return THW_OK;
}

static thw_status fill_x(td_table *t, const npy_array *a, int32_t scale, td_set *s,
                         const char *path) {
  THW_TRY(match_shape(t, a, s, path));
  s->layout = THW_ROWS_DENSE;
  s->n = a->dims[0];
  s->width = t->width;
  if (!(s->x = td_array(t->env, a->n, td_dtype_size(t->dtype), path))) return THW_E_NOMEM;
  if (t->dtype == THW_F32)
    npy_rows_f32(a, 0, s->n, s->x);
  else
    npy_rows_f64(a, 0, s->n, s->x);
  int bytes = a->kind == 'u' && a->size == 1;
  for (int64_t i = 0; i < a->n; i++) {
    double v = td_get(s->x, t->dtype, i);
    if (!isfinite(v))
      return td_fail(t->env, THW_E_FORMAT,
                     "%s: row %lld, feature %lld: not a finite number in the run's precision", path,
                     (long long)(i / t->width) + 1, (long long)(i % t->width) + 1);
    if (bytes && scale == TD_BYTES_UNIT) td_put(s->x, t->dtype, i, v / 255);
  }
  return THW_OK;
}

static thw_status fill_y(td_table *t, const npy_array *a, int32_t mode, td_set *s,
                         const char *path) {
  if (a->n_dims < 1 || a->dims[0] != s->n || a->n != s->n)
    return td_fail(t->env, THW_E_FORMAT, "%s: %lld labels (of %lld elements) for %lld rows", path,
                   a->n_dims ? (long long)a->dims[0] : 0LL, (long long)a->n, (long long)s->n);
  s->path = path;
  if (!(s->y = td_array(t->env, s->n, sizeof *s->y, path))) return THW_E_NOMEM;
  td_labels_begin(&s->labels, mode);
  for (int64_t i = 0; i < s->n; i++) {
    double v = s->y[i] = npy_get(a, i);
    if (!isfinite(v))
      return td_fail(t->env, THW_E_FORMAT, "%s: row %lld: the label is not a finite number", path,
                     (long long)i + 1);
    if (s->labels.full || (s->labels.n && s->labels.v[s->labels.last].value == v)) continue;
    char text[32];
    int len = snprintf(text, sizeof text, "%.15g", v);
    if (td_dict_number(&s->labels, v, text, len, 0) == -2) return td_nomem(t->env, path, 64);
  }
  return THW_OK;
}

static thw_status load_set(td_table *t, td_array_parser parse, const td_arrays_params *p, int set) {
  const char *const x[TD_SETS] = {p->x, p->test_x, p->valid_x};
  const char *const y[TD_SETS] = {p->y, p->test_y, p->valid_y};
  td_set *s = &t->set[set];
  if (!x[set] && y[set])
    return td_fail(t->env, THW_E_ARG, "%s_y is given without %s_x", s->name, s->name);
  if (!x[set]) return THW_OK;
  td_file f;
  npy_array a;
  s->path = x[set];
  THW_TRY(open_array(t->env, parse, x[set], &f, &a));
  thw_status st = fill_x(t, &a, p->scale, s, x[set]);
  td_file_free(&f);
  if (st != THW_OK || !y[set]) return st;
  THW_TRY(open_array(t->env, parse, y[set], &f, &a));
  st = fill_y(t, &a, p->labels, s, y[set]);
  td_file_free(&f);
  return st;
}

thw_status td_arrays_create(td_env e, td_array_parser parse, const td_arrays_params *p,
                            void **self) {
  td_table *t = td_table_new(e);
  if (!t) return THW_E_NOMEM;
  thw_status s = THW_OK;
  for (int i = 0; i < TD_SETS && s == THW_OK; i++) s = load_set(t, parse, p, i);
  if (s == THW_OK) s = td_table_finish(t, &p->common);
  if (s == THW_OK)
    *self = t;
  else
    td_table_free(t);
  return s;
}
