/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "core/error.h"

tw_ledger *tw_ledger_new(void) {
  tw_ledger *l = tw_calloc(1, sizeof *l);
  l->budget = -1;
  tw_ledger_enter(l, "host", 0);
  return l;
}

void tw_ledger_free(tw_ledger *l) {
  if (!l) return;
  for (size_t i = 0; i < l->n; i++) free(l->v[i].name);
  free(l->v);
  free(l);
}

static size_t open_account(tw_ledger *l, const char *name, int budgeted) {
  for (size_t i = 0; i < l->n; i++)
    if (strcmp(l->v[i].name, name) == 0) return i;
  if (l->n == l->cap) {
    l->cap = l->cap ? 2 * l->cap : 8;
    l->v = tw_realloc(l->v, l->cap * sizeof *l->v);
  }
  l->v[l->n] = (tw_account){.name = tw_strdup(name), .budgeted = budgeted};
  return l->n++;
}

size_t tw_ledger_enter(tw_ledger *l, const char *name, int budgeted) {
  size_t before = l->current;
  l->current = l->base = open_account(l, name, budgeted);
  return before;
}

void tw_ledger_leave(tw_ledger *l, size_t before) {
  l->current = before;
  const char *colon = strchr(l->v[before].name, ':');
  if (!colon) {
    l->base = before;
    return;
  }
  char *base = tw_sprintf("%.*s", (int)(colon - l->v[before].name), l->v[before].name);
  l->base = open_account(l, base, l->v[before].budgeted);
  free(base);
}

void tw_ledger_stage(tw_ledger *l, const char *purpose) {
  if (!purpose) {
    l->current = l->base;
    return;
  }
  char *name = tw_sprintf("%s:%s", l->v[l->base].name, purpose);
  l->current = open_account(l, name, l->v[l->base].budgeted);
  free(name);
}

thw_status tw_ledger_afford(const tw_ledger *l, int64_t work) {
  if (l->budget < 0 || !l->v[l->current].budgeted) return THW_OK;
  return work > l->budget - l->spent ? THW_BUDGET : THW_OK;
}

void tw_ledger_charge(tw_ledger *l, const tw_counts *c) {
  tw_counts *t = &l->v[l->current].counts;
  t->gradients += c->gradients;
  t->values += c->values;
  t->hvp += c->hvp;
  t->pairs += c->pairs;
  t->calls += c->calls;
  if (l->v[l->current].budgeted) l->spent += tw_counts_work(c);
}

tw_counts tw_ledger_total(const tw_ledger *l, int budgeted) {
  tw_counts t = {0};
  for (size_t i = 0; i < l->n; i++) {
    if (budgeted >= 0 && l->v[i].budgeted != budgeted) continue;
    const tw_counts *c = &l->v[i].counts;
    t.gradients += c->gradients, t.values += c->values, t.hvp += c->hvp;
    t.pairs += c->pairs, t.calls += c->calls;
  }
  return t;
}
