/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/config.h"

#include <stdlib.h>
#include <string.h>

#include "core/config_scan.h"
#include "core/config_tree.h"

/* ---- trees -------------------------------------------------------------------------------------
 */

tw_value *tw_value_new(const char *name, tw_type type, const char *file, int line) {
  tw_value *v = tw_calloc(1, sizeof *v);
  v->name = name ? tw_strdup(name) : NULL;
  v->type = type;
  v->file = tw_strdup(file);
  v->line = line;
  return v;
}

void tw_value_free(tw_value *v) {
  if (!v) return;
  for (size_t i = 0; i < v->n; i++) tw_value_free(v->v[i]);
  free(v->v);
  free(v->s);
  free(v->file);
  free(v->name);
  free(v);
}

tw_value *tw_value_add(tw_value *parent, tw_value *child) {
  parent->v = tw_realloc(parent->v, (parent->n + 1) * sizeof *parent->v);
  return parent->v[parent->n++] = child;
}

tw_value *tw_value_copy(const tw_value *v) {
  tw_value *c = tw_value_new(v->name, v->type, v->file, v->line);
  c->i = v->i;
  c->r = v->r;
  if (v->s) c->s = tw_strdup(v->s);
  for (size_t i = 0; i < v->n; i++) tw_value_add(c, tw_value_copy(v->v[i]));
  return c;
}

static tw_value **child(const tw_value *group, const char *name, size_t n) {
  for (size_t i = 0; i < group->n; i++)
    if (strncmp(group->v[i]->name, name, n) == 0 && !group->v[i]->name[n]) return &group->v[i];
  return NULL;
}

void tw_value_merge(tw_value *root, tw_value *layer) {
  for (size_t i = 0; i < layer->n; i++) {
    tw_value *v = layer->v[i];
    tw_value **old = child(root, v->name, strlen(v->name));
    if (!old) {
      tw_value_add(root, v);
    } else if ((*old)->type == TW_GROUP && v->type == TW_GROUP) {
      tw_value_merge(*old, v);
    } else {
      tw_value_free(*old);
      *old = v;
    }
  }
  layer->n = 0;
  tw_value_free(layer);
}

tw_value *tw_config_new(void) {
  return tw_value_new(NULL, TW_GROUP, "default", 0);
}

void tw_config_free(tw_value *root) {
  tw_value_free(root);
}

const tw_value *tw_config_get(const tw_value *group, const char *path) {
  while (group && group->type == TW_GROUP) {
    size_t n = strcspn(path, ".");
    tw_value **c = child(group, path, n);
    if (!c || !path[n]) return c ? *c : NULL;
    group = *c;
    path += n + 1;
  }
  return NULL;
}

char *tw_config_where(const tw_value *v) {
  return v->line > 0 ? tw_sprintf("%s:%d", v->file, v->line) : tw_strdup(v->file);
}

/* ---- layers ------------------------------------------------------------------------------------
 */

thw_status tw_config_read_text(tw_value *root, const char *text, const char *name, const char *dir,
                               tw_diags *d) {
  tw_value *layer = tw_config_parse(text, strlen(text), name, dir, 1, d);
  if (!layer) return THW_E_FORMAT;
  tw_value_merge(root, layer);
  return THW_OK;
}

thw_status tw_config_read(tw_value *root, const char *file, tw_diags *d) {
  size_t n;
  char *text = tw_text_load(file, "", &n, d);
  if (!text) return THW_E_IO;
  char *dir = tw_text_dir(file);
  tw_value *layer = tw_config_parse(text, n, file, dir, 1, d);
  if (layer) tw_value_merge(root, layer);
  free(dir);
  free(text);
  return layer ? THW_OK : THW_E_FORMAT;
}

/* ---- --set -------------------------------------------------------------------------------------
 */

static int is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* true and false are values, in any case of their letters. */
static int is_boolean(const char *s, size_t n) {
  static const char *const words[] = {"true", "false"};
  for (int k = 0; k < 2; k++) {
    size_t i = 0;
    while (i < n && words[k][i] && (s[i] | 32) == words[k][i]) i++;
    if (i == n && !words[k][i]) return 1;
  }
  return 0;
}

int tw_value_name_ok(const char *s, size_t n) {
  static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ*";
  static const char more[] = "0123456789-_";
  if (n == 0 || !*s || !strchr(letters, *s) || is_boolean(s, n)) return 0;
  for (size_t i = 1; i < n; i++)
    if (!s[i] || (!strchr(letters, s[i]) && !strchr(more, s[i]))) return 0;
  return 1;
}

/* Whether the text is a number or begins like an aggregate or a string of libconfig; anything else
 * is a string as it stands. */
static int is_literal(const char *s, size_t n) {
  if (strchr("\"[({", *s)) return 1;
  if (is_boolean(s, n)) return 1;
  size_t i = *s == '+' || *s == '-', digits = 0;
  if (n > i + 2 && s[i] == '0' && (s[i + 1] | 32) == 'x')
    return strspn(s + i + 2, "0123456789abcdefABCDEFL") == n - i - 2;
  for (; i < n && strchr("0123456789.", s[i]); i++) digits += s[i] != '.';
  if (digits == 0) return 0;
  if (i < n && (s[i] | 32) == 'e') {
    i++;
    if (i < n && (s[i] == '+' || s[i] == '-')) i++;
    if (i == n) return 0;
    for (; i < n && s[i] >= '0' && s[i] <= '9';) i++;
  }
  for (int k = 0; k < 2 && i < n && s[i] == 'L'; k++) i++;
  return i == n;
}

/* The value after '=' as a setting of that name, or NULL. */
static tw_value *parse_value(const char *name, const char *s, size_t n, const char *assignment,
                             tw_diags *d) {
  if (!is_literal(s, n)) {
    tw_value *v = tw_value_new(name, TW_STR, "--set", 0);
    v->s = tw_sprintf("%.*s", (int)n, s);
    return v;
  }
  char *where = tw_sprintf("--set %s", assignment);
  char *text = tw_sprintf("%s = %.*s", name, (int)n, s);
  tw_value *group = tw_config_parse(text, strlen(text), where, ".", 0, d), *v = NULL;
  if (group && group->n == 1) {
    v = group->v[0];
    group->n = 0;
  } else if (group) {
    tw_error(d, THW_E_FORMAT, "%s: one value is expected after =", where);
  }
  tw_value_free(group);
  free(text);
  free(where);
  return v;
}

static void set_origin(tw_value *v) {
  free(v->file);
  v->file = tw_strdup("--set");
  v->line = 0;
  for (size_t i = 0; i < v->n; i++) set_origin(v->v[i]);
}

/* Groups and lists within one another, the value itself counted. */
static int nesting(const tw_value *v) {
  if (v->type > TW_ARRAY) return 0;
  int deepest = 0;
  for (size_t i = 0; i < v->n; i++) {
    int k = nesting(v->v[i]);
    if (k > deepest) deepest = k;
  }
  return deepest + 1;
}

thw_status tw_config_set(tw_value *root, const char *assignment, tw_diags *d) {
  const char *eq = strchr(assignment, '=');
  if (!eq || eq == assignment)
    return tw_error(d, THW_E_ARG, "--set %s: write --set path=value, as in --set stop.passes=10",
                    assignment);
  const char *value = eq + 1, *end = value + strlen(value);
  while (is_blank(*value)) value++;
  while (end > value && is_blank(end[-1])) end--;
  if (value == end)
    return tw_error(d, THW_E_ARG, "--set %s: no value; write \"\" for an empty string", assignment);
  tw_value *layer = tw_config_new(), *at = layer;
  int depth = 0;
  for (const char *p = assignment;;) {
    size_t n = strcspn(p, ".=");
    size_t trimmed = n;
    while (p + n == eq && trimmed > 0 && is_blank(p[trimmed - 1])) trimmed--;
    if (!tw_value_name_ok(p, trimmed)) {
      tw_value_free(layer);
      return tw_error(d, THW_E_ARG, "--set %s: \"%.*s\" is not a name of a setting", assignment,
                      (int)n, p);
    }
    char *name = tw_sprintf("%.*s", (int)trimmed, p);
    tw_value *v = p + n == eq ? parse_value(name, value, (size_t)(end - value), assignment, d)
                              : tw_value_new(name, TW_GROUP, "--set", 0);
    free(name);
    if (!v) {
      tw_value_free(layer);
      return THW_E_FORMAT;
    }
    at = tw_value_add(at, v);
    if (depth++ + nesting(v) > TW_MAX_NESTING) {
      tw_value_free(layer);
      return tw_error(d, THW_E_ARG, "--set %s: groups and lists are nested more than %d deep",
                      assignment, TW_MAX_NESTING);
    }
    if (p + n == eq) {
      set_origin(v);
      break;
    }
    p += n + 1;
  }
  tw_value_merge(root, layer);
  return THW_OK;
}
