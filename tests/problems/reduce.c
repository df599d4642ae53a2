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
  double *passes, *search, *steps, *f, *least;
  int n_f;
} cell;

static cell cell_new(const tp_method *m) {
  cell c = {.m = m, .r = {.seeds = m->seeds, .worst_f = -INFINITY, .best_f = INFINITY}};
  c.passes = tp_doubles(5 * m->seeds);
  c.search = c.passes + m->seeds, c.steps = c.search + m->seeds, c.f = c.steps + m->seeds;
  c.least = c.f + m->seeds;
  return c;
}

static tp_reduction cell_end(cell *c) {
  c->r.passes = tp_median(c->passes, c->r.ok);
  c->r.search_passes = tp_median(c->search, c->r.ok);
  c->r.steps = tp_median(c->steps, c->r.ok);
  c->r.least = tp_median(c->least, c->n_f);
  c->r.f = tp_median(c->f, c->n_f);
  free(c->passes);
  return c->r;
}

/* What a judge saw: f, norm of the gradient, least eigenvalue of the Hessian. */
typedef struct sight {
  double f, norm, least;
} sight;

static int minimum(const sight *s, double epsilon, double delta) {
  return s->norm <= epsilon && s->least >= -delta;
}

static uint32_t precision = THW_F64;

void tp_reduce_in(uint32_t dtype) {
  precision = dtype;
}

/* One run, whose last point `look` judges. */
static void one(cell *c, const tp_model *model, int stream, uint32_t seed, double epsilon,
                double delta, sight (*look)(const void *arg, const double *x), const void *arg) {
  const tp_method *m = c->m;
  double n = (double)model->n, *x = tp_doubles(model->d);
  tp_oracle *o = tp_oracle_new(model, precision, stream);
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
  sight s = look(arg, x);
  int true_minimum = minimum(&s, epsilon, delta);
  c->r.ended[st < 8 ? st : 7]++;
  c->least[c->n_f] = s.least;
  c->f[c->n_f++] = s.f;
  if (st == THW_DONE && !true_minimum) c->r.lied++;
  if (st == THW_DONE && true_minimum) {
    c->passes[c->r.ok] = (double)tp_chain_cost(t, NULL) / n;
    c->search[c->r.ok] =
        (double)(tp_chain_cost(t, "optimizer:search") + tp_chain_cost(t, "optimizer:estimate")) / n;
    c->steps[c->r.ok++] = tp_chain_reported(t, "curvature_steps");
    c->r.worst_f = fmax(c->r.worst_f, s.f);
    c->r.best_f = fmin(c->r.best_f, s.f);
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
} quartic;

static sight see_quartic(const void *arg, const double *x) {
  const quartic *q = arg;
  int64_t d = q->d;
  double gg = 0, *h = tp_copy(d * d, q->a), *g = tp_doubles(d);
  tp_symv(d, q->a, x, g);
  sight s = {.f = tp_dot(d, x, g) / 2};
  for (int64_t i = 0; i < d; i++) {
    g[i] += x[i] * x[i] * x[i];
    gg += g[i] * g[i];
    s.f += x[i] * x[i] * x[i] * x[i] / 4;
    h[i * d + i] += 3 * x[i] * x[i];
  }
  s.norm = sqrt(gg);
  s.least = tp_least_eigenvalue(d, h);
  free(h);
  free(g);
  return s;
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
    quartic q = {d, a};
    one(&c, &model, stream, m->first_seed + (uint32_t)i, epsilon, delta, see_quartic, &q);
  }
  tp_model_free(&model);
  free(lam);
  free(a);
  return cell_end(&c);
}

/* ---- MF, MS, PR -------------------------------------------------------------------------------
 */

static sight see_model(const void *arg, const double *x) {
  const tp_model *m = arg;
  int64_t d = m->d;
  sight s;
  double *copy = tp_copy(d, x), *room = tp_doubles((d + 3) * d), *h = room + 3 * d;
  thw_view xv = {.data = copy, .n = d, .dtype = THW_F64}, gv = xv, ev = xv, hv = xv;
  gv.data = room, ev.data = room + d, hv.data = room + 2 * d;
  if (m->ops->eval(m->self, &xv, NULL, &s.f, &gv) != THW_OK) abort();
  s.norm = sqrt(tp_dot(d, room, room));
  for (int64_t j = 0; j < d; j++) {
    room[d + j] = 1;
    if (m->ops->hvp(m->self, &xv, &ev, NULL, &hv) != THW_OK) abort();
    memcpy(h + j * d, hv.data, (size_t)d * sizeof *h);
    room[d + j] = 0;
  }
  s.least = tp_least_eigenvalue(d, h);
  free(copy);
  free(room);
  return s;
}

tp_reduction tp_reduce_factor(double epsilon, double delta, const tp_method *m) {
  static const double lam[40] = {1, 0.8, 0.6, 0.4};
  cell c = cell_new(m);
  tp_chain_goal(epsilon, delta);
  for (int i = 0; i < m->seeds; i++) {
    thw_rng r = {.key = {m->first_seed + (uint32_t)i, 22}};
    tp_model model = tp_factor(40, 4, lam, &r);
    one(&c, &model, 0, m->first_seed + (uint32_t)i, epsilon, delta, see_model, &model);
    tp_model_free(&model);
  }
  return cell_end(&c);
}

tp_reduction tp_reduce_sensing(int phase, double epsilon, double delta, const tp_method *m) {
  static const double weight[2] = {1, 0.6};
  cell c = cell_new(m);
  tp_chain_goal(epsilon, delta);
  for (int i = 0; i < m->seeds; i++) {
    thw_rng r = {.key = {m->first_seed + (uint32_t)i, 23}};
    tp_model model = phase ? tp_sensing(2000, 50, 1, 1, weight, 0, &r)
                           : tp_sensing(4000, 20, 2, 2, weight, 0.2, &r);
    one(&c, &model, 0, m->first_seed + (uint32_t)i, epsilon, delta, see_model, &model);
    tp_model_free(&model);
  }
  return cell_end(&c);
}
