/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <string.h>

#include "kernels/optim/theory.h"
#include "plugins/optimizers/natasha/natasha.h"

struct natasha15_params {
  OPTIM_EPOCH_MEMBERS;
  OPTIM_EPOCH_CONSTANTS;
  NATASHA_MEMBERS;
};

typedef struct natasha15 {
  natasha n;
  const struct natasha15_params *p;
} natasha15;

static const thw_param params[] = {
    NATASHA_PARAMS(struct natasha15_params),
    OPTIM_EPOCH_PARAMS(struct natasha15_params),
    OPTIM_EPOCH_CONSTANT_PARAMS(struct natasha15_params),
};

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c,
                         const void *params_, const thw_wired *slots, void **self) {
  (void)me, (void)slots;
  thw_goal goal;
  natasha15 *s = h->alloc(c, sizeof *s);
  if (!s) return h->fail(c, THW_E_NOMEM, "out of memory for natasha15");
  s->p = params_;
  optim_init(&s->n.o, h, c);
  s->n.r = (struct natasha_rules)NATASHA_RULES(s->p);
  thw_status st = optim_goal(&s->n.o, &goal);
  s->n.r.epsilon = s->p->epsilon > 0.0 ? s->p->epsilon : goal.epsilon;
  s->n.r.delta = goal.delta;
  *self = s;
  return st;
}

static void destroy(void *self) {
  natasha15 *s = self;
  if (s->n.o.started) optim_epoch_drop(&s->n.e);
  optim_free(&s->n.o);
  s->n.o.host->release(s->n.o.ctx, s);
}

static thw_status start(void *self, const thw_object *oracle, const thw_vec *x0) {
  natasha15 *s = self;
  const struct natasha15_params *p = s->p;
  optim_epoch_setup set = OPTIM_EPOCH_SETUP(p);
  set.who = "natasha15";
  set.rows.epsilon = s->n.r.epsilon;
  set.output = p->theory ? OPTIM_RANDOM : p->output;
  set.lipschitz = p->lipschitz;
  set.variance_hess = p->variance_hess;
  set.reestimate = p->theory ? 0 : p->reestimate;
  if (s->n.o.started) optim_epoch_drop(&s->n.e);
  THW_TRY(optim_start(&s->n.o, oracle, NATASHA_VECS));
  THW_TRY(optim_ask(&s->n.o, 0));
  return natasha_start(&s->n, &set, x0);
}

static thw_status step(void *self, thw_step *io) {
  natasha *s = &((natasha15 *)self)->n;
  optim_meter m = optim_meter_of(io);
  int room = 1, ended = 0;
  THW_TRY(optim_ready(&s->o));
  while (room && !ended && s->stage != NATASHA_OVER) THW_TRY(natasha_unit(s, &m, &room, &ended));
  if (s->stage == NATASHA_OVER) return THW_DONE;
  io->epoch_end = ended;
  if (optim_epoch_at_snapshot(&s->e)) io->grad_norm = s->e.norm;
  return THW_OK;
}

static thw_status point(void *self, thw_vec *x) {
  natasha *s = &((natasha15 *)self)->n;
  THW_TRY(optim_ready(&s->o));
  return optim_epoch_point(&s->e, x);
}

static const thw_optimizer_ops ops = {
    .size = sizeof(thw_optimizer_ops), .start = start, .step = step, .point = point};

/* ---- extensions ----------------------------------------------------------------------------- */

#define FIELDS(s)                                                                                  \
  { OPTIM_CONSTANTS_FIELDS(&(s)->e.c), NATASHA_FIELDS(s), }

static thw_status save(void *self, thw_writer *w) {
  natasha *s = &((natasha15 *)self)->n;
  const optim_field f[] = FIELDS(s);
  return optim_save(w, f, sizeof f / sizeof f[0]);
}

static thw_status load(void *self, thw_reader *r) {
  natasha *s = &((natasha15 *)self)->n;
  const optim_field f[] = FIELDS(s);
  THW_TRY(optim_load(r, f, sizeof f / sizeof f[0]));
  return natasha_restore(s);
}

static const thw_ext_state state = {sizeof(thw_ext_state), 1, save, load};

static thw_status reset(void *self, const thw_vec *x) {
  natasha *s = &((natasha15 *)self)->n;
  THW_TRY(optim_ready(&s->o));
  return natasha_reset(s, x);
}

static thw_status scale_step(void *self, double factor) {
  ((natasha15 *)self)->n.o.scale *= factor;
  return THW_OK;
}

static thw_status grow_batch(void *self, double factor) {
  return optim_epoch_grow(&((natasha15 *)self)->n.e, factor);
}

static thw_status take_facts(void *self, const thw_facts *f) {
  natasha *s = &((natasha15 *)self)->n;
  optim_take_facts(&s->o, f);
  s->e.c.have = 0;
  return THW_OK;
}

static const thw_steer steer = {.size = sizeof(thw_steer),
                                .reset = reset,
                                .scale_step = scale_step,
                                .grow_batch = grow_batch,
                                .facts = take_facts};

static thw_status report_(void *self, thw_sink *k) {
  const natasha *s = &((natasha15 *)self)->n;
  natasha_report(s, k);
  optim_epoch_report_constants(&s->e, k);
  return THW_OK;
}

static const thw_ext_report report = {.size = sizeof(thw_ext_report), .report = report_};

static thw_status claims(void *self, const thw_problem *p, thw_claims *out) {
  (void)self;
  optim_numbers k = optim_numbers_of(p);
  double mu = p->facts->convexity, sigma = isfinite(mu) && mu < 0.0 ? fmin(-mu, k.L) : k.L;
  const natasha_problem at = {.n = k.n, .V = k.V, .L = k.L, .epsilon = k.epsilon, .gap = k.gap};
  natasha_theory t;
  natasha15_theory(&at, sigma, &t);
  int known = isfinite(k.V) && isfinite(k.L) && isfinite(k.epsilon) && isfinite(k.gap);
  double epochs = known ? ceil(t.epochs) : (double)NAN;
  optim_claim(out, &(optim_promise){.aim = THW_AIM_STATIONARY,
                                    .formula = "(L^2 sigma)^(1/3) D_f B^(2/3) / epsilon^2, B = "
                                               "min(n, V / epsilon^2), curvature >= -sigma",
                                    .source = "Allen-Zhu, NeurIPS 2018, theorem 1 (Natasha1.5)",
                                    .note = "constants of order one left out; sigma = L where "
                                            "the model knows no better",
                                    .first = known ? t.B : (double)NAN,
                                    .epochs = epochs,
                                    .epoch = t.B});
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
    .id = "natasha15",
    .version = PACKAGE_VERSION,
    .summary = "Natasha1.5: variance reduction for functions of bounded non-convexity",
    .doc =
        "An epoch takes the gradient mu of a batch of B rows at its start xs, as in scsg, and is "
        "cut into p rounds of m = B/(p b) steps x = x - alpha (g_I(x) - g_I(xs) + mu + "
        "2 sigma (x - centre)), centre being where the round began. The proximal term makes the "
        "objective strongly convex as long as no curvature is below -sigma, and the average of a "
        "round is a good point to begin the next one at.\n\n"
        "p is the larger of (sigma^2 B/L^2)^(1/3) and sigma a0 B/b, where a0 = min(6 (b^3 / (V_H "
        "L B^2))^(1/3), 0.5/L) is the step that the variance allows; alpha is the smaller of a0 "
        "and 1/(sigma m). So the proximal term never slows the steps down, and sigma matters "
        "little over two decades. sigma: max(3 delta, 0.01 L), delta the run's stop.delta.\n\n"
        "B, its growth with the variance, the estimates of L and V_H and the guard are those of "
        "scsg.\n\n"
        "theory = true is the published algorithm: b = 1, B = V/epsilon^2, p = (sigma^2 "
        "B/L^2)^(1/3), alpha = sigma/(p^2 L^2), random iterates, T' = sigma D_f/(p epsilon^2) "
        "epochs, and a final SGD around a random start of a round; then it is done.",
    .reference = "Z. Allen-Zhu, Natasha 2: Faster Non-Convex Optimization Than SGD, NeurIPS 2018, "
                 "algorithm 1 (Natasha1.5); Z. Allen-Zhu, Natasha: Faster Non-Convex Stochastic "
                 "Optimization via Strongly Non-Convex Parameter, ICML 2017",
    THW_PARAMS(params, struct natasha15_params),
    .offers = offers,
    .ops = &ops,
    .create = create,
    .destroy = destroy,
    .ext = ext,
};

static const thw_component *const components[] = {&component};

static const thw_plugin plugin = {
    THW_PLUGIN_HEAD,           .id = "natasha15", .version = PACKAGE_VERSION,
    .license = "BSD-3-Clause", .n_components = 1, .components = components,
};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
