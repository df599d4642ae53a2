/* SPDX-License-Identifier: BSD-3-Clause */
/* thalweg check, thalweg show: a pipeline file judged, or written out whole. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cli/command.h"
#include "core/wire.h"

/* "ok: source svmlight, model logistic, oracle finite-sum, optimizer neon2 (inner svrg); ..." */
static void say_ok(const tw_plan *p) {
  static const char *const roots[] = {"source", "model",     "oracle",
                                      "rounds", "optimizer", "learner"};
  const tw_options *o = tw_plan_options(p);
  size_t n, shown = 0;
  tw_node *const *nodes = tw_plan_nodes(p, &n);
  fputs("ok: ", stdout);
  for (size_t i = 0; i < sizeof roots / sizeof *roots; i++)
    if (tw_plan_node(p, roots[i]))
      printf("%s%s %s", shown++ ? ", " : "", roots[i],
             tw_plan_node(p, roots[i])->found->component->id);
  for (size_t i = 0; i < n; i++) {
    int root = 0;
    for (size_t k = 0; k < sizeof roots / sizeof *roots; k++)
      root |= strcmp(nodes[i]->path, roots[k]) == 0;
    if (!root) printf(", %s %s", nodes[i]->path, nodes[i]->found->component->id);
  }
  printf("; %s precision, seed %lld\n", o->run.precision ? "double" : "single",
         (long long)o->run.seed);
}

/* What both commands do with a plan that is in order. */
typedef void use_plan(const tw_plan *p, int origins);

static void check_plan(const tw_plan *p, int origins) {
  (void)origins;
  say_ok(p);
}

static void show_plan(const tw_plan *p, int origins) {
  tw_config_print(stdout, tw_plan_resolved(p), origins);
}

static int with_plan(int argc, char **argv, int may_show_origins, use_plan *use) {
  tw_pipeline_args a = {0};
  tw_diags d = {0};
  int origins = 0;
  const tw_cli_option options[] = {
      {.name = "--set", .list = &a.sets, .n_list = &a.n_sets},
      {.name = "--plugin-path", .list = &a.plugin_dirs, .n_list = &a.n_plugin_dirs},
      {.name = "--origin", .flag = &origins},
  };
  thw_status st =
      tw_cli_parse(argc, argv, options, may_show_origins ? 3 : 2, &a.files, &a.n_files, &d);
  if (st == THW_OK && a.n_files == 0)
    st = tw_error(&d, THW_E_ARG, "%s needs a pipeline file: thalweg %s FILE...", argv[0], argv[0]);
  tw_value *config = st == THW_OK ? tw_cli_config(&a, &d) : NULL;
  if (config) {
    tw_registry *r = tw_cli_registry(&a, &d);
    tw_plan *p = tw_plan_new(config, r, &d);
    if (p) use(p, origins);
    tw_plan_free(p);
    tw_registry_free(r);
  }
  tw_config_free(config);
  free((void *)a.files);
  free((void *)a.sets);
  free((void *)a.plugin_dirs);
  int status = d.errors ? TW_EXIT_USAGE : TW_EXIT_OK;
  if (fflush(stdout) != 0 || ferror(stdout)) {
    tw_error(&d, THW_E_IO, "cannot write to the standard output");
    status = TW_EXIT_FAILED;
  }
  tw_diags_print(&d);
  return status;
}

static int check(int argc, char **argv) {
  return with_plan(argc, argv, 0, check_plan);
}

static int show(int argc, char **argv) {
  return with_plan(argc, argv, 1, show_plan);
}

#define SHARED_HELP                                                                                \
  "FILE               pipeline files, each laid over the ones before it\n"                         \
  "--set PATH=VALUE   set one value, over all files; may be repeated\n"                            \
  "--plugin-path DIR  look for plugins in DIR first; may be repeated\n"

const tw_command tw_cmd_check = {
    .name = "check",
    .usage = "FILE... [--set PATH=VALUE]... [--plugin-path DIR]...",
    .summary = "check a pipeline file and show all its errors",
    .help = SHARED_HELP,
    .run = check,
};

const tw_command tw_cmd_show = {
    .name = "show",
    .usage = "FILE... [--set PATH=VALUE]... [--origin] [--plugin-path DIR]...",
    .summary = "print a pipeline with every default written out",
    .help = SHARED_HELP "--origin           say behind each value where it comes from\n",
    .run = show,
};
