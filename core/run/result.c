/* SPDX-License-Identifier: BSD-3-Clause */
/* result.json, the final point, and the last lines on the screen. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "core/npy.h"
#include "core/run/run.h"

json_t *tw_json_text(const char *s) {
  json_t *j = s ? json_string(s) : NULL;
  return j ? j : json_null();
}

json_t *tw_json_verdict(const tw_verdict *v) {
  json_t *o = json_object();
  json_object_set_new(o, "kind", json_string(tw_verdict_word(v->kind)));
  json_object_set_new(o, "reason", tw_json_text(v->reason));
  json_object_set_new(o, "f", tw_json_real(v->f));
  json_object_set_new(o, "grad_norm", tw_json_real(v->grad_norm));
  json_object_set_new(o, "epsilon", tw_json_real(v->epsilon));
  json_object_set_new(o, "delta", tw_json_real(v->delta));
  json_object_set_new(o, "confidence", tw_json_real(v->confidence));
  json_object_set_new(o, "curvature", tw_json_real(v->curvature));
  json_object_set_new(o, "L", tw_json_real(v->L));
  json_object_set_new(o, "L2", tw_json_real(v->L2));
  json_object_set_new(o, "L_given", json_boolean(v->L_given));
  json_object_set_new(o, "search", tw_json_text(v->search));
  json_object_set_new(o, "gradients", json_integer(v->gradients));
  json_object_set_new(o, "direction", tw_json_text(v->direction ? "direction.npy" : NULL));
  return o;
}

json_t *tw_json_ledger(const tw_ledger *l) {
  tw_counts total = tw_ledger_total(l, 1);
  json_t *o = tw_json_counts(&total), *accounts = json_object();
  for (size_t i = 0; i < l->n; i++) {
    const tw_counts *c = &l->v[i].counts;
    if (c->calls == 0) continue;
    json_t *a = tw_json_counts(c);
    json_object_set_new(a, "budgeted", json_boolean(l->v[i].budgeted));
    json_object_set_new(accounts, l->v[i].name, a);
  }
  json_object_set_new(o, "accounts", accounts);
  return o;
}

static json_t *components(const tw_plan *p) {
  json_t *o = json_object();
  size_t n;
  tw_node *const *node = tw_plan_nodes(p, &n);
  for (size_t i = 0; i < n; i++) {
    const tw_found *f = node[i]->found;
    json_t *c = json_object();
    json_object_set_new(c, "type", tw_json_text(f->component->id));
    json_object_set_new(c, "version", tw_json_text(f->component->version));
    json_object_set_new(c, "plugin", tw_json_text(f->plugin->id));
    json_object_set_new(c, "plugin_version", tw_json_text(f->plugin->version));
    json_object_set_new(c, "file", tw_json_text(f->file));
    json_object_set_new(o, node[i]->path, c);
  }
  return o;
}

void tw_json_origin(json_t *to, const tw_session *s, const tw_plan *p) {
  json_object_set_new(to, "precision", json_string(s->dtype == THW_F32 ? "single" : "double"));
  json_object_set_new(to, "seed", json_integer(tw_plan_options(p)->run.seed));
  json_object_set_new(to, "threads", json_integer(s->threads));
  json_object_set_new(to, "blas", json_string(tw_blas_name()));
  json_object_set_new(to, "thalweg", json_string(tw_host.version));
  json_object_set_new(to, "abi", json_pack("[ii]", (int)THW_ABI_MAJOR, (int)THW_ABI_MINOR));
  json_object_set_new(to, "components", components(p));
}

/* Steps of sequences whose gradient the method has taken, per second that it took. */
static double tokens_per_second(const tw_run *r) {
  return (double)tw_ledger_total(r->setup.ledger, 1).gradients * r->monitor.steps / r->method;
}

static json_t *watch(const tw_watch *w) {
  json_t *o = json_object();
  json_object_set_new(o, "metric", tw_json_text(w->opt->watch.metric));
  json_object_set_new(o, "best", tw_json_real(w->best));
  json_object_set_new(o, "best_at", tw_json_real(w->best_at));
  json_object_set_new(o, "cuts", json_integer(w->cuts));
  json_object_set_new(o, "kept", json_boolean(w->taken));
  return o;
}

static json_t *result(const tw_run *r) {
  const tw_setup *s = &r->setup;
  json_t *o = json_object(), *tests = json_object();
  json_object_set_new(o, "status", json_string(tw_end_word(r->end)));
  json_object_set_new(o, "reason", tw_json_text(r->reason));
  json_object_set_new(o, "verdict", r->judged ? tw_json_verdict(&r->verdict) : json_null());
  json_object_set_new(o, "f", tw_json_real(r->monitor.f));
  json_object_set_new(o, "grad_norm", tw_json_real(r->monitor.grad_norm));
  for (size_t i = 0; i < r->monitor.n_metrics; i++)
    json_object_set_new(tests, r->monitor.name[i], tw_json_real(r->monitor.value[i]));
  json_object_set_new(o, "metrics", tests);
  if (r->watch.which >= 0) json_object_set_new(o, "watch", watch(&r->watch));
  json_object_set_new(o, "counts", tw_json_ledger(s->ledger));
  json_object_set_new(o, "passes", tw_json_real(tw_run_passes(r)));
  json_object_set_new(o, "steps", json_integer(r->step));
  json_object_set_new(o, "seconds", tw_json_real(tw_run_seconds(r)));
  json_object_set_new(o, "method_seconds", tw_json_real(r->method));
  if (r->monitor.steps > 0)
    json_object_set_new(o, "tokens_per_second", tw_json_real(tokens_per_second(r)));
  json_object_set_new(o, "rows", json_integer(s->rows));
  json_object_set_new(o, "parameters", json_integer(s->space->n));
  tw_json_origin(o, &s->session, s->plan);
  json_object_set_new(o, "resumable", json_boolean(r->resumable));
  return o;
}

thw_status tw_json_write(const char *file, const json_t *o, tw_diags *d) {
  tw_out out;
  THW_TRY(tw_out_open(&out, file, d));
  json_dumpf(o, out.f, JSON_INDENT(2) | JSON_REAL_PRECISION(17));
  fputc('\n', out.f);
  return tw_out_commit(&out, d);
}

thw_status tw_run_write_result(tw_run *r, json_t **out) {
  *out = result(r);
  char *point = tw_folder_file(&r->folder, "point.npy");
  char *direction = tw_folder_file(&r->folder, "direction.npy");
  char *file = tw_folder_file(&r->folder, "result.json");
  thw_status st = tw_npy_save(point, r->x, r->d);
  if (st == THW_OK && r->judged && r->verdict.direction)
    st = tw_npy_save(direction, r->verdict.direction, r->d);
  else
    unlink(direction); /* of an earlier end of this run */
  if (st == THW_OK) st = tw_json_write(file, *out, r->d);
  free(point);
  free(direction);
  free(file);
  return st;
}

void tw_run_print_result(const tw_run *r, FILE *to) {
  const tw_monitor *m = &r->monitor;
  fprintf(to, "%s: %s\n", tw_end_word(r->end), r->reason);
  if (r->judged)
    fprintf(to, "verdict: %s: %s\n", tw_verdict_word(r->verdict.kind), r->verdict.reason);
  fprintf(to, "f %.10g, gradient norm %.3e, %.6g passes, %lld steps, %.2f s\n", m->f, m->grad_norm,
          tw_run_passes(r), (long long)r->step, tw_run_seconds(r));
  for (size_t i = 0; i < m->n_metrics; i++)
    if (isfinite(m->value[i])) fprintf(to, "%s %.6g\n", m->name[i], m->value[i]);
  if (m->steps > 0 && isfinite(tokens_per_second(r)))
    fprintf(to, "%.4g tokens per second\n", tokens_per_second(r));
  fputs("component gradients:", to);
  const char *sep = " ";
  for (size_t i = 0; i < r->setup.ledger->n; i++) {
    const tw_account *a = &r->setup.ledger->v[i];
    if (a->counts.gradients == 0) continue;
    fprintf(to, "%s%s %lld", sep, a->name, (long long)a->counts.gradients);
    sep = ", ";
  }
  fprintf(to, "\nfolder %s\n", r->folder.path);
  if (r->end == TW_INTERRUPTED && r->resumable)
    fprintf(to, "`thalweg resume %s' goes on from here\n", r->folder.path);
  fflush(to);
}
