/* SPDX-License-Identifier: BSD-3-Clause */
/* Epochs that start from the gradient of a batch: what SCSG and Natasha have in common.
 *
 * An epoch draws B rows for the gradient mu at the snapshot s (all of them where B is n), then
 * makes p rounds of m variance-reduced steps. A round starts at `centre`, where its proximal term
 * is, and hands its last iterate, their average or a random one to the next. SCSG has one round.
 * The guard judges where the epoch has ended.
 *
 *   while (optim_epoch_phase) ...
 *     BETWEEN  optim_epoch_snapshot   costs about B
 *     READY    the caller settles p, m, v.step, v.shift from B and calls optim_epoch_go
 *     RUNNING  optim_epoch_advance    a piece of a round; BETWEEN again at the end of the last, or
 *              READY when the guard has put x back to s
 */
#ifndef KERNELS_OPTIM_EPOCH_H
#define KERNELS_OPTIM_EPOCH_H

#include <thalweg/component.h>

#include "kernels/optim/guard.h"
#include "kernels/optim/vr.h"

/* ---- rows of a snapshot -----------------------------------------------------------------------
 */

/* A gradient of B rows has an error of sqrt(V/B (1 - B/n)), below which no method comes that relies
 * on it: B follows V, which is not a constant. */
typedef struct optim_rows_rule {
  int64_t fixed;  /* B; 0: by the rules below                                         */
  int64_t least;  /* B starts there                                                   */
  double epsilon; /* known: B = factor V / epsilon^2, growing fourfold at most        */
  double factor;  /* c_B                                                              */
  int64_t first;  /* else, in epoch j, first * j^growth                               */
  double growth;
} optim_rows_rule;

/* ---- epochs ---------------------------------------------------------------------------------- */

enum { OPTIM_BETWEEN, OPTIM_READY, OPTIM_RUNNING };
enum { OPTIM_LAST, OPTIM_AVERAGE, OPTIM_RANDOM };
extern const char *const optim_outputs[];

typedef struct optim_epoch_setup {
  const char *who;
  optim_rows_rule rows;
  int64_t batch; /* b                                                                        */
  int32_t output, fused, guard;
  int64_t guard_batch, reestimate;
  double guard_tol, lipschitz, variance_hess;
} optim_epoch_setup;

typedef struct optim_epoch {
  const optim *o;
  optim_epoch_setup set;
  optim_vr v; /* v.x: where the method is                                                    */
  optim_guard g;
  optim_constants c;
  optim_probe probe;
  thw_vec *sum; /* average: of differences; random: the iterate picked                       */
  thw_rng snapshot, pick;
  int64_t phase;
  /* rows */
  int64_t B, next; /* of this epoch, of the one to come                                    */
  int64_t stage;   /* epochs since the last reset                                          */
  double V, more;  /* variance of a row's gradient, running mean, 0: none yet; on B, by steering */
  /* this epoch */
  int64_t p, m, round, t, picked;
  double norm; /* of the whole sum's gradient at s, NAN: not computed                          */
  int64_t epochs;
} optim_epoch;

/* Vectors it needs; x, which is v.x, is among them. */
#define OPTIM_EPOCH_VECS 7

/* In start, after optim_start, with vectors o->vec[first...]; at x0. */
thw_status optim_epoch_start(optim_epoch *e, const optim *o, const optim_epoch_setup *set,
                             uint32_t first, const thw_vec *x0);
/* Before the oracle is replaced, and in destroy. */
static inline void optim_epoch_drop(optim_epoch *e) {
  optim_vr_drop(e->o, &e->v);
}
/* Go on from x: the epoch, batch growth and estimates are forgotten. */
thw_status optim_epoch_reset(optim_epoch *e, const thw_vec *x);
/* thw.steer/1 */
thw_status optim_epoch_grow(optim_epoch *e, double factor);
thw_status optim_epoch_point(const optim_epoch *e, thw_vec *x);

/* Rows that the next snapshot takes. */
int64_t optim_epoch_rows(const optim_epoch *e);
/* Settles L, and V_H when asked for, draws the snapshot and evaluates it. */
thw_status optim_epoch_snapshot(optim_epoch *e, int want_VH, int64_t *cost);
/* p and m, v.step and v.shift are settled. m = 0: the epoch is over at once. */
thw_status optim_epoch_go(optim_epoch *e);
/* x is still at s: e->norm, if known, is that of the gradient there. */
static inline int optim_epoch_at_snapshot(const optim_epoch *e) {
  return e->phase == OPTIM_READY || (e->phase == OPTIM_RUNNING && e->round == 0 && e->t == 0);
}
/* Component gradients of the piece that comes next. */
int64_t optim_epoch_piece(const optim_epoch *e);
/* One piece. *ended: the epoch is over, for good or ill. */
thw_status optim_epoch_advance(optim_epoch *e, int64_t *cost, int *ended);

/* After a checkpoint has been read: checks it, and makes the fused loop's snapshot anew. */
thw_status optim_epoch_restore(optim_epoch *e);

#define OPTIM_EPOCH_FIELDS(e)                                                                      \
  OPTIM_GUARD_FIELDS(&(e)->g), {"x", OPTIM_VEC, (e)->v.x}, {"s", OPTIM_VEC, (e)->v.s},             \
      {"mu", OPTIM_VEC, (e)->v.mu}, {"centre", OPTIM_VEC, (e)->v.centre},                          \
      {"sum", OPTIM_VEC, (e)->sum}, {"probe", OPTIM_RNG, &(e)->probe.rng},                         \
      {"draw", OPTIM_RNG, &(e)->v.draw}, {"snapshot", OPTIM_RNG, &(e)->snapshot},                  \
      {"pick", OPTIM_RNG, &(e)->pick}, {"step", OPTIM_F64, &(e)->v.step},                          \
      {"shift", OPTIM_F64, &(e)->v.shift}, {"b", OPTIM_I64, &(e)->v.b},                            \
      {"phase", OPTIM_I64, &(e)->phase}, {"B", OPTIM_I64, &(e)->B},                                \
      {"next_B", OPTIM_I64, &(e)->next}, {"stage", OPTIM_I64, &(e)->stage},                        \
      {"snapshot_V", OPTIM_F64, &(e)->V}, {"more", OPTIM_F64, &(e)->more},                         \
      {"p", OPTIM_I64, &(e)->p}, {"m", OPTIM_I64, &(e)->m}, {"round", OPTIM_I64, &(e)->round},     \
      {"t", OPTIM_I64, &(e)->t}, {"picked", OPTIM_I64, &(e)->picked},                              \
      {"grad_norm", OPTIM_F64, &(e)->norm}, {                                                      \
    "epochs", OPTIM_I64, &(e)->epochs                                                              \
  }

/* What metrics.jsonl gets to see; L and V_H apart. */
void optim_epoch_report(const optim_epoch *e, thw_sink *k);
void optim_epoch_report_constants(const optim_epoch *e, thw_sink *k);

/* ---- parameters that such methods share -------------------------------------------------------
 */

enum { OPTIM_AUTO, OPTIM_OFF, OPTIM_ON };
extern const char *const optim_switches[];

/* Members of the method's own struct T. */
#define OPTIM_EPOCH_MEMBERS                                                                        \
  double c_snapshot, snapshot_growth, guard_tol;                                                   \
  int64_t mini_batch, snapshot_batch, snapshot_min, snapshot_first, guard_batch;                   \
  int32_t guard, fused, theory

#define OPTIM_EPOCH_PARAMS(T)                                                                      \
  THW_PARAM_INT(T, mini_batch, 0, 0, THW_NO_BOUND, "rows",                                         \
                "Rows in each inner mini-batch (b), drawn with replacement; 0: 16, in the theory " \
                "form 1."),                                                                        \
      THW_PARAM_INT(T, snapshot_batch, 0, 0, THW_NO_BOUND, "rows",                                 \
                    "Rows in the batch at the start of an epoch (B), drawn without replacement; "  \
                    "0: as many as epsilon and the variance of the gradients ask for."),           \
      THW_PARAM_REAL(T, c_snapshot, 2.0, 0.0, THW_NO_BOUND, THW_P_MIN_OPEN | THW_P_LOG, NULL,      \
                     "c_B: B follows c_B V / epsilon^2, V the variance of the rows' gradients as " \
                     "the batches show it, and grows fourfold at most from epoch to epoch."),      \
      THW_PARAM_INT(T, snapshot_min, 64, 1, THW_NO_BOUND, "rows",                                  \
                    "Where B starts, and its lower bound."),                                       \
      THW_PARAM_INT(T, snapshot_first, 200, 1, THW_NO_BOUND, "rows",                               \
                    "B of the first epoch where epsilon is not known."),                           \
      THW_PARAM_REAL(T, snapshot_growth, 1.5, 0.0, 10.0, 0, NULL,                                  \
                     "Epoch j then has snapshot_first j^snapshot_growth rows."),                   \
      THW_PARAM_ENUM(T, guard, OPTIM_AUTO, optim_switches,                                         \
                     "Undo an epoch after which f on a fixed sample has risen, and halve the "     \
                     "step (auto: but in the theory form)."),                                      \
      THW_PARAM_INT(T, guard_batch, 512, 1, THW_NO_BOUND, "rows", "Rows in the guard's sample."),  \
      THW_PARAM_REAL(T, guard_tol, 0.1, 0.0, THW_NO_BOUND, 0, NULL,                                \
                     "Relative rise of f that the guard lets pass."),                              \
      THW_PARAM_BOOL(T, fused, 1,                                                                  \
                     "Use the model's fused inner loop where it has one and B is the whole sum; "  \
                     "the steps are the same up to rounding.")

/* And those that a method with parameters of kernels/escape has from there. */
#define OPTIM_EPOCH_CONSTANTS                                                                      \
  double epsilon, lipschitz, variance_hess;                                                        \
  int64_t reestimate
#define OPTIM_EPOCH_CONSTANT_PARAMS(T)                                                             \
  THW_PARAM_REAL(T, epsilon, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,                              \
                 "Norm of the gradient to reach, for B; 0: stop.epsilon of the run."),             \
      THW_PARAM_REAL(T, lipschitz, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,                        \
                     "Lipschitz constant L of the gradient; 0: the model's own, else estimated."), \
      THW_PARAM_REAL(T, variance_hess, 0.0, 0.0, THW_NO_BOUND, THW_P_LOG, NULL,                    \
                     "V_H, the variance of the rows' Hessians; 0: the model's own, else "          \
                     "estimated."),                                                                \
      THW_PARAM_INT(T, reestimate, 10, 0, THW_NO_BOUND, "epochs",                                  \
                    "Epochs after which estimated constants are estimated afresh (later where "    \
                    "that would be a tenth of all work); 0: never.")

/* From parameters with those members; epsilon and the constants are in other places. */
#define OPTIM_EPOCH_SETUP(p)                                                                       \
  {                                                                                                \
    .rows = {.fixed = (p)->snapshot_batch,                                                         \
             .least = (p)->snapshot_min,                                                           \
             .factor = (p)->c_snapshot,                                                            \
             .first = (p)->snapshot_first,                                                         \
             .growth = (p)->snapshot_growth},                                                      \
    .batch = (p)->mini_batch > 0 ? (p)->mini_batch                                                 \
             : (p)->theory       ? 1                                                               \
                                 : 16,                                                                   \
    .fused = (p)->fused,                                                                           \
    .guard = (p)->guard == OPTIM_ON || ((p)->guard == OPTIM_AUTO && !(p)->theory),                 \
    .guard_batch = (p)->guard_batch, .guard_tol = (p)->guard_tol                                   \
  }

#endif
