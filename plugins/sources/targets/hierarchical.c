/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/sources/targets/hierarchical.c - targets beta F(x) + alpha G(F(x)): a simple signal, and
 * a complicated one on top of it. */
#include <config.h>

#include <math.h>
#include <string.h>

#include "plugins/sources/targets/targets.h"

enum { TASK_PARITY, TASK_LINEAR, TASK_GAUSS };
static const char *const tasks[] = {"parity", "linear-parity", "gauss-poly", NULL};

struct hier_params {
  TGT_FIELDS
  int64_t d, d1, k, group, degree;
  double alpha, beta;
  int32_t task;
};

static const struct hier_params *params_of(const tgt *g) {
  return (const void *)g->p;
}

/* ---- what all rows share ------------------------------------------------------------------------
 */

static int64_t outputs_of(const struct hier_params *p) {
  static const int64_t by_task[] = {8, 4, 2};
  return p->k > 0 ? p->k : by_task[p->task];
}

/* k different coordinates among the first d1. */
static thw_status draw_coordinates(tgt *g) {
  const struct hier_params *p = params_of(g);
  int64_t d1 = p->d1 > 0 ? p->d1 : p->d, left = d1, of[TGT_WIDTH_MOST];
  thw_rng r;
  THW_TRY(tgt_stream(g, "target", &r));
  for (int64_t i = 0; i < d1; i++) of[i] = i;
  for (int64_t c = 0; c < g->outputs; c++, left--) {
    int64_t i = thw_rng_index(&r, left);
    g->own[c] = (double)of[i];
    of[i] = of[left - 1];
  }
  return THW_OK;
}

/* k orthogonal vectors of length sqrt(d). */
static thw_status draw_orthogonal(tgt *g) {
  int64_t d = g->width;
  thw_rng r;
  THW_TRY(tgt_stream(g, "target", &r));
  for (int64_t c = 0; c < g->outputs; c++) {
    double *w = g->own + c * d, norm;
    do {
      tgt_normals(&r, d, w);
      for (int twice = 0; twice < 2; twice++)
        for (int64_t b = 0; b < c; b++) {
          double s = tgt_dot(d, w, g->own + b * d) / (double)d;
          for (int64_t j = 0; j < d; j++) w[j] -= s * g->own[b * d + j];
        }
      norm = sqrt(tgt_dot(d, w, w));
    } while (!(norm > 1e-6));
    for (int64_t j = 0; j < d; j++) w[j] *= sqrt((double)d) / norm;
  }
  return THW_OK;
}

static thw_status prepare(tgt *g) {
  const struct hier_params *p = params_of(g);
  g->width = p->d;
  g->outputs = outputs_of(p);
  if (p->task == TASK_PARITY) return THW_OK;
  int64_t n = p->task == TASK_LINEAR ? g->outputs : g->outputs * g->width;
  if (!(g->own = td_array(g->env, n, sizeof *g->own, "a target"))) return THW_E_NOMEM;
  return p->task == TASK_LINEAR ? draw_coordinates(g) : draw_orthogonal(g);
}

/* ---- rows
 * ----------------------------------------------------------------------------------------
 */

static void row(const tgt *g, thw_rng *r, double *x) {
  const struct hier_params *p = params_of(g);
  double scale = p->task == TASK_PARITY ? 1 : 1 / sqrt((double)g->width);
  if (p->task == TASK_GAUSS) {
    tgt_normals(r, g->width, x);
    for (int64_t j = 0; j < g->width; j++) x[j] *= scale;
    return;
  }
  uint32_t word = 0;
  for (int64_t j = 0; j < g->width; j++, word >>= 1) {
    if (j % 32 == 0) word = thw_rng_u32(r);
    x[j] = word & 1 ? scale : -scale;
  }
}

static void base_signal(const tgt *g, const double *x, double *f) {
  const struct hier_params *p = params_of(g);
  for (int64_t c = 0; c < g->outputs; c++)
    if (p->task == TASK_PARITY)
      f[c] = x[2 * c] * x[2 * c + 1];
    else if (p->task == TASK_LINEAR)
      f[c] = sqrt((double)g->width) * x[(int64_t)g->own[c]];
    else
      f[c] = tgt_dot(g->width, g->own + c * g->width, x);
}

/* Hermite polynomial of degree q for the normal distribution, of mean square 1. */
static double hermite(int64_t q, double z) {
  double a = 1, b = z, norm = 1;
  if (q == 0) return 1;
  for (int64_t i = 1; i < q; i++) {
    double next = z * b - (double)i * a;
    a = b;
    b = next;
  }
  for (int64_t i = 2; i <= q; i++) norm *= (double)i;
  return b / sqrt(norm);
}

/* G of h: products over groups of components, each written into all places of its group. */
static void composite(const tgt *g, const double *h, double *out) {
  const struct hier_params *p = params_of(g);
  int64_t size = p->task == TASK_PARITY ? p->group : g->outputs;
  for (int64_t c = 0; c < g->outputs; c++) {
    if (p->task == TASK_GAUSS) {
      out[c] = hermite(p->degree, h[c]);
      continue;
    }
    out[c] = 1;
    for (int64_t i = c / size * size; i < (c / size + 1) * size; i++) out[c] *= h[i];
  }
}

static void value(const tgt *g, const double *x, double *y) {
  const struct hier_params *p = params_of(g);
  double f[TGT_OUTPUTS_MOST], c[TGT_OUTPUTS_MOST];
  base_signal(g, x, f);
  composite(g, f, c);
  for (int64_t i = 0; i < g->outputs; i++) y[i] = p->beta * f[i] + p->alpha * c[i];
}

/* F, and alpha G(F). */
static void parts(void *self, const thw_rows *rows, int64_t i, double *out) {
  const tgt *g = self;
  double x[TGT_WIDTH_MOST];
  for (int64_t j = 0; j < g->width; j++) x[j] = td_get(rows->x, rows->dtype, i * rows->ld + j);
  base_signal(g, x, out);
  composite(g, out, out + g->outputs);
  for (int64_t c = 0; c < g->outputs; c++) out[g->outputs + c] *= params_of(g)->alpha;
}

static const char *const part_name[] = {"F", "G"};
static const thw_parts parts_ext = {sizeof(thw_parts), 2, part_name, parts};

static const tgt_law law = {prepare, row, value, &parts_ext};

/* ---- component
 * -----------------------------------------------------------------------------------
 */

static thw_status check(const thw_host *h, thw_ctx *c, const void *params) {
  const struct hier_params *p = params;
  int64_t k = outputs_of(p), d1 = p->d1 > 0 ? p->d1 : p->d;
  if (p->task == TASK_PARITY && (2 * k > p->d || k % p->group != 0))
    return h->fail(c, THW_E_ARG,
                   "parity: k outputs take 2k of the d features, and k is a multiple of group");
  if (p->task == TASK_LINEAR && (d1 > p->d || k > d1))
    return h->fail(c, THW_E_ARG,
                   "linear-parity: k outputs are k of the first d1 of the d features");
  if (p->task == TASK_GAUSS && k > p->d)
    return h->fail(c, THW_E_ARG, "gauss-poly: k orthogonal directions need d of at least k");
  return THW_OK;
}

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c, const void *p,
                         const thw_wired *slots, void **self) {
  (void)me, (void)slots;
  return tgt_create(&law, (td_env){h, c}, p, self);
}

static const void *ext(void *self, const char *id) {
  (void)self;
  return strcmp(id, THW_EXT_PARTS) == 0 ? &parts_ext : NULL;
}

static const thw_param params[] = {
    TGT_PARAMS(struct hier_params, 2000, 5000,
               "Standard deviation of normal noise on each output, in all sets."),
    THW_PARAM_ENUM(struct hier_params, task, TASK_PARITY, tasks,
                   "parity: signs x, F_r = x_2r-1 x_2r, G products of `group` components; "
                   "linear-parity: F k coordinates, G their product; gauss-poly: normal x, F two "
                   "projections, G Hermite polynomials."),
    THW_PARAM_INT(struct hier_params, d, 30, 1, TGT_WIDTH_MOST, NULL, "Features."),
    THW_PARAM_INT(struct hier_params, d1, 0, 0, TGT_WIDTH_MOST, NULL,
                  "linear-parity: features among which F is drawn; 0: all."),
    THW_PARAM_INT(struct hier_params, k, 0, 0, TGT_OUTPUTS_MOST, NULL,
                  "Outputs; 0: 8 for parity, 4 for linear-parity, 2 for gauss-poly."),
    THW_PARAM_INT(struct hier_params, group, 4, 1, TGT_OUTPUTS_MOST, NULL,
                  "parity: components of F in one product."),
    THW_PARAM_INT(struct hier_params, degree, 3, 1, 20, NULL, "gauss-poly: degree of G."),
    THW_PARAM_REAL(struct hier_params, alpha, 0.3, 0, 100, 0, NULL,
                   "Weight of the composite signal G(F(x))."),
    THW_PARAM_REAL(struct hier_params, beta, 1, 0, 100, 0, NULL, "Weight of the base signal F(x)."),
};

static const char *const offers[] = {THW_EXT_PARTS, NULL};

const thw_component hierarchical_component = {
    THW_COMPONENT_HEAD(THW_SOURCE),
    .id = "hierarchical",
    .version = PACKAGE_VERSION,
    .summary = "targets F(x) + alpha G(F(x)): what residual networks learn and kernels do not",
    .doc = "A learner that finds F only is left with the error k alpha^2 (the floor; the error is "
           "the sum over the outputs of squares). With small alpha no kernel gets below it with "
           "fewer than about d^k rows; a residual network does, because it can build G on the F "
           "that it has learned. beta below alpha takes that help away.\n\n"
           "Models report coef_F and coef_G: how much of F (ideally beta) and of alpha G(F) "
           "(ideally 1) is in their output.\n\n" TGT_DOC,
    .reference = "Z. Allen-Zhu, Y. Li, NeurIPS 2019 (arXiv:1905.10337), sections 1 and 5",
    THW_PARAMS(params, struct hier_params),
    .offers = offers,
    .ops = &tgt_ops,
    .check = check,
    .create = create,
    .destroy = tgt_destroy,
    .ext = ext,
};
