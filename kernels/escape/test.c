/* SPDX-License-Identifier: BSD-3-Clause */
/* Is the gradient small? On all rows where there are at most 16 V/epsilon^2 of them, else on that
 * many: the mean then has a standard error of a quarter of epsilon. */
#include "kernels/escape/escape.h"

#define PILOT 512
#define SMALL_SUM 2048 /* rows up to which all of them are as good as a pilot */
#define CHUNK 65536    /* rows of a stream in one batch */
#define BLOCKS 8

static curv_problem problem(escape *e, const thw_vec *x) {
  return (curv_problem){.oracle = &e->o->oracle, .x0 = x, .n = e->o->n, .rng = &e->test};
}

/* Mean gradient of m rows into e->g, e->V their variance. */
static thw_status on_rows(escape *e, const thw_vec *x, int64_t m) {
  const curv_problem at = problem(e, x);
  int64_t cost = 0;
  e->drawn = e->test;
  e->rows = m;
  THW_TRY(curv_gradient_variance(&at, m, BLOCKS, e->g, e->trial, &e->V, &cost));
  return thw_norm2(e->g, &e->norm);
}

/* A stream's rows are independent whatever batches they come in, and batches take room. */
static thw_status on_stream(escape *e, const thw_vec *x, double m) {
  const curv_problem at = problem(e, x);
  double have = 0, V = 0;
  thw_vec *part = e->work.a;
  e->rows = CHUNK;
  for (int64_t cost = 0; have < m; have += CHUNK) {
    if (e->o->host->cancelled(e->o->ctx)) return THW_CANCELLED;
    if (have == 0) e->drawn = e->test;
    THW_TRY(curv_gradient_variance(&at, CHUNK, BLOCKS, part, e->trial, &V, &cost));
    double weight = CHUNK / (have + CHUNK);
    THW_TRY(thw_axpby(e->g, weight, part, have > 0 ? 1 - weight : 0.0));
    e->V = have > 0 ? e->V + weight * (V - e->V) : V;
  }
  return thw_norm2(e->g, &e->norm);
}

static thw_status on_all(escape *e, const thw_vec *x) {
  e->rows = 0;
  THW_TRY(thw_oracle_eval(&e->o->oracle, x, NULL, NULL, e->g));
  return thw_norm2(e->g, &e->norm);
}

static thw_status measure(escape *e, const thw_vec *x) {
  int64_t n = e->o->n;
  if (n >= 0 && (n <= SMALL_SUM || e->whole)) return on_all(e, x);
  THW_TRY(on_rows(e, x, PILOT));
  double want = ceil(16 * e->V / (e->epsilon * e->epsilon));
  if (want <= PILOT) return THW_OK;
  /* Far above the bound: more rows would say the same. */
  if (e->norm - 3 * sqrt(e->V / PILOT) > 0.75 * e->epsilon) return THW_OK;
  if (n >= 0 && (double)n <= want) return on_all(e, x);
  return n < 0 && want > CHUNK ? on_stream(e, x, want) : on_rows(e, x, (int64_t)want);
}

thw_status escape_test(escape *e, const thw_vec *x, int *small) {
  const optim *o = e->o;
  o->host->stage(o->ctx, "test");
  thw_status st = measure(e, x);
  o->host->stage(o->ctx, NULL);
  THW_TRY(st);
  e->tests++;
  *small = e->norm <= 0.75 * e->epsilon;
  return THW_OK;
}

thw_status escape_told(escape *e, const thw_vec *g, double norm, int *small) {
  e->rows = 0;
  e->norm = norm;
  e->tests++;
  *small = norm <= 0.75 * e->epsilon;
  return *small ? thw_copy(e->g, g) : THW_OK;
}

/* e->g is not the gradient at the point of the search, then. */
void escape_untested(escape *e) {
  e->rows = -1;
  e->norm = (double)NAN;
}
