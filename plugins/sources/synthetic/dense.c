/* SPDX-License-Identifier: BSD-3-Clause */
/* Dense laws: Gaussian classes, and the two problems that variance reduction is measured on. */
#include <config.h>

#include <math.h>
#include <stdlib.h>

#include "plugins/sources/synthetic/synthetic.h"

/* A generator's row of d normal numbers: written to x, with its product with w (or NULL) and its
 * squared norm in full precision. */
static void normal_row(const gen *g, thw_rng *r, void *x, const double *w, double *dot,
                       double *norm2) {
  uint64_t block = thw_rng_reserve(r, (uint64_t)(g->d + 1) / 2);
  *dot = *norm2 = 0;
  for (int64_t j = 0; j < g->d; j += 2, block++) {
    uint32_t words[4];
    double z[2];
    thw_rng_block(r, block, words);
    thw_normal_pair(words, z);
    for (int64_t k = j; k < j + 2 && k < g->d; k++) {
      td_put(x, g->dtype, k, z[k - j]);
      *norm2 += z[k - j] * z[k - j];
      if (w) *dot += z[k - j] * w[k];
    }
  }
}

static void scale_row(const gen *g, void *x, double factor) {
  for (int64_t j = 0; j < g->d; j++) td_put(x, g->dtype, j, td_get(x, g->dtype, j) * factor);
}

/* ---- noisy-logistic -----------------------------------------------------------------------------
 */

struct logistic_params {
  GEN_FIELDS
  double noise;
};

static thw_status logistic_prepare(gen *g) {
  g->classes = 2;
  g->class_name = gen_sign_name;
  g->class_y = gen_sign_y;
  g->shared = gen_normal_vector(g, "planted", g->d);
  return g->shared ? THW_OK : THW_E_NOMEM;
}

static void logistic_row(const gen *g, thw_rng *r, gen_row *o) {
  const struct logistic_params *p = (const void *)g->p;
  double flip = thw_rng_uniform(r), dot, norm2;
  normal_row(g, r, o->x, g->shared, &dot, &norm2);
  scale_row(g, o->x, norm2 > 0 ? 1 / sqrt(norm2) : 1);
  o->class_of_row = (dot >= 0) != (flip < p->noise);
}

static const gen_law logistic_law = {THW_ROWS_DENSE, logistic_prepare, logistic_row};

static thw_status logistic_create(const thw_component *me, const thw_host *h, thw_ctx *c,
                                  const void *p, const thw_wired *slots, void **self) {
  (void)me;
  (void)slots;
  return gen_create(&logistic_law, (td_env){h, c}, p, self);
}

static const thw_param logistic_params[] = {
    GEN_PARAMS(struct logistic_params, 20000, 50),
    THW_PARAM_REAL(struct logistic_params, noise, 0.1, 0, 1, 0, NULL,
                   "Probability that a label is turned over."),
    TD_COMMON_PARAMS(struct logistic_params),
};

const thw_component noisy_logistic_component = {
    THW_COMPONENT_HEAD(THW_SOURCE),
    .id = "noisy-logistic",
    .version = PACKAGE_VERSION,
    .summary = "unit rows with the sign of a planted linear form, some signs turned over",
    .doc = "a = z / |z| with z normal, label = sign of a'w for a normal w, turned over with "
           "probability `noise`. With the logistic loss and the penalty 0.01 sum x^2 / (1 + x^2) "
           "this is the problem NL on which variance-reduced methods are compared.\n\n" GEN_DOC
               TD_COMMON_DOC,
    THW_PARAMS(logistic_params, struct logistic_params),
    .ops = &gen_ops,
    .check = gen_check,
    .create = logistic_create,
    .destroy = gen_destroy,
};

/* ---- robust-rows --------------------------------------------------------------------------------
 */

struct robust_params {
  GEN_FIELDS
  double noise, outliers, outlier_scale;
};

static thw_status robust_prepare(gen *g) {
  g->shared = gen_normal_vector(g, "planted", g->d);
  return g->shared ? THW_OK : THW_E_NOMEM;
}

static void robust_row(const gen *g, thw_rng *r, gen_row *o) {
  const struct robust_params *p = (const void *)g->p;
  uint32_t words[4];
  double z[2], dot, norm2, chance = thw_rng_uniform(r);
  thw_rng_block(r, thw_rng_reserve(r, 1), words);
  thw_normal_pair(words, z);
  normal_row(g, r, o->x, g->shared, &dot, &norm2);
  double scale = 1 / sqrt((double)g->d);
  scale_row(g, o->x, scale);
  o->y = dot * scale + p->noise * z[0];
  if (chance < p->outliers) o->y += p->outlier_scale * z[1];
}

static const gen_law robust_law = {THW_ROWS_DENSE, robust_prepare, robust_row};

static thw_status robust_create(const thw_component *me, const thw_host *h, thw_ctx *c,
                                const void *p, const thw_wired *slots, void **self) {
  (void)me;
  (void)slots;
  return gen_create(&robust_law, (td_env){h, c}, p, self);
}

static const thw_param robust_params[] = {
    GEN_PARAMS(struct robust_params, 20000, 30),
    THW_PARAM_REAL(struct robust_params, noise, 0.1, 0, THW_NO_BOUND, 0, NULL,
                   "Standard deviation of the noise on every target."),
    THW_PARAM_REAL(struct robust_params, outliers, 0.2, 0, 1, 0, NULL,
                   "Fraction of rows with gross noise on top."),
    THW_PARAM_REAL(struct robust_params, outlier_scale, 5, 0, THW_NO_BOUND, 0, NULL,
                   "Standard deviation of the gross noise."),
    TD_COMMON_PARAMS(struct robust_params),
};

const thw_component robust_rows_component = {
    THW_COMPONENT_HEAD(THW_SOURCE),
    .id = "robust-rows",
    .version = PACKAGE_VERSION,
    .summary = "linear regression rows, a part of them with gross errors",
    .doc = "a = z / sqrt(d) with z normal, y = a'w + noise e for a normal w, and a further "
           "outlier_scale e' on a fraction `outliers` of the rows. With the bounded loss t^2 / (2 "
           "(1 + t^2)) of the residual t this is the problem RR on which variance-reduced methods "
           "are compared.\n\n" GEN_DOC TD_COMMON_DOC,
    THW_PARAMS(robust_params, struct robust_params),
    .ops = &gen_ops,
    .check = gen_check,
    .create = robust_create,
    .destroy = gen_destroy,
};

/* ---- gaussian-classes ---------------------------------------------------------------------------
 */

#define MOST_CLASSES 1000

struct gaussian_params {
  GEN_FIELDS
  int64_t classes;
  double separation, noise;
};

/* "0" .. "999" and their values, written out once. */
#define DIGITS(x) x "0", x "1", x "2", x "3", x "4", x "5", x "6", x "7", x "8", x "9"
#define TENS(x)                                                                                    \
  DIGITS(x "0"), DIGITS(x "1"), DIGITS(x "2"), DIGITS(x "3"), DIGITS(x "4"), DIGITS(x "5"),        \
      DIGITS(x "6"), DIGITS(x "7"), DIGITS(x "8"), DIGITS(x "9")
static const char *const number_name[MOST_CLASSES] = {
    DIGITS(""),  DIGITS("1"), DIGITS("2"), DIGITS("3"), DIGITS("4"), DIGITS("5"), DIGITS("6"),
    DIGITS("7"), DIGITS("8"), DIGITS("9"), TENS("1"),   TENS("2"),   TENS("3"),   TENS("4"),
    TENS("5"),   TENS("6"),   TENS("7"),   TENS("8"),   TENS("9")};

/* shared: the centres, row by row; shared2: 0 .. classes-1. */
static thw_status gaussian_prepare(gen *g) {
  const struct gaussian_params *p = (const void *)g->p;
  g->classes = p->classes;
  g->class_name = number_name;
  g->shared = gen_normal_vector(g, "centres", p->classes * g->d);
  g->shared2 = td_array(g->env, p->classes, sizeof *g->shared2, "classes");
  if (!g->shared || !g->shared2) return THW_E_NOMEM;
  g->class_y = g->shared2;
  for (int64_t k = 0; k < p->classes; k++) {
    double *c = g->shared + k * g->d, norm2 = 0;
    g->shared2[k] = (double)k;
    for (int64_t j = 0; j < g->d; j++) norm2 += c[j] * c[j];
    /* Two centres face each other; more of them are about at right angles. */
    double radius = p->separation * (p->classes == 2 ? 0.5 : sqrt(0.5));
    double factor = norm2 > 0 ? radius / sqrt(norm2) : 0;
    for (int64_t j = 0; j < g->d; j++)
      c[j] = p->classes == 2 && k == 1 ? -g->shared[j] : c[j] * factor;
  }
  return THW_OK;
}

static void gaussian_row(const gen *g, thw_rng *r, gen_row *o) {
  const struct gaussian_params *p = (const void *)g->p;
  int64_t k = thw_rng_index(r, p->classes);
  double flip = thw_rng_uniform(r), dot, norm2;
  int64_t other = p->classes > 1 ? thw_rng_index(r, p->classes - 1) : 0;
  normal_row(g, r, o->x, NULL, &dot, &norm2);
  const double *c = g->shared + k * g->d;
  for (int64_t j = 0; j < g->d; j++) td_put(o->x, g->dtype, j, td_get(o->x, g->dtype, j) + c[j]);
  if (p->classes > 1 && flip < p->noise) k = other + (other >= k);
  o->class_of_row = (int32_t)k;
}

static const gen_law gaussian_law = {THW_ROWS_DENSE, gaussian_prepare, gaussian_row};

static thw_status gaussian_create(const thw_component *me, const thw_host *h, thw_ctx *c,
                                  const void *p, const thw_wired *slots, void **self) {
  (void)me;
  (void)slots;
  return gen_create(&gaussian_law, (td_env){h, c}, p, self);
}

static const thw_param gaussian_params[] = {
    GEN_PARAMS(struct gaussian_params, 10000, 20),
    THW_PARAM_INT(struct gaussian_params, classes, 2, 1, MOST_CLASSES, NULL, "Number of classes."),
    THW_PARAM_REAL(struct gaussian_params, separation, 3, 0, THW_NO_BOUND, 0, NULL,
                   "Distance between two class centres in standard deviations (for more than two "
                   "classes: a typical distance)."),
    THW_PARAM_REAL(struct gaussian_params, noise, 0, 0, 1, 0, NULL,
                   "Probability that a row carries the label of another class."),
    TD_COMMON_PARAMS(struct gaussian_params),
};

const thw_component gaussian_classes_component = {
    THW_COMPONENT_HEAD(THW_SOURCE),
    .id = "gaussian-classes",
    .version = PACKAGE_VERSION,
    .summary = "classes that are round Gaussian clouds",
    .doc = "Each row belongs to one of `classes` classes with equal probability and is the "
           "class's centre plus a standard normal vector. With two classes and no label noise the "
           "best possible error rate is Phi(-separation / 2).\n\n" GEN_DOC TD_COMMON_DOC,
    THW_PARAMS(gaussian_params, struct gaussian_params),
    .ops = &gen_ops,
    .check = gen_check,
    .create = gaussian_create,
    .destroy = gen_destroy,
};
