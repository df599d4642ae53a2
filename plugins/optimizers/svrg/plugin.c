/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <string.h>

#include "kernels/optim/theory.h"
#include "plugins/optimizers/svrg/svrg.h"

static const char *const snapshots[] = {"last", "average", "random", NULL};
static const char *const choices[] = {"auto", "off", "on", NULL};

static const thw_param params[] = {
    THW_PARAM_REAL(struct svrg_params, step, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,
                   "Step length; 0: by the rule described above."),
    THW_PARAM_INT(struct svrg_params, batch, 0, 0, THW_NO_BOUND, "rows",
                  "Rows in each inner mini-batch, drawn with replacement; 0: 1 when the model is "
                  "known to be strongly convex, else 16."),
    THW_PARAM_INT(struct svrg_params, epoch, 0, 0, THW_NO_BOUND, "steps",
                  "Steps between snapshots; 0: 2n/batch when strongly convex, else n/(2 batch)."),
    THW_PARAM_ENUM(struct svrg_params, snapshot, SVRG_LAST, snapshots,
                   "The iterate of an epoch that the next one starts from: the last, the average, "
                   "or a random one (what the theory of non-convex sums asks for)."),
    THW_PARAM_BOOL(
        struct svrg_params, loopless, 0,
        "Renew the snapshot after each step with a probability, instead of after a fixed "
        "number of steps."),
    THW_PARAM_REAL(struct svrg_params, probability, 0.0, 0.0, 1.0, THW_P_LOG, NULL,
                   "Of a new snapshot, when loopless and epoch is 0; 0: one over the epoch's "
                   "length."),
    THW_PARAM_ENUM(struct svrg_params, adapt, SVRG_AUTO, choices,
                   "Let the step grow above the rule's while the norm of the full gradient falls "
                   "(auto: when strongly convex and step is 0)."),
    THW_PARAM_REAL(struct svrg_params, c_step, 3.0, 0.0, THW_NO_BOUND, THW_P_MIN_OPEN | THW_P_LOG,
                   NULL, "Constant c of the step rule for non-convex sums; 1 to 6 make sense."),
    THW_PARAM_REAL(struct svrg_params, lipschitz, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,
                   "Lipschitz constant L of the gradient; 0: the model's own, else estimated."),
    THW_PARAM_REAL(struct svrg_params, variance_hess, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,
                   "V_H, the variance of the rows' Hessians; 0: the model's own, else estimated."),
    THW_PARAM_INT(
        struct svrg_params, reestimate, 10, 0, THW_NO_BOUND, "epochs",
        "Epochs after which estimated constants are estimated afresh (later on small sums, "
        "where that would be a tenth of all work); 0: never."),
    THW_PARAM_ENUM(struct svrg_params, guard, SVRG_AUTO, choices,
                   "Undo an epoch after which f on a fixed sample has risen, and halve the step "
                   "(auto: unless strongly convex)."),
    THW_PARAM_INT(struct svrg_params, guard_batch, 512, 1, THW_NO_BOUND, "rows",
                  "Rows in the guard's sample."),
    THW_PARAM_REAL(struct svrg_params, guard_tol, 0.1, 0.0, THW_NO_BOUND, 0, NULL,
                   "Relative rise of f that the guard lets pass."),
    THW_PARAM_BOOL(
        struct svrg_params, fused, 1,
        "Use the model's fused inner loop where it has one; the steps are the same up to "
        "rounding."),
};

static thw_status check(const thw_host *h, thw_ctx *c, const void *params_) {
  const struct svrg_params *p = params_;
  if (p->probability > 0.0 && !p->loopless)
    return h->fail(c, THW_E_ARG, "probability is for loopless = true: set that, or give epoch");
  if (p->probability > 0.0 && p->epoch > 0)
    return h->fail(c, THW_E_ARG, "probability and epoch say the same thing: give one of them");
  return THW_OK;
}

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c,
                         const void *params_, const thw_wired *slots, void **self) {
  (void)me, (void)slots;
  svrg *s = h->alloc(c, sizeof *s);
  if (!s) return h->fail(c, THW_E_NOMEM, "out of memory for svrg");
  optim_init(&s->o, h, c);
  s->p = params_;
  s->t = -1;
  *self = s;
  return THW_OK;
}

static void destroy(void *self) {
  svrg *s = self;
  optim_vr_drop(&s->o, &s->v);
  optim_free(&s->o);
  s->o.host->release(s->o.ctx, s);
}

static const thw_optimizer_ops ops = {
    .size = sizeof(thw_optimizer_ops), .start = svrg_start, .step = svrg_step, .point = svrg_point};

/* ---- extensions ----------------------------------------------------------------------------- */

#define FIELDS(s)                                                                                  \
  {                                                                                                \
    OPTIM_CONSTANTS_FIELDS(&(s)->c), OPTIM_GUARD_FIELDS(&(s)->g), {"x", OPTIM_VEC, (s)->v.x},      \
        {"s", OPTIM_VEC, (s)->v.s}, {"mu", OPTIM_VEC, (s)->v.mu}, {"sum", OPTIM_VEC, (s)->sum},    \
        {"delta", OPTIM_VEC, (s)->delta}, {"owed", OPTIM_I64, &(s)->owed},                         \
        {"followed", OPTIM_I64, &(s)->followed}, {"probe", OPTIM_RNG, &(s)->probe.rng},            \
        {"draw", OPTIM_RNG, &(s)->v.draw}, {"pick", OPTIM_RNG, &(s)->pick},                        \
        {"eta", OPTIM_F64, &(s)->v.step}, {"growth", OPTIM_F64, &(s)->growth},                     \
        {"scale", OPTIM_F64, &(s)->o.scale}, {"norm_s", OPTIM_F64, &(s)->norm_s},                  \
        {"b", OPTIM_I64, &(s)->v.b}, {"mean_m", OPTIM_I64, &(s)->mean_m},                          \
        {"chunk", OPTIM_I64, &(s)->v.chunk}, {"t", OPTIM_I64, &(s)->t}, {"m", OPTIM_I64, &(s)->m}, \
        {"picked", OPTIM_I64, &(s)->picked}, {"epochs", OPTIM_I64, &(s)->epochs},                  \
  }

static thw_status save(void *self, thw_writer *w) {
  svrg *s = self;
  const optim_field f[] = FIELDS(s);
  return optim_save(w, f, sizeof f / sizeof f[0]);
}

static thw_status load(void *self, thw_reader *r) {
  svrg *s = self;
  const optim_field f[] = FIELDS(s);
  THW_TRY(optim_load(r, f, sizeof f / sizeof f[0]));
  if (s->v.b < 1 || s->v.b > s->o.n || s->v.chunk < 1 || s->t < -1 || s->t > s->m ||
      s->picked > s->m)
    return optim_fail(&s->o, THW_E_STATE,
                      "the checkpoint's epoch does not fit this sum of %lld rows",
                      (long long)s->o.n);
  return svrg_restore(s);
}

static const thw_ext_state state = {sizeof(thw_ext_state), 1, save, load};

static thw_status scale_step(void *self, double factor) {
  ((svrg *)self)->o.scale *= factor;
  return THW_OK;
}

static thw_status grow_batch(void *self, double factor) {
  svrg *s = self;
  double b = fmin((double)s->o.n, ceil((double)s->v.b * factor));
  if (!(b >= 1.0)) return THW_OK;
  /* An epoch keeps its length in rows. A running one ends first. */
  double rows = (double)s->mean_m * (double)s->v.b;
  optim_vr_batch(&s->v, &s->o, (int64_t)b);
  if (!svrg_by_one_row(s)) THW_TRY(optim_ask(&s->o, THW_FACT_LIPSCHITZ));
  s->mean_m = (int64_t)fmax(1.0, ceil(rows / b));
  return svrg_reset(s, s->v.x);
}

static thw_status take_facts(void *self, const thw_facts *f) {
  svrg *s = self;
  optim_take_facts(&s->o, f);
  s->c.have = 0;
  return THW_OK;
}

static const thw_steer steer = {.size = sizeof(thw_steer),
                                .reset = svrg_reset,
                                .scale_step = scale_step,
                                .grow_batch = grow_batch,
                                .facts = take_facts,
                                .moved = svrg_moved};

static thw_status report_(void *self, thw_sink *k) {
  svrg *s = self;
  k->real(k, "step", s->v.step);
  k->real(k, "batch", (double)s->v.b);
  k->real(k, "epoch", (double)s->epochs);
  if (s->c.L > 0.0) k->real(k, "L", s->c.L);
  if (s->c.VH > 0.0) k->real(k, "V_H", s->c.VH);
  if (s->g.rejected > 0) k->real(k, "rejected", (double)s->g.rejected);
  return THW_OK;
}

static const thw_ext_report report = {.size = sizeof(thw_ext_report), .report = report_};

static thw_status claims(void *self, const thw_problem *p, thw_claims *out) {
  (void)self;
  optim_numbers k = optim_numbers_of(p);
  double third = cbrt(k.n);
  if (!isfinite(k.n)) return THW_OK;
  optim_claim(out, &(optim_promise){.aim = THW_AIM_STATIONARY,
                                    .formula = "n + n^(2/3) L D_f / epsilon^2",
                                    .source = "Allen-Zhu and Hazan, ICML 2016, theorem 1; "
                                              "Reddi et al., ICML 2016, corollary 3",
                                    .note = "constants of order one left out",
                                    .first = k.n,
                                    .epochs = ceil(k.L * k.gap / (third * k.epsilon * k.epsilon)),
                                    .epoch = k.n});
  if (k.mu > 0.0)
    optim_claim(out, &(optim_promise){.aim = THW_AIM_VALUE,
                                      .formula = "(n + Lmax / mu) log(D_f / epsilon)",
                                      .source = "Johnson and Zhang, NIPS 2013, theorem 1",
                                      .note = "constants of order one left out",
                                      .epochs = ceil(optim_one_up(log(k.gap / k.epsilon))),
                                      .epoch = ceil(k.n + k.L_max / k.mu)});
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
    .id = "svrg",
    .version = PACKAGE_VERSION,
    .summary = "stochastic variance reduced gradient for finite sums",
    .doc =
        "Each epoch computes the full gradient mu at a snapshot s (one pass), then makes m steps "
        "x = x - step (g_I(x) - g_I(s) + mu) with mini-batches I of b rows, which cost 2b "
        "component gradients each.\n\n"
        "Step, in general: min(c (b / (V_H L m^2))^(1/3), 0.5/L), which descends on non-convex "
        "sums; the cost of an epoch does not depend on b up to about 0.1 (V_H/L^2)^(1/3) n^(2/3). "
        "L and V_H come from the parameters, else the model, else from estimates on 512 and 96 "
        "rows. A guard undoes epochs after which f on a fixed sample has risen by more than a "
        "tenth, and halves the step.\n\n"
        "Step on strongly convex sums whose rows' largest Lipschitz constant Lmax the model knows: "
        "b / (3 ((b-1) L + Lmax)), and from there up by a quarter per epoch as long as the norm of "
        "the full gradient falls (adapt). An epoch that more than doubles it is undone and the "
        "step "
        "halved, never below the rule's.\n\n"
        "On linear models with sparse rows the inner loop is one call that touches only the "
        "features of the rows drawn (fused).",
    .reference =
        "R. Johnson, T. Zhang, NIPS 2013; Z. Allen-Zhu, E. Hazan, ICML 2016 and S. Reddi et "
        "al., ICML 2016 (non-convex); D. Kovalev, S. Horvath, P. Richtarik, ALT 2020 "
        "(loopless)",
    THW_PARAMS(params, struct svrg_params),
    .offers = offers,
    .ops = &ops,
    .check = check,
    .create = create,
    .destroy = destroy,
    .ext = ext,
};

static const thw_component *const components[] = {&component};

static const thw_plugin plugin = {
    THW_PLUGIN_HEAD,           .id = "svrg",      .version = PACKAGE_VERSION,
    .license = "BSD-3-Clause", .n_components = 1, .components = components,
};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
