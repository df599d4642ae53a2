/* SPDX-License-Identifier: BSD-3-Clause */
/* Checkpoints: what is written comes back to the last bit, and nothing that is damaged is read.
 * Also the points' files, which share the job of surviving bad bytes. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/npy.h"
#include "core/space.h"
#include "core/state.h"

static char file[64];

static void fill_pattern(thw_vec *v) {
  thw_view w;
  assert_int_equal(v->ops->map(v, THW_WRITE, &w), THW_OK);
  uint64_t bits = 88172645463325252u; /* any bits at all, NaNs among them */
  for (int64_t i = 0; i < w.n; i++) {
    bits ^= bits << 13, bits ^= bits >> 7, bits ^= bits << 17;
    memcpy((char *)w.data + i * (w.dtype == THW_F32 ? 4 : 8), &bits, w.dtype == THW_F32 ? 4 : 8);
  }
  v->ops->unmap(v, THW_WRITE);
}

static int same_bits(thw_vec *a, thw_vec *b) {
  thw_view v, w;
  a->ops->map(a, THW_READ, &v);
  b->ops->map(b, THW_READ, &w);
  return v.n == w.n && v.dtype == w.dtype &&
         memcmp(v.data, w.data, (size_t)v.n * (v.dtype == THW_F32 ? 4 : 8)) == 0;
}

/* A state with one record of each type in one section, and a second section. */
static tw_state *sample(thw_vec *x32, thw_vec *x64) {
  tw_state *s = tw_state_new();
  thw_rng r = {.key = {1, 2}, .stream = 3, .block = 4, .word = {5, 6, 7, 8}, .left = 2};
  thw_writer *w = tw_state_writer(s, "optimizer.inner", 7);
  assert_int_equal(w->i64(w, "t", INT64_MIN), THW_OK);
  assert_int_equal(w->f64(w, "L", -0.0), THW_OK);
  assert_int_equal(w->rng(w, "draw", &r), THW_OK);
  assert_int_equal(w->vec(w, "x32", x32), THW_OK);
  assert_int_equal(w->vec(w, "x64", x64), THW_OK);
  assert_int_equal(w->blob(w, "past", "abc", 3), THW_OK);
  assert_int_equal(w->blob(w, "none", NULL, 0), THW_OK);
  w = tw_state_writer(s, "host", 1);
  assert_int_equal(w->f64(w, "L", (double)INFINITY), THW_OK);
  return s;
}

typedef struct fixture {
  thw_space *s32, *s64;
  thw_vec *a32, *a64, *b32, *b64;
  tw_state *s;
} fixture;

static void open_fixture(fixture *f) {
  f->s32 = tw_space_new(THW_F32, 5001);
  f->s64 = tw_space_new(THW_F64, 4097);
  thw_vec_new(f->s32, &f->a32), thw_vec_new(f->s32, &f->b32);
  thw_vec_new(f->s64, &f->a64), thw_vec_new(f->s64, &f->b64);
  fill_pattern(f->a32), fill_pattern(f->a64);
  f->s = sample(f->a32, f->a64);
}

static void close_fixture(fixture *f) {
  tw_state_free(f->s);
  thw_vec_free(f->a32), thw_vec_free(f->b32), thw_vec_free(f->a64), thw_vec_free(f->b64);
  tw_space_free(f->s32), tw_space_free(f->s64);
}

static void check_sample(fixture *f, tw_state *s) {
  thw_reader *r = tw_state_reader(s, "optimizer.inner");
  assert_non_null(r);
  assert_int_equal(r->version, 7);
  int64_t t;
  double L;
  thw_rng g;
  char past[8];
  size_t n = sizeof past;
  assert_int_equal(r->i64(r, "t", &t), THW_OK);
  assert_true(t == INT64_MIN);
  assert_int_equal(r->f64(r, "L", &L), THW_OK);
  assert_true(L == 0 && signbit(L));
  assert_int_equal(r->rng(r, "draw", &g), THW_OK);
  assert_true(g.key[1] == 2 && g.stream == 3 && g.block == 4 && g.word[3] == 8 && g.left == 2);
  assert_int_equal(r->vec(r, "x32", f->b32), THW_OK);
  assert_int_equal(r->vec(r, "x64", f->b64), THW_OK);
  assert_true(same_bits(f->a32, f->b32) && same_bits(f->a64, f->b64));
  assert_int_equal(r->blob(r, "past", past, &n), THW_OK);
  assert_true(n == 3 && memcmp(past, "abc", 3) == 0);
  n = 0;
  assert_int_equal(r->blob(r, "none", NULL, &n), THW_OK);
  assert_true(n == 0);
  r = tw_state_reader(s, "host");
  assert_int_equal(r->f64(r, "L", &L), THW_OK);
  assert_true(isinf(L));
}

static void every_bit_comes_back(void **state) {
  (void)state;
  fixture f;
  tw_diags d = {0};
  open_fixture(&f);
  check_sample(&f, f.s);
  assert_int_equal(tw_state_save(f.s, file, &d), THW_OK);
  tw_state *again = tw_state_load(file, &d);
  assert_non_null(again);
  check_sample(&f, again);
  /* Over an existing file, and without leaving a temporary behind. */
  assert_int_equal(tw_state_save(again, file, &d), THW_OK);
  char tmp[80];
  snprintf(tmp, sizeof tmp, "%s.tmp", file);
  assert_int_not_equal(access(tmp, F_OK), 0);
  tw_state_free(again);
  assert_int_equal(d.errors, 0);
  close_fixture(&f);
}

static void misfits_are_explained(void **state) {
  (void)state;
  fixture f;
  open_fixture(&f);
  int64_t t;
  double L;
  char past[2];
  size_t n = sizeof past;
  thw_rng g;
  assert_null(tw_state_reader(f.s, "optimizer"));
  thw_reader *r = tw_state_reader(f.s, "optimizer.inner");
  assert_int_equal(r->i64(r, "absent", &t), THW_E_STATE);
  assert_string_equal(tw_state_error(f.s), "the checkpoint has no record optimizer.inner/absent");
  assert_int_equal(r->i64(r, "L", &t), THW_E_STATE);
  assert_non_null(strstr(tw_state_error(f.s), "is a real where a integer is expected"));
  assert_int_equal(r->f64(r, "t", &L), THW_E_STATE);
  assert_int_equal(r->rng(r, "past", &g), THW_E_STATE);
  assert_int_equal(r->vec(r, "x32", f.b64), THW_E_STATE);
  assert_non_null(strstr(tw_state_error(f.s), "is a float32 vector where a float64 vector"));
  assert_int_equal(r->blob(r, "past", past, &n), THW_E_STATE);
  thw_space *other = tw_space_new(THW_F64, 4096);
  thw_vec *x;
  thw_vec_new(other, &x);
  assert_int_equal(r->vec(r, "x64", x), THW_E_STATE);
  assert_non_null(strstr(tw_state_error(f.s), "has 32776 bytes where 32768 are expected"));
  thw_vec_free(x);
  tw_space_free(other);
  thw_writer *w = tw_state_writer(f.s, "optimizer.inner", 7);
  assert_int_equal(w->i64(w, "t", 1), THW_E_STATE); /* a name is used once */
  thw_rng bad = {.left = 5};
  assert_int_equal(w->rng(w, "bad", &bad), THW_OK);
  r = tw_state_reader(f.s, "optimizer.inner");
  assert_int_equal(r->rng(r, "bad", &g), THW_E_STATE);
  close_fixture(&f);
}

static unsigned char *slurp(const char *name, size_t *n) {
  FILE *in = fopen(name, "rb");
  assert_non_null(in);
  struct stat info;
  assert_int_equal(fstat(fileno(in), &info), 0);
  *n = (size_t)info.st_size;
  unsigned char *p = malloc(*n + 1);
  assert_non_null(p);
  assert_int_equal(fread(p, 1, *n, in), *n);
  fclose(in);
  return p;
}

static void damage_is_refused(void **state) {
  (void)state;
  tw_diags d = {0};
  tw_state *s = tw_state_new();
  thw_writer *w = tw_state_writer(s, "a", 1);
  w->i64(w, "t", 5);
  w->blob(w, "b", "0123456789", 10);
  assert_int_equal(tw_state_save(s, file, &d), THW_OK);
  tw_state_free(s);
  size_t n;
  unsigned char *p = slurp(file, &n);
  for (size_t cut = 0; cut < n; cut++) assert_null(tw_state_parse(p, cut, "cut", &d));
  for (size_t i = 0; i < n; i++)
    for (int bit = 0; bit < 8; bit += 7) {
      p[i] ^= (unsigned char)(1 << bit);
      assert_null(tw_state_parse(p, n, "flipped", &d));
      p[i] ^= (unsigned char)(1 << bit);
    }
  s = tw_state_parse(p, n, "whole", &d);
  assert_non_null(s);
  tw_state_free(s);
  assert_null(tw_state_load("no/such/file", &d));
  assert_non_null(strstr(d.v[d.n - 1].text, "no/such/file: cannot be read: No such file"));
  tw_diags_free(&d);
  free(p);
}

static void npy_comes_back(void **state) {
  (void)state;
  fixture f;
  tw_diags d = {0};
  open_fixture(&f);
  assert_int_equal(tw_npy_save(file, f.a32, &d), THW_OK);
  assert_int_equal(tw_npy_load(file, f.b32, &d), THW_OK);
  thw_fill(f.b32, 0.1f);
  thw_fill(f.a32, 0.1f);
  assert_int_equal(tw_npy_save(file, f.a32, &d), THW_OK);
  assert_int_equal(tw_npy_load(file, f.b32, &d), THW_OK);
  assert_true(same_bits(f.a32, f.b32));
  assert_int_equal(tw_npy_load(file, f.b64, &d), THW_E_FORMAT); /* another length */
  assert_int_equal(tw_npy_save(file, f.a64, &d), THW_OK);
  assert_int_equal(tw_npy_load(file, f.b64, &d), THW_OK);
  assert_true(same_bits(f.a64, f.b64));
  size_t n;
  unsigned char *p = slurp(file, &n);
  /* Format 1.0: the header fills up to a multiple of 64 and ends in a newline. */
  size_t head = 10u + p[8] + 256u * p[9];
  assert_int_equal(head % 64, 0);
  assert_int_equal(p[head - 1], '\n');
  assert_int_equal(n, head + 4097 * 8);
  for (size_t cut = 0; cut < n; cut += cut < 200 ? 1 : 997)
    assert_int_equal(tw_npy_parse(p, cut, "cut", f.b64, &d), THW_E_FORMAT);
  tw_diags_free(&d);
  free(p);
  close_fixture(&f);
}

/* Headers that other programs write, and headers that nobody should. */
static void npy_headers(void **state) {
  (void)state;
  static const struct {
    const char *dict;
    int ok;
  } cases[] = {
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }", 1},
      {"{'shape': (2,), 'fortran_order': True, 'descr': '<f8'}\n", 1},
      {"{'descr':'<f8','fortran_order':False,'shape':(2,)}", 1},
      {"{'descr': '>f8', 'fortran_order': False, 'shape': (2,), }", 0},
      {"{'descr': '<i8', 'fortran_order': False, 'shape': (2,), }", 0},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2), }", 0},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (), }", 0},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (-2,), }", 0},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999,), }", 0},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (2", 0},
      {"{'descr': '", 0},
      {"{'shape': (2,), 'descr': ", 0},
      {"", 0},
  };
  thw_space *s = tw_space_new(THW_F64, 2);
  thw_vec *x;
  thw_vec_new(s, &x);
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    size_t len = strlen(cases[i].dict);
    unsigned char *p = malloc(10 + len + 16);
    assert_non_null(p);
    memcpy(p, "\x93NUMPY\x01\x00", 8);
    p[8] = (unsigned char)len, p[9] = 0;
    memcpy(p + 10, cases[i].dict, len);
    double v[2] = {1.5, -2.5};
    memcpy(p + 10 + len, v, 16);
    tw_diags d = {0};
    thw_status st = tw_npy_parse(p, 10 + len + 16, "case", x, &d);
    if (cases[i].ok) {
      double sum;
      assert_int_equal(st, THW_OK);
      thw_dot(x, x, &sum);
      assert_true(sum == 1.5 * 1.5 + 2.5 * 2.5);
    } else {
      assert_int_equal(st, THW_E_FORMAT);
    }
    tw_diags_free(&d);
    free(p);
  }
  thw_vec_free(x);
  tw_space_free(s);
}

int main(void) {
  snprintf(file, sizeof file, "test_state.%ld.tmp", (long)getpid());
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_bit_comes_back), cmocka_unit_test(misfits_are_explained),
      cmocka_unit_test(damage_is_refused),    cmocka_unit_test(npy_comes_back),
      cmocka_unit_test(npy_headers),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  unlink(file);
  return failed;
}
