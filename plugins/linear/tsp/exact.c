/* SPDX-License-Identifier: BSD-3-Clause */
/* The best tour of a few cities, by dynamic programming over sets (Held and Karp 1962). */
#include <config.h>

#include "plugins/linear/tsp/tsp.h"

#include <math.h>

/* held[set][last]: the shortest way from city 0 through the set (of cities 1 ..) to its last. */
void tsp_exact_tour(tsp *s) {
  int32_t m = s->n - 1, all = (1 << m) - 1;
  const double *d = s->d;
  for (int32_t set = 1; set <= all; set++)
    for (int32_t last = 0; last < m; last++) {
      double best = INFINITY;
      int8_t from = -1;
      int32_t rest = set & ~(1 << last);
      if (!(set >> last & 1)) continue;
      if (rest == 0) best = d[last + 1];
      for (int32_t k = 0; k < m; k++) {
        if (!(rest >> k & 1)) continue;
        double v = s->held[(int64_t)rest * m + k] + d[(int64_t)(k + 1) * s->n + last + 1];
        if (v < best) best = v, from = (int8_t)k;
      }
      s->held[(int64_t)set * m + last] = best;
      s->held_from[(int64_t)set * m + last] = from;
    }
  int32_t last = 0;
  for (int32_t k = 1; k < m; k++)
    if (s->held[(int64_t)all * m + k] + d[k + 1] < s->held[(int64_t)all * m + last] + d[last + 1])
      last = k;
  s->tour[0] = 0;
  for (int32_t set = all, at = m; at > 0; at--) {
    s->tour[at] = last + 1;
    int32_t before = s->held_from[(int64_t)set * m + last];
    set &= ~(1 << last);
    last = before;
  }
}
