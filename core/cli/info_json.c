/* SPDX-License-Identifier: BSD-3-Clause */
/* `thalweg info --json`. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "core/cli/info.h"

/* Strings of plugins are UTF-8 (the loader sees to that); a file's name need not be. */
static json_t *text(const char *s) {
  if (!s) return json_null();
  json_t *j = json_string(s);
  if (j) return j;
  char *ascii = tw_strdup(s);
  for (char *p = ascii; *p; p++)
    if ((unsigned char)*p > 127) *p = '?';
  j = json_string(ascii);
  free(ascii);
  return j;
}

/* A bound: null where there is none, without a fraction for whole numbers. */
static json_t *bound(const thw_param *p, double v) {
  if (!isfinite(v)) return json_null();
  int whole = (p->type == THW_P_INT || p->type == THW_P_INTS) && fabs(v) < 9e15 && v == floor(v);
  return whole ? json_integer((json_int_t)v) : json_real(v);
}

static json_t *texts(const char *const *list) {
  json_t *a = json_array();
  for (size_t i = 0; list && list[i]; i++) json_array_append_new(a, text(list[i]));
  return a;
}

/* The loader has checked that the elements are numbers. */
static json_t *array(const thw_param *p) {
  json_t *a = json_array();
  for (const char *s = p->def_str; s && *(s += strspn(s, " ")); s += strcspn(s, " "))
    json_array_append_new(a, p->type == THW_P_INTS ? json_integer(strtoll(s, NULL, 10))
                                                   : json_real(strtod(s, NULL)));
  return a;
}

static json_t *default_of(const thw_param *p) {
  if (p->flags & (THW_P_REQUIRED | THW_P_REMOVED)) return json_null();
  switch (p->type) {
  case THW_P_BOOL:
    return json_boolean(p->def_int != 0);
  case THW_P_INT:
    return json_integer(p->def_int);
  case THW_P_REAL:
    return json_real(p->def_real);
  case THW_P_ENUM:
    return text(p->choices[p->def_int]);
  case THW_P_INTS:
  case THW_P_REALS:
    return array(p);
  default:
    return text(p->def_str);
  }
}

static json_t *param(const thw_param *p) {
  json_t *o = json_object();
  json_object_set_new(o, "name", text(p->name));
  json_object_set_new(o, "type", text(tw_type_word(p)));
  json_object_set_new(o, "default", default_of(p));
  json_object_set_new(o, "required", json_boolean(p->flags & THW_P_REQUIRED));
  if (p->type == THW_P_INT || p->type == THW_P_REAL || p->type == THW_P_INTS ||
      p->type == THW_P_REALS) {
    json_object_set_new(o, "min", bound(p, p->min));
    json_object_set_new(o, "min_open", json_boolean(p->flags & THW_P_MIN_OPEN));
    json_object_set_new(o, "max", bound(p, p->max));
    json_object_set_new(o, "max_open", json_boolean(p->flags & THW_P_MAX_OPEN));
    json_object_set_new(o, "by_ratio", json_boolean(p->flags & THW_P_LOG));
  }
  if (p->type == THW_P_ENUM) json_object_set_new(o, "choices", texts(p->choices));
  json_object_set_new(o, "unit", text(p->unit));
  json_object_set_new(o, "help", text(p->help));
  if (p->flags & (THW_P_DEPRECATED | THW_P_REMOVED)) {
    json_object_set_new(o, "removed", json_boolean(p->flags & THW_P_REMOVED));
    json_object_set_new(o, "replaced_by", text(p->replaced_by));
  }
  return o;
}

static json_t *slot(const thw_slot *s) {
  json_t *o = json_object();
  json_object_set_new(o, "name", text(s->name));
  json_object_set_new(o, "kind", text(tw_kind_name(s->kind)));
  json_object_set_new(o, "required", json_boolean(s->min > 0));
  json_object_set_new(o, "needs", texts(s->needs));
  json_object_set_new(o, "help", text(s->help));
  return o;
}

static void component(json_t *o, const tw_topic *t) {
  const thw_component *c = t->found->component;
  const thw_plugin *p = t->found->plugin;
  json_object_set_new(o, "kind", text(tw_kind_name(c->kind)));
  json_object_set_new(o, "id", text(c->id));
  json_object_set_new(o, "version", text(c->version));
  json_object_set_new(o, "summary", text(c->summary));
  json_object_set_new(o, "doc", text(c->doc));
  json_object_set_new(o, "reference", text(c->reference));
  json_object_set_new(o, "plugin", text(p->id));
  json_object_set_new(o, "plugin_version", text(p->version));
  json_object_set_new(o, "license", text(p->license));
  json_object_set_new(o, "url", text(p->url));
  json_object_set_new(o, "file", text(t->found->file));
  json_t *shadows = json_array();
  for (const tw_found *f = t->found->shadows; f; f = f->shadows)
    json_array_append_new(shadows, text(f->file));
  json_object_set_new(o, "shadows", shadows);
  json_t *slots = json_array();
  for (size_t i = 0; i < tw_topic_slots(t); i++)
    json_array_append_new(slots, slot(tw_topic_slot(t, i)));
  json_object_set_new(o, "slots", slots);
  json_object_set_new(o, "offers", texts(c->offers));
}

void tw_topic_print_json(const tw_topic *t) {
  json_t *o = json_object(), *params = json_array();
  if (t->group) {
    json_object_set_new(o, "kind", text("options"));
    json_object_set_new(o, "id", text(t->group->name));
    json_object_set_new(o, "summary", text(t->group->help));
  } else {
    component(o, t);
  }
  for (size_t i = 0; i < t->n_params; i++)
    json_array_append_new(params, param(tw_topic_param(t, i)));
  json_object_set_new(o, "parameters", params);
  json_dumpf(o, stdout, JSON_INDENT(2));
  putchar('\n');
  json_decref(o);
}
