/* SPDX-License-Identifier: BSD-3-Clause */
/* Tables as text, CSV, JSON and HTML. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/config_tree.h"
#include "core/results/table.h"

/* For people: six digits, the extremes behind the mean. Caller frees. */
static char *brief(const tw_cell *c) {
  if (c->kind == TW_CELL_NONE) return tw_strdup("-");
  if (c->kind == TW_CELL_TEXT) return tw_strdup(c->text);
  if (c->of > 1 && c->lo != c->hi) return tw_sprintf("%.4g [%.4g, %.4g]", c->number, c->lo, c->hi);
  return tw_sprintf("%.6g", c->number);
}

static size_t width_of(const tw_table *t, size_t column) {
  size_t width = strlen(t->head[column]);
  for (size_t r = 0; r < t->n_rows; r++) {
    char *s = brief(&t->cell[r * t->n_columns + column]);
    if (strlen(s) > width) width = strlen(s);
    free(s);
  }
  return width;
}

static int is_number(const tw_table *t, size_t column) {
  for (size_t r = 0; r < t->n_rows; r++)
    if (t->cell[r * t->n_columns + column].kind == TW_CELL_TEXT) return 0;
  return 1;
}

static void put_padded(FILE *to, const char *s, size_t width, int right, int last) {
  int pad = (int)(width - strlen(s));
  if (right)
    fprintf(to, "%*s%s", pad, "", s);
  else
    fprintf(to, "%s%*s", s, last ? 0 : pad, "");
  fputs(last ? "\n" : "  ", to);
}

void tw_table_text(FILE *to, const tw_table *t) {
  size_t *width = tw_calloc(t->n_columns + 1, sizeof *width);
  for (size_t c = 0; c < t->n_columns; c++) width[c] = width_of(t, c);
  for (size_t c = 0; c < t->n_columns; c++)
    put_padded(to, t->head[c], width[c], is_number(t, c), c + 1 == t->n_columns);
  for (size_t r = 0; r < t->n_rows; r++)
    for (size_t c = 0; c < t->n_columns; c++) {
      char *s = brief(&t->cell[r * t->n_columns + c]);
      put_padded(to, s, width[c], is_number(t, c), c + 1 == t->n_columns);
      free(s);
    }
  free(width);
}

/* ---- csv ----------------------------------------------------------------------------------------
 */

static void csv_text(FILE *to, const char *s) {
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

/* The shortest digits that give the number back, whatever the locale; "nan" and "inf" as they are.
 */
static void full_number(FILE *to, double v) {
  char s[40];
  if (v == floor(v) && fabs(v) < 1e15) {
    fprintf(to, "%.0f", v);
    return;
  }
  tw_spell_real(s, v);
  fputs(s, to);
}

static void csv_cell(FILE *to, const tw_cell *c, int extremes) {
  if (c->kind == TW_CELL_NUMBER) full_number(to, c->number);
  if (c->kind == TW_CELL_TEXT) csv_text(to, c->text);
  if (!extremes) return;
  fputc(',', to);
  if (c->kind == TW_CELL_NUMBER) full_number(to, c->lo);
  fputc(',', to);
  if (c->kind == TW_CELL_NUMBER) full_number(to, c->hi);
}

/* Numbers of a row that stands for several runs come with their extremes in columns of their own.
 */
static int has_extremes(const tw_table *t, size_t column) {
  if (!t->grouped || !is_number(t, column)) return 0;
  for (size_t r = 0; r < t->n_rows; r++) {
    const tw_cell *c = &t->cell[r * t->n_columns + column];
    if (c->lo != c->hi) return 1;
  }
  return 0;
}

void tw_table_csv(FILE *to, const tw_table *t) {
  for (size_t c = 0; c < t->n_columns; c++) {
    if (c) fputc(',', to);
    csv_text(to, t->head[c]);
    if (has_extremes(t, c)) fprintf(to, ",%s.min,%s.max", t->head[c], t->head[c]);
  }
  fputc('\n', to);
  for (size_t r = 0; r < t->n_rows; r++) {
    for (size_t c = 0; c < t->n_columns; c++) {
      if (c) fputc(',', to);
      csv_cell(to, &t->cell[r * t->n_columns + c], has_extremes(t, c));
    }
    fputc('\n', to);
  }
}

/* ---- json ---------------------------------------------------------------------------------------
 */

static json_t *real_or_null(double v) {
  return isfinite(v) ? json_real(v) : json_null();
}

static json_t *json_cell(const tw_cell *c) {
  if (c->kind == TW_CELL_TEXT) {
    json_t *s = json_string(c->text);
    return s ? s : json_null();
  }
  if (c->kind == TW_CELL_NONE) return json_null();
  if (c->of <= 1) return real_or_null(c->number);
  json_t *o = json_object();
  json_object_set_new(o, "mean", real_or_null(c->number));
  json_object_set_new(o, "min", real_or_null(c->lo));
  json_object_set_new(o, "max", real_or_null(c->hi));
  return o;
}

void tw_table_json(FILE *to, const tw_table *t) {
  json_t *all = json_array();
  for (size_t r = 0; r < t->n_rows; r++) {
    json_t *row = json_object();
    for (size_t c = 0; c < t->n_columns; c++)
      json_object_set_new(row, t->head[c], json_cell(&t->cell[r * t->n_columns + c]));
    json_array_append_new(all, row);
  }
  json_dumpf(all, to, JSON_INDENT(2) | JSON_REAL_PRECISION(17));
  fputc('\n', to);
  json_decref(all);
}

/* ---- html ---------------------------------------------------------------------------------------
 */

void tw_html_text(FILE *to, const char *s) {
  for (; *s; s++) switch (*s) {
    case '&':
      fputs("&amp;", to);
      break;
    case '<':
      fputs("&lt;", to);
      break;
    case '>':
      fputs("&gt;", to);
      break;
    case '"':
      fputs("&quot;", to);
      break;
    case '\'':
      fputs("&#39;", to);
      break;
    default:
      fputc(*s, to);
    }
}

void tw_table_html(FILE *to, const tw_table *t) {
  fputs("<table>\n<tr>", to);
  for (size_t c = 0; c < t->n_columns; c++) {
    fputs("<th>", to);
    tw_html_text(to, t->head[c]);
  }
  fputs("\n", to);
  for (size_t r = 0; r < t->n_rows; r++) {
    fputs("<tr>", to);
    for (size_t c = 0; c < t->n_columns; c++) {
      char *s = brief(&t->cell[r * t->n_columns + c]);
      fputs(is_number(t, c) ? "<td class=\"n\">" : "<td>", to);
      tw_html_text(to, s);
      free(s);
    }
    fputs("\n", to);
  }
  fputs("</table>\n", to);
}
