/* SPDX-License-Identifier: BSD-3-Clause */
/* Checks of what optimizers offer besides steps: reports, and steering by an outer method. */
#include <math.h>
#include <stdlib.h>

#include "core/verify/rig.h"

typedef struct sink {
  thw_sink head;
  vf_case *k;
  int n;
} sink;

static void sink_real(thw_sink *s, const char *name, double v) {
  sink *mine = (sink *)(void *)s;
  (void)v;
  mine->n++;
  if (!name || !*name) vf_fail(mine->k, "report gives a number without a name");
}

static void sink_text(thw_sink *s, const char *name, const char *v) {
  sink *mine = (sink *)(void *)s;
  mine->n++;
  if (!name || !*name || !v) vf_fail(mine->k, "report gives a text without a name or NULL");
}

static void sink_reals(thw_sink *s, const char *name, size_t n, const double *v) {
  sink *mine = (sink *)(void *)s;
  mine->n++;
  if (!name || !*name || (n > 0 && !v))
    vf_fail(mine->k, "report gives numbers without a name or without the numbers");
}

int vf_reports(vf_case *k) {
  vf_rig *r = vf_rig_need(k, VF_NONCONVEX);
  if (!r) return -1;
  const thw_ext_report *e = thw_ext(&r->in->object, THW_EXT_REPORT);
  if (!e) {
    vf_rig_end(r);
    return vf_skip(k, "it does not offer " THW_EXT_REPORT);
  }
  sink s = {{sizeof(thw_sink), 0, sink_real, sink_text, sink_reals}, k, 0};
  for (int i = 0; i < 6; i++) {
    int64_t calls = r->calls;
    thw_status st = e->report(r->self, &s.head);
    if (st != THW_OK) vf_rig_unexpected(k, r, "report", st);
    if (r->calls != calls) vf_fail(k, "report evaluates");
    thw_step io;
    if (vf_rig_step(r, 24, &io) != THW_OK) break;
  }
  if (s.n == 0) vf_warn(k, "reports nothing");
  vf_rig_end(r);
  return 0;
}

static int steering_of(vf_case *k, vf_rig *r, const thw_steer *e) {
  vf_trace want = {0}, got = {0};
  vf_rig_run(r, 5, 24, NULL);
  thw_fill(r->x, 0.25);
  vf_put_vec(&want, r->x);
  thw_status st = e->reset(r->self, r->x);
  if (st != THW_OK) vf_rig_unexpected(k, r, "reset", st);
  if (vf_rig_point(k, r, "after reset") == 0) vf_put_vec(&got, r->x);
  if (k->outcome == VF_PASS && vf_trace_differs(&want, &got))
    vf_fail(k, "after reset(x) the point is not x");
  st = e->scale_step(r->self, 0.5);
  if (st != THW_OK) vf_rig_unexpected(k, r, "scale_step", st);
  if (e->grow_batch && (st = e->grow_batch(r->self, 2)) != THW_OK)
    vf_rig_unexpected(k, r, "grow_batch", st);
  thw_facts f = {.size = sizeof f, .components = -1, .lipschitz = 3};
  f.lipschitz_max = f.lipschitz_hess = f.variance = f.variance_hess = (double)NAN;
  f.convexity = f.lower_bound = (double)NAN;
  if (THW_HAS(thw_steer, e, facts) && e->facts && (st = e->facts(r->self, &f)) != THW_OK)
    vf_rig_unexpected(k, r, "facts", st);
  thw_fill(r->x, 0.0); /* an objective that stays where it is */
  if (THW_HAS(thw_steer, e, moved) && e->moved && (st = e->moved(r->self, r->x)) != THW_OK)
    vf_rig_unexpected(k, r, "moved", st);
  st = vf_rig_run(r, 5, 24, NULL);
  if (st < 0) vf_rig_unexpected(k, r, "step after steering", st);
  vf_rig_point(k, r, "after steering");
  vf_trace_free(&want);
  vf_trace_free(&got);
  return 0;
}

/* A step length scaled to nothing must leave the point where it is. */
static void scale_to_nothing(vf_case *k) {
  vf_rig *r = vf_rig_need(k, VF_QUADRATIC);
  if (!r) return;
  const thw_steer *e = thw_ext(&r->in->object, THW_EXT_STEER);
  vf_trace before = {0}, after = {0};
  double moved = 0;
  r->ops->point(r->self, r->x);
  vf_put_vec(&before, r->x);
  if (e->scale_step(r->self, 1e-12) == THW_OK) {
    vf_rig_run(r, 2, 24, NULL);
    r->ops->point(r->self, r->x);
    vf_put_vec(&after, r->x);
    for (size_t i = 0; i < before.n; i++) moved = fmax(moved, fabs(before.v[i] - after.v[i]));
    if (moved > 1e-8)
      vf_warn(k,
              "scale_step(1e-12) is not felt, the point moves by %g: right for a line search only",
              moved);
  }
  vf_trace_free(&before);
  vf_trace_free(&after);
  vf_rig_end(r);
}

int vf_steering(vf_case *k) {
  vf_rig *r = vf_rig_need(k, VF_NONCONVEX);
  if (!r) return -1;
  const thw_steer *e = thw_ext(&r->in->object, THW_EXT_STEER);
  if (e) steering_of(k, r, e);
  vf_rig_end(r);
  if (!e) return vf_skip(k, "it does not offer " THW_EXT_STEER);
  scale_to_nothing(k);
  return 0;
}
