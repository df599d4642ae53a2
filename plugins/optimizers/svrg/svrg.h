/* SPDX-License-Identifier: BSD-3-Clause */
/* Stochastic variance reduced gradient: the parts of the plugin. */
#ifndef PLUGINS_SVRG_H
#define PLUGINS_SVRG_H

#include "kernels/optim/optim.h"

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
  thw_vec *x, *s, *mu, *fresh, *d, *sum; /* fresh: the gradient at x until it becomes mu */
  const thw_vr *vr;                      /* fused loop of the oracle, or NULL */
  void *snap;                            /* its snapshot at s, or NULL */
  thw_rng draw, pick, guard;
  /* settled by start */
  int64_t convex, b, mean_m, chunk, guarded, adaptive;
  optim_constants c;
  /* step length */
  double eta, growth; /* of this epoch; adaptive: on the base step */
  double mult;        /* of the guard */
  /* epoch: steps made, steps in all, the one that random takes; t = -1: no snapshot */
  int64_t t, m, picked, epochs, rejected, in_a_row;
  double f_guard, norm_s; /* at s: value on the guard's rows, norm of mu */
} svrg;

/* True when the step comes from the rows' own Lipschitz constants: strongly convex sums. */
static inline int svrg_by_rows(const svrg *s) {
  return s->convex && optim_known(s->o.facts.lipschitz_max);
}
/* The step that the rule gives, before the multipliers. */
double svrg_base_step(const svrg *s);

/* The guard's judgement of x at the end of an epoch: *ok = 0 when s is to be restored. */
thw_status svrg_guard_value(const svrg *s, const thw_vec *x, double *f);
thw_status svrg_guard_end(svrg *s, int finite, int *ok);
/* The adaptive rule's judgement of the gradient norm at x; *ok as above. */
void svrg_adapt(svrg *s, double norm, int *ok);

/* svrg.c */
thw_status svrg_start(void *self, const thw_object *oracle, const thw_vec *x0);
thw_status svrg_step(void *self, thw_step *io);
thw_status svrg_point(void *self, thw_vec *x);
thw_status svrg_reset(void *self, const thw_vec *x);
/* Makes the fused loop's snapshot at s anew, after a restart. */
thw_status svrg_restore(svrg *s);
void svrg_drop(svrg *s);

#endif
