/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <string.h>

#include "kernels/optim/theory.h"
#include "plugins/optimizers/scsg/scsg.h"

static const char *const lengths[] = {"geometric", "fixed", NULL};

static const thw_param params[] = {
    THW_PARAM_REAL(struct scsg_params, step, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,
                   "Step length; 0: by the rule described above."),
    THW_PARAM_REAL(struct scsg_params, c_step, 3.0, 0.0, THW_NO_BOUND, THW_P_MIN_OPEN | THW_P_LOG,
                   NULL, "Constant c of the step rule; 1 to 6 make sense."),
    THW_PARAM_ENUM(struct scsg_params, inner_length, SCSG_GEOMETRIC, lengths,
                   "Steps of an epoch: geometric with mean B/b, cut at ten times that, or always "
                   "B/b."),
    THW_PARAM_ENUM(struct scsg_params, output, OPTIM_LAST, optim_outputs,
                   "The iterate of an epoch that the next one starts from."),
    OPTIM_EPOCH_PARAMS(struct scsg_params),
    OPTIM_EPOCH_CONSTANT_PARAMS(struct scsg_params),
    THW_PARAM_BOOL(struct scsg_params, theory, 0,
                   "As in the theorem: step gamma/L (b/B)^(2/3), no cut, no guard, and the point "
                   "delivered is that of a random epoch, drawn with probability proportional to "
                   "step B/b."),
    THW_PARAM_REAL(struct scsg_params, gamma, 1.0 / 6.0, 0.0, 1.0 / 3.0, THW_P_MIN_OPEN, NULL,
                   "Of the theory form's step."),
};

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c,
                         const void *params_, const thw_wired *slots, void **self) {
  (void)me, (void)slots;
  thw_goal goal;
  scsg *s = h->alloc(c, sizeof *s);
  if (!s) return h->fail(c, THW_E_NOMEM, "out of memory for scsg");
  optim_init(&s->o, h, c);
  s->p = params_;
  thw_status st = optim_goal(&s->o, &goal);
  s->epsilon = s->p->epsilon > 0.0 ? s->p->epsilon : goal.epsilon;
  *self = s;
  return st;
}

static void destroy(void *self) {
  scsg *s = self;
  if (s->o.started) optim_epoch_drop(&s->e);
  optim_free(&s->o);
  s->o.host->release(s->o.ctx, s);
}

static const thw_optimizer_ops ops = {
    .size = sizeof(thw_optimizer_ops), .start = scsg_start, .step = scsg_step, .point = scsg_point};

/* ---- extensions ----------------------------------------------------------------------------- */

#define FIELDS(s)                                                                                  \
  {                                                                                                \
    OPTIM_CONSTANTS_FIELDS(&(s)->e.c), OPTIM_EPOCH_FIELDS(&(s)->e),                                \
        {"scale", OPTIM_F64, &(s)->o.scale}, {"chosen", OPTIM_VEC, (s)->chosen},                   \
        {"output", OPTIM_RNG, &(s)->output}, {"weight", OPTIM_F64, &(s)->weight},                  \
  }

static thw_status save(void *self, thw_writer *w) {
  scsg *s = self;
  const optim_field f[] = FIELDS(s);
  return optim_save(w, f, sizeof f / sizeof f[0]);
}

static thw_status load(void *self, thw_reader *r) {
  scsg *s = self;
  const optim_field f[] = FIELDS(s);
  THW_TRY(optim_load(r, f, sizeof f / sizeof f[0]));
  return optim_epoch_restore(&s->e);
}

static const thw_ext_state state = {sizeof(thw_ext_state), 1, save, load};

static thw_status scale_step(void *self, double factor) {
  ((scsg *)self)->o.scale *= factor;
  return THW_OK;
}

static thw_status grow_batch(void *self, double factor) {
  return optim_epoch_grow(&((scsg *)self)->e, factor);
}

static thw_status take_facts(void *self, const thw_facts *f) {
  scsg *s = self;
  optim_take_facts(&s->o, f);
  s->e.c.have = 0;
  return THW_OK;
}

static const thw_steer steer = {.size = sizeof(thw_steer),
                                .reset = scsg_reset,
                                .scale_step = scale_step,
                                .grow_batch = grow_batch,
                                .facts = take_facts};

static thw_status report_(void *self, thw_sink *k) {
  const scsg *s = self;
  optim_epoch_report(&s->e, k);
  optim_epoch_report_constants(&s->e, k);
  return THW_OK;
}

static const thw_ext_report report = {.size = sizeof(thw_ext_report), .report = report_};

/* B = V/epsilon^2 rows and an inner loop of as many, (L D_f / epsilon^2) (V / epsilon^2)^(-1/3)
 * times. */
static thw_status claims(void *self, const thw_problem *p, thw_claims *out) {
  (void)self;
  optim_numbers k = optim_numbers_of(p);
  double eps2 = k.epsilon * k.epsilon, B = optim_rows(&k, k.V / eps2);
  optim_claim(out, &(optim_promise){.aim = THW_AIM_STATIONARY,
                                    .formula = "L D_f B^(2/3) / epsilon^2, B = min(n, V / "
                                               "epsilon^2)",
                                    .source = "Lei, Ju, Chen and Jordan, NIPS 2017, section 3",
                                    .note = "constants of order one left out",
                                    .first = B,
                                    .epochs = ceil(k.L * k.gap / (eps2 * cbrt(B))),
                                    .epoch = B});
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
    .id = "scsg",
    .version = PACKAGE_VERSION,
    .summary = "stochastically controlled stochastic gradient (SCSG)",
    .doc =
        "Each epoch takes the gradient mu of a batch of B rows at a snapshot s, then makes N steps "
        "x = x - step (g_I(x) - g_I(s) + mu) with mini-batches I of b rows; N is geometric with "
        "mean B/b. SVRG whose snapshot costs no more than the accuracy asks for: sums and streams "
        "alike.\n\n"
        "It settles where the norm of the gradient is sqrt(V/B (1 - B/n)), V the variance of the "
        "rows' gradients, so B has to follow: B = 2 V / epsilon^2 (c_snapshot), V the running mean "
        "of what eight blocks of each batch show, at most four times the B before. Without an "
        "epsilon, epoch j has 200 j^1.5 rows, up to the whole sum.\n\n"
        "Step: min(c (b^3 / (V_H L B^2))^(1/3), 0.5/L). L and V_H come from the parameters, else "
        "the model, else from estimates on 512 and 96 rows. A guard undoes epochs after which f on "
        "a fixed sample has risen by more than a tenth, and halves the step.",
    .reference = "L. Lei, C. Ju, J. Chen, M. Jordan, Non-Convex Finite-Sum Optimization Via SCSG "
                 "Methods, NIPS 2017, algorithm 1",
    THW_PARAMS(params, struct scsg_params),
    .offers = offers,
    .ops = &ops,
    .create = create,
    .destroy = destroy,
    .ext = ext,
};

static const thw_component *const components[] = {&component};

static const thw_plugin plugin = {
    THW_PLUGIN_HEAD,           .id = "scsg",      .version = PACKAGE_VERSION,
    .license = "BSD-3-Clause", .n_components = 1, .components = components,
};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
