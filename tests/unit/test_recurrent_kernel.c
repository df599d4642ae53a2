/* SPDX-License-Identifier: BSD-3-Clause */
/* The kernels of recurrent networks in single precision against those in double, where they share
 * no code but the formulas' text: all cells, widths that fill no vector, layers, tokens, carried
 * states, losses at some steps only. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <math.h>
#include <setjmp.h>

#include <cmocka.h>

#include "kernels/recurrent/recurrent.h"

typedef struct side {
  const thwr_kernel *k;
  thwr_weights w;
  thwr_gradients g;
  thwr_shard s;
  void *owned[256];
  int n_owned;
} side;

static double uniform(uint64_t *state) {
  *state = *state * 6364136223846793005U + 1442695040888963407U;
  return (double)(*state >> 40) / (double)(1 << 24) - 0.5;
}

/* Room for n reals, zero or random. */
static void *reals(side *x, int64_t n, double scale, uint64_t *state) {
  size_t bytes = ((size_t)n * x->k->real + 127) / 64 * 64;
  void *p = aligned_alloc(64, bytes);
  assert_non_null(p);
  memset(p, 0, bytes);
  for (int64_t i = 0; state && i < n; i++) {
    float v = (float)(scale * uniform(state));
    if (x->k->real == sizeof(float))
      ((float *)p)[i] = v;
    else
      ((double *)p)[i] = (double)v;
  }
  return x->owned[x->n_owned++] = p;
}

static int64_t block_size(const thwr_shape *n, int i) {
  int64_t gates = thwr_gates(n);
  if (i == THWR_BO(n)) return n->d * n->m;
  if (i == THWR_BY(n)) return n->d;
  if (i % 3 == 2) return thwr_bias_parts(n) * n->m;
  return gates * n->m * (i % 3 ? thwr_inputs(n, i / 3) : n->m);
}

static void open_states(side *x, const thwr_shape *n, uint64_t *r) {
  thwr_shard *s = &x->s;
  int64_t bm = s->b * n->m, steps = s->steps, gates = thwr_gates(n);
  for (int k = 0; k < n->layers; k++) {
    s->at.h[k] = reals(x, (steps + 1) * bm, 1.0, s->carried ? r : NULL);
    s->at.z[k] = n->cell == THWR_RNN ? (char *)s->at.h[k] + (size_t)bm * x->k->real
                                     : reals(x, steps * bm * gates, 0, NULL);
    if (n->cell == THWR_LSTM) s->at.c[k] = reals(x, (steps + 1) * bm, 1.0, s->carried ? r : NULL);
    if (n->cell == THWR_GRU) s->at.q[k] = reals(x, steps * bm, 0, NULL);
  }
  s->at.y = reals(x, steps * s->b * n->d, 0, NULL);
  s->e = reals(x, steps * s->b * n->d, 0, NULL);
  s->p = reals(x, steps * bm * gates, 0, NULL);
  s->n = reals(x, steps * bm, 0, NULL);
  s->dh = n->cell == THWR_RNN && n->layers == 1 ? NULL : reals(x, steps * bm, 0, NULL);
  s->dc = n->cell == THWR_LSTM ? reals(x, bm, 0, NULL) : NULL;
  if (x->k->scratch_size)
    s->scratch = reals(x, (int64_t)(x->k->scratch_size(n) / x->k->real), 0, NULL);
}

static void open_side(side *x, const thwr_kernel *k, const thwr_shape *n, int64_t b, int64_t steps,
                      int carried, int bias) {
  uint64_t r = 7;
  *x = (side){.k = k};
  x->s.b = b, x->s.steps = steps, x->s.carried = carried;
  for (int i = 0; i < thwr_blocks(n); i++) {
    int optional = i == THWR_BY(n) || (i < THWR_BO(n) && i % 3 == 2);
    if (optional && !bias) continue;
    x->w.v[i] = reals(x, block_size(n, i), 2.0 / sqrt((double)n->m), &r);
    x->g.v[i] = reals(x, block_size(n, i), 1.0, &r);
  }
  if (n->tokens) {
    x->s.token = x->owned[x->n_owned++] = malloc((size_t)(steps * b) * sizeof *x->s.token);
    for (int64_t i = 0; i < steps * b; i++)
      x->s.token[i] = (int32_t)((uniform(&r) + 0.5) * (double)n->width);
  } else {
    x->s.x = reals(x, steps * b * n->width, 2.0, &r);
  }
  x->s.t = reals(x, steps * b * n->d, 2.0, &r);
  x->s.weight = x->owned[x->n_owned++] = malloc((size_t)(steps * b) * sizeof *x->s.weight);
  for (int64_t i = 0; i < steps * b; i++) x->s.weight[i] = i / b % 3 == 1 ? 0.0 : 0.5;
  open_states(x, n, &r);
}

static double run_side(side *x, const thwr_shape *n) {
  const thwr_loss loss = {THWR_SQUARED, 0.7};
  if (x->k->pack)
    x->k->pack(n, &x->w, reals(x, (int64_t)(x->k->pack_size(n) / x->k->real), 0, NULL));
  x->k->forward(n, &x->w, &x->s);
  double f = x->k->loss(n, &loss, &x->s, 1);
  x->k->backward(n, &x->w, &x->s, x->s.e, &x->g, NULL, NULL);
  return f;
}

static void close_side(side *x) {
  for (int i = 0; i < x->n_owned; i++) free(x->owned[i]);
}

/* Largest difference, relative to the largest number. */
static double apart(const float *a, const double *b, int64_t n) {
  double gap = 0, size = 1e-30;
  for (int64_t i = 0; i < n; i++) {
    gap = fmax(gap, fabs((double)a[i] - b[i]));
    size = fmax(size, fabs(b[i]));
  }
  return gap / size;
}

static void compare(const thwr_shape *n, int64_t b, int64_t steps, int carried, int bias) {
  side one, two;
  open_side(&one, thwr_best(sizeof(float)), n, b, steps, carried, bias);
  open_side(&two, &thwr_f64, n, b, steps, carried, bias);
  double f = run_side(&one, n), g = run_side(&two, n), worst = fabs(f - g) / g;
  worst = fmax(worst, apart(one.s.at.y, two.s.at.y, steps * b * n->d));
  for (int i = 0; i < thwr_blocks(n); i++)
    if (one.g.v[i]) worst = fmax(worst, apart(one.g.v[i], two.g.v[i], block_size(n, i)));
  if (!(worst < 2e-5))
    fail_msg("cell %d, act %d, %d layers, m %d, width %d, d %d, b %d, %d steps, tokens %d, carried "
             "%d, bias %d: off by %g",
             n->cell, n->act, n->layers, (int)n->m, (int)n->width, (int)n->d, (int)b, (int)steps,
             n->tokens, carried, bias, worst);
  close_side(&one);
  close_side(&two);
}

/* Smooth cells, so that no unit is on in one precision and off in the other. */
static void widths(void **state) {
  static const int m[] = {1, 3, 7, 8, 9, 15, 16, 17, 24, 33, 64, 131};
  (void)state;
  for (size_t i = 0; i < sizeof m / sizeof m[0]; i++)
    for (int cell = THWR_RNN; cell <= THWR_GRU; cell++) {
      thwr_shape n = {cell, THWR_TANH, 1, 0, m[i], 1 + m[i] % 5 * 7, 1 + m[i] % 4 * 6};
      compare(&n, 1 + m[i] % 7, 4, m[i] % 2, 1);
    }
}

static void many_rows(void **state) {
  (void)state;
  for (int cell = THWR_RNN; cell <= THWR_GRU; cell++)
    for (int64_t b = 29; b <= 32; b += 3) {
      thwr_shape n = {cell, THWR_TANH, 1, 0, 96, 28, 10};
      compare(&n, b, 23, 0, 1); /* more rows than one round of the weights' gradients takes */
      compare(&n, b, 1, 1, 0);
    }
}

static void deep_sums(void **state) {
  thwr_shape rnn = {THWR_RNN, THWR_TANH, 1, 0, 300, 270, 3};
  thwr_shape lstm = {THWR_LSTM, THWR_TANH, 1, 0, 140, 5, 3};
  (void)state;
  compare(&rnn, 3, 3, 0, 1);
  compare(&lstm, 3, 3, 1, 1);
}

static void layers_and_tokens(void **state) {
  (void)state;
  for (int cell = THWR_RNN; cell <= THWR_GRU; cell++)
    for (int tokens = 0; tokens < 2; tokens++)
      for (int carried = 0; carried < 2; carried++) {
        thwr_shape n = {cell, THWR_TANH, 3, tokens, 21, 11, 11};
        compare(&n, 5, 6, carried, tokens);
      }
}

static void other_activations(void **state) {
  thwr_shape relu = {THWR_RNN, THWR_RELU, 2, 0, 19, 4, 2};
  thwr_shape identity = {THWR_RNN, THWR_IDENTITY, 2, 0, 19, 4, 2};
  (void)state;
  compare(&relu, 6, 4, 0, 1);
  compare(&identity, 6, 4, 0, 0);
}

/* A number that is none must not be lost on the way. */
static void no_number_stays_none(void **state) {
  static const int act[] = {THWR_RELU, THWR_TANH, THWR_IDENTITY};
  (void)state;
  for (int cell = THWR_RNN; cell <= THWR_GRU; cell++)
    for (int a = 0; a < (cell == THWR_RNN ? 3 : 1); a++) {
      thwr_shape n = {cell, act[a], 1, 0, 20, 4, 2};
      side x;
      open_side(&x, thwr_best(sizeof(float)), &n, 6, 4, 0, 1);
      ((float *)x.s.x)[0] = NAN;
      assert_true(isnan(run_side(&x, &n)));
      assert_true(isnan(((float *)x.g.v[0])[0]));
      close_side(&x);
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(widths),
      cmocka_unit_test(many_rows),
      cmocka_unit_test(deep_sums),
      cmocka_unit_test(layers_and_tokens),
      cmocka_unit_test(other_activations),
      cmocka_unit_test(no_number_stays_none),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
