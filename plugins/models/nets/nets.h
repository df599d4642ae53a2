/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/nets/nets.h - what the files of this plugin share.
 *
 * A network is a tape of nodes, each a layer (act(W x + b) of an earlier node x) or a sum of two
 * earlier nodes; blocks of weights may serve several layers. The parameter vector holds the trained
 * blocks only, in the order of the table `block`; the others keep their initial values, which are
 * functions of the run's seed and the block's name, so that a run that is resumed and a prediction
 * find them again. */
#ifndef THW_NETS_MODELS_H
#define THW_NETS_MODELS_H

#include <thalweg/thalweg.h>

#include "kernels/nets/nets.h"

#define NETS_DEPTH 16
#define NETS_BLOCKS (2 * NETS_DEPTH)
#define NETS_NODES 24
#define NETS_PARTS 4

enum { LOSS_AUTO, LOSS_SQUARED, LOSS_LOGISTIC, LOSS_SOFTMAX };
enum { INIT_PAPER, INIT_HIERARCHICAL, INIT_HE, INIT_GLOROT, INIT_LECUN };

typedef struct nets_params {
  int64_t depth, width;
  thw_ints hidden;
  int32_t activation, init, loss, bias, output_bias, linearised, signs;
  int32_t form, skip; /* resnet-mlp */
  double init_w, init_v, init_a, init_b, output_scale;
  double l2, label_smoothing, perturb_w, perturb_v, reg_w4, reg_v2;
  const char *train;
} nets_params;

/* What a block is, for its initial values and for `train`. */
enum { ROLE_FIRST, ROLE_HIDDEN, ROLE_OUTPUT, ROLE_BIAS_FIRST, ROLE_BIAS, ROLE_BIAS_OUTPUT };

typedef struct nets_block {
  char name[16];
  int role;
  int64_t n, rows, cols; /* cols 0: a bias */
  int64_t offset;        /* place in the point, -1 when not trained */
  void *start;           /* initial values, where they are needed later; or NULL */
  void *noisy;           /* room for what stands in the block's place under noise; or NULL */
} nets_block;

enum { NODE_INPUT, NODE_LAYER, NODE_SUM };

typedef struct nets_node {
  int kind, in, in2; /* earlier nodes */
  int w, b;          /* blocks; b -1: none */
  int act;
  int64_t n; /* features */
  int wants; /* a trained block stands at this node or below it */
  /* THWN_GROUP examples each: before and after the activation, derivative of the loss; and the
   * derivatives of all three along a direction. h may be z. */
  void *z, *h, *d, *zdot, *hdot, *ddot;
  int add_d; /* while going back: d holds something already */
} nets_node;

typedef struct nets {
  const thw_host *host;
  thw_ctx *ctx;
  const nets_params *params;
  thw_object source;
  thw_source_info info; /* of set 0 */
  const thwn_kernel *kern;
  uint32_t dtype;
  int loss, one_hot;
  int64_t n, outputs, flops; /* parameters, outputs, of one row forward */
  int n_blocks, n_nodes, first_hidden, dots;
  nets_block block[NETS_BLOCKS];
  nets_node node[NETS_NODES];
  thw_block layout_block[NETS_BLOCKS];
  uint32_t n_layout, n_outputs, n_metrics;
  const char **output_name, **metric_name;
  const thw_parts *parts; /* of the source, or NULL */
  void *parts_self;
  void *hold;   /* linearised: outputs of a group */
  void *grad;   /* n: of one group of a batch that has several */
  double *sum;  /* n: over the groups */
  double *part; /* parts of the targets of one row */
  void *probe;  /* n */
} nets;

/* What a pass over a batch is for. */
enum { JOB_VALUE, JOB_GRADIENT, JOB_HVP, JOB_MEASURE, JOB_PREDICT };

/* Most metrics of a model. */
#define NETS_METRICS (3 + 2 * NETS_PARTS)

typedef struct nets_job {
  nets *m;
  const thw_batch *b;
  int mode;
  const void *w[NETS_BLOCKS];   /* the point */
  const void *v[NETS_BLOCKS];   /* a direction, NULL where it is zero */
  const void *dir[NETS_BLOCKS]; /* linearised, HVP: the direction, v being the increment */
  int tangent;                  /* derivatives along v are wanted */
  int frozen;                   /* activations as at w: second derivatives are left out */
  int64_t lo, n, panels;        /* rows of the current group */
  double f, sum[NETS_METRICS];
  double *out; /* PREDICT: n_outputs per row */
  void *g[NETS_BLOCKS];
  thw_view *to;
  int flip; /* random signs are in force */
} nets_job;

static inline double nets_real(const nets *m, const void *p, int64_t i) {
  return m->dtype == THW_F32 ? (double)((const float *)p)[i] : ((const double *)p)[i];
}
static inline void nets_set(const nets *m, void *p, int64_t i, double v) {
  if (m->dtype == THW_F32)
    ((float *)p)[i] = (float)v;
  else
    ((double *)p)[i] = v;
}
/* Feature i of example s of a node with n features. */
static inline int64_t nets_at(const nets *m, int64_t n, int64_t i, int64_t s) {
  int64_t p = m->kern->panel;
  return ((s / p) * n + i) * p + s % p;
}
static inline int nets_trained(const nets *m, int b) {
  return b >= 0 && m->block[b].offset >= 0;
}

/* create.c */
thw_status nets_create(const thw_component *me, const thw_host *h, thw_ctx *c, const void *params,
                       const thw_wired *slots, void **self);
void nets_destroy(void *self);
const void *nets_ext(void *self, const char *id);
thw_status nets_fail(const nets *m, thw_status code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
extern const thw_model_ops nets_ops;
/* shape.c: blocks and tape. */
thw_status nets_shape_mlp(nets *m);
thw_status nets_shape_resnet(nets *m);
/* Marks trained blocks by `train` and lays them out. */
thw_status nets_lay_out(nets *m);
/* start.c */
void nets_fill(const nets *m, int block, void *to);
thw_status nets_start(nets *m);
/* pass.c: one group, up to the outputs, and back from their derivatives in d of the last node. */
thw_status nets_dots(nets *m);
void nets_gather(const nets_job *j);
void nets_forward(const nets_job *j);
void nets_backward(nets_job *j);
/* loss.c: value, and derivatives into d (and ddot) of the last node. */
double nets_loss(const nets_job *j);
void nets_score(nets_job *j);
/* eval.c */
thw_status nets_check(nets *m, const thw_batch *b, int with_target);
thw_status nets_point(nets_job *j, const thw_view *x);
void nets_direction(nets_job *j, const thw_view *v, const void **out);
thw_status nets_run(nets_job *j);
thw_status nets_eval(void *self, const thw_view *x, const thw_batch *b, double *f, thw_view *g);
thw_status nets_hvp(void *self, const thw_view *x, const thw_view *v, const thw_batch *b,
                    thw_view *hv);
thw_status nets_measure(void *self, const thw_view *x, const thw_batch *b, double *out);
thw_status nets_predict(void *self, const thw_view *x, const thw_batch *b, double *out);
/* regular.c: penalties of the point, added to the value and to the gradient. */
double nets_penalty(const nets *m, const thw_view *x);
void nets_penalty_gradient(const nets *m, const thw_view *x, thw_view *g);
void nets_penalty_product(const nets *m, const thw_view *x, const thw_view *v, thw_view *hv);
/* noise.c: perturbed weights and random signs, functions of the batch. */
int nets_noisy(const nets *m, const thw_batch *b);
thw_status nets_noise(nets_job *j);
void nets_noise_back(const nets_job *j);
/* probe.c */
extern const thw_probe nets_probe_ext;

#endif
