/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/optim/epoch.h"

#define BLOCKS 8    /* of a snapshot's batch, for the variance */
#define PILOT 64    /* rows for the variance where the snapshot is the whole sum */
#define GROW_MOST 4 /* of B from one epoch to the next */
#define STREAM_MOST 0x1p40
#define STEPS_MOST (INT64_C(1) << 50)

const char *const optim_outputs[] = {"last", "average", "random", NULL};
const char *const optim_switches[] = {"auto", "off", "on", NULL};

/* ---- rows of a snapshot -----------------------------------------------------------------------
 */

static double most_rows(const optim_epoch *e) {
  return e->o->n > 0 ? (double)e->o->n : STREAM_MOST;
}

static int64_t in_range(const optim_epoch *e, double rows, double least) {
  return (int64_t)fmin(fmax(ceil(rows), least), most_rows(e));
}

static int follows_variance(const optim_epoch *e) {
  return e->set.rows.fixed == 0 && e->set.rows.epsilon > 0.0;
}

int64_t optim_epoch_rows(const optim_epoch *e) {
  const optim_rows_rule *r = &e->set.rows;
  double rows = r->fixed > 0          ? (double)r->fixed
                : follows_variance(e) ? (double)e->next
                                      : (double)r->first * pow((double)e->stage + 1.0, r->growth);
  return in_range(e, rows * e->more, 1.0);
}

/* variance-reduction.md, section 6. */
static void seen_variance(optim_epoch *e, double V) {
  const optim_rows_rule *r = &e->set.rows;
  e->V = e->V > 0.0 ? 0.5 * (e->V + V) : V;
  if (!follows_variance(e)) return;
  double want = r->factor * e->V / (r->epsilon * r->epsilon);
  e->next = in_range(e, fmin(want, GROW_MOST * (double)e->next), (double)r->least);
}

/* ---- start ---------------------------------------------------------------------------------- */

static thw_status use_streams(optim_epoch *e) {
  const thw_host *h = e->o->host;
  thw_ctx *c = e->o->ctx;
  thw_rng guard;
  THW_TRY(h->rng(c, "estimate", &e->probe.rng));
  THW_TRY(h->rng(c, "draw", &e->v.draw));
  THW_TRY(h->rng(c, "snapshot", &e->snapshot));
  THW_TRY(h->rng(c, "epoch", &e->pick));
  THW_TRY(h->rng(c, "guard", &guard));
  optim_guard_start(&e->g, e->set.guard, e->set.guard_batch, e->set.guard_tol, &guard);
  return THW_OK;
}

thw_status optim_epoch_start(optim_epoch *e, const optim *o, const optim_epoch_setup *set,
                             uint32_t first, const thw_vec *x0) {
  thw_vec *const *v = o->vec + first;
  *e = (optim_epoch){.o = o, .set = *set, .p = 1, .norm = (double)NAN};
  int64_t b = o->n > 0 && set->batch > o->n ? o->n : set->batch;
  optim_vr_start(&e->v, o, b, set->fused);
  e->v.x = v[0], e->v.s = v[1], e->v.mu = v[2], e->v.d = v[3], e->v.centre = v[4];
  e->sum = v[5];
  e->v.sum = set->output == OPTIM_AVERAGE ? e->sum : NULL;
  /* Estimates are made between epochs, when these hold nothing. */
  e->probe.work = (curv_work){.g0 = v[1], .point = v[2], .a = v[3], .b = v[4], .c = v[6]};
  THW_TRY(use_streams(e));
  optim_constants_start(&e->c, set->lipschitz, set->variance_hess, set->reestimate);
  return optim_epoch_reset(e, x0);
}

thw_status optim_epoch_reset(optim_epoch *e, const thw_vec *x) {
  optim_vr_drop(e->o, &e->v);
  optim_guard_moved(&e->g);
  optim_constants_stale(&e->c);
  e->phase = OPTIM_BETWEEN;
  e->stage = 0;
  e->more = 1.0;
  e->norm = (double)NAN;
  if (e->next == 0) e->next = in_range(e, (double)e->set.rows.least, 1.0);
  return thw_copy(e->v.x, x);
}

thw_status optim_epoch_grow(optim_epoch *e, double factor) {
  double more = e->more * factor;
  if (!(more > 0.0) || !(more <= STREAM_MOST)) return THW_OK;
  e->more = more; /* from the next snapshot on */
  return THW_OK;
}

thw_status optim_epoch_point(const optim_epoch *e, thw_vec *x) {
  int32_t finite = 1;
  if (e->phase == OPTIM_RUNNING) THW_TRY(e->v.x->ops->finite(e->v.x, &finite));
  return thw_copy(x, finite ? e->v.x : e->v.s);
}

/* ---- snapshot ------------------------------------------------------------------------------- */

static thw_status whole_sum(optim_epoch *e, const curv_problem *at, int64_t *cost) {
  void *snap;
  double V = 0.0;
  if (follows_variance(e)) {
    THW_TRY(curv_gradient_variance(at, PILOT, BLOCKS, e->v.mu, e->v.d, &V, cost));
    seen_variance(e, V);
  }
  THW_TRY(optim_vr_gradient(e->o, &e->v, e->v.x, e->v.mu, &snap));
  e->v.snap = snap;
  *cost += e->o->n;
  return thw_norm2(e->v.mu, &e->norm);
}

static thw_status part_of_sum(optim_epoch *e, const curv_problem *at, int64_t *cost) {
  double V = 0.0;
  e->norm = (double)NAN;
  THW_TRY(curv_gradient_variance(at, e->B, BLOCKS, e->v.mu, e->v.d, &V, cost));
  if (e->B > 1) seen_variance(e, V);
  return THW_OK;
}

thw_status optim_epoch_snapshot(optim_epoch *e, int want_VH, int64_t *cost) {
  const optim *o = e->o;
  const curv_problem at = {.oracle = &o->oracle, .x0 = e->v.x, .n = o->n, .rng = &e->snapshot};
  THW_TRY(optim_constants_settle(&e->c, o, &e->probe, e->v.x, want_VH, cost));
  optim_vr_drop(o, &e->v);
  e->B = optim_epoch_rows(e);
  o->host->stage(o->ctx, "snapshot");
  thw_status st = o->n > 0 && e->B >= o->n ? whole_sum(e, &at, cost) : part_of_sum(e, &at, cost);
  o->host->stage(o->ctx, NULL);
  THW_TRY(st);
  THW_TRY(thw_copy(e->v.s, e->v.x));
  THW_TRY(optim_guard_begin(o, &e->g, e->v.s));
  e->phase = OPTIM_READY;
  return THW_OK;
}

/* ---- rounds --------------------------------------------------------------------------------- */

static thw_status begin_round(optim_epoch *e) {
  e->t = 0;
  e->picked = e->m;
  if (e->set.output == OPTIM_RANDOM) e->picked = thw_rng_index(&e->pick, e->m);
  THW_TRY(thw_copy(e->v.centre, e->v.x));
  if (e->set.output == OPTIM_RANDOM && e->picked == 0) return thw_copy(e->sum, e->v.x);
  return e->v.sum ? thw_fill(e->v.sum, 0.0) : THW_OK;
}

/* The point that the next round starts from. */
static thw_status end_round(optim_epoch *e) {
  optim_vr *v = &e->v;
  if (e->set.output == OPTIM_RANDOM) return thw_copy(v->x, e->sum);
  if (e->set.output == OPTIM_LAST) return THW_OK;
  /* x_0 .. x_m: the sum lacks the last */
  const double w = 1.0 / ((double)e->m + 1.0);
  const thw_vec *in[2] = {e->sum, v->centre};
  const double c[2] = {w, 1.0 - w};
  return thw_lincomb(v->x, w, 2, c, in);
}

static thw_status end_epoch(optim_epoch *e, int finite) {
  int ok;
  THW_TRY(optim_guard_end(e->o, &e->g, e->set.who, e->v.step, e->v.x, finite, &ok));
  optim_constants_epoch(&e->c, e->B + 2 * e->p * e->m * e->v.b);
  e->epochs++;
  if (!ok) {
    e->phase = OPTIM_READY;
    return thw_copy(e->v.x, e->v.s);
  }
  e->phase = OPTIM_BETWEEN;
  e->stage++;
  return THW_OK;
}

thw_status optim_epoch_go(optim_epoch *e) {
  e->round = 0;
  e->phase = OPTIM_RUNNING;
  if (e->m == 0) return end_epoch(e, 1);
  return begin_round(e);
}

static int64_t steps(const optim_epoch *e) {
  int pick = e->set.output == OPTIM_RANDOM && e->t < e->picked;
  return optim_vr_piece(&e->v, e->t, pick ? e->picked : e->m);
}

int64_t optim_epoch_piece(const optim_epoch *e) {
  return 2 * steps(e) * e->v.b;
}

thw_status optim_epoch_advance(optim_epoch *e, int64_t *cost, int *ended) {
  int64_t k = steps(e);
  *ended = 1;
  thw_status st = optim_vr_steps(e->o, &e->v, k);
  *cost += 2 * k * e->v.b;
  if ((st == THW_E_NONFINITE || st == THW_RETRY) && e->g.on) return end_epoch(e, 0);
  THW_TRY(st);
  e->t += k;
  if (e->set.output == OPTIM_RANDOM && e->t == e->picked) THW_TRY(thw_copy(e->sum, e->v.x));
  *ended = 0;
  if (e->t < e->m) return THW_OK;
  THW_TRY(end_round(e));
  if (++e->round < e->p) return begin_round(e);
  *ended = 1;
  return end_epoch(e, 1);
}

/* ---- state ---------------------------------------------------------------------------------- */

static int sound(const optim_epoch *e) {
  int64_t most = (int64_t)most_rows(e);
  if (e->phase < OPTIM_BETWEEN || e->phase > OPTIM_RUNNING || e->v.b < 1 || e->v.b > most) return 0;
  if (e->next < 1 || e->next > most || e->stage < 0 || !(e->more > 0.0)) return 0;
  if (e->phase == OPTIM_BETWEEN) return 1;
  if (e->B < 1 || e->B > most || e->p < 1 || e->m < 0 || e->m > STEPS_MOST) return 0;
  return e->phase == OPTIM_READY || (e->round >= 0 && e->round < e->p && e->t >= 0 && e->t < e->m &&
                                     e->picked >= 0 && e->picked <= e->m);
}

thw_status optim_epoch_restore(optim_epoch *e) {
  optim_vr_drop(e->o, &e->v);
  if (!sound(e))
    return optim_fail(e->o, THW_E_STATE, "the checkpoint's epoch does not fit this oracle");
  optim_vr_batch(&e->v, e->o, e->v.b);
  int whole = e->o->n > 0 && e->B >= e->o->n;
  if (e->phase == OPTIM_BETWEEN || !whole || !e->v.fused) return THW_OK;
  /* mu itself has been read: an objective that an outer method shifts may not yet be where it was
   */
  return optim_vr_gradient(e->o, &e->v, e->v.s, e->v.d, &e->v.snap);
}

void optim_epoch_report(const optim_epoch *e, thw_sink *k) {
  k->real(k, "step", e->v.step);
  k->real(k, "batch", (double)e->v.b);
  k->real(k, "B", (double)e->B);
  k->real(k, "epoch", (double)e->epochs);
  if (e->g.rejected > 0) k->real(k, "rejected", (double)e->g.rejected);
}

void optim_epoch_report_constants(const optim_epoch *e, thw_sink *k) {
  if (e->V > 0.0) k->real(k, "V", e->V);
  if (e->c.L > 0.0) k->real(k, "L", e->c.L);
  if (e->c.VH > 0.0) k->real(k, "V_H", e->c.VH);
}
