/* SPDX-License-Identifier: BSD-3-Clause */
/* The relaxation of maximum cut against values that are known otherwise, its bound against all
 * cuts, and the bits over threads and instruction sets. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/host.h"
#include "kernels/cut/cut.h"
#include "kernels/online/uniform.h"

#define MOST 32000

typedef struct fixture {
  tw_session session;
  on_env e;
  int32_t tail[MOST], head[MOST];
  double w[MOST];
  int64_t n, m;
  cut_graph g;
  cut_sdp *sdp;
} fixture;

static const thw_rng stream = {.key = {3, 1}};

static void begin(fixture *f, int64_t n, int threads) {
  f->n = n;
  f->m = 0;
  tw_session_init(&f->session, 1, THW_F64, threads);
  f->e = (on_env){&tw_host, tw_ctx_new(&f->session, "cut")};
}

static void edge(fixture *f, int64_t i, int64_t j, double w) {
  assert_true(f->m < MOST);
  f->tail[f->m] = (int32_t)i;
  f->head[f->m] = (int32_t)j;
  f->w[f->m++] = w;
}

static cut_solution solve(fixture *f, int64_t rank, double tolerance) {
  cut_solution x;
  cut_options o = {tolerance, 1000000, 0};
  assert_int_equal(cut_graph_new(&f->g, f->e, f->n, f->m, f->tail, f->head), THW_OK);
  assert_int_equal(cut_sdp_new(&f->g, rank, 500, &f->sdp), THW_OK);
  assert_int_equal(cut_sdp_solve(f->sdp, f->w, &o, &stream, 0, &x), THW_OK);
  return x;
}

static void end(fixture *f) {
  cut_sdp_free(f->sdp);
  cut_graph_free(&f->g);
  tw_ctx_free(f->e.ctx);
}

static void check(const cut_solution *x, double want, double tolerance) {
  assert_true(x->converged);
  assert_true(x->bound >= want * (1 - 1e-12));
  assert_true(x->value <= want * (1 + 1e-12));
  assert_true(x->bound - x->value <= tolerance * x->bound);
}

/* An odd cycle: neighbours at the angle pi - pi/n. */
static void odd_cycles(void **state) {
  fixture *f = *state;
  for (int64_t n = 3; n <= 21; n += 2) {
    begin(f, n, 1);
    for (int64_t i = 0; i < n; i++) edge(f, i, (i + 1) % n, 1);
    cut_solution x = solve(f, 0, 1e-8);
    check(&x, (double)n * (1 + cos(3.14159265358979323846 / (double)n)) / 2, 1e-8);
    end(f);
  }
}

/* Edge-transitive and regular: n (degree - least eigenvalue) / 4 = 10 (3 + 2) / 4. */
static void petersen(void **state) {
  fixture *f = *state;
  begin(f, 10, 1);
  for (int64_t i = 0; i < 5; i++) {
    edge(f, i, (i + 1) % 5, 1);
    edge(f, i, i + 5, 1);
    edge(f, i + 5, (i + 2) % 5 + 5, 1);
  }
  cut_solution x = solve(f, 0, 1e-8);
  check(&x, 12.5, 1e-8);
  end(f);
}

static void dense(fixture *f, int64_t n, double share) {
  uint64_t k = 0;
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = i + 1; j < n; j++, k++)
      if (on_uniform(7, k) < share) edge(f, i, j, on_uniform(8, k));
}

/* Values that two interior-point codes agree on, to the digits given. */
static void published(void **state) {
  static const struct {
    int64_t n;
    double value;
  } known[] = {{20, 21.23448}, {50, 142.95954}, {100, 507.1473}, {200, 1879.0208}};
  fixture *f = *state;
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
    begin(f, known[i].n, 1);
    dense(f, known[i].n, 0.3);
    cut_solution x = solve(f, 0, 1e-6);
    assert_true(x.converged);
    assert_true(fabs(x.value - known[i].value) <= 2e-6 * known[i].value);
    assert_true(fabs(x.bound - known[i].value) <= 5e-6 * known[i].value);
    uint8_t side[256];
    double best, mean;
    cut_sdp_round(f->sdp, &stream, 30, 0, 0, side, &best, &mean);
    assert_true(best >= 0.93 * x.bound && best <= x.bound);
    assert_true(fabs(best - cut_weight(&f->g, f->w, side)) <= 1e-12 * best);
    double local;
    cut_sdp_round(f->sdp, &stream, 30, 1, 20, side, &local, &mean);
    assert_true(local >= best * (1 - 1e-12) && local <= x.bound);
    end(f);
  }
}

static double best_cut(const fixture *f) {
  double best = 0;
  for (uint64_t code = 0; code < UINT64_C(1) << (f->n - 1); code++) {
    double sum = 0;
    for (int64_t k = 0; k < f->m; k++)
      if ((code >> f->tail[k] & 1) != (code >> f->head[k] & 1)) sum += f->w[k];
    best = fmax(best, sum);
  }
  return best;
}

/* Weak duality: no cut is above the bound, weights of both signs, from one column (a saddle is
 * certain) to many. */
static void weak_duality(void **state) {
  fixture *f = *state;
  for (uint64_t seed = 0; seed < 20; seed++) {
    begin(f, 11, 1);
    for (int64_t i = 0; i < 11; i++)
      for (int64_t j = i + 1; j < 11; j++)
        if (on_uniform(100 + seed, (uint64_t)(11 * i + j)) < 0.5)
          edge(f, i, j, on_uniform(200 + seed, (uint64_t)(11 * i + j)) - (seed % 2 ? 0.4 : 0));
    double best = best_cut(f), bound[2];
    for (int k = 0; k < 2; k++) {
      cut_solution x = solve(f, k ? 6 : 1, 1e-6);
      bound[k] = x.bound;
      assert_true(x.converged);
      assert_true(x.bound >= best);
      assert_true(x.value <= x.bound);
      cut_sdp_free(f->sdp);
      cut_graph_free(&f->g);
    }
    assert_true(fabs(bound[0] - bound[1]) <= 3e-6 * bound[0]);
    f->sdp = NULL;
    tw_ctx_free(f->e.ctx);
  }
}

/* Nothing to gain, isolated nodes, parallel edges. */
static void odd_ones(void **state) {
  fixture *f = *state;
  begin(f, 6, 1);
  edge(f, 0, 1, -1);
  edge(f, 1, 2, -2);
  cut_solution x = solve(f, 0, 1e-6);
  assert_true(x.value == 0 && x.bound == 0);
  end(f);
  begin(f, 6, 1);
  edge(f, 0, 1, 1);
  edge(f, 1, 0, 2);
  x = solve(f, 0, 1e-6);
  check(&x, 3, 1e-6);
  end(f);
}

static void same_bits(void **state) {
  fixture *f = *state;
  cut_solution x[2];
  uint8_t side[2][700];
  double best[2], mean[2];
  for (int k = 0; k < 2; k++) {
    begin(f, 700, k ? 4 : 1);
    dense(f, 700, 0.05);
    x[k] = solve(f, 0, 1e-6);
    cut_sdp_round(f->sdp, &stream, 40, 1, 10, side[k], &best[k], &mean[k]);
    end(f);
  }
  assert_memory_equal(&x[0].value, &x[1].value, sizeof x[0].value);
  assert_memory_equal(&x[0].bound, &x[1].bound, sizeof x[0].bound);
  assert_memory_equal(side[0], side[1], 700);
  assert_true(best[0] == best[1] && mean[0] == mean[1]);
}

/* From the factor of weights that were a little different: the same value, sooner. */
static void warm_start(void **state) {
  fixture *f = *state;
  cut_solution cold, warm;
  cut_options o = {1e-6, 1000000, 0};
  begin(f, 200, 1);
  dense(f, 200, 0.3);
  solve(f, 0, 1e-6);
  for (int64_t k = 0; k < f->m; k++) f->w[k] *= 1 + 0.001 * on_uniform(9, (uint64_t)k);
  assert_int_equal(cut_sdp_solve(f->sdp, f->w, &o, &stream, 1, &warm), THW_OK);
  assert_int_equal(cut_sdp_solve(f->sdp, f->w, &o, &stream, 0, &cold), THW_OK);
  assert_true(warm.converged && cold.converged);
  assert_true(fabs(warm.value - cold.value) <= 2e-6 * cold.value);
  assert_true(warm.sweeps + warm.products < cold.sweeps + cold.products);
  end(f);
}

int main(void) {
  static fixture f;
  void *start = &f;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_prestate(odd_cycles, start), cmocka_unit_test_prestate(petersen, start),
      cmocka_unit_test_prestate(published, start),  cmocka_unit_test_prestate(weak_duality, start),
      cmocka_unit_test_prestate(odd_ones, start),   cmocka_unit_test_prestate(same_bits, start),
      cmocka_unit_test_prestate(warm_start, start),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
