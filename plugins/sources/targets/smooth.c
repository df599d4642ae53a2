/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/sources/targets/smooth.c - smooth functions of points on a sphere. */
#include <config.h>

#include <math.h>

#include "plugins/sources/targets/targets.h"

/* The most terms of a drawn target. */
#define TERMS_MOST 100

enum { TARGET_SIN, TARGET_TANH, TARGET_TWO_LAYER, TARGET_THREE_LAYER };
static const char *const targets[] = {"sin", "tanh", "two-layer", "three-layer", NULL};

struct smooth_params {
  TGT_FIELDS
  int64_t d, k, p1, p2;
  double frequency;
  int32_t target;
};

static const struct smooth_params *params_of(const tgt *g) {
  return (const void *)g->p;
}

/* ---- the classes of the paper ------------------------------------------------------------------
 */

/* Activation number `kind` of {sin cz, cos cz, tanh cz, e^cz - 1, z^2 - 1}. */
static double smooth(double kind, double c, double z) {
  switch ((int)kind) {
  case 0:
    return sin(c * z);
  case 1:
    return cos(c * z);
  case 2:
    return tanh(c * z);
  case 3:
    return exp(fmin(c * z, 30)) - 1; /* compositions stay finite */
  default:
    return z * z - 1;
  }
}

/* Numbers of a target: two layers: w1, w2 (p d each), a (k p), kinds (p). Three layers: two sets of
 * inner w (p2 d), v (p1 p2) and kinds (p2); a (k p1), kinds of Phi (p1). */
static int64_t size_of(const struct smooth_params *p) {
  if (p->target == TARGET_TWO_LAYER) return 2 * p->p1 * p->d + p->k * p->p1 + p->p1;
  return 2 * (p->p2 * p->d + p->p1 * p->p2 + p->p2) + p->k * p->p1 + p->p1;
}

static double *draw_units(thw_rng *r, int64_t rows, int64_t n, double *to) {
  for (int64_t i = 0; i < rows; i++) tgt_unit(r, n, to + i * n);
  return to + rows * n;
}

static double *draw_kinds(thw_rng *r, int64_t n, double *to) {
  for (int64_t i = 0; i < n; i++) to[i] = (double)thw_rng_index(r, 5);
  return to + n;
}

static thw_status draw_target(tgt *g) {
  const struct smooth_params *p = params_of(g);
  thw_rng r;
  THW_TRY(tgt_stream(g, "target", &r));
  if (!(g->own = td_array(g->env, size_of(p), sizeof *g->own, "a target"))) return THW_E_NOMEM;
  double *at = g->own;
  if (p->target == TARGET_TWO_LAYER) {
    at = draw_units(&r, 2 * p->p1, p->d, at);
  } else {
    for (int side = 0; side < 2; side++) {
      at = draw_units(&r, p->p2, p->d, at);
      at = draw_units(&r, p->p1, p->p2, at);
      at = draw_kinds(&r, p->p2, at);
    }
  }
  for (int64_t i = 0; i < p->k * p->p1; i++) *at++ = 2 * thw_rng_uniform(&r) - 1;
  draw_kinds(&r, p->p1, at);
  return THW_OK;
}

static void two_layers(const tgt *g, const double *x, double *y) {
  const struct smooth_params *p = params_of(g);
  const double *w1 = g->own, *w2 = w1 + p->p1 * p->d, *a = w2 + p->p1 * p->d,
               *kind = a + p->k * p->p1;
  for (int64_t c = 0; c < p->k; c++) y[c] = 0;
  for (int64_t i = 0; i < p->p1; i++) {
    double s = smooth(kind[i], p->frequency, tgt_dot(p->d, w1 + i * p->d, x)) *
               tgt_dot(p->d, w2 + i * p->d, x);
    for (int64_t c = 0; c < p->k; c++) y[c] += a[c * p->p1 + i] * s;
  }
}

/* phi_j(<w_j, x>) */
static void inner(const struct smooth_params *p, const double *side, const double *x, double *to) {
  const double *kind = side + p->p2 * p->d + p->p1 * p->p2;
  for (int64_t j = 0; j < p->p2; j++)
    to[j] = smooth(kind[j], p->frequency, tgt_dot(p->d, side + j * p->d, x));
}

static void three_layers(const tgt *g, const double *x, double *y) {
  const struct smooth_params *p = params_of(g);
  int64_t side = p->p2 * p->d + p->p1 * p->p2 + p->p2;
  const double *a = g->own + 2 * side, *kind = a + p->k * p->p1, *v = g->own + p->p2 * p->d;
  double one[TERMS_MOST], two[TERMS_MOST];
  inner(p, g->own, x, one);
  inner(p, g->own + side, x, two);
  for (int64_t c = 0; c < p->k; c++) y[c] = 0;
  for (int64_t i = 0; i < p->p1; i++) {
    double s = smooth(kind[i], p->frequency, tgt_dot(p->p2, v + i * p->p2, one)) *
               tgt_dot(p->p2, v + side + i * p->p2, two);
    for (int64_t c = 0; c < p->k; c++) y[c] += a[c * p->p1 + i] * s;
  }
}

/* ---- the law ------------------------------------------------------------------------------------
 */

static int is_drawn(const struct smooth_params *p) {
  return p->target == TARGET_TWO_LAYER || p->target == TARGET_THREE_LAYER;
}

static thw_status prepare(tgt *g) {
  const struct smooth_params *p = params_of(g);
  g->width = is_drawn(p) ? p->d : 4;
  g->outputs = is_drawn(p) ? p->k : 1;
  return is_drawn(p) ? draw_target(g) : THW_OK;
}

static void row(const tgt *g, thw_rng *r, double *x) {
  tgt_unit(r, g->width, x);
}

static double square(double z) {
  return z * z;
}

static void value(const tgt *g, const double *x, double *y) {
  switch (params_of(g)->target) {
  case TARGET_SIN:
    *y = square(sin(3 * x[0]) + sin(3 * x[1]) + sin(3 * x[2]) - 2) * cos(7 * x[3]);
    break;
  case TARGET_TANH:
    *y = square(tanh(8 * x[0]) + tanh(8 * x[1]) + tanh(8 * x[2]) - 2) * tanh(8 * x[3]);
    break;
  case TARGET_TWO_LAYER:
    two_layers(g, x, y);
    break;
  default:
    three_layers(g, x, y);
  }
}

static const tgt_law law = {prepare, row, value, NULL};

static thw_status check(const thw_host *h, thw_ctx *c, const void *params) {
  const struct smooth_params *p = params;
  if (!is_drawn(p) && (p->d != 4 || p->k != 1))
    return h->fail(c, THW_E_ARG,
                   "the targets sin and tanh are functions of d = 4 numbers with k = 1 output: "
                   "leave d and k away, or take two-layer or three-layer");
  return THW_OK;
}

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c, const void *p,
                         const thw_wired *slots, void **self) {
  (void)me, (void)slots;
  return tgt_create(&law, (td_env){h, c}, p, self);
}

static const thw_param params[] = {
    TGT_PARAMS(struct smooth_params, 1000, 10000,
               "Standard deviation of normal noise on the labels of all sets."),
    THW_PARAM_ENUM(struct smooth_params, target, TARGET_TANH, targets,
                   "sin: (sin 3x1 + sin 3x2 + sin 3x3 - 2)^2 cos 7x4; tanh: (tanh 8x1 + tanh 8x2 + "
                   "tanh 8x3 - 2)^2 tanh 8x4; two-layer, three-layer: drawn from the classes of "
                   "the paper."),
    THW_PARAM_INT(struct smooth_params, d, 4, 1, 256, NULL, "Features."),
    THW_PARAM_INT(struct smooth_params, k, 1, 1, TGT_OUTPUTS_MOST, NULL, "Outputs."),
    THW_PARAM_INT(struct smooth_params, p1, 3, 1, TERMS_MOST, NULL,
                  "Terms of a drawn target: p of two layers, p1 of three."),
    THW_PARAM_INT(struct smooth_params, p2, 3, 1, TERMS_MOST, NULL,
                  "Inner functions in a term of a drawn three-layer target."),
    THW_PARAM_REAL(
        struct smooth_params, frequency, 3, 0, 100, THW_P_MIN_OPEN | THW_P_LOG, NULL,
        "c in the functions sin(cz), cos(cz), tanh(cz), exp(cz) - 1 (cut at e^30) of drawn "
        "targets."),
};

const thw_component smooth_target_component = {
    THW_COMPONENT_HEAD(THW_SOURCE),
    .id = "smooth-target",
    .version = PACKAGE_VERSION,
    .summary = "points on a sphere with a smooth function of them to be learned",
    .doc = "Rows x are uniform on the unit sphere. Two fixed targets of four variables, on which "
           "three-layer networks are compared with kernels (mean squares 31.7 for sin, 78.8 for "
           "tanh), and drawn ones: sum_i a_i phi_i(<w1_i, x>) <w2_i, x>, and sum_i a_i "
           "Phi_i(sum_j v1_ij phi1_j(<w1_j, x>)) (sum_j v2_ij phi2_j(<w2_j, x>)), with unit w, "
           "unit rows of v, a uniform on [-1, 1].\n\n" TGT_DOC,
    .reference = "Z. Allen-Zhu, Y. Li, Y. Liang, NeurIPS 2019 (arXiv:1811.04918), sections 2 and 6",
    THW_PARAMS(params, struct smooth_params),
    .ops = &tgt_ops,
    .check = check,
    .create = create,
    .destroy = tgt_destroy,
};
