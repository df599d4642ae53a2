/* SPDX-License-Identifier: BSD-3-Clause */
/* Sequences that are read and not made: text, images row by row, tables in order of time. */
#include "tests/unit/linear_fixture.h"
#include "tests/unit/sequence_rows.h"

/* ---- text -------------------------------------------------------------------------------------
 */

/* Rows go through the streams in step, each where the one `chain` before ended, and the target of a
 * step is the next byte of the file. */
static void text_is_read_in_streams(void **state) {
  (void)state;
  enum { N = 1000, TRAIN = 900, B = 3, L = 7, S = (TRAIN - 1) / B, C = S / L };
  char file[N];
  for (int i = 0; i < N; i++) file[i] = "zayb \n\x80"[(i * i + i / 7) % 7];
  put_bytes("t", file, N);
  opened o;
  assert_opens(&o, "sequence", "text", THW_F64, "path=t", "length=7", "streams=3", "test_streams=2",
               "test_length=10", NULL);
  thw_source_info in = source_info(&o, 0);
  static const char *const names[] = {"\n", " ", "a", "b", "y", "z", "\x80"};
  assert_int_equal(in.width, 7);
  assert_int_equal(in.classes, 7);
  for (int t = 0; t < 7; t++) assert_string_equal(in.token_name[t], names[t]);
  assert_int_equal(in.n, B * C);
  assert_int_equal(in.chain, B);
  thw_batch *b = source_take(&o, 0, in.n, NULL, 0);
  for (int64_t i = 0; i < in.n; i++)
    for (int64_t l = 0; l < L; l++) {
      int64_t at = i % B * S + i / B * L + l, s = store_step(b, i, l);
      assert_int_equal(in.token_name[b->rows->token[s]][0], file[at]);
      assert_int_equal(in.token_name[b->rows->label[s]][0], file[at + 1]);
      assert_true(target_at(b, i, l, 0) == b->rows->label[s]);
    }
  /* The test part: two stretches of 49, four chunks of 10 in each, the first of them warms up. */
  in = source_info(&o, 1);
  assert_int_equal(in.n, 8);
  assert_int_equal(in.steps, 10);
  b = source_take(&o, 1, 8, NULL, 0);
  for (int64_t i = 0; i < 8; i++)
    for (int64_t l = 0; l < 10; l++) {
      int64_t at = TRAIN + i % 2 * 49 + i / 2 * 10 + l, s = store_step(b, i, l);
      assert_int_equal(in.token_name[b->rows->token[s]][0], file[at]);
      assert_int_equal(in.token_name[b->rows->label[s]][0], file[at + 1]);
      assert_int_equal(counts_at(b, i, l), i >= 2);
    }
  close_source(&o);
}

/* No step of the training set has its target in the test set. */
static void text_parts_do_not_touch(void **state) {
  (void)state;
  char file[100];
  for (int i = 0; i < 100; i++) file[i] = i < 90 ? "ab"[i % 2] : "cd"[i % 2];
  put_bytes("t", file, 100);
  opened o;
  assert_opens(&o, "sequence", "text", THW_F32, "path=t", "length=1", "streams=1", "test_length=2",
               "warmup=0", NULL);
  thw_source_info in = source_info(&o, 0);
  assert_int_equal(in.n, 89);
  thw_batch *b = source_take(&o, 0, in.n, NULL, 0);
  for (int64_t i = 0; i < in.n; i++) assert_true(b->rows->label[store_step(b, i, 0)] < 2);
  close_source(&o);
}

static void text_of_characters(void **state) {
  (void)state;
  /* a, e acute, euro sign, a musical symbol beyond 16 bits; in order of value a e-acute ... */
  static const char text[] = "\xf0\x9d\x84\x9e"
                             "a\xc3\xa9\xe2\x82\xac"
                             "a\xc3\xa9\xe2\x82\xac"
                             "a";
  put_file("t", text);
  opened o;
  assert_opens(&o, "sequence", "text", THW_F64, "path=t", "unit=character", "length=7", "streams=1",
               "test=0", NULL);
  thw_source_info in = source_info(&o, 0);
  assert_int_equal(in.width, 4);
  assert_string_equal(in.token_name[0], "a");
  assert_string_equal(in.token_name[1], "\xc3\xa9");
  assert_string_equal(in.token_name[2], "\xe2\x82\xac");
  assert_string_equal(in.token_name[3], "\xf0\x9d\x84\x9e");
  thw_batch *b = source_take(&o, 0, 1, NULL, 0);
  static const int32_t want[] = {3, 0, 1, 2, 0, 1, 2, 0};
  for (int64_t l = 0; l < 7; l++) {
    assert_int_equal(b->rows->token[store_step(b, 0, l)], want[l]);
    assert_int_equal(b->rows->label[store_step(b, 0, l)], want[l + 1]);
  }
  close_source(&o);
}

static void text_that_is_none(void **state) {
  (void)state;
  static const struct {
    const char *text;
    int offset;
    unsigned byte;
  } bad[] = {
      {"ab\x80z", 2, 0x80},         /* a continuation alone */
      {"ab\xc3", 2, 0xc3},          /* cut off at the end */
      {"a\xc0\xaf", 1, 0xc0},       /* overlong */
      {"a\xe0\x80\xaf", 1, 0xe0},   /* overlong */
      {"a\xed\xa0\x80", 1, 0xed},   /* a surrogate */
      {"\xf4\x90\x80\x80", 0, 0xf4} /* beyond the last */
  };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    char want[200];
    snprintf(want, sizeof want,
             "t: offset %d: byte 0x%02x begins no UTF-8 character: convert the file to UTF-8, or "
             "set unit = \"byte\"",
             bad[i].offset, bad[i].byte);
    put_file("t", bad[i].text);
    assert_refused(want, "sequence", "text", THW_F64, "path=t", "unit=character", NULL);
  }
  put_file("t", "aaaaaaaaaa");
  assert_refused("t: a text needs at least two different characters", "sequence", "text", THW_F64,
                 "path=t", NULL);
  put_file("t", "abababababab");
  assert_refused(
      "t: 11 training tokens are not enough for 32 streams of 64: make streams or length "
      "smaller",
      "sequence", "text", THW_F64, "path=t", NULL);
  assert_refused(
      "t: 1 test tokens are not enough for 2 chunks of 100: make test larger, test_length "
      "or warmup smaller, or set test = 0",
      "sequence", "text", THW_F64, "path=t", "streams=1", "length=2", NULL);
}

static void text_of_shakespeare(void **state) {
  (void)state;
  opened o;
  assert_opens(&o, "sequence", "text", THW_F32, shared_data("path", "text/tinyshakespeare.txt"),
               NULL);
  thw_source_info in = source_info(&o, 0);
  assert_int_equal(in.width, 65);
  assert_int_equal(source_info(&o, 1).n, 32 * (49999 / 32 / 100));
  close_source(&o);
}

/* ---- rows as steps ----------------------------------------------------------------------------
 */

/* A csv file as the source in a slot. */
static thw_object inner(made *m, const char *params) {
  static const thw_object none;
  if (make(m, "csv", "csv", THW_F64, params, &none, NULL) != THW_OK) fail_msg("%s", m->error);
  return m->object;
}

static const thw_source_ops *ops_of(const made *m) {
  return m->object.ops;
}

static thw_batch *take(const made *m, uint32_t set, int64_t n, const int64_t *index,
                       int64_t first) {
  thw_batch *b = NULL;
  assert_int_equal(ops_of(m)->take(m->object.self, set, n, index, first, &b), THW_OK);
  return b;
}

static void rows_become_steps(void **state) {
  (void)state;
  made table, s;
  put_file("t", "1,2,3,4,5,6,0\n7,8,9,10,11,12,1\n13,14,15,16,17,18,1\n");
  thw_object in = inner(&table, "path=t");
  assert_int_equal(make(&s, "sequence", "rows-as-steps", THW_F64, "features_per_step=2", &in, NULL),
                   THW_OK);
  thw_source_info i = {.size = sizeof i};
  assert_int_equal(ops_of(&s)->info(s.object.self, 0, &i), THW_OK);
  assert_int_equal(i.layout, THW_ROWS_SEQ);
  assert_int_equal(i.steps, 3);
  assert_int_equal(i.width, 2);
  assert_int_equal(i.classes, 2);
  static const int64_t index[] = {2, 0};
  thw_batch *b = take(&s, 0, 2, index, 0), *c = take(&s, 0, 2, NULL, 1);
  for (int64_t l = 0; l < 3; l++)
    for (int64_t j = 0; j < 2; j++) {
      assert_true(step_at(b, 0, l, j) == 13 + 2 * (double)l + (double)j);
      assert_true(step_at(b, 1, l, j) == 1 + 2 * (double)l + (double)j);
      assert_true(step_at(c, 0, l, j) == 7 + 2 * (double)l + (double)j);
    }
  assert_true(target_at(b, 1, 0, 0) == 0 && target_at(c, 1, 2, 0) == 1);
  ops_of(&s)->release(s.object.self, b);
  ops_of(&s)->release(s.object.self, c);
  unmake(&s);
  assert_int_equal(make(&s, "sequence", "rows-as-steps", THW_F64, "", &in, NULL), THW_E_ARG);
  assert_string_equal(s.error,
                      "the rows of the source are flat, with 6 features: say how many make "
                      "a step with features_per_step");
  unmake(&s);
  assert_int_equal(make(&s, "sequence", "rows-as-steps", THW_F64, "features_per_step=4", &in, NULL),
                   THW_E_ARG);
  assert_string_equal(s.error, "features_per_step = 4 does not divide the 6 features");
  unmake(&s);
  unmake(&table);
}

/* An image knows its shape. */
static void images_become_steps(void **state) {
  (void)state;
  made image, s;
  static const thw_object none;
  char x[16 + 2 * 6] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 2};
  for (int k = 0; k < 12; k++) x[16 + k] = (char)k;
  put_bytes("x", x, sizeof x);
  assert_int_equal(make(&image, "idx", "idx", THW_F32, "x=x scale=none", &none, NULL), THW_OK);
  assert_int_equal(make(&s, "sequence", "rows-as-steps", THW_F32, "", &image.object, NULL), THW_OK);
  thw_source_info i = {.size = sizeof i};
  assert_int_equal(ops_of(&s)->info(s.object.self, 0, &i), THW_OK);
  assert_int_equal(i.steps, 3);
  assert_int_equal(i.width, 2);
  thw_batch *b = take(&s, 0, 2, NULL, 0);
  for (int k = 0; k < 12; k++) assert_true(step_at(b, k / 6, k % 6 / 2, k % 2) == k);
  ops_of(&s)->release(s.object.self, b);
  unmake(&s);
  unmake(&image);
}

/* ---- series -----------------------------------------------------------------------------------
 */

enum { ROWS = 100, WINDOW = 5, STRIDE = 2, HORIZON = 3 };

static double column(int j, int64_t i) {
  return j == 0 ? (double)(i * i % 17) : j == 1 ? 0.5 * (double)i : 3;
}

static void put_table(void) {
  FILE *f = fopen("t", "w");
  fputs("a,b,c\n", f);
  for (int i = 0; i < ROWS; i++)
    fprintf(f, "%.17g,%.17g,%.17g\n", column(0, i), column(1, i), column(2, i));
  assert_int_equal(fclose(f), 0);
}

/* Mean and deviation of the first 70 rows; a constant column is only shifted. */
static double scaled(int j, int64_t i) {
  double mean = 0, square = 0;
  for (int k = 0; k < 70; k++) mean += column(j, k) / 70;
  for (int k = 0; k < 70; k++) square += pow(column(j, k) - mean, 2) / 70;
  return (column(j, i) - mean) / (j < 2 ? sqrt(square) : 1);
}

static void check_windows(const made *s, uint32_t set, int64_t from, int64_t rows, int every) {
  thw_source_info i = {.size = sizeof i};
  assert_int_equal(ops_of(s)->info(s->object.self, set, &i), THW_OK);
  int64_t n = (rows - WINDOW - HORIZON) / STRIDE + 1;
  assert_int_equal(i.n, n);
  assert_int_equal(i.width, 2);
  assert_int_equal(i.targets, 2);
  assert_string_equal(i.feature_name[0], "c");
  thw_batch *b = take(s, set, n, NULL, 0);
  for (int64_t k = 0; k < n; k++)
    for (int64_t l = 0; l < WINDOW; l++) {
      int64_t at = from + k * STRIDE + l;
      assert_true(fabs(step_at(b, k, l, 0) - scaled(2, at)) < 1e-12);
      assert_true(fabs(step_at(b, k, l, 1) - scaled(0, at)) < 1e-12);
      if (!every && l + 1 < WINDOW) continue;
      assert_true(at + HORIZON < from + rows);
      assert_true(fabs(target_at(b, k, l, 0) - scaled(1, at + HORIZON)) < 1e-12);
      assert_true(fabs(target_at(b, k, l, 1) - scaled(0, at + HORIZON)) < 1e-12);
    }
  ops_of(s)->release(s->object.self, b);
}

static void series_in_windows(void **state) {
  (void)state;
  made table, s;
  put_table();
  thw_object in = inner(&table, "path=t label=none");
  for (int every = 0; every < 2; every++) {
    char params[200];
    snprintf(params, sizeof params,
             "window=5 stride=2 horizon=3 columns=c,1 target=b,-3 test=0.2 valid=0.1 predict=%s",
             every ? "every" : "last");
    assert_int_equal(make(&s, "sequence", "series", THW_F64, params, &in, NULL), THW_OK);
    check_windows(&s, 0, 0, 70, every);
    check_windows(&s, 1, 80, 20, every);
    check_windows(&s, 2, 70, 10, every);
    unmake(&s);
  }
  assert_int_equal(make(&s, "sequence", "series", THW_F64, "target=d", &in, NULL), THW_E_ARG);
  assert_string_equal(s.error, "target: the source has no column \"d\": it has 3, the first is "
                               "called a");
  unmake(&s);
  assert_int_equal(make(&s, "sequence", "series", THW_F64, "window=40 test=0.3", &in, NULL),
                   THW_E_ARG);
  assert_string_equal(s.error, "the test part has 30 rows, a window of 40 with a target 1 ahead "
                               "needs 41");
  unmake(&s);
  unmake(&table);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(text_is_read_in_streams), cmocka_unit_test(text_parts_do_not_touch),
      cmocka_unit_test(text_of_characters),      cmocka_unit_test(text_that_is_none),
      cmocka_unit_test(text_of_shakespeare),     cmocka_unit_test(rows_become_steps),
      cmocka_unit_test(images_become_steps),     cmocka_unit_test(series_in_windows),
  };
  return cmocka_run_group_tests(tests, enter_scratch, leave_scratch);
}
