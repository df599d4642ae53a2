/* SPDX-License-Identifier: BSD-3-Clause */
/* Stochastic variance reduced gradient: the parts of the plugin. */
#ifndef PLUGINS_SVRG_H
#define PLUGINS_SVRG_H

#include "kernels/optim/guard.h"
#include "kernels/optim/vr.h"

enum { SVRG_LAST, SVRG_AVERAGE, SVRG_RANDOM };
enum { SVRG_AUTO, SVRG_OFF, SVRG_ON };

struct svrg_params {
  double step, c_step, probability, lipschitz, variance_hess, guard_tol;
  int64_t batch, epoch, guard_batch, reestimate;
  int32_t snapshot, loopless, fused, guard, adapt;
};

typedef struct svrg {
  optim o;
  const struct svrg_params *p;
  optim_probe probe;
  optim_vr v;
  optim_guard g;
  thw_vec *fresh, *sum; /* the gradient at x until it becomes mu; average and random: of iterates */
  thw_rng pick;
  /* settled by start */
  int64_t convex, mean_m, adaptive;
  optim_constants c;
  /* step length */
  double growth; /* adaptive: on the base step */
  /* epoch: steps made, steps in all, the one that random takes; t = -1: no snapshot */
  int64_t t, m, picked, epochs;
  double norm_s; /* of mu */
  /* the objective's gradient is by delta more than it was in the last epoch, if owed */
  thw_vec *delta;
  int64_t owed, followed; /* followed: it has been moved before */
} svrg;

/* True when the step comes from the rows' own Lipschitz constants: strongly convex sums. */
static inline int svrg_by_rows(const svrg *s) {
  return s->convex && optim_known(s->o.facts.lipschitz_max);
}
/* True when the rule asks for nothing else: L is not needed then. */
static inline int svrg_by_one_row(const svrg *s) {
  return s->p->step > 0.0 || (svrg_by_rows(s) && s->v.b == 1);
}
/* The step that the rule gives, before the multipliers. */
double svrg_base_step(const svrg *s);

/* The adaptive rule's judgement of the gradient norm at x: *ok = 0 when s is to be restored. */
void svrg_adapt(svrg *s, double norm, int *ok);

/* svrg.c */
thw_status svrg_start(void *self, const thw_object *oracle, const thw_vec *x0);
thw_status svrg_step(void *self, thw_step *io);
thw_status svrg_point(void *self, thw_vec *x);
thw_status svrg_reset(void *self, const thw_vec *x);
thw_status svrg_moved(void *self, const thw_vec *delta);
/* Makes the fused loop's snapshot at s anew, after a restart. */
thw_status svrg_restore(svrg *s);

#endif
