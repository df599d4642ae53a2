/* SPDX-License-Identifier: BSD-3-Clause */
/* Standardising: x becomes (x - shift[j]) * factor[j], or each row is divided by its norm. */
#include <config.h>

#include <float.h>
#include <math.h>
#include <string.h>

#include "kernels/data/table.h"

#define COLUMNS 64 /* of a dense block that one thread sums up */
#define ROWS 1024

struct fit {
  td_table *t;
  td_set *set;
  int32_t kind;
  double *shift, *factor; /* per column */
  double *sum, *lo, *hi;  /* per column: scratch */
  int64_t *stored;        /* per column, CSR: values that are not implicit zeros */
};

static double factor_of(double spread) {
  return spread > DBL_MIN ? 1 / spread : 1; /* constant columns keep their scale */
}

/* ---- statistics of dense columns --------------------------------------------------------------
 */

static void dense_columns(void *arg, int64_t block) {
  struct fit *f = arg;
  const td_set *s = f->set;
  int64_t d = f->t->width, a = block * COLUMNS, b = a + COLUMNS < d ? a + COLUMNS : d;
  uint32_t dtype = f->t->dtype;
  for (int64_t j = a; j < b; j++) {
    f->sum[j] = 0;
    f->lo[j] = INFINITY;
    f->hi[j] = -INFINITY;
  }
  for (int64_t i = 0; i < s->n; i++)
    for (int64_t j = a; j < b; j++) {
      double v = td_get(s->x, dtype, i * d + j);
      f->sum[j] += v;
      f->lo[j] = v < f->lo[j] ? v : f->lo[j];
      f->hi[j] = v > f->hi[j] ? v : f->hi[j];
    }
  if (f->kind != TD_SCALE_MEAN_STD) return;
  for (int64_t j = a; j < b; j++) {
    /* A constant column has exactly its value as mean, whatever the sum lost. */
    f->shift[j] = f->lo[j] == f->hi[j] ? f->lo[j] : f->sum[j] / (double)s->n;
    f->sum[j] = 0;
  }
  for (int64_t i = 0; i < s->n; i++)
    for (int64_t j = a; j < b; j++) {
      double v = td_get(s->x, dtype, i * d + j) - f->shift[j];
      f->sum[j] += v * v;
    }
}

/* ---- statistics of sparse columns -------------------------------------------------------------
 */

static void sparse_columns(struct fit *f) {
  const td_set *s = f->set;
  int64_t d = f->t->width, n = s->n;
  for (int64_t j = 0; j < d; j++) {
    f->sum[j] = 0;
    f->lo[j] = INFINITY;
    f->hi[j] = -INFINITY;
    f->stored[j] = 0;
  }
  for (int64_t k = s->start[0]; k < s->start[n]; k++) {
    int32_t j = s->col[k];
    double v = s->x ? td_get(s->x, f->t->dtype, k) : 1;
    f->sum[j] += v;
    f->stored[j]++;
    f->lo[j] = v < f->lo[j] ? v : f->lo[j];
    f->hi[j] = v > f->hi[j] ? v : f->hi[j];
  }
  for (int64_t j = 0; j < d; j++)
    if (f->stored[j] < n) {
      f->lo[j] = f->lo[j] < 0 ? f->lo[j] : 0;
      f->hi[j] = f->hi[j] > 0 ? f->hi[j] : 0;
    }
  if (f->kind != TD_SCALE_MEAN_STD) return;
  for (int64_t j = 0; j < d; j++) {
    double mean = f->lo[j] == f->hi[j] ? f->lo[j] : f->sum[j] / (double)n;
    f->shift[j] = mean;
    f->sum[j] = (double)(n - f->stored[j]) * mean * mean;
  }
  for (int64_t k = s->start[0]; k < s->start[n]; k++) {
    double v = (s->x ? td_get(s->x, f->t->dtype, k) : 1) - f->shift[s->col[k]];
    f->sum[s->col[k]] += v * v;
  }
}

static thw_status fit_columns(struct fit *f) {
  td_table *t = f->t;
  int64_t d = t->width;
  f->set = &t->set[TD_TRAIN];
  int sparse = f->set->layout == THW_ROWS_CSR;
  if (sparse)
    sparse_columns(f);
  else
    t->env.host->parallel(t->env.ctx, (d + COLUMNS - 1) / COLUMNS,
                          4 * (double)d * (double)f->set->n, dense_columns, f);
  for (int64_t j = 0; j < d; j++) {
    double lo = f->lo[j], hi = f->hi[j], shift = 0, factor = 1;
    if (f->kind == TD_SCALE_MEAN_STD) {
      shift = f->shift[j];
      factor = factor_of(sqrt(f->sum[j] / (double)f->set->n));
    } else if (f->kind == TD_SCALE_MAX_ABS)
      factor = factor_of(fmax(fabs(lo), fabs(hi)));
    else {
      shift = lo;
      factor = factor_of(hi - lo);
    }
    f->shift[j] = sparse ? 0 : shift;
    f->factor[j] = factor;
    if (!isfinite(shift) || !isfinite(factor) || factor == 0)
      return td_fail(t->env, THW_E_FORMAT,
                     "%s: column %lld: its values are too large to be standardised",
                     td_where(f->set), (long long)j + 1);
  }
  return THW_OK;
}

/* ---- application -------------------------------------------------------------------------------
 */

static void scale_rows(void *arg, int64_t block) {
  const struct fit *f = arg;
  const td_set *s = f->set;
  int64_t d = f->t->width, a = block * ROWS, b = a + ROWS < s->n ? a + ROWS : s->n;
  uint32_t dtype = f->t->dtype;
  for (int64_t i = a; i < b; i++) {
    int64_t from = s->start ? s->start[i] : i * d, to = s->start ? s->start[i + 1] : from + d;
    double norm = 0;
    if (f->kind == TD_SCALE_UNIT_ROWS) {
      for (int64_t k = from; k < to; k++) norm = fmax(norm, fabs(td_get(s->x, dtype, k)));
      double big = norm > DBL_MIN ? norm : 1;
      norm = 0;
      for (int64_t k = from; k < to; k++) {
        double v = td_get(s->x, dtype, k) / big;
        norm += v * v;
      }
      norm = norm > 0 ? big * sqrt(norm) : 1;
      for (int64_t k = from; k < to; k++) td_put(s->x, dtype, k, td_get(s->x, dtype, k) / norm);
      continue;
    }
    for (int64_t k = from; k < to; k++) {
      int64_t j = s->col ? s->col[k] : k - from;
      td_put(s->x, dtype, k, (td_get(s->x, dtype, k) - f->shift[j]) * f->factor[j]);
    }
  }
}

/* Rows whose values are all 1 have none stored: they need some now. */
static thw_status materialise(td_table *t, td_set *s) {
  if (s->x) return THW_OK;
  int64_t n = s->start[s->n];
  if (!(s->x = td_array(t->env, n, td_dtype_size(t->dtype), "values"))) return THW_E_NOMEM;
  for (int64_t k = 0; k < n; k++) td_put(s->x, t->dtype, k, 1);
  return THW_OK;
}

static thw_status apply(struct fit *f) {
  td_table *t = f->t;
  for (uint32_t i = 0; i < t->n_sets; i++) {
    td_set *s = f->set = &t->set[i];
    if (s->layout == THW_ROWS_NONE) continue;
    THW_TRY(materialise(t, s));
    int64_t values = s->start ? s->start[s->n] : s->n * t->width;
    t->env.host->parallel(t->env.ctx, (s->n + ROWS - 1) / ROWS, 2 * (double)values, scale_rows, f);
    for (int64_t k = 0; k < values; k++)
      if (!isfinite(td_get(s->x, t->dtype, k)))
        return td_fail(t->env, THW_E_FORMAT,
                       "%s: standardise gives numbers beyond the run's precision", td_where(s));
  }
  return THW_OK;
}

thw_status td_standardise(td_table *t, int32_t kind) {
  int sparse = t->set[TD_TRAIN].layout == THW_ROWS_CSR;
  if (kind == TD_SCALE_NONE || t->set[TD_TRAIN].layout == THW_ROWS_NONE || t->width == 0)
    return THW_OK;
  struct fit f = {.t = t, .kind = kind};
  thw_status s = THW_OK;
  if (kind != TD_SCALE_UNIT_ROWS) {
    int64_t d = t->width;
    double *scratch = td_array(t->env, 6 * d, sizeof *scratch, "column statistics");
    if (!scratch) return THW_E_NOMEM;
    f.shift = scratch;
    f.factor = scratch + d;
    f.sum = scratch + 2 * d;
    f.lo = scratch + 3 * d;
    f.hi = scratch + 4 * d;
    f.stored = (int64_t *)(void *)(scratch + 5 * d);
    s = fit_columns(&f);
  }
  if (s == THW_OK) s = apply(&f);
  td_array_free(f.shift);
  if (s == THW_OK && sparse && (kind == TD_SCALE_MEAN_STD || kind == TD_SCALE_MIN_MAX))
    td_log(t->env, THW_LOG_INFO,
           "standardise = %s on sparse rows: scaled, not shifted, so that zeros stay zeros",
           td_scale_choices[kind]);
  return s;
}
