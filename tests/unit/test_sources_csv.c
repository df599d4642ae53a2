/* SPDX-License-Identifier: BSD-3-Clause */
/* The source `csv`. */
#include "tests/unit/open_source.h"

#define CSV "csv", "csv"

static void check_matrix(opened *o, uint32_t set, int64_t n, int64_t d, const double *x,
                         const double *y) {
  thw_source_info in = source_info(o, set);
  assert_int_equal(in.layout, THW_ROWS_DENSE);
  assert_int_equal(in.n, n);
  assert_int_equal(in.width, d);
  thw_batch *b = source_take(o, set, n, NULL, 0);
  for (int64_t i = 0; i < n; i++) {
    for (int64_t j = 0; j < d; j++)
      if (batch_at(b, i, j) != x[i * d + j])
        fail_msg("row %d, feature %d: %g", (int)i, (int)j, batch_at(b, i, j));
    if (y) assert_true(batch_y(b, i) == y[i]);
  }
  o->ops->release(o->self, b);
}

static void separators(void **state) {
  (void)state;
  static const double x[] = {1.5, -2, 3e4, 0.25}, y[] = {7, 8};
  static const char *const text[] = {"1.5,-2,7\n3e4,.25,8\n", "1.5\t-2\t7\n3e4\t.25\t8\n",
                                     "1.5;-2;7\r\n3e4;.25;8\r\n", "  1.5 -2   7 \n3e4\t.25 8",
                                     "\xef\xbb\xbf\n1.5 , -2 ,7\n\n3e4,\"0.25\",8\n\n"};
  for (size_t i = 0; i < sizeof text / sizeof text[0]; i++) {
    put_file("t", text[i]);
    opened o;
    assert_opens(&o, CSV, THW_F64, "path=t", NULL);
    check_matrix(&o, 0, 2, 2, x, y);
    close_source(&o);
  }
}

static void header_and_columns(void **state) {
  (void)state;
  put_file("h", "id,\"height, cm\",species,\"say \"\"hi\"\"\"\n"
                "1,180,cat,4\n2,170,dog,5\n3,160,cat,6\n");
  opened o;
  assert_opens(&o, CSV, THW_F64, "path=h", "label=species", "drop=id", NULL);
  static const double x[] = {180, 4, 170, 5, 160, 6}, y[] = {0, 1, 0};
  check_matrix(&o, 0, 3, 2, x, y);
  thw_source_info in = source_info(&o, 0);
  assert_int_equal(in.label, THW_LABEL_CLASS);
  assert_int_equal(in.classes, 2);
  assert_string_equal(in.class_name[0], "cat");
  assert_string_equal(in.class_name[1], "dog");
  assert_string_equal(in.feature_name[0], "height, cm");
  assert_string_equal(in.feature_name[1], "say \"hi\"");
  close_source(&o);
  assert_opens(&o, CSV, THW_F64, "path=h", "label=3", "drop=1, 2", NULL);
  assert_int_equal(source_info(&o, 0).width, 1);
  close_source(&o);
  assert_opens(&o, CSV, THW_F64, "path=h", "label=none", "drop=species,-1", NULL);
  assert_int_equal(source_info(&o, 0).label, THW_LABEL_NONE);
  assert_int_equal(source_info(&o, 0).width, 2);
  close_source(&o);
  /* A header of numbers must be announced. */
  put_file("years", "2001,2002,y\n1,2,3\n");
  assert_opens(&o, CSV, THW_F64, "path=years", "header=yes", NULL);
  assert_int_equal(source_info(&o, 0).n, 1);
  assert_string_equal(source_info(&o, 0).feature_name[1], "2002");
  close_source(&o);
  assert_refused("h:1: label = \"specis\": there is no such column among 4 (the first is \"id\")",
                 CSV, THW_F64, "path=h", "label=specis", NULL);
  assert_refused(
      "h:1: label = \"5\": there is no such column among 4 (no header: give its number, 1 "
      "is the first, -1 the last)",
      CSV, THW_F64, "path=h", "label=5", "header=no", NULL);
}

static void words_in_any_file(void **state) {
  (void)state;
  put_file("a", "1,10\n2,9\n");
  put_file("b", "3,9\n");
  put_file("c", "3,ten\n");
  opened o;
  assert_opens(&o, CSV, THW_F64, "path=a", "test=b", NULL);
  thw_source_info in = source_info(&o, 0);
  assert_string_equal(in.class_name[0], "9"); /* by number */
  assert_string_equal(in.class_name[1], "10");
  static const double x[] = {3}, y[] = {9};
  check_matrix(&o, 1, 1, 1, x, y);
  close_source(&o);
  assert_refused(
      "c:1: label ten does not occur in the training set: remove the row, or set labels = "
      "\"real\"",
      CSV, THW_F64, "path=a", "test=c", NULL);
  put_file("d", "1,10\n2,9\n3,ten\n");
  assert_opens(&o, CSV, THW_F64, "path=d", "test=b", NULL);
  in = source_info(&o, 0);
  assert_int_equal(in.classes, 3);
  assert_string_equal(in.class_name[0], "10"); /* by bytes */
  assert_string_equal(in.class_name[1], "9");
  static const double y2[] = {1};
  check_matrix(&o, 1, 1, 1, x, y2);
  close_source(&o);
  assert_refused(
      "d:3:2: \"ten\" in column 2 is not a finite number: labels = \"real\" needs numbers", CSV,
      THW_F64, "path=d", "labels=real", NULL);
}

static void test_files(void **state) {
  (void)state;
  put_file("tr", "a,b,y\n1,2,0\n3,4,1\n");
  put_file("same", "a,b,y\n5,6,1\n");
  put_file("bare", "5,6,1\n");
  put_file("other", "b,a,y\n5,6,1\n");
  put_file("short", "a,y\n5,1\n");
  static const double x[] = {5, 6}, y[] = {1};
  opened o;
  assert_opens(&o, CSV, THW_F32, "path=tr", "test=same", "valid=bare", "label=y", NULL);
  check_matrix(&o, 1, 1, 2, x, y);
  check_matrix(&o, 2, 1, 2, x, y);
  assert_string_equal(source_info(&o, 2).set, "valid");
  close_source(&o);
  assert_refused("other:1: column 1 is \"b\", but \"a\" in the training set", CSV, THW_F64,
                 "path=tr", "test=other", NULL);
  assert_refused("short:1: 2 columns, but the training set has 3", CSV, THW_F64, "path=tr",
                 "test=short", NULL);
}

static void missing(void **state) {
  (void)state;
  put_file("m", "a,b,y\n1,,0\n3,4,1\n?,NA,0\n5,8,1\n");
  assert_refused("m:2:2: no value in column \"b\": complete the data, or set missing = \"mean\" or "
                 "\"zero\"",
                 CSV, THW_F64, "path=m", NULL);
  opened o;
  assert_opens(&o, CSV, THW_F64, "path=m", "missing=zero", NULL);
  static const double zero[] = {1, 0, 3, 4, 0, 0, 5, 8};
  check_matrix(&o, 0, 4, 2, zero, NULL);
  assert_string_equal(o.log, "missing = zero: 3 values were filled in");
  close_source(&o);
  put_file("mt", "a,b,y\n,,1\n");
  assert_opens(&o, CSV, THW_F64, "path=m", "test=mt", "missing=mean", NULL);
  static const double mean[] = {1, 6, 3, 4, 3, 6, 5, 8}, test[] = {3, 6};
  check_matrix(&o, 0, 4, 2, mean, NULL);
  check_matrix(&o, 1, 1, 2, test, NULL);
  close_source(&o);
  put_file("void", "a,b,y\n1,,0\n3,,1\n");
  assert_refused("void: column \"b\" has no value at all: drop it", CSV, THW_F64, "path=void",
                 "missing=mean", NULL);
  put_file("nolabel", "1,0\n2,\n");
  assert_refused("nolabel:2:2: the label is missing: remove the row", CSV, THW_F64, "path=nolabel",
                 "missing=zero", NULL);
}

static void quoted_newlines(void **state) {
  (void)state;
  put_file("q", "\"a\nb\",y\n1,\"two\nlines\"\n2,x\n3,\"two\nlines\"\noops,x\n");
  assert_refused(
      "q:8:1: \"oops\" in column \"a\nb\" is not a finite number: encode it as numbers, or "
      "drop the column",
      CSV, THW_F64, "path=q", "header=yes", NULL);
}

static void malformed(void **state) {
  (void)state;
  static const struct {
    const char *text, *error;
  } bad[] = {
      {"", "bad: no rows"},
      {"\n\r\n  \n", "bad: no rows"},
      {"a,b\n", "bad: a header, but no rows"},
      {"1\n2\n", "bad:1: no column is left for features (1 in all, separated by commas)"},
      {"1,2,3\n1,2\n", "bad:2: 2 fields, 3 expected"},
      {"1,2,3\n1,2,3,4\n", "bad:2: more than 3 fields"},
      {"1,2,3\n1,2,3,\n", "bad:2: more than 3 fields"},
      {"1,2\n1x,2\n",
       "bad:2:1: \"1x\" in column 1 is not a finite number: encode it as numbers, or "
       "drop the column"},
      {"1,2\ninf,2\n", "bad:2:1: \"inf\" in column 1 is not a finite number: encode it as numbers, "
                       "or drop the column"},
      {"1,2\n1e999,2\n",
       "bad:2:1: \"1e999\" in column 1 is not a finite number of the run's precision"},
      {"1,2\n\"1,2\n3,4\n", "bad:2: a quote is opened here and never closed"},
      {"1,2\n\"1\"x,2\n",
       "bad:2: text after a closing quote: a quote inside a field is written twice"},
      {"red,1\n2,2\n3,1\nred,2\n",
       "bad:4:1: \"red\" in column \"red\" is not a finite number: encode "
       "it as numbers, or drop the column"},
      {"1,a\n2,b\n", NULL},
  };
  for (size_t i = 0; bad[i].error; i++) {
    put_file("bad", bad[i].text);
    assert_refused(bad[i].error, CSV, THW_F64, "path=bad", NULL);
  }
}

static double weighted(const thw_batch *b, int64_t n, int64_t d, double *y) {
  double s = 0;
  *y = 0;
  for (int64_t i = 0; i < n; i++) {
    for (int64_t j = 0; j < d; j++) s += batch_at(b, i, j) * (double)((i * d + j) % 7 + 1);
    *y += batch_y(b, i);
  }
  return s;
}

/* Reference: numpy.loadtxt, values weighted by their place. */
static void real_files(void **state) {
  (void)state;
  opened o;
  double y;
  assert_opens(&o, CSV, THW_F64, shared_data("path", "tabular/covtype.20k.data.gz"), NULL);
  assert_int_equal(source_info(&o, 0).width, 54);
  assert_int_equal(source_info(&o, 0).classes, 7);
  thw_batch *b = source_take(&o, 0, 20000, NULL, 0);
  assert_true(weighted(b, 20000, 54, &y) == 662604533.0);
  assert_true(y == 70166);
  close_source(&o);
  assert_opens(&o, CSV, THW_F64, shared_data("path", "tabular/kddcup.tsv.gz"), "label=target",
               NULL);
  thw_source_info in = source_info(&o, 0);
  assert_int_equal(in.n, 494020);
  assert_int_equal(in.width, 41);
  assert_int_equal(in.classes, 23);
  assert_string_equal(in.feature_name[40], "Atr-40");
  b = source_take(&o, 0, in.n, NULL, 0);
  assert_true(fabs(weighted(b, in.n, 41, &y) - 10499324908.1) < 0.1);
  assert_true(y == 7186154);
  close_source(&o);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(separators),        cmocka_unit_test(header_and_columns),
      cmocka_unit_test(words_in_any_file), cmocka_unit_test(test_files),
      cmocka_unit_test(missing),           cmocka_unit_test(quoted_newlines),
      cmocka_unit_test(malformed),         cmocka_unit_test(real_files),
  };
  return cmocka_run_group_tests(tests, enter_scratch, leave_scratch);
}
