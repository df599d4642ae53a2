/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/problems/reduce.h"

#include <stdio.h>

#include "tests/problems/cells.h"
#include "tests/problems/chain.h"
#include "tests/problems/model.h"

double tp_least_eigenvalue(int64_t d, const double *a) {
  double bound = 0, z = 0, *v = tp_doubles(2 * d), *w = v + d;
  thw_rng r = {.key = {77, 5}};
  for (int64_t i = 0; i < d; i++) {
    double sum = 0;
    for (int64_t j = 0; j < d; j++) sum += fabs(a[i * d + j]);
    bound = fmax(bound, sum);
    v[i] = thw_rng_normal(&r);
  }
  for (int t = 0; t < 4000; t++) {
    double norm = sqrt(tp_dot(d, v, v));
    for (int64_t i = 0; i < d; i++) v[i] /= norm;
    tp_symv(d, a, v, w);
    z = tp_dot(d, v, w);
    for (int64_t i = 0; i < d; i++) v[i] = bound * v[i] - w[i];
  }
  free(v);
  return z;
}

void tp_print_reduction(const char *what, const tp_reduction *r) {
  printf("  %-52s %2d of %2d, %.4g passes (search %.4g), %.2g curvature steps, f %.6g", what, r->ok,
         r->seeds, r->passes, r->search_passes, r->steps, r->f);
  if (r->lied) printf("; %d false", r->lied);
  for (int s = 0; s < 8; s++)
    if (r->ended[s] && s != THW_DONE) printf("; %d ended with %d", r->ended[s], s);
  printf("\n");
}

/* ---- cells ------------------------------------------------------------------------------------
 */

typedef struct cell {
  const tp_method *m;
  tp_reduction r;
  double *passes, *search, *steps, *f;
  int n_f;
} cell;

static cell cell_new(const tp_method *m) {
  cell c = {.m = m, .r = {.seeds = m->seeds, .worst_f = -INFINITY}};
  c.passes = tp_doubles(4 * m->seeds);
  c.search = c.passes + m->seeds, c.steps = c.search + m->seeds, c.f = c.steps + m->seeds;
  return c;
}

static tp_reduction cell_end(cell *c) {
  c->r.passes = tp_median(c->passes, c->r.ok);
  c->r.search_passes = tp_median(c->search, c->r.ok);
  c->r.steps = tp_median(c->steps, c->r.ok);
  c->r.f = tp_median(c->f, c->n_f);
  free(c->passes);
  return c->r;
}

/* One run; the point into x, and f there. `good` judges. */
static void one(cell *c, const tp_model *model, int stream, uint32_t seed,
                int (*good)(void *arg, const double *x, double *f), void *arg) {
  const tp_method *m = c->m;
  double n = (double)model->n, f, *x = tp_doubles(model->d);
  tp_oracle *o = tp_oracle_new(model, THW_F64, stream);
  tp_chain *t = tp_chain_new(o, seed, (int64_t)(m->passes * n), m->outer, m->inner);
  thw_status st = tp_chain_start(t);
  if (st == THW_OK) st = tp_chain_run(t, m->units ? m->units : model->n, 10000000);
  if (st < 0) {
    fprintf(stderr, "seed %u: %s\n", seed, tp_chain_text(t, st));
    abort();
  }
  thw_view v;
  thw_vec *point = tp_chain_point(t);
  point->ops->map(point, THW_READ, &v);
  tp_read(&v, x);
  point->ops->unmap(point, THW_READ);
  int true_minimum = good(arg, x, &f);
  c->r.ended[st < 8 ? st : 7]++;
  c->f[c->n_f++] = f;
  if (st == THW_DONE && !true_minimum) c->r.lied++;
  if (st == THW_DONE && true_minimum) {
    c->passes[c->r.ok] = (double)tp_chain_cost(t, NULL) / n;
    c->search[c->r.ok] =
        (double)(tp_chain_cost(t, "optimizer:search") + tp_chain_cost(t, "optimizer:estimate")) / n;
    c->steps[c->r.ok++] = tp_chain_reported(t, "curvature_steps");
    c->r.worst_f = fmax(c->r.worst_f, f);
  }
  tp_chain_free(t);
  tp_oracle_free(o);
  free(x);
}

/* ---- Q ----------------------------------------------------------------------------------------
 */

typedef struct quartic {
  int64_t d;
  const double *a;
  double epsilon, delta;
} quartic;

static int quartic_minimum(void *arg, const double *x, double *f) {
  const quartic *q = arg;
  int64_t d = q->d;
  double gg = 0, *h = tp_copy(d * d, q->a), *g = tp_doubles(d);
  tp_symv(d, q->a, x, g);
  *f = tp_dot(d, x, g) / 2;
  for (int64_t i = 0; i < d; i++) {
    g[i] += x[i] * x[i] * x[i];
    gg += g[i] * g[i];
    *f += x[i] * x[i] * x[i] * x[i] / 4;
    h[i * d + i] += 3 * x[i] * x[i];
  }
  double least = tp_least_eigenvalue(d, h);
  free(h);
  free(g);
  return sqrt(gg) <= q->epsilon && least >= -q->delta;
}

tp_reduction tp_reduce_quartic(int64_t n, int64_t d, double tauH, double taub, double epsilon,
                               double delta, int stream, const tp_method *m) {
  cell c = cell_new(m);
  tp_chain_goal(epsilon, delta);
  double *lam = tp_doubles(d), *a = tp_doubles(d * d);
  tp_model model;
  for (int i = 0; i < m->seeds; i++) {
    thw_rng r = {.key = {m->first_seed + (uint32_t)i, 21}};
    for (int64_t j = 0; j < d; j++) lam[j] = thw_rng_uniform(&r);
    lam[0] = -0.4, lam[1] = -0.2, lam[2] = -0.1;
    tp_symmetric(d, lam, &r, a);
    if (i == 0)
      model = tp_quartic(n, d, a, tauH, taub, &r);
    else
      tp_quartic_matrix(&model, a);
    quartic q = {d, a, epsilon, delta};
    one(&c, &model, stream, m->first_seed + (uint32_t)i, quartic_minimum, &q);
  }
  tp_model_free(&model);
  free(lam);
  free(a);
  return cell_end(&c);
}

/* ---- MF: all its local minima have f = 0 ------------------------------------------------------
 */

typedef struct factor {
  const tp_model *m;
  double epsilon;
} factor;

static int factor_minimum(void *arg, const double *x, double *f) {
  const factor *q = arg;
  double *g = tp_doubles(q->m->d), *copy = tp_copy(q->m->d, x);
  thw_view xv = {.data = copy, .n = q->m->d, .dtype = THW_F64},
           gv = {.data = g, .n = q->m->d, .dtype = THW_F64};
  if (q->m->ops->eval(q->m->self, &xv, NULL, f, &gv) != THW_OK) abort();
  double norm = sqrt(tp_dot(q->m->d, g, g));
  free(g);
  free(copy);
  return norm <= q->epsilon && *f <= 1e-6;
}

tp_reduction tp_reduce_factor(double epsilon, double delta, const tp_method *m) {
  cell c = cell_new(m);
  tp_chain_goal(epsilon, delta);
  double lam[40] = {1, 0.8, 0.6, 0.4};
  for (int i = 0; i < m->seeds; i++) {
    thw_rng r = {.key = {m->first_seed + (uint32_t)i, 22}};
    tp_model model = tp_factor(40, 4, lam, &r);
    factor q = {&model, epsilon};
    one(&c, &model, 0, m->first_seed + (uint32_t)i, factor_minimum, &q);
    tp_model_free(&model);
  }
  return cell_end(&c);
}
