/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/cli/past.h"

#include <stdlib.h>
#include <string.h>

#include "core/config_tree.h"

static char *list_of(const char *const *allowed, size_t n) {
  char *s = tw_strdup("");
  for (size_t i = 0; i < n; i++) {
    size_t len = strlen(allowed[i]);
    int group = len > 0 && allowed[i][len - 1] == '.';
    char *next = tw_sprintf("%s%s%s%s", s, i ? ", " : "", allowed[i], group ? "*" : "");
    free(s);
    s = next;
  }
  return s;
}

/* The path, or `path=value'. */
static int may_be_set(const char *assignment, const char *const *allowed, size_t n) {
  for (size_t i = 0; i < n; i++) {
    size_t len = strlen(allowed[i]);
    if (strncmp(assignment, allowed[i], len) != 0) continue;
    if (allowed[i][len - 1] == '.' || strchr("= ", assignment[len])) return 1; /* or the end */
  }
  return 0;
}

thw_status tw_past_open(tw_past *p, const char *dir, const tw_pipeline_args *a,
                        const char *const *allowed, size_t n, tw_diags *d) {
  *p = (tw_past){0};
  size_t before = d->errors;
  for (size_t i = 0; i < a->n_sets; i++) {
    if (may_be_set(a->sets[i], allowed, n)) continue;
    char *names = list_of(allowed, n);
    tw_error(d, THW_E_ARG, "--set %s: would make it another run: only %s may be set here",
             a->sets[i], names);
    free(names);
  }
  if (d->errors > before) return THW_E_ARG;
  char *file = tw_sprintf("%s/pipeline.cfg", dir);
  tw_pipeline_args all = *a;
  const char *files[1] = {file};
  all.files = files;
  all.n_files = 1;
  p->config = tw_cli_config(&all, d);
  free(file);
  if (!p->config) return THW_E_ARG;
  p->registry = tw_cli_registry(a, d);
  p->plan = tw_plan_new(p->config, p->registry, d);
  if (p->plan) return THW_OK;
  tw_past_close(p);
  return THW_E_ARG;
}

/* ---- is it still the same run? ----------------------------------------------------------------
 */

typedef struct comparison {
  const char *file;
  const char *const *allowed;
  size_t n;
  tw_diags *d;
} comparison;

static int same_value(const tw_value *a, const tw_value *b) {
  int numbers =
      (a->type == TW_INT || a->type == TW_REAL) && (b->type == TW_INT || b->type == TW_REAL);
  if (numbers && a->type != b->type)
    return a->type == TW_INT ? (double)a->i == b->r : a->r == (double)b->i;
  if (a->type != b->type) return 0;
  switch (a->type) {
  case TW_INT:
  case TW_BOOL:
    return a->i == b->i;
  case TW_REAL:
    return a->r == b->r;
  case TW_STR:
    return strcmp(a->s, b->s) == 0;
  default:
    if (a->n != b->n) return 0;
    for (size_t i = 0; i < a->n; i++)
      if (!same_value(a->v[i], b->v[i])) return 0;
    return 1;
  }
}

static void differ(const comparison *c, const char *path, const tw_value *was, const tw_value *is) {
  if (may_be_set(path, c->allowed, c->n)) return;
  char *old = was ? tw_spell_value(was) : tw_strdup("not there");
  char *now = is ? tw_spell_value(is) : tw_strdup("not there");
  char *names = list_of(c->allowed, c->n);
  tw_error(c->d, THW_E_ARG,
           "%s: %s is %s, and was %s when the checkpoint was written: put it back, or start a new "
           "run (only %s may change)",
           c->file, path, now, old, names);
  free(old);
  free(now);
  free(names);
}

/* Both are groups; `is` NULL: none. Compares the members that `was` has. */
static void compare(const comparison *c, const char *at, const tw_value *was, const tw_value *is) {
  for (size_t i = 0; i < was->n; i++) {
    const tw_value *a = was->v[i], *b = is ? tw_config_get(is, a->name) : NULL;
    char *path = tw_sprintf("%s%s%s", at, *at ? "." : "", a->name);
    if (a->type == TW_GROUP && (!b || b->type == TW_GROUP))
      compare(c, path, a, b);
    else if (!b || !same_value(a, b))
      differ(c, path, a, b);
    free(path);
  }
}

/* What `is` has and `was` has not. */
static void additions(const comparison *c, const char *at, const tw_value *was,
                      const tw_value *is) {
  for (size_t i = 0; i < is->n; i++) {
    const tw_value *b = is->v[i], *a = was ? tw_config_get(was, b->name) : NULL;
    char *path = tw_sprintf("%s%s%s", at, *at ? "." : "", b->name);
    if (b->type == TW_GROUP && (!a || a->type == TW_GROUP))
      additions(c, path, a, b);
    else if (!a)
      differ(c, path, NULL, b);
    free(path);
  }
}

thw_status tw_past_same(const tw_past *p, const char *dir, const char *text,
                        const char *const *allowed, size_t n, tw_diags *d) {
  size_t before = d->errors;
  char *file = tw_sprintf("%s/pipeline.cfg", dir), *name = tw_sprintf("%s/checkpoint", dir);
  tw_value *root = tw_config_new();
  tw_plan *was = NULL;
  /* Resolved anew, so that a parameter that has come with a newer plugin is in both. */
  if (tw_config_read_text(root, text, name, dir, d) == THW_OK)
    was = tw_plan_new(root, p->registry, d);
  if (was) {
    comparison c = {file, allowed, n, d};
    compare(&c, "", tw_plan_resolved(was), tw_plan_resolved(p->plan));
    additions(&c, "", tw_plan_resolved(was), tw_plan_resolved(p->plan));
  }
  tw_plan_free(was);
  tw_config_free(root);
  free(file);
  free(name);
  return d->errors > before ? THW_E_ARG : THW_OK;
}

void tw_past_close(tw_past *p) {
  tw_plan_free(p->plan);
  tw_registry_free(p->registry);
  tw_config_free(p->config);
  *p = (tw_past){0};
}
