/* SPDX-License-Identifier: BSD-3-Clause */
/* Projection by the ellipsoid method, with a number of separations that is polylogarithmic in the
 * worst case. Each centre is cut by a known half-space that it violates, by the distance of the
 * best centre so far, or by what separation-or-decomposition says of it. With
 *     eps_o = e^2/(8 sqrt(n) D0),  delta = e^2/(8 D0)
 * for the decompositions and the last ellipsoid, |x - z| <= |x - y| + e for all x in alpha K. */
#include <cblas.h>
#include <math.h>
#include <string.h>

#include "kernels/online/pad.h"

typedef struct search {
  on_pad *s;
  const double *y;
  on_ellipsoid *E;
  double rho, eps; /* distance of the best centre; tolerance of its decomposition */
  int found;
} search;

static thw_status refuse(on_pad *s) {
  const thw_linear_facts *f = s->facts;
  if (!(s->o.mirror.kind == ON_EUCLID))
    return on_fail(s->e, THW_E_ARG, "projection = \"ellipsoid\" needs mirror = \"euclid\"");
  for (int64_t i = 0; f->free_sign && i < s->n; i++)
    if (f->free_sign[i])
      return on_fail(s->e, THW_E_ARG,
                     "projection = \"ellipsoid\" takes oracles whose costs are not negative");
  if (s->c.known > 0)
    return on_fail(s->e, THW_E_ARG,
                   "projection = \"ellipsoid\" cannot use the inequalities that this oracle gives");
  if (isfinite(f->norm)) return THW_OK;
  return on_fail(s->e, THW_E_ARG,
                 "projection = \"ellipsoid\" needs an oracle that says how long its decisions are");
}

/* A known half-space that the centre violates, the farthest one. */
static int violated(search *q, int *left) {
  on_pad *s = q->s;
  double most = 0;
  int64_t worst = -1;
  for (int64_t j = 0; j < s->c.count; j++) {
    double lacks =
        s->c.rhs[j] - cblas_ddot((int)s->n, s->c.row + j * (s->n + 1), 1, q->E->centre, 1);
    if (lacks > most) most = lacks, worst = j;
  }
  if (worst < 0) return 0;
  s->c.used[worst] = s->counts.projections;
  *left = on_ellipsoid_cut(q->E, s->c.row + worst * (s->n + 1), 1, s->c.rhs[worst]);
  return 1;
}

/* The centre's distance from y; (centre - y)/distance into normal. */
static double distance(search *q) {
  double sum = 0;
  for (int64_t i = 0; i < q->s->n; i++) {
    q->s->normal[i] = q->E->centre[i] - q->y[i];
    sum += q->s->normal[i] * q->s->normal[i];
  }
  sum = sqrt(sum);
  for (int64_t i = 0; sum > 0 && i < q->s->n; i++) q->s->normal[i] /= sum;
  return sum;
}

/* Nearer than the best centre: is it decomposable? */
static thw_status judge(search *q, double at, int *left) {
  on_pad *s = q->s;
  double level;
  int temporary;
  memcpy(s->z, q->E->centre, (size_t)s->n * sizeof *s->z);
  on_pad_moved(s);
  thw_status st = on_pad_sod(s, q->eps, &level, &temporary);
  if (st == THW_RETRY) {
    THW_TRY(on_cuts_add(s, s->direction, level, temporary));
    *left = on_ellipsoid_cut(q->E, s->direction, 1, level);
    return THW_OK;
  }
  if (st != THW_OK) return st;
  memcpy(q->s->best, s->z, (size_t)s->n * sizeof *s->z);
  q->rho = at;
  q->found = 1;
  *left = at > 0 && on_ellipsoid_cut(q->E, q->s->normal, -1,
                                     cblas_ddot((int)s->n, q->s->normal, 1, q->E->centre, 1));
  return THW_OK;
}

static thw_status seek(search *q, double delta) {
  on_pad *s = q->s;
  double d = (double)s->n, end = d * log(delta / sqrt(d));
  /* Each cut takes at least 1/(2 (d + 1)) off the logarithm, but for rounding. */
  double most = 2 * (d + 1) * (q->E->log_volume - end) + 100;
  for (int left = 1; left && q->E->log_volume > end && most > 0; most--) {
    s->counts.centres++;
    if (violated(q, &left)) continue;
    double at = distance(q);
    if (at <= q->rho) {
      THW_TRY(judge(q, at, &left));
      continue;
    }
    left = on_ellipsoid_cut(q->E, q->s->normal, -1,
                            q->rho + cblas_ddot((int)s->n, q->s->normal, 1, q->y, 1));
  }
  return THW_OK;
}

thw_status on_pad_project_ellipsoid(on_pad *s, const double *y, double e) {
  search q = {.s = s, .y = y, .E = &s->around};
  double norm = sqrt(cblas_ddot((int)s->n, y, 1, y, 1)), d = (double)s->n;
  THW_TRY(refuse(s));
  if (!s->best) THW_TRY(ON_NEW(s->e, s->best, s->n));
  if (!s->normal) THW_TRY(ON_NEW(s->e, s->normal, s->n));
  double alpha = isfinite(s->facts->factor) ? s->facts->factor : 1;
  double D0 = fabs(alpha) * s->facts->norm + norm + 1;
  q.rho = D0;
  q.eps = on_pad_floor(s, e * e / (8 * sqrt(d) * D0));
  THW_TRY(on_ellipsoid_ball(q.E, s->e, s->n, y, D0));
  THW_TRY(seek(&q, fmax(e * e / (8 * D0), 1e-12 * D0)));
  if (!q.found) return on_pad_empty(s);
  memcpy(s->z, s->best, (size_t)s->n * sizeof *s->z);
  on_pad_moved(s);
  return on_pad_inner(s);
}
