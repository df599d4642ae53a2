/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/curvature/curvature.h - negative curvature from gradients alone.
 *
 * Given an oracle and a point x0, a search either finds a unit vector v with v'H(x0)v <= -acc delta
 * or certifies that the least eigenvalue of the Hessian H(x0) is at least -delta, with probability
 * 1 - p. Nothing but differences of gradients enters, so x0 need not be stationary. In between
 * (-delta < least eigenvalue < -acc delta) either answer is right.
 *
 *   Z. Allen-Zhu, Y. Li: NEON2: finding local minima via first-order oracles. NeurIPS 2018.
 *
 * Searches:
 *   det     Chebyshev iteration with full gradients; its certificate follows from the exact
 *           distribution of a random unit vector's component along one direction, given L.
 *   vr      Oja's iteration with variance-reduced products: cheap on large sums. Its certificate
 *           neglects the noise that is left; its failure rate is measured, not proved.
 *   online  Oja's iteration on mini-batches with a sequential test of what it finds: streams.
 *   svrg    Chebyshev iteration on the shifted inverse, systems solved by SVRG: very large sums.
 *   krylov  Lanczos iteration: the fewest full gradients, holds its basis in memory. Its
 *           certificate is computed from what it has seen, and needs no L.
 *
 * Written against thalweg's public headers only, for plugins and the host alike. All functions are
 * [run] except curv_work_new and curv_work_free, which are [setup]; nothing is allocated in
 * between. Cost is counted in component gradients. */
#ifndef CURVATURE_H
#define CURVATURE_H

#include <thalweg/oracle.h>

typedef enum curv_status {
  CURV_FOUND,     /* v and z are set                                                        */
  CURV_BOTTOM,    /* no direction: the least eigenvalue is >= -delta, as far as p says      */
  CURV_PRECISION, /* gradients at this point are too coarse for this delta                  */
  CURV_BUDGET,    /* the search's own budget would be passed                                */
  CURV_DIVERGED   /* a gradient was not finite, or L was too small again and again          */
} curv_status;

typedef enum curv_variant {
  CURV_AUTO,
  CURV_DET,
  CURV_VR,
  CURV_ONLINE,
  CURV_SVRG,
  CURV_KRYLOV
} curv_variant;

/* How far from x0 the second gradient of a difference is taken. */
typedef enum curv_probe {
  CURV_PROBE_AUTO,   /* measured: sqrt's where its error is at most delta/32, else the radius with
                        the smallest; and that error guards delta                            */
  CURV_PROBE_SQRT,   /* sqrt(unit roundoff) max(1, |x0|), unguarded                          */
  CURV_PROBE_FIXED,  /* `q`; guarded when `probe_error` is given                             */
  CURV_PROBE_LITERAL /* the papers' form: the displacement itself grows from r/kappa to
                        r = delta/(8 L2); det and online only                               */
} curv_probe;

/* The interval of the spectrum that det maps to [-1, 1]. */
typedef enum curv_map {
  CURV_MAP_TIGHT, /* length L + w delta: shortest; an L too small is noticed and doubled    */
  CURV_MAP_PAPER  /* length 2L: holds with an L that is too small by a factor of two        */
} curv_map;

typedef struct curv_options {
  curv_variant variant;
  uint32_t candidates; /* of AUTO: bits 1u << variant; 0: det, vr, online as the oracle allows,
                          svrg from 100,000 rows on where the work has room for it. krylov, where
                          it is named and has room, is taken below 8,192 rows                */
  double delta;        /* > 0                                                               */
  double p;            /* allowed failure probability, in (0, 0.5)                          */
  double acc;          /* accept z <= -acc delta; 0: 0.5, online 0.75                       */
  double L, V_H, L2;   /* constants; L, V_H: negative or NAN: estimate. L2: literal probe only */
  int64_t budget;      /* component gradients that one search may spend; 0: no limit        */
  curv_probe probe;
  double q; /* FIXED: the radius                                                  */
  double
      probe_error; /* FIXED: error of products at that radius, from an earlier search; 0: unknown */
  curv_map map;    /* det                                                                */
  double w;        /* det: the interval starts at -w delta; in [0, 0.75]                 */
  int32_t free_test;     /* det: look at the Rayleigh quotient of the iterates                 */
  double kappa;          /* growth that triggers a test; 0: by variant                         */
  int64_t batch;         /* mini-batch; 0: by variant                                          */
  double c_eta, c_L, pw; /* online: step, its cap, failure probability of one trial         */
  double c_rho;          /* vr: noise allowed                                               */
  double c_ks, c_eta_s, c_m; /* svrg: shift, step, length of an epoch                       */
} curv_options;

/* Everything as published or measured best; the caller sets delta. */
void curv_options_default(curv_options *o);

/* Six vectors, one of them the direction found. Owned by the caller, used by one search at a time.
 */
typedef struct curv_work {
  thw_vec *v;                      /* result: unit vector                                */
  thw_vec *g0, *point, *a, *b, *c; /* scratch                                            */
  /* Only for some variants; NULL elsewhere. */
  thw_vec *d, *e;  /* svrg                                                               */
  thw_vec **basis; /* krylov: `room` vectors, at least two; d are enough                    */
  double *table;   /* krylov: 4 room numbers                                             */
  int64_t room;
} curv_work;

thw_status curv_work_new(thw_space *s, curv_work *w);
/* What svrg, or krylov with a basis of `room` vectors, needs besides; [setup]. */
thw_status curv_work_extend(thw_space *s, curv_work *w, curv_variant v, int64_t room);
void curv_work_free(curv_work *w); /* a zeroed struct is fine */

/* Where to look. */
typedef struct curv_problem {
  const thw_object *oracle; /* complete: eval, diff, draw, release                          */
  const thw_vec *x0;
  int64_t n;         /* components; -1: a stream                                           */
  const thw_vec *g0; /* full gradient at x0 if the caller has it, or NULL: computed, cost n */
  thw_rng *rng;      /* advanced                                                           */
  int32_t (*cancelled)(void *arg); /* asked before each product, ends with THW_CANCELLED; or NULL */
  void *arg;
} curv_problem;

typedef struct curv_result {
  curv_status status;
  curv_variant variant; /* that ran; CURV_AUTO if it ended before the choice               */
  double z;             /* FOUND: v'Hv                                                     */
  double smallest;      /* smallest v'Hv seen of any unit v, NAN if none                   */
  int64_t cost;         /* component gradients, estimates included                         */
  double L, V_H;        /* in force at the end, of krylov the largest |v'Hv| seen unless given;
                           V_H is NAN if it was not needed                                  */
  int32_t L_estimated, V_H_estimated;
  double q, probe_error; /* radius used and error measured (0: not measured)                */
  int64_t steps;         /* iterations until the end                                        */
  int32_t restarts;      /* times that L was found too small and doubled                    */
} curv_result;

/* Searches at problem->x0. THW_OK whenever there is a result of any status; anything else comes
 * from the oracle (THW_BUDGET and THW_CANCELLED included), and THW_E_ARG for options that cannot be
 * used. */
thw_status curv_search(const curv_problem *p, const curv_options *o, curv_work *w, curv_result *r);

/* "neon2-det", "neon2-vr", "neon2-online", "neon2-svrg", "neon2-krylov" */
const char *curv_variant_name(curv_variant v);

/* ---- the plan of a search, by formula -------------------------------------------------------- */

typedef struct curv_plan {
  double acc, kappa, eta;
  double beta, theta;   /* det: length of the interval; det, svrg: growth of a step at -delta */
  double shift;         /* svrg                                                             */
  int64_t steps;        /* det, svrg: T; vr: epochs E; online: steps of a trial             */
  int64_t inner, batch; /* vr, svrg: steps of an epoch; vr, svrg, online: mini-batch        */
  int64_t trials;       /* online: J                                                        */
  double cost;          /* component gradients of CURV_BOTTOM, estimates not included       */
} curv_plan;

/* What `variant` would do on a sum of n components (-1: stream) in dimension d, with o->L and
 * o->V_H as constants. */
void curv_plan_make(curv_variant variant, const curv_options *o, int64_t n, int64_t d,
                    curv_plan *out);

/* The variant with the smallest cost among o->candidates that a sum of n components (-1: stream)
 * allows. */
curv_variant curv_choose(const curv_options *o, int64_t n, int64_t d);

/* The smallest delta for which `variant` reaches CURV_BOTTOM within `budget` component gradients;
 * NAN if none below L does. */
double curv_resolvable(curv_variant variant, const curv_options *o, int64_t n, int64_t d,
                       int64_t budget);

/* ---- estimates ------------------------------------------------------------------------------- */

/* Mean gradient of m rows drawn without replacement (all of them when m is n or more, drawn or
 * not), and the variance of one row's gradient about the mean, estimated from k blocks (unbiased;
 * 0 when m < 2). `mean` and `scratch` are overwritten; *cost grows. */
thw_status curv_gradient_variance(const curv_problem *p, int64_t m, uint32_t k, thw_vec *mean,
                                  thw_vec *scratch, double *variance, int64_t *cost);

/* Lipschitz constant of the gradient near x0: power iteration on the whole sum or on one fixed
 * batch of 512, times 1.2. `q` as in curv_result, 0: CURV_PROBE_SQRT. */
thw_status curv_lipschitz(const curv_problem *p, double q, curv_work *w, double *L, int64_t *cost);

/* sup over unit u of E |(H_i - H) u|^2 near x0: the largest of three sample variances. */
thw_status curv_hessian_variance(const curv_problem *p, double q, curv_work *w, double *V_H,
                                 int64_t *cost);

#endif
