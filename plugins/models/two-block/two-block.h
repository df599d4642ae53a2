/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/two-block/two-block.h - f(x) = sum_j w_j relu(<W_j, x1>) + sum_j v_j relu(<V_j,
 * x2>) with fixed output weights. All work is done in double, whatever the run's element type: the
 * networks are small. */
#ifndef THALWEG_MODELS_TWO_BLOCK_H
#define THALWEG_MODELS_TWO_BLOCK_H

#include <thalweg/thalweg.h>

/* Rows are worked on in at most so many groups, each in pieces of PIECE rows; both follow from the
 * number of rows alone. */
#define GROUPS 16
#define PIECE 64
/* Most directions that the second half of the rows may lie on for the short way. */
#define RAYS 4

typedef struct two_block_params {
  int64_t width1, width2, d2;
  double tau0, l2;
  int32_t rays;
} two_block_params;

/* One half of the network. */
typedef struct half {
  int64_t m, d, offset; /* neurons, inputs, first parameter */
  int64_t first;        /* of its inputs, in a row          */
  double scale;         /* of the output weights            */
  const double *u;      /* m x d, at the point              */
} half;

typedef struct two_block {
  const thw_host *host;
  thw_ctx *ctx;
  const two_block_params *p;
  thw_source_info info;
  int64_t n; /* parameters */
  half h[2];
  thw_block block[2];
  double *u;      /* the point                                              */
  double *g;      /* GROUPS x n: gradients of the groups                    */
  double *room;   /* GROUPS x piece: a piece's rows, outputs, hidden layers */
  int64_t piece;  /* numbers in the room of one group                       */
  double *factor; /* GROUPS x RAYS: sums of slopes along each ray           */
} two_block;

/* Directions that the second half of all rows of a batch lies on: x2 = a * ray with a > 0, or 0. */
typedef struct rays {
  int n; /* -1: more than RAYS */
  double dir[RAYS][64];
  double relu[RAYS]; /* the second half's output at each */
} rays;

/* Looks at the rows of the batch; n = -1 where the short way does not apply. */
void two_block_rays(const two_block *m, const thw_batch *b, rays *r);
/* Ray of a row's second half and its factor a; -1 for the zero vector. */
int two_block_ray_of(const rays *r, int64_t d, const double *x2, double *a);

/* Row k of the batch as doubles. */
void two_block_row(const two_block *m, const thw_batch *b, int64_t k, double *x);
/* Output weight of neuron j. */
static inline double two_block_sign(const half *h, int64_t j) {
  return j % 2 == 0 ? h->scale : -h->scale;
}

extern const thw_model_ops two_block_ops;

#endif
