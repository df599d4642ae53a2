/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/run/saved.h"

#include <stdlib.h>
#include <string.h>

#include "core/run/setup.h"

/* An account as saved: this, then its name. */
typedef struct saved_account {
  int64_t budgeted, gradients, values, hvp, pairs, calls;
} saved_account;
#define NAME_MAX_BYTES 512

thw_status tw_save_ledger(const tw_ledger *l, thw_writer *w) {
  THW_TRY(w->i64(w, "accounts", (int64_t)l->n));
  THW_TRY(w->i64(w, "spent", l->spent));
  for (size_t i = 0; i < l->n; i++) {
    const tw_counts *c = &l->v[i].counts;
    saved_account a = {l->v[i].budgeted, c->gradients, c->values, c->hvp, c->pairs, c->calls};
    size_t n = strlen(l->v[i].name);
    if (n > NAME_MAX_BYTES) n = NAME_MAX_BYTES;
    unsigned char bytes[sizeof a + NAME_MAX_BYTES];
    memcpy(bytes, &a, sizeof a);
    memcpy(bytes + sizeof a, l->v[i].name, n);
    char key[32];
    snprintf(key, sizeof key, "account.%zu", i);
    THW_TRY(w->blob(w, key, bytes, sizeof a + n));
  }
  return THW_OK;
}

thw_status tw_load_ledger(tw_ledger *l, thw_reader *r) {
  int64_t n, spent;
  THW_TRY(r->i64(r, "accounts", &n));
  THW_TRY(r->i64(r, "spent", &spent));
  for (size_t i = 0; i < l->n; i++) free(l->v[i].name);
  l->n = 0;
  for (int64_t i = 0; i < n; i++) {
    saved_account a;
    unsigned char bytes[sizeof a + NAME_MAX_BYTES];
    char key[32], name[NAME_MAX_BYTES + 1] = "";
    size_t len = sizeof bytes;
    snprintf(key, sizeof key, "account.%lld", (long long)i);
    THW_TRY(r->blob(r, key, bytes, &len));
    if (len < sizeof a) return THW_E_STATE;
    memcpy(&a, bytes, sizeof a);
    memcpy(name, bytes + sizeof a, len - sizeof a);
    tw_ledger_enter(l, name, a.budgeted != 0);
    l->v[l->n - 1].counts = (tw_counts){a.gradients, a.values, a.hvp, a.pairs, a.calls};
  }
  if (l->n == 0) tw_ledger_enter(l, "host", 0);
  l->current = l->base = 0;
  l->spent = spent;
  return THW_OK;
}

thw_status tw_save_pipeline(const tw_plan *p, thw_writer *w) {
  char *text = NULL;
  size_t n = 0;
  FILE *to = open_memstream(&text, &n);
  if (!to) return THW_E_NOMEM;
  tw_config_print(to, tw_plan_resolved(p), 0);
  thw_status st = fclose(to) == 0 ? w->blob(w, "pipeline", text, n) : THW_E_NOMEM;
  free(text);
  return st;
}

char *tw_saved_pipeline(tw_state *s) {
  thw_reader *in = tw_state_reader(s, "host");
  size_t n = tw_state_length(s, "host", "pipeline");
  char *text = tw_calloc(n + 1, 1);
  if (in && in->version == TW_SAVED_VERSION && in->blob(in, "pipeline", text, &n) == THW_OK)
    return text;
  free(text);
  return NULL;
}

thw_status tw_save_components(const tw_plan *p, tw_state *s, tw_diags *d) {
  size_t n;
  tw_node *const *node = tw_plan_nodes(p, &n);
  for (size_t i = 0; i < n; i++) {
    const thw_ext_state *ext = thw_ext(&node[i]->raw, THW_EXT_STATE);
    if (!ext) continue;
    thw_status st = ext->save(node[i]->raw.self, tw_state_writer(s, node[i]->path, ext->version));
    if (st == THW_OK) continue;
    char *text = st == THW_E_STATE ? tw_strdup(tw_state_error(s)) : tw_plan_text(p, st);
    tw_error(d, st, "saving the state of %s: %s", node[i]->path, text);
    free(text);
    return st;
  }
  return THW_OK;
}

thw_status tw_load_failed(const tw_plan *p, tw_state *s, thw_status st, const char *who,
                          const char *folder, tw_diags *d) {
  char *text = tw_plan_text(p, st);
  if (st == THW_E_STATE && strcmp(text, tw_status_text(st)) == 0) {
    free(text);
    text = tw_strdup(tw_state_error(s));
  }
  tw_error(d, st, "%s/checkpoint: the state of %s cannot be used: %s", folder, who, text);
  free(text);
  return st;
}

thw_status tw_load_components(const tw_plan *p, tw_state *s, const char *folder, tw_diags *d) {
  size_t n;
  tw_node *const *node = tw_plan_nodes(p, &n);
  for (size_t i = n; i-- > 0;) {
    const thw_ext_state *ext = thw_ext(&node[i]->raw, THW_EXT_STATE);
    if (!ext) continue;
    thw_reader *in = tw_state_reader(s, node[i]->path);
    if (in && in->version > ext->version)
      return tw_error(d, THW_E_STATE,
                      "%s/checkpoint: the state of %s has version %u, written by a newer plugin; "
                      "this one knows versions up to %u: resume with the plugin that wrote it",
                      folder, node[i]->path, in->version, ext->version);
    thw_status st = in ? ext->load(node[i]->raw.self, in) : THW_E_STATE;
    if (st != THW_OK) return tw_load_failed(p, s, st, node[i]->path, folder, d);
  }
  return THW_OK;
}
