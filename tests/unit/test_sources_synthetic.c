/* SPDX-License-Identifier: BSD-3-Clause */
/* The generators: rows depend on their number only, and follow the law they promise. */
#include "core/pool.h"
#include "tests/unit/open_source.h"

static void rows_are_numbers(void **state) {
  (void)state;
  opened o;
  assert_opens(&o, "synthetic", "rows", THW_F64, "n=10", "test=4", NULL);
  thw_source_info in = source_info(&o, 0);
  assert_int_equal(in.layout, THW_ROWS_NONE);
  assert_int_equal(in.n, 10);
  assert_int_equal(source_info(&o, 1).n, 4);
  static const int64_t index[] = {9, 2};
  thw_batch *b = source_take(&o, 0, 2, index, 0);
  assert_int_equal(thw_batch_row(b, 1), 2);
  thw_batch *none = NULL;
  assert_int_equal(o.ops->take(o.self, 0, 2, NULL, 9, &none), THW_E_ARG);
  close_source(&o);
  assert_opens(&o, "synthetic", "rows", THW_F64, "n=0", NULL);
  assert_int_equal(source_info(&o, 0).n, -1);
  b = source_take(&o, 0, 5, NULL, INT64_C(1) << 40);
  assert_int_equal(thw_batch_row(b, 4), (INT64_C(1) << 40) + 4);
  close_source(&o);
}

static void same_row(const thw_batch *a, int64_t i, const thw_batch *b, int64_t j, int64_t d) {
  for (int64_t k = 0; k < d; k++) assert_true(batch_at(a, i, k) == batch_at(b, j, k));
  assert_true(batch_y(a, i) == batch_y(b, j));
  if (a->rows->label)
    assert_int_equal(a->rows->label[thw_batch_row(a, i)], b->rows->label[thw_batch_row(b, j)]);
}

/* The finite table and the stream have the same rows; a stream's batch can be made again, in any
 * order, by any number of threads. */
static void rows_by_number(void **state) {
  (void)state;
  static const char *const ids[] = {"gaussian-classes", "noisy-logistic", "robust-rows",
                                    "sparse-planted"};
  for (size_t k = 0; k < 4; k++)
    for (uint32_t dtype = THW_F32; dtype <= THW_F64; dtype++) {
      opened t, s;
      assert_opens(&t, "synthetic", ids[k], dtype, "n=500", "test=30", "d=21", NULL);
      assert_opens(&s, "synthetic", ids[k], dtype, "n=0", "test=30", "d=21", NULL);
      thw_source_info in = source_info(&s, 0), ti = source_info(&t, 0);
      assert_int_equal(in.n, -1);
      assert_int_equal(in.label, ti.label);
      assert_int_equal(in.classes, ti.classes);
      for (int64_t c = 0; c < in.classes; c++)
        assert_string_equal(in.class_name[c], ti.class_name[c]);
      assert_int_equal(source_info(&s, 1).n, 30);
      thw_batch *all = source_take(&t, 0, 500, NULL, 0);
      static const int64_t index[] = {17, 499, 17, 0};
      thw_batch *b = source_take(&s, 0, 4, index, 0);
      for (int i = 0; i < 4; i++) {
        same_row(all, index[i], b, i, 21);
        assert_int_equal(b->rows->id[thw_batch_row(b, i)], index[i]);
      }
      tw_pool_threads(1);
      thw_batch *c = source_take(&s, 0, 300, NULL, 150);
      tw_pool_threads(3);
      thw_batch *e = source_take(&s, 0, 300, NULL, 150);
      for (int i = 0; i < 300; i++) {
        same_row(all, 150 + i, c, i, 21);
        same_row(all, 150 + i, e, i, 21);
      }
      /* The test set has rows of its own. */
      thw_batch *test = source_take(&t, 1, 30, NULL, 0), *again = source_take(&s, 1, 30, NULL, 0);
      int differ = 0;
      for (int i = 0; i < 30; i++) {
        same_row(test, i, again, i, 21);
        differ += batch_at(test, i, 0) != batch_at(all, i, 0);
      }
      if (k < 3) assert_int_equal(differ, 30);
      close_source(&t);
      close_source(&s);
    }
}

static void no_allocation_when_warm(void **state) {
  (void)state;
  opened o;
  assert_opens(&o, "synthetic", "sparse-planted", THW_F64, "n=0", NULL);
  thw_batch *a = source_take(&o, 0, 64, NULL, 0);
  const void *x = a->rows->x;
  o.ops->release(o.self, a);
  for (int i = 1; i < 5; i++) {
    thw_batch *b = source_take(&o, 0, 64, NULL, 64 * i);
    assert_ptr_equal(a, b);
    assert_ptr_equal(b->rows->x, x);
    o.ops->release(o.self, b);
  }
  close_source(&o);
}

/* Share of rows on whose label the sum of y a agrees. */
static double agreement(const char *noise) {
  enum { N = 20000, D = 50 };
  opened o;
  assert_opens(&o, "synthetic", "noisy-logistic", THW_F64, noise, NULL);
  thw_batch *b = source_take(&o, 0, N, NULL, 0);
  const double *x = b->rows->x;
  double w[D] = {0};
  int agree = 0;
  for (int i = 0; i < N; i++) {
    double norm2 = 0, y = batch_y(b, i);
    assert_true(y == 1 || y == -1);
    for (int j = 0; j < D; j++) {
      norm2 += x[i * D + j] * x[i * D + j];
      w[j] += y * x[i * D + j];
    }
    assert_true(fabs(norm2 - 1) < 1e-14);
  }
  for (int i = 0; i < N; i++) {
    double s = 0;
    for (int j = 0; j < D; j++) s += w[j] * x[i * D + j];
    agree += (s > 0) == (batch_y(b, i) > 0);
  }
  close_source(&o);
  return agree / (double)N;
}

static void noisy_logistic(void **state) {
  (void)state;
  double clean = agreement("noise=0"), noisy = agreement("noise=0.1");
  assert_true(clean > 0.96);
  assert_true(noisy > 0.865 && noisy < 0.91);
  assert_true(fabs(agreement("noise=1") - clean) < 1e-12); /* all turned: separable again */
}

/* Solves A w = b in place by Gaussian elimination; A positive definite. */
static void solve(double *a, double *b, int n) {
  for (int k = 0; k < n; k++)
    for (int i = k + 1; i < n; i++) {
      double f = a[i * n + k] / a[k * n + k];
      for (int j = k; j < n; j++) a[i * n + j] -= f * a[k * n + j];
      b[i] -= f * b[k];
    }
  for (int i = n - 1; i >= 0; i--) {
    for (int j = i + 1; j < n; j++) b[i] -= a[i * n + j] * b[j];
    b[i] /= a[i * n + i];
  }
}

static double residual_variance(const char *outliers, double *x_variance) {
  enum { N = 20000, D = 30 };
  opened o;
  assert_opens(&o, "synthetic", "robust-rows", THW_F64, outliers, NULL);
  assert_int_equal(source_info(&o, 0).label, THW_LABEL_REAL);
  thw_batch *b = source_take(&o, 0, N, NULL, 0);
  const double *x = b->rows->x;
  static double a[D * D], w[D];
  memset(a, 0, sizeof a);
  memset(w, 0, sizeof w);
  *x_variance = 0;
  for (int i = 0; i < N; i++)
    for (int j = 0; j < D; j++) {
      for (int k = 0; k < D; k++) a[j * D + k] += x[i * D + j] * x[i * D + k];
      w[j] += x[i * D + j] * batch_y(b, i);
      *x_variance += x[i * D + j] * x[i * D + j];
    }
  solve(a, w, D);
  double sum = 0;
  for (int i = 0; i < N; i++) {
    double t = batch_y(b, i);
    for (int j = 0; j < D; j++) t -= w[j] * x[i * D + j];
    sum += t * t;
  }
  close_source(&o);
  *x_variance /= N;
  return sum / (N - D);
}

static void robust_rows(void **state) {
  (void)state;
  double norm2;
  /* Relative standard deviation of the estimate: sqrt(2/N) = 1 %, with outliers 2.6 %. */
  assert_true(fabs(residual_variance("outliers=0", &norm2) / 0.01 - 1) < 0.04);
  assert_true(fabs(norm2 - 1) < 0.01);
  assert_true(fabs(residual_variance("outliers=0.2", &norm2) / 5.01 - 1) < 0.1);
}

static void gaussian_classes(void **state) {
  (void)state;
  enum { N = 20000, D = 20 };
  opened o;
  assert_opens(&o, "synthetic", "gaussian-classes", THW_F64, "n=20000", "separation=3", NULL);
  thw_batch *b = source_take(&o, 0, N, NULL, 0);
  const double *x = b->rows->x;
  double mean[2][D] = {{0}}, count[2] = {0}, d2 = 0, var = 0;
  for (int i = 0; i < N; i++) {
    int k = b->rows->label[i];
    count[k]++;
    for (int j = 0; j < D; j++) mean[k][j] += x[i * D + j];
  }
  assert_true(fabs(count[0] - N / 2) < 4 * sqrt(N / 4));
  for (int j = 0; j < D; j++) {
    for (int k = 0; k < 2; k++) mean[k][j] /= count[k];
    d2 += pow(mean[0][j] - mean[1][j], 2);
  }
  assert_true(fabs(sqrt(d2) - 3) < 0.06);
  int wrong = 0;
  for (int i = 0; i < N; i++) {
    int k = b->rows->label[i];
    double side = 0;
    for (int j = 0; j < D; j++) {
      var += pow(x[i * D + j] - mean[k][j], 2);
      side += (x[i * D + j] - (mean[0][j] + mean[1][j]) / 2) * (mean[1][j] - mean[0][j]);
    }
    wrong += (side > 0) != (k == 1);
  }
  assert_true(fabs(var / N / D - 1) < 0.01);
  assert_true(fabs(wrong / (double)N - 0.0668072) < 4 * 0.00177); /* Phi(-1.5) */
  close_source(&o);
  assert_opens(&o, "synthetic", "gaussian-classes", THW_F64, "classes=12", "noise=0.5",
               "separation=40", NULL);
  assert_int_equal(source_info(&o, 0).classes, 12);
  assert_string_equal(source_info(&o, 0).class_name[10], "10");
  close_source(&o);
}

static void sparse_planted(void **state) {
  (void)state;
  enum { N = 20000, D = 400, NNZ = 10 };
  opened o;
  assert_opens(&o, "synthetic", "sparse-planted", THW_F64, "n=20000", "d=400", "nnz=10",
               "power=0.5", "values=ones", NULL);
  thw_batch *b = source_take(&o, 0, N, NULL, 0);
  assert_null(b->rows->x);
  assert_int_equal(b->rows->start[N], N * NNZ);
  double count[D] = {0};
  for (int i = 0; i < N; i++)
    for (int64_t k = b->rows->start[i]; k < b->rows->start[i + 1]; k++) {
      if (k > b->rows->start[i]) assert_true(b->rows->col[k] > b->rows->col[k - 1]);
      assert_in_range(b->rows->col[k], 0, D - 1);
      count[b->rows->col[k]]++;
    }
  /* Columns 25 and 100 (from 1): ratio 2 up to drawing without replacement. */
  double a = 0, c = 0;
  for (int j = 22; j < 27; j++) a += count[j];
  for (int j = 97; j < 102; j++) c += count[j];
  assert_true(fabs(a / c - 2) < 0.1);
  close_source(&o);
  /* A row as wide as the data has every column once. */
  assert_opens(&o, "synthetic", "sparse-planted", THW_F64, "n=50", "d=40", "nnz=40", "power=3",
               "task=regression", "noise=0", NULL);
  b = source_take(&o, 0, 50, NULL, 0);
  for (int k = 0; k < 2000; k++) assert_int_equal(b->rows->col[k], k % 40);
  /* Without noise 50 rows in 40 unknowns fit exactly. */
  static double m[1600], w[40];
  const double *x = b->rows->x;
  for (int i = 0; i < 50; i++)
    for (int j = 0; j < 40; j++) {
      for (int k = 0; k < 40; k++) m[j * 40 + k] += x[i * 40 + j] * x[i * 40 + k];
      w[j] += x[i * 40 + j] * batch_y(b, i);
    }
  solve(m, w, 40);
  for (int i = 0; i < 50; i++) {
    double t = batch_y(b, i);
    for (int j = 0; j < 40; j++) t -= w[j] * x[i * 40 + j];
    assert_true(fabs(t) < 1e-10);
  }
  close_source(&o);
}

static void refusals(void **state) {
  (void)state;
  assert_refused("nnz = 50 values do not fit in rows of d = 20 features", "synthetic",
                 "sparse-planted", THW_F64, "nnz=50", "d=20", NULL);
  assert_refused("noise = 1.5: with task = \"binary\" it is a probability", "synthetic",
                 "sparse-planted", THW_F64, "noise=1.5", NULL);
  assert_refused(
      "n = 0 is a stream without end: rows, subsample, split and split_valid need a finite "
      "n (test = 1000 makes a test set)",
      "synthetic", "robust-rows", THW_F64, "n=0", "split=0.1", NULL);
  assert_refused("n = 0 is a stream without end: standardise needs a finite n", "synthetic",
                 "noisy-logistic", THW_F64, "n=0", "standardise=max-abs", NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rows_are_numbers),
      cmocka_unit_test(rows_by_number),
      cmocka_unit_test(no_allocation_when_warm),
      cmocka_unit_test(noisy_logistic),
      cmocka_unit_test(robust_rows),
      cmocka_unit_test(gaussian_classes),
      cmocka_unit_test(sparse_planted),
      cmocka_unit_test(refusals),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
