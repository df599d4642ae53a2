/* SPDX-License-Identifier: BSD-3-Clause */
/* core/verify/model.h - a model on a built-in source, for the checks of models. */
#ifndef TW_VERIFY_MODEL_H
#define TW_VERIFY_MODEL_H

#include "core/verify/priv.h"

typedef struct vf_model {
  vf_inst *in;
  const thw_model_ops *ops;
  void *self;
  const char *where; /* name of the source */
  thw_layout lay;
  thw_batch all; /* the rows of set 0 */
} vf_model;

/* *out is NULL with 0 when the model does not take such rows; -1: the check is over. */
int vf_model_new(vf_case *k, int variant, int64_t rows, vf_model **out);
void vf_model_free(vf_model *m);
/* body for each built-in source that the model takes, until the check has failed. */
int vf_each_model(vf_case *k, int64_t rows, int (*body)(vf_case *k, vf_model *m));

/* The value over a batch; the gradient into g if that is not NULL. An error fails the check. */
double vf_model_value(vf_case *k, const vf_model *m, const vf_buf *x, const thw_batch *b,
                      vf_buf *g);
double vf_dot(const vf_buf *a, const vf_buf *b);
void vf_move(vf_buf *y, const vf_buf *x, double t, const vf_buf *d);
double vf_apart(const vf_buf *a, const vf_buf *b, double floor_);

#endif
