/* SPDX-License-Identifier: BSD-3-Clause */
#include "toys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <thalweg/model.h>
#include <thalweg/optimizer.h>
#include <thalweg/oracle.h>
#include <thalweg/source.h>

#include "core/host.h"

char toy_trace[2048];

static void trace(char sign, const char *path) {
  size_t n = strlen(toy_trace);
  snprintf(toy_trace + n, sizeof toy_trace - n, "%s%c%s", n ? " " : "", sign, path);
}

/* ---- tables that are never called ---------------------------------------------------------------
 */

static thw_status no_sets(void *self, uint32_t *n) {
  (void)self;
  *n = 1;
  return THW_OK;
}
static thw_status no_info(void *self, uint32_t set, thw_source_info *out) {
  (void)self, (void)set, (void)out;
  return THW_E_UNSUPPORTED;
}
static thw_status no_take(void *self, uint32_t set, int64_t n, const int64_t *index, int64_t first,
                          thw_batch **out) {
  (void)self, (void)set, (void)n, (void)index, (void)first, (void)out;
  return THW_E_UNSUPPORTED;
}
static void no_release(void *self, thw_batch *b) {
  (void)self, (void)b;
}
static const thw_source_ops source_ops = {.size = sizeof source_ops,
                                          .sets = no_sets,
                                          .info = no_info,
                                          .take = no_take,
                                          .release = no_release};

static thw_status no_layout(void *self, thw_layout *out) {
  (void)self, (void)out;
  return THW_E_UNSUPPORTED;
}
static thw_status no_init(void *self, thw_view *x, thw_rng *r) {
  (void)self, (void)x, (void)r;
  return THW_E_UNSUPPORTED;
}
static thw_status no_eval(void *self, const thw_view *x, const thw_batch *b, double *f,
                          thw_view *g) {
  (void)self, (void)x, (void)b, (void)f, (void)g;
  return THW_E_UNSUPPORTED;
}
static const thw_model_ops model_ops = {
    .size = sizeof model_ops, .layout = no_layout, .init = no_init, .eval = no_eval};

static thw_status no_space(void *self, thw_space **out) {
  (void)self, (void)out;
  return THW_E_UNSUPPORTED;
}
static thw_status no_draw(void *self, thw_rng *r, uint32_t how, int64_t n, thw_batch **out) {
  (void)self, (void)r, (void)how, (void)n, (void)out;
  return THW_E_UNSUPPORTED;
}
static thw_status no_oracle_eval(void *self, const thw_vec *x, const thw_batch *b, double *f,
                                 thw_vec *g) {
  (void)self, (void)x, (void)b, (void)f, (void)g;
  return THW_E_UNSUPPORTED;
}
static thw_status no_start_point(void *self, thw_vec *x, thw_rng *r) {
  (void)self, (void)x, (void)r;
  return THW_E_UNSUPPORTED;
}
static const thw_oracle_ops oracle_ops = {.size = sizeof oracle_ops,
                                          .space = no_space,
                                          .start_point = no_start_point,
                                          .draw = no_draw,
                                          .release = no_release,
                                          .eval = no_oracle_eval};

static thw_status no_start(void *self, const thw_object *oracle, const thw_vec *x0) {
  (void)self, (void)oracle, (void)x0;
  return THW_E_UNSUPPORTED;
}
static thw_status no_step(void *self, thw_step *io) {
  (void)self, (void)io;
  return THW_DONE;
}
static thw_status no_point(void *self, thw_vec *x) {
  (void)self, (void)x;
  return THW_E_UNSUPPORTED;
}
static const thw_optimizer_ops optimizer_ops = {
    .size = sizeof optimizer_ops, .start = no_start, .step = no_step, .point = no_point};

/* ---- life ---------------------------------------------------------------------------------------
 */

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c, const void *params,
                         const thw_wired *slots, void **self) {
  (void)me;
  toy *t = h->alloc(c, sizeof *t);
  if (!t) return h->fail(c, THW_E_NOMEM, "out of memory");
  *t = (toy){.ctx = c, .p = params, .slots = slots};
  snprintf(t->path, sizeof t->path, "%s", tw_ctx_path(c));
  trace('+', t->path);
  *self = t;
  return THW_OK;
}

static thw_status create_fails(const thw_component *me, const thw_host *h, thw_ctx *c,
                               const void *params, const thw_wired *slots, void **self) {
  (void)me, (void)params, (void)slots, (void)self;
  h->alloc(c, 100);
  return h->fail(c, THW_E_IO, "the disk is on fire: call somebody");
}

static thw_status create_nothing(const thw_component *me, const thw_host *h, thw_ctx *c,
                                 const void *params, const thw_wired *slots, void **self) {
  (void)me, (void)h, (void)c, (void)params, (void)slots, (void)self;
  return THW_OK;
}

static thw_status create_cancelled(const thw_component *me, const thw_host *h, thw_ctx *c,
                                   const void *params, const thw_wired *slots, void **self) {
  (void)create(me, h, c, params, slots, self);
  return THW_CANCELLED;
}

static void destroy(void *self) {
  trace('-', ((toy *)self)->path);
}

static thw_status steer_reset(void *self, const thw_vec *x) {
  (void)self, (void)x;
  return THW_OK;
}
static thw_status steer_scale(void *self, double factor) {
  (void)self, (void)factor;
  return THW_OK;
}
static const thw_steer steer = {
    .size = sizeof steer, .reset = steer_reset, .scale_step = steer_scale};

static const void *ext(void *self, const char *id) {
  (void)self;
  return strcmp(id, THW_EXT_STEER) == 0 ? &steer : NULL;
}

static const void *no_ext(void *self, const char *id) {
  (void)self, (void)id;
  return NULL;
}

static thw_status check(const thw_host *h, thw_ctx *c, const void *params) {
  const toy_params *p = params;
  if (p->rate > 0 && p->step != 1) return h->fail(c, THW_E_ARG, "step and rate exclude each other");
  if (p->rate == 7) return THW_E_ARG;
  return p->rate == 8 ? THW_STALLED : THW_OK;
}

/* ---- tables -------------------------------------------------------------------------------------
 */

static const char *const rules[] = {"last", "average", NULL};

static const thw_param params[] = {
    THW_PARAM_REAL(toy_params, step, 1, 0, THW_NO_BOUND, THW_P_MIN_OPEN, NULL, "step length"),
    THW_PARAM_REAL(toy_params, rate, 0, 0, 10, 0, NULL, "of something"),
    THW_PARAM_INT(toy_params, batch, 4, 1, 1000, "rows", "mini-batch"),
    THW_PARAM_PATH(toy_params, path, NULL, 0, "a file"),
    THW_PARAM_ENUM(toy_params, rule, 0, rules, "which iterate"),
    THW_PARAM_REALS(toy_params, weights, "0.5 2", 0, 10, 0, NULL, "weights"),
};

static const char *const offers_steer[] = {THW_EXT_STEER, NULL};

static const thw_slot source_slot[] = {{"source", THW_SOURCE, 1, NULL, "rows"}};
static const thw_slot oracle_slots[] = {{"source", THW_SOURCE, 1, NULL, "rows"},
                                        {"model", THW_MODEL, 1, NULL, "the loss"}};
static const thw_slot outer_slots[] = {
    {"inner", THW_OPTIMIZER, 1, offers_steer, "what moves the point"},
    {"spare", THW_OPTIMIZER, 0, NULL, "another one"}};

#define TOY(name_, kind_, id_, ops_, create_, ...)                                                 \
  static const thw_component name_ = {THW_COMPONENT_HEAD(kind_),                                   \
                                      .id = id_,                                                   \
                                      .version = "1",                                              \
                                      .summary = "a toy",                                          \
                                      THW_PARAMS(params, toy_params),                              \
                                      .ops = &ops_,                                                \
                                      .create = create_,                                           \
                                      .destroy = destroy,                                          \
                                      __VA_ARGS__}

TOY(rows, THW_SOURCE, "rows", source_ops, create, .check = check);
TOY(wrap, THW_SOURCE, "wrap", source_ops, create, THW_SLOTS(source_slot));
TOY(quad, THW_MODEL, "quad", model_ops, create, THW_SLOTS(source_slot));
TOY(sum, THW_ORACLE, "sum", oracle_ops, create, THW_SLOTS(oracle_slots));
TOY(sgd, THW_OPTIMIZER, "sgd", optimizer_ops, create, .check = check, .offers = offers_steer,
    .ext = ext);
TOY(bare, THW_OPTIMIZER, "bare", optimizer_ops, create, .ext = no_ext);
TOY(outer, THW_OPTIMIZER, "outer", optimizer_ops, create, THW_SLOTS(outer_slots),
    .offers = offers_steer, .ext = ext);
TOY(liar, THW_OPTIMIZER, "liar", optimizer_ops, create, .offers = offers_steer, .ext = no_ext);
TOY(fails, THW_OPTIMIZER, "fails", optimizer_ops, create_fails, .offers = offers_steer, .ext = ext);
TOY(nothing, THW_OPTIMIZER, "nothing", optimizer_ops, create_nothing, .offers = offers_steer,
    .ext = ext);
TOY(tired, THW_OPTIMIZER, "tired", optimizer_ops, create_cancelled, .offers = offers_steer,
    .ext = ext);

static const thw_component *const components[] = {&rows,  &wrap, &quad,  &sum,     &sgd,  &bare,
                                                  &outer, &liar, &fails, &nothing, &tired};

const thw_plugin toy_plugin = {THW_PLUGIN_HEAD,
                               .id = "toys",
                               .version = "1",
                               .license = "BSD-3-Clause",
                               .n_components = sizeof components / sizeof components[0],
                               .components = components};
