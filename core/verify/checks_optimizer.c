/* SPDX-License-Identifier: BSD-3-Clause */
/* Checks of optimizers, on the test bench. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/space.h"
#include "core/verify/rig.h"

/* Deep enough for every method to have begun its second epoch on the built-in sums. */
enum { STEPS = 40, PASSES = 200 };

/* f of the built-in sum at the point, outside of all accounts. */
static double value_at(vf_rig *r) {
  const thw_object *o = vf_sum_object(r->sum);
  double f = (double)NAN;
  r->ops->point(r->self, r->x);
  if (vf_sum_rows(r->sum) > 0) {
    thw_oracle_(o)->eval(o->self, r->x, NULL, &f, NULL);
  } else {
    thw_batch *b;
    thw_rng rng = {.key = {77, 0}};
    thw_oracle_(o)->draw(o->self, &rng, THW_DRAW_UNIFORM, 4000, &b);
    thw_oracle_(o)->eval(o->self, r->x, b, &f, NULL);
    thw_oracle_(o)->release(o->self, b);
  }
  return f;
}

/* ---- progress ---------------------------------------------------------------------------------
 */

static int descends(vf_case *k) {
  vf_rig *r = vf_rig_need(k, VF_QUADRATIC);
  thw_status st = THW_OK;
  if (!r) return -1;
  double f0 = value_at(r);
  int64_t rows = vf_sum_rows(r->sum) > 0 ? vf_sum_rows(r->sum) : 24;
  for (int i = 0; i < 20000 && st == THW_OK && vf_rig_spent(r) < PASSES * rows; i++) {
    thw_step io;
    st = vf_rig_step(r, rows, &io);
  }
  if (st < 0) vf_rig_unexpected(k, r, "step", st);
  if (vf_rig_point(k, r, "after a run") == 0) {
    double f = value_at(r);
    if (!(f < f0))
      vf_fail(k, "after %d passes over a convex quadratic f is %g, at the start it was %g", PASSES,
              f, f0);
  }
  vf_rig_end(r);
  return 0;
}

/* Paths may part, for a line search decides by the last bits; where they lead may not. */
static int precisions(vf_case *k) {
  double gap[2] = {0}, first = 0;
  for (int p = 0; p < 2; p++) {
    vf_session(k, p ? THW_F32 : THW_F64, 1);
    vf_rig *r = vf_rig_need(k, VF_QUADRATIC);
    if (!r) return -1;
    thw_vec *best = NULL;
    double f0 = value_at(r), f_best = 0, f;
    if (thw_vec_new(r->x->space, &best) == THW_OK && vf_sum_minimiser(r->sum, best) == THW_OK)
      thw_oracle_(vf_sum_object(r->sum))
          ->eval(vf_sum_object(r->sum)->self, best, NULL, &f_best, NULL);
    thw_vec_free(best);
    thw_status st = vf_rig_run(r, 60, 24, NULL);
    if (st < 0) vf_rig_unexpected(k, r, "step", st);
    if (vf_rig_point(k, r, p ? "in float32" : "in float64") == 0) {
      f = value_at(r);
      gap[p] = f - f_best;
      first = f0 - f_best;
    }
    vf_rig_end(r);
  }
  if (k->outcome == VF_PASS && fabs(gap[0] - gap[1]) > 0.02 * first)
    vf_fail(k,
            "after the same number of steps f is above the minimum by %g in float64 and %g in "
            "float32 (%g at the start)",
            gap[0], gap[1], first);
  return 0;
}

static int starts_at_x0(vf_case *k) {
  vf_rig *r = vf_rig_need(k, VF_QUADRATIC);
  if (!r) return -1;
  vf_trace want = {0}, got = {0};
  vf_put_vec(&want, r->x);
  int64_t calls = r->calls;
  for (int i = 0; i < 2 && vf_rig_point(k, r, "after start") == 0; i++) vf_put_vec(&got, r->x);
  if (r->calls != calls) vf_fail(k, "point evaluates");
  for (size_t i = 0; i < got.n && k->outcome == VF_PASS; i++)
    if (got.v[i] != want.v[i % want.n]) vf_fail(k, "after start the point is not x0");
  vf_trace_free(&want);
  vf_trace_free(&got);
  vf_rig_end(r);
  return 0;
}

static int restart(vf_case *k) {
  vf_rig *r = vf_rig_need(k, VF_NONCONVEX);
  if (!r) return -1;
  vf_trace first = {0}, second = {0}, x0 = {0};
  thw_vec *start = NULL;
  thw_status st = thw_vec_new(r->x->space, &start);
  if (st == THW_OK) st = thw_copy(start, r->x);
  vf_rig_run(r, 12, 30, &first);
  if (st == THW_OK) st = thw_copy(r->x, start);
  vf_sum_put(r->sum, (vf_place){0, 0});
  if (st == THW_OK) st = vf_rig_start(r);
  if (st != THW_OK)
    vf_rig_unexpected(k, r, "the second start", st);
  else
    vf_rig_run(r, 12, 30, &second);
  if (st == THW_OK && vf_trace_differs(&first, &second))
    vf_fail(k, "started again at the same point it goes another way: forget everything");
  vf_trace_free(&first);
  vf_trace_free(&second);
  vf_trace_free(&x0);
  thw_vec_free(start);
  vf_rig_end(r);
  return 0;
}

/* At the minimiser the gradient is zero: nothing to divide by. */
static int at_minimum(vf_case *k) {
  vf_rig *r = vf_rig_need(k, VF_QUADRATIC);
  thw_status st = THW_OK;
  if (!r) return -1;
  if (vf_sum_minimiser(r->sum, r->x) != THW_OK) {
    vf_rig_end(r);
    return vf_skip(k, "it runs on streams only");
  }
  double best = 0;
  const thw_object *o = vf_sum_object(r->sum);
  thw_oracle_(o)->eval(o->self, r->x, NULL, &best, NULL);
  st = vf_rig_start(r);
  for (int i = 0; i < STEPS && st == THW_OK; i++) {
    thw_step io;
    st = vf_rig_step(r, 48, &io);
  }
  if (st < 0) vf_rig_unexpected(k, r, "started at the minimiser, it", st);
  if (vf_rig_point(k, r, "after a start at the minimiser") == 0 && value_at(r) > 10 * best + 1)
    vf_fail(k, "started at the minimiser it runs away: f from %g to %g", best, value_at(r));
  vf_rig_end(r);
  return 0;
}

/* Facts are hints: what is not given is estimated, or named in the error. */
static int no_facts(vf_case *k) {
  vf_inst *in = vf_inst_need(k, NULL);
  vf_rig *r = NULL;
  if (!in) return -1;
  thw_status st = vf_rig_new(in, VF_NONCONVEX, 0, &r);
  if (st == THW_OK) st = vf_rig_start(r);
  if (st == THW_OK) {
    st = vf_rig_run(r, 20, 24, NULL);
    if (st < 0) vf_rig_unexpected(k, r, "step without facts", st);
    vf_rig_point(k, r, "after a run without facts");
  } else if (r && st > 0) {
    vf_fail(k, "start without facts answers %d, which is no error", (int)st);
  }
  if (r)
    vf_rig_end(r);
  else
    vf_inst_free(in);
  return 0;
}

/* ---- stopping ---------------------------------------------------------------------------------
 */

/* Runs into the budget and looks at how it stops. */
static void spend(vf_case *k, int64_t budget) {
  vf_inst *in = vf_inst_need(k, NULL);
  vf_rig *r = NULL;
  if (!in) return;
  thw_status st = vf_rig_new(in, VF_NONCONVEX, 1, &r);
  if (st != THW_OK) {
    vf_inst_free(in);
    return;
  }
  r->ledger->budget = budget;
  st = vf_rig_start(r);
  int started = st == THW_OK;
  for (int i = 0; i < 100000 && st == THW_OK; i++) {
    thw_step io;
    st = vf_rig_step(r, 24, &io);
  }
  if (r->stopped == THW_BUDGET && st != THW_BUDGET)
    vf_fail(k, "the oracle said THW_BUDGET, %s answers %d", started ? "step" : "start", (int)st);
  else if (st == THW_OK)
    vf_fail(k, "a budget of %lld is never felt: does it ask the oracle?", (long long)budget);
  if (r->after_stop)
    vf_fail(k, "%lld calls of the oracle after it had said THW_BUDGET: return it at once",
            (long long)r->after_stop);
  if (r->ledger->spent > budget)
    vf_fail(k, "a budget of %lld, %lld spent", (long long)budget, (long long)r->ledger->spent);
  if (started) vf_rig_point(k, r, "after the budget was spent");
  vf_rig_end(r);
}

static int streams_only(vf_case *k) {
  vf_rig *r = vf_rig_need(k, VF_NONCONVEX);
  if (!r) return -1;
  int stream = vf_sum_rows(r->sum) < 0;
  vf_rig_end(r);
  return stream ? vf_skip(k, "it runs on streams only") : 0;
}

static int budget(vf_case *k) {
  static const int64_t budgets[] = {0, 1, 23, 24, 25, 47, 60, 97, 131, 200, 333, 1000};
  if (streams_only(k) != 0) return -1;
  for (size_t i = 0; i < sizeof budgets / sizeof *budgets && k->outcome != VF_FAIL; i++)
    spend(k, budgets[i]);
  return 0;
}

/* The oracle answers `with` at its n-th evaluation: everything must unwind. */
static void stop_at(vf_case *k, int64_t n, thw_status with, const char *word) {
  vf_inst *in = vf_inst_need(k, NULL);
  vf_rig *r = NULL;
  if (!in) return;
  thw_status st = vf_rig_new(in, VF_NONCONVEX, 1, &r);
  if (st != THW_OK) {
    vf_inst_free(in);
    return;
  }
  r->stop_at = n;
  r->stop_with = with;
  st = vf_rig_start(r);
  int started = st == THW_OK;
  for (int i = 0; i < 2000 && st == THW_OK; i++) {
    thw_step io;
    st = vf_rig_step(r, 24, &io);
  }
  if (r->stopped && st != with)
    vf_fail(k, "evaluation %lld answered %s, %s answers %d", (long long)n, word,
            started ? "step" : "start", (int)st);
  if (r->after_stop)
    vf_fail(k, "%lld calls of the oracle after %s: return it at once", (long long)r->after_stop,
            word);
  if (with < 0 && st == THW_OK) vf_warn(k, "goes on although every evaluation gives an error");
  if (started) vf_rig_point(k, r, "after it was stopped");
  vf_rig_end(r);
}

static int cancel(vf_case *k) {
  if (streams_only(k) != 0) return -1;
  for (int64_t n = 1; n <= 30 && k->outcome != VF_FAIL; n++)
    stop_at(k, n, THW_CANCELLED, "THW_CANCELLED");
  return 0;
}

static int not_finite(vf_case *k) {
  if (streams_only(k) != 0) return -1;
  for (int64_t n = 1; n <= 20 && k->outcome != VF_FAIL; n++)
    stop_at(k, n, THW_E_NONFINITE, "THW_E_NONFINITE");
  return 0;
}

/* ---- steps ------------------------------------------------------------------------------------
 */

/* The dearest of a number of steps. */
static int64_t dearest(vf_case *k, vf_rig *r, int64_t max_units, int n) {
  int64_t most = 0;
  for (int i = 0; i < n; i++) {
    thw_step io;
    int64_t before = vf_rig_spent(r), calls = r->calls;
    thw_status st = vf_rig_step(r, max_units, &io);
    if (st < 0) vf_rig_unexpected(k, r, "step", st);
    if (st != THW_OK) break;
    int64_t cost = vf_rig_spent(r) - before;
    if (cost > most) most = cost;
    if (cost == 0 && r->calls == calls && i > 2)
      vf_warn(k, "a step asked the oracle for nothing: each does at least one unit of work");
  }
  return most;
}

/* A step may finish the unit of work that it is in, and no more. */
static int max_units(vf_case *k) {
  vf_rig *r = vf_rig_need(k, VF_NONCONVEX);
  if (!r) return -1;
  int64_t unit = dearest(k, r, 1, 60);
  vf_rig_end(r);
  static const int64_t limits[] = {10, 50, 400};
  for (size_t i = 0; i < sizeof limits / sizeof *limits && k->outcome != VF_FAIL; i++) {
    r = vf_rig_need(k, VF_NONCONVEX);
    if (!r) return -1;
    int64_t cost = dearest(k, r, limits[i], 40);
    if (cost > limits[i] + unit)
      vf_fail(k, "max_units is %lld, a step cost %lld; the dearest at max_units 1 cost %lld",
              (long long)limits[i], (long long)cost, (long long)unit);
    vf_rig_end(r);
  }
  return 0;
}

/* Cutting epochs into small steps or taking them whole is the same path. */
static int cut_epochs(vf_case *k) {
  vf_trace fine = {0}, coarse = {0};
  vf_rig *r = vf_rig_need(k, VF_NONCONVEX);
  if (!r) return -1;
  int fine_ends = 0, coarse_ends = 0;
  for (int i = 0; i < 4000 && fine_ends < 3; i++) {
    thw_step io;
    if (vf_rig_step(r, 1, &io) != THW_OK) break;
    if (io.epoch_end) {
      fine_ends++;
      r->ops->point(r->self, r->x);
      vf_put_vec(&fine, r->x);
    }
  }
  vf_rig_end(r);
  r = vf_rig_need(k, VF_NONCONVEX);
  for (int i = 0; r && i < 400 && coarse_ends < fine_ends; i++) {
    thw_step io = {.size = sizeof io, .flags = THW_STEP_EPOCH, .max_units = 1};
    io.f = io.grad_norm = (double)NAN;
    thw_status st = r->ops->step(r->self, &io);
    if (st == THW_OK && !io.epoch_end) {
      vf_fail(k, "a step with THW_STEP_EPOCH ended before the epoch did");
      break;
    }
    if (st != THW_OK) break;
    coarse_ends++;
    r->ops->point(r->self, r->x);
    vf_put_vec(&coarse, r->x);
  }
  vf_rig_end(r);
  if (k->outcome == VF_PASS && fine_ends == 0) vf_skip(k, "no epoch ended in 4000 small steps");
  if (k->outcome == VF_PASS && vf_trace_differs(&fine, &coarse))
    vf_fail(k, "an epoch cut into small steps ends elsewhere than one taken whole");
  vf_trace_free(&fine);
  vf_trace_free(&coarse);
  return 0;
}

static int no_allocation(vf_case *k) {
  vf_rig *r = vf_rig_need(k, VF_NONCONVEX);
  if (!r) return -1;
  thw_step io;
  thw_status st = vf_rig_step(r, 24, &io); /* the wrapper's scratch is made at its first diff */
  for (int i = 0; i < 6 && st == THW_OK; i++) st = vf_rig_step(r, 24, &io);
  int64_t before = vf_mem.count, plain = vf_mem.plain;
  for (int i = 0; i < STEPS && st == THW_OK; i++) st = vf_rig_step(r, 24, &io);
  if (vf_mem.count != before)
    vf_fail(k, "%lld allocations in %d steps: make everything in create or start",
            (long long)(vf_mem.count - before), STEPS);
  if (vf_mem.plain != plain)
    vf_fail(k, "%lld calls of malloc in %d steps: make everything in create or start",
            (long long)(vf_mem.plain - plain), STEPS);
  if (!vf_mem.watched) vf_skip(k, "calls of malloc itself can be seen with glibc only");
  if (st < 0) vf_rig_unexpected(k, r, "step", st);
  vf_rig_end(r);
  return 0;
}

static int batches_released(vf_case *k) {
  vf_rig *r = vf_rig_need(k, VF_NONCONVEX);
  if (!r) return -1;
  vf_inst *in = r->in;
  vf_rig_run(r, STEPS, 24, NULL);
  vf_inst_end(in);
  if (r->batches != 0)
    vf_fail(k, "%lld batches are not released when it is destroyed", (long long)r->batches);
  vf_rig_end(r);
  return 0;
}

#define OPT VF_KIND(THW_OPTIMIZER)
const vf_check vf_checks_optimizer[] = {
    {"descends", OPT, "makes f smaller on a convex quadratic with its defaults", descends},
    {"precisions", OPT, "float32 leads where float64 does", precisions},
    {"starts-at-x0", OPT, "after start the point is x0, and point evaluates nothing", starts_at_x0},
    {"restart", OPT, "a second start forgets everything before", restart},
    {"at-minimum", OPT, "stays sane where the gradient is zero", at_minimum},
    {"no-facts", OPT, "estimates constants that are not known, or says which it needs", no_facts},
    {"budget", OPT, "obeys the budget within one evaluation and returns at once", budget},
    {"cancel", OPT, "obeys a cancellation at every evaluation", cancel},
    {"not-finite", OPT, "keeps a finite point when an evaluation fails", not_finite},
    {"max-units", OPT, "a step costs no more than max_units and one unit of work", max_units},
    {"cut-epochs", OPT, "epochs cut into small steps follow the same path", cut_epochs},
    {"no-allocation", OPT, "allocates nothing in step", no_allocation},
    {"batches-released", OPT, "releases every batch that it draws", batches_released},
    {"report", OPT, "reports named numbers without evaluating", vf_reports},
    {"steering", OPT, "reset, scale_step and the rest do what an outer method expects",
     vf_steering},
    {NULL, 0, NULL, NULL},
};
