/* SPDX-License-Identifier: BSD-3-Clause */
/* Gradient descent on a finite sum: fixed steps, backtracking, Barzilai-Borwein steps, momentum. */
#include "config.h"

#include <string.h>

#include "kernels/optim/clip.h"
#include "kernels/optim/optim.h"
#include "kernels/optim/theory.h"

enum { FIXED, BACKTRACKING, BARZILAI_BORWEIN };
static const char *const rules[] = {"fixed", "backtracking", "barzilai-borwein", NULL};
enum { NONE, HEAVY_BALL, NESTEROV, ACCELERATED };
static const char *const momenta[] = {"none", "heavy-ball", "nesterov", "accelerated", NULL};

struct gd_params {
  double step, c, lipschitz, beta, clip;
  int32_t rule, momentum;
};

static const thw_param params[] = {
    THW_PARAM_REAL(
        struct gd_params, step, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,
        "Step length, with other rules than fixed the first one; 0: from L (see above)."),
    OPTIM_C_PARAM(struct gd_params),
    THW_PARAM_ENUM(struct gd_params, rule, FIXED, rules,
                   "fixed: the same step throughout; backtracking: Armijo's condition, the step "
                   "doubled after each success; barzilai-borwein: spectral steps with a "
                   "non-monotone search."),
    THW_PARAM_ENUM(struct gd_params, momentum, NONE, momenta,
                   "none, heavy-ball, nesterov (constant beta) or accelerated (Nesterov's growing "
                   "sequence with restarts); all but none need the rule fixed."),
    THW_PARAM_REAL(struct gd_params, beta, 0.9, 0.0, 1.0, THW_P_MAX_OPEN, NULL,
                   "Momentum of heavy-ball and nesterov."),
    OPTIM_CLIP_PARAM(struct gd_params),
    THW_PARAM_REAL(struct gd_params, lipschitz, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,
                   "Lipschitz constant L of the gradient; 0: the model's own, else estimated."),
};

enum { X, G, V, Y, P0, P1, P2, P3, P4, VECS };
#define MEMORY 10 /* values that the non-monotone search looks back on */

typedef struct gd {
  optim o;
  const struct gd_params *p;
  optim_probe probe;
  thw_vec *x, *g, *v, *y;
  optim_constants c;
  optim_clip clip;
  double step, f, theta; /* step: of the rule, before scale; theta: Nesterov's sequence */
  double past[MEMORY];
  int64_t have_step, have_g, n_past;
} gd;

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c,
                         const void *params_, const thw_wired *slots, void **self) {
  (void)me, (void)slots;
  gd *s = h->alloc(c, sizeof *s);
  if (!s) return h->fail(c, THW_E_NOMEM, "out of memory for gradient descent");
  optim_init(&s->o, h, c);
  s->p = params_;
  *self = s;
  return THW_OK;
}

static void destroy(void *self) {
  gd *s = self;
  optim_free(&s->o);
  s->o.host->release(s->o.ctx, s);
}

static thw_status check(const thw_host *h, thw_ctx *c, const void *params_) {
  const struct gd_params *p = params_;
  if (p->momentum != NONE && p->rule != FIXED)
    return h->fail(c, THW_E_ARG, "momentum needs rule = \"fixed\": set one of them back");
  if (p->clip > 0.0 && p->rule != FIXED)
    return h->fail(
        c, THW_E_ARG,
        "clip needs rule = \"fixed\": the other rules measure how far a step of theirs goes "
        "with the gradient as it is; set one of them back");
  return THW_OK;
}

static thw_status reset(void *self, const thw_vec *x) {
  gd *s = self;
  THW_TRY(optim_ready(&s->o));
  THW_TRY(thw_copy(s->x, x));
  THW_TRY(thw_fill(s->v, 0.0));
  s->have_g = s->n_past = 0;
  s->theta = 1.0;
  optim_constants_stale(&s->c);
  if (!s->c.have) s->have_step = 0;
  return THW_OK;
}

static thw_status start(void *self, const thw_object *oracle, const thw_vec *x0) {
  gd *s = self;
  THW_TRY(optim_start(&s->o, oracle, VECS));
  if (!(s->p->step > 0.0)) THW_TRY(optim_ask(&s->o, THW_FACT_LIPSCHITZ));
  THW_TRY(optim_need_sum(&s->o, "gd", "the optimizer \"sgd\""));
  thw_vec **v = s->o.vec;
  s->x = v[X], s->g = v[G], s->v = v[V], s->y = v[Y];
  s->probe.work = (curv_work){.g0 = v[P0], .point = v[P1], .a = v[P2], .b = v[P3], .c = v[P4]};
  THW_TRY(s->o.host->rng(s->o.ctx, "estimate", &s->probe.rng));
  optim_constants_start(&s->c, s->p->lipschitz, 0.0, 0);
  optim_clip_start(&s->clip, s->p->clip);
  s->step = s->f = 0.0;
  s->have_step = 0;
  return reset(s, x0);
}

/* The step from L, unless it is given. */
static thw_status prepare(gd *s, optim_meter *m) {
  if (s->have_step) return THW_OK;
  if (s->p->step > 0.0) {
    s->step = s->p->step;
  } else {
    THW_TRY(optim_constants_settle(&s->c, &s->o, &s->probe, s->x, 0, &m->used));
    double part = s->c.estimated ? 0.9 : 1.0;
    if (s->p->c > 0.0)
      part = s->p->c;
    else if (s->p->momentum == HEAVY_BALL)
      part = 1.0 - s->p->beta;
    s->step = part / s->c.L;
  }
  s->have_step = 1;
  return THW_OK;
}

static thw_status eval(gd *s, const thw_vec *x, double *f, thw_vec *g, optim_meter *m) {
  THW_TRY(thw_oracle_eval(&s->o.oracle, x, NULL, f, g));
  m->used += s->o.n;
  return THW_OK;
}

static void swap(thw_vec **a, thw_vec **b) {
  thw_vec *t = *a;
  *a = *b;
  *b = t;
}

/* Moves to y with gradient v, both just computed. */
static void accept(gd *s, double f) {
  s->f = f;
  s->past[s->n_past++ % MEMORY] = f;
  swap(&s->x, &s->y);
  swap(&s->g, &s->v);
}

/* The largest of the last values that the rule compares with. */
static double reference(const gd *s) {
  int64_t k = s->p->rule == BARZILAI_BORWEIN ? MEMORY : 1;
  double most = s->f;
  for (int64_t i = s->n_past > k ? s->n_past - k : 0; i < s->n_past; i++)
    most = fmax(most, s->past[i % MEMORY]);
  return most;
}

/* Spectral step from the last move: s's / s'y, where x, g are new and y, v the old ones. */
static thw_status spectral(gd *s, double eta) {
  double xx, xg;
  THW_TRY(thw_axpby(s->y, 1.0, s->x, -1.0));
  THW_TRY(thw_axpby(s->v, 1.0, s->g, -1.0));
  THW_TRY(thw_dot(s->y, s->y, &xx));
  THW_TRY(thw_dot(s->y, s->v, &xg));
  s->step = xg > 0.0 && isfinite(xx / xg) ? fmin(xx / xg, 1e10 * eta) : 2.0 * eta;
  return THW_OK;
}

static thw_status searched_step(gd *s, optim_meter *m) {
  double gg, f, eta = s->step * s->o.scale, ref = reference(s);
  double noise = 10.0 * s->o.unit * fabs(s->f);
  THW_TRY(thw_dot(s->g, s->g, &gg));
  if (gg == 0.0) return THW_DONE;
  for (int tries = 0;; tries++, eta *= 0.5) {
    if (tries == 100) return THW_STALLED;
    THW_TRY(thw_copy(s->y, s->x));
    THW_TRY(thw_axpy(s->y, -eta, s->g));
    thw_status st = eval(s, s->y, &f, s->v, m);
    if (st == THW_E_NONFINITE || st == THW_RETRY) continue;
    THW_TRY(st);
    if (f <= ref - 1e-4 * eta * gg + noise) break;
  }
  accept(s, f);
  /* Below the rounding of f a longer step cannot be judged. */
  if (s->p->rule == BACKTRACKING) s->step = (eta * gg > noise ? 2.0 * eta : eta) / s->o.scale;
  if (s->p->rule == BARZILAI_BORWEIN) {
    THW_TRY(spectral(s, eta));
    s->step /= s->o.scale;
  }
  return THW_OK;
}

/* A step of 0.9/L lowers f by 0.55 eta |g|^2 at least. A tenth of eta |g|^2 or less is curvature of
 * 1.8/eta or more: the L that was estimated elsewhere is too small here. Without this the iterates
 * may go to and fro across a minimum for ever. */
static void learn(gd *s, double before, double eta, double gg) {
  double noise = 10.0 * s->o.unit * fabs(before);
  if (!s->c.estimated || s->p->step > 0.0 || s->p->c > 0.0) return;
  if (s->f - before <= -0.1 * eta * gg + noise) return;
  s->c.L *= 2.0;
  s->have_step = 0;
}

/* The gradient stays as it is, for the record: the step is what is cut. */
static thw_status plain_step(gd *s, optim_meter *m) {
  double gg, part, before = s->f;
  THW_TRY(optim_clip_factor(&s->clip, s->g, &part));
  double eta = s->step * s->o.scale * part;
  THW_TRY(thw_dot(s->g, s->g, &gg));
  THW_TRY(thw_axpy(s->x, -eta, s->g));
  s->have_g = 0;
  THW_TRY(eval(s, s->x, &s->f, s->g, m));
  s->have_g = 1;
  learn(s, before, eta, gg);
  return THW_OK;
}

/* v = beta v - step g(x or x + beta v); x = x + v */
static thw_status momentum_step(gd *s, optim_meter *m) {
  double eta = s->step * s->o.scale, beta = s->p->beta;
  const thw_vec *at = s->x;
  if (s->p->momentum == NESTEROV) {
    THW_TRY(thw_copy(s->y, s->x));
    THW_TRY(thw_axpy(s->y, beta, s->v));
    at = s->y;
  }
  THW_TRY(eval(s, at, NULL, s->g, m));
  THW_TRY(optim_clip_apply(&s->clip, s->g));
  THW_TRY(thw_axpby(s->v, -eta, s->g, beta));
  return thw_axpy(s->x, 1.0, s->v);
}

/* Nesterov's method for convex functions in the form of Beck and Teboulle, v = x_k - x_{k-1},
 * restarted when the momentum points uphill (O'Donoghue and Candes). */
static thw_status accelerated_step(gd *s, optim_meter *m) {
  double eta = s->step * s->o.scale, up;
  double next = 0.5 * (1.0 + sqrt(1.0 + 4.0 * s->theta * s->theta));
  THW_TRY(thw_copy(s->y, s->x));
  THW_TRY(thw_axpy(s->y, (s->theta - 1.0) / next, s->v));
  THW_TRY(eval(s, s->y, NULL, s->g, m));
  THW_TRY(optim_clip_apply(&s->clip, s->g));
  THW_TRY(thw_axpy(s->y, -eta, s->g));
  THW_TRY(thw_copy(s->v, s->y));
  THW_TRY(thw_axpy(s->v, -1.0, s->x));
  THW_TRY(thw_copy(s->x, s->y));
  THW_TRY(thw_dot(s->g, s->v, &up));
  s->theta = up > 0.0 ? 1.0 : next;
  return THW_OK;
}

static thw_status step(void *self, thw_step *io) {
  gd *s = self;
  optim_meter m = optim_meter_of(io);
  THW_TRY(optim_ready(&s->o));
  THW_TRY(prepare(s, &m));
  io->epoch_end = 1;
  if (s->p->momentum == HEAVY_BALL || s->p->momentum == NESTEROV) return momentum_step(s, &m);
  if (s->p->momentum == ACCELERATED) return accelerated_step(s, &m);
  if (!s->have_g) THW_TRY(eval(s, s->x, &s->f, s->g, &m));
  s->have_g = 1;
  THW_TRY(s->p->rule == FIXED ? plain_step(s, &m) : searched_step(s, &m));
  io->f = s->f;
  return thw_norm2(s->g, &io->grad_norm);
}

static thw_status point(void *self, thw_vec *x) {
  gd *s = self;
  THW_TRY(optim_ready(&s->o));
  return thw_copy(x, s->x);
}

static const thw_optimizer_ops ops = {
    .size = sizeof(thw_optimizer_ops), .start = start, .step = step, .point = point};

/* ---- extensions ----------------------------------------------------------------------------- */

#define FIELDS(s)                                                                                  \
  {                                                                                                \
    OPTIM_CONSTANTS_FIELDS(&(s)->c), {"x", OPTIM_VEC, (s)->x}, {"g", OPTIM_VEC, (s)->g},           \
        {"v", OPTIM_VEC, (s)->v}, {"probe", OPTIM_RNG, &(s)->probe.rng},                           \
        {"step", OPTIM_F64, &(s)->step}, {"f", OPTIM_F64, &(s)->f},                                \
        {"theta", OPTIM_F64, &(s)->theta}, {"scale", OPTIM_F64, &(s)->o.scale},                    \
        {"have_step", OPTIM_I64, &(s)->have_step}, {"have_g", OPTIM_I64, &(s)->have_g},            \
        {"n_past", OPTIM_I64, &(s)->n_past}, OPTIM_CLIP_FIELDS(&(s)->clip),                        \
  }

static thw_status save(void *self, thw_writer *w) {
  gd *s = self;
  const optim_field f[] = FIELDS(s);
  THW_TRY(optim_save(w, f, sizeof f / sizeof f[0]));
  return w->blob(w, "past", s->past, sizeof s->past);
}

static thw_status load(void *self, thw_reader *r) {
  gd *s = self;
  const optim_field f[] = FIELDS(s);
  size_t n = sizeof s->past;
  THW_TRY(optim_load(r, f, sizeof f / sizeof f[0]));
  THW_TRY(r->blob(r, "past", s->past, &n));
  if (n != sizeof s->past || s->n_past < 0)
    return optim_fail(&s->o, THW_E_STATE, "the checkpoint does not hold the state of a gd");
  return THW_OK;
}

static const thw_ext_state state = {sizeof(thw_ext_state), 1, save, load};

static thw_status scale_step(void *self, double factor) {
  ((gd *)self)->o.scale *= factor;
  return THW_OK;
}

static thw_status take_facts(void *self, const thw_facts *f) {
  gd *s = self;
  optim_take_facts(&s->o, f);
  s->c.have = s->have_step = 0;
  return THW_OK;
}

static const thw_steer steer = {
    .size = sizeof(thw_steer), .reset = reset, .scale_step = scale_step, .facts = take_facts};

static thw_status report_(void *self, thw_sink *k) {
  gd *s = self;
  k->real(k, "step", s->step * s->o.scale);
  if (s->c.L > 0.0) k->real(k, "L", s->c.L);
  optim_clip_report(&s->clip, k);
  return THW_OK;
}

static const thw_ext_report report = {.size = sizeof(thw_ext_report), .report = report_};

/* Any step rule that decreases f by as much as 1/L does. */
static thw_status claims(void *self, const thw_problem *p, thw_claims *out) {
  const gd *s = self;
  optim_numbers k = optim_numbers_of(p);
  if (s->p->momentum != NONE || !isfinite(k.n)) return THW_OK;
  optim_claim(out, &(optim_promise){.aim = THW_AIM_STATIONARY,
                                    .formula = "2 n L D_f / epsilon^2",
                                    .source = "Nesterov 2004, (1.2.15)",
                                    .epochs = ceil(2.0 * k.L * k.gap / (k.epsilon * k.epsilon)),
                                    .epoch = k.n});
  if (k.mu > 0.0)
    optim_claim(out,
                &(optim_promise){.aim = THW_AIM_VALUE,
                                 .formula = "n L / mu log(D_f / epsilon)",
                                 .source = "Nesterov 2004, theorem 2.1.15",
                                 .epochs = ceil(k.L / k.mu * optim_one_up(log(k.gap / k.epsilon))),
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
    .id = "gd",
    .version = PACKAGE_VERSION,
    .flags = THW_F_ONE_POINT,
    .summary = "gradient descent on a finite sum, with line search or momentum",
    .doc = "x = x - step g(x), where g is the gradient of the whole sum: one pass per iteration "
           "(searches that reject a step: one more for each).\n\n"
           "Steps from L: 1/L, or 0.9/L where L is an estimate; heavy-ball (1 - beta)/L. L is the "
           "parameter lipschitz, else the model's own, else estimated by power iteration on "
           "gradient differences over 512 rows. An estimate is doubled where a fixed step without "
           "momentum does not bring a tenth of step |g|^2.\n\n"
           "On ill-conditioned sums barzilai-borwein and accelerated need far fewer passes than "
           "the fixed step; accelerated is meant for convex sums. clip cuts a fixed step where the "
           "gradient is long, and the gradient itself before momentum: for recurrent networks.",
    .reference =
        "Y. Nesterov, Introductory Lectures on Convex Optimization, 2004, section 2.2; "
        "M. Raydan, SIAM J. Optim. 7 (1997) (barzilai-borwein); B. O'Donoghue, E. Candes, "
        "Found. Comput. Math. 15 (2015) (restarts); R. Pascanu, T. Mikolov, Y. Bengio, ICML 2013 "
        "(clip)",
    THW_PARAMS(params, struct gd_params),
    .offers = offers,
    .ops = &ops,
    .check = check,
    .create = create,
    .destroy = destroy,
    .ext = ext,
};

static const thw_component *const components[] = {&component};

static const thw_plugin plugin = {
    THW_PLUGIN_HEAD,           .id = "gd",        .version = PACKAGE_VERSION,
    .license = "BSD-3-Clause", .n_components = 1, .components = components,
};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
