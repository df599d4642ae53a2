/* SPDX-License-Identifier: BSD-3-Clause */
/* Goes through plugin, components and checks, and reports. */
#include "core/verify/verify.h"

#include <dlfcn.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/cli/command.h"
#include "core/registry_priv.h"
#include "core/verify/child.h"
#include "core/verify/priv.h"

static const char *const outcome_word[VF_OUTCOMES] = {"pass", "warn", "skip", "FAIL"};
static const char *const outcome_json[VF_OUTCOMES] = {"pass", "warn", "skip", "fail"};

/* ---- outcomes ---------------------------------------------------------------------------------
 */

static int note(vf_case *k, vf_outcome outcome, const char *fmt, va_list ap) {
  if (k->reason && outcome <= k->outcome) return -1;
  char text[1024];
  vsnprintf(text, sizeof text, fmt, ap);
  free(k->reason);
  k->reason = tw_strdup(text);
  k->outcome = outcome;
  return -1;
}

#define NOTE(k, outcome, fmt)                                                                      \
  do {                                                                                             \
    va_list ap;                                                                                    \
    va_start(ap, fmt);                                                                             \
    note(k, outcome, fmt, ap);                                                                     \
    va_end(ap);                                                                                    \
  } while (0)

int vf_fail(vf_case *k, const char *fmt, ...) {
  NOTE(k, VF_FAIL, fmt);
  return -1;
}
int vf_warn(vf_case *k, const char *fmt, ...) {
  NOTE(k, VF_WARN, fmt);
  return -1;
}
int vf_skip(vf_case *k, const char *fmt, ...) {
  NOTE(k, VF_SKIP, fmt);
  return -1;
}

/* ---- the table --------------------------------------------------------------------------------
 */

static const vf_check *const tables[] = {
    vf_checks_plugin, vf_checks_any,    vf_checks_slots,     vf_checks_source, vf_checks_model,
    vf_checks_facts,  vf_checks_oracle, vf_checks_optimizer, vf_checks_online, vf_checks_state};

const vf_check *vf_check_at(size_t i) {
  for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++)
    for (const vf_check *c = tables[t]; c->name; c++)
      if (i-- == 0) return c;
  return NULL;
}

static char *kinds_text(uint32_t kinds) {
  if (kinds == VF_PLUGIN) return tw_strdup("plugin");
  if (kinds == VF_ANY) return tw_strdup("any");
  char *all = tw_strdup("");
  for (uint32_t k = 1; k < THW_KINDS; k++) {
    if (!(kinds & VF_KIND(k))) continue;
    char *longer = tw_sprintf("%s%s%s", all, *all ? "," : "", tw_kind_name(k));
    free(all);
    all = longer;
  }
  return all;
}

void tw_verify_list(FILE *out, int json) {
  json_t *list = json_array();
  const vf_check *c;
  for (size_t i = 0; (c = vf_check_at(i)); i++) {
    char *kinds = kinds_text(c->kinds);
    if (json)
      json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "name", c->name, "kinds", kinds,
                                            "sentence", c->sentence));
    else
      fprintf(out, "%-10s %-22s %s\n", kinds, c->name, c->sentence);
    free(kinds);
  }
  if (json) {
    json_dumpf(list, out, JSON_INDENT(2));
    fputc('\n', out);
  }
  json_decref(list);
}

/* ---- what is in the plugin, asked in a child ----------------------------------------------------
 */

typedef struct entry {
  uint32_t kind;
  char *id;
} entry;

typedef struct contents {
  char *head; /* "svrg" 0.1.0, license */
  entry *v;
  size_t n;
} contents;

static void describe(void *arg, int output, vf_answer *a) {
  const tw_verify_options *o = arg;
  tw_diags d = {0};
  (void)output;
  const thw_plugin *p = tw_plugin_open(o->file, &d);
  if (!p) {
    *a = (vf_answer){VF_FAIL, tw_strdup(d.n ? d.v[0].text : "cannot be loaded")};
    return;
  }
  char *text = tw_sprintf("\"%s\" %s (%s)\n", p->id, p->version, p->license);
  for (uint32_t i = 0; i < p->n_components; i++) {
    char *more = tw_sprintf("%s%u %s\n", text, p->components[i]->kind, p->components[i]->id);
    free(text);
    text = more;
  }
  a->text = text;
}

static void parse_contents(const char *text, contents *c) {
  const char *end = strchr(text, '\n');
  c->head = tw_sprintf("%.*s", (int)(end - text), text);
  for (text = end + 1; *text; text = end + 1) {
    end = strchr(text, '\n');
    const char *space = strchr(text, ' ');
    c->v = tw_realloc(c->v, (c->n + 1) * sizeof *c->v);
    c->v[c->n].kind = (uint32_t)strtoul(text, NULL, 10);
    c->v[c->n++].id = tw_sprintf("%.*s", (int)(end - space - 1), space + 1);
  }
}

static void contents_free(contents *c) {
  for (size_t i = 0; i < c->n; i++) free(c->v[i].id);
  free(c->v);
  free(c->head);
}

/* ---- one check --------------------------------------------------------------------------------
 */

typedef struct job {
  const tw_verify_options *o;
  const vf_check *check;
  const entry *component;
} job;

static const thw_component *component_of(const thw_plugin *p, const entry *e) {
  for (uint32_t i = 0; e && i < p->n_components; i++)
    if (p->components[i]->kind == e->kind && strcmp(p->components[i]->id, e->id) == 0)
      return p->components[i];
  return NULL;
}

static void run_check(void *arg, int output, vf_answer *a) {
  const job *j = arg;
  vf_case k = {.o = j->o, .output = output};
  if (j->component) {
    tw_diags d = {0};
    void *mark = vf_malloc_mark();
    k.plugin = tw_plugin_open(j->o->file, &d);
    vf_malloc_watch(mark);
    k.component = k.plugin ? component_of(k.plugin, j->component) : NULL;
    if (!k.component)
      vf_fail(&k, "%s", d.n ? d.v[0].text : "the component is no longer in the plugin");
    tw_diags_free(&d);
  }
  if (k.outcome != VF_FAIL) {
    vf_session(&k, THW_F64, 1);
    j->check->run(&k);
  }
  *a = (vf_answer){k.outcome, k.reason ? k.reason : tw_strdup("")};
}

/* ---- the report --------------------------------------------------------------------------------
 */

typedef struct report {
  const tw_verify_options *o;
  FILE *out;
  json_t *checks;
  int count[VF_OUTCOMES];
  int ran; /* checks that the filters let through */
} report;

static void heading(report *r, const char *text) {
  if (!r->o->json) fprintf(r->out, "%s\n", text);
}

static void result(report *r, const job *j, const vf_answer *a) {
  r->count[a->outcome]++;
  if (r->o->json) {
    json_array_append_new(r->checks,
                          json_pack("{s:s?, s:s?, s:s, s:s, s:s}", "component",
                                    j->component ? j->component->id : NULL, "kind",
                                    j->component ? tw_kind_name(j->component->kind) : NULL, "check",
                                    j->check->name, "outcome", outcome_json[a->outcome], "reason",
                                    a->text));
    return;
  }
  fprintf(r->out, "  %s  %-22s %s\n", outcome_word[a->outcome], j->check->name, j->check->sentence);
  if (*a->text) fprintf(r->out, "        %s\n", a->text);
  fflush(r->out);
}

static void run_all(report *r, const entry *component) {
  const vf_check *c;
  for (size_t i = 0; (c = vf_check_at(i)); i++) {
    if (component ? !(c->kinds & VF_KIND(component->kind)) : c->kinds != VF_PLUGIN) continue;
    if (r->o->check && strcmp(r->o->check, c->name) != 0) continue;
    r->ran++;
    job j = {r->o, c, component};
    vf_answer a = {VF_PASS, NULL};
    if (r->o->in_process)
      run_check(&j, -1, &a);
    else
      a = vf_in_child(r->o->seconds, run_check, &j);
    result(r, &j, &a);
    free(a.text);
  }
}

static void run_components(report *r, const contents *c) {
  for (size_t i = 0; i < c->n; i++) {
    if (r->o->component && strcmp(r->o->component, c->v[i].id) != 0) continue;
    char *text = tw_sprintf("%s %s", tw_kind_name(c->v[i].kind), c->v[i].id);
    heading(r, text);
    free(text);
    run_all(r, &c->v[i]);
  }
}

static void summary(report *r, const contents *c) {
  if (r->o->json) {
    json_t *all =
        json_pack("{s:s, s:s?, s:o, s:i, s:i, s:i, s:i}", "file", r->o->file, "plugin", c->head,
                  "checks", json_incref(r->checks), "pass", r->count[VF_PASS], "warn",
                  r->count[VF_WARN], "skip", r->count[VF_SKIP], "fail", r->count[VF_FAIL]);
    json_dumpf(all, r->out, JSON_INDENT(2));
    fputc('\n', r->out);
    json_decref(all);
  } else {
    fprintf(r->out, "%d passed, %d warned, %d skipped, %d failed\n", r->count[VF_PASS],
            r->count[VF_WARN], r->count[VF_SKIP], r->count[VF_FAIL]);
  }
}

/* ---- filters ----------------------------------------------------------------------------------
 */

static thw_status check_name_known(const tw_verify_options *o, tw_diags *d) {
  const char *names[256];
  size_t n = 0;
  const vf_check *c;
  if (!o->check) return THW_OK;
  for (; n < 256 && (c = vf_check_at(n)); n++) {
    if (strcmp(c->name, o->check) == 0) return THW_OK;
    names[n] = c->name;
  }
  const char *near = tw_nearest(o->check, names, n);
  return tw_error(d, THW_E_ARG, "no check is named \"%s\"%s%s%s: thalweg verify --list", o->check,
                  near ? " (did you mean \"" : "", near ? near : "", near ? "\"?)" : "");
}

static thw_status component_known(const tw_verify_options *o, const contents *c, tw_diags *d) {
  if (!o->component) return THW_OK;
  for (size_t i = 0; i < c->n; i++)
    if (strcmp(c->v[i].id, o->component) == 0) return THW_OK;
  return tw_error(d, THW_E_ARG, "%s: no component is named \"%s\"", o->file, o->component);
}

int tw_verify(const tw_verify_options *o, FILE *out, tw_diags *d) {
  if (check_name_known(o, d) != THW_OK) return TW_EXIT_USAGE;
  FILE *f = fopen(o->file, "rb");
  if (!f) {
    tw_error(d, THW_E_IO, "%s: cannot be read", o->file);
    return TW_EXIT_USAGE;
  }
  fclose(f);
  contents c = {0};
  vf_answer what = vf_in_child(o->seconds, describe, (void *)(uintptr_t)o);
  if (what.outcome == VF_PASS) parse_contents(what.text, &c);
  int status = TW_EXIT_OK;
  if (c.head && component_known(o, &c, d) != THW_OK) {
    status = TW_EXIT_USAGE;
  } else {
    report r = {.o = o, .out = out, .checks = json_array()};
    char *head = tw_sprintf("%s: plugin %s", o->file, c.head ? c.head : "that cannot be loaded");
    heading(&r, head);
    free(head);
    if (!o->component) run_all(&r, NULL);
    run_components(&r, &c);
    if (!c.head && r.count[VF_FAIL] == 0) {
      tw_error(d, THW_E_FORMAT, "%s", what.text);
      r.count[VF_FAIL]++;
    }
    summary(&r, &c);
    json_decref(r.checks);
    if (r.count[VF_FAIL]) status = TW_EXIT_PLUGIN;
    if (!r.ran && status == TW_EXIT_OK) {
      tw_error(d, THW_E_ARG, "%s: check \"%s\" applies to nothing in it", o->file, o->check);
      status = TW_EXIT_USAGE;
    }
  }
  contents_free(&c);
  free(what.text);
  return status;
}
