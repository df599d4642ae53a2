/* SPDX-License-Identifier: BSD-3-Clause */
/* A linear oracle, rounds and a learner that are in order, and broken relatives. */
#include <math.h>
#include <stdlib.h>

#include "broken.h"

enum { N = 4 };

typedef struct thing {
  const thw_component *me;
  const thw_host *host;
  thw_ctx *ctx;
  const thw_object *oracle;
  thw_game game;
  double sum[16], one;
  thw_decision *x[1];
  int64_t asked;
} thing;

#define IS(what) breaks(s->me, what)

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c, const void *p,
                         const thw_wired *slots, void **self) {
  thing *s = h->alloc(c, sizeof *s);
  (void)p;
  (void)slots;
  if (!s) return THW_E_NOMEM;
  *s = (thing){.me = me, .host = h, .ctx = c, .one = 1};
  *self = s;
  return THW_OK;
}

static void destroy(void *self) {
  thing *s = self;
  thw_release(s->x[0]);
  s->host->release(s->ctx, s);
}

/* ---- one of four ----------------------------------------------------------------------------- */

typedef struct choice {
  thw_decision head; /* first */
  const thing *of;
  long refs;
  int64_t which;
} choice;

static choice *of(const thw_decision *x) {
  return (choice *)(uintptr_t)x;
}
static void retain(thw_decision *x) {
  of(x)->refs++;
}
static void release(thw_decision *x) {
  if (--of(x)->refs == 0) free(x);
}
static double dot(const thw_decision *x, const double *c) {
  const thing *s = of(x)->of;
  return IS("handles") ? c[(of(x)->which + 1) % N] : c[of(x)->which];
}
static double inner(const thw_decision *x, const thw_decision *y) {
  return of(x)->which == of(y)->which;
}
static void vector(const thw_decision *x, double *out) {
  for (int64_t i = 0; i < N; i++) out[i] = i == of(x)->which;
}

static thw_decision *choose(const thing *s, int64_t i) {
  static const thw_decision_ops ops = {.size = sizeof ops,
                                       .retain = retain,
                                       .release = release,
                                       .dot = dot,
                                       .inner = inner,
                                       .vector = vector};
  choice *x = calloc(1, sizeof *x);
  if (!x) abort();
  *x = (choice){{&ops}, s, 1, i};
  return &x->head;
}

static thw_status linear_facts(void *self, thw_linear_facts *out) {
  (void)self;
  out->flags = THW_LINEAR_PROVEN | THW_LINEAR_ORTHANT;
  out->sense = THW_COST;
  out->n = N;
  out->factor = out->norm = out->norm1 = out->norminf = 1;
  return THW_OK;
}

static thw_status exact(void *self, const thw_linear_query *q, thw_linear_answer *out) {
  int64_t best = 0;
  for (int64_t i = 1; i < N; i++)
    if (q->c[i] < q->c[best]) best = i;
  out->x = choose(self, best);
  return THW_OK;
}

static thw_status solve(void *self, const thw_linear_query *q, thw_linear_answer *out) {
  thing *s = self;
  s->asked++;
  if (IS("promise")) {
    out->x = choose(s, 0);
    return THW_OK;
  }
  if (IS("pure") && s->asked % 5 == 0) {
    out->x = choose(s, 3);
    return THW_OK;
  }
  return exact(self, q, out);
}

static thw_status pack(void *self, const thw_decision *x, void *p, size_t *n) {
  (void)self;
  *n = sizeof of(x)->which;
  if (p) memcpy(p, &of(x)->which, *n);
  return THW_OK;
}

static thw_status unpack(void *self, const void *p, size_t n, thw_decision **out) {
  thing *s = self;
  int64_t i;
  if (n != sizeof i) return THW_E_STATE;
  memcpy(&i, p, n);
  if (i < 0 || i >= N) return THW_E_STATE;
  *out = choose(s, IS("handles-packed") ? (i + 1) % N : i);
  return THW_OK;
}

static const thw_linear_ops linear_ops = {.size = sizeof linear_ops,
                                          .facts = linear_facts,
                                          .solve = solve,
                                          .pack = pack,
                                          .unpack = unpack,
                                          .exact = exact};

/* ---- rounds ---------------------------------------------------------------------------------- */

static thw_status start_rounds(void *self, const thw_game *game) {
  ((thing *)self)->game = *game;
  return THW_OK;
}

static thw_status rounds_facts(void *self, thw_rounds_facts *out) {
  thing *s = self;
  out->rounds = -1;
  out->norm = IS("losses-norm") ? 0.1 : sqrt((double)s->game.n);
  return THW_OK;
}

static thw_status loss(void *self, const thw_past *past, double *f) {
  thing *s = self;
  int64_t t = IS("later-rounds") ? s->asked++ : past->t;
  for (int64_t i = 0; i < s->game.n; i++) f[i] = (double)((t + 2 * i) % 5) / 5;
  if (IS("losses")) f[0] = -0.5;
  return THW_OK;
}

static const thw_rounds_ops rounds_ops = {
    .size = sizeof rounds_ops, .start = start_rounds, .facts = rounds_facts, .loss = loss};

/* ---- a learner that follows the leader ---------------------------------------------------------
 */

static thw_status start_learner(void *self, const thw_object *oracle, const thw_game *game) {
  thing *s = self;
  if (game->n > 16) return THW_E_ARG;
  s->oracle = oracle;
  s->game = *game;
  memset(s->sum, 0, sizeof s->sum);
  return THW_OK;
}

static thw_status learner_facts(void *self, thw_learner_facts *out) {
  (void)self;
  out->feedback = THW_FEEDBACK_FULL;
  return THW_OK;
}

static thw_status commit(void *self, int64_t t, thw_play *out) {
  thing *s = self;
  thw_linear_query q = {.size = sizeof q, .c = s->sum};
  thw_linear_answer a = {.size = sizeof a};
  (void)t;
  THW_TRY(thw_linear_solve(s->oracle, &q, &a));
  thw_release(s->x[0]);
  s->x[0] = a.x;
  s->one = IS("distributions") ? 0.9 : 1;
  out->n = 1;
  out->x = s->x;
  out->p = &s->one;
  return THW_OK;
}

static thw_status observe(void *self, const thw_feedback *fb) {
  thing *s = self;
  for (int64_t i = 0; i < s->game.n; i++) s->sum[i] += fb->f[i];
  return THW_OK;
}

static const thw_learner_ops learner_ops = {.size = sizeof learner_ops,
                                            .start = start_learner,
                                            .facts = learner_facts,
                                            .commit = commit,
                                            .observe = observe};

static thw_status save(void *self, thw_writer *w) {
  thing *s = self;
  return w->blob(w, "sum", s->sum, sizeof s->sum);
}

static thw_status load(void *self, thw_reader *r) {
  thing *s = self;
  size_t n = sizeof s->sum;
  THW_TRY(r->blob(r, "sum", s->sum, &n));
  if (IS("goes-on")) s->sum[0] += 1;
  return n == sizeof s->sum ? THW_OK : THW_E_STATE;
}

static const void *ext(void *self, const char *id) {
  static const thw_ext_state state = {sizeof state, 1, save, load};
  (void)self;
  return strcmp(id, THW_EXT_STATE) == 0 ? &state : NULL;
}

static const char *const offers[] = {THW_EXT_STATE, NULL};

/* ---- all of them ----------------------------------------------------------------------------- */

#define THING(name, kind_, id_, ops_, ...)                                                         \
  static const thw_component name = {THW_COMPONENT_HEAD(kind_),                                    \
                                     .id = id_,                                                    \
                                     .version = "1.0",                                             \
                                     .summary = "for the tests of verify",                         \
                                     .doc = "One promise is broken, or none.",                     \
                                     .ops = &ops_,                                                 \
                                     .create = create,                                             \
                                     .destroy = destroy,                                           \
                                     __VA_ARGS__}
#define STATE .offers = offers, .ext = ext
#define NO_STATE .offers = NULL

THING(sound_linear, THW_LINEAR, "sound-linear", linear_ops, NO_STATE);
THING(promise, THW_LINEAR, "promise", linear_ops, NO_STATE);
THING(pure, THW_LINEAR, "pure", linear_ops, NO_STATE);
THING(handles, THW_LINEAR, "handles", linear_ops, NO_STATE);
THING(handles_packed, THW_LINEAR, "handles-packed", linear_ops, NO_STATE);
THING(sound_rounds, THW_ROUNDS, "sound-rounds", rounds_ops, NO_STATE);
THING(losses, THW_ROUNDS, "losses", rounds_ops, NO_STATE);
THING(losses_norm, THW_ROUNDS, "losses-norm", rounds_ops, NO_STATE);
THING(later_rounds, THW_ROUNDS, "later-rounds", rounds_ops, NO_STATE);
THING(sound_learner, THW_LEARNER, "sound-learner", learner_ops, STATE);
THING(distributions, THW_LEARNER, "distributions", learner_ops, STATE);
THING(goes_on, THW_LEARNER, "goes-on", learner_ops, STATE);

const thw_component *const broken_online[] = {
    &sound_linear,  &promise, &pure,        &handles,      &handles_packed,
    &sound_rounds,  &losses,  &losses_norm, &later_rounds, &sound_learner,
    &distributions, &goes_on, NULL};
