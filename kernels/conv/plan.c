/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels/conv/plan.c - which positions read where. */
#include "kernels/conv/conv.h"

int64_t thwc_plan_size(const thwc_conv *c) {
  int64_t h_out = (c->h + c->stride - 1) / c->stride, w_out = (c->w + c->stride - 1) / c->stride;
  return 2 * h_out * w_out + 2 * c->h * c->w;
}

static void plan_forward(thwc_conv *c, int32_t *in, int32_t *out) {
  thwc_class *p = &c->forward;
  *p = (thwc_class){.n = c->h_out * c->w_out, .in = in, .out = out};
  for (int64_t i = 0; i < c->h_out; i++)
    for (int64_t j = 0; j < c->w_out; j++) {
      *in++ = (int32_t)((c->stride * i * (c->w + 2) + c->stride * j) * c->in_room);
      *out++ = (int32_t)((i * c->w_out + j) * c->out_room);
    }
  for (int64_t u = 0; u < c->k; u++)
    for (int64_t v = 0; v < c->k; v++) {
      int64_t row = c->k == 1 ? 1 : u, col = c->k == 1 ? 1 : v;
      p->at[p->taps] = (int32_t)((row * (c->w + 2) + col) * c->in_room);
      p->weight[p->taps++] = (int32_t)(u * c->k + v);
    }
}

/* Taps along one axis for positions that are `parity` modulo the stride: the framed position
 * read, relative to position / stride, and the weight's index. */
static int taps_of(const thwc_conv *c, int64_t parity, int64_t at[3], int64_t index[3]) {
  int n = 0;
  for (int64_t u = 0; u < c->k; u++) {
    int64_t d = parity + (c->k == 3 ? 1 : 0) - u; /* position = stride i + u - 1 */
    if (d % c->stride != 0) continue;
    at[n] = d / c->stride + 1;
    index[n++] = u;
  }
  return n;
}

static void plan_class(thwc_conv *c, int64_t rows, int64_t cols, int32_t **table) {
  thwc_class *p = &c->backward[c->n_backward];
  int64_t at[2][3], index[2][3];
  int nr = taps_of(c, rows, at[0], index[0]), nc = taps_of(c, cols, at[1], index[1]);
  int32_t *in = *table, *out = in;
  *p = (thwc_class){.n = 0};
  for (int64_t i = rows; i < c->h; i += c->stride)
    for (int64_t j = cols; j < c->w; j += c->stride) p->n++;
  out += p->n;
  *table += 2 * p->n;
  p->in = in;
  p->out = out;
  for (int64_t i = rows; i < c->h; i += c->stride)
    for (int64_t j = cols; j < c->w; j += c->stride) {
      *in++ = (int32_t)((i / c->stride * (c->w_out + 2) + j / c->stride) * c->out_room);
      *out++ = (int32_t)((i * c->w + j) * c->in_room);
    }
  for (int a = 0; a < nr; a++)
    for (int b = 0; b < nc; b++) {
      p->at[p->taps] = (int32_t)((at[0][a] * (c->w_out + 2) + at[1][b]) * c->out_room);
      p->weight[p->taps++] = (int32_t)(index[0][a] * c->k + index[1][b]);
    }
  c->n_backward++;
}

void thwc_plan(thwc_conv *c, int32_t *table) {
  c->h_out = (c->h + c->stride - 1) / c->stride;
  c->w_out = (c->w + c->stride - 1) / c->stride;
  int64_t n = c->h_out * c->w_out;
  plan_forward(c, table, table + n);
  table += 2 * n;
  c->n_backward = 0;
  for (int64_t i = 0; i < c->stride; i++)
    for (int64_t j = 0; j < c->stride; j++) plan_class(c, i, j, &table);
}
