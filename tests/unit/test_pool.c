/* SPDX-License-Identifier: BSD-3-Clause */
/* Every piece of every loop is done exactly once, whatever the number of threads; loops inside
 * loops and after a fork work too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/pool.h"

enum { PIECES = 1000 };

typedef struct loop {
  unsigned char count[PIECES];
  double value[PIECES];
  int64_t round;
} loop;

static void one_piece(void *arg, int64_t i) {
  loop *l = arg;
  l->count[i]++;
  l->value[i] = (double)(l->round * i);
}

static int run_rounds(int rounds) {
  static loop l;
  for (int r = 0; r < rounds; r++) {
    int64_t n = 2 + (int64_t)r * 37 % (PIECES - 2); /* shrinks and grows: late threads must not
                                                       take a piece of another loop */
    memset(&l, 0, sizeof l);
    l.round = r;
    tw_parallel(n, 1e9, one_piece, &l);
    for (int64_t i = 0; i < PIECES; i++)
      if (l.count[i] != (i < n) || l.value[i] != (i < n ? (double)(r * i) : 0.0)) return r + 1;
  }
  return 0;
}

static void each_piece_once(void **state) {
  (void)state;
  static const int threads[] = {1, 2, 3, 8};
  for (size_t k = 0; k < 4; k++) {
    assert_int_equal(tw_pool_threads(threads[k]), threads[k]);
    assert_int_equal(run_rounds(3000), 0);
  }
}

static void outer_piece(void *arg, int64_t i) {
  loop *l = (loop *)arg + i;
  tw_parallel(PIECES, 1e9, one_piece, l);
}

static void loops_inside_loops(void **state) {
  (void)state;
  static loop l[8];
  memset(l, 0, sizeof l);
  tw_pool_threads(3);
  tw_parallel(8, 1e9, outer_piece, l);
  for (int k = 0; k < 8; k++)
    for (int i = 0; i < PIECES; i++) assert_int_equal(l[k].count[i], 1);
}

static void after_fork(void **state) {
  (void)state;
  tw_pool_threads(4);
  assert_int_equal(run_rounds(10), 0);
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) _exit(run_rounds(100) != 0);
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_piece_once),
      cmocka_unit_test(loops_inside_loops),
      cmocka_unit_test(after_fork),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
