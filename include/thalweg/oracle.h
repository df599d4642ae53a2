/* SPDX-License-Identifier: BSD-3-Clause */
/* thalweg/oracle.h - the first-order oracle: all that an optimizer may ask.
 *
 * The oracle that an optimizer holds is always the host's wrapper around the one in the pipeline:
 * counting, budgets, the NaN guard and cancellation exist once, there, and missing entries have
 * defaults. So an optimizer never tests an entry for NULL, and a call may come back with
 * THW_BUDGET or THW_CANCELLED, which it returns at once.
 *
 * Cost unit: one visit of a component f_i at a point, be it for its gradient (with or without the
 * value), for its value alone or for a Hessian-vector product. These are counted apart and limited
 * together. eval and hvp cost b->n, diff costs 2 b->n; the whole sum costs n.
 *
 * A component may build an oracle of its own (a shifted or a quadratic objective) and start its
 * inner optimizer on it: it fills in what it can and leaves the rest NULL, the host completes it.
 * What the inner optimizer then asks of it arrives at the host's wrapper below and is booked on
 * the inner optimizer's account. */
#ifndef THALWEG_ORACLE_H
#define THALWEG_ORACLE_H

#include "base.h"
#include "component.h"
#include "model.h"
#include "source.h"
#include "vec.h"

#ifdef __cplusplus
extern "C" {
#endif

#define THW_DRAW_UNIFORM 0u /* n rows with replacement: inner mini-batches                 */
#define THW_DRAW_SUBSET 1u  /* n different rows: snapshots, tests                          */
#define THW_DRAW_NEXT 2u    /* the next n of a shuffled epoch, or of a stream              */

typedef struct thw_oracle_ops {
  uint32_t size, reserved;
  /* [setup] Presets as for models. */
  thw_status (*facts)(void *self, thw_facts *out);
  /* [setup] The space of the points. Its dtype is the working precision. */
  thw_status (*space)(void *self, thw_space **out);
  /* [setup] The model's starting point. */
  thw_status (*start_point)(void *self, thw_vec *x, thw_rng *r);
  /* [run] A sample; the rows depend on *r (UNIFORM, SUBSET) or on the oracle's place in its epoch
   * (NEXT). n larger than the sum draws all of it for SUBSET. No allocation in the steady state. */
  thw_status (*draw)(void *self, thw_rng *r, uint32_t how, int64_t n, thw_batch **out);
  void (*release)(void *self, thw_batch *b);
  /* [run] Mean over the batch, b == NULL: the whole sum (THW_E_UNSUPPORTED for a stream). f or g
   * may be NULL. */
  thw_status (*eval)(void *self, const thw_vec *x, const thw_batch *b, double *f, thw_vec *g);
  /* [run] The same batch at k points: f[j], g[j] for x[j]; f or g may be NULL as a whole. */
  thw_status (*evaln)(void *self, uint32_t k, const thw_vec *const *x, const thw_batch *b,
                      double *f, thw_vec *const *g);
  /* [run] d = gradient(x) - gradient(y), same batch (NULL: the whole sum), one fused call. d may be
   * neither x nor y. */
  thw_status (*diff)(void *self, const thw_vec *x, const thw_vec *y, const thw_batch *b,
                     thw_vec *d);
  /* [run] The batch cut into k parts of (nearly) equal size, in order: g[j] is the mean gradient of
   * part j, which has b->n (j+1) / k - b->n j / k rows. Variance estimates come from these. */
  thw_status (*blocks)(void *self, const thw_vec *x, const thw_batch *b, uint32_t k,
                       thw_vec *const *g);
  /* [run] Hessian times v on a batch or the whole sum. THW_E_UNSUPPORTED where the model has
   * none: use diff. */
  thw_status (*hvp)(void *self, const thw_vec *x, const thw_vec *v, const thw_batch *b,
                    thw_vec *hv);
} thw_oracle_ops;

/* ---- shorthands ------------------------------------------------------------------------------ */

static inline const thw_oracle_ops *thw_oracle_(const thw_object *o) {
  return (const thw_oracle_ops *)o->ops;
}
static inline thw_status thw_oracle_facts(const thw_object *o, thw_facts *out) {
  return thw_oracle_(o)->facts(o->self, out);
}
static inline thw_status thw_oracle_space(const thw_object *o, thw_space **out) {
  return thw_oracle_(o)->space(o->self, out);
}
static inline thw_status thw_oracle_draw(const thw_object *o, thw_rng *r, uint32_t how, int64_t n,
                                         thw_batch **out) {
  return thw_oracle_(o)->draw(o->self, r, how, n, out);
}
static inline void thw_oracle_release(const thw_object *o, thw_batch *b) {
  if (b) thw_oracle_(o)->release(o->self, b);
}
static inline thw_status thw_oracle_eval(const thw_object *o, const thw_vec *x, const thw_batch *b,
                                         double *f, thw_vec *g) {
  return thw_oracle_(o)->eval(o->self, x, b, f, g);
}
static inline thw_status thw_oracle_evaln(const thw_object *o, uint32_t k, const thw_vec *const *x,
                                          const thw_batch *b, double *f, thw_vec *const *g) {
  return thw_oracle_(o)->evaln(o->self, k, x, b, f, g);
}
static inline thw_status thw_oracle_diff(const thw_object *o, const thw_vec *x, const thw_vec *y,
                                         const thw_batch *b, thw_vec *d) {
  return thw_oracle_(o)->diff(o->self, x, y, b, d);
}
static inline thw_status thw_oracle_blocks(const thw_object *o, const thw_vec *x,
                                           const thw_batch *b, uint32_t k, thw_vec *const *g) {
  return thw_oracle_(o)->blocks(o->self, x, b, k, g);
}
static inline thw_status thw_oracle_hvp(const thw_object *o, const thw_vec *x, const thw_vec *v,
                                        const thw_batch *b, thw_vec *hv) {
  return thw_oracle_(o)->hvp(o->self, x, v, b, hv);
}

/* ---- fused variance-reduced inner loop ---------------------------------------------------------
 */

/* Offered by an oracle whose model offers THW_EXT_VR_MODEL. Without it, or when loop answers
 * THW_E_UNSUPPORTED, the optimizer makes the same steps by draw and diff; both paths consume the
 * random stream alike and follow the same trajectory up to rounding. */
#define THW_EXT_VR "thw.vr/1"

typedef struct thw_vr_job {
  uint32_t size, reserved;
  void *snapshot;        /* from prepare                                               */
  thw_vec *x;            /* in and out                                                 */
  const thw_vec *s, *mu; /* the snapshot's point and gradient                          */
  double step;
  double shift;          /* weight of shift (x - centre); 0 for none                   */
  const thw_vec *centre; /* NULL when shift is 0                                       */
  int64_t m, b;          /* steps, rows in each mini-batch (drawn with replacement)    */
  thw_rng *draw;         /* the stream that draw(UNIFORM) would have used              */
  thw_vec *sum;          /* iterates x_0 .. x_{m-1} are added; or NULL                 */
} thw_vr_job;

typedef struct thw_vr {
  uint32_t size, reserved;
  /* [run] mu = full gradient at s (cost n); *snapshot is dropped by the caller. */
  thw_status (*prepare)(void *self, const thw_vec *s, thw_vec *mu, void **snapshot);
  /* [run] cost 2 m b */
  thw_status (*loop)(void *self, thw_vr_job *job);
  void (*drop)(void *self, void *snapshot);
} thw_vr;

/* ---- curvature floor --------------------------------------------------------------------------
 */

/* Offered by an oracle whose model offers THW_EXT_FLOOR_MODEL. Costs no evaluation. */
#define THW_EXT_FLOOR "thw.floor/1"

typedef struct thw_floor {
  uint32_t size, reserved;
  /* [run] A lower bound of the least eigenvalue of the Hessian of f at x. */
  thw_status (*floor)(void *self, const thw_vec *x, double *out);
} thw_floor;

/* ---- dense Hessian --------------------------------------------------------------------------- */

/* Offered by an oracle whose model offers THW_EXT_HESSIAN_MODEL; for methods that factorise it. */
#define THW_EXT_HESSIAN "thw.hessian/1"

typedef struct thw_hessian {
  uint32_t size, reserved;
  /* [run] Hessian of the mean over the batch, or of the whole sum (b == NULL), at x: n x n doubles,
   * both triangles, n the length of x. Booked as the Hessian-vector products that `products` tells,
   * without it as n per row. */
  thw_status (*hessian)(void *self, const thw_vec *x, const thw_batch *b, double *h);
  /* [setup] As of the model; or NULL. */
  double (*products)(void *self, const thw_batch *b);
} thw_hessian;

/* ---- closed form ----------------------------------------------------------------------------- */

/* Offered by an oracle over all rows whose model offers THW_EXT_SOLVE_MODEL. */
#define THW_EXT_SOLVE "thw.solve/1"

typedef struct thw_solve {
  uint32_t size, reserved;
  /* [run] x = the minimiser of the whole sum. Booked as one pass. */
  thw_status (*solve)(void *self, thw_vec *x);
} thw_solve;

#ifdef __cplusplus
}
#endif
#endif
