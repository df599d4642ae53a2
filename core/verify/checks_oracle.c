/* SPDX-License-Identifier: BSD-3-Clause */
/* Checks of first-order oracles, through the host's wrapper, on a built-in model and source. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/oracle.h"
#include "core/verify/priv.h"

typedef struct bench {
  vf_inst *in;
  tw_oracle *wrapper;
  const thw_object *o;
  thw_facts facts;
  thw_vec *x, *g, *h;
  thw_rng r;
} bench;

static void bench_free(bench *b) {
  thw_vec_free(b->x);
  thw_vec_free(b->g);
  thw_vec_free(b->h);
  tw_oracle_free(b->wrapper);
  vf_inst_free(b->in);
}

static thw_status make(bench *b) {
  thw_space *s;
  THW_TRY(tw_oracle_new(&b->in->k->session, b->in->ctx, &b->in->object, 0, &b->wrapper));
  b->o = tw_oracle_object(b->wrapper);
  b->facts.size = sizeof b->facts;
  THW_TRY(thw_oracle_facts(b->o, &b->facts));
  THW_TRY(thw_oracle_space(b->o, &s));
  THW_TRY(thw_vec_new(s, &b->x));
  THW_TRY(thw_vec_new(s, &b->g));
  THW_TRY(thw_vec_new(s, &b->h));
  THW_TRY(tw_host.rng(b->in->ctx, "draw", &b->r));
  return b->x->ops->normal(b->x, &b->r, 0, 0.5);
}

static int need_bench(vf_case *k, bench *b) {
  memset(b, 0, sizeof *b);
  b->in = vf_inst_need(k, &(vf_setup){.variant = -1, .rows = 400});
  if (!b->in) return -1;
  thw_status st = make(b);
  if (st == THW_OK) return 0;
  char *text = vf_inst_text(b->in, st);
  vf_fail(k, "facts, space or its vectors: %s", text);
  free(text);
  bench_free(b);
  return -1;
}

/* The i-th row of a batch, whatever kind of rows. */
static int64_t row_of(const thw_batch *b, int64_t i) {
  return thw_batch_row(b, i);
}

/* ---- draws ------------------------------------------------------------------------------------
 */

static int rows_in_range(vf_case *k, const bench *b, const thw_batch *batch) {
  for (int64_t i = 0; i < batch->n; i++)
    if (row_of(batch, i) < 0 ||
        (b->facts.components >= 0 && row_of(batch, i) >= b->facts.components))
      return vf_fail(k, "a batch has row %lld of %lld", (long long)row_of(batch, i),
                     (long long)b->facts.components);
  return 0;
}

static int draw_kind(vf_case *k, bench *b, uint32_t how, const char *name) {
  thw_rng one = b->r, two = b->r;
  thw_batch *p = NULL, *q = NULL;
  thw_status st = thw_oracle_draw(b->o, &one, how, 7, &p);
  if (st == THW_OK && how != THW_DRAW_NEXT) st = thw_oracle_draw(b->o, &two, how, 7, &q);
  if (st != THW_OK) {
    thw_oracle_release(b->o, p);
    return vf_fail(k, "draw(%s) answers %d", name, (int)st);
  }
  if (p->n != 7) vf_fail(k, "draw(%s) of 7 rows has %lld", name, (long long)p->n);
  rows_in_range(k, b, p);
  for (int64_t i = 0; q && i < p->n && i < q->n; i++)
    if (row_of(p, i) != row_of(q, i) && b->facts.components > 0) {
      vf_fail(k, "draw(%s): the same random stream gives other rows", name);
      break;
    }
  thw_oracle_release(b->o, p);
  thw_oracle_release(b->o, q);
  return 0;
}

static int draws(vf_case *k) {
  bench b;
  if (need_bench(k, &b) != 0) return -1;
  draw_kind(k, &b, THW_DRAW_UNIFORM, "UNIFORM");
  draw_kind(k, &b, THW_DRAW_SUBSET, "SUBSET");
  draw_kind(k, &b, THW_DRAW_NEXT, "NEXT");
  bench_free(&b);
  return 0;
}

static int subset(vf_case *k) {
  bench b;
  thw_batch *p = NULL;
  if (need_bench(k, &b) != 0) return -1;
  int64_t n = b.facts.components;
  if (n < 0) {
    bench_free(&b);
    return vf_skip(k, "a stream has no whole");
  }
  char *seen = tw_calloc((size_t)n, 1);
  thw_status st = thw_oracle_draw(b.o, &b.r, THW_DRAW_SUBSET, n + 5, &p);
  if (st != THW_OK) {
    vf_fail(k, "a subset larger than the sum answers %d", (int)st);
  } else {
    if (p->n != n) vf_fail(k, "a subset larger than the sum has %lld rows", (long long)p->n);
    if (rows_in_range(k, &b, p) == 0)
      for (int64_t i = 0; i < p->n; i++)
        if (seen[row_of(p, i)]++) vf_fail(k, "a subset has a row twice");
    thw_oracle_release(b.o, p);
  }
  free(seen);
  bench_free(&b);
  return 0;
}

/* An epoch of NEXT has each row once, the next epoch another order. */
static int epoch(vf_case *k) {
  bench b;
  if (need_bench(k, &b) != 0) return -1;
  int64_t n = b.facts.components, same = 0;
  if (n < 0) {
    bench_free(&b);
    return vf_skip(k, "a stream has no epochs");
  }
  int64_t *order = tw_calloc((size_t)(2 * n), sizeof *order), *count = tw_calloc((size_t)n, 8);
  for (int64_t i = 0; i < 2 * n && k->outcome != VF_FAIL; i++) {
    thw_batch *p = NULL;
    thw_status st = thw_oracle_draw(b.o, &b.r, THW_DRAW_NEXT, 1, &p);
    if (st != THW_OK) {
      vf_fail(k, "draw(NEXT) answers %d", (int)st);
      break;
    }
    if (p->n != 1)
      vf_fail(k, "draw(NEXT) of one row has %lld", (long long)p->n);
    else if (rows_in_range(k, &b, p) == 0)
      count[order[i] = row_of(p, 0)]++;
    thw_oracle_release(b.o, p);
    if (i == n - 1)
      for (int64_t j = 0; j < n; j++)
        if (count[j] != 1)
          vf_fail(k, "in the first epoch row %lld comes %lld times", (long long)j,
                  (long long)count[j]);
  }
  for (int64_t i = 0; i < n; i++) same += order[i] == order[n + i];
  if (k->outcome == VF_PASS && same == n) vf_fail(k, "the second epoch has the order of the first");
  free(order);
  free(count);
  bench_free(&b);
  return 0;
}

/* ---- values -----------------------------------------------------------------------------------
 */

static double apart(thw_vec *a, const thw_vec *b) {
  double size = 0, d = (double)NAN;
  b->ops->norminf(b, &size);
  thw_axpy(a, -1, b);
  a->ops->norminf(a, &d);
  return d / (1e-2 + size);
}

/* The whole sum against the built-in model on all rows. */
static int whole(vf_case *k) {
  bench b;
  double f = 0, want = 0;
  if (need_bench(k, &b) != 0) return -1;
  thw_status st = thw_oracle_eval(b.o, b.x, NULL, &f, b.g);
  if (b.facts.components < 0) {
    if (st != THW_E_UNSUPPORTED)
      vf_fail(k, "a stream answers %d when asked for the whole sum, not THW_E_UNSUPPORTED",
              (int)st);
  } else if (st != THW_OK) {
    vf_fail(k, "the whole sum answers %d", (int)st);
  } else if (b.in->squares) {
    const thw_object *m = vf_squares_object(b.in->squares);
    const thw_model_ops *ops = m->ops;
    const thw_rows *raw = vf_rows_raw(b.in->rows, 0);
    thw_batch all = {.size = sizeof all, .n = raw->n, .rows = raw};
    thw_view x, g;
    b.x->ops->map(b.x, THW_READ, &x);
    b.h->ops->map(b.h, THW_WRITE, &g);
    ops->eval(m->self, &x, &all, &want, &g);
    b.h->ops->unmap(b.h, THW_WRITE);
    b.x->ops->unmap(b.x, THW_READ);
    if (!(fabs(f - want) <= 1e-12 * (1 + fabs(want))))
      vf_fail(k, "the whole sum is %.17g, the model says %.17g", f, want);
    if (!(apart(b.g, b.h) <= 1e-12)) vf_fail(k, "the gradient is not the model's");
    if (b.facts.components != raw->n)
      vf_fail(k, "components is %lld for %lld rows", (long long)b.facts.components,
              (long long)raw->n);
  }
  bench_free(&b);
  return 0;
}

/* diff, evaln and blocks against eval on one batch. */
static int agreement(vf_case *k) {
  bench b;
  thw_batch *p = NULL;
  double f[2];
  if (need_bench(k, &b) != 0) return -1;
  thw_vec *y = NULL, *d = NULL, *parts[3] = {NULL};
  thw_space *s = b.x->space;
  thw_status st = thw_vec_new(s, &y);
  if (st == THW_OK) st = thw_vec_new(s, &d);
  for (int i = 0; i < 3 && st == THW_OK; i++) st = thw_vec_new(s, &parts[i]);
  if (st == THW_OK) st = y->ops->normal(y, &b.r, 0, 0.5);
  if (st == THW_OK) st = thw_oracle_draw(b.o, &b.r, THW_DRAW_UNIFORM, 9, &p);
  const thw_vec *at[] = {b.x, y};
  thw_vec *into[] = {b.g, b.h};
  if (st == THW_OK) st = thw_oracle_evaln(b.o, 2, at, p, f, into);
  if (st == THW_OK) st = thw_oracle_diff(b.o, b.x, y, p, d);
  if (st == THW_OK) {
    thw_axpy(b.g, -1, b.h);
    if (!(apart(d, b.g) <= 1e-11)) vf_fail(k, "diff is not the difference of evaln's gradients");
    st = thw_oracle_eval(b.o, b.x, p, f, b.g);
  }
  if (st == THW_OK) st = thw_oracle_blocks(b.o, b.x, p, 3, parts);
  if (st == THW_OK) {
    double third = 1.0 / 3, w[] = {third, third, third};
    const thw_vec *v[] = {parts[0], parts[1], parts[2]};
    thw_lincomb(d, 0, 3, w, v);
    if (!(apart(d, b.g) <= 1e-11))
      vf_fail(k, "the mean of three blocks is not the batch's gradient");
  }
  if (st != THW_OK) vf_fail(k, "evaln, diff or blocks answers %d", (int)st);
  thw_oracle_release(b.o, p);
  thw_vec_free(y);
  thw_vec_free(d);
  for (int i = 0; i < 3; i++) thw_vec_free(parts[i]);
  bench_free(&b);
  return 0;
}

static int steady(vf_case *k) {
  bench b;
  int64_t before = 0, plain = 0;
  if (need_bench(k, &b) != 0) return -1;
  for (int i = 0; i < 30; i++) {
    thw_batch *p = NULL;
    double f;
    if (i == 6) before = vf_mem.count, plain = vf_mem.plain;
    thw_status st = thw_oracle_draw(b.o, &b.r, (uint32_t)(i % 3), 8, &p);
    if (st == THW_OK) st = thw_oracle_eval(b.o, b.x, p, &f, b.g);
    thw_oracle_release(b.o, p);
    if (st != THW_OK) {
      vf_fail(k, "draw or eval answers %d", (int)st);
      break;
    }
  }
  if (vf_mem.count != before)
    vf_fail(k, "draw or eval allocates %lld times in 24 rounds after the first six",
            (long long)(vf_mem.count - before));
  if (vf_mem.plain != plain)
    vf_fail(k, "draw or eval calls malloc %lld times in 24 rounds after the first six",
            (long long)(vf_mem.plain - plain));
  bench_free(&b);
  return 0;
}

const vf_check vf_checks_oracle[] = {
    {"draws", VF_KIND(THW_ORACLE), "batches have the size asked for and follow the random stream",
     draws},
    {"subset", VF_KIND(THW_ORACLE), "a subset has no row twice and is never larger than the sum",
     subset},
    {"epoch", VF_KIND(THW_ORACLE), "an epoch has each row once, the next one in another order",
     epoch},
    {"whole-sum", VF_KIND(THW_ORACLE), "the whole sum is the model's mean over all rows", whole},
    {"agreement", VF_KIND(THW_ORACLE), "diff, evaln and blocks agree with eval", agreement},
    {"steady", VF_KIND(THW_ORACLE), "drawing and evaluating allocate nothing in the steady state",
     steady},
    {NULL, 0, NULL, NULL},
};
