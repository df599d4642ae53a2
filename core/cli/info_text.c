/* SPDX-License-Identifier: BSD-3-Clause */
/* `thalweg info` for people: text wrapped to the terminal. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cli/info.h"
#include "core/config_tree.h"
#include "core/schema.h"

/* ---- wrapping ---------------------------------------------------------------------------------
 */

/* Columns that n bytes of UTF-8 take, near enough: one per character. */
static int columns(const char *s, size_t n) {
  int k = 0;
  for (size_t i = 0; i < n; i++) k += ((unsigned char)s[i] & 0xC0) != 0x80;
  return k;
}

static void spaces(int n) {
  printf("%*s", n, "");
}

/* Prints the words of `s` in lines of at most `width` columns. The cursor is at column `at`;
 * further lines begin at `indent`. */
static void wrap(const char *s, int at, int indent, int width) {
  int first = 1;
  for (;;) {
    s += strspn(s, " \n");
    size_t n = strcspn(s, " \n");
    if (n == 0) break;
    int k = columns(s, n);
    if (!first && at + 1 + k > width) {
      putchar('\n');
      spaces(indent);
      at = indent;
    } else if (!first) {
      putchar(' ');
      at++;
    }
    fwrite(s, 1, n, stdout);
    at += k, first = 0, s += n;
  }
  putchar('\n');
}

/* As it is; where it is too long, further lines stand two columns in. */
static void own_line(const char *s, size_t n, int width) {
  int indent = (int)strspn(s, " ");
  if (columns(s, n) <= width || indent >= width / 2) {
    printf("%.*s\n", (int)n, s);
    return;
  }
  char *text = tw_sprintf("%.*s", (int)n, s);
  spaces(indent);
  wrap(text, indent, indent + 2, width);
  free(text);
}

/* Paragraphs are separated by empty lines; a line that begins with a space, a formula mostly, stays
 * a line of its own. */
static void paragraphs(const char *s, int width) {
  while (*s) {
    size_t n = strcspn(s, "\n");
    if (n == 0 || *s == ' ') {
      own_line(s, n, width);
      s += n + (s[n] == '\n');
      continue;
    }
    const char *end = s;
    while (*end && *end != '\n' && *end != ' ') {
      end += strcspn(end, "\n");
      end += *end == '\n';
    }
    char *text = tw_sprintf("%.*s", (int)(end - s), s);
    wrap(text, 0, 0, width);
    free(text);
    s = end;
  }
}

static void field(const char *name, const char *value, int width) {
  if (!value) return;
  printf("%-10s ", name);
  wrap(value, 11, 11, width);
}

/* ---- parameters -------------------------------------------------------------------------------
 */

/* As it is written in a pipeline file. */
static char *array_text(const thw_param *p) {
  char *out = tw_strdup("[");
  for (const char *s = p->def_str; s && *(s += strspn(s, " "));) {
    size_t n = strcspn(s, " ");
    char *more = tw_sprintf("%s%s%.*s", out, out[1] ? ", " : "", (int)n, s);
    free(out);
    out = more;
    s += n;
  }
  char *whole = tw_sprintf("%s]", out);
  free(out);
  return whole;
}

static char *default_text(const thw_param *p) {
  char real[40];
  switch (p->type) {
  case THW_P_BOOL:
    return tw_strdup(p->def_int ? "true" : "false");
  case THW_P_INT:
    return tw_sprintf("%" PRId64, p->def_int);
  case THW_P_REAL:
    tw_spell_real(real, p->def_real);
    return tw_strdup(real);
  case THW_P_ENUM:
    return tw_sprintf("\"%s\"", p->choices[p->def_int]);
  case THW_P_INTS:
  case THW_P_REALS:
    return array_text(p);
  default:
    return p->def_str ? tw_sprintf("\"%s\"", p->def_str) : NULL;
  }
}

static void append(char **to, const char *separator, const char *text) {
  char *more = tw_sprintf("%s%s%s", *to, **to ? separator : "", text);
  free(*to);
  *to = more;
}

/* "real, at least 0, in passes." */
static char *describe(const thw_param *p) {
  char *out = tw_strdup(tw_type_word(p));
  if (p->type == THW_P_ENUM) {
    free(out);
    out = tw_strdup("one of");
    for (size_t i = 0; p->choices[i]; i++) append(&out, i ? ", " : " ", p->choices[i]);
  }
  int numeric = p->type == THW_P_INT || p->type == THW_P_REAL || p->type == THW_P_INTS ||
                p->type == THW_P_REALS;
  char *range = numeric ? tw_schema_range(p) : NULL;
  if (range) append(&out, ", ", range);
  free(range);
  if (p->unit) append(&out, ", in ", p->unit);
  if (p->flags & THW_P_REQUIRED) append(&out, ", ", "required");
  append(&out, "", ". ");
  append(&out, "", p->help);
  if (p->flags & THW_P_DEPRECATED) append(&out, " Deprecated: write instead ", p->replaced_by);
  return out;
}

static void print_param(const thw_param *p, int width) {
  if (p->flags & THW_P_REMOVED) {
    char *text = tw_sprintf("Removed: write instead %s", p->replaced_by);
    printf("  %s\n      ", p->name);
    wrap(text, 6, 6, width);
    free(text);
    return;
  }
  char *value = p->flags & THW_P_REQUIRED ? NULL : default_text(p), *text = describe(p);
  printf("  %s%s%s\n      ", p->name, value ? " = " : "", value ? value : "");
  wrap(text, 6, 6, width);
  free(text);
  free(value);
}

static void print_params(const tw_topic *t, int width) {
  if (t->n_params) puts("\nparameters");
  for (size_t i = 0; i < t->n_params; i++) print_param(tw_topic_param(t, i), width);
}

/* ---- slots ------------------------------------------------------------------------------------
 */

static void print_slots(const tw_topic *t, int width) {
  if (tw_topic_slots(t)) puts("\nslots");
  for (size_t i = 0; i < tw_topic_slots(t); i++) {
    const thw_slot *s = tw_topic_slot(t, i);
    char *text = tw_sprintf("%s, %s", tw_kind_name(s->kind), s->min ? "required" : "optional");
    for (size_t k = 0; s->needs && s->needs[k]; k++)
      append(&text, k ? ", " : ", which offers ", s->needs[k]);
    append(&text, "", ". ");
    append(&text, "", s->help);
    printf("  %s\n      ", s->name);
    wrap(text, 6, 6, width);
    free(text);
  }
}

static void print_offers(const thw_component *c) {
  if (!c->offers || !c->offers[0]) return;
  puts("\noffers");
  for (size_t i = 0; c->offers[i]; i++) printf("  %s\n", c->offers[i]);
}

void tw_topic_print(const tw_topic *t, int width) {
  if (t->group) {
    printf("%s (group of options) - ", t->group->name);
    wrap(t->group->help, (int)strlen(t->group->name) + 23, 2, width);
    print_params(t, width);
    return;
  }
  const thw_component *c = t->found->component;
  const thw_plugin *p = t->found->plugin;
  printf("%s (%s) - ", c->id, tw_kind_name(c->kind));
  wrap(c->summary, (int)(strlen(c->id) + strlen(tw_kind_name(c->kind))) + 6, 2, width);
  if (c->doc) {
    putchar('\n');
    paragraphs(c->doc, width);
  }
  putchar('\n');
  field("reference", c->reference, width);
  field("version", c->version, width);
  char *plugin = tw_sprintf("%s %s", p->id, p->version);
  field("plugin", plugin, width);
  free(plugin);
  field("license", p->license, width);
  field("url", p->url, width);
  printf("%-10s %s\n", "file", t->found->file);
  for (const tw_found *f = t->found->shadows; f; f = f->shadows)
    printf("%-10s %s (version %s)\n", "shadows", f->file, f->component->version);
  print_params(t, width);
  print_slots(t, width);
  print_offers(c);
}
