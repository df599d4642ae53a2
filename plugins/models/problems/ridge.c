/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/problems/ridge.c - sums over random rows of functions of a few projections. */
#include "problem.h"

static thw_status eval(void *self, const thw_view *x, const thw_batch *b, double *f, thw_view *g) {
  thwp_ridge_eval(&((problem *)self)->ridge, x, b, f, g);
  return THW_OK;
}

static thw_status diff(void *self, const thw_view *x, const thw_view *y, const thw_batch *b,
                       thw_view *d) {
  thwp_ridge_diff(&((problem *)self)->ridge, x, y, b, d);
  return THW_OK;
}

static thw_status hvp(void *self, const thw_view *x, const thw_view *v, const thw_batch *b,
                      thw_view *hv) {
  thwp_ridge_hvp(&((problem *)self)->ridge, x, v, b, hv);
  return THW_OK;
}

const thw_model_ops problem_ridge_ops = {
    .size = sizeof(thw_model_ops),
    .layout = problem_layout,
    .facts = problem_facts,
    .init = problem_init,
    .eval = eval,
    .diff = diff,
    .hvp = hvp,
};

/* Orthonormal teachers, which the caller scales, and the rows. */
static thw_status build(problem *p, thwp_link link, int64_t d, int64_t k, int64_t teachers,
                        double (*length)(const problem *p, int64_t c)) {
  thw_rng r, rows;
  if (teachers < 1 || teachers > d)
    return problem_fail(p, THW_E_ARG, "%s: between 1 and d = %lld planted vectors are needed",
                        p->kind->id, (long long)d);
  if (k > d)
    return problem_fail(p, THW_E_ARG, "%s: %lld columns are more than d = %lld", p->kind->id,
                        (long long)k, (long long)d);
  double *teacher = problem_alloc(p, teachers * d),
         *room = problem_alloc(p, thwp_ridge_room(p->n, d, k));
  if (!teacher || !room) return THW_E_NOMEM;
  THW_TRY(p->host->rng(p->ctx, "teacher", &r));
  THW_TRY(p->host->rng(p->ctx, "rows", &rows));
  thwp_haar(teachers, d, &r, teacher);
  for (int64_t c = 0; c < teachers; c++)
    for (int64_t j = 0; j < d; j++) teacher[c * d + j] *= length(p, c);
  thwp_ridge_init(&p->ridge, p->pool, link, p->n, d, k, teachers, teacher, &rows, room);
  p->d = k * d;
  p->block = (thw_block){.n_dims = 2, .dims = {k, d}};
  return THW_OK;
}

/* ---- matrix-sensing, phase-retrieval ------------------------------------------------------------
 */

static double sensing_length(const problem *p, int64_t c) {
  return sqrt(((const sensing_params *)p->params)->weights.v[c]);
}

static thw_status sensing_build(problem *p) {
  const sensing_params *q = p->params;
  THW_TRY(build(p, THWP_SENSING, q->d, q->columns, (int64_t)q->weights.n, sensing_length));
  p->block.name = "U";
  return THW_OK;
}

static void sensing_saddle(const problem *p, double *x, thw_rng *r) {
  double scale = ((const start_params *)p->params)->start_scale;
  for (int64_t j = 0; j < p->ridge.d; j++) x[j] = scale * thw_rng_normal(r);
}

static void sensing_facts(const problem *p, double R, thw_facts *out) {
  double m[5];
  out->lower_bound = 0;
  if (!(R > 0) || p->n < 0) return;
  thwp_ridge_moments(&p->ridge, m);
  if (!(m[0] > 0)) return; /* too many rows to be kept */
  out->lipschitz = fmax(3 * R * R * m[2], m[3]);
  out->lipschitz_hess = 6 * R * m[2];
}

const problem_kind problem_sensing = {"matrix-sensing", sensing_build, sensing_saddle,
                                      sensing_facts};

static double unit_length(const problem *p, int64_t c) {
  (void)p, (void)c;
  return 1;
}

static thw_status phase_build(problem *p) {
  const sensing_params *q = p->params;
  THW_TRY(build(p, THWP_SENSING, q->d, 1, 1, unit_length));
  p->block.name = "x";
  return THW_OK;
}

static void phase_saddle(const problem *p, double *x, thw_rng *r) {
  (void)p, (void)x, (void)r;
}

const problem_kind problem_phase = {"phase-retrieval", phase_build, phase_saddle, sensing_facts};

/* ---- two-layer ----------------------------------------------------------------------------------
 */

static double layer_length(const problem *p, int64_t c) {
  (void)c;
  return ((const layer_params *)p->params)->teacher_scale;
}

static thw_status layer_build(problem *p) {
  const layer_params *q = p->params;
  THW_TRY(build(p, q->activation ? THWP_SOFTPLUS : THWP_TANH, q->d, q->hidden, q->teachers,
                layer_length));
  p->block.name = "hidden";
  return THW_OK;
}

/* All units alike. */
static void layer_saddle(const problem *p, double *x, thw_rng *r) {
  double scale = ((const start_params *)p->params)->start_scale;
  int64_t d = p->ridge.d;
  for (int64_t j = 0; j < d; j++) x[j] = scale * thw_rng_normal(r);
  for (int64_t j = d; j < p->d; j++) x[j] = x[j - d];
}

/* tanh' <= 1, |tanh''| <= 0.77, |tanh'''| <= 2; of softplus 1 and 1/4. */
static void layer_facts(const problem *p, double R, thw_facts *out) {
  double m[5], k = (double)p->ridge.k, t = (double)p->ridge.teachers, most = k + t;
  out->lower_bound = 0;
  if (!(R > 0) || p->n < 0) return;
  thwp_ridge_moments(&p->ridge, m);
  if (!(m[0] > 0)) return;
  if (p->ridge.link == THWP_TANH) {
    out->lipschitz = m[0] * (k + 0.7699 * most);
    out->lipschitz_hess = m[1] * (3 * 0.7699 * sqrt(k) + 2 * most);
  } else {
    out->lipschitz = k * m[0] + (sqrt(k) * R * m[1] + k * 0.69315 * m[0] + m[3]) / 4;
  }
}

const problem_kind problem_layer = {"two-layer", layer_build, layer_saddle, layer_facts};
