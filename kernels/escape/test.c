/* SPDX-License-Identifier: BSD-3-Clause */
/* Is the gradient small? In stages (kernels/curvature/gradient.h), or as in the paper: on all rows
 * where there are at most 16 V/epsilon^2 of them, else on that many, whose mean has a standard
 * error of a quarter of epsilon. */
#include "kernels/curvature/gradient.h"
#include "kernels/escape/escape.h"

#define PILOT 512
#define SMALL_SUM 2048 /* rows up to which all of them are as good as a pilot */
#define CHUNK 65536    /* rows of a stream in one batch */
#define BLOCKS 8
#define LARGE_AGAIN 0.2 /* a small gradient taken for large costs one more epoch, no more */

static int32_t cancelled(void *arg) {
  const escape *e = arg;
  return e->o->host->cancelled(e->o->ctx);
}

static curv_problem problem(escape *e, const thw_vec *x) {
  return (curv_problem){.oracle = &e->o->oracle,
                        .x0 = x,
                        .n = e->o->n,
                        .rng = &e->test,
                        .cancelled = cancelled,
                        .arg = e};
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

/* As published. */
static thw_status by_paper(escape *e, const thw_vec *x) {
  int64_t n = e->o->n;
  THW_TRY(on_rows(e, x, PILOT));
  double want = ceil(CURV_PAPER_ROWS * e->V / (e->epsilon * e->epsilon));
  if (want <= PILOT) return THW_OK;
  /* Far above the bound: more rows would say the same. */
  if (e->norm - 3 * sqrt(e->V / PILOT) > 0.75 * e->epsilon) return THW_OK;
  if (n >= 0 && (double)n <= want) return on_all(e, x);
  return n < 0 && want > CHUNK ? on_stream(e, x, want) : on_rows(e, x, (int64_t)want);
}

/* *out: undecided where only all rows can tell. */
static thw_status in_stages(escape *e, const thw_vec *x, curv_size *out) {
  const curv_problem at = problem(e, x);
  const curv_test how = {.low = 0.75 * e->epsilon,
                         .high = e->epsilon,
                         .p_small = e->doubt,
                         .p_large = LARGE_AGAIN,
                         .chunk = CHUNK,
                         .paper = 1};
  curv_sample s = {.mean = e->g, .block = e->trial, .last = e->work.a, .other = e->work.b};
  int64_t cost = 0;
  THW_TRY(curv_gradient_test(&at, &how, &s, out, &cost));
  e->V = s.V;
  e->norm = s.norm;
  e->drawn = s.again;
  e->rows = s.again_rows;
  return THW_OK;
}

static thw_status measure(escape *e, const thw_vec *x, int *small) {
  int64_t n = e->o->n;
  curv_size size = CURV_UNDECIDED;
  if (n >= 0 && (n <= SMALL_SUM || isfinite(e->told))) {
    THW_TRY(on_all(e, x));
  } else if (e->p->test == ESCAPE_PAPER) {
    THW_TRY(by_paper(e, x));
  } else {
    THW_TRY(in_stages(e, x, &size));
    if (size == CURV_UNDECIDED) THW_TRY(on_all(e, x));
  }
  *small = size == CURV_SMALL || (size == CURV_UNDECIDED && e->norm <= 0.75 * e->epsilon);
  return THW_OK;
}

thw_status escape_test(escape *e, const thw_vec *x, int *small) {
  const optim *o = e->o;
  o->host->stage(o->ctx, "test");
  thw_status st = measure(e, x, small);
  o->host->stage(o->ctx, NULL);
  THW_TRY(st);
  e->tests++;
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
