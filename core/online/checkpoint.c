/* SPDX-License-Identifier: BSD-3-Clause */
/* What is saved between two rounds, and how it comes back. */
#include <stdlib.h>

#include "core/online/run.h"
#include "core/run/saved.h"

static thw_status save_host(const tw_online *r, thw_writer *w) {
  THW_TRY(tw_game_save(&r->game, w));
  THW_TRY(w->i64(w, "records", r->records));
  THW_TRY(w->i64(w, "record_round", r->record_round));
  THW_TRY(w->i64(w, "metrics", r->folder.metrics.end));
  THW_TRY(w->i64(w, "decisions", r->decisions.end));
  THW_TRY(w->f64(w, "elapsed", tw_online_seconds(r)));
  THW_TRY(tw_save_pipeline(r->game.plan, w));
  return tw_save_ledger(r->game.ledger, w);
}

static tw_state *snapshot(tw_online *r) {
  tw_state *s = tw_state_new();
  thw_status st = save_host(r, tw_state_writer(s, "host", TW_SAVED_VERSION));
  if (st != THW_OK)
    tw_error(r->d, st, "saving the state of the run: %s", tw_state_error(s));
  else
    st = tw_save_components(r->game.plan, s, r->d);
  if (st == THW_OK) return s;
  tw_state_free(s);
  return NULL;
}

static int is_live(const tw_online *r) {
  return (r->game.rounds_facts.flags & THW_ROUNDS_LIVE) != 0;
}

thw_status tw_online_keep(tw_online *r) {
  int outside = (tw_linear_facts(r->game.linear)->flags & THW_LINEAR_OUTSIDE) != 0;
  if (!r->resumable || !(outside || is_live(r))) return THW_OK;
  tw_state_free(r->clean);
  r->clean = snapshot(r);
  return r->clean ? THW_OK : THW_E_STATE;
}

/* In the middle of a round the state from before it is the one to go on from, or the checkpoint on
 * the disk. Losses that came from outside will not come again. */
static tw_state *state_to_save(tw_online *r) {
  if (!r->tainted) return snapshot(r);
  tw_state *s = r->clean;
  r->clean = NULL;
  if (s && r->game.revealed && !r->game.given && is_live(r) &&
      tw_game_save_losses(&r->game, tw_state_writer(s, "host", TW_SAVED_VERSION)) != THW_OK)
    tw_error(r->d, THW_E_STATE, "saving the losses of the round: %s", tw_state_error(s));
  return s;
}

thw_status tw_online_checkpoint(tw_online *r) {
  if (!r->resumable || (r->tainted && !r->clean)) return THW_OK;
  tw_state *s = state_to_save(r);
  if (!s) return THW_E_STATE;
  char *file = tw_folder_file(&r->folder, "checkpoint");
  thw_status st = tw_lines_sync(&r->folder.metrics, r->d);
  if (st == THW_OK) st = tw_lines_sync(&r->decisions, r->d);
  if (st == THW_OK) st = tw_state_save(s, file, r->d);
  free(file);
  tw_state_free(s);
  r->saved_at = tw_online_seconds(r);
  return st;
}

int64_t tw_online_horizon(tw_state *from) {
  int64_t horizon = -1;
  thw_reader *in = from ? tw_state_reader(from, "host") : NULL;
  if (!in || in->i64(in, "horizon", &horizon) != THW_OK) return -1;
  return horizon;
}

static thw_status load_host(tw_online *r, thw_reader *in, int64_t *metrics, int64_t *decisions) {
  int64_t n;
  THW_TRY(in->i64(in, "dimension", &n));
  if (n != r->game.told.n)
    return tw_error(r->d, THW_E_STATE,
                    "%s: its checkpoint was made on %lld coordinates and there are %lld now: the "
                    "instance has changed; start a new run",
                    r->folder.path, (long long)n, (long long)r->game.told.n);
  THW_TRY(tw_game_load(&r->game, in));
  THW_TRY(in->i64(in, "records", &r->records));
  THW_TRY(in->i64(in, "record_round", &r->record_round));
  THW_TRY(in->i64(in, "metrics", metrics));
  THW_TRY(in->i64(in, "decisions", decisions));
  THW_TRY(in->f64(in, "elapsed", &r->elapsed));
  r->rounds_before = r->game.book.rounds;
  return THW_OK;
}

thw_status tw_online_restore(tw_online *r, tw_state *s) {
  const tw_plan *p = r->game.plan;
  thw_reader *in = tw_state_reader(s, "host");
  int64_t metrics = 0, decisions = 0;
  size_t errors = r->d->errors;
  thw_status st =
      in && in->version == TW_SAVED_VERSION ? load_host(r, in, &metrics, &decisions) : THW_E_STATE;
  if (st != THW_OK)
    return r->d->errors > errors ? st : tw_load_failed(p, s, st, "the host", r->folder.path, r->d);
  THW_TRY(tw_load_components(p, s, r->folder.path, r->d));
  /* What starting and loading asked of the oracle was paid for before. */
  st = tw_load_ledger(r->game.ledger, tw_state_reader(s, "host"));
  int64_t calls = 0;
  in = tw_state_reader(s, "host");
  if (st == THW_OK) st = in->i64(in, "calls", &calls);
  if (st != THW_OK) return tw_load_failed(p, s, st, "the host", r->folder.path, r->d);
  tw_linear_set_calls(r->game.linear, calls);
  if (tw_state_length(s, "host", "losses") > 0) THW_TRY(tw_game_load_losses(&r->game, in));
  THW_TRY(tw_lines_begin(&r->folder.metrics, r->folder.path, "metrics.jsonl", metrics, r->d));
  if (!r->game.opt->monitor.decisions) return THW_OK;
  return tw_lines_begin(&r->decisions, r->folder.path, "decisions.jsonl", decisions, r->d);
}
