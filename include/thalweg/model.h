/* SPDX-License-Identifier: BSD-3-Clause */
/* thalweg/model.h - a differentiable loss over a parameter vector.
 *
 * f(x) = mean over the rows of f_i(x). Whatever does not depend on the row (l2, a non-convex
 * regulariser) is part of every f_i, so that the mean over any batch is an unbiased estimate.
 * Evaluation is a pure function of (instance, point, batch): the same batch evaluated twice gives
 * the same bits, at any number of threads. Reductions accumulate in double.
 *
 * A model takes its rows from the batch; it learns their width, labels and classes from its slot
 * `source` when it is created. */
#ifndef THALWEG_MODEL_H
#define THALWEG_MODEL_H

#include "base.h"
#include "component.h"
#include "source.h"
#include "vec.h"

#ifdef __cplusplus
extern "C" {
#endif

#define THW_MODEL_SMOOTH 1u /* twice continuously differentiable: curvature means something */
#define THW_MODEL_CONVEX 2u
/* The loss of a row depends on the other rows of its batch (batch normalisation): the mean over a
 * batch is not that over its parts. */
#define THW_MODEL_BATCH 4u
/* States go from one batch to the next, so that the value on a batch depends on those before. The
 * host refuses optimizers without THW_F_ONE_POINT. */
#define THW_MODEL_CARRIES 8u

/* A named part of the parameter vector (a layer, an intercept). */
typedef struct thw_block {
  const char *name;
  int64_t offset, n;
  uint32_t n_dims, reserved;
  int64_t dims[4];
} thw_block;

typedef struct thw_layout {
  uint32_t size, flags; /* THW_MODEL_*                                                      */
  int64_t n;            /* parameters                                                       */
  uint32_t n_blocks, block_stride;
  const thw_block *blocks;
  uint32_t n_metrics, n_outputs;  /* what measure and predict deliver                       */
  const char *const *metric_name; /* "accuracy", "mse": each a mean over rows               */
  const char *const *output_name; /* "label", "p:versicolor", ...                           */
} thw_layout;

/* thw_facts.flags: `lipschitz` was measured at the starting point. It is good for a step length and
 * bounds nothing elsewhere. */
#define THW_FACTS_LOCAL 1u

/* Which facts are wanted. */
#define THW_FACT_ROWS 1u /* components and flags */
#define THW_FACT_LIPSCHITZ 2u
#define THW_FACT_LIPSCHITZ_MAX 4u
#define THW_FACT_LIPSCHITZ_HESS 8u
#define THW_FACT_VARIANCE 16u
#define THW_FACT_VARIANCE_HESS 32u
#define THW_FACT_CONVEXITY 64u
#define THW_FACT_LOWER_BOUND 128u

/* Facts about f over the whole of set 0, NAN where not known. Hints: an optimizer that gets no
 * fact estimates it, pays for that in gradients, and the run says so.
 *
 * Some cost the model more than a pass over its rows (an eigenvalue), so the caller says in `want`
 * which it is going to use. The model may give more, and leaves those that it need not work out as
 * they are. */
typedef struct thw_facts {
  uint32_t size, flags;  /* THW_FACTS_*                                                     */
  int64_t components;    /* number of f_i; -1: a stream                                     */
  double lipschitz;      /* L: Lipschitz constant of the gradient of f                      */
  double lipschitz_max;  /* the largest of those of the f_i                                 */
  double lipschitz_hess; /* L2: Lipschitz constant of the Hessian of f                      */
  double variance;       /* V: E |g_i - g|^2                                                */
  double variance_hess;  /* V_H: sup over unit u of E |(H_i - H) u|^2                       */
  double convexity;      /* mu: f - mu/2 |x|^2 is convex; may be negative                   */
  double lower_bound;    /* of f                                                            */
  uint64_t want;         /* in: THW_FACT_* bits; 0, or a struct without it: all             */
} thw_facts;

/* True when the caller of `facts` is going to use one of `which`. */
static inline int thw_facts_wanted(const thw_facts *f, uint64_t which) {
  return !THW_HAS(thw_facts, f, want) || f->want == 0 || (f->want & which) != 0;
}

typedef struct thw_model_ops {
  uint32_t size, reserved;
  /* [setup] The caller sets out->size. Pointers stay valid as long as the instance. */
  thw_status (*layout)(void *self, thw_layout *out);
  /* [setup] Or NULL. The host presets every member to NAN. */
  thw_status (*facts)(void *self, thw_facts *out);
  /* [setup] The starting point. */
  thw_status (*init)(void *self, thw_view *x, thw_rng *r);
  /* [run] Mean over the batch: value into *f, gradient into g; either may be NULL. */
  thw_status (*eval)(void *self, const thw_view *x, const thw_batch *b, double *f, thw_view *g);
  /* [run] gradient(x) - gradient(y) on the same batch; or NULL. Must agree with two evals up to
   * rounding. */
  thw_status (*diff)(void *self, const thw_view *x, const thw_view *y, const thw_batch *b,
                     thw_view *d);
  /* [run] Hessian of the batch mean times v; or NULL. */
  thw_status (*hvp)(void *self, const thw_view *x, const thw_view *v, const thw_batch *b,
                    thw_view *hv);
  /* [run] layout.n_metrics means over the batch; or NULL. */
  thw_status (*measure)(void *self, const thw_view *x, const thw_batch *b, double *out);
  /* [run] layout.n_outputs numbers per row of the batch, row by row; or NULL. */
  thw_status (*predict)(void *self, const thw_view *x, const thw_batch *b, double *out);
} thw_model_ops;

/* ---- fused variance-reduced inner loop ------------------------------------------------------- */

/* A model that can run many steps
 *     x = x - step ( g_I(x) - g_I(s) + mu + shift (x - centre) )
 * at once, with lazy updates on sparse rows, offers this; the oracle passes it on as
 * THW_EXT_VR (oracle.h). */
#define THW_EXT_VR_MODEL "thw.vr-model/1"

typedef struct thw_vr_model {
  uint32_t size, reserved;
  /* [run] mu = gradient at s over the batch, and in *snapshot whatever makes g_i(s) cheap for the
   * rows of that batch. Several snapshots may be alive. */
  thw_status (*prepare)(void *self, const thw_view *s, const thw_batch *b, thw_view *mu,
                        void **snapshot);
  /* [run] m steps with mini-batches of b rows: step t uses rows index[t*b] .. index[t*b + b-1],
   * which are rows of the snapshot's batch. `sum`, if not NULL, has every iterate x_0 .. x_{m-1}
   * added; `centre` may be NULL (shift is then 0). THW_E_UNSUPPORTED: use the plain path. */
  thw_status (*loop)(void *self, void *snapshot, thw_view *x, const thw_view *s, const thw_view *mu,
                     double step, double shift, const thw_view *centre, int64_t m, int64_t b,
                     const int64_t *index, thw_view *sum);
  /* [run] */
  void (*drop)(void *self, void *snapshot);
} thw_vr_model;

/* ---- probe ----------------------------------------------------------------------------------- */

/* A model with more to tell than its value and metrics (norms of the states and of the gradients
 * that flow back through time, changed signs, the distance from the start) offers this. The host
 * calls it at records of the run with the first rows of set 0, always the same; what it delivers
 * goes into the record under "probe.NAME". The cost is the monitor's, not the method's. */
#define THW_EXT_PROBE "thw.probe/1"

typedef struct thw_probe {
  uint32_t size, reserved;
  int64_t rows; /* wanted in the batch, at most                                             */
  /* [run] `start`: the point at which the run began. */
  thw_status (*probe)(void *self, const thw_view *x, const thw_view *start, const thw_batch *b,
                      thw_sink *out);
} thw_probe;

/* ---- steps ----------------------------------------------------------------------------------- */

/* A model that gathers something from the batches it is trained on (running statistics of a batch
 * normalisation) without making f depend on it offers this. What it evaluates between begin and end
 * is the method's; what it is asked outside is the monitor's, a test's or the verdict's. */
#define THW_EXT_STEP_MODEL "thw.step-model/1"

typedef struct thw_step_model {
  uint32_t size, reserved;
  /* [run] Before the method's step. */
  void (*begin)(void *self);
  /* [run] After it; accepted = 0: the step failed. */
  void (*end)(void *self, int32_t accepted);
} thw_step_model;

/* ---- generation ------------------------------------------------------------------------------ */

/* A model of sequences that can go on writing one offers this: `thalweg sample`. */
#define THW_EXT_GENERATE "thw.generate/1"

typedef struct thw_generate {
  uint32_t size, reserved;
  /* [setup] Forgets all steps. */
  thw_status (*reset)(void *self);
  /* [run] Reads one step (a token, or `in` with `width` numbers when the steps are vectors) and
   * writes what the model expects next: layout.n_outputs numbers as in predict, for one step. */
  thw_status (*next)(void *self, const thw_view *x, int64_t token, const double *in, double *out);
} thw_generate;

/* ---- curvature floor --------------------------------------------------------------------------
 */

/* A model that knows, without looking at a row, how low the curvature can be at a point (a convex
 * loss and a regulariser that is not) offers this; the oracle passes it on as THW_EXT_FLOOR
 * (oracle.h). What it says is a proof, so a search for negative curvature can be spared. */
#define THW_EXT_FLOOR_MODEL "thw.floor-model/1"

typedef struct thw_floor_model {
  uint32_t size, reserved;
  /* [run] A lower bound of the least eigenvalue of the Hessian at x, of the mean over any batch. */
  thw_status (*floor)(void *self, const thw_view *x, double *out);
} thw_floor_model;

/* ---- dense Hessian --------------------------------------------------------------------------- */

/* A model that can write down its whole Hessian faster than by one product for each parameter
 * offers this; the oracle passes it on as THW_EXT_HESSIAN (oracle.h). */
#define THW_EXT_HESSIAN_MODEL "thw.hessian-model/1"

typedef struct thw_hessian_model {
  uint32_t size, reserved;
  /* [run] Hessian of the batch mean at x: n x n doubles whatever the element type, both triangles,
   * n = layout.n. THW_E_UNSUPPORTED: use products. */
  thw_status (*hessian)(void *self, const thw_view *x, const thw_batch *b, double *h);
  /* [setup] What that costs, in Hessian-vector products of one row each, by count of the
   * operations; or NULL: n for each row. */
  double (*products)(void *self, const thw_batch *b);
} thw_hessian_model;

/* ---- closed form ----------------------------------------------------------------------------- */

/* A model whose minimiser over set 0 has a closed form (kernel ridge regression) offers this; the
 * oracle passes it on as THW_EXT_SOLVE (oracle.h). */
#define THW_EXT_SOLVE_MODEL "thw.solve-model/1"

typedef struct thw_solve_model {
  uint32_t size, reserved;
  /* [run] x = the minimiser of the mean over all rows of set 0. */
  thw_status (*solve)(void *self, thw_view *x);
} thw_solve_model;

#ifdef __cplusplus
}
#endif
#endif
