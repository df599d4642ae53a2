/* SPDX-License-Identifier: BSD-3-Clause */
/* The page links to nothing: the style and the pictures are inside. */
#include "core/results/page.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "core/results/curves.h"
#include "core/results/table.h"

static const char style[] =
    "<style>\nbody { font: 15px/1.5 sans-serif; max-width: 70em; margin: 2em auto; padding: 0 1em; "
    "color: #222; }\n"
    "table { border-collapse: collapse; font-size: 13px; display: block; overflow-x: auto; }\n"
    "th, td { text-align: left; padding: .25em .7em; border-bottom: 1px solid #ddd; white-space: "
    "nowrap; }\nth { border-bottom: 2px solid #888; }\ntd.n { text-align: right; "
    "font-variant-numeric: tabular-nums; }\n"
    "svg { max-width: 100%; height: auto; }\npre { font-size: 12px; background: #f6f6f6; padding: "
    "1em; overflow-x: auto; }\nsummary { cursor: pointer; font-weight: bold; margin-top: 1em; }\n"
    "</style>\n";

/* ---- pictures -----------------------------------------------------------------------------------
 */

/* The <svg> element of a file; what stands before it belongs to a document of its own. */
static void inline_svg(FILE *to, const char *file) {
  FILE *in = fopen(file, "r");
  char *line = NULL;
  size_t room = 0;
  int inside = 0;
  if (!in) return;
  while (getline(&line, &room, in) >= 0) {
    char *from = line;
    if (!inside && (from = strstr(line, "<svg"))) inside = 1;
    if (inside) fputs(from, to);
  }
  fputs("\n", to);
  free(line);
  fclose(in);
}

/* gnuplot works in a folder of its own, so that nothing is left in those of the runs. */
static void put_curves(FILE *to, const tw_outcomes *o, tw_diags *d) {
  const char *base = getenv("TMPDIR");
  char *folder = tw_sprintf("%s/thalweg-XXXXXX", base && *base ? base : "/tmp");
  if (!mkdtemp(folder)) {
    tw_warn(d, "no picture: %s: %s", folder, strerror(errno));
    free(folder);
    return;
  }
  static const char *const files[] = {"curves.svg", "curves.png", "log"};
  char *why = tw_curves_draw(folder, o, "");
  char *svg = tw_sprintf("%s/%s", folder, files[0]);
  if (why) tw_warn(d, "%s", why);
  if (access(svg, R_OK) == 0) inline_svg(to, svg);
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
    char *file = tw_sprintf("%s/%s", folder, files[i]);
    unlink(file);
    free(file);
  }
  rmdir(folder);
  free(svg);
  free(why);
  free(folder);
}

/* ---- single runs --------------------------------------------------------------------------------
 */

static void put_text(FILE *to, const char *word, const char *text) {
  if (!text) return;
  fprintf(to, "<p>%s: ", word);
  tw_html_text(to, text);
  fputs("\n", to);
}

static void put_member(FILE *to, const json_t *o, const char *member, const char *word) {
  put_text(to, word, json_string_value(json_object_get(o, member)));
}

/* Who asked for how much: a row for each account of the ledger. */
static void put_ledger(FILE *to, const json_t *result) {
  const char *name, *unit;
  json_t *account, *count;
  json_t *all = json_object_get(json_object_get(result, "counts"), "accounts");
  int head = 0;
  if (json_object_size(all) == 0) return;
  fputs("<table>\n", to);
  json_object_foreach(all, name, account) {
    if (!head++) {
      fputs("<tr><th>account", to);
      json_object_foreach(account, unit, count) if (json_is_integer(count))
          fprintf(to, "<th>%s", unit);
      fputs("\n", to);
    }
    fputs("<tr><td>", to);
    tw_html_text(to, name);
    json_object_foreach(account, unit, count) if (json_is_integer(count))
        fprintf(to, "<td class=\"n\">%" JSON_INTEGER_FORMAT, json_integer_value(count));
    fputs("\n", to);
  }
  fputs("</table>\n", to);
}

static void put_pipeline(FILE *to, const tw_outcome *run) {
  char *text = NULL;
  size_t n = 0;
  FILE *memory = open_memstream(&text, &n);
  if (!memory) return;
  tw_config_print(memory, run->config, 0);
  fclose(memory);
  fputs("<pre>", to);
  tw_html_text(to, text);
  fputs("</pre>\n", to);
  free(text);
}

static void put_run(FILE *to, const tw_outcome *run) {
  const json_t *verdict = json_object_get(run->result, "verdict");
  fputs("<details><summary>", to);
  tw_html_text(to, run->name);
  fputs("</summary>\n", to);
  put_text(to, "folder", run->dir);
  if (!run->result) fputs("<p>The run has not come to an end.\n", to);
  put_member(to, run->result, "reason", "end");
  put_member(to, verdict, "kind", "verdict");
  put_member(to, verdict, "reason", "because");
  put_member(to, json_object_get(run->result, "theory"), "formula", "theory");
  put_ledger(to, run->result);
  put_pipeline(to, run);
  fputs("</details>\n", to);
}

/* ---- the page -----------------------------------------------------------------------------------
 */

static void put_page(FILE *to, const tw_outcomes *o, const tw_table *t, const char *title,
                     tw_diags *d) {
  fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>", to);
  tw_html_text(to, title);
  fprintf(to, "</title>\n%s<h1>", style);
  tw_html_text(to, title);
  fputs("</h1>\n", to);
  tw_table_html(to, t);
  put_curves(to, o, d);
  for (size_t i = 0; i < o->n; i++) put_run(to, &o->v[i]);
  fputs("</html>\n", to);
}

thw_status tw_page_write(const char *file, const tw_outcomes *o, const char *title, tw_diags *d) {
  tw_table t;
  tw_out out;
  THW_TRY(tw_out_open(&out, file, d));
  tw_table_usual(&t, o, NULL, 0);
  const char *usual = o->n == 1 ? o->v[0].name : "thalweg: runs compared";
  put_page(out.f, o, &t, title ? title : usual, d);
  tw_table_free(&t);
  return tw_out_commit(&out, d);
}
