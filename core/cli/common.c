/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "core/cli/command.h"

static void append(const char ***list, size_t *n, const char *word) {
  *list = tw_realloc((void *)*list, (*n + 1) * sizeof **list);
  (*list)[(*n)++] = word;
}

static const tw_cli_option *find(const tw_cli_option *o, size_t n, const char *arg, size_t len) {
  for (size_t i = 0; i < n; i++)
    if (strlen(o[i].name) == len && memcmp(o[i].name, arg, len) == 0) return &o[i];
  return NULL;
}

static void unknown(const char *command, const tw_cli_option *o, size_t n, const char *arg,
                    size_t len, tw_diags *d) {
  const char **names = tw_calloc(n + 1, sizeof *names);
  for (size_t i = 0; i < n; i++) names[i] = o[i].name;
  names[n] = "--help";
  char *word = tw_sprintf("%.*s", (int)len, arg);
  const char *near = tw_nearest(word, names, n + 1);
  if (near)
    tw_error(d, THW_E_ARG, "%s has no option %s (did you mean %s?)", command, word, near);
  else
    tw_error(d, THW_E_ARG, "%s has no option %s: `thalweg help %s' lists its options", command,
             word, command);
  free(word);
  free((void *)names);
}

/* Handles argv[i]; returns how many words it took. */
static int take(int argc, char **argv, int i, const tw_cli_option *options, size_t n, tw_diags *d) {
  const char *arg = argv[i], *eq = strchr(arg, '=');
  size_t len = eq ? (size_t)(eq - arg) : strlen(arg);
  const tw_cli_option *o = find(options, n, arg, len);
  if (!o) {
    unknown(argv[0], options, n, arg, len, d);
    return 1;
  }
  if (o->flag) {
    if (eq) tw_error(d, THW_E_ARG, "%s %s takes no value, found \"%s\"", argv[0], o->name, eq + 1);
    *o->flag = 1;
    return 1;
  }
  if (!eq && i + 1 == argc) {
    tw_error(d, THW_E_ARG, "%s %s needs a value: `thalweg help %s' tells which", argv[0], o->name,
             argv[0]);
    return 1;
  }
  const char *value = eq ? eq + 1 : argv[i + 1];
  if (o->value)
    *o->value = value;
  else
    append(o->list, o->n_list, value);
  return eq ? 1 : 2;
}

thw_status tw_cli_parse(int argc, char **argv, const tw_cli_option *options, size_t n,
                        const char ***words, size_t *n_words, tw_diags *d) {
  size_t before = d->errors;
  int ended = 0;
  for (int i = 1; i < argc;) {
    if (!ended && strcmp(argv[i], "--") == 0) {
      ended = 1;
      i++;
    } else if (!ended && argv[i][0] == '-' && argv[i][1] != '\0') {
      i += take(argc, argv, i, options, n, d);
    } else {
      append(words, n_words, argv[i++]);
    }
  }
  return d->errors == before ? THW_OK : THW_E_ARG;
}

tw_value *tw_cli_config(const tw_pipeline_args *a, tw_diags *d) {
  tw_value *root = tw_config_new();
  size_t before = d->errors;
  for (size_t i = 0; i < a->n_files; i++) tw_config_read(root, a->files[i], d);
  for (size_t i = 0; i < a->n_sets; i++) tw_config_set(root, a->sets[i], d);
  if (d->errors == before) return root;
  tw_config_free(root);
  return NULL;
}

tw_registry *tw_cli_registry(const tw_pipeline_args *a, tw_diags *d) {
  return tw_registry_load(a->plugin_dirs, a->n_plugin_dirs, d);
}
