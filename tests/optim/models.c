/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/optim/models.h"

#include <math.h>
#include <string.h>

typedef struct bowl_params {
  int64_t d;
  double condition, spread;
  int32_t facts;
} bowl_params;

typedef struct instance {
  const thw_host *host;
  thw_ctx *ctx;
  const bowl_params *p;
} instance;

double rig_bowl_h(int64_t i, int64_t j, int64_t d, double condition, double spread) {
  double h = d > 1 ? pow(condition, -(double)j / (double)(d - 1)) : 1.0;
  return h * (1.0 + spread * ((i + j) % 2 ? 1.0 : -1.0));
}

double rig_bowl_c(int64_t i, int64_t j) {
  return 0.1 * sin(3.0 * (double)i + 7.0 * (double)j); /* rows of a stream may be huge */
}

static double get(const thw_view *v, int64_t i) {
  return v->dtype == THW_F32 ? (double)((const float *)v->data)[i] : ((const double *)v->data)[i];
}

static void set(thw_view *v, int64_t i, double a) {
  if (v->dtype == THW_F32)
    ((float *)v->data)[i] = (float)a;
  else
    ((double *)v->data)[i] = a;
}

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c, const void *params,
                         const thw_wired *slots, void **self) {
  (void)me, (void)slots;
  instance *s = h->alloc(c, sizeof *s);
  if (!s) return h->fail(c, THW_E_NOMEM, "out of memory");
  *s = (instance){h, c, params};
  *self = s;
  return THW_OK;
}

static void destroy(void *self) {
  (void)self;
}

static const void *no_ext(void *self, const char *id) {
  (void)self, (void)id;
  return NULL;
}

static thw_status layout(void *self, thw_layout *out) {
  out->n = ((instance *)self)->p->d;
  out->flags = THW_MODEL_SMOOTH;
  return THW_OK;
}

/* ---- bowl ----------------------------------------------------------------------------------- */

/* With an even number of rows the spread averages out: h_j is the curvature of f. */
static thw_status bowl_facts(void *self, thw_facts *out) {
  const bowl_params *p = ((instance *)self)->p;
  if (!p->facts) return THW_OK;
  out->lipschitz = 1.0;
  out->lipschitz_max = 1.0 + p->spread;
  out->convexity = 1.0 / p->condition;
  out->variance_hess = p->spread * p->spread;
  return THW_OK;
}

static thw_status bowl_init(void *self, thw_view *x, thw_rng *r) {
  (void)self, (void)r;
  for (int64_t i = 0; i < x->n; i++) set(x, i, 1.0);
  return THW_OK;
}

static thw_status bowl_eval(void *self, const thw_view *x, const thw_batch *b, double *f,
                            thw_view *g) {
  const bowl_params *p = ((instance *)self)->p;
  double sum = 0;
  for (int64_t j = 0; j < p->d; j++) {
    double h = 0, c = 0, v = get(x, j);
    for (int64_t k = 0; k < b->n; k++) {
      int64_t i = thw_batch_row(b, k);
      h += rig_bowl_h(i, j, p->d, p->condition, p->spread);
      c += rig_bowl_c(i, j);
    }
    h /= (double)b->n, c /= (double)b->n;
    sum += 0.5 * h * v * v - c * v;
    if (g) set(g, j, h * v - c);
  }
  if (f) *f = sum;
  return THW_OK;
}

static const thw_model_ops bowl_ops = {.size = sizeof(thw_model_ops),
                                       .layout = layout,
                                       .facts = bowl_facts,
                                       .init = bowl_init,
                                       .eval = bowl_eval};

/* ---- rosenbrock ------------------------------------------------------------------------------ */

static thw_status valley_init(void *self, thw_view *x, thw_rng *r) {
  (void)self, (void)r;
  for (int64_t i = 0; i < x->n; i++) set(x, i, i % 2 ? 1.0 : -1.2);
  return THW_OK;
}

static thw_status valley_eval(void *self, const thw_view *x, const thw_batch *b, double *f,
                              thw_view *g) {
  (void)b;
  int64_t d = ((instance *)self)->p->d;
  double sum = 0, carry = 0;
  for (int64_t i = 0; i + 1 < d; i++) {
    double a = get(x, i), t = get(x, i + 1) - a * a;
    sum += 100.0 * t * t + (1.0 - a) * (1.0 - a);
    if (g) set(g, i, carry - 400.0 * a * t - 2.0 * (1.0 - a));
    carry = 200.0 * t;
  }
  if (g) set(g, d - 1, carry);
  if (f) *f = sum;
  return THW_OK;
}

static const thw_model_ops valley_ops = {
    .size = sizeof(thw_model_ops), .layout = layout, .init = valley_init, .eval = valley_eval};

/* ---- plugin --------------------------------------------------------------------------------- */

static const thw_param params[] = {
    THW_PARAM_INT(bowl_params, d, 10, 1, 100000, NULL, "parameters"),
    THW_PARAM_REAL(bowl_params, condition, 10.0, 1.0, THW_NO_BOUND, 0, NULL, "condition number"),
    THW_PARAM_REAL(bowl_params, spread, 0.5, 0.0, 1.0, 0, NULL, "of the rows' curvatures"),
    THW_PARAM_BOOL(bowl_params, facts, 1, "tell them"),
};

static const thw_slot slots[] = {{"source", THW_SOURCE, 1, NULL, "numbers of rows"}};

#define MODEL(name_, id_, ops_)                                                                    \
  static const thw_component name_ = {THW_COMPONENT_HEAD(THW_MODEL),                               \
                                      .id = id_,                                                   \
                                      .version = "1",                                              \
                                      .summary = "for tests",                                      \
                                      THW_PARAMS(params, bowl_params),                             \
                                      THW_SLOTS(slots),                                            \
                                      .ops = &ops_,                                                \
                                      .create = create,                                            \
                                      .destroy = destroy,                                          \
                                      .ext = no_ext}
MODEL(bowl, "bowl", bowl_ops);
MODEL(valley, "rosenbrock", valley_ops);

static const thw_component *const components[] = {&bowl, &valley};

const thw_plugin rig_models = {THW_PLUGIN_HEAD,   .id = "rig-models",
                               .version = "1",    .license = "BSD-3-Clause",
                               .n_components = 2, .components = components};
