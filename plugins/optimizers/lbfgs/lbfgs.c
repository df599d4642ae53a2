/* SPDX-License-Identifier: BSD-3-Clause */
/* Limited-memory BFGS on a finite sum. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "kernels/optim/descent.h"

#define MAX_MEMORY 64

struct lbfgs_params {
  int64_t memory, max_search;
  double c1, c2, first;
};

static const thw_param params[] = {
    THW_PARAM_INT(struct lbfgs_params, memory, 20, 1, MAX_MEMORY, NULL,
                  "Pairs of steps and gradient changes that the Hessian is built from."),
    THW_PARAM_REAL(struct lbfgs_params, c1, 1e-4, 0.0, 0.5, THW_P_MIN_OPEN | THW_P_MAX_OPEN, NULL,
                   "Sufficient decrease asked of the line search."),
    THW_PARAM_REAL(struct lbfgs_params, c2, 0.9, 0.0, 1.0, THW_P_MIN_OPEN | THW_P_MAX_OPEN, NULL,
                   "Curvature condition of the line search; must exceed c1."),
    THW_PARAM_INT(struct lbfgs_params, max_search, 40, 1, 1000, NULL,
                  "Evaluations that one line search may take."),
    THW_PARAM_REAL(struct lbfgs_params, first, 1.0, 0.0, THW_NO_BOUND, THW_P_MIN_OPEN | THW_P_LOG,
                   NULL, "Length of the first trial move, and of each after a restart."),
};

typedef struct lbfgs {
  optim o;
  const struct lbfgs_params *p;
  optim_descent l;
  thw_vec *s[MAX_MEMORY], *y[MAX_MEMORY]; /* ring: pair k in slot k mod memory */
  double rho[MAX_MEMORY];
  int64_t pairs, first_pair; /* pairs ever made; the oldest that still counts */
} lbfgs;

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c,
                         const void *params_, const thw_wired *slots, void **self) {
  (void)me, (void)slots;
  lbfgs *s = h->alloc(c, sizeof *s);
  if (!s) return h->fail(c, THW_E_NOMEM, "out of memory for lbfgs");
  optim_init(&s->o, h, c);
  s->p = params_;
  *self = s;
  return THW_OK;
}

static void destroy(void *self) {
  lbfgs *s = self;
  optim_free(&s->o);
  s->o.host->release(s->o.ctx, s);
}

static thw_status check(const thw_host *h, thw_ctx *c, const void *params_) {
  const struct lbfgs_params *p = params_;
  if (p->c1 < p->c2) return THW_OK;
  return h->fail(c, THW_E_ARG, "c1 must be smaller than c2, or no step satisfies both conditions");
}

static thw_status reset(void *self, const thw_vec *x) {
  lbfgs *s = self;
  s->pairs = s->first_pair = 0;
  return optim_descent_reset(&s->l, x);
}

static thw_status start(void *self, const thw_object *oracle, const thw_vec *x0) {
  lbfgs *s = self;
  uint32_t m = (uint32_t)s->p->memory;
  THW_TRY(optim_start(&s->o, oracle, OPTIM_DESCENT_VECS + 2 * m));
  THW_TRY(optim_need_sum(&s->o, "lbfgs", "the optimizer \"sgd\" or \"adam\""));
  thw_vec **v = s->o.vec;
  for (uint32_t k = 0; k < m; k++)
    s->s[k] = v[OPTIM_DESCENT_VECS + 2 * k], s->y[k] = v[OPTIM_DESCENT_VECS + 2 * k + 1];
  s->pairs = s->first_pair = 0;
  return optim_descent_start(&s->l, &s->o, x0);
}

/* ---- direction ------------------------------------------------------------------------------ */

/* d = -H g by the two-loop recursion. */
static thw_status direction(lbfgs *s) {
  double alpha[MAX_MEMORY], t;
  int64_t m = s->p->memory;
  THW_TRY(thw_axpby(s->l.d, -1.0, s->l.g, 0.0));
  for (int64_t k = s->pairs - 1; k >= s->first_pair; k--) {
    THW_TRY(thw_dot(s->s[k % m], s->l.d, &t));
    alpha[k % m] = s->rho[k % m] * t;
    THW_TRY(thw_axpy(s->l.d, -alpha[k % m], s->y[k % m]));
  }
  if (s->pairs > s->first_pair) {
    int64_t k = (s->pairs - 1) % m;
    THW_TRY(thw_dot(s->y[k], s->y[k], &t));
    THW_TRY(thw_scale(s->l.d, 1.0 / (s->rho[k] * t)));
  }
  for (int64_t k = s->first_pair; k < s->pairs; k++) {
    THW_TRY(thw_dot(s->y[k % m], s->l.d, &t));
    THW_TRY(thw_axpy(s->l.d, alpha[k % m] - s->rho[k % m] * t, s->s[k % m]));
  }
  return THW_OK;
}

/* xt, gt hold the accepted point: keeps the pair when it shows positive curvature, and moves. */
static thw_status update(lbfgs *s, const optim_line *at) {
  int64_t m = s->p->memory, k = s->pairs % m;
  double sy, ss, yy;
  /* The slot is the oldest pair's once the memory is full. */
  if (s->first_pair < s->pairs - m + 1) s->first_pair = s->pairs - m + 1;
  THW_TRY(thw_copy(s->s[k], s->l.xt));
  THW_TRY(thw_axpy(s->s[k], -1.0, s->l.x));
  THW_TRY(thw_copy(s->y[k], s->l.gt));
  THW_TRY(thw_axpy(s->y[k], -1.0, s->l.g));
  THW_TRY(thw_dot(s->s[k], s->y[k], &sy));
  THW_TRY(thw_dot(s->s[k], s->s[k], &ss));
  THW_TRY(thw_dot(s->y[k], s->y[k], &yy));
  if (sy > s->o.unit * sqrt(ss * yy)) s->rho[k] = 1.0 / sy, s->pairs++;
  optim_descent_take(&s->l, at);
  return THW_OK;
}

/* ---- line ----------------------------------------------------------------------------------- */

/* One line search along the direction; along the gradient, without memory, when that fails. */
static thw_status iterate(void *self, double gnorm) {
  lbfgs *s = self;
  const optim_wolfe w = {s->p->c1, s->p->c2, 10.0 * s->o.unit, (int)s->p->max_search};
  for (;;) {
    int fresh = s->pairs == s->first_pair;
    double df, first = fresh ? s->p->first / gnorm : 1.0;
    THW_TRY(direction(s));
    THW_TRY(thw_dot(s->l.d, s->l.g, &df));
    thw_status st = THW_STALLED;
    optim_line p;
    if (df < 0.0) st = optim_descent_search(&s->l, &w, df, first, &p);
    if (st == THW_OK) return update(s, &p);
    if (st != THW_STALLED || fresh) return st;
    s->first_pair = s->pairs;
  }
}

static thw_status step(void *self, thw_step *io) {
  lbfgs *s = self;
  return optim_descent_step(&s->l, io, iterate, s);
}

static thw_status point(void *self, thw_vec *x) {
  lbfgs *s = self;
  THW_TRY(optim_ready(&s->o));
  return thw_copy(x, s->l.x);
}

static const thw_optimizer_ops ops = {
    .size = sizeof(thw_optimizer_ops), .start = start, .step = step, .point = point};

/* ---- extensions ----------------------------------------------------------------------------- */

#define FIELDS(s)                                                                                  \
  {                                                                                                \
    OPTIM_DESCENT_FIELDS(&(s)->l), {"pairs", OPTIM_I64, &(s)->pairs}, {                            \
      "first_pair", OPTIM_I64, &(s)->first_pair                                                    \
    }                                                                                              \
  }

static optim_field pair_field(char name[8], char what, int64_t k, thw_vec *v) {
  snprintf(name, 8, "%c%02d", what, (int)(k % MAX_MEMORY));
  return (optim_field){name, OPTIM_VEC, v};
}

static thw_status save(void *self, thw_writer *w) {
  lbfgs *s = self;
  const optim_field f[] = FIELDS(s);
  THW_TRY(optim_save(w, f, sizeof f / sizeof f[0]));
  for (int64_t k = s->first_pair; k < s->pairs; k++) {
    int64_t i = k % s->p->memory;
    char a[8], b[8];
    const optim_field v[2] = {pair_field(a, 's', i, s->s[i]), pair_field(b, 'y', i, s->y[i])};
    THW_TRY(optim_save(w, v, 2));
  }
  return w->blob(w, "rho", s->rho, sizeof s->rho);
}

static thw_status load(void *self, thw_reader *r) {
  lbfgs *s = self;
  const optim_field f[] = FIELDS(s);
  size_t n = sizeof s->rho;
  THW_TRY(optim_load(r, f, sizeof f / sizeof f[0]));
  if (s->first_pair < 0 || s->pairs < s->first_pair || s->pairs - s->first_pair > s->p->memory)
    return optim_fail(&s->o, THW_E_STATE,
                      "the checkpoint holds %lld pairs, the parameter memory is %lld: set it back",
                      (long long)(s->pairs - s->first_pair), (long long)s->p->memory);
  for (int64_t k = s->first_pair; k < s->pairs; k++) {
    int64_t i = k % s->p->memory;
    char a[8], b[8];
    const optim_field v[2] = {pair_field(a, 's', i, s->s[i]), pair_field(b, 'y', i, s->y[i])};
    THW_TRY(optim_load(r, v, 2));
  }
  return r->blob(r, "rho", s->rho, &n);
}

static const thw_ext_state state = {sizeof(thw_ext_state), 1, save, load};

static thw_status scale_step(void *self, double factor) {
  ((lbfgs *)self)->o.scale *= factor;
  return THW_OK;
}

static const thw_steer steer = {
    .size = sizeof(thw_steer), .reset = reset, .scale_step = scale_step};

static thw_status report_(void *self, thw_sink *k) {
  lbfgs *s = self;
  k->real(k, "step", s->l.step);
  k->real(k, "evaluations", (double)s->l.evals);
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
    .id = "lbfgs",
    .version = PACKAGE_VERSION,
    .flags = THW_F_ONE_POINT,
    .summary = "limited-memory BFGS on a finite sum",
    .doc = "Quasi-Newton steps from the last `memory` pairs of moves and gradient changes, each "
           "with a line search for the strong Wolfe conditions. An iteration costs one pass for "
           "each evaluation of the search, mostly one.\n\n"
           "Where differences of values drown in rounding, the search goes by derivatives, so that "
           "the gradient can be brought to the limit of the working precision; the method then "
           "says that it is stalled. A direction that fails is replaced by the negative gradient "
           "once, with the memory cleared.",
    .reference = "D. Liu, J. Nocedal, On the limited memory BFGS method for large scale "
                 "optimization, Math. Programming 45 (1989), algorithm 2.1; J. Nocedal, S. Wright, "
                 "Numerical Optimization, 2006, algorithms 3.5, 7.4, 7.5; W. Hager, H. Zhang, SIAM "
                 "J. Optim. 16 (2005) (approximate Wolfe conditions)",
    THW_PARAMS(params, struct lbfgs_params),
    .offers = offers,
    .ops = &ops,
    .check = check,
    .create = create,
    .destroy = destroy,
    .ext = ext,
};

static const thw_component *const components[] = {&component};

static const thw_plugin plugin = {
    THW_PLUGIN_HEAD,           .id = "lbfgs",     .version = PACKAGE_VERSION,
    .license = "BSD-3-Clause", .n_components = 1, .components = components,
};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
