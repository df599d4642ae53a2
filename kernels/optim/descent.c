/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/optim/descent.h"

enum { X, G, XT, GT, D };

thw_status optim_descent_reset(optim_descent *s, const thw_vec *x) {
  THW_TRY(optim_ready(s->o));
  s->have_g = 0;
  optim_idle_start(&s->idle);
  return thw_copy(s->x, x);
}

thw_status optim_descent_start(optim_descent *s, optim *o, const thw_vec *x0) {
  thw_vec **v = o->vec;
  *s = (optim_descent){.o = o, .x = v[X], .g = v[G], .xt = v[XT], .gt = v[GT], .d = v[D]};
  return optim_descent_reset(s, x0);
}

static thw_status eval(optim_descent *s, const thw_vec *x, double *f, thw_vec *g) {
  s->evals++;
  return thw_oracle_eval(&s->o->oracle, x, NULL, f, g);
}

static thw_status phi(void *arg, double a, double *f, double *df) {
  optim_descent *s = arg;
  THW_TRY(thw_copy(s->xt, s->x));
  THW_TRY(thw_axpy(s->xt, a, s->d));
  thw_status st = eval(s, s->xt, f, s->gt);
  if (st == THW_E_NONFINITE || st == THW_RETRY) {
    *f = INFINITY;
    return THW_OK;
  }
  THW_TRY(st);
  return thw_dot(s->gt, s->d, df);
}

thw_status optim_descent_search(optim_descent *s, const optim_wolfe *w, double df, double first,
                                optim_line *out) {
  return optim_line_search(w, phi, s, s->f, df, first * s->o->scale, out);
}

void optim_descent_take(optim_descent *s, const optim_line *at) {
  thw_vec *t = s->x;
  s->x = s->xt, s->xt = t;
  t = s->g;
  s->g = s->gt, s->gt = t;
  s->f = at->f;
  s->step = at->a;
}

thw_status optim_descent_step(optim_descent *s, thw_step *io, optim_iterate iterate, void *self) {
  double gnorm;
  THW_TRY(optim_ready(s->o));
  if (!s->have_g) THW_TRY(eval(s, s->x, &s->f, s->g));
  s->have_g = 1;
  io->epoch_end = 1;
  THW_TRY(thw_norm2(s->g, &gnorm));
  io->f = s->f, io->grad_norm = gnorm;
  if (gnorm == 0.0) return THW_DONE;
  THW_TRY(iterate(self, gnorm));
  THW_TRY(thw_norm2(s->g, &gnorm));
  io->f = s->f, io->grad_norm = gnorm;
  return optim_idle_step(&s->idle, s->o, s->f, gnorm) ? THW_STALLED : THW_OK;
}
