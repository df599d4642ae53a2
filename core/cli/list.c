/* SPDX-License-Identifier: BSD-3-Clause */
/* thalweg list: what there is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "core/cli/command.h"

static void print_names(const tw_found *const *f, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (i == 0 || strcmp(f[i]->component->id, f[i - 1]->component->id) != 0)
      puts(f[i]->component->id);
}

static void print_table(const tw_found *const *f, size_t n) {
  int width = 0;
  for (size_t i = 0; i < n; i++) {
    int k = (int)strlen(f[i]->component->id);
    if (k > width) width = k;
  }
  for (size_t i = 0; i < n; i++) {
    const thw_component *c = f[i]->component;
    if (i == 0 || f[i - 1]->component->kind != c->kind)
      printf("%s%ss\n", i ? "\n" : "", tw_kind_name(c->kind));
    printf("  %-*s  %s\n", width, c->id, c->summary);
  }
}

static void print_json(const tw_found *const *f, size_t n) {
  json_t *all = json_array();
  for (size_t i = 0; i < n; i++) {
    const thw_component *c = f[i]->component;
    json_array_append_new(all,
                          json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "kind", tw_kind_name(c->kind),
                                    "id", c->id, "summary", c->summary, "version", c->version,
                                    "plugin", f[i]->plugin->id, "file", f[i]->file));
  }
  json_dumpf(all, stdout, JSON_INDENT(2));
  putchar('\n');
  json_decref(all);
}

/* "optimizers" is as good as "optimizer". */
static thw_status kind_of(const char *word, uint32_t *kind, tw_diags *d) {
  size_t n = strlen(word);
  char *one = tw_sprintf("%.*s", (int)(n > 1 && word[n - 1] == 's' ? n - 1 : n), word);
  const char *names[THW_KINDS - 1];
  for (uint32_t k = 1; k < THW_KINDS; k++) names[k - 1] = tw_kind_name(k);
  const char *near = tw_nearest(one, names, THW_KINDS - 1);
  *kind = tw_kind_by_name(one);
  free(one);
  if (*kind) return THW_OK;
  if (near) return tw_error(d, THW_E_ARG, "no kind \"%s\" (did you mean \"%s\"?)", word, near);
  return tw_error(d, THW_E_ARG,
                  "no kind \"%s\": there are source, model, oracle, optimizer, linear, rounds and "
                  "learner",
                  word);
}

static int list(int argc, char **argv) {
  int json = 0, names = 0;
  tw_pipeline_args a = {0};
  const char **words = NULL;
  size_t n_words = 0, n = 0;
  uint32_t kind = 0;
  tw_diags d = {0};
  const tw_cli_option options[] = {
      {.name = "--json", .flag = &json},
      {.name = "--names", .flag = &names},
      {.name = "--plugin-path", .list = &a.plugin_dirs, .n_list = &a.n_plugin_dirs},
  };
  thw_status s = tw_cli_parse(argc, argv, options, 3, &words, &n_words, &d);
  if (n_words > 1) s = tw_error(&d, THW_E_ARG, "list takes one kind, found %zu words", n_words);
  if (s == THW_OK && n_words == 1) s = kind_of(words[0], &kind, &d);
  if (s == THW_OK) {
    tw_registry *r = tw_cli_registry(&a, &d);
    const tw_found *const *f = tw_registry_list(r, kind, &n);
    if (json)
      print_json(f, n);
    else if (names)
      print_names(f, n);
    else if (n)
      print_table(f, n);
    else
      tw_warn(&d, "no %s found on the search path (see THALWEG_PLUGIN_PATH in thalweg(1))",
              kind ? tw_kind_name(kind) : "plugin");
    tw_registry_free(r);
  }
  free((void *)words);
  free((void *)a.plugin_dirs);
  int status = d.errors ? TW_EXIT_USAGE : TW_EXIT_OK;
  tw_diags_print(&d);
  return status;
}

const tw_command tw_cmd_list = {
    .name = "list",
    .usage = "[KIND] [--json] [--plugin-path DIR]...",
    .summary = "list the components that the plugins offer",
    .help = "KIND               source, model, oracle, optimizer\n"
            "--json             machine-readable output\n"
            "--names            ids only, one per line\n"
            "--plugin-path DIR  look for plugins in DIR first; may be repeated\n",
    .run = list,
};
