/* SPDX-License-Identifier: BSD-3-Clause */
/* thalweg verdict: the final point of a run, or a point of any origin, judged afresh. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/cli/past.h"
#include "core/file.h"
#include "core/npy.h"
#include "core/run/judge.h"
#include "core/run/run.h"

/* The point is given, so that only what is asked of it may change. */
static const char *const allowed[] = {"stop.", "run.threads"};

typedef struct verdict_args {
  tw_pipeline_args a;
  const char *point, *out;
  int json;
} verdict_args;

/* What is judged, and where the answer goes. */
typedef struct job {
  tw_setup setup;
  thw_vec *x;
  char *point; /* file */
  char *out;   /* folder, or NULL: nothing is written */
  int asked;   /* the folder was named with --out */
  int saved;
  int json;
  tw_diags *d;
} job;

/* ---- the answer ------------------------------------------------------------------------------ */

static void print_text(const job *j, const tw_verdict *v) {
  printf("verdict: %s: %s\n", tw_verdict_word(v->kind), v->reason);
  printf("f %.10g, gradient norm %.3e", v->f, v->grad_norm);
  if (isfinite(v->curvature))
    printf(v->kind == TW_SADDLE ? ", curvature %.6g"
           : v->search          ? ", least curvature seen %.6g"
                                : ", curvature at least %.6g",
           v->curvature);
  printf("\n");
  if (isfinite(v->L)) printf("L %.4g (%s)\n", v->L, v->L_given ? "given" : "estimated");
  printf("cost %lld component gradients, %.4g passes\n", (long long)v->gradients,
         (double)v->gradients / (double)j->setup.pass);
  if (j->out && j->saved)
    printf("written to %s/verdict.json%s\n", j->out, v->direction ? " and direction.npy" : "");
}

static json_t *answer(const job *j, const tw_verdict *v) {
  json_t *o = tw_json_verdict(v), *point = json_string(j->point);
  if (v->direction && !j->out) json_object_set_new(o, "direction", json_null());
  json_object_set_new(o, "passes", tw_json_real((double)v->gradients / (double)j->setup.pass));
  json_object_set_new(o, "point", point ? point : json_null());
  json_object_set_new(o, "precision",
                      json_string(j->setup.session.dtype == THW_F32 ? "single" : "double"));
  json_object_set_new(o, "thalweg", json_string(tw_host.version));
  return o;
}

static thw_status write_file(const char *file, const json_t *o, tw_diags *d) {
  tw_out out;
  THW_TRY(tw_out_open(&out, file, d));
  json_dumpf(o, out.f, JSON_INDENT(2) | JSON_REAL_PRECISION(17));
  fputc('\n', out.f);
  return tw_out_commit(&out, d);
}

/* A run folder may be somebody else's, or on a medium that nobody writes to: the answer is what was
 * wanted, its copy there a convenience. */
static thw_status write_out(job *j, const tw_verdict *v, const json_t *o) {
  if (!j->out) return THW_OK;
  char *file = tw_sprintf("%s/verdict.json", j->out);
  char *direction = tw_sprintf("%s/direction.npy", j->out);
  tw_diags why = {0};
  thw_status st = v->direction ? tw_npy_save(direction, v->direction, &why) : THW_OK;
  if (st == THW_OK) st = write_file(file, o, &why);
  j->saved = st == THW_OK;
  for (size_t i = 0; i < why.n && j->asked; i++) tw_error(j->d, st, "%s", why.v[i].text);
  if (st != THW_OK && !j->asked) {
    tw_warn(j->d, "the verdict is not saved: %s (--out DIR puts it elsewhere)", why.v[0].text);
    st = THW_OK;
  }
  tw_diags_free(&why);
  free(file);
  free(direction);
  return st;
}

static thw_status deliver(job *j, const tw_verdict *v) {
  json_t *o = answer(j, v);
  thw_status st = write_out(j, v, o);
  if (j->json) {
    json_dumpf(o, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(17));
    putchar('\n');
  } else {
    print_text(j, v);
  }
  json_decref(o);
  return st;
}

/* ---- the work -------------------------------------------------------------------------------- */

static thw_status judge(job *j) {
  tw_verdict v;
  if (thw_vec_new(j->setup.space, &j->x) != THW_OK)
    return tw_error(j->d, THW_E_NOMEM, "no memory for %lld parameters",
                    (long long)j->setup.space->n);
  thw_status loaded = tw_npy_load(j->point, j->x, j->d);
  if (loaded != THW_OK) return loaded == THW_E_IO ? THW_E_ARG : loaded; /* ours to read: usage */
  THW_TRY(tw_judge(&j->setup, j->x, &v, j->d));
  thw_status st = deliver(j, &v);
  tw_verdict_clear(&v);
  return st;
}

/* Takes over the plan. */
static int with_plan(job *j, tw_plan *plan) {
  thw_status st = tw_setup_begin(&j->setup, plan, NULL, NULL, j->d);
  if (st != THW_OK) return tw_exit_of_input(st);
  st = judge(j);
  thw_vec_free(j->x);
  tw_setup_end(&j->setup);
  return st == THW_OK ? TW_EXIT_OK : tw_exit_of(st);
}

/* A run folder: locked, so that no run is going on in it. */
static int of_folder(job *j, const char *dir, const tw_pipeline_args *a) {
  tw_folder folder;
  tw_past past;
  int status = TW_EXIT_USAGE;
  if (tw_folder_look(&folder, dir, j->d) != THW_OK) return TW_EXIT_USAGE;
  if (!j->out && !j->point) j->out = tw_strdup(folder.path); /* another point is not the run's */
  if (!j->point) j->point = tw_folder_file(&folder, "point.npy");
  thw_status st =
      tw_past_open(&past, folder.path, a, allowed, sizeof allowed / sizeof allowed[0], j->d);
  if (st == THW_OK) {
    tw_plan *plan = past.plan;
    past.plan = NULL;
    status = with_plan(j, plan);
    tw_past_close(&past);
  }
  tw_folder_close(&folder);
  return status;
}

static int of_pipeline(job *j, const tw_pipeline_args *a) {
  if (!j->point) {
    tw_error(j->d, THW_E_ARG,
             "%s is not a run folder: name one, or a pipeline file and --point FILE.npy",
             a->files[0]);
    return TW_EXIT_USAGE;
  }
  tw_value *config = tw_cli_config(a, j->d);
  if (!config) return TW_EXIT_USAGE;
  tw_registry *registry = tw_cli_registry(a, j->d);
  tw_plan *plan = tw_plan_new(config, registry, j->d);
  int status = plan ? with_plan(j, plan) : TW_EXIT_USAGE;
  tw_registry_free(registry);
  tw_config_free(config);
  return status;
}

static int is_folder(const char *path) {
  struct stat s;
  return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

static int go(const verdict_args *v, tw_diags *d) {
  const tw_pipeline_args *a = &v->a;
  if (a->n_files == 0) {
    tw_error(d, THW_E_ARG,
             "verdict needs a run folder, or a pipeline file and a point: thalweg verdict DIR, "
             "thalweg verdict --point FILE.npy FILE...");
    return TW_EXIT_USAGE;
  }
  if (v->out && !is_folder(v->out)) {
    tw_error(d, THW_E_ARG, "--out %s: not a folder", v->out);
    return TW_EXIT_USAGE;
  }
  job j = {.json = v->json, .d = d};
  if (v->point) j.point = tw_strdup(v->point);
  if (v->out) j.out = tw_strdup(v->out), j.asked = 1;
  int status = a->n_files == 1 && is_folder(a->files[0]) ? of_folder(&j, a->files[0], a)
                                                         : of_pipeline(&j, a);
  free(j.point);
  free(j.out);
  return status;
}

static int verdict(int argc, char **argv) {
  verdict_args v = {0};
  tw_diags d = {0};
  const tw_cli_option options[] = {
      {.name = "--set", .list = &v.a.sets, .n_list = &v.a.n_sets},
      {.name = "--plugin-path", .list = &v.a.plugin_dirs, .n_list = &v.a.n_plugin_dirs},
      {.name = "--point", .value = &v.point},
      {.name = "--out", .value = &v.out},
      {.name = "--json", .flag = &v.json},
  };
  thw_status st = tw_cli_parse(argc, argv, options, sizeof options / sizeof options[0], &v.a.files,
                               &v.a.n_files, &d);
  int status = st == THW_OK ? go(&v, &d) : TW_EXIT_USAGE;
  free((void *)v.a.files);
  free((void *)v.a.sets);
  free((void *)v.a.plugin_dirs);
  tw_diags_print(&d);
  return status;
}

const tw_command tw_cmd_verdict = {
    .name = "verdict",
    .usage = "DIR | --point FILE.npy FILE... [--set PATH=VALUE]... [--out DIR] [--json] "
             "[--plugin-path DIR]...",
    .summary = "judge a point afresh: minimum, saddle, not stationary, or unknown",
    .help =
        "DIR                run folder: its point.npy is judged, and verdict.json (at a saddle\n"
        "                   direction.npy too) written beside it; result.json stays as it is\n"
        "FILE               pipeline files, when the point is not a run's\n"
        "--point FILE.npy   the point: a NumPy file of one dimension, float32 or float64; with\n"
        "                   DIR it is judged instead of the run's, and nothing is written\n"
        "--set PATH=VALUE   of a run only stop.* and run.threads, as in\n"
        "                   --set stop.delta=1e-3; may be repeated\n"
        "--out DIR          write verdict.json and direction.npy to this folder\n"
        "--json             print the verdict as JSON\n"
        "--plugin-path DIR  look for plugins in DIR first; may be repeated\n",
    .run = verdict,
};
