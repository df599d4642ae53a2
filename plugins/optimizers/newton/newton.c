/* SPDX-License-Identifier: BSD-3-Clause */
/* Newton's method on a finite sum: dense Hessians by Cholesky, large problems by conjugate
 * gradients. */
#include "config.h"

#include "plugins/optimizers/newton/newton.h"

#include <string.h>

static const char *const solvers[] = {"auto", "cholesky", "cg", NULL};

static const thw_param params[] = {
    THW_PARAM_ENUM(struct newton_params, solver, NEWTON_AUTO, solvers,
                   "cholesky: write down the Hessian and factorise it; cg: conjugate gradients on "
                   "Hessian-vector products; auto: in one step where the model knows its minimiser "
                   "(kernel-ridge), cholesky where it can and there are at "
                   "most max_dense parameters."),
    THW_PARAM_INT(struct newton_params, max_dense, 2000, 1, 30000, NULL,
                  "Parameters up to which auto chooses cholesky."),
    THW_PARAM_INT(struct newton_params, max_cg, 250, 1, THW_NO_BOUND, NULL,
                  "Products that one direction may take."),
    THW_PARAM_REAL(struct newton_params, forcing, 0.1, 0.0, 1.0, THW_P_MIN_OPEN | THW_P_MAX_OPEN,
                   NULL, "cg ends when the residual is this part of |g|, or sqrt(|g|) if less."),
    THW_PARAM_INT(struct newton_params, max_search, 40, 1, 1000, NULL,
                  "Evaluations that one line search may take."),
};

enum { R = OPTIM_DESCENT_VECS, Q, HQ, AT, VECS };

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c,
                         const void *params_, const thw_wired *slots, void **self) {
  (void)me, (void)slots;
  newton *s = h->alloc(c, sizeof *s);
  if (!s) return h->fail(c, THW_E_NOMEM, "out of memory for newton");
  optim_init(&s->o, h, c);
  s->p = params_;
  *self = s;
  return THW_OK;
}

static void destroy(void *self) {
  newton *s = self;
  optim_free(&s->o);
  s->o.host->release(s->o.ctx, s->h);
  s->o.host->release(s->o.ctx, s->rhs);
  s->o.host->release(s->o.ctx, s);
}

static thw_status reset(void *self, const thw_vec *x) {
  newton *s = self;
  return optim_descent_reset(&s->l, x);
}

/* Room for the dense Hessian, when that is what the directions come from. */
static thw_status choose(newton *s) {
  const thw_host *h = s->o.host;
  thw_ctx *c = s->o.ctx;
  int64_t n = s->o.space->n;
  h->release(c, s->h);
  h->release(c, s->rhs);
  s->h = s->rhs = NULL;
  s->solve = s->p->solver == NEWTON_AUTO ? thw_ext(&s->o.oracle, THW_EXT_SOLVE) : NULL;
  s->dense = s->p->solver == NEWTON_CG || s->solve ? NULL : thw_ext(&s->o.oracle, THW_EXT_HESSIAN);
  if (s->p->solver == NEWTON_AUTO && n > s->p->max_dense) s->dense = NULL;
  if (!s->dense) {
    if (s->p->solver != NEWTON_CHOLESKY) return THW_OK;
    return optim_fail(&s->o, THW_E_UNSUPPORTED,
                      "the model has no dense Hessian: set solver = \"cg\"");
  }
  if (n > 30000)
    return optim_fail(&s->o, THW_E_ARG,
                      "%lld parameters are too many for solver = \"cholesky\": "
                      "set solver = \"cg\"",
                      (long long)n);
  s->h = h->alloc(c, (size_t)(n * n) * sizeof(double));
  s->rhs = h->alloc(c, (size_t)(2 * n) * sizeof(double));
  if (s->h && s->rhs) return THW_OK;
  return optim_fail(&s->o, THW_E_NOMEM,
                    "no memory for a Hessian of %lld x %lld: set solver = "
                    "\"cg\"",
                    (long long)n, (long long)n);
}

static thw_status start(void *self, const thw_object *oracle, const thw_vec *x0) {
  newton *s = self;
  THW_TRY(optim_start(&s->o, oracle, VECS));
  THW_TRY(optim_need_sum(&s->o, "newton", "the optimizer \"sgd\" or \"adam\""));
  thw_vec **v = s->o.vec;
  s->r = v[R], s->q = v[Q], s->hq = v[HQ], s->at = v[AT];
  s->damping = 0.0;
  s->differences = s->iterations = s->products = 0;
  THW_TRY(choose(s));
  return optim_descent_start(&s->l, &s->o, x0);
}

/* ---- iteration ------------------------------------------------------------------------------ */

/* The way to a minimiser that the model knows is the Newton direction of a quadratic. */
static thw_status to_minimiser(newton *s) {
  THW_TRY(s->solve->solve(s->o.oracle.self, s->l.d));
  return thw_axpy(s->l.d, -1.0, s->l.x);
}

static thw_status direction(newton *s, double gnorm) {
  if (s->solve) return to_minimiser(s);
  if (s->dense) {
    thw_status st = newton_cholesky(s);
    if (st != THW_E_UNSUPPORTED || s->p->solver == NEWTON_CHOLESKY) return st;
    s->dense = NULL;
  }
  return newton_cg(s, gnorm);
}

static thw_status iterate(void *self, double gnorm) {
  newton *s = self;
  const optim_wolfe w = {1e-4, 0.9, 10.0 * s->o.unit, (int)s->p->max_search};
  optim_line p;
  double df;
  THW_TRY(direction(s, gnorm));
  THW_TRY(thw_dot(s->l.d, s->l.g, &df));
  if (!(df < 0.0)) return THW_STALLED;
  THW_TRY(optim_descent_search(&s->l, &w, df, 1.0, &p));
  optim_descent_take(&s->l, &p);
  s->iterations++;
  return THW_OK;
}

static thw_status step(void *self, thw_step *io) {
  newton *s = self;
  return optim_descent_step(&s->l, io, iterate, s);
}

static thw_status point(void *self, thw_vec *x) {
  newton *s = self;
  THW_TRY(optim_ready(&s->o));
  return thw_copy(x, s->l.x);
}

static const thw_optimizer_ops ops = {
    .size = sizeof(thw_optimizer_ops), .start = start, .step = step, .point = point};

/* ---- extensions ----------------------------------------------------------------------------- */

#define FIELDS(s)                                                                                  \
  {                                                                                                \
    OPTIM_DESCENT_FIELDS(&(s)->l), {"damping", OPTIM_F64, &(s)->damping},                          \
        {"differences", OPTIM_I64, &(s)->differences},                                             \
        {"iterations", OPTIM_I64, &(s)->iterations}, {"products", OPTIM_I64, &(s)->products},      \
  }

static thw_status save(void *self, thw_writer *w) {
  newton *s = self;
  const optim_field f[] = FIELDS(s);
  return optim_save(w, f, sizeof f / sizeof f[0]);
}

static thw_status load(void *self, thw_reader *r) {
  newton *s = self;
  const optim_field f[] = FIELDS(s);
  return optim_load(r, f, sizeof f / sizeof f[0]);
}

static const thw_ext_state state = {sizeof(thw_ext_state), 1, save, load};

static thw_status scale_step(void *self, double factor) {
  ((newton *)self)->o.scale *= factor;
  return THW_OK;
}

static const thw_steer steer = {
    .size = sizeof(thw_steer), .reset = reset, .scale_step = scale_step};

static thw_status report_(void *self, thw_sink *k) {
  newton *s = self;
  k->real(k, "step", s->l.step);
  k->text(k, "solver", s->solve ? "closed form" : s->dense ? "cholesky" : "cg");
  if (s->dense)
    k->real(k, "damping", s->damping);
  else if (!s->solve)
    k->real(k, "products", (double)s->products);
  return THW_OK;
}

static const thw_ext_report report = {.size = sizeof(thw_ext_report), .report = report_};

static const void *ext(void *self, const char *id) {
  (void)self;
  if (strcmp(id, THW_EXT_STATE) == 0) return &state;
  if (strcmp(id, THW_EXT_STEER) == 0) return &steer;
  if (strcmp(id, THW_EXT_REPORT) == 0) return &report;
  return NULL;
}

static const char *const offers[] = {THW_EXT_STATE, THW_EXT_STEER, THW_EXT_REPORT, NULL};

static const thw_component component = {
    THW_COMPONENT_HEAD(THW_OPTIMIZER),
    .id = "newton",
    .version = PACKAGE_VERSION,
    .summary =
        "Newton's method on a finite sum: Cholesky when small, conjugate gradients when large",
    .doc =
        "Each iteration solves H d = -g and searches along d (strong Wolfe, first step 1). With "
        "up to max_dense parameters and a model that can write down its Hessian, that is one "
        "dense matrix and its Cholesky factorisation; where it is not positive definite, a "
        "multiple of the identity is added. Else d comes from conjugate gradients, ended early "
        "at negative curvature; the products are the model's own, or differences of gradients "
        "(one pass each).\n\n"
        "On convex problems with some hundred parameters this is the fastest method here. A dense "
        "Hessian is booked as the Hessian-vector products that its operations amount to, and a "
        "product counts like a gradient: about (s + 3) / 6 passes for rows of s stored numbers, "
        "d / 3 for dense ones.",
    .reference =
        "J. Nocedal, S. Wright, Numerical Optimization, 2006, algorithms 3.2, 3.3 and 7.1; "
        "R. Dembo, S. Eisenstat, T. Steihaug, SIAM J. Numer. Anal. 19 (1982)",
    THW_PARAMS(params, struct newton_params),
    .offers = offers,
    .ops = &ops,
    .create = create,
    .destroy = destroy,
    .ext = ext,
};

static const thw_component *const components[] = {&component};

static const thw_plugin plugin = {
    THW_PLUGIN_HEAD,           .id = "newton",    .version = PACKAGE_VERSION,
    .license = "BSD-3-Clause", .n_components = 1, .components = components,
};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
