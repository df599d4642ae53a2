/* SPDX-License-Identifier: BSD-3-Clause */
/* What a run does with linear oracles, rounds and learners, and checks of their promises. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/online/linear.h"
#include "core/state.h"
#include "core/verify/priv.h"

enum { QUERIES = 16, LOSSES = 24, ROUNDS = 25, HORIZON = 50 };

/* Direction k: all ones, single ones, thinned and full random ones; of length 1. */
static void direction(double *c, int64_t n, int k) {
  thw_rng r = {.key = {77, (uint32_t)k}};
  double norm = 0;
  for (int64_t i = 0; i < n; i++) {
    double u = thw_rng_uniform(&r);
    c[i] = k == 0 ? 1 : k < 4 ? i == (7 * k) % n : k % 2 && u < 0.5 ? 0 : u;
    norm += c[i] * c[i];
  }
  for (int64_t i = 0; norm > 0 && i < n; i++) c[i] /= sqrt(norm);
}

/* ---- linear oracles -------------------------------------------------------------------------- */

static void put_decision(vf_trace *t, const thw_decision *x, int64_t n) {
  double *v = tw_calloc((size_t)n, sizeof *v);
  x->ops->vector(x, v);
  for (int64_t i = 0; i < n; i++) vf_put(t, v[i]);
  free(v);
}

static thw_status there_and_back(const thw_object *o, thw_decision *x, thw_decision **out) {
  size_t n = 0;
  THW_TRY(thw_linear_(o)->pack(o->self, x, NULL, &n));
  void *bytes = tw_calloc(n, 1);
  thw_status st = thw_linear_(o)->pack(o->self, x, bytes, &n);
  if (st == THW_OK) st = thw_linear_(o)->unpack(o->self, bytes, n, out);
  free(bytes);
  return st;
}

static thw_status one_query(const thw_object *o, int64_t n, double *c, int k, vf_trace *t) {
  thw_linear_query q = {.size = sizeof q, .c = c};
  thw_linear_answer a = {.size = sizeof a};
  thw_decision *again = NULL;
  direction(c, n, k);
  THW_TRY(thw_linear_solve(o, &q, &a));
  vf_put(t, a.value);
  put_decision(t, a.x, n);
  thw_status st = there_and_back(o, a.x, &again);
  if (st == THW_OK) put_decision(t, again, n);
  thw_release(again);
  thw_release(a.x);
  return st;
}

thw_status vf_exercise_linear(vf_inst *in, vf_trace *t) {
  tw_linear *l = NULL;
  THW_TRY(tw_linear_new(&in->k->session, in->ctx, &in->object, 0, &l));
  int64_t n = tw_linear_facts(l)->n;
  double *c = tw_calloc((size_t)n, sizeof *c);
  thw_status st = THW_OK;
  for (int k = 0; k < QUERIES && st == THW_OK; k++) st = one_query(tw_linear_object(l), n, c, k, t);
  free(c);
  tw_linear_free(l);
  return st;
}

/* An instance, its wrapper, and room for a direction. */
typedef struct seat {
  vf_inst *in;
  tw_linear *l;
  double *c, *v;
  int64_t n;
} seat;

static int sit(vf_case *k, int check, seat *s) {
  *s = (seat){.in = vf_inst_need(k, NULL)};
  if (!s->in) return -1;
  thw_status st = tw_linear_new(&k->session, s->in->ctx, &s->in->object, check, &s->l);
  if (st != THW_OK) {
    char *why = vf_inst_text(s->in, st);
    vf_fail(k, "its facts: %s", why);
    free(why);
    vf_inst_free(s->in);
    return -1;
  }
  s->n = tw_linear_facts(s->l)->n;
  s->c = tw_calloc((size_t)s->n, sizeof *s->c);
  s->v = tw_calloc((size_t)s->n, sizeof *s->v);
  return 0;
}

static void stand(seat *s) {
  free(s->c);
  free(s->v);
  tw_linear_free(s->l);
  vf_inst_free(s->in);
}

static int promise(vf_case *k) {
  seat s;
  if (sit(k, 1, &s) != 0) return -1;
  for (int i = 0; i < QUERIES && k->outcome == VF_PASS; i++) {
    thw_linear_query q = {.size = sizeof q, .c = s.c};
    thw_linear_answer a = {.size = sizeof a};
    direction(s.c, s.n, i);
    thw_status st = thw_linear_solve(tw_linear_object(s.l), &q, &a);
    if (st != THW_OK) {
      char *why = vf_inst_text(s.in, st);
      vf_fail(k, "%s", why);
      free(why);
    }
    thw_release(a.x);
  }
  stand(&s);
  return 0;
}

/* The raw oracle: the same question with the same number, others in between. */
static int pure(vf_case *k) {
  seat s;
  if (sit(k, 0, &s) != 0) return -1;
  if (tw_linear_facts(s.l)->flags & THW_LINEAR_HISTORY) {
    stand(&s);
    return 0;
  }
  const thw_linear_ops *ops = s.in->object.ops;
  vf_trace t[2] = {{0}, {0}};
  for (int pass = 0; pass < 2; pass++)
    for (int i = 0; i < QUERIES; i++) {
      int j = pass ? QUERIES - 1 - i : i;
      thw_linear_query q = {sizeof q, 0, s.c, 5, (uint64_t)j};
      thw_linear_answer a = {sizeof a, 0, NULL, (double)NAN, (double)NAN};
      direction(s.c, s.n, j);
      if (ops->solve(s.in->object.self, &q, &a) != THW_OK || !a.x) continue;
      vf_trace one = {0};
      put_decision(&one, a.x, s.n);
      for (size_t m = 0; m < one.n; m++) vf_put(&t[pass], one.v[m]);
      vf_trace_free(&one);
      thw_release(a.x);
    }
  size_t n = (size_t)s.n;
  for (int i = 0; i < QUERIES && t[0].n == t[1].n && t[0].n == n * QUERIES; i++)
    if (memcmp(t[0].v + (size_t)i * n, t[1].v + (size_t)(QUERIES - 1 - i) * n,
               n * sizeof(double)) != 0)
      vf_fail(k,
              "question %d has another answer when it is asked again: an answer depends on "
              "direction, seed and number alone",
              i);
  vf_trace_free(&t[0]);
  vf_trace_free(&t[1]);
  stand(&s);
  return 0;
}

static int near(double a, double b) {
  return fabs(a - b) <= 1e-9 * (1 + fabs(a) + fabs(b));
}

static void check_handle(vf_case *k, const seat *s, thw_decision *x) {
  double sum = 0, square = 0;
  thw_decision *again = NULL;
  x->ops->vector(x, s->v);
  for (int64_t i = 0; i < s->n; i++) sum += s->c[i] * s->v[i], square += s->v[i] * s->v[i];
  if (!near(x->ops->dot(x, s->c), sum)) vf_fail(k, "dot is not the product with its vector");
  if (!near(x->ops->inner(x, x), square)) vf_fail(k, "inner is not the product of the vectors");
  if (there_and_back(tw_linear_object(s->l), x, &again) != THW_OK) {
    vf_fail(k, "a decision that was packed cannot be unpacked");
    return;
  }
  double *v = tw_calloc((size_t)s->n, sizeof *v);
  again->ops->vector(again, v);
  if (memcmp(v, s->v, (size_t)s->n * sizeof *v) != 0)
    vf_fail(k, "a decision comes back from pack and unpack as another one");
  free(v);
  thw_release(again);
}

static int handles(vf_case *k) {
  seat s;
  if (sit(k, 0, &s) != 0) return -1;
  for (int i = 0; i < QUERIES; i++) {
    thw_linear_query q = {.size = sizeof q, .c = s.c};
    thw_linear_answer a = {.size = sizeof a};
    direction(s.c, s.n, i);
    if (thw_linear_solve(tw_linear_object(s.l), &q, &a) != THW_OK) break;
    thw_retain(a.x);
    thw_release(a.x);
    check_handle(k, &s, a.x);
    thw_release(a.x);
  }
  stand(&s);
  return 0;
}

/* ---- rounds ---------------------------------------------------------------------------------- */

static const thw_linear_facts six = {.size = sizeof(thw_linear_facts),
                                     .flags = THW_LINEAR_PROVEN | THW_LINEAR_ORTHANT,
                                     .sense = THW_COST,
                                     .n = 6,
                                     .factor = 1,
                                     .norm = 1,
                                     .norm1 = 1,
                                     .norminf = 1};

static thw_game game_of(const thw_linear_facts *f) {
  thw_game g = {.size = sizeof g, .sense = f->sense, .n = f->n, .horizon = HORIZON, .oracle = f};
  g.loss_norm = sqrt((double)f->n);
  g.loss_norm1 = (double)f->n;
  g.loss_norminf = 1;
  return g;
}

static thw_status start_rounds(vf_inst *in, thw_rounds_facts *f) {
  const thw_rounds_ops *ops = in->object.ops;
  static thw_game game;
  game = game_of(&six);
  *f = (thw_rounds_facts){.size = sizeof *f, .rounds = -1};
  f->norm = f->norm1 = f->norminf = (double)NAN;
  THW_TRY(ops->start(in->object.self, &game));
  return ops->facts(in->object.self, f);
}

static thw_status next_losses(vf_inst *in, int64_t t, double *f) {
  const thw_rounds_ops *ops = in->object.ops;
  double mean[6], last[6];
  for (int i = 0; i < 6; i++) {
    mean[i] = 1.0 / 6;
    last[i] = (t + i) % 3 == 0 ? 0.5 : 0;
  }
  thw_past past = {.size = sizeof past, .t = t};
  if (t > 0) past.mean = mean, past.last = last;
  return ops->loss(in->object.self, &past, f);
}

thw_status vf_exercise_rounds(vf_inst *in, vf_trace *t) {
  thw_rounds_facts facts;
  double f[6];
  THW_TRY(start_rounds(in, &facts));
  for (int64_t i = 0; i < LOSSES; i++) {
    thw_status st = next_losses(in, i, f);
    if (st == THW_DONE) break;
    if (st != THW_OK) return st;
    for (int j = 0; j < 6; j++) vf_put(t, f[j]);
  }
  return THW_OK;
}

static int losses(vf_case *k) {
  vf_inst *in = vf_inst_need(k, NULL);
  thw_rounds_facts facts;
  double f[6];
  if (!in) return -1;
  thw_status st = start_rounds(in, &facts);
  for (int64_t t = 0; t < LOSSES && st == THW_OK; t++) {
    st = next_losses(in, t, f);
    double sum = 0;
    for (int j = 0; j < 6 && st == THW_OK; j++) {
      if (!(f[j] >= 0) || !isfinite(f[j]))
        vf_fail(k, "round %d: a loss of %g, where losses must be finite and not negative",
                (int)t + 1, f[j]);
      sum += f[j] * f[j];
    }
    if (st == THW_OK && isfinite(facts.norm) && sqrt(sum) > facts.norm * (1 + 1e-9))
      vf_fail(k, "round %d: losses of norm %g, more than its facts promise", (int)t + 1, sqrt(sum));
  }
  vf_inst_free(in);
  return 0;
}

/* What is asked for after a restart: a fresh instance goes on in the middle. */
static int later_rounds(vf_case *k) {
  vf_inst *whole = vf_inst_need(k, NULL), *fresh = whole ? vf_inst_need(k, NULL) : NULL;
  thw_rounds_facts facts;
  double a[6], b[6];
  if (fresh && start_rounds(whole, &facts) == THW_OK && start_rounds(fresh, &facts) == THW_OK &&
      !(facts.flags & THW_ROUNDS_LIVE)) {
    for (int64_t t = 0; t < LOSSES; t++) {
      if (next_losses(whole, t, a) != THW_OK) break;
      if (t < LOSSES / 2) continue;
      if (next_losses(fresh, t, b) != THW_OK || memcmp(a, b, sizeof a) != 0) {
        vf_fail(k, "round %d is another one for an instance that was not asked for those before",
                (int)t + 1);
        break;
      }
    }
  }
  vf_inst_free(fresh);
  vf_inst_free(whole);
  return 0;
}

/* ---- learners -------------------------------------------------------------------------------- */

typedef struct table {
  vf_inst *in;
  vf_five *five;
  tw_linear *l;
  thw_ctx *ctx;
  thw_game game;
  thw_learner_facts facts;
  int64_t t;
} table;

static void table_clear(table *g) {
  vf_inst_end(g->in);
  tw_linear_free(g->l);
  if (g->ctx) tw_ctx_free(g->ctx);
  vf_five_free(g->five);
}

static thw_status table_lay(vf_inst *in, table *g) {
  const thw_learner_ops *ops = in->object.ops;
  *g = (table){.in = in, .five = vf_five_new()};
  g->ctx = tw_ctx_new(&in->k->session, "oracle");
  THW_TRY(tw_linear_new(&in->k->session, g->ctx, vf_five_object(g->five), 0, &g->l));
  g->game = game_of(tw_linear_facts(g->l));
  g->facts = (thw_learner_facts){.size = sizeof g->facts};
  THW_TRY(ops->start(in->object.self, tw_linear_object(g->l), &g->game));
  return ops->facts(in->object.self, &g->facts);
}

/* One round; *fault says what is wrong with the distribution. */
static thw_status table_round(table *g, vf_trace *t, const char **fault) {
  const thw_learner_ops *ops = g->in->object.ops;
  thw_play p = {.size = sizeof p};
  thw_rng r = {.key = {5, (uint32_t)g->t}};
  double f[VF_FIVE], sum = 0, u = thw_rng_uniform(&r);
  THW_TRY(ops->commit(g->in->object.self, g->t, &p));
  if (p.n < 1 || !p.x || !p.p) {
    *fault = "is empty";
    return THW_E_INTERNAL;
  }
  int64_t drawn = p.n - 1;
  for (int64_t i = p.n; i-- > 0;) {
    if (!(p.p[i] >= 0)) *fault = "has a probability that is none";
    sum += p.p[i];
    vf_put(t, p.p[i]);
    put_decision(t, p.x[i], VF_FIVE);
  }
  if (fabs(sum - 1) > 1e-9) *fault = "does not sum to 1";
  for (double at = 0, i = 0; i < (double)p.n; i++)
    if ((at += p.p[(int64_t)i]) > u) {
      drawn = (int64_t)i;
      break;
    }
  for (int i = 0; i < VF_FIVE; i++) f[i] = thw_rng_uniform(&r);
  thw_feedback fb = {.size = sizeof fb, .t = g->t, .drawn = drawn};
  fb.cost = p.x[drawn]->ops->dot(p.x[drawn], f);
  fb.f = g->facts.feedback == THW_FEEDBACK_BANDIT ? NULL : f;
  THW_TRY(ops->observe(g->in->object.self, &fb));
  g->t++;
  return THW_OK;
}

thw_status vf_exercise_learner(vf_inst *in, vf_trace *t) {
  table g;
  const char *fault = NULL;
  thw_status st = table_lay(in, &g);
  while (st == THW_OK && g.t < ROUNDS) st = table_round(&g, t, &fault);
  table_clear(&g);
  return st;
}

static int distributions(vf_case *k) {
  vf_inst *in = vf_inst_need(k, NULL);
  vf_trace t = {0};
  const char *fault = NULL;
  table g;
  if (!in) return -1;
  thw_status st = table_lay(in, &g);
  while (st == THW_OK && !fault && g.t < ROUNDS) st = table_round(&g, &t, &fault);
  if (fault) vf_fail(k, "round %d: its distribution %s", (int)g.t, fault);
  table_clear(&g);
  vf_inst_free(in);
  vf_trace_free(&t);
  return 0;
}

static void play_on(table *g, int64_t until, vf_trace *t) {
  const char *fault = NULL;
  while (g->t < until && table_round(g, t, &fault) == THW_OK)
    ;
}

/* Saved after `n` rounds it goes on as if nothing had happened. */
static void resumes_after(vf_case *k, int64_t n) {
  vf_inst *one = vf_inst_need(k, NULL), *two = one ? vf_inst_need(k, NULL) : NULL;
  vf_trace before = {0}, whole = {0}, resumed = {0};
  tw_state *s = tw_state_new();
  table a, b;
  if (two && table_lay(one, &a) == THW_OK && table_lay(two, &b) == THW_OK) {
    const thw_ext_state *e = thw_ext(&one->object, THW_EXT_STATE);
    play_on(&a, n, &before);
    thw_status st = e->save(one->object.self, tw_state_writer(s, "it", e->version));
    int64_t calls = tw_linear_calls(a.l);
    play_on(&a, ROUNDS, &whole);
    if (st == THW_OK) st = e->load(two->object.self, tw_state_reader(s, "it"));
    tw_linear_set_calls(b.l, calls);
    b.t = n;
    if (st == THW_OK) play_on(&b, ROUNDS, &resumed);
    if (st != THW_OK)
      vf_fail(k, "saving after %d rounds and loading answers %d", (int)n, (int)st);
    else if (vf_trace_differs(&whole, &resumed))
      vf_fail(k, "saved after %d rounds and continued, it goes another way", (int)n);
    table_clear(&b);
    table_clear(&a);
  }
  tw_state_free(s);
  vf_inst_free(two);
  vf_inst_free(one);
  vf_trace_free(&before);
  vf_trace_free(&whole);
  vf_trace_free(&resumed);
}

static int resumes(vf_case *k) {
  static const int at[] = {0, 1, 2, 5, 13};
  vf_inst *in = vf_inst_need(k, NULL);
  if (!in) return -1;
  int has = thw_ext(&in->object, THW_EXT_STATE) != NULL;
  vf_inst_free(in);
  if (!has)
    return vf_warn(k, "it does not offer " THW_EXT_STATE ": runs with it cannot be resumed");
  for (size_t i = 0; i < sizeof at / sizeof at[0] && k->outcome == VF_PASS; i++)
    resumes_after(k, at[i]);
  return 0;
}

const vf_check vf_checks_online[] = {
    {"promise", VF_KIND(THW_LINEAR), "answers are feasible and keep the factor it declares",
     promise},
    {"pure", VF_KIND(THW_LINEAR), "the same question has the same answer", pure},
    {"handles", VF_KIND(THW_LINEAR), "decisions agree with their vectors and survive packing",
     handles},
    {"losses", VF_KIND(THW_ROUNDS), "losses are finite, not negative, and within its facts",
     losses},
    {"later-rounds", VF_KIND(THW_ROUNDS), "a round does not depend on having been asked for others",
     later_rounds},
    {"distributions", VF_KIND(THW_LEARNER), "it plays distributions", distributions},
    {"goes-on", VF_KIND(THW_LEARNER), "saved and loaded it goes on as before", resumes},
    {NULL, 0, NULL, NULL},
};
