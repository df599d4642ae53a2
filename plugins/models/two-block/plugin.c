/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/two-block/plugin.c - the model `two-block-net`. */
#include "config.h"

#include <cblas.h>
#include <math.h>
#include <stdio.h>

#include "two-block.h"

#define D2_MOST 64

/* ---- rays ---------------------------------------------------------------------------------------
 */

int two_block_ray_of(const rays *r, int64_t d, const double *x2, double *a) {
  double norm2 = cblas_ddot((int)d, x2, 1, x2, 1);
  if (norm2 == 0) return -1;
  for (int k = 0; k < r->n; k++) {
    double along = cblas_ddot((int)d, x2, 1, r->dir[k], 1); /* the rays are unit vectors */
    if (along > 0 && norm2 - along * along <= 1e-12 * norm2) {
      *a = along;
      return k;
    }
  }
  return -2;
}

void two_block_rays(const two_block *m, const thw_batch *b, rays *r) {
  const half *h = &m->h[1];
  *r = (rays){0};
  if (!m->p->rays) r->n = -1;
  for (int64_t i = 0; i < b->n && r->n >= 0; i++) {
    double a, *x = m->room;
    two_block_row(m, b, i, x);
    const double *x2 = x + h->first;
    if (two_block_ray_of(r, h->d, x2, &a) != -2) continue;
    if (r->n == RAYS) {
      r->n = -1;
      return;
    }
    double norm = cblas_dnrm2((int)h->d, x2, 1);
    for (int64_t k = 0; k < h->d; k++) r->dir[r->n][k] = x2[k] / norm;
    r->n++;
  }
}

/* ---- the component ------------------------------------------------------------------------------
 */

static thw_status fail(const two_block *m, thw_status code, const char *text) {
  return m->host->fail(m->ctx, code, text);
}

static thw_status look_at_source(two_block *m, const thw_object *source) {
  const thw_source_ops *ops = source->ops;
  char text[200];
  m->info.size = sizeof m->info;
  THW_TRY(ops->info(source->self, 0, &m->info));
  if (m->info.layout != THW_ROWS_DENSE)
    return fail(m, THW_E_ARG, "two-block-net needs a source of dense rows");
  if (m->info.n == 0) return fail(m, THW_E_ARG, "the source has no rows");
  if (m->info.label != THW_LABEL_CLASS || m->info.classes != 2)
    return fail(m, THW_E_ARG, "two-block-net needs labels of two classes");
  if (m->info.width > m->p->d2) return THW_OK;
  snprintf(text, sizeof text,
           "d2 = %lld of the row's numbers go to the second block, but a row has only %lld: none "
           "are left for the first",
           (long long)m->p->d2, (long long)m->info.width);
  return fail(m, THW_E_ARG, text);
}

static void shape(two_block *m) {
  const two_block_params *p = m->p;
  int64_t d1 = m->info.width - p->d2;
  m->h[0] = (half){.m = p->width1, .d = d1, .scale = 1.0 / sqrt(2.0 * (double)p->width1)};
  m->h[1] = (half){.m = p->width2,
                   .d = p->d2,
                   .offset = p->width1 * d1,
                   .first = d1,
                   .scale = 1.0 / sqrt(2.0 * (double)p->width2)};
  m->n = p->width1 * d1 + p->width2 * p->d2;
  static const char *const names[] = {"W", "V"};
  for (int k = 0; k < 2; k++)
    m->block[k] = (thw_block){.name = names[k],
                              .offset = m->h[k].offset,
                              .n = m->h[k].m * m->h[k].d,
                              .n_dims = 2,
                              .dims = {m->h[k].m, m->h[k].d}};
  m->piece = PIECE * (m->info.width + 1 + p->width1 + p->width2);
}

static double *numbers(const two_block *m, int64_t n) {
  return m->host->alloc(m->ctx, (size_t)n * sizeof(double));
}

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c, const void *params,
                         const thw_wired *slots, void **self) {
  (void)me;
  two_block *m = h->alloc(c, sizeof *m);
  if (!m) return h->fail(c, THW_E_NOMEM, "out of memory for two-block-net");
  m->host = h;
  m->ctx = c;
  m->p = params;
  THW_TRY(look_at_source(m, &slots->object[0]));
  shape(m);
  m->u = numbers(m, m->n);
  m->g = numbers(m, GROUPS * m->n);
  m->room = numbers(m, GROUPS * m->piece);
  m->factor = numbers(m, GROUPS * RAYS);
  if (!m->u || !m->g || !m->room || !m->factor)
    return fail(m, THW_E_NOMEM, "out of memory for two-block-net: make it narrower");
  m->h[0].u = m->u;
  m->h[1].u = m->u + m->h[1].offset;
  *self = m;
  return THW_OK;
}

/* The memory is the context's. */
static void destroy(void *self) {
  (void)self;
}

static const thw_param params[] = {
    THW_PARAM_INT(two_block_params, width1, 200, 1, 1e6, NULL, "Neurons that see the first part."),
    THW_PARAM_INT(two_block_params, width2, 2000, 1, 1e6, NULL, "Neurons that see the second."),
    THW_PARAM_INT(two_block_params, d2, 2, 1, D2_MOST, NULL,
                  "Numbers at the end of each row that are its second part."),
    THW_PARAM_REAL(two_block_params, tau0, 0.3, 0.0, 1e6, 0, NULL,
                   "Standard deviation of the initial weights."),
    THW_PARAM_REAL(two_block_params, l2, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,
                   "lambda, the weight of |U|^2/2 in the loss."),
    THW_PARAM_BOOL(two_block_params, rays, 1,
                   "Where the second parts of a batch lie on at most 4 rays, evaluate its block on "
                   "these alone; the result is the same up to rounding."),
};

static const thw_slot slots[] = {
    {"source", THW_SOURCE, 1, NULL, "rows with labels of two classes"}};

static const thw_component component = {
    THW_COMPONENT_HEAD(THW_MODEL),
    .id = "two-block-net",
    .version = PACKAGE_VERSION,
    .summary = "two hidden layers side by side, each on a part of the row, with fixed outputs",
    .doc =
        "f(x) = sum_j w_j relu(<W_j, x1>) + sum_j v_j relu(<V_j, x2>), no biases, x2 the last d2 "
        "numbers of a row; w_j = 1/sqrt(2 width1) for even j and its negative for odd j, v_j "
        "likewise; W and V are trained, from N(0, tau0^2). The loss is the mean of log(1 + exp(-y "
        "f)) plus l2 |U|^2/2. Metrics: error, and margin, the mean of y f.\n\n"
        "With the source two-patterns this is the network on which a large initial step and its "
        "lack can be told apart. ReLU is not smooth, so that the verdict is `unknown'.",
    .reference =
        "Y. Li, C. Wei, T. Ma: Towards Explaining the Regularization Effect of Initial Large "
        "Learning Rate in Training Neural Networks. NeurIPS 2019, section 3",
    THW_PARAMS(params, two_block_params),
    THW_SLOTS(slots),
    .ops = &two_block_ops,
    .create = create,
    .destroy = destroy,
};

static const thw_component *const components[] = {&component};

static const thw_plugin plugin = {
    THW_PLUGIN_HEAD,           .id = "two-block", .version = PACKAGE_VERSION,
    .license = "BSD-3-Clause", .n_components = 1, .components = components,
};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
