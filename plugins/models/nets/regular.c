/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/models/nets/regular.c - penalties that do not depend on the rows: l2/2 |x|^2 over
 * weights, and those of the theory on the way W', V' from the start, with lambda = output_scale:
 * reg_w4 lambda^2 sum_i |w'_i|^4 over the rows of W', reg_v2 lambda |V'|^2. Biases are left out. */
#include "nets.h"

#define PART 64 /* rows of a matrix that one thread takes at a time */

typedef struct penalty {
  const nets *m;
  const nets_block *b;
  const thw_view *x, *v; /* v: direction, or NULL */
  void *to;
  double l2, v2, w4;
} penalty;

static penalty penalty_of(const nets *m, int i) {
  const nets_params *p = m->params;
  const nets_block *b = &m->block[i];
  double scale = p->output_scale;
  penalty q = {.m = m, .b = b};
  if (b->offset < 0 || b->cols == 0) return q;
  q.l2 = p->l2;
  q.v2 = b->role == ROLE_HIDDEN ? p->reg_v2 * scale : 0.0;
  q.w4 = b->role == ROLE_FIRST ? p->reg_w4 * scale * scale : 0.0;
  return q;
}

static int is_zero(const penalty *p) {
  return !(p->l2 > 0) && !(p->v2 > 0) && !(p->w4 > 0);
}

/* Element k of the way from the start; 0 where nothing asks for it. */
static double way(const penalty *p, int64_t k) {
  if (!(p->v2 > 0) && !(p->w4 > 0)) return 0.0;
  return nets_real(p->m, p->x->data, p->b->offset + k) - nets_real(p->m, p->b->start, k);
}

static double row_square(const penalty *p, int64_t row) {
  double s = 0;
  for (int64_t k = row * p->b->cols; k < (row + 1) * p->b->cols; k++) s += way(p, k) * way(p, k);
  return s;
}

double nets_penalty(const nets *m, const thw_view *x) {
  double f = 0;
  for (int i = 0; i < m->n_blocks; i++) {
    penalty p = penalty_of(m, i);
    if (is_zero(&p)) continue;
    p.x = x;
    double square = 0;
    for (int64_t k = 0; p.l2 > 0 && k < p.b->n; k++) {
      double v = nets_real(m, x->data, p.b->offset + k);
      square += v * v;
    }
    f += 0.5 * p.l2 * square;
    for (int64_t r = 0; (p.v2 > 0 || p.w4 > 0) && r < p.b->rows; r++) {
      double s = row_square(&p, r);
      f += p.v2 * s + p.w4 * s * s;
    }
  }
  return f;
}

static void add(const penalty *p, int64_t k, double v) {
  int64_t at = p->b->offset + k;
  nets_set(p->m, p->to, at, nets_real(p->m, p->to, at) + v);
}

static void gradient_rows(void *arg, int64_t part) {
  const penalty *p = arg;
  int64_t hi = (part + 1) * PART < p->b->rows ? (part + 1) * PART : p->b->rows;
  for (int64_t r = part * PART; r < hi; r++) {
    double w4 = p->w4 > 0 ? 4.0 * p->w4 * row_square(p, r) : 0.0;
    for (int64_t k = r * p->b->cols; k < (r + 1) * p->b->cols; k++) {
      double x = nets_real(p->m, p->x->data, p->b->offset + k);
      add(p, k, p->l2 * x + (2.0 * p->v2 + w4) * way(p, k));
    }
  }
}

static void product_rows(void *arg, int64_t part) {
  const penalty *p = arg;
  int64_t hi = (part + 1) * PART < p->b->rows ? (part + 1) * PART : p->b->rows;
  for (int64_t r = part * PART; r < hi; r++) {
    double square = p->w4 > 0 ? row_square(p, r) : 0.0, dot = 0;
    for (int64_t k = r * p->b->cols; p->w4 > 0 && k < (r + 1) * p->b->cols; k++)
      dot += way(p, k) * nets_real(p->m, p->v->data, p->b->offset + k);
    for (int64_t k = r * p->b->cols; k < (r + 1) * p->b->cols; k++) {
      double v = nets_real(p->m, p->v->data, p->b->offset + k);
      add(p, k, (p->l2 + 2.0 * p->v2) * v + 4.0 * p->w4 * (square * v + 2.0 * dot * way(p, k)));
    }
  }
}

static void each(const nets *m, const thw_view *x, const thw_view *v, void *to,
                 void (*body)(void *, int64_t)) {
  for (int i = 0; i < m->n_blocks; i++) {
    penalty p = penalty_of(m, i);
    if (is_zero(&p)) continue;
    p.x = x;
    p.v = v;
    p.to = to;
    m->host->parallel(m->ctx, (p.b->rows + PART - 1) / PART, 8.0 * (double)p.b->n, body, &p);
  }
}

void nets_penalty_gradient(const nets *m, const thw_view *x, thw_view *g) {
  each(m, x, NULL, g->data, gradient_rows);
}

void nets_penalty_product(const nets *m, const thw_view *x, const thw_view *v, thw_view *hv) {
  each(m, x, v, hv->data, product_rows);
}
