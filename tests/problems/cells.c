/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/problems/cells.h"

#include <stdio.h>

#include "tests/problems/model.h"

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

double tp_median(double *v, int n) {
  if (n == 0) return NAN;
  qsort(v, (size_t)n, sizeof *v, ascending);
  return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

void tp_print_cell(const char *what, const tp_cell *c) {
  printf("  %-44s %3d found %3d bottom %3d precision %d other %d wrong", what, c->found, c->bottom,
         c->precision, c->other, c->wrong);
  if (c->found)
    printf("; find %.0f (max %.0f), v'Hv/delta %.2f..%.2f", c->median, c->max, c->least, c->most);
  if (c->bottom) printf("; bottom %.0f", c->bottom_cost);
  printf("\n");
}

static void plant(int64_t d, double delta, tp_spectrum kind, thw_rng *r, double *lam) {
  if (kind != TP_PSD) {
    tp_planted(d, delta, kind == TP_NEG, r, lam);
    return;
  }
  for (int64_t i = 0; i < d; i++) lam[i] = i ? thw_rng_uniform(r) : 1;
}

/* v'Av / v'v in double, whatever the element type of v: at x0 the true Hessian of both problems
 * is A. */
static double curvature(int64_t d, const double *a, thw_vec *v) {
  double *x = tp_doubles(2 * d);
  thw_view w;
  v->ops->map(v, THW_READ, &w);
  tp_read(&w, x);
  v->ops->unmap(v, THW_READ);
  tp_symv(d, a, x, x + d);
  double z = tp_dot(d, x, x + d) / tp_dot(d, x, x);
  free(x);
  return z;
}

typedef struct tally {
  tp_cell cell;
  double *find, *bottom;
  double acc;
} tally;

static void count(tally *t, const curv_options *o, const curv_result *r, double z) {
  tp_cell *c = &t->cell;
  switch (r->status) {
  case CURV_FOUND:
    t->find[c->found++] = (double)r->cost;
    c->max = fmax(c->max, (double)r->cost);
    c->least = fmin(c->least, z / o->delta);
    c->most = fmax(c->most, z / o->delta);
    if (!(z <= -0.5 * o->delta + fmax(r->probe_error, 1e-6 * o->delta))) c->wrong++;
    break;
  case CURV_BOTTOM:
    t->bottom[c->bottom++] = (double)r->cost;
    break;
  case CURV_PRECISION:
    c->precision++;
    break;
  default:
    c->other++;
  }
}

/* One search at the model's starting point. */
static void search(tally *t, tp_model *m, uint32_t dtype, int stream, const double *a,
                   const curv_options *o, thw_rng *r) {
  tp_oracle *oracle = tp_oracle_new(m, dtype, stream);
  const thw_object *f = tp_oracle_object(oracle);
  curv_work w;
  curv_result result;
  thw_vec *x0;
  if (curv_work_new(tp_oracle_space(oracle), &w) != THW_OK) abort();
  if (curv_work_extend(tp_oracle_space(oracle), &w, o->variant, 400) != THW_OK) abort();
  if (thw_vec_new(tp_oracle_space(oracle), &x0) != THW_OK) abort();
  if (thw_oracle_(f)->start_point(f->self, x0, r) != THW_OK) abort();
  curv_problem p = {.oracle = f, .x0 = x0, .n = stream ? -1 : m->n, .rng = r};
  if (curv_search(&p, o, &w, &result) != THW_OK) abort();
  if (result.cost != tp_oracle_cost(oracle)) {
    printf("  reported cost %lld, real %lld\n", (long long)result.cost,
           (long long)tp_oracle_cost(oracle));
    t->cell.wrong++;
  }
  count(t, o, &result, result.status == CURV_FOUND ? curvature(m->d, a, w.v) : NAN);
  thw_vec_free(x0);
  curv_work_free(&w);
  tp_oracle_free(oracle);
}

static tally tally_new(int seeds) {
  tally t = {.cell = {.seeds = seeds, .least = INFINITY, .most = -INFINITY}};
  t.find = tp_doubles(seeds);
  t.bottom = tp_doubles(seeds);
  return t;
}

static tp_cell tally_end(tally *t) {
  t->cell.median = tp_median(t->find, t->cell.found);
  t->cell.bottom_cost = tp_median(t->bottom, t->cell.bottom);
  free(t->find);
  free(t->bottom);
  return t->cell;
}

tp_cell tp_quartic_cell(int64_t d, int64_t n, double tauH, double taub, tp_spectrum kind,
                        int stream, const curv_options *o, int seeds, uint32_t first_seed) {
  tally t = tally_new(seeds);
  double *lam = tp_doubles(d), *a = tp_doubles(d * d);
  tp_model m;
  for (int i = 0; i < seeds; i++) {
    thw_rng r = {.key = {first_seed + (uint32_t)i, 12}};
    plant(d, o->delta, kind, &r, lam);
    tp_symmetric(d, lam, &r, a);
    if (i == 0)
      m = tp_quartic(n, d, a, tauH, taub, &r);
    else
      tp_quartic_matrix(&m, a);
    search(&t, &m, THW_F64, stream, a, o, &r);
  }
  tp_model_free(&m);
  free(lam);
  free(a);
  return tally_end(&t);
}

static void random_of_norm(int64_t d, double norm, thw_rng *r, double *out) {
  for (int64_t j = 0; j < d; j++) out[j] = thw_rng_normal(r);
  double scale = norm / sqrt(tp_dot(d, out, out));
  for (int64_t j = 0; j < d; j++) out[j] *= scale;
}

tp_cell tp_cubic_cell(uint32_t dtype, double x_norm, double g_norm, double L2, tp_spectrum kind,
                      const curv_options *o, int seeds, uint32_t first_seed) {
  enum { D = 100 };
  tally t = tally_new(seeds);
  double lam[D], g[D], s[D], *a = tp_doubles(D * D);
  for (int i = 0; i < seeds; i++) {
    thw_rng r = {.key = {first_seed + (uint32_t)i, 13}};
    plant(D, o->delta, kind, &r, lam);
    tp_symmetric(D, lam, &r, a);
    random_of_norm(D, g_norm, &r, g);
    random_of_norm(D, x_norm, &r, s);
    tp_model m = tp_cubic(D, a, L2, g, s);
    search(&t, &m, dtype, 0, a, o, &r);
    tp_model_free(&m);
  }
  free(a);
  return tally_end(&t);
}
