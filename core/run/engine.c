/* SPDX-License-Identifier: BSD-3-Clause */
/* A run from beginning to end: what surrounds the loop. */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/cli/command.h"
#include "core/online/run.h"
#include "core/run/judge.h"
#include "core/run/loop.h"
#include "core/run/signals.h"

double tw_run_seconds(const tw_run *r) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return r->elapsed + (double)(now.tv_sec - r->began.tv_sec) +
         1e-9 * (double)(now.tv_nsec - r->began.tv_nsec);
}

double tw_run_passes(const tw_run *r) {
  return (double)r->setup.ledger->spent / (double)r->setup.pass;
}

const char *tw_end_word(tw_end e) {
  static const char *const word[] = {"running",  "converged",   "budget", "stalled",
                                     "diverged", "interrupted", "failed"};
  return word[e];
}

/* ---- the log --------------------------------------------------------------------------------- */

static void to_log(void *arg, uint32_t level, const char *path, const char *text) {
  tw_run *r = arg;
  tw_folder_log(&r->folder, tw_run_seconds(r), level, path, text);
  if (level == THW_LOG_WARN) tw_progress_warn(&r->progress, path, text);
}

static FILE *talk(const tw_run *r) {
  return r->how.json ? stderr : stdout;
}

static void print_header(tw_run *r) {
  if (r->how.quiet) return;
  tw_setup *s = &r->setup;
  FILE *to = talk(r);
  fprintf(to, "%s:", r->setup.opt->run.name);
  if (s->source) fprintf(to, " %s,", s->source->found->component->id);
  if (s->rows >= 0)
    fprintf(to, " %lld rows,", (long long)s->rows);
  else
    fprintf(to, " a stream,");
  if (s->model) fprintf(to, " %s,", s->model->found->component->id);
  fprintf(to, " %lld parameters (float%d), %s\n", (long long)s->space->n,
          s->session.dtype == THW_F32 ? 32 : 64, s->optimizer->found->component->id);
  fprintf(to, "%s, %d thread%s; folder %s\n", tw_blas_name(), s->session.threads,
          s->session.threads == 1 ? "" : "s", r->folder.path);
  fflush(to);
}

/* ---- beginning ------------------------------------------------------------------------------- */

static void check_resumable(tw_run *r) {
  size_t n;
  tw_node *const *node = tw_plan_nodes(r->setup.plan, &n);
  r->resumable = 1;
  for (size_t i = 0; i < n; i++) {
    if (node[i]->raw.kind != THW_OPTIMIZER || thw_ext(&node[i]->raw, THW_EXT_STATE)) continue;
    r->resumable = 0;
    char *text = tw_sprintf("%s offers no " THW_EXT_STATE ": this run cannot be resumed",
                            node[i]->found->component->id);
    to_log(r, THW_LOG_WARN, node[i]->path, text);
    free(text);
  }
}

static void set_budget(tw_run *r) {
  double work = floor(r->setup.opt->stop.passes * (double)r->setup.pass + 0.5);
  int limited = r->setup.opt->stop.passes > 0 && work < 4e18;
  r->setup.ledger->budget = limited ? (int64_t)work : -1;
}

/* Starts the optimizer; when resuming, only so that its state can be loaded over it. */
static thw_status start(tw_run *r, tw_state *from) {
  tw_setup *s = &r->setup;
  thw_rng init;
  tw_stream(s->session.seed, s->oracle_node->path, "init", &init);
  thw_status st = thw_oracle_(s->object)->start_point(s->object->self, r->x, &init);
  if (st == THW_OK) st = thw_copy(r->good, r->x);
  if (st == THW_OK && r->probe.ext) st = thw_copy(r->probe.start, r->x);
  if (st == THW_OK) {
    if (!from) set_budget(r);
    r->method = s->facts_seconds;
    double began = tw_run_seconds(r);
    st = thw_optimizer_start(s->method, s->object, r->x);
    r->method += tw_run_seconds(r) - began;
  }
  if (st == THW_BUDGET) {
    r->end = TW_SPENT;
    r->reason = tw_sprintf("stop.passes = %g do not even allow for the start", s->opt->stop.passes);
    r->tainted = 1;
    return THW_OK;
  }
  if (st != THW_OK) return tw_setup_error(s, st, "starting the optimizer", r->d);
  if (from) {
    THW_TRY(tw_run_restore(r, from));
    set_budget(r);
    st = thw_optimizer_point(s->method, r->x);
    if (st != THW_OK) return tw_setup_error(s, st, "taking up the point", r->d);
  }
  return THW_OK;
}

static thw_status begin(tw_run *r, tw_plan *plan, tw_state *from) {
  thw_status st = tw_setup_need(plan, "optimizer", r->d);
  if (st != THW_OK) tw_plan_free(plan);
  if (st == THW_OK) st = tw_setup_begin(&r->setup, plan, to_log, r, r->d);
  if (st != THW_OK) return st;
  tw_setup *s = &r->setup;
  THW_TRY(tw_monitor_begin(&r->monitor, s, r->d));
  THW_TRY(tw_probe_begin(&r->probe, s, r->d));
  THW_TRY(tw_watch_begin(&r->watch, &r->monitor, r->d));
  if (thw_vec_new(s->space, &r->x) != THW_OK || thw_vec_new(s->space, &r->good) != THW_OK)
    return tw_error(r->d, THW_E_NOMEM, "no memory for %lld parameters", (long long)s->space->n);
  tw_signals_catch(&r->setup.session);
  print_header(r);
  check_resumable(r);
  if (!from) THW_TRY(tw_lines_begin(&r->folder.metrics, r->folder.path, "metrics.jsonl", 0, r->d));
  THW_TRY(start(r, from));
  if (from || r->end != TW_GOING) return THW_OK;
  return tw_loop_first_record(r);
}

/* ---- the end --------------------------------------------------------------------------------- */

static thw_status judge(tw_run *r) {
  if (!r->setup.opt->stop.verdict ||
      (r->end != TW_CONVERGED && r->end != TW_SPENT && r->end != TW_STALLED))
    return THW_OK;
  tw_signals_at_once();
  thw_status st = tw_judge(&r->setup, r->x, &r->verdict, r->d);
  r->judged = st == THW_OK;
  if (st == THW_CANCELLED) {
    r->end = TW_INTERRUPTED;
    free(r->reason);
    r->reason = tw_strdup("a signal broke off the verdict");
    return THW_OK;
  }
  return st;
}

static void draw_picture(tw_run *r) {
  if (r->how.no_plot || r->records < 2) return;
  char *why = tw_run_picture(r->folder.path, r->setup.opt->run.name);
  if (!why && r->probe.ext) why = tw_run_picture_probe(r->folder.path, r->setup.opt->run.name);
  if (why) {
    to_log(r, THW_LOG_INFO, "picture", why);
    if (!r->how.quiet) fprintf(talk(r), "%s\n", why);
  }
  free(why);
}

/* What is left on the disk and on the screen once the loop has ended, however it did. */
static thw_status finish(tw_run *r, thw_status st) {
  int ended_well = st == THW_OK;
  int broken_off = r->setup.session.cancel >= 2;
  if (ended_well) st = tw_run_checkpoint(r);
  int64_t records = r->records;
  if (st == THW_OK && !broken_off) st = tw_loop_last_record(r);
  tw_progress_clear(&r->progress);
  if (st == THW_OK && r->records > records) tw_loop_progress(r, 1);
  tw_progress_flush(&r->progress);
  if (st == THW_OK && !broken_off) {
    st = tw_monitor_tests(&r->monitor, r->x);
    if (st != THW_OK) tw_setup_error(&r->setup, st, "test metrics", r->d);
  } else {
    thw_copy(r->x, r->good);
  }
  if (st == THW_OK && !broken_off) st = judge(r);
  if (st != THW_OK && r->end != TW_DIVERGED) {
    r->end = TW_FAILED;
    free(r->reason);
    r->reason = tw_strdup(r->d->n ? r->d->v[r->d->n - 1].text : tw_status_text(st));
  }
  json_t *result = NULL;
  thw_status written = tw_run_write_result(r, &result);
  if (st == THW_OK) st = written;
  if (written == THW_OK && r->end != TW_INTERRUPTED) draw_picture(r);
  if (!r->how.quiet) tw_run_print_result(r, talk(r));
  if (r->how.json && result) {
    json_dumpf(result, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(17));
    putchar('\n');
  }
  json_decref(result);
  return st;
}

static int exit_status(const tw_run *r, thw_status st) {
  if (st != THW_OK && st != THW_E_NONFINITE) return tw_exit_of(st);
  if (r->end == TW_INTERRUPTED) return TW_EXIT_INTERRUPTED;
  return st == THW_OK && r->end != TW_FAILED && r->end != TW_DIVERGED ? TW_EXIT_OK : TW_EXIT_FAILED;
}

static void clean_up(tw_run *r, int nothing_happened) {
  tw_signals_release();
  tw_progress_clear(&r->progress);
  if (r->judged) tw_verdict_clear(&r->verdict);
  tw_state_free(r->clean);
  tw_probe_end(&r->probe);
  tw_watch_end(&r->watch);
  tw_monitor_end(&r->monitor);
  thw_vec_free(r->x);
  thw_vec_free(r->good);
  free(r->reason);
  if (r->setup.plan) tw_setup_end(&r->setup);
  if (nothing_happened)
    tw_folder_discard(&r->folder);
  else
    tw_folder_close(&r->folder);
}

int tw_run_go(tw_plan *plan, tw_folder *folder, tw_state *from, const tw_run_options *how,
              tw_diags *d) {
  if (tw_plan_is_online(plan)) return tw_online_go(plan, folder, from, how, d);
  tw_run r = {.folder = *folder,
              .how = *how,
              .d = d,
              .record_step = -1,
              .record_spent = -1,
              .probe_step = -1};
  clock_gettime(CLOCK_MONOTONIC, &r.began);
  tw_progress_begin(&r.progress, how->quiet, talk(&r));
  signal(SIGXFSZ, SIG_IGN); /* a file too large is an error of write(), like a full disk */
  signal(SIGPIPE, SIG_IGN);
  thw_status st = begin(&r, plan, from);
  int started = r.records > 0 || r.end != TW_GOING;
  if (st != THW_OK && !started) {
    int status = r.setup.plan ? tw_exit_of(st) : tw_exit_of_input(st);
    clean_up(&r, how->fresh);
    return status;
  }
  if (st == THW_OK && r.end == TW_GOING) st = tw_loop(&r);
  st = finish(&r, st);
  int status = exit_status(&r, st);
  clean_up(&r, 0);
  return status;
}
