/* SPDX-License-Identifier: BSD-3-Clause */
/* thalweg/optimizer.h - a method that moves a point by asking a first-order oracle.
 *
 * The host drives: start once, then step until a criterion of the run is met. Between two steps it
 * may record, checkpoint, stop or resume, so the state between steps is whole: whatever a restart
 * needs is in what thw.state/1 saves. Stopping rules, budgets and records are the host's business;
 * a method only says when it is done by its own lights (THW_DONE) or stuck (THW_STALLED).
 *
 * A step that gets THW_BUDGET or THW_CANCELLED from the oracle returns it at once; point() must
 * still deliver a usable point then. It need not be able to go on: the host keeps the state from
 * before the step.
 *
 * Inner optimizers are wired into a slot of kind THW_OPTIMIZER and used through the same table. The
 * host destroys them before their outer one, whose oracle they may hold something of: the outer
 * destroy does not call them. */
#ifndef THALWEG_OPTIMIZER_H
#define THALWEG_OPTIMIZER_H

#include "base.h"
#include "component.h"
#include "oracle.h"
#include "vec.h"

#ifdef __cplusplus
extern "C" {
#endif

#define THW_STEP_EPOCH 1u /* go on to the end of the method's epoch, whatever max_units says */

typedef struct thw_step {
  uint32_t size, flags;
  /* In: return near this many component gradients, after at least one unit of work (an iteration,
   * a mini-batch). An epoch is cut and resumed in the next step. */
  int64_t max_units;
  /* Out: by-products of the step, NAN if not at hand: value and norm of the gradient of the whole
   * sum at the point where the step ended, the one that point() delivers. The host presets NAN. An
   * outer method saves its own full gradient where a step of one unit from the start of an epoch
   * delivers the norm there. */
  double f, grad_norm;
  int32_t epoch_end; /* out: 1 when the step ended on the boundary of an epoch               */
  uint32_t reserved;
} thw_step;

typedef struct thw_optimizer_ops {
  uint32_t size, reserved;
  /* [run] Begin at x0. The oracle stays valid until destroy or the next start. May evaluate (to
   * estimate constants). Called again, it forgets everything before. */
  thw_status (*start)(void *self, const thw_object *oracle, const thw_vec *x0);
  /* [run] No allocation. */
  thw_status (*step)(void *self, thw_step *io);
  /* [run] The point to report. */
  thw_status (*point)(void *self, thw_vec *x);
} thw_optimizer_ops;

static inline const thw_optimizer_ops *thw_optimizer_(const thw_object *o) {
  return (const thw_optimizer_ops *)o->ops;
}
static inline thw_status thw_optimizer_start(const thw_object *o, const thw_object *oracle,
                                             const thw_vec *x0) {
  return thw_optimizer_(o)->start(o->self, oracle, x0);
}
static inline thw_status thw_optimizer_step(const thw_object *o, thw_step *io) {
  return thw_optimizer_(o)->step(o->self, io);
}
static inline thw_status thw_optimizer_point(const thw_object *o, thw_vec *x) {
  return thw_optimizer_(o)->point(o->self, x);
}

/* How an outer method steers its inner one. */
#define THW_EXT_STEER "thw.steer/1"

typedef struct thw_steer {
  uint32_t size, reserved;
  /* [run] Go on from x: forget momentum, moments, batch growth, but keep step multiplier and
   * random streams. */
  thw_status (*reset)(void *self, const thw_vec *x);
  /* [run] Multiply every later step length by `factor`, on top of earlier calls. */
  thw_status (*scale_step)(void *self, double factor);
  /* [run] Multiply the mini-batch by `factor`, which lowers the noise floor; or NULL. */
  thw_status (*grow_batch)(void *self, double factor);
  /* [run] Tell it constants that the outer method knows better; members that are NAN are ignored;
   * or NULL. */
  thw_status (*facts)(void *self, const thw_facts *facts);
  /* [run] Go on where it stands, on an objective whose gradient is by `delta` more than before at
   * every point (a proximal term has got another centre). Unlike after reset, what it has learnt of
   * step lengths goes on being judged and improved; or NULL: use reset. */
  thw_status (*moved)(void *self, const thw_vec *delta);
} thw_steer;

/* ---- theory ------------------------------------------------------------------------------------
 */

/* What the method's theorem promises for a given problem; `thalweg explain` prints it. An outer
 * method asks its inner one and adds its own. */
#define THW_EXT_THEORY "thw.theory/1"

#define THW_AIM_STATIONARY 0u /* |g| <= epsilon                                              */
#define THW_AIM_MINIMUM 1u    /* |g| <= epsilon, least eigenvalue of the Hessian >= -delta    */
#define THW_AIM_VALUE 2u      /* f within epsilon of its least value                         */

/* The problem as a theorem sees it. */
typedef struct thw_problem {
  uint32_t size, reserved;
  const thw_facts *facts; /* of the oracle, with estimates where it knows none; NAN: unknown  */
  const thw_goal *goal;   /* 0: the run does not ask for it                                   */
  int64_t dimension;
  double gap; /* D_f = f(x_0) - inf f, NAN: unknown                                           */
} thw_problem;

/* One line of the answer. */
typedef struct thw_claim {
  uint32_t size, aim; /* THW_AIM_*                                                            */
  /* Order of the number of component gradients, in the names n, d, L, Lmax, L2, V, V_H, mu, D_f,
   * epsilon, delta, p: "n + n^(2/3) L D_f / epsilon^2". */
  const char *formula;
  const char *source;   /* paper and theorem                                                 */
  const char *note;     /* what the formula leaves out; or NULL                              */
  double gradients;     /* the formula with the problem's constants in; NAN: one is missing  */
  double epochs, epoch; /* outer iterations, and component gradients of one: what an outer method
                           builds on; NAN: it cannot                                         */
} thw_claim;

/* Strings of a claim need to last only as long as the call. */
typedef struct thw_claims thw_claims;
struct thw_claims {
  uint32_t size, reserved;
  void (*claim)(thw_claims *c, const thw_claim *claim);
};

typedef struct thw_theory {
  uint32_t size, reserved;
  /* [setup] Hands its claims to `out`, none where no theorem fits. Also before start; evaluates
   * nothing. */
  thw_status (*claims)(void *self, const thw_problem *p, thw_claims *out);
} thw_theory;

#ifdef __cplusplus
}
#endif
#endif
