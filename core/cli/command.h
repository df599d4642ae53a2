/* SPDX-License-Identifier: BSD-3-Clause */
/* core/cli/command.h - one command of the program per file, each ending in its table entry. */
#ifndef TW_COMMAND_H
#define TW_COMMAND_H

#include "core/config.h"
#include "core/error.h"
#include "core/registry.h"

/* Exit statuses of every command. */
enum {
  TW_EXIT_OK = 0,           /* ended as asked: criteria met or budget spent */
  TW_EXIT_FAILED = 1,       /* failed in mid-run: diverged, input or output */
  TW_EXIT_USAGE = 2,        /* bad usage or configuration */
  TW_EXIT_PLUGIN = 3,       /* a plugin misbehaved */
  TW_EXIT_INTERRUPTED = 130 /* checkpoint written */
};

typedef struct tw_command {
  const char *name, *usage; /* usage: what follows the name, "FILE... [--set PATH=VALUE]" */
  const char *summary;
  const char *help;                  /* options, one per line, for `thalweg NAME --help` */
  int (*run)(int argc, char **argv); /* argv[0] is the command's name; returns an exit status */
} tw_command;

/* core/cli/commands.inc lists them: COMMAND(run) stands for `const tw_command tw_cmd_run`. */

/* One option of a command. Exactly one of the three places is given: `flag` is set to 1; `value`
 * takes what follows ("--out DIR" or "--out=DIR"), given twice the last wins; `list` grows by what
 * follows, each time. */
typedef struct tw_cli_option {
  const char *name; /* "--out" */
  int *flag;
  const char **value;
  const char ***list;
  size_t *n_list;
} tw_cli_option;

/* Takes the options out of argv and leaves the other words, in order, in words[0..*n_words-1] (new
 * memory, as are the lists; the strings are argv's). "--" ends the options; "-" is a word. All
 * mistakes (unknown option with the nearest known one, value missing) are errors in `d`. */
thw_status tw_cli_parse(int argc, char **argv, const tw_cli_option *options, size_t n,
                        const char ***words, size_t *n_words, tw_diags *d);

/* What the commands that read a pipeline share (core/cli/common.c). */
typedef struct tw_pipeline_args {
  const char **files;
  size_t n_files;
  const char **sets; /* --set, in order */
  size_t n_sets;
  const char **plugin_dirs; /* --plugin-path, in order */
  size_t n_plugin_dirs;
} tw_pipeline_args;

/* Reads the layers into a new tree; NULL with errors in `d`. */
tw_value *tw_cli_config(const tw_pipeline_args *a, tw_diags *d);
/* Loads the plugins on the search path. */
tw_registry *tw_cli_registry(const tw_pipeline_args *a, tw_diags *d);

#endif
