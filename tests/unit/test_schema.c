/* SPDX-License-Identifier: BSD-3-Clause */
/* From a group of the configuration to a struct: conversions, ranges, and what errors say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/config_tree.h"
#include "core/schema.h"

typedef struct params {
  int32_t flag;
  int64_t count;
  double step;
  const char *name;
  int32_t rule;
  const char *path, *cache;
  thw_ints sizes;
  thw_reals weights;
  thw_ints longs;
  thw_reals knots;
  double old, free;
} params;

static const char *const rules[] = {"last", "average", "random", NULL};

static const thw_param table[] = {
    THW_PARAM_BOOL(params, flag, 1, "a switch"),
    THW_PARAM_INT(params, count, 5, 1, 100, "rows", "a number of rows"),
    THW_PARAM_REAL(params, step, 0, 0, THW_NO_BOUND, THW_P_REQUIRED | THW_P_MIN_OPEN, NULL,
                   "the step length"),
    THW_PARAM_STR(params, name, "none", 0, "a name"),
    THW_PARAM_ENUM(params, rule, 1, rules, "which iterate is returned"),
    THW_PARAM_PATH(params, path, NULL, 0, "a file"),
    THW_PARAM_PATH(params, cache, "cache/x", 0, "a file with a default"),
    THW_PARAM_INTS(params, sizes, "10 20", 1, 1000, 0, NULL, "layers"),
    THW_PARAM_REALS(params, weights, NULL, 0, 1, THW_P_MAX_OPEN, NULL, "weights"),
    THW_PARAM_INTS(params, longs, "-3000000000 4L", -1e10, 1e10, 0, NULL, "beyond 32 bits"),
    THW_PARAM_REALS(params, knots, "0 0.5 3000000000 1e-3", 0, 1e10, 0, NULL, "of any form"),
    {.name = "old",
     .type = THW_P_REAL,
     .flags = THW_P_DEPRECATED,
     .offset = offsetof(params, old),
     .max = INFINITY,
     .def_real = 0.25,
     .help = "before",
     .replaced_by = "step"},
    {.name = "gone",
     .type = THW_P_REAL,
     .flags = THW_P_REMOVED,
     .help = "long ago",
     .replaced_by = "step"},
    THW_PARAM_REAL(params, free, (double)NAN, -THW_NO_BOUND, THW_NO_BOUND, 0, NULL,
                   "estimated when not given"),
};
enum { N = sizeof table / sizeof table[0] };

/* One fill of the table from a text. */
typedef struct fixture {
  tw_value *config, *resolved;
  params p;
  tw_arena arena;
  tw_diags d;
  thw_status st;
} fixture;

static const char *const others[] = {"type", "inner"};

static void fill_table(fixture *f, const tw_schema *s, const char *text, const char *file) {
  *f = (fixture){.config = tw_config_new(), .resolved = tw_config_new()};
  thw_status st = tw_config_read_text(f->config, text, file, ".", &f->d);
  assert_int_equal(st, THW_OK);
  memset(&f->p, 0x5a, sizeof f->p);
  tw_section in = {.path = "optimizer", .group = tw_config_get(f->config, "o"), .file = file};
  f->st = tw_schema_fill(s, &in, &f->p, &f->arena, f->resolved, &f->d);
}

static void fill(fixture *f, const char *text) {
  tw_schema s = {table, N, sizeof(thw_param), others, 2};
  fill_table(f, &s, text, "/etc/t.cfg");
}

static void clear(fixture *f) {
  tw_config_free(f->config);
  tw_config_free(f->resolved);
  tw_arena_free(&f->arena);
  tw_diags_free(&f->d);
}

/* The text gives exactly these messages, in order. */
static void says(const char *text, thw_status st, const char *const *messages, size_t n) {
  fixture f;
  fill(&f, text);
  for (size_t i = 0; i < f.d.n && i < n; i++) assert_string_equal(f.d.v[i].text, messages[i]);
  assert_int_equal(f.d.n, n);
  assert_int_equal(f.st, st);
  clear(&f);
}
#define SAYS(text, st, ...)                                                                        \
  do {                                                                                             \
    static const char *const m_[] = {__VA_ARGS__};                                                 \
    says(text, st, m_, sizeof m_ / sizeof *m_);                                                    \
  } while (0)

static void defaults(void **state) {
  (void)state;
  fixture f;
  fill(&f, "o: { type = \"x\"; inner: { }; step = 1; };");
  assert_int_equal(f.st, THW_OK);
  assert_int_equal(f.d.n, 0);
  assert_int_equal(f.p.flag, 1);
  assert_true(f.p.count == 5 && f.p.step == 1.0);
  assert_string_equal(f.p.name, "none");
  assert_int_equal(f.p.rule, 1);
  assert_null(f.p.path);
  assert_string_equal(f.p.cache, "/etc/cache/x");
  assert_int_equal(f.p.sizes.n, 2);
  assert_true(f.p.sizes.v[0] == 10 && f.p.sizes.v[1] == 20);
  assert_int_equal(f.p.weights.n, 0);
  assert_int_equal(f.p.longs.n, 2);
  assert_true(f.p.longs.v[0] == INT64_C(-3000000000) && f.p.longs.v[1] == 4);
  assert_int_equal(f.p.knots.n, 4);
  assert_true(f.p.knots.v[0] == 0.0 && f.p.knots.v[1] == 0.5 && f.p.knots.v[2] == 3e9 &&
              f.p.knots.v[3] == 1e-3);
  assert_true(f.p.old == 0.25);
  assert_true(isnan(f.p.free));
  clear(&f);
}

static void values(void **state) {
  (void)state;
  fixture f;
  fill(&f, "o: { flag = false; count = 100; step = 2.5e-1; name = \"a b\"; rule = \"random\";"
           " path = \"./d/a9a\"; cache = \"/abs\"; sizes = (7); weights = [0.0, 0.5]; free = -3; "
           "};");
  assert_int_equal(f.st, THW_OK);
  assert_int_equal(f.d.n, 0);
  assert_int_equal(f.p.flag, 0);
  assert_true(f.p.count == 100 && f.p.step == 0.25 && f.p.free == -3.0);
  assert_string_equal(f.p.name, "a b");
  assert_int_equal(f.p.rule, 2);
  assert_string_equal(f.p.path, "/etc/d/a9a");
  assert_string_equal(f.p.cache, "/abs");
  assert_int_equal(f.p.sizes.n, 1);
  assert_true(f.p.sizes.v[0] == 7);
  assert_int_equal(f.p.weights.n, 2);
  assert_true(f.p.weights.v[0] == 0.0 && f.p.weights.v[1] == 0.5);
  clear(&f);
}

/* What is written back, filled in again, gives the same struct and the same text. */
static void resolved_again(void **state) {
  (void)state;
  fixture f, g;
  fill(&f, "o: { step = 1; count = 7; path = \"p\"; weights = (0, 0.1); };");
  char *text[2];
  for (int k = 0; k < 2; k++) {
    size_t n;
    FILE *m = open_memstream(&text[k], &n);
    fputs("o: {\n", m);
    tw_config_print(m, k ? g.resolved : f.resolved, 0);
    fputs("};\n", m);
    fclose(m);
    if (k == 0) fill(&g, text[0]);
  }
  assert_string_equal(text[0], text[1]);
  assert_string_equal(text[0], "o: {\n"
                               "flag = true;\n"
                               "count = 7;\n"
                               "step = 1.0;\n"
                               "name = \"none\";\n"
                               "rule = \"average\";\n"
                               "path = \"/etc/p\";\n"
                               "cache = \"/etc/cache/x\";\n"
                               "sizes = [ 10, 20 ];\n"
                               "weights = [ 0.0, 0.1 ];\n"
                               "longs = [ -3000000000L, 4L ];\n"
                               "knots = [ 0.0, 0.5, 3000000000.0, 0.001 ];\n"
                               "};\n");
  assert_string_equal(tw_config_get(f.resolved, "flag")->file, "default");
  assert_string_equal(tw_config_get(f.resolved, "step")->file, "/etc/t.cfg");
  assert_true(g.p.count == 7 && g.p.step == 1.0 && g.p.weights.v[1] == 0.1);
  free(text[0]);
  free(text[1]);
  clear(&f);
  clear(&g);
}

static void all_errors_at_once(void **state) {
  (void)state;
  SAYS("o: {\n stpe = 1;\n inner_ = 2;\n zzzzzz = 1;\n count = 0; };", THW_E_ARG,
       "/etc/t.cfg:2: optimizer.stpe: unknown setting (did you mean \"step\"?)",
       "/etc/t.cfg:3: optimizer.inner_: unknown setting (did you mean \"inner\"?)",
       "/etc/t.cfg:4: optimizer.zzzzzz: unknown setting",
       "/etc/t.cfg:5: optimizer.count: must be in [1, 100], found the integer 0",
       "/etc/t.cfg:1: optimizer.step: is required: the step length");
}

static void wrong_types(void **state) {
  (void)state;
  SAYS(
      "o: { step = \"1\"; flag = 1; count = 2.5; name = 3; rule = 1; path = true; sizes = 3;"
      " weights = [\"a\"]; free = { }; };",
      THW_E_ARG, "/etc/t.cfg:1: optimizer.flag: expected true or false, found the integer 1",
      "/etc/t.cfg:1: optimizer.count: expected an integer, found the real 2.5",
      "/etc/t.cfg:1: optimizer.step: expected a number, found the string \"1\"",
      "/etc/t.cfg:1: optimizer.name: expected a string, found the integer 3",
      "/etc/t.cfg:1: optimizer.rule: expected a string, found the integer 1",
      "/etc/t.cfg:1: optimizer.path: expected the name of a file, a string, found the boolean true",
      "/etc/t.cfg:1: optimizer.sizes: expected an array of integers, as [1, 2], found the integer "
      "3",
      "/etc/t.cfg:1: optimizer.weights: expected an array of numbers, as [1.0, 0.5], found the "
      "string \"a\"",
      "/etc/t.cfg:1: optimizer.free: expected a number, found a group { }");
  SAYS("o: { step = 1; count = 1e1; path = \"\"; };", THW_E_ARG,
       "/etc/t.cfg:1: optimizer.count: expected an integer, found the real 10.0: write 10",
       "/etc/t.cfg:1: optimizer.path: the name of a file cannot be empty");
}

/* Choices that are numbers may be written without quotes. */
static void choice_of_digits(void **state) {
  (void)state;
  static const char *const bases[] = {"auto", "0", "1", NULL};
  static const thw_param one[] = {THW_PARAM_ENUM(params, rule, 0, bases, "first index")};
  tw_schema s = {one, 1, sizeof(thw_param), others, 2};
  fixture f;
  fill_table(&f, &s, "o: { rule = 1; };", "/etc/t.cfg");
  assert_int_equal(f.st, THW_OK);
  assert_int_equal(f.p.rule, 2);
  clear(&f);
  fill_table(&f, &s, "o: { rule = 2; };", "/etc/t.cfg");
  assert_int_equal(f.st, THW_E_ARG);
  assert_string_equal(f.d.v[0].text,
                      "/etc/t.cfg:1: optimizer.rule: expected a string, found the integer 2");
  clear(&f);
}

static void ranges(void **state) {
  (void)state;
  SAYS("o: { step = 0; count = 101; sizes = [5,\n 0, 2000]; weights = [1.0]; };", THW_E_ARG,
       "/etc/t.cfg:1: optimizer.count: must be in [1, 100], found the integer 101",
       "/etc/t.cfg:1: optimizer.step: must be greater than 0, found the integer 0",
       "/etc/t.cfg:2: optimizer.sizes: must be in [1, 1000], found the integer 0",
       "/etc/t.cfg:2: optimizer.sizes: must be in [1, 1000], found the integer 2000",
       "/etc/t.cfg:2: optimizer.weights: must be in [0, 1), found the real 1.0");
  SAYS("o: { step = 1; rule = \"avrage\"; };", THW_E_ARG,
       "/etc/t.cfg:1: optimizer.rule: \"avrage\" is none of \"last\", \"average\", \"random\" (did "
       "you mean \"average\"?)");
  fixture f;
  fill(&f, "o: { step = 4.9e-324; count = 1; sizes = [1, 1000]; weights = [0.99999]; };");
  assert_int_equal(f.st, THW_OK);
  clear(&f);
}

/* A tree need not come from a file: a number that is none is refused here too. */
static void not_finite(void **state) {
  (void)state;
  tw_value *g = tw_value_new("o", TW_GROUP, "mem", 1);
  tw_value_add(g, tw_value_new("step", TW_REAL, "mem", 2))->r = (double)INFINITY;
  tw_value_add(g, tw_value_new("free", TW_REAL, "mem", 3))->r = (double)NAN;
  tw_value *resolved = tw_config_new();
  tw_schema s = {table, N, sizeof(thw_param), others, 2};
  tw_section in = {.path = "o", .group = g};
  params p;
  tw_arena a = {0};
  tw_diags d = {0};
  assert_true(tw_schema_fill(&s, &in, &p, &a, resolved, &d) < 0);
  assert_int_equal(d.n, 2);
  assert_string_equal(d.v[0].text, "mem:2: o.step: must be greater than 0, found the real inf");
  assert_string_equal(d.v[1].text, "mem:3: o.free: must be finite, found the real nan");
  tw_diags_free(&d);
  tw_arena_free(&a);
  tw_config_free(resolved);
  tw_config_free(g);
}

static void old_names(void **state) {
  (void)state;
  SAYS("o: { step = 1; old = 2; };", THW_OK, "/etc/t.cfg:1: optimizer.old: will go away: use step");
  SAYS("o: { step = 1; gone = 2; };", THW_E_ARG,
       "/etc/t.cfg:1: optimizer.gone: is no longer a setting: use step");
  fixture f;
  fill(&f, "o: { step = 1; old = 2; };");
  assert_true(f.p.old == 2.0);
  assert_int_equal(f.d.errors, 0);
  assert_true(tw_config_get(f.resolved, "old")->r == 2.0);
  clear(&f);
}

static void absent_group(void **state) {
  (void)state;
  SAYS("x = 1;", THW_E_ARG, "optimizer.step: is required: the step length");
}

/* A plugin compiled with a longer thw_param has a longer stride. */
static void longer_stride(void **state) {
  (void)state;
  struct longer {
    thw_param p;
    char more[24];
  } longer[N];
  memset(longer, 0x33, sizeof longer);
  for (size_t i = 0; i < N; i++) longer[i].p = table[i];
  tw_schema s = {&longer[0].p, N, sizeof longer[0], others, 2};
  fixture f;
  fill_table(&f, &s, "o: { step = 3; rule = \"last\"; };", "t.cfg");
  assert_int_equal(f.st, THW_OK);
  assert_true(f.p.step == 3.0 && f.p.rule == 0 && f.p.count == 5);
  clear(&f);
}

static void absolute(const char *path, const char *file, const char *expected) {
  char *s = tw_schema_absolute(path, file), *cwd = getcwd(NULL, 0);
  char *whole = expected[0] == '/' ? tw_strdup(expected) : tw_sprintf("%s/%s", cwd, expected);
  assert_string_equal(s, whole);
  free(whole);
  free(cwd);
  free(s);
}

static void absolute_paths(void **state) {
  (void)state;
  absolute("a", "/x/y.cfg", "/x/a");
  absolute("a", "/y.cfg", "/a");
  absolute("./a", "/x/y.cfg", "/x/a");
  absolute("../a", "/x/z/y.cfg", "/x/z/../a");
  absolute("/a/b", "/x/y.cfg", "/a/b");
  absolute("a", "y.cfg", "a");
  absolute("a", "./y.cfg", "a");
  absolute("a", "conf/y.cfg", "conf/a");
  absolute("a", "./conf/y.cfg", "conf/a");
  absolute("a", "--set", "a");
  absolute("b/a", NULL, "b/a");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(defaults),       cmocka_unit_test(values),
      cmocka_unit_test(resolved_again), cmocka_unit_test(all_errors_at_once),
      cmocka_unit_test(wrong_types),    cmocka_unit_test(choice_of_digits),
      cmocka_unit_test(ranges),         cmocka_unit_test(not_finite),
      cmocka_unit_test(old_names),      cmocka_unit_test(absent_group),
      cmocka_unit_test(longer_stride),  cmocka_unit_test(absolute_paths),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
