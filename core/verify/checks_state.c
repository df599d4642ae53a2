/* SPDX-License-Identifier: BSD-3-Clause */
/* Checks of thw.state/1: what is saved is enough, and what does not fit is refused. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/state.h"
#include "core/verify/rig.h"

static const thw_ext_state *state_of(const vf_inst *in) {
  return thw_ext(&in->object, THW_EXT_STATE);
}

/* The component's own state and that of the built-in optimizer in its slot, which the host would
 * save beside it. */
static thw_status save_all(const vf_inst *in, tw_state *s) {
  const thw_ext_state *e = state_of(in);
  THW_TRY(e->save(in->object.self, tw_state_writer(s, "it", e->version)));
  if (!in->descent) return THW_OK;
  const thw_object *inner = vf_descent_object(in->descent);
  e = thw_ext(inner, THW_EXT_STATE);
  return e->save(inner->self, tw_state_writer(s, "inner", e->version));
}

/* Outer components first: theirs may start inner ones. */
static thw_status load_inner(const vf_inst *in, tw_state *s) {
  if (!in->descent) return THW_OK;
  const thw_object *inner = vf_descent_object(in->descent);
  const thw_ext_state *e = thw_ext(inner, THW_EXT_STATE);
  return e->load(inner->self, tw_state_reader(s, "inner"));
}

static thw_status load_all(const vf_inst *in, tw_state *s) {
  THW_TRY(state_of(in)->load(in->object.self, tw_state_reader(s, "it")));
  return load_inner(in, s);
}

/* ---- readers that lie --------------------------------------------------------------------------
 */

/* Passes on to another reader, and does something to its n-th record. */
enum { DROP, DAMAGE, SHORTEN };
typedef struct liar {
  thw_reader head;
  thw_reader *honest;
  int how;
  int64_t n, at;
  thw_rng r;
} liar;

static liar *hit(thw_reader *r, int *now) {
  liar *l = (liar *)(void *)r;
  *now = ++l->n == l->at;
  return l;
}

static thw_status lie_i64(thw_reader *r, const char *name, int64_t *v) {
  static const int64_t strange[] = {-1, INT64_MAX, INT64_MIN, 0, 1 << 30};
  int now;
  liar *l = hit(r, &now);
  if (now && l->how == DROP) return THW_E_STATE;
  THW_TRY(l->honest->i64(l->honest, name, v));
  if (now && l->how == DAMAGE) *v = strange[thw_rng_index(&l->r, 5)];
  return THW_OK;
}

static thw_status lie_f64(thw_reader *r, const char *name, double *v) {
  static const double strange[] = {0, -1, 1e300, -1e-300};
  int now;
  liar *l = hit(r, &now);
  if (now && l->how == DROP) return THW_E_STATE;
  THW_TRY(l->honest->f64(l->honest, name, v));
  if (now && l->how == DAMAGE) {
    int64_t i = thw_rng_index(&l->r, 5);
    *v = i < 4 ? strange[i] : (double)NAN;
  }
  return THW_OK;
}

static thw_status lie_rng(thw_reader *r, const char *name, thw_rng *v) {
  int now;
  liar *l = hit(r, &now);
  if (now && l->how == DROP) return THW_E_STATE;
  THW_TRY(l->honest->rng(l->honest, name, v));
  if (now && l->how == DAMAGE) v->block = thw_rng_u64(&l->r);
  return THW_OK;
}

static thw_status lie_vec(thw_reader *r, const char *name, thw_vec *v) {
  int now;
  liar *l = hit(r, &now);
  if (now && l->how == DROP) return THW_E_STATE;
  THW_TRY(l->honest->vec(l->honest, name, v));
  if (now && l->how == DAMAGE) return v->ops->normal(v, &l->r, 0, 1e3);
  return THW_OK;
}

static thw_status lie_blob(thw_reader *r, const char *name, void *p, size_t *n) {
  int now;
  liar *l = hit(r, &now);
  if (now && l->how == DROP) return THW_E_STATE;
  THW_TRY(l->honest->blob(l->honest, name, p, n));
  if (now && l->how == SHORTEN && *n > 0) *n /= 2;
  if (now && l->how == DAMAGE)
    for (size_t i = 0; i < *n; i++) ((unsigned char *)p)[i] = (unsigned char)thw_rng_u32(&l->r);
  return THW_OK;
}

static liar lie(thw_reader *honest, int how, int64_t at, uint64_t seed) {
  liar l = {.honest = honest, .how = how, .at = at, .r = {.key = {(uint32_t)seed, 9}}};
  l.head =
      (thw_reader){sizeof l.head, honest->version, lie_i64, lie_f64, lie_rng, lie_vec, lie_blob};
  return l;
}

/* ---- optimizers: resume -------------------------------------------------------------------------
 */

enum { TAIL = 12, UNITS = 17 };

static thw_status run_steps(vf_rig *r, int n, vf_trace *t) {
  return vf_rig_run(r, n, UNITS, t);
}

/* Saves after `n` steps, goes on, and does the same from the save with a fresh instance. */
static int resume_after(vf_case *k, int n) {
  vf_trace whole = {0}, resumed = {0};
  tw_state *s = tw_state_new();
  vf_rig *r = vf_rig_need(k, VF_NONCONVEX), *fresh = NULL;
  if (!r) {
    tw_state_free(s);
    return -1;
  }
  run_steps(r, n, NULL);
  vf_place place = vf_sum_place(r->sum);
  thw_status st = save_all(r->in, s);
  if (st != THW_OK) vf_fail(k, "save after %d steps answers %d", n, (int)st);
  run_steps(r, TAIL, &whole);
  vf_rig_end(r);
  if (st == THW_OK) fresh = vf_rig_need(k, VF_NONCONVEX);
  if (fresh) {
    st = load_all(fresh->in, s);
    if (st != THW_OK) {
      char *text = vf_inst_text(fresh->in, st);
      vf_fail(k, "load of what it saved after %d steps answers: %s", n, text);
      free(text);
    } else {
      vf_sum_put(fresh->sum, place);
      run_steps(fresh, TAIL, &resumed);
      if (vf_trace_differs(&whole, &resumed))
        vf_fail(k, "saved after %d steps and continued, it goes another way", n);
    }
    vf_rig_end(fresh);
  }
  tw_state_free(s);
  vf_trace_free(&whole);
  vf_trace_free(&resumed);
  return 0;
}

static int has_state(vf_case *k) {
  vf_inst *in = vf_inst_need(k, NULL);
  if (!in) return -1;
  const thw_ext_state *e = state_of(in);
  vf_inst_free(in);
  if (e) return 0;
  return k->component->kind == THW_OPTIMIZER
             ? vf_warn(k, "it does not offer " THW_EXT_STATE ": runs with it cannot be resumed")
             : vf_skip(k, "it does not offer " THW_EXT_STATE);
}

static int resume(vf_case *k) {
  static const int at[] = {0, 1, 2, 3, 5, 8, 13, 21, 34};
  if (has_state(k) != 0) return -1;
  for (size_t i = 0; i < sizeof at / sizeof *at && k->outcome == VF_PASS; i++)
    resume_after(k, at[i]);
  return 0;
}

/* Saving is looking: the run goes on as if nothing had been written. */
static int save_changes_nothing(vf_case *k) {
  vf_trace plain = {0}, saved = {0};
  if (has_state(k) != 0) return -1;
  vf_rig *r = vf_rig_need(k, VF_NONCONVEX);
  if (!r) return -1;
  run_steps(r, 2 * TAIL, &plain);
  vf_rig_end(r);
  r = vf_rig_need(k, VF_NONCONVEX);
  for (int i = 0; r && i < 2 * TAIL; i++) {
    tw_state *s = tw_state_new();
    if (save_all(r->in, s) != THW_OK) vf_fail(k, "save fails after %d steps", i);
    tw_state_free(s);
    if (run_steps(r, 1, &saved) != THW_OK) break;
  }
  vf_rig_end(r);
  if (k->outcome == VF_PASS && vf_trace_differs(&plain, &saved))
    vf_fail(k, "a run that saves after each step goes another way");
  vf_trace_free(&plain);
  vf_trace_free(&saved);
  return 0;
}

/* ---- optimizers: bad state
 * ------------------------------------------------------------------------ */

/* What a run of a few steps has saved. */
static tw_state *some_state(vf_case *k) {
  vf_rig *r = vf_rig_need(k, VF_NONCONVEX);
  if (!r) return NULL;
  tw_state *s = tw_state_new();
  run_steps(r, 5, NULL);
  save_all(r->in, s);
  vf_rig_end(r);
  return s;
}

/* Loads through a liar; *n: records read. */
static thw_status load_lie(vf_case *k, tw_state *s, int how, int64_t at, uint64_t seed,
                           int64_t *n) {
  vf_rig *r = vf_rig_need(k, VF_NONCONVEX);
  if (!r) return THW_OK;
  thw_reader *honest = tw_state_reader(s, "it");
  liar l = lie(honest, how, at, seed);
  thw_status st = state_of(r->in)->load(r->self, &l.head);
  *n = l.n;
  if (st == THW_OK && how == DAMAGE) {
    load_inner(r->in, s);
    st = run_steps(r, 5, NULL);
    int32_t all = 1;
    if (r->ops->point(r->self, r->x) == THW_OK) r->x->ops->finite(r->x, &all);
    if (st == THW_OK && !all)
      vf_fail(k, "with record %lld damaged it loads, goes on and has a point that is not finite",
              (long long)at);
  }
  vf_rig_end(r);
  return st;
}

static int missing_records(vf_case *k) {
  int64_t records = 1, n = 0;
  if (has_state(k) != 0) return -1;
  tw_state *s = some_state(k);
  if (!s) return -1;
  for (int64_t at = 1; at <= records && k->outcome == VF_PASS; at++) {
    thw_status st = load_lie(k, s, DROP, at, 1, &n);
    if (n > records) records = n;
    if (n < at) break;
    if (st >= 0)
      vf_fail(k, "load answers %d although record %lld could not be read", (int)st, (long long)at);
    records = at + 1;
  }
  for (int64_t at = 1; at <= n && k->outcome == VF_PASS; at++) {
    thw_status st = load_lie(k, s, SHORTEN, at, 1, &records);
    (void)st; /* a blob of half the length: an error or not, but no crash (sanitizers see more) */
  }
  tw_state_free(s);
  return 0;
}

static int damaged_records(vf_case *k) {
  if (has_state(k) != 0) return -1;
  tw_state *s = some_state(k);
  if (!s) return -1;
  int64_t n = 0;
  for (int64_t at = 1; k->outcome == VF_PASS; at++) {
    for (uint64_t seed = 1; seed <= 6; seed++) load_lie(k, s, DAMAGE, at, k->o->seed + seed, &n);
    if (n < at) break;
  }
  tw_state_free(s);
  return 0;
}

/* ---- sources, models, oracles: state is written and read back
 * ---------------------------------------
 */

static int state_survives(vf_case *k) {
  if (has_state(k) != 0) return -1;
  vf_inst *a = vf_inst_need(k, NULL), *b = vf_inst_need(k, NULL);
  vf_trace ta = {0}, tb = {0}, before = {0};
  tw_state *s = tw_state_new();
  if (a && b) {
    vf_exercise(a, &before); /* so that there is something to remember */
    thw_status st = save_all(a, s);
    if (st == THW_OK) st = load_all(b, s);
    if (st != THW_OK) vf_fail(k, "save or load answers %d", (int)st);
    vf_exercise(a, &ta);
    vf_exercise(b, &tb);
    if (k->outcome == VF_PASS && vf_trace_differs(&ta, &tb))
      vf_fail(k, "what was saved and loaded behaves in another way than the original");
  }
  tw_state_free(s);
  vf_trace_free(&ta);
  vf_trace_free(&tb);
  vf_trace_free(&before);
  vf_inst_free(b);
  vf_inst_free(a);
  return 0;
}

#define OPT VF_KIND(THW_OPTIMIZER)
const vf_check vf_checks_state[] = {
    {"resume", OPT, "save, load and continue equals an uninterrupted run to the last bit", resume},
    {"save-looks-only", OPT, "saving does not change the run", save_changes_nothing},
    {"missing-state", OPT, "state with a record missing or cut is refused", missing_records},
    {"damaged-state", OPT, "damaged state is refused or survived", damaged_records},
    {"state", VF_KIND(THW_SOURCE) | VF_KIND(THW_MODEL) | VF_KIND(THW_ORACLE),
     "what is saved and loaded behaves like the original", state_survives},
    {NULL, 0, NULL, NULL},
};
