/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <string.h>

#include "kernels/optim/theory.h"
#include "plugins/optimizers/spider/spider.h"

static const char *const forms[] = {"plain", "normalised", NULL};
static const char *const snapshots[] = {"auto", "whole", "variance", NULL};
static const char *const escapes[] = {"none", "perturb", NULL};

static const thw_param params[] = {
    THW_PARAM_ENUM(struct spider_params, form, SPIDER_PLAIN, forms,
                   "plain: x = x - step v (SpiderBoost); normalised: steps of length epsilon/L "
                   "while |v| > epsilon (SPIDER-SFO), safe and slow."),
    THW_PARAM_REAL(struct spider_params, step, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,
                   "Step length; 0: by the rule described above."),
    THW_PARAM_REAL(struct spider_params, c_step, 1.0, 0.0, THW_NO_BOUND, THW_P_MIN_OPEN | THW_P_LOG,
                   NULL, "Constant c of the step rule."),
    THW_PARAM_INT(struct spider_params, mini_batch, 0, 0, THW_NO_BOUND, "rows",
                  "Rows in each inner mini-batch (b), drawn with replacement; 0: by the rule "
                  "described above."),
    THW_PARAM_INT(struct spider_params, epoch, 0, 0, THW_NO_BOUND, "steps",
                  "Steps between snapshots (q); 0: B/(2b)."),
    THW_PARAM_ENUM(struct spider_params, snapshot, SPIDER_AUTO, snapshots,
                   "Rows of a snapshot (B): whole: all of them; variance: c_snapshot V / "
                   "epsilon^2, V the variance of the rows' gradients, at most all; auto: whole, on "
                   "streams variance."),
    THW_PARAM_INT(struct spider_params, snapshot_batch, 0, 0, THW_NO_BOUND, "rows",
                  "B, when it is to be a fixed number; 0: by `snapshot'."),
    THW_PARAM_REAL(struct spider_params, c_snapshot, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,
                   "Constant of that rule; 0: 2, with escape 16."),
    THW_PARAM_INT(struct spider_params, snapshot_min, 64, 1, THW_NO_BOUND, "rows",
                  "Where B starts by that rule, and its lower bound."),
    THW_PARAM_REAL(struct spider_params, epsilon, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,
                   "Norm of the gradient to reach; 0: stop.epsilon of the run."),
    THW_PARAM_REAL(struct spider_params, lipschitz, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,
                   "Lipschitz constant L of the gradient; 0: the model's own, else estimated."),
    THW_PARAM_REAL(struct spider_params, variance_hess, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,
                   "V_H, the variance of the rows' Hessians; 0: the model's own, else estimated."),
    THW_PARAM_INT(struct spider_params, reestimate, 10, 0, THW_NO_BOUND, "epochs",
                  "Epochs after which estimated constants are estimated afresh (later where that "
                  "would be a tenth of all work); 0: never."),
    THW_PARAM_BOOL(struct spider_params, theory, 0,
                   "As in the theorems: b = q = sqrt(B), step 0.5/L, no guard."),
    THW_PARAM_ENUM(struct spider_params, guard, OPTIM_AUTO, optim_switches,
                   "Undo an epoch after which f on a fixed sample has risen, and halve the step "
                   "(auto: but in the theory form)."),
    THW_PARAM_INT(struct spider_params, guard_batch, 512, 1, THW_NO_BOUND, "rows",
                  "Rows in the guard's sample."),
    THW_PARAM_REAL(struct spider_params, guard_tol, 0.1, 0.0, THW_NO_BOUND, 0, NULL,
                   "Relative rise of f that the guard lets pass."),
    THW_PARAM_ENUM(struct spider_params, escape, SPIDER_NONE, escapes,
                   "none: to stationary points; perturb: to local minima, by pushes off saddles "
                   "(SSRGD)."),
    THW_PARAM_REAL(struct spider_params, radius, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,
                   "perturb: radius r of the ball that a push is drawn from; 0: 1e-3."),
    THW_PARAM_REAL(struct spider_params, threshold, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,
                   "perturb: norm of the snapshot's gradient at which it pushes; 0: epsilon, or "
                   "3/4 epsilon where B is not the whole sum; 1e-3 without an epsilon."),
    THW_PARAM_REAL(struct spider_params, decrease, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,
                   "perturb: a push has led out of a saddle when f is lower by this much; 0: 100 "
                   "delta r^2, or 1e-6 (1 + |f|) where stop.delta is 0."),
    THW_PARAM_INT(
        struct spider_params, interval, 0, 0, THW_NO_BOUND, "steps",
        "perturb: steps that a push is given for that; 0: until ln(1 + step delta), step by "
        "step, adds up to ln(20 sqrt(2d/pi) / p), p = 1 - stop.confidence; 100/(step L) "
        "where stop.delta is 0."),
    THW_PARAM_REAL(struct spider_params, distance, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,
                   "perturb: it is looked at earlier when it has led this far; 0: 200 r."),
};

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c,
                         const void *params_, const thw_wired *slots, void **self) {
  (void)me, (void)slots;
  spider *s = h->alloc(c, sizeof *s);
  if (!s) return h->fail(c, THW_E_NOMEM, "out of memory for spider");
  optim_init(&s->o, h, c);
  s->p = params_;
  *self = s;
  return s->p->escape == SPIDER_PERTURB ? optim_take_end(&s->o, &s->goal)
                                        : optim_goal(&s->o, &s->goal);
}

static void destroy(void *self) {
  spider *s = self;
  optim_free(&s->o);
  s->o.host->release(s->o.ctx, s);
}

static const thw_optimizer_ops ops = {.size = sizeof(thw_optimizer_ops),
                                      .start = spider_start,
                                      .step = spider_step,
                                      .point = spider_point};

/* ---- extensions ----------------------------------------------------------------------------- */

#define FIELDS(s)                                                                                  \
  {                                                                                                \
    OPTIM_CONSTANTS_FIELDS(&(s)->e.c), OPTIM_EPOCH_FIELDS(&(s)->e),                                \
        {"scale", OPTIM_F64, &(s)->o.scale}, {"prev", OPTIM_VEC, (s)->prev},                       \
        {"est", OPTIM_VEC, (s)->est}, {"still", OPTIM_VEC, (s)->still},                            \
        {"push", OPTIM_RNG, &(s)->push}, {"judge", OPTIM_RNG, &(s)->judge},                        \
        {"norm", OPTIM_F64, &(s)->norm}, {"f_still", OPTIM_F64, &(s)->f_still},                    \
        {"norm_still", OPTIM_F64, &(s)->norm_still}, {"spent", OPTIM_F64, &(s)->spent},            \
        {"super", OPTIM_I64, &(s)->super}, {"super_steps", OPTIM_I64, &(s)->steps},                \
        {"far", OPTIM_I64, &(s)->far}, {"pushes", OPTIM_I64, &(s)->pushes},                        \
        {"done", OPTIM_I64, &(s)->done},                                                           \
  }

static thw_status save(void *self, thw_writer *w) {
  spider *s = self;
  const optim_field f[] = FIELDS(s);
  return optim_save(w, f, sizeof f / sizeof f[0]);
}

static thw_status load(void *self, thw_reader *r) {
  spider *s = self;
  const optim_field f[] = FIELDS(s);
  THW_TRY(optim_load(r, f, sizeof f / sizeof f[0]));
  return optim_epoch_restore(&s->e);
}

static const thw_ext_state state = {sizeof(thw_ext_state), 1, save, load};

static thw_status scale_step(void *self, double factor) {
  ((spider *)self)->o.scale *= factor;
  return THW_OK;
}

static thw_status grow_batch(void *self, double factor) {
  return optim_epoch_grow(&((spider *)self)->e, factor);
}

static thw_status take_facts(void *self, const thw_facts *f) {
  spider *s = self;
  optim_take_facts(&s->o, f);
  s->e.c.have = 0;
  return THW_OK;
}

static const thw_steer steer = {.size = sizeof(thw_steer),
                                .reset = spider_reset,
                                .scale_step = scale_step,
                                .grow_batch = grow_batch,
                                .facts = take_facts};

static thw_status report_(void *self, thw_sink *k) {
  const spider *s = self;
  optim_epoch_report(&s->e, k);
  optim_epoch_report_constants(&s->e, k);
  if (s->p->escape == SPIDER_PERTURB) k->real(k, "perturbations", (double)s->pushes);
  return THW_OK;
}

static const thw_ext_report report = {.size = sizeof(thw_ext_report), .report = report_};

/* Snapshots of the whole sum are theorems 1 and 2 with B = n. */
#define PER_BATCH "B = min(n, V / epsilon^2)"

static void claim_stationary(const optim_numbers *k, double B, int whole, thw_claims *out) {
  optim_claim(out,
              &(optim_promise){
                  .aim = THW_AIM_STATIONARY,
                  .formula = whole ? "n + sqrt(n) L D_f / epsilon^2"
                                   : "B + sqrt(B) L D_f / epsilon^2, " PER_BATCH,
                  .source = whole ? "Fang, Li, Lin and Zhang, NeurIPS 2018, section 3, finite sums"
                                  : "Fang, Li, Lin and Zhang, NeurIPS 2018, section 3, streams",
                  .note = "constants of order one left out",
                  .first = B,
                  .epochs = ceil(k->L * k->gap / (k->epsilon * k->epsilon * sqrt(B))),
                  .epoch = B});
}

static void claim_minimum(const optim_numbers *k, double B, int whole, thw_claims *out) {
  double d3 = k->delta * k->delta * k->delta, r2 = k->L2 * k->L2 * k->gap, root = sqrt(B);
  optim_claim(
      out, &(optim_promise){
               .aim = THW_AIM_MINIMUM,
               .formula = whole ? "n + sqrt(n) L D_f / epsilon^2 + sqrt(n) L L2^2 D_f / delta^4 + "
                                  "n L2^2 D_f / delta^3"
                                : "B + sqrt(B) L D_f / epsilon^2 + sqrt(B) L L2^2 D_f / delta^4 + "
                                  "B L2^2 D_f / delta^3, " PER_BATCH,
               .source = whole ? "Li, NeurIPS 2019, theorem 2" : "Li, NeurIPS 2019, theorem 4",
               .note = "logarithms and constants of order one left out",
               .first = B,
               .epochs = ceil(k->L * k->gap / (k->epsilon * k->epsilon * root) +
                              k->L * r2 / (d3 * k->delta * root) + r2 / d3),
               .epoch = B});
}

static thw_status claims(void *self, const thw_problem *p, thw_claims *out) {
  const spider *s = self;
  optim_numbers k = optim_numbers_of(p);
  int whole = isfinite(k.n) && s->p->snapshot != SPIDER_VARIANCE;
  double B = whole ? k.n : optim_rows(&k, k.V / (k.epsilon * k.epsilon));
  claim_stationary(&k, B, whole, out);
  if (s->p->escape == SPIDER_PERTURB) claim_minimum(&k, B, whole, out);
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
    .id = "spider",
    .version = PACKAGE_VERSION,
    .summary = "recursive variance reduction (SPIDER, SARAH, SpiderBoost), with escape SSRGD",
    .doc =
        "Each epoch takes the gradient v of B rows at a snapshot, then makes q steps x_{t+1} = x_t "
        "- step v with v = v + g_I(x_t) - g_I(x_{t-1}), mini-batches I of b rows: 2b component "
        "gradients a step. The estimate v follows the path, so its error depends on how far the "
        "iterates moved, not on how far they are from the snapshot. Sums and streams alike.\n\n"
        "Step: min(c sqrt(b / (q V_H)), 0.5/L); b is the least for which that is 0.5/L with q = "
        "B/(2b), sqrt(B V_H / 8) / (c L). L and V_H come from the parameters, else the model, else "
        "from estimates on 512 and 96 rows. A guard undoes epochs after which f on a fixed sample "
        "has risen by more than a tenth, and halves the step.\n\n"
        "escape = \"perturb\" makes it a method for local minima: where the gradient at a snapshot "
        "is small, the point is pushed by a uniform point of a small ball; that super-epoch ends "
        "after a number of steps, or when it has led far away. If f has not fallen by then, the "
        "point before the push is the result; the run ends by that, not by stop.epsilon.\n\n"
        "As inner method of neon2 (escape left out) it gives the rate epsilon^-3.",
    .reference =
        "C. Fang, C. Li, Z. Lin, T. Zhang, NeurIPS 2018, algorithm 1; L. Nguyen, J. Liu, "
        "K. Scheinberg, M. Takac, ICML 2017 (SARAH); Z. Wang, K. Ji, Y. Zhou, Y. Liang, V. "
        "Tarokh, NeurIPS 2019 (SpiderBoost); Z. Li, NeurIPS 2019, algorithm 2 (SSRGD)",
    THW_PARAMS(params, struct spider_params),
    .offers = offers,
    .ops = &ops,
    .create = create,
    .destroy = destroy,
    .ext = ext,
};

static const thw_component *const components[] = {&component};

static const thw_plugin plugin = {
    THW_PLUGIN_HEAD,           .id = "spider",    .version = PACKAGE_VERSION,
    .license = "BSD-3-Clause", .n_components = 1, .components = components,
};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
