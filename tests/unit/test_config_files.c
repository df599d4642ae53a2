/* SPDX-License-Identifier: BSD-3-Clause */
/* Pipeline files that include others: where a value came from, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/config.h"

static void write_file(const char *name, const char *text, size_t n) {
  FILE *f = fopen(name, "wb");
  assert_non_null(f);
  assert_int_equal(fwrite(text, 1, n, f), n);
  assert_int_equal(fclose(f), 0);
}

static void write_text(const char *name, const char *text) {
  write_file(name, text, strlen(text));
}

static int enter_folder(void **state) {
  static char folder[32];
  strcpy(folder, "test_config.XXXXXX");
  *state = folder;
  return mkdtemp(folder) && chdir(folder) == 0 && mkdir("sub", 0755) == 0 ? 0 : -1;
}

static int leave_folder(void **state) {
  static const char *const files[] = {"a.cfg", "sub/b.cfg", "sub/c.cfg", "sub", NULL};
  for (const char *const *f = files; *f; f++) (void)remove(*f);
  return chdir("..") == 0 ? rmdir(*state) : -1;
}

static void expect_read_error(const char *file, const char *expected) {
  tw_diags d = {0};
  tw_value *r = tw_config_new();
  assert_true(tw_config_read(r, file, &d) < 0);
  assert_int_equal(d.n, 1);
  assert_string_equal(d.v[0].text, expected);
  assert_int_equal(r->n, 0);
  tw_diags_free(&d);
  tw_config_free(r);
}

static void includes(void **state) {
  (void)state;
  write_text("a.cfg", "\xef\xbb\xbf"
                      "a = 1;\n  @include \"sub/b.cfg\"  z = 2;\nlast = 9;\n");
  write_text("sub/b.cfg", "b = 1;\r\ng: {\r\n@include \"c.cfg\"\r\n};\r\nafter = 1;");
  write_text("sub/c.cfg", "\n\nc = 3; # no newline at the end");
  tw_diags d = {0};
  tw_value *r = tw_config_new();
  assert_int_equal(tw_config_read(r, "./a.cfg", &d), THW_OK);
  static const struct {
    const char *path, *where;
  } at[] = {{"a", "./a.cfg:1"},     {"b", "sub/b.cfg:1"},     {"g", "sub/b.cfg:2"},
            {"g.c", "sub/c.cfg:3"}, {"after", "sub/b.cfg:5"}, {"z", "./a.cfg:2"},
            {"last", "./a.cfg:3"}};
  for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
    char *where = tw_config_where(tw_config_get(r, at[i].path));
    assert_string_equal(where, at[i].where);
    free(where);
  }
  tw_config_free(r);
}

static void broken_includes(void **state) {
  (void)state;
  write_text("a.cfg", "a = 1;\n@include \"sub/b.cfg\"\n");
  expect_read_error("a.cfg", "a.cfg:2: cannot open sub/b.cfg: No such file or directory");
  expect_read_error("none.cfg", "cannot open none.cfg: No such file or directory");
  expect_read_error("sub", "cannot read sub: Is a directory");
  write_text("sub/b.cfg", "\nb = ;\n");
  expect_read_error("a.cfg", "sub/b.cfg:2: syntax error here or just before: settings look like "
                             "name = value;");
  write_text("sub/b.cfg", "\nb = 3000000000;\n");
  expect_read_error("a.cfg", "sub/b.cfg:2: 3000000000 does not fit 32 bits: write 3000000000L");
  write_text("sub/b.cfg", "@include \"c.cfg\"");
  write_text("sub/c.cfg", "\n@include \"b.cfg\"");
  expect_read_error("a.cfg", "sub/c.cfg:2: \"sub/b.cfg\" includes itself");
  write_text("sub/b.cfg", "@include \"../sub/b.cfg\"");
  expect_read_error("a.cfg", "sub/../sub/../sub/../sub/../sub/../sub/../sub/../sub/../sub/../sub/"
                             "../sub/../sub/../sub/../sub/../sub/../sub/b.cfg:1: files include one "
                             "another more than 16 deep");
  write_file("a.cfg", "a = 1;\0b = 2;", 13);
  expect_read_error("a.cfg", "a.cfg: holds a zero byte: this is not a pipeline file");
  write_text("a.cfg", "");
  tw_diags d = {0};
  tw_value *r = tw_config_new();
  assert_int_equal(tw_config_read(r, "a.cfg", &d), THW_OK);
  assert_int_equal(r->n, 0);
  tw_config_free(r);
}
int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(includes, enter_folder, leave_folder),
      cmocka_unit_test_setup_teardown(broken_includes, enter_folder, leave_folder),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
