/* SPDX-License-Identifier: BSD-3-Clause */
/* Stochastic path-integrated differential estimator: the parts of the plugin. */
#ifndef PLUGINS_SPIDER_H
#define PLUGINS_SPIDER_H

#include "kernels/optim/epoch.h"
#include "kernels/optim/perturb.h"

enum { SPIDER_PLAIN, SPIDER_NORMALISED };
enum { SPIDER_AUTO, SPIDER_WHOLE, SPIDER_VARIANCE };
enum { SPIDER_NONE, SPIDER_PERTURB };

struct spider_params {
  double step, c_step, c_snapshot, epsilon, lipschitz, variance_hess, guard_tol;
  double radius, threshold, decrease, distance;
  int64_t mini_batch, epoch, snapshot_batch, snapshot_min, reestimate, guard_batch, interval;
  int32_t form, snapshot, theory, guard, escape;
};

typedef struct spider {
  optim o;
  const struct spider_params *p;
  thw_goal goal;
  double epsilon; /* in force, 0: none */
  optim_epoch e;  /* e.v.x is where the method is, e.v.mu the gradient at e.v.s           */
  thw_vec *prev;  /* the iterate before x                                                 */
  thw_vec *est;   /* estimate of the gradient there                                       */
  double norm;    /* of mu                                                                */
  /* escape: a super-epoch lasts from a perturbation to the verdict on it */
  thw_vec *still; /* the point before the perturbation                                    */
  thw_rng push, judge;
  double f_still, norm_still; /* there; f on the whole sum only                            */
  double spent;               /* part of this super-epoch's time                           */
  int64_t super, steps;       /* in one; steps made in it                                  */
  int64_t far;                /* it has led further than `distance`                        */
  int64_t pushes, done;
} spider;

/* Rule for rows of a mini-batch and steps of an epoch that starts from B rows, and for the step. */
int64_t spider_mini_batch(const spider *s);
int64_t spider_epoch_length(const spider *s, int64_t b);
double spider_step_length(const spider *s, double b, double m);

/* spider.c */
thw_status spider_start(void *self, const thw_object *oracle, const thw_vec *x0);
thw_status spider_step(void *self, thw_step *io);
thw_status spider_point(void *self, thw_vec *x);
thw_status spider_reset(void *self, const thw_vec *x);

/* escape.c: at a snapshot. May move x, which then needs a snapshot of its own, or set s->done. */
thw_status spider_arrive(spider *s);
/* After a step of length eta: 1 when the super-epoch is to be looked at now. */
thw_status spider_stepped(spider *s, double eta, int *look);
void spider_forget(spider *s);

#endif
