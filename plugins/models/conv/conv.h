/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/conv/conv.h - what the files of this plugin share.
 *
 * The network is a list of phases. A phase makes one activation, act(bn(map) + shortcut), and runs
 * the convolutions that read it; each of them writes a map, whose statistics are known when all
 * images of the group have gone through the phase. So a phase is one parallel loop over images,
 * and the normalised tensors are never stored: the forward and the backward pass make them again,
 * image by image, in the cache. */
#ifndef THW_CONV_MODELS_H
#define THW_CONV_MODELS_H

#include <thalweg/thalweg.h>

#include "kernels/conv/conv.h"

/* Images that one call of the parallel loop works off. Fixed: the bits must not depend on the
 * number of threads. */
#define CN_IMAGES 8

enum { CN_RESNET, CN_WIDE };
enum { CN_SHORTCUT_A, CN_SHORTCUT_B };
enum { CN_RUNNING, CN_RECOMPUTE };

typedef struct cn_params {
  int64_t depth, widen, channels, group, bn_rows;
  double bn_momentum, bn_eps, act_noise, act_noise_passes, label_smoothing, l2;
  int32_t family, shortcut, activation, bn_eval;
} cn_params;

/* What a convolution writes, and its batch normalisation. */
typedef struct cn_map {
  int64_t h, w, channels, room, n; /* n = h w room                                          */
  int64_t gamma, beta;             /* in the point                                          */
  void *x;                         /* n numbers for each image                              */
  int grad;                        /* which of the three gradients                          */
  double *mean, *var;              /* of the present group, or those of the evaluation      */
  double *running, *next, *fixed;  /* mean, variance: 2 room each; next: with the open
                                      step; fixed: recomputed                               */
  void *scale, *shift, *centre, *inv, *coef; /* room numbers each, coef 4 room              */
} cn_map;

typedef struct cn_conv {
  thwc_conv c;
  int32_t *table;
  int to;                /* map                                                             */
  int copy;              /* a map that is added, or -1                                      */
  int onto;              /* adds to what is in the map                                      */
  int last;              /* nothing else is added to the map: its statistics are due        */
  int ready, keep, plus; /* backward: the map's own gradient is stored; is to be stored;
                            includes the stored one of this map, or -1                      */
  int64_t weights;       /* in the point                                                    */
  void *forth, *back;
} cn_conv;

enum { CN_PLAIN, CN_SAME, CN_THIN, CN_PROJECT };

typedef struct cn_phase {
  int map;            /* -1: the image                                                     */
  int add, other;     /* CN_*: the shortcut that comes in; its phase, or map (CN_PROJECT)  */
  int skip, skip_map; /* the one that goes out: CN_SAME, CN_THIN, and the map it is added to */
  thwc_thin thin;     /* of the one that goes out                                          */
  int keep;           /* the activation is stored, as a shortcut's start                   */
  void *a;            /* n numbers for each image, or NULL                                 */
  void *noise, *noise_room; /* h w numbers; noise: NULL where this batch sees none        */
  int n_convs, conv[2];
} cn_phase;

/* Working space of one call of the parallel loop. */
typedef struct cn_item {
  void *v, *dy, *dv, *s, *dw;
} cn_item;

typedef struct cn {
  const thw_host *host;
  thw_ctx *ctx;
  const cn_params *params;
  const thwc_kernel *kern;
  thw_object source;
  thw_source_info info;
  uint32_t dtype;
  int64_t h, w, planes, classes; /* classes: outputs                                        */
  int by_class;
  int64_t n; /* parameters                                                                  */

  cn_map *map;
  cn_conv *conv;
  cn_phase *phase;
  int n_maps, n_convs, n_phases;
  int64_t head, head_bias; /* in the point */
  int64_t features;
  thw_block *block;
  uint32_t n_blocks;
  const char **output_name;
  uint32_t n_outputs;

  int64_t most_map, most_frame, most_room, most_weights;
  int64_t room; /* images that there is space for                                           */
  cn_item *item;
  int64_t n_items;
  void *grad[3];
  double *one, *two, *three; /* most_room for each image: mean and squares, or sums         */
  double *pooled, *logits, *loss, *hit;
  double *sum; /* n: the gradient                                                         */
  void *pool;  /* all of the above that depend on `room`                                  */
  thw_rng noise;
  double *running, *next; /* of all maps                                                    */
  int64_t n_running;
  int open;      /* between begin and end of a step                                         */
  int64_t seen;  /* batches in the running statistics                                       */
  int64_t fresh; /* and in `next`                                                           */
  void *checked; /* the point that recomputed statistics belong to                          */
  int have_checked;
} cn;

/* What a pass over a group of images is for. */
typedef struct cn_pass {
  cn *m;
  const void *x; /* the point                                                          */
  const thw_batch *b;
  int64_t lo, n; /* images: rows lo .. lo + n - 1 of the batch                         */
  int train;     /* statistics of the group; else those that were set                  */
  int gradient;  /* the backward pass follows                                          */
  int labels;    /* losses are wanted                                                  */
  int stop;      /* phases to run; the head follows the last one                       */
  int phase;
  cn_conv *c; /* of combine */
  double f, hits;
  double *out; /* predictions of the group's first row on, or NULL                   */
} cn_pass;

static inline double cn_real(const cn *m, const void *p, int64_t i) {
  return m->dtype == THW_F32 ? (double)((const float *)p)[i] : ((const double *)p)[i];
}
static inline void cn_set(const cn *m, void *p, int64_t i, double v) {
  if (m->dtype == THW_F32)
    ((float *)p)[i] = (float)v;
  else
    ((double *)p)[i] = v;
}
/* Element i of an array of the run's type. */
static inline void *cn_at(const cn *m, const void *p, int64_t i) {
  return (char *)(uintptr_t)p + (size_t)i * m->kern->real;
}

/* net.c: phases, maps, convolutions and blocks of parameters from the parameters. */
thw_status cn_build(cn *m);
/* create.c */
thw_status cn_create(const thw_component *me, const thw_host *h, thw_ctx *c, const void *params,
                     const thw_wired *slots, void **self);
void cn_destroy(void *self);
const void *cn_ext(void *self, const char *id);
thw_status cn_fail(const cn *m, thw_status code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
extern const thw_model_ops cn_ops;
/* start.c */
thw_status cn_init(void *self, thw_view *x, thw_rng *r);
/* room.c: space for groups of n images. */
thw_status cn_room(cn *m, int64_t n);
/* forward.c: all phases and the head; losses and hits into the pass. */
void cn_forward(cn_pass *p);
void cn_weights(cn_pass *p);
/* The activation of a phase for image i, framed, in item->v; `a` as it was made. */
void cn_activate(const cn_pass *p, const cn_phase *ph, int64_t i, cn_item *item, thwc_act *a,
                 int again);
void cn_border(const cn *m, int phase, cn_item *item);
/* head.c: image i, whose last activation is in item->v; with a gradient its sums go on. */
void cn_head(const cn_pass *p, int64_t i, cn_item *item, const thwc_act *a);
void cn_head_gradient(const cn_pass *p);
/* Through the activation: the gradient in its map, and the sums for batch normalisation. */
void cn_deactivate(const cn_pass *p, const cn_phase *ph, int64_t i, cn_item *item,
                   const thwc_act *a);
/* backward.c */
void cn_backward(cn_pass *p);
void cn_norm_gradient(const cn_pass *p, const cn_phase *ph);
/* stats.c */
/* `second`: the statistics of the images are those of a phase's second convolution. */
void cn_normalise(const cn_pass *p, cn_map *map, int second);
/* Statistics for evaluation at the point x, into the maps. */
thw_status cn_fix_statistics(cn *m, const void *x);
void cn_note_statistics(cn *m, int64_t images);
extern const thw_ext_state cn_state_ext;
extern const thw_step_model cn_step_ext;
/* noise.c */
void cn_make_noise(const cn_pass *p);
/* eval.c */
thw_status cn_check(cn *m, const thw_batch *b, int with_labels);
thw_status cn_eval(void *self, const thw_view *x, const thw_batch *b, double *f, thw_view *g);
/* predict.c */
thw_status cn_measure(void *self, const thw_view *x, const thw_batch *b, double *out);
thw_status cn_predict(void *self, const thw_view *x, const thw_batch *b, double *out);

#endif
