/* SPDX-License-Identifier: BSD-3-Clause */
/* Adam and AdamW. */
#include "config.h"

#include <string.h>

#include "kernels/optim/clip.h"
#include "kernels/optim/optim.h"
#include "kernels/optim/schedule.h"

enum { UNIFORM, EPOCH };
static const char *const draws[] = {"uniform", "epoch", NULL};

struct adam_params {
  double step, beta1, beta2, eps, weight_decay, clip;
  int64_t batch;
  int32_t draw;
  OPTIM_SCHEDULE_FIELDS
};

static const thw_param params[] = {
    THW_PARAM_REAL(struct adam_params, step, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,
                   "Step length, about the size of a move of each coordinate; 0: 0.01, with the "
                   "whole sum 0.05."),
    THW_PARAM_INT(struct adam_params, batch, 64, 0, THW_NO_BOUND, "rows",
                  "Rows in each mini-batch; 0: the whole sum."),
    THW_PARAM_ENUM(struct adam_params, draw, UNIFORM, draws,
                   "uniform: rows with replacement; epoch: each row once per pass, in a new order "
                   "(streams: the next rows)."),
    THW_PARAM_REAL(struct adam_params, beta1, 0.9, 0.0, 1.0, THW_P_MAX_OPEN, NULL,
                   "Forgetting of the mean gradient."),
    THW_PARAM_REAL(struct adam_params, beta2, 0.999, 0.0, 1.0, THW_P_MAX_OPEN, NULL,
                   "Forgetting of the mean squared gradient."),
    THW_PARAM_REAL(struct adam_params, eps, 1e-8, 0.0, THW_NO_BOUND, THW_P_MIN_OPEN | THW_P_LOG,
                   NULL, "Added to the root of the mean square."),
    THW_PARAM_REAL(struct adam_params, weight_decay, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,
                   "Decoupled decay (AdamW): x shrinks by step times this in each step; not part "
                   "of f."),
    OPTIM_SCHEDULE_PARAMS(struct adam_params),
    OPTIM_CLIP_PARAM(struct adam_params),
};

enum { X, G, M, S, VECS };

typedef struct adam {
  optim o;
  const struct adam_params *p;
  optim_schedule schedule;
  optim_clip clip;
  optim_pace pace;
  thw_rng draw;
  thw_vec *x, *g, *m, *s; /* m, s: means of g and of its squares, towards zero at first */
  double eta;
  int64_t t; /* steps since the last reset: what the means are corrected by */
} adam;

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c,
                         const void *params_, const thw_wired *slots, void **self) {
  (void)me, (void)slots;
  adam *s = h->alloc(c, sizeof *s);
  if (!s) return h->fail(c, THW_E_NOMEM, "out of memory for adam");
  optim_init(&s->o, h, c);
  s->p = params_;
  *self = s;
  return THW_OK;
}

static void destroy(void *self) {
  adam *s = self;
  optim_free(&s->o);
  s->o.host->release(s->o.ctx, s);
}

static thw_status reset(void *self, const thw_vec *x) {
  adam *s = self;
  THW_TRY(optim_ready(&s->o));
  s->t = 0;
  if (s->p->batch > 0) s->pace.batch = s->p->batch;
  THW_TRY(thw_fill(s->m, 0.0));
  THW_TRY(thw_fill(s->s, 0.0));
  return thw_copy(s->x, x);
}

static thw_status start(void *self, const thw_object *oracle, const thw_vec *x0) {
  adam *s = self;
  THW_TRY(optim_start(&s->o, oracle, VECS));
  if (s->p->batch == 0)
    THW_TRY(optim_need_sum(&s->o, "adam with batch = 0", "give a batch of 1 or more"));
  thw_vec **v = s->o.vec;
  s->x = v[X], s->g = v[G], s->m = v[M], s->s = v[S];
  THW_TRY(s->o.host->rng(s->o.ctx, "draw", &s->draw));
  optim_pace_start(&s->pace, &s->o, s->p->batch);
  optim_clip_start(&s->clip, s->p->clip);
  s->schedule = OPTIM_SCHEDULE_OF(s->p);
  THW_TRY(optim_schedule_start(&s->schedule, &s->o));
  s->eta = 0.0;
  return reset(s, x0);
}

static thw_status one_step(adam *s, optim_meter *m, int *pass_ended) {
  const struct adam_params *p = s->p;
  double base = p->step > 0.0 ? p->step : p->batch > 0 ? 0.01 : 0.05;
  uint32_t how = p->draw == EPOCH ? THW_DRAW_NEXT : THW_DRAW_UNIFORM;
  int64_t rows = 0;
  double eta =
      base * s->o.scale * optim_schedule_at(&s->schedule, s->pace.steps, optim_passes(&s->pace));
  THW_TRY(optim_sample(&s->o, &s->draw, how, s->pace.batch, s->x, NULL, s->g, &rows));
  THW_TRY(optim_clip_apply(&s->clip, s->g));
  s->t++;
  THW_TRY(thw_axpby(s->m, 1.0 - p->beta1, s->g, p->beta1));
  THW_TRY(s->s->ops->addsq(s->s, 1.0 - p->beta2, s->g, p->beta2));
  double c1 = 1.0 - pow(p->beta1, (double)s->t), c2 = 1.0 - pow(p->beta2, (double)s->t);
  if (p->weight_decay > 0.0) THW_TRY(thw_scale(s->x, 1.0 - eta * p->weight_decay));
  THW_TRY(s->x->ops->adapt(s->x, -eta / c1, s->m, 1.0 / c2, s->s, p->eps));
  s->eta = eta;
  m->used += rows;
  *pass_ended = optim_pace_step(&s->pace, rows);
  return THW_OK;
}

static thw_status step(void *self, thw_step *io) {
  adam *s = self;
  optim_meter m = optim_meter_of(io);
  int ended = 0;
  THW_TRY(optim_ready(&s->o));
  while (!ended && optim_go_on(&m, optim_step_rows(&s->pace))) THW_TRY(one_step(s, &m, &ended));
  io->epoch_end = ended;
  return THW_OK;
}

static thw_status point(void *self, thw_vec *x) {
  adam *s = self;
  THW_TRY(optim_ready(&s->o));
  return thw_copy(x, s->x);
}

static const thw_optimizer_ops ops = {
    .size = sizeof(thw_optimizer_ops), .start = start, .step = step, .point = point};

/* ---- extensions ----------------------------------------------------------------------------- */

#define FIELDS(s_)                                                                                 \
  {                                                                                                \
    OPTIM_PACE_FIELDS(&(s_)->pace), {"x", OPTIM_VEC, (s_)->x}, {"m", OPTIM_VEC, (s_)->m},          \
        {"s", OPTIM_VEC, (s_)->s}, {"draw", OPTIM_RNG, &(s_)->draw},                               \
        {"eta", OPTIM_F64, &(s_)->eta}, {"scale", OPTIM_F64, &(s_)->o.scale},                      \
        {"t", OPTIM_I64, &(s_)->t}, OPTIM_CLIP_FIELDS(&(s_)->clip),                                \
  }

static thw_status save(void *self, thw_writer *w) {
  adam *s = self;
  const optim_field f[] = FIELDS(s);
  return optim_save(w, f, sizeof f / sizeof f[0]);
}

static thw_status load(void *self, thw_reader *r) {
  adam *s = self;
  const optim_field f[] = FIELDS(s);
  THW_TRY(optim_load(r, f, sizeof f / sizeof f[0]));
  if (s->pace.batch < 0 || s->pace.steps < 0 || s->pace.rows < 0 || s->t < 0)
    return optim_fail(&s->o, THW_E_STATE, "the checkpoint does not hold the state of an adam");
  return THW_OK;
}

static const thw_ext_state state = {sizeof(thw_ext_state), 1, save, load};

static thw_status scale_step(void *self, double factor) {
  ((adam *)self)->o.scale *= factor;
  return THW_OK;
}

static thw_status grow_batch(void *self, double factor) {
  adam *s = self;
  optim_pace_grow(&s->pace, &s->o, factor);
  return THW_OK;
}

static const thw_steer steer = {
    .size = sizeof(thw_steer), .reset = reset, .scale_step = scale_step, .grow_batch = grow_batch};

static thw_status report_(void *self, thw_sink *k) {
  adam *s = self;
  k->real(k, "step", s->eta);
  k->real(k, "batch", (double)optim_step_rows(&s->pace));
  optim_clip_report(&s->clip, k);
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
    .id = "adam",
    .version = PACKAGE_VERSION,
    .flags = THW_F_ONE_POINT,
    .summary = "Adam: steps scaled by running means of the gradient and its squares",
    .doc = "m = beta1 m + (1 - beta1) g, s = beta2 s + (1 - beta2) g^2 element by element, "
           "x = x - step (m / (1 - beta1^t)) / (sqrt(s / (1 - beta2^t)) + eps), on finite sums and "
           "streams.\n\n"
           "With a constant step the iterates keep moving by about step in each coordinate: a "
           "falling schedule is what brings the gradient down. clip scales down the gradient of a "
           "batch, before the means, where its norm is larger. On a stream a pass counts 4,096 "
           "rows. The schedule goes on when an outer method resets the point; m, s and t start "
           "again.",
    .reference = "D. Kingma, J. Ba, ICLR 2015, algorithm 1; I. Loshchilov, F. Hutter, ICLR 2019 "
                 "(weight_decay); R. Pascanu, T. Mikolov, Y. Bengio, ICML 2013 (clip)",
    THW_PARAMS(params, struct adam_params),
    .offers = offers,
    .ops = &ops,
    .create = create,
    .destroy = destroy,
    .ext = ext,
};

static const thw_component *const components[] = {&component};

static const thw_plugin plugin = {
    THW_PLUGIN_HEAD,           .id = "adam",      .version = PACKAGE_VERSION,
    .license = "BSD-3-Clause", .n_components = 1, .components = components,
};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
