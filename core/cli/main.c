/* SPDX-License-Identifier: BSD-3-Clause */
/* The program: finds the command, hands over, and makes sure that output errors are not lost. */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/cli/command.h"

#define COMMAND(name) extern const tw_command tw_cmd_##name;
#include "core/cli/commands.inc"
#undef COMMAND

static const tw_command *const commands[] = {
#define COMMAND(name) &tw_cmd_##name,
#include "core/cli/commands.inc"
#undef COMMAND
};
enum { N_COMMANDS = sizeof commands / sizeof commands[0] };

/* A closed standard stream must not be taken over by the first file that is opened: the run folder
 * would fill with progress lines. Reading from or writing to what is put there fails, as it
 * should. */
static void keep_standard_streams(void) {
  for (int fd = 0; fd < 3; fd++)
    if (fcntl(fd, F_GETFD) == -1 && errno == EBADF) {
      int got = open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
      if (got != fd && got >= 0) close(got);
    }
}

static void print_usage(FILE *to) {
  fputs("usage: thalweg COMMAND [ARGUMENT...]\n\n", to);
  for (size_t i = 0; i < N_COMMANDS; i++)
    fprintf(to, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
  fprintf(to, "  %-10s %s\n", "help", "tell more about a command");
  fputs("\n`thalweg help COMMAND' tells more; `thalweg --version' prints the version.\n", to);
}

static void print_help(const tw_command *c) {
  printf("usage: thalweg %s%s%s\n\n%s\n", c->name, *c->usage ? " " : "", c->usage, c->summary);
  if (c->help && *c->help) {
    size_t n = strlen(c->help);
    printf("\n%s%s", c->help, c->help[n - 1] == '\n' ? "" : "\n");
  }
}

static const tw_command *find(const char *name) {
  for (size_t i = 0; i < N_COMMANDS; i++)
    if (strcmp(commands[i]->name, name) == 0) return commands[i];
  return NULL;
}

static int unknown(const char *name) {
  const char *names[N_COMMANDS + 1];
  for (size_t i = 0; i < N_COMMANDS; i++) names[i] = commands[i]->name;
  names[N_COMMANDS] = "help";
  const char *near = tw_nearest(name, names, N_COMMANDS + 1);
  const char *what = name[0] == '-' ? "option" : "command";
  if (near)
    fprintf(stderr, "thalweg: error: no %s \"%s\" (did you mean \"%s\"?)\n", what, name, near);
  else
    fprintf(stderr, "thalweg: error: no %s \"%s\": `thalweg help' lists the commands\n", what,
            name);
  return TW_EXIT_USAGE;
}

static int help(int argc, char **argv) {
  if (argc > 2) {
    fprintf(stderr, "thalweg: error: help takes one command, found %d\n", argc - 1);
    return TW_EXIT_USAGE;
  }
  const tw_command *c = argc == 2 ? find(argv[1]) : NULL;
  if (argc == 2 && !c && strcmp(argv[1], "help") != 0) return unknown(argv[1]);
  if (c)
    print_help(c);
  else
    print_usage(stdout);
  return TW_EXIT_OK;
}

/* --help anywhere before "--" wins over whatever else is wrong with the command line. */
static int asks_for_help(int argc, char **argv) {
  for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
    if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) return 1;
  return 0;
}

static int dispatch(int argc, char **argv) {
  if (argc < 2) {
    print_usage(stderr);
    return TW_EXIT_USAGE;
  }
  const char *name = argv[1];
  if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
    printf("thalweg %s (plugin interface %u.%u)\n", PACKAGE_VERSION, THW_ABI_MAJOR, THW_ABI_MINOR);
    return TW_EXIT_OK;
  }
  if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) name = "help";
  if (strcmp(name, "help") == 0) return help(argc - 1, argv + 1);
  const tw_command *c = find(name);
  if (!c) return unknown(name);
  if (asks_for_help(argc - 1, argv + 1)) {
    print_help(c);
    return TW_EXIT_OK;
  }
  return c->run(argc - 1, argv + 1);
}

int main(int argc, char **argv) {
  keep_standard_streams();
  int status = dispatch(argc, argv);
  int failed = ferror(stdout);
  errno = 0;
  if (fflush(stdout) != 0 || failed) {
    fprintf(stderr, "thalweg: error: cannot write standard output: %s\n",
            errno ? strerror(errno) : "output was lost");
    if (status == TW_EXIT_OK) status = TW_EXIT_FAILED;
  }
  return status;
}
