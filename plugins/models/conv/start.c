/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/conv/start.c - the starting point. What is drawn does not depend on the
 * precision. */
#include <math.h>
#include <string.h>

#include "conv.h"

static void start_conv(const cn *m, const cn_conv *v, void *x, thw_rng *r) {
  int64_t n = v->c.in * v->c.out * v->c.k * v->c.k;
  double sd = sqrt(2.0 / (double)(v->c.k * v->c.k * v->c.out));
  for (int64_t i = 0; i < n; i++) cn_set(m, x, v->weights + i, sd * thw_rng_normal(r));
}

/* The order of the blocks. */
thw_status cn_init(void *self, thw_view *x, thw_rng *r) {
  cn *m = self;
  double fan = (double)m->features;
  for (int64_t i = 0; i < m->n; i++) cn_set(m, x->data, i, 0);
  for (int i = 0; i < m->n_convs; i++) start_conv(m, &m->conv[i], x->data, r);
  for (int i = 0; i < m->n_maps; i++)
    for (int64_t c = 0; c < m->map[i].channels; c++) cn_set(m, x->data, m->map[i].gamma + c, 1);
  for (int64_t i = 0; i < m->classes * m->features; i++)
    cn_set(m, x->data, m->head + i,
           m->params->family == CN_WIDE ? (2 * thw_rng_uniform(r) - 1) / sqrt(fan)
                                        : sqrt(2 / fan) * thw_rng_normal(r));
  return THW_OK;
}
