/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/problems/planted.c - one function each, which planted noise makes a sum of rows.
 */
#include "problem.h"

static thw_status eval(void *self, const thw_view *x, const thw_batch *b, double *f, thw_view *g) {
  thwp_planted_eval(&((problem *)self)->planted, x, b, f, g);
  return THW_OK;
}

static thw_status diff(void *self, const thw_view *x, const thw_view *y, const thw_batch *b,
                       thw_view *d) {
  thwp_planted_diff(&((problem *)self)->planted, x, y, b, d);
  return THW_OK;
}

static thw_status hvp(void *self, const thw_view *x, const thw_view *v, const thw_batch *b,
                      thw_view *hv) {
  thwp_planted_hvp(&((problem *)self)->planted, x, v, b, hv);
  return THW_OK;
}

const thw_model_ops problem_planted_ops = {
    .size = sizeof(thw_model_ops),
    .layout = problem_layout,
    .facts = problem_facts,
    .init = problem_init,
    .eval = eval,
    .diff = diff,
    .hvp = hvp,
};

thw_status problem_plant(problem *p, const thwp_objective *o, const noise_params *noise) {
  thw_rng rows;
  double tauH = noise->hessian_noise, taub = noise->gradient_noise;
  p->d = o->d;
  double *room = problem_alloc(p, thwp_planted_room(p->n, p->d, tauH, taub));
  if (!room) return THW_E_NOMEM;
  THW_TRY(p->host->rng(p->ctx, "rows", &rows));
  thwp_planted_init(&p->planted, p->pool, o, p->n, tauH, taub, &rows, room);
  return THW_OK;
}

/* Of a sum with an odd number of rows the last one has no noise. */
void problem_noise_facts(const problem *p, thw_facts *out) {
  double part = p->n < 0 ? 1.0 : (double)(p->n / 2 * 2) / (double)p->n;
  double tauH = p->planted.tauH, taub = p->planted.taub;
  out->variance_hess = part * tauH * tauH;
  if (!(tauH > 0) || p->n == 1) out->variance = part * taub * taub;
  out->lipschitz_max = out->lipschitz + (p->n == 1 ? 0 : tauH);
}

/* ---- quartic-saddle -------------------------------------------------------------------------- */

/* lam: d numbers. */
static thw_status spectrum(problem *p, double *lam) {
  const quartic_params *q = p->params;
  thw_rng r;
  THW_TRY(p->host->rng(p->ctx, "spectrum", &r));
  for (int64_t i = 0; i < q->d; i++) {
    lam[i] = (size_t)i < q->eigenvalues.n
                 ? q->eigenvalues.v[i]
                 : q->rest_min + (q->rest_max - q->rest_min) * thw_rng_uniform(&r);
    if (i == 0) p->low = p->high = lam[0];
    p->low = fmin(p->low, lam[i]);
    p->high = fmax(p->high, lam[i]);
  }
  return THW_OK;
}

static thw_status quartic_build(problem *p) {
  const quartic_params *q = p->params;
  int64_t d = q->d, n = q->rotate ? d * d : d;
  thw_rng r;
  if (q->eigenvalues.n > (size_t)d)
    return problem_fail(p, THW_E_ARG, "%zu eigenvalues are more than d = %lld", q->eigenvalues.n,
                        (long long)d);
  if (q->rest_min > q->rest_max)
    return problem_fail(p, THW_E_ARG, "rest_min = %g lies above rest_max = %g", q->rest_min,
                        q->rest_max);
  if (q->rotate && d > 4096)
    return problem_fail(p, THW_E_ARG,
                        "a random rotation of %lld dimensions takes too long: at most 4096, or "
                        "rotate = false",
                        (long long)d);
  double *a = problem_alloc(p, n + thwp_padded(d)), *room = problem_alloc(p, thwp_quartic_room(d));
  if (!a || !room) return THW_E_NOMEM;
  if (!q->rotate) {
    THW_TRY(spectrum(p, a));
  } else {
    double *lam = a + n, *basis = problem_alloc(p, n);
    if (!basis) return THW_E_NOMEM;
    THW_TRY(spectrum(p, lam));
    THW_TRY(p->host->rng(p->ctx, "rotation", &r));
    thwp_symmetric(d, d, lam, &r, a, basis);
    p->host->release(p->ctx, basis);
  }
  thwp_quartic_init(&p->u.quartic, p->pool, d, a, !q->rotate, room);
  p->block.name = "x";
  if (!(q->valley > 0)) return problem_plant(p, &p->u.quartic.o, &q->noise);
  thwp_valley_init(&p->u.valley, &p->u.quartic.o, q->valley);
  THW_TRY(problem_plant(p, &p->u.valley.o, &q->noise));
  p->planted.quiet = 1;
  return THW_OK;
}

static void quartic_saddle(const problem *p, double *x, thw_rng *r) {
  double slope = ((const quartic_params *)p->params)->valley;
  (void)r;
  if (slope > 0) x[p->d - 1] = 1 / slope;
}

/* From below by lam s/2 + s^2/(4 d), s = |x|^2. */
static void quartic_facts(const problem *p, double R, thw_facts *out) {
  out->convexity = p->low;
  out->lower_bound = p->low < 0 ? -p->low * p->low * (double)p->d / 4 : 0;
  if (R > 0) {
    double slope = ((const quartic_params *)p->params)->valley;
    out->lipschitz = fmax(fmax(-p->low, p->high + 3 * R * R), slope);
    out->lipschitz_hess = fmax(6 * R, 0.8587 * slope); /* 3 t (1 + t^2)^-5/2 at t = 1/2 */
  }
  problem_noise_facts(p, out);
}

const problem_kind problem_quartic = {"quartic-saddle", quartic_build, quartic_saddle,
                                      quartic_facts};

/* ---- matrix-factorisation ----------------------------------------------------------------------
 */

static thw_status factor_build(problem *p) {
  const factor_params *q = p->params;
  int64_t m = q->d, k = q->columns, rank = (int64_t)q->eigenvalues.n;
  thw_rng r;
  if (rank < 1 || rank > m)
    return problem_fail(p, THW_E_ARG, "eigenvalues: between 1 and d = %lld numbers are needed",
                        (long long)m);
  if (k == 0) k = rank;
  if (k > m)
    return problem_fail(p, THW_E_ARG, "columns = %lld are more than d = %lld", (long long)k,
                        (long long)m);
  double *target = problem_alloc(p, m * m), *room = problem_alloc(p, thwp_factor_room(m, k)),
         *basis = problem_alloc(p, rank * m);
  if (!target || !room || !basis) return THW_E_NOMEM;
  THW_TRY(p->host->rng(p->ctx, "rotation", &r));
  thwp_symmetric(m, rank, q->eigenvalues.v, &r, target, basis);
  p->host->release(p->ctx, basis);
  for (int64_t i = 0; i < rank; i++) p->high = fmax(p->high, q->eigenvalues.v[i]);
  thwp_factor_init(&p->u.factor, m, k, target, room);
  p->block = (thw_block){.name = "U", .n_dims = 2, .dims = {m, k}};
  p->columns = k;
  return problem_plant(p, &p->u.factor.o, &q->noise);
}

static void factor_saddle(const problem *p, double *x, thw_rng *r) {
  double scale = ((const start_params *)p->params)->start_scale;
  for (int64_t i = 0; i < p->d; i += p->columns) x[i] = scale * thw_rng_normal(r);
}

/* The squares of the eigenvalues that k columns cannot represent. */
static double factor_minimum(const factor_params *q, int64_t k) {
  double rest = 0;
  for (size_t i = 0; i < q->eigenvalues.n; i++) {
    size_t larger = 0;
    for (size_t j = 0; j < q->eigenvalues.n; j++)
      larger += q->eigenvalues.v[j] > q->eigenvalues.v[i] ||
                (q->eigenvalues.v[j] == q->eigenvalues.v[i] && j < i);
    if (larger >= (size_t)k) rest += q->eigenvalues.v[i] * q->eigenvalues.v[i];
  }
  return rest / 4;
}

static void factor_facts(const problem *p, double R, thw_facts *out) {
  out->convexity = -p->high;
  out->lower_bound = factor_minimum(p->params, p->columns);
  if (R > 0) {
    out->lipschitz = fmax(R * R, p->high) + 2 * R * R;
    out->lipschitz_hess = 6 * R;
  }
  problem_noise_facts(p, out);
}

const problem_kind problem_factor = {"matrix-factorisation", factor_build, factor_saddle,
                                     factor_facts};

/* ---- tensor-ica --------------------------------------------------------------------------------
 */

static thw_status tensor_build(problem *p) {
  const tensor_params *q = p->params;
  thw_rng r;
  if (q->support > q->d)
    return problem_fail(p, THW_E_ARG, "support = %lld is more than d = %lld", (long long)q->support,
                        (long long)q->d);
  double *basis = problem_alloc(p, q->d * q->d), *room = problem_alloc(p, thwp_tensor_room(q->d));
  if (!basis || !room) return THW_E_NOMEM;
  THW_TRY(p->host->rng(p->ctx, "rotation", &r));
  thwp_haar(q->d, q->d, &r, basis);
  thwp_tensor_init(&p->u.tensor, q->d, basis, room);
  p->block.name = "u";
  return problem_plant(p, &p->u.tensor.o, &q->noise);
}

static void tensor_saddle(const problem *p, double *x, thw_rng *r) {
  const tensor_params *q = p->params;
  int64_t m = q->support > 0 ? q->support : q->d;
  const double *basis = p->u.tensor.basis.rows.x;
  (void)r;
  for (int64_t i = 0; i < m; i++)
    for (int64_t j = 0; j < p->d; j++) x[j] += basis[i * p->d + j] / sqrt(2.0 * (double)m - 1.0);
}

/* f >= s^2/4 - s/2, as sum v_i^4 <= s^2. */
static void tensor_facts(const problem *p, double R, thw_facts *out) {
  out->lower_bound = -0.25;
  if (R > 0) {
    out->lipschitz = fmax(6 * R * R, 1 + R * R);
    out->lipschitz_hess = 18 * R;
  }
  problem_noise_facts(p, out);
}

const problem_kind problem_tensor = {"tensor-ica", tensor_build, tensor_saddle, tensor_facts};

/* ---- staircase ----------------------------------------------------------------------------------
 */

static thw_status staircase_build(problem *p) {
  const staircase_params *q = p->params;
  int64_t d = q->d > 0 ? q->d : q->stairs;
  if (d < q->stairs)
    return problem_fail(p, THW_E_ARG, "d = %lld has no room for %lld stairs", (long long)d,
                        (long long)q->stairs);
  double *room = problem_alloc(p, thwp_staircase_room(q->stairs));
  if (!room) return THW_E_NOMEM;
  thwp_staircase_init(&p->u.staircase, d, q->stairs, q->hold, q->gamma, room);
  p->block.name = "x";
  return problem_plant(p, &p->u.staircase.o, &q->noise);
}

static void staircase_saddle(const problem *p, double *x, thw_rng *r) {
  double scale = ((const start_params *)p->params)->start_scale;
  for (int64_t i = 0; i < p->d; i++) x[i] = scale * (2 * thw_rng_uniform(r) - 1);
}

static void staircase_facts(const problem *p, double R, thw_facts *out) {
  const thwp_staircase *s = &p->u.staircase;
  out->lower_bound = -(double)s->stairs * thwp_staircase_drop(s);
  if (R > 0) thwp_staircase_bounds(s, &out->lipschitz, &out->lipschitz_hess);
  problem_noise_facts(p, out);
}

const problem_kind problem_staircase = {"staircase", staircase_build, staircase_saddle,
                                        staircase_facts};
