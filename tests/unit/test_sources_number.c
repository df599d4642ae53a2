/* SPDX-License-Identifier: BSD-3-Clause */
/* Decimal text to double: against the C library, over every path, and under a foreign locale. */
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <thalweg/rng.h>

#include "kernels/data/number.h"

static void same_as_strtod(const char *text) {
  double got = -1;
  char *end;
  double want = strtod(text, &end);
  const char *q = td_number(text, &got);
  if (q != end || memcmp(&got, &want, sizeof got) != 0)
    fail_msg("%s: %.17g, expected %.17g", text, got, want);
}

static void hard_cases(void **state) {
  (void)state;
  static const char *const text[] = {"0",
                                     "-0",
                                     "1",
                                     "+1",
                                     "-1.5",
                                     ".5",
                                     "5.",
                                     "0.1",
                                     "1e22",
                                     "1e23",
                                     "9007199254740993",
                                     "9007199254740992",
                                     "9007199254740993e-1",
                                     "1.7976931348623157e308",
                                     "1e309",
                                     "4.9e-324",
                                     "2.4703282292062327e-324",
                                     "2.4703282292062328e-324",
                                     "2.2250738585072011e-308",
                                     "0.1000000000000000055511151231257827021181583404541015625",
                                     "123456789012345678901234567890",
                                     "1e-400",
                                     "0e999999999999999999999",
                                     "1e-999999999999999999999",
                                     "18446744073709551615e-27",
                                     "9999999999999999999e-1",
                                     "1234567890123456789e-19",
                                     "0.000000000000000000000000001",
                                     "6.9294956446009195e15",
                                     "8.5e0",
                                     "1E5",
                                     "1e+5",
                                     "0.30000000000000004",
                                     "00000000000000000000000000000012.5",
                                     "0.00000000000000000000000000000000000000000125"};
  for (size_t i = 0; i < sizeof text / sizeof text[0]; i++) same_as_strtod(text[i]);
}

/* Random digits and exponents: short, 16 to 19 digits, longer; small and large exponents. */
static void random_texts(void **state) {
  (void)state;
  thw_rng r = {.key = {11, 3}};
  for (int i = 0; i < 200000; i++) {
    char text[80];
    int n = 1 + (int)thw_rng_index(&r, 22), at = 0, point = (int)thw_rng_index(&r, n + 1);
    if (thw_rng_index(&r, 2)) text[at++] = '-';
    for (int k = 0; k < n; k++) {
      if (k == point) text[at++] = '.';
      text[at++] = (char)('0' + thw_rng_index(&r, 10));
    }
    text[at] = '\0';
    int64_t kind = thw_rng_index(&r, 3);
    if (kind == 1) snprintf(text + at, 10, "e%d", (int)thw_rng_index(&r, 60) - 30);
    if (kind == 2) snprintf(text + at, 10, "e%d", (int)thw_rng_index(&r, 660) - 340);
    same_as_strtod(text);
  }
}

/* Halfway cases: the decimal expansion of the middle between two neighbours, cut at 19 digits. */
static void near_halfway(void **state) {
  (void)state;
  thw_rng r = {.key = {5, 9}};
  for (int i = 0; i < 100000; i++) {
    double x = ldexp(1 + thw_rng_uniform(&r), (int)thw_rng_index(&r, 60) - 50);
    long double mid = ((long double)x + (long double)nextafter(x, INFINITY)) / 2;
    char text[80];
    snprintf(text, sizeof text, "%.*Lf", 1 + (int)thw_rng_index(&r, 25), mid);
    same_as_strtod(text);
    snprintf(text, sizeof text, "%.18Le", mid);
    same_as_strtod(text);
  }
}

static void what_is_no_number(void **state) {
  (void)state;
  static const char *const text[] = {"",    "-",    "+",   ".",   "-.", "e5", "nan",
                                     "inf", "-inf", "abc", "--1", " 1", "\n"};
  double v;
  for (size_t i = 0; i < sizeof text / sizeof text[0]; i++)
    if (td_number(text[i], &v)) fail_msg("\"%s\" was read as a number", text[i]);
  /* Where a number stops short of the text's end. */
  static const struct {
    const char *text;
    int n;
  } stop[] = {{"0x10", 1}, {"1e", 1}, {"1e+", 1}, {"1.2.3", 3}, {"1,5", 1}, {"5:1", 1}};
  for (size_t i = 0; i < sizeof stop / sizeof stop[0]; i++)
    assert_ptr_equal(td_number(stop[i].text, &v), stop[i].text + stop[i].n);
  assert_true(td_number_whole(" 12.5 ", 6, &v));
  assert_true(v == 12.5);
  assert_false(td_number_whole("1e999", 5, &v));
  assert_false(td_number_whole("12a", 3, &v));
  assert_false(td_number_whole("  ", 2, &v));
}

static void foreign_locale(void **state) {
  (void)state;
  static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "nl_NL.UTF-8"};
  int found = 0;
  for (size_t i = 0; i < sizeof names / sizeof names[0] && !found; i++)
    found = setlocale(LC_NUMERIC, names[i]) != NULL;
  if (!found) {
    print_message("no locale with a decimal comma is installed: skipped\n");
    skip();
  }
  double v;
  td_number("0.1000000000000000055511151231257827021181583404541015625", &v);
  setlocale(LC_NUMERIC, "C");
  assert_true(v == 0.1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(hard_cases),     cmocka_unit_test(random_texts),
      cmocka_unit_test(near_halfway),   cmocka_unit_test(what_is_no_number),
      cmocka_unit_test(foreign_locale),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
