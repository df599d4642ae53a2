/* SPDX-License-Identifier: BSD-3-Clause */
/* Means of functions of a few projections of Gaussian rows. A batch is cut into blocks whose number
 * depends on its size alone; a block goes through its rows in tiles: projections, the function's
 * derivatives by them, and the sum of the rows with these weights. */
#include <string.h>

#include "kernels/problems/problems.h"

#define TILE 64
#define BLOCK_WORK 16384
#define STORE_MOST (INT64_C(1) << 27) /* numbers */

enum { EVAL, DIFF, HVP };

typedef struct job {
  thwp_ridge *p;
  const thw_batch *b;
  const double *x, *y;
  int mode, want_g;
  int64_t blocks;
} job;

/* ---- links: z, dz, w are k x TILE
 * ---------------------------------------------------------------- */

static double sigmoid(double z) {
  return z >= 0 ? 1 / (1 + exp(-z)) : exp(z) / (1 + exp(z));
}

/* Value and first two derivatives of the activation. */
static double activate(thwp_link link, double z, double *a1, double *a2) {
  if (link == THWP_TANH) {
    double t = tanh(z);
    *a1 = 1 - t * t;
    *a2 = -2 * t * *a1;
    return t;
  }
  *a1 = sigmoid(z);
  *a2 = *a1 * (1 - *a1);
  return z > 0 ? z + log1p(exp(-z)) : log1p(exp(z));
}

/* Sum of the losses; w: derivatives by the projections. */
static double slopes(const thwp_ridge *p, int64_t n, const double *z, const double *y, double *w) {
  double e[TILE], f = 0, a2;
  for (int64_t i = 0; i < n; i++) e[i] = -y[i];
  if (p->link == THWP_SENSING) {
    for (int64_t c = 0; c < p->k; c++)
      for (int64_t i = 0; i < n; i++) e[i] += z[c * TILE + i] * z[c * TILE + i];
    for (int64_t c = 0; c < p->k; c++)
      for (int64_t i = 0; i < n; i++) w[c * TILE + i] = e[i] * z[c * TILE + i];
    for (int64_t i = 0; i < n; i++) f += e[i] * e[i];
    return f / 4;
  }
  for (int64_t c = 0; c < p->k; c++)
    for (int64_t i = 0; i < n; i++)
      e[i] += activate(p->link, z[c * TILE + i], &w[c * TILE + i], &a2);
  for (int64_t c = 0; c < p->k; c++)
    for (int64_t i = 0; i < n; i++) w[c * TILE + i] *= e[i];
  for (int64_t i = 0; i < n; i++) f += e[i] * e[i];
  return f / 2;
}

/* dz becomes the second derivative by the projections times dz. */
static void curvatures(const thwp_ridge *p, int64_t n, const double *z, const double *y,
                       double *dz) {
  for (int64_t i = 0; i < n; i++) {
    double e = -y[i], along = 0, a1, a2;
    for (int64_t c = 0; c < p->k; c++) {
      double t = z[c * TILE + i];
      if (p->link == THWP_SENSING) {
        e += t * t;
        along += 2 * t * dz[c * TILE + i];
      } else {
        e += activate(p->link, t, &a1, &a2);
        along += a1 * dz[c * TILE + i];
      }
    }
    for (int64_t c = 0; c < p->k; c++) {
      double t = z[c * TILE + i], *to = &dz[c * TILE + i];
      if (p->link == THWP_SENSING) {
        *to = e * *to + along * t;
      } else {
        activate(p->link, t, &a1, &a2);
        *to = along * a1 + e * a2 * *to;
      }
    }
  }
}

/* ---- rows
 * ---------------------------------------------------------------------------------------- */

static double target(const thwp_ridge *p, const double *a) {
  double y = 0, a1, a2;
  for (int64_t c = 0; c < p->teachers; c++) {
    double t = thwp_dot(p->d, a, p->teacher + c * p->d);
    y += p->link == THWP_SENSING ? t * t : activate(p->link, t, &a1, &a2);
  }
  return y;
}

static void make_row(const thwp_ridge *p, int64_t i, double *a, double *y) {
  uint64_t first = (uint64_t)i * (uint64_t)((p->d + 1) / 2);
  for (int64_t j = 0; j < p->d; j += 2) {
    uint32_t w[4];
    double z[2];
    thw_rng_block(&p->rows, first + (uint64_t)j / 2, w);
    thw_normal_pair(w, z);
    a[j] = z[0];
    if (j + 1 < p->d) a[j + 1] = z[1];
  }
  *y = target(p, a);
}

/* ---- one tile
 * ------------------------------------------------------------------------------------ */

/* Room of one block: z, w (k x TILE each), targets, and rows that are not stored. */
static int64_t tile_room(int64_t n, int64_t d, int64_t k) {
  return 2 * k * TILE + TILE + (n < 0 || n > STORE_MOST / d ? TILE * d : 0);
}

/* The rows of a tile as a batch of dense rows, and their targets. */
static thw_batch rows_of(const thwp_ridge *p, const thw_batch *b, int64_t lo, int64_t hi,
                         double *room, thw_rows *made, double *y) {
  thw_batch t = {.size = sizeof t, .n = hi - lo};
  if (p->stored.x) {
    t.rows = &p->stored;
    t.first = b->first + lo;
    if (b->index) {
      t.first = 0;
      t.index = b->index + lo;
    }
    for (int64_t i = 0; i < t.n; i++) y[i] = ((const double *)p->stored.y)[thw_batch_row(&t, i)];
    return t;
  }
  for (int64_t i = 0; i < t.n; i++) {
    int64_t at = thw_batch_row(b, lo + i);
    make_row(p, b->rows && b->rows->id ? b->rows->id[at] : at, room + i * p->d, &y[i]);
  }
  *made = p->stored;
  made->x = room;
  made->n = t.n;
  t.rows = made;
  return t;
}

static void project(const thwp_ridge *p, const thw_batch *t, const double *x, double *z) {
  for (int64_t c = 0; c < p->k; c++) p->kern->margins(t, 0, t->n, p->d, x + c * p->d, z + c * TILE);
}

static void run_block(void *arg, int64_t i) {
  const job *q = arg;
  const thwp_ridge *p = q->p;
  int64_t end = q->b->n * (i + 1) / q->blocks, words = p->k * p->d, wide = thwp_padded(words + 1);
  double *z = p->tiles + i * p->tile_room, *w = z + p->k * TILE, *y = w + p->k * TILE;
  double *g = p->parts + i * wide, f = 0;
  memset(g, 0, (size_t)(words + 1) * sizeof *g);
  for (int64_t lo = q->b->n * i / q->blocks, hi; lo < end; lo = hi) {
    hi = end - lo < TILE ? end : lo + TILE;
    thw_rows made;
    thw_batch t = rows_of(p, q->b, lo, hi, y + TILE, &made, y);
    project(p, &t, q->x, z);
    if (q->mode == HVP) {
      project(p, &t, q->y, w);
      curvatures(p, t.n, z, y, w);
    } else {
      f += slopes(p, t.n, z, y, w);
    }
    if (q->mode == DIFF) {
      /* the slopes at x are kept in w while those at y are made in z */
      double *z2 = z;
      project(p, &t, q->y, z2);
      slopes(p, t.n, z2, y, z2);
      for (int64_t c = 0; c < p->k; c++)
        for (int64_t j = 0; j < t.n; j++) w[c * TILE + j] -= z2[c * TILE + j];
    }
    for (int64_t c = 0; q->want_g && c < p->k; c++)
      p->kern->scatter(&t, 0, t.n, p->d, w + c * TILE, g + c * p->d);
  }
  g[words] = f;
}

static double run(thwp_ridge *p, job *q, const thw_batch *b) {
  int64_t words = p->k * p->d, wide = thwp_padded(words + 1);
  const thw_batch whole = {.size = sizeof whole, .n = p->n};
  q->p = p;
  q->b = b ? b : &whole;
  double rows = (double)q->b->n, work = rows * (double)words * (q->mode == EVAL ? 4 : 6);
  if (!p->stored.x) work += 40 * rows * (double)p->d;
  if (p->link != THWP_SENSING) work += 60 * rows * (double)p->k;
  q->blocks = (int64_t)fmin(fmax(work / BLOCK_WORK, 1), (double)thwp_blocks(words));
  if (q->blocks > q->b->n) q->blocks = q->b->n > 0 ? q->b->n : 1;
  thwp_parallel(&p->pool, q->blocks, work, run_block, q);
  for (int64_t i = 1; i < q->blocks; i++)
    for (int64_t j = 0; j <= words; j++) p->parts[j] += p->parts[i * wide + j];
  for (int64_t j = 0; j < words; j++) p->out[j] = p->parts[j] / rows;
  return p->parts[words] / rows;
}

/* ---- entries
 * ------------------------------------------------------------------------------------- */

void thwp_ridge_eval(thwp_ridge *p, const thw_view *x, const thw_batch *b, double *f, thw_view *g) {
  thwp_read(x, p->x);
  job q = {.x = p->x, .mode = EVAL, .want_g = g != NULL};
  double value = run(p, &q, b);
  if (f) *f = value;
  if (g) thwp_write(p->out, g);
}

void thwp_ridge_diff(thwp_ridge *p, const thw_view *x, const thw_view *y, const thw_batch *b,
                     thw_view *out) {
  thwp_read(x, p->x);
  thwp_read(y, p->y);
  job q = {.x = p->x, .y = p->y, .mode = DIFF, .want_g = 1};
  run(p, &q, b);
  thwp_write(p->out, out);
}

void thwp_ridge_hvp(thwp_ridge *p, const thw_view *x, const thw_view *v, const thw_batch *b,
                    thw_view *hv) {
  thwp_read(x, p->x);
  thwp_read(v, p->y);
  job q = {.x = p->x, .y = p->y, .mode = HVP, .want_g = 1};
  run(p, &q, b);
  thwp_write(p->out, hv);
}

void thwp_ridge_moments(const thwp_ridge *p, double m[5]) {
  for (int j = 0; j < 5; j++) m[j] = 0;
  for (int64_t i = 0; p->stored.x && i < p->n; i++) {
    const double *a = (const double *)p->stored.x + i * p->d;
    double s = thwp_dot(p->d, a, a), y = ((const double *)p->stored.y)[i];
    m[0] += s;
    m[1] += s * sqrt(s);
    m[2] += s * s;
    m[3] += fabs(y) * s;
    m[4] += y * y;
  }
  for (int j = 0; j < 5; j++) m[j] /= p->n > 0 ? (double)p->n : 1;
}

/* ---- instances
 * ----------------------------------------------------------------------------------- */

int64_t thwp_ridge_room(int64_t n, int64_t d, int64_t k) {
  int64_t words = 3 * thwp_padded(k * d), stored = n < 0 || n > STORE_MOST / d ? 0 : n;
  words += thwp_blocks(k * d) * (thwp_padded(tile_room(n, d, k)) + thwp_padded(k * d + 1));
  return words + thwp_padded(stored * d) + thwp_padded(stored);
}

typedef struct filling {
  const thwp_ridge *p;
  double *a, *y;
} filling;

static void fill(void *arg, int64_t i) {
  const filling *s = arg;
  make_row(s->p, i, s->a + i * s->p->d, s->y + i);
}

void thwp_ridge_init(thwp_ridge *p, thwp_pool pool, thwp_link link, int64_t n, int64_t d, int64_t k,
                     int64_t teachers, const double *teacher, const thw_rng *rows, double *room) {
  *p = (thwp_ridge){.pool = pool,
                    .kern = thwk_linear_best(),
                    .link = link,
                    .n = n,
                    .d = d,
                    .k = k,
                    .teachers = teachers,
                    .teacher = teacher,
                    .rows = *rows};
  p->stored = (thw_rows){.size = sizeof p->stored,
                         .layout = THW_ROWS_DENSE,
                         .dtype = THW_F64,
                         .n = n,
                         .width = d,
                         .ld = d};
  p->x = thwp_take(&room, k * d);
  p->y = thwp_take(&room, k * d);
  p->out = thwp_take(&room, k * d);
  p->tile_room = thwp_padded(tile_room(n, d, k));
  p->tiles = thwp_take(&room, thwp_blocks(k * d) * p->tile_room);
  p->parts = thwp_take(&room, thwp_blocks(k * d) * thwp_padded(k * d + 1));
  if (n < 0 || n > STORE_MOST / d) return;
  filling s = {p, thwp_take(&room, n * d), thwp_take(&room, n)};
  thwp_parallel(&p->pool, n, (40.0 + 2.0 * (double)teachers) * (double)(n * d), fill, &s);
  p->stored.x = s.a;
  p->stored.y = s.y;
}
