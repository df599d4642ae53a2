/* SPDX-License-Identifier: BSD-3-Clause */
/* Built-in first-order oracles for optimizers: small sums, convex and not, finite and streaming.
 *
 *   QUADRATIC, STREAM: f_i(x) = sum_j h_j (x_j - c_ij)^2 / 2
 *   NONCONVEX:         f_i(x) = sum_j h_j r(x_j - c_ij) + |x|^2 / 20,  r(t) = t^2 / (1 + t^2) */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/space.h"
#include "core/verify/priv.h"

enum { DIM = 10, ROWS = 24 };

typedef struct batch {
  thw_batch head;
  int64_t *index;
  int64_t room;
  struct batch *next;
} batch;

struct vf_sum {
  thw_object object;
  thw_space *space;
  int shape, give_facts;
  int64_t rows; /* -1: a stream */
  double h[DIM];
  vf_place place;
  int64_t perm[ROWS]; /* of epoch place.epoch */
  batch *spare;
};

/* Column c_i, a function of i alone. */
static void centre(int64_t i, double c[DIM]) {
  thw_rng r = {.key = {11, 0}, .stream = (uint64_t)i};
  for (int j = 0; j < DIM; j++) c[j] = (double)(thw_rng_index(&r, 33) - 16) / 16;
}

static void add_row(const vf_sum *s, int64_t i, const double x[DIM], double *f, double g[DIM]) {
  double c[DIM];
  centre(i, c);
  for (int j = 0; j < DIM; j++) {
    double t = x[j] - c[j], q = 1 + t * t;
    if (s->shape == VF_NONCONVEX) {
      *f += s->h[j] * t * t / q + x[j] * x[j] / 20;
      g[j] += s->h[j] * 2 * t / (q * q) + x[j] / 10;
    } else {
      *f += 0.5 * s->h[j] * t * t;
      g[j] += s->h[j] * t;
    }
  }
}

static void read_vec(const thw_vec *x, double out[DIM]) {
  thw_view v;
  thw_vec *mine = (thw_vec *)(uintptr_t)x;
  mine->ops->map(mine, THW_READ, &v);
  for (int j = 0; j < DIM; j++) out[j] = vf_get(&v, j);
  mine->ops->unmap(mine, THW_READ);
}

static void write_vec(thw_vec *x, const double in[DIM], double scale) {
  thw_view v;
  x->ops->map(x, THW_WRITE, &v);
  for (int j = 0; j < DIM; j++) vf_set(&v, j, scale * in[j]);
  x->ops->unmap(x, THW_WRITE);
}

static thw_status eval(void *self, const thw_vec *x, const thw_batch *b, double *f, thw_vec *g) {
  vf_sum *s = self;
  double at[DIM], grad[DIM] = {0}, value = 0;
  if (!b && s->rows < 0) return THW_E_UNSUPPORTED;
  int64_t n = b ? b->n : s->rows;
  read_vec(x, at);
  for (int64_t k = 0; k < n; k++) add_row(s, b ? thw_batch_row(b, k) : k, at, &value, grad);
  if (f) *f = value / (double)n;
  if (g) write_vec(g, grad, 1 / (double)n);
  return THW_OK;
}

static thw_status facts(void *self, thw_facts *out) {
  vf_sum *s = self;
  out->components = s->rows;
  if (!s->give_facts) return THW_OK;
  out->lipschitz = out->lipschitz_max = s->shape == VF_NONCONVEX ? 2.1 : 1;
  out->lipschitz_hess = s->shape == VF_NONCONVEX ? 5 : 0;
  if (s->shape != VF_NONCONVEX) out->convexity = 0.2;
  out->lower_bound = 0;
  return THW_OK;
}

static thw_status space(void *self, thw_space **out) {
  *out = ((vf_sum *)self)->space;
  return THW_OK;
}

static thw_status start_point(void *self, thw_vec *x, thw_rng *r) {
  double at[DIM];
  (void)self;
  (void)r;
  for (int j = 0; j < DIM; j++) at[j] = 1 + (double)j / 8;
  write_vec(x, at, 1);
  return THW_OK;
}

/* ---- batches ----------------------------------------------------------------------------------
 */

static void shuffle(vf_sum *s) {
  thw_rng r = {.key = {12, 0}, .stream = (uint64_t)s->place.epoch};
  for (int64_t i = 0; i < ROWS; i++) s->perm[i] = i;
  for (int64_t i = ROWS - 1; i > 0; i--) {
    int64_t j = thw_rng_index(&r, i + 1), t = s->perm[i];
    s->perm[i] = s->perm[j];
    s->perm[j] = t;
  }
}

static int64_t next_row(vf_sum *s) {
  if (s->rows < 0) return s->place.position++;
  if (s->place.position == ROWS) {
    s->place = (vf_place){s->place.epoch + 1, 0};
    shuffle(s);
  }
  return s->perm[s->place.position++];
}

static void subset(thw_rng *r, int64_t n, int64_t *index) {
  int64_t all[ROWS];
  for (int64_t i = 0; i < ROWS; i++) all[i] = i;
  for (int64_t i = 0; i < n; i++) {
    int64_t j = i + thw_rng_index(r, ROWS - i), t = all[i];
    all[i] = all[j];
    all[j] = t;
    index[i] = all[i];
  }
}

static thw_status draw(void *self, thw_rng *r, uint32_t how, int64_t n, thw_batch **out) {
  vf_sum *s = self;
  if (n < 1 || n > 1000000 || how > THW_DRAW_NEXT) return THW_E_ARG;
  if (how == THW_DRAW_SUBSET && s->rows > 0 && n > s->rows) n = s->rows;
  batch *b = s->spare;
  if (b)
    s->spare = b->next;
  else
    b = tw_calloc(1, sizeof *b);
  if (b->room < n) {
    b->index = tw_realloc(b->index, (size_t)n * sizeof *b->index);
    b->room = n;
  }
  if (how == THW_DRAW_SUBSET && s->rows > 0)
    subset(r, n, b->index);
  else
    for (int64_t i = 0; i < n; i++)
      b->index[i] =
          how == THW_DRAW_NEXT ? next_row(s) : thw_rng_index(r, s->rows > 0 ? s->rows : INT32_MAX);
  b->head = (thw_batch){.size = sizeof b->head, .n = n, .index = b->index};
  *out = &b->head;
  return THW_OK;
}

static void release(void *self, thw_batch *head) {
  vf_sum *s = self;
  batch *b = (batch *)(void *)head;
  b->next = s->spare;
  s->spare = b;
}

static const thw_oracle_ops ops = {.size = sizeof ops,
                                   .facts = facts,
                                   .space = space,
                                   .start_point = start_point,
                                   .draw = draw,
                                   .release = release,
                                   .eval = eval};

vf_sum *vf_sum_new(uint32_t dtype, int shape, int give_facts) {
  vf_sum *s = tw_calloc(1, sizeof *s);
  s->shape = shape;
  s->give_facts = give_facts;
  s->rows = shape == VF_STREAM ? -1 : ROWS;
  for (int j = 0; j < DIM; j++) s->h[j] = j == 0 ? 1 : j == 1 ? 0.2 : 0.2 + 0.1 * (double)(j % 8);
  s->space = vf_space_new(dtype, DIM);
  s->object = (thw_object){sizeof s->object, THW_ORACLE, &ops, s, NULL};
  shuffle(s);
  return s;
}

void vf_sum_free(vf_sum *s) {
  if (!s) return;
  for (batch *b = s->spare, *next; b; b = next) {
    next = b->next;
    free(b->index);
    free(b);
  }
  tw_space_free(s->space);
  free(s);
}

const thw_object *vf_sum_object(vf_sum *s) {
  return &s->object;
}

int64_t vf_sum_rows(const vf_sum *s) {
  return s->rows;
}

vf_place vf_sum_place(const vf_sum *s) {
  return s->place;
}

void vf_sum_put(vf_sum *s, vf_place p) {
  s->place = p;
  shuffle(s);
}

thw_status vf_sum_minimiser(const vf_sum *s, thw_vec *x) {
  double mean[DIM] = {0}, c[DIM];
  if (s->rows < 0) return THW_E_UNSUPPORTED;
  for (int64_t i = 0; i < s->rows; i++) {
    centre(i, c);
    for (int j = 0; j < DIM; j++) mean[j] += c[j];
  }
  write_vec(x, mean, 1 / (double)s->rows);
  return THW_OK;
}
