/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/online/sampler.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

#include "kernels/online/learn.h"

thw_status on_sampler_init(on_sampler *s, on_env e, int64_t n, int64_t points, int64_t thin,
                           const thw_rng *rng) {
  *s = (on_sampler){.e = e, .n = n, .points = points, .thin = thin, .rng = *rng};
  THW_TRY(ON_NEW(e, s->x, points * n));
  THW_TRY(ON_NEW(e, s->factor, n * n));
  THW_TRY(ON_NEW(e, s->mean, n));
  THW_TRY(ON_NEW(e, s->at, n));
  THW_TRY(ON_NEW(e, s->u, n));
  THW_TRY(ON_NEW(e, s->normal, n));
  for (int64_t i = 0; i < n; i++) s->factor[i * n + i] = 1;
  return THW_OK;
}

void on_sampler_free(on_sampler *s) {
  if (!s->e.host) return;
  double *all[] = {s->x, s->factor, s->mean, s->at, s->u, s->normal, s->slack, s->along};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) on_free(s->e, all[i]);
  *s = (on_sampler){0};
}

int on_body_has(const on_body *c, const double *x) {
  for (int64_t i = 0; i < c->n; i++)
    if (!(x[i] >= c->lo && x[i] <= c->hi)) return 0;
  for (int64_t j = 0; j < c->n_cuts; j++)
    if (cblas_ddot((int)c->n, c->a + j * c->ld, 1, x, 1) < c->b[j]) return 0;
  return 1;
}

/* From the centre of the box towards its upper corner, half of the way past the last face. */
static thw_status corner_start(on_sampler *s, const on_body *c) {
  double middle = 0.5 * (c->lo + c->hi), enters = 0;
  for (int64_t j = 0; j < c->n_cuts; j++) {
    double sum = 0;
    for (int64_t i = 0; i < c->n; i++) sum += c->a[j * c->ld + i];
    double lacks = c->b[j] - middle * sum, gains = (c->hi - middle) * sum;
    if (lacks <= 0) continue;
    if (!(gains > lacks))
      return on_fail(s->e, THW_E_INTERNAL,
                     "the oracle broke its promise: the half-spaces that its answers prove leave "
                     "nothing of the box (see which answers those were with monitor.check = true)");
    enters = fmax(enters, lacks / gains);
  }
  for (int64_t i = 0; i < c->n; i++) s->at[i] = middle + 0.5 * (1 + enters) * (c->hi - middle);
  return THW_OK;
}

static thw_status place(on_sampler *s, const on_body *c) {
  for (int64_t k = s->points; s->drawn > 0 && k-- > 0;) {
    if (!on_body_has(c, s->x + k * s->n)) continue;
    memcpy(s->at, s->x + k * s->n, (size_t)s->n * sizeof *s->at);
    return THW_OK;
  }
  return corner_start(s, c);
}

/* Cholesky factor of the covariance of the sample. */
static void adapt(on_sampler *s) {
  int64_t n = s->n;
  double *f = s->factor;
  memset(s->mean, 0, (size_t)n * sizeof *s->mean);
  for (int64_t k = 0; k < s->points; k++)
    cblas_daxpy((int)n, 1.0 / (double)s->points, s->x + k * n, 1, s->mean, 1);
  memset(f, 0, (size_t)(n * n) * sizeof *f);
  for (int64_t k = 0; k < s->points; k++) {
    for (int64_t i = 0; i < n; i++) s->u[i] = s->x[k * n + i] - s->mean[i];
    cblas_dsyr(CblasRowMajor, CblasLower, (int)n, 1.0 / (double)s->points, s->u, 1, f, (int)n);
  }
  for (int64_t i = 0; i < n; i++) {
    for (int64_t j = 0; j < i; j++)
      f[i * n + j] = (f[i * n + j] - cblas_ddot((int)j, f + i * n, 1, f + j * n, 1)) / f[j * n + j];
    double pivot = f[i * n + i] + 1e-10 - cblas_ddot((int)i, f + i * n, 1, f + i * n, 1);
    f[i * n + i] = sqrt(fmax(pivot, 1e-10));
  }
}

static void choose_direction(on_sampler *s) {
  int64_t n = s->n;
  for (int64_t i = 0; i < n; i += 2) {
    uint32_t w[4];
    double z[2];
    thw_rng_block(&s->rng, thw_rng_reserve(&s->rng, 1), w);
    thw_normal_pair(w, z);
    s->normal[i] = z[0];
    if (i + 1 < n) s->normal[i + 1] = z[1];
  }
  for (int64_t i = 0; i < n; i++)
    s->u[i] = cblas_ddot((int)i + 1, s->factor + i * n, 1, s->normal, 1);
  double norm = sqrt(cblas_ddot((int)n, s->u, 1, s->u, 1));
  for (int64_t i = 0; norm > 0 && i < n; i++) s->u[i] /= norm;
}

/* The part of the line at + t u inside, by t; a_j . u into s->along. */
static void chord(on_sampler *s, const on_body *c, double *lo, double *hi) {
  double from = -INFINITY, to = INFINITY;
  for (int64_t i = 0; i < c->n; i++) {
    if (s->u[i] == 0) continue;
    double a = (c->lo - s->at[i]) / s->u[i], b = (c->hi - s->at[i]) / s->u[i];
    if (a > b) {
      double t = a;
      a = b, b = t;
    }
    if (a > from) from = a;
    if (b < to) to = b;
  }
  for (int64_t j = 0; j < c->n_cuts; j++) {
    double g = cblas_ddot((int)c->n, c->a + j * c->ld, 1, s->u, 1);
    s->along[j] = g;
    if (g > 0 && s->slack[j] / g > from) from = s->slack[j] / g;
    if (g < 0 && s->slack[j] / g < to) to = s->slack[j] / g;
  }
  /* Rounding may leave the point a little outside of a face. */
  *lo = fmin(from, 0);
  *hi = fmax(to, 0);
}

/* t in [lo, hi] with density proportional to exp(-k t), by inversion. */
static double along_chord(double k, double lo, double hi, double uniform) {
  double a = k * (hi - lo);
  if (fabs(a) < 1e-9) return lo + uniform * (hi - lo);
  if (a > 0) return lo - log1p(uniform * expm1(-a)) / k;
  return hi - log1p(uniform * expm1(a)) / k;
}

static void walk(on_sampler *s, const on_body *c, const double *theta) {
  double lo, hi;
  choose_direction(s);
  chord(s, c, &lo, &hi);
  double uniform = thw_rng_uniform(&s->rng);
  if (!(hi > lo)) return;
  double t = along_chord(cblas_ddot((int)s->n, theta, 1, s->u, 1), lo, hi, uniform);
  if (!(t >= lo && t <= hi)) t = fmin(fmax(t, lo), hi);
  cblas_daxpy((int)s->n, t, s->u, 1, s->at, 1);
  for (int64_t j = 0; j < c->n_cuts; j++) s->slack[j] -= t * s->along[j];
}

thw_status on_sampler_draw(on_sampler *s, const on_body *c, const double *theta) {
  int64_t n = s->n;
  THW_TRY(ON_GROW(s->e, s->slack, s->room_slack, c->n_cuts + 1));
  THW_TRY(ON_GROW(s->e, s->along, s->room_along, c->n_cuts + 1));
  THW_TRY(place(s, c));
  if (s->drawn > 0) adapt(s);
  for (int64_t k = -1; k < s->points; k++) {
    for (int64_t j = 0; j < c->n_cuts; j++)
      s->slack[j] = c->b[j] - cblas_ddot((int)n, c->a + j * c->ld, 1, s->at, 1);
    for (int64_t i = 0; i < s->thin; i++) walk(s, c, theta);
    if (k >= 0) memcpy(s->x + k * n, s->at, (size_t)n * sizeof *s->x);
  }
  s->drawn++;
  return THW_OK;
}

/* ---- saving ---------------------------------------------------------------------------------- */

thw_status on_sampler_save(on_sampler *s, thw_writer *w) {
  THW_TRY(w->rng(w, "walk.rng", &s->rng));
  THW_TRY(w->i64(w, "walk.drawn", s->drawn));
  THW_TRY(w->blob(w, "walk.x", s->x, (size_t)(s->points * s->n) * sizeof *s->x));
  return w->blob(w, "walk.factor", s->factor, (size_t)(s->n * s->n) * sizeof *s->factor);
}

thw_status on_sampler_load(on_sampler *s, thw_reader *r) {
  THW_TRY(r->rng(r, "walk.rng", &s->rng));
  THW_TRY(r->i64(r, "walk.drawn", &s->drawn));
  THW_TRY(learn_load_vector(s->e, r, "walk.x", s->x, s->points * s->n));
  return learn_load_vector(s->e, r, "walk.factor", s->factor, s->n * s->n);
}
