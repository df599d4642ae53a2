/* SPDX-License-Identifier: BSD-3-Clause */
/* Matchings against all matchings, and instances of TSPLIB against their optimal tours.
 * usage: tours matching | tours length FILE.tsp FILE.tour | tours cost FILE.tsp WALK
 * The latter two print the length of a tour in TSPLIB's format, or of a closed walk with a city a
 * line, and how many cities it visits. */
#include <config.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/online/matching.h"
#include "kernels/online/tsplib.h"
#include "kernels/online/uniform.h"

static void *take(thw_ctx *c, size_t n) {
  (void)c;
  return calloc(1, n);
}
static void give(thw_ctx *c, void *p) {
  (void)c;
  free(p);
}
static thw_status complain(thw_ctx *c, thw_status st, const char *text) {
  (void)c;
  fprintf(stderr, "%s\n", text);
  return st;
}

static const thw_host host = {
    .size = sizeof host, .alloc = take, .release = give, .fail = complain};
static const on_env env = {&host, NULL};

/* ---- matchings ------------------------------------------------------------------------------- */

#define MOST 14
static double w[MOST][MOST];

static double weight(const void *arg, int32_t i, int32_t j) {
  (void)arg;
  return w[i][j];
}

/* Over sets: the first node not matched goes with each of the others. */
static double least(int n) {
  static double best[1 << MOST];
  best[0] = 0;
  for (int set = 1; set < 1 << n; set++) {
    int first = 0;
    best[set] = INFINITY;
    while (!(set >> first & 1)) first++;
    for (int k = first + 1; k < n; k++)
      if (set >> k & 1) {
        double v = best[set & ~(1 << first) & ~(1 << k)] + w[first][k];
        if (v < best[set]) best[set] = v;
      }
  }
  return best[(1 << n) - 1];
}

/* Kinds: any numbers, few different ones, points in the plane, powers of two, mostly nothing. */
static double draw(int kind, uint64_t seed, int i, int j) {
  double u = on_uniform(seed, (uint64_t)(i * MOST + j));
  double dx = on_uniform(seed, (uint64_t)(1000 + i)) - on_uniform(seed, (uint64_t)(1000 + j));
  double dy = on_uniform(seed, (uint64_t)(2000 + i)) - on_uniform(seed, (uint64_t)(2000 + j));
  switch (kind) {
  case 0:
    return u;
  case 1:
    return floor(3 * u);
  case 2:
    return sqrt(dx * dx + dy * dy);
  case 3:
    return ldexp(1, (int)(12 * u));
  default:
    return u < 0.7 ? 0 : u;
  }
}

static int matchings(void) {
  on_matching *m;
  int32_t mate[MOST];
  int bad = 0, count = 0;
  if (on_matching_new(env, &m) != THW_OK) return 1;
  for (uint64_t seed = 0; seed < 1500; seed++) {
    int n = 2 * (int)(1 + seed % (MOST / 2)), kind = (int)(seed / 7 % 5), wrong = 0;
    double got = 0;
    for (int i = 0; i < n; i++)
      for (int j = 0; j < i; j++) w[i][j] = w[j][i] = draw(kind, seed, i, j);
    if (on_matching_solve(m, n, weight, NULL, mate) != THW_OK) return 1;
    for (int i = 0; i < n; i++) {
      wrong |= mate[i] < 0 || mate[i] >= n || mate[i] == i;
      if (wrong) break;
      wrong |= mate[mate[i]] != i;
      got += w[i][mate[i]] / 2;
    }
    double best = least(n);
    wrong |= !(fabs(got - best) <= 1e-9 * (1 + best));
    if (wrong && bad++ < 5)
      printf("seed %d, %d nodes: %.17g, best %.17g\n", (int)seed, n, got, best);
    count++;
  }
  on_matching_free(m);
  printf("%d matchings, %d wrong\n", count, bad);
  return bad != 0;
}

/* ---- tours ----------------------------------------------------------------------------------- */

static int measure(const char *instance, const char *walk, int tour) {
  on_tsplib t;
  char line[256];
  FILE *f = fopen(walk, "r");
  if (!f || on_tsplib_read(&t, env, instance) != THW_OK) return 1;
  char *seen = calloc(1, (size_t)t.n);
  int64_t first = -1, last = -1, cities = 0, steps = 0;
  double length = 0;
  int inside = !tour;
  while (fgets(line, sizeof line, f)) {
    if (strncmp(line, "TOUR_SECTION", 12) == 0) {
      inside = 1;
      continue;
    }
    for (char *p = line, *end; inside; p = end) {
      int64_t v = strtol(p, &end, 10) - 1;
      if (end == p) break;
      if (v < 0) {
        inside = 0;
        break;
      }
      if (v >= t.n) return 1;
      cities += !seen[v];
      seen[v] = 1;
      if (last >= 0) length += t.distance[last * t.n + v];
      if (first < 0) first = v;
      last = v;
      steps++;
    }
  }
  fclose(f);
  if (first < 0) return 1;
  length += t.distance[last * t.n + first];
  printf("%.17g %d %d %d\n", length, (int)cities, (int)t.n, (int)steps);
  free(seen);
  on_tsplib_free(&t);
  return 0;
}

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "matching") == 0) return matchings();
  if (argc == 4 && strcmp(argv[1], "length") == 0) return measure(argv[2], argv[3], 1);
  if (argc == 4 && strcmp(argv[1], "cost") == 0) return measure(argv[2], argv[3], 0);
  return 2;
}
