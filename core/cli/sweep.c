/* SPDX-License-Identifier: BSD-3-Clause */
/* thalweg sweep: one pipeline with some settings varied, run by run, and a comparison. All folders
 * are made, with their pipelines, before anything runs; sweep.json lists them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/cli/sweep.h"
#include "core/file.h"
#include "core/results/curves.h"
#include "core/run/run.h"

#define MOST_RUNS 9999

typedef struct sweep_args {
  tw_pipeline_args pipeline;
  const char **vary;
  size_t n_vary;
  const char *layers, *out, *jobs, *over, *x, *y, *resume;
  int quiet;
} sweep_args;

/* ---- sweep.json -------------------------------------------------------------------------------
 */

static json_t *names_of(const tw_varies *all) {
  json_t *paths = json_array();
  for (size_t i = 0; i < all->n; i++) json_array_append_new(paths, json_string(all->v[i].path));
  return paths;
}

static void put_text(json_t *o, const char *key, const char *value) {
  if (value) json_object_set_new(o, key, json_string(value));
}

static thw_status write_list(const tw_folder *folder, const tw_varies *all, const tw_jobs *jobs,
                             const sweep_args *a, tw_diags *d) {
  json_t *o = json_object(), *runs = json_array();
  size_t n = strlen(folder->path) + 1;
  json_object_set_new(o, "varied", names_of(all));
  put_text(o, "over", a->over);
  put_text(o, "x", a->x);
  put_text(o, "y", a->y);
  for (size_t i = 0; i < jobs->n; i++)
    json_array_append_new(
        runs, json_pack("{s:s, s:s}", "folder", jobs->v[i].dir + n, "label", jobs->v[i].label));
  json_object_set_new(o, "runs", runs);
  char *file = tw_folder_file(folder, "sweep.json");
  thw_status st = tw_json_write(file, o, d);
  json_decref(o);
  free(file);
  return st;
}

static thw_status read_list(const tw_folder *folder, tw_jobs *jobs, json_t **list, tw_diags *d) {
  char *file = tw_folder_file(folder, "sweep.json");
  json_error_t e;
  json_t *run;
  size_t i;
  *list = json_load_file(file, 0, &e);
  thw_status st = THW_OK;
  json_array_foreach(json_object_get(*list, "runs"), i, run) {
    const char *name = json_string_value(json_object_get(run, "folder"));
    const char *label = json_string_value(json_object_get(run, "label"));
    if (!name || !label) continue;
    jobs->v = tw_realloc(jobs->v, (jobs->n + 1) * sizeof *jobs->v);
    jobs->v[jobs->n++] = (tw_job){tw_folder_file(folder, name), tw_strdup(label)};
  }
  if (!*list)
    st = tw_error(d, THW_E_FORMAT, "%s:%d: %s (is this the folder of a sweep?)", file, e.line,
                  e.text);
  else if (jobs->n == 0)
    st = tw_error(d, THW_E_FORMAT, "%s: lists no runs", file);
  free(file);
  return st;
}

/* ---- a new sweep --------------------------------------------------------------------------------
 */

/* Runs that are made side by side share the cores, unless the pipeline says how many each takes. */
static thw_status share_cores(tw_value *config, int at_once, tw_diags *d) {
  if (at_once < 2 || tw_config_get(config, "run.threads")) return THW_OK;
  long each = sysconf(_SC_NPROCESSORS_ONLN) / at_once;
  char *set = tw_sprintf("run.threads=%ld", each > 1 ? each : 1);
  thw_status st = tw_config_set(config, set, d);
  free(set);
  return st;
}

static thw_status plan_one(const tw_combination *c, tw_registry *r, int at_once, tw_plan **plan,
                           tw_value **config, tw_diags *d) {
  *plan = NULL;
  *config = tw_cli_config(&c->args, d);
  if (*config && share_cores(*config, at_once, d) == THW_OK) *plan = tw_plan_new(*config, r, d);
  if (*plan) return THW_OK;
  return tw_error(d, THW_E_ARG, "that is what is wrong with the run that has %s", c->label);
}

/* Before a folder is made: a sweep shall not stop in the middle at a value out of range. */
static thw_status check_all(const tw_varies *all, const sweep_args *a, tw_registry *r,
                            tw_diags *d) {
  thw_status st = THW_OK;
  for (size_t i = 0; i < tw_vary_count(all) && st == THW_OK; i++) {
    tw_combination c;
    tw_plan *plan;
    tw_value *config;
    tw_vary_take(all, i, &a->pipeline, &c);
    st = plan_one(&c, r, 1, &plan, &config, d);
    tw_plan_free(plan);
    tw_config_free(config);
    tw_vary_drop(&c);
  }
  return st;
}

static thw_status make_one(const tw_folder *sweep, const tw_combination *c, tw_registry *r,
                           tw_jobs *jobs, tw_diags *d) {
  tw_plan *plan;
  tw_value *config;
  tw_folder run;
  tw_job *job = &jobs->v[jobs->n];
  thw_status st = plan_one(c, r, jobs->at_once, &plan, &config, d);
  if (st == THW_OK) {
    char *number = tw_sprintf("%03zu", jobs->n + 1);
    *job = (tw_job){tw_folder_file(sweep, number), tw_strdup(*c->label ? c->label : number)};
    jobs->n++;
    free(number);
    st = tw_folder_create(&run, job->dir, NULL, d);
  }
  if (st == THW_OK) {
    st = tw_folder_write_config(&run, tw_plan_resolved(plan), d);
    tw_folder_close(&run);
  }
  tw_plan_free(plan);
  tw_config_free(config);
  return st;
}

static thw_status make_all(const tw_folder *sweep, const tw_varies *all, const sweep_args *a,
                           tw_registry *r, tw_jobs *jobs, tw_diags *d) {
  size_t n = tw_vary_count(all);
  thw_status st = THW_OK;
  jobs->v = tw_calloc(n + 1, sizeof *jobs->v);
  for (size_t i = 0; i < n && st == THW_OK; i++) {
    tw_combination c;
    tw_vary_take(all, i, &a->pipeline, &c);
    st = make_one(sweep, &c, r, jobs, d);
    tw_vary_drop(&c);
  }
  return st == THW_OK ? write_list(sweep, all, jobs, a, d) : st;
}

static thw_status read_varies(const sweep_args *a, tw_varies *all, tw_diags *d) {
  size_t before = d->errors;
  if (a->layers) tw_vary_add_layers(all, a->layers, d);
  for (size_t i = 0; i < a->n_vary; i++) tw_vary_add(all, a->vary[i], d);
  if (d->errors > before) return THW_E_ARG;
  if (all->n == 0)
    return tw_error(d, THW_E_ARG,
                    "sweep needs something to vary: --vary PATH=VALUE,VALUE,... or "
                    "--layers FILE,FILE,...");
  if (tw_vary_count(all) > MOST_RUNS)
    return tw_error(d, THW_E_ARG, "the sweep would have more than %d runs: vary less at once",
                    MOST_RUNS);
  return THW_OK;
}

/* After the run.name of the files themselves, not of what is laid over them. */
static char *usual_name(const sweep_args *a) {
  tw_diags heard = {0}; /* and told when the combinations were checked */
  tw_value *config = tw_cli_config(&a->pipeline, &heard);
  const tw_value *name = config ? tw_config_get(config, "run.name") : NULL;
  char *s = tw_sprintf("%s-sweep", name && name->type == TW_STR ? name->s : "run");
  tw_config_free(config);
  tw_diags_free(&heard);
  return s;
}

static void free_jobs(tw_jobs *jobs) {
  for (size_t i = 0; i < jobs->n; i++) {
    free(jobs->v[i].dir);
    free(jobs->v[i].label);
  }
  free(jobs->v);
}

/* Makes the sweep's folder, which stays locked, with all that it shall run. */
static thw_status begin(const sweep_args *a, tw_folder *sweep, int at_once, tw_diags *d) {
  tw_varies all = {0};
  tw_jobs jobs = {.at_once = at_once};
  char *name = NULL;
  tw_registry *r = NULL;
  thw_status st = read_varies(a, &all, d);
  if (st == THW_OK) {
    r = tw_cli_registry(&a->pipeline, d);
    st = check_all(&all, a, r, d);
  }
  if (st == THW_OK) name = usual_name(a);
  if (st == THW_OK) st = tw_folder_create(sweep, a->out, name, d);
  if (st == THW_OK) st = make_all(sweep, &all, a, r, &jobs, d);
  tw_registry_free(r);
  tw_vary_free(&all);
  free_jobs(&jobs);
  free(name);
  return st;
}

/* ---- the comparison -----------------------------------------------------------------------------
 */

static thw_status write_csv(const tw_folder *sweep, const tw_table *t, tw_diags *d) {
  char *file = tw_folder_file(sweep, "sweep.csv");
  tw_out out;
  thw_status st = tw_out_open(&out, file, d);
  if (st == THW_OK) {
    tw_table_csv(out.f, t);
    st = tw_out_commit(&out, d);
  }
  free(file);
  return st;
}

static const char *choice(const char *now, const json_t *list, const char *key) {
  return now ? now : json_string_value(json_object_get(list, key));
}

/* Runs that differ in the seed only are one row, unless told otherwise. */
static const char *average_over(const sweep_args *a, const json_t *list, const char *const *varied,
                                size_t n) {
  const char *over = choice(a->over, list, "over");
  for (size_t i = 0; i < n && !over; i++)
    if (strcmp(varied[i], "run.seed") == 0) over = varied[i];
  return over;
}

/* Against a setting; where that is no number (methods compared), the runs on their way. */
static thw_status draw(const tw_folder *sweep, const tw_outcomes *o, const char *const *varied,
                       size_t n, const char *over, const sweep_args *a, const json_t *list,
                       char **why, tw_diags *d) {
  THW_TRY(tw_sweep_draw(sweep->path, o, varied, n, over, choice(a->x, list, "x"),
                        choice(a->y, list, "y"), "", why, d));
  if (*why) {
    free(*why);
    *why = tw_curves_draw(sweep->path, o, "");
  }
  return THW_OK;
}

static thw_status compare(const tw_folder *sweep, const tw_outcomes *o, const sweep_args *a,
                          const json_t *list, tw_diags *d) {
  const json_t *paths = json_object_get(list, "varied");
  size_t n = json_array_size(paths);
  const char **varied = tw_calloc(n + 1, sizeof *varied);
  for (size_t i = 0; i < n; i++) varied[i] = json_string_value(json_array_get(paths, i));
  const char *over = average_over(a, list, varied, n);
  tw_table t;
  char *why = NULL;
  tw_table_usual(&t, o, varied, n);
  thw_status st = write_csv(sweep, &t, d);
  if (st == THW_OK && over) st = tw_table_group(&t, o, over, d);
  if (st == THW_OK && !a->quiet) tw_table_text(stdout, &t);
  if (st == THW_OK) st = draw(sweep, o, varied, n, over, a, list, &why, d);
  if (why) tw_warn(d, "%s", why);
  if (!a->quiet) printf("folder %s\n", sweep->path);
  free(why);
  tw_table_free(&t);
  free((void *)varied);
  return st;
}

/* ---- the command --------------------------------------------------------------------------------
 */

static thw_status number_of_jobs(const char *text, int *jobs, tw_diags *d) {
  char *end;
  long n = text ? strtol(text, &end, 10) : 1;
  if (text && (end == text || *end || n < 1 || n > 1024))
    return tw_error(d, THW_E_ARG, "--jobs %s: a number from 1 to 1024 is expected", text);
  *jobs = (int)n;
  return THW_OK;
}

static int finish(const tw_folder *sweep, const tw_jobs *jobs, const sweep_args *a,
                  const json_t *list, tw_diags *d) {
  int status = tw_jobs_go(jobs, d);
  if (status == TW_EXIT_INTERRUPTED) {
    fprintf(stderr, "`thalweg sweep --resume %s' goes on from here\n", sweep->path);
    return status;
  }
  tw_outcomes o;
  const char *const dirs[] = {sweep->path};
  thw_status st = tw_outcomes_read(&o, dirs, 1, d);
  if (st == THW_OK) st = compare(sweep, &o, a, list, d);
  tw_outcomes_free(&o);
  if (st == THW_E_ARG) return TW_EXIT_USAGE;
  return st == THW_OK ? status : TW_EXIT_FAILED;
}

static int go(const sweep_args *a, tw_diags *d) {
  tw_folder sweep = {.lock = -1, .metrics = TW_NO_LINES};
  tw_jobs jobs = {.quiet = a->quiet, .args = &a->pipeline};
  json_t *list = NULL;
  int status = TW_EXIT_USAGE;
  thw_status st = number_of_jobs(a->jobs, &jobs.at_once, d);
  if (st == THW_OK)
    st = a->resume ? tw_folder_open(&sweep, a->resume, d) : begin(a, &sweep, jobs.at_once, d);
  if (st == THW_OK) st = read_list(&sweep, &jobs, &list, d);
  tw_diags_print(d);
  if (st == THW_OK) status = finish(&sweep, &jobs, a, list, d);
  free_jobs(&jobs);
  json_decref(list);
  tw_folder_close(&sweep);
  return status;
}

static thw_status check_usage(const sweep_args *a, tw_diags *d) {
  int fresh =
      a->pipeline.n_files > 0 || a->n_vary > 0 || a->layers || a->out || a->pipeline.n_sets > 0;
  if (a->resume && fresh)
    return tw_error(d, THW_E_ARG,
                    "--resume goes on with what the sweep's folder lists: no files, "
                    "--vary, --layers, --set or --out beside it");
  if (!a->resume && a->pipeline.n_files == 0)
    return tw_error(d, THW_E_ARG,
                    "sweep needs a pipeline file: thalweg sweep FILE... --vary "
                    "PATH=VALUE,VALUE,...");
  return THW_OK;
}

static int sweep(int argc, char **argv) {
  sweep_args a = {0};
  tw_pipeline_args *p = &a.pipeline;
  tw_diags d = {0};
  const tw_cli_option options[] = {
      {.name = "--vary", .list = &a.vary, .n_list = &a.n_vary},
      {.name = "--layers", .value = &a.layers},
      {.name = "--set", .list = &p->sets, .n_list = &p->n_sets},
      {.name = "--jobs", .value = &a.jobs},
      {.name = "--over", .value = &a.over},
      {.name = "--x", .value = &a.x},
      {.name = "--y", .value = &a.y},
      {.name = "--out", .value = &a.out},
      {.name = "--resume", .value = &a.resume},
      {.name = "--quiet", .flag = &a.quiet},
      {.name = "--plugin-path", .list = &p->plugin_dirs, .n_list = &p->n_plugin_dirs},
  };
  int status = TW_EXIT_USAGE;
  thw_status st = tw_cli_parse(argc, argv, options, sizeof options / sizeof options[0], &p->files,
                               &p->n_files, &d);
  if (st == THW_OK) st = check_usage(&a, &d);
  if (st == THW_OK) status = go(&a, &d);
  free((void *)p->files);
  free((void *)p->sets);
  free((void *)p->plugin_dirs);
  free((void *)a.vary);
  tw_diags_print(&d);
  return status;
}

const tw_command tw_cmd_sweep = {
    .name = "sweep",
    .usage = "FILE... --vary PATH=VALUE,...\n       thalweg sweep --resume DIR",
    .summary = "run a pipeline with settings varied, and compare",
    .help = "FILE               pipeline files, each laid over the ones before it\n"
            "--vary PATH=VALUE,VALUE,...\n"
            "                   a setting and what it shall be, A..B for integers; given again,\n"
            "                   all combinations are run\n"
            "--layers FILE,FILE,...\n"
            "                   one run with each of these files laid over the others\n"
            "--set PATH=VALUE   set one value in all runs; may be repeated\n"
            "--jobs N           runs at once (default 1); they share the cores\n"
            "--over PATH        average over this setting (default: run.seed, when varied)\n"
            "--x PATH           the picture's horizontal axis (default: the first number varied)\n"
            "--y NAME           its vertical one (default: the first metric, or else f)\n"
            "--out DIR          the sweep's folder, new or empty (default: runs/NAME-sweep-NNN)\n"
            "--resume DIR       go on with a sweep that was stopped\n"
            "--quiet            no lines about single runs, no table\n"
            "--plugin-path DIR  look for plugins in DIR first; may be repeated\n",
    .run = sweep,
};
