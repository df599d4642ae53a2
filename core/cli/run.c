/* SPDX-License-Identifier: BSD-3-Clause */
/* thalweg run: a pipeline file to a run folder with a point and a verdict. */
#include <stdlib.h>

#include "core/cli/command.h"
#include "core/run/run.h"

/* Everything that may be wrong with the pipeline is said before a folder is made. */
static int go(const tw_pipeline_args *a, const char *out, tw_run_options *how, tw_diags *d) {
  tw_value *config = tw_cli_config(a, d);
  if (!config) return TW_EXIT_USAGE;
  tw_registry *registry = tw_cli_registry(a, d);
  tw_plan *plan = tw_plan_new(config, registry, d);
  int status = TW_EXIT_USAGE;
  tw_diags_print(d);
  tw_folder folder;
  if (plan) {
    thw_status st = tw_folder_create(&folder, out, tw_plan_options(plan)->run.name, d);
    if (st == THW_OK) {
      how->fresh = 1;
      st = tw_folder_write_config(&folder, tw_plan_resolved(plan), d);
      if (st != THW_OK) tw_folder_discard(&folder);
    }
    if (st == THW_OK)
      status = tw_run_go(plan, &folder, NULL, how, d);
    else
      tw_plan_free(plan);
    if (st != THW_OK) status = tw_exit_of(st);
  }
  tw_registry_free(registry);
  tw_config_free(config);
  return status;
}

static int run(int argc, char **argv) {
  tw_pipeline_args a = {0};
  tw_run_options how = {0};
  tw_diags d = {0};
  const char *out = NULL;
  const tw_cli_option options[] = {
      {.name = "--set", .list = &a.sets, .n_list = &a.n_sets},
      {.name = "--plugin-path", .list = &a.plugin_dirs, .n_list = &a.n_plugin_dirs},
      {.name = "--out", .value = &out},
      {.name = "--quiet", .flag = &how.quiet},
      {.name = "--json", .flag = &how.json},
      {.name = "--no-plot", .flag = &how.no_plot},
  };
  int status = TW_EXIT_USAGE;
  thw_status st = tw_cli_parse(argc, argv, options, sizeof options / sizeof options[0], &a.files,
                               &a.n_files, &d);
  if (st == THW_OK && a.n_files == 0)
    st = tw_error(&d, THW_E_ARG, "run needs a pipeline file: thalweg run FILE...");
  if (st == THW_OK) status = go(&a, out, &how, &d);
  free((void *)a.files);
  free((void *)a.sets);
  free((void *)a.plugin_dirs);
  tw_diags_print(&d);
  return status;
}

const tw_command tw_cmd_run = {
    .name = "run",
    .usage = "FILE... [--set PATH=VALUE]... [--out DIR] [--quiet] [--json] [--no-plot] "
             "[--plugin-path DIR]...",
    .summary = "run a pipeline",
    .help = "FILE               pipeline files, each laid over the ones before it\n"
            "--set PATH=VALUE   set one value, over all files; may be repeated\n"
            "--out DIR          the run folder, new or empty (default: runs/NAME-NNN)\n"
            "--quiet            no progress and no summary\n"
            "--json             print result.json to the standard output, all else to the other\n"
            "--no-plot          no picture of the loss\n"
            "--plugin-path DIR  look for plugins in DIR first; may be repeated\n",
    .run = run,
};
