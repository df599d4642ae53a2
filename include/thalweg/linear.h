/* SPDX-License-Identifier: BSD-3-Clause */
/* thalweg/linear.h - linear oracles: given a direction c, a decision whose cost c.x is within a
 * factor of the least one.
 *
 * K is the finite or compact set of decisions that may be played, a subset of R^n. A linear oracle
 * of factor alpha promises, for every c in its cone,
 *     c.x <= alpha min over K of c.x'.
 * Everything is a cost and is minimised: alpha >= 1. A problem of rewards (maximum cut) hands out
 * its vectors negated, sets sense to THW_REWARD and keeps alpha <= 1, so that the line above holds
 * as it stands; only what a person reads is turned round.
 *
 * The cone of directions is c_i >= 0, except where facts.free_sign says that a coordinate may have
 * any sign. Zero entries are ordinary: what costs nothing is taken for nothing.
 *
 * The oracle that a learner holds is the host's wrapper around the one in the pipeline: it numbers
 * and counts the calls, checks the answers, takes the lock of the library behind it, and completes
 * missing entries. Numbers are double whatever the precision of the run.
 *
 * An answer depends on the instance and the query alone (direction, seed, call, effort), unless
 * THW_LINEAR_HISTORY says otherwise. */
#ifndef THALWEG_LINEAR_H
#define THALWEG_LINEAR_H

#include "base.h"
#include "component.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- decisions ------------------------------------------------------------------------------- */

/* Takes the parts of a decision in the user's terms, in their order: edge names of a path, cities
 * of a tour, with how much of each (1 for what is simply chosen). */
typedef struct thw_describer thw_describer;
struct thw_describer {
  uint32_t size, reserved;
  void (*part)(thw_describer *to, const char *name, double amount);
};

/* A decision is a handle: it may stand for a tour or a rank-one matrix that nobody wants to write
 * out. It is immutable and lives until its last reference is released; its oracle outlives it. */
typedef struct thw_decision thw_decision;

typedef struct thw_decision_ops {
  uint32_t size, reserved;
  /* [any] One reference more, one less. */
  void (*retain)(thw_decision *x);
  void (*release)(thw_decision *x);
  /* [any] c.x for a vector c of n numbers, summed in a fixed order. */
  double (*dot)(const thw_decision *x, const double *c);
  /* [any] x.y for two decisions of one oracle with the same ops. */
  double (*inner)(const thw_decision *x, const thw_decision *y);
  /* [any] All n coordinates. */
  void (*vector)(const thw_decision *x, double *out);
  /* [run] The decision in the user's terms; or NULL: the host writes the coordinates that are not
   * zero. */
  void (*describe)(const thw_decision *x, thw_describer *to);
} thw_decision_ops;

/* Public head of a decision; its owner keeps more behind it. */
struct thw_decision {
  const thw_decision_ops *ops;
};

static inline thw_decision *thw_retain(thw_decision *x) {
  if (x) x->ops->retain(x);
  return x;
}
static inline void thw_release(thw_decision *x) {
  if (x) x->ops->release(x);
}

/* ---- oracles --------------------------------------------------------------------------------- */

#define THW_COST 1u
#define THW_REWARD 2u

#define THW_LINEAR_PROVEN 1u    /* the factor holds on every call, not only in expectation     */
#define THW_LINEAR_REENTRANT 2u /* solve may run on several threads at once                    */
#define THW_LINEAR_ORTHANT 4u   /* no decision has a negative coordinate (before negation)     */
#define THW_LINEAR_CONVEX 8u    /* K is convex: the mean of a distribution may be played       */
#define THW_LINEAR_OUTSIDE                                                                         \
  16u /* it asks a program that may fail at any call: the host keeps                               \
         the state from before each round, so that nothing is lost   */
#define THW_LINEAR_HISTORY                                                                         \
  32u /* an answer also depends on the questions before it that had the                            \
         same seed: a warm start. What it depends on is saved through                              \
         thw.state/1                                                 */

typedef struct thw_linear_facts {
  uint32_t size, flags; /* THW_LINEAR_*                                                      */
  uint32_t sense, reserved;
  int64_t n;                   /* dimension of a decision                                      */
  double factor;               /* alpha; NAN: none is promised                                 */
  double norm, norm1, norminf; /* bounds on |x|, |x|_1, |x|_inf over K; NAN: unknown           */
  const uint8_t *free_sign;    /* n bytes, 1: directions may have any sign there; NULL: nowhere */
  const char *const *name;     /* n names of the coordinates ("a-b"), or NULL                  */
  const char *lock; /* name of the library that must not be entered twice at a time, or NULL:
                       the lock is that library's, whoever uses it                              */
  /* Inequalities row_j . x >= rhs_j known to hold on alpha K: n_rows x n numbers; 0: none. */
  int64_t n_rows;
  const double *row, *rhs;
  /* The costs (THW_REWARD: rewards) that the instance itself came with, n numbers in the cone: the
   * weights in a graph's file, distances; NULL: it has none. */
  const double *own;
} thw_linear_facts;

typedef struct thw_linear_query {
  uint32_t size, effort; /* effort k: try about 2^k times as hard; 0: the usual                */
  const double *c;       /* n numbers in the cone, not to be changed; often |c| = 1            */
  uint64_t seed, call;   /* for those that draw random numbers; the host's wrapper sets both   */
} thw_linear_query;

typedef struct thw_linear_answer {
  uint32_t size, reserved;
  thw_decision *x; /* the caller's reference                                                   */
  double value;    /* c.x; the host presets NAN: it takes the dot product then                 */
  double bound;    /* a valid lower bound on c.x over K; NAN, as the host presets: none        */
} thw_linear_answer;

typedef struct thw_linear_ops {
  uint32_t size, reserved;
  /* [setup] The caller sets out->size, presets all numbers with NAN and the rest with zeros. What
   * it points to lives as long as the instance. */
  thw_status (*facts)(void *self, thw_linear_facts *out);
  /* [run] or, with THW_LINEAR_REENTRANT, [any]. The caller sets both sizes. Memory of decisions
   * that were released is used again: in the steady state nothing is allocated. */
  thw_status (*solve)(void *self, const thw_linear_query *q, thw_linear_answer *out);
  /* [run] A decision as bytes, and back, for checkpoints. *n: in, the room at p; out, the length;
   * p == NULL asks for the length. NULL: the host writes all coordinates and restores a plain
   * vector. */
  thw_status (*pack)(void *self, const thw_decision *x, void *p, size_t *n);
  thw_status (*unpack)(void *self, const void *p, size_t n, thw_decision **out);
  /* [run] A true minimiser over K, for reports and checks, at whatever cost; NULL: there is no such
   * thing. */
  thw_status (*exact)(void *self, const thw_linear_query *q, thw_linear_answer *out);
  /* [setup] Decisions that span K and by which every one is a combination with coefficients of
   * at most *beta in size: for bandit feedback. *m: in, the room at x; out, their number; x == NULL
   * asks for the number. The references are the caller's. NULL: none is known. */
  thw_status (*spanner)(void *self, thw_decision **x, int64_t *m, double *beta);
  /* [run] THW_OK when x is in K, THW_RETRY with a text on the context when it is not; NULL: no
   * check. x may be of another oracle's make: it is read through its ops. */
  thw_status (*feasible)(void *self, const thw_decision *x);
} thw_linear_ops;

static inline const thw_linear_ops *thw_linear_(const thw_object *o) {
  return (const thw_linear_ops *)o->ops;
}
static inline thw_status thw_linear_facts_of(const thw_object *o, thw_linear_facts *out) {
  return thw_linear_(o)->facts(o->self, out);
}
static inline thw_status thw_linear_solve(const thw_object *o, const thw_linear_query *q,
                                          thw_linear_answer *out) {
  return thw_linear_(o)->solve(o->self, q, out);
}

#ifdef __cplusplus
}
#endif
#endif
