/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/sources/patterns/two-patterns.c - rows with a pattern that is hard to generalise and one
 * that is hard to fit. Row i of a set is a function of (seed, path of the source, set, i); the
 * directions are those of the seed and path. */
#include <config.h>

#include <math.h>
#include <string.h>

#include <thalweg/thalweg.h>

#include "kernels/data/pool.h"
#include "kernels/data/table.h"

enum { TRAIN, TEST, P_ONLY, Q_ONLY, SETS };
static const char *const set_names[SETS] = {"train", "test", "p-only", "q-only"};
static const char *const class_names[] = {"-1", "+1"};

#define ROW_BLOCKS_LOG2 24 /* of its stream, for each row */

typedef struct pattern_params {
  int64_t d, d2, n, test, seed;
  double p0, q0, gamma0, r, rho, a_min;
} pattern_params;

typedef struct patterns {
  td_env env;
  const pattern_params *p;
  uint32_t dtype, n_sets;
  double *w, *z, *zeta; /* directions: d, d2, d2 numbers */
  void *x[SETS], *y[SETS];
  int32_t *label[SETS];
  thw_rows rows[SETS];
  thw_rng stream[SETS];
  int64_t dims[1];
  td_pool pool;
} patterns;

/* ---- rows ---------------------------------------------------------------------------------------
 */

static double dot(int64_t n, const double *a, const double *b) {
  double s = 0;
  for (int64_t i = 0; i < n; i++) s += a[i] * b[i];
  return s;
}

/* x1 = y (gamma0 w + g), g ~ N(0, I/d) given that <w, g> >= 0. */
static void put_p(const patterns *g, thw_rng *r, double y, double *x1) {
  int64_t d = g->p->d;
  double scale = 1 / sqrt((double)d);
  for (int64_t i = 0; i < d; i++) x1[i] = scale * thw_rng_normal(r);
  double along = dot(d, x1, g->w), turn = along < 0 ? -2 * along : 0;
  for (int64_t i = 0; i < d; i++) x1[i] = y * (x1[i] + (turn + g->p->gamma0) * g->w[i]);
}

/* x2 = a z for +1, a (z + b zeta) for -1. */
static void put_q(const patterns *g, thw_rng *r, double y, double *x2) {
  double a = g->p->a_min + (1 - g->p->a_min) * thw_rng_uniform(r);
  double b = thw_rng_uniform(r) < 0.5 ? -1 : 1;
  for (int64_t i = 0; i < g->p->d2; i++) x2[i] = a * (y > 0 ? g->z[i] : g->z[i] + b * g->zeta[i]);
}

/* The same draws in every set, so that p-only and q-only differ by what is left out. */
static void make_row(const patterns *g, uint32_t set, int64_t i, double *x, double *y) {
  const pattern_params *p = g->p;
  thw_rng r = g->stream[set];
  r.block = (uint64_t)i << ROW_BLOCKS_LOG2;
  r.left = 0;
  double kind = thw_rng_uniform(&r);
  *y = thw_rng_uniform(&r) < 0.5 ? -1 : 1;
  put_p(g, &r, *y, x);
  put_q(g, &r, *y, x + p->d);
  int p_only = set == P_ONLY || (set != Q_ONLY && kind < p->p0);
  int q_only = set == Q_ONLY || (set != P_ONLY && kind >= p->p0 && kind < p->p0 + p->q0);
  if (p_only) memset(x + p->d, 0, (size_t)p->d2 * sizeof *x);
  if (q_only) memset(x, 0, (size_t)p->d * sizeof *x);
}

static thw_status fill_set(patterns *g, uint32_t set, int64_t n) {
  int64_t width = g->p->d + g->p->d2;
  size_t size = td_dtype_size(g->dtype);
  if (n > INT64_MAX / 64 / width) return td_nomem(g->env, "rows", (double)n * (double)width);
  g->x[set] = td_array(g->env, n * width, size, "rows");
  g->y[set] = td_array(g->env, n, size, "labels");
  g->label[set] = td_array(g->env, n, sizeof(int32_t), "labels");
  double *row = td_array(g->env, width, sizeof *row, "a row"), y;
  if (!g->x[set] || !g->y[set] || !g->label[set] || !row) {
    td_array_free(row);
    return THW_E_NOMEM;
  }
  for (int64_t i = 0; i < n; i++) {
    make_row(g, set, i, row, &y);
    for (int64_t k = 0; k < width; k++) td_put(g->x[set], g->dtype, i * width + k, row[k]);
    td_put(g->y[set], g->dtype, i, y);
    g->label[set][i] = y > 0;
  }
  td_array_free(row);
  g->rows[set] = (thw_rows){.size = sizeof(thw_rows),
                            .layout = THW_ROWS_DENSE,
                            .dtype = g->dtype,
                            .n = n,
                            .width = width,
                            .x = g->x[set],
                            .ld = width,
                            .y = g->y[set],
                            .label = g->label[set]};
  return THW_OK;
}

/* ---- directions ---------------------------------------------------------------------------------
 */

static double *direction(const patterns *g, thw_rng *r, int64_t n, double length) {
  double *v = td_array(g->env, n, sizeof *v, "directions");
  for (int64_t i = 0; v && i < n; i++) v[i] = thw_rng_normal(r);
  double norm = v ? sqrt(dot(n, v, v)) : 1;
  for (int64_t i = 0; v && i < n; i++) v[i] *= length / norm;
  return v;
}

/* zeta is orthogonal to z. */
static thw_status make_directions(patterns *g) {
  const pattern_params *p = g->p;
  thw_rng r;
  THW_TRY(td_stream(g->env, p->seed, "directions", &r));
  g->w = direction(g, &r, p->d, 1);
  g->z = direction(g, &r, p->d2, p->rho);
  g->zeta = direction(g, &r, p->d2, 1);
  if (!g->w || !g->z || !g->zeta) return THW_E_NOMEM;
  double along = dot(p->d2, g->zeta, g->z) / dot(p->d2, g->z, g->z);
  for (int64_t i = 0; i < p->d2; i++) g->zeta[i] -= along * g->z[i];
  double scale = p->r * p->rho / sqrt(dot(p->d2, g->zeta, g->zeta));
  for (int64_t i = 0; i < p->d2; i++) g->zeta[i] *= scale;
  return THW_OK;
}

/* ---- the source ---------------------------------------------------------------------------------
 */

static void destroy(void *self) {
  patterns *g = self;
  for (int k = 0; k < SETS; k++) {
    td_array_free(g->x[k]);
    td_array_free(g->y[k]);
    td_array_free(g->label[k]);
  }
  td_array_free(g->w);
  td_array_free(g->z);
  td_array_free(g->zeta);
  td_pool_free(&g->pool);
  g->env.host->release(g->env.ctx, g);
}

static thw_status fill(patterns *g) {
  THW_TRY(make_directions(g));
  g->n_sets = g->p->test > 0 ? SETS : 1;
  for (uint32_t k = 0; k < g->n_sets; k++) {
    THW_TRY(td_stream(g->env, g->p->seed, set_names[k], &g->stream[k]));
    THW_TRY(fill_set(g, k, k == TRAIN ? g->p->n : g->p->test));
  }
  return THW_OK;
}

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c, const void *params,
                         const thw_wired *slots, void **self) {
  (void)me, (void)slots;
  patterns *g = h->alloc(c, sizeof *g);
  if (!g) return h->fail(c, THW_E_NOMEM, "out of memory for two-patterns");
  g->env = (td_env){h, c};
  g->p = params;
  g->dtype = h->dtype(c);
  g->dims[0] = g->p->d + g->p->d2;
  thw_status st = fill(g);
  if (st != THW_OK)
    destroy(g);
  else
    *self = g;
  return st;
}

static thw_status check(const thw_host *h, thw_ctx *c, const void *params) {
  const pattern_params *p = params;
  if (p->p0 + p->q0 <= 1) return THW_OK;
  return h->fail(c, THW_E_ARG, "p0 + q0 is more than 1: they are fractions of the rows");
}

static thw_status sets(void *self, uint32_t *n) {
  *n = ((patterns *)self)->n_sets;
  return THW_OK;
}

static thw_status info(void *self, uint32_t set, thw_source_info *out) {
  const patterns *g = self;
  out->layout = THW_ROWS_DENSE;
  out->label = THW_LABEL_CLASS;
  out->n = g->rows[set].n;
  out->width = g->p->d + g->p->d2;
  out->set = set_names[set];
  out->classes = 2;
  out->class_name = class_names;
  return THW_OK;
}

static thw_status take(void *self, uint32_t set, int64_t n, const int64_t *index, int64_t first,
                       thw_batch **out) {
  patterns *g = self;
  if (set >= g->n_sets || n < 0 || (!index && (first < 0 || first > g->rows[set].n - n)))
    return td_fail(g->env, THW_E_ARG, "no such rows");
  td_slot *s = td_pool_take(&g->pool, g->env, 0);
  if (!s) return THW_E_NOMEM;
  s->batch.set = set;
  s->batch.n = n;
  s->batch.first = first;
  s->batch.index = index;
  s->batch.rows = &g->rows[set];
  *out = &s->batch;
  return THW_OK;
}

static void release(void *self, thw_batch *b) {
  td_pool_release(&((patterns *)self)->pool, b);
}

static const thw_source_ops ops = {sizeof(thw_source_ops), 0, sets, info, take, release};

static const thw_param params[] = {
    THW_PARAM_INT(pattern_params, d, 50, 1, 1e6, NULL, "Numbers in the part x1, of pattern P."),
    THW_PARAM_INT(pattern_params, d2, 2, 2, 64, NULL, "Numbers in the part x2, of pattern Q."),
    THW_PARAM_INT(pattern_params, n, 500, 1, 1e9, "rows", "Training rows."),
    THW_PARAM_INT(pattern_params, test, 4000, 0, 1e9, "rows",
                  "Rows of each of the sets test (of the same law), p-only and q-only; 0: none."),
    THW_PARAM_REAL(pattern_params, p0, 0.03, 0.0, 1.0, 0, NULL, "Fraction of rows with P only."),
    THW_PARAM_REAL(pattern_params, q0, 0.2, 0.0, 1.0, 0, NULL, "Fraction of rows with Q only."),
    THW_PARAM_REAL(pattern_params, gamma0, 0.05, 0.0, THW_NO_BOUND, 0, NULL, "Margin of P."),
    THW_PARAM_REAL(pattern_params, r, 0.5, 0.0, THW_NO_BOUND, THW_P_MIN_OPEN, NULL,
                   "Displacement |zeta| of Q over its length rho."),
    THW_PARAM_REAL(pattern_params, rho, 4.0, 0.0, THW_NO_BOUND, THW_P_MIN_OPEN, NULL,
                   "Length |z| of Q."),
    THW_PARAM_REAL(pattern_params, a_min, 0.5, 0.0, 1.0, 0, NULL,
                   "Q is scaled by a uniform number between this and 1 (0 in the theory)."),
    THW_PARAM_INT(pattern_params, seed, -1, -1, THW_NO_BOUND, NULL,
                  "Number that the data depend on in place of run.seed, so that runs with other "
                  "initial weights and noise see the same data; -1: run.seed."),
};

static const thw_component component = {
    THW_COMPONENT_HEAD(THW_SOURCE),
    .id = "two-patterns",
    .version = PACKAGE_VERSION,
    .summary = "rows with one pattern that is easy to fit and one that is easy to generalise",
    .doc =
        "A label y is -1 or +1. P: x1 = y (gamma0 w + g) with g ~ N(0, I/d) on the side of w: a "
        "linear function fits it, but only many rows tell w. Q: x2 = a z for y = +1 and a (z + b "
        "zeta) for y = -1, b = -1 or +1 and a uniform on [a_min, 1], zeta orthogonal to z and "
        "short: "
        "few rows tell all about it, but no linear function fits it. A fraction p0 of the rows has "
        "x2 = 0, a fraction q0 has x1 = 0, the others have both. The sets p-only and q-only have "
        "one pattern each.\n\n"
        "A method that fits Q first learns P from the rows without Q alone, p0 n of them; one that "
        "cannot fit Q yet, because its step or its noise is large, learns P from all.",
    .reference =
        "Y. Li, C. Wei, T. Ma: Towards Explaining the Regularization Effect of Initial Large "
        "Learning Rate in Training Neural Networks. NeurIPS 2019, section 2",
    THW_PARAMS(params, pattern_params),
    .ops = &ops,
    .check = check,
    .create = create,
    .destroy = destroy,
};

static const thw_component *const components[] = {&component};

static const thw_plugin plugin = {
    THW_PLUGIN_HEAD,           .id = "two-patterns", .version = PACKAGE_VERSION,
    .license = "BSD-3-Clause", .n_components = 1,    .components = components,
};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
