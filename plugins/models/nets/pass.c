/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/nets/pass.c - one group of rows through the tape and back.
 *
 * Every product is cut into ranges of features, whose ends do not depend on the number of threads;
 * each number of a result is computed by one thread, with its additions in a fixed order. */
#include <string.h>

#include "nets.h"

typedef struct step {
  nets_job *j;
  nets_node *v;
  int64_t outers; /* units of the gradient, before those of the way back */
  int64_t wide;   /* features in a unit of the way back */
  int add_w, add_b;
} step;

static int64_t units(int64_t n, int64_t size) {
  return (n + size - 1) / size;
}
static int64_t end_of(int64_t unit, int64_t size, int64_t n) {
  return (unit + 1) * size < n ? (unit + 1) * size : n;
}

static void parallel(const nets_job *j, int64_t n, double work, void (*body)(void *, int64_t),
                     void *arg) {
  if (n == 1)
    body(arg, 0);
  else
    j->m->host->parallel(j->m->ctx, n, work, body, arg);
}

/* Derivatives along a direction have rooms of their own, made at the first use. */
thw_status nets_dots(nets *m) {
  if (m->dots) return THW_OK;
  for (int i = 1; i < m->n_nodes; i++) {
    nets_node *v = &m->node[i];
    size_t bytes = (size_t)v->n * THWN_GROUP * m->kern->real;
    v->zdot = m->host->alloc(m->ctx, bytes);
    v->hdot = v->h == v->z ? v->zdot : m->host->alloc(m->ctx, bytes);
    v->ddot = m->host->alloc(m->ctx, bytes);
    if (!v->zdot || !v->hdot || !v->ddot)
      return nets_fail(m, THW_E_NOMEM, "out of memory for second derivatives");
  }
  m->dots = 1;
  return THW_OK;
}

/* ---- rows ------------------------------------------------------------------------------------
 */

static void gather_panel(void *arg, int64_t p) {
  const nets_job *j = arg;
  const nets *m = j->m;
  const thw_rows *r = j->b->rows;
  int64_t panel = m->kern->panel, d = m->info.width;
  void *x = m->node[0].h;
  if (r->layout == THW_ROWS_CSR || (p + 1) * panel > j->n)
    memset((char *)x + (size_t)(p * d * panel) * m->kern->real, 0,
           (size_t)(d * panel) * m->kern->real);
  for (int64_t s = p * panel; s < (p + 1) * panel && s < j->n; s++) {
    int64_t row = thw_batch_row(j->b, j->lo + s), at = p * d * panel + s % panel;
    if (r->layout == THW_ROWS_CSR) {
      for (int64_t k = r->start[row]; k < r->start[row + 1]; k++)
        nets_set(m, x, at + r->col[k] * panel, r->x ? nets_real(m, r->x, k) : 1.0);
    } else if (m->dtype == THW_F32) {
      const float *from = (const float *)r->x + row * r->ld;
      for (int64_t i = 0; i < d; i++) ((float *)x)[at + i * panel] = from[i];
    } else {
      const double *from = (const double *)r->x + row * r->ld;
      for (int64_t i = 0; i < d; i++) ((double *)x)[at + i * panel] = from[i];
    }
  }
}

void nets_gather(const nets_job *j) {
  nets_job copy = *j;
  parallel(j, j->panels, (double)(j->n * j->m->info.width), gather_panel, &copy);
}

/* ---- forward ---------------------------------------------------------------------------------
 */

static thwn_job product(const step *s, const void *w, const void *x, const void *d) {
  return (thwn_job){s->v->n, s->j->m->node[s->v->in].n, s->j->n, w, x, d};
}

/* zdot = W hdot + V h, from the input's; hdot = act'(z) zdot */
static void tangent(const step *s, int64_t lo, int64_t hi) {
  const nets_job *j = s->j;
  const thwn_kernel *k = j->m->kern;
  const nets_node *v = s->v, *in = &j->m->node[v->in];
  const void *dir = j->v[v->w], *bias = v->b >= 0 ? j->v[v->b] : NULL;
  int have = 0;
  if (in->zdot) {
    thwn_job p = product(s, j->w[v->w], in->hdot, NULL);
    k->forward(&p, lo, hi, bias, 0, v->zdot);
    have = 1;
  }
  if (dir) {
    thwn_job p = product(s, dir, in->h, NULL);
    k->forward(&p, lo, hi, have ? NULL : bias, have, v->zdot);
    have = 1;
  }
  if (!have) { /* a product of no terms: the bias alone */
    thwn_job p = product(s, NULL, NULL, NULL);
    p.in = 0;
    k->forward(&p, lo, hi, bias, 0, v->zdot);
  }
  if (v->hdot == v->zdot) return;
  k->plus(v->n, j->panels, lo, hi, v->zdot, 0, v->hdot);
  k->slope(v->act, v->n, j->panels, lo, hi, v->z, v->hdot);
}

static void layer_unit(void *arg, int64_t unit) {
  const step *s = arg;
  const nets_job *j = s->j;
  const nets_node *v = s->v;
  const thwn_kernel *k = j->m->kern;
  int64_t lo = unit * THWN_UNIT, hi = end_of(unit, THWN_UNIT, v->n);
  thwn_job p = product(s, j->w[v->w], j->m->node[v->in].h, NULL);
  k->forward(&p, lo, hi, v->b >= 0 ? j->w[v->b] : NULL, 0, v->z);
  if (v->h != v->z) k->activate(v->act, v->n, j->panels, lo, hi, v->z, v->h);
  if (j->tangent) tangent(s, lo, hi);
}

static void sum_nodes(const nets_job *j, const nets_node *v) {
  const thwn_kernel *k = j->m->kern;
  const nets_node *a = &j->m->node[v->in], *b = &j->m->node[v->in2];
  k->plus(v->n, j->panels, 0, v->n, a->h, 0, v->h);
  k->plus(v->n, j->panels, 0, v->n, b->h, 1, v->h);
  if (!j->tangent) return;
  k->plus(v->n, j->panels, 0, v->n, a->hdot, 0, v->hdot);
  k->plus(v->n, j->panels, 0, v->n, b->hdot, 1, v->hdot);
}

/* Linearised, the outputs are those at the start plus their derivative along the increment. */
void nets_forward(const nets_job *j) {
  nets *m = j->m;
  nets_job copy = *j;
  for (int i = 1; i < m->n_nodes; i++) {
    step s = {.j = &copy, .v = &m->node[i]};
    if (s.v->kind == NODE_SUM) {
      sum_nodes(j, s.v);
      continue;
    }
    double work = 2.0 * (double)m->block[s.v->w].n * (double)j->n * (j->tangent ? 3 : 1);
    parallel(j, units(s.v->n, THWN_UNIT), work, layer_unit, &s);
  }
  nets_node *last = &m->node[m->n_nodes - 1];
  if (j->frozen && j->tangent)
    m->kern->plus(last->n, j->panels, 0, last->n, last->zdot, 1, last->z);
}

/* ---- back ------------------------------------------------------------------------------------
 */

static int second_order(const nets_job *j) {
  return j->mode == JOB_HVP && !j->frozen;
}

/* Through the activation, and the gradient of the bias. */
static void slope_unit(void *arg, int64_t unit) {
  const step *s = arg;
  const nets_job *j = s->j;
  const nets_node *v = s->v;
  const thwn_kernel *k = j->m->kern;
  int64_t lo = unit * THWN_UNIT, hi = end_of(unit, THWN_UNIT, v->n);
  int second = second_order(j);
  if (v->h != v->z) {
    if (second)
      k->slope_dot(v->act, v->n, j->panels, lo, hi, v->z, v->zdot, v->d, v->ddot);
    else
      k->slope(v->act, v->n, j->panels, lo, hi, v->z, v->d);
  }
  if (!nets_trained(j->m, v->b)) return;
  thwn_job p = product(s, NULL, NULL, second ? v->ddot : v->d);
  k->sums(&p, lo, hi, s->add_b, j->g[v->b]);
}

static void outer_unit(const step *s, int64_t unit) {
  const nets_job *j = s->j;
  const nets_node *v = s->v, *in = &j->m->node[v->in];
  const thwn_kernel *k = j->m->kern;
  int64_t lo = unit * THWN_UNIT, hi = end_of(unit, THWN_UNIT, in->n);
  int second = second_order(j);
  thwn_job p = product(s, NULL, in->h, second ? v->ddot : v->d);
  k->outer(&p, lo, hi, s->add_w, j->g[v->w]);
  if (!second || !in->hdot) return;
  p = product(s, NULL, in->hdot, v->d);
  k->outer(&p, lo, hi, 1, j->g[v->w]);
}

static void down_unit(const step *s, int64_t unit) {
  const nets_job *j = s->j;
  const nets_node *v = s->v, *in = &j->m->node[v->in];
  const thwn_kernel *k = j->m->kern;
  int64_t lo = unit * s->wide, hi = end_of(unit, s->wide, in->n);
  thwn_job p = product(s, j->w[v->w], NULL, v->d);
  k->backward(&p, lo, hi, in->add_d, in->d);
  if (!second_order(j)) return;
  p.d = v->ddot;
  k->backward(&p, lo, hi, in->add_d, in->ddot);
  if (!j->v[v->w]) return;
  p = product(s, j->v[v->w], NULL, v->d);
  k->backward(&p, lo, hi, 1, in->ddot);
}

static void back_unit(void *arg, int64_t unit) {
  const step *s = arg;
  if (unit < s->outers)
    outer_unit(s, unit);
  else
    down_unit(s, unit - s->outers);
}

static void layer_back(nets_job *j, nets_node *v, uint32_t *begun) {
  nets *m = j->m;
  nets_node *in = &m->node[v->in];
  step s = {.j = j, .v = v, .wide = in->n >= 2 * THWN_WIDE ? THWN_WIDE : THWN_UNIT};
  double work = 2.0 * (double)m->block[v->w].n * (double)j->n;
  s.add_w = (*begun >> v->w) & 1;
  s.add_b = v->b >= 0 && (*begun >> v->b) & 1;
  parallel(j, units(v->n, THWN_UNIT), 4.0 * (double)(v->n * j->n), slope_unit, &s);
  s.outers = nets_trained(m, v->w) ? units(in->n, THWN_UNIT) : 0;
  int64_t down = in->wants ? units(in->n, s.wide) : 0;
  if (s.outers + down > 0)
    parallel(j, s.outers + down, work * ((s.outers > 0) + (down > 0)), back_unit, &s);
  *begun |= UINT32_C(1) << v->w;
  if (v->b >= 0) *begun |= UINT32_C(1) << v->b;
  if (down > 0) in->add_d = 1;
}

static void sum_back(const nets_job *j, const nets_node *v, int input) {
  nets_node *in = &j->m->node[input];
  const thwn_kernel *k = j->m->kern;
  if (!in->wants) return;
  k->plus(v->n, j->panels, 0, v->n, v->d, in->add_d, in->d);
  if (second_order(j)) k->plus(v->n, j->panels, 0, v->n, v->ddot, in->add_d, in->ddot);
  in->add_d = 1;
}

void nets_backward(nets_job *j) {
  nets *m = j->m;
  uint32_t begun = 0; /* blocks whose gradient holds something */
  for (int i = 0; i < m->n_nodes; i++) m->node[i].add_d = 0;
  for (int i = m->n_nodes - 1; i > 0; i--) {
    nets_node *v = &m->node[i];
    if (!v->wants) continue;
    if (v->kind == NODE_LAYER) {
      layer_back(j, v, &begun);
    } else {
      sum_back(j, v, v->in);
      sum_back(j, v, v->in2);
    }
  }
}
