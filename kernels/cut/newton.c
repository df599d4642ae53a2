/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/cut/newton.c - truncated Newton steps on the product of spheres. The Hessian at V is
 * u -> P(A u + Diag(d) u), P the projection of each row on the tangent space; conjugate gradients
 * solve with it, preconditioned by d, until their residual is small or they meet negative
 * curvature. */
#include <math.h>
#include <string.h>

#include "kernels/cut/internal.h"

/* Conjugate gradients per step at most, and steps of the line search. */
#define INNER 40
#define HALVINGS 30

typedef struct piece {
  cut_sdp *s;
  int what;
  double t, least;
} piece;

enum { GRADIENT, HESSIAN, ADVANCE, TURN, RETRACT };

static void body(void *arg, int64_t i) {
  const piece *p = arg;
  const cut_matrix *a = &p->s->a;
  const cut_loops *l = p->s->loops;
  double *sum = p->s->sums + 2 * i;
  int64_t lo = i * CUT_BLOCK, hi = lo + CUT_BLOCK < a->n ? lo + CUT_BLOCK : a->n;
  sum[0] = sum[1] = 0;
  switch (p->what) {
  case GRADIENT:
    l->gradient(a, lo, hi, sum);
    break;
  case HESSIAN:
    l->hessian(a, lo, hi, sum);
    break;
  case ADVANCE:
    l->advance(a, lo, hi, p->t, p->least, sum);
    break;
  case TURN:
    l->turn(a, lo, hi, p->t, p->least);
    break;
  default:
    l->retract(a, lo, hi, p->t, p->s->spare);
    break;
  }
}

/* All rows, in blocks that do not depend on the threads; sums in the order of the blocks. */
static void all_rows(cut_sdp *s, int what, double t, double least, double sum[2]) {
  piece p = {s, what, t, least};
  double per_row =
      what == GRADIENT || what == HESSIAN ? 4 * (double)s->g->m / (double)s->a.n + 8 : 8;
  s->e.host->parallel(s->e.ctx, s->blocks, per_row * (double)(s->a.n * s->a.ld), body, &p);
  double a = 0, b = 0;
  for (int64_t i = 0; i < s->blocks; i++) a += s->sums[2 * i], b += s->sums[2 * i + 1];
  if (sum) sum[0] = a, sum[1] = b;
}

double cut_gradient(cut_sdp *s, double *norm) {
  double sum[2];
  all_rows(s, GRADIENT, 0, 0, sum);
  s->out.products++;
  *norm = sqrt(sum[1]);
  return -0.5 * sum[0];
}

/* A step in u, from r = the gradient, whose norm is `norm`: conjugate gradients until their
 * residual is small, or up to where they meet negative curvature. */
static void solve(cut_sdp *s, double norm, double least) {
  cut_matrix *a = &s->a;
  size_t bytes = (size_t)(a->n * a->ld) * sizeof(double);
  double sum[2], rz, goal = norm * fmin(0.1, sqrt(norm / (1 + fabs(s->total))));
  memset(a->u, 0, bytes);
  memset(a->p, 0, bytes);
  memset(a->h, 0, bytes);
  all_rows(s, ADVANCE, 0, least, sum);
  rz = sum[0];
  all_rows(s, TURN, 0, least, NULL);
  for (int64_t k = 0; k < INNER; k++) {
    all_rows(s, HESSIAN, 0, 0, sum);
    s->out.products++;
    if (!(sum[0] > 0)) {
      if (k == 0) memcpy(a->u, a->p, bytes);
      return;
    }
    double t = rz / sum[0];
    all_rows(s, ADVANCE, t, least, sum);
    if (sqrt(sum[1]) <= goal) break;
    all_rows(s, TURN, sum[0] / rz, least, NULL);
    rz = sum[0];
  }
}

int cut_newton(cut_sdp *s, double *f, double *norm) {
  cut_matrix *a = &s->a;
  double least = 0, before = *norm;
  for (int64_t i = 0; i < a->n; i++) least += fabs(a->d[i]);
  least = 1e-3 * least / (double)a->n;
  if (least == 0) return 0;
  solve(s, *norm, least);
  double *old = a->v, t = 1;
  for (int k = 0; k < HALVINGS; k++, t *= 0.5) {
    all_rows(s, RETRACT, t, 0, NULL);
    a->v = s->spare;
    double now = cut_gradient(s, norm), noise = 1e-14 * (fabs(now) + fabs(s->total));
    if (now < *f - noise || (now <= *f + noise && *norm < 0.9 * before)) {
      s->spare = old;
      *f = now;
      return 1;
    }
    a->v = old;
    if (k == 4 && before < 1e-8 * fabs(s->total)) break;
  }
  *f = cut_gradient(s, norm);
  return 0;
}
