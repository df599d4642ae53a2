/* SPDX-License-Identifier: BSD-3-Clause */
/* Noise put into a method on purpose: on its gradients, or on the point where they are taken.
 * large-learning-rate.md, section 6: Y. Li, C. Wei, T. Ma, NeurIPS 2019. */
#ifndef KERNELS_OPTIM_NOISE_H
#define KERNELS_OPTIM_NOISE_H

#include "kernels/optim/optim.h"

enum { OPTIM_QUIET, OPTIM_NOISE_GRADIENT, OPTIM_NOISE_POINT };
extern const char *const optim_noises[];

typedef struct optim_noise {
  int32_t kind, follows; /* follows: falls with the step, as the schedule has it */
  double sd, until, after;
  thw_rng rng;
} optim_noise;

/* The fields and lines of a parameter table of struct T. */
#define OPTIM_NOISE_FIELDS                                                                         \
  double noise_sd, noise_until, noise_after;                                                       \
  int32_t noise, noise_follows_step;

#define OPTIM_NOISE_PARAMS(T)                                                                      \
  THW_PARAM_ENUM(T, noise, OPTIM_QUIET, optim_noises,                                              \
                 "none; gradient: normal numbers are added to each gradient; point: the gradient " \
                 "is taken at a point near x, fresh in each step, and x itself is moved."),        \
      THW_PARAM_REAL(T, noise_sd, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,                         \
                     "Standard deviation of the noise in each coordinate."),                       \
      THW_PARAM_BOOL(T, noise_follows_step, 1,                                                     \
                     "The noise shrinks as the schedule lets the step shrink."),                   \
      THW_PARAM_REAL(T, noise_until, 0.0, 0.0, THW_NO_BOUND, 0, "passes",                          \
                     "From here on the noise is multiplied by noise_after; 0: never."),            \
      THW_PARAM_REAL(T, noise_after, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,                      \
                     "Factor on the noise after noise_until.")

/* Fills in what parameters p of a struct with OPTIM_NOISE_FIELDS say. */
#define OPTIM_NOISE_OF(p)                                                                          \
  ((optim_noise){.kind = (p)->noise,                                                               \
                 .follows = (p)->noise_follows_step,                                               \
                 .sd = (p)->noise_sd,                                                              \
                 .until = (p)->noise_until,                                                        \
                 .after = (p)->noise_after})

/* Standard deviation after so many passes, where the schedule's factor on the step is `factor`. */
double optim_noise_at(const optim_noise *n, double passes, double factor);

#endif
