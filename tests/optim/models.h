/* SPDX-License-Identifier: BSD-3-Clause */
/* Two models whose numbers a test can work out by itself. They make their rows from the number. */
#ifndef TESTS_OPTIM_MODELS_H
#define TESTS_OPTIM_MODELS_H

#include <thalweg/thalweg.h>

extern const thw_plugin rig_models;

/* bowl: f_i(x) = 1/2 sum_j h_ij x_j^2 - sum_j c_ij x_j, from x_j = 1. */
double rig_bowl_h(int64_t i, int64_t j, int64_t d, double condition, double spread);
double rig_bowl_c(int64_t i, int64_t j);

#endif
