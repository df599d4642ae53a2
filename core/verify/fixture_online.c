/* SPDX-License-Identifier: BSD-3-Clause */
/* A linear oracle for learners and for oracles around oracles: one of five, exact. */
#include <math.h>
#include <stdlib.h>

#include "core/online/plain.h"
#include "core/verify/priv.h"

struct vf_five {
  thw_object object;
};

static thw_status facts(void *self, thw_linear_facts *out) {
  (void)self;
  out->flags = THW_LINEAR_PROVEN | THW_LINEAR_ORTHANT | THW_LINEAR_REENTRANT;
  out->sense = THW_COST;
  out->n = VF_FIVE;
  out->factor = out->norm = out->norm1 = out->norminf = 1;
  return THW_OK;
}

static thw_decision *the(int64_t i) {
  double v[VF_FIVE] = {0};
  v[i] = 1;
  return tw_plain_new(VF_FIVE, v);
}

static thw_status solve(void *self, const thw_linear_query *q, thw_linear_answer *out) {
  (void)self;
  int64_t best = 0;
  for (int64_t i = 1; i < VF_FIVE; i++)
    if (q->c[i] < q->c[best]) best = i;
  out->x = the(best);
  out->bound = q->c[best];
  return THW_OK;
}

static thw_status pack(void *self, const thw_decision *x, void *p, size_t *n) {
  (void)self;
  if (p && *n < VF_FIVE * sizeof(double)) return THW_E_ARG;
  *n = VF_FIVE * sizeof(double);
  if (p) x->ops->vector(x, p);
  return THW_OK;
}

static thw_status unpack(void *self, const void *p, size_t n, thw_decision **out) {
  (void)self;
  if (n != VF_FIVE * sizeof(double)) return THW_E_STATE;
  *out = tw_plain_new(VF_FIVE, p);
  return THW_OK;
}

static thw_status spanner(void *self, thw_decision **x, int64_t *m, double *beta) {
  (void)self;
  if (x && *m < VF_FIVE) return THW_E_ARG;
  *m = VF_FIVE;
  *beta = 1;
  for (int64_t i = 0; x && i < VF_FIVE; i++) x[i] = the(i);
  return THW_OK;
}

vf_five *vf_five_new(void) {
  static const thw_linear_ops ops = {.size = sizeof ops,
                                     .facts = facts,
                                     .solve = solve,
                                     .pack = pack,
                                     .unpack = unpack,
                                     .exact = solve,
                                     .spanner = spanner};
  vf_five *f = tw_calloc(1, sizeof *f);
  f->object = (thw_object){sizeof f->object, THW_LINEAR, &ops, f, NULL};
  return f;
}

void vf_five_free(vf_five *f) {
  free(f);
}

const thw_object *vf_five_object(const vf_five *f) {
  return &f->object;
}
