/* SPDX-License-Identifier: BSD-3-Clause */
#include "plugins/optimizers/catalyst/catalyst.h"

#include <string.h>

/* v += kappa (x - y) */
static thw_status pull(const shifted *s, thw_vec *v, const thw_vec *x, const thw_vec *y) {
  const double c[2] = {s->kappa, -s->kappa};
  const thw_vec *in[2] = {x, y};
  return thw_lincomb(v, 1.0, 2, c, in);
}

static thw_status facts(void *self, thw_facts *out) {
  shifted *s = self;
  THW_TRY(thw_oracle_facts(&s->base, out));
  out->lipschitz += s->kappa;
  out->lipschitz_max += s->kappa;
  out->convexity += s->kappa;
  return THW_OK; /* lower_bound still is one; variances do not change */
}

static thw_status space(void *self, thw_space **out) {
  return thw_oracle_space(&((shifted *)self)->base, out);
}

static thw_status start_point(void *self, thw_vec *x, thw_rng *r) {
  const thw_object *b = &((shifted *)self)->base;
  return thw_oracle_(b)->start_point(b->self, x, r);
}

static thw_status draw(void *self, thw_rng *r, uint32_t how, int64_t n, thw_batch **out) {
  return thw_oracle_draw(&((shifted *)self)->base, r, how, n, out);
}

static void release(void *self, thw_batch *b) {
  thw_oracle_release(&((shifted *)self)->base, b);
}

/* |x - centre|^2 = x.x - 2 x.c + c.c would lose all digits near the centre, so the difference is
 * formed where there is room for it. */
static thw_status eval(void *self, const thw_vec *x, const thw_batch *b, double *f, thw_vec *g) {
  shifted *s = self;
  THW_TRY(thw_oracle_eval(&s->base, x, b, f, g));
  if (s->kappa == 0.0) return THW_OK;
  if (g) THW_TRY(pull(s, g, x, s->centre));
  if (!f) return THW_OK;
  double sq;
  THW_TRY(thw_axpby(s->diff, 1.0, x, 0.0));
  THW_TRY(thw_axpy(s->diff, -1.0, s->centre));
  THW_TRY(thw_dot(s->diff, s->diff, &sq));
  *f += 0.5 * s->kappa * sq;
  return THW_OK;
}

static thw_status diff(void *self, const thw_vec *x, const thw_vec *y, const thw_batch *b,
                       thw_vec *d) {
  shifted *s = self;
  THW_TRY(thw_oracle_diff(&s->base, x, y, b, d));
  return pull(s, d, x, y);
}

static thw_status blocks(void *self, const thw_vec *x, const thw_batch *b, uint32_t k,
                         thw_vec *const *g) {
  shifted *s = self;
  THW_TRY(thw_oracle_blocks(&s->base, x, b, k, g));
  for (uint32_t j = 0; j < k; j++) THW_TRY(pull(s, g[j], x, s->centre));
  return THW_OK;
}

static thw_status hvp(void *self, const thw_vec *x, const thw_vec *v, const thw_batch *b,
                      thw_vec *hv) {
  shifted *s = self;
  THW_TRY(thw_oracle_hvp(&s->base, x, v, b, hv));
  return thw_axpy(hv, s->kappa, v);
}

static const thw_oracle_ops ops = {.size = sizeof(thw_oracle_ops),
                                   .facts = facts,
                                   .space = space,
                                   .start_point = start_point,
                                   .draw = draw,
                                   .release = release,
                                   .eval = eval,
                                   .diff = diff,
                                   .blocks = blocks,
                                   .hvp = hvp};

/* ---- fused loop ----------------------------------------------------------------------------- */

static thw_status prepare(void *self, const thw_vec *at, thw_vec *mu, void **snapshot) {
  shifted *s = self;
  THW_TRY(s->vr->prepare(s->base.self, at, mu, snapshot));
  thw_status st = pull(s, mu, at, s->centre);
  if (st != THW_OK) s->vr->drop(s->base.self, *snapshot);
  return st;
}

/* The inner method's mu holds the pull at the snapshot; what is left of it is kappa (x - s). */
static thw_status loop(void *self, thw_vr_job *job) {
  shifted *s = self;
  if (job->shift != 0.0) return THW_E_UNSUPPORTED;
  thw_vr_job below = *job;
  below.shift = s->kappa;
  below.centre = s->kappa != 0.0 ? job->s : NULL;
  return s->vr->loop(s->base.self, &below);
}

static void drop(void *self, void *snapshot) {
  shifted *s = self;
  s->vr->drop(s->base.self, snapshot);
}

static const thw_vr vr = {.size = sizeof(thw_vr), .prepare = prepare, .loop = loop, .drop = drop};

static thw_status hessian(void *self, const thw_vec *x, const thw_batch *b, double *h) {
  shifted *s = self;
  THW_TRY(s->hessian->hessian(s->base.self, x, b, h));
  int64_t n = x->space->n;
  for (int64_t i = 0; i < n; i++) h[i * n + i] += s->kappa;
  return THW_OK;
}

static const thw_hessian dense = {.size = sizeof(thw_hessian), .hessian = hessian};

static thw_status curvature_floor(void *self, const thw_vec *x, double *out) {
  shifted *s = self;
  THW_TRY(s->floor->floor(s->base.self, x, out));
  *out += s->kappa;
  return THW_OK;
}

static const thw_floor lowest = {.size = sizeof(thw_floor), .floor = curvature_floor};

static const void *ext(void *self, const char *id) {
  shifted *s = self;
  if (s->vr && strcmp(id, THW_EXT_VR) == 0) return &vr;
  if (s->hessian && strcmp(id, THW_EXT_HESSIAN) == 0) return &dense;
  if (s->floor && strcmp(id, THW_EXT_FLOOR) == 0) return &lowest;
  return NULL;
}

thw_object shifted_object(shifted *s, const thw_object *base) {
  s->base = *base;
  s->vr = thw_ext(base, THW_EXT_VR);
  s->hessian = thw_ext(base, THW_EXT_HESSIAN);
  s->floor = thw_ext(base, THW_EXT_FLOOR);
  return (thw_object){sizeof(thw_object), THW_ORACLE, &ops, s, ext};
}
