/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/recurrent/net.h - the relu network by hand, in double: h = relu(W h + A x), y = Bo h, its
 * states, the gradient of one output, derivatives along a direction. Written from the formulas,
 * with nothing of the plugins in it. */
#ifndef TESTS_RECURRENT_NET_H
#define TESTS_RECURRENT_NET_H

#include "tests/recurrent/lab.h"

typedef struct net {
  int64_t m, in, d;
  double *w, *a, *bo;
} net;

/* The blocks of a pipeline with train = "W A Bo" where it starts. */
void net_read(net *n, const lab *l, int64_t m, int64_t in, int64_t d);
void net_free(net *n);
/* Inputs (steps, rows, width) and targets (steps, rows, targets) of a batch of equal lengths, time
 * outermost. Caller frees both; y may be NULL. */
double *net_inputs(const thw_batch *b, double **y);
/* States (steps, b, m), with W + dw where dw is not NULL. */
double *net_states(const net *n, const double *dw, const double *x, int64_t steps, int64_t b);
/* Outputs (steps, b, d) of states. */
double *net_outputs(const net *n, const double *h, int64_t steps, int64_t b);
/* Derivative of the outputs along dw, signs as they are in h. */
double *net_tangent(const net *n, const double *dw, const double *h, int64_t steps, int64_t b);
/* row += scale * d (output k at step l of sequence i) / d W */
void net_gradient(const net *n, const double *h, int64_t b, int64_t l, int64_t i, int64_t k,
                  double scale, double *row);
double net_spectral(const double *w, int64_t m);

#endif
