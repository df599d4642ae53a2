/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/online/linear.h"

#include <math.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/ledger.h"
#include "core/online/plain.h"

/* Answers that a check compares with. */
#define PAST 256

struct tw_linear {
  thw_object object; /* what others see: our table, this struct */
  thw_object inner;
  const thw_linear_ops *ops; /* of inner */
  tw_session *session;
  thw_ctx *ctx;
  thw_linear_facts facts;
  pthread_mutex_t *lock; /* of the library behind it, or NULL */
  uint64_t seed, own_seed;
  int64_t calls;
  double seconds;
  int check;
  /* Of checks: what was answered before, in a ring, and which call it was. */
  thw_decision *past[PAST];
  int64_t past_call[PAST], n_past;
  double *unit; /* of tw_linear_best */
};

#define HAS(l, entry) (THW_HAS(thw_linear_ops, (l)->ops, entry) && (l)->ops->entry)

__attribute__((format(printf, 3, 4))) static thw_status fail(tw_linear *l, thw_status st,
                                                             const char *fmt, ...) {
  char text[512];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);
  char *whole = tw_sprintf("%s: call %lld: %s", tw_ctx_path(l->ctx), (long long)l->calls, text);
  tw_host.fail(l->ctx, st, whole);
  free(whole);
  return st;
}

/* ---- locks, one per library and process ------------------------------------------------------ */

typedef struct library {
  struct library *next;
  pthread_mutex_t mutex;
  char name[];
} library;

static pthread_mutex_t *lock_of(const char *name) {
  static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
  static library *all; /* libraries stay loaded, and so do their locks */
  pthread_mutex_lock(&guard);
  library *k = all;
  while (k && strcmp(k->name, name) != 0) k = k->next;
  if (!k) {
    k = tw_calloc(1, sizeof *k + strlen(name) + 1);
    strcpy(k->name, name);
    pthread_mutex_init(&k->mutex, NULL);
    k->next = all;
    all = k;
  }
  pthread_mutex_unlock(&guard);
  return &k->mutex;
}

/* ---- questions and answers ------------------------------------------------------------------- */

static const char *name_of(const tw_linear *l, int64_t i, char *room, size_t n) {
  if (l->facts.name && l->facts.name[i]) return l->facts.name[i];
  snprintf(room, n, "%lld", (long long)i);
  return room;
}

/* A learner that asks for the impossible is in error, not the oracle. */
static thw_status check_query(tw_linear *l, const thw_linear_query *q) {
  char room[32];
  for (int64_t i = 0; i < l->facts.n; i++) {
    int free_sign = l->facts.free_sign && l->facts.free_sign[i];
    if (isfinite(q->c[i]) && (free_sign || q->c[i] >= 0)) continue;
    return fail(l, isfinite(q->c[i]) ? THW_E_INTERNAL : THW_E_NONFINITE,
                "the learner asks in a direction whose coordinate %s is %g, outside of the cone of "
                "this oracle",
                name_of(l, i, room, sizeof room), q->c[i]);
  }
  return THW_OK;
}

static thw_status check_feasible(tw_linear *l, const thw_linear_answer *a) {
  if (!HAS(l, feasible)) return THW_OK;
  l->session->said = NULL;
  thw_status st = l->ops->feasible(l->inner.self, a->x);
  if (st != THW_RETRY) return st;
  /* The oracle may have asked another one, in a slot of its own. */
  char *why = tw_ctx_take_text(l->session->said ? l->session->said : l->ctx, st);
  st = fail(l, THW_E_INTERNAL, "the answer is not feasible: %.300s", why);
  free(why);
  return st;
}

/* Whether the answer is within the factor of `other`, but for rounding: that of the comparison, and
 * that of the products, to which what costs next to nothing is nothing. */
static int keeps(const tw_linear *l, const thw_linear_query *q, const thw_linear_answer *a,
                 double other) {
  double most = l->facts.factor * other, c = 0;
  for (int64_t i = 0; i < l->facts.n; i++) c += q->c[i] * q->c[i];
  double products = sqrt(c * a->x->ops->inner(a->x, a->x));
  return a->value <= most + 1e-9 * (fabs(most) + fabs(other)) + 1e-12 * products;
}

/* No earlier answer, which is a decision too, costs less than the factor allows. */
static thw_status check_past(tw_linear *l, const thw_linear_query *q, const thw_linear_answer *a) {
  int64_t n = l->n_past < PAST ? l->n_past : PAST;
  for (int64_t i = 0; i < n; i++) {
    double other = l->past[i]->ops->dot(l->past[i], q->c);
    if (keeps(l, q, a, other)) continue;
    return fail(
        l, THW_E_INTERNAL,
        "the answer costs %.17g where that of call %lld costs %.17g: more than the promised "
        "factor %g",
        a->value, (long long)l->past_call[i], other, l->facts.factor);
  }
  int64_t at = l->n_past++ % PAST;
  thw_release(l->past[at]);
  l->past[at] = thw_retain(a->x);
  l->past_call[at] = l->calls;
  return THW_OK;
}

/* Whether the answer keeps what was promised, by the oracle's own means. */
static thw_status check_promise(tw_linear *l, const thw_linear_query *q,
                                const thw_linear_answer *a) {
  THW_TRY(check_feasible(l, a));
  if (!isfinite(l->facts.factor) || !(l->facts.flags & THW_LINEAR_PROVEN)) return THW_OK;
  thw_linear_answer best = {sizeof best, 0, NULL, (double)NAN, (double)NAN};
  thw_status st = HAS(l, exact) ? l->ops->exact(l->inner.self, q, &best) : THW_E_UNSUPPORTED;
  if (st == THW_E_UNSUPPORTED) return check_past(l, q, a);
  if (st != THW_OK) return st;
  double opt = best.x->ops->dot(best.x, q->c);
  thw_release(best.x);
  if (keeps(l, q, a, opt)) return THW_OK;
  return fail(l, THW_E_INTERNAL,
              "the answer costs %.17g where the best costs %.17g: more than the promised factor %g",
              a->value, opt, l->facts.factor);
}

static thw_status check_answer(tw_linear *l, const thw_linear_query *q, thw_linear_answer *a) {
  if (!a->x) return fail(l, THW_E_INTERNAL, "the oracle answers without a decision");
  a->value = a->x->ops->dot(a->x, q->c);
  if (!isfinite(a->value))
    return fail(l, THW_E_NONFINITE, "the cost of the oracle's answer is not finite");
  double norm = sqrt(a->x->ops->inner(a->x, a->x));
  if (isfinite(l->facts.norm) && !(norm <= l->facts.norm * (1 + 1e-9)))
    return fail(l, THW_E_INTERNAL, "the answer has the norm %.17g, more than the promised %.17g",
                norm, l->facts.norm);
  return l->check ? check_promise(l, q, a) : THW_OK;
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

typedef thw_status solver(void *self, const thw_linear_query *q, thw_linear_answer *out);

static thw_status ask(tw_linear *l, solver *solve, const thw_linear_query *q,
                      thw_linear_answer *out) {
  thw_linear_answer a = {sizeof a, 0, NULL, (double)NAN, (double)NAN};
  if (l->session->cancel >= 2) return THW_CANCELLED;
  if (l->session->ledger) tw_ledger_charge(l->session->ledger, &(tw_counts){.calls = 1});
  if (l->lock) pthread_mutex_lock(l->lock);
  double began = now();
  thw_status st = solve(l->inner.self, q, &a);
  l->seconds += now() - began;
  if (l->lock) pthread_mutex_unlock(l->lock);
  if (st == THW_OK) st = check_answer(l, q, &a);
  if (st != THW_OK) {
    thw_release(a.x);
    return st;
  }
  size_t n = out->size < sizeof a ? out->size : sizeof a;
  a.size = out->size;
  memcpy(out, &a, n);
  return THW_OK;
}

static thw_status solve(void *self, const thw_linear_query *asked, thw_linear_answer *out) {
  tw_linear *l = self;
  thw_linear_query q = {sizeof q, asked->effort, asked->c, l->seed, (uint64_t)l->calls};
  THW_TRY(check_query(l, &q));
  l->calls++;
  return ask(l, l->ops->solve, &q, out);
}

thw_status tw_linear_best(tw_linear *l, const double *c, uint64_t number, thw_linear_answer *out,
                          int *exact) {
  double norm = 0;
  for (int64_t i = 0; i < l->facts.n; i++) norm += c[i] * c[i];
  norm = sqrt(norm);
  for (int64_t i = 0; i < l->facts.n; i++) l->unit[i] = norm > 0 ? c[i] / norm : c[i];
  thw_linear_query q = {sizeof q, 0, l->unit, l->own_seed, number};
  *exact = 0;
  thw_status st = THW_E_UNSUPPORTED;
  if (HAS(l, exact)) st = ask(l, l->ops->exact, &q, out);
  if (st == THW_OK) *exact = 1;
  if (st == THW_E_UNSUPPORTED) st = ask(l, l->ops->solve, &q, out);
  if (st != THW_OK) return st;
  out->value = out->x->ops->dot(out->x, c);
  out->bound *= norm;
  if (l->facts.factor == 1 && (l->facts.flags & THW_LINEAR_PROVEN)) *exact = 1;
  return THW_OK;
}

/* ---- the other entries ----------------------------------------------------------------------- */

static thw_status facts(void *self, thw_linear_facts *out) {
  tw_linear *l = self;
  size_t n = out->size < sizeof l->facts ? out->size : sizeof l->facts;
  uint32_t size = out->size;
  memcpy(out, &l->facts, n);
  out->size = size;
  return THW_OK;
}

static thw_status pack(void *self, const thw_decision *x, void *p, size_t *n) {
  tw_linear *l = self;
  if (HAS(l, pack) && HAS(l, unpack)) return l->ops->pack(l->inner.self, x, p, n);
  size_t need = (size_t)l->facts.n * sizeof(double);
  if (p && *n < need) return THW_E_ARG;
  *n = need;
  if (p) x->ops->vector(x, p);
  return THW_OK;
}

static thw_status unpack(void *self, const void *p, size_t n, thw_decision **out) {
  tw_linear *l = self;
  if (HAS(l, pack) && HAS(l, unpack)) return l->ops->unpack(l->inner.self, p, n, out);
  if (n != (size_t)l->facts.n * sizeof(double))
    return tw_host.fail(l->ctx, THW_E_STATE, "a saved decision has another dimension");
  *out = tw_plain_new(l->facts.n, p);
  return THW_OK;
}

static thw_status exact(void *self, const thw_linear_query *q, thw_linear_answer *out) {
  tw_linear *l = self;
  if (HAS(l, exact)) return ask(l, l->ops->exact, q, out);
  return THW_E_UNSUPPORTED;
}

static thw_status spanner(void *self, thw_decision **x, int64_t *m, double *beta) {
  tw_linear *l = self;
  if (HAS(l, spanner)) return l->ops->spanner(l->inner.self, x, m, beta);
  return THW_E_UNSUPPORTED;
}

static thw_status feasible(void *self, const thw_decision *x) {
  tw_linear *l = self;
  if (HAS(l, feasible)) return l->ops->feasible(l->inner.self, x);
  return THW_E_UNSUPPORTED;
}

static const void *ext(void *self, const char *id) {
  return thw_ext(&((tw_linear *)self)->inner, id);
}

static const thw_linear_ops ops = {.size = sizeof ops,
                                   .facts = facts,
                                   .solve = solve,
                                   .pack = pack,
                                   .unpack = unpack,
                                   .exact = exact,
                                   .spanner = spanner,
                                   .feasible = feasible};

/* ---- life ------------------------------------------------------------------------------------ */

static thw_status take_facts(tw_linear *l) {
  thw_linear_facts *f = &l->facts;
  *f = (thw_linear_facts){.size = sizeof *f, .sense = THW_COST};
  f->factor = f->norm = f->norm1 = f->norminf = (double)NAN;
  THW_TRY(l->ops->facts(l->inner.self, f));
  if (f->n < 1 || f->n > INT64_C(1) << 40)
    return fail(l, THW_E_INTERNAL, "the oracle says that decisions have %lld coordinates",
                (long long)f->n);
  if (f->sense != THW_COST && f->sense != THW_REWARD)
    return fail(l, THW_E_INTERNAL, "the oracle says neither THW_COST nor THW_REWARD");
  int cost = f->sense == THW_COST;
  if (!isnan(f->factor) && !(cost ? f->factor >= 1 : f->factor <= 1 && f->factor > 0))
    return fail(l, THW_E_INTERNAL, "the oracle promises the factor %g, which cannot be", f->factor);
  return THW_OK;
}

static uint64_t seed_of(const tw_session *s, const char *path, const char *purpose) {
  thw_rng r;
  tw_stream(s->seed, path, purpose, &r);
  return thw_rng_u64(&r);
}

thw_status tw_linear_new(tw_session *s, thw_ctx *ctx, const thw_object *inner, int check,
                         tw_linear **out) {
  tw_linear *l = tw_calloc(1, sizeof *l);
  l->object = (thw_object){sizeof l->object, THW_LINEAR, &ops, l, ext};
  l->inner = *inner;
  l->ops = inner->ops;
  l->session = s;
  l->ctx = ctx;
  l->check = check;
  l->seed = seed_of(s, tw_ctx_path(ctx), "solve");
  l->own_seed = seed_of(s, tw_ctx_path(ctx), "hindsight");
  thw_status st = take_facts(l);
  if (st != THW_OK) {
    tw_linear_free(l);
    return st;
  }
  if (l->facts.lock) l->lock = lock_of(l->facts.lock);
  l->unit = tw_calloc((size_t)l->facts.n, sizeof *l->unit);
  *out = l;
  return THW_OK;
}

void tw_linear_forget(tw_linear *l) {
  if (!l) return;
  for (int i = 0; i < PAST; i++) {
    thw_release(l->past[i]);
    l->past[i] = NULL;
  }
  l->n_past = 0;
}

void tw_linear_free(tw_linear *l) {
  if (!l) return;
  tw_linear_forget(l);
  free(l->unit);
  free(l);
}

const thw_object *tw_linear_object(const tw_linear *l) {
  return &l->object;
}
const thw_linear_facts *tw_linear_facts(const tw_linear *l) {
  return &l->facts;
}
int64_t tw_linear_calls(const tw_linear *l) {
  return l->calls;
}
void tw_linear_set_calls(tw_linear *l, int64_t calls) {
  l->calls = calls;
}
double tw_linear_seconds(const tw_linear *l) {
  return l->seconds;
}
