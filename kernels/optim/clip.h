/* SPDX-License-Identifier: BSD-3-Clause */
/* Clipping by the norm of the whole gradient: R. Pascanu, T. Mikolov, Y. Bengio, ICML 2013. */
#ifndef KERNELS_OPTIM_CLIP_H
#define KERNELS_OPTIM_CLIP_H

#include "kernels/optim/optim.h"

typedef struct optim_clip {
  double most; /* 0: no clipping */
  double norm; /* of the last gradient, before it was clipped */
  int64_t seen, clipped;
} optim_clip;

#define OPTIM_CLIP_PARAM(T)                                                                        \
  THW_PARAM_REAL(T, clip, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,                                 \
                 "A gradient whose norm exceeds this is scaled down to it; 0: no clipping.")

#define OPTIM_CLIP_FIELDS(c)                                                                       \
  {"clip_norm", OPTIM_F64, &(c)->norm}, {"clip_seen", OPTIM_I64, &(c)->seen}, {                    \
    "clipped", OPTIM_I64, &(c)->clipped                                                            \
  }

static inline void optim_clip_start(optim_clip *c, double most) {
  *c = (optim_clip){.most = most};
}

/* What g is to be scaled by: 1 where it is short enough. */
static inline thw_status optim_clip_factor(optim_clip *c, const thw_vec *g, double *out) {
  *out = 1.0;
  if (!(c->most > 0.0)) return THW_OK;
  THW_TRY(thw_norm2(g, &c->norm));
  c->seen++;
  if (!(c->norm > c->most)) return THW_OK;
  c->clipped++;
  *out = c->most / c->norm;
  return THW_OK;
}

/* Scales g where it is too long. */
static inline thw_status optim_clip_apply(optim_clip *c, thw_vec *g) {
  double part;
  THW_TRY(optim_clip_factor(c, g, &part));
  return part < 1.0 ? thw_scale(g, part) : THW_OK;
}

/* Norm of the last gradient and fraction of those clipped, from the start. */
static inline void optim_clip_report(const optim_clip *c, thw_sink *k) {
  if (!c->seen) return;
  k->real(k, "clip_norm", c->norm);
  k->real(k, "clipped", (double)c->clipped / (double)c->seen);
}

#endif
