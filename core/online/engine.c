/* SPDX-License-Identifier: BSD-3-Clause */
/* The run of an online pipeline from beginning to end. */
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "core/cli/command.h"
#include "core/online/run.h"
#include "core/run/signals.h"

double tw_online_seconds(const tw_online *r) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return r->elapsed + (double)(now.tv_sec - r->began.tv_sec) +
         1e-9 * (double)(now.tv_nsec - r->began.tv_nsec);
}

static void to_log(void *arg, uint32_t level, const char *path, const char *text) {
  tw_online *r = arg;
  tw_folder_log(&r->folder, tw_online_seconds(r), level, path, text);
  if (level == THW_LOG_WARN) tw_progress_warn(&r->progress, path, text);
}

static FILE *talk(const tw_online *r) {
  return r->how.json ? stderr : stdout;
}

static thw_status end_as(tw_online *r, tw_end end, char *reason) {
  r->end = end;
  free(r->reason);
  r->reason = reason;
  return THW_OK;
}

/* ---- beginning ------------------------------------------------------------------------------- */

static void print_header(const tw_online *r) {
  const tw_game *g = &r->game;
  const thw_linear_facts *f = tw_linear_facts(g->linear);
  if (r->how.quiet) return;
  FILE *to = talk(r);
  fprintf(to, "%s: %s plays %s by %s, %lld coordinates", g->opt->run.name,
          g->learner->found->component->id, g->rounds->found->component->id,
          g->oracle->found->component->id, (long long)g->told.n);
  if (isfinite(f->factor)) fprintf(to, ", alpha = %g", f->factor);
  fprintf(to, "\n%s, %d thread%s; folder %s\n", tw_blas_name(), g->session.threads,
          g->session.threads == 1 ? "" : "s", r->folder.path);
  fflush(to);
}

static void check_resumable(tw_online *r) {
  size_t n;
  tw_node *const *node = tw_plan_nodes(r->game.plan, &n);
  r->resumable = 1;
  for (size_t i = 0; i < n; i++) {
    if (node[i]->raw.kind != THW_LEARNER || thw_ext(&node[i]->raw, THW_EXT_STATE)) continue;
    r->resumable = 0;
    char *text = tw_sprintf("%s offers no " THW_EXT_STATE ": this run cannot be resumed",
                            node[i]->found->component->id);
    to_log(r, THW_LOG_WARN, node[i]->path, text);
    free(text);
  }
}

static thw_status check_end_exists(tw_online *r) {
  const tw_options *o = r->game.opt;
  if (o->stop.rounds > 0 || o->stop.seconds > 0 || r->game.rounds_facts.rounds >= 0 ||
      (r->game.rounds_facts.flags & THW_ROUNDS_LIVE))
    return THW_OK;
  return tw_error(r->d, THW_E_ARG,
                  "nothing ends this run: %s has no last round: set stop.rounds (or stop.seconds)",
                  r->game.rounds->found->component->id);
}

static thw_status begin(tw_online *r, tw_plan *plan, tw_state *from) {
  THW_TRY(tw_game_begin(&r->game, plan, tw_online_horizon(from), to_log, r, r->d));
  THW_TRY(check_end_exists(r));
  tw_signals_catch(&r->game.session);
  print_header(r);
  check_resumable(r);
  if (from) return tw_online_restore(r, from);
  THW_TRY(tw_lines_begin(&r->folder.metrics, r->folder.path, "metrics.jsonl", 0, r->d));
  if (r->game.opt->monitor.decisions)
    THW_TRY(tw_lines_begin(&r->decisions, r->folder.path, "decisions.jsonl", 0, r->d));
  return tw_online_checkpoint(r);
}

/* ---- the loop -------------------------------------------------------------------------------- */

static void look_for_end(tw_online *r) {
  const tw_options *o = r->game.opt;
  int64_t done = r->game.book.rounds, all = r->game.rounds_facts.rounds;
  if (r->game.session.cancel)
    end_as(r, TW_INTERRUPTED, tw_strdup("a signal asked the run to end"));
  else if (o->stop.rounds > 0 && done >= o->stop.rounds)
    end_as(r, TW_SPENT, tw_sprintf("stop.rounds = %lld are played", (long long)o->stop.rounds));
  else if (all >= 0 && done >= all)
    end_as(r, TW_SPENT, tw_sprintf("all %lld rounds are played", (long long)all));
  else if (o->stop.seconds > 0 && tw_online_seconds(r) >= o->stop.seconds)
    end_as(r, TW_SPENT, tw_sprintf("stop.seconds = %g have gone by", o->stop.seconds));
}

/* A status that ends the run; the round in progress is lost then, the checkpoint from before it
 * stands. */
static thw_status judge(tw_online *r, thw_status st) {
  r->tainted = 1;
  if (st == THW_DONE)
    return end_as(
        r, TW_SPENT,
        tw_sprintf("there are no more rounds after %lld", (long long)r->game.book.rounds));
  if (st == THW_CANCELLED)
    return end_as(r, TW_INTERRUPTED, tw_strdup("a signal broke off a round"));
  if (st > 0) st = THW_E_INTERNAL;
  char *text = tw_plan_text(r->game.plan, st);
  end_as(r, TW_FAILED, text);
  return tw_error(r->d, st, "round %lld: %s", (long long)r->game.book.rounds + 1, text);
}

static void show_progress(tw_online *r, int as_line) {
  const tw_game *g = &r->game;
  const tw_options *o = g->opt;
  double seconds = tw_online_seconds(r), t = (double)g->book.rounds;
  if (!as_line && !tw_progress_due(&r->progress, seconds)) return;
  int64_t total = o->stop.rounds > 0 ? o->stop.rounds : g->rounds_facts.rounds;
  tw_progress_now now = {.fraction = total > 0 ? t / (double)total : (double)NAN,
                         .unit = "rounds",
                         .done = t,
                         .total = total > 0 ? (double)total : 0,
                         .seconds = seconds};
  if (o->stop.seconds > 0) now.fraction = fmax(now.fraction, seconds / o->stop.seconds);
  now.here_seconds = seconds - r->elapsed;
  now.here = t - (double)r->rounds_before;
  snprintf(now.numbers, sizeof now.numbers, "%s/round %.6g  oracle calls %lld",
           tw_game_sign(g) > 0 ? "cost" : "reward", tw_game_sign(g) * g->book.expected / t,
           (long long)tw_linear_calls(g->linear));
  if (r->best_round >= 0) {
    now.metric = "best";
    now.metric_value = tw_game_sign(g) * r->best.best / (double)r->best_round;
  }
  if (as_line)
    tw_progress_line(&r->progress, &now);
  else
    tw_progress_draw(&r->progress, &now);
}

/* The record that is due between two rounds. Where it fails the rounds are whole all the same, and
 * the run goes on from here, with this record. */
static thw_status record(tw_online *r) {
  size_t errors = r->d->errors;
  thw_status st = tw_online_record(r);
  if (st == THW_OK) show_progress(r, 1);
  if (st == THW_OK || r->d->errors > errors) return st;
  if (st == THW_CANCELLED)
    return end_as(r, TW_INTERRUPTED, tw_strdup("a signal broke off a record"));
  if (st > 0) st = THW_E_INTERNAL;
  char *text = tw_plan_text(r->game.plan, st);
  end_as(r, TW_FAILED, text);
  return tw_error(r->d, st, "the record after round %lld: %s", (long long)r->game.book.rounds,
                  text);
}

/* After a round: the record and the checkpoint that are due. What came from outside cannot be asked
 * for again, so it is saved at once. */
static thw_status keep_books(tw_online *r) {
  if (tw_online_due(r, r->game.book.rounds)) THW_TRY(record(r));
  if (r->end != TW_GOING) return THW_OK;
  int live = (r->game.rounds_facts.flags & THW_ROUNDS_LIVE) != 0;
  if (live || tw_online_seconds(r) - r->saved_at >= r->game.opt->checkpoint.every)
    THW_TRY(tw_online_checkpoint(r));
  show_progress(r, 0);
  return THW_OK;
}

static thw_status one_round(tw_online *r) {
  THW_TRY(tw_online_keep(r));
  thw_status st = tw_game_commit(&r->game);
  if (st != THW_OK) return judge(r, st);
  int64_t decisions = r->decisions.end;
  THW_TRY(tw_online_decision(r));
  st = tw_game_reveal(&r->game);
  if (st == THW_OK) return keep_books(r);
  /* The decision of a round that never was. */
  if (st == THW_DONE && r->decisions.fd >= 0) {
    THW_TRY(tw_lines_flush(&r->decisions, r->d));
    THW_TRY(tw_lines_begin(&r->decisions, r->folder.path, "decisions.jsonl", decisions, r->d));
  }
  return judge(r, st);
}

static thw_status loop(tw_online *r) {
  thw_status st = THW_OK;
  int64_t done = r->game.book.rounds;
  if (done > 0 && tw_online_due(r, done) && r->record_round != done) st = record(r);
  for (look_for_end(r); r->end == TW_GOING && st == THW_OK; look_for_end(r)) {
    st = one_round(r);
    if (r->end != TW_GOING) break;
  }
  if (st != THW_OK && r->end == TW_GOING) end_as(r, TW_FAILED, tw_strdup("see the messages"));
  return st;
}

/* ---- the end --------------------------------------------------------------------------------- */

static void draw_picture(tw_online *r) {
  if (r->how.no_plot || r->records < 2) return;
  char *why = tw_online_picture(r);
  if (why) {
    to_log(r, THW_LOG_INFO, "picture", why);
    if (!r->how.quiet) fprintf(talk(r), "%s\n", why);
  }
  free(why);
}

/* The regret at the end, where no record has just told it. */
static thw_status look_back(tw_online *r) {
  if (r->game.book.rounds == 0 || r->game.session.cancel >= 2) return THW_OK;
  tw_signals_at_once();
  thw_status st = tw_online_look_back(r, "hindsight");
  if (st == THW_CANCELLED)
    return end_as(r, TW_INTERRUPTED, tw_strdup("a signal broke off the look back"));
  if (st == THW_OK) return THW_OK;
  char *text = tw_plan_text(r->game.plan, st);
  tw_error(r->d, st, "the best decision in hindsight: %s", text);
  free(text);
  return st;
}

/* The checkpoint is written before the last record: a longer run does not have it. */
static thw_status finish(tw_online *r, thw_status st) {
  thw_status saved = tw_online_checkpoint(r), flushed = tw_lines_flush(&r->decisions, r->d);
  if (st == THW_OK) st = saved != THW_OK ? saved : flushed;
  if (st == THW_OK) st = look_back(r);
  int known = r->best_round == r->game.book.rounds || !r->game.session.cancel;
  if (st == THW_OK && r->game.book.rounds > 0 && r->record_round != r->game.book.rounds && known &&
      r->game.session.cancel < 2) {
    st = tw_online_record(r);
    if (st == THW_OK) show_progress(r, 1);
  }
  tw_progress_clear(&r->progress);
  tw_progress_flush(&r->progress);
  if (st != THW_OK) {
    char *text = r->reason && r->end == TW_FAILED ? tw_strdup(r->reason)
                 : r->d->n                        ? tw_strdup(r->d->v[r->d->n - 1].text)
                                                  : tw_strdup(tw_status_text(st));
    end_as(r, TW_FAILED, text);
  }
  json_t *result = NULL;
  thw_status written = tw_online_write_result(r, &result);
  if (st == THW_OK) st = written;
  if (written == THW_OK && r->end != TW_INTERRUPTED) draw_picture(r);
  if (!r->how.quiet) tw_online_print_result(r, talk(r));
  if (r->how.json && result) {
    json_dumpf(result, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(17));
    putchar('\n');
  }
  json_decref(result);
  return st;
}

static int exit_status(const tw_online *r, thw_status st) {
  if (st != THW_OK) return st == THW_E_NONFINITE ? TW_EXIT_FAILED : tw_exit_of(st);
  return r->end == TW_INTERRUPTED ? TW_EXIT_INTERRUPTED : TW_EXIT_OK;
}

static void clean_up(tw_online *r, int nothing_happened) {
  tw_signals_release();
  tw_progress_clear(&r->progress);
  thw_release(r->best.x);
  tw_state_free(r->clean);
  tw_lines_close(&r->decisions);
  free(r->reason);
  if (r->game.plan) tw_game_end(&r->game);
  if (nothing_happened)
    tw_folder_discard(&r->folder);
  else
    tw_folder_close(&r->folder);
}

int tw_online_go(tw_plan *plan, tw_folder *folder, tw_state *from, const tw_run_options *how,
                 tw_diags *d) {
  tw_online r = {.folder = *folder,
                 .decisions = TW_NO_LINES,
                 .how = *how,
                 .d = d,
                 .record_round = -1,
                 .best_round = -1};
  clock_gettime(CLOCK_MONOTONIC, &r.began);
  tw_progress_begin(&r.progress, how->quiet, talk(&r));
  signal(SIGXFSZ, SIG_IGN); /* a file too large is an error of write(), like a full disk */
  signal(SIGPIPE, SIG_IGN);
  thw_status st = begin(&r, plan, from);
  if (st != THW_OK) {
    int status = tw_exit_of_input(st);
    clean_up(&r, how->fresh);
    return status;
  }
  st = loop(&r);
  st = finish(&r, st);
  int status = exit_status(&r, st);
  clean_up(&r, 0);
  return status;
}
