/* SPDX-License-Identifier: BSD-3-Clause */
/* The lines of metrics.jsonl and decisions.jsonl. */
#include <math.h>
#include <stdlib.h>

#include "core/online/plain.h"
#include "core/online/run.h"

int tw_online_due(const tw_online *r, int64_t rounds) {
  int64_t every = r->game.opt->monitor.rounds;
  if (every > 0) return rounds % every == 0;
  if (rounds <= 50) return 1;
  double step = log(1.02);
  return floor(log((double)rounds) / step) > floor(log((double)(rounds - 1)) / step);
}

thw_status tw_online_look_back(tw_online *r, const char *account) {
  if (r->best_round == r->game.book.rounds || r->game.book.rounds == 0) return THW_OK;
  tw_hindsight h;
  THW_TRY(tw_game_hindsight(&r->game, account, &h));
  thw_release(r->best.x);
  r->best = h;
  r->best_round = r->game.book.rounds;
  return THW_OK;
}

static void put(json_t *o, const char *key, double v) {
  json_object_set_new(o, key, tw_json_real(v));
}

static json_t *record(tw_online *r) {
  const tw_game *g = &r->game;
  const tw_book *b = &g->book;
  int cost = tw_game_sign(g) > 0, known = r->best_round == b->rounds;
  double s = tw_game_sign(g), t = (double)b->rounds, best = known ? r->best.best : (double)NAN;
  json_t *o = json_object();
  json_object_set_new(o, "round", json_integer(b->rounds));
  put(o, "seconds", tw_online_seconds(r));
  put(o, "method_seconds", g->learner_seconds);
  put(o, cost ? "cost" : "reward", s * b->cost);
  put(o, cost ? "expected_cost" : "expected_reward", s * b->expected);
  if (known) {
    put(o, cost ? "best_cost" : "best_reward", s * best);
    put(o, "regret", b->expected - best);
    put(o, "alpha_regret", tw_alpha_regret(g, b->expected, best));
  }
  json_object_set_new(o, "oracle_calls", json_integer(tw_linear_calls(g->linear)));
  put(o, "calls_per_round", (double)tw_linear_calls(g->linear) / t);
  put(o, "support", b->support / t);
  return o;
}

thw_status tw_online_record(tw_online *r) {
  if (r->game.opt->monitor.hindsight) THW_TRY(tw_online_look_back(r, "monitor"));
  json_t *o = record(r);
  thw_status st = tw_json_reports(r->game.plan, o);
  char *text = json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(17));
  json_decref(o);
  if (st == THW_OK) {
    char *line = tw_sprintf("%s\n", text);
    st = tw_lines_add(&r->folder.metrics, line, r->d);
    free(line);
  }
  free(text);
  if (st != THW_OK) return st;
  r->records++;
  r->record_round = r->game.book.rounds;
  return THW_OK;
}

/* Written before the losses are known: `paid` is what the rounds before have cost. */
thw_status tw_online_decision(tw_online *r) {
  const tw_game *g = &r->game;
  double s = tw_game_sign(g);
  if (!g->opt->monitor.decisions) return THW_OK;
  json_t *o = json_object();
  json_object_set_new(o, "round", json_integer(g->book.rounds + 1));
  json_object_set_new(o, "decision",
                      tw_decision_json(g->now.x[g->drawn], tw_linear_facts(g->linear)));
  put(o, "probability", g->now.p[g->drawn]);
  json_object_set_new(o, "of", json_integer(g->now.n));
  put(o, s > 0 ? "paid" : "gained", s * g->book.cost);
  char *text = json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(17));
  json_decref(o);
  char *line = tw_sprintf("%s\n", text);
  int live = (g->rounds_facts.flags & THW_ROUNDS_LIVE) != 0;
  thw_status st =
      live ? tw_lines_add(&r->decisions, line, r->d) : tw_lines_hold(&r->decisions, line, r->d);
  free(line);
  free(text);
  return st;
}
