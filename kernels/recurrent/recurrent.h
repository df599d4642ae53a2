/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/recurrent/recurrent.h - recurrent networks on one shard of sequences.
 *
 * A shard is a fixed group of b sequences, run by one thread. All arrays are time-major with the
 * sequences inside: the block of step l is a contiguous matrix of b rows, and so is any range of
 * steps, which makes every sum over time one large product. States have a further block in front,
 * the state before the first step, so that block l of h is what step l reads and block l + 1 what
 * it writes.
 *
 * Layer k, with u the layer's input (the tokens, or the states of the layer below):
 *   rnn   h' = phi(W h + A u + bh)
 *   lstm  i, f, g, o = W h + A u + bh;  c' = s(f) c + s(i) tanh(g);  h' = s(o) tanh(c')
 *   gru   r, z = s(W h + A u + bh);  n = tanh(A u + bh + r (W h + bq));  h' = (1 - z) n + z h
 * and y = Bo h + by from the last layer. The gates of a layer are rows of one W, one A. bh of a gru
 * has four parts: r, z, n, and bq. Where steps are tokens, A of the first layer is stored by token
 * (transposed), so that A u is a row of it. */
#ifndef THALWEG_KERNELS_RECURRENT_H
#define THALWEG_KERNELS_RECURRENT_H

#include <stddef.h>
#include <stdint.h>

enum { THWR_RNN, THWR_LSTM, THWR_GRU };
enum { THWR_RELU, THWR_TANH, THWR_IDENTITY };
enum { THWR_SQUARED, THWR_HUBER, THWR_SOFTMAX };

#define THWR_LAYERS 16

typedef struct thwr_shape {
  int cell, act, layers, tokens;
  int64_t m, width, d; /* units of a layer, length of a step (or number of tokens), outputs */
} thwr_shape;

/* Blocks by number: W, A, bh of each layer, then Bo, by. */
#define THWR_W(k) (3 * (k))
#define THWR_A(k) (3 * (k) + 1)
#define THWR_BH(k) (3 * (k) + 2)
#define THWR_BO(s) (3 * (s)->layers)
#define THWR_BY(s) (3 * (s)->layers + 1)
#define THWR_BLOCKS (3 * THWR_LAYERS + 2)

static inline int thwr_blocks(const thwr_shape *s) {
  return 3 * s->layers + 2;
}
/* Rows of W in units of m; parts of bh. */
static inline int64_t thwr_gates(const thwr_shape *s) {
  return s->cell == THWR_LSTM ? 4 : s->cell == THWR_GRU ? 3 : 1;
}
static inline int64_t thwr_bias_parts(const thwr_shape *s) {
  return s->cell == THWR_GRU ? 4 : thwr_gates(s);
}
static inline int64_t thwr_inputs(const thwr_shape *s, int layer) {
  return layer == 0 ? s->width : s->m;
}

/* Values of the blocks, or a direction in them: NULL for a bias that is absent, and in a direction
 * for zero. Gradients: NULL where they are not wanted. */
typedef struct thwr_weights {
  const void *v[THWR_BLOCKS];
  /* W laid out for the steps, forward and back, A where steps are vectors, Bo; NULL: not. */
  const void *there[THWR_LAYERS], *back[THWR_LAYERS], *input[THWR_LAYERS], *out, *out_back;
} thwr_weights;
typedef struct thwr_gradients {
  void *v[THWR_BLOCKS];
} thwr_gradients;

/* Where the arrays of one pass lie: the states, or their derivatives along a direction. For an rnn
 * z is h from its second block on. */
typedef struct thwr_states {
  void *h[THWR_LAYERS]; /* (steps + 1) b m */
  void *z[THWR_LAYERS]; /* steps b gates m: pre-activations, then gates */
  void *c[THWR_LAYERS]; /* lstm: (steps + 1) b m */
  void *q[THWR_LAYERS]; /* gru: steps b m */
  void *y;              /* steps b d */
} thwr_states;

typedef struct thwr_shard {
  int64_t b, steps;
  int carried;         /* the states before the first step are not all zero */
  void *x;             /* steps b width */
  int32_t *token;      /* steps b, instead of x */
  double *weight;      /* steps b: of the loss at that step; 0 for none */
  void *t;             /* steps b d: targets */
  int32_t *label;      /* steps b: instead of t */
  void *y0;            /* steps b d: outputs to be subtracted; or NULL */
  thwr_states at, dot; /* at the point; derivatives along a direction */
  void *e, *edot;      /* steps b d: d loss / d y, and its derivative */
  void *p, *pdot;      /* steps b gates m: d loss / d pre-activation of one layer at a time */
  void *n, *ndot;      /* gru: steps b m, see cell.inc */
  void *dh, *dhdot;    /* lstm, gru: steps b m: d loss / d h from above */
  void *dc, *dcdot;    /* b m */
  void *scratch;       /* what scratch_size asks for */
} thwr_shard;

typedef struct thwr_loss {
  int kind; /* THWR_SQUARED, ... */
  double scale;
} thwr_loss;

/* Observer of the backward pass: p of step `l` (from 0) of layer `k` lies at p. Or NULL. */
typedef void thwr_watch(void *arg, int k, const thwr_shard *s);

typedef struct thwr_kernel {
  size_t real; /* bytes */
  /* Lays the matrices out for the steps: bytes that this takes, and doing it, in room aligned to 64
   * bytes that must live as long as w; bytes of a shard's scratch. Or NULL. */
  size_t (*pack_size)(const thwr_shape *n);
  void (*pack)(const thwr_shape *n, thwr_weights *w, void *room);
  size_t (*scratch_size)(const thwr_shape *n);
  /* States and outputs at w. */
  void (*forward)(const thwr_shape *n, const thwr_weights *w, thwr_shard *s);
  /* Their derivatives along v, after forward at w. */
  void (*tangent)(const thwr_shape *n, const thwr_weights *w, const thwr_weights *v, thwr_shard *s);
  /* Weighted sum of the losses over steps and sequences; e = its derivative by y, if want_e. */
  double (*loss)(const thwr_shape *n, const thwr_loss *f, thwr_shard *s, int want_e);
  /* edot = Hessian of the loss in y times dot.y. */
  void (*curve)(const thwr_shape *n, const thwr_loss *f, thwr_shard *s);
  /* The gradient of sum e y, into the blocks of g. e: s->e, or s->edot. */
  void (*backward)(const thwr_shape *n, const thwr_weights *w, thwr_shard *s, const void *e,
                   const thwr_gradients *g, thwr_watch *watch, void *arg);
  /* The derivative of that gradient along v, after forward, tangent, loss and curve. */
  void (*backward_dot)(const thwr_shape *n, const thwr_weights *w, const thwr_weights *v,
                       thwr_shard *s, const thwr_gradients *g);
} thwr_kernel;

extern const thwr_kernel thwr_f32, thwr_f32_avx2, thwr_f64;

/* The kernels for this machine; reals of 4 or 8 bytes. */
const thwr_kernel *thwr_best(size_t real);

#endif
