/* SPDX-License-Identifier: BSD-3-Clause */
/* Mini-batch gradient descent in epochs of four steps, and its broken relatives. */
#include <fenv.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "broken.h"

enum { BATCH = 6, EPOCH = 4 };

typedef struct params {
  double step;
  int64_t extra;
} params;

typedef struct method {
  const thw_component *me;
  const thw_host *host;
  thw_ctx *ctx;
  const params *p;
  const thw_wired *slots;
  const thw_object *oracle;
  thw_vec *x, *g;
  thw_rng rng;
  int64_t t, calls;
  double scale, noise;
} method;

static int instances;
static const params *last_params;
static int table[EPOCH];

#define IS(what) breaks(m->me, what)

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c, const void *p,
                         const thw_wired *slots, void **self) {
  method *m = h->alloc(c, sizeof *m);
  if (!m) return breaks(me, "out-of-memory") ? THW_DONE : THW_E_NOMEM;
  *m = (method){.me = me, .host = h, .ctx = c, .p = p, .slots = slots, .scale = 1};
  if (IS("instances")) last_params = p;
  if (IS("same-seed")) m->noise = 1e-3 * ++instances;
  if (IS("leaks")) m->calls = malloc(1000) == NULL;
  if (IS("slots") && slots->object[0].ops && !thw_ext(&slots->object[0], THW_EXT_STEER))
    return h->fail(c, THW_E_UNSUPPORTED, "the inner method cannot be steered");
  if (IS("empty-slots") && !slots->object[0].ops) abort();
  if (IS("parameters") && m->p->extra == 7) abort();
  if (IS("surroundings")) fesetround(FE_UPWARD);
  *self = m;
  return THW_OK;
}

static void drop(method *m) {
  if (!IS("leaks-vectors")) {
    thw_vec_free(m->x);
    thw_vec_free(m->g);
  }
  m->x = m->g = NULL;
}

static void destroy(void *self) {
  method *m = self;
  if (IS("lives") && !m->x) abort();
  drop(m);
  m->host->release(m->ctx, m);
}

static thw_status start(void *self, const thw_object *oracle, const thw_vec *x0) {
  method *m = self;
  thw_space *s;
  thw_facts f = {.size = sizeof f};
  drop(m);
  m->oracle = oracle;
  m->t = 0;
  m->scale = 1;
  THW_TRY(thw_oracle_facts(oracle, &f));
  if (IS("no-facts") && isnan(f.lipschitz)) return THW_STALLED;
  if (!IS("restart") || m->calls++ == 0) THW_TRY(m->host->rng(m->ctx, "draw", &m->rng));
  THW_TRY(thw_oracle_space(oracle, &s));
  THW_TRY(thw_vec_new(s, &m->x));
  THW_TRY(thw_vec_new(s, &m->g));
  THW_TRY(thw_copy(m->x, x0));
  if (IS("starts-at-x0")) THW_TRY(thw_scale(m->x, 0.5));
  if (IS("at-minimum")) {
    double norm;
    THW_TRY(thw_oracle_eval(oracle, m->x, NULL, NULL, m->g));
    THW_TRY(thw_norm2(m->g, &norm));
    if (norm < 1e-9) return THW_E_INTERNAL;
  }
  return THW_OK;
}

/* What the flaws do to the gradient of a step. */
static thw_status bend(method *m) {
  if (IS("descends")) THW_TRY(thw_scale(m->g, -1));
  if (IS("precisions") && m->x->space->dtype == THW_F32) THW_TRY(thw_scale(m->g, -1));
  if (IS("works")) THW_TRY(thw_scale(m->g, 1 + 1e300));
  if (IS("same-seed")) THW_TRY(thw_scale(m->g, 1 + m->noise));
  if (IS("instances") && last_params != m->p) THW_TRY(thw_scale(m->g, 2));
  if (IS("quiet")) fputs("step\n", stderr);
  if (IS("exits") && m->t == 3) exit(0);
  if (IS("hangs") && m->t == 3)
    for (;;) pause();
  return THW_OK;
}

static thw_status answer(const method *m, thw_status st) {
  if (IS("budget") && st == THW_BUDGET) return THW_STALLED;
  if (IS("cancel") && st == THW_CANCELLED) return THW_E_INTERNAL;
  if (IS("not-finite") && st == THW_E_NONFINITE) thw_fill(m->x, (double)NAN);
  return st;
}

static thw_status one(method *m, double *f) {
  thw_batch *b = NULL;
  THW_TRY(answer(m, thw_oracle_draw(m->oracle, &m->rng, THW_DRAW_UNIFORM, BATCH, &b)));
  thw_status st = thw_oracle_eval(m->oracle, m->x, b, f, m->g);
  if (!IS("batches-released") || m->t % 8) thw_oracle_release(m->oracle, b);
  if (IS("budget-late") && st == THW_BUDGET)
    return thw_oracle_eval(m->oracle, m->x, NULL, NULL, m->g);
  if (st != THW_OK) return answer(m, st);
  THW_TRY(bend(m));
  if (IS("no-allocation")) m->host->release(m->ctx, m->host->alloc(m->ctx, 64));
  if (IS("no-allocation-malloc")) {
    void *volatile p = malloc(64); /* volatile: or the pair is optimised away */
    free(p);
  }
  if (IS("damaged-state")) table[m->t % EPOCH]++;
  m->t++;
  return thw_axpy(m->x, -m->p->step * m->scale, m->g);
}

static thw_status step(void *self, thw_step *io) {
  method *m = self;
  int64_t units = 0, last = IS("max-units") ? 3 * io->max_units : io->max_units;
  if (IS("cut-epochs")) m->rng.block += 1000;
  do {
    THW_TRY(one(m, &io->f));
    units += BATCH;
    io->epoch_end = m->t % EPOCH == 0;
  } while (!io->epoch_end && ((io->flags & THW_STEP_EPOCH) || units < last));
  while (IS("max-units") && units < last) {
    THW_TRY(one(m, &io->f));
    units += BATCH;
  }
  return THW_OK;
}

static thw_status point(void *self, thw_vec *x) {
  return thw_copy(x, ((method *)self)->x);
}

/* ---- extensions --------------------------------------------------------------------------------
 */

static thw_status save(void *self, thw_writer *w) {
  method *m = self;
  if (IS("save-looks-only")) thw_rng_u32(&m->rng);
  THW_TRY(w->vec(w, "x", m->x));
  THW_TRY(w->i64(w, "t", m->t));
  THW_TRY(w->f64(w, "scale", m->scale));
  return w->rng(w, "rng", &m->rng);
}

static thw_status load(void *self, thw_reader *r) {
  method *m = self;
  thw_rng rng;
  THW_TRY(r->vec(r, "x", m->x));
  thw_status st = r->i64(r, "t", &m->t);
  if (st != THW_OK && !IS("missing-state")) return st;
  if ((m->t < 0 || m->t > INT64_MAX / 2) && !IS("damaged-state"))
    return m->host->fail(m->ctx, THW_E_STATE, "no run has that number of steps");
  if (IS("damaged-state") && (m->t < 0 || m->t > 1000000)) abort();
  THW_TRY(r->f64(r, "scale", &m->scale));
  if (!(fabs(m->scale) < 1e6)) return m->host->fail(m->ctx, THW_E_STATE, "the scale is not sane");
  THW_TRY(r->rng(r, "rng", &rng));
  if (!IS("resume")) m->rng = rng;
  return THW_OK;
}

static thw_status reset(void *self, const thw_vec *x) {
  method *m = self;
  m->t = 0;
  return IS("steering") ? THW_OK : thw_copy(m->x, x);
}

static thw_status scale_step(void *self, double factor) {
  method *m = self;
  if (!IS("steering-scale")) m->scale *= factor;
  return THW_OK;
}

static thw_status report(void *self, thw_sink *s) {
  method *m = self;
  double f = 0;
  if (IS("report")) THW_TRY(thw_oracle_eval(m->oracle, m->x, NULL, &f, NULL));
  s->real(s, "scale", m->scale);
  return THW_OK;
}

static const thw_ext_state state = {.size = sizeof state, .version = 1, .save = save, .load = load};
static const thw_steer steer = {.size = sizeof steer, .reset = reset, .scale_step = scale_step};
static const thw_ext_report reports = {.size = sizeof reports, .report = report};

static const void *ext(void *self, const char *id) {
  method *m = self;
  if (IS("extensions") && strncmp(id, THW_EXT_STATE, 10) == 0) return &state;
  if (strcmp(id, THW_EXT_STATE) == 0) return &state;
  if (strcmp(id, THW_EXT_STEER) == 0) return &steer;
  return strcmp(id, THW_EXT_REPORT) == 0 ? &reports : NULL;
}

static const thw_optimizer_ops ops = {
    .size = sizeof ops, .start = start, .step = step, .point = point};
static const char *const offers[] = {THW_EXT_STATE, THW_EXT_STEER, THW_EXT_REPORT, NULL};
static const thw_param table_of_params[] = {
    THW_PARAM_REAL(params, step, 0.05, 0, 0.5, THW_P_MIN_OPEN, NULL, "length of a step"),
    THW_PARAM_INT(params, extra, 0, 0, 7, NULL, "of no use"),
};
static const thw_slot slots[] = {{"inner", THW_OPTIMIZER, 0, NULL, "of no use"}};

#define ONE(var, id_, doc_)                                                                        \
  static const thw_component var = {THW_COMPONENT_HEAD(THW_OPTIMIZER),                             \
                                    .id = id_,                                                     \
                                    .version = "1.0",                                              \
                                    .summary = "breaks a promise",                                 \
                                    .doc = doc_,                                                   \
                                    .reference = "none",                                           \
                                    THW_PARAMS(table_of_params, params),                           \
                                    THW_SLOTS(slots),                                              \
                                    .offers = offers,                                              \
                                    .ops = &ops,                                                   \
                                    .create = create,                                              \
                                    .destroy = destroy,                                            \
                                    .ext = ext}
#define BROKEN(var, id_) ONE(var, id_, "breaks the check of its name")

ONE(help, "help", NULL);
BROKEN(sound, "sound-optimizer");
BROKEN(lives, "lives");
BROKEN(works, "works");
BROKEN(empty_slots, "empty-slots");
BROKEN(extensions, "extensions");
BROKEN(out_of_memory, "out-of-memory");
BROKEN(parameters, "parameters");
BROKEN(same_seed, "same-seed");
BROKEN(other_instances, "instances");
BROKEN(precisions, "precisions");
BROKEN(quiet, "quiet");
BROKEN(surroundings, "surroundings");
BROKEN(leaks, "leaks");
BROKEN(leaks_vectors, "leaks-vectors");
BROKEN(exits, "exits");
BROKEN(hangs, "hangs");
BROKEN(descends, "descends");
BROKEN(starts_at_x0, "starts-at-x0");
BROKEN(restart, "restart");
BROKEN(at_minimum, "at-minimum");
BROKEN(no_facts, "no-facts");
BROKEN(budget, "budget");
BROKEN(budget_late, "budget-late");
BROKEN(cancel, "cancel");
BROKEN(not_finite, "not-finite");
BROKEN(max_units, "max-units");
BROKEN(cut_epochs, "cut-epochs");
BROKEN(no_allocation, "no-allocation");
BROKEN(no_malloc, "no-allocation-malloc");
BROKEN(of_slots, "slots");
BROKEN(batches_released, "batches-released");
BROKEN(report_evaluates, "report");
BROKEN(steering, "steering");
BROKEN(steering_scale, "steering-scale");
BROKEN(resume, "resume");
BROKEN(save_looks_only, "save-looks-only");
BROKEN(missing_state, "missing-state");
BROKEN(damaged_state, "damaged-state");

const thw_component *const broken_optimizers[] = {&sound,
                                                  &help,
                                                  &lives,
                                                  &works,
                                                  &empty_slots,
                                                  &extensions,
                                                  &out_of_memory,
                                                  &parameters,
                                                  &same_seed,
                                                  &other_instances,
                                                  &precisions,
                                                  &quiet,
                                                  &surroundings,
                                                  &leaks,
                                                  &leaks_vectors,
                                                  &exits,
                                                  &hangs,
                                                  &descends,
                                                  &starts_at_x0,
                                                  &restart,
                                                  &at_minimum,
                                                  &no_facts,
                                                  &budget,
                                                  &budget_late,
                                                  &cancel,
                                                  &not_finite,
                                                  &max_units,
                                                  &cut_epochs,
                                                  &no_allocation,
                                                  &no_malloc,
                                                  &of_slots,
                                                  &batches_released,
                                                  &report_evaluates,
                                                  &steering,
                                                  &steering_scale,
                                                  &resume,
                                                  &save_looks_only,
                                                  &missing_state,
                                                  &damaged_state,
                                                  NULL};
