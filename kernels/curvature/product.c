/* SPDX-License-Identifier: BSD-3-Clause */
/* Products with the Hessian as differences of gradients:
 *     HV(w; I) = (g_I(x0 + s w) - g_I(x0)) / s,   s = radius / |w|.
 * Both gradients are of the same rows I: with other rows their noise, divided by the radius, would
 * swamp the product. */
#include "kernels/curvature/internal.h"

thw_status curv_end(curv_run *s, curv_status status) {
  s->r->status = status;
  return CURV_END;
}

thw_status curv_spend(curv_run *s, int64_t gradients) {
  if (s->p->cancelled && s->p->cancelled(s->p->arg)) return THW_CANCELLED;
  if (s->o->budget > 0 && s->r->cost > s->o->budget - gradients) return curv_end(s, CURV_BUDGET);
  s->r->cost += gradients;
  return THW_OK;
}

thw_status curv_guard(curv_run *s, thw_status st) {
  return st == THW_E_NONFINITE ? curv_end(s, CURV_DIVERGED) : st;
}

thw_status curv_need_g0(curv_run *s) {
  if (s->g0) return THW_OK;
  if (s->p->g0) {
    s->g0 = s->p->g0;
    return THW_OK;
  }
  THW_TRY(curv_spend(s, s->p->n));
  THW_TRY(curv_guard(s, thw_oracle_eval(s->p->oracle, s->p->x0, NULL, NULL, s->w->g0)));
  s->g0 = s->w->g0;
  return THW_OK;
}

/* point = x0 + (radius / norm) w */
static thw_status displace(curv_run *s, const thw_vec *w, double norm, double radius) {
  const thw_vec *in[2] = {s->p->x0, w};
  const double c[2] = {1.0, radius / norm};
  return thw_lincomb(s->w->point, 0.0, 2, c, in);
}

/* The subtraction comes before the division: two gradients this close subtract without error. */
static thw_status finish(thw_vec *hv, const thw_vec *g, double norm, double radius) {
  THW_TRY(thw_axpy(hv, -1.0, g));
  return thw_scale(hv, norm / radius);
}

thw_status curv_full(curv_run *s, const thw_vec *w, double norm, double radius, thw_vec *hv) {
  THW_TRY(curv_need_g0(s));
  THW_TRY(curv_spend(s, s->p->n));
  THW_TRY(displace(s, w, norm, radius));
  THW_TRY(curv_guard(s, thw_oracle_eval(s->p->oracle, s->w->point, NULL, NULL, hv)));
  return finish(hv, s->g0, norm, radius);
}

thw_status curv_on_batch(curv_run *s, const thw_batch *batch, const thw_vec *w, double norm,
                         double radius, thw_vec *hv) {
  THW_TRY(curv_spend(s, 2 * batch->n));
  THW_TRY(displace(s, w, norm, radius));
  THW_TRY(curv_guard(s, thw_oracle_diff(s->p->oracle, s->w->point, s->p->x0, batch, hv)));
  return thw_scale(hv, norm / radius);
}

thw_status curv_sampled(curv_run *s, int64_t rows, const thw_vec *w, double norm, double radius,
                        thw_vec *hv) {
  thw_batch *batch;
  THW_TRY(thw_oracle_draw(s->p->oracle, s->p->rng, THW_DRAW_UNIFORM, rows, &batch));
  thw_status st = curv_on_batch(s, batch, w, norm, radius, hv);
  thw_oracle_release(s->p->oracle, batch);
  return st;
}

double curv_literal_radius(const curv_options *o, double kappa, double log_growth) {
  return o->delta / (8 * o->L2) / kappa * exp(log_growth);
}

void curv_seen(curv_run *s, double z) {
  if (!(s->r->smallest <= z)) s->r->smallest = z;
}

thw_status curv_found(curv_run *s, double z) {
  s->r->z = z;
  return curv_end(s, CURV_FOUND);
}

thw_batch curv_part(const thw_batch *b, int64_t j, int64_t k) {
  int64_t lo = b->n * j / k, hi = b->n * (j + 1) / k;
  thw_batch part = *b;
  part.n = hi - lo;
  if (b->index)
    part.index = b->index + lo;
  else
    part.first = b->first + lo;
  return part;
}
