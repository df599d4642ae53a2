/* SPDX-License-Identifier: BSD-3-Clause */
/* What a run does with a component of each kind, with every result written down. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/verify/rig.h"

/* ---- sources ----------------------------------------------------------------------------------
 */

static double number(const void *p, uint32_t dtype, int64_t i) {
  return dtype == THW_F32 ? (double)((const float *)p)[i] : ((const double *)p)[i];
}

void vf_put_row(vf_trace *t, const thw_rows *r, int64_t i) {
  if (!r || r->layout == THW_ROWS_NONE) {
    vf_put(t, (double)i);
    return;
  }
  if (r->layout == THW_ROWS_SEQ) {
    vf_seq_put(t, r, i);
    return;
  }
  if (r->layout == THW_ROWS_DENSE)
    for (int64_t j = 0; j < r->width; j++) vf_put(t, number(r->x, r->dtype, i * r->ld + j));
  if (r->layout == THW_ROWS_CSR)
    for (int64_t j = r->start[i]; j < r->start[i + 1]; j++) {
      vf_put(t, (double)r->col[j]);
      vf_put(t, r->x ? number(r->x, r->dtype, j) : 1);
    }
  if (r->y) vf_put(t, number(r->y, r->dtype, i));
  if (r->label) vf_put(t, (double)r->label[i]);
}

static thw_status put_batch(vf_inst *in, uint32_t set, int64_t n, const int64_t *index,
                            int64_t first, vf_trace *t) {
  const thw_source_ops *ops = in->object.ops;
  thw_batch *b = NULL;
  THW_TRY(ops->take(in->object.self, set, n, index, first, &b));
  for (int64_t k = 0; k < b->n; k++) vf_put_row(t, b->rows, thw_batch_row(b, k));
  ops->release(in->object.self, b);
  return THW_OK;
}

thw_status vf_exercise_source(vf_inst *in, vf_trace *t) {
  const thw_source_ops *ops = in->object.ops;
  uint32_t sets = 0;
  THW_TRY(ops->sets(in->object.self, &sets));
  for (uint32_t s = 0; s < sets; s++) {
    thw_source_info info = {.size = sizeof info};
    THW_TRY(ops->info(in->object.self, s, &info));
    vf_put(t, (double)info.n);
    vf_put(t, (double)info.width);
    vf_put(t, (double)info.classes);
    int64_t n = info.n < 0 || info.n > 64 ? 64 : info.n, index[5];
    if (n == 0) continue;
    if (info.layout == THW_ROWS_SEQ &&
        (double)n * (double)info.steps * (double)info.width > 1 << 20)
      n = 1;
    THW_TRY(put_batch(in, s, n, NULL, 0, t));
    for (int64_t i = 0; i < 5; i++) index[i] = (7 * i + 3) % n;
    index[4] = index[0];
    THW_TRY(put_batch(in, s, 5, index, 0, t));
  }
  return THW_OK;
}

/* ---- models -----------------------------------------------------------------------------------
 */

static thw_status put_eval(vf_inst *in, const vf_buf *x, const thw_batch *b, vf_buf *g,
                           vf_trace *t) {
  const thw_model_ops *ops = in->object.ops;
  double f = 0;
  THW_TRY(ops->eval(in->object.self, &x->view, b, &f, &g->view));
  vf_put(t, f);
  vf_put_view(t, &g->view);
  return THW_OK;
}

static thw_status put_outputs(vf_inst *in, const vf_buf *x, const thw_batch *b,
                              const thw_layout *lay, vf_trace *t) {
  const thw_model_ops *ops = in->object.ops;
  size_t n = (size_t)b->n * lay->n_outputs;
  double *out = tw_calloc((n > lay->n_metrics ? n : lay->n_metrics) + 1, sizeof *out);
  thw_status st = THW_OK;
  if (ops->measure && lay->n_metrics) {
    st = ops->measure(in->object.self, &x->view, b, out);
    for (uint32_t i = 0; st == THW_OK && i < lay->n_metrics; i++) vf_put(t, out[i]);
  }
  if (st == THW_OK && ops->predict && lay->n_outputs) {
    st = ops->predict(in->object.self, &x->view, b, out);
    for (size_t i = 0; st == THW_OK && i < n; i++) vf_put(t, out[i]);
  }
  free(out);
  return st;
}

static thw_status model_calls(vf_inst *in, const thw_layout *lay, vf_buf *x, vf_buf *y, vf_buf *g,
                              vf_trace *t) {
  const thw_model_ops *ops = in->object.ops;
  const thw_rows *raw = in->rows ? vf_rows_raw(in->rows, 0) : NULL;
  static const int64_t index[] = {3, 1, 4, 1, 5, 9, 2, 6};
  int64_t n = raw ? raw->n : 16;
  thw_batch all = {.size = sizeof all, .n = n, .rows = raw}, some = all;
  thw_rng r;
  some.index = index;
  some.n = sizeof index / sizeof *index;
  THW_TRY(tw_host.rng(in->ctx, "init", &r));
  THW_TRY(ops->init(in->object.self, &x->view, &r));
  vf_put_view(t, &x->view);
  THW_TRY(put_eval(in, x, &all, g, t));
  THW_TRY(put_eval(in, y, &all, g, t));
  THW_TRY(put_eval(in, y, &some, g, t));
  if (ops->diff) {
    THW_TRY(ops->diff(in->object.self, &x->view, &y->view, &some, &g->view));
    vf_put_view(t, &g->view);
  }
  if (ops->hvp) {
    THW_TRY(ops->hvp(in->object.self, &x->view, &y->view, &some, &g->view));
    vf_put_view(t, &g->view);
  }
  return put_outputs(in, y, &some, lay, t);
}

thw_status vf_exercise_model(vf_inst *in, vf_trace *t) {
  const thw_model_ops *ops = in->object.ops;
  uint32_t dtype = in->k->session.dtype;
  thw_layout lay = {.size = sizeof lay};
  THW_TRY(ops->layout(in->object.self, &lay));
  if (lay.n < 1 || lay.n > 100000000) return THW_E_INTERNAL;
  vf_buf x = vf_buf_new(dtype, lay.n), y = vf_buf_new(dtype, lay.n), g = vf_buf_new(dtype, lay.n);
  vf_buf_random(&y, "y", 0.5);
  thw_status st = model_calls(in, &lay, &x, &y, &g, t);
  vf_buf_free(&x);
  vf_buf_free(&y);
  vf_buf_free(&g);
  return st;
}

/* ---- oracles ----------------------------------------------------------------------------------
 */

static thw_status oracle_calls(vf_inst *in, const thw_object *o, thw_vec *x, thw_vec *g, thw_rng *r,
                               vf_trace *t) {
  static const uint32_t how[] = {THW_DRAW_UNIFORM, THW_DRAW_SUBSET, THW_DRAW_NEXT};
  thw_status st = THW_OK;
  (void)in;
  for (int i = 0; i < 6 && st == THW_OK; i++) {
    thw_batch *b = NULL;
    double f = 0;
    THW_TRY(thw_oracle_draw(o, r, how[i % 3], 5 + i, &b));
    st = thw_oracle_eval(o, x, b, &f, g);
    vf_put(t, (double)b->n);
    vf_put(t, f);
    if (st == THW_OK) vf_put_vec(t, g);
    thw_oracle_release(o, b);
  }
  if (st != THW_OK) return st;
  double f = 0;
  st = thw_oracle_eval(o, x, NULL, &f, g);
  if (st == THW_E_UNSUPPORTED) return THW_OK;
  vf_put(t, f);
  if (st == THW_OK) vf_put_vec(t, g);
  return st;
}

static thw_status oracle_run(vf_inst *in, tw_oracle *wrapper, vf_trace *t) {
  const thw_object *o = tw_oracle_object(wrapper);
  thw_space *s;
  thw_vec *x = NULL, *g = NULL;
  thw_rng r;
  THW_TRY(thw_oracle_space(o, &s));
  thw_status st = thw_vec_new(s, &x);
  if (st == THW_OK) st = thw_vec_new(s, &g);
  if (st == THW_OK) st = tw_host.rng(in->ctx, "init", &r);
  if (st == THW_OK) st = thw_oracle_(o)->start_point(o->self, x, &r);
  if (st == THW_OK) {
    vf_put_vec(t, x);
    st = oracle_calls(in, o, x, g, &r, t);
  }
  thw_vec_free(x);
  thw_vec_free(g);
  return st;
}

thw_status vf_exercise_oracle(vf_inst *in, vf_trace *t) {
  tw_oracle *wrapper = NULL;
  THW_TRY(tw_oracle_new(&in->k->session, in->ctx, &in->object, 0, &wrapper));
  thw_status st = oracle_run(in, wrapper, t);
  tw_oracle_free(wrapper);
  return st;
}

/* ---- optimizers -------------------------------------------------------------------------------
 */

/* On a finite sum; on a stream when it does not take that. */
thw_status vf_exercise_optimizer(vf_inst *in, vf_trace *t) {
  vf_rig *finite = NULL, *r = NULL;
  THW_TRY(vf_rig_new(in, VF_NONCONVEX, 1, &finite));
  finite->ledger->budget = 4000;
  r = finite;
  thw_status st = vf_rig_start(r);
  if (st == THW_E_UNSUPPORTED) {
    vf_rig *stream = NULL;
    st = vf_rig_new(in, VF_STREAM, 1, &stream);
    if (st == THW_OK) st = vf_rig_start(r = stream);
  }
  if (st == THW_OK) st = vf_rig_run(r, 10, 30, t);
  /* Vectors of the instance live in the sums' spaces: let it drop them first. */
  vf_inst_end(in);
  if (r != finite) vf_rig_free(r);
  vf_rig_free(finite);
  return st > 0 ? THW_OK : st;
}

thw_status vf_exercise(vf_inst *in, vf_trace *t) {
  switch (in->k->component->kind) {
  case THW_SOURCE:
    return vf_exercise_source(in, t);
  case THW_MODEL:
    return vf_exercise_model(in, t);
  case THW_ORACLE:
    return vf_exercise_oracle(in, t);
  case THW_OPTIMIZER:
    return vf_exercise_optimizer(in, t);
  case THW_LINEAR:
    return vf_exercise_linear(in, t);
  case THW_ROUNDS:
    return vf_exercise_rounds(in, t);
  case THW_LEARNER:
    return vf_exercise_learner(in, t);
  default:
    return THW_E_UNSUPPORTED;
  }
}
