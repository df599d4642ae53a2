/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/nets/probe.c - what the theory of these networks speaks of, on a fixed batch: the
 * way that the weights have gone and how evenly it is spread over the units, activations that
 * differ from the start's, and how much of the change of the outputs is linear in the way. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nets.h"

/* Input coordinates that are told one by one, at most. */
#define INPUTS 256

static const void *point_of(const nets *m, const thw_view *x, int i) {
  return (const char *)x->data + (size_t)m->block[i].offset * m->kern->real;
}

static void tell_block(const nets *m, int i, const thw_view *x, const thw_view *start,
                       thw_sink *out) {
  const nets_block *b = &m->block[i];
  const void *p = point_of(m, x, i), *p0 = point_of(m, start, i);
  double way = 0, size = 0, fourth = 0;
  int64_t cols = b->cols ? b->cols : 1;
  char name[40];
  for (int64_t r = 0; r < b->rows; r++) {
    double row = 0;
    for (int64_t k = r * cols; k < (r + 1) * cols; k++) {
      double v = nets_real(m, p, k), v0 = nets_real(m, p0, k);
      row += (v - v0) * (v - v0);
      size += v0 * v0;
    }
    way += row;
    fourth += row * row;
  }
  snprintf(name, sizeof name, "drift_%s", b->name);
  out->real(out, name, size > 0 ? sqrt(way / size) : sqrt(way));
  if (b->role == ROLE_FIRST)
    out->real(out, "spread", way > 0 ? (double)b->rows * fourth / (way * way) : 1.0);
}

/* Mean |W_ij| over the units i, for each input coordinate j. */
static void tell_inputs(const nets *m, int i, const thw_view *x, thw_sink *out) {
  const nets_block *b = &m->block[i];
  const void *p = point_of(m, x, i);
  double mean[INPUTS] = {0};
  if (b->role != ROLE_FIRST || b->cols > INPUTS) return;
  for (int64_t k = 0; k < b->n; k++) mean[k % b->cols] += fabs(nets_real(m, p, k));
  for (int64_t c = 0; c < b->cols; c++) mean[c] /= (double)b->rows;
  out->reals(out, "input_weight", (size_t)b->cols, mean);
}

/* ---- outputs, at the point and at the start ---------------------------------------------------
 */

typedef struct outputs {
  double *now, *then, *linear; /* outputs; J (x - start) */
  uint8_t *on;                 /* units that are on, layer after layer, of the first group */
  int64_t n, units;
} outputs;

static void keep(const nets *m, int64_t n, const void *from, double *to) {
  for (int64_t s = 0; s < n; s++)
    for (int64_t c = 0; c < m->outputs; c++)
      to[s * m->outputs + c] =
          m->params->output_scale * nets_real(m, from, nets_at(m, m->outputs, c, s));
}

/* The signs of all pre-activations: kept, or compared with those kept. */
static int64_t signs(const nets *m, outputs *o, int64_t n, int compare) {
  int64_t at = 0, differ = 0;
  for (int i = 1; i < m->n_nodes; i++) {
    const nets_node *v = &m->node[i];
    if (v->h == v->z) continue;
    for (int64_t s = 0; s < n; s++)
      for (int64_t k = 0; k < v->n; k++, at++) {
        uint8_t on = nets_real(m, v->z, nets_at(m, v->n, k, s)) >= 0;
        if (compare)
          differ += on != o->on[at];
        else
          o->on[at] = on;
      }
  }
  return differ;
}

static thw_status outputs_at(nets *m, const thw_view *x, const thw_view *way, const thw_batch *b,
                             outputs *o, int64_t *differ) {
  nets_job j = {.m = m, .b = b, .n = b->n, .panels = thwn_panels(m->kern, b->n)};
  const nets_node *last = &m->node[m->n_nodes - 1];
  THW_TRY(nets_point(&j, x));
  if (way) nets_direction(&j, way, j.v);
  nets_gather(&j);
  nets_forward(&j);
  keep(m, b->n, last->h, way ? o->then : o->now);
  if (way) keep(m, b->n, last->hdot, o->linear);
  *differ = signs(m, o, b->n, way != NULL);
  return THW_OK;
}

static void tell_outputs(const nets *m, const outputs *o, int64_t differ, thw_sink *out) {
  double linear = 0, bent = 0, n = (double)o->n * (double)m->outputs;
  for (int64_t i = 0; i < o->n * m->outputs; i++) {
    double rest = o->now[i] - o->then[i] - o->linear[i];
    linear += o->linear[i] * o->linear[i];
    bent += rest * rest;
  }
  out->real(out, "linear_part", sqrt(linear / n));
  out->real(out, "nonlinear_part", sqrt(bent / n));
  if (m->params->activation == THWN_RELU && o->units > 0)
    out->real(out, "flips", (double)differ / ((double)o->n * (double)o->units));
}

static thw_status look(nets *m, const thw_view *x, const thw_view *start, const thw_batch *b,
                       thw_sink *out) {
  outputs o = {.n = b->n};
  size_t k = (size_t)(b->n * m->outputs), bytes = (size_t)m->n * m->kern->real;
  int64_t differ = 0;
  thw_view way = {malloc(bytes), m->n, 0, m->dtype, THW_MEM_HOST};
  for (int i = 1; i < m->n_nodes; i++)
    if (m->node[i].h != m->node[i].z) o.units += m->node[i].n;
  o.now = calloc(3 * k + 1, sizeof *o.now);
  o.on = calloc((size_t)(b->n * o.units) + 1, 1);
  thw_status status = THW_OK;
  if (!way.data || !o.now || !o.on) {
    status = nets_fail(m, THW_E_NOMEM, "out of memory for a probe");
  } else {
    o.then = o.now + k;
    o.linear = o.then + k;
    for (int64_t i = 0; i < m->n; i++)
      nets_set(m, way.data, i, nets_real(m, x->data, i) - nets_real(m, start->data, i));
    status = outputs_at(m, x, NULL, b, &o, &differ);
    if (status == THW_OK) status = outputs_at(m, start, &way, b, &o, &differ);
    if (status == THW_OK) tell_outputs(m, &o, differ, out);
  }
  free(way.data);
  free(o.now);
  free(o.on);
  return status;
}

static thw_status probe(void *self, const thw_view *x, const thw_view *start, const thw_batch *b,
                        thw_sink *out) {
  nets *m = self;
  THW_TRY(nets_check(m, b, 0));
  for (int i = 0; i < m->n_blocks; i++) {
    if (!nets_trained(m, i)) continue;
    tell_block(m, i, x, start, out);
    tell_inputs(m, i, x, out);
  }
  if (m->params->linearised || b->n > THWN_GROUP) return THW_OK;
  THW_TRY(nets_dots(m));
  return look(m, x, start, b, out);
}

const thw_probe nets_probe_ext = {.size = sizeof(thw_probe), .rows = THWN_GROUP, .probe = probe};
