/* SPDX-License-Identifier: BSD-3-Clause */
/* thalweg/vec.h - vectors and the spaces they live in.
 *
 * Optimizers are written against these operations, never against `double *`: the same method runs
 * in float32 and float64, and later over MPI ranks and GPUs. All scalars are double whatever the
 * element type; reductions accumulate in double over fixed blocks of 4,096 elements combined in
 * order, so their bits do not depend on the number of threads.
 *
 * Aliasing: the output may be one of the inputs (element by element), never a shifted part of it.
 * Threading: a vector is used by one thread at a time; operations are parallel inside. */
#ifndef THALWEG_VEC_H
#define THALWEG_VEC_H

#include "base.h"
#include "rng.h"

#ifdef __cplusplus
extern "C" {
#endif

#define THW_F32 1u
#define THW_F64 2u

#define THW_MEM_HOST 0u
#define THW_MEM_DEVICE 1u

#define THW_READ 1u  /* the caller reads the mapped memory                                */
#define THW_WRITE 2u /* the caller writes it; without THW_READ the old values are lost    */

typedef struct thw_space thw_space;
typedef struct thw_vec thw_vec;

/* Raw memory of a vector, as models see it. Never grows. */
typedef struct thw_view {
  void *data;          /* aligned to 64 bytes                                              */
  int64_t n;           /* elements held by this process                                    */
  int64_t first;       /* global index of data[0]                                          */
  uint32_t dtype, mem; /* THW_F32 or THW_F64; THW_MEM_*                                    */
} thw_view;

/* Largest k that lincomb and dotn accept. */
#define THW_COMB_MAX 16u

/* All [run]. A space fills in every entry: the host completes spaces that do not. */
typedef struct thw_vec_ops {
  uint32_t size, reserved;
  thw_status (*fill)(thw_vec *y, double a);
  thw_status (*copy)(thw_vec *y, const thw_vec *x);
  /* y = a x + b y; where b is zero the old y is not read. */
  thw_status (*axpby)(thw_vec *y, double a, const thw_vec *x, double b);
  thw_status (*dot)(const thw_vec *x, const thw_vec *y, double *out);
  /* y = b y + sum_j a[j] x[j], one pass; where b is zero the old y is not read. k <= THW_COMB_MAX.
   */
  thw_status (*lincomb)(thw_vec *y, double b, uint32_t k, const double *a, const thw_vec *const *x);
  /* out[j] = x . y[j], one pass over x. */
  thw_status (*dotn)(const thw_vec *x, uint32_t k, const thw_vec *const *y, double *out);
  /* Element by element: y = y * x. */
  thw_status (*mul)(thw_vec *y, const thw_vec *x);
  /* Element by element: y = a x^2 + b y. */
  thw_status (*addsq)(thw_vec *y, double a, const thw_vec *x, double b);
  /* Element by element: y = y + a m / (sqrt(c s) + eps), the step of adaptive methods. */
  thw_status (*adapt)(thw_vec *y, double a, const thw_vec *m, double c, const thw_vec *s,
                      double eps);
  thw_status (*norm1)(const thw_vec *x, double *out);
  thw_status (*norminf)(const thw_vec *x, double *out);
  /* Independent normal numbers. Element i comes from block i/2 of what the call reserves. */
  thw_status (*normal)(thw_vec *y, thw_rng *r, double mean, double sd);
  /* *all = 1 when every element is finite, else 0. */
  thw_status (*finite)(const thw_vec *x, int32_t *all);
  /* Raw memory, until unmap. Maps do not nest. */
  thw_status (*map)(thw_vec *v, uint32_t mode, thw_view *out);
  thw_status (*unmap)(thw_vec *v, uint32_t mode);
} thw_vec_ops;

/* Public head of a vector; its owner keeps more behind it. */
struct thw_vec {
  const thw_vec_ops *ops;
  thw_space *space;
};

typedef struct thw_space_ops {
  uint32_t size, reserved;
  /* [setup] A vector of zeros, in *out. The caller frees it. */
  thw_status (*vec_new)(thw_space *s, thw_vec **out);
  void (*vec_free)(thw_vec *v);
  /* [run] Combine k scalars over all ranks (THW_SUM, THW_MAX, THW_MIN); nothing to do in one
   * process. */
  thw_status (*reduce)(thw_space *s, uint32_t op, uint32_t k, double *inout);
} thw_space_ops;

#define THW_SUM 0u
#define THW_MAX 1u
#define THW_MIN 2u

struct thw_space {
  const thw_space_ops *ops;
  int64_t n; /* global length                                                              */
  uint32_t dtype, mem, rank, nranks;
};

/* ---- shorthands --------------------------------------------------------------------------- */

static inline thw_status thw_vec_new(thw_space *s, thw_vec **out) {
  return s->ops->vec_new(s, out);
}
static inline void thw_vec_free(thw_vec *v) {
  if (v) v->space->ops->vec_free(v);
}
static inline thw_status thw_fill(thw_vec *y, double a) {
  return y->ops->fill(y, a);
}
static inline thw_status thw_copy(thw_vec *y, const thw_vec *x) {
  return y->ops->copy(y, x);
}
/* y = a x + b y */
static inline thw_status thw_axpby(thw_vec *y, double a, const thw_vec *x, double b) {
  return y->ops->axpby(y, a, x, b);
}
/* y = y + a x */
static inline thw_status thw_axpy(thw_vec *y, double a, const thw_vec *x) {
  return y->ops->axpby(y, a, x, 1.0);
}
/* y = a y */
static inline thw_status thw_scale(thw_vec *y, double a) {
  return y->ops->axpby(y, 0.0, y, a);
}
static inline thw_status thw_dot(const thw_vec *x, const thw_vec *y, double *out) {
  return x->ops->dot(x, y, out);
}
static inline thw_status thw_norm2(const thw_vec *x, double *out) {
  THW_TRY(x->ops->dot(x, x, out));
  *out = sqrt(*out);
  return THW_OK;
}
static inline thw_status thw_lincomb(thw_vec *y, double b, uint32_t k, const double *a,
                                     const thw_vec *const *x) {
  return y->ops->lincomb(y, b, k, a, x);
}

/* A uniformly random unit vector. */
static inline thw_status thw_unit_vec(thw_vec *y, thw_rng *r) {
  double norm;
  do {
    THW_TRY(y->ops->normal(y, r, 0.0, 1.0));
    THW_TRY(thw_norm2(y, &norm));
  } while (!(norm > 0.0));
  return thw_scale(y, 1.0 / norm);
}

#ifdef __cplusplus
}
#endif
#endif
