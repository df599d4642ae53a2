/* SPDX-License-Identifier: BSD-3-Clause */
/* Natasha2: epochs of Natasha1.5 until the gradient is small, then a search for negative curvature
 * and a step along what it finds (natasha.md, section 6); in the theory form a search before every
 * epoch, which may not leave the zone where that search still holds (section 3). */
#include "config.h"

#include <string.h>

#include "kernels/optim/theory.h"
#include "plugins/optimizers/natasha/natasha.h"

struct natasha2_params {
  struct escape_params escape; /* first: ESCAPE_PARAMS counts on it */
  OPTIM_EPOCH_MEMBERS;
  NATASHA_MEMBERS;
  double zone;
  int64_t grace;
};

/* Between epochs: is the point still to be looked at? */
enum { ARRIVED, LOOKED };

typedef struct natasha2 {
  natasha n;
  const struct natasha2_params *p;
  struct escape_params ep; /* of p, with the theory form laid over */
  escape e;
  int64_t place, grace, end; /* end: THW_DONE or THW_STALLED, 0: goes on */
} natasha2;

static const thw_param params[] = {
    ESCAPE_PARAMS,
    THW_PARAM_REAL(struct natasha2_params, zone, 0.0, -1.0, THW_NO_BOUND, 0, NULL,
                   "Radius of the safe zone around the start of an epoch, beyond which a penalty "
                   "L (|x - y| - zone)^2 is added; -1: delta/L2 (as in the theory form), 0: off."),
    THW_PARAM_INT(struct natasha2_params, grace, 2, 0, THW_NO_BOUND, "epochs",
                  "Epochs after a curvature step before the gradient is tested again."),
    NATASHA_PARAMS(struct natasha2_params),
    OPTIM_EPOCH_PARAMS(struct natasha2_params),
};

/* ---- life ----------------------------------------------------------------------------------- */

static thw_status check(const thw_host *h, thw_ctx *c, const void *params_) {
  const struct natasha2_params *p = params_;
  if (p->zone < 0.0 && p->zone != -1.0)
    return h->fail(c, THW_E_ARG, "zone: a radius, or 0 for none, or -1 for delta/L2");
  if (p->theory && p->escape.search != CURV_AUTO && p->escape.search != CURV_ONLINE &&
      p->escape.search != CURV_DET)
    return h->fail(c, THW_E_ARG,
                   "theory = true searches by \"online\" (which auto is then) or \"det\"");
  return escape_check(h, c, &p->escape);
}

static void destroy(void *self) {
  natasha2 *s = self;
  if (s->n.o.started) optim_epoch_drop(&s->n.e);
  escape_free(&s->e);
  optim_free(&s->n.o);
  s->n.o.host->release(s->n.o.ctx, s);
}

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c,
                         const void *params_, const thw_wired *slots, void **self) {
  (void)me, (void)slots;
  natasha2 *s = h->alloc(c, sizeof *s);
  if (!s) return h->fail(c, THW_E_NOMEM, "out of memory for natasha2");
  s->p = params_;
  optim_init(&s->n.o, h, c);
  s->ep = s->p->escape;
  if (s->p->theory) {
    if (s->ep.search == CURV_AUTO) s->ep.search = CURV_ONLINE;
    s->ep.probe = CURV_PROBE_LITERAL;
    s->ep.map = CURV_MAP_PAPER;
    s->ep.nc_step = ESCAPE_THEORY;
    s->ep.test = ESCAPE_PAPER;
  }
  thw_status st = escape_create(&s->e, &s->ep, &s->n.o, 1);
  if (s->p->theory) s->ep.max_nc = INT64_MAX; /* f falls with each: the theorem bounds them */
  s->n.r = (struct natasha_rules)NATASHA_RULES(s->p);
  s->n.r.epsilon = s->e.epsilon;
  s->n.r.delta = s->e.delta;
  if (st != THW_OK) {
    destroy(s);
    return st;
  }
  *self = s;
  return THW_OK;
}

static thw_status start(void *self, const thw_object *oracle, const thw_vec *x0) {
  natasha2 *s = self;
  const struct natasha2_params *p = s->p;
  optim_epoch_setup set = OPTIM_EPOCH_SETUP(p);
  set.who = "natasha2";
  set.rows.epsilon = s->e.epsilon;
  set.output = p->theory ? OPTIM_RANDOM : p->output;
  set.lipschitz = s->ep.lipschitz;
  set.variance_hess = s->ep.variance_hess;
  set.reestimate = p->theory ? 0 : s->ep.reestimate;
  if (s->n.o.started) optim_epoch_drop(&s->n.e);
  THW_TRY(optim_start(&s->n.o, oracle, NATASHA_VECS + escape_vecs(&s->ep, oracle)));
  THW_TRY(optim_ask(&s->n.o, 0));
  if (p->theory && s->ep.lipschitz_hess == 0.0 && !optim_known(s->n.o.facts.lipschitz_hess))
    return optim_fail(&s->n.o, THW_E_ARG,
                      "natasha2: theory = true needs L2, which the model does not know: give "
                      "lipschitz_hess");
  THW_TRY(escape_start(&s->e, NATASHA_VECS));
  s->n.L2 = p->theory ? s->e.L2 : 0.0;
  s->place = ARRIVED;
  s->grace = s->end = 0;
  return natasha_start(&s->n, &set, x0);
}

static thw_status reset(void *self, const thw_vec *x) {
  natasha2 *s = self;
  THW_TRY(optim_ready(&s->n.o));
  s->place = ARRIVED;
  s->grace = s->end = 0;
  escape_moved(&s->e);
  return natasha_reset(&s->n, x);
}

/* ---- between epochs ------------------------------------------------------------------------- */

/* One set of constants serves both; each side has its own rule when they are stale. */
static void share(const optim_constants *from, optim_constants *to) {
  int64_t every = to->every;
  *to = *from;
  to->every = every;
}

static thw_status look(natasha2 *s, escape_outcome *out) {
  optim_epoch *e = &s->n.e;
  share(&e->c, &s->e.c);
  thw_status st = escape_leave(&s->e, e->v.x, out);
  share(&s->e.c, &e->c);
  return st;
}

static thw_status settle(natasha2 *s, int64_t *cost) {
  optim_epoch *e = &s->n.e;
  return optim_constants_settle(&e->c, &s->n.o, &e->probe, e->v.x, 1, cost);
}

/* Is the gradient small? Where the next epoch begins with that of the whole sum, it tells. */
static thw_status test(natasha2 *s, int64_t *cost, int *small) {
  optim_epoch *e = &s->n.e;
  THW_TRY(settle(s, cost));
  *cost += s->n.o.n > 0 ? s->n.o.n : 1; /* more or less */
  if (s->n.o.n < 0 || optim_epoch_rows(e) < s->n.o.n) return escape_test(&s->e, e->v.x, small);
  THW_TRY(optim_epoch_snapshot(e, 1, cost));
  return escape_told(&s->e, e->v.mu, e->norm, small);
}

static thw_status moved(natasha2 *s) {
  optim_epoch *e = &s->n.e;
  s->place = ARRIVED;
  s->grace = s->p->theory ? 0 : s->p->grace;
  int64_t made = s->n.made, starts = s->n.starts;
  THW_TRY(natasha_reset(&s->n, e->v.x));
  if (s->p->theory) { /* what it has made goes on, and its constants are those of everywhere */
    s->n.made = made, s->n.starts = starts;
    e->c.have = 1;
  }
  s->n.z = -s->e.z;
  return THW_OK;
}

/* *looked: the oracle was asked. */
static thw_status arrive(natasha2 *s, optim_meter *m, int *room) {
  escape_outcome at = ESCAPE_MINIMUM;
  int small = 1;
  *room = 1;
  if (s->grace > 0) {
    s->grace--;
    s->place = LOOKED;
    return THW_OK;
  }
  *room = m->used == 0 || m->to_epoch; /* nobody knows beforehand what it costs */
  if (!*room) return THW_OK;
  if (s->p->theory) {
    THW_TRY(settle(s, &m->used)); /* V_H too, for the search */
    THW_TRY(natasha_settle(&s->n, &m->used));
    escape_untested(&s->e);
    m->used++;
  } else {
    THW_TRY(test(s, &m->used, &small));
  }
  s->place = LOOKED;
  if (!small) return THW_OK;
  THW_TRY(look(s, &at));
  if (at == ESCAPE_MOVED) return moved(s);
  if (at == ESCAPE_STUCK) s->end = THW_STALLED;
  if (at == ESCAPE_MINIMUM && !s->p->theory) s->end = THW_DONE;
  return THW_OK;
}

static void set_zone(natasha2 *s) {
  double r = s->p->theory ? -1.0 : s->p->zone;
  s->n.zone = r < 0.0 ? s->e.delta / s->e.L2 : r > 0.0 ? r : INFINITY;
}

static thw_status step(void *self, thw_step *io) {
  natasha2 *s = self;
  natasha *n = &s->n;
  optim_meter m = optim_meter_of(io);
  int room = 1, ended = 0;
  THW_TRY(optim_ready(&n->o));
  while (room && !ended && !s->end) {
    if (n->stage == NATASHA_EPOCHS && n->e.phase == OPTIM_BETWEEN && s->place == ARRIVED) {
      THW_TRY(arrive(s, &m, &room));
      continue;
    }
    if (n->e.phase == OPTIM_READY) set_zone(s);
    THW_TRY(natasha_unit(n, &m, &room, &ended));
    if (ended && n->e.phase == OPTIM_BETWEEN) s->place = ARRIVED;
    if (n->stage == NATASHA_OVER) s->end = THW_DONE;
  }
  io->epoch_end = ended;
  if (optim_epoch_at_snapshot(&n->e)) io->grad_norm = n->e.norm;
  return (thw_status)s->end;
}

static thw_status point(void *self, thw_vec *x) {
  natasha2 *s = self;
  THW_TRY(optim_ready(&s->n.o));
  return optim_epoch_point(&s->n.e, x);
}

static const thw_optimizer_ops ops = {
    .size = sizeof(thw_optimizer_ops), .start = start, .step = step, .point = point};

/* ---- extensions ----------------------------------------------------------------------------- */

#define FIELDS(s)                                                                                  \
  {                                                                                                \
    ESCAPE_FIELDS(&(s)->e), NATASHA_FIELDS(&(s)->n), {"place", OPTIM_I64, &(s)->place},            \
        {"grace", OPTIM_I64, &(s)->grace}, {"end", OPTIM_I64, &(s)->end},                          \
  }

static thw_status save(void *self, thw_writer *w) {
  natasha2 *s = self;
  const optim_field f[] = FIELDS(s);
  share(&s->n.e.c, &s->e.c);
  return optim_save(w, f, sizeof f / sizeof f[0]);
}

static thw_status load(void *self, thw_reader *r) {
  natasha2 *s = self;
  const optim_field f[] = FIELDS(s);
  THW_TRY(optim_load(r, f, sizeof f / sizeof f[0]));
  share(&s->e.c, &s->n.e.c);
  if (s->place < ARRIVED || s->place > LOOKED || s->grace < 0 || !(s->e.L2 > 0.0) ||
      (s->end != 0 && s->end != THW_DONE && s->end != THW_STALLED))
    return optim_fail(&s->n.o, THW_E_STATE, "the checkpoint does not hold a state of natasha2");
  return natasha_restore(&s->n);
}

static const thw_ext_state state = {sizeof(thw_ext_state), 1, save, load};

static thw_status scale_step(void *self, double factor) {
  ((natasha2 *)self)->n.o.scale *= factor;
  return THW_OK;
}

static thw_status grow_batch(void *self, double factor) {
  return optim_epoch_grow(&((natasha2 *)self)->n.e, factor);
}

static thw_status take_facts(void *self, const thw_facts *f) {
  natasha2 *s = self;
  optim_take_facts(&s->n.o, f);
  s->n.e.c.have = 0;
  return THW_OK;
}

static const thw_steer steer = {.size = sizeof(thw_steer),
                                .reset = reset,
                                .scale_step = scale_step,
                                .grow_batch = grow_batch,
                                .facts = take_facts};

static thw_status report_(void *self, thw_sink *k) {
  const natasha2 *s = self;
  k->real(k, "certified", s->end == THW_DONE && !s->p->theory);
  natasha_report(&s->n, k);
  if (s->n.t.zone) k->text(k, "case", s->n.t.zone == 'A' ? "A" : "B");
  escape_report(&s->e, k);
  return THW_OK;
}

static const thw_ext_report report = {.size = sizeof(thw_ext_report), .report = report_};

static thw_status claims(void *self, const thw_problem *p, thw_claims *out) {
  const natasha2 *s = self;
  optim_numbers k = optim_numbers_of(p);
  const natasha_problem at = {.n = k.n,
                              .V = k.V,
                              .L = k.L,
                              .L2 = k.L2,
                              .epsilon = s->e.epsilon,
                              .delta = s->e.delta,
                              .gap = k.gap};
  natasha_theory t;
  natasha2_theory(&at, &t);
  int known = isfinite(k.V) && isfinite(k.L) && isfinite(k.L2) && isfinite(k.gap);
  double searches = known ? k.L2 * k.L2 * k.gap * k.L * k.L / pow(at.delta, 5.0) : (double)NAN;
  optim_claim(out, &(optim_promise){.aim = THW_AIM_MINIMUM,
                                    .formula = "epsilon^-3 delta^-1 + epsilon^-13/4 + delta^-5",
                                    .source = "Allen-Zhu, NeurIPS 2018, theorem 2; Allen-Zhu and "
                                              "Li, NeurIPS 2018, theorem 4 (first-order)",
                                    .note = "logarithms and constants of order one left out; the "
                                            "formula with L = L2 = V = D_f = 1, the number with "
                                            "the problem's",
                                    .first = searches,
                                    .epochs = known ? ceil(t.epochs) : (double)NAN,
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
    .id = "natasha2",
    .version = PACKAGE_VERSION,
    .summary = "Natasha2: local minima by Natasha1.5 and first-order curvature searches",
    .doc =
        "Makes epochs of natasha15 until a batch gradient is at most 3/4 epsilon, then looks for a "
        "direction of curvature below -delta by differences of gradients (Neon2, as in the "
        "optimizer neon2). Where there is one it steps along it, the length found by a line search "
        "on values, and goes on from there; where there is none the point is an (epsilon, "
        "delta)-local minimum with the stated probability, and the run is over. epsilon, delta and "
        "the probability are the run's (stop.epsilon, stop.delta, stop.confidence) unless given "
        "here.\n\n"
        "zone adds the paper's penalty L (|x - y| - zone)^2 outside a ball around the start y of "
        "an epoch, which keeps the epoch where the last search still says something. Searching "
        "only where the gradient is small makes that unnecessary, and it only slows the method "
        "down.\n\n"
        "theory = true is the published algorithm with Neon2^online in place of Oja's iteration on "
        "Hessian-vector products: a search before every epoch, steps of delta/L2 with a random "
        "sign, the zone delta/L2, sigma and L as in the paper's cases A and B, N1 epochs with one "
        "pass of rounds each, and a final SGD around a random start of a round. It ends there, "
        "with the paper's guarantee but no certificate of its own. Needs lipschitz_hess (L2) and "
        "gap (D_f) unless the model knows them.",
    .reference = "Z. Allen-Zhu, Natasha 2: Faster Non-Convex Optimization Than SGD, NeurIPS 2018, "
                 "algorithm 2; Z. Allen-Zhu, Y. Li, NEON2: Finding Local Minima via First-Order "
                 "Oracles, NeurIPS 2018",
    THW_PARAMS(params, struct natasha2_params),
    .offers = offers,
    .ops = &ops,
    .check = check,
    .create = create,
    .destroy = destroy,
    .ext = ext,
};

static const thw_component *const components[] = {&component};

static const thw_plugin plugin = {
    THW_PLUGIN_HEAD,           .id = "natasha2",  .version = PACKAGE_VERSION,
    .license = "BSD-3-Clause", .n_components = 1, .components = components,
};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
