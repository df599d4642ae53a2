/* SPDX-License-Identifier: BSD-3-Clause */
/* What is saved between two steps, and how it comes back. */
#include <stdlib.h>
#include <string.h>

#include "core/run/run.h"
#include "core/run/saved.h"

static thw_status save_host(tw_run *r, thw_writer *w) {
  THW_TRY(w->i64(w, "rows", r->setup.rows));
  THW_TRY(w->i64(w, "step", r->step));
  THW_TRY(w->i64(w, "records", r->records));
  THW_TRY(w->i64(w, "tick", r->tick));
  THW_TRY(w->i64(w, "largest", r->largest));
  THW_TRY(w->i64(w, "record_step", r->record_step));
  THW_TRY(w->i64(w, "done", r->done));
  THW_TRY(w->i64(w, "metrics", r->folder.metrics.end));
  THW_TRY(w->f64(w, "elapsed", tw_run_seconds(r)));
  THW_TRY(w->f64(w, "method", r->method));
  THW_TRY(w->f64(w, "f", r->monitor.f));
  THW_TRY(w->f64(w, "grad_norm", r->monitor.grad_norm));
  if (r->monitor.n_metrics)
    THW_TRY(w->blob(w, "tests", r->monitor.value, r->monitor.n_metrics * sizeof(double)));
  THW_TRY(w->vec(w, "good", r->good));
  THW_TRY(tw_watch_save(&r->watch, w));
  THW_TRY(tw_save_pipeline(r->setup.plan, w));
  return tw_save_ledger(r->setup.ledger, w);
}

static thw_status load_host(tw_run *r, thw_reader *in, int64_t *metrics) {
  int64_t rows;
  THW_TRY(in->i64(in, "rows", &rows));
  if (rows != r->setup.rows)
    return tw_error(r->d, THW_E_STATE,
                    "%s: its checkpoint was made on %lld rows and there are %lld "
                    "now: the data have changed; start a new run",
                    r->folder.path, (long long)rows, (long long)r->setup.rows);
  THW_TRY(in->i64(in, "step", &r->step));
  THW_TRY(in->i64(in, "records", &r->records));
  THW_TRY(in->i64(in, "tick", &r->tick));
  THW_TRY(in->i64(in, "largest", &r->largest));
  THW_TRY(in->i64(in, "record_step", &r->record_step));
  THW_TRY(in->i64(in, "done", &r->done));
  THW_TRY(in->i64(in, "metrics", metrics));
  THW_TRY(in->f64(in, "elapsed", &r->elapsed));
  THW_TRY(in->f64(in, "method", &r->method));
  THW_TRY(in->f64(in, "f", &r->monitor.f));
  THW_TRY(in->f64(in, "grad_norm", &r->monitor.grad_norm));
  size_t bytes = r->monitor.n_metrics * sizeof(double);
  if (bytes) THW_TRY(in->blob(in, "tests", r->monitor.value, &bytes));
  THW_TRY(in->vec(in, "good", r->good));
  THW_TRY(tw_watch_load(&r->watch, in));
  THW_TRY(tw_load_ledger(r->setup.ledger, in));
  r->record_spent = r->record_step == r->step ? r->setup.ledger->spent : -1;
  r->passes_before = tw_run_passes(r);
  return THW_OK;
}

tw_state *tw_run_snapshot(tw_run *r) {
  tw_state *s = tw_state_new();
  thw_status st = save_host(r, tw_state_writer(s, "host", TW_SAVED_VERSION));
  if (st != THW_OK)
    tw_error(r->d, st, "saving the state of host: %s", tw_state_error(s));
  else
    st = tw_save_components(r->setup.plan, s, r->d);
  if (st == THW_OK) return s;
  tw_state_free(s);
  return NULL;
}

thw_status tw_run_restore(tw_run *r, tw_state *s) {
  const tw_plan *p = r->setup.plan;
  thw_reader *in = tw_state_reader(s, "host");
  int64_t metrics = 0;
  size_t errors = r->d->errors;
  thw_status st = in && in->version == TW_SAVED_VERSION ? load_host(r, in, &metrics) : THW_E_STATE;
  if (st != THW_OK)
    return r->d->errors > errors ? st : tw_load_failed(p, s, st, "the host", r->folder.path, r->d);
  THW_TRY(tw_load_components(p, s, r->folder.path, r->d));
  /* What loading asked of the oracle (a snapshot made anew) was paid for before. */
  st = tw_load_ledger(r->setup.ledger, tw_state_reader(s, "host"));
  if (st != THW_OK) return tw_load_failed(p, s, st, "the host", r->folder.path, r->d);
  return tw_lines_begin(&r->folder.metrics, r->folder.path, "metrics.jsonl", metrics, r->d);
}

thw_status tw_run_checkpoint(tw_run *r) {
  if (!r->resumable) return THW_OK;
  tw_state *s = r->tainted ? r->clean : tw_run_snapshot(r);
  /* Tainted and nothing in memory: the checkpoint on the disk is the one to go on from. */
  if (!s) return r->tainted ? THW_OK : THW_E_STATE;
  char *file = tw_folder_file(&r->folder, "checkpoint");
  thw_status st = tw_lines_sync(&r->folder.metrics, r->d);
  if (st == THW_OK) st = tw_state_save(s, file, r->d);
  free(file);
  if (!r->tainted) tw_state_free(s);
  r->saved_at = tw_run_seconds(r);
  return st;
}
