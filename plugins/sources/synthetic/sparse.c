/* SPDX-License-Identifier: BSD-3-Clause */
/* Sparse rows with a planted parameter vector: text-like data of any size. */
#include <config.h>

#include <math.h>
#include <string.h>

#include "plugins/sources/synthetic/synthetic.h"

#define TRIES 32

struct sparse_params {
  GEN_FIELDS
  int64_t nnz;
  double power, noise;
  int32_t task, values;
};

enum { BINARY, REGRESSION };
enum { NORMAL, ONES };
static const char *const task_choices[] = {"binary", "regression", NULL};
static const char *const values_choices[] = {"normal", "ones", NULL};

/* shared: the planted vector; shared2: cumulative frequencies of the columns, the last one 1. */
static thw_status prepare(gen *g) {
  const struct sparse_params *p = (const void *)g->p;
  g->nnz = p->nnz;
  g->ones = p->values == ONES;
  if (p->task == BINARY) {
    g->classes = 2;
    g->class_name = gen_sign_name;
    g->class_y = gen_sign_y;
  }
  g->shared = gen_normal_vector(g, "planted", g->d);
  g->shared2 = td_array(g->env, g->d, sizeof *g->shared2, "column frequencies");
  if (!g->shared || !g->shared2) return THW_E_NOMEM;
  double sum = 0;
  for (int64_t j = 0; j < g->d; j++) g->shared2[j] = sum += pow((double)(j + 1), -p->power);
  for (int64_t j = 0; j < g->d; j++) g->shared2[j] /= sum;
  return THW_OK;
}

static int32_t draw_column(const gen *g, double u) {
  int64_t lo = 0, hi = g->d - 1;
  while (lo < hi) {
    int64_t mid = lo + (hi - lo) / 2;
    if (g->shared2[mid] <= u)
      lo = mid + 1;
    else
      hi = mid;
  }
  return (int32_t)lo;
}

/* Where `column` stands, or should stand, among n ascending ones. */
static int64_t position(const int32_t *col, int64_t n, int32_t column) {
  int64_t lo = 0, hi = n;
  while (lo < hi) {
    int64_t mid = lo + (hi - lo) / 2;
    if (col[mid] < column)
      lo = mid + 1;
    else
      hi = mid;
  }
  return lo;
}

/* nnz different columns, ascending. A column that stays taken after many tries (a row that holds
 * nearly all the frequent ones) gives way to the next free one. */
static void draw_columns(const gen *g, thw_rng *r, int32_t *col) {
  for (int64_t n = 0; n < g->nnz; n++) {
    int32_t column = 0;
    int64_t at = 0;
    for (int t = 0; t < TRIES; t++) {
      column = draw_column(g, thw_rng_uniform(r));
      at = position(col, n, column);
      if (at == n || col[at] != column) break;
    }
    while (at < n && col[at] == column) {
      column = column + 1 < g->d ? column + 1 : 0;
      at = column ? at + 1 : 0;
    }
    memmove(col + at + 1, col + at, (size_t)(n - at) * sizeof *col);
    col[at] = column;
  }
}

static void row(const gen *g, thw_rng *r, gen_row *o) {
  const struct sparse_params *p = (const void *)g->p;
  double flip = thw_rng_uniform(r), noise = thw_rng_normal(r), dot = 0;
  double scale = 1 / sqrt((double)g->nnz);
  draw_columns(g, r, o->col);
  for (int64_t k = 0; k < g->nnz; k++) {
    double v = g->ones ? 1 : thw_rng_normal(r) * scale;
    if (o->x) td_put(o->x, g->dtype, k, v);
    dot += v * g->shared[o->col[k]];
  }
  o->y = dot + p->noise * noise;
  o->class_of_row = (dot >= 0) != (flip < p->noise);
}

static const gen_law law = {THW_ROWS_CSR, prepare, row};

static thw_status check(const thw_host *h, thw_ctx *c, const void *params) {
  const struct sparse_params *p = params;
  td_env e = {h, c};
  if (p->nnz > p->d)
    return td_fail(e, THW_E_ARG, "nnz = %lld values do not fit in rows of d = %lld features",
                   (long long)p->nnz, (long long)p->d);
  if (p->task == BINARY && p->noise > 1)
    return td_fail(e, THW_E_ARG, "noise = %g: with task = \"binary\" it is a probability",
                   p->noise);
  return gen_check(h, c, params);
}

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c, const void *p,
                         const thw_wired *slots, void **self) {
  (void)me;
  (void)slots;
  return gen_create(&law, (td_env){h, c}, p, self);
}

static const thw_param params[] = {
    GEN_PARAMS(struct sparse_params, 10000, 1000),
    THW_PARAM_INT(struct sparse_params, nnz, 20, 1, 100000, NULL, "Stored values in each row."),
    THW_PARAM_REAL(struct sparse_params, power, 1, 0, 10, 0, NULL,
                   "Column j is drawn with frequency proportional to j^-power; 0: all alike."),
    THW_PARAM_ENUM(struct sparse_params, task, BINARY, task_choices, "What the label is."),
    THW_PARAM_ENUM(struct sparse_params, values, NORMAL, values_choices,
                   "Stored values: normal with variance 1/nnz, or all ones."),
    THW_PARAM_REAL(struct sparse_params, noise, 0.1, 0, THW_NO_BOUND, 0, NULL,
                   "Probability that a binary label is turned over; for regression, standard "
                   "deviation of the noise."),
    TD_COMMON_PARAMS(struct sparse_params),
};

const thw_component sparse_planted_component = {
    THW_COMPONENT_HEAD(THW_SOURCE),
    .id = "sparse-planted",
    .version = PACKAGE_VERSION,
    .summary = "sparse rows with power-law column frequencies and a planted parameter vector",
    .doc = "Each row has nnz different columns, drawn by frequency, and the label is a'w plus "
           "noise, or the sign of a'w turned over with probability `noise`, for a normal "
           "w.\n\n" GEN_DOC TD_COMMON_DOC,
    THW_PARAMS(params, struct sparse_params),
    .ops = &gen_ops,
    .check = check,
    .create = create,
    .destroy = gen_destroy,
};
