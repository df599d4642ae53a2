/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/kernels/kernels.h - what the files of this plugin share.
 *
 * The parameters are the weights a of the training rows, N numbers for each of k outputs (a_ic at
 * i k + c); the prediction for a row x is sum_i K(x, x_i) a_i. */
#ifndef THW_KERNEL_MODELS_H
#define THW_KERNEL_MODELS_H

#include <thalweg/thalweg.h>

enum {
  K_NTK2,
  K_NTK2H,
  K_NTK2A,
  K_NTK3,
  K_NTK3H,
  K_NTK3A,
  K_CK2,
  K_CK3,
  K_GAUSSIAN,
  K_LAPLACE,
  K_FEATURES2,
  K_FEATURES3
};
enum { SELECT_CROSS, SELECT_VALIDATION, SELECT_TEST };

#define KR_PARTS 4
#define KR_METRICS (3 + KR_PARTS)
/* Rows whose kernel values are worked out at a time. */
#define KR_CHUNK 256

typedef struct kr_params {
  int64_t width, folds, max_rows;
  double beta;
  thw_reals lambda, bandwidth;
  int32_t kernel, select, unit_rows;
} kr_params;

typedef struct kr {
  const thw_host *host;
  thw_ctx *ctx;
  const kr_params *params;
  thw_object source;
  thw_source_info info; /* of set 0 */
  uint32_t dtype;
  int classes, one_hot;
  int64_t n, d, k; /* training rows, features, outputs */
  thw_block block;
  const char **output_name, *metric_name[KR_METRICS];
  uint32_t n_outputs, n_metrics;
  const thw_parts *parts;
  /* All in double. */
  double *x, *y;                        /* training rows, their targets */
  double *w, *b1, *v, *b2;              /* of the random features */
  double *features;                     /* of the training rows */
  double *gram, *chunk, *rows, *hidden; /* N x N; KR_CHUNK x N; KR_CHUNK x d; KR_CHUNK x 2 width */
  double *alpha, *weighted, *residual;  /* N k; K alpha: N k; KR_CHUNK k */
  double *part;
  /* What was chosen. */
  int ready;
  double lambda, bandwidth, trace, score;
  int64_t skipped;
} kr;

static inline double kr_real(const kr *m, const void *p, int64_t i) {
  return m->dtype == THW_F32 ? (double)((const float *)p)[i] : ((const double *)p)[i];
}
static inline void kr_set(const kr *m, void *p, int64_t i, double v) {
  if (m->dtype == THW_F32)
    ((float *)p)[i] = (float)v;
  else
    ((double *)p)[i] = v;
}

thw_status kr_fail(const kr *m, thw_status code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* create.c */
thw_status kr_create(const thw_component *me, const thw_host *h, thw_ctx *c, const void *params,
                     const thw_wired *slots, void **self);
void kr_destroy(void *self);
const void *kr_ext(void *self, const char *id);
extern const thw_model_ops kr_ops;
/* rows.c: rows and targets in double. */
void kr_row(const kr *m, const thw_rows *r, int64_t row, double *x);
double kr_target(const kr *m, const thw_rows *r, int64_t row, int64_t c);
thw_status kr_check(const kr *m, const thw_batch *b, int with_target);
/* kernel.c */
thw_status kr_open_features(kr *m);
/* chunk (n x N): kernel of n rows with the training rows, at a bandwidth. */
void kr_against(const kr *m, int64_t n, const double *x, double bandwidth, double *out);
void kr_gram(const kr *m, double bandwidth, double *out);
/* select.c: lambda and bandwidth, the Gram matrix at them, and alpha. */
thw_status kr_prepare(kr *m);
/* eval.c */
thw_status kr_eval(void *self, const thw_view *x, const thw_batch *b, double *f, thw_view *g);
thw_status kr_hvp(void *self, const thw_view *x, const thw_view *v, const thw_batch *b,
                  thw_view *hv);
thw_status kr_measure(void *self, const thw_view *x, const thw_batch *b, double *out);
thw_status kr_predict(void *self, const thw_view *x, const thw_batch *b, double *out);

#endif
