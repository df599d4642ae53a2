/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/recurrent/recurrent.h - what the files of this plugin share.
 *
 * The parameter vector holds the trained blocks only, in the order of the table `blocks`; the
 * others keep their initial values, which are functions of the run's seed and the block's name, so
 * that a run that is resumed and a prediction find them again. */
#ifndef THW_RECURRENT_MODELS_H
#define THW_RECURRENT_MODELS_H

#include <thalweg/thalweg.h>

#include "kernels/recurrent/recurrent.h"

/* Sequences of a shard. Fixed: the bits must not depend on the number of threads. */
#define SHARD 32

enum {
  INIT_GAUSS,
  INIT_GAUSS_M,
  INIT_ORTHOGONAL,
  INIT_IDENTITY,
  INIT_UNIFORM,
  INIT_GLOROT,
  INIT_HE
};
enum { LOSS_AT_EVERY, LOSS_AT_LAST, LOSS_AT_MASK };

typedef struct rec_params {
  int64_t hidden, layers, outputs, loss_from;
  double gain, input_variance, output_variance, output_scale, state_cap, forget_bias;
  const char *train;
  int32_t activation, init, calibrate, bias, centre, loss, loss_at, over_steps, carry_state;
} rec_params;

typedef struct rec_block {
  char name[16];
  int64_t n, offset; /* numbers; place in the point, -1 when not trained */
  uint32_t n_dims;
  int64_t dims[4];
  void *start; /* initial values */
} rec_block;

/* What a pass over a shard is for. */
enum { JOB_VALUE, JOB_GRADIENT, JOB_HVP, JOB_GAUSS_NEWTON, JOB_MEASURE, JOB_PREDICT };

/* Working space of one shard. */
typedef struct rec_slot {
  thwr_shard s;
  void *room;
  size_t bytes;
  void *grad; /* n reals */
  double f, sum[2];
} rec_slot;

/* States of the streams of a chained source, see carry.c. */
typedef struct rec_kept {
  int64_t *row;
  void *begin, *end;
} rec_kept;

typedef struct rec {
  const thw_host *host;
  thw_ctx *ctx;
  const rec_params *params;
  thw_object source;
  thw_source_info info; /* of set 0 */
  const thwr_kernel *kern;
  thwr_shape shape;
  thwr_loss loss;
  uint32_t dtype;
  int linear; /* the network linearised at its start: the point is the increment of W */
  int64_t n;  /* parameters */
  rec_block block[THWR_BLOCKS];
  thw_block layout_block[THWR_BLOCKS];
  uint32_t n_layout;
  const char **output_name;
  uint32_t n_outputs;

  rec_slot *slot;
  int64_t n_slots;
  void *packed; /* W as the steps read it */
  double *sum;  /* n: gradients of several waves of shards */
  int have_lipschitz;
  double lipschitz;
  rec_kept kept[2];
  rec_slot generator[2];
  void *probe_vec; /* two vectors of n reals */
} rec;

typedef struct rec_job {
  rec *m;
  const thw_batch *b;
  int mode;
  thwr_weights w, v; /* the point; the direction (or, linearised, the increment) */
  thwr_weights dir;  /* linearised, HVP: the direction */
  int64_t lo, hi;    /* rows of the current wave: a shard in each slot */
  int64_t group;     /* rows after which a wave ends at the latest */
  rec_kept *kept;    /* carried states, or NULL */
  int store;         /* and whether they are written */
  double f, sum[2];  /* over all shards */
  double *out;       /* PREDICT: n_outputs per row */
  /* combining the gradients */
  int64_t shards;
  int begin, end;
  double sign;
  thw_view *g;
} rec_job;

static inline int rec_is_class(const rec *m) {
  return m->loss.kind == THWR_SOFTMAX;
}
static inline double rec_real(const rec *m, const void *p, int64_t i) {
  return m->dtype == THW_F32 ? (double)((const float *)p)[i] : ((const double *)p)[i];
}
static inline void rec_set(const rec *m, void *p, int64_t i, double v) {
  if (m->dtype == THW_F32)
    ((float *)p)[i] = (float)v;
  else
    ((double *)p)[i] = v;
}

/* create.c */
thw_status rec_create(const thw_component *me, const thw_host *h, thw_ctx *c, const void *params,
                      const thw_wired *slots, void **self);
void rec_destroy(void *self);
const void *rec_ext(void *self, const char *id);
thw_status rec_fail(const rec *m, thw_status code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
extern const thw_model_ops rec_ops;
/* start.c: the initial values of all blocks. */
thw_status rec_start(rec *m);
/* shard.c */
/* Slots with room for the shards of a batch; *count of them. */
thw_status rec_slots(rec *m, const thw_batch *b, int mode, int64_t *count);
/* Slots 0 and 1 with room for any shard of the batch, for a gradient and a tangent. */
thw_status rec_two_slots(rec *m, const thw_batch *b);
/* Rows lo .. hi-1 of the batch into the slot: steps, targets, weights of the loss. */
void rec_gather(const rec *m, const thw_batch *b, int64_t lo, int64_t hi, rec_slot *slot);
/* Room for one step of one sequence. */
thw_status rec_one_step(rec *m, rec_slot *slot);
/* Loss weights of row i; length of a row, first step. */
int64_t rec_length(const thw_rows *r, int64_t row);
int64_t rec_first(const thw_rows *r, int64_t row);
/* eval.c */
thw_status rec_check(rec *m, const thw_batch *b, int with_target);
void rec_point(const rec *m, const thw_view *x, rec_job *j);
void rec_direction(const rec *m, const thw_view *v, thwr_weights *out);
thw_status rec_run(rec_job *j);
/* States, outputs, and for the linearised network what its prediction is. */
void rec_forward(const rec_job *j, thwr_shard *s);
thw_status rec_eval(void *self, const thw_view *x, const thw_batch *b, double *f, thw_view *g);
thw_status rec_diff(void *self, const thw_view *x, const thw_view *y, const thw_batch *b,
                    thw_view *d);
thw_status rec_hvp(void *self, const thw_view *x, const thw_view *v, const thw_batch *b,
                   thw_view *hv);
/* J' (Hessian of the losses in the outputs) J v: mean over the batch. */
thw_status rec_gauss_newton(rec *m, const thw_view *x, const thw_view *v, const thw_batch *b,
                            thw_view *hv);
/* predict.c */
void rec_score(const rec_job *j, int64_t lo, rec_slot *slot);
thw_status rec_measure(void *self, const thw_view *x, const thw_batch *b, double *out);
thw_status rec_predict(void *self, const thw_view *x, const thw_batch *b, double *out);
/* One prediction from the outputs of a step. */
void rec_predict_step(const rec *m, const void *y, const void *y0, double *out);
void rec_score_step(const rec *m, const thwr_shard *s, int64_t at, double a[2]);
/* carry.c */
thw_status rec_carry_open(rec *m);
void rec_carry_reset(const rec *m, rec_kept *t);
void rec_carry_plan(rec_job *j);
void rec_carry_in(const rec_job *j, int64_t lo, thwr_shard *s);
void rec_carry_out(const rec_job *j, int64_t lo, thwr_shard *s);
extern const thw_ext_state rec_state_ext;
/* generate.c */
extern const thw_generate rec_generate_ext;
/* probe.c */
extern const thw_probe rec_probe_ext;
/* weights.c: logarithm of the growth of |h| per step under h <- phi(W h), phi = relu or identity,
 * from a positive unit vector h; h and `next` are overwritten. */
double rec_growth(const rec *m, const void *w, double *h, double *next);
void rec_unit_start(const rec *m, thw_rng *r, double *h);
/* facts.c */
/* The largest eigenvalue of J' C J / n over the batch. */
thw_status rec_sharpness(rec *m, const thw_view *x, const thw_batch *b, int rounds, double *out);
thw_status rec_facts(void *self, thw_facts *out);

#endif
