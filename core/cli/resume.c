/* SPDX-License-Identifier: BSD-3-Clause */
/* thalweg resume: go on from the last checkpoint, bit for bit. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/cli/command.h"
#include "core/cli/past.h"
#include "core/run/run.h"
#include "core/run/saved.h"

/* What does not change where the run goes. Records do: steps are cut where one is due. */
static const char *const allowed[] = {"stop.", "checkpoint.", "run.threads"};

static thw_status load_checkpoint(const tw_folder *f, tw_state **out, tw_diags *d) {
  char *file = tw_folder_file(f, "checkpoint");
  *out = NULL;
  thw_status st = THW_OK;
  if (access(file, F_OK) == 0) {
    *out = tw_state_load(file, d);
    if (!*out) st = THW_E_FORMAT;
  }
  free(file);
  return st;
}

/* Edited between checkpoint and resume, pipeline.cfg is no longer that of this run. */
static thw_status check_same(const tw_past *past, const char *dir, tw_state *from, tw_diags *d) {
  char *text = from ? tw_saved_pipeline(from) : NULL;
  thw_status st =
      text ? tw_past_same(past, dir, text, allowed, sizeof allowed / sizeof allowed[0], d) : THW_OK;
  free(text);
  return st;
}

int tw_cli_resume(const char *dir, const tw_pipeline_args *a, const tw_run_options *how,
                  tw_diags *d) {
  tw_folder folder;
  tw_state *from;
  thw_status st = tw_folder_open(&folder, dir, d);
  if (st != THW_OK) return TW_EXIT_USAGE;
  tw_past past;
  st = tw_past_open(&past, folder.path, a, allowed, sizeof allowed / sizeof allowed[0], d);
  if (st != THW_OK) {
    tw_folder_close(&folder);
    return TW_EXIT_USAGE;
  }
  int status = TW_EXIT_FAILED;
  st = load_checkpoint(&folder, &from, d);
  if (st == THW_OK && check_same(&past, folder.path, from, d) != THW_OK)
    st = THW_E_ARG, status = TW_EXIT_USAGE;
  if (st == THW_OK && a->n_sets)
    st = tw_folder_write_config(&folder, tw_plan_resolved(past.plan), d);
  if (st == THW_OK) {
    tw_diags_print(d);
    if (!how->quiet)
      fprintf(how->json ? stderr : stdout,
              from ? "resuming from %s/checkpoint\n" : "%s has no checkpoint: starting over\n",
              folder.path);
    tw_plan *plan = past.plan;
    past.plan = NULL;
    status = tw_run_go(plan, &folder, from, how, d);
  } else {
    tw_folder_close(&folder);
  }
  tw_state_free(from);
  tw_past_close(&past);
  return status;
}

static int resume(int argc, char **argv) {
  tw_pipeline_args a = {0};
  tw_run_options how = {0};
  tw_diags d = {0};
  const tw_cli_option options[] = {
      {.name = "--set", .list = &a.sets, .n_list = &a.n_sets},
      {.name = "--plugin-path", .list = &a.plugin_dirs, .n_list = &a.n_plugin_dirs},
      {.name = "--quiet", .flag = &how.quiet},
      {.name = "--json", .flag = &how.json},
      {.name = "--no-plot", .flag = &how.no_plot},
  };
  int status = TW_EXIT_USAGE;
  thw_status st = tw_cli_parse(argc, argv, options, sizeof options / sizeof options[0], &a.files,
                               &a.n_files, &d);
  if (st == THW_OK && a.n_files != 1)
    st = tw_error(&d, THW_E_ARG, "resume needs one run folder: thalweg resume DIR");
  if (st == THW_OK) status = tw_cli_resume(a.files[0], &a, &how, &d);
  free((void *)a.files);
  free((void *)a.sets);
  free((void *)a.plugin_dirs);
  tw_diags_print(&d);
  return status;
}

const tw_command tw_cmd_resume = {
    .name = "resume",
    .usage = "DIR [--set PATH=VALUE]... [--quiet] [--json] [--no-plot] [--plugin-path DIR]...",
    .summary = "go on from the last checkpoint of a run, bit for bit",
    .help = "DIR                run folder\n"
            "--set PATH=VALUE   set stop.*, checkpoint.* or run.threads anew, as in\n"
            "                   --set stop.passes=200; may be repeated\n"
            "--quiet            no progress and no summary\n"
            "--json             print result.json to the standard output, all else to the other\n"
            "--no-plot          no picture of the loss\n"
            "--plugin-path DIR  look for plugins in DIR first; may be repeated\n",
    .run = resume,
};
