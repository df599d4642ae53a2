/* SPDX-License-Identifier: BSD-3-Clause */
/* What is saved between two steps, and how it comes back. */
#include <stdlib.h>
#include <string.h>

#include "core/run/run.h"

#define VERSION 2

/* An account as saved: this, then its name. */
typedef struct saved_account {
  int64_t budgeted, gradients, values, hvp, pairs, calls;
} saved_account;
#define NAME_MAX_BYTES 512

static thw_status save_ledger(const tw_ledger *l, thw_writer *w) {
  THW_TRY(w->i64(w, "accounts", (int64_t)l->n));
  THW_TRY(w->i64(w, "spent", l->spent));
  for (size_t i = 0; i < l->n; i++) {
    const tw_counts *c = &l->v[i].counts;
    saved_account a = {l->v[i].budgeted, c->gradients, c->values, c->hvp, c->pairs, c->calls};
    size_t n = strlen(l->v[i].name);
    if (n > NAME_MAX_BYTES) n = NAME_MAX_BYTES;
    unsigned char bytes[sizeof a + NAME_MAX_BYTES];
    memcpy(bytes, &a, sizeof a);
    memcpy(bytes + sizeof a, l->v[i].name, n);
    char key[32];
    snprintf(key, sizeof key, "account.%zu", i);
    THW_TRY(w->blob(w, key, bytes, sizeof a + n));
  }
  return THW_OK;
}

/* Accounts are opened again in the order in which they were saved, so that result.json lists them
 * alike whether the run was interrupted or not. */
static thw_status load_ledger(tw_ledger *l, thw_reader *r) {
  int64_t n, spent;
  THW_TRY(r->i64(r, "accounts", &n));
  THW_TRY(r->i64(r, "spent", &spent));
  for (size_t i = 0; i < l->n; i++) free(l->v[i].name);
  l->n = 0;
  for (int64_t i = 0; i < n; i++) {
    saved_account a;
    unsigned char bytes[sizeof a + NAME_MAX_BYTES];
    char key[32], name[NAME_MAX_BYTES + 1] = "";
    size_t len = sizeof bytes;
    snprintf(key, sizeof key, "account.%lld", (long long)i);
    THW_TRY(r->blob(r, key, bytes, &len));
    if (len < sizeof a) return THW_E_STATE;
    memcpy(&a, bytes, sizeof a);
    memcpy(name, bytes + sizeof a, len - sizeof a);
    tw_ledger_enter(l, name, a.budgeted != 0);
    l->v[l->n - 1].counts = (tw_counts){a.gradients, a.values, a.hvp, a.pairs, a.calls};
  }
  if (l->n == 0) tw_ledger_enter(l, "host", 0);
  l->current = l->base = 0;
  l->spent = spent;
  return THW_OK;
}

/* The pipeline as it was, for resume to see whether it still is. */
static thw_status save_pipeline(const tw_run *r, thw_writer *w) {
  char *text = NULL;
  size_t n = 0;
  FILE *to = open_memstream(&text, &n);
  if (!to) return THW_E_NOMEM;
  tw_config_print(to, tw_plan_resolved(r->setup.plan), 0);
  thw_status st = fclose(to) == 0 ? w->blob(w, "pipeline", text, n) : THW_E_NOMEM;
  free(text);
  return st;
}

char *tw_run_pipeline_of(tw_state *s) {
  thw_reader *in = tw_state_reader(s, "host");
  size_t n = tw_state_length(s, "host", "pipeline");
  char *text = tw_calloc(n + 1, 1);
  if (in && in->version == VERSION && in->blob(in, "pipeline", text, &n) == THW_OK) return text;
  free(text);
  return NULL;
}

static thw_status save_host(tw_run *r, thw_writer *w) {
  THW_TRY(w->i64(w, "rows", r->setup.rows));
  THW_TRY(w->i64(w, "step", r->step));
  THW_TRY(w->i64(w, "records", r->records));
  THW_TRY(w->i64(w, "tick", r->tick));
  THW_TRY(w->i64(w, "largest", r->largest));
  THW_TRY(w->i64(w, "record_step", r->record_step));
  THW_TRY(w->i64(w, "done", r->done));
  THW_TRY(w->i64(w, "metrics", r->folder.metrics_end));
  THW_TRY(w->f64(w, "elapsed", tw_run_seconds(r)));
  THW_TRY(w->f64(w, "method", r->method));
  THW_TRY(w->f64(w, "f", r->monitor.f));
  THW_TRY(w->f64(w, "grad_norm", r->monitor.grad_norm));
  if (r->monitor.n_metrics)
    THW_TRY(w->blob(w, "tests", r->monitor.value, r->monitor.n_metrics * sizeof(double)));
  THW_TRY(w->vec(w, "good", r->good));
  THW_TRY(save_pipeline(r, w));
  return save_ledger(r->setup.ledger, w);
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
  THW_TRY(load_ledger(r->setup.ledger, in));
  r->record_spent = r->record_step == r->step ? r->setup.ledger->spent : -1;
  r->passes_before = tw_run_passes(r);
  return THW_OK;
}

tw_state *tw_run_snapshot(tw_run *r) {
  tw_state *s = tw_state_new();
  size_t n;
  tw_node *const *node = tw_plan_nodes(r->setup.plan, &n);
  thw_status st = save_host(r, tw_state_writer(s, "host", VERSION));
  const char *who = "host";
  for (size_t i = 0; i < n && st == THW_OK; i++) {
    const thw_ext_state *ext = thw_ext(&node[i]->raw, THW_EXT_STATE);
    if (!ext) continue;
    who = node[i]->path;
    st = ext->save(node[i]->raw.self, tw_state_writer(s, who, ext->version));
  }
  if (st == THW_OK) return s;
  char *text = st == THW_E_STATE ? tw_strdup(tw_state_error(s)) : tw_setup_text(&r->setup, st);
  tw_error(r->d, st, "saving the state of %s: %s", who, text);
  free(text);
  tw_state_free(s);
  return NULL;
}

static thw_status restore_failed(tw_run *r, tw_state *s, thw_status st, const char *who) {
  char *text = tw_setup_text(&r->setup, st);
  if (st == THW_E_STATE && strcmp(text, tw_status_text(st)) == 0) {
    free(text);
    text = tw_strdup(tw_state_error(s));
  }
  tw_error(r->d, st, "%s/checkpoint: the state of %s cannot be used: %s", r->folder.path, who,
           text);
  free(text);
  return st;
}

/* Outer components first: theirs may start inner ones, whose own state comes after. */
thw_status tw_run_restore(tw_run *r, tw_state *s) {
  thw_reader *in = tw_state_reader(s, "host");
  int64_t metrics = 0;
  size_t n, errors = r->d->errors;
  thw_status st = in && in->version == VERSION ? load_host(r, in, &metrics) : THW_E_STATE;
  if (st != THW_OK) return r->d->errors > errors ? st : restore_failed(r, s, st, "the host");
  tw_node *const *node = tw_plan_nodes(r->setup.plan, &n);
  for (size_t i = n; i-- > 0;) {
    const thw_ext_state *ext = thw_ext(&node[i]->raw, THW_EXT_STATE);
    if (!ext) continue;
    in = tw_state_reader(s, node[i]->path);
    if (in && in->version > ext->version)
      return tw_error(r->d, THW_E_STATE,
                      "%s/checkpoint: the state of %s has version %u, written by a newer plugin; "
                      "this one knows versions up to %u: resume with the plugin that wrote it",
                      r->folder.path, node[i]->path, in->version, ext->version);
    st = in ? ext->load(node[i]->raw.self, in) : THW_E_STATE;
    if (st != THW_OK) return restore_failed(r, s, st, node[i]->path);
  }
  /* What loading asked of the oracle (a snapshot made anew) was paid for before. */
  in = tw_state_reader(s, "host");
  st = load_ledger(r->setup.ledger, in);
  if (st != THW_OK) return restore_failed(r, s, st, "the host");
  return tw_folder_metrics_begin(&r->folder, metrics, r->d);
}

thw_status tw_run_checkpoint(tw_run *r) {
  if (!r->resumable) return THW_OK;
  tw_state *s = r->tainted ? r->clean : tw_run_snapshot(r);
  /* Tainted and nothing in memory: the checkpoint on the disk is the one to go on from. */
  if (!s) return r->tainted ? THW_OK : THW_E_STATE;
  char *file = tw_folder_file(&r->folder, "checkpoint");
  thw_status st = tw_folder_metrics_sync(&r->folder, r->d);
  if (st == THW_OK) st = tw_state_save(s, file, r->d);
  free(file);
  if (!r->tainted) tw_state_free(s);
  r->saved_at = tw_run_seconds(r);
  return st;
}
