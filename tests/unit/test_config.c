/* SPDX-License-Identifier: BSD-3-Clause */
/* Pipeline files: what is read, what is refused, and that what is written reads back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/config.h"
#include "core/config_tree.h"

static tw_value *read_ok(const char *text) {
  tw_diags d = {0};
  tw_value *r = tw_config_new();
  thw_status st = tw_config_read_text(r, text, "t.cfg", ".", &d);
  if (st != THW_OK) tw_diags_print(&d);
  assert_int_equal(st, THW_OK);
  assert_int_equal(d.n, 0);
  return r;
}

/* The text is refused with exactly the messages in `expected`, separated by newlines. */
static void refused(const char *text, const char *expected) {
  tw_diags d = {0};
  tw_value *r = tw_config_new();
  assert_true(tw_config_read_text(r, text, "t.cfg", ".", &d) < 0);
  assert_int_equal(r->n, 0);
  char *all = tw_strdup("");
  for (size_t i = 0; i < d.n; i++) {
    char *longer = tw_sprintf("%s%s%s", all, i ? "\n" : "", d.v[i].text);
    free(all);
    all = longer;
  }
  assert_string_equal(all, expected);
  free(all);
  tw_diags_free(&d);
  tw_config_free(r);
}

static void same(const tw_value *a, const tw_value *b) {
  assert_int_equal(a->type, b->type);
  if (a->name || b->name) assert_string_equal(a->name, b->name);
  assert_true(a->i == b->i);
  assert_memory_equal(&a->r, &b->r, sizeof a->r);
  if (a->s || b->s) assert_string_equal(a->s, b->s);
  assert_int_equal(a->n, b->n);
  for (size_t i = 0; i < a->n; i++) same(a->v[i], b->v[i]);
}

static char *print(const tw_value *r, int origins) {
  char *s = NULL;
  size_t n = 0;
  FILE *f = open_memstream(&s, &n);
  assert_non_null(f);
  tw_config_print(f, r, origins);
  fclose(f);
  return s;
}

static const tw_value *get(const tw_value *r, const char *path) {
  const tw_value *v = tw_config_get(r, path);
  assert_non_null(v);
  return v;
}

/* ---- reading ------------------------------------------------------------------------------------
 */

static void types_and_lines(void **state) {
  (void)state;
  tw_value *r = read_ok("a = 3; b = -2.5e-3;\n"
                        "/* 9999999999\n */ c = true; # 9999999999\n"
                        "g: { d = \"x\\\"9999999999\\n\"; h = { e = 0x1F; }; };\n"
                        "l = (1, 2.0, \"s\"); v = [1, 2, 3]; e = []; n9999999999 = 5L;\n");
  assert_int_equal(get(r, "a")->type, TW_INT);
  assert_int_equal(get(r, "a")->i, 3);
  assert_int_equal(get(r, "b")->type, TW_REAL);
  assert_true(get(r, "b")->r == -2.5e-3);
  assert_int_equal(get(r, "c")->type, TW_BOOL);
  assert_int_equal(get(r, "c")->i, 1);
  assert_int_equal(get(r, "c")->line, 3);
  assert_string_equal(get(r, "g.d")->s, "x\"9999999999\n");
  assert_int_equal(get(r, "g.d")->line, 4);
  assert_string_equal(get(r, "g.d")->file, "t.cfg");
  assert_int_equal(get(r, "g.h.e")->i, 31);
  assert_int_equal(get(r, "l")->type, TW_LIST);
  assert_int_equal(get(r, "l")->n, 3);
  assert_int_equal(get(r, "v")->type, TW_ARRAY);
  assert_int_equal(get(r, "v")->v[2]->i, 3);
  assert_int_equal(get(r, "e")->n, 0);
  assert_int_equal(get(r, "n9999999999")->line, 5);
  assert_null(tw_config_get(r, "g.none"));
  assert_null(tw_config_get(r, "a.b"));
  assert_null(tw_config_get(r, ""));
  char *where = tw_config_where(get(r, "g.h"));
  assert_string_equal(where, "t.cfg:4");
  free(where);
  tw_config_free(r);
}

static void integers_do_not_wrap(void **state) {
  (void)state;
  tw_value *r = read_ok("a = 2147483647; b = -2147483648; c = 2147483648L; d = 0x7fffffff;"
                        "e = 0xFFFFFFFFL; f = 9223372036854775807L; g = -9223372036854775808L;"
                        "h = 1e30; i = 99999999999.0; j = 00000000000000000000012;");
  assert_true(get(r, "a")->i == INT32_MAX && get(r, "b")->i == INT32_MIN);
  assert_true(get(r, "c")->i == INT64_C(2147483648) && get(r, "d")->i == INT32_MAX);
  assert_true(get(r, "e")->i == INT64_C(0xFFFFFFFF));
  assert_true(get(r, "f")->i == INT64_MAX && get(r, "g")->i == INT64_MIN);
  assert_true(get(r, "h")->r == 1e30 && get(r, "i")->r == 99999999999.0);
  assert_true(get(r, "j")->i == 12);
  tw_config_free(r);
  refused("\nx = 3000000000;\ny = [1, -2147483649];",
          "t.cfg:2: 3000000000 does not fit 32 bits: write 3000000000L\n"
          "t.cfg:3: -2147483649 does not fit 32 bits: write -2147483649L");
  refused("x = 0x80000000;", "t.cfg:1: 0x80000000 does not fit 32 bits: write 0x80000000L");
  refused("x = 99999999999999999999;", "t.cfg:1: 99999999999999999999 does not fit 64 bits: write "
                                       "a smaller integer, or a real (1e20)");
  refused("x = 9223372036854775808L;", "t.cfg:1: 9223372036854775808L does not fit 64 bits: write "
                                       "a smaller integer, or a real (1e20)");
  refused("x = 0x8000000000000000L;", "t.cfg:1: 0x8000000000000000L does not fit 64 bits: write "
                                      "a smaller integer, or a real (1e20)");
}

static void broken_text(void **state) {
  (void)state;
  refused("x = 1;\ny = \"abc\n\n", "t.cfg:2: this string has no closing quote");
  refused("x = 1; /* y\n", "t.cfg:1: this comment has no closing */");
  refused("x = .;\ny = -.;", "t.cfg:1: . is not a number\nt.cfg:2: -. is not a number");
  refused("x = 1e999;", "t.cfg:1: x: this number is too large for a real");
  refused("x = \"a\\x00b\";", "t.cfg:1: \\x00 would end the string: leave it out");
  refused("x = 1;\nx = 2;", "t.cfg:2: duplicate setting name: it is there already, in this file or "
                            "one that it includes");
  refused("x = [1, 0.5];", "t.cfg:1: mismatched element type in array: all elements between [ ] "
                           "have one type (write 1.0 beside 0.5)");
  refused("x = @include;",
          "t.cfg:1: @ can only be part of an @include \"file\" that starts its line");
  refused("@include x\n", "t.cfg:1: @include needs the name of a file in quotes");
  refused("@include \"x\n", "t.cfg:1: @include needs the name of a file in quotes");
  refused("g: {\n x = 1;\n", "t.cfg:3: syntax error here or just before: settings look like name "
                             "= value;");
  char deep[201] = "x = ";
  memset(deep + 4, '(', 100);
  refused(deep, "t.cfg:1: groups and lists are nested more than 64 deep");
}

static void layers(void **state) {
  (void)state;
  tw_value *r = read_ok("a = 1; g: { x = 1; y = [1, 2]; s: { p = 1; }; }; h: { z = 1; };");
  tw_diags d = {0};
  assert_int_equal(
      tw_config_read_text(r, "\ng: { y = [3]; s: { q = 2; }; }; h = 5; new = 1;", "u.cfg", ".", &d),
      THW_OK);
  assert_int_equal(get(r, "g.x")->i, 1);
  assert_int_equal(get(r, "g.y")->n, 1);
  assert_string_equal(get(r, "g.y")->file, "u.cfg");
  assert_int_equal(get(r, "g.s.p")->i, 1);
  assert_int_equal(get(r, "g.s.q")->i, 2);
  assert_int_equal(get(r, "g.s.q")->line, 2);
  assert_string_equal(get(r, "g")->file, "t.cfg");
  assert_int_equal(get(r, "h")->type, TW_INT);
  assert_string_equal(r->v[0]->name, "a");
  assert_string_equal(r->v[3]->name, "new");
  char *before = print(r, 1);
  assert_true(tw_config_read_text(r, "a = 2; b = ", "v.cfg", ".", &d) < 0);
  char *after = print(r, 1);
  assert_string_equal(before, after);
  free(before);
  free(after);
  tw_diags_free(&d);
  tw_config_free(r);
}

/* ---- --set --------------------------------------------------------------------------------------
 */

static void assignments(void **state) {
  (void)state;
  static const struct {
    const char *text, *path;
    tw_type type;
    double number;
    const char *string;
  } cases[] = {
      {"stop.passes=10", "stop.passes", TW_INT, 10, NULL},
      {"a.b.c.d = 1e-4 ", "a.b.c.d", TW_REAL, 1e-4, NULL},
      {"x=-.5", "x", TW_REAL, -0.5, NULL},
      {"x=1.", "x", TW_REAL, 1, NULL},
      {"x=TRUE", "x", TW_BOOL, 1, NULL},
      {"x=false", "x", TW_BOOL, 0, NULL},
      {"x=0x10", "x", TW_INT, 16, NULL},
      {"x=3000000000L", "x", TW_INT, 3e9, NULL},
      {"x=\"3\"", "x", TW_STR, 0, "3"},
      {"x=\"\"", "x", TW_STR, 0, ""},
      {"x=svrg", "x", TW_STR, 0, "svrg"},
      {"x=data/a9a.t", "x", TW_STR, 0, "data/a9a.t"},
      {"x=20news", "x", TW_STR, 0, "20news"},
      {"x=1e", "x", TW_STR, 0, "1e"},
      {"x=1;y=2", "x", TW_STR, 0, "1;y=2"},
      {"x=a=b c", "x", TW_STR, 0, "a=b c"},
      {"x=-", "x", TW_STR, 0, "-"},
      {"x=truest", "x", TW_STR, 0, "truest"},
      {"x=tru", "x", TW_STR, 0, "tru"},
      {"falsey.trues=1", "falsey.trues", TW_INT, 1, NULL},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    tw_value *r = read_ok("x = 7; stop: { seconds = 1; };");
    tw_diags d = {0};
    assert_int_equal(tw_config_set(r, cases[i].text, &d), THW_OK);
    const tw_value *v = get(r, cases[i].path);
    assert_int_equal(v->type, cases[i].type);
    assert_string_equal(v->file, "--set");
    assert_int_equal(v->line, 0);
    if (cases[i].string)
      assert_string_equal(v->s, cases[i].string);
    else
      assert_true((v->type == TW_REAL ? v->r : (double)v->i) == cases[i].number);
    assert_int_equal(get(r, "stop.seconds")->i, 1);
    tw_config_free(r);
  }
  tw_value *r = read_ok("inner = \"svrg\";");
  tw_diags d = {0};
  assert_int_equal(tw_config_set(r, "inner.type=sgd", &d), THW_OK);
  assert_string_equal(get(r, "inner.type")->s, "sgd");
  assert_int_equal(tw_config_set(r, "v=[1, 2]", &d), THW_OK);
  assert_string_equal(get(r, "v")->v[1]->file, "--set");
  assert_int_equal(tw_config_set(r, "g={ a = 1; }", &d), THW_OK);
  assert_int_equal(get(r, "g.a")->i, 1);
  tw_config_free(r);
}

static void broken_assignments(void **state) {
  (void)state;
  static const char *const cases[][2] = {
      {"x", "--set x: write --set path=value, as in --set stop.passes=10"},
      {"=1", "--set =1: write --set path=value, as in --set stop.passes=10"},
      {"x=", "--set x=: no value; write \"\" for an empty string"},
      {"a..b=1", "--set a..b=1: \"\" is not a name of a setting"},
      {"a.1=1", "--set a.1=1: \"1\" is not a name of a setting"},
      {".=1", "--set .=1: \"\" is not a name of a setting"},
      {"a.True=1", "--set a.True=1: \"True\" is not a name of a setting"},
      {"x=[1", "--set x=[1: syntax error"},
      {"x=\"a", "--set x=\"a: this string has no closing quote"},
      {"x=[1]; y = [2]", "--set x=[1]; y = [2]: one value is expected after ="},
      {"x=3000000000", "--set x=3000000000: 3000000000 does not fit 32 bits: write 3000000000L"},
      {"x=1e999", "--set x=1e999: x: this number is too large for a real"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    tw_value *r = tw_config_new();
    tw_diags d = {0};
    assert_true(tw_config_set(r, cases[i][0], &d) < 0);
    assert_int_equal(d.n, 1);
    assert_string_equal(d.v[0].text, cases[i][1]);
    assert_int_equal(r->n, 0);
    tw_diags_free(&d);
    tw_config_free(r);
  }
}

/* As deep as a file can go, and one deeper. */
static void deep_assignments(void **state) {
  (void)state;
  for (int brackets = 0; brackets <= 2; brackets++)
    for (int depth = 64; depth <= 65; depth++) {
      char text[300] = "";
      for (int i = brackets; i < depth; i++) strcat(text, "a.");
      strcat(text, brackets == 0 ? "x=1" : brackets == 1 ? "x=[1]" : "x=([1])");
      tw_value *r = tw_config_new();
      tw_diags d = {0};
      assert_int_equal(tw_config_set(r, text, &d), depth == 64 ? THW_OK : THW_E_ARG);
      assert_int_equal(d.n, depth - 64);
      char *printed = NULL;
      size_t n = 0;
      FILE *f = open_memstream(&printed, &n);
      tw_config_print(f, r, 0);
      fclose(f);
      assert_int_equal(tw_config_read_text(r, printed, "t.cfg", ".", &d), THW_OK);
      free(printed);
      tw_diags_free(&d);
      tw_config_free(r);
    }
}

/* ---- writing ------------------------------------------------------------------------------------
 */

static tw_value *add(tw_value *to, const char *name, tw_type type) {
  return tw_value_add(to, tw_value_new(name, type, "default", 0));
}

static tw_value *hard_tree(void) {
  static const double reals[] = {0.1,   1.0 / 3, DBL_MAX, -DBL_MIN, 4.9406564584124654e-324,
                                 -0.0,  1e22,    1e23,    1e15,     123456789012345680.0,
                                 1e-4,  9.5e-5,  1,       100,      0.30000000000000004,
                                 5e-324};
  tw_value *r = tw_config_new();
  tw_value *g = add(r, "g", TW_GROUP), *a = add(g, "reals", TW_ARRAY), *l = add(g, "l", TW_LIST);
  for (size_t i = 0; i < sizeof reals / sizeof *reals; i++) add(a, NULL, TW_REAL)->r = reals[i];
  tw_value *ints = add(g, "ints", TW_ARRAY);
  add(ints, NULL, TW_INT)->i = 1;
  add(ints, NULL, TW_INT)->i = INT64_MIN;
  add(ints, NULL, TW_INT)->i = INT64_MAX;
  add(l, NULL, TW_INT)->i = INT32_MIN;
  add(l, NULL, TW_INT)->i = INT64_C(2147483648);
  add(add(l, NULL, TW_GROUP), "x", TW_REAL)->r = 2;
  add(l, NULL, TW_LIST);
  add(l, NULL, TW_STR)->s = tw_strdup("");
  add(g, "empty", TW_ARRAY);
  add(g, "none", TW_GROUP);
  add(g, "yes", TW_BOOL)->i = 1;
  char all[256];
  for (int c = 1; c < 256; c++) all[c - 1] = (char)c;
  all[255] = '\0';
  add(g, "s", TW_STR)->s = tw_strdup(all);
  add(g, "t", TW_STR)->s = tw_strdup("\\x41 \x01"
                                     "F /* # // \\");
  return r;
}

static void written_reads_back(void **state) {
  (void)state;
  tw_value *r = hard_tree();
  for (int origins = 0; origins < 2; origins++) {
    char *text = print(r, origins);
    tw_value *again = read_ok(text);
    same(r, again);
    tw_config_free(again);
    free(text);
  }
  tw_value *copy = tw_value_copy(r);
  same(r, copy);
  tw_config_free(copy);
  tw_config_free(r);
}

static void form_of_the_text(void **state) {
  (void)state;
  tw_value *r = read_ok("a = 1;\ng: { x = 1.0; y = [1, 2];\nz: { s = \"q\"; }; };");
  tw_diags d = {0};
  assert_int_equal(tw_config_set(r, "g.x=0.1", &d), THW_OK);
  char *text = print(r, 1);
  assert_string_equal(text, "a = 1;  # t.cfg:1\n"
                            "g: {  # t.cfg:2\n"
                            "  x = 0.1;  # --set\n"
                            "  y = [ 1, 2 ];  # t.cfg:2\n"
                            "  z: {  # t.cfg:3\n"
                            "    s = \"q\";  # t.cfg:3\n"
                            "  };\n"
                            "};\n");
  free(text);
  tw_config_free(r);
}

static void spelling_of_reals(void **state) {
  (void)state;
  static const struct {
    double r;
    const char *text;
  } cases[] = {{0.1, "0.1"},    {1, "1.0"},          {1e300, "1e+300"},
               {-0.0, "-0.0"},  {1e-4, "0.0001"},    {0.1 + 0.2, "0.30000000000000004"},
               {1e15, "1e+15"}, {123456, "123456.0"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char s[40];
    tw_spell_real(s, cases[i].r);
    assert_string_equal(s, cases[i].text);
  }
}

/* A library that the host uses might set the locale; numbers must not notice. */
static void foreign_locale(void **state) {
  (void)state;
  static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "ps_AF.UTF-8",
                                      "de_DE"};
  const char *set = NULL;
  for (size_t i = 0; i < sizeof names / sizeof *names && !set; i++)
    set = setlocale(LC_ALL, names[i]);
  if (!set) skip();
  tw_value *r = hard_tree();
  char *text = print(r, 0);
  tw_value *again = read_ok(text);
  same(r, again);
  setlocale(LC_ALL, "C");
  char *plain = print(again, 0);
  assert_string_equal(text, plain);
  free(plain);
  free(text);
  tw_config_free(again);
  tw_config_free(r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(types_and_lines),  cmocka_unit_test(integers_do_not_wrap),
      cmocka_unit_test(broken_text),      cmocka_unit_test(layers),
      cmocka_unit_test(assignments),      cmocka_unit_test(broken_assignments),
      cmocka_unit_test(deep_assignments), cmocka_unit_test(written_reads_back),
      cmocka_unit_test(form_of_the_text), cmocka_unit_test(spelling_of_reals),
      cmocka_unit_test(foreign_locale),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
