/* SPDX-License-Identifier: BSD-3-Clause */
/* thalweg explain: the theory card of a pipeline. */
#include "core/explain.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "core/cli/command.h"
#include "core/run/run.h"

static const char *const aim_text[] = {"|g| <= epsilon", "(epsilon, delta)-local minimum",
                                       "f within epsilon of its least value"};
static const char *const aim_word[] = {"stationary", "local-minimum", "value"};

static double passes(const tw_setup *s, double gradients) {
  return gradients / (double)s->pass;
}

/* ---- text -------------------------------------------------------------------------------------
 */

static const char *id_of(const tw_node *n) {
  return n ? n->found->component->id : "none";
}

static void print_problem(const tw_setup *s, const tw_explanation *e) {
  const thw_goal *g = &e->goal;
  if (s->rows > 0)
    printf("problem: a sum of %lld components in %lld parameters\n", (long long)s->rows,
           (long long)s->space->n);
  else
    printf("problem: a stream in %lld parameters\n", (long long)s->space->n);
  printf("  source %s, model %s, oracle %s\n", id_of(s->source), id_of(s->model),
         id_of(s->oracle_node));
  printf("  at the start f %.6g, gradient norm %.4g%s\n", e->f, e->grad_norm,
         s->rows > 0 ? "" : " (on a sample)");
  if (!s->smooth) printf("  the model is not smooth: its curvature means nothing\n");
  printf("aim: epsilon %.4g, delta %.4g, confidence %.6g\n", g->epsilon, g->delta, g->confidence);
}

static void print_constants(const tw_setup *s, const tw_explanation *e) {
  printf("constants:\n");
  for (int i = 0; i < TW_CONSTANTS; i++) {
    const tw_constant *c = &e->constant[i];
    char value[32] = "-";
    if (isfinite(c->value)) snprintf(value, sizeof value, "%.4g", c->value);
    printf("  %-5s %-11s %-19s %s\n", c->name, value, tw_origin_text(c->origin), c->what);
  }
  printf("  finding out took %lld component gradients, %.3g passes; estimates are those of the "
         "start\n",
         (long long)e->cost, passes(s, (double)e->cost));
}

static void print_promise(const tw_setup *s, const tw_promise *p) {
  printf("    %s: ", aim_text[p->aim < 3 ? p->aim : 0]);
  if (isfinite(p->gradients))
    printf("%.3g component gradients, %.3g passes\n", p->gradients, passes(s, p->gradients));
  else if (p->missing)
    printf("no number without %s\n", p->missing);
  else
    printf("no number\n");
  printf("      order %s\n      %s%s%s\n", p->formula, p->source, p->note ? "; " : "",
         p->note ? p->note : "");
}

static void print_theorems(const tw_setup *s, const tw_explanation *e) {
  size_t n;
  tw_node *const *node = tw_plan_nodes(s->plan, &n);
  printf("theorems (worst cases: what a run needs is usually far less):\n");
  for (size_t i = n; i-- > 0;) {
    size_t shown = 0;
    if (node[i]->raw.kind != THW_OPTIMIZER) continue;
    printf("  %s: %s\n", node[i]->path, id_of(node[i]));
    for (size_t j = 0; j < e->n_promises; j++)
      if (e->promise[j].node == node[i]) print_promise(s, &e->promise[j]), shown++;
    if (!shown) printf("    it states no theorem\n");
  }
}

static void print_verdict(const tw_setup *s, const tw_explanation *e) {
  if (!e->search)
    printf("verdict: no search for negative curvature%s\n",
           s->opt->stop.verdict ? "" : " (stop.verdict = false)");
  else if (isfinite(e->search_cost))
    printf("verdict: %s certifies with %.4g component gradients, %.4g passes\n", e->search,
           e->search_cost, passes(s, e->search_cost));
  else
    printf("verdict: %s; its cost needs L\n", e->search);
}

/* ---- JSON -------------------------------------------------------------------------------------
 */

static json_t *string(const char *s) {
  json_t *j = s ? json_string(s) : NULL;
  return j ? j : json_null();
}

static json_t *constants_of(const tw_explanation *e) {
  static const char *const origin[] = {"unknown", "model", "user", "estimate"};
  json_t *all = json_object();
  for (int i = 0; i < TW_CONSTANTS; i++) {
    const tw_constant *c = &e->constant[i];
    json_object_set_new(all, c->name,
                        json_pack("{s:o, s:s, s:s}", "value", tw_json_real(c->value), "origin",
                                  origin[c->origin], "what", c->what));
  }
  return all;
}

static json_t *promises_of(const tw_setup *s, const tw_explanation *e) {
  json_t *all = json_array();
  for (size_t j = 0; j < e->n_promises; j++) {
    const tw_promise *p = &e->promise[j];
    json_array_append_new(all, json_pack("{s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "path",
                                         string(p->node->path), "optimizer", string(id_of(p->node)),
                                         "aim", aim_word[p->aim < 3 ? p->aim : 0], "formula",
                                         string(p->formula), "source", string(p->source), "note",
                                         string(p->note), "gradients", tw_json_real(p->gradients),
                                         "passes", tw_json_real(passes(s, p->gradients)), "missing",
                                         string(p->missing)));
  }
  return all;
}

static void print_json(const tw_setup *s, const tw_explanation *e) {
  json_t *o = json_object();
  json_object_set_new(o, "components", s->rows > 0 ? json_integer(s->rows) : json_null());
  json_object_set_new(o, "parameters", json_integer(s->space->n));
  json_object_set_new(o, "smooth", json_boolean(s->smooth));
  json_object_set_new(o, "f", tw_json_real(e->f));
  json_object_set_new(o, "grad_norm", tw_json_real(e->grad_norm));
  json_object_set_new(o, "epsilon", tw_json_real(e->goal.epsilon));
  json_object_set_new(o, "delta", tw_json_real(e->goal.delta));
  json_object_set_new(o, "confidence", tw_json_real(e->goal.confidence));
  json_object_set_new(o, "constants", constants_of(e));
  json_object_set_new(o, "gradients", json_integer(e->cost));
  json_object_set_new(o, "theorems", promises_of(s, e));
  json_object_set_new(o, "verdict",
                      e->search ? json_pack("{s:s, s:o, s:o}", "search", e->search, "gradients",
                                            tw_json_real(e->search_cost), "passes",
                                            tw_json_real(passes(s, e->search_cost)))
                                : json_null());
  json_object_set_new(o, "thalweg", json_string(tw_host.version));
  json_dumpf(o, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(17));
  putchar('\n');
  json_decref(o);
}

/* ---- the command ------------------------------------------------------------------------------
 */

/* "L2=6" */
static thw_status read_constant(const char *word, double *given, tw_diags *d) {
  const char *eq = strchr(word, '=');
  char *name = tw_sprintf("%.*s", (int)(eq ? eq - word : 0), word), *end = NULL;
  int i = tw_constant_find(name);
  free(name);
  if (!eq || i < 0)
    return tw_error(d, THW_E_ARG,
                    "--constant %s: expected NAME=VALUE with L, Lmax, L2, V, V_H, mu or D_f", word);
  /* the host never leaves the C locale */
  double v = strtod(eq + 1, &end);
  if (end == eq + 1 || *end || !isfinite(v) || v < 0)
    return tw_error(d, THW_E_ARG, "--constant %s: expected a number, not below 0", word);
  given[i] = v;
  return THW_OK;
}

static int with_plan(tw_plan *plan, const double *given, int json, tw_diags *d) {
  tw_setup s;
  tw_explanation e;
  thw_status st = tw_setup_begin(&s, plan, NULL, NULL, d);
  if (st != THW_OK) return tw_exit_of_input(st);
  st = tw_explain(&s, given, &e, d);
  if (st == THW_OK) {
    if (json) {
      print_json(&s, &e);
    } else {
      print_problem(&s, &e);
      print_constants(&s, &e);
      print_theorems(&s, &e);
      print_verdict(&s, &e);
    }
    tw_explanation_clear(&e);
  }
  tw_setup_end(&s);
  if (st == THW_OK && (fflush(stdout) != 0 || ferror(stdout)))
    st = tw_error(d, THW_E_IO, "cannot write to the standard output");
  return st == THW_OK ? TW_EXIT_OK : tw_exit_of(st);
}

static int go(const tw_pipeline_args *a, const char *const *constants, size_t n, int json,
              tw_diags *d) {
  double given[TW_CONSTANTS];
  for (int i = 0; i < TW_CONSTANTS; i++) given[i] = (double)NAN;
  for (size_t i = 0; i < n; i++)
    if (read_constant(constants[i], given, d) != THW_OK) return TW_EXIT_USAGE;
  if (a->n_files == 0) {
    tw_error(d, THW_E_ARG, "explain needs a pipeline file: thalweg explain FILE...");
    return TW_EXIT_USAGE;
  }
  tw_value *config = tw_cli_config(a, d);
  if (!config) return TW_EXIT_USAGE;
  tw_registry *registry = tw_cli_registry(a, d);
  tw_plan *plan = tw_plan_new(config, registry, d);
  int status = plan ? with_plan(plan, given, json, d) : TW_EXIT_USAGE;
  tw_registry_free(registry);
  tw_config_free(config);
  return status;
}

static int explain(int argc, char **argv) {
  tw_pipeline_args a = {0};
  const char **constants = NULL;
  size_t n_constants = 0;
  int json = 0;
  tw_diags d = {0};
  const tw_cli_option options[] = {
      {.name = "--set", .list = &a.sets, .n_list = &a.n_sets},
      {.name = "--plugin-path", .list = &a.plugin_dirs, .n_list = &a.n_plugin_dirs},
      {.name = "--constant", .list = &constants, .n_list = &n_constants},
      {.name = "--json", .flag = &json},
  };
  thw_status st = tw_cli_parse(argc, argv, options, sizeof options / sizeof options[0], &a.files,
                               &a.n_files, &d);
  int status = st == THW_OK ? go(&a, constants, n_constants, json, &d) : TW_EXIT_USAGE;
  free((void *)a.files);
  free((void *)a.sets);
  free((void *)a.plugin_dirs);
  free((void *)constants);
  tw_diags_print(&d);
  return status;
}

const tw_command tw_cmd_explain = {
    .name = "explain",
    .usage = "FILE... [--set PATH=VALUE]... [--constant NAME=VALUE]... [--json] "
             "[--plugin-path DIR]...",
    .summary = "what the theorems promise for a pipeline, with its constants",
    .help =
        "FILE                   pipeline files, each laid over the ones before it\n"
        "--set PATH=VALUE       set one value, over all files; may be repeated\n"
        "--constant NAME=VALUE  a constant that you know better: L, Lmax, L2, V, V_H, mu, D_f;\n"
        "                       may be repeated\n"
        "--json                 print the card as JSON\n"
        "--plugin-path DIR      look for plugins in DIR first; may be repeated\n",
    .run = explain,
};
