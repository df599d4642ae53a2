/* SPDX-License-Identifier: BSD-3-Clause */
/* Out of saddles by perturbation. A super-epoch begins where the gradient at a snapshot is small:
 * the point is remembered and pushed. It ends at the first snapshot after it has led far away, or
 * after its time is up; if f has not fallen by then, the point remembered is the answer. */
#include "plugins/optimizers/spider/spider.h"

#define GROWTH 20.0 /* of a component along the least eigenvector: what an escape shows */

void spider_forget(spider *s) {
  s->super = s->steps = s->far = s->done = 0;
  s->f_still = s->norm_still = (double)NAN;
  s->spent = 0.0;
}

static double or_else(double given, double otherwise) {
  return given > 0.0 ? given : otherwise;
}

static double radius(const spider *s) {
  return or_else(s->p->radius, 1e-3);
}

/* A batch gradient is off by epsilon/4 where the batch follows the variance. */
static double threshold(const spider *s) {
  int whole = s->o.n > 0 && s->e.B >= s->o.n;
  return or_else(s->p->threshold, (whole ? 1.0 : 0.75) * or_else(s->epsilon, 1e-3));
}

/* Half of what GROWTH along curvature -delta gains. */
static double decrease(const spider *s, double f) {
  double reach = GROWTH * radius(s);
  return or_else(s->p->decrease, s->goal.delta > 0.0 ? 0.25 * s->goal.delta * reach * reach
                                                     : 1e-6 * (1.0 + fabs(f)));
}

/* The part of a super-epoch's time that a step of length eta takes. Its time is over when a
 * component that a random direction has with probability 1 - p has grown to GROWTH times the radius
 * at curvature -delta; steps of another length, after the guard or a new L, grow otherwise. */
static double part(const spider *s, double eta) {
  double delta = s->goal.delta, p = s->goal.confidence > 0.0 ? 1.0 - s->goal.confidence : 0.01;
  if (s->p->interval > 0) return 1.0 / (double)s->p->interval;
  if (!(delta > 0.0)) return eta * or_else(s->e.c.L, 0.5 / eta) / 100.0;
  double factor = GROWTH * sqrt(2.0 * (double)s->o.space->n / 3.14159265358979323846) / p;
  return log1p(eta * delta) / log(factor);
}

/* Values at the point remembered and at x, on the same rows. */
static thw_status values(spider *s, double f[2]) {
  const thw_vec *at[2] = {s->still, s->e.v.x};
  thw_batch *b;
  if (s->o.n > 0 && s->e.B >= s->o.n) {
    f[0] = s->f_still;
    return thw_oracle_eval(&s->o.oracle, s->e.v.x, NULL, &f[1], NULL);
  }
  THW_TRY(thw_oracle_draw(&s->o.oracle, &s->judge, THW_DRAW_SUBSET, s->e.B, &b));
  thw_status st = thw_oracle_evaln(&s->o.oracle, 2, at, b, f, NULL);
  thw_oracle_release(&s->o.oracle, b);
  return st;
}

static thw_status judge(spider *s) {
  double f[2] = {0};
  int over = s->spent >= 1.0 - 1e-9;
  if (!over && !s->far) return THW_OK;
  THW_TRY(values(s, f));
  if (f[0] - f[1] >= decrease(s, f[0]))
    s->super = 0;
  else
    s->done = over;
  return THW_OK;
}

static thw_status push(spider *s) {
  THW_TRY(thw_copy(s->still, s->e.v.x));
  s->norm_still = s->norm;
  if (s->o.n > 0 && s->e.B >= s->o.n)
    THW_TRY(thw_oracle_eval(&s->o.oracle, s->still, NULL, &s->f_still, NULL));
  THW_TRY(optim_perturb(&s->push, radius(s), s->e.v.x, s->e.v.d));
  s->super = 1;
  s->steps = s->far = 0;
  s->spent = 0.0;
  s->pushes++;
  optim_guard_moved(&s->e.g);
  s->e.phase = OPTIM_BETWEEN;
  return THW_OK;
}

thw_status spider_arrive(spider *s) {
  s->o.host->stage(s->o.ctx, "escape");
  thw_status st = s->super && s->steps > 0 ? judge(s) : THW_OK;
  if (st == THW_OK && !s->super && s->norm <= threshold(s)) st = push(s);
  s->o.host->stage(s->o.ctx, NULL);
  return st;
}

thw_status spider_stepped(spider *s, double eta, int *look) {
  static const double c[2] = {1.0, -1.0};
  const thw_vec *in[2] = {s->e.v.x, s->still};
  double gone;
  s->steps++;
  s->spent += part(s, eta);
  *look = 0;
  if (s->far) return THW_OK;
  THW_TRY(thw_lincomb(s->e.v.d, 0.0, 2, c, in));
  THW_TRY(thw_norm2(s->e.v.d, &gone));
  s->far = *look = gone >= or_else(s->p->distance, 10.0 * GROWTH * radius(s));
  return THW_OK;
}
