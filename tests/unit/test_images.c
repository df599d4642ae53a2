/* SPDX-License-Identifier: BSD-3-Clause */
/* Sources of images: records of CIFAR-10, crops and mirror images, patches. */
#include "tests/unit/linear_fixture.h"

enum { RECORD = 3073 };

/* Record k: label k % 10, every byte of a plane the same but for the first row of the red one. */
static void put_records(const char *name, int n) {
  unsigned char *p = calloc((size_t)n, RECORD);
  for (int k = 0; k < n; k++) {
    unsigned char *b = p + (size_t)k * RECORD;
    b[0] = (unsigned char)(k % 10);
    for (int i = 0; i < 3072; i++) b[1 + i] = (unsigned char)(10 + 20 * (i / 1024) + k);
    for (int j = 0; j < 32; j++) b[1 + j] = (unsigned char)(4 * j);
  }
  put_bytes(name, p, (size_t)n * RECORD);
  free(p);
}

static void cifar(void **state) {
  (void)state;
  opened o;
  put_records("c.bin", 20);
  assert_opens(&o, "images", "cifar", THW_F64, "path=c.bin", "downsample=2", NULL);
  thw_source_info in = source_info(&o, 0);
  assert_int_equal(in.n, 20);
  assert_int_equal(in.width, 3 * 16 * 16);
  assert_int_equal(in.dims[2], 16);
  assert_int_equal(in.classes, 10);
  thw_batch *b = source_take(&o, 0, 20, NULL, 0);
  /* rows 0 and 1 of the plane: 0, 4 above 13, 13 */
  assert_true(fabs(batch_at(b, 3, 0) - ((0 + 4 + 13 + 13) / 4.0 - 125.3) / 63.0) < 1e-12);
  assert_true(fabs(batch_at(b, 3, 256) - (33 - 123.0) / 62.1) < 1e-12);
  assert_true(fabs(batch_at(b, 3, 767) - (53 - 113.9) / 66.7) < 1e-12);
  assert_int_equal(b->rows->label[13], 3);
  o.ops->release(o.self, b);
  close_source(&o);
  put_bytes("short.bin", "123", 3);
  assert_refused("short.bin: 3 bytes are no records of 3073 (labels and 3 x 32 x 32 pixels): is it "
                 "the binary version, and kind right?",
                 "images", "cifar", THW_F64, "path=short.bin", NULL);
}

/* A wrapper around the records. */
typedef struct wrapped {
  opened o;
  thw_object inner;
  made m;
  const thw_source_ops *ops;
  const thw_pass_source *passes;
} wrapped;

static void open_wrapped(wrapped *w, const char *id, const char *params) {
  put_records("c.bin", 200);
  assert_opens(&w->o, "images", "cifar", THW_F64, "path=c.bin", "scale=unit", NULL);
  w->inner = (thw_object){sizeof w->inner, THW_SOURCE, w->o.ops, w->o.self, NULL};
  make_path = "source";
  if (make(&w->m, "images", id, THW_F64, params, &w->inner, NULL) != THW_OK)
    fail_msg("%s", w->m.error);
  w->ops = w->m.object.ops;
  w->passes = thw_ext(&w->m.object, THW_EXT_PASS_SOURCE);
}

static void close_wrapped(wrapped *w) {
  unmake(&w->m);
  close_source(&w->o);
}

static thw_batch *take(const wrapped *w, int64_t pass, int64_t n, const int64_t *index) {
  thw_batch *b = NULL;
  assert_int_equal(w->passes->take(w->m.object.self, 0, pass, n, index, 0, &b), THW_OK);
  return b;
}

static void drop(const wrapped *w, thw_batch *b) {
  w->ops->release(w->m.object.self, b);
}

/* Row 7 of pass 2 is the same whatever stands beside it, another in other passes, and a shift of
 * the image: the ramp 4 j of the first row rises by 4, or falls. */
static void augment(void **state) {
  (void)state;
  wrapped w;
  static const int64_t some[] = {3, 7, 9}, other[] = {7, 100};
  open_wrapped(&w, "augment", "pad=4 padding=reflect");
  thw_batch *a = take(&w, 2, 3, some), *b = take(&w, 2, 2, other);
  int differ = 0, seen = 0;
  for (int64_t j = 0; j < 3072; j++) assert_true(batch_at(a, 1, j) == batch_at(b, 0, j));
  assert_int_equal(b->rows->id[0], 7);
  assert_int_equal(b->rows->label[0], 7);
  drop(&w, a);
  for (int64_t pass = 1; pass <= 40; pass++) { /* the first row is in sight in some pass */
    a = take(&w, pass, 1, other);
    for (int64_t i = 0; i < 32; i++) {
      double step = fabs(batch_at(a, 0, i * 32 + 16) - batch_at(a, 0, i * 32 + 15));
      if (step > 0) assert_true(fabs(step - 4 / 255.0) < 1e-12);
      seen += step > 0;
    }
    for (int64_t j = 0; j < 3072; j++) differ += batch_at(a, 0, j) != batch_at(b, 0, j);
    drop(&w, a);
  }
  assert_true(seen > 0 && differ > 0);
  drop(&w, b);
  a = NULL;
  assert_int_equal(w.ops->take(w.m.object.self, 0, 1, other, 0, &a), THW_OK);
  for (int64_t j = 0; j < 32; j++) assert_true(batch_at(a, 0, j) == (double)(4 * j) / 255);
  drop(&w, a);
  close_wrapped(&w);
}

/* 0.2 untouched, 0.16 patch alone, 0.64 both, within four standard errors; the mean of both signs
 * is the common pattern z, and z differs from class to class by nothing. */
static void patch(void **state) {
  (void)state;
  wrapped w;
  open_wrapped(&w, "patch", "size=7 own=0.1");
  double kinds[3] = {0}, low[2] = {INFINITY, INFINITY}, high[2] = {-INFINITY, -INFINITY};
  int64_t middle = 12 * 32 + 12, passes = 50, n = 200;
  for (int64_t pass = 1; pass <= passes; pass++) {
    thw_batch *b = take(&w, pass, n, NULL);
    for (int64_t k = 0; k < n; k++) {
      double plain = (10 + (double)k) / 255, v = batch_at(b, k, middle);
      int kept = fabs(batch_at(b, k, 5 * 32) - plain) < 1e-12, same = fabs(v - plain) < 1e-12;
      kinds[same ? 0 : kept ? 2 : 1]++;
      if (same || !kept) continue;
      int c = k % 10 == 4;
      low[c] = fmin(low[c], v), high[c] = fmax(high[c], v);
    }
    drop(&w, b);
  }
  double total = (double)(n * passes);
  assert_true(fabs(kinds[0] / total - 0.2) < 4 * sqrt(0.16 / (double)n));
  assert_true(fabs(kinds[1] / total - 0.16) < 4 * sqrt(0.16 / (double)n));
  assert_true(fabs(kinds[2] / total - 0.64) < 4 * sqrt(0.16 / (double)n));
  for (int c = 0; c < 2; c++) assert_true(high[c] - low[c] <= 0.2 + 1e-12);
  assert_true(fabs(low[0] + high[0] - low[1] - high[1]) < 1e-12);
  close_wrapped(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(cifar), cmocka_unit_test(augment),
                                     cmocka_unit_test(patch)};
  return cmocka_run_group_tests(tests, enter_scratch, leave_scratch);
}
