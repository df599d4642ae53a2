/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <string.h>

#include "plugins/optimizers/neon2/neon2.h"

static const char *const choices[] = {"auto", "off", "on", NULL};

static const thw_param params[] = {
    ESCAPE_PARAMS,
    THW_PARAM_INT(struct neon2_params, grace, 2, 0, THW_NO_BOUND, "epochs",
                  "Epochs of the inner method after a curvature step before the gradient is tested "
                  "again."),
    THW_PARAM_ENUM(struct neon2_params, guard, NEON2_AUTO, choices,
                   "Undo an epoch after which f on a fixed sample has risen, and halve the inner "
                   "method's step (auto: if that can be steered)."),
    THW_PARAM_INT(struct neon2_params, guard_batch, 512, 1, THW_NO_BOUND, "rows",
                  "Rows in the guard's sample."),
    THW_PARAM_REAL(struct neon2_params, guard_tol, 0.1, 0.0, THW_NO_BOUND, 0, NULL,
                   "Relative rise of f that the guard lets pass."),
    THW_PARAM_ENUM(struct neon2_params, plateau, NEON2_AUTO, choices,
                   "Let the inner method's mini-batch grow where f no longer falls (auto: if it "
                   "has one that can be steered and works without full gradients)."),
    THW_PARAM_INT(struct neon2_params, plateau_epochs, 5, 1, THW_NO_BOUND, "epochs",
                  "Epochs that are compared with those before."),
    THW_PARAM_REAL(struct neon2_params, plateau_gain, 0.01, 0.0, 1.0, 0, NULL,
                   "Part of the progress since the last start that they must bring."),
    THW_PARAM_REAL(struct neon2_params, batch_growth, 4.0, 1.0, THW_NO_BOUND, THW_P_MIN_OPEN, NULL,
                   "Factor on the mini-batch."),
    THW_PARAM_BOOL(struct neon2_params, theory, 0,
                   "As in the theorems: literal probe, interval 2L, steps of delta/L2 with random "
                   "signs, no grace, no guard, no plateau rule. Needs lipschitz_hess or a model "
                   "that knows it."),
};

static const thw_slot slots[] = {
    {"inner", THW_OPTIMIZER, 1, NULL, "Goes to stationary points: svrg, scsg, gd, sgd, ..."}};

static thw_status check(const thw_host *h, thw_ctx *c, const void *params_) {
  const struct neon2_params *p = params_;
  int search = p->e.search;
  if (p->theory && (search == CURV_VR || search == CURV_SVRG || search == CURV_KRYLOV))
    return h->fail(c, THW_E_ARG,
                   "theory = true is for search = \"det\" and \"online\": choose one of them");
  return escape_check(h, c, &p->e);
}

static void destroy(void *self) {
  neon2 *s = self;
  escape_free(&s->e);
  optim_free(&s->o);
  s->o.host->release(s->o.ctx, s);
}

static void choose(neon2 *s) {
  const struct neon2_params *p = s->p;
  int grows = s->steer && THW_HAS(thw_steer, s->steer, grow_batch) && s->steer->grow_batch;
  s->guarded = s->steer && p->guard != NEON2_OFF && !p->theory;
  s->watched = grows && p->plateau != NEON2_OFF && !p->theory;
  s->ep = p->e;
  if (!p->theory) return;
  s->ep.probe = CURV_PROBE_LITERAL;
  s->ep.map = CURV_MAP_PAPER;
  s->ep.nc_step = ESCAPE_THEORY;
  s->ep.test = ESCAPE_PAPER;
}

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c,
                         const void *params_, const thw_wired *wired, void **self) {
  (void)me;
  neon2 *s = h->alloc(c, sizeof *s);
  if (!s) return h->fail(c, THW_E_NOMEM, "out of memory for neon2");
  optim_init(&s->o, h, c);
  s->p = params_;
  s->inner = wired->object[0];
  s->steer = thw_ext(&s->inner, THW_EXT_STEER);
  choose(s);
  thw_status st = escape_create(&s->e, &s->ep, &s->o, 1);
  if (st == THW_OK && !s->steer && s->p->guard == NEON2_ON)
    st = h->fail(c, THW_E_ARG,
                 "guard = \"on\" needs an inner method that can be steered (" THW_EXT_STEER
                 "): use \"auto\", or another one");
  if (st != THW_OK) {
    destroy(s);
    return st;
  }
  if (!s->steer)
    h->log(c, THW_LOG_WARN,
           "the inner method offers no " THW_EXT_STEER ": it runs as it is, "
           "without a guard, and starts anew after each curvature step");
  *self = s;
  return THW_OK;
}

static const thw_optimizer_ops ops = {.size = sizeof(thw_optimizer_ops),
                                      .start = neon2_start,
                                      .step = neon2_step,
                                      .point = neon2_point};

/* ---- extensions -------------------------------------------------------------------------------
 */

#define FIELDS(s)                                                                                  \
  {                                                                                                \
    ESCAPE_FIELDS(&(s)->e), {"start", OPTIM_VEC, (s)->start},                                      \
        {"f_start", OPTIM_F64, &(s)->f_start}, {"mult", OPTIM_F64, &(s)->mult},                    \
        {"told", OPTIM_F64, &(s)->told}, {"place", OPTIM_I64, &(s)->place},                        \
        {"source", OPTIM_I64, &(s)->source}, {"grace", OPTIM_I64, &(s)->grace},                    \
        {"epochs", OPTIM_I64, &(s)->epochs}, {"rejected", OPTIM_I64, &(s)->rejected},              \
        {"in_a_row", OPTIM_I64, &(s)->in_a_row}, {"stuck", OPTIM_I64, &(s)->stuck},                \
        {"force", OPTIM_I64, &(s)->force}, {"end", OPTIM_I64, &(s)->end},                          \
        {"f_reset", OPTIM_F64, &(s)->f_reset}, {"best", OPTIM_F64, &(s)->best},                    \
        {"window", OPTIM_F64, &(s)->window}, {"in_window", OPTIM_I64, &(s)->in_window},            \
        {"grown", OPTIM_I64, &(s)->grown},                                                         \
  }

static thw_status save(void *self, thw_writer *w) {
  neon2 *s = self;
  const optim_field f[] = FIELDS(s);
  return optim_save(w, f, sizeof f / sizeof f[0]);
}

static thw_status load(void *self, thw_reader *r) {
  neon2 *s = self;
  const optim_field f[] = FIELDS(s);
  THW_TRY(optim_load(r, f, sizeof f / sizeof f[0]));
  if (s->place < NEON2_ARRIVED || s->place > NEON2_TESTED || s->source < NEON2_UNKNOWN ||
      s->source > NEON2_BEGIN || s->e.variant < CURV_AUTO || s->e.variant > CURV_KRYLOV)
    return optim_fail(&s->o, THW_E_STATE, "the checkpoint does not hold a state of neon2");
  return THW_OK;
}

static const thw_ext_state state = {sizeof(thw_ext_state), 1, save, load};

static thw_status no_steer(const neon2 *s) {
  return optim_fail(&s->o, THW_E_UNSUPPORTED,
                    "neon2: the inner method offers no " THW_EXT_STEER ": its step and batch are "
                    "its own");
}

static thw_status scale_step(void *self, double factor) {
  neon2 *s = self;
  return s->steer ? s->steer->scale_step(s->inner.self, factor) : no_steer(s);
}

static thw_status grow_batch(void *self, double factor) {
  neon2 *s = self;
  if (!s->steer) return no_steer(s);
  int grows = THW_HAS(thw_steer, s->steer, grow_batch) && s->steer->grow_batch;
  return grows ? s->steer->grow_batch(s->inner.self, factor) : THW_OK;
}

static thw_status take_facts(void *self, const thw_facts *f) {
  neon2 *s = self;
  optim_take_facts(&s->o, f);
  s->e.c.have = 0;
  int takes = s->steer && THW_HAS(thw_steer, s->steer, facts) && s->steer->facts;
  return takes ? s->steer->facts(s->inner.self, f) : THW_OK;
}

static const thw_steer steer = {.size = sizeof(thw_steer),
                                .reset = neon2_reset,
                                .scale_step = scale_step,
                                .grow_batch = grow_batch,
                                .facts = take_facts};

static thw_status report_(void *self, thw_sink *k) {
  neon2 *s = self;
  k->real(k, "certified", s->end == THW_DONE);
  escape_report(&s->e, k);
  k->real(k, "epoch", (double)s->epochs);
  if (s->rejected > 0) k->real(k, "rejected", (double)s->rejected);
  if (s->grown > 0) k->real(k, "batch_growths", (double)s->grown);
  return THW_OK;
}

static const thw_ext_report report = {.size = sizeof(thw_ext_report), .report = report_};

static const thw_theory theory = {.size = sizeof(thw_theory), .claims = neon2_claims};

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
    .id = "neon2",
    .version = PACKAGE_VERSION,
    .summary = "turns any first-order method into one that finds local minima",
    .doc =
        "Runs the inner method epoch by epoch until the norm of the gradient is at most 3/4 "
        "epsilon, on all rows or on as many as it takes to be sure; then looks for a direction v "
        "of "
        "curvature v'Hv <= -acc delta by differences of gradients alone. Where there is one it "
        "steps along it and goes on from there; where there is none the point is an (epsilon, "
        "delta)-local minimum with the stated probability, and the run is over.\n\n"
        "epsilon, delta and the probability are the run's (stop.epsilon, stop.delta, "
        "stop.confidence) unless given here. The run does not end at a small gradient, as it does "
        "for other methods, but when neon2 is done or the budget is spent.\n\n"
        "Searches: det (Neon2^det: Chebyshev iteration, full gradients, a proved certificate "
        "given L), online (Neon2^online: Oja's iteration on mini-batches with verified finds; for "
        "streams), svrg (Neon2^svrg: shift and invert; for very large sums), vr "
        "(variance-reduced Oja: cheapest on most sums, its failure rate is measured, not proved) "
        "and krylov (Lanczos: the fewest full gradients for finds and certificates, proved without "
        "L, keeps up to 128 vectors).\n\n"
        "The length of a curvature step is found by a line search on values of the test's rows, "
        "which makes L2 unimportant. An epoch of the inner method after which f on 512 fixed rows "
        "has risen by more than a tenth is undone and repeated with half the step: right after a "
        "saddle L and V_H can grow by orders of magnitude. The mini-batch of methods with a noise "
        "floor is multiplied by four where f stays on a plateau.\n\n"
        "Where the inner method's steps tell the norm of the full gradient (gd, svrg, lbfgs) the "
        "test costs nothing.",
    .reference = "Z. Allen-Zhu, Y. Li, NEON2: Finding Local Minima via First-Order Oracles, "
                 "NeurIPS 2018, algorithms 1-3 and theorems 2-5; Y. Xu, R. Jin, T. Yang, "
                 "First-order Stochastic Algorithms for Escaping From Saddle Points in Almost "
                 "Linear Time, NeurIPS 2018",
    THW_PARAMS(params, struct neon2_params),
    THW_SLOTS(slots),
    .offers = offers,
    .ops = &ops,
    .check = check,
    .create = create,
    .destroy = destroy,
    .ext = ext,
};

static const thw_component *const components[] = {&component};

static const thw_plugin plugin = {
    THW_PLUGIN_HEAD,           .id = "neon2",     .version = PACKAGE_VERSION,
    .license = "BSD-3-Clause", .n_components = 1, .components = components,
};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
