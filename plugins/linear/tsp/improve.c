/* SPDX-License-Identifier: BSD-3-Clause */
/* Local search on a tour: 2-opt and Or-opt moves between near cities, with don't-look bits. A move
 * is made only when it shortens the tour, so the guarantee of the tour that it began with holds. */
#include <config.h>

#include "plugins/linear/tsp/tsp.h"

#include <string.h>

static double dist(const tsp *s, int32_t i, int32_t j) {
  return s->d[(int64_t)i * s->n + j];
}

/* Forward neighbour of v in the tour, or the one behind it. */
static int32_t step(const tsp *s, int32_t v, int forward) {
  int32_t at = s->place[v] + (forward ? 1 : -1);
  return s->tour[at == s->n ? 0 : at < 0 ? s->n - 1 : at];
}

/* ---- moves ----------------------------------------------------------------------------------- */

/* The way from city a forward to city b is turned round, or what lies outside of it: the same tour,
 * seen from behind. */
static void turn(tsp *s, int32_t a, int32_t b) {
  int32_t n = s->n, i = s->place[a], j = s->place[b], inside = j - i;
  if (inside < 0) inside += n;
  if (2 * (inside + 1) > n) {
    int32_t t = i;
    i = j + 1 == n ? 0 : j + 1;
    j = t == 0 ? n - 1 : t - 1;
    inside = n - inside - 2;
  }
  for (int32_t k = (inside + 1) / 2; k > 0; k--) {
    int32_t x = s->tour[i], y = s->tour[j];
    s->tour[i] = y;
    s->place[y] = i;
    s->tour[j] = x;
    s->place[x] = j;
    i = i + 1 == n ? 0 : i + 1;
    j = j == 0 ? n - 1 : j - 1;
  }
}

/* Edges (a, b) and (c, d), in the same direction, become (a, c) and (b, d). */
static void exchange(tsp *s, int32_t a, int32_t b, int32_t c, int32_t d) {
  if (step(s, a, 1) == b)
    turn(s, b, c);
  else
    turn(s, a, d);
}

/* ---- what to move ---------------------------------------------------------------------------- */

typedef struct search {
  tsp *s;
  int32_t k; /* neighbours of each city */
  double least;
  int32_t head, count; /* of the queue of cities to look at, a ring */
} search;

static void look_again(search *q, int32_t v) {
  tsp *s = q->s;
  if (s->waiting[v]) return;
  s->waiting[v] = 1;
  s->queue[(q->head + q->count++) % s->n] = v;
}

static int two_opt(search *q, int32_t a, int forward) {
  tsp *s = q->s;
  int32_t b = step(s, a, forward);
  for (int32_t i = 0; i < q->k; i++) {
    int32_t c = s->near[(int64_t)a * q->k + i], d = step(s, c, forward);
    double gain = dist(s, a, b) - dist(s, a, c);
    if (gain <= q->least) break;
    if (c == b || d == a) continue;
    if (gain + dist(s, c, d) - dist(s, b, d) <= q->least) continue;
    exchange(s, a, b, c, d);
    look_again(q, a);
    look_again(q, b);
    look_again(q, c);
    look_again(q, d);
    return 1;
  }
  return 0;
}

static int within(const tsp *s, int32_t v, int32_t a, int32_t length, int forward) {
  int32_t off = forward ? s->place[v] - s->place[a] : s->place[a] - s->place[v];
  if (off < 0) off += s->n;
  return off < length;
}

/* Cities a to z, in this direction, go between c and d instead of p and q. */
static void transplant(search *h, const int32_t v[6], int same_way) {
  int32_t p = v[0], a = v[1], z = v[2], q = v[3], c = v[4], d = v[5];
  if (same_way) {
    exchange(h->s, p, a, c, d);
    exchange(h->s, p, c, q, z);
    exchange(h->s, c, z, a, d);
  } else {
    exchange(h->s, p, a, d, c);
    exchange(h->s, p, d, q, z);
  }
  for (int i = 0; i < 6; i++) look_again(h, v[i]);
}

/* One, two or three cities from a onward. */
static int or_opt(search *h, int32_t a, int forward) {
  tsp *s = h->s;
  int32_t p = step(s, a, !forward), z = a;
  for (int32_t length = 1; length <= 3 && length + 3 < s->n; length++, z = step(s, z, forward)) {
    int32_t q = step(s, z, forward);
    double gain = dist(s, p, a) + dist(s, z, q) - dist(s, p, q);
    for (int32_t i = 0; i < h->k; i++) {
      int32_t c = s->near[(int64_t)a * h->k + i];
      if (gain - dist(s, a, c) <= h->least) break;
      if (c == p || c == q || within(s, c, a, length, forward)) continue;
      for (int onward = 0; onward < 2; onward++) {
        int32_t d = step(s, c, onward ? forward : !forward);
        if (d == p || d == q) continue;
        if (gain - dist(s, a, c) - dist(s, z, d) + dist(s, c, d) <= h->least) continue;
        transplant(h, (int32_t[6]){p, a, z, q, c, d}, onward);
        return 1;
      }
    }
  }
  return 0;
}

/* ---- the search ------------------------------------------------------------------------------ */

/* The k nearest cities of each, nearest first, of equals the smaller number. */
static void find_near(tsp *s, int32_t k) {
  for (int32_t v = 0; v < s->n; v++) {
    int32_t *list = s->near + (int64_t)v * k, count = 0;
    for (int32_t w = 0; w < s->n; w++) {
      double d = dist(s, v, w);
      if (w == v || (count == k && !(d < dist(s, v, list[k - 1])))) continue;
      int32_t at = count < k ? count++ : k - 1;
      for (; at > 0 && d < dist(s, v, list[at - 1]); at--) list[at] = list[at - 1];
      list[at] = w;
    }
  }
}

void tsp_improve(tsp *s) {
  search q = {.s = s, .k = s->n - 1 < TSP_NEAR ? s->n - 1 : TSP_NEAR};
  if (s->n < 5) return;
  double longest = 0;
  find_near(s, q.k);
  for (int32_t i = 0; i < s->n; i++) {
    s->place[s->tour[i]] = i;
    s->waiting[i] = 0;
    double d = dist(s, s->tour[i], s->tour[i + 1 < s->n ? i + 1 : 0]);
    if (d > longest) longest = d;
  }
  q.least = 1e-12 * longest;
  for (int32_t i = 0; i < s->n; i++) look_again(&q, s->tour[i]);
  while (q.count > 0) {
    int32_t v = s->queue[q.head];
    q.head = (q.head + 1) % s->n;
    q.count--;
    s->waiting[v] = 0;
    while (two_opt(&q, v, 1) || two_opt(&q, v, 0) || or_opt(&q, v, 1) || or_opt(&q, v, 0)) continue;
  }
}
