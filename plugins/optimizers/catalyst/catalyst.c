/* SPDX-License-Identifier: BSD-3-Clause */
/* Nesterov's acceleration around any method for convex sums. */
#include "config.h"

#include "plugins/optimizers/catalyst/catalyst.h"

#include <string.h>

struct catalyst_params {
  double kappa, convexity;
  int64_t epochs;
};

static const thw_param params[] = {
    THW_PARAM_REAL(struct catalyst_params, kappa, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,
                   "Weight of the proximal term; 0: 3 (Lmax - mu)/(n + 1) - mu, which suits svrg."),
    THW_PARAM_REAL(struct catalyst_params, convexity, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,
                   "mu such that f - mu/2 |x|^2 is convex; 0: the model's own, else none."),
    THW_PARAM_INT(struct catalyst_params, epochs, 1, 1, THW_NO_BOUND, "epochs",
                  "Epochs of the inner method on each shifted objective."),
};

static const char *const steered[] = {THW_EXT_STEER, NULL};
static const thw_slot slots[] = {
    {"inner", THW_OPTIMIZER, 1, steered, "Minimises the shifted objectives: svrg, gd, ..."}};

enum { LAST, CENTRE, X, DIFF, VECS };

typedef struct catalyst {
  optim o;
  const struct catalyst_params *p;
  thw_object inner, objective;
  const thw_steer *steer;
  shifted f;
  thw_vec *last, *x; /* the outer iterate before this one, scratch for this one */
  double mu, q, alpha, beta;
  int64_t done, outer, due; /* epochs on this objective; objectives; the inner must be reset */
} catalyst;

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c,
                         const void *params_, const thw_wired *wired, void **self) {
  (void)me;
  catalyst *s = h->alloc(c, sizeof *s);
  if (!s) return h->fail(c, THW_E_NOMEM, "out of memory for catalyst");
  optim_init(&s->o, h, c);
  s->p = params_;
  s->inner = wired->object[0];
  s->steer = thw_ext(&s->inner, THW_EXT_STEER);
  *self = s;
  return THW_OK;
}

static void destroy(void *self) {
  catalyst *s = self;
  optim_free(&s->o);
  s->o.host->release(s->o.ctx, s);
}

/* mu, kappa and what follows from them. */
static thw_status constants(catalyst *s) {
  const thw_facts *f = &s->o.facts;
  s->mu = s->p->convexity > 0.0 ? s->p->convexity : optim_known(f->convexity) ? f->convexity : 0.0;
  s->f.kappa = s->p->kappa;
  if (s->p->kappa == 0.0) {
    double L = optim_known(f->lipschitz_max) ? f->lipschitz_max : f->lipschitz;
    if (!optim_known(L))
      return optim_fail(&s->o, THW_E_ARG,
                        "catalyst: kappa = 0 takes it from the model's Lipschitz "
                        "constant, which it does not know: give kappa");
    s->f.kappa = fmax(0.0, 3.0 * (L - s->mu) / ((double)s->o.n + 1.0) - s->mu);
  }
  s->q = s->mu > 0.0 ? s->mu / (s->mu + s->f.kappa) : 0.0;
  return THW_OK;
}

/* The first objective is centred at x. */
static thw_status begin(catalyst *s, const thw_vec *x) {
  s->alpha = s->q > 0.0 ? sqrt(s->q) : 0.5 * (sqrt(5.0) - 1.0);
  s->beta = 0.0;
  s->done = s->due = 0;
  THW_TRY(thw_copy(s->last, x));
  return thw_copy(s->f.centre, x);
}

static thw_status start(void *self, const thw_object *oracle, const thw_vec *x0) {
  catalyst *s = self;
  THW_TRY(optim_start(&s->o, oracle, VECS));
  THW_TRY(optim_ask(&s->o, THW_FACT_LIPSCHITZ_MAX | THW_FACT_CONVEXITY));
  THW_TRY(optim_need_sum(&s->o, "catalyst", "the optimizer \"sgd\""));
  s->last = s->o.vec[LAST], s->x = s->o.vec[X];
  s->f.centre = s->o.vec[CENTRE], s->f.diff = s->o.vec[DIFF];
  s->objective = shifted_object(&s->f, oracle);
  s->outer = 0;
  THW_TRY(constants(s));
  THW_TRY(begin(s, x0));
  return thw_optimizer_start(&s->inner, &s->objective, x0);
}

static thw_status reset(void *self, const thw_vec *x) {
  catalyst *s = self;
  THW_TRY(optim_ready(&s->o));
  THW_TRY(begin(s, x));
  return s->steer->reset(s->inner.self, x);
}

/* The next centre y = x + beta (x - last). The inner method goes on from x: the starts moved along
 * with the centre that the theory likes let it diverge when it solves as loosely as in one epoch
 * (measured on a9a with c = 1000). */
static thw_status extrapolate(catalyst *s) {
  double a = s->alpha, q = s->q;
  THW_TRY(thw_optimizer_point(&s->inner, s->x));
  double next = 0.5 * (q - a * a + sqrt((q - a * a) * (q - a * a) + 4.0 * a * a));
  s->beta = a * (1.0 - a) / (a * a + next);
  s->alpha = next;
  thw_vec *delta = s->f.diff; /* of the gradient: kappa (old centre - new centre) */
  THW_TRY(thw_axpby(delta, s->f.kappa, s->f.centre, 0.0));
  THW_TRY(thw_axpby(s->f.centre, 1.0 + s->beta, s->x, 0.0));
  THW_TRY(thw_axpy(s->f.centre, -s->beta, s->last));
  THW_TRY(thw_copy(s->last, s->x));
  s->done = 0;
  s->outer++;
  if (!THW_HAS(thw_steer, s->steer, moved) || !s->steer->moved)
    return s->steer->reset(s->inner.self, s->x);
  THW_TRY(thw_axpy(delta, -s->f.kappa, s->f.centre));
  return s->steer->moved(s->inner.self, delta);
}

static thw_status step(void *self, thw_step *io) {
  catalyst *s = self;
  THW_TRY(optim_ready(&s->o));
  if (s->due) THW_TRY(extrapolate(s));
  s->due = 0;
  do {
    thw_step in = {.size = sizeof in, .flags = io->flags, .max_units = io->max_units};
    in.f = in.grad_norm = (double)NAN;
    thw_status st = thw_optimizer_step(&s->inner, &in);
    if (st < 0 || st == THW_BUDGET || st == THW_CANCELLED) return st;
    /* Done or stuck on one objective is the end of that one only. */
    int over = st == THW_DONE || st == THW_STALLED;
    if (over) s->done = s->p->epochs;
    if (!over && in.epoch_end) s->done++;
    s->due = s->done >= s->p->epochs;
  } while (!s->due && (io->flags & THW_STEP_EPOCH));
  io->epoch_end = s->due != 0;
  return THW_OK;
}

static thw_status point(void *self, thw_vec *x) {
  catalyst *s = self;
  THW_TRY(optim_ready(&s->o));
  return thw_optimizer_point(&s->inner, x);
}

static const thw_optimizer_ops ops = {
    .size = sizeof(thw_optimizer_ops), .start = start, .step = step, .point = point};

/* ---- extensions ----------------------------------------------------------------------------- */

#define FIELDS(s)                                                                                  \
  {                                                                                                \
    {"last", OPTIM_VEC, (s)->last}, {"centre", OPTIM_VEC, (s)->f.centre},                          \
        {"alpha", OPTIM_F64, &(s)->alpha}, {"beta", OPTIM_F64, &(s)->beta},                        \
        {"done", OPTIM_I64, &(s)->done}, {"outer", OPTIM_I64, &(s)->outer},                        \
        {"due", OPTIM_I64, &(s)->due},                                                             \
  }

static thw_status save(void *self, thw_writer *w) {
  catalyst *s = self;
  const optim_field f[] = FIELDS(s);
  return optim_save(w, f, sizeof f / sizeof f[0]);
}

static thw_status load(void *self, thw_reader *r) {
  catalyst *s = self;
  const optim_field f[] = FIELDS(s);
  return optim_load(r, f, sizeof f / sizeof f[0]);
}

static const thw_ext_state state = {sizeof(thw_ext_state), 1, save, load};

static thw_status scale_step(void *self, double factor) {
  catalyst *s = self;
  return s->steer->scale_step(s->inner.self, factor);
}

static const thw_steer steer = {
    .size = sizeof(thw_steer), .reset = reset, .scale_step = scale_step};

static thw_status report_(void *self, thw_sink *k) {
  catalyst *s = self;
  k->real(k, "kappa", s->f.kappa);
  k->real(k, "beta", s->beta);
  k->real(k, "outer", (double)s->outer);
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
    .id = "catalyst",
    .version = PACKAGE_VERSION,
    .summary = "accelerates an inner optimizer for ill-conditioned convex sums",
    .doc =
        "Runs the inner optimizer for a few epochs on f(x) + kappa/2 |x - y|^2, moves the centre "
        "y beyond the point reached, and so on. The shifted objective is easier by as much as "
        "kappa exceeds the convexity mu of f.\n\n"
        "Worth its while when Lmax/mu is much larger than the number of rows; with the rule for "
        "kappa it becomes the inner method itself when it is not. svrg finds its step by itself, "
        "judged across centres. The inner method's fused loop "
        "and dense Hessians work through it. Methods with memory (lbfgs) lose it at each "
        "centre.",
    .reference = "H. Lin, J. Mairal, Z. Harchaoui, A universal catalyst for first-order "
                 "optimization, NIPS 2015, algorithm 1; the same, JMLR 18 (2018), section 3 (warm "
                 "starts)",
    THW_PARAMS(params, struct catalyst_params),
    THW_SLOTS(slots),
    .offers = offers,
    .ops = &ops,
    .create = create,
    .destroy = destroy,
    .ext = ext,
};

static const thw_component *const components[] = {&component};

static const thw_plugin plugin = {
    THW_PLUGIN_HEAD,           .id = "catalyst",  .version = PACKAGE_VERSION,
    .license = "BSD-3-Clause", .n_components = 1, .components = components,
};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
