/* SPDX-License-Identifier: BSD-3-Clause */
/* The loop: steps, records, checkpoints, and why it ends. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/run/loop.h"

/* Floating-point operations, roughly, that a step may take before the host wants to look at the
 * clock and the signals again. Part of what decides where steps are cut, so it must not depend on
 * the machine. */
#define STEP_WORK 4e9
#define STEP_UNITS 1000

/* Steps in a row without a single call of the oracle. */
#define IDLE_STEPS 10000

static thw_status end_as(tw_run *r, tw_end end, char *reason) {
  r->end = end;
  free(r->reason);
  r->reason = reason;
  return THW_OK;
}

static int64_t budget(const tw_run *r) {
  return r->setup.ledger->budget;
}

/* Gradients at which tick `k` of the monitor is due. */
static int64_t tick_at(const tw_run *r, int64_t k) {
  double at = ceil((double)k * r->setup.opt->monitor.every * (double)r->setup.pass);
  return at < 4e18 ? (int64_t)at : (int64_t)4e18;
}

static int64_t units_wanted(const tw_run *r) {
  if (r->setup.opt->monitor.every <= 0) return 1;
  double cap = fmax(STEP_WORK / fmax(1, (double)r->setup.space->n), STEP_UNITS);
  int64_t units = r->setup.pass;
  if ((double)units > cap) units = (int64_t)cap;
  int64_t left = tick_at(r, r->tick + 1) - r->setup.ledger->spent;
  if (left < units) units = left;
  return units > 0 ? units : 1;
}

/* True when a small gradient ends the run: there is a bound, and the optimizer does not look for
 * more than that. */
static int small_is_enough(const tw_run *r) {
  return r->setup.opt->stop.epsilon > 0 &&
         (!r->setup.session.claim || r->setup.session.claim != r->setup.optimizer->ctx);
}

/* Sets r->end when the run has come to its end. */
static void look_for_end(tw_run *r) {
  const tw_options *o = r->setup.opt;
  const tw_monitor *m = &r->monitor;
  char *watched;
  int reached;
  if (r->setup.session.cancel)
    end_as(r, TW_INTERRUPTED, tw_strdup("a signal asked the run to end"));
  else if (r->done)
    end_as(r, r->done == THW_DONE ? TW_CONVERGED : TW_STALLED,
           tw_sprintf("%s %s", r->setup.optimizer->found->component->id,
                      r->done == THW_DONE ? "is done by its own criterion"
                                          : "can make no further progress"));
  else if (small_is_enough(r) && r->record_step == r->step && m->grad_norm <= o->stop.epsilon)
    end_as(r, TW_CONVERGED,
           tw_sprintf("the gradient norm %.3g is at most stop.epsilon = %g", m->grad_norm,
                      o->stop.epsilon));
  else if ((watched = tw_watch_over(&r->watch, tw_run_passes(r), &reached)))
    end_as(r, reached ? TW_CONVERGED : TW_STALLED, watched);
  else if (o->stop.steps > 0 && r->step >= o->stop.steps)
    end_as(r, TW_SPENT, tw_sprintf("stop.steps = %lld are made", (long long)o->stop.steps));
  else if (budget(r) >= 0 && r->setup.ledger->spent >= budget(r))
    end_as(r, TW_SPENT, tw_sprintf("stop.passes = %g are spent", o->stop.passes));
  else if (o->stop.seconds > 0 && tw_run_seconds(r) >= o->stop.seconds)
    end_as(r, TW_SPENT, tw_sprintf("stop.seconds = %g have gone by", o->stop.seconds));
}

/* Where the budget may cut the coming step short, the state from before it is kept: a later run
 * with a larger budget goes on from there. */
static thw_status prepare_for_budget(tw_run *r, thw_step *io) {
  if (budget(r) < 0) return THW_OK;
  int64_t left = budget(r) - r->setup.ledger->spent;
  int cut = left < io->max_units;
  if (!r->tainted && r->resumable && (cut || left < 2 * r->largest)) {
    tw_state *s = tw_run_snapshot(r);
    if (!s) return THW_E_STATE;
    tw_state_free(r->clean);
    r->clean = s;
  }
  if (!cut) return THW_OK;
  r->tainted = 1;
  io->max_units = left;
  return THW_OK;
}

static thw_status take_point(tw_run *r) {
  if (r->watch.taken) return thw_copy(r->x, r->watch.kept);
  return thw_optimizer_point(r->setup.method, r->x);
}

static thw_status diverged(tw_run *r) {
  char *text = tw_setup_text(&r->setup, THW_E_NONFINITE);
  tw_error(r->d, THW_E_NONFINITE,
           "diverged in step %lld: %s. The point of step %lld is kept in %s/point.npy. A smaller "
           "step of `%s' usually helps",
           (long long)r->setup.session.step, text, (long long)r->record_step, r->folder.path,
           r->setup.optimizer->path);
  end_as(r, TW_DIVERGED, text);
  return THW_E_NONFINITE;
}

/* A status that ends the run without a next step; THW_OK when it does not. */
static thw_status judge_step(tw_run *r, thw_status st) {
  switch (st) {
  case THW_DONE:
  case THW_STALLED:
    r->done = st;
    return THW_OK;
  case THW_BUDGET:
    r->tainted = 1;
    return end_as(
        r, TW_SPENT,
        tw_sprintf("stop.passes = %g do not allow for another step", r->setup.opt->stop.passes));
  case THW_CANCELLED:
    r->tainted = 1; /* the step was left in the middle */
    return end_as(r, TW_INTERRUPTED, tw_strdup("a signal broke off a step"));
  case THW_E_NONFINITE:
    return diverged(r);
  default:
    if (st >= 0) return THW_OK;
    end_as(r, TW_FAILED, tw_setup_text(&r->setup, st));
    return tw_error(r->d, st, "step %lld: %s", (long long)r->setup.session.step, r->reason);
  }
}

/* What the model gathers from the batches that it is trained on belongs to steps alone. */
static thw_status step_of_method(tw_run *r, thw_step *io) {
  const thw_object *model = r->setup.model ? &r->setup.model->raw : NULL;
  const thw_step_model *gather = model ? thw_ext(model, THW_EXT_STEP_MODEL) : NULL;
  if (gather) gather->begin(model->self);
  thw_status st = thw_optimizer_step(r->setup.method, io);
  if (gather) gather->end(model->self, st >= 0);
  return st;
}

static thw_status one_step(tw_run *r, int *idle) {
  thw_step io = {.size = sizeof io, .max_units = units_wanted(r)};
  tw_ledger *l = r->setup.ledger;
  THW_TRY(prepare_for_budget(r, &io));
  r->setup.session.step = r->step + 1;
  int64_t spent = l->spent, calls = tw_ledger_total(l, -1).calls;
  double began = tw_run_seconds(r);
  thw_status st = step_of_method(r, &io);
  r->method += tw_run_seconds(r) - began;
  if (l->spent - spent > r->largest) r->largest = l->spent - spent;
  *idle = tw_ledger_total(l, -1).calls > calls ? 0 : *idle + 1;
  THW_TRY(judge_step(r, st));
  if (r->end != TW_GOING) return THW_OK;
  r->step++;
  if (*idle < IDLE_STEPS || r->done) return THW_OK;
  return tw_error(r->d, THW_E_INTERNAL, "%s made %d steps without asking its oracle for anything",
                  r->setup.optimizer->found->component->id, IDLE_STEPS);
}

/* A record at the present point; a NaN there is a divergence. */
static thw_status record(tw_run *r) {
  size_t errors = r->d->errors;
  thw_status st = take_point(r);
  if (st == THW_OK) st = tw_run_record(r);
  if (st == THW_E_NONFINITE) return diverged(r);
  if (st == THW_CANCELLED)
    return end_as(r, TW_INTERRUPTED, tw_strdup("a signal broke off a record"));
  if (st != THW_OK && r->d->errors == errors)
    tw_setup_error(&r->setup, st, "evaluating for a record", r->d);
  return st;
}

void tw_loop_progress(tw_run *r, int as_line) {
  if (!as_line && !tw_progress_due(&r->progress, tw_run_seconds(r))) return;
  const tw_options *o = r->setup.opt;
  const tw_monitor *m = &r->monitor;
  tw_progress_now now = {.fraction = (double)NAN,
                         .unit = "passes",
                         .done = tw_run_passes(r),
                         .total = o->stop.passes,
                         .seconds = tw_run_seconds(r)};
  snprintf(now.numbers, sizeof now.numbers, "f %.8g  |g| %.2e", m->f, m->grad_norm);
  if (o->stop.passes > 0) now.fraction = now.done / o->stop.passes;
  if (o->stop.steps > 0) now.fraction = fmax(now.fraction, (double)r->step / (double)o->stop.steps);
  if (o->stop.seconds > 0) now.fraction = fmax(now.fraction, now.seconds / o->stop.seconds);
  now.here_seconds = now.seconds - r->elapsed;
  now.here = now.done - r->passes_before;
  if (o->monitor.test && m->n_metrics) now.metric = m->name[0], now.metric_value = m->value[0];
  if (as_line)
    tw_progress_line(&r->progress, &now);
  else
    tw_progress_draw(&r->progress, &now);
}

thw_status tw_loop_first_record(tw_run *r) {
  THW_TRY(record(r));
  if (r->end != TW_GOING) return THW_OK;
  THW_TRY(tw_watch_look(&r->watch, &r->monitor, r->x, tw_run_passes(r)));
  tw_loop_progress(r, 1);
  return tw_run_checkpoint(r);
}

/* After a step: the record that is due, the checkpoint that is due. */
static thw_status keep_books(tw_run *r) {
  double every = r->setup.opt->monitor.every;
  int64_t spent = r->setup.ledger->spent;
  if (every <= 0 || spent >= tick_at(r, r->tick + 1)) {
    if (every > 0)
      while (tick_at(r, r->tick + 1) <= spent && tick_at(r, r->tick + 1) < (int64_t)4e18) r->tick++;
    THW_TRY(record(r));
    if (r->end == TW_GOING) THW_TRY(tw_watch_look(&r->watch, &r->monitor, r->x, tw_run_passes(r)));
    if (r->end == TW_GOING) tw_loop_progress(r, 1);
  }
  if (r->end != TW_GOING) return THW_OK;
  double seconds = tw_run_seconds(r);
  if (!r->tainted && seconds - r->saved_at >= r->setup.opt->checkpoint.every)
    THW_TRY(tw_run_checkpoint(r));
  tw_loop_progress(r, 0);
  return THW_OK;
}

thw_status tw_loop(tw_run *r) {
  thw_status st = THW_OK;
  int idle = 0;
  for (look_for_end(r); r->end == TW_GOING && st == THW_OK; look_for_end(r)) {
    st = one_step(r, &idle);
    if (st == THW_OK && r->end == TW_GOING) st = keep_books(r);
    if (r->end != TW_GOING) break;
  }
  if (st != THW_OK && r->end == TW_GOING) end_as(r, TW_FAILED, tw_strdup("see the messages"));
  return st;
}

/* The last record tells what the model's probe finds at the end, in a line of its own where the
 * record was written before the end was known. */
static thw_status last_probe(tw_run *r) {
  size_t errors = r->d->errors;
  thw_status st = tw_run_record_probe(r);
  if (st != THW_OK && r->d->errors == errors)
    tw_setup_error(&r->setup, st, "the model's probe", r->d);
  return st;
}

/* The run has come to its own end: from now on its point is that of the best record, if that is
 * wanted. The checkpoint is written, so a run that goes on does so from its last step. */
static void take_best(tw_run *r) {
  int over = r->end == TW_CONVERGED || r->end == TW_SPENT || r->end == TW_STALLED;
  r->watch.taken = over && r->watch.kept && !isnan(r->watch.best);
}

thw_status tw_loop_last_record(tw_run *r) {
  take_best(r);
  if (!r->watch.taken && r->record_step == r->step && r->record_spent == r->setup.ledger->spent)
    return last_probe(r);
  tw_end before = r->end;
  r->ending = 1;
  thw_status st = record(r);
  if (st == THW_OK && before == TW_SPENT && r->end == TW_SPENT &&
      r->monitor.grad_norm <= r->setup.opt->stop.epsilon && small_is_enough(r))
    end_as(r, TW_CONVERGED,
           tw_sprintf("the gradient norm %.3g is at most stop.epsilon = %g", r->monitor.grad_norm,
                      r->setup.opt->stop.epsilon));
  return st;
}
