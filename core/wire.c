/* SPDX-License-Identifier: BSD-3-Clause */
/* The plan: a pipeline checked whole before anything of it exists. */
#include "core/wire.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/config_tree.h"
#include "core/wire_plan.h"

/* Components that a pipeline has by name, without anybody referring to them. */
typedef struct root_group {
  const char *name;
  uint32_t kind;
} root_group;
static const root_group offline_roots[] = {{"source", THW_SOURCE},
                                           {"model", THW_MODEL},
                                           {"oracle", THW_ORACLE},
                                           {"optimizer", THW_OPTIMIZER}};
/* With the same `oracle', of another kind. */
static const root_group online_roots[] = {
    {"oracle", THW_LINEAR}, {"rounds", THW_ROUNDS}, {"learner", THW_LEARNER}};

/* Bounds the recursion from slot to slot. */
#define MAX_COMPONENTS 256

/* State of tw_plan_new. */
typedef struct planner {
  tw_plan *p;
  tw_diags *d;
  const root_group *roots;
  size_t n_roots;
} planner;

static tw_plan_item *resolve(planner *w, const char *path, const tw_value *group, uint32_t kind,
                             tw_value *parent);

/* ---- words --------------------------------------------------------------------------------------
 */

/* Reports at the value (NULL: nowhere) for the path. */
__attribute__((format(printf, 4, 5))) static void complain(planner *w, const tw_value *at,
                                                           const char *path, const char *fmt, ...) {
  va_list ap, again;
  va_start(ap, fmt);
  va_copy(again, ap);
  int n = vsnprintf(NULL, 0, fmt, again);
  va_end(again);
  char *text = tw_calloc((size_t)(n < 0 ? 0 : n) + 1, 1);
  if (n > 0) vsnprintf(text, (size_t)n + 1, fmt, ap);
  va_end(ap);
  char *where = at ? tw_config_where(at) : NULL;
  tw_error(w->d, THW_E_ARG, "%s%s%s: %s", where ? where : "", where ? ": " : "", path, text);
  free(where);
  free(text);
}

static const char *a_kind(uint32_t kind) {
  static const char *const words[THW_KINDS] = {
      [THW_SOURCE] = "a source",        [THW_MODEL] = "a model",
      [THW_ORACLE] = "an oracle",       [THW_OPTIMIZER] = "an optimizer",
      [THW_LINEAR] = "a linear oracle", [THW_ROUNDS] = "a sequence of rounds",
      [THW_LEARNER] = "a learner"};
  return kind > 0 && kind < THW_KINDS ? words[kind] : "a component of an unknown kind";
}

static int offers(const thw_component *c, const char *id) {
  for (size_t i = 0; c->offers && c->offers[i]; i++)
    if (strcmp(c->offers[i], id) == 0) return 1;
  return 0;
}

/* "there are: sgd, svrg" for a kind, of those that offer `need` unless that is NULL. Caller frees.
 */
static char *known_ids(const planner *w, uint32_t kind, const char *need) {
  size_t n, shown = 0;
  const tw_found *const *f = tw_registry_list(w->p->registry, kind, &n);
  char *list = tw_strdup("");
  for (size_t i = 0; i < n; i++) {
    if (need && !offers(f[i]->component, need)) continue;
    char *longer = tw_sprintf("%s%s%s", list, shown++ ? ", " : "", f[i]->component->id);
    free(list);
    list = longer;
  }
  char *text = shown ? tw_sprintf("there are: %s", list)
                     : tw_sprintf("none was found: `thalweg list %s'", tw_kind_name(kind));
  free(list);
  return text;
}

const thw_slot *tw_plan_slot(const thw_component *c, size_t i) {
  return (const thw_slot *)(const void *)((const char *)c->slots + i * c->slot_stride);
}

static const root_group *root_of(const planner *w, const char *name) {
  for (size_t i = 0; i < w->n_roots; i++)
    if (strcmp(w->roots[i].name, name) == 0) return &w->roots[i];
  return NULL;
}

static tw_plan_item *find_node(const tw_plan *p, const char *path) {
  for (size_t i = 0; i < p->n_all; i++)
    if (strcmp(p->all[i]->node.path, path) == 0) return p->all[i];
  return NULL;
}

/* ---- slots --------------------------------------------------------------------------------------
 */

static void complain_cycle(planner *w, const tw_value *at, const char *path,
                           const tw_plan_item *back) {
  char *chain = tw_strdup("");
  int in = 0;
  for (size_t i = 0; i < w->p->n_all; i++) {
    in |= w->p->all[i] == back;
    if (!in || !w->p->all[i]->active) continue;
    char *longer = tw_sprintf("%s%s -> ", chain, w->p->all[i]->node.path);
    free(chain);
    chain = longer;
  }
  complain(w, at, path, "this closes a cycle: %s%s: a component cannot be part of itself", chain,
           back->node.path);
  free(chain);
}

/* The instance of a top-level group, made at its first mention. */
static tw_plan_item *resolve_top(planner *w, const tw_value *group, uint32_t kind,
                                 const tw_value *at, const char *path) {
  tw_plan_item *n = find_node(w->p, group->name);
  if (!n) return resolve(w, group->name, group, kind, w->p->resolved);
  if (n->active) {
    complain_cycle(w, at, path, n);
    return NULL;
  }
  if (n->kind == kind) return n;
  complain(w, at, path, "%s is expected here, but \"%s\" is %s", a_kind(kind), group->name,
           a_kind(n->kind));
  return NULL;
}

static void complain_reference(planner *w, const tw_value *v, const char *path,
                               const thw_slot *slot) {
  const tw_value *c = w->p->config;
  if (tw_registry_find(w->p->registry, slot->kind, v->s)) {
    complain(w, v, path, "there is no top-level group \"%s\": write %s: { type = \"%s\"; }", v->s,
             slot->name, v->s);
    return;
  }
  const char **names = tw_calloc(c->n, sizeof *names);
  size_t n = 0;
  for (size_t i = 0; i < c->n; i++)
    if (c->v[i]->type == TW_GROUP && !tw_option_group_find(c->v[i]->name))
      names[n++] = c->v[i]->name;
  const char *near = tw_nearest(v->s, names, n);
  if (near)
    complain(w, v, path, "there is no top-level group \"%s\" (did you mean \"%s\"?)", v->s, near);
  else
    complain(w, v, path, "there is no top-level group \"%s\"", v->s);
  free((void *)names);
}

/* A slot that names a top-level group. */
static tw_plan_item *resolve_reference(planner *w, tw_plan_item *n, const thw_slot *slot,
                                       const tw_value *v, const char *path) {
  const tw_value *top = strchr(v->s, '.') ? NULL : tw_config_get(w->p->config, v->s);
  const root_group *root = root_of(w, v->s);
  if (!top || top->type != TW_GROUP || tw_option_group_find(v->s)) {
    complain_reference(w, v, path, slot);
    return NULL;
  }
  if (root && root->kind != slot->kind) {
    complain(w, v, path, "%s is expected here, but \"%s\" is %s", a_kind(slot->kind), v->s,
             a_kind(root->kind));
    return NULL;
  }
  tw_value *r = tw_value_add(n->resolved, tw_value_new(slot->name, TW_STR, v->file, v->line));
  r->s = tw_strdup(v->s);
  return resolve_top(w, top, slot->kind, v, path);
}

/* Nothing is written: the top-level group of the slot's name is taken, if it can be. */
static tw_plan_item *resolve_unwritten(planner *w, tw_plan_item *n, const thw_slot *slot,
                                       const char *path) {
  const tw_value *top = tw_config_get(w->p->config, slot->name);
  const root_group *root = root_of(w, slot->name);
  if (top && top->type == TW_GROUP && !tw_option_group_find(slot->name) &&
      !(root && root->kind != slot->kind)) {
    const tw_plan_item *known = find_node(w->p, slot->name);
    if (!known || (!known->active && known->kind == slot->kind)) {
      tw_value *r = tw_value_add(n->resolved, tw_value_new(slot->name, TW_STR, "default", 0));
      r->s = tw_strdup(slot->name);
      return resolve_top(w, top, slot->kind, n->group, path);
    }
  }
  if (slot->min == 0) return NULL;
  char *ids = known_ids(w, slot->kind, slot->needs ? slot->needs[0] : NULL);
  complain(w, n->group, path, "%s is needed here: write %s: { type = ...; }, %s (%s)",
           a_kind(slot->kind), slot->name,
           root && root->kind == slot->kind ? "here or at the top level"
                                            : "or name a top-level group",
           ids);
  free(ids);
  return NULL;
}

static void check_needs(planner *w, const tw_plan_item *n, const thw_slot *slot,
                        const tw_plan_item *child, const tw_value *at, const char *path) {
  const thw_component *c = child->node.found ? child->node.found->component : NULL;
  for (size_t i = 0; c && slot->needs && slot->needs[i]; i++) {
    if (offers(c, slot->needs[i])) continue;
    char *ids = known_ids(w, slot->kind, slot->needs[i]);
    complain(w, at, path, "\"%s\" does not offer %s, which \"%s\" needs here (of those that do %s)",
             c->id, slot->needs[i], n->node.found->component->id, ids);
    free(ids);
  }
}

static void fill_slot(planner *w, tw_plan_item *n, size_t i) {
  const thw_slot *slot = tw_plan_slot(n->node.found->component, i);
  const tw_value *v = tw_config_get(n->group, slot->name);
  char *path = tw_sprintf("%s.%s", n->node.path, slot->name);
  tw_plan_item *child = NULL;
  if (!v) {
    child = resolve_unwritten(w, n, slot, path);
  } else if (v->type == TW_GROUP) {
    child = resolve(w, path, v, slot->kind, n->resolved);
  } else if (v->type == TW_STR) {
    child = resolve_reference(w, n, slot, v, path);
  } else {
    char *found = tw_spell_value(v);
    complain(w, v, path, "expected %s, as a group or the name of a top-level group, found %s",
             a_kind(slot->kind), found);
    free(found);
  }
  if (child) {
    check_needs(w, n, slot, child, v ? v : n->group, path);
    child->in_slot = 1;
    n->child[i] = child;
  }
  free(path);
}

/* ---- components ---------------------------------------------------------------------------------
 */

static void unknown_type(planner *w, const tw_value *type, const char *path, uint32_t kind) {
  const char *elsewhere = NULL;
  for (uint32_t k = 1; k < THW_KINDS && !elsewhere; k++)
    if (k != kind && tw_registry_find(w->p->registry, k, type->s)) elsewhere = a_kind(k);
  size_t n;
  const tw_found *const *f = tw_registry_list(w->p->registry, kind, &n);
  const char **names = tw_calloc(n, sizeof *names);
  for (size_t i = 0; i < n; i++) names[i] = f[i]->component->id;
  const char *near = tw_nearest(type->s, names, n);
  char *ids = known_ids(w, kind, NULL);
  char *hint = near        ? tw_sprintf(" (did you mean \"%s\"?)", near)
               : elsewhere ? tw_sprintf(": it is %s, %s is expected here", elsewhere, a_kind(kind))
                           : tw_strdup("");
  char *at = tw_sprintf("%s.type", path);
  complain(w, type, at, "no %s is called \"%s\"%s; %s", tw_kind_name(kind), type->s, hint, ids);
  free(at);
  free(hint);
  free(ids);
  free((void *)names);
}

/* The component that `type` names. */
static const tw_found *find_type(planner *w, const tw_value *group, const char *path,
                                 uint32_t kind) {
  const tw_value *type = tw_config_get(group, "type");
  if (!type || type->type != TW_STR) {
    char *ids = known_ids(w, kind, NULL);
    complain(w, type ? type : group, path, "type = \"...\" must say which %s this is (%s)",
             tw_kind_name(kind), ids);
    free(ids);
    return NULL;
  }
  const tw_found *f = tw_registry_find(w->p->registry, kind, type->s);
  if (!f) unknown_type(w, type, path, kind);
  return f;
}

static thw_status fill_params(planner *w, tw_plan_item *n) {
  const thw_component *c = n->node.found->component;
  const char **others = tw_calloc((size_t)c->n_slots + 1, sizeof *others);
  others[0] = "type";
  for (size_t i = 0; i < c->n_slots; i++) others[i + 1] = tw_plan_slot(c, i)->name;
  n->node.params = tw_arena_own(&w->p->arena, tw_calloc(1, c->params_size));
  tw_schema s = {c->params, c->n_params, c->param_stride, others, (size_t)c->n_slots + 1};
  tw_section in = {n->node.path, n->group, c->id, n->group->file};
  thw_status st = tw_schema_fill(&s, &in, n->node.params, &w->p->arena, n->resolved, w->d);
  free((void *)others);
  return st;
}

/* What the component itself has to say about its parameters. */
static void check_params(planner *w, const tw_plan_item *n) {
  const thw_component *c = n->node.found->component;
  if (!c->check) return;
  const tw_options *o = &w->p->options;
  tw_session s = {
      .seed = (uint64_t)o->run.seed, .dtype = o->run.precision ? THW_F64 : THW_F32, .threads = 1};
  thw_ctx *ctx = tw_ctx_new(&s, n->node.path);
  thw_status st = c->check(&tw_host, ctx, n->node.params);
  if (st < 0) {
    char *text = tw_ctx_take_text(ctx, st);
    complain(w, n->group, n->node.path, "%s", text);
    free(text);
  }
  tw_ctx_free(ctx);
}

static tw_plan_item *new_node(tw_plan *p, const char *path, const tw_value *group, uint32_t kind,
                              tw_value *parent) {
  tw_plan_item *n = tw_calloc(1, sizeof *n);
  n->node.path = tw_strdup(path);
  n->kind = kind;
  n->group = group;
  n->active = 1;
  n->resolved = tw_value_add(parent, tw_value_new(group->name, TW_GROUP, group->file, group->line));
  p->all = tw_realloc(p->all, (p->n_all + 1) * sizeof(tw_plan_item *));
  return p->all[p->n_all++] = n;
}

/* Checks the component in the group and all that fills its slots. */
static tw_plan_item *resolve(planner *w, const char *path, const tw_value *group, uint32_t kind,
                             tw_value *parent) {
  tw_plan *p = w->p;
  if (p->n_all == MAX_COMPONENTS) {
    complain(w, group, path, "a pipeline has at most %d components", MAX_COMPONENTS);
    return NULL;
  }
  tw_plan_item *n = new_node(p, path, group, kind, parent);
  n->node.found = find_type(w, group, path, kind);
  if (n->node.found) {
    const thw_component *c = n->node.found->component;
    const tw_value *type = tw_config_get(group, "type");
    tw_value *r = tw_value_add(n->resolved, tw_value_new("type", TW_STR, type->file, type->line));
    r->s = tw_strdup(c->id);
    thw_status st = fill_params(w, n);
    n->child = tw_arena_own(&p->arena, tw_calloc(c->n_slots, sizeof(tw_plan_item *)));
    n->wired = tw_arena_own(&p->arena, tw_calloc(c->n_slots, sizeof *n->wired));
    n->node.wired = (thw_wired){.n = c->n_slots, .object = n->wired};
    for (size_t i = 0; i < c->n_slots; i++) fill_slot(w, n, i);
    if (st == THW_OK) check_params(w, n);
  }
  n->active = 0;
  p->order = tw_realloc(p->order, (p->n_order + 1) * sizeof(tw_node *));
  p->order[p->n_order++] = &n->node;
  return n;
}

/* ---- the top level ------------------------------------------------------------------------------
 */

/* A setting that only makes sense inside one of the host's groups: "seed" is run.seed. */
static const char *home_of(const char *name) {
  for (size_t i = 0; i < tw_n_option_groups; i++)
    for (size_t k = 0; k < tw_option_groups[i].n; k++)
      if (strcmp(tw_option_groups[i].params[k].name, name) == 0) return tw_option_groups[i].name;
  return NULL;
}

static int is_offline_root(const char *name) {
  for (size_t i = 0; i < sizeof offline_roots / sizeof offline_roots[0]; i++)
    if (strcmp(offline_roots[i].name, name) == 0) return 1;
  return 0;
}

static void unknown_top(planner *w, const tw_value *v) {
  const char *names[16];
  size_t n = 0;
  for (size_t i = 0; i < w->n_roots; i++) names[n++] = w->roots[i].name;
  for (size_t i = 0; i < tw_n_option_groups && n < 16; i++) names[n++] = tw_option_groups[i].name;
  const char *near = tw_nearest(v->name, names, n), *home = home_of(v->name);
  if (w->p->online && is_offline_root(v->name))
    complain(w, v, v->name,
             "has no place in an online pipeline, which is an oracle, rounds and a learner");
  else if (near)
    complain(w, v, v->name, "unknown %s (did you mean \"%s\"?)",
             v->type == TW_GROUP ? "group" : "setting", near);
  else if (home && v->type != TW_GROUP)
    complain(w, v, v->name, "unknown setting (did you mean \"%s.%s\"?)", home, v->name);
  else if (v->type == TW_GROUP)
    complain(w, v, v->name, "unknown group: no slot of the pipeline refers to \"%s\"", v->name);
  else
    complain(w, v, v->name, "unknown setting: at the top level there are only groups");
}

static void check_top(planner *w) {
  const tw_value *c = w->p->config;
  for (size_t i = 0; i < c->n; i++)
    if (!tw_option_group_find(c->v[i]->name) && !root_of(w, c->v[i]->name) &&
        !find_node(w->p, c->v[i]->name))
      unknown_top(w, c->v[i]);
}

/* What the pipeline cannot do without. */
static void check_complete(planner *w) {
  if (w->p->purpose == TW_PLAN_SOLVE) return;
  static const struct {
    const char *have, *lacks;
    uint32_t kind;
    int online;
    const char *words;
  } need[] = {{"optimizer", "oracle", THW_ORACLE, 0, "has no oracle to ask"},
              {"learner", "oracle", THW_LINEAR, 1, "has no oracle to ask"},
              {"learner", "rounds", THW_ROUNDS, 1, "has nothing to play against"},
              {"rounds", "learner", THW_LEARNER, 1, "have nobody who plays against them"}};
  const tw_value *c = w->p->config;
  for (size_t i = 0; i < sizeof need / sizeof need[0]; i++) {
    const tw_value *v = tw_config_get(c, need[i].have);
    if (need[i].online != w->p->online || !v || tw_config_get(c, need[i].lacks)) continue;
    char *ids = known_ids(w, need[i].kind, NULL);
    complain(w, v, need[i].have, "%s: write %s: { type = ...; } (%s)", need[i].words, need[i].lacks,
             ids);
    free(ids);
  }
}

static void resolve_roots(planner *w) {
  const tw_value *c = w->p->config;
  size_t found = 0;
  for (size_t i = 0; i < w->n_roots; i++) {
    const char *name = w->roots[i].name;
    const tw_value *v = tw_config_get(c, name);
    found += v != NULL;
    if (v && v->type != TW_GROUP) {
      char *text = tw_spell_value(v);
      complain(w, v, name, "expected a group, %s: { type = ...; }, found %s", name, text);
      free(text);
    } else if (v && !find_node(w->p, name)) {
      resolve(w, name, v, w->roots[i].kind, w->p->resolved);
    }
  }
  check_complete(w);
  if (found == 0)
    tw_error(w->d, THW_E_ARG,
             "this pipeline has no component: write the groups source, model, oracle and "
             "optimizer, or oracle, rounds and learner, or name a file that has them");
}

tw_plan *tw_plan_new(const tw_value *config, const tw_registry *r, tw_diags *d) {
  return tw_plan_for(TW_PLAN_RUN, config, r, d);
}

tw_plan *tw_plan_for(tw_purpose purpose, const tw_value *config, const tw_registry *r,
                     tw_diags *d) {
  size_t before = d->errors;
  tw_plan *p = tw_calloc(1, sizeof *p);
  p->config = config;
  p->registry = r;
  p->resolved = tw_config_new();
  p->purpose = purpose;
  p->online = purpose == TW_PLAN_SOLVE || tw_config_get(config, "rounds") ||
              tw_config_get(config, "learner");
  planner w = {p, d, offline_roots, sizeof offline_roots / sizeof offline_roots[0]};
  if (p->online) w.roots = online_roots, w.n_roots = sizeof online_roots / sizeof online_roots[0];
  tw_plan_fill_options(p, d);
  resolve_roots(&w);
  check_top(&w);
  if (d->errors == before) return p;
  tw_plan_free(p);
  return NULL;
}

void tw_plan_free(tw_plan *p) {
  if (!p) return;
  tw_plan_destroy(p);
  for (size_t i = 0; i < p->n_all; i++) {
    free(p->all[i]->node.path);
    free(p->all[i]);
  }
  free((void *)p->all);
  free((void *)p->order);
  tw_value_free(p->resolved);
  tw_arena_free(&p->arena);
  free(p);
}

const tw_options *tw_plan_options(const tw_plan *p) {
  return &p->options;
}
int tw_plan_is_online(const tw_plan *p) {
  return p->online;
}
const tw_value *tw_plan_resolved(const tw_plan *p) {
  return p->resolved;
}

tw_node *const *tw_plan_nodes(const tw_plan *p, size_t *n) {
  *n = p->n_order;
  return p->order;
}

tw_node *tw_plan_node(const tw_plan *p, const char *path) {
  tw_plan_item *n = find_node(p, path);
  return n ? &n->node : NULL;
}
