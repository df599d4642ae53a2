/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/run/watch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static thw_status unknown(const char *name, const tw_monitor *m, tw_diags *d) {
  const char **names = tw_calloc(m->n_metrics + 2, sizeof *names);
  char *list = tw_strdup("f, grad_norm");
  names[0] = "f", names[1] = "grad_norm";
  for (size_t i = 0; i < m->n_metrics; i++) {
    char *more = tw_sprintf("%s, %s", list, m->name[i]);
    free(list);
    list = more;
    names[i + 2] = m->name[i];
  }
  const char *near = tw_nearest(name, names, m->n_metrics + 2);
  thw_status st =
      tw_error(d, THW_E_ARG, "watch.metric: no record has \"%s\"%s%s%s: there are %s", name,
               near ? " (did you mean \"" : "", near ? near : "", near ? "\"?)" : "", list);
  free(list);
  free((void *)names);
  return st;
}

static thw_status find(tw_watch *w, const tw_monitor *m, tw_diags *d) {
  const char *name = w->opt->watch.metric;
  if (strcmp(name, "f") == 0) w->which = TW_WATCH_F;
  if (strcmp(name, "grad_norm") == 0) w->which = TW_WATCH_GRAD;
  for (size_t i = 0; i < m->n_metrics; i++)
    if (strcmp(name, m->name[i]) == 0) w->which = TW_WATCH_METRIC + (int)i;
  if (w->which < 0) return unknown(name, m, d);
  if (w->which >= TW_WATCH_METRIC && !w->opt->monitor.test)
    return tw_error(d, THW_E_ARG, "watch.metric: %s is not in the records: monitor.test is off",
                    name);
  return THW_OK;
}

thw_status tw_watch_begin(tw_watch *w, const tw_monitor *m, tw_diags *d) {
  *w = (tw_watch){.opt = m->s->opt, .which = -1, .best = NAN, .best_at = NAN, .last = NAN};
  if (!*w->opt->watch.metric) return THW_OK;
  THW_TRY(find(w, m, d));
  if (w->opt->watch.cuts > 0 && !thw_ext(m->s->method, THW_EXT_STEER))
    return tw_error(d, THW_E_UNSUPPORTED,
                    "watch.cuts: the step of %s cannot be changed from outside (it offers no "
                    "thw.steer/1): use watch.cuts = 0",
                    m->s->optimizer->found->component->id);
  if (w->opt->watch.keep_best && thw_vec_new(m->s->space, &w->kept) != THW_OK)
    return tw_error(d, THW_E_NOMEM, "no memory for the best point");
  return THW_OK;
}

void tw_watch_end(tw_watch *w) {
  thw_vec_free(w->kept);
  w->kept = NULL;
}

static double value(const tw_watch *w, const tw_monitor *m) {
  if (w->which == TW_WATCH_F) return m->f;
  if (w->which == TW_WATCH_GRAD) return m->grad_norm;
  return m->value[w->which - TW_WATCH_METRIC];
}

static int better(const tw_watch *w, double a, double b) {
  return w->opt->watch.rises ? a > b : a < b;
}

/* True when the number has had its time to get better. */
static int out_of_patience(const tw_watch *w, double passes) {
  double patience = w->opt->watch.patience;
  return patience > 0 && isfinite(w->best) && passes - w->since >= patience;
}

thw_status tw_watch_look(tw_watch *w, const tw_monitor *m, const thw_vec *x, double passes) {
  if (w->which < 0) return THW_OK;
  w->last = value(w, m);
  if (isnan(w->best) || better(w, w->last, w->best)) {
    w->best = w->last;
    w->best_at = w->since = passes;
    return w->kept ? thw_copy(w->kept, x) : THW_OK;
  }
  if (!out_of_patience(w, passes) || w->cuts >= w->opt->watch.cuts) return THW_OK;
  const thw_steer *steer = thw_ext(m->s->method, THW_EXT_STEER);
  w->cuts++;
  w->since = passes;
  return steer->scale_step(m->s->method->self, w->opt->watch.cut);
}

char *tw_watch_over(const tw_watch *w, double passes, int *reached) {
  const tw_options *o = w->opt;
  *reached = 0;
  if (w->which < 0 || isnan(w->best)) return NULL;
  for (size_t i = 0; i < o->watch.reach.n; i++) {
    double goal = o->watch.reach.v[i];
    if (!(better(w, w->last, goal) || w->last == goal)) continue;
    *reached = 1;
    return tw_sprintf("%s = %.6g has reached watch.reach = %g", o->watch.metric, w->last, goal);
  }
  if (!out_of_patience(w, passes) || w->cuts < o->watch.cuts) return NULL;
  return tw_sprintf("%s has not got better than %.6g, at pass %g, for watch.patience = %g passes",
                    o->watch.metric, w->best, w->best_at, o->watch.patience);
}

/* ---- checkpoint ---------------------------------------------------------------------------------
 */

thw_status tw_watch_save(const tw_watch *w, thw_writer *to) {
  if (w->which < 0) return THW_OK;
  THW_TRY(to->f64(to, "watch.best", w->best));
  THW_TRY(to->f64(to, "watch.best_at", w->best_at));
  THW_TRY(to->f64(to, "watch.since", w->since));
  THW_TRY(to->f64(to, "watch.last", w->last));
  THW_TRY(to->i64(to, "watch.cuts", w->cuts));
  return w->kept ? to->vec(to, "watch.kept", w->kept) : THW_OK;
}

thw_status tw_watch_load(tw_watch *w, thw_reader *from) {
  if (w->which < 0) return THW_OK;
  THW_TRY(from->f64(from, "watch.best", &w->best));
  THW_TRY(from->f64(from, "watch.best_at", &w->best_at));
  THW_TRY(from->f64(from, "watch.since", &w->since));
  THW_TRY(from->f64(from, "watch.last", &w->last));
  THW_TRY(from->i64(from, "watch.cuts", &w->cuts));
  return w->kept ? from->vec(from, "watch.kept", w->kept) : THW_OK;
}
