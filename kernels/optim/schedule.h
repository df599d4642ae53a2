/* SPDX-License-Identifier: BSD-3-Clause */
/* Step-length schedules: a factor on the base step as a function of steps and passes made. */
#ifndef KERNELS_OPTIM_SCHEDULE_H
#define KERNELS_OPTIM_SCHEDULE_H

#include <stdint.h>

enum { OPTIM_CONSTANT, OPTIM_STEPWISE, OPTIM_INVERSE, OPTIM_INVERSE_SQRT, OPTIM_COSINE };
extern const char *const optim_schedules[];

typedef struct optim_schedule {
  int32_t kind;
  double decay;   /* inverse, inverse-sqrt: per step; step: factor at each drop              */
  double period;  /* passes between drops (step); passes until the end (cosine)              */
  double warmup;  /* passes of linear growth from zero                                       */
  double minimum; /* cosine ends here, as a part of the base step                            */
} optim_schedule;

/* Factor for the step after `steps` steps and `passes` passes. */
double optim_schedule_at(const optim_schedule *s, int64_t steps, double passes);

#endif
