/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/escape/escape.h - from stationary points to local minima: what methods that look for
 * negative curvature have in common (neon2.md, section 10).
 *
 *   test    the norm of the gradient against 3/4 epsilon, on as many rows as that takes;
 *   search  for negative curvature (kernels/curvature), with constants given, known to the model or
 *           estimated;
 *   step    along what was found, by a line search on the rows of the test.
 *
 * An outer method keeps an `escape` beside its `optim` and calls these three (or escape_at for all
 * of them) where it may have arrived. Nothing is allocated after start. */
#ifndef KERNELS_ESCAPE_H
#define KERNELS_ESCAPE_H

#include "kernels/optim/optim.h"

/* ---- curvature step (CURVATURE_STEP), on its own ----------------------------------------------
 */

typedef struct escape_line {
  const thw_object *oracle;
  const thw_batch *batch; /* NULL: the whole sum                                             */
  const thw_vec *x, *v;   /* v: unit vector                                                  */
  double z;               /* v'Hv < 0                                                        */
  double slope;           /* v'g, g the gradient on the batch                                */
  double unit;            /* unit roundoff                                                   */
  double L2;              /* in: any positive guess; out: 2 |z| / |h|                        */
  thw_vec *trial, *grad;  /* scratch                                                         */
  thw_rng *rng;           /* chooses the sign where the slope is 0                           */
  double h, drop;         /* out: x + h v is the new point, by how much f fell on the batch  */
  int64_t values;         /* out: component values asked for                                 */
} escape_line;

/* Finds h with f(x) - f(x + h v) >= |z| h^2 / 12 on the batch, doubling and halving |h| = 2 |z| /
 * L2. trial = x + h v. THW_STALLED: no h in 2^-30 .. of the first does. */
thw_status escape_line_search(escape_line *l);

/* ---- parameters -------------------------------------------------------------------------------
 */

enum { ESCAPE_THEORY, ESCAPE_CURV, ESCAPE_SEARCH };
enum { ESCAPE_STAGED, ESCAPE_PAPER };
extern const char *const escape_searches[],
    *const escape_probes[], *const escape_maps[], *const escape_steps[], *const escape_tests[];

/* First member of the outer method's own parameters. */
struct escape_params {
  double epsilon, delta, p, acc, w, kappa, q, lipschitz, variance_hess, lipschitz_hess;
  int64_t batch, reestimate, max_nc;
  int32_t search, model_proof, map, free_test, probe, nc_step, test;
};

#define ESCAPE_PARAMS                                                                              \
  THW_PARAM_REAL(struct escape_params, epsilon, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,           \
                 "Norm of the gradient to reach; 0: stop.epsilon of the run."),                    \
      THW_PARAM_REAL(struct escape_params, delta, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,         \
                     "Curvature below -delta is escaped from; 0: stop.delta of the run."),         \
      THW_PARAM_REAL(struct escape_params, p, 0.0, 0.0, 0.5, THW_P_MAX_OPEN | THW_P_LOG, NULL,     \
                     "Failure probability of all searches together, half of it for each half of "  \
                     "them: a search gets p/(2 max_nc); 0: 1 - stop.confidence of the run."),      \
      THW_PARAM_ENUM(struct escape_params, search, CURV_AUTO, escape_searches,                     \
                     "Neon2^det, Neon2^vr, Neon2^online, Neon2^svrg or Neon2^krylov; auto: the "   \
                     "one of det, vr and online (and svrg from 100,000 rows on) whose "            \
                     "certificate costs least."),                                                  \
      THW_PARAM_BOOL(struct escape_params, model_proof, 1,                                         \
                     "Search only where the model does not itself prove that no curvature is "     \
                     "below -delta (a convex loss with a regulariser that is not)."),              \
      THW_PARAM_REAL(struct escape_params, acc, 0.0, 0.0, 1.0, THW_P_MAX_OPEN, NULL,               \
                     "A direction v is taken when v'Hv <= -acc delta; 0: 0.5, online 0.75."),      \
      THW_PARAM_ENUM(struct escape_params, map, CURV_MAP_TIGHT, escape_maps,                       \
                     "Interval of det: tight has length L + w delta, paper 2L."),                  \
      THW_PARAM_REAL(struct escape_params, w, 0.75, 0.0, 0.75, 0, NULL,                            \
                     "Interval of det: it starts at -w delta."),                                   \
      THW_PARAM_BOOL(struct escape_params, free_test, 1,                                           \
                     "det: look at the Rayleigh quotients that come for free."),                   \
      THW_PARAM_REAL(struct escape_params, kappa, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,         \
                     "Growth of a vector that triggers a test, at least 10; 0: 20, for det and "   \
                     "svrg at least 4 sqrt(L/delta)."),                                            \
      THW_PARAM_INT(struct escape_params, batch, 0, 0, THW_NO_BOUND, "rows",                       \
                    "Mini-batch of the search; 0: 16, online 2 V_H/(L delta)."),                   \
      THW_PARAM_ENUM(struct escape_params, probe, CURV_PROBE_AUTO, escape_probes,                  \
                     "Distance of the second gradient of a difference: auto measures the best "    \
                     "and refuses a delta below its error; sqrt(u) max(1, |x|); fixed: q; "        \
                     "literal: as in the paper, growing to delta/(8 L2) (det and online)."),       \
      THW_PARAM_REAL(struct escape_params, q, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,             \
                     "That distance, when probe is fixed."),                                       \
      THW_PARAM_REAL(struct escape_params, lipschitz, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,     \
                     "Lipschitz constant L of the gradient, for the search; 0: the model's own, "  \
                     "else estimated."),                                                           \
      THW_PARAM_REAL(struct escape_params, variance_hess, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL, \
                     "V_H, the variance of the rows' Hessians; 0: the model's own, else "          \
                     "estimated."),                                                                \
      THW_PARAM_REAL(struct escape_params, lipschitz_hess, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG,      \
                     NULL,                                                                         \
                     "Lipschitz constant L2 of the Hessian; 0: the model's own, else 1. With "     \
                     "nc_step = \"search\" only a first guess."),                                  \
      THW_PARAM_INT(struct escape_params, reestimate, 10, 0, THW_NO_BOUND, "epochs",               \
                    "Epochs after which estimated constants are estimated afresh for the next "    \
                    "search; 0: only after a curvature step."),                                    \
      THW_PARAM_ENUM(struct escape_params, nc_step, ESCAPE_SEARCH, escape_steps,                   \
                     "Step along a direction v found: theory: delta/L2 with a random sign; curv: " \
                     "2|v'Hv|/L2 downhill; search: from there by a line search on values of the "  \
                     "test's rows."),                                                              \
      THW_PARAM_ENUM(                                                                              \
          struct escape_params, test, ESCAPE_STAGED, escape_tests,                                 \
          "Rows of the test of the gradient: staged: doubled until it is at most epsilon, which "  \
          "errs with probability at most p, or above 3/4 epsilon, which may err once in "          \
          "five tests, and 16 V/epsilon^2 at most; paper: 512, or 16 V/epsilon^2."),               \
      THW_PARAM_INT(struct escape_params, max_nc, 200, 1, 1000000, "steps",                        \
                    "Curvature steps after which the method gives up.")

/* What the table cannot say; for the component's check. */
thw_status escape_check(const thw_host *h, thw_ctx *c, const struct escape_params *p);

/* ---- state ------------------------------------------------------------------------------------
 */

typedef struct escape {
  const optim *o;
  const struct escape_params *p;
  double epsilon, delta, failure, doubt; /* in force; failure: of one search, doubt: of one test */
  optim_probe probe;
  optim_constants c;
  curv_work work;
  thw_vec *g, *trial;
  thw_rng test, drawn, search; /* drawn: of the test's rows, to draw them again */
  double told; /* set by the outer method: norm of the full gradient at the point, if it has heard
                  it and it is small, else NAN; no samples then */
  /* test: norm (NAN: none yet) and rows of the gradient in g, 0 for all; variance of a row's */
  double norm, V;
  int64_t rows, tests;
  /* search */
  double raised;                           /* L that a search had to raise it to; 0: none */
  double q, probe_error, at_x, at_g;       /* probe radius, and the norms where it was measured */
  double z;                                /* least v'Hv that the last search saw */
  int64_t searches, status, variant, cost; /* of the last search; cost: of all */
  int64_t by_model;                        /* the model's word was enough */
  /* step */
  double L2, h;
  int64_t steps, values;
  int64_t epochs; /* since constants were estimated */
} escape;

/* Vectors that escape_start needs for this oracle. */
/* The facts that it goes by: what optim_ask is to be given before escape_start. */
uint64_t escape_facts(const struct escape_params *p);
uint32_t escape_vecs(const struct escape_params *p, const thw_object *oracle);
/* In create: takes the run's aims for parameters that are 0, and with `claim` the end of the run
 * (thw.stop/1). */
thw_status escape_create(escape *e, const struct escape_params *p, const optim *o, int claim);
/* In start, after optim_start, with vectors o->vec[first...]. */
thw_status escape_start(escape *e, uint32_t first);
/* In destroy. */
void escape_free(escape *e);

/* *small: the gradient at x is at most epsilon; else it is above 3/4 epsilon. e->g is the mean
 * gradient on the test's rows. */
thw_status escape_test(escape *e, const thw_vec *x, int *small);
/* *known: the model itself proves that no curvature at x is below -delta; no search is needed. */
thw_status escape_by_model(escape *e, const thw_vec *x, int *known);
/* Searches at x, where the test was. CURV_FOUND: e->work.v is the direction, e->z its curvature. */
thw_status escape_search(escape *e, const thw_vec *x, curv_status *out);
/* x moves along the direction found. THW_STALLED, with a logged word: no step was any good. */
thw_status escape_step(escape *e, thw_vec *x);

/* Instead of a test, where the gradient of the whole sum at x is at hand. */
thw_status escape_told(escape *e, const thw_vec *g, double norm, int *small);
/* And where nobody has tested, but the search is wanted. */
void escape_untested(escape *e);

/* All three. */
typedef enum escape_outcome {
  ESCAPE_LARGE,   /* the gradient is not small                                               */
  ESCAPE_MINIMUM, /* certified: an (epsilon, delta)-local minimum                            */
  ESCAPE_MOVED,   /* x has left a saddle                                                     */
  ESCAPE_STUCK    /* small gradient, but no certificate and no way on; the log says why      */
} escape_outcome;
thw_status escape_at(escape *e, thw_vec *x, escape_outcome *out);
/* The second and the third, where the gradient is small. */
thw_status escape_leave(escape *e, thw_vec *x, escape_outcome *out);

/* An epoch of the outer method is over. */
void escape_epoch(escape *e);
/* x is somewhere else: constants that were estimated are not to be trusted. */
void escape_moved(escape *e);

void escape_report(const escape *e, thw_sink *k);

#define ESCAPE_FIELDS(e)                                                                           \
  OPTIM_CONSTANTS_FIELDS(&(e)->c), {"escape_probe", OPTIM_RNG, &(e)->probe.rng},                   \
      {"escape_test", OPTIM_RNG, &(e)->test}, {"escape_drawn", OPTIM_RNG, &(e)->drawn},            \
      {"escape_search", OPTIM_RNG, &(e)->search}, {"norm", OPTIM_F64, &(e)->norm},                 \
      {"V", OPTIM_F64, &(e)->V}, {"test_rows", OPTIM_I64, &(e)->rows},                             \
      {"tests", OPTIM_I64, &(e)->tests}, {"raised", OPTIM_F64, &(e)->raised},                      \
      {"q", OPTIM_F64, &(e)->q}, {"probe_error", OPTIM_F64, &(e)->probe_error},                    \
      {"q_at_x", OPTIM_F64, &(e)->at_x}, {"q_at_g", OPTIM_F64, &(e)->at_g},                        \
      {"z", OPTIM_F64, &(e)->z}, {"searches", OPTIM_I64, &(e)->searches},                          \
      {"search_status", OPTIM_I64, &(e)->status}, {"variant", OPTIM_I64, &(e)->variant},           \
      {"search_cost", OPTIM_I64, &(e)->cost}, {"by_model", OPTIM_I64, &(e)->by_model},             \
      {"L2", OPTIM_F64, &(e)->L2}, {"h", OPTIM_F64, &(e)->h},                                      \
      {"curvature_steps", OPTIM_I64, &(e)->steps}, {"values", OPTIM_I64, &(e)->values}, {          \
    "escape_epochs", OPTIM_I64, &(e)->epochs                                                       \
  }

#endif
