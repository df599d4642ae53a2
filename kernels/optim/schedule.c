/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/optim/schedule.h"

#include <math.h>
#include <stddef.h>

const char *const optim_schedules[] = {"constant", "step",   "inverse", "inverse-sqrt",
                                       "cosine",   "linear", "drops",   NULL};

static double shape(const optim_schedule *s, int64_t steps, double passes) {
  switch (s->kind) {
  case OPTIM_STEPWISE:
    return pow(s->decay, floor(passes / s->period));
  case OPTIM_INVERSE:
    return 1.0 / (1.0 + s->decay * (double)steps);
  case OPTIM_INVERSE_SQRT:
    return 1.0 / sqrt(1.0 + s->decay * (double)steps);
  case OPTIM_COSINE: {
    double done = fmin(1.0, passes / s->period);
    return s->minimum + (1.0 - s->minimum) * 0.5 * (1.0 + cos(3.14159265358979323846 * done));
  }
  case OPTIM_LINEAR:
    return fmax(s->minimum, 1.0 - (1.0 - s->minimum) * fmin(1.0, passes / s->period));
  default:
    return 1.0;
  }
}

thw_status optim_schedule_start(optim_schedule *s, const optim *o) {
  thw_goal goal;
  if (s->kind != OPTIM_LINEAR) return THW_OK;
  THW_TRY(optim_goal(o, &goal));
  if (goal.passes > s->warmup) s->period = goal.passes - s->warmup;
  return THW_OK;
}

static double after_drops(const optim_schedule *s, double passes) {
  double factor = 1.0;
  for (size_t i = 0; i < s->drops.n; i++)
    if (passes >= s->drops.v[i]) factor *= s->decay;
  return factor;
}

double optim_schedule_at(const optim_schedule *s, int64_t steps, double passes) {
  /* The ramp starts at a hundredth, so that the first step is not empty. */
  if (passes < s->warmup) return fmax(0.01, passes / s->warmup);
  return s->kind == OPTIM_DROPS ? after_drops(s, passes) : shape(s, steps, passes - s->warmup);
}
