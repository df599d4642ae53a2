/* SPDX-License-Identifier: BSD-3-Clause */
/* Perturbed gradient descent: where the gradient is small, a random push, and a while later the
 * question whether it led down. */
#include "config.h"

#include <string.h>

#include "kernels/optim/perturb.h"
#include "kernels/optim/theory.h"

struct pgd_params {
  double step, radius, threshold, decrease, c, lipschitz, lipschitz_hess, gap;
  int64_t interval;
  int32_t theory;
};

static const thw_param params[] = {
    THW_PARAM_REAL(struct pgd_params, step, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,
                   "Step length eta; 0: 0.5/L, halved where f rises after all."),
    THW_PARAM_REAL(struct pgd_params, radius, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,
                   "Radius r of the ball that the perturbation is drawn from; 0: 1e-3."),
    THW_PARAM_REAL(struct pgd_params, threshold, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,
                   "g_th: a gradient of at most this norm is small; 0: stop.epsilon of the run, "
                   "or 1e-3 where that is 0."),
    THW_PARAM_REAL(struct pgd_params, decrease, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,
                   "f_th: a perturbation has led out of a saddle when f is lower by this much; "
                   "0: 1e-6 (1 + |f|)."),
    THW_PARAM_INT(struct pgd_params, interval, 0, 0, THW_NO_BOUND, "steps",
                  "t_th: steps that a perturbation is given for that; 0: 200."),
    THW_PARAM_BOOL(struct pgd_params, theory, 0,
                   "Take step, radius, threshold, decrease and interval from the theorem's "
                   "formulas (see above) instead: correct, and slow."),
    THW_PARAM_REAL(struct pgd_params, c, 1.0, 0.0, 1.0, THW_P_MIN_OPEN | THW_P_LOG, NULL,
                   "theory: the absolute constant c."),
    THW_PARAM_REAL(struct pgd_params, lipschitz, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,
                   "Lipschitz constant L of the gradient; 0: the model's own, else estimated."),
    THW_PARAM_REAL(struct pgd_params, lipschitz_hess, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,
                   "theory: Lipschitz constant rho of the Hessian; 0: the model's own."),
    THW_PARAM_REAL(struct pgd_params, gap, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,
                   "theory: bound D_f on f(x_0) - inf f; 0: from the model's lower bound of f."),
};

#define HALVINGS 60 /* of the step in a row */

enum { X, G, BACK, BACK_G, U, P0, P1, P2, VECS };

typedef struct pgd {
  optim o;
  const struct pgd_params *p;
  thw_goal goal;
  optim_probe probe;
  thw_vec *x, *g;         /* g: gradient at x where have_g                                */
  thw_vec *back, *back_g; /* a step's origin                                              */
  thw_vec *still;         /* the point before the last perturbation                       */
  optim_constants c;
  thw_rng push;
  double eta, radius, threshold, decrease, interval; /* in force; decrease 0: 1e-6 (1 + |f|) */
  double f, norm;                                    /* at x */
  double f_still, norm_still;                        /* before the perturbation */
  /* t: steps made; noise: t of the last perturbation, -1: none yet */
  int64_t t, noise, settled, have_g, done, pushes;
} pgd;

static thw_status check(const thw_host *h, thw_ctx *c, const void *params_) {
  const struct pgd_params *p = params_;
  if (p->theory && (p->step > 0.0 || p->radius > 0.0 || p->threshold > 0.0 || p->decrease > 0.0 ||
                    p->interval > 0))
    return h->fail(c, THW_E_ARG,
                   "theory = true sets step, radius, threshold, decrease and interval by "
                   "formula: leave them out, or theory");
  return THW_OK;
}

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c,
                         const void *params_, const thw_wired *slots, void **self) {
  (void)me, (void)slots;
  pgd *s = h->alloc(c, sizeof *s);
  if (!s) return h->fail(c, THW_E_NOMEM, "out of memory for perturbed gradient descent");
  optim_init(&s->o, h, c);
  s->p = params_;
  *self = s;
  return optim_take_end(&s->o, &s->goal);
}

static void destroy(void *self) {
  pgd *s = self;
  optim_free(&s->o);
  s->o.host->release(s->o.ctx, s);
}

static thw_status reset(void *self, const thw_vec *x) {
  pgd *s = self;
  THW_TRY(optim_ready(&s->o));
  THW_TRY(thw_copy(s->x, x));
  THW_TRY(thw_fill(s->still, 0.0));
  s->t = s->have_g = s->done = 0;
  s->noise = -1;
  s->f_still = s->norm_still = 0.0;
  optim_constants_stale(&s->c);
  if (!s->c.have) s->settled = 0;
  return THW_OK;
}

static thw_status start(void *self, const thw_object *oracle, const thw_vec *x0) {
  pgd *s = self;
  THW_TRY(optim_start(&s->o, oracle, VECS));
  THW_TRY(optim_ask(&s->o, THW_FACT_LIPSCHITZ | THW_FACT_LIPSCHITZ_HESS | THW_FACT_LOWER_BOUND));
  THW_TRY(optim_need_sum(&s->o, "perturbed-gd", "the optimizer \"spider\" with escape"));
  thw_vec **v = s->o.vec;
  s->x = v[X], s->g = v[G], s->back = v[BACK], s->back_g = v[BACK_G], s->still = v[U];
  /* Estimates are made before the first step, when these hold nothing. */
  s->probe.work =
      (curv_work){.g0 = v[BACK], .point = v[BACK_G], .a = v[P0], .b = v[P1], .c = v[P2]};
  THW_TRY(s->o.host->rng(s->o.ctx, "estimate", &s->probe.rng));
  THW_TRY(s->o.host->rng(s->o.ctx, "perturb", &s->push));
  optim_constants_start(&s->c, s->p->lipschitz, 0.0, 0);
  s->eta = s->radius = s->threshold = s->decrease = s->interval = 0.0;
  s->f = s->norm = 0.0;
  s->settled = s->pushes = 0;
  return reset(s, x0);
}

/* ---- constants ------------------------------------------------------------------------------ */

static thw_status eval(pgd *s, optim_meter *m) {
  THW_TRY(thw_oracle_eval(&s->o.oracle, s->x, NULL, &s->f, s->g));
  m->used += s->o.n;
  return thw_norm2(s->g, &s->norm);
}

/* The formulas of theorem 3, with l = L. */
static thw_status by_theory(pgd *s) {
  const struct pgd_params *p = s->p;
  double eps = s->goal.epsilon, fail = 1.0 - s->goal.confidence;
  double rho = p->lipschitz_hess > 0.0 ? p->lipschitz_hess : s->o.facts.lipschitz_hess;
  double gap = p->gap > 0.0 ? p->gap : s->f - s->o.facts.lower_bound;
  if (!(eps > 0.0) || !(fail > 0.0))
    return optim_fail(&s->o, THW_E_ARG,
                      "theory = true needs stop.epsilon above 0 and "
                      "stop.confidence below 1");
  if (!optim_known(rho))
    return optim_fail(&s->o, THW_E_ARG,
                      "theory = true needs the Lipschitz constant of the Hessian, which this model "
                      "does not tell: give lipschitz_hess");
  if (!(gap >= 0.0) || !isfinite(gap))
    return optim_fail(&s->o, THW_E_ARG,
                      "theory = true needs a bound on f(x_0) - inf f, and this model tells no "
                      "lower bound of f: give gap");
  double c = p->c, L = s->c.L, d = (double)s->o.space->n;
  double chi = 3.0 * fmax(log(d * L * gap / (c * eps * eps * fail)), 4.0);
  s->eta = c / L;
  s->radius = sqrt(c) * eps / (chi * chi * L);
  s->threshold = sqrt(c) * eps / (chi * chi);
  s->decrease = c / (chi * chi * chi) * sqrt(eps * eps * eps / rho);
  s->interval = ceil(chi / (c * c) * L / sqrt(rho * eps));
  return THW_OK;
}

static thw_status settle(pgd *s, optim_meter *m) {
  const struct pgd_params *p = s->p;
  if (s->settled) return THW_OK;
  if (!(p->step > 0.0)) THW_TRY(optim_constants_settle(&s->c, &s->o, &s->probe, s->x, 0, &m->used));
  if (!s->have_g) THW_TRY(eval(s, m));
  s->have_g = 1;
  if (p->theory) {
    THW_TRY(by_theory(s));
  } else {
    s->eta = p->step > 0.0 ? p->step : 0.5 / s->c.L;
    s->radius = p->radius > 0.0 ? p->radius : 1e-3;
    s->threshold = p->threshold > 0.0      ? p->threshold
                   : s->goal.epsilon > 0.0 ? s->goal.epsilon
                                           : 1e-3;
    s->decrease = p->decrease;
    s->interval = p->interval > 0 ? (double)p->interval : 200.0;
  }
  s->settled = 1;
  return THW_OK;
}

/* ---- iterations ----------------------------------------------------------------------------- */

static thw_status perturb(pgd *s, optim_meter *m) {
  THW_TRY(thw_copy(s->still, s->x));
  s->f_still = s->f, s->norm_still = s->norm;
  s->noise = s->t;
  THW_TRY(optim_perturb(&s->push, s->radius, s->x, s->back));
  s->have_g = 0;
  s->o.host->stage(s->o.ctx, "perturb");
  thw_status st = eval(s, m);
  s->o.host->stage(s->o.ctx, NULL);
  THW_TRY(st);
  s->have_g = 1;
  s->pushes++;
  return THW_OK;
}

static int has_led_down(const pgd *s) {
  double least = s->decrease > 0.0 ? s->decrease : 1e-6 * (1.0 + fabs(s->f_still));
  return s->f - s->f_still <= -least;
}

/* The last step says that 1/eta is below L: f has risen, and not by rounding alone. */
static thw_status overshot(pgd *s, double f, int *yes) {
  double both;
  *yes = 0;
  if (s->f <= f + 10.0 * s->o.unit * fabs(f)) return THW_OK;
  THW_TRY(thw_dot(s->g, s->back_g, &both));
  *yes = s->norm * s->norm - 2.0 * both > 0.0; /* |g(x') - g(x)| > |g(x)| */
  return THW_OK;
}

/* A step of the rule's own that overshoots comes from an L that is too small: halved for good. */
static thw_status descend(pgd *s, optim_meter *m) {
  int by_rule = s->p->step == 0.0 && !s->p->theory;
  double f = s->f;
  THW_TRY(thw_copy(s->back, s->x));
  THW_TRY(thw_copy(s->back_g, s->g));
  for (int tries = 0;; tries++) {
    THW_TRY(thw_copy(s->x, s->back));
    THW_TRY(thw_axpy(s->x, -s->eta * s->o.scale, s->back_g));
    thw_status st = eval(s, m);
    int unusable = st == THW_E_NONFINITE || st == THW_RETRY;
    if (!by_rule || tries == HALVINGS || (st != THW_OK && !unusable)) return st;
    int too_far = 1;
    if (!unusable) THW_TRY(overshot(s, f, &too_far));
    if (!too_far) return THW_OK;
    s->eta *= 0.5;
  }
}

static thw_status done(pgd *s, thw_step *io) {
  s->done = 1;
  io->f = s->f_still, io->grad_norm = s->norm_still;
  return THW_DONE;
}

static thw_status step(void *self, thw_step *io) {
  pgd *s = self;
  optim_meter m = optim_meter_of(io);
  THW_TRY(optim_ready(&s->o));
  io->epoch_end = 1;
  if (s->done) return done(s, io);
  THW_TRY(settle(s, &m));
  if (!s->have_g) THW_TRY(eval(s, &m));
  s->have_g = 1;
  if (s->norm <= s->threshold && (s->noise < 0 || (double)(s->t - s->noise) > s->interval))
    THW_TRY(perturb(s, &m));
  if (s->noise >= 0 && (double)(s->t - s->noise) == s->interval && !has_led_down(s))
    return done(s, io);
  s->have_g = 0;
  THW_TRY(descend(s, &m));
  s->have_g = 1;
  s->t++;
  io->f = s->f, io->grad_norm = s->norm;
  return THW_OK;
}

static thw_status point(void *self, thw_vec *x) {
  pgd *s = self;
  THW_TRY(optim_ready(&s->o));
  return thw_copy(x, s->done ? s->still : s->x);
}

static const thw_optimizer_ops ops = {
    .size = sizeof(thw_optimizer_ops), .start = start, .step = step, .point = point};

/* ---- extensions ----------------------------------------------------------------------------- */

#define FIELDS(s)                                                                                  \
  {                                                                                                \
    OPTIM_CONSTANTS_FIELDS(&(s)->c), {"x", OPTIM_VEC, (s)->x}, {"g", OPTIM_VEC, (s)->g},           \
        {"still", OPTIM_VEC, (s)->still}, {"probe", OPTIM_RNG, &(s)->probe.rng},                   \
        {"push", OPTIM_RNG, &(s)->push}, {"eta", OPTIM_F64, &(s)->eta},                            \
        {"radius", OPTIM_F64, &(s)->radius}, {"threshold", OPTIM_F64, &(s)->threshold},            \
        {"decrease", OPTIM_F64, &(s)->decrease}, {"interval", OPTIM_F64, &(s)->interval},          \
        {"f", OPTIM_F64, &(s)->f}, {"norm", OPTIM_F64, &(s)->norm},                                \
        {"f_still", OPTIM_F64, &(s)->f_still}, {"norm_still", OPTIM_F64, &(s)->norm_still},        \
        {"scale", OPTIM_F64, &(s)->o.scale}, {"t", OPTIM_I64, &(s)->t},                            \
        {"noise", OPTIM_I64, &(s)->noise}, {"settled", OPTIM_I64, &(s)->settled},                  \
        {"have_g", OPTIM_I64, &(s)->have_g}, {"done", OPTIM_I64, &(s)->done},                      \
        {"pushes", OPTIM_I64, &(s)->pushes},                                                       \
  }

static thw_status save(void *self, thw_writer *w) {
  pgd *s = self;
  const optim_field f[] = FIELDS(s);
  return optim_save(w, f, sizeof f / sizeof f[0]);
}

static thw_status load(void *self, thw_reader *r) {
  pgd *s = self;
  const optim_field f[] = FIELDS(s);
  return optim_load(r, f, sizeof f / sizeof f[0]);
}

static const thw_ext_state state = {sizeof(thw_ext_state), 1, save, load};

static thw_status scale_step(void *self, double factor) {
  ((pgd *)self)->o.scale *= factor;
  return THW_OK;
}

static thw_status take_facts(void *self, const thw_facts *f) {
  pgd *s = self;
  optim_take_facts(&s->o, f);
  s->c.have = s->settled = 0;
  return THW_OK;
}

static const thw_steer steer = {
    .size = sizeof(thw_steer), .reset = reset, .scale_step = scale_step, .facts = take_facts};

static thw_status report_(void *self, thw_sink *k) {
  pgd *s = self;
  k->real(k, "step", s->eta * s->o.scale);
  k->real(k, "perturbations", (double)s->pushes);
  if (s->c.L > 0.0) k->real(k, "L", s->c.L);
  return THW_OK;
}

static const thw_ext_report report = {.size = sizeof(thw_ext_report), .report = report_};

static thw_status claims(void *self, const thw_problem *p, thw_claims *out) {
  (void)self;
  optim_numbers k = optim_numbers_of(p);
  double e2 = k.epsilon * k.epsilon;
  if (!isfinite(k.n)) return THW_OK;
  /* chi/3 of the theorem, c = 1 */
  double lg = log(k.d * k.L * k.gap / (e2 * k.p));
  lg = lg < 4.0 ? 4.0 : lg;
  optim_claim(out, &(optim_promise){.aim = THW_AIM_MINIMUM,
                                    .formula = "n L D_f / epsilon^2 log(d L D_f / (epsilon^2 p))^4",
                                    .source = "Jin et al., ICML 2017, theorem 3",
                                    .note = "delta = sqrt(L2 epsilon); constants of order one left "
                                            "out",
                                    .epochs = ceil(k.L * k.gap / e2 * lg * lg * lg * lg),
                                    .epoch = k.n});
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
    .id = "perturbed-gd",
    .version = PACKAGE_VERSION,
    .summary = "perturbed gradient descent: local minima by random pushes off saddles",
    .doc =
        "for t = 0, 1, ...:\n"
        "  if |g(x)| <= g_th and the last perturbation is more than t_th steps ago: remember x, "
        "then x = x + a uniform point of the ball of radius r;\n"
        "  if the last perturbation is t_th steps ago and f has not fallen by f_th since: end, "
        "with the point remembered;\n"
        "  x = x - eta g(x).\n\n"
        "A pass per step, one more per perturbation. The end claims an (epsilon, sqrt(rho "
        "epsilon))-local minimum, where rho is the Lipschitz constant of the Hessian; the method "
        "ends the run itself, stop.epsilon does not.\n\n"
        "By default eta, r, g_th, f_th and t_th are practical values. A saddle of curvature -delta "
        "is left only if t_th steps are enough for it: about ln(sqrt(d) / r) / (eta delta).\n\n"
        "theory = true: with chi = 3 max(ln(d L D_f / (c epsilon^2 p)), 4), p = 1 - confidence, "
        "eta = c/L, r = sqrt(c) epsilon / (chi^2 L), g_th = sqrt(c) epsilon / chi^2, f_th = "
        "c/chi^3 sqrt(epsilon^3/rho), t_th = chi L / (c^2 sqrt(rho epsilon)).",
    .reference = "C. Jin, R. Ge, P. Netrapalli, S. Kakade, M. Jordan, How to Escape Saddle Points "
                 "Efficiently, ICML 2017, algorithm 2 and theorem 3",
    THW_PARAMS(params, struct pgd_params),
    .offers = offers,
    .ops = &ops,
    .check = check,
    .create = create,
    .destroy = destroy,
    .ext = ext,
};

static const thw_component *const components[] = {&component};

static const thw_plugin plugin = {
    THW_PLUGIN_HEAD,           .id = "perturbed-gd", .version = PACKAGE_VERSION,
    .license = "BSD-3-Clause", .n_components = 1,    .components = components,
};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
