/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <string.h>

#include "kernels/optim/theory.h"
#include "plugins/optimizers/cubic/cubic.h"

static const char *const products[] = {"auto", "difference", "hvp", NULL};
static const char *const solvers[] = {"lanczos", "descent", NULL};
static const char *const switches[] = {"auto", "off", "on", NULL};

static const thw_param params[] = {
    THW_PARAM_REAL(struct cubic_params, epsilon, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,
                   "Norm of the gradient to reach; 0: stop.epsilon of the run, or 1e-3 where that "
                   "is 0."),
    THW_PARAM_REAL(struct cubic_params, delta, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,
                   "Curvature below -delta is not accepted; 0: stop.delta of the run, or sqrt(rho "
                   "epsilon) where that is 0."),
    THW_PARAM_REAL(struct cubic_params, rho, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,
                   "Weight of the cubic term: the Lipschitz constant of the Hessian; 0: starts at "
                   "the model's own, or 1, and adapts."),
    THW_PARAM_ENUM(
        struct cubic_params, adapt, CUBIC_ADAPT_AUTO, switches,
        "Adapt rho to how well the model foretells f, and take no step that it foretells "
        "badly (auto: unless rho is given)."),
    THW_PARAM_ENUM(struct cubic_params, solver, CUBIC_LANCZOS, solvers,
                   "Of the sub-problem: lanczos: in a Krylov space, to rounding; descent: gradient "
                   "descent on the model, which needs no basis."),
    THW_PARAM_INT(struct cubic_params, krylov, 60, 2, CUBIC_MOST, "vectors",
                  "lanczos: most vectors of the basis, each as long as x."),
    THW_PARAM_REAL(struct cubic_params, tolerance, 0.01, 0.0, 1.0,
                   THW_P_MIN_OPEN | THW_P_MAX_OPEN | THW_P_LOG, NULL,
                   "Gradient of the model to be left, as a part of |g|."),
    THW_PARAM_INT(struct cubic_params, inner_steps, 0, 0, THW_NO_BOUND, "steps",
                  "descent: steps on the model; 0: 40 L / sqrt(rho epsilon)."),
    THW_PARAM_ENUM(struct cubic_params, products, CUBIC_AUTO, products,
                   "Hessian-vector products: difference: of two gradients on the same rows; hvp: "
                   "the model's own; auto: that where there is one."),
    THW_PARAM_INT(struct cubic_params, gradient_batch, 0, 0, THW_NO_BOUND, "rows",
                  "Rows of the gradient; 0: all, on streams c_gradient V / epsilon^2."),
    THW_PARAM_INT(struct cubic_params, hessian_batch, 0, 0, THW_NO_BOUND, "rows",
                  "Rows of the Hessian; 0: c_hessian V_H ln(2d) / delta^2, at most all."),
    THW_PARAM_REAL(struct cubic_params, c_gradient, 16.0, 0.0, THW_NO_BOUND,
                   THW_P_MIN_OPEN | THW_P_LOG, NULL, "Constant of that rule."),
    THW_PARAM_REAL(struct cubic_params, c_hessian, 16.0, 0.0, THW_NO_BOUND,
                   THW_P_MIN_OPEN | THW_P_LOG, NULL, "Constant of that rule."),
    THW_PARAM_REAL(struct cubic_params, lipschitz, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,
                   "Lipschitz constant L of the gradient; 0: the model's own, else estimated."),
    THW_PARAM_REAL(struct cubic_params, variance_hess, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,
                   "V_H, the variance of the rows' Hessians; 0: the model's own, else estimated."),
};

static thw_status workspace(cubic *s) {
  const thw_host *h = s->o.host;
  int64_t k = s->p->krylov;
  double **v[] = {&s->r.alpha, &s->r.beta, &s->r.c, &s->r.theta, &s->r.y, &s->r.z};
  for (size_t i = 0; i < sizeof v / sizeof v[0]; i++)
    if (!(*v[i] = h->alloc(s->o.ctx, (size_t)k * sizeof(double)))) return THW_E_NOMEM;
  s->r.w = h->alloc(s->o.ctx, (size_t)(k * k) * sizeof(double));
  s->r.work = h->alloc(s->o.ctx, (size_t)(2 * k) * sizeof(double));
  return s->r.w && s->r.work ? THW_OK : THW_E_NOMEM;
}

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c,
                         const void *params_, const thw_wired *slots, void **self) {
  (void)me, (void)slots;
  cubic *s = h->alloc(c, sizeof *s);
  if (!s) return h->fail(c, THW_E_NOMEM, "out of memory for cubic regularisation");
  optim_init(&s->o, h, c);
  s->p = params_;
  if (workspace(s) != THW_OK)
    return h->fail(c, THW_E_NOMEM, "out of memory for cubic regularisation");
  *self = s;
  return optim_take_end(&s->o, &s->goal);
}

static void destroy(void *self) {
  cubic *s = self;
  optim_free(&s->o);
  double *v[] = {s->r.alpha, s->r.beta, s->r.c, s->r.theta, s->r.y, s->r.z, s->r.w, s->r.work};
  for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) s->o.host->release(s->o.ctx, v[i]);
  s->o.host->release(s->o.ctx, s);
}

static const thw_optimizer_ops ops = {.size = sizeof(thw_optimizer_ops),
                                      .start = cubic_start,
                                      .step = cubic_step,
                                      .point = cubic_point};

/* ---- extensions ----------------------------------------------------------------------------- */

#define FIELDS(s)                                                                                  \
  {                                                                                                \
    OPTIM_CONSTANTS_FIELDS(&(s)->c), {"x", OPTIM_VEC, (s)->x}, {"g", OPTIM_VEC, (s)->g},           \
        {"probe", OPTIM_RNG, &(s)->probe.rng}, {"rows", OPTIM_RNG, &(s)->rows},                    \
        {"rows_hess", OPTIM_RNG, &(s)->rows_hess}, {"search", OPTIM_RNG, &(s)->search},            \
        {"pilot", OPTIM_RNG, &(s)->pilot}, {"f", OPTIM_F64, &(s)->f},                              \
        {"norm", OPTIM_F64, &(s)->norm}, {"rho", OPTIM_F64, &(s)->rho}, {"V", OPTIM_F64, &(s)->V}, \
        {"scale", OPTIM_F64, &(s)->o.scale}, {"least", OPTIM_F64, &(s)->least},                    \
        {"have_g", OPTIM_I64, &(s)->have_g}, {"done", OPTIM_I64, &(s)->done},                      \
        {"exact", OPTIM_I64, &(s)->exact}, {"iterations", OPTIM_I64, &(s)->iterations},            \
        {"products", OPTIM_I64, &(s)->products}, {"rejected", OPTIM_I64, &(s)->rejected},          \
        {"in_a_row", OPTIM_I64, &(s)->in_a_row},                                                   \
  }

static thw_status save(void *self, thw_writer *w) {
  cubic *s = self;
  const optim_field f[] = FIELDS(s);
  return optim_save(w, f, sizeof f / sizeof f[0]);
}

static thw_status load(void *self, thw_reader *r) {
  cubic *s = self;
  const optim_field f[] = FIELDS(s);
  THW_TRY(optim_load(r, f, sizeof f / sizeof f[0]));
  if (!(s->rho > 0.0) || !isfinite(s->rho) || s->exact < -1 || s->exact > 1)
    return optim_fail(&s->o, THW_E_STATE, "the checkpoint does not hold the state of a cubic");
  return THW_OK;
}

static const thw_ext_state state = {sizeof(thw_ext_state), 1, save, load};

/* A shorter step is a heavier cubic term: |s| goes with 1/sqrt(rho) at least. */
static thw_status scale_step(void *self, double factor) {
  cubic *s = self;
  if (factor > 0.0) s->rho = fmin(fmax(s->rho / (factor * factor), 1e-12), 1e100);
  return THW_OK;
}

static thw_status take_facts(void *self, const thw_facts *f) {
  cubic *s = self;
  optim_take_facts(&s->o, f);
  s->c.have = 0;
  return THW_OK;
}

static const thw_steer steer = {
    .size = sizeof(thw_steer), .reset = cubic_reset, .scale_step = scale_step, .facts = take_facts};

static thw_status report_(void *self, thw_sink *k) {
  cubic *s = self;
  k->real(k, "rho", s->rho);
  k->real(k, "products", (double)s->products);
  if (!isnan(s->least)) k->real(k, "least_curvature", s->least);
  if (s->rejected > 0) k->real(k, "rejected", (double)s->rejected);
  if (s->c.L > 0.0) k->real(k, "L", s->c.L);
  if (s->c.VH > 0.0) k->real(k, "V_H", s->c.VH);
  if (s->V > 0.0) k->real(k, "V", s->V);
  return THW_OK;
}

static const thw_ext_report report = {.size = sizeof(thw_ext_report), .report = report_};

/* sqrt(rho) D_f / epsilon^1.5 iterations, each a gradient of B rows and L / sqrt(rho epsilon)
 * products on as many as the Hessian needs. */
static thw_status claims(void *self, const thw_problem *p, thw_claims *out) {
  (void)self;
  optim_numbers k = optim_numbers_of(p);
  double e = k.epsilon, root = sqrt(k.L2 * e);
  double B = optim_rows(&k, k.V / (e * e)), BH = optim_rows(&k, k.V_H / (k.L2 * e));
  optim_claim(
      out, &(optim_promise){.aim = THW_AIM_MINIMUM,
                            .formula = "sqrt(L2) D_f / epsilon^1.5 (B + B_H L / sqrt(L2 epsilon)), "
                                       "B = min(n, V / epsilon^2), B_H = min(n, V_H / (L2 "
                                       "epsilon))",
                            .source = "Tripuraneni et al., NeurIPS 2018, theorem 1",
                            .note = "delta = sqrt(L2 epsilon); logarithms and constants of order "
                                    "one left out",
                            .epochs = ceil(root * k.gap / (e * e)),
                            .epoch = ceil(B + BH * optim_one_up(k.L / root))});
  return THW_OK;
}

static const thw_theory theory = {.size = sizeof(thw_theory), .claims = claims};

static const void *ext(void *self, const char *id) {
  (void)self;
  if (strcmp(id, THW_EXT_STATE) == 0) return &state;
  if (strcmp(id, THW_EXT_STEER) == 0) return &steer;
  if (strcmp(id, THW_EXT_REPORT) == 0) return &report;
  if (strcmp(id, THW_EXT_THEORY) == 0) return &theory;
  return NULL;
}

static const char *const offers[] = {THW_EXT_STATE, THW_EXT_STEER, THW_EXT_REPORT, THW_EXT_THEORY,
                                     NULL};

static const thw_component component = {
    THW_COMPONENT_HEAD(THW_OPTIMIZER),
    .id = "cubic",
    .version = PACKAGE_VERSION,
    .summary = "sub-sampled cubic regularisation of Newton's method: local minima",
    .doc =
        "Each iteration moves to the minimiser of the model g's + s'Hs/2 + rho/6 |s|^3, which is "
        "above f when rho is the Lipschitz constant of the Hessian, and leaves saddles by itself. "
        "H is never formed: the sub-problem needs products H v only, differences of two gradients "
        "on the same rows, or the model's own. Gradient and Hessian may be those of samples.\n\n"
        "Sub-problem: Lanczos' method from g, the model in its Krylov space solved to rounding; or "
        "gradient descent on the model with a perturbed gradient (algorithm 2 of Tripuraneni et "
        "al.).\n\n"
        "Where |g| <= epsilon the Krylov space starts from a random vector instead. It ends with a "
        "step, when it shows curvature below -delta/2, or when it is large enough to be certain "
        "that there is none below -delta (as many products as Neon2^det; where that is more than "
        "`krylov', a search by kernels/curvature decides). Then the model cannot fall by more than "
        "2/3 (delta/2)^3 / rho^2 along any direction of negative curvature, x is an (epsilon, "
        "delta)-local minimum, and the run ends; stop.epsilon does not end it.\n\n"
        "rho adapts as in ARC: a third after steps that bring nine tenths of what the model "
        "promised, threefold and no step where they bring less than one.",
    .reference = "Y. Nesterov, B. Polyak, Math. Program. 108 (2006); C. Cartis, N. Gould, P. "
                 "Toint, Math. Program. 127 (2011) (rho); N. Tripuraneni, M. Stern, C. Jin, J. "
                 "Regier, M. Jordan, Stochastic Cubic Regularization for Fast Nonconvex "
                 "Optimization, NeurIPS 2018",
    THW_PARAMS(params, struct cubic_params),
    .offers = offers,
    .ops = &ops,
    .create = create,
    .destroy = destroy,
    .ext = ext,
};

static const thw_component *const components[] = {&component};

static const thw_plugin plugin = {
    THW_PLUGIN_HEAD,           .id = "cubic",     .version = PACKAGE_VERSION,
    .license = "BSD-3-Clause", .n_components = 1, .components = components,
};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
