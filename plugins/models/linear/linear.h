/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/linear/linear.h - what the files of this plugin share.
 *
 * A point is laid out as the weights of the first margin, of the second, ..., then the intercepts.
 * Inside, all arithmetic is in double, on an inner layout in which the loops run well: the same
 * order, except for several margins on sparse rows, where the kp numbers of one column (the k
 * margins, padded) lie together and the intercepts are one more column. */
#ifndef THW_LINEAR_MODELS_H
#define THW_LINEAR_MODELS_H

#include <thalweg/thalweg.h>

#include "kernels/linear/linear.h"

typedef struct linear_params {
  double l2, c, nonconvex, scale;
  int32_t intercept, init;
  double init_scale;
} linear_params;

/* What distinguishes the models. */
typedef struct linear_kind {
  const char *id;
  int loss; /* THWK_* */
  int by_class, convex, smooth;
  double slope2_max, slope2_min; /* bounds of the loss's second derivative by the margin */
  double slope3_max;             /* and of the absolute value of its third; NAN: none */
} linear_kind;

typedef struct linear_snapshot {
  struct linear_snapshot *next;
  int64_t room;
  double *slope, *y; /* by row number; with several margins kp probabilities for each row */
  const thw_rows *rows;
} linear_snapshot;

typedef struct linear {
  const thw_host *host;
  thw_ctx *ctx;
  const linear_params *params;
  const linear_kind *kind;
  const thwk_linear *kern;
  thw_object source;
  thw_source_info info; /* of set 0 */
  thwk_loss loss;
  double l2, nonconvex;
  uint32_t dtype;
  int intercept;
  int64_t d, k, kp; /* features, margins per row, the same padded */
  int64_t n;        /* parameters */
  int64_t inner;    /* numbers in the inner layout */
  int sparse_k;     /* the inner layout is by column */

  thw_block blocks[2];
  uint32_t n_blocks, n_outputs;
  const char **output_name;

  /* Scratch, grown to the largest shape met: `tile` rows at a time in each block of rows. */
  int64_t tile, tile_words, room;
  double *tiles, *partial, *block_sum, *w1, *w2;

  int have_facts;
  thw_facts facts;  /* so far, see facts.c */
  double max2, top; /* largest |a|^2, largest eigenvalue of A'A/n; NAN: not yet asked for */

  linear_snapshot *idle; /* snapshots that may be used again */
  double *vr;            /* see vr.c */
  double *delta;
  int64_t delta_room;
  double *hessian; /* see hessian.c */
  int64_t hessian_room;
} linear;

/* One evaluation over a batch. */
enum { JOB_EVAL, JOB_DIFF, JOB_HVP, JOB_MEASURE, JOB_PREDICT };
typedef struct linear_job {
  linear *m;
  const thw_batch *b;
  int mode, want_f, want_g;
  int64_t blocks;
  const double *w, *w2;  /* inner layout */
  double *partial;       /* blocks x inner */
  double *sum;           /* blocks x 2 */
  linear_snapshot *keep; /* slopes and targets are left here; or NULL */
  double *out;           /* PREDICT */
  thw_view *g;
} linear_job;

/* Scratch of one block of rows, for one tile. */
typedef struct linear_scratch {
  double *z, *z2, *y; /* margins, further margins, targets; tile x kp, tile x kp, tile */
  double *rows;       /* copied dense rows */
} linear_scratch;

static inline linear_scratch linear_scratch_of(const linear *m, int64_t block) {
  double *z = m->tiles + block * m->tile_words, *z2 = z + m->tile * m->kp,
         *y = z2 + m->tile * m->kp;
  return (linear_scratch){z, z2, y, y + m->tile};
}

/* eval.c */
thw_status linear_check(linear *m, const thw_batch *b, int with_target);
thw_status linear_prepare(linear *m, linear_job *j, const thw_batch *b, int mode);
/* The point in the inner layout: where it lies when that will do, else in `room`. */
const double *linear_inner(const linear *m, const thw_view *x, double *room);
/* Margins of rows lo .. hi-1 at w, intercepts included; `tile` is scratch for dense rows. */
void linear_margins(const linear *m, const thw_batch *b, int64_t lo, int64_t hi, const double *w,
                    double *z, double *tile);
void linear_run(linear_job *j);
thw_status linear_gradient(linear *m, const thw_view *x, const thw_batch *b, double *f, thw_view *g,
                           linear_snapshot *keep);
thw_status linear_eval(void *self, const thw_view *x, const thw_batch *b, double *f, thw_view *g);
thw_status linear_diff(void *self, const thw_view *x, const thw_view *y, const thw_batch *b,
                       thw_view *d);
thw_status linear_hvp(void *self, const thw_view *x, const thw_view *v, const thw_batch *b,
                      thw_view *hv);
/* First and second derivative of c x^2 / (1 + x^2). */
double linear_bump1(double c, double x);
double linear_bump2(double c, double x);
/* hessian.c */
extern const thw_hessian_model linear_hessian;
/* predict.c */
void linear_score_tile(linear_job *j, int64_t lo, int64_t hi, int64_t block);
thw_status linear_measure(void *self, const thw_view *x, const thw_batch *b, double *out);
thw_status linear_predict(void *self, const thw_view *x, const thw_batch *b, double *out);
/* spectrum.c */
/* The weight of a row a: max(0, base + slope |a|^2). */
typedef struct linear_weight {
  double base, slope;
} linear_weight;
double linear_largest_square(const linear *m, const thw_batch *b);
/* (1/n) sum w_i a_i a_i': its largest eigenvalue or a bound of that. Uses w1 and w2. */
double linear_largest_eigenvalue(linear *m, const thw_batch *b, linear_weight w);
/* facts.c */
thw_status linear_facts(void *self, thw_facts *out);
extern const thw_floor_model linear_floor;
/* vr.c */
extern const thw_vr_model linear_vr;
/* create.c */
thw_status linear_create(const thw_component *me, const thw_host *h, thw_ctx *c, const void *params,
                         const thw_wired *slots, void **self);
void linear_destroy(void *self);
const void *linear_ext(void *self, const char *id);
extern const thw_model_ops linear_ops;
extern const linear_kind linear_kinds[];

#endif
