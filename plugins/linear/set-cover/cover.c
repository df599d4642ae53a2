/* SPDX-License-Identifier: BSD-3-Clause */
#include <config.h>

#include "plugins/linear/set-cover/cover.h"

#include <math.h>
#include <string.h>

/* Questions that the search for the best cover may ask. */
#define BUDGET 2000000

static thw_status make_cover(covering *s, cover *c) {
  THW_TRY(ON_NEW(s->e, c->taken, s->f.sets));
  return ON_NEW(s->e, c->times, s->f.elements);
}

thw_status cover_room(covering *s) {
  int64_t n = s->f.sets;
  THW_TRY(make_cover(s, &s->now));
  THW_TRY(make_cover(s, &s->best));
  THW_TRY(make_cover(s, &s->trial));
  THW_TRY(ON_NEW(s->e, s->left, n));
  THW_TRY(ON_NEW(s->e, s->ratio, n));
  THW_TRY(ON_NEW(s->e, s->heap, n));
  THW_TRY(ON_NEW(s->e, s->order, n));
  THW_TRY(ON_NEW(s->e, s->list, n));
  return ON_NEW(s->e, s->mark, n);
}

void cover_free(covering *s) {
  void *all[] = {s->now.taken,   s->now.times,   s->best.taken, s->best.times,
                 s->trial.taken, s->trial.times, s->left,       s->ratio,
                 s->heap,        s->order,       s->list,       s->mark};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) on_free(s->e, all[i]);
  on_sets_free(&s->f);
}

void cover_copy(const covering *s, cover *to, const cover *from) {
  memcpy(to->taken, from->taken, (size_t)s->f.sets);
  memcpy(to->times, from->times, (size_t)s->f.elements * sizeof *to->times);
  to->cost = from->cost;
}

static void clear(const covering *s, cover *c) {
  memset(c->taken, 0, (size_t)s->f.sets);
  memset(c->times, 0, (size_t)s->f.elements * sizeof *c->times);
  c->cost = 0;
}

static void take(const covering *s, cover *c, int32_t j) {
  c->taken[j] = 1;
  c->cost += s->c[j];
  for (int64_t k = s->f.from[j]; k < s->f.from[j + 1]; k++) c->times[s->f.member[k]]++;
}

static void leave(const covering *s, cover *c, int32_t j) {
  c->taken[j] = 0;
  c->cost -= s->c[j];
  for (int64_t k = s->f.from[j]; k < s->f.from[j + 1]; k++) c->times[s->f.member[k]]--;
}

/* How many elements of set j are not covered. */
static int32_t bare(const covering *s, const cover *c, int32_t j) {
  int32_t n = 0;
  for (int64_t k = s->f.from[j]; k < s->f.from[j + 1]; k++) n += c->times[s->f.member[k]] == 0;
  return n;
}

static int needless(const covering *s, const cover *c, int32_t j) {
  for (int64_t k = s->f.from[j]; k < s->f.from[j + 1]; k++)
    if (c->times[s->f.member[k]] == 1) return 0;
  return 1;
}

/* ---- order ----------------------------------------------------------------------------------- */

static int later(const double *key, int32_t a, int32_t b) {
  if (key[a] != key[b]) return key[a] > key[b];
  return a > b;
}

/* Puts the root of a heap, smallest key on top, in its place. */
static void settle(int32_t *v, int64_t at, int64_t n, const double *key) {
  int32_t x = v[at];
  for (int64_t child; (child = 2 * at + 1) < n; at = child) {
    if (child + 1 < n && later(key, v[child], v[child + 1])) child++;
    if (!later(key, x, v[child])) break;
    v[at] = v[child];
  }
  v[at] = x;
}

void cover_sort(covering *s) {
  int64_t n = s->f.sets;
  int32_t *v = s->order;
  for (int64_t j = 0; j < n; j++) v[j] = (int32_t)j;
  for (int64_t i = n / 2; i-- > 0;) settle(v, i, n, s->c);
  for (int64_t k = n; k-- > 1;) { /* the cheapest goes to the end */
    int32_t t = v[0];
    v[0] = v[k];
    v[k] = t;
    settle(v, 0, k, s->c);
  }
}

/* Reverse delete: the dearest that can go, goes. */
static void prune(covering *s, cover *c) {
  for (int64_t i = 0; i < s->f.sets; i++)
    if (c->taken[s->order[i]] && needless(s, c, s->order[i])) leave(s, c, s->order[i]);
}

/* ---- two approximations ---------------------------------------------------------------------- */

static double ratio_of(const covering *s, const cover *c, int32_t j) {
  int32_t n = bare(s, c, j);
  return n > 0 ? s->c[j] / n : INFINITY;
}

/* Cheapest for each element that it adds. Ratios only grow, so the top of the heap is looked at
 * again before it is believed. The prices of the elements, over H_k, are a dual solution. */
double cover_greedy(covering *s) {
  int64_t n = s->f.sets, covered = 0;
  double prices = 0, harmonic = 0;
  clear(s, &s->now);
  for (int64_t j = 0; j < n; j++) {
    s->heap[j] = (int32_t)j;
    s->ratio[j] = ratio_of(s, &s->now, (int32_t)j);
  }
  for (int64_t i = n / 2; i-- > 0;) settle(s->heap, i, n, s->ratio);
  while (covered < s->f.elements) {
    int32_t j = s->heap[0];
    double r = ratio_of(s, &s->now, j);
    if (r == s->ratio[j] && isfinite(r)) {
      int32_t fresh = bare(s, &s->now, j);
      prices += s->c[j];
      covered += fresh;
      take(s, &s->now, j);
      r = INFINITY;
    }
    s->ratio[j] = r;
    settle(s->heap, 0, n, s->ratio);
  }
  for (int64_t k = 1; k <= s->f.largest; k++) harmonic += 1.0 / (double)k;
  prune(s, &s->now);
  return prices / harmonic;
}

/* Each bare element raises its price until a set that holds it is paid for. */
double cover_primal_dual(covering *s) {
  int64_t n = s->f.sets;
  double bound = 0, none = 0;
  clear(s, &s->now);
  for (int64_t j = 0; j < n; j++) none = fmax(none, 1e-12 * s->c[j]);
  memcpy(s->left, s->c, (size_t)n * sizeof *s->left);
  for (int64_t i = 0; i < s->f.elements; i++) {
    double pay = INFINITY;
    if (s->now.times[i]) continue;
    for (int64_t k = s->f.in[i]; k < s->f.in[i + 1]; k++) pay = fmin(pay, s->left[s->f.holder[k]]);
    bound += pay;
    for (int64_t k = s->f.in[i]; k < s->f.in[i + 1]; k++) {
      int32_t j = s->f.holder[k];
      s->left[j] -= pay;
      if (s->left[j] <= none && !s->now.taken[j]) take(s, &s->now, j);
    }
  }
  prune(s, &s->now);
  return bound;
}

/* ---- local search ---------------------------------------------------------------------------- */

/* Covers what is bare in the trial again, without set `not`; only sets that hold it are looked at.
 */
static void repair(covering *s, int32_t not ) {
  int64_t k = 0;
  for (int64_t e = s->f.from[not ]; e < s->f.from[not +1]; e++) {
    int32_t i = s->f.member[e];
    if (s->trial.times[i]) continue;
    for (int64_t h = s->f.in[i]; h < s->f.in[i + 1]; h++) {
      int32_t j = s->f.holder[h];
      if (j == not || s->mark[j]) continue;
      s->mark[j] = 1;
      s->list[k++] = j;
    }
  }
  for (;;) {
    int32_t best = -1;
    double least = INFINITY;
    for (int64_t i = 0; i < k; i++) {
      double r = ratio_of(s, &s->trial, s->list[i]);
      if (r < least || (r == least && best >= 0 && s->list[i] < best)) {
        least = r;
        best = s->list[i];
      }
    }
    if (best < 0 || s->trial.cost >= s->now.cost) break;
    take(s, &s->trial, best);
  }
  for (int64_t i = 0; i < k; i++) s->mark[s->list[i]] = 0;
}

static int complete(const covering *s, const cover *c) {
  for (int64_t i = 0; i < s->f.elements; i++)
    if (c->times[i] == 0) return 0;
  return 1;
}

void cover_improve(covering *s) {
  double least = 1e-12 * s->now.cost;
  for (int better = 1; better;) {
    better = 0;
    for (int64_t i = 0; i < s->f.sets; i++) {
      int32_t j = s->order[i];
      if (!s->now.taken[j]) continue;
      cover_copy(s, &s->trial, &s->now);
      leave(s, &s->trial, j);
      repair(s, j);
      if (!complete(s, &s->trial)) continue;
      prune(s, &s->trial);
      if (!(s->trial.cost < s->now.cost - least)) continue;
      cover_copy(s, &s->now, &s->trial);
      better = 1;
    }
  }
}

/* ---- the best cover -------------------------------------------------------------------------- */

/* Branches on the sets of the first bare element. */
static void branch(covering *s, int64_t from) {
  cover *c = &s->trial;
  if (c->cost >= s->best.cost || s->budget-- <= 0) return;
  while (from < s->f.elements && c->times[from]) from++;
  if (from == s->f.elements) {
    cover_copy(s, &s->best, c);
    return;
  }
  for (int64_t k = s->f.in[from]; k < s->f.in[from + 1]; k++) {
    int32_t j = s->f.holder[k];
    double before = c->cost;
    take(s, c, j);
    branch(s, from + 1);
    leave(s, c, j);
    c->cost = before;
  }
}

int cover_exact(covering *s) {
  cover_greedy(s);
  cover_copy(s, &s->best, &s->now);
  s->best.cost = nextafter(s->best.cost, INFINITY);
  clear(s, &s->trial);
  s->budget = BUDGET;
  branch(s, 0);
  return s->budget > 0;
}
