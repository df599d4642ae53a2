/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/conv/eval.c - value and gradient of a batch, group by group. */
#include <math.h>
#include <string.h>

#include "conv.h"

thw_status cn_check(cn *m, const thw_batch *b, int with_labels) {
  const thw_rows *r = b->rows;
  if (b->n < 1) return cn_fail(m, THW_E_ARG, "a batch without rows has no mean");
  if (!r || r->layout != THW_ROWS_DENSE || r->width != m->planes * m->h * m->w)
    return cn_fail(m, THW_E_ARG,
                   "rows that are not images of %lld x %lld x %lld do not fit a network that was "
                   "made for such: use data of the same shape",
                   (long long)m->planes, (long long)m->h, (long long)m->w);
  if (r->dtype != m->dtype) return cn_fail(m, THW_E_ARG, "the rows' precision is not the run's");
  if (with_labels && (m->by_class ? !r->label : !r->y))
    return cn_fail(m, THW_E_ARG, "these images have no labels: the loss needs them");
  return THW_OK;
}

static double penalty(const cn *m, const void *x) {
  double s = 0;
  for (int64_t i = 0; m->params->l2 > 0 && i < m->n; i++) s += cn_real(m, x, i) * cn_real(m, x, i);
  return 0.5 * m->params->l2 * s;
}

static void write_gradient(const cn *m, const void *x, void *g) {
  double l2 = m->params->l2;
  if (m->dtype == THW_F32)
    for (int64_t i = 0; i < m->n; i++)
      ((float *)g)[i] = (float)(m->sum[i] + l2 * (double)((const float *)x)[i]);
  else
    for (int64_t i = 0; i < m->n; i++) ((double *)g)[i] = m->sum[i] + l2 * ((const double *)x)[i];
}

thw_status cn_eval(void *self, const thw_view *x, const thw_batch *b, double *f, thw_view *g) {
  cn *m = self;
  cn_pass p = {.m = m,
               .x = x->data,
               .b = b,
               .train = 1,
               .labels = 1,
               .gradient = g != NULL,
               .stop = m->n_phases};
  THW_TRY(cn_check(m, b, 1));
  int64_t groups = (b->n + m->params->group - 1) / m->params->group;
  THW_TRY(cn_room(m, (b->n + groups - 1) / groups));
  if (g) memset(m->sum, 0, (size_t)m->n * sizeof *m->sum);
  cn_weights(&p);
  double sum = 0;
  for (int64_t j = 0; j < groups; j++) {
    p.lo = b->n * j / groups;
    p.n = b->n * (j + 1) / groups - p.lo;
    cn_make_noise(&p);
    cn_forward(&p);
    if (g) cn_backward(&p);
    if (g && m->open && b->set == 0) cn_note_statistics(m, p.n);
    sum += p.f;
  }
  if (f) *f = sum / (double)b->n + penalty(m, x->data);
  if (g) write_gradient(m, x->data, g->data);
  return THW_OK;
}
