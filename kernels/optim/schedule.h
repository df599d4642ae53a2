/* SPDX-License-Identifier: BSD-3-Clause */
/* Step-length schedules: a factor on the base step as a function of steps and passes made. */
#ifndef KERNELS_OPTIM_SCHEDULE_H
#define KERNELS_OPTIM_SCHEDULE_H

#include "kernels/optim/optim.h"

enum {
  OPTIM_CONSTANT,
  OPTIM_STEPWISE,
  OPTIM_INVERSE,
  OPTIM_INVERSE_SQRT,
  OPTIM_COSINE,
  OPTIM_LINEAR,
  OPTIM_DROPS
};
extern const char *const optim_schedules[];

typedef struct optim_schedule {
  int32_t kind;
  double decay;    /* inverse, inverse-sqrt: per step; step: factor at each drop              */
  double period;   /* passes between drops (step); until the end (cosine, linear)             */
  double warmup;   /* passes of linear growth from zero                                       */
  double minimum;  /* cosine and linear end here, as a part of the base step                  */
  thw_reals drops; /* passes after which the schedule drops multiplies by decay once more     */
} optim_schedule;

/* The fields and lines of a parameter table of struct T. */
#define OPTIM_SCHEDULE_FIELDS                                                                      \
  double decay, period, warmup, minimum;                                                           \
  thw_reals drops;                                                                                 \
  int32_t schedule;

#define OPTIM_SCHEDULE_PARAMS(T)                                                                   \
  THW_PARAM_ENUM(T, schedule, OPTIM_CONSTANT, optim_schedules,                                     \
                 "How the step changes: constant; step (times decay every period); inverse "       \
                 "1/(1 + decay t); inverse-sqrt 1/sqrt(1 + decay t), t the number of steps; "      \
                 "cosine (down to minimum at the end of period); linear (down to minimum at the "  \
                 "end of stop.passes, without such a limit at the end of period); drops (times "   \
                 "decay at each of `drops`)."),                                                    \
      THW_PARAM_REAL(T, decay, 0.02, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,                           \
                     "Of the schedules step, drops, inverse and inverse-sqrt."),                   \
      THW_PARAM_REALS(T, drops, NULL, 0.0, THW_NO_BOUND, 0, "passes",                              \
                      "Of the schedule drops, in ascending order, counted from the start."),       \
      THW_PARAM_REAL(T, period, 30.0, 0.0, THW_NO_BOUND, THW_P_MIN_OPEN | THW_P_LOG, "passes",     \
                     "Of the schedules step, cosine and linear, counted after the warm-up."),      \
      THW_PARAM_REAL(T, warmup, 0.0, 0.0, THW_NO_BOUND, 0, "passes",                               \
                     "The step first grows linearly over this many passes."),                      \
      THW_PARAM_REAL(T, minimum, 0.0, 0.0, 1.0, 0, NULL,                                           \
                     "Where cosine and linear end, as a part of the base step.")

/* Fills in what parameters p of a struct with OPTIM_SCHEDULE_FIELDS say. */
#define OPTIM_SCHEDULE_OF(p)                                                                       \
  ((optim_schedule){(p)->schedule, (p)->decay, (p)->period, (p)->warmup, (p)->minimum, (p)->drops})

/* In start, before the first step: where the run's budget is the end of a linear schedule. */
thw_status optim_schedule_start(optim_schedule *s, const optim *o);

/* Factor for the step after `steps` steps and `passes` passes. */
double optim_schedule_at(const optim_schedule *s, int64_t steps, double passes);

#endif
