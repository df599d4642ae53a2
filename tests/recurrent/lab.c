/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/recurrent/lab.h"

int lab_failures;

static void check(lab *l, thw_status st) {
  if (st == THW_OK) return;
  char *text = tw_setup_text(&l->r.s, st);
  fail_msg("status %d: %s", st, text);
  free(text);
}

static const thw_source_ops *source(const lab *l) {
  return l->r.s.source->raw.ops;
}

static thw_batch *take(lab *l, uint32_t set, int64_t n) {
  thw_batch *b;
  check(l, source(l)->take(l->r.s.source->raw.self, set, n, NULL, 0, &b));
  return b;
}

static void take_sets(lab *l) {
  void *self = l->r.s.source->raw.self;
  thw_source_info info = {.size = sizeof info};
  uint32_t sets = 0;
  check(l, source(l)->sets(self, &sets));
  check(l, source(l)->info(self, 0, &info));
  if (info.n > 0) l->train = take(l, 0, info.n);
  if (sets < 2) return;
  info = (thw_source_info){.size = sizeof info};
  check(l, source(l)->info(self, 1, &info));
  if (info.n > 0) l->test = take(l, 1, info.n);
}

void lab_open(lab *l, const char *fmt, ...) {
  char text[4096];
  va_list ap;
  va_start(ap, fmt);
  int n = vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);
  assert_true(n > 0 && (size_t)n < sizeof text);
  *l = (lab){.model = NULL};
  rig_open(&l->r, text, NULL);
  l->model = l->r.s.model->raw.ops;
  l->self = l->r.s.model->raw.self;
  take_sets(l);
  l->start = rig_point(&l->r);
}

void lab_close(lab *l) {
  void *self = l->r.s.source->raw.self;
  if (l->train) source(l)->release(self, l->train);
  if (l->test) source(l)->release(self, l->test);
  free(l->start);
  rig_close(&l->r);
}

thw_batch *lab_rows(lab *l, int64_t n) {
  if (l->train) source(l)->release(l->r.s.source->raw.self, l->train);
  return l->train = take(l, 0, n);
}

/* ---- points ----------------------------------------------------------------------------------
 */

static thw_view map(lab *l) {
  thw_view v;
  check(l, thw_optimizer_point(l->r.s.method, l->r.x));
  check(l, l->r.x->ops->map(l->r.x, THW_READ, &v));
  return v;
}

static void unmap(lab *l) {
  check(l, l->r.x->ops->unmap(l->r.x, THW_READ));
}

/* A point of the model's element type; the caller frees data. */
static thw_view view_of(const lab *l, const double *x) {
  int single = l->r.s.session.dtype == THW_F32;
  size_t n = (size_t)l->r.n;
  thw_view v = {tw_calloc(n, 8), l->r.n, 0, l->r.s.session.dtype, THW_MEM_HOST};
  for (size_t i = 0; x && i < n; i++)
    if (single)
      ((float *)v.data)[i] = (float)x[i];
    else
      ((double *)v.data)[i] = x[i];
  return v;
}

/* A run that has left the numbers is a result. */
double lab_f(lab *l, const thw_batch *b) {
  double f = INFINITY;
  thw_view v = map(l);
  thw_status st = l->model->eval(l->self, &v, b, &f, NULL);
  if (st != THW_E_NONFINITE) check(l, st);
  unmap(l);
  return st == THW_OK && isfinite(f) ? f : INFINITY;
}

double lab_metric(lab *l, const thw_batch *b, int i) {
  double out[8];
  thw_view v = map(l);
  thw_status st = l->model->measure(l->self, &v, b, out);
  if (st != THW_E_NONFINITE) check(l, st);
  unmap(l);
  return st == THW_OK ? out[i] : INFINITY;
}

double lab_lipschitz(lab *l) {
  thw_facts f = {.size = sizeof f, .lipschitz = (double)NAN};
  check(l, l->model->facts(l->self, &f));
  return f.lipschitz;
}

void lab_gradient(lab *l, const thw_batch *b, const double *x, double *g) {
  double f;
  thw_view v = view_of(l, x), out = view_of(l, NULL);
  check(l, l->model->eval(l->self, &v, b, &f, &out));
  for (int64_t i = 0; i < l->r.n; i++)
    g[i] = out.dtype == THW_F32 ? (double)((float *)out.data)[i] : ((double *)out.data)[i];
  free(v.data);
  free(out.data);
}

/* ---- the probe -------------------------------------------------------------------------------
 */

typedef struct ear {
  thw_sink sink;
  lab_told *told;
} ear;

static void hear_many(thw_sink *s, const char *name, size_t n, const double *v) {
  lab_told *t = ((ear *)s)->told;
  if (t->n == sizeof t->entry / sizeof t->entry[0] || n > 512) return;
  snprintf(t->entry[t->n].name, sizeof t->entry[0].name, "%s", name);
  t->entry[t->n].n = n;
  memcpy(t->entry[t->n++].v, v, n * sizeof *v);
}
static void hear_one(thw_sink *s, const char *name, double v) {
  hear_many(s, name, 1, &v);
}
static void hear_text(thw_sink *s, const char *name, const char *v) {
  (void)s, (void)name, (void)v;
}

void lab_probe(lab *l, const thw_batch *b, const double *x, lab_told *t) {
  const thw_probe *p = thw_ext(&l->r.s.model->raw, THW_EXT_PROBE);
  thw_view start = view_of(l, l->start), at = x ? view_of(l, x) : map(l);
  ear e = {{sizeof e.sink, 0, hear_one, hear_text, hear_many}, t};
  t->n = 0;
  check(l, p->probe(l->self, &at, &start, b, &e.sink));
  free(start.data);
  if (x)
    free(at.data);
  else
    unmap(l);
}

double lab_get(const lab_told *t, const char *name, size_t i) {
  for (size_t k = 0; k < t->n; k++)
    if (strcmp(t->entry[k].name, name) == 0 && i < t->entry[k].n) return t->entry[k].v[i];
  return (double)NAN;
}

/* ---- judging ---------------------------------------------------------------------------------
 */

void lab_head(const char *fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  vprintf(fmt, ap);
  va_end(ap);
  printf("\n");
  fflush(stdout);
}

void lab_row(const char *what, double value, double low, double high) {
  int ok = !(value < low) && !(value > high) && (isfinite(value) || (isnan(low) && isnan(high)));
  char band[64];
  if (isnan(low) && isnan(high))
    snprintf(band, sizeof band, "%s", "");
  else if (isnan(low))
    snprintf(band, sizeof band, "at most %.4g", high);
  else if (isnan(high))
    snprintf(band, sizeof band, "at least %.4g", low);
  else
    snprintf(band, sizeof band, "%.4g .. %.4g", low, high);
  printf("  %-58s %10.4g   %-18s%s\n", what, value, band, ok ? "" : " FAILED");
  fflush(stdout);
  lab_failures += !ok;
}

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

double lab_median(double *v, int n) {
  qsort(v, (size_t)n, sizeof *v, by_size);
  return n % 2 ? v[n / 2] : 0.5 * (v[n / 2 - 1] + v[n / 2]);
}

double lab_slope(const double *x, const double *y, int n, double *r2) {
  double mx = 0, my = 0, xx = 0, xy = 0, yy = 0;
  for (int i = 0; i < n; i++) mx += x[i] / n, my += y[i] / n;
  for (int i = 0; i < n; i++) {
    xx += (x[i] - mx) * (x[i] - mx);
    xy += (x[i] - mx) * (y[i] - my);
    yy += (y[i] - my) * (y[i] - my);
  }
  if (r2) *r2 = xy * xy / (xx * yy);
  return xy / xx;
}
