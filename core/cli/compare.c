/* SPDX-License-Identifier: BSD-3-Clause */
/* thalweg compare: runs side by side. */
#include <stdlib.h>
#include <string.h>

#include "core/cli/command.h"
#include "core/results/table.h"

/* The names between the commas; the memory is `text` itself. */
static size_t split(char *text, const char ***names) {
  size_t n = 0;
  for (char *save, *word = strtok_r(text, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
    *names = tw_realloc((void *)*names, (n + 1) * sizeof **names);
    (*names)[n++] = word;
  }
  return n;
}

static thw_status show(const tw_outcomes *o, const char *const *columns, size_t n, const char *over,
                       int csv, int json, tw_diags *d) {
  tw_table t;
  if (n > 0)
    THW_TRY(tw_table_make(&t, o, columns, n, d));
  else
    tw_table_usual(&t, o, NULL, 0);
  thw_status st = over ? tw_table_group(&t, o, over, d) : THW_OK;
  if (st == THW_OK) {
    if (csv)
      tw_table_csv(stdout, &t);
    else if (json)
      tw_table_json(stdout, &t);
    else
      tw_table_text(stdout, &t);
  }
  tw_table_free(&t);
  return st;
}

static int compare(int argc, char **argv) {
  tw_diags d = {0};
  const char **dirs = NULL, *columns = NULL, *over = NULL, **names = NULL;
  size_t n_dirs = 0;
  int csv = 0, json = 0;
  const tw_cli_option options[] = {
      {.name = "--columns", .value = &columns},
      {.name = "--over", .value = &over},
      {.name = "--csv", .flag = &csv},
      {.name = "--json", .flag = &json},
  };
  thw_status st =
      tw_cli_parse(argc, argv, options, sizeof options / sizeof options[0], &dirs, &n_dirs, &d);
  if (st == THW_OK && n_dirs == 0)
    st = tw_error(&d, THW_E_ARG, "compare needs run folders: thalweg compare DIR...");
  if (st == THW_OK && csv && json) st = tw_error(&d, THW_E_ARG, "--csv and --json: one of the two");
  tw_outcomes o = {0};
  if (st == THW_OK) st = tw_outcomes_read(&o, dirs, n_dirs, &d);
  char *list = tw_strdup(columns ? columns : "");
  size_t n = split(list, &names);
  if (st == THW_OK) st = show(&o, names, n, over, csv, json, &d);
  tw_outcomes_free(&o);
  free((void *)names);
  free(list);
  free((void *)dirs);
  tw_diags_print(&d);
  return st == THW_OK ? TW_EXIT_OK : TW_EXIT_USAGE;
}

const tw_command tw_cmd_compare = {
    .name = "compare",
    .usage = "DIR... [--columns NAME,...] [--over PATH] [--csv | --json]",
    .summary = "set runs side by side",
    .help = "DIR                run folders, or folders of sweeps for all runs in them\n"
            "--columns NAME,... settings (optimizer.step), metrics, or members of result.json\n"
            "                   (f, passes, counts.gradients); without it, what differs between\n"
            "                   the pipelines, and what was reached\n"
            "--over PATH        one row for all runs that differ in this setting only, as in\n"
            "                   --over run.seed: mean, least and largest\n"
            "--csv, --json      for programs, all digits\n",
    .run = compare,
};
