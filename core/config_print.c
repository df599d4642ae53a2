/* SPDX-License-Identifier: BSD-3-Clause */
/* libconfig's own writer prints 15 digits, which loses bits; this one does not. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/config_tree.h"

/* ---- single values ------------------------------------------------------------------------------
 */

/* Whatever the locale writes between the digits becomes a point. */
static void plain_point(char *s) {
  char *to = s;
  for (char *p = s; *p;) {
    if (strchr("0123456789+-e", *p)) {
      *to++ = *p++;
      continue;
    }
    *to++ = '.';
    while (*p && !strchr("0123456789+-e", *p)) p++;
  }
  *to = '\0';
}

void tw_spell_real(char out[40], double r) {
  for (int digits = 15; digits <= 17; digits++) {
    snprintf(out, 40, "%.*g", digits, r);
    if (strtod(out, NULL) == r) break;
  }
  if (r - r != 0) return; /* inf and nan: for messages only, they do not get into a tree */
  plain_point(out);
  if (!strpbrk(out, ".e")) strcat(out, ".0");
}

/* Fits the type that libconfig gives a literal without L. */
static int is_narrow(int64_t i) {
  return i >= INT32_MIN && i <= INT32_MAX;
}

static void print_string(FILE *to, const char *s) {
  static const char plain[] = "\"\\\n\r\t\f", spelled[] = "\"\\nrtf";
  fputc('"', to);
  for (; *s; s++) {
    const char *k = strchr(plain, *s);
    unsigned char c = (unsigned char)*s;
    if (k)
      fprintf(to, "\\%c", spelled[k - plain]);
    else if (c < 32 || c == 127)
      fprintf(to, "\\x%02X", c);
    else
      fputc(c, to);
  }
  fputc('"', to);
}

char *tw_spell_value(const tw_value *v) {
  char r[40];
  switch (v->type) {
  case TW_INT:
    return tw_sprintf("the integer %lld", (long long)v->i);
  case TW_REAL:
    tw_spell_real(r, v->r);
    return tw_sprintf("the real %s", r);
  case TW_BOOL:
    return tw_sprintf("the boolean %s", v->i ? "true" : "false");
  case TW_STR:
    return strlen(v->s) > 60 ? tw_sprintf("the string \"%.60s...\"", v->s)
                             : tw_sprintf("the string \"%s\"", v->s);
  case TW_ARRAY:
    return tw_strdup("an array [ ]");
  case TW_LIST:
    return tw_strdup("a list ( )");
  default:
    return tw_strdup("a group { }");
  }
}

/* ---- trees --------------------------------------------------------------------------------------
 */

static void print_value(FILE *to, const tw_value *v, int wide);

static void print_elements(FILE *to, const tw_value *v) {
  int wide = 0; /* an array's elements have one type */
  for (size_t i = 0; i < v->n; i++)
    wide |= v->type == TW_ARRAY && v->v[i]->type == TW_INT && !is_narrow(v->v[i]->i);
  fputs(v->type == TW_ARRAY ? "[" : "(", to);
  for (size_t i = 0; i < v->n; i++) {
    fputs(i ? ", " : " ", to);
    print_value(to, v->v[i], wide);
  }
  fputs(v->type == TW_ARRAY ? " ]" : " )", to);
}

/* On one line; groups only occur here inside lists. */
static void print_value(FILE *to, const tw_value *v, int wide) {
  char r[40];
  switch (v->type) {
  case TW_INT:
    fprintf(to, "%lld%s", (long long)v->i, wide || !is_narrow(v->i) ? "L" : "");
    break;
  case TW_REAL:
    tw_spell_real(r, v->r);
    fputs(r, to);
    break;
  case TW_BOOL:
    fputs(v->i ? "true" : "false", to);
    break;
  case TW_STR:
    print_string(to, v->s);
    break;
  case TW_GROUP:
    fputs("{ ", to);
    for (size_t i = 0; i < v->n; i++) {
      fprintf(to, "%s = ", v->v[i]->name);
      print_value(to, v->v[i], 0);
      fputs("; ", to);
    }
    fputs("}", to);
    break;
  default:
    print_elements(to, v);
  }
}

/* The file's name goes into a comment: keep it on its line. */
static void print_origin(FILE *to, const tw_value *v, int origins) {
  if (origins) {
    fputs("  # ", to);
    for (const char *s = v->file; *s; s++) fputc((unsigned char)*s < 32 ? '?' : *s, to);
    if (v->line > 0) fprintf(to, ":%d", v->line);
  }
  fputc('\n', to);
}

static void print_group(FILE *to, const tw_value *group, int depth, int origins) {
  for (size_t i = 0; i < group->n; i++) {
    const tw_value *v = group->v[i];
    fprintf(to, "%*s%s", 2 * depth, "", v->name);
    if (v->type == TW_GROUP) {
      fputs(": {", to);
      print_origin(to, v, origins);
      print_group(to, v, depth + 1, origins);
      fprintf(to, "%*s};\n", 2 * depth, "");
    } else {
      fputs(" = ", to);
      print_value(to, v, 0);
      fputc(';', to);
      print_origin(to, v, origins);
    }
  }
}

void tw_config_print(FILE *to, const tw_value *root, int origins) {
  print_group(to, root, 0, origins);
}
