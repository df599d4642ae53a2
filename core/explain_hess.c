/* SPDX-License-Identifier: BSD-3-Clause */
/* L2, which no search needs and no run estimates beforehand (a line search finds the length of each
 * step), but the theorems do. By the mean value theorem
 *
 *   |g(x + 2 r u) - 2 g(x + r u) + g(x)| / r^2  <=  L2 on the ball of radius 2 r,   |u| = 1,
 *
 * and what stands between the bars, as the next u, turns u towards where the Hessian changes most
 * (the power method for third derivatives). Differences of gradients at distances of the size of
 * the problem, not of a probe: rounding plays no part in either precision, and a saddle at which
 * third derivatives vanish by symmetry still shows what they are around it. */
#include <math.h>

#include "core/explain.h"
#include "kernels/curvature/curvature.h"

#define ROWS 512   /* of the sample */
#define TURNS 8    /* of the direction, for each radius */
#define MARGIN 2.0 /* what is seen is a lower bound */
#define TRIES 4    /* of smaller radii where f overflows */

typedef struct site {
  const tw_explain_at *at;
  const thw_batch *batch; /* NULL: the whole sum */
  thw_vec *g0;
} site;

static thw_status gradient(const site *s, const thw_vec *u, double r, thw_vec *g) {
  const thw_vec *in[2] = {s->at->x, u};
  const double c[2] = {1.0, r};
  *s->at->cost += s->batch ? s->batch->n : s->at->rows;
  THW_TRY(thw_lincomb(s->at->work->point, 0.0, 2, c, in));
  return thw_oracle_eval(s->at->oracle, s->at->work->point, s->batch, NULL, g);
}

/* The largest ratio that `TURNS` directions show; u holds the last. */
static thw_status at_radius(const site *s, double r, double *most) {
  thw_vec *u = s->at->work->a, *h = s->at->work->b, *far = s->at->work->c;
  double norm;
  THW_TRY(thw_unit_vec(u, s->at->rng));
  for (int t = 0; t < TURNS; t++) {
    THW_TRY(gradient(s, u, r, h));
    THW_TRY(gradient(s, u, 2 * r, far));
    const thw_vec *in[2] = {far, s->g0};
    static const double one[2] = {1.0, 1.0};
    THW_TRY(thw_lincomb(h, -2.0, 2, one, in));
    THW_TRY(thw_norm2(h, &norm));
    if (!isfinite(norm)) return THW_E_NONFINITE;
    *most = fmax(*most, norm / (r * r));
    if (!(norm > 0)) return THW_OK;
    THW_TRY(thw_axpby(u, 1.0 / norm, h, 0.0));
  }
  return THW_OK;
}

static thw_status on_sample(site *s, double *L2) {
  static const double part[2] = {0.5, 0.05};
  double norm, radius, most = 0;
  THW_TRY(thw_norm2(s->at->x, &norm));
  THW_TRY(gradient(s, s->at->x, 0.0, s->g0));
  radius = fmax(1.0, norm);
  *L2 = (double)NAN;
  for (int i = 0, tries = 0; i < 2 && tries < TRIES;) {
    thw_status st = at_radius(s, part[i] * radius, &most);
    if (st == THW_E_NONFINITE || st == THW_RETRY) {
      radius /= 10;
      tries++;
      continue;
    }
    THW_TRY(st);
    *L2 = MARGIN * most;
    i++;
  }
  return THW_OK;
}

thw_status tw_explain_hess(const tw_explain_at *at, double *L2) {
  thw_batch *b = NULL;
  if (at->rows < 0 || at->rows > ROWS)
    THW_TRY(thw_oracle_draw(at->oracle, at->rng, THW_DRAW_SUBSET, ROWS, &b));
  site s = {.at = at, .batch = b, .g0 = at->work->g0};
  thw_status st = on_sample(&s, L2);
  thw_oracle_release(at->oracle, b);
  return st;
}
