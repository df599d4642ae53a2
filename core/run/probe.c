/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/run/probe.h"

#include "core/run/run.h"

static thw_status open_probe(tw_probe *p) {
  tw_setup *s = p->s;
  const thw_source_ops *source = s->source->raw.ops;
  thw_source_info info = {.size = sizeof info};
  THW_TRY(source->info(s->source->raw.self, 0, &info));
  int64_t n = info.n >= 0 && info.n < p->ext->rows ? info.n : p->ext->rows;
  THW_TRY(thw_vec_new(s->space, &p->start));
  return source->take(s->source->raw.self, 0, n, NULL, 0, &p->batch);
}

thw_status tw_probe_begin(tw_probe *p, tw_setup *s, tw_diags *d) {
  *p = (tw_probe){.s = s};
  if (!s->model || !s->source) return THW_OK;
  p->ext = thw_ext(&s->model->raw, THW_EXT_PROBE);
  if (!p->ext) return THW_OK;
  thw_status st = open_probe(p);
  if (st == THW_OK) return THW_OK;
  tw_setup_error(s, st, "preparing the model's probe", d);
  tw_probe_end(p);
  return st;
}

void tw_probe_end(tw_probe *p) {
  if (!p->s) return;
  if (p->batch)
    ((const thw_source_ops *)p->s->source->raw.ops)->release(p->s->source->raw.self, p->batch);
  thw_vec_free(p->start);
  *p = (tw_probe){0};
}

static thw_status view(const thw_vec *v, thw_view *out) {
  return v->ops->map((thw_vec *)(uintptr_t)v, THW_READ, out);
}

static void view_end(const thw_vec *v) {
  v->ops->unmap((thw_vec *)(uintptr_t)v, THW_READ);
}

thw_status tw_probe_put(tw_probe *p, const thw_vec *x, json_t *to) {
  thw_view at, start;
  tw_json_sink sink;
  THW_TRY(view(x, &at));
  thw_status st = view(p->start, &start);
  if (st == THW_OK) {
    tw_json_sink_begin(&sink, to, "probe");
    st = p->ext->probe(p->s->model->raw.self, &at, &start, p->batch, &sink.head);
    view_end(p->start);
  }
  view_end(x);
  return st;
}
