/* SPDX-License-Identifier: BSD-3-Clause */
/* thalweg new: a plugin project to start from. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/cli/command.h"
#include "core/registry_priv.h"

#include "core/cli/templates.inc" /* packaging/template, line by line */

/* The files of a project, by kind (0: all). "@ID@" in a name or a line becomes the plugin's name,
 * "@KIND@" its kind. */
static const struct {
  uint32_t kind;
  const char *name;
  const char *const *lines;
} files[] = {
    {0, "Makefile", text_Makefile_plugin},       {0, "README.md", text_README_md},
    {THW_OPTIMIZER, "@ID@.c", text_optimizer_c}, {THW_OPTIMIZER, "test.cfg", text_optimizer_cfg},
    {THW_MODEL, "@ID@.c", text_model_c},         {THW_MODEL, "test.cfg", text_model_cfg},
    {THW_SOURCE, "@ID@.c", text_source_c},       {THW_SOURCE, "test.cfg", text_source_cfg},
    {THW_ORACLE, "@ID@.c", text_oracle_c},       {THW_ORACLE, "test.cfg", text_oracle_cfg},
    {THW_OPTIMIZER, "test.svm", text_test_svm},  {THW_MODEL, "test.svm", text_test_svm},
};

static int has_template(uint32_t kind) {
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
    if (kind && files[i].kind == kind) return 1;
  return 0;
}

/* `line` with its marks replaced. Caller frees. */
static char *fill_in(const char *line, const char *kind, const char *id) {
  char *out = tw_strdup("");
  for (;;) {
    const char *at = strchr(line, '@');
    const char *with = !at                             ? ""
                       : strncmp(at, "@ID@", 4) == 0   ? id
                       : strncmp(at, "@KIND@", 6) == 0 ? kind
                                                       : "@";
    size_t mark = !at ? 0 : with == id ? 4 : with == kind ? 6 : 1;
    char *more =
        tw_sprintf("%s%.*s%s", out, (int)(at ? (size_t)(at - line) : strlen(line)), line, with);
    free(out);
    out = more;
    if (!at) return out;
    line = at + mark;
  }
}

static thw_status write_file(const char *dir, size_t i, const char *kind, const char *id,
                             tw_diags *d) {
  char *name = fill_in(files[i].name, kind, id), *path = tw_sprintf("%s/%s", dir, name);
  free(name);
  FILE *f = fopen(path, "wx");
  int bad = !f;
  for (size_t k = 0; f && files[i].lines[k]; k++) {
    char *line = fill_in(files[i].lines[k], kind, id);
    bad |= fputs(line, f) == EOF;
    free(line);
  }
  if (f) bad |= fclose(f) != 0;
  thw_status s = THW_OK;
  if (bad) s = tw_error(d, THW_E_IO, "%s: cannot be written: %s", path, strerror(errno));
  free(path);
  return s;
}

static thw_status write_project(uint32_t kind, const char *id, const char *dir, tw_diags *d) {
  if (mkdir(dir, 0755) != 0)
    return tw_error(d, THW_E_IO, "%s: cannot be made: %s%s", dir, strerror(errno),
                    errno == EEXIST ? ": remove it, or choose another directory with --out" : "");
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
    if (!files[i].kind || files[i].kind == kind)
      THW_TRY(write_file(dir, i, tw_kind_name(kind), id, d));
  printf("%s: a plugin project of kind %s. Next:\n"
         "  cd %s && make && make check\n",
         dir, tw_kind_name(kind), dir);
  return THW_OK;
}

static thw_status check_words(const char *kind, const char *id, tw_diags *d) {
  static const char *const kinds[] = {"optimizer", "model", "source", "oracle"};
  if (!has_template(tw_kind_by_name(kind))) {
    const char *near = tw_nearest(kind, kinds, sizeof kinds / sizeof kinds[0]);
    return tw_error(d, THW_E_ARG,
                    "no template for \"%s\"%s%s%s: there are optimizer, model, source and oracle",
                    kind, near ? " (did you mean \"" : "", near ? near : "", near ? "\"?)" : "");
  }
  if (!tw_is_word(id, TW_DASH | TW_UNDERSCORE))
    return tw_error(d, THW_E_ARG,
                    "\"%s\" cannot be a plugin's name: expected a lower-case letter, then "
                    "lower-case letters, digits, '-' and '_', at most 63 in all",
                    id);
  return THW_OK;
}

static int new (int argc, char **argv) {
  const char *out = NULL, **words = NULL;
  size_t n_words = 0;
  tw_diags d = {0};
  int status = TW_EXIT_OK;
  const tw_cli_option options[] = {{.name = "--out", .value = &out}};
  thw_status s = tw_cli_parse(argc, argv, options, 1, &words, &n_words, &d);
  if (s == THW_OK && n_words != 2)
    s = tw_error(&d, THW_E_ARG,
                 "new takes a kind and a name, as in `thalweg new optimizer my-way'");
  if (s == THW_OK) s = check_words(words[0], words[1], &d);
  if (s != THW_OK)
    status = TW_EXIT_USAGE;
  else if (write_project(tw_kind_by_name(words[0]), words[1], out ? out : words[1], &d) != THW_OK)
    status = TW_EXIT_FAILED;
  free((void *)words);
  tw_diags_print(&d);
  return status;
}

const tw_command tw_cmd_new = {
    .name = "new",
    .usage = "KIND NAME [--out DIR]",
    .summary = "write a plugin project to start from",
    .help = "KIND       optimizer, model, source or oracle\n"
            "NAME       the plugin's name, which is also its component's id\n"
            "--out DIR  where to write it; by default ./NAME\n",
    .run = new,
};
