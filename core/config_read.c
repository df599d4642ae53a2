/* SPDX-License-Identifier: BSD-3-Clause */
/* From text to a tree, through libconfig. Only the part of its interface that 1.5 and 1.7 share is
 * used: it never opens a file (includes are put in before) and never converts (AUTOCONVERT would
 * cut reals down to integers). */
#include <libconfig.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/config_scan.h"
#include "core/config_tree.h"

typedef struct reader {
  const tw_text *text;
  tw_diags *d;
} reader;

static tw_line line_of(const reader *r, unsigned line) {
  size_t n = r->text->n_lines;
  return r->text->line[line == 0 ? 0 : line > n ? n - 1 : line - 1];
}

static tw_type type_of(int type) {
  switch (type) {
  case CONFIG_TYPE_INT:
  case CONFIG_TYPE_INT64:
    return TW_INT;
  case CONFIG_TYPE_FLOAT:
    return TW_REAL;
  case CONFIG_TYPE_BOOL:
    return TW_BOOL;
  case CONFIG_TYPE_STRING:
    return TW_STR;
  case CONFIG_TYPE_ARRAY:
    return TW_ARRAY;
  case CONFIG_TYPE_LIST:
    return TW_LIST;
  default:
    return TW_GROUP;
  }
}

static void children(reader *r, const config_setting_t *from, tw_value *to);

static tw_value *convert(reader *r, const config_setting_t *s) {
  tw_line at = line_of(r, config_setting_source_line(s));
  tw_value *v =
      tw_value_new(config_setting_name(s), type_of(config_setting_type(s)), at.file, at.line);
  switch (v->type) {
  case TW_INT:
    v->i = config_setting_type(s) == CONFIG_TYPE_INT ? config_setting_get_int(s)
                                                     : config_setting_get_int64(s);
    break;
  case TW_REAL:
    v->r = config_setting_get_float(s);
    if (!isfinite(v->r)) {
      char *where = tw_config_where(v);
      tw_error(r->d, THW_E_FORMAT, "%s: %s%sthis number is too large for a real", where,
               v->name ? v->name : "", v->name ? ": " : "");
      free(where);
    }
    break;
  case TW_BOOL:
    v->i = config_setting_get_bool(s) != 0;
    break;
  case TW_STR: {
    const char *text = config_setting_get_string(s);
    v->s = tw_strdup(text ? text : "");
    break;
  }
  default:
    children(r, s, v);
  }
  return v;
}

static void children(reader *r, const config_setting_t *from, tw_value *to) {
  int n = config_setting_length(from);
  for (int i = 0; i < n; i++)
    tw_value_add(to, convert(r, config_setting_get_elem(from, (unsigned)i)));
}

/* What libconfig says, and what usually helps. */
static void syntax_error(reader *r, const config_t *c) {
  const char *text = config_error_text(c), *more = "";
  if (!text) text = "syntax error";
  if (strstr(text, "syntax"))
    more = " here or just before: settings look like name = value;";
  else if (strstr(text, "mismatched"))
    more = ": all elements between [ ] have one type (write 1.0 beside 0.5)";
  else if (strstr(text, "duplicate"))
    more = ": it is there already, in this file or one that it includes";
  tw_line at = line_of(r, (unsigned)config_error_line(c));
  if (at.line > 0)
    tw_error(r->d, THW_E_FORMAT, "%s:%d: %s%s", at.file, at.line, text, more);
  else
    tw_error(r->d, THW_E_FORMAT, "%s: %s", at.file, text);
}

tw_value *tw_config_parse(const char *text, size_t n, const char *name, const char *dir,
                          int numbered, tw_diags *d) {
  size_t before = d->errors;
  tw_text t = {0};
  reader r = {&t, d};
  tw_value *root = NULL;
  if (tw_text_scan(&t, text, n, name, dir, numbered, d) == THW_OK) {
    config_t c;
    config_init(&c);
    if (config_read_string(&c, t.s) == CONFIG_TRUE) {
      root = tw_value_new(NULL, TW_GROUP, name, numbered);
      children(&r, config_root_setting(&c), root);
    } else {
      syntax_error(&r, &c);
    }
    config_destroy(&c);
  }
  tw_text_clear(&t);
  if (d->errors == before) return root;
  tw_value_free(root);
  return NULL;
}
