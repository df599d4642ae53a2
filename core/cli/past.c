/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/cli/past.h"

#include <stdlib.h>
#include <string.h>

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

static int may_be_set(const char *assignment, const char *const *allowed, size_t n) {
  for (size_t i = 0; i < n; i++) {
    size_t len = strlen(allowed[i]);
    if (strncmp(assignment, allowed[i], len) != 0) continue;
    if (allowed[i][len - 1] == '.' || assignment[len] == '=' || assignment[len] == ' ') return 1;
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

void tw_past_close(tw_past *p) {
  tw_plan_free(p->plan);
  tw_registry_free(p->registry);
  tw_config_free(p->config);
  *p = (tw_past){0};
}
