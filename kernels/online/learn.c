/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/online/learn.h"

thw_status learn_load_vector(on_env e, thw_reader *r, const char *name, double *v, int64_t n) {
  size_t bytes = (size_t)n * sizeof *v;
  THW_TRY(r->blob(r, name, v, &bytes));
  if (bytes == (size_t)n * sizeof *v) return THW_OK;
  return on_fail(e, THW_E_STATE, "\"%s\" of the checkpoint has another length", name);
}

thw_status learn_save_decision(on_env e, const thw_object *oracle, thw_writer *w, const char *name,
                               const thw_decision *x) {
  const thw_linear_ops *ops = thw_linear_(oracle);
  size_t n = 0;
  char *bytes = NULL;
  THW_TRY(ops->pack(oracle->self, x, NULL, &n));
  THW_TRY(ON_NEW(e, bytes, (int64_t)n + 1));
  thw_status st = ops->pack(oracle->self, x, bytes, &n);
  if (st == THW_OK) st = w->blob(w, name, bytes, n);
  on_free(e, bytes);
  return st;
}

thw_status learn_load_decision(on_env e, const thw_object *oracle, thw_reader *r, const char *name,
                               int64_t n, thw_decision **x) {
  size_t bytes = (size_t)LEARN_PACKED(n);
  char *room = NULL;
  thw_decision *fresh = NULL;
  THW_TRY(ON_NEW(e, room, (int64_t)bytes));
  thw_status st = r->blob(r, name, room, &bytes);
  if (st == THW_OK) st = thw_linear_(oracle)->unpack(oracle->self, room, bytes, &fresh);
  on_free(e, room);
  if (st != THW_OK) return st;
  thw_release(*x);
  *x = fresh;
  return THW_OK;
}
