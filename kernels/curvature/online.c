/* SPDX-License-Identifier: BSD-3-Clause */
/* Neon2^online: Oja's iteration on fresh mini-batches (weak: right with probability 1 - pw), whose
 * finds are tested on further fresh samples, and which is tried until the failures multiply to p.
 */
#include "kernels/curvature/internal.h"

#define TEST_ROWS 16
#define TEST_BLOCKS 8

/* *grown: v has grown by kappa and is worth a test. */
static thw_status weak(curv_run *s, const curv_plan *plan, int *grown) {
  thw_vec *u = s->w->v, *hv = s->w->a;
  double lg = 0, norm;
  THW_TRY(thw_unit_vec(u, s->p->rng));
  *grown = 0;
  for (int64_t t = 0; t < plan->steps; t++) {
    double q =
        s->o->probe == CURV_PROBE_LITERAL ? curv_literal_radius(s->o, plan->kappa, lg) : s->q;
    THW_TRY(curv_sampled(s, plan->batch, u, 1.0, q, hv));
    s->r->steps++;
    THW_TRY(thw_axpy(u, -plan->eta, hv));
    THW_TRY(thw_norm2(u, &norm));
    if (!isfinite(norm) || !(norm > 0)) return curv_end(s, CURV_DIVERGED);
    THW_TRY(thw_scale(u, 1 / norm));
    lg += log(norm);
    if (lg >= log(plan->kappa)) {
      *grown = 1;
      break;
    }
  }
  return THW_OK;
}

/* Running mean and squared deviations of the block means of v'H_I v. */
typedef struct stats {
  int64_t n;
  double mean, m2;
} stats;

static thw_status sample_blocks(curv_run *s, double q, int64_t until, stats *b) {
  thw_vec *hv = s->w->a;
  while (b->n < until) {
    double z = 0;
    THW_TRY(curv_sampled(s, TEST_ROWS, s->w->v, 1.0, q, hv));
    THW_TRY(thw_dot(s->w->v, hv, &z));
    if (!isfinite(z)) return curv_end(s, CURV_DIVERGED);
    double before = z - b->mean;
    b->n++;
    b->mean += before / (double)b->n;
    b->m2 += before * (z - b->mean);
  }
  return THW_OK;
}

/* Sequential test of v'Hv <= -acc delta at confidence 1 - p, with what it found in *z. */
static thw_status rayleigh(curv_run *s, const curv_plan *plan, double *z, int *ok) {
  const double accept = -plan->acc * s->o->delta, tolerance = 0.25 * s->o->delta / 2;
  const double k = sqrt(2 * log(2 / s->o->p));
  const double q = s->o->probe == CURV_PROBE_LITERAL
                       ? curv_literal_radius(s->o, plan->kappa, log(plan->kappa))
                       : s->q;
  stats b = {0};
  for (int64_t blocks = TEST_BLOCKS;; blocks *= 2) {
    if (s->p->n >= 0 && blocks * TEST_ROWS > s->p->n) {
      THW_TRY(curv_full(s, s->w->v, 1.0, q, s->w->a));
      THW_TRY(thw_dot(s->w->v, s->w->a, z));
      if (!isfinite(*z)) return curv_end(s, CURV_DIVERGED);
      *ok = *z <= accept;
      return THW_OK;
    }
    THW_TRY(sample_blocks(s, q, blocks, &b));
    double h = k * sqrt(b.m2 / (double)(b.n - 1) / (double)b.n);
    *z = b.mean;
    *ok = b.mean <= accept;
    if (b.mean + h <= accept || b.mean - h > accept || h <= tolerance) return THW_OK;
  }
}

thw_status curv_run_online(curv_run *s) {
  curv_plan plan;
  curv_plan_make(CURV_ONLINE, s->o, s->p->n, s->d, &plan);
  s->r->L = s->o->L;
  for (int64_t j = 0; j < plan.trials; j++) {
    int grown, ok = 0;
    double z = 0;
    THW_TRY(weak(s, &plan, &grown));
    if (!grown) continue;
    THW_TRY(rayleigh(s, &plan, &z, &ok));
    curv_seen(s, z);
    if (ok) return curv_found(s, z);
  }
  return curv_end(s, CURV_BOTTOM);
}
