/* SPDX-License-Identifier: BSD-3-Clause */
/* What a component says about its slots, held against the host's wiring and its own create. */
#include <stdlib.h>
#include <string.h>

#include "core/registry_priv.h"
#include "core/verify/priv.h"
#include "core/wire.h"

enum { ROOTS = 4, NEEDS = 32 };

/* Groups that a pipeline may have at its top. */
static const struct {
  const char *name;
  uint32_t kind;
} roots[ROOTS] = {{"source", THW_SOURCE},
                  {"model", THW_MODEL},
                  {"oracle", THW_ORACLE},
                  {"optimizer", THW_OPTIMIZER}};

static const thw_slot *slot_at(const thw_component *c, uint32_t i) {
  return (const thw_slot *)(const void *)((const char *)c->slots + (size_t)i * c->slot_stride);
}

/* ---- what to fill slots with: for each kind one that offers all, and one that offers nothing.
 * They are wired and never created. */

typedef struct fillers {
  vf_rows *rows;
  vf_squares *squares;
  vf_sum *sum;
  vf_descent *descent;
  thw_component able[ROOTS], bare[ROOTS];
  const thw_component *all[2 * ROOTS];
  const char *needs[ROOTS][NEEDS];
  thw_plugin plugin;
} fillers;

static thw_status no_create(const thw_component *me, const thw_host *h, thw_ctx *c,
                            const void *params, const thw_wired *slots, void **self) {
  (void)me, (void)params, (void)slots, (void)self;
  return h->fail(c, THW_E_UNSUPPORTED, "for wiring only");
}

static void no_destroy(void *self) {
  (void)self;
}

static const void *no_ext(void *self, const char *id) {
  (void)self, (void)id;
  return NULL;
}

static void filler(thw_component *c, size_t root, const char *id, const void *ops,
                   const char *const *offers) {
  thw_component made = {THW_COMPONENT_HEAD(roots[root].kind),
                        .id = id,
                        .version = "1",
                        .summary = "fills a slot",
                        .offers = offers,
                        .ops = ops,
                        .create = no_create,
                        .destroy = no_destroy,
                        .ext = no_ext};
  memcpy(c, &made, sizeof made);
}

static void make_fillers(vf_case *k, fillers *f) {
  static const char *const able[ROOTS] = {"able-source", "able-model", "able-oracle",
                                          "able-method"};
  static const char *const bare[ROOTS] = {"bare-source", "bare-model", "bare-oracle",
                                          "bare-method"};
  memset(f, 0, sizeof *f);
  f->rows = vf_rows_new(THW_F64, VF_DENSE_REAL, 4);
  f->squares = vf_squares_new(vf_rows_object(f->rows));
  f->sum = vf_sum_new(THW_F64, VF_QUADRATIC, 1);
  f->descent = vf_descent_new();
  const void *ops[ROOTS] = {vf_rows_object(f->rows)->ops, vf_squares_object(f->squares)->ops,
                            vf_sum_object(f->sum)->ops, vf_descent_object(f->descent)->ops};
  for (size_t r = 0; r < ROOTS; r++) {
    size_t n = 0;
    for (uint32_t i = 0; i < k->component->n_slots; i++) {
      const thw_slot *s = slot_at(k->component, i);
      for (size_t j = 0; s->kind == roots[r].kind && s->needs && s->needs[j] && n + 1 < NEEDS; j++)
        f->needs[r][n++] = s->needs[j];
    }
    filler(&f->able[r], r, able[r], ops[r], f->needs[r]);
    filler(&f->bare[r], r, bare[r], ops[r], NULL);
    f->all[2 * r] = &f->able[r];
    f->all[2 * r + 1] = &f->bare[r];
  }
  f->plugin =
      (thw_plugin){THW_PLUGIN_HEAD,           .id = "fillers",           .version = "1",
                   .license = "BSD-3-Clause", .n_components = 2 * ROOTS, .components = f->all};
}

static void free_fillers(fillers *f) {
  vf_descent_free(f->descent);
  vf_sum_free(f->sum);
  vf_squares_free(f->squares);
  vf_rows_free(f->rows);
}

/* ---- pipelines ---------------------------------------------------------------------------------
 */

static size_t root_of(uint32_t kind) {
  size_t r = 0;
  while (r < ROOTS && roots[r].kind != kind) r++;
  return r;
}

static void set(tw_value *config, tw_diags *d, char *assignment) {
  tw_config_set(config, assignment, d);
  free(assignment);
}

/* The component at its place with what --set gave it, able components everywhere else. */
static tw_value *pipeline(const vf_case *k, const fillers *f, tw_diags *d) {
  const thw_component *c = k->component;
  size_t mine = root_of(c->kind);
  tw_value *config = tw_config_new();
  for (size_t r = 0; r < ROOTS; r++)
    set(config, d, tw_sprintf("%s.type=\"%s\"", roots[r].name, r == mine ? c->id : f->able[r].id));
  for (uint32_t i = 0; i < c->n_params; i++) {
    const thw_param *p =
        (const thw_param *)(const void *)((const char *)c->params + (size_t)i * c->param_stride);
    for (size_t s = 0; s < k->o->n_sets; s++)
      if (vf_param_is_set(k, p->name) && strncmp(k->o->sets[s], p->name, strlen(p->name)) == 0 &&
          k->o->sets[s][strlen(p->name)] == '=')
        set(config, d, tw_sprintf("%s.%s", roots[mine].name, k->o->sets[s]));
  }
  return config;
}

/* Slot i (all others are filled as they want) is written as `value`: "NAME" of a top-level group, a
 * group's ".type=\"ID\"", or NULL: not at all. 1 when the wiring takes it; otherwise *why, if asked
 * for, is its first word. */
static int takes(const vf_case *k, const fillers *f, uint32_t at, const char *value, char **why) {
  const thw_component *c = k->component;
  const thw_plugin *plugins[] = {k->plugin, &f->plugin};
  tw_diags d = {0};
  tw_value *config = pipeline(k, f, &d);
  const char *mine = roots[root_of(c->kind)].name;
  for (uint32_t i = 0; i < c->n_slots; i++) {
    const thw_slot *s = slot_at(c, i);
    if (i != at)
      set(config, &d, tw_sprintf("%s.%s.type=\"%s\"", mine, s->name, f->able[root_of(s->kind)].id));
    else if (value)
      set(config, &d, tw_sprintf("%s.%s%s", mine, s->name, value));
  }
  tw_registry *r = tw_registry_of(plugins, 2, &d);
  tw_plan *plan = r ? tw_plan_new(config, r, &d) : NULL;
  int taken = plan != NULL;
  if (why) *why = tw_strdup(d.n ? d.v[0].text : "");
  tw_plan_free(plan);
  tw_registry_free(r);
  tw_config_free(config);
  tw_diags_free(&d);
  return taken;
}

static void try_right(vf_case *k, const fillers *f, uint32_t i) {
  const thw_slot *s = slot_at(k->component, i);
  char *value = tw_sprintf(".type=\"%s\"", f->able[root_of(s->kind)].id), *why = NULL;
  if (!takes(k, f, i, value, &why))
    vf_fail(k, "slot \"%s\" does not take a component that offers all it needs: %s", s->name, why);
  free(value);
  free(why);
}

static void try_wrong(vf_case *k, const fillers *f, uint32_t i) {
  const thw_slot *s = slot_at(k->component, i);
  for (size_t r = 0; r < ROOTS; r++) {
    if (roots[r].kind == s->kind) continue;
    char *nested = tw_sprintf(".type=\"%s\"", f->able[r].id);
    char *named = tw_sprintf("=\"%s\"", roots[r].name);
    if (takes(k, f, i, nested, NULL) ||
        (roots[r].kind != k->component->kind && takes(k, f, i, named, NULL)))
      vf_fail(k, "slot \"%s\" takes a %s where it wants a %s", s->name, roots[r].name,
              tw_kind_name(s->kind));
    free(nested);
    free(named);
  }
  char *bare = tw_sprintf(".type=\"%s\"", f->bare[root_of(s->kind)].id);
  if (s->needs && s->needs[0] && takes(k, f, i, bare, NULL))
    vf_fail(k, "slot \"%s\" takes a component that does not offer %s", s->name, s->needs[0]);
  free(bare);
  int by_name = 0; /* a top-level group of the slot's name fills it unwritten */
  for (size_t r = 0; r < ROOTS; r++) by_name |= strcmp(roots[r].name, s->name) == 0;
  if (s->min > 0 && !by_name && takes(k, f, i, NULL, NULL))
    vf_fail(k, "slot \"%s\" must be filled, and a pipeline without it is taken", s->name);
}

/* What the wiring lets through, create must be content with: one that offers what .needs lists and
 * nothing else. */
static void create_bare(vf_case *k) {
  vf_inst *in = vf_inst_need(k, NULL);
  char *why = NULL;
  int missing = 0;
  if (!in) return;
  vf_inst_free(in);
  in = NULL;
  thw_status st = vf_inst_new(k, &(vf_setup){.variant = -1, .bare_slots = 1}, &in, &why, &missing);
  if (st == THW_OK)
    vf_inst_free(in);
  else if (!missing)
    vf_fail(k,
            "create refuses components that offer what .needs of the slots lists and no more: list "
            "there what it wants, so that it is said before anything runs: %s",
            why);
  free(why);
}

static int slots(vf_case *k) {
  const thw_component *c = k->component;
  fillers f;
  tw_arena arena = {0};
  if (c->n_slots == 0) return vf_skip(k, "it has no slots");
  for (uint32_t i = 0; i < c->n_slots; i++)
    if (root_of(slot_at(c, i)->kind) == ROOTS)
      return vf_skip(k, "there is no built-in %s to fill slot \"%s\"",
                     tw_kind_name(slot_at(c, i)->kind), slot_at(c, i)->name);
  void *params = vf_params_new(k, &arena);
  if (params) {
    make_fillers(k, &f);
    for (uint32_t i = 0; i < c->n_slots && k->outcome != VF_FAIL; i++) {
      try_right(k, &f, i);
      if (k->outcome != VF_FAIL) try_wrong(k, &f, i);
    }
    free_fillers(&f);
    if (k->outcome != VF_FAIL) create_bare(k);
  }
  free(params);
  tw_arena_free(&arena);
  return 0;
}

const vf_check vf_checks_slots[] = {
    {"slots", VF_ANY, "wiring refuses wrong kinds and capabilities, and create needs no others",
     slots},
    {NULL, 0, NULL, NULL},
};
