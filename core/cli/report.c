/* SPDX-License-Identifier: BSD-3-Clause */
/* thalweg report: a page about some runs. */
#include <stdlib.h>

#include "core/cli/command.h"
#include "core/results/page.h"

static int report(int argc, char **argv) {
  tw_diags d = {0};
  const char **dirs = NULL, *out = NULL, *title = NULL;
  size_t n_dirs = 0;
  const tw_cli_option options[] = {
      {.name = "--out", .value = &out},
      {.name = "--title", .value = &title},
  };
  thw_status st =
      tw_cli_parse(argc, argv, options, sizeof options / sizeof options[0], &dirs, &n_dirs, &d);
  if (st == THW_OK && n_dirs == 0)
    st = tw_error(&d, THW_E_ARG, "report needs run folders: thalweg report DIR...");
  tw_outcomes o = {0};
  int status = TW_EXIT_USAGE;
  if (st == THW_OK) st = tw_outcomes_read(&o, dirs, n_dirs, &d);
  if (st == THW_OK) {
    char *file = out           ? tw_strdup(out)
                 : n_dirs == 1 ? tw_sprintf("%s/report.html", dirs[0])
                               : tw_strdup("report.html");
    st = tw_page_write(file, &o, title, &d);
    status = st == THW_OK ? TW_EXIT_OK : TW_EXIT_FAILED;
    if (st == THW_OK) printf("%s\n", file);
    free(file);
  }
  tw_outcomes_free(&o);
  free((void *)dirs);
  tw_diags_print(&d);
  return status;
}

const tw_command tw_cmd_report = {
    .name = "report",
    .usage = "DIR... [--out FILE] [--title TEXT]",
    .summary = "write a page about runs, with all in it",
    .help = "DIR                run folders, or folders of sweeps for all runs in them\n"
            "--out FILE         the page (default: report.html in the folder when there is one,\n"
            "                   else here); it links to nothing and can be mailed\n"
            "--title TEXT       what stands above it\n",
    .run = report,
};
