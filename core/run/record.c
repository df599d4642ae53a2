/* SPDX-License-Identifier: BSD-3-Clause */
/* One line of metrics.jsonl. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/run/run.h"

json_t *tw_json_real(double v) {
  return isfinite(v) ? json_real(v) : json_null();
}

json_t *tw_json_counts(const tw_counts *c) {
  json_t *o = json_object();
  json_object_set_new(o, "gradients", json_integer(c->gradients));
  json_object_set_new(o, "values", json_integer(c->values));
  json_object_set_new(o, "hvp", json_integer(c->hvp));
  json_object_set_new(o, "pairs", json_integer(c->pairs));
  json_object_set_new(o, "calls", json_integer(c->calls));
  return o;
}

static void sink_put(thw_sink *head, const char *name, json_t *v) {
  tw_json_sink *s = (tw_json_sink *)(void *)head;
  char *key = tw_sprintf("%s.%s", s->path, name);
  if (json_object_set_new(s->to, key, v) != 0) json_object_set_new(s->to, key, json_null());
  free(key);
}
static void sink_real(thw_sink *s, const char *name, double v) {
  sink_put(s, name, tw_json_real(v));
}
static void sink_text(thw_sink *s, const char *name, const char *v) {
  sink_put(s, name, v ? json_string(v) : json_null());
}
static void sink_reals(thw_sink *s, const char *name, size_t n, const double *v) {
  json_t *a = json_array();
  for (size_t i = 0; i < n; i++) json_array_append_new(a, tw_json_real(v[i]));
  sink_put(s, name, a);
}

void tw_json_sink_begin(tw_json_sink *s, json_t *to, const char *path) {
  *s = (tw_json_sink){{sizeof(thw_sink), 0, sink_real, sink_text, sink_reals}, to, path};
}

thw_status tw_json_reports(const tw_plan *p, json_t *to) {
  size_t n;
  tw_node *const *node = tw_plan_nodes(p, &n);
  for (size_t i = 0; i < n; i++) {
    const thw_ext_report *ext = thw_ext(&node[i]->raw, THW_EXT_REPORT);
    if (!ext) continue;
    tw_json_sink s;
    tw_json_sink_begin(&s, to, node[i]->path);
    THW_TRY(ext->report(node[i]->raw.self, &s.head));
  }
  return THW_OK;
}

static json_t *record(tw_run *r) {
  const tw_monitor *m = &r->monitor;
  tw_counts c = tw_ledger_total(r->setup.ledger, 1);
  json_t *o = json_object();
  json_object_set_new(o, "step", json_integer(r->step));
  json_object_set_new(o, "passes", tw_json_real(tw_run_passes(r)));
  json_object_set_new(o, "gradients", json_integer(c.gradients));
  json_object_set_new(o, "values", json_integer(c.values));
  json_object_set_new(o, "hvp", json_integer(c.hvp));
  json_object_set_new(o, "seconds", tw_json_real(tw_run_seconds(r)));
  json_object_set_new(o, "method_seconds", tw_json_real(r->method));
  json_object_set_new(o, "f", tw_json_real(m->f));
  json_object_set_new(o, "grad_norm", tw_json_real(m->grad_norm));
  if (r->setup.opt->monitor.test)
    for (size_t i = 0; i < m->n_metrics; i++)
      json_object_set_new(o, m->name[i], tw_json_real(m->value[i]));
  return o;
}

/* The first record has a probe, each after so many, and the last. */
static int probe_is_due(const tw_run *r) {
  int64_t every = r->setup.opt->monitor.probe_every;
  return r->probe.ext && (r->ending || r->records % (every > 0 ? every : INT64_MAX) == 0);
}

static thw_status append(tw_run *r, int probed) {
  json_t *o = record(r);
  thw_status st = tw_json_reports(r->setup.plan, o);
  if (st == THW_OK && probed) st = tw_probe_put(&r->probe, r->x, o);
  char *text = json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(17));
  json_decref(o);
  if (st == THW_OK) {
    char *line = tw_sprintf("%s\n", text);
    st = tw_lines_add(&r->folder.metrics, line, r->d);
    free(line);
  }
  free(text);
  if (st != THW_OK) return st;
  r->records++;
  if (probed) r->probe_step = r->step;
  r->record_step = r->step;
  r->record_spent = r->setup.ledger->spent;
  return thw_copy(r->good, r->x);
}

thw_status tw_run_record(tw_run *r) {
  THW_TRY(tw_monitor_evaluate(&r->monitor, r->x));
  if (r->setup.opt->monitor.test) THW_TRY(tw_monitor_tests(&r->monitor, r->x));
  return append(r, probe_is_due(r));
}

thw_status tw_run_record_probe(tw_run *r) {
  return r->probe.ext && r->probe_step != r->step ? append(r, 1) : THW_OK;
}
