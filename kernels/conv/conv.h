/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/conv/conv.h - direct convolutions of small images, forward and backward, and what stands
 * between them in a residual network.
 *
 * One call treats one image, so that everything between two reads of main memory happens in the
 * cache of one core; the caller runs images in parallel. A map is stored with its channels
 * innermost (position by position), their number rounded up to a multiple of 16; channels beyond
 * the real ones stay zero because their weights, scales and shifts are. What a convolution reads
 * is a framed map: one position of zeros on each side.
 *
 * The inner product of the forward pass and of the gradient in the map runs over 6 positions and
 * 16 channels at a time; that of the gradient in the weights over 6 weights and 16 channels. */
#ifndef THALWEG_KERNELS_CONV_H
#define THALWEG_KERNELS_CONV_H

#include <stddef.h>
#include <stdint.h>

/* Channels of a block, positions of a tile. */
#define THWC_BLOCK 16
#define THWC_TILE 6

enum { THWC_RELU, THWC_SOFTPLUS, THWC_GELU, THWC_TANH };

/* Positions that read their neighbours at the same distances: element offsets of where each reads
 * and writes, and the taps, with the place of each one's weights. */
typedef struct thwc_class {
  int64_t n;
  const int32_t *in, *out;
  int32_t taps, at[9], weight[9];
} thwc_class;

typedef struct thwc_conv {
  int64_t k, stride;               /* 3 or 1; 1 or 2                                       */
  int64_t in, out;                 /* channels                                             */
  int64_t in_room, out_room;       /* channels as stored                                   */
  int64_t h, w, h_out, w_out;      /* positions                                            */
  thwc_class forward, backward[4]; /* from thwc_plan                                       */
  int32_t n_backward;
} thwc_conv;

static inline int64_t thwc_room(int64_t channels) {
  return (channels + THWC_BLOCK - 1) / THWC_BLOCK * THWC_BLOCK;
}
/* Elements of a framed map. */
static inline int64_t thwc_framed(int64_t h, int64_t w, int64_t room) {
  return (h + 2) * (w + 2) * room;
}
/* Element of a framed map where its first position's channels are. */
static inline int64_t thwc_inside(int64_t w, int64_t room) {
  return (w + 3) * room;
}
static inline int64_t thwc_weights(const thwc_conv *c) {
  return c->k * c->k * c->in_room * c->out_room;
}

/* Fills in positions and tables from k, stride, in_room, out_room, h, w; `table` has room for
 * thwc_plan_size(c) numbers. */
int64_t thwc_plan_size(const thwc_conv *c);
void thwc_plan(thwc_conv *c, int32_t *table);

/* How a batch normalisation's output becomes the next convolution's input:
 * v = act(x scale + shift + add + noise), all but x, scale, shift optional. */
typedef struct thwc_act {
  int64_t h, w, room;
  int act;
  const void *x, *scale, *shift; /* map; `room` numbers each                             */
  const void *add;               /* map                                                  */
  const void *noise;             /* one number for each position                         */
} thwc_act;

/* A shortcut without weights: every second position, `before` channels of zeros in front. */
typedef struct thwc_thin {
  int64_t h, w, channels, room; /* of the larger map                                     */
  int64_t to_room, before;
} thwc_thin;

typedef struct thwc_kernel {
  size_t real; /* bytes of a number                                                       */
  /* Weights as stored in the parameter vector (out, in, k, k) in the order in which `forward`
   * and, if `back` is not NULL, `backward` read them: thwc_weights(c) numbers each. */
  void (*pack)(const thwc_conv *c, const void *weights, void *forth, void *back);
  /* y = convolution of the framed map x, + y when `add` is not zero. */
  void (*forward)(const thwc_conv *c, const void *forth, const void *x, void *y, int add);
  /* dx = gradient in the map; dy is framed. With `add` only positions that the convolution read
   * are added to; without it all are written. */
  void (*backward)(const thwc_conv *c, const void *back, const void *dy, void *dx, int add);
  /* dw (k, k, in_room, out_room) += gradient in the weights; x and dy are framed. */
  void (*weights)(const thwc_conv *c, const void *x, const void *dy, void *dw);
  /* Mean of each channel of a map and sum of its squared distances from it. */
  void (*moments)(int64_t n, int64_t room, const void *x, double *mean, double *square);
  /* The activation's output into the framed map v, and unframed into `copy` unless NULL. */
  void (*activate)(const thwc_act *a, void *v, void *copy);
  /* g = dv act'(..): v is what activate wrote, framed; one[c] = sum of g, two[c] = sum of
   * g (x - mean[c]) inv[c]. */
  void (*deactivate)(const thwc_act *a, const void *v, const void *dv, void *g, const void *mean,
                     const void *inv, double *one, double *two);
  /* sum of g (x - mean) inv for another map x. */
  void (*dot)(int64_t n, int64_t room, const void *g, const void *x, const void *mean,
              const void *inv, double *two);
  /* Gradient of a batch normalisation: dy = ga g + gx (x - mean) + gc per channel, + add unless
   * NULL; framed, and unframed into `copy` unless NULL. */
  void (*denormalise)(int64_t h, int64_t w, int64_t room, const void *g, const void *x,
                      const void *coef, const void *add, void *dy, void *copy);
  /* Zeros around a framed map. */
  void (*border)(int64_t h, int64_t w, int64_t room, void *v);
  /* An image, channel by channel, into a framed map. */
  void (*load)(int64_t h, int64_t w, int64_t channels, int64_t room, const void *planes, void *v);
  void (*frame)(int64_t h, int64_t w, int64_t room, const void *x, void *v);
  void (*thin)(const thwc_thin *t, const void *x, void *y);
  /* dx += the gradient of thin. */
  void (*thin_back)(const thwc_thin *t, const void *g, void *dx);
  /* y += x */
  void (*add)(int64_t n, const void *x, void *y);
  /* Mean of a framed map's channels; a gradient g of that mean, already divided by the number of
   * positions, back to all of them. */
  void (*pool)(int64_t h, int64_t w, int64_t room, const void *v, double *mean);
  void (*spread)(int64_t n, int64_t room, const double *g, void *dv);
} thwc_kernel;

extern const thwc_kernel thwc_f32, thwc_f64, thwc_f32_avx2, thwc_f64_avx2;

/* The best for this machine, by bytes of a number. */
const thwc_kernel *thwc_best(size_t bytes);

#endif
