/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/recurrent/probe.c - what the theory of these networks speaks of, on a fixed batch:
 * norms of states and of back-propagated gradients over the steps, signs that differ from the
 * start's, the way that the weights have gone, and how far the network is from its linearisation.
 *
 * One shard after the other, on one thread; sums in double. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "probe.h"

static double square(double x) {
  return x * x;
}

static double norm_of(const rec *m, const void *p, int64_t at, int64_t n) {
  double s = 0;
  for (int64_t i = 0; i < n; i++) s += square(rec_real(m, p, at + i));
  return sqrt(s);
}

/* ---- sums over a shard -----------------------------------------------------------------------
 */

/* States of the top layer at x and at the start. */
static void add_states(rec_probe *p, const thwr_shard *s, const thwr_shard *s0, int64_t shard) {
  const rec *m = p->m;
  int64_t n = m->shape.m, top = m->shape.layers - 1;
  for (int64_t l = 0; l < s->steps; l++)
    for (int64_t k = 0; k < s->b; k++) {
      int64_t len = rec_length(p->b->rows, thw_batch_row(p->b, shard * SHARD + k));
      int64_t at = ((l + 1) * s->b + k) * n;
      if (l >= len) continue;
      double norm = norm_of(m, s->at.h[top], at, n);
      p->many[l]++;
      p->h[l] += norm;
      if (l == len - 1 && !(norm <= p->h_last)) p->h_last = norm;
      for (int64_t i = 0; i < n; i++) {
        double h = rec_real(m, s->at.h[top], at + i), h0 = rec_real(m, s0->at.h[top], at + i);
        p->on[l] += h > 0;
        p->alive[i] |= h > 0;
        p->flips[l] += (h > 0) != (h0 > 0);
        p->moved += square(h - h0);
        p->size += square(h0);
      }
    }
}

static void watch(void *arg, int layer, const thwr_shard *s) {
  rec_probe *p = arg;
  const rec *m = p->m;
  int64_t n = m->shape.m * thwr_gates(&m->shape);
  if (layer != m->shape.layers - 1) return;
  for (int64_t l = 0; l < s->steps; l++)
    for (int64_t k = 0; k < s->b; k++) p->into[l] += norm_of(m, s->p, (l * s->b + k) * n, n);
}

static void add_errors(rec_probe *p, const thwr_shard *s) {
  const rec *m = p->m;
  for (int64_t l = 0; l < s->steps; l++)
    for (int64_t k = 0; k < s->b; k++) {
      double a[2] = {0, 0};
      if (s->weight[l * s->b + k] == 0.0) continue;
      rec_score_step(m, s, l * s->b + k, a);
      p->counted[l]++;
      p->error[l] += rec_is_class(m) ? 1 - a[0] : a[0];
      p->scale[l] += a[1];
    }
}

/* Distances of the outputs: to those at the start, and to the linearisation there. */
static void add_distances(rec_probe *p, const thwr_shard *s, const thwr_shard *s0) {
  const rec *m = p->m;
  int64_t d = m->shape.d;
  for (int64_t i = 0; i < s->steps * s->b * d; i++) {
    if (s->weight[i / d] == 0.0) continue;
    double y = rec_real(m, s->at.y, i), y0 = rec_real(m, s0->at.y, i);
    p->went += square(y - y0);
    p->bent += square(y - y0 - rec_real(m, s0->dot.y, i));
  }
}

/* A unit gradient at the last step of each sequence, and nothing else. */
static void unit_at_end(const rec_probe *p, thwr_shard *s, int64_t shard) {
  const rec *m = p->m;
  int64_t d = m->shape.d;
  memset(s->e, 0, (size_t)(s->steps * s->b * d) * m->kern->real);
  for (int64_t k = 0; k < s->b; k++) {
    int64_t len = rec_length(p->b->rows, thw_batch_row(p->b, shard * SHARD + k));
    for (int64_t j = 0; len > 0 && j < d; j++)
      rec_set(m, s->e, ((len - 1) * s->b + k) * d + j, 1 / sqrt((double)d));
  }
}

static void one_shard(rec_probe *p, int64_t shard) {
  rec *m = p->m;
  rec_slot *slot = &m->slot[0], *slot0 = &m->slot[1];
  thwr_shard *s = &slot->s, *s0 = &slot0->s;
  thwr_gradients none = {{NULL}};
  int64_t lo = shard * SHARD, hi = lo + SHARD < p->b->n ? lo + SHARD : p->b->n;
  rec_gather(m, p->b, lo, hi, slot);
  rec_gather(m, p->b, lo, hi, slot0);
  rec_forward(&p->at, s);
  m->kern->forward(&m->shape, &p->start.w, s0);
  m->kern->tangent(&m->shape, &p->start.w, &p->start.v, s0);
  add_states(p, s, s0, shard);
  add_errors(p, s);
  if (!m->linear) add_distances(p, s, s0);
  m->kern->loss(&m->shape, &m->loss, s, 1);
  p->into = p->p;
  m->kern->backward(&m->shape, &p->at.w, s, s->e, &none, watch, p);
  unit_at_end(p, s, shard);
  p->into = p->back;
  m->kern->backward(&m->shape, &p->at.w, s, s->e, &none, watch, p);
}

/* ---- what is told ----------------------------------------------------------------------------
 */

static void tell_steps(const rec_probe *p, thw_sink *out, const char *name, double *v, double by,
                       const double *count) {
  for (int64_t l = 0; l < p->steps; l++) v[l] = count[l] > 0 ? v[l] * by / count[l] : 0.0;
  out->reals(out, name, (size_t)p->steps, v);
}

static double total(const double *v, int64_t n) {
  double s = 0;
  for (int64_t i = 0; i < n; i++) s += v[i];
  return s;
}

static void tell(rec_probe *p, thw_sink *out) {
  const rec *m = p->m;
  double units = (double)m->shape.m, thin = sqrt((double)m->shape.d / units);
  int64_t dead = 0;
  out->real(out, "h_last_max", p->h_last);
  out->real(out, "state_change", p->size > 0 ? sqrt(p->moved / p->size) : 0.0);
  if (!m->linear && p->went > 0) out->real(out, "nonlinear", sqrt(p->bent / p->went));
  if (m->shape.cell == THWR_RNN && m->shape.act == THWR_RELU) {
    for (int64_t i = 0; i < m->shape.m; i++) dead += !p->alive[i];
    out->real(out, "dead", (double)dead / units);
    out->real(out, "flips", total(p->flips, p->steps) / (units * total(p->many, p->steps)));
    tell_steps(p, out, "on_step", p->on, 1 / units, p->many);
    tell_steps(p, out, "flips_step", p->flips, 1 / units, p->many);
  }
  tell_steps(p, out, "h_step", p->h, 1, p->many);
  tell_steps(p, out, "p_step", p->p, thin, p->many);
  tell_steps(p, out, "back_step", p->back, thin, p->many);
  tell_steps(p, out, "error_step", p->error, 1, p->counted);
  tell_steps(p, out, rec_is_class(m) ? "bits_step" : "scale_step", p->scale, 1, p->counted);
}

/* f, |grad f| and the curvature of the loss along the network's tangents, over the batch. */
static thw_status tell_objective(rec_probe *p, const thw_view *x, thw_sink *out) {
  rec *m = p->m;
  double f = 0, square_g = 0, sharp = 0, n = (double)p->b->n, s = m->loss.scale;
  double thin = (double)m->shape.d / (double)m->shape.m;
  THW_TRY(rec_sharpness(m, x, p->b, 20, &sharp));
  thw_view g = {m->probe_vec, m->n, 0, m->dtype, THW_MEM_HOST};
  THW_TRY(rec_eval(m, x, p->b, &f, &g));
  for (int i = 0; i < thwr_blocks(&m->shape); i++) {
    const rec_block *b = &m->block[i];
    char name[40];
    if (!b->n || b->offset < 0) continue;
    double norm = norm_of(m, g.data, b->offset, b->n);
    square_g += norm * norm;
    snprintf(name, sizeof name, "grad_%s", b->name);
    out->real(out, name, norm);
  }
  out->real(out, "f", f);
  out->real(out, "sharpness", sharp);
  if (m->loss.kind == THWR_SQUARED) out->real(out, "lam_max", sharp * n / (s * s) * thin);
  /* of the sum over the sequences: |n g|^2 / (n f) */
  if (f > 0) out->real(out, "grad_ratio", thin * n * square_g / f);
  return THW_OK;
}

/* ---- the entry -------------------------------------------------------------------------------
 */

static thw_status make_room(rec_probe *p) {
  rec *m = p->m;
  double **all[] = {&p->many, &p->h,       &p->on,    &p->flips, &p->p,
                    &p->back, &p->counted, &p->error, &p->scale};
  size_t k = sizeof all / sizeof *all, n = (size_t)p->steps;
  double *room = m->host->alloc(m->ctx, (k * n + 8) * sizeof *room);
  p->alive = m->host->alloc(m->ctx, (size_t)m->shape.m);
  p->room = room;
  if (!room || !p->alive) return rec_fail(m, THW_E_NOMEM, "out of memory for a probe");
  for (size_t i = 0; i < k; i++) *all[i] = room + i * n;
  return THW_OK;
}

static thw_status difference(rec *m, const thw_view *x, const thw_view *start, thw_view *d) {
  *d = (thw_view){m->host->alloc(m->ctx, (size_t)m->n * m->kern->real), m->n, 0, m->dtype,
                  THW_MEM_HOST};
  if (!d->data) return rec_fail(m, THW_E_NOMEM, "out of memory for a probe");
  for (int64_t i = 0; i < m->n; i++)
    rec_set(m, d->data, i, rec_real(m, x->data, i) - rec_real(m, start->data, i));
  return THW_OK;
}

static thw_status run(rec_probe *p, const thw_view *x, const thw_view *start, thw_sink *out) {
  rec *m = p->m;
  THW_TRY(make_room(p));
  THW_TRY(difference(m, x, start, &p->way));
  rec_point(m, x, &p->at);
  rec_point(m, start, &p->start);
  rec_direction(m, &p->way, &p->start.v);
  THW_TRY(rec_two_slots(m, p->b));
  for (int64_t i = 0; i * SHARD < p->b->n; i++) one_shard(p, i);
  tell(p, out);
  THW_TRY(rec_probe_weights(p, x, start, out));
  return tell_objective(p, x, out);
}

static thw_status probe(void *self, const thw_view *x, const thw_view *start, const thw_batch *b,
                        thw_sink *out) {
  rec *m = self;
  rec_probe p = {.m = m, .b = b, .at = {.m = m, .b = b}, .start = {.m = m, .b = b}};
  THW_TRY(rec_check(m, b, 1));
  for (int64_t k = 0; k < b->n; k++) {
    int64_t t = rec_length(b->rows, thw_batch_row(b, k));
    if (t > p.steps) p.steps = t;
  }
  if (p.steps < 1) return THW_OK;
  thw_status status = run(&p, x, start, out);
  m->host->release(m->ctx, p.room);
  m->host->release(m->ctx, p.alive);
  m->host->release(m->ctx, p.way.data);
  return status;
}

const thw_probe rec_probe_ext = {.size = sizeof(thw_probe), .rows = 64, .probe = probe};
