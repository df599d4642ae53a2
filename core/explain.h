/* SPDX-License-Identifier: BSD-3-Clause */
/* core/explain.h - the theory card of a pipeline: the problem's constants and where they come from,
 * what the theorem of each optimizer promises with them (thw.theory/1), what the verdict's search
 * will cost. */
#ifndef TW_EXPLAIN_H
#define TW_EXPLAIN_H

#include "core/run/setup.h"

enum { TW_L, TW_LMAX, TW_L2, TW_V, TW_VH, TW_MU, TW_DF, TW_CONSTANTS };

typedef enum tw_origin { TW_BY_NOBODY, TW_BY_MODEL, TW_BY_USER, TW_BY_ESTIMATE } tw_origin;

typedef struct tw_constant {
  const char *name, *what; /* "L2", "Lipschitz constant of the Hessian"                      */
  double value;            /* NAN: unknown                                                   */
  tw_origin origin;
} tw_constant;

typedef struct tw_promise {
  const tw_node *node;
  uint32_t aim; /* THW_AIM_* */
  char *formula, *source, *note;
  double gradients; /* NAN: see `missing` */
  char *missing;    /* names that the formula needs and nobody knows, "L2, D_f"; or NULL */
} tw_promise;

typedef struct tw_explanation {
  double f, grad_norm; /* at the starting point; on streams of a sample */
  int64_t cost;        /* component gradients that finding out took */
  tw_constant constant[TW_CONSTANTS];
  thw_goal goal;
  tw_promise *promise;
  size_t n_promises;
  const char *search; /* of the verdict; NULL: there is none */
  double search_cost; /* component gradients, NAN: L is not known */
} tw_explanation;

/* Index of a constant's name, or -1. */
int tw_constant_find(const char *name);

/* `given`: TW_CONSTANTS numbers, NAN where not; they win over the optimizers' parameters, these
 * over the model's facts, these over estimates. The account is "explain", outside of the budget. */
thw_status tw_explain(tw_setup *s, const double *given, tw_explanation *out, tw_diags *d);
void tw_explanation_clear(tw_explanation *e);

/* What estimates need: `work` and *cost are the caller's, g0 is overwritten. */
typedef struct tw_explain_at {
  const thw_object *oracle;
  const thw_vec *x;
  int64_t rows; /* -1: a stream */
  const struct curv_work *work;
  thw_rng *rng;
  int64_t *cost;
} tw_explain_at;

/* An estimate of L2 around x: twice what is seen on a ball of radius max(1, |x|) and one of a
 * tenth. NAN: f is not finite anywhere near. */
thw_status tw_explain_hess(const tw_explain_at *at, double *L2);

/* "given by the model", ... */
const char *tw_origin_text(tw_origin o);

#endif
