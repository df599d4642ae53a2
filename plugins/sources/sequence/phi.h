/* SPDX-License-Identifier: BSD-3-Clause */
/* Smooth functions of one variable, written as "sin(3z)", "2cos(4z)", "0.5z^3", "exp(z)". */
#ifndef THALWEG_SOURCES_SEQUENCE_PHI_H
#define THALWEG_SOURCES_SEQUENCE_PHI_H

#include "kernels/data/env.h"

enum { PHI_SIN, PHI_COS, PHI_EXP, PHI_TANH, PHI_POWER };

/* scale * f(rate z), or scale * z^power. */
typedef struct phi {
  int kind;
  double scale, rate;
  int power;
} phi;

#define PHI_MOST 16

/* Functions with blanks or commas between them. */
thw_status phi_parse(td_env e, const char *text, phi out[PHI_MOST], int *n);
double phi_value(const phi *f, double z);

/* The complexity of the paper with C0 = 1 on [-r, r]: sum_i (i+1)^1.75 r^i |c_i| over the Taylor
 * coefficients c_i; infinite for tanh with r beyond its radius of convergence. */
double phi_complexity(const phi *f, double r);

#endif
