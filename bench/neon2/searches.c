/* SPDX-License-Identifier: BSD-3-Clause */
/* What each search for negative curvature costs as delta (and n) shrink and grow: one line of JSON
 * for each search, for bench/neon2/reproduce.py.
 *
 * Spectra with smallest eigenvalue -delta ("find": the cost until a direction is found) and
 * -delta/2 ("certify": the cost of proving that there is none). Constants are given, so that what
 * is counted is the search alone. At the origin of these problems third derivatives vanish. A
 * search starts in a random direction, so that without noise the matrices may be diagonal; the
 * noise of the rows lies along the axes, so that with it they are rotated. */
#include <stdio.h>

#include "kernels/curvature/curvature.h"
#include "tests/problems/model.h"

/* The largest batch at which vr's step is still that of its rule, not the cap 0.5/L: up to there
 * the cost does not depend on it, beyond it grows in proportion. At most 16, its own. */
#define BY_RULE (-1)

/* One series of deltas. */
typedef struct series {
  curv_variant variant;
  int64_t n, d; /* n = -1: a stream */
  double tauH, taub, L;
  double from, to; /* deltas, `points` of them in equal ratios */
  int points;
  int64_t batch; /* 0: the variant's own; BY_RULE */
} series;

/* clang-format off */
static const series all[] = {
    {CURV_DET, 1, 100, 0, 0, 1, 1e-1, 1e-3, 7, 0},
    {CURV_KRYLOV, 1, 400, 0, 0, 1, 1e-1, 1e-3, 7, 0},
    {CURV_ONLINE, -1, 100, 0.5, 0.5, 1.5, 4e-1, 4e-3, 7, 0},
    {CURV_VR, 1000, 50, 0.5, 0, 1.5, 1e-1, 1e-3, 5, 0},
    {CURV_VR, 4000, 50, 0.5, 0, 1.5, 1e-1, 1e-3, 5, 0},
    {CURV_VR, 16000, 50, 0.5, 0, 1.5, 1e-1, 1e-3, 5, 0},
    {CURV_VR, 64000, 50, 0.5, 0, 1.5, 1e-1, 1e-3, 5, 0},
    {CURV_VR, 1000, 50, 0.5, 0, 1.5, 1e-1, 1e-3, 5, BY_RULE},
    {CURV_VR, 4000, 50, 0.5, 0, 1.5, 1e-1, 1e-3, 5, BY_RULE},
    {CURV_VR, 16000, 50, 0.5, 0, 1.5, 1e-1, 1e-3, 5, BY_RULE},
    {CURV_SVRG, 1000, 50, 0.5, 0, 1.5, 1e-1, 1e-3, 5, 0},
    {CURV_SVRG, 4000, 50, 0.5, 0, 1.5, 1e-1, 1e-3, 5, 0},
    {CURV_SVRG, 16000, 50, 0.5, 0, 1.5, 1e-1, 1e-3, 5, 0},
    {CURV_SVRG, 64000, 50, 0.5, 0, 1.5, 1e-1, 1e-3, 5, 0}};
/* clang-format on */

static const char *answer(curv_status s) {
  return s == CURV_FOUND ? "found" : s == CURV_BOTTOM ? "bottom" : "other";
}

static int64_t batch_by_rule(const series *s, const curv_options *o) {
  double rho = fmin(1, cbrt(o->c_rho * (double)s->n * o->delta * o->delta / (4 * o->V_H)));
  double b = 0.5 * o->V_H * rho * rho / (o->L * o->c_rho * o->delta);
  return (int64_t)fmin(fmax(floor(b), 1), 16);
}

static curv_options options(const series *s, double delta) {
  curv_options o;
  curv_options_default(&o);
  o.variant = s->variant;
  o.delta = delta;
  o.probe = CURV_PROBE_SQRT;
  o.L = s->L;
  o.V_H = s->tauH * s->tauH;
  o.batch = s->batch == BY_RULE ? batch_by_rule(s, &o) : s->batch;
  return o;
}

static void search(const series *s, const tp_model *m, const curv_options *o, thw_rng *r,
                   curv_result *result) {
  tp_oracle *oracle = tp_oracle_new(m, THW_F64, s->n < 0);
  thw_space *space = tp_oracle_space(oracle);
  curv_work w;
  thw_vec *x0;
  if (curv_work_new(space, &w) != THW_OK || thw_vec_new(space, &x0) != THW_OK) abort();
  curv_plan plan;
  curv_plan_make(s->variant, o, s->n, s->d, &plan);
  int64_t room = plan.steps < s->d ? plan.steps + 1 : s->d + 1;
  if (curv_work_extend(space, &w, s->variant, room < 2 ? 2 : room) != THW_OK) abort();
  if (thw_fill(x0, 0.0) != THW_OK) abort();
  curv_problem p = {.oracle = tp_oracle_object(oracle), .x0 = x0, .n = s->n, .rng = r};
  if (curv_search(&p, o, &w, result) != THW_OK || result->cost != tp_oracle_cost(oracle)) abort();
  thw_vec_free(x0);
  curv_work_free(&w);
  tp_oracle_free(oracle);
}

static void one(const series *s, tp_model *m, double delta, int negative, int seed) {
  double *lam = tp_doubles(s->d), *a = tp_doubles(s->d * s->d);
  thw_rng r = {.key = {(uint32_t)seed, 91}};
  curv_options o = options(s, delta);
  curv_result result;
  curv_plan plan;
  tp_planted(s->d, delta, negative, &r, lam);
  tp_symmetric(s->d, lam, s->tauH > 0 ? &r : NULL, a);
  tp_quartic_matrix(m, a);
  search(s, m, &o, &r, &result);
  curv_plan_make(s->variant, &o, s->n, s->d, &plan);
  printf("{\"search\": \"%s%s\", \"n\": %lld, \"d\": %lld, \"delta\": %.6g, \"task\": \"%s\", "
         "\"seed\": %d, \"answer\": \"%s\", \"gradients\": %lld, \"plan\": %.0f}\n",
         curv_variant_name(s->variant) + 6, s->batch ? " (batch by rule)" : "", (long long)s->n,
         (long long)s->d, delta, negative ? "find" : "certify", seed, answer(result.status),
         (long long)result.cost, plan.cost);
  free(lam);
  free(a);
}

static void run(const series *s, int seeds) {
  double *a = tp_doubles(s->d * s->d);
  thw_rng r = {.key = {90, 91}};
  tp_model m = tp_quartic(s->n < 0 ? 20000 : s->n, s->d, a, s->tauH, s->taub, &r);
  for (int k = 0; k < s->points; k++) {
    double delta = s->from * pow(s->to / s->from, k / (s->points - 1.0));
    for (int seed = 0; seed < seeds; seed++)
      for (int negative = 0; negative < 2; negative++) one(s, &m, delta, negative, seed);
  }
  tp_model_free(&m);
  free(a);
}

int main(int argc, char **argv) {
  const int known = (int)(sizeof all / sizeof all[0]);
  int seeds = argc > 1 ? atoi(argv[1]) : 0, only = argc > 2 ? atoi(argv[2]) : -1;
  if (seeds < 1 || argc > 3) {
    fprintf(stderr, "usage: neon2_searches SEEDS [SERIES]\n");
    return 2;
  }
  if (only >= known) {
    fprintf(stderr, "neon2_searches: there are %d series\n", known);
    return 3;
  }
  setvbuf(stdout, NULL, _IOLBF, 0);
  for (int i = 0; i < known; i++)
    if (only < 0 || i == only) run(&all[i], seeds);
  return 0;
}
