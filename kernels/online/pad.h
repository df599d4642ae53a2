/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/online/pad.h - projection-and-decomposition with a linear approximation oracle, after
 * Hazan, Hu, Li and Li (NeurIPS 2018).
 *
 * on_pad_project(y) finds z and a distribution p over decisions v_i such that
 *   (P1) |x - z| <= |x - y| for every x in alpha K;
 *   (P2) f.(sum p_i v_i) <= f.z + eps |f| for every f in the cone of losses.
 * The decisions that the oracle has answered and the half-spaces they prove are kept from call to
 * call: all of them stay valid for the whole run. */
#ifndef THALWEG_KERNELS_ONLINE_PAD_H
#define THALWEG_KERNELS_ONLINE_PAD_H

#include <thalweg/linear.h>

#include "kernels/online/ellipsoid.h"
#include "kernels/online/mirror.h"
#include "kernels/online/nnls.h"

/* Decisions known, as handles and as rows of numbers. */
typedef struct on_vertices {
  int64_t n, count, cap; /* dimension, how many, how many to keep */
  thw_decision **x;
  double *row;    /* count x n */
  double largest; /* no entry is larger */
  int64_t *used;  /* number of the call that last had it in its support */
  int64_t room_x, room_row, room_used;
} on_vertices;

/* Half-spaces a_j.x >= b_j that contain alpha K. */
typedef struct on_cuts {
  int64_t n, count, cap;
  int64_t known; /* the first so many are given, never dropped */
  double *row;   /* count x (n + 1): a_j, and room for one number more */
  double *rhs;
  int64_t *used;
  uint8_t *temporary;
  int64_t room_row, room_rhs, room_used, room_temporary;
} on_cuts;

/* How separation-or-decomposition, and the projection, are done. */
enum { ON_MINIMUM_NORM, ON_CUTTING_PLANES = 0, ON_ELLIPSOID };

typedef struct on_pad_options {
  double theta; /* share of eps by which a half-space must cut */
  double nnls_tol, dedupe_tol;
  int64_t cap_v, cap_c; /* 0: 20 n */
  int cold;             /* forget everything before each call */
  int retry;            /* times that an answer in limbo is asked for anew, with doubled effort */
  int check;            /* try P1 and P2 on every call */
  int32_t decomposition, projection; /* ON_MINIMUM_NORM, ON_CUTTING_PLANES, ON_ELLIPSOID */
  on_mirror mirror;                  /* cutting planes: project in its divergence */
} on_pad_options;
#define ON_PAD_DEFAULTS                                                                            \
  ((on_pad_options){.theta = 0.5, .nnls_tol = 1e-12, .dedupe_tol = 1e-12, .retry = 3})

typedef struct on_pad_counts {
  int64_t projections;    /* calls of on_pad_project                                            */
  int64_t calls;          /* of the oracle                                                      */
  int64_t cuts, vertices; /* found so far                                                    */
  int64_t sod;            /* inner problems solved                                              */
  int64_t stalled;        /* decompositions accepted above eps: eps is below rounding           */
  int64_t uncertified, limbo;
  int64_t p1, p2;  /* violations, where they are checked                                 */
  int64_t centres; /* of ellipsoids                                                      */
} on_pad_counts;

typedef struct on_pad {
  on_env e;
  const thw_object *oracle;
  const thw_linear_facts *facts;
  on_pad_options o;
  int64_t n;
  int orthant; /* x >= 0 is known to hold on alpha K */
  on_vertices v;
  on_cuts c;
  on_nnls outer, inner;
  int64_t *slack_row; /* rows with a slack column in the inner problem */
  int64_t n_slack;
  double *slack_last; /* last entries of the unit columns of the outer problem */
  int moved;          /* z has, since the last inner problem */
  double w_scale, outer_scale;
  double *z, *mean, *residual, *direction, *spare; /* n each */
  /* Multipliers of the half-spaces in the last projection, and with a mirror map: what Newton's
   * method wants them to be, the rows in its metric, dual of z, A' lambda, phi*''. */
  double *lambda, *wanted, *scaled, *dual, *push, *curvature;
  int64_t n_lambda, room_lambda, room_wanted, room_scaled;
  on_ellipsoid seek, around; /* the ellipsoid method's: for directions, for points */
  double *best, *normal;     /* its best centre so far; where a centre lies from y */
  double residual_norm;
  /* The distribution of the last call: indices into v, probabilities. */
  int64_t n_support, room_support, room_p, room_play;
  int64_t *support;
  double *p;
  thw_decision **play;
  on_pad_counts counts;
  double worst_p1; /* largest |x - z|^2 - |x - y|^2 seen */
} on_pad;

thw_status on_pad_init(on_pad *s, on_env e, const thw_object *oracle, const thw_linear_facts *facts,
                       const on_pad_options *o);
void on_pad_free(on_pad *s);

/* A half-space a.x >= b that is known to contain alpha K; before the first projection. */
thw_status on_pad_known(on_pad *s, const double *a, double b);

/* The first question: the cheapest decision for equal losses. Asked once; s->v is not empty after
 * it. */
thw_status on_pad_first(on_pad *s);

/* z, p as above, in s->z and s->support, s->p, s->play (which holds references of s). y may be
 * s->z. With a mirror map y is grad phi of the point, and (P1) is D(x, z) <= D(x, y). By the
 * ellipsoid method (P1) is |x - z| <= |x - y| + eps. */
thw_status on_pad_project(on_pad *s, const double *y, double eps);

/* Separation-or-decomposition at the point s->z with the decisions known: THW_OK with the
 * distribution in s->..., or THW_RETRY with a half-space in s->direction, *level that z violates by
 * theta eps. *temporary: it is not proved and holds for this call only. */
thw_status on_pad_sod(on_pad *s, double eps, double *level, int *temporary);
thw_status on_pad_sod_ellipsoid(on_pad *s, double eps, double *level, int *temporary);
/* What they share. Asks in s->direction, which is in the cone and has length 1; the answer goes
 * into the cache. */
thw_status on_pad_ask(on_pad *s, uint32_t effort, thw_linear_answer *a, int64_t *index,
                      int *is_new);
double on_pad_along(const on_pad *s, const double *x); /* s->direction . x */
/* What the answer proves: by its promise, or where there is none that holds on every call by the
 * bound that came with it. */
double on_pad_proved(on_pad *s, const thw_linear_answer *a, int *certified);
thw_status on_pad_limbo(on_pad *s, double needed, int64_t index, double *level, int *temporary);
/* Below this, tolerances are rounding. */
double on_pad_floor(const on_pad *s, double eps);

/* The distribution of the last decomposition as handles, in s->play; what is in it counts as used.
 */
thw_status on_pad_show(on_pad *s);
/* Forget the columns of the inner problem: s->z has moved. */
void on_pad_moved(on_pad *s);

/* Decisions into the cache; takes over the reference. *index: where it is; *is_new: it was not
 * there. */
thw_status on_vertices_add(on_pad *s, thw_decision *x, int64_t *index, int *is_new);
thw_status on_cuts_add(on_pad *s, const double *a, double b, int temporary);
/* The largest of |v_i| and `most`. */
double on_largest(const double *v, int64_t n, double most);
/* Down to the caps; the support stays. */
void on_pad_prune(on_pad *s);
void on_pad_forget(on_pad *s);

/* Nearest point of the half-spaces to y, into s->z. `fresh`: y is not that of the last call. */
thw_status on_pad_outer(on_pad *s, const double *y, int fresh);
/* The same in the divergence of the mirror map; theta: the dual of y. */
thw_status on_pad_bregman(on_pad *s, const double *theta, int fresh);
thw_status on_pad_empty(const on_pad *s); /* the half-spaces have no common point */
/* The ellipsoid method's projection. */
thw_status on_pad_project_ellipsoid(on_pad *s, const double *y, double eps);
/* Whether the last projection, of y, keeps (P1) and (P2). */
thw_status on_pad_check(on_pad *s, const double *y, double eps);
/* The best dominated combination of the decisions for s->z: s->support, p, mean, residual. */
thw_status on_pad_inner(on_pad *s);

/* Records for checkpoints, under names that begin with "pad.". */
thw_status on_pad_save(on_pad *s, thw_writer *w);
thw_status on_pad_load(on_pad *s, thw_reader *r);
void on_pad_report(const on_pad *s, thw_sink *k);

#endif
