/* SPDX-License-Identifier: BSD-3-Clause */
/* thalweg info: all that a component says about itself. */
#include "core/cli/info.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/cli/command.h"

const thw_param *tw_topic_param(const tw_topic *t, size_t i) {
  return (const thw_param *)(const void *)((const char *)t->params + i * t->stride);
}

size_t tw_topic_slots(const tw_topic *t) {
  return t->found ? t->found->component->n_slots : 0;
}

const thw_slot *tw_topic_slot(const tw_topic *t, size_t i) {
  const thw_component *c = t->found->component;
  return (const thw_slot *)(const void *)((const char *)c->slots + i * c->slot_stride);
}

const char *tw_type_word(const thw_param *p) {
  static const char *const word[] = {
      [THW_P_BOOL] = "bool", [THW_P_INT] = "int",   [THW_P_REAL] = "real", [THW_P_STR] = "text",
      [THW_P_ENUM] = "word", [THW_P_PATH] = "path", [THW_P_INTS] = "ints", [THW_P_REALS] = "reals"};
  return p->type >= 1 && p->type < sizeof word / sizeof word[0] ? word[p->type] : "unknown";
}

/* ---- look-up ----------------------------------------------------------------------------------
 */

static tw_topic of_group(const tw_option_group *g) {
  return (tw_topic){.group = g, .params = g->params, .n_params = g->n, .stride = sizeof *g->params};
}

static tw_topic of_component(const tw_found *f) {
  const thw_component *c = f->component;
  return (tw_topic){
      .found = f, .params = c->params, .n_params = c->n_params, .stride = c->param_stride};
}

/* Several kinds have a component of that id: says how to name each. */
static thw_status ambiguous(const tw_found *const *f, size_t n, const char *id, tw_diags *d) {
  char *choices = tw_strdup("");
  for (size_t i = 0; i < n; i++)
    if (strcmp(f[i]->component->id, id) == 0) {
      char *more = tw_sprintf("%s%s%s/%s", choices, *choices ? ", " : "",
                              tw_kind_name(f[i]->component->kind), id);
      free(choices);
      choices = more;
    }
  tw_error(d, THW_E_ARG, "\"%s\" is the id of several components: write one of %s", id, choices);
  free(choices);
  return THW_E_ARG;
}

static thw_status not_found(const tw_found *const *f, size_t n, const char *name, const char *id,
                            tw_diags *d) {
  const char **names = tw_calloc(n + tw_n_option_groups, sizeof *names);
  for (size_t i = 0; i < n; i++) names[i] = f[i]->component->id;
  for (size_t i = 0; i < tw_n_option_groups; i++) names[n + i] = tw_option_groups[i].name;
  const char *near = tw_nearest(id, names, n + tw_n_option_groups);
  if (near)
    tw_error(d, THW_E_ARG, "no component \"%s\" (did you mean \"%s\"?)", name, near);
  else
    tw_error(d, THW_E_ARG, "no component \"%s\": `thalweg list' shows what there is", name);
  free((void *)names);
  return THW_E_ARG;
}

/* "svrg", "optimizer/svrg", or one of the host's groups. */
static thw_status look_up(const tw_registry *r, const char *name, tw_topic *t, tw_diags *d) {
  const char *slash = strchr(name, '/'), *id = slash ? slash + 1 : name;
  uint32_t kind = 0;
  size_t n, hits = 0;
  if (slash) {
    char *word = tw_sprintf("%.*s", (int)(slash - name), name);
    kind = tw_kind_by_name(word);
    free(word);
    if (!kind)
      return tw_error(d, THW_E_ARG, "\"%s\": the part before the slash is no kind of component",
                      name);
  }
  for (size_t i = 0; !slash && i < tw_n_option_groups; i++)
    if (strcmp(tw_option_groups[i].name, name) == 0) {
      *t = of_group(&tw_option_groups[i]);
      return THW_OK;
    }
  const tw_found *const *f = tw_registry_list(r, kind, &n);
  for (size_t i = 0; i < n; i++)
    if (strcmp(f[i]->component->id, id) == 0 && hits++ == 0) *t = of_component(f[i]);
  if (hits > 1) return ambiguous(f, n, id, d);
  return hits == 1 ? THW_OK : not_found(f, n, name, id, d);
}

/* ---- the command ------------------------------------------------------------------------------
 */

static int terminal_width(void) {
  struct winsize w;
  if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) != 0) return 80;
  return w.ws_col < 40 ? 80 : w.ws_col > 120 ? 120 : w.ws_col;
}

static void print_names(const tw_topic *t) {
  for (size_t i = 0; i < t->n_params; i++)
    if (!(tw_topic_param(t, i)->flags & THW_P_REMOVED)) puts(tw_topic_param(t, i)->name);
  for (size_t i = 0; i < tw_topic_slots(t); i++) puts(tw_topic_slot(t, i)->name);
}

static int info(int argc, char **argv) {
  int json = 0, names = 0;
  tw_pipeline_args a = {0};
  const char **words = NULL;
  size_t n_words = 0;
  tw_diags d = {0};
  const tw_cli_option options[] = {
      {.name = "--json", .flag = &json},
      {.name = "--names", .flag = &names},
      {.name = "--plugin-path", .list = &a.plugin_dirs, .n_list = &a.n_plugin_dirs},
  };
  thw_status s = tw_cli_parse(argc, argv, options, 3, &words, &n_words, &d);
  if (s == THW_OK && n_words != 1)
    s = tw_error(&d, THW_E_ARG, "info takes one name, found %zu: `thalweg list' shows the names",
                 n_words);
  if (s == THW_OK) {
    tw_topic t = {0};
    tw_registry *r = tw_cli_registry(&a, &d);
    if (look_up(r, words[0], &t, &d) != THW_OK) {
    } else if (json)
      tw_topic_print_json(&t);
    else if (names)
      print_names(&t);
    else
      tw_topic_print(&t, terminal_width());
    tw_registry_free(r);
  }
  free((void *)words);
  free((void *)a.plugin_dirs);
  int status = d.errors ? TW_EXIT_USAGE : TW_EXIT_OK;
  tw_diags_print(&d);
  return status;
}

const tw_command tw_cmd_info = {
    .name = "info",
    .usage = "NAME [--json] [--plugin-path DIR]...",
    .summary = "show a component's parameters, slots and origin",
    .help =
        "NAME               a component (\"svrg\", or \"optimizer/svrg\" when several kinds have\n"
        "                   one), or a group of options: run, stop, monitor, watch,\n"
        "                   checkpoint\n"
        "--json             machine-readable output\n"
        "--names            names of parameters and slots only, one per line\n"
        "--plugin-path DIR  look for plugins in DIR first; may be repeated\n",
    .run = info,
};
