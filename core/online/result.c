/* SPDX-License-Identifier: BSD-3-Clause */
/* result.json and the last lines on the screen. */
#include <math.h>
#include <stdlib.h>

#include "core/online/plain.h"
#include "core/online/run.h"

static void put(json_t *o, const char *key, double v) {
  json_object_set_new(o, key, tw_json_real(v));
}

/* What is said about the best fixed decision. */
static void put_best(json_t *o, const tw_online *r) {
  const tw_game *g = &r->game;
  const tw_book *b = &g->book;
  int known = r->best_round == b->rounds && b->rounds > 0;
  double s = tw_game_sign(g), best = known ? r->best.best : (double)NAN;
  double least = known ? r->best.least : (double)NAN;
  put(o, s > 0 ? "best_cost" : "best_reward", s * best);
  put(o, s > 0 ? "best_cost_at_least" : "best_reward_at_most", s * least);
  json_object_set_new(o, "best_is_exact", json_boolean(known && r->best.exact));
  put(o, "ratio", b->expected / best);
  put(o, "regret", b->expected - best);
  put(o, "alpha_regret", tw_alpha_regret(g, b->expected, best));
  put(o, "alpha_regret_at_most", tw_alpha_regret(g, b->expected, least));
  put(o, "alpha_regret_drawn", tw_alpha_regret(g, b->cost, best));
  json_object_set_new(o, "best_decision",
                      known ? tw_decision_json(r->best.x, tw_linear_facts(g->linear))
                            : json_null());
}

static json_t *theory(const tw_game *g) {
  const thw_learner_facts *f = &g->learner_facts;
  json_t *o = json_object();
  put(o, "rate", f->rate);
  put(o, "bound", f->bound);
  json_object_set_new(o, "formula", tw_json_text(f->formula));
  return o;
}

static json_t *result(const tw_online *r) {
  const tw_game *g = &r->game;
  const tw_book *b = &g->book;
  double s = tw_game_sign(g), t = (double)b->rounds;
  json_t *o = json_object();
  json_object_set_new(o, "status", json_string(tw_end_word(r->end)));
  json_object_set_new(o, "reason", tw_json_text(r->reason));
  json_object_set_new(o, "rounds", json_integer(b->rounds));
  json_object_set_new(o, "sense", json_string(s > 0 ? "cost" : "reward"));
  put(o, "alpha", g->told.oracle->factor);
  put(o, s > 0 ? "cost" : "reward", s * b->cost);
  put(o, s > 0 ? "expected_cost" : "expected_reward", s * b->expected);
  put_best(o, r);
  json_object_set_new(o, "theory", theory(g));
  json_object_set_new(o, "oracle_calls", json_integer(tw_linear_calls(g->linear)));
  put(o, "calls_per_round", (double)tw_linear_calls(g->linear) / t);
  put(o, "support", b->support / t);
  put(o, "largest_loss", b->norm);
  json_object_set_new(o, "counts", tw_json_ledger(g->ledger));
  put(o, "seconds", tw_online_seconds(r));
  put(o, "method_seconds", g->learner_seconds);
  put(o, "oracle_seconds", tw_linear_seconds(g->linear));
  json_object_set_new(o, "dimension", json_integer(g->told.n));
  tw_json_origin(o, &g->session, g->plan);
  json_object_set_new(o, "resumable", json_boolean(r->resumable));
  return o;
}

thw_status tw_online_write_result(tw_online *r, json_t **out) {
  *out = result(r);
  char *file = tw_folder_file(&r->folder, "result.json");
  thw_status st = tw_json_write(file, *out, r->d);
  free(file);
  return st;
}

static void print_best(const tw_online *r, FILE *to) {
  const tw_game *g = &r->game;
  const tw_book *b = &g->book;
  double s = tw_game_sign(g), alpha = g->told.oracle->factor;
  if (r->best_round != b->rounds || b->rounds == 0) return;
  fprintf(to, "best fixed decision in hindsight %.10g%s: ratio %.4f, regret %.6g\n",
          s * r->best.best, r->best.exact ? "" : " (as far as the oracle knows)",
          b->expected / r->best.best, b->expected - r->best.best);
  if (isfinite(alpha) && alpha != 1)
    fprintf(to, "alpha-regret for alpha = %g: %.6g, at most %.6g\n", alpha,
            tw_alpha_regret(g, b->expected, r->best.best),
            tw_alpha_regret(g, b->expected, r->best.least));
  if (isfinite(g->learner_facts.bound))
    fprintf(to, "theory: at most %.6g%s%s\n", g->learner_facts.bound,
            g->learner_facts.formula ? " = " : "",
            g->learner_facts.formula ? g->learner_facts.formula : "");
}

void tw_online_print_result(const tw_online *r, FILE *to) {
  const tw_game *g = &r->game;
  const tw_book *b = &g->book;
  double s = tw_game_sign(g), t = b->rounds > 0 ? (double)b->rounds : 1;
  fprintf(to, "%s: %s\n", tw_end_word(r->end), r->reason);
  fprintf(to, "%lld rounds, %s %.10g (expected %.10g)\n", (long long)b->rounds,
          s > 0 ? "cost" : "reward", s * b->cost, s * b->expected);
  print_best(r, to);
  fprintf(to, "oracle calls of the learner %lld, %.4g per round; %.2f s, %.2f s in the oracle\n",
          (long long)tw_linear_calls(g->linear), (double)tw_linear_calls(g->linear) / t,
          tw_online_seconds(r), tw_linear_seconds(g->linear));
  fprintf(to, "folder %s\n", r->folder.path);
  if ((r->end == TW_INTERRUPTED || r->end == TW_FAILED) && r->resumable)
    fprintf(to, "`thalweg resume %s' goes on from the last checkpoint\n", r->folder.path);
  fflush(to);
}
