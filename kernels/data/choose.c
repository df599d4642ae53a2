/* SPDX-License-Identifier: BSD-3-Clause */
/* Which rows are used, and which are held out. */
#include <config.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/data/table.h"

thw_status td_set_gather(const td_table *t, const td_set *from, const int64_t *pick, int64_t n,
                         td_set *to) {
  td_env e = t->env;
  size_t size = td_dtype_size(t->dtype);
  *to = (td_set){.name = to->name, .path = from->path, .layout = from->layout, .n = n};
  to->width = from->width;
  int64_t values = n * from->width;
  if (from->layout == THW_ROWS_CSR) {
    if (!(to->start = td_array(e, n + 1, sizeof *to->start, "rows"))) return THW_E_NOMEM;
    to->start[0] = 0;
    for (int64_t i = 0; i < n; i++)
      to->start[i + 1] = to->start[i] + from->start[pick[i] + 1] - from->start[pick[i]];
    values = to->start[n];
    if (!(to->col = td_array(e, values, sizeof *to->col, "rows"))) return THW_E_NOMEM;
  }
  if (from->x && !(to->x = td_array(e, values, size, "rows"))) return THW_E_NOMEM;
  if (from->y && !(to->y = td_array(e, n, sizeof *to->y, "labels"))) return THW_E_NOMEM;
  for (int64_t i = 0; i < n; i++) {
    int64_t a = from->start ? from->start[pick[i]] : pick[i] * from->width;
    int64_t b = from->start ? from->start[pick[i] + 1] : a + from->width;
    int64_t c = to->start ? to->start[i] : i * from->width;
    size_t m = (size_t)(b - a);
    if (from->col && m) memcpy(to->col + c, from->col + a, m * sizeof *to->col);
    if (from->x && m)
      memcpy((char *)to->x + (size_t)c * size, (const char *)from->x + (size_t)a * size, m * size);
    if (from->y) to->y[i] = from->y[pick[i]];
  }
  return THW_OK;
}

thw_status td_set_densify(const td_table *t, td_set *s) {
  size_t size = td_dtype_size(t->dtype);
  if (t->width && s->n > INT64_MAX / 16 / t->width)
    return td_nomem(t->env, "dense rows", (double)s->n * (double)t->width * (double)size);
  void *x = td_array(t->env, s->n * t->width, size, "dense rows");
  if (!x) return THW_E_NOMEM;
  memset(x, 0, (size_t)(s->n * t->width) * size);
  for (int64_t i = 0; i < s->n; i++)
    for (int64_t k = s->start[i]; k < s->start[i + 1]; k++)
      td_put(x, t->dtype, i * t->width + s->col[k], s->x ? td_get(s->x, t->dtype, k) : 1);
  td_array_free(s->x);
  td_array_free(s->start);
  td_array_free(s->col);
  s->x = x;
  s->start = NULL;
  s->col = NULL;
  s->layout = THW_ROWS_DENSE;
  s->width = t->width;
  return THW_OK;
}

/* Moves `take` of the n numbers in `from` to `out`, all subsets alike, both in ascending order
 * (selection sampling: Knuth, TAOCP 2, 3.4.2, algorithm S). */
static void draw(thw_rng *r, int64_t *from, int64_t n, int64_t take, int64_t *out) {
  int64_t kept = 0, taken = 0;
  for (int64_t i = 0; i < n; i++) {
    if (thw_rng_index(r, n - i) < take - taken)
      out[taken++] = from[i];
    else
      from[kept++] = from[i];
  }
}

struct lists {
  int64_t *v[TD_SETS + 1], n[TD_SETS + 1]; /* the last one: rows that nobody uses */
};

static thw_status hold_out(td_table *t, struct lists *l, int to, double fraction,
                           const char *purpose) {
  int64_t take = (int64_t)floor(fraction * (double)l->n[TD_TRAIN] + 0.5);
  if (take == 0) return THW_OK;
  thw_rng r;
  THW_TRY(t->env.host->rng(t->env.ctx, purpose, &r));
  if (!(l->v[to] = td_array(t->env, take, sizeof(int64_t), "row numbers"))) return THW_E_NOMEM;
  draw(&r, l->v[TD_TRAIN], l->n[TD_TRAIN], take, l->v[to]);
  l->n[to] = take;
  l->n[TD_TRAIN] -= take;
  return THW_OK;
}

static thw_status draw_all(td_table *t, const td_common *p, struct lists *l) {
  int64_t all = l->n[TD_TRAIN];
  THW_TRY(hold_out(t, l, TD_SETS, 1 - p->subsample, "subsample"));
  /* Both fractions are of the rows before either is taken away. */
  double n = (double)l->n[TD_TRAIN];
  THW_TRY(hold_out(t, l, TD_TEST, p->split, "split"));
  double left = (double)l->n[TD_TRAIN];
  if (left > 0)
    THW_TRY(hold_out(t, l, TD_VALID, fmin(1, p->split_valid * n / left), "split-valid"));
  if (l->n[TD_TRAIN] == 0)
    return td_fail(t->env, THW_E_ARG,
                   "%s: of %lld rows none is left for training: lower split and split_valid",
                   td_where(&t->set[TD_TRAIN]), (long long)all);
  return THW_OK;
}

static thw_status replace_sets(td_table *t, struct lists *l) {
  td_set whole = t->set[TD_TRAIN];
  thw_status s = THW_OK;
  for (int i = 0; i < TD_SETS && s == THW_OK; i++) {
    if (l->n[i] == 0) continue;
    td_set part = {.name = td_set_name[i]};
    s = td_set_gather(t, &whole, l->v[i], l->n[i], &part);
    t->set[i] = part;
  }
  /* The dictionary stays with the training set: it says which classes there are. */
  td_dict labels = whole.labels;
  whole.labels = (td_dict){0};
  td_set_free(&whole);
  t->set[TD_TRAIN].labels = labels;
  for (int i = 1; i < TD_SETS; i++)
    if (l->n[i]) t->set[i].labels.words = labels.words;
  return s;
}

thw_status td_choose(td_table *t, const td_common *p) {
  td_set *train = &t->set[TD_TRAIN];
  if (p->split > 0 && t->set[TD_TEST].n)
    return td_fail(t->env, THW_E_ARG, "split makes a set \"test\", but one is given: use one");
  if (p->split_valid > 0 && t->set[TD_VALID].n)
    return td_fail(t->env, THW_E_ARG,
                   "split_valid makes a set \"valid\", but one is given: use one");
  if (p->rows > 0 && p->rows < train->n) train->n = p->rows;
  if (p->subsample >= 1 && p->split <= 0 && p->split_valid <= 0) return THW_OK;
  struct lists l = {{NULL}, {train->n}};
  if (!(l.v[TD_TRAIN] = td_array(t->env, train->n, sizeof(int64_t), "row numbers")))
    return THW_E_NOMEM;
  for (int64_t i = 0; i < train->n; i++) l.v[TD_TRAIN][i] = i;
  thw_status s = draw_all(t, p, &l);
  if (s == THW_OK) s = replace_sets(t, &l);
  for (int i = 0; i <= TD_SETS; i++) td_array_free(l.v[i]);
  return s;
}
