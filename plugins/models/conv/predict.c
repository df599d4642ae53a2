/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/conv/predict.c - metrics and predictions, with fixed statistics: a row's outputs
 * do not depend on the rows beside it. */
#include "conv.h"

/* Images at a time where no training has asked for more. */
#define AT_A_TIME 128

static thw_status fixed_pass(cn_pass *p, double *out) {
  cn *m = p->m;
  double f = 0, hits = 0;
  THW_TRY(cn_check(m, p->b, p->labels));
  THW_TRY(cn_fix_statistics(m, p->x));
  int64_t most = m->room > AT_A_TIME ? m->room : AT_A_TIME;
  if (most > p->b->n) most = p->b->n;
  THW_TRY(cn_room(m, most));
  cn_weights(p);
  cn_make_noise(p);
  for (p->lo = 0; p->lo < p->b->n; p->lo += p->n) {
    p->n = p->b->n - p->lo < most ? p->b->n - p->lo : most;
    p->out = out ? out + p->lo * m->n_outputs : NULL;
    cn_forward(p);
    f += p->f, hits += p->hits;
  }
  p->f = f, p->hits = hits;
  return THW_OK;
}

thw_status cn_measure(void *self, const thw_view *x, const thw_batch *b, double *out) {
  cn *m = self;
  cn_pass p = {.m = m, .x = x->data, .b = b, .labels = 1, .stop = m->n_phases};
  THW_TRY(fixed_pass(&p, NULL));
  out[0] = p.hits / (double)b->n;
  out[1] = p.f / (double)b->n;
  return THW_OK;
}

thw_status cn_predict(void *self, const thw_view *x, const thw_batch *b, double *out) {
  cn *m = self;
  cn_pass p = {.m = m, .x = x->data, .b = b, .stop = m->n_phases};
  return fixed_pass(&p, out);
}
