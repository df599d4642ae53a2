/* SPDX-License-Identifier: BSD-3-Clause */
/* Stochastic gradient descent with mini-batches, schedules, momentum and averaging. */
#include "config.h"

#include <string.h>

#include "kernels/optim/clip.h"
#include "kernels/optim/noise.h"
#include "kernels/optim/optim.h"
#include "kernels/optim/schedule.h"
#include "kernels/optim/theory.h"

enum { NONE, HEAVY_BALL, NESTEROV };
static const char *const momenta[] = {"none", "heavy-ball", "nesterov", NULL};
enum { UNIFORM, EPOCH };
static const char *const draws[] = {"uniform", "epoch", NULL};
enum { NO_AVERAGE, PLAIN_AVERAGE, POLYNOMIAL, EXPONENTIAL };
static const char *const averages[] = {"none", "uniform", "polynomial", "exponential", NULL};
#define POWER 3.0 /* of the polynomial average: weight of iterate t grows like t^3 */

struct sgd_params {
  double step, c, clip, beta, lipschitz, variance_hess, weight_decay, forget;
  int64_t batch;
  int32_t draw, momentum, average;
  OPTIM_SCHEDULE_FIELDS
  OPTIM_NOISE_FIELDS
};

static const thw_param params[] = {
    THW_PARAM_REAL(
        struct sgd_params, step, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,
        "Base step length; 0: 0.5/(L + V_H/(batch L)), with heavy-ball (1 - beta)/L, with "
        "nesterov (1 - beta) times the former."),
    OPTIM_C_PARAM(struct sgd_params),
    THW_PARAM_INT(struct sgd_params, batch, 16, 0, THW_NO_BOUND, "rows",
                  "Rows in each mini-batch; 0: the whole sum."),
    THW_PARAM_ENUM(struct sgd_params, draw, UNIFORM, draws,
                   "uniform: rows with replacement; epoch: each row once per pass, in a new order "
                   "(streams: the next rows)."),
    OPTIM_SCHEDULE_PARAMS(struct sgd_params),
    OPTIM_CLIP_PARAM(struct sgd_params),
    THW_PARAM_ENUM(struct sgd_params, momentum, NONE, momenta,
                   "none, heavy-ball, or nesterov (gradient at the point looked ahead to)."),
    THW_PARAM_REAL(struct sgd_params, beta, 0.9, 0.0, 1.0, THW_P_MAX_OPEN, NULL, "Momentum."),
    THW_PARAM_ENUM(struct sgd_params, average, NO_AVERAGE, averages,
                   "The point that is reported: the last iterate; uniform, the mean of all; "
                   "polynomial, a mean that weighs iterate t like t^3; exponential, one that "
                   "forgets."),
    THW_PARAM_REAL(struct sgd_params, forget, 0.999, 0.0, 1.0, THW_P_MAX_OPEN, NULL,
                   "Of the exponential average: what is left of the old one after a step (less in "
                   "the first steps, where it is the mean of all)."),
    THW_PARAM_REAL(struct sgd_params, weight_decay, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,
                   "This times x is added to the gradient, after clip; not part of f."),
    OPTIM_NOISE_PARAMS(struct sgd_params),
    THW_PARAM_REAL(struct sgd_params, lipschitz, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,
                   "Lipschitz constant L of the gradient; 0: the model's own, else estimated."),
    THW_PARAM_REAL(struct sgd_params, variance_hess, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,
                   "V_H, the variance of the rows' Hessians; 0: the model's own, else estimated."),
};

enum { X, G, V, Y, A, N, P0, P1, P2, P3, VECS };

typedef struct sgd {
  optim o;
  const struct sgd_params *p;
  optim_probe probe;
  optim_constants c;
  optim_schedule schedule;
  optim_clip clip;
  optim_noise noise;
  optim_pace pace;
  thw_rng draw;
  thw_vec *x, *g, *v, *y, *a; /* y: the point looked ahead to; a: average */
  thw_vec *near;              /* the point near it where the gradient is taken, or the noise */
  double eta, sd;             /* of the last step and its noise */
  int64_t averaged;           /* iterates in a */
} sgd;

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c,
                         const void *params_, const thw_wired *slots, void **self) {
  (void)me, (void)slots;
  sgd *s = h->alloc(c, sizeof *s);
  if (!s) return h->fail(c, THW_E_NOMEM, "out of memory for sgd");
  optim_init(&s->o, h, c);
  s->p = params_;
  *self = s;
  return THW_OK;
}

static void destroy(void *self) {
  sgd *s = self;
  optim_free(&s->o);
  s->o.host->release(s->o.ctx, s);
}

static thw_status reset(void *self, const thw_vec *x) {
  sgd *s = self;
  THW_TRY(optim_ready(&s->o));
  optim_constants_stale(&s->c);
  s->averaged = 0;
  if (s->p->batch > 0) s->pace.batch = s->p->batch;
  THW_TRY(thw_fill(s->v, 0.0));
  return thw_copy(s->x, x);
}

static thw_status start(void *self, const thw_object *oracle, const thw_vec *x0) {
  sgd *s = self;
  THW_TRY(optim_start(&s->o, oracle, VECS));
  if (!(s->p->step > 0.0))
    THW_TRY(optim_ask(&s->o, THW_FACT_LIPSCHITZ |
                                 (s->p->batch > 0 ? THW_FACT_VARIANCE_HESS : THW_FACT_ROWS)));
  if (s->p->batch == 0)
    THW_TRY(optim_need_sum(&s->o, "sgd with batch = 0", "give a batch of 1 or more"));
  thw_vec **v = s->o.vec;
  s->x = v[X], s->g = v[G], s->v = v[V], s->y = v[Y], s->a = v[A], s->near = v[N];
  /* Estimates are made between steps, when g and y hold nothing. */
  s->probe.work = (curv_work){.g0 = v[G], .point = v[P0], .a = v[P1], .b = v[P2], .c = v[P3]};
  THW_TRY(s->o.host->rng(s->o.ctx, "estimate", &s->probe.rng));
  THW_TRY(s->o.host->rng(s->o.ctx, "draw", &s->draw));
  optim_constants_start(&s->c, s->p->lipschitz, s->p->variance_hess, 10);
  optim_pace_start(&s->pace, &s->o, s->p->batch);
  optim_clip_start(&s->clip, s->p->clip);
  s->schedule = OPTIM_SCHEDULE_OF(s->p);
  THW_TRY(optim_schedule_start(&s->schedule, &s->o));
  s->noise = OPTIM_NOISE_OF(s->p);
  THW_TRY(s->o.host->rng(s->o.ctx, "noise", &s->noise.rng));
  s->eta = s->sd = 0.0;
  return reset(s, x0);
}

static thw_status base_step(sgd *s, optim_meter *m, double *eta) {
  *eta = s->p->step;
  if (*eta > 0.0) return THW_OK;
  int whole = s->pace.batch == 0 || s->p->c > 0.0;
  THW_TRY(optim_constants_settle(&s->c, &s->o, &s->probe, s->x, !whole, &m->used));
  double L = s->c.L;
  if (s->p->c > 0.0) {
    *eta = s->p->c / L;
    return THW_OK;
  }
  if (s->p->momentum == HEAVY_BALL) {
    *eta = (1.0 - s->p->beta) / L;
    return THW_OK;
  }
  *eta = 0.5 / (whole ? L : L + s->c.VH / ((double)s->pace.batch * L));
  if (s->p->momentum != NONE) *eta *= 1.0 - s->p->beta;
  return THW_OK;
}

static thw_status average(sgd *s) {
  if (s->p->average == NO_AVERAGE) return THW_OK;
  double t = (double)++s->averaged, power = s->p->average == POLYNOMIAL ? POWER : 0.0;
  double weight = (power + 1.0) / (t + power);
  if (s->p->average == EXPONENTIAL) weight = fmax(weight, 1.0 - s->p->forget);
  return thw_axpby(s->a, weight, s->x, 1.0 - weight);
}

/* g of a batch at `at`, with what is done to gradients. */
static thw_status gradient(sgd *s, const thw_vec *at, double *f, int64_t *rows) {
  const thw_vec *where = at;
  if (s->sd > 0.0) THW_TRY(s->near->ops->normal(s->near, &s->noise.rng, 0.0, s->sd));
  if (s->sd > 0.0 && s->noise.kind == OPTIM_NOISE_POINT) {
    THW_TRY(thw_axpy(s->near, 1.0, at));
    where = s->near;
  }
  uint32_t how = s->p->draw == EPOCH ? THW_DRAW_NEXT : THW_DRAW_UNIFORM;
  THW_TRY(optim_sample(&s->o, &s->draw, how, s->pace.batch, where, f, s->g, rows));
  THW_TRY(optim_clip_apply(&s->clip, s->g));
  if (s->p->weight_decay > 0.0) THW_TRY(thw_axpy(s->g, s->p->weight_decay, at));
  if (s->sd > 0.0 && s->noise.kind == OPTIM_NOISE_GRADIENT) THW_TRY(thw_axpy(s->g, 1.0, s->near));
  return THW_OK;
}

/* v = beta v - eta g(x or x + beta v); x = x + v */
static thw_status one_step(sgd *s, optim_meter *m, double *f, int *pass_ended) {
  double eta, beta = s->p->beta, passes = optim_passes(&s->pace);
  double factor = optim_schedule_at(&s->schedule, s->pace.steps, passes);
  const thw_vec *at = s->x;
  THW_TRY(base_step(s, m, &eta));
  eta *= factor * s->o.scale;
  s->sd = optim_noise_at(&s->noise, passes, factor);
  if (s->p->momentum == NESTEROV) {
    THW_TRY(thw_copy(s->y, s->x));
    THW_TRY(thw_axpy(s->y, beta, s->v));
    at = s->y;
  }
  int64_t rows = 0;
  THW_TRY(gradient(s, at, f, &rows));
  if (s->p->momentum == NONE) {
    THW_TRY(thw_axpy(s->x, -eta, s->g));
  } else {
    THW_TRY(thw_axpby(s->v, -eta, s->g, beta));
    THW_TRY(thw_axpy(s->x, 1.0, s->v));
  }
  s->eta = eta;
  m->used += rows;
  *pass_ended = optim_pace_step(&s->pace, rows);
  return average(s);
}

static thw_status step(void *self, thw_step *io) {
  sgd *s = self;
  optim_meter m = optim_meter_of(io);
  int ended = 0;
  THW_TRY(optim_ready(&s->o));
  while (!ended && optim_go_on(&m, optim_step_rows(&s->pace)))
    THW_TRY(one_step(s, &m, NULL, &ended));
  if (ended) optim_constants_epoch(&s->c, s->pace.pass);
  io->epoch_end = ended;
  return THW_OK;
}

static thw_status point(void *self, thw_vec *x) {
  sgd *s = self;
  THW_TRY(optim_ready(&s->o));
  return thw_copy(x, s->averaged > 0 ? s->a : s->x);
}

static const thw_optimizer_ops ops = {
    .size = sizeof(thw_optimizer_ops), .start = start, .step = step, .point = point};

/* ---- extensions ----------------------------------------------------------------------------- */

#define FIELDS(s)                                                                                  \
  {                                                                                                \
    OPTIM_CONSTANTS_FIELDS(&(s)->c), OPTIM_PACE_FIELDS(&(s)->pace), {"x", OPTIM_VEC, (s)->x},      \
        {"v", OPTIM_VEC, (s)->v}, {"a", OPTIM_VEC, (s)->a}, {"draw", OPTIM_RNG, &(s)->draw},       \
        {"probe", OPTIM_RNG, &(s)->probe.rng}, {"eta", OPTIM_F64, &(s)->eta},                      \
        {"scale", OPTIM_F64, &(s)->o.scale}, {"averaged", OPTIM_I64, &(s)->averaged},              \
        {"noise", OPTIM_RNG, &(s)->noise.rng}, {"noise_sd", OPTIM_F64, &(s)->sd},                  \
        OPTIM_CLIP_FIELDS(&(s)->clip),                                                             \
  }

static thw_status save(void *self, thw_writer *w) {
  sgd *s = self;
  const optim_field f[] = FIELDS(s);
  return optim_save(w, f, sizeof f / sizeof f[0]);
}

static thw_status load(void *self, thw_reader *r) {
  sgd *s = self;
  const optim_field f[] = FIELDS(s);
  THW_TRY(optim_load(r, f, sizeof f / sizeof f[0]));
  if (s->pace.batch < 0 || s->pace.steps < 0 || s->pace.rows < 0 || s->averaged < 0)
    return optim_fail(&s->o, THW_E_STATE, "the checkpoint does not hold the state of an sgd");
  return THW_OK;
}

static const thw_ext_state state = {sizeof(thw_ext_state), 2, save, load};

static thw_status scale_step(void *self, double factor) {
  ((sgd *)self)->o.scale *= factor;
  return THW_OK;
}

static thw_status grow_batch(void *self, double factor) {
  sgd *s = self;
  optim_pace_grow(&s->pace, &s->o, factor);
  return THW_OK;
}

static thw_status take_facts(void *self, const thw_facts *f) {
  sgd *s = self;
  optim_take_facts(&s->o, f);
  s->c.have = 0;
  return THW_OK;
}

static const thw_steer steer = {.size = sizeof(thw_steer),
                                .reset = reset,
                                .scale_step = scale_step,
                                .grow_batch = grow_batch,
                                .facts = take_facts};

static thw_status report_(void *self, thw_sink *k) {
  sgd *s = self;
  k->real(k, "step", s->eta);
  k->real(k, "batch", (double)optim_step_rows(&s->pace));
  if (s->c.L > 0.0) k->real(k, "L", s->c.L);
  optim_clip_report(&s->clip, k);
  if (s->noise.kind != OPTIM_QUIET) k->real(k, "noise_sd", s->sd);
  if (s->c.VH > 0.0) k->real(k, "V_H", s->c.VH);
  return THW_OK;
}

static const thw_ext_report report = {.size = sizeof(thw_ext_report), .report = report_};

/* A batch of V / epsilon^2 rows brings the noise below epsilon; then each step gains as much as one
 * of gradient descent. */
static thw_status claims(void *self, const thw_problem *p, thw_claims *out) {
  (void)self;
  optim_numbers k = optim_numbers_of(p);
  double e2 = k.epsilon * k.epsilon;
  optim_claim(out, &(optim_promise){.aim = THW_AIM_STATIONARY,
                                    .formula = "L V D_f / epsilon^4",
                                    .source = "S. Ghadimi, G. Lan, SIAM J. Optim. 2013, (2.14)",
                                    .note = "constants of order one left out",
                                    .epochs = ceil(k.L * k.gap / e2),
                                    .epoch = optim_one_up(ceil(k.V / e2))});
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
    .id = "sgd",
    .version = PACKAGE_VERSION,
    .flags = THW_F_ONE_POINT,
    .summary = "stochastic gradient descent: mini-batches, schedules, momentum, averaging",
    .doc = "x = x - step g_I(x) with a mini-batch I, on finite sums and streams. With momentum "
           "v = beta v - step g_I(x), x = x + v; nesterov takes the gradient at x + beta v.\n\n"
           "With a constant step the gradient settles at a floor, |g|^2 about step L V / batch. To "
           "get below it let the step fall (schedule), average, or have an outer method grow the "
           "batch. draw = \"epoch\" with cosine or inverse is the most accurate on finite sums.\n\n"
           "clip scales down the gradient of a batch, before momentum, where its norm is larger: "
           "what recurrent networks need. noise = \"point\" and noise = \"gradient\" put noise "
           "into it on purpose, which can stand in for the noise of a large step: falling with the "
           "schedule, or on its own terms.\n\n"
           "On a stream a pass counts 4,096 rows. The schedule goes on when an outer method "
           "resets the point.",
    .reference =
        "H. Robbins, S. Monro, Ann. Math. Stat. 22 (1951); B. Polyak, A. Juditsky, SIAM J. "
        "Control Optim. 30 (1992) (averaging); O. Shamir, T. Zhang, ICML 2013 (polynomial "
        "weights); I. Loshchilov, F. Hutter, ICLR 2017 (cosine); R. Pascanu, T. Mikolov, Y. "
        "Bengio, "
        "ICML 2013 (clip); Y. Li, C. Wei, T. Ma, NeurIPS 2019 (noise)",
    THW_PARAMS(params, struct sgd_params),
    .offers = offers,
    .ops = &ops,
    .create = create,
    .destroy = destroy,
    .ext = ext,
};

static const thw_component *const components[] = {&component};

static const thw_plugin plugin = {
    THW_PLUGIN_HEAD,           .id = "sgd",       .version = PACKAGE_VERSION,
    .license = "BSD-3-Clause", .n_components = 1, .components = components,
};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
