/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/problems/problem.h - what the files of this plugin share. */
#ifndef THW_PROBLEM_MODELS_H
#define THW_PROBLEM_MODELS_H

#include <thalweg/thalweg.h>

#include "kernels/problems/problems.h"

/* Where an optimizer starts. */
enum { START_SADDLE, START_RANDOM };

/* Every parameter struct begins with these. */
typedef struct start_params {
  int32_t start, reserved;
  double start_scale, radius;
} start_params;

typedef struct noise_params {
  double hessian_noise, gradient_noise;
} noise_params;

typedef struct quartic_params {
  start_params s;
  noise_params noise;
  int64_t d;
  thw_reals eigenvalues;
  double rest_min, rest_max, valley;
  int32_t rotate, reserved;
} quartic_params;

typedef struct factor_params {
  start_params s;
  noise_params noise;
  int64_t d, columns;
  thw_reals eigenvalues;
} factor_params;

typedef struct tensor_params {
  start_params s;
  noise_params noise;
  int64_t d, support;
} tensor_params;

typedef struct staircase_params {
  start_params s;
  noise_params noise;
  int64_t d, stairs;
  double hold, gamma;
} staircase_params;

typedef struct sensing_params {
  start_params s;
  int64_t d, columns;
  thw_reals weights;
} sensing_params;

typedef struct layer_params {
  start_params s;
  int64_t d, hidden, teachers;
  int32_t activation, reserved;
  double teacher_scale;
} layer_params;

typedef struct problem problem;

typedef struct problem_kind {
  const char *id;
  /* Makes the objective, or fails with a text. */
  thw_status (*build)(problem *p);
  /* A starting point of start = "saddle". */
  void (*saddle)(const problem *p, double *x, thw_rng *r);
  /* Facts besides `components`; radius 0: those that hold everywhere. */
  void (*facts)(const problem *p, double radius, thw_facts *out);
} problem_kind;

struct problem {
  const thw_host *host;
  thw_ctx *ctx;
  const void *params;
  const problem_kind *kind;
  thwp_pool pool;
  int64_t n, d; /* rows (-1: a stream), parameters */
  thw_block block;
  int64_t columns;  /* of a matrix that is stored row by row: what saddle() fills is the first */
  double *x0;       /* d */
  double low, high; /* least and greatest eigenvalue of A or M */
  union {
    struct {
      thwp_quartic quartic;
      thwp_valley valley;
    };
    thwp_factor factor;
    thwp_tensor tensor;
    thwp_staircase staircase;
  } u;
  thwp_planted planted;
  thwp_ridge ridge;
};

/* host->fail with a printf format. */
thw_status problem_fail(const problem *p, thw_status code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Zeroed doubles of the context, or NULL with a text. */
double *problem_alloc(const problem *p, int64_t n);
/* The last step of build: the rows of an objective. */
thw_status problem_plant(problem *p, const thwp_objective *o, const noise_params *noise);

/* planted.c */
extern const problem_kind problem_quartic, problem_factor, problem_tensor, problem_staircase;
extern const thw_model_ops problem_planted_ops;
void problem_noise_facts(const problem *p, thw_facts *out);
/* ridge.c */
extern const problem_kind problem_sensing, problem_phase, problem_layer;
extern const thw_model_ops problem_ridge_ops;
/* create.c */
thw_status problem_create(const problem_kind *kind, const thw_host *h, thw_ctx *c,
                          const void *params, const thw_wired *slots, void **self);
thw_status problem_layout(void *self, thw_layout *out);
thw_status problem_facts(void *self, thw_facts *out);
thw_status problem_init(void *self, thw_view *x, thw_rng *r);

#endif
