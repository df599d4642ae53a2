/* SPDX-License-Identifier: BSD-3-Clause */
/* What every source in memory shares: batches, held-out rows, labels, standardising. */
#include "tests/unit/open_source.h"

#define SVM "svmlight", "svmlight"
#define CSV "csv", "csv"

static void batches_copy_nothing(void **state) {
  (void)state;
  put_file("t", "1,0\n2,1\n3,0\n4,1\n");
  opened o;
  assert_opens(&o, CSV, THW_F64, "path=t", NULL);
  static const int64_t index[] = {3, 0, 3};
  thw_batch *a = source_take(&o, 0, 3, index, 0), *b = source_take(&o, 0, 2, NULL, 1);
  assert_ptr_equal(a->index, index);
  assert_ptr_equal(a->rows, b->rows);
  assert_true(batch_at(a, 0, 0) == 4 && batch_at(a, 1, 0) == 1 && batch_at(a, 2, 0) == 4);
  assert_true(batch_at(b, 0, 0) == 2 && batch_at(b, 1, 0) == 3);
  assert_int_equal(b->first, 1);
  assert_null(b->index);
  thw_batch *was = b;
  o.ops->release(o.self, b);
  b = source_take(&o, 0, 4, NULL, 0); /* the same struct again */
  assert_ptr_equal(b, was);
  o.ops->release(o.self, a);
  o.ops->release(o.self, b);
  thw_batch *none = NULL;
  assert_int_equal(o.ops->take(o.self, 0, 2, NULL, 3, &none), THW_E_ARG);
  assert_int_equal(o.ops->take(o.self, 0, 2, NULL, -1, &none), THW_E_ARG);
  assert_int_equal(o.ops->take(o.self, 1, 1, NULL, 0, &none), THW_E_ARG);
  b = source_take(&o, 0, 0, NULL, 4); /* empty, at the end */
  assert_int_equal(b->n, 0);
  uint32_t sets = 0;
  assert_int_equal(o.ops->sets(o.self, &sets), THW_OK);
  assert_int_equal(sets, 1);
  close_source(&o);
}

static void put_numbers(const char *name, int n) {
  FILE *f = fopen(name, "w");
  for (int i = 0; i < n; i++) fprintf(f, "%d 1:%d %d:1\n", i % 4, i + 1, 2 + i % 3);
  fclose(f);
}

/* Every row turns up in exactly one set, whole, in order; the counts are exact. */
static void held_out_rows(void **state) {
  (void)state;
  put_numbers("n", 1000);
  opened o;
  assert_opens(&o, SVM, THW_F64, "path=n", "split=0.25", "split_valid=0.1", NULL);
  static const int64_t want[3] = {650, 250, 100};
  static const char *const name[3] = {"train", "test", "valid"};
  int seen[1001] = {0}, early = 0;
  for (uint32_t s = 0; s < 3; s++) {
    thw_source_info in = source_info(&o, s);
    assert_int_equal(in.n, want[s]);
    assert_string_equal(in.set, name[s]);
    assert_int_equal(in.classes, 4);
    thw_batch *b = source_take(&o, s, in.n, NULL, 0);
    int64_t before = 0;
    for (int64_t k = 0; k < in.n; k++) {
      int64_t v = (int64_t)batch_at(b, k, 0), i = v - 1;
      assert_true(v > before);
      before = v;
      seen[v]++;
      early += s == 1 && v <= 500;
      assert_true(batch_at(b, k, 1 + i % 3) == 1);
      assert_true(batch_y(b, k) == (double)(i % 4));
      assert_int_equal(b->rows->label[k], i % 4);
    }
  }
  for (int v = 1; v <= 1000; v++) assert_int_equal(seen[v], 1);
  /* Hypergeometric: mean 125, standard deviation 6.85; 4 of them. */
  assert_in_range(early, 98, 152);
  close_source(&o);
}

static void chosen_by_seed_only(void **state) {
  (void)state;
  put_numbers("n", 1000);
  double first[2][500];
  for (int k = 0; k < 2; k++) {
    opened o;
    assert_opens(&o, SVM, THW_F64, "path=n", "subsample=0.5", NULL);
    assert_int_equal(source_info(&o, 0).n, 500);
    thw_batch *b = source_take(&o, 0, 500, NULL, 0);
    for (int i = 0; i < 500; i++) first[k][i] = batch_at(b, i, 0);
    close_source(&o);
  }
  assert_memory_equal(first[0], first[1], sizeof first[0]);
}

static void limits(void **state) {
  (void)state;
  put_numbers("n", 1000);
  opened o;
  assert_opens(&o, SVM, THW_F64, "path=n", "rows=3", NULL);
  assert_int_equal(source_info(&o, 0).n, 3);
  assert_int_equal(source_info(&o, 0).classes, 4); /* of the whole file */
  close_source(&o);
  assert_opens(&o, SVM, THW_F64, "path=n", "rows=5000", NULL);
  assert_int_equal(source_info(&o, 0).n, 1000);
  close_source(&o);
  assert_refused("n: of 1000 rows none is left for training: lower split and split_valid", SVM,
                 THW_F64, "path=n", "split=0.6", "split_valid=0.6", NULL);
  assert_refused("split makes a set \"test\", but one is given: use one", SVM, THW_F64, "path=n",
                 "test=n", "split=0.5", NULL);
  assert_refused("split_valid makes a set \"valid\", but one is given: use one", SVM, THW_F64,
                 "path=n", "valid=n", "split_valid=0.5", NULL);
}

static void words_survive_a_split(void **state) {
  (void)state;
  FILE *f = fopen("w", "w");
  for (int i = 0; i < 100; i++) fprintf(f, "%d,%s\n", i, i % 2 ? "b" : i % 4 ? "a" : "c");
  fclose(f);
  opened o;
  assert_opens(&o, CSV, THW_F64, "path=w", "split=0.5", NULL);
  for (uint32_t s = 0; s < 2; s++) {
    thw_batch *b = source_take(&o, s, 50, NULL, 0);
    for (int64_t k = 0; k < 50; k++) {
      int i = (int)batch_at(b, k, 0);
      assert_int_equal(b->rows->label[k], i % 2 ? 1 : i % 4 ? 0 : 2);
      assert_true(batch_y(b, k) == b->rows->label[k]);
    }
  }
  close_source(&o);
}

static void label_kinds(void **state) {
  (void)state;
  opened o;
  FILE *f = fopen("k1000", "w"), *g = fopen("k1001", "w");
  for (int i = 0; i < 1001; i++) {
    if (i < 1000) fprintf(f, "%d 1:1\n", i - 500);
    fprintf(g, "%d 1:1\n", i);
  }
  fclose(f);
  fclose(g);
  assert_opens(&o, SVM, THW_F64, "path=k1000", NULL);
  assert_int_equal(source_info(&o, 0).label, THW_LABEL_CLASS);
  assert_int_equal(source_info(&o, 0).classes, 1000);
  assert_string_equal(source_info(&o, 0).class_name[0], "-500");
  close_source(&o);
  assert_opens(&o, SVM, THW_F64, "path=k1001", NULL);
  assert_int_equal(source_info(&o, 0).label, THW_LABEL_REAL);
  close_source(&o);
  assert_opens(&o, SVM, THW_F64, "path=k1001", "labels=class", NULL);
  assert_int_equal(source_info(&o, 0).classes, 1001);
  close_source(&o);
  put_file("half", "0.5 1:1\n1.5 1:1\n0.5 1:2\n");
  assert_opens(&o, SVM, THW_F64, "path=half", NULL);
  assert_int_equal(source_info(&o, 0).label, THW_LABEL_REAL);
  thw_batch *b = source_take(&o, 0, 3, NULL, 0);
  assert_null(b->rows->label);
  assert_true(batch_y(b, 1) == 1.5);
  close_source(&o);
  assert_opens(&o, SVM, THW_F64, "path=half", "labels=class", NULL);
  assert_string_equal(source_info(&o, 0).class_name[0], "0.5");
  close_source(&o);
  put_file("int", "1 1:1\n2 1:1\n");
  assert_opens(&o, SVM, THW_F32, "path=int", "labels=real", NULL);
  assert_int_equal(source_info(&o, 0).label, THW_LABEL_REAL);
  assert_int_equal(source_info(&o, 0).classes, 0);
  close_source(&o);
  put_file("three", "\n1 1:1\n3 1:1\n");
  assert_refused(
      "three:3: label 3 does not occur in the training set: remove the row, or set labels "
      "= \"real\"",
      SVM, THW_F64, "path=int", "test=three", NULL);
  /* 1, 1.0 and +1 are one class, named as first written. */
  put_file("one", "+1 1:1\n1 1:1\n1.0 1:1\n-0 1:1\n0 1:1\n");
  assert_opens(&o, SVM, THW_F64, "path=one", NULL);
  assert_int_equal(source_info(&o, 0).classes, 2);
  assert_string_equal(source_info(&o, 0).class_name[0], "-0");
  assert_string_equal(source_info(&o, 0).class_name[1], "+1");
  close_source(&o);
}

static void small_standardise(void **state) {
  (void)state;
  /* Columns: 0 4 8, 7 7 7 (constant), -1 0 1; the test row goes through the same map. */
  put_file("s", "0,7,-1,0\n4,7,0,1\n8,7,1,0\n");
  put_file("st", "6,9,2,1\n");
  static const struct {
    const char *how;
    double x[9], t[3];
  } want[] = {
      {"standardise=mean-std",
       {-1.224744871391589, 0, -1.224744871391589, 0, 0, 0, 1.224744871391589, 0,
        1.224744871391589},
       {0.6123724356957945, 2, 2.449489742783178}},
      {"standardise=max-abs", {0, 1, -1, 0.5, 1, 0, 1, 1, 1}, {0.75, 9.0 / 7, 2}},
      {"standardise=min-max", {0, 0, 0, 0.5, 0, 0.5, 1, 0, 1}, {0.75, 2, 1.5}},
      {"standardise=unit-rows",
       {0, 0.98994949366116658, -0.14142135623730950, 0.49613893835683382, 0.86824314212445919, 0,
        0.74926864926535461, 0.65561006810718528, 0.093658581158169327},
       {6 / 11.0, 9 / 11.0, 2 / 11.0}},
  };
  for (size_t w = 0; w < sizeof want / sizeof want[0]; w++) {
    opened o;
    assert_opens(&o, CSV, THW_F64, "path=s", "test=st", want[w].how, NULL);
    thw_batch *b = source_take(&o, 0, 3, NULL, 0), *t = source_take(&o, 1, 1, NULL, 0);
    for (int k = 0; k < 9; k++) assert_true(fabs(batch_at(b, k / 3, k % 3) - want[w].x[k]) < 1e-15);
    for (int k = 0; k < 3; k++) assert_true(fabs(batch_at(t, 0, k) - want[w].t[k]) < 1e-15);
    close_source(&o);
  }
}

static void overflow_is_refused(void **state) {
  (void)state;
  put_file("huge", "1e308,0\n-1e308,1\n");
  assert_refused("huge: column 1: its values are too large to be standardised", CSV, THW_F64,
                 "path=huge", "standardise=min-max", NULL);
  put_file("tr", "1e-30,0\n-1e-30,1\n");
  put_file("te", "1e30,0\n");
  assert_refused("te: standardise gives numbers beyond the run's precision", CSV, THW_F32,
                 "path=tr", "test=te", "standardise=max-abs", NULL);
}

static double weighted(const char *layout, const char *how) {
  opened o;
  assert_opens(&o, SVM, THW_F64, shared_data("path", "libsvm/australian"), layout, how, NULL);
  thw_batch *b = source_take(&o, 0, 690, NULL, 0);
  double s = 0;
  for (int64_t k = 0; k < 690 * 14; k++) s += batch_at(b, k / 14, k % 14) * (double)(k % 11 + 1);
  close_source(&o);
  return s;
}

/* Reference: scikit-learn 1.9.1 (StandardScaler, MaxAbsScaler, MinMaxScaler, normalize; the sparse
 * ones with_mean=False, and NumPy for the range). */
static void standardise_like_others(void **state) {
  (void)state;
  static const struct {
    const char *layout, *how;
    double sum;
  } want[] = {
      {"layout=dense", "standardise=mean-std", -315.60564547873173},
      {"layout=dense", "standardise=max-abs", 21208.50585542171},
      {"layout=dense", "standardise=min-max", 18693.958696221613},
      {"layout=dense", "standardise=unit-rows", 5590.973359638764},
      {"layout=sparse", "standardise=mean-std", 104246.78417695445},
      {"layout=sparse", "standardise=max-abs", 21208.50585542171},
      {"layout=sparse", "standardise=min-max", 24525.779388448333},
      {"layout=sparse", "standardise=unit-rows", 5590.973359638764},
  };
  for (size_t w = 0; w < sizeof want / sizeof want[0]; w++) {
    double got = weighted(want[w].layout, want[w].how);
    if (fabs(got - want[w].sum) > 1e-8)
      fail_msg("%s %s: %.17g, expected %.17g", want[w].layout, want[w].how, got, want[w].sum);
  }
}

static void ones_are_scaled(void **state) {
  (void)state;
  put_file("o", "0 1:1 2:1 3:1\n1 1:1\n0 1:1 2:1 3:1 4:1\n1 1:1 2:1 3:1 4:1\n");
  opened o;
  assert_opens(&o, SVM, THW_F32, "path=o", "standardise=unit-rows", NULL);
  thw_batch *b = source_take(&o, 0, 4, NULL, 0);
  assert_true(fabs(batch_at(b, 0, 2) - 0.57735026918962573) < 1e-7);
  assert_true(batch_at(b, 1, 0) == 1 && batch_at(b, 2, 3) == 0.5 && batch_at(b, 1, 1) == 0);
  close_source(&o);
  assert_opens(&o, SVM, THW_F64, "path=o", "standardise=mean-std", NULL);
  b = source_take(&o, 0, 4, NULL, 0);
  assert_true(batch_at(b, 0, 0) == 1); /* constant: as it was */
  assert_true(fabs(batch_at(b, 0, 1) - 2.3094010767585029) < 1e-15);
  assert_true(fabs(batch_at(b, 2, 3) - 2) < 1e-15);
  assert_string_equal(o.log, "standardise = mean-std on sparse rows: scaled, not shifted, so that "
                             "zeros stay zeros");
  close_source(&o);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(batches_copy_nothing),    cmocka_unit_test(held_out_rows),
      cmocka_unit_test(chosen_by_seed_only),     cmocka_unit_test(limits),
      cmocka_unit_test(words_survive_a_split),   cmocka_unit_test(label_kinds),
      cmocka_unit_test(small_standardise),       cmocka_unit_test(overflow_is_refused),
      cmocka_unit_test(standardise_like_others), cmocka_unit_test(ones_are_scaled),
  };
  return cmocka_run_group_tests(tests, enter_scratch, leave_scratch);
}
