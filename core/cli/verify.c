/* SPDX-License-Identifier: BSD-3-Clause */
/* thalweg verify: does a plugin keep the contract? */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/cli/command.h"
#include "core/verify/verify.h"

static thw_status number(const char *option, const char *text, long long lo, long long *out,
                         tw_diags *d) {
  char *end;
  errno = 0;
  long long v = text ? strtoll(text, &end, 10) : *out;
  if (text && (errno || end == text || *end || v < lo))
    return tw_error(d, THW_E_ARG, "%s: expected a whole number of at least %lld, found \"%s\"",
                    option, lo, text);
  *out = v;
  return THW_OK;
}

static int verify_files(tw_verify_options *o, const char *const *files, size_t n, tw_diags *d) {
  int status = TW_EXIT_OK;
  for (size_t i = 0; i < n; i++) {
    o->file = files[i];
    int one = tw_verify(o, stdout, d);
    if (one > status) status = one;
  }
  return status;
}

static int run(int argc, char **argv) {
  const char **files = NULL, **sets = NULL, *seconds_text = NULL, *seed_text = NULL;
  size_t n_files = 0, n_sets = 0;
  long long seconds = 60, seed = 1;
  int list = 0, status = TW_EXIT_USAGE;
  tw_diags d = {0};
  tw_verify_options o = {0};
  const tw_cli_option options[] = {
      {.name = "--set", .list = &sets, .n_list = &n_sets},
      {.name = "--component", .value = &o.component},
      {.name = "--check", .value = &o.check},
      {.name = "--in-process", .flag = &o.in_process},
      {.name = "--list", .flag = &list},
      {.name = "--json", .flag = &o.json},
      {.name = "--timeout", .value = &seconds_text},
      {.name = "--seed", .value = &seed_text},
  };
  thw_status st =
      tw_cli_parse(argc, argv, options, sizeof options / sizeof *options, &files, &n_files, &d);
  if (st == THW_OK) st = number("--timeout", seconds_text, 1, &seconds, &d);
  if (st == THW_OK) st = number("--seed", seed_text, 0, &seed, &d);
  if (st == THW_OK && n_files == 0 && !list)
    st = tw_error(&d, THW_E_ARG, "verify needs a plugin: thalweg verify PLUGIN.so");
  if (st == THW_OK && o.in_process && !o.check)
    st = tw_error(&d, THW_E_ARG, "--in-process needs --check NAME: one check, no child process");
  o.sets = sets;
  o.n_sets = n_sets;
  o.seconds = (double)seconds;
  o.seed = (uint64_t)seed;
  if (st == THW_OK && list) {
    tw_verify_list(stdout, o.json);
    status = TW_EXIT_OK;
  } else if (st == THW_OK) {
    status = verify_files(&o, files, n_files, &d);
  }
  if (fflush(stdout) != 0 || ferror(stdout)) {
    tw_error(&d, THW_E_IO, "cannot write to the standard output");
    status = TW_EXIT_FAILED;
  }
  tw_diags_print(&d);
  tw_diags_free(&d);
  free((void *)files);
  free((void *)sets);
  return status;
}

const tw_command tw_cmd_verify = {
    .name = "verify",
    .usage = "PLUGIN.so... [--set NAME=VALUE]... [--component ID] [--check NAME [--in-process]] "
             "[--json] [--list]",
    .summary = "check that a plugin keeps the contract, each promise in a process of its own",
    .help =
        "--set NAME=VALUE   a parameter of the plugin's components, where it has no default\n"
        "                   (a source needs its path); may be repeated\n"
        "--component ID     only this component of the plugin\n"
        "--check NAME       only this check\n"
        "--in-process       with --check: no child process and no time limit, for a debugger\n"
        "--timeout SECONDS  processor time for each check (default 60); also how long it may wait\n"
        "--seed N           seed of random parameters and damaged state (default 1)\n"
        "--list             list the checks\n"
        "--json             print JSON\n"
        "Exit status 3 when a check fails; warnings and skipped checks do not count.\n",
    .run = run,
};
