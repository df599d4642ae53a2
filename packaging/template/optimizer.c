/* SPDX-License-Identifier: BSD-3-Clause */
/* @ID@ - gradient descent with momentum: a working example to start from. Replace the method and
 * keep the frame; thalweg-plugin(7) is the manual, the headers are the reference. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include <thalweg/thalweg.h>

/* The parameters as the host stores them. The table below says where each goes, and is all that
 * checking, defaults and `thalweg info` need. */
struct params {
  double step, momentum;
};

static const thw_param params[] = {
    THW_PARAM_REAL(struct params, step, 0.5, 0, THW_NO_BOUND, THW_P_MIN_OPEN | THW_P_LOG, NULL,
                   "Step length."),
    THW_PARAM_REAL(struct params, momentum, 0.5, 0, 1, THW_P_MAX_OPEN, NULL,
                   "Part of the last move that is added to the next one."),
};

/* One instance. There are no globals: a pipeline may hold several. */
struct method {
  const thw_host *host;
  thw_ctx *ctx;
  const struct params *params;
  thw_object oracle;
  thw_vec *x, *g, *move; /* point, gradient there, last move */
  double f;
};

/* ---- the method -------------------------------------------------------------------------------
 */

static void free_vectors(struct method *s) {
  thw_vec_free(s->x);
  thw_vec_free(s->g);
  thw_vec_free(s->move);
  s->x = s->g = s->move = NULL;
}

/* All memory is taken here: step must not allocate. */
static thw_status start(void *self, const thw_object *oracle, const thw_vec *x0) {
  struct method *s = self;
  thw_space *space;
  free_vectors(s);
  s->oracle = *oracle;
  THW_TRY(thw_oracle_space(oracle, &space));
  THW_TRY(thw_vec_new(space, &s->x));
  THW_TRY(thw_vec_new(space, &s->g));
  THW_TRY(thw_vec_new(space, &s->move));
  THW_TRY(thw_copy(s->x, x0));
  return thw_oracle_eval(&s->oracle, s->x, NULL, &s->f, s->g);
}

/* One iteration. What the oracle returns (budget spent, run cancelled, an error) goes straight back
 * to the host: THW_TRY does that. */
static thw_status step(void *self, thw_step *io) {
  struct method *s = self;
  THW_TRY(thw_axpby(s->move, -s->params->step, s->g, s->params->momentum));
  THW_TRY(thw_axpy(s->x, 1.0, s->move));
  THW_TRY(thw_oracle_eval(&s->oracle, s->x, NULL, &s->f, s->g));
  io->f = s->f; /* at hand anyway: saves the host an evaluation */
  io->epoch_end = 1;
  return thw_norm2(s->g, &io->grad_norm);
}

static thw_status point(void *self, thw_vec *x) {
  return thw_copy(x, ((struct method *)self)->x);
}

static const thw_optimizer_ops ops = {
    .size = (uint32_t)sizeof(thw_optimizer_ops), .start = start, .step = step, .point = point};

/* ---- extension: state, so that an interrupted run goes on to the last bit ---------------------
 */

/* Another number whenever the records change. */
#define STATE_VERSION 1

static thw_status save(void *self, thw_writer *w) {
  struct method *s = self;
  THW_TRY(w->vec(w, "x", s->x));
  THW_TRY(w->vec(w, "g", s->g));
  THW_TRY(w->vec(w, "move", s->move));
  return w->f64(w, "f", s->f);
}

static thw_status load(void *self, thw_reader *r) {
  struct method *s = self;
  if (r->version != STATE_VERSION)
    return s->host->fail(s->ctx, THW_E_STATE,
                         "the checkpoint was written by another version of @ID@: resume with that "
                         "one, or start anew");
  THW_TRY(r->vec(r, "x", s->x));
  THW_TRY(r->vec(r, "g", s->g));
  THW_TRY(r->vec(r, "move", s->move));
  return r->f64(r, "f", &s->f);
}

static const thw_ext_state state = {
    .size = (uint32_t)sizeof(thw_ext_state), .version = STATE_VERSION, .save = save, .load = load};

/* ---- extension: report, numbers for each record of metrics.jsonl ------------------------------
 */

static thw_status report(void *self, thw_sink *to) {
  struct method *s = self;
  double length;
  THW_TRY(thw_norm2(s->move, &length));
  to->real(to, "move", length);
  return THW_OK;
}

static const thw_ext_report reporting = {.size = (uint32_t)sizeof(thw_ext_report),
                                         .report = report};

static const char *const offers[] = {THW_EXT_STATE, THW_EXT_REPORT, NULL};

static const void *ext(void *self, const char *id) {
  (void)self;
  if (strcmp(id, THW_EXT_STATE) == 0) return &state;
  if (strcmp(id, THW_EXT_REPORT) == 0) return &reporting;
  return NULL;
}

/* ---- life and description ---------------------------------------------------------------------
 */

static thw_status create(const thw_component *me, const thw_host *host, thw_ctx *ctx,
                         const void *params_, const thw_wired *slots, void **self) {
  struct method *s = host->alloc(ctx, sizeof *s);
  (void)me;
  (void)slots;
  if (!s) return host->fail(ctx, THW_E_NOMEM, "out of memory");
  s->host = host;
  s->ctx = ctx;
  s->params = params_;
  *self = s;
  return THW_OK;
}

static void destroy(void *self) {
  struct method *s = self;
  free_vectors(s);
  s->host->release(s->ctx, s);
}

static const thw_component component = {
    THW_COMPONENT_HEAD(THW_OPTIMIZER),
    .id = "@ID@",
    .version = "0.1.0",
    .summary = "gradient descent with momentum",
    .doc = "x = x + move, where move = momentum * move - step * gradient. Each step costs one "
           "pass over the source.",
    .reference = "B. T. Polyak: Some methods of speeding up the convergence of iteration methods. "
                 "USSR Computational Mathematics and Mathematical Physics 4(5), 1964",
    THW_PARAMS(params, struct params),
    .offers = offers,
    .ops = &ops,
    .create = create,
    .destroy = destroy,
    .ext = ext,
};

static const thw_component *const components[] = {&component};

static const thw_plugin plugin = {
    THW_PLUGIN_HEAD,           .id = "@ID@",      .version = "0.1.0",
    .license = "BSD-3-Clause", .n_components = 1, .components = components,
};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
