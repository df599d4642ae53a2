/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/results/outcome.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/config_tree.h"

/* ---- cells --------------------------------------------------------------------------------------
 */

tw_cell tw_cell_text(const char *s) {
  return (tw_cell){.kind = TW_CELL_TEXT, .text = tw_strdup(s), .of = 1};
}

tw_cell tw_cell_number(double v) {
  return (tw_cell){.kind = TW_CELL_NUMBER, .number = v, .of = 1, .lo = v, .hi = v};
}

int tw_cell_same(const tw_cell *a, const tw_cell *b) {
  if (a->kind != b->kind) return 0;
  if (a->kind == TW_CELL_NUMBER)
    return a->number == b->number || (isnan(a->number) && isnan(b->number));
  return a->kind == TW_CELL_NONE || strcmp(a->text, b->text) == 0;
}

void tw_cell_free(tw_cell *c) {
  free(c->text);
  *c = (tw_cell){0};
}

static char *spell(const tw_value *v) {
  char r[40];
  switch (v->type) {
  case TW_INT:
    return tw_sprintf("%lld", (long long)v->i);
  case TW_REAL:
    tw_spell_real(r, v->r);
    return tw_strdup(r);
  case TW_BOOL:
    return tw_strdup(v->i ? "true" : "false");
  case TW_STR:
    return tw_strdup(v->s);
  default:
    break;
  }
  char *s = tw_strdup("[");
  for (size_t i = 0; i < v->n; i++) {
    char *one = spell(v->v[i]), *more = tw_sprintf("%s%s%s", s, i ? ", " : "", one);
    free(one);
    free(s);
    s = more;
  }
  char *all = tw_sprintf("%s]", s);
  free(s);
  return all;
}

static tw_cell of_value(const tw_value *v) {
  if (v->type == TW_INT) return tw_cell_number((double)v->i);
  if (v->type == TW_REAL) return tw_cell_number(v->r);
  tw_cell c = {.kind = TW_CELL_TEXT, .text = spell(v), .of = 1};
  return c;
}

/* Names in result.json have dots in them ("test.accuracy"), so each member is tried as the start of
 * the rest of the path. */
static const json_t *walk(const json_t *o, const char *path) {
  if (!*path) return o;
  const json_t *whole = json_object_get(o, path);
  if (whole || !json_is_object(o)) return whole;
  const char *key;
  json_t *member;
  json_object_foreach((json_t *)o, key, member) {
    size_t n = strlen(key);
    if (strncmp(path, key, n) != 0 || path[n] != '.') continue;
    const json_t *found = walk(member, path + n + 1);
    if (found) return found;
  }
  return NULL;
}

static tw_cell of_json(const json_t *v) {
  if (json_is_object(v)) v = json_object_get(v, "kind"); /* of the verdict */
  if (json_is_number(v)) return tw_cell_number(json_number_value(v));
  if (json_is_string(v)) return tw_cell_text(json_string_value(v));
  if (json_is_boolean(v)) return tw_cell_text(json_is_true(v) ? "true" : "false");
  return (tw_cell){0};
}

tw_cell tw_outcome_cell(const tw_outcome *o, const char *column) {
  if (strcmp(column, "run") == 0) return tw_cell_text(o->name);
  if (!o->result && strcmp(column, "status") == 0) return tw_cell_text("unfinished");
  const json_t *v = walk(o->result, column);
  if (!v) v = walk(json_object_get(o->result, "metrics"), column);
  if (v) return of_json(v);
  const tw_value *set = tw_config_get(o->config, column);
  return set && set->type != TW_GROUP ? of_value(set) : (tw_cell){0};
}

/* ---- folders ------------------------------------------------------------------------------------
 */

/* The last part of the path. */
static char *own_name(const char *dir) {
  size_t end = strlen(dir);
  while (end > 1 && dir[end - 1] == '/') end--;
  size_t from = end;
  while (from > 0 && dir[from - 1] != '/') from--;
  return tw_sprintf("%.*s", (int)(end - from), dir + from);
}

/* Takes `name`. */
static thw_status read_run(tw_outcomes *o, const char *dir, char *name, const char *label,
                           tw_diags *d) {
  o->v = tw_realloc(o->v, (o->n + 1) * sizeof *o->v);
  tw_outcome *run = &o->v[o->n++];
  *run = (tw_outcome){.dir = tw_strdup(dir), .name = name, .config = tw_config_new()};
  run->label = tw_strdup(label ? label : name);
  char *config = tw_sprintf("%s/pipeline.cfg", dir), *result = tw_sprintf("%s/result.json", dir);
  thw_status st = THW_OK;
  if (access(config, R_OK) != 0)
    st = tw_error(d, THW_E_IO, "%s: not a run folder: %s: %s", dir, config, strerror(errno));
  else
    st = tw_config_read(run->config, config, d);
  if (st == THW_OK && access(result, F_OK) == 0) {
    json_error_t e;
    run->result = json_load_file(result, 0, &e);
    if (!json_is_object(run->result))
      st = tw_error(d, THW_E_FORMAT, "%s:%d: not the result of a run: %s", result, e.line, e.text);
  }
  free(config);
  free(result);
  return st;
}

static thw_status read_sweep(tw_outcomes *o, const char *dir, const char *file, int prefix,
                             tw_diags *d) {
  json_error_t e = {0};
  json_t *sweep = json_load_file(file, 0, &e), *run;
  json_t *runs = json_object_get(sweep, "runs");
  thw_status st = THW_OK;
  if (!json_is_array(runs))
    st = tw_error(d, THW_E_FORMAT, "%s:%d: not the list of a sweep: %s", file, e.line,
                  *e.text ? e.text : "there is no array \"runs\" in it");
  char *own = own_name(dir);
  size_t i;
  json_array_foreach(runs, i, run) {
    const char *folder = json_string_value(json_object_get(run, "folder"));
    if (!folder) continue;
    char *path = tw_sprintf("%s/%s", dir, folder);
    char *name = prefix ? tw_sprintf("%s/%s", own, folder) : tw_strdup(folder);
    thw_status one = read_run(o, path, name, json_string_value(json_object_get(run, "label")), d);
    if (st == THW_OK) st = one;
    free(path);
  }
  free(own);
  json_decref(sweep);
  return st;
}

thw_status tw_outcomes_read(tw_outcomes *o, const char *const *dirs, size_t n, tw_diags *d) {
  thw_status st = THW_OK;
  *o = (tw_outcomes){0};
  for (size_t i = 0; i < n; i++) {
    char *sweep = tw_sprintf("%s/sweep.json", dirs[i]);
    thw_status one = access(sweep, F_OK) == 0 ? read_sweep(o, dirs[i], sweep, n > 1, d)
                                              : read_run(o, dirs[i], own_name(dirs[i]), NULL, d);
    if (st == THW_OK) st = one;
    free(sweep);
  }
  return st;
}

void tw_outcomes_free(tw_outcomes *o) {
  for (size_t i = 0; i < o->n; i++) {
    free(o->v[i].dir);
    free(o->v[i].name);
    free(o->v[i].label);
    tw_config_free(o->v[i].config);
    json_decref(o->v[i].result);
  }
  free(o->v);
  *o = (tw_outcomes){0};
}
