/* SPDX-License-Identifier: BSD-3-Clause */
/* The sources `npy` and `idx`: files built here byte by byte, and MNIST. */
#include "tests/unit/open_source.h"

#define NPY "npy", "npy"
#define IDX "idx", "idx"

/* A .npy file of format `major` with this dictionary and these data. */
static void put_npy(const char *name, int major, const char *dict, const void *data, size_t n) {
  static unsigned char b[4096];
  size_t len = strlen(dict), at = 0;
  memcpy(b, "\x93NUMPY", 6);
  b[6] = (unsigned char)major;
  b[7] = 0;
  b[8] = (unsigned char)(len & 0xff);
  b[9] = (unsigned char)(len >> 8);
  at = 10;
  if (major > 1) {
    b[10] = b[11] = 0;
    at = 12;
  }
  memcpy(b + at, dict, len);
  if (n) memcpy(b + at + len, data, n);
  put_bytes(name, b, at + len + n);
}

static void check_values(opened *o, const double *x, int64_t n, int64_t d) {
  assert_int_equal(source_info(o, 0).n, n);
  assert_int_equal(source_info(o, 0).width, d);
  thw_batch *b = source_take(o, 0, n, NULL, 0);
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = 0; j < d; j++) assert_true(batch_at(b, i, j) == x[i * d + j]);
  o->ops->release(o->self, b);
}

/* 2 x 3: every element type, both byte orders, both storage orders. */
static void element_types(void **state) {
  (void)state;
  static const double want[] = {1, 2, 3, 4, 5, 6};
  static const char *const type[] = {"f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"};
  for (size_t t = 0; t < sizeof type / sizeof type[0]; t++)
    for (int big = 0; big < 2; big++)
      for (int fortran = 0; fortran < 2; fortran++)
        for (int major = 1; major <= 3; major++) {
          unsigned char data[48];
          int size = type[t][1] - '0';
          for (int k = 0; k < 6; k++) {
            double v = fortran ? want[k % 2 * 3 + k / 2] : want[k];
            unsigned char raw[8];
            float f = (float)v;
            uint64_t u = (uint64_t)v; /* little-endian integers of any size */
            uint32_t bits4;
            uint64_t bits8;
            memcpy(&bits4, &f, 4);
            memcpy(&bits8, &v, 8);
            if (type[t][0] == 'f') u = size == 4 ? bits4 : bits8;
            for (int i = 0; i < size; i++) raw[i] = (unsigned char)(u >> 8 * i);
            for (int i = 0; i < size; i++) data[k * size + i] = raw[big ? size - 1 - i : i];
          }
          char dict[128];
          snprintf(dict, sizeof dict,
                   "{'descr': '%c%s', 'fortran_order': %s, 'shape': (2, 3), } \n",
                   size == 1 ? '|'
                   : big     ? '>'
                             : '<',
                   type[t], fortran ? "True" : "False");
          put_npy("x", major, dict, data, (size_t)size * 6);
          opened o;
          assert_opens(&o, NPY, major == 2 ? THW_F32 : THW_F64, "x=x", NULL);
          check_values(&o, want, 2, 3);
          close_source(&o);
        }
}

static void shapes_and_labels(void **state) {
  (void)state;
  double x[24], y[2] = {3, 5};
  for (int i = 0; i < 24; i++) x[i] = i;
  put_npy("x3", 1, "{'descr':'<f8','fortran_order':False,'shape':(2,3,4)}", x, sizeof x);
  put_npy("y", 1, "{'descr':'<f8','fortran_order':False,'shape':(2,)}", y, sizeof y);
  opened o;
  assert_opens(&o, NPY, THW_F64, "x=x3", "y=y", "test_x=x3", "test_y=y", NULL);
  thw_source_info in = source_info(&o, 0);
  assert_int_equal(in.n_dims, 2);
  assert_int_equal(in.dims[0], 3);
  assert_int_equal(in.dims[1], 4);
  assert_int_equal(in.classes, 2);
  assert_string_equal(in.class_name[1], "5");
  assert_string_equal(source_info(&o, 1).set, "test");
  check_values(&o, x, 2, 12);
  close_source(&o);
  /* Fortran order in three dimensions: element (i, j, k) is at i + 2j + 6k. */
  double f[24];
  for (int i = 0; i < 2; i++)
    for (int j = 0; j < 3; j++)
      for (int k = 0; k < 4; k++) f[i + 2 * j + 6 * k] = x[12 * i + 4 * j + k];
  put_npy("xf", 1, "{'descr':'<f8','fortran_order':True,'shape':(2,3,4)}", f, sizeof f);
  assert_opens(&o, NPY, THW_F64, "x=xf", NULL);
  assert_int_equal(source_info(&o, 0).label, THW_LABEL_NONE);
  check_values(&o, x, 2, 12);
  close_source(&o);
  double y7[2] = {3, 7}, real[2] = {0.5, 0.25};
  put_npy("y7", 1, "{'descr':'<f8','fortran_order':False,'shape':(2,1)}", y7, sizeof y7);
  assert_refused("y7: row 2: label 7 does not occur in the training set: remove the row, or set "
                 "labels = \"real\"",
                 NPY, THW_F64, "x=x3", "y=y", "test_x=x3", "test_y=y7", NULL);
  put_npy("yr", 1, "{'descr':'<f8','fortran_order':False,'shape':(2,)}", real, sizeof real);
  assert_opens(&o, NPY, THW_F64, "x=x3", "y=yr", NULL);
  assert_int_equal(source_info(&o, 0).label, THW_LABEL_REAL);
  close_source(&o);
  assert_refused("x3: the set \"test\" has no labels, the training set has some", NPY, THW_F64,
                 "x=x3", "y=y", "test_x=x3", NULL);
}

static void malformed_npy(void **state) {
  (void)state;
  static const double d[6] = {1, 2, 3, 4, 5, 6};
#define FINE "'fortran_order': False, 'shape': "
  static const struct {
    const char *dict, *error;
    size_t n;
  } bad[] = {
      {"{'descr': '<f8', " FINE "(2, 3)}",
       "bad: truncated: the shape needs 48 bytes of data, the "
       "file has 40",
       40},
      {"{'descr': '<f4', " FINE "(2, 3)}",
       "bad: too long: the shape needs 24 bytes of data, the "
       "file has 48",
       48},
      {"{'descr': '<f8', " FINE "(0, 3)}", "bad: an empty array", 0},
      {"{'descr': '<f8', " FINE "()}",
       "bad: 0 dimensions: rows first, then 0 to 4 for the shape of "
       "a row",
       8},
      {"{'descr': '<f8', " FINE "(99999999999999999999, 3)}", "bad: an absurd shape", 48},
      {"{'descr': '<f8', " FINE "(4294967296, 4294967296, 4294967296)}", "bad: an absurd shape",
       48},
      {"{'descr': '<f8', " FINE "(1,1,1,1,1,1,1,1,1)}", "bad: more than 8 dimensions", 8},
      {"{'descr': '<f8', " FINE "(-2, 3)}", "bad: shape is not a tuple of numbers", 48},
      {"{'descr': '<f8', " FINE "6}", "bad: shape is not a tuple", 48},
      {"{'descr': '<c16', " FINE "(3,)}",
       "bad: elements of type '<c16' are not read: convert to f4, "
       "f8, an integer type or bool",
       48},
      {"{'descr': '|O', " FINE "(3,)}",
       "bad: elements of type '|O' are not read: convert to f4, f8, "
       "an integer type or bool",
       24},
      {"{'descr': [('a', '<f8')], " FINE "(3,)}",
       "bad: records are not read: store one plain array", 24},
      {"{'descr': '<f8', 'fortran_order': 0, 'shape': (3,)}",
       "bad: fortran_order is neither True nor False", 24},
      {"{'descr': '<f8', 'shape': (3,)}", "bad: the header lacks fortran_order", 24},
      {"{'descr': '<f8', 'descr': '<f8', " FINE "(3,)}", "bad: unexpected 'descr' in the header",
       24},
      {"{'descr': '<f8', " FINE "(3,), 'x': 1}", "bad: unexpected 'x' in the header", 24},
      {"{'descr': '<f8', " FINE "(3,)} x", "bad: something follows the header's dictionary", 24},
      {"['descr']", "bad: the header is not a dictionary", 24},
      {"{'descr", "bad: the header ends inside a word", 24},
  };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    put_npy("bad", 1, bad[i].dict, d, bad[i].n);
    assert_refused(bad[i].error, NPY, THW_F64, "x=bad", NULL);
  }
  put_file("bad", "PK not numpy");
  assert_refused("bad: not a .npy file (it does not begin with \\x93NUMPY)", NPY, THW_F64, "x=bad",
                 NULL);
  put_bytes("bad", "\x93NUMPY\x09\x00\x04\x00{}  ", 14);
  assert_refused("bad: format 9.0 is unknown", NPY, THW_F64, "x=bad", NULL);
  put_bytes("bad", "\x93NUMPY\x01\x00\xff\xff{}  ", 14);
  assert_refused("bad: truncated: the header has 65535 bytes, the file 14", NPY, THW_F64, "x=bad",
                 NULL);
  double inf[2] = {1, HUGE_VAL};
  put_npy("bad", 1, "{'descr': '<f8', " FINE "(2, 1)}", inf, sizeof inf);
  assert_refused("bad: row 2, feature 1: not a finite number in the run's precision", NPY, THW_F64,
                 "x=bad", NULL);
  put_npy("x", 1, "{'descr': '<f8', " FINE "(2, 3)}", d, 48);
  put_npy("y", 1, "{'descr': '<f8', " FINE "(3,)}", d, 24);
  assert_refused("y: 3 labels (of 3 elements) for 2 rows", NPY, THW_F64, "x=x", "y=y", NULL);
  assert_refused("test_y is given without test_x", NPY, THW_F64, "x=x", "test_y=y", NULL);
  put_npy("x2", 1, "{'descr': '<f8', " FINE "(3, 2)}", d, 48);
  assert_refused("x2: rows of 2 features, but those of the training set have 3", NPY, THW_F64,
                 "x=x", "test_x=x2", NULL);
}

static void idx_files(void **state) {
  (void)state;
  static const unsigned char x[] = {0, 0, 8, 3, 0, 0, 0, 2,   0,  0,
                                    0, 1, 0, 0, 0, 2, 0, 255, 51, 102};
  static const unsigned char y[] = {0, 0, 8, 1, 0, 0, 0, 2, 4, 9};
  put_bytes("x", x, sizeof x);
  put_bytes("y", y, sizeof y);
  opened o;
  assert_opens(&o, IDX, THW_F64, "x=x", "y=y", NULL);
  static const double unit[] = {0, 1, 0.2, 0.4}, bytes[] = {0, 255, 51, 102};
  check_values(&o, unit, 2, 2);
  thw_source_info in = source_info(&o, 0);
  assert_int_equal(in.n_dims, 2);
  assert_int_equal(in.dims[1], 2);
  assert_string_equal(in.class_name[1], "9");
  close_source(&o);
  assert_opens(&o, IDX, THW_F64, "x=x", "scale=none", NULL);
  check_values(&o, bytes, 2, 2);
  close_source(&o);
  /* Wider elements are big-endian. */
  static const unsigned char wide[] = {0, 0, 0x0b, 2, 0,    0,    0,    1,
                                       0, 0, 0,    2, 0x01, 0x02, 0xff, 0xfe};
  static const double shorts[] = {258, -2};
  put_bytes("wide", wide, sizeof wide);
  assert_opens(&o, IDX, THW_F64, "x=wide", NULL);
  check_values(&o, shorts, 1, 2);
  close_source(&o);
}

static void malformed_idx(void **state) {
  (void)state;
  static const struct {
    const char *bytes, *error;
    size_t n;
  } bad[] = {
      {"", "bad: not an idx file (it does not begin with two zero bytes and a type)", 0},
      {"abcdef", "bad: not an idx file (it does not begin with two zero bytes and a type)", 6},
      {"\0\0\7\1\0\0\0\1x",
       "bad: not an idx file (it does not begin with two zero bytes and a type)", 9},
      {"\0\0\x08\0x", "bad: 0 dimensions: 1 to 8 are read", 5},
      {"\0\0\x08\x09x", "bad: 9 dimensions: 1 to 8 are read", 5},
      {"\0\0\x08\2\0\0\0\1", "bad: truncated inside the header", 8},
      {"\0\0\x08\1\0\0\0\3ab", "bad: truncated: the shape needs 3 bytes of data, the file has 2",
       10},
      {"\0\0\x08\1\0\0\0\1ab", "bad: too long: the shape needs 1 bytes of data, the file has 2",
       10},
      {"\0\0\x08\3\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "bad: an absurd shape", 16},
      {"\0\0\x08\1\0\0\0\0", "bad: an empty array", 8},
  };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    put_bytes("bad", bad[i].bytes, bad[i].n);
    assert_refused(bad[i].error, IDX, THW_F64, "x=bad", NULL);
  }
}

/* Reference: NumPy over the unpacked bytes, pixels and labels weighted by their place. */
static void mnist(void **state) {
  (void)state;
  opened o;
  assert_opens(&o, IDX, THW_F32, shared_data("x", "mnist/t10k-images-idx3-ubyte.gz"),
               shared_data("y", "mnist/t10k-labels-idx1-ubyte.gz"), "scale=none", NULL);
  thw_source_info in = source_info(&o, 0);
  assert_int_equal(in.n, 10000);
  assert_int_equal(in.width, 784);
  assert_int_equal(in.dims[0], 28);
  assert_int_equal(in.classes, 10);
  thw_batch *b = source_take(&o, 0, in.n, NULL, 0);
  const float *x = b->rows->x;
  double sum = 0, labels = 0;
  for (int64_t i = 0; i < 7840000; i++) sum += (double)x[i] * (double)(i % 7 + 1);
  for (int64_t i = 0; i < 10000; i++) labels += batch_y(b, i) * (double)(i % 7 + 1);
  assert_true(sum == 1050377955);
  assert_true(labels == 178756);
  close_source(&o);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(element_types), cmocka_unit_test(shapes_and_labels),
      cmocka_unit_test(malformed_npy), cmocka_unit_test(idx_files),
      cmocka_unit_test(malformed_idx), cmocka_unit_test(mnist),
  };
  return cmocka_run_group_tests(tests, enter_scratch, leave_scratch);
}
