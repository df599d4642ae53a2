/* SPDX-License-Identifier: BSD-3-Clause */
/* thalweg predict: a trained model applied to further rows.
 *
 * The model learned its classes, its width and the scaling of the features from the training data,
 * so these are read again, and the new rows come in beside them, as a further set of the same
 * source: --set source.path=FILE becomes source.valid=FILE (or source.test), source.x=FILE becomes
 * source.valid_x=FILE. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/cli/past.h"
#include "core/file.h"
#include "core/npy.h"
#include "core/run/setup.h"

#define ROWS 4096 /* predicted at a time */

static const char *const allowed[] = {"source.", "run.threads"};

/* ---- where the new rows go --------------------------------------------------------------------
 */

static int has_param(const thw_component *c, const char *name) {
  for (uint32_t i = 0; i < c->n_params; i++) {
    const thw_param *p = (const void *)((const char *)c->params + (size_t)i * c->param_stride);
    if (strcmp(p->name, name) == 0) return 1;
  }
  return 0;
}

static int is_set(const tw_value *group, const char *name) {
  const tw_value *v = tw_config_get(group, name);
  return v && !(v->type == TW_STR && v->s[0] == '\0') && !(v->type == TW_REAL && v->r == 0) &&
         !(v->type == TW_INT && v->i == 0);
}

/* The set, "valid" or "test", that the training does not use; NULL when there is none. */
static const char *free_set(const thw_component *c, const tw_value *group, const char *key) {
  static const char *const set[] = {"valid", "test"};
  static const char *const split[] = {"split_valid", "split"};
  for (size_t i = 0; i < 2; i++) {
    char *name = strcmp(key, "path") == 0 ? tw_strdup(set[i]) : tw_sprintf("%s_%s", set[i], key);
    char *first = tw_sprintf("%s_x", set[i]);
    int ok = has_param(c, name) && !is_set(group, name) && !is_set(group, first) &&
             !is_set(group, split[i]);
    free(name);
    free(first);
    if (ok) return set[i];
  }
  return NULL;
}

/* Which set holds what is to be predicted, and whether its name is ours alone: who gives rows by
 * source.path has never heard of the set that they come in as. */
typedef struct target {
  const char *set;
  int new_rows;
} target;

/* "source.path=FILE" becomes "source.valid=FILE", and the set "valid". Others stay. */
static char *redirect(const tw_value *config, const tw_registry *r, const char *assignment,
                      target *to_set, tw_diags *d) {
  const char *eq = strchr(assignment, '='), *dot = eq;
  if (!eq) return tw_strdup(assignment);
  while (dot > assignment && *dot != '.') dot--;
  char *path = tw_sprintf("%.*s", (int)(dot - assignment), assignment);
  char *key = tw_sprintf("%.*s", (int)(eq - dot - (*dot == '.')), dot + (*dot == '.'));
  char *out = NULL;
  const tw_value *group = tw_config_get(config, path);
  const tw_value *type = group ? tw_config_get(group, "type") : NULL;
  const tw_found *f =
      type && type->type == TW_STR ? tw_registry_find(r, THW_SOURCE, type->s) : NULL;
  if (strcmp(key, "test") == 0 || strncmp(key, "test_", 5) == 0) to_set->set = "test";
  if (strcmp(key, "valid") == 0 || strncmp(key, "valid_", 6) == 0) to_set->set = "valid";
  if (f && (strcmp(key, "path") == 0 || strcmp(key, "x") == 0 || strcmp(key, "y") == 0)) {
    const char *to = free_set(f->component, group, key);
    if (!to)
      tw_error(d, THW_E_ARG,
               "--set %s: source \"%s\" of this run has no set left for further rows: "
               "use --set %s.test=..., or --on SET for one that it has",
               assignment, f->component->id, path);
    else
      out = strcmp(key, "path") == 0 ? tw_sprintf("%s.%s%s", path, to, eq)
                                     : tw_sprintf("%s.%s_%s%s", path, to, key, eq);
    if (to) *to_set = (target){to, 1};
  }
  free(path);
  free(key);
  return out ? out : tw_strdup(assignment);
}

static thw_status redirect_all(const char *dir, tw_pipeline_args *a, target *to, tw_diags *d) {
  if (a->n_sets == 0) return THW_OK;
  char *file = tw_sprintf("%s/pipeline.cfg", dir);
  const char *files[1] = {file};
  tw_pipeline_args plain = *a;
  plain.files = files;
  plain.n_files = 1;
  plain.n_sets = 0;
  size_t before = d->errors;
  tw_value *config = tw_cli_config(&plain, d);
  free(file);
  if (!config) return THW_E_ARG;
  tw_diags again = {0}; /* the registry is loaded once more, with the plan: warnings come then */
  tw_registry *r = tw_cli_registry(a, &again);
  tw_diags_free(&again);
  for (size_t i = 0; i < a->n_sets; i++) a->sets[i] = redirect(config, r, a->sets[i], to, d);
  tw_registry_free(r);
  tw_config_free(config);
  return d->errors > before ? THW_E_ARG : THW_OK;
}

/* ---- predicting ------------------------------------------------------------------------------ */

typedef struct job {
  tw_setup *s;
  const thw_source_ops *source;
  const thw_model_ops *model;
  thw_source_info info;
  uint32_t set;
  const char *label; /* of the set, to the user */
  thw_vec *x;
  FILE *to;
  tw_diags *d;
} job;

static thw_status find_set(job *j, const char *name) {
  uint32_t n = 0;
  thw_status st = j->source->sets(j->s->source->raw.self, &n);
  /* Unless told which: the test set, or else what it was trained on. */
  const char *want = name ? name : "test";
  for (uint32_t i = 0; st == THW_OK && i < n; i++) {
    j->info = (thw_source_info){.size = sizeof j->info};
    st = j->source->info(j->s->source->raw.self, i, &j->info);
    j->set = i;
    if (st == THW_OK && strcmp(j->info.set, want) == 0) return THW_OK;
  }
  if (st != THW_OK) return tw_setup_error(j->s, st, j->s->source->path, j->d);
  if (name) return tw_error(j->d, THW_E_ARG, "the source has no set \"%s\"", name);
  j->set = 0;
  j->info = (thw_source_info){.size = sizeof j->info};
  return j->source->info(j->s->source->raw.self, 0, &j->info);
}

static void put_text(FILE *to, const char *s) {
  if (!strpbrk(s, ",\"\r\n")) {
    fputs(s, to);
    return;
  }
  fputc('"', to);
  for (; *s; s++) {
    if (*s == '"') fputc('"', to);
    fputc(*s, to);
  }
  fputc('"', to);
}

static void put_value(const job *j, uint32_t column, double v) {
  const thw_source_info *i = &j->info;
  int is_class = i->label == THW_LABEL_CLASS && i->class_name && v >= 0 && v < (double)i->classes &&
                 strcmp(j->s->layout.output_name[column], "label") == 0;
  if (is_class)
    put_text(j->to, i->class_name[(int64_t)v]);
  else
    fprintf(j->to, "%.*g", j->s->session.dtype == THW_F32 ? 9 : 17, v);
}

static thw_status predict_rows(job *j, const thw_view *x, double *out) {
  uint32_t k = j->s->layout.n_outputs;
  for (int64_t first = 0; first < j->info.n; first += ROWS) {
    int64_t n = j->info.n - first < ROWS ? j->info.n - first : ROWS;
    thw_batch *b = NULL;
    THW_TRY(j->source->take(j->s->source->raw.self, j->set, n, NULL, first, &b));
    thw_status st = j->model->predict(j->s->model->raw.self, x, b, out);
    j->source->release(j->s->source->raw.self, b);
    if (st != THW_OK) return st;
    for (int64_t i = 0; i < n; i++)
      for (uint32_t c = 0; c < k; c++) {
        put_value(j, c, out[i * (int64_t)k + c]);
        fputc(c + 1 < k ? ',' : '\n', j->to);
      }
  }
  return THW_OK;
}

static thw_status show_metrics(job *j, const thw_view *x, FILE *to) {
  const thw_layout *l = &j->s->layout;
  if (j->info.label == THW_LABEL_NONE || !j->model->measure || l->n_metrics == 0) return THW_OK;
  double *value = tw_calloc(l->n_metrics, sizeof *value);
  thw_batch *b = NULL;
  thw_status st = j->source->take(j->s->source->raw.self, j->set, j->info.n, NULL, 0, &b);
  if (st == THW_OK) {
    st = j->model->measure(j->s->model->raw.self, x, b, value);
    j->source->release(j->s->source->raw.self, b);
  }
  for (uint32_t i = 0; st == THW_OK && i < l->n_metrics; i++)
    fprintf(to, "%s.%s %.6g (%lld rows)\n", j->label, l->metric_name[i], value[i],
            (long long)j->info.n);
  free(value);
  return st;
}

static thw_status all_rows(job *j, const char *out_file) {
  const thw_layout *l = &j->s->layout;
  tw_out out = {0};
  if (out_file) THW_TRY(tw_out_open(&out, out_file, j->d));
  j->to = out_file ? out.f : stdout;
  for (uint32_t c = 0; c < l->n_outputs; c++) {
    put_text(j->to, l->output_name[c]);
    fputc(c + 1 < l->n_outputs ? ',' : '\n', j->to);
  }
  double *buffer = tw_calloc((size_t)ROWS * l->n_outputs, sizeof *buffer);
  thw_view x;
  thw_status st = j->x->ops->map(j->x, THW_READ, &x);
  if (st == THW_OK) st = predict_rows(j, &x, buffer);
  free(buffer);
  if (st != THW_OK) {
    j->x->ops->unmap(j->x, THW_READ);
    if (out_file) tw_out_abort(&out);
    return tw_setup_error(j->s, st, "predicting", j->d);
  }
  thw_status measured = show_metrics(j, &x, out_file ? stdout : stderr);
  j->x->ops->unmap(j->x, THW_READ);
  if (out_file) THW_TRY(tw_out_commit(&out, j->d));
  if (!out_file && (fflush(stdout) != 0 || ferror(stdout)))
    return tw_error(j->d, THW_E_IO, "cannot write to the standard output: %s", strerror(errno));
  return measured == THW_OK ? THW_OK : tw_setup_error(j->s, measured, "test metrics", j->d);
}

/* The model has one more or less parameter for each feature, so wider rows show in its length. */
static thw_status load_point(job *j, const char *dir) {
  char *file = tw_sprintf("%s/point.npy", dir);
  tw_diags why = {0};
  thw_status st = thw_vec_new(j->s->space, &j->x);
  if (st != THW_OK) {
    free(file);
    return tw_error(j->d, st, "no memory for %lld parameters", (long long)j->s->space->n);
  }
  st = tw_npy_load(file, j->x, &why);
  for (size_t i = 0; i < why.n; i++)
    tw_error(j->d, st, "%s%s", why.v[i].text,
             st == THW_E_FORMAT
                 ? ": are the new rows wider than those of the training set, or have "
                   "these changed?"
                 : "");
  tw_diags_free(&why);
  free(file);
  return st == THW_E_IO ? THW_E_ARG : st; /* a folder without a point is no failure of ours */
}

static thw_status predict_in(const char *dir, tw_setup *s, const target *on, const char *out,
                             tw_diags *d) {
  job j = {.s = s, .d = d};
  if (!s->model || !s->source)
    return tw_error(d, THW_E_UNSUPPORTED,
                    "%s: this pipeline has no model and source to predict with", dir);
  j.source = s->source->raw.ops;
  j.model = s->model->raw.ops;
  if (!j.model->predict || s->layout.n_outputs == 0)
    return tw_error(d, THW_E_UNSUPPORTED, "model \"%s\" cannot predict",
                    s->model->found->component->id);
  thw_status st = load_point(&j, dir);
  if (st == THW_OK) st = find_set(&j, on->set);
  if (st == THW_OK && j.info.n < 0)
    st = tw_error(d, THW_E_UNSUPPORTED, "the set \"%s\" is a stream without end", j.info.set);
  j.label = on->new_rows ? "new" : j.info.set;
  if (st == THW_OK) st = all_rows(&j, out);
  thw_vec_free(j.x);
  return st;
}

static int go(const char *dir, tw_pipeline_args *a, const char *set, const char *out, tw_diags *d) {
  target on = {0};
  if (redirect_all(dir, a, &on, d) != THW_OK) return TW_EXIT_USAGE;
  tw_past past;
  size_t n = sizeof allowed / sizeof allowed[0];
  if (tw_past_open(&past, dir, a, allowed, n, d) != THW_OK) return TW_EXIT_USAGE;
  tw_setup s;
  thw_status st = tw_setup_begin(&s, past.plan, NULL, NULL, d);
  past.plan = NULL;
  int status = tw_exit_of_input(st);
  if (st == THW_OK) {
    if (set) on = (target){set, 0};
    st = predict_in(dir, &s, &on, out, d);
    status = st == THW_OK ? TW_EXIT_OK : tw_exit_of(st);
    tw_setup_end(&s);
  }
  tw_past_close(&past);
  return status;
}

static int predict(int argc, char **argv) {
  tw_pipeline_args a = {0};
  tw_diags d = {0};
  const char *out = NULL, *set = NULL;
  const tw_cli_option options[] = {
      {.name = "--set", .list = &a.sets, .n_list = &a.n_sets},
      {.name = "--plugin-path", .list = &a.plugin_dirs, .n_list = &a.n_plugin_dirs},
      {.name = "--on", .value = &set},
      {.name = "--out", .value = &out},
  };
  int status = TW_EXIT_USAGE;
  thw_status st = tw_cli_parse(argc, argv, options, sizeof options / sizeof options[0], &a.files,
                               &a.n_files, &d);
  if (st == THW_OK && a.n_files != 1)
    st = tw_error(&d, THW_E_ARG, "predict needs one run folder: thalweg predict DIR");
  if (st == THW_OK) {
    size_t n = a.n_sets; /* from here on the texts are our own */
    const char **given = a.sets;
    a.sets = tw_calloc(n, sizeof *a.sets);
    for (size_t i = 0; i < n; i++) a.sets[i] = given[i];
    status = go(a.files[0], &a, set, out, &d);
    for (size_t i = 0; i < n; i++)
      if (a.sets[i] != given[i]) free((void *)(uintptr_t)a.sets[i]);
    free((void *)given);
  }
  free((void *)a.files);
  free((void *)a.sets);
  free((void *)a.plugin_dirs);
  tw_diags_print(&d);
  return status;
}

const tw_command tw_cmd_predict = {
    .name = "predict",
    .usage = "DIR [--set source.path=FILE]... [--on SET] [--out FILE.csv] [--plugin-path DIR]...",
    .summary = "apply a trained model to further rows",
    .help =
        "DIR                run folder\n"
        "--set PATH=VALUE   source.path=FILE (or source.x=FILE, as the source has it): the rows\n"
        "                   to predict; they are read beside the training rows, whose classes,\n"
        "                   width and scaling hold. Other settings of the source as well\n"
        "--on SET           predict this set of the source (default: the rows given, else the\n"
        "                   set \"test\", else the training rows)\n"
        "--out FILE         write the predictions here (default: the standard output)\n"
        "--plugin-path DIR  look for plugins in DIR first; may be repeated\n",
    .run = predict,
};
