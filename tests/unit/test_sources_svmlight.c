/* SPDX-License-Identifier: BSD-3-Clause */
/* The source `svmlight`: what it reads, what it refuses and in which words, and real files against
 * numbers computed by other software. */
#include "tests/unit/open_source.h"

#include <zlib.h>

#define SVM "svmlight", "svmlight"

static void forms_of_lines(void **state) {
  (void)state;
  put_file("forms", "# a comment, then an empty line\n"
                    "\n"
                    "+1 1:0.5 3:-2e0 # of the row\n"
                    "-1 qid:7 2:1\r\n"
                    "   \t\n"
                    "+1\n"
                    "-1\t1:3   3:0 \t5:.25");
  opened o;
  assert_opens(&o, SVM, THW_F64, "path=forms", NULL);
  thw_source_info in = source_info(&o, 0);
  assert_int_equal(in.layout, THW_ROWS_CSR);
  assert_int_equal(in.n, 4);
  assert_int_equal(in.width, 5);
  assert_int_equal(in.label, THW_LABEL_CLASS);
  assert_int_equal(in.classes, 2);
  assert_string_equal(in.class_name[0], "-1");
  assert_string_equal(in.class_name[1], "+1");
  assert_string_equal(in.set, "train");
  thw_batch *b = source_take(&o, 0, 4, NULL, 0);
  static const double want[4][5] = {
      {0.5, 0, -2, 0, 0}, {0, 1, 0, 0, 0}, {0, 0, 0, 0, 0}, {3, 0, 0, 0, 0.25}};
  static const double y[4] = {1, -1, 1, -1};
  for (int i = 0; i < 4; i++) {
    for (int j = 0; j < 5; j++) assert_true(batch_at(b, i, j) == want[i][j]);
    assert_true(batch_y(b, i) == y[i]);
    assert_int_equal(b->rows->label[i], y[i] > 0);
  }
  assert_int_equal(b->rows->start[4], 5); /* 3:0 is not stored */
  o.ops->release(o.self, b);
  close_source(&o);
}

static void ones_have_no_values(void **state) {
  (void)state;
  put_file("ones", "0 1:1 2:1\n1 2:1.0 4:1e0\n");
  put_file("mixed", "0 1:1 2:1\n1 2:1 4:2\n");
  opened o;
  assert_opens(&o, SVM, THW_F32, "path=ones", NULL);
  thw_batch *b = source_take(&o, 0, 2, NULL, 0);
  assert_null(b->rows->x);
  assert_int_equal(b->rows->start[2], 4);
  assert_int_equal(b->rows->col[3], 3);
  close_source(&o);
  assert_opens(&o, SVM, THW_F32, "path=mixed", NULL);
  b = source_take(&o, 0, 2, NULL, 0);
  static const float x[] = {1, 1, 1, 2};
  assert_memory_equal(b->rows->x, x, sizeof x);
  close_source(&o);
}

static void index_base(void **state) {
  (void)state;
  put_file("one", "0 1:5 2:6\n1 2:7\n");
  put_file("zero", "1 0:8\n");
  opened o;
  assert_opens(&o, SVM, THW_F64, "path=one", NULL);
  assert_int_equal(source_info(&o, 0).width, 2);
  close_source(&o);
  /* One index 0 in any file, and all count from 0. */
  assert_opens(&o, SVM, THW_F64, "path=one", "test=zero", NULL);
  assert_int_equal(source_info(&o, 0).width, 3);
  thw_batch *b = source_take(&o, 0, 1, NULL, 0), *t = source_take(&o, 1, 1, NULL, 0);
  assert_true(batch_at(b, 0, 1) == 5 && batch_at(b, 0, 0) == 0);
  assert_true(batch_at(t, 0, 0) == 8);
  close_source(&o);
  assert_opens(&o, SVM, THW_F64, "path=one", "base=0", NULL);
  assert_int_equal(source_info(&o, 0).width, 3);
  close_source(&o);
  assert_refused("zero:1: index 0, but base = \"1\": this file counts from 0, set base = \"0\"",
                 SVM, THW_F64, "path=zero", "base=1", NULL);
}

static void widths(void **state) {
  (void)state;
  put_file("narrow", "0 1:1\n1 2:1\n");
  put_file("wide", "0 1:1 7:3\n");
  opened o;
  assert_opens(&o, SVM, THW_F64, "path=narrow", "test=wide", NULL);
  assert_int_equal(source_info(&o, 0).width, 7);
  assert_int_equal(source_info(&o, 1).width, 7);
  assert_string_equal(source_info(&o, 1).set, "test");
  close_source(&o);
  assert_opens(&o, SVM, THW_F64, "path=wide", "features=10", NULL);
  assert_int_equal(source_info(&o, 0).width, 10);
  close_source(&o);
  assert_refused("wide:1: index 7 is beyond features = 6", SVM, THW_F64, "path=narrow", "test=wide",
                 "features=6", NULL);
  put_file("zero7", "0 0:1 6:3\n");
  assert_opens(&o, SVM, THW_F64, "path=zero7", "features=7", NULL);
  close_source(&o);
  assert_refused("zero7:1: index 6 is beyond features = 6", SVM, THW_F64, "path=zero7",
                 "features=6", NULL);
}

static void unsorted_rows(void **state) {
  (void)state;
  put_file("unsorted", "1 3:3 1:1 2:2\n0 1:4 2:5\n");
  assert_refused(
      "unsorted:1: index 1 follows 3: sort the row's indices, or set unsorted = \"sort\"", SVM,
      THW_F64, "path=unsorted", NULL);
  opened o;
  assert_opens(&o, SVM, THW_F64, "path=unsorted", "unsorted=sort", NULL);
  assert_string_equal(o.log, "unsorted = sort: the indices of 1 rows were sorted");
  thw_batch *b = source_take(&o, 0, 2, NULL, 0);
  static const double x[] = {1, 2, 3, 4, 5};
  assert_memory_equal(b->rows->x, x, sizeof x);
  close_source(&o);
  put_file("twice", "1 3:3 1:1 3:0\n");
  assert_refused("twice:1: index 3 twice in one row", SVM, THW_F64, "path=twice", "unsorted=sort",
                 NULL);
}

static void many_unsorted(void **state) {
  (void)state;
  FILE *f = fopen("shuffled", "w");
  fputs("1", f);
  for (int i = 0; i < 1009; i++) fprintf(f, " %d:%d", i * 601 % 1009 + 1, i * 601 % 1009 + 2);
  fputs("\n0 1:1\n", f);
  fclose(f);
  opened o;
  assert_opens(&o, SVM, THW_F64, "path=shuffled", "unsorted=sort", NULL);
  thw_batch *b = source_take(&o, 0, 2, NULL, 0);
  for (int j = 0; j < 1009; j++) {
    assert_int_equal(b->rows->col[j], j);
    assert_true(((const double *)b->rows->x)[j] == j + 2);
  }
  close_source(&o);
}

static void malformed(void **state) {
  (void)state;
  static const struct {
    const char *text, *error;
  } bad[] = {
      {"", "bad: no rows"},
      {"\n# only\n\n", "bad: no rows"},
      {"1\n-1\n", "bad: no row has a feature"},
      {"1 1:1\nx 1:1\n",
       "bad:2: label \"x\" is not a number: words as labels are read from csv only"},
      {"1 1:1\n\n1:1 2:1\n", "bad:3: the line begins with \"1:1\": a label must come before the "
                             "features"},
      {"1,2 1:1\n", "bad:1: several labels \"1,2\": one label per row is read"},
      {"nan 1:1\n", "bad:1: label \"nan\" is not a number: words as labels are read from csv only"},
      {"1e999 1:1\n", "bad:1: label 1e999 is too large for the run's precision"},
      {"1 1:nan\n", "bad:1: value \"nan\" is not a finite number"},
      {"1 1:inf\n", "bad:1: value \"inf\" is not a finite number"},
      {"1 1:1e999\n", "bad:1: value 1e999 is too large for the run's precision"},
      {"1 1:0x1\n", "bad:1: value \"0x1\" is not a finite number"},
      {"1 1:\n", "bad:1: value \"\" is not a finite number"},
      {"1 1: 2\n", "bad:1: value \"\" is not a finite number"},
      {"1 :2\n", "bad:1: \":2\" is not index:value"},
      {"1 -1:2\n", "bad:1: \"-1:2\" is not index:value"},
      {"1 abc\n", "bad:1: \"abc\" is not index:value"},
      {"1 1:1 2\n", "bad:1: \"2\" is not index:value"},
      {"1 qid:x 1:1\n", "bad:1: qid: needs a number after it"},
      {"1 1:1 1:2\n", "bad:1: index 1 twice in one row"},
      {"1 1:1 1:1\n", "bad:1: index 1 twice in one row"},
      {"1 99999999999999999999:1\n",
       "bad:1: index 99999999999999999999 is too large: at most 2147483646"},
      {"1 2147483648:1\n", "bad:1: index 2147483648 is too large: at most 2147483646"},
      {"1 1:1\n1 1:\x01\x02\n", "bad:2: value \"??\" is not a finite number"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    put_file("bad", bad[i].text);
    assert_refused(bad[i].error, SVM, THW_F64, "path=bad", NULL);
  }
  put_bytes("nul", "1 1:1\n1 1:1\0 2:1\n", 16);
  assert_refused("nul:2: value \"1?\" is not a finite number", SVM, THW_F64, "path=nul", NULL);
  put_file("big", "1 1:1e39\n");
  assert_refused("big:1: value 1e39 is too large for the run's precision", SVM, THW_F32, "path=big",
                 NULL);
  assert_refused("absent: No such file or directory", SVM, THW_F64, "path=absent", NULL);
  assert_refused(".: is a folder, a file is needed", SVM, THW_F64, "path=.", NULL);
}

static void packed(void **state) {
  (void)state;
  gzFile z = gzopen("data.bin", "wb");
  for (int i = 0; i < 3000; i++) gzprintf(z, "%d 1:%d 2:1\n", i % 3, i);
  gzclose(z);
  opened o;
  assert_opens(&o, SVM, THW_F64, "path=data.bin", NULL);
  assert_int_equal(source_info(&o, 0).n, 3000);
  thw_batch *b = source_take(&o, 0, 3000, NULL, 0);
  for (int i = 0; i < 3000; i++) assert_true(batch_at(b, i, 0) == i);
  close_source(&o);
  /* Two members one after the other are one text; a cut or flipped file is an error. */
  static unsigned char all[1 << 16];
  FILE *f = fopen("data.bin", "rb");
  size_t n = fread(all, 1, sizeof all / 2, f);
  fclose(f);
  memcpy(all + n, all, n);
  put_bytes("double", all, 2 * n);
  assert_opens(&o, SVM, THW_F64, "path=double", NULL);
  assert_int_equal(source_info(&o, 0).n, 6000);
  close_source(&o);
  put_bytes("cut", all, n - 9);
  assert_refused("cut: the gzip file is truncated: fetch it again", SVM, THW_F64, "path=cut", NULL);
  all[n - 6] ^= 1; /* in the checksum */
  put_bytes("flipped", all, n);
  assert_refused("flipped: the gzip file is damaged (incorrect data check): fetch it again", SVM,
                 THW_F64, "path=flipped", NULL);
  put_file("zipped", "BZh91AY");
  assert_refused("zipped: packed in a format that is not read here (gzip is): unpack it first "
                 "(bunzip2 -k)",
                 SVM, THW_F64, "path=zipped", NULL);
}

/* Larger than several chunks: comments and zeros leave gaps that must close, line numbers go on
 * across chunks, and the number of threads does not show. */
static void chunks(void **state) {
  (void)state;
  enum { N = 60000 };
  FILE *f = fopen("large", "w");
  int64_t nnz = 0;
  for (int i = 0; i < N; i++) {
    if (i % 100 == 0) fputs("# 1:1 2:2 a comment with colons\n\n", f);
    fprintf(f, "%d qid:%d 1:%d", i % 2, i, i + 1);
    nnz++;
    if (i % 3 == 0) fputs(" 2:0", f);
    if (i % 5 == 0) {
      fprintf(f, " %d:0.5", 3 + i % 11);
      nnz++;
    }
    fputc('\n', f);
  }
  fclose(f);
  opened o;
  assert_opens(&o, SVM, THW_F64, "path=large", NULL);
  assert_int_equal(source_info(&o, 0).n, N);
  thw_batch *b = source_take(&o, 0, N, NULL, 0);
  assert_int_equal(b->rows->start[N], nnz);
  for (int i = 0; i < N; i++) {
    assert_true(batch_at(b, i, 0) == i + 1);
    assert_true(batch_y(b, i) == i % 2);
    if (i % 5 == 0) assert_true(batch_at(b, i, 2 + i % 11) == 0.5);
  }
  close_source(&o);
  f = fopen("large", "a");
  fputs("1 1:1\n1 oops\n1 oops\n", f);
  fclose(f);
  char want[80];
  snprintf(want, sizeof want, "large:%d: \"oops\" is not index:value", N + N / 100 * 2 + 2);
  assert_refused(want, SVM, THW_F64, "path=large", NULL);
}

static void dense_layout(void **state) {
  (void)state;
  put_file("d", "1 2:1\n0 1:3 2:4\n");
  put_file("dt", "1 3:1\n");
  opened o;
  assert_opens(&o, SVM, THW_F32, "path=d", "test=dt", "layout=dense", NULL);
  thw_source_info in = source_info(&o, 1);
  assert_int_equal(in.layout, THW_ROWS_DENSE);
  assert_int_equal(in.width, 3);
  static const float x[] = {0, 1, 0, 3, 4, 0};
  thw_batch *b = source_take(&o, 0, 2, NULL, 0);
  assert_int_equal(b->rows->ld, 3);
  assert_memory_equal(b->rows->x, x, sizeof x);
  close_source(&o);
}

/* Sums over whole files: nnz, labels, and values and columns weighted by their place. */
static void check_real(const char *file, int64_t n, int64_t d, int64_t nnz, double ysum,
                       double xsum, int64_t colsum) {
  opened o;
  assert_opens(&o, SVM, THW_F64, shared_data("path", file), NULL);
  thw_source_info in = source_info(&o, 0);
  assert_int_equal(in.n, n);
  assert_int_equal(in.width, d);
  thw_batch *b = source_take(&o, 0, n, NULL, 0);
  assert_int_equal(b->rows->start[n], nnz);
  double y = 0, x = 0;
  int64_t c = 0;
  for (int64_t i = 0; i < n; i++) y += batch_y(b, i);
  for (int64_t k = 0; k < nnz; k++) {
    x += b->rows->x ? ((const double *)b->rows->x)[k] * (double)(k % 7 + 1) : 1;
    c += b->rows->col[k] * (k % 1009 + 1);
  }
  assert_true(y == ysum);
  assert_true(fabs(x - xsum) <= 1e-9 * fabs(xsum));
  assert_int_equal(c, colsum);
  close_source(&o);
}

/* Reference: scikit-learn 1.9.1, load_svmlight_file, explicit zeros removed. */
static void real_files(void **state) {
  (void)state;
  check_real("libsvm/a9a", 32561, 123, 451592, -16879, 451592, 11134374730);
  check_real("libsvm/w8a", 49749, 300, 579586, -46791, 579586, 44201548804);
  check_real("libsvm/heart_scale", 270, 13, 3378, -30, -2638.7926961, 9353966);
  check_real("libsvm/australian", 690, 14, 7724, -76, 3007815.08, 23536620);
  check_real("libsvm/letter.scale", 15000, 16, 240000, 203433, -201365.1277821, 908514116);
  check_real("libsvm/cadata.gz", 20640, 8, 165120, 4269504061, 416652932.6136, 291444948);
  check_real("libsvm/ionosphere_scale", 351, 34, 10551, 99, 11562.97722, 88502424);
}

static void real_labels(void **state) {
  (void)state;
  opened o;
  assert_opens(&o, SVM, THW_F64, shared_data("path", "libsvm/a9a"),
               shared_data("test", "libsvm/a9a.t"), NULL);
  thw_source_info in = source_info(&o, 1);
  assert_int_equal(in.n, 16281);
  assert_int_equal(in.width, 123);
  assert_int_equal(in.classes, 2);
  assert_string_equal(in.class_name[1], "+1");
  close_source(&o);
  assert_opens(&o, SVM, THW_F64, shared_data("path", "libsvm/cadata.gz"), NULL);
  assert_int_equal(source_info(&o, 0).label, THW_LABEL_REAL);
  close_source(&o);
  assert_opens(&o, SVM, THW_F64, shared_data("path", "libsvm/letter.scale"), NULL);
  in = source_info(&o, 0);
  assert_int_equal(in.classes, 26);
  assert_string_equal(in.class_name[9], "10");
  close_source(&o);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(forms_of_lines), cmocka_unit_test(ones_have_no_values),
      cmocka_unit_test(index_base),     cmocka_unit_test(widths),
      cmocka_unit_test(unsorted_rows),  cmocka_unit_test(many_unsorted),
      cmocka_unit_test(malformed),      cmocka_unit_test(packed),
      cmocka_unit_test(chunks),         cmocka_unit_test(dense_layout),
      cmocka_unit_test(real_files),     cmocka_unit_test(real_labels),
  };
  return cmocka_run_group_tests(tests, enter_scratch, leave_scratch);
}
