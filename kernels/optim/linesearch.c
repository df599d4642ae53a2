/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/optim/linesearch.h"

#include <math.h>

typedef struct search {
  const optim_wolfe *w;
  optim_phi phi;
  void *arg;
  double f0, df0, eps; /* eps: values closer than this are the same */
  int evals;
} search;

static thw_status at(search *s, double a, optim_line *p) {
  p->a = a;
  s->evals++;
  THW_TRY(s->phi(s->arg, a, &p->f, &p->df));
  if (!isfinite(p->f) || !isfinite(p->df)) p->f = INFINITY, p->df = INFINITY;
  return THW_OK;
}

static int acceptable(const search *s, const optim_line *p) {
  const optim_wolfe *w = s->w;
  if (!isfinite(p->f)) return 0;
  if (p->f <= s->f0 + w->c1 * p->a * s->df0 && fabs(p->df) <= -w->c2 * s->df0) return 1;
  return fabs(p->f - s->f0) <= s->eps && p->df >= w->c2 * s->df0 &&
         p->df <= (2 * w->c1 - 1) * s->df0;
}

/* True when the minimum lies to the left of p: too high, or already rising. */
static int beyond(const search *s, const optim_line *p, const optim_line *low) {
  if (!isfinite(p->f)) return 1;
  if (fabs(p->f - s->f0) <= s->eps) return p->df >= 0;
  return p->f > s->f0 + s->w->c1 * p->a * s->df0 || p->f > low->f + s->eps || p->df >= 0;
}

/* Minimum of the cubic through both ends, kept a tenth of the interval away from them. */
static double between(const optim_line *l, const optim_line *h) {
  double width = h->a - l->a, lo = l->a + 0.1 * width, hi = h->a - 0.1 * width;
  if (!isfinite(h->f)) return l->a + 0.1 * width;
  double d1 = l->df + h->df - 3 * (l->f - h->f) / (l->a - h->a);
  double disc = d1 * d1 - l->df * h->df, a = (double)NAN;
  if (disc >= 0) {
    double d2 = copysign(sqrt(disc), width);
    a = h->a - width * (h->df + d2 - d1) / (h->df - l->df + 2 * d2);
  }
  if (!isfinite(a)) return l->a + 0.5 * width;
  double small = fmin(lo, hi), large = fmax(lo, hi);
  return fmin(fmax(a, small), large);
}

/* The two values are the same number to within rounding: the secant of the derivatives is all that
 * is left to go by. */
static double secant(const optim_line *l, const optim_line *h) {
  double width = h->a - l->a, a = l->a - l->df * width / (h->df - l->df);
  if (!isfinite(a) || a < l->a + 0.01 * width || a > h->a - 0.01 * width) return l->a + 0.5 * width;
  return a;
}

/* low: left end, falling there and not above where we came from; high: right end. */
static thw_status zoom(search *s, optim_line low, optim_line high, optim_line *out) {
  optim_line p;
  while (s->evals < s->w->max_evals) {
    int flat = isfinite(high.f) && fabs(high.f - low.f) <= s->eps;
    if (high.a - low.a <= 4e-16 * high.a) break;
    THW_TRY(at(s, flat ? secant(&low, &high) : between(&low, &high), &p));
    if (acceptable(s, &p)) {
      *out = p;
      return THW_OK;
    }
    if (beyond(s, &p, &low))
      high = p;
    else
      low = p;
  }
  if (low.a <= 0 || low.f >= s->f0) return THW_STALLED;
  /* Not what was asked for, but lower than before. */
  return at(s, low.a, out);
}

thw_status optim_line_search(const optim_wolfe *w, optim_phi phi, void *arg, double f0, double df0,
                             double first, optim_line *out) {
  search s = {w, phi, arg, f0, df0, w->noise * fabs(f0), 0};
  optim_line low = {0.0, f0, df0}, p;
  double a = first;
  while (s.evals < w->max_evals) {
    THW_TRY(at(&s, a, &p));
    if (acceptable(&s, &p)) {
      *out = p;
      return THW_OK;
    }
    if (beyond(&s, &p, &low)) return zoom(&s, low, p, out);
    /* Still falling steeply: go on to where the derivative would vanish. */
    double next = a - p.df * (a - low.a) / (p.df - low.df);
    if (!isfinite(next) || next < 2 * a) next = 2 * a;
    low = p;
    a = fmin(next, 10 * a);
  }
  if (low.a <= 0 || low.f >= f0) return THW_STALLED;
  *out = low; /* the last call was there */
  return THW_OK;
}
