/* SPDX-License-Identifier: BSD-3-Clause */
/* Checks of what models claim about themselves, and of their fused loop. */
#include <math.h>
#include <stdlib.h>

#include "core/verify/model.h"

/* ---- facts ------------------------------------------------------------------------------------
 */

static void unset(thw_facts *f) {
  *f = (thw_facts){.size = sizeof *f, .components = -1};
  f->lipschitz = f->lipschitz_max = f->lipschitz_hess = (double)NAN;
  f->variance = f->variance_hess = f->convexity = f->lower_bound = (double)NAN;
}

/* Slack for rounding in a ratio of differences. */
#define ABOVE(x, bound) ((x) > (bound)*1.000001 + 1e-9)

/* Two points against the constants: none may be exceeded. */
static void pair(vf_case *k, vf_model *m, const thw_facts *f, const vf_buf *x, const vf_buf *y,
                 vf_buf *gx, vf_buf *gy, vf_buf *d) {
  double fx = vf_model_value(k, m, x, &m->all, gx);
  vf_model_value(k, m, y, &m->all, gy);
  vf_move(d, x, -1, y);
  vf_move(gy, gx, -1, gy);
  double dist = sqrt(vf_dot(d, d)), ratio = sqrt(vf_dot(gy, gy)) / dist;
  double monotone = vf_dot(gy, d) / (dist * dist);
  if (!(f->flags & THW_FACTS_LOCAL) && ABOVE(ratio, f->lipschitz))
    vf_fail(k, "on %s, lipschitz is given as %g, but two gradients differ by %g times the distance",
            m->where, f->lipschitz, ratio);
  if (fx < f->lower_bound - 1e-12)
    vf_fail(k, "on %s, f is %g, below the lower bound %g", m->where, fx, f->lower_bound);
  if (ABOVE(f->convexity, monotone))
    vf_fail(k, "on %s, convexity is given as %g, but the curvature along a line is %g", m->where,
            f->convexity, monotone);
  if ((m->lay.flags & THW_MODEL_CONVEX) && monotone < -1e-9)
    vf_fail(k, "on %s, it claims to be convex, but the curvature along a line is %g", m->where,
            monotone);
  for (int64_t i = 0; i < m->all.n; i++) {
    thw_batch one = m->all;
    one.first = i;
    one.n = 1;
    vf_model_value(k, m, x, &one, gx);
    vf_model_value(k, m, y, &one, gy);
    vf_move(gy, gx, -1, gy);
    if (ABOVE(sqrt(vf_dot(gy, gy)) / dist, f->lipschitz_max))
      vf_fail(k, "on %s, lipschitz_max is given as %g, but row %d has %g", m->where,
              f->lipschitz_max, (int)i, sqrt(vf_dot(gy, gy)) / dist);
  }
}

static int facts_of(vf_case *k, vf_model *m) {
  thw_facts f;
  unset(&f);
  if (!m->ops->facts) return vf_skip(k, "it states no facts");
  thw_status st = m->ops->facts(m->self, &f);
  if (st != THW_OK) return vf_fail(k, "on %s, facts answers %d", m->where, (int)st);
  if (f.components != -1 && f.components != m->all.n)
    return vf_fail(k, "on %s, components is %lld for %lld rows", m->where, (long long)f.components,
                   (long long)m->all.n);
  vf_buf b[5];
  for (int i = 0; i < 5; i++) b[i] = vf_buf_new(THW_F64, m->lay.n);
  for (int i = 0; i < 12 && k->outcome != VF_FAIL; i++) {
    char purpose[32];
    double scale = i % 3 == 0 ? 0.01 : i % 3 == 1 ? 0.5 : 3;
    snprintf(purpose, sizeof purpose, "pair%d", i);
    vf_buf_random(&b[0], purpose, scale);
    vf_buf_random(&b[1], "shift", i < 6 ? 1e-3 : 1);
    vf_move(&b[1], &b[0], 1, &b[1]);
    pair(k, m, &f, &b[0], &b[1], &b[2], &b[3], &b[4]);
  }
  for (int i = 0; i < 5; i++) vf_buf_free(&b[i]);
  return 0;
}

static int facts(vf_case *k) {
  return vf_each_model(k, 0, facts_of);
}

/* ---- the starting point ------------------------------------------------------------------------
 */

static int init_of(vf_case *k, vf_model *m) {
  vf_buf x = vf_buf_new(THW_F64, m->lay.n), y = vf_buf_new(THW_F64, m->lay.n);
  thw_rng r, again;
  tw_host.rng(m->in->ctx, "init", &r);
  again = r;
  vf_buf_random(&y, "old", 1);
  thw_status st = m->ops->init(m->self, &x.view, &r);
  if (st == THW_OK) st = m->ops->init(m->self, &y.view, &again);
  if (st != THW_OK)
    vf_fail(k, "on %s, init answers %d", m->where, (int)st);
  else if (vf_apart(&x, &y, 1) != 0)
    vf_fail(k, "on %s, the same random stream gives two starting points", m->where);
  for (int64_t i = 0; i < m->lay.n; i++)
    if (!isfinite(vf_get(&x.view, i))) {
      vf_fail(k, "on %s, the starting point is not finite", m->where);
      break;
    }
  vf_buf_free(&x);
  vf_buf_free(&y);
  return 0;
}

static int init(vf_case *k) {
  return vf_each_model(k, 0, init_of);
}

/* ---- the fused loop ----------------------------------------------------------------------------
 */

enum { STEPS = 30, BATCH = 2 };

typedef struct loop {
  vf_buf s, mu, x, slow, sum, slow_sum, centre, gx, gs;
  int64_t index[STEPS * BATCH];
  double step, shift;
} loop;

/* The same steps by eval. */
static void slow_steps(vf_case *k, vf_model *m, loop *l) {
  for (int t = 0; t < STEPS; t++) {
    thw_batch b = m->all;
    b.index = l->index + t * BATCH;
    b.n = BATCH;
    vf_move(&l->slow_sum, &l->slow_sum, 1, &l->slow);
    vf_model_value(k, m, &l->slow, &b, &l->gx);
    vf_model_value(k, m, &l->s, &b, &l->gs);
    for (int64_t i = 0; i < m->lay.n; i++) {
      double x = vf_get(&l->slow.view, i);
      double d = vf_get(&l->gx.view, i) - vf_get(&l->gs.view, i) + vf_get(&l->mu.view, i) +
                 l->shift * (x - vf_get(&l->centre.view, i));
      vf_set(&l->slow.view, i, x - l->step * d);
    }
  }
}

static void compare_loops(vf_case *k, vf_model *m, const thw_vr_model *vr, loop *l) {
  void *snapshot = NULL;
  vf_model_value(k, m, &l->s, &m->all, &l->gx);
  thw_status st = vr->prepare(m->self, &l->s.view, &m->all, &l->mu.view, &snapshot);
  if (st == THW_E_UNSUPPORTED) {
    vf_skip(k, "on %s, prepare answers THW_E_UNSUPPORTED", m->where);
    return;
  }
  if (st != THW_OK) {
    vf_fail(k, "on %s, prepare answers %d", m->where, (int)st);
    return;
  }
  if (!(vf_apart(&l->mu, &l->gx, 1e-2) <= 1e-11))
    vf_fail(k, "on %s, prepare's gradient is not eval's", m->where);
  st = vr->loop(m->self, snapshot, &l->x.view, &l->s.view, &l->mu.view, l->step, l->shift,
                l->shift != 0 ? &l->centre.view : NULL, STEPS, BATCH, l->index, &l->sum.view);
  if (st == THW_OK) {
    slow_steps(k, m, l);
    if (!(vf_apart(&l->x, &l->slow, 1) <= 1e-10))
      vf_fail(k, "on %s, shift %g: the fused loop ends %.2g away from the plain steps", m->where,
              l->shift, vf_apart(&l->x, &l->slow, 1));
    if (!(vf_apart(&l->sum, &l->slow_sum, 1) <= 1e-10))
      vf_fail(k, "on %s, shift %g: the sum of the iterates is wrong", m->where, l->shift);
  } else if (st != THW_E_UNSUPPORTED) {
    vf_fail(k, "on %s, loop answers %d", m->where, (int)st);
  }
  vr->drop(m->self, snapshot);
}

static int fused_of(vf_case *k, vf_model *m) {
  const thw_vr_model *vr = thw_ext(&m->in->object, THW_EXT_VR_MODEL);
  if (!vr) return vf_skip(k, "it does not offer " THW_EXT_VR_MODEL);
  for (int shifted = 0; shifted < 2; shifted++) {
    loop l = {.step = 0.02, .shift = shifted ? 0.3 : 0};
    vf_buf *all[] = {&l.s, &l.mu, &l.x, &l.slow, &l.sum, &l.slow_sum, &l.centre, &l.gx, &l.gs};
    thw_rng r = {.key = {5, 0}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) *all[i] = vf_buf_new(THW_F64, m->lay.n);
    for (int i = 0; i < STEPS * BATCH; i++) l.index[i] = thw_rng_index(&r, m->all.n);
    vf_buf_random(&l.s, "s", 0.5);
    vf_buf_random(&l.x, "x", 0.5);
    vf_buf_random(&l.slow, "x", 0.5);
    vf_buf_random(&l.centre, "centre", 0.5);
    compare_loops(k, m, vr, &l);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) vf_buf_free(all[i]);
  }
  return 0;
}

static int fused(vf_case *k) {
  return vf_each_model(k, 0, fused_of);
}

const vf_check vf_checks_facts[] = {
    {"init", VF_KIND(THW_MODEL), "the starting point is finite and a function of the stream", init},
    {"facts", VF_KIND(THW_MODEL), "no constant that it states is exceeded on random points", facts},
    {"fused-loop", VF_KIND(THW_MODEL),
     "the fused variance-reduced loop makes the same steps as the plain path", fused},
    {NULL, 0, NULL, NULL},
};
