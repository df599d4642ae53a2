/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/cut/sdp.c - the course of a solve: sweeps, Newton steps, proof, escape. */
#include "kernels/cut/cut.h"

#include <math.h>
#include <string.h>

#include "kernels/cut/internal.h"

/* Coordinate descent ends when a sweep gains less than this part of the whole. */
#define SWEPT 1e-7

static thw_status room(cut_sdp *s, int64_t rank) {
  on_env e = s->e;
  cut_matrix *a = &s->a;
  int64_t ld = (rank + 3) / 4 * 4;
  if (ld <= a->ld) return THW_OK;
  double *old = a->v, **all[] = {&a->g, &a->r, &a->p, &a->h, &a->u, &s->spare};
  a->v = NULL;
  thw_status st = ON_NEW(e, a->v, a->n * ld);
  for (int64_t i = 0; old && a->v && i < a->n; i++)
    memcpy(a->v + i * ld, old + i * a->ld, (size_t)a->ld * sizeof(double));
  on_free(e, old);
  for (size_t k = 0; k < sizeof all / sizeof all[0] && st == THW_OK; k++) {
    on_free(e, *all[k]);
    *all[k] = NULL;
    st = ON_NEW(e, *all[k], a->n * ld);
  }
  a->ld = ld;
  return st;
}

void cut_sdp_free(cut_sdp *s) {
  if (!s) return;
  on_env e = s->e;
  cut_matrix *a = &s->a;
  void *all[] = {a->v, a->d,      a->g,     a->r,    a->p,    a->h,
                 a->u, s->slot_w, s->spare, s->sums, s->line, s->weight};
  for (size_t k = 0; k < sizeof all / sizeof all[0]; k++) on_free(e, all[k]);
  cut_round_free(s);
  cut_proof_free(s->proof);
  on_lanczos_free(s->lanczos);
  on_free(e, s);
}

static thw_status make(cut_sdp *s, double megabytes) {
  on_env e = s->e;
  const cut_graph *g = s->g;
  s->blocks = (g->n + CUT_BLOCK - 1) / CUT_BLOCK;
  THW_TRY(ON_NEW(e, s->slot_w, 2 * g->m));
  THW_TRY(ON_NEW(e, s->weight, g->m));
  THW_TRY(ON_NEW(e, s->sums, 2 * s->blocks));
  THW_TRY(ON_NEW(e, s->line, g->n));
  THW_TRY(ON_NEW(e, s->a.d, g->n));
  s->a.n = g->n;
  s->a.start = g->start;
  s->a.to = g->to;
  s->a.w = s->slot_w;
  THW_TRY(on_lanczos_new(e, g->n, g->n < 60 ? g->n : 60, &s->lanczos));
  THW_TRY(cut_proof_new(g, megabytes, &s->proof));
  THW_TRY(cut_round_new(s, s->first_rank + ESCAPES + 2));
  return room(s, s->first_rank);
}

/* By Barvinok and Pataki there is an optimal factor of rank r with r (r + 1) / 2 <= n; the ranks
 * that occur are mostly a good deal smaller, and an escape adds a column where it must. */
static int64_t default_rank(int64_t n) {
  int64_t r = (int64_t)ceil(sqrt(2.0 * (double)n)) + 1;
  if (r > n) r = n;
  return r < 24 ? r : 24;
}

thw_status cut_sdp_new(const cut_graph *g, int64_t rank, double megabytes, cut_sdp **out) {
  cut_sdp *s = NULL;
  THW_TRY(ON_NEW(g->e, s, 1));
  s->e = g->e;
  s->g = g;
  s->loops = cut_loops_best();
  s->first_rank = rank > 0 ? (rank < g->n ? rank : g->n) : default_rank(g->n);
  thw_status st = make(s, megabytes);
  if (st == THW_OK)
    *out = s;
  else
    cut_sdp_free(s);
  return st;
}

/* ---- beginnings ------------------------------------------------------------------------------ */

static void normalise(cut_sdp *s, int64_t i) {
  double *v = s->a.v + i * s->a.ld, norm = 0;
  for (int64_t k = 0; k < s->rank; k++) norm += v[k] * v[k];
  norm = sqrt(norm);
  if (!(norm > 0)) v[0] = norm = 1;
  for (int64_t k = 0; k < s->rank; k++) v[k] /= norm;
}

/* Row i from blocks i * (half the columns) on of the stream. */
static void random_factor(cut_sdp *s, const thw_rng *stream) {
  s->rank = s->first_rank;
  int64_t half = (s->rank + 1) / 2;
  memset(s->a.v, 0, (size_t)(s->a.n * s->a.ld) * sizeof(double));
  for (int64_t i = 0; i < s->a.n; i++) {
    for (int64_t k = 0; k < half; k++) {
      uint32_t w[4];
      double z[2];
      thw_rng_block(stream, (uint64_t)(i * half + k), w);
      thw_normal_pair(w, z);
      s->a.v[i * s->a.ld + 2 * k] = z[0];
      if (2 * k + 1 < s->rank) s->a.v[i * s->a.ld + 2 * k + 1] = z[1];
    }
    normalise(s, i);
  }
}

/* Nothing can be gained by a cut: all on one side. */
static void gather_all(cut_sdp *s) {
  memset(s->a.v, 0, (size_t)(s->a.n * s->a.ld) * sizeof(double));
  for (int64_t i = 0; i < s->a.n; i++) s->a.v[i * s->a.ld] = 1;
  s->out.converged = 1;
}

static void take_weights(cut_sdp *s, const double *w) {
  const cut_graph *g = s->g;
  s->total = 0;
  for (int64_t k = 0; k < g->m; k++) s->weight[k] = w[k], s->total += w[k];
  for (int64_t k = 0; k < 2 * g->m; k++) s->slot_w[k] = w[g->edge[k]];
}

/* ---- the course ------------------------------------------------------------------------------ */

static double sum_of(const double *v, int64_t n) {
  double s = 0;
  for (int64_t i = 0; i < n; i++) s += v[i];
  return s;
}

/* No cut has more than all weights that are not negative. */
static double trivial(const cut_sdp *s) {
  double sum = 0;
  for (int64_t k = 0; k < s->g->m; k++) sum += s->weight[k] > 0 ? s->weight[k] : 0;
  return sum * (1 + 1e-15 * (double)s->g->m);
}

/* The bound with the shift that the tolerance allows; 1: it is proved. Rounding: the sums are of n
 * numbers, the total of m. */
static int prove(cut_sdp *s, double shift) {
  double least;
  if (shift <= 0 || !cut_proof_try(s->proof, &s->a, shift, &least)) return 0;
  double n = (double)s->a.n, sum = sum_of(s->a.d, s->a.n), size = 0;
  for (int64_t i = 0; i < s->a.n; i++) size += fabs(s->a.d[i]);
  for (int64_t k = 0; k < s->g->m; k++) size += fabs(s->weight[k]);
  double bound = 0.5 * s->total + 0.25 * (sum + n * (shift - least));
  bound += 1.2e-16 * (n + (double)s->g->m + 8) * size;
  s->out.proofs++;
  if (bound < s->out.bound) s->out.bound = bound;
  return 1;
}

static void multiply(void *arg, const double *x, double *y) {
  const cut_matrix *a = &((cut_sdp *)arg)->a;
  for (int64_t i = 0; i < a->n; i++) {
    double sum = a->d[i] * x[i];
    for (int64_t e = a->start[i]; e < a->start[i + 1]; e++) sum += a->w[e] * x[a->to[e]];
    y[i] = sum;
  }
}

/* At a saddle: one more column along the direction of negative curvature. Returns 0 where there is
 * none to be found. */
static thw_status escape(cut_sdp *s, const thw_rng *stream, double shift, int *escaped) {
  double curvature, residual;
  *escaped = 0;
  THW_TRY(on_lanczos_least(s->lanczos, multiply, s, stream, 6, 0.1 * shift, s->line, &curvature,
                           &residual));
  if (!(curvature < -0.25 * shift)) return THW_OK;
  THW_TRY(room(s, s->rank + 1));
  s->rank++;
  double step = 0.5;
  for (int64_t i = 0; i < s->a.n; i++) {
    s->a.v[i * s->a.ld + s->rank - 1] = step * s->line[i];
    normalise(s, i);
  }
  s->out.escapes++;
  *escaped = 1;
  return THW_OK;
}

/* What the course keeps in mind. */
typedef struct state {
  double f, norm;
  double tolerance, shift; /* the shift that the tolerance allows                                */
  double tried; /* norm of the gradient when the proof last broke down                           */
} state;

/* The proof is a factorization: it is tried when the gradient is small against the shift, and again
 * when it has become smaller by half. */
static int near(cut_sdp *s, state *x, int at_once) {
  s->out.value = 0.5 * (s->total - x->f);
  x->shift = 0.98 * 4 * x->tolerance * fabs(s->out.value) / (double)s->a.n;
  if (!at_once && !(x->norm <= 4 * x->shift * sqrt((double)s->a.n) && x->norm <= 0.5 * x->tried))
    return 0;
  x->tried = x->norm;
  return s->out.converged = prove(s, x->shift);
}

static int spent(const cut_sdp *s, const cut_options *o) {
  return s->out.products + s->out.sweeps >= o->products;
}

/* Coordinate descent until a sweep gains no more than `stop`, looked at after every few sweeps. */
static void descend(cut_sdp *s, const cut_options *o, state *x, double stop) {
  for (int64_t k = 1; !spent(s, o); k++) {
    double gain = s->loops->sweep(&s->a);
    s->out.sweeps++;
    if (gain <= stop) return;
    if (k % 16 != 0) continue;
    x->f = cut_gradient(s, &x->norm);
    if (near(s, x, 0)) return;
  }
}

static thw_status course(cut_sdp *s, const cut_options *o, const thw_rng *stream) {
  double size = trivial(s);
  state x = {.tried = INFINITY, .tolerance = o->tolerance};
  for (;;) {
    if (s->e.host->cancelled(s->e.ctx)) return THW_CANCELLED;
    descend(s, o, &x, (o->plain ? 1e-15 : SWEPT) * size);
    if (s->out.converged) return THW_OK;
    x.f = cut_gradient(s, &x.norm);
    while (!o->plain && !spent(s, o) && !near(s, &x, 0))
      if (!cut_newton(s, &x.f, &x.norm) || x.norm < 1e-3 * x.shift) break;
    if (s->out.converged || spent(s, o)) return THW_OK;
    int escaped = 0;
    if (near(s, &x, 1) || s->rank >= s->first_rank + ESCAPES) return THW_OK;
    thw_rng r = *stream;
    r.block = (UINT64_C(1) << 40) + (UINT64_C(1) << 30) * (uint64_t)s->out.escapes;
    THW_TRY(escape(s, &r, x.shift, &escaped));
    if (!escaped) return THW_OK;
    x.tried = INFINITY;
  }
}

thw_status cut_sdp_solve(cut_sdp *s, const double *w, const cut_options *o, const thw_rng *stream,
                         int warm, cut_solution *out) {
  s->out = (cut_solution){.bound = INFINITY};
  take_weights(s, w);
  s->out.bound = trivial(s);
  if (!warm || !s->has_factor) random_factor(s, stream);
  s->has_factor = 1;
  if (s->out.bound > 0)
    THW_TRY(course(s, o, stream));
  else
    gather_all(s);
  double norm, f = cut_gradient(s, &norm);
  s->out.value = 0.5 * (s->total - f);
  s->out.rank = s->rank;
  *out = s->out;
  return THW_OK;
}

const double *cut_sdp_factor(const cut_sdp *s, int64_t *rank, int64_t *ld) {
  *rank = s->rank;
  *ld = s->a.ld;
  return s->a.v;
}

thw_status cut_sdp_put(cut_sdp *s, const double *factor, int64_t rank) {
  if (rank > s->first_rank + ESCAPES) return THW_E_ARG;
  THW_TRY(room(s, rank));
  s->rank = rank;
  memset(s->a.v, 0, (size_t)(s->a.n * s->a.ld) * sizeof(double));
  for (int64_t i = 0; i < s->a.n; i++)
    memcpy(s->a.v + i * s->a.ld, factor + i * rank, (size_t)rank * sizeof(double));
  s->has_factor = 1;
  return THW_OK;
}
