/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/online/game.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

__attribute__((format(printf, 4, 5))) static thw_status fault(tw_game *g, const tw_node *n,
                                                              thw_status st, const char *fmt, ...) {
  char text[512];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);
  char *whole = tw_sprintf("%s \"%s\": round %lld: %s", n->path, n->found->component->id,
                           (long long)g->book.rounds + 1, text);
  tw_host.fail(n->ctx, st, whole);
  free(whole);
  return st;
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double tw_game_sign(const tw_game *g) {
  return g->told.sense == THW_REWARD ? -1 : 1;
}

/* ---- beginning ------------------------------------------------------------------------------- */

static const thw_rounds_ops *rounds_ops(const tw_game *g) {
  return g->rounds->raw.ops;
}
static const thw_learner_ops *learner_ops(const tw_game *g) {
  return g->learner->raw.ops;
}

static thw_status explain(tw_game *g, thw_status st, const char *doing, tw_diags *d) {
  char *text = tw_plan_text(g->plan, st);
  tw_error(d, st, "%s: %s", doing, text);
  free(text);
  return st;
}

static thw_status start_rounds(tw_game *g, tw_diags *d) {
  thw_rounds_facts *f = &g->rounds_facts;
  *f = (thw_rounds_facts){.size = sizeof *f, .rounds = -1};
  f->norm = f->norm1 = f->norminf = (double)NAN;
  thw_status st = rounds_ops(g)->start(g->rounds->raw.self, &g->told);
  if (st == THW_OK) st = rounds_ops(g)->facts(g->rounds->raw.self, f);
  if (st != THW_OK) return explain(g, st, g->rounds->path, d);
  g->told.loss_norm = f->norm;
  g->told.loss_norm1 = f->norm1;
  g->told.loss_norminf = f->norminf;
  if (f->rounds >= 0 && (g->told.horizon == 0 || g->told.horizon > f->rounds))
    g->told.horizon = f->rounds;
  return THW_OK;
}

/* The learner may ask its oracle when it starts. */
static thw_status start_learner(tw_game *g, tw_diags *d) {
  thw_learner_facts *f = &g->learner_facts;
  *f = (thw_learner_facts){.size = sizeof *f, .feedback = THW_FEEDBACK_FULL};
  f->rate = f->bound = (double)NAN;
  size_t before = tw_ledger_enter(g->ledger, g->learner->path, 1);
  double began = now();
  thw_status st =
      learner_ops(g)->start(g->learner->raw.self, tw_linear_object(g->linear), &g->told);
  if (st == THW_OK) st = learner_ops(g)->facts(g->learner->raw.self, f);
  g->learner_seconds += now() - began;
  tw_ledger_leave(g->ledger, before);
  return st == THW_OK ? THW_OK : explain(g, st, g->learner->path, d);
}

static thw_status make_room(tw_game *g, tw_diags *d) {
  double **v[] = {&g->f, &g->sum, &g->mean, &g->mean_sum, &g->average};
  for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) {
    if ((*v[i] = calloc((size_t)g->told.n, sizeof(double)))) continue;
    return tw_error(d, THW_E_NOMEM, "no memory for decisions of %lld coordinates",
                    (long long)g->told.n);
  }
  return THW_OK;
}

static thw_status start(tw_game *g, int64_t horizon, tw_diags *d) {
  const tw_options *o = g->opt;
  thw_status st =
      tw_linear_new(&g->session, g->oracle->ctx, &g->oracle->raw, o->monitor.check, &g->linear);
  if (st != THW_OK) return explain(g, st, g->oracle->path, d);
  const thw_linear_facts *f = tw_linear_facts(g->linear);
  g->told = (thw_game){.size = sizeof g->told,
                       .sense = f->sense,
                       .n = f->n,
                       .horizon = horizon >= 0 ? horizon : o->stop.rounds,
                       .oracle = f};
  g->told.loss_norm = g->told.loss_norm1 = g->told.loss_norminf = (double)NAN;
  THW_TRY(make_room(g, d));
  THW_TRY(start_rounds(g, d));
  tw_stream(g->session.seed, g->learner->path, "play", &g->play);
  return start_learner(g, d);
}

thw_status tw_game_begin(tw_game *g, tw_plan *plan, int64_t horizon, tw_log_fn log, void *log_arg,
                         tw_diags *d) {
  *g = (tw_game){.plan = plan, .opt = tw_plan_options(plan)};
  const tw_options *o = g->opt;
  g->oracle = tw_plan_node(plan, "oracle");
  g->rounds = tw_plan_node(plan, "rounds");
  g->learner = tw_plan_node(plan, "learner");
  tw_session_init(&g->session, (uint64_t)o->run.seed, o->run.precision ? THW_F64 : THW_F32,
                  (int)o->run.threads);
  g->session.ledger = g->ledger = tw_ledger_new();
  g->session.log = log;
  g->session.log_arg = log_arg;
  thw_status st = tw_plan_create(plan, &g->session, d);
  if (st == THW_OK) st = start(g, horizon, d);
  if (st != THW_OK) tw_game_end(g);
  return st;
}

void tw_game_end(tw_game *g) {
  tw_linear_forget(g->linear);
  tw_plan_free(g->plan);
  tw_linear_free(g->linear);
  tw_ledger_free(g->ledger);
  free(g->f);
  free(g->sum);
  free(g->mean);
  free(g->mean_sum);
  free(g->average);
  *g = (tw_game){0};
}

/* ---- commitment ------------------------------------------------------------------------------ */

static thw_status check_play(tw_game *g) {
  const thw_play *p = &g->now;
  double sum = 0;
  if (p->n < 1 || !p->x || !p->p)
    return fault(g, g->learner, THW_E_INTERNAL, "the distribution is empty");
  for (int64_t i = 0; i < p->n; i++) {
    if (!p->x[i])
      return fault(g, g->learner, THW_E_INTERNAL, "decision %lld is NULL", (long long)i);
    if (!(p->p[i] >= 0) || !isfinite(p->p[i]))
      return fault(g, g->learner, THW_E_INTERNAL, "the probability of decision %lld is %g",
                   (long long)i, p->p[i]);
    sum += p->p[i];
  }
  if (fabs(sum - 1) <= 1e-9) return THW_OK;
  return fault(g, g->learner, THW_E_INTERNAL, "the probabilities have the sum %.17g", sum);
}

/* Round t uses block t of the stream, whatever came before. */
static void draw(tw_game *g) {
  uint32_t w[4];
  thw_rng_block(&g->play, (uint64_t)g->book.rounds, w);
  double u = thw_unit(w[0], w[1]), sum = 0;
  int64_t i = 0, last = 0;
  for (; i < g->now.n; i++) {
    if (g->now.p[i] > 0) last = i;
    sum += g->now.p[i];
    if (sum > u) break;
  }
  g->drawn = i < g->now.n ? i : last;
}

static int watched(const tw_game *g) {
  return (g->rounds_facts.flags & THW_ROUNDS_WATCH) != 0;
}

/* The expected decision, where somebody wants to know it. */
static void take_mean(tw_game *g) {
  const thw_play *p = &g->now;
  int64_t n = g->told.n;
  if (p->mean) {
    for (int64_t j = 0; j < n; j++) g->mean[j] = p->mean[j];
  } else {
    for (int64_t j = 0; j < n; j++) g->mean[j] = 0;
    for (int64_t i = 0; i < p->n; i++) {
      p->x[i]->ops->vector(p->x[i], g->average);
      for (int64_t j = 0; j < n; j++) g->mean[j] += p->p[i] * g->average[j];
    }
  }
}

thw_status tw_game_commit(tw_game *g) {
  size_t before = tw_ledger_enter(g->ledger, g->learner->path, 1);
  double began = now();
  g->session.step = g->book.rounds + 1;
  g->now = (thw_play){.size = sizeof g->now};
  thw_status st = learner_ops(g)->commit(g->learner->raw.self, g->book.rounds, &g->now);
  g->learner_seconds += now() - began;
  tw_ledger_leave(g->ledger, before);
  if (st != THW_OK) return st;
  THW_TRY(check_play(g));
  draw(g);
  return THW_OK;
}

/* ---- losses ---------------------------------------------------------------------------------- */

static thw_status check_losses(tw_game *g) {
  const thw_linear_facts *o = g->told.oracle;
  double sum = 0;
  for (int64_t i = 0; i < g->told.n; i++) {
    double v = g->f[i];
    sum += v * v;
    if (isfinite(v) && (v >= 0 || (o->free_sign && o->free_sign[i]))) continue;
    char number[32];
    snprintf(number, sizeof number, "%lld", (long long)i);
    return fault(g, g->rounds, isfinite(v) ? THW_E_FORMAT : THW_E_NONFINITE,
                 "the loss of coordinate %s is %g: this oracle takes finite losses that are not "
                 "negative",
                 o->name && o->name[i] ? o->name[i] : number, v);
  }
  sum = sqrt(sum);
  if (isfinite(g->rounds_facts.norm) && sum > g->rounds_facts.norm * (1 + 1e-9))
    return fault(g, g->rounds, THW_E_INTERNAL, "losses of norm %g, more than the promised %g", sum,
                 g->rounds_facts.norm);
  if (sum > g->book.norm) g->book.norm = sum;
  return THW_OK;
}

static thw_status ask_losses(tw_game *g) {
  int64_t t = g->book.rounds;
  if (g->given) return check_losses(g);
  thw_past past = {.size = sizeof past, .t = t};
  if (watched(g) && t > 0) {
    for (int64_t j = 0; j < g->told.n; j++) g->average[j] = g->mean_sum[j] / (double)t;
    past.mean = g->average;
    past.last = g->mean;
  }
  THW_TRY(rounds_ops(g)->loss(g->rounds->raw.self, &past, g->f));
  return check_losses(g);
}

/* Books the round and returns what the drawn decision cost. */
static double book_round(tw_game *g) {
  const thw_play *p = &g->now;
  int64_t n = g->told.n;
  double cost = p->x[g->drawn]->ops->dot(p->x[g->drawn], g->f), expected = 0;
  if (p->mean)
    for (int64_t j = 0; j < n; j++) expected += g->f[j] * p->mean[j];
  else
    for (int64_t i = 0; i < p->n; i++)
      if (p->p[i] > 0) expected += p->p[i] * p->x[i]->ops->dot(p->x[i], g->f);
  g->book.cost += cost;
  g->book.expected += expected;
  g->book.support += (double)p->n;
  for (int64_t j = 0; j < n; j++) g->sum[j] += g->f[j];
  if (watched(g)) {
    take_mean(g);
    for (int64_t j = 0; j < n; j++) g->mean_sum[j] += g->mean[j];
  }
  return cost;
}

thw_status tw_game_reveal(tw_game *g) {
  THW_TRY(ask_losses(g));
  g->revealed = 1;
  double cost = book_round(g);
  int full = g->learner_facts.feedback != THW_FEEDBACK_BANDIT;
  thw_feedback fb = {.size = sizeof fb,
                     .t = g->book.rounds,
                     .drawn = g->drawn,
                     .f = full ? g->f : NULL,
                     .cost = cost};
  size_t before = tw_ledger_enter(g->ledger, g->learner->path, 1);
  double began = now();
  thw_status st = learner_ops(g)->observe(g->learner->raw.self, &fb);
  g->learner_seconds += now() - began;
  tw_ledger_leave(g->ledger, before);
  if (st != THW_OK) return st;
  g->book.rounds++;
  g->revealed = g->given = 0;
  return THW_OK;
}

/* ---- hindsight ------------------------------------------------------------------------------- */

double tw_alpha_regret(const tw_game *g, double cost, double best) {
  return cost - g->told.oracle->factor * best;
}

/* The answer costs at most factor times the least, so the least is at least the answer over the
 * factor; with negated rewards too. */
thw_status tw_game_hindsight(tw_game *g, const char *account, tw_hindsight *out) {
  thw_linear_answer a = {sizeof a, 0, NULL, (double)NAN, (double)NAN};
  size_t before = tw_ledger_enter(g->ledger, account, 0);
  thw_status st = tw_linear_best(g->linear, g->sum, (uint64_t)g->book.rounds, &a, &out->exact);
  tw_ledger_leave(g->ledger, before);
  if (st != THW_OK) return st;
  out->x = a.x;
  out->best = out->least = a.value;
  if (out->exact) return THW_OK;
  out->least = a.bound;
  if (g->told.oracle->flags & THW_LINEAR_PROVEN)
    out->least = fmax(out->least, a.value / g->told.oracle->factor);
  return THW_OK;
}

/* ---- saving ---------------------------------------------------------------------------------- */

static size_t bytes_of(const tw_game *g) {
  return (size_t)g->told.n * sizeof(double);
}

thw_status tw_game_save(const tw_game *g, thw_writer *w) {
  const tw_book *b = &g->book;
  THW_TRY(w->i64(w, "dimension", g->told.n));
  THW_TRY(w->i64(w, "horizon", g->told.horizon));
  THW_TRY(w->i64(w, "rounds", b->rounds));
  THW_TRY(w->i64(w, "calls", tw_linear_calls(g->linear)));
  THW_TRY(w->f64(w, "cost", b->cost));
  THW_TRY(w->f64(w, "expected", b->expected));
  THW_TRY(w->f64(w, "norm", b->norm));
  THW_TRY(w->f64(w, "support", b->support));
  THW_TRY(w->f64(w, "learner_seconds", g->learner_seconds));
  THW_TRY(w->blob(w, "sum", g->sum, bytes_of(g)));
  THW_TRY(w->blob(w, "mean", g->mean, bytes_of(g)));
  if (g->given) THW_TRY(tw_game_save_losses(g, w));
  return w->blob(w, "mean_sum", g->mean_sum, bytes_of(g));
}

thw_status tw_game_save_losses(const tw_game *g, thw_writer *w) {
  return w->blob(w, "losses", g->f, bytes_of(g));
}

static thw_status load_vector(const tw_game *g, thw_reader *r, const char *name, double *v) {
  size_t n = bytes_of(g);
  THW_TRY(r->blob(r, name, v, &n));
  return n == bytes_of(g) ? THW_OK : THW_E_STATE;
}

thw_status tw_game_load(tw_game *g, thw_reader *r) {
  tw_book *b = &g->book;
  int64_t calls;
  THW_TRY(r->i64(r, "rounds", &b->rounds));
  THW_TRY(r->i64(r, "calls", &calls));
  tw_linear_set_calls(g->linear, calls);
  THW_TRY(r->f64(r, "cost", &b->cost));
  THW_TRY(r->f64(r, "expected", &b->expected));
  THW_TRY(r->f64(r, "norm", &b->norm));
  THW_TRY(r->f64(r, "support", &b->support));
  THW_TRY(r->f64(r, "learner_seconds", &g->learner_seconds));
  THW_TRY(load_vector(g, r, "sum", g->sum));
  THW_TRY(load_vector(g, r, "mean", g->mean));
  THW_TRY(load_vector(g, r, "mean_sum", g->mean_sum));
  return b->rounds >= 0 && calls >= 0 ? THW_OK : THW_E_STATE;
}

thw_status tw_game_load_losses(tw_game *g, thw_reader *r) {
  THW_TRY(load_vector(g, r, "losses", g->f));
  g->given = 1;
  return THW_OK;
}
