/* SPDX-License-Identifier: BSD-3-Clause */
/* Any text is read, or refused with a message; any plan that is made is written back as a pipeline
 * that means the same. What follows a zero byte is given to --set. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire.h"
#include "tests/unit/toys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static tw_registry *registry(void) {
  static tw_registry *r;
  if (r) return r;
  const thw_plugin *plugins[] = {&toy_plugin};
  tw_diags d = {0};
  r = tw_registry_of(plugins, 1, &d);
  if (!r) tw_diags_print(&d);
  return r;
}

static char *print(const tw_value *v, int origins) {
  char *text = NULL;
  size_t n = 0;
  FILE *f = open_memstream(&text, &n);
  if (!f) abort();
  tw_config_print(f, v, origins);
  fclose(f);
  return text;
}

static void need(int ok, tw_diags *d, const char *text) {
  if (ok) return;
  fputs(text, stderr);
  tw_diags_print(d);
  abort();
}

/* Reads the text and writes it again. */
static char *again(const char *text, int planned, tw_diags *d) {
  tw_value *root = tw_config_new();
  need(tw_config_read_text(root, text, "again.cfg", "/nonexistent", d) == THW_OK, d, text);
  tw_plan *p = planned ? tw_plan_new(root, registry(), d) : NULL;
  need(!planned || p != NULL, d, text);
  char *out = print(planned ? tw_plan_resolved(p) : root, 0);
  tw_plan_free(p);
  tw_config_free(root);
  return out;
}

static void same_again(char *text, int planned, tw_diags *d) {
  char *second = again(text, planned, d);
  need(strcmp(text, second) == 0, d, text);
  free(second);
  free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  char *text = tw_calloc(n + 1, 1);
  if (n) memcpy(text, data, n);
  size_t len = strlen(text);
  tw_diags d = {0};
  tw_value *root = tw_config_new();
  if (tw_config_read_text(root, text, "fuzz.cfg", "/nonexistent", &d) != THW_OK)
    need(d.errors > 0, &d, text);
  if (len < n) tw_config_set(root, text + len + 1, &d);
  tw_diags_free(&d);
  same_again(print(root, 0), 0, &d);
  free(print(root, 1));

  tw_plan *p = tw_plan_new(root, registry(), &d);
  need(p || d.errors > 0, &d, text);
  if (p) {
    tw_session s = {.seed = 1, .dtype = THW_F64, .threads = 1};
    toy_trace[0] = '\0';
    if (tw_plan_create(p, &s, &d) < 0) need(d.errors > 0, &d, text);
    tw_diags_free(&d);
    same_again(print(tw_plan_resolved(p), 0), 1, &d);
  }
  tw_plan_free(p);
  tw_config_free(root);
  tw_diags_free(&d);
  free(text);
  return 0;
}
