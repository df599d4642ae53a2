/* SPDX-License-Identifier: BSD-3-Clause */
/* The convolution kernels against the sums of their definitions, in both precisions and on every
 * set of instructions that this machine has. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <thalweg/rng.h>

#include "kernels/conv/conv.h"

static thw_rng source = {.key = {7, 7}};

static double *doubles(int64_t n) {
  double *p = calloc((size_t)n, sizeof *p);
  assert_non_null(p);
  return p;
}

static double *random_numbers(int64_t n) {
  double *p = doubles(n);
  for (int64_t i = 0; i < n; i++) p[i] = thw_rng_normal(&source);
  return p;
}

/* The kernel's numbers from doubles, and back. */
static void *to_real(const thwc_kernel *k, const double *from, int64_t n) {
  void *p = calloc((size_t)n, k->real);
  assert_non_null(p);
  for (int64_t i = 0; i < n; i++) {
    if (k->real == sizeof(float))
      ((float *)p)[i] = (float)from[i];
    else
      ((double *)p)[i] = from[i];
  }
  return p;
}

static double at(const thwc_kernel *k, const void *p, int64_t i) {
  return k->real == sizeof(float) ? (double)((const float *)p)[i] : ((const double *)p)[i];
}

static double limit(const thwc_kernel *k) {
  return k->real == sizeof(float) ? 1e-5 : 1e-13;
}

/* |got - want| relative to the size of all of `want`. */
static void same(const thwc_kernel *k, const void *got, const double *want, int64_t n) {
  double most = 1e-300, apart = 0;
  for (int64_t i = 0; i < n; i++) {
    most = fmax(most, fabs(want[i]));
    apart = fmax(apart, fabs(at(k, got, i) - want[i]));
  }
  if (!(apart <= limit(k) * most)) fail_msg("%g apart, the largest is %g", apart, most);
}

/* ---- convolutions ---------------------------------------------------------------------------- */

/* A map in its frame; channels beyond `real` are zero. */
static double *framed(int64_t h, int64_t w, int64_t room, int64_t channels) {
  double *p = doubles(thwc_framed(h, w, room));
  for (int64_t i = 0; i < h; i++)
    for (int64_t j = 0; j < w; j++)
      for (int64_t c = 0; c < channels; c++)
        p[((i + 1) * (w + 2) + j + 1) * room + c] = thw_rng_normal(&source);
  return p;
}

/* What the definition says: y, dx, dw from x, dy, the weights. */
typedef struct naive {
  double *x, *dy, *weights, *y, *dx, *dw;
} naive;

static void define(const thwc_conv *c, naive *n) {
  int64_t pad = c->k == 3 ? 0 : 1;
  for (int64_t i = 0; i < c->h_out; i++)
    for (int64_t j = 0; j < c->w_out; j++)
      for (int64_t o = 0; o < c->out; o++)
        for (int64_t q = 0; q < c->in; q++)
          for (int64_t u = 0; u < c->k; u++)
            for (int64_t v = 0; v < c->k; v++) {
              int64_t row = c->stride * i + u + pad, col = c->stride * j + v + pad;
              int64_t from = (row * (c->w + 2) + col) * c->in_room + q;
              double k = n->weights[((o * c->in + q) * c->k + u) * c->k + v];
              double g = n->dy[((i + 1) * (c->w_out + 2) + j + 1) * c->out_room + o];
              n->y[(i * c->w_out + j) * c->out_room + o] += k * n->x[from];
              n->dw[((u * c->k + v) * c->in_room + q) * c->out_room + o] += g * n->x[from];
              if (row >= 1 && row <= c->h && col >= 1 && col <= c->w)
                n->dx[((row - 1) * c->w + col - 1) * c->in_room + q] += k * g;
            }
}

static void compare(const thwc_kernel *k, const thwc_conv *c, const naive *n) {
  int64_t many = thwc_weights(c), ny = c->h_out * c->w_out * c->out_room,
          nx = c->h * c->w * c->in_room;
  void *w = to_real(k, n->weights, c->in * c->out * c->k * c->k);
  void *x = to_real(k, n->x, thwc_framed(c->h, c->w, c->in_room));
  void *dy = to_real(k, n->dy, thwc_framed(c->h_out, c->w_out, c->out_room));
  void *forth = calloc((size_t)many, k->real), *back = calloc((size_t)many, k->real),
       *dw = calloc((size_t)many, k->real), *y = calloc((size_t)ny, k->real),
       *dx = calloc((size_t)nx, k->real);
  int whole = c->in_room % THWC_BLOCK == 0;
  double *twice = doubles(ny > nx ? ny : nx);
  k->pack(c, w, forth, whole ? back : NULL);
  k->forward(c, forth, x, y, 0);
  same(k, y, n->y, ny);
  k->forward(c, forth, x, y, 1);
  for (int64_t i = 0; i < ny; i++) twice[i] = 2 * n->y[i];
  same(k, y, twice, ny);
  k->weights(c, x, dy, dw);
  same(k, dw, n->dw, many);
  if (whole) {
    memset(dx, 0x5a, (size_t)nx * k->real);
    k->backward(c, back, dy, dx, 0);
    same(k, dx, n->dx, nx);
    k->backward(c, back, dy, dx, 1);
    for (int64_t i = 0; i < nx; i++) twice[i] = 2 * n->dx[i];
    same(k, dx, twice, nx);
  }
  void *all[] = {w, x, dy, forth, back, dw, y, dx, twice};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) free(all[i]);
}

static void check(const thwc_kernel *k, thwc_conv c) {
  c.in_room = c.in == 3 ? 4 : thwc_room(c.in);
  c.out_room = thwc_room(c.out);
  int32_t *table = calloc((size_t)thwc_plan_size(&c), sizeof *table);
  assert_non_null(table);
  thwc_plan(&c, table);
  naive n = {.x = framed(c.h, c.w, c.in_room, c.in),
             .dy = framed(c.h_out, c.w_out, c.out_room, c.out),
             .weights = random_numbers(c.in * c.out * c.k * c.k),
             .y = doubles(c.h_out * c.w_out * c.out_room),
             .dx = doubles(c.h * c.w * c.in_room),
             .dw = doubles(thwc_weights(&c))};
  define(&c, &n);
  compare(k, &c, &n);
  double *all[] = {n.x, n.dy, n.weights, n.y, n.dx, n.dw};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) free(all[i]);
  free(table);
}

static void each_kernel(void (*body)(const thwc_kernel *k)) {
  body(&thwc_f32);
  body(&thwc_f64);
  if (thwc_best(sizeof(float)) != &thwc_f32) body(thwc_best(sizeof(float)));
  if (thwc_best(sizeof(double)) != &thwc_f64) body(thwc_best(sizeof(double)));
}

static void convolutions_of(const thwc_kernel *k) {
  static const thwc_conv shapes[] = {
      {.k = 3, .stride = 1, .in = 3, .out = 16, .h = 8, .w = 8},
      {.k = 3, .stride = 1, .in = 16, .out = 16, .h = 32, .w = 32},
      {.k = 3, .stride = 1, .in = 16, .out = 32, .h = 5, .w = 7},
      {.k = 3, .stride = 2, .in = 32, .out = 16, .h = 8, .w = 8},
      {.k = 3, .stride = 2, .in = 16, .out = 48, .h = 7, .w = 5},
      {.k = 1, .stride = 2, .in = 16, .out = 32, .h = 8, .w = 8},
      {.k = 1, .stride = 1, .in = 32, .out = 16, .h = 4, .w = 4},
      {.k = 3, .stride = 1, .in = 2, .out = 5, .h = 4, .w = 4},
      {.k = 3, .stride = 1, .in = 160, .out = 16, .h = 16, .w = 16},
      {.k = 3, .stride = 2, .in = 17, .out = 33, .h = 1, .w = 2},
  };
  for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) check(k, shapes[i]);
}

static void convolutions(void **state) {
  (void)state;
  each_kernel(convolutions_of);
}

/* ---- between the convolutions ---------------------------------------------------------------- */

enum { H = 5, W = 7, ROOM = 32, N = H * W * ROOM };

static void moments_of(const thwc_kernel *k) {
  double *x = random_numbers(N), mean[ROOM], square[ROOM], m[ROOM] = {0}, s[ROOM] = {0};
  for (int i = 0; i < N; i++) x[i] += 1000; /* squares minus the square of the mean would fail */
  void *r = to_real(k, x, N);
  k->moments(H * W, ROOM, r, mean, square);
  for (int i = 0; i < N; i++) m[i % ROOM] += at(k, r, i) / (H * W);
  for (int i = 0; i < N; i++)
    s[i % ROOM] += (at(k, r, i) - m[i % ROOM]) * (at(k, r, i) - m[i % ROOM]);
  for (int c = 0; c < ROOM; c++) {
    assert_true(fabs(mean[c] - m[c]) <= 10 * limit(k) * 100);
    assert_true(fabs(square[c] - s[c]) <= 1e-3 * s[c]);
  }
  free(x);
  free(r);
}

static void moments(void **state) {
  (void)state;
  each_kernel(moments_of);
}

static double act(int kind, double u) {
  if (kind == THWC_SOFTPLUS) return log(1 + exp(u));
  if (kind == THWC_GELU) return u * 0.5 * erfc(-u / sqrt(2));
  return kind == THWC_TANH ? tanh(u) : fmax(u, 0);
}

static int64_t inside(int64_t i) {
  return (i / ROOM / W + 1) * (W + 2) * ROOM + (i / ROOM % W + 1) * ROOM + i % ROOM;
}

/* Forward values by the formula, slopes by differences. */
static void activation(const thwc_kernel *k, int kind, int with_add, int with_noise) {
  double *x = random_numbers(N), *add = random_numbers(N), *dv = random_numbers(N),
         *noise = random_numbers(H * W), scale[ROOM], shift[ROOM], mean[ROOM], inv[ROOM], one[ROOM],
         two[ROOM], want_one[ROOM] = {0}, want_two[ROOM] = {0}, *v = doubles(N), *g = doubles(N);
  for (int c = 0; c < ROOM; c++)
    scale[c] = 1 + 0.1 * c, shift[c] = 0.3 - 0.02 * c, mean[c] = 0.01 * c, inv[c] = 1 + 0.05 * c;
  for (int i = 0; i < N; i++) {
    int c = i % ROOM;
    double h = 1e-5, u = x[i] * scale[c] + shift[c] + (with_add ? add[i] : 0) +
                         (with_noise ? noise[i / ROOM] : 0);
    v[i] = act(kind, u);
    g[i] = dv[i] * (kind == THWC_RELU ? u > 0 : (act(kind, u + h) - act(kind, u - h)) / (2 * h));
    want_one[c] += g[i];
    want_two[c] += g[i] * (x[i] - mean[c]) * inv[c];
  }
  void *rx = to_real(k, x, N), *ra = to_real(k, add, N), *rn = to_real(k, noise, H * W),
       *rs = to_real(k, scale, ROOM), *rt = to_real(k, shift, ROOM), *rd = to_real(k, dv, N),
       *rm = to_real(k, mean, ROOM), *ri = to_real(k, inv, ROOM), *copy = calloc(N, k->real),
       *rg = calloc(N, k->real), *out = calloc((size_t)thwc_framed(H, W, ROOM), k->real);
  thwc_act a = {H, W, ROOM, kind, rx, rs, rt, with_add ? ra : NULL, with_noise ? rn : NULL};
  k->activate(&a, out, copy);
  same(k, copy, v, N);
  for (int i = 0; i < N; i++) assert_true(at(k, out, inside(i)) == at(k, copy, i));
  k->deactivate(&a, out, rd, rg, rm, ri, one, two);
  for (int i = 0; i < N; i++) assert_true(fabs(at(k, rg, i) - g[i]) <= 1e-4 * (1 + fabs(g[i])));
  for (int c = 0; c < ROOM; c++) {
    assert_true(fabs(one[c] - want_one[c]) <= 1e-4 * 10);
    assert_true(fabs(two[c] - want_two[c]) <= 1e-4 * 100);
  }
  k->dot(H * W, ROOM, rg, rx, rm, ri, one);
  for (int c = 0; c < ROOM; c++) assert_true(fabs(one[c] - two[c]) <= 1e-4 * 100);
  void *all[] = {x, add, dv, noise, v, g, rx, ra, rn, rs, rt, rd, rm, ri, rg, copy, out};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) free(all[i]);
}

static void activations_of(const thwc_kernel *k) {
  for (int kind = THWC_RELU; kind <= THWC_TANH; kind++)
    for (int how = 0; how < 4; how++) activation(k, kind, how & 1, how & 2);
}

static void activations(void **state) {
  (void)state;
  each_kernel(activations_of);
}

static void denormalised_by(const thwc_kernel *k) {
  double *g = random_numbers(N), *x = random_numbers(N), *add = random_numbers(N),
         *coef = random_numbers(4 * ROOM), *want = doubles(N);
  for (int i = 0; i < N; i++) {
    const double *c = coef + i % ROOM;
    want[i] = c[ROOM] * g[i] + c[2 * ROOM] * (x[i] - c[0]) + c[3 * ROOM] + add[i];
  }
  void *rg = to_real(k, g, N), *rx = to_real(k, x, N), *ra = to_real(k, add, N),
       *rc = to_real(k, coef, 4 * ROOM), *copy = calloc(N, k->real),
       *out = calloc((size_t)thwc_framed(H, W, ROOM), k->real);
  k->denormalise(H, W, ROOM, rg, rx, rc, ra, out, copy);
  same(k, copy, want, N);
  for (int i = 0; i < N; i++) assert_true(at(k, out, inside(i)) == at(k, copy, i));
  void *all[] = {g, x, add, coef, want, rg, rx, ra, rc, copy, out};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) free(all[i]);
}

static void denormalised(void **state) {
  (void)state;
  each_kernel(denormalised_by);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(convolutions),
      cmocka_unit_test(moments),
      cmocka_unit_test(activations),
      cmocka_unit_test(denormalised),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
