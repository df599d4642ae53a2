/* SPDX-License-Identifier: BSD-3-Clause */
/* The component under test, wired to built-in ones. */
#include <stdlib.h>
#include <string.h>

#include "core/oracle.h"
#include "core/registry.h"
#include "core/verify/priv.h"

enum { SMALL_ROWS = 40 };

/* ---- parameters -------------------------------------------------------------------------------
 */

tw_schema vf_schema(const thw_component *c) {
  return (tw_schema){.params = c->params, .n = c->n_params, .stride = c->param_stride};
}

/* The group that --set makes, without what is meant for the other components of the plugin. */
static tw_value *group_of(const vf_case *k, tw_diags *d) {
  tw_value *group = tw_config_new();
  tw_schema s = vf_schema(k->component);
  for (size_t i = 0; i < k->o->n_sets; i++) {
    size_t len = strcspn(k->o->sets[i], "=");
    for (size_t j = 0; j < s.n; j++) {
      const char *name = tw_schema_param(&s, j)->name;
      if (strlen(name) == len && strncmp(name, k->o->sets[i], len) == 0)
        tw_config_set(group, k->o->sets[i], d);
    }
  }
  return group;
}

int vf_param_is_set(const vf_case *k, const char *name) {
  for (size_t i = 0; i < k->o->n_sets; i++)
    if (strncmp(k->o->sets[i], name, strlen(name)) == 0 && k->o->sets[i][strlen(name)] == '=')
      return 1;
  return 0;
}

/* Room behind the struct, so that a component that writes there is found by the sanitizers and
 * valgrind, and one that reads there reads zeros. */
void *vf_params_new(vf_case *k, tw_arena *a) {
  const thw_component *c = k->component;
  tw_diags d = {0};
  tw_schema s = vf_schema(c);
  tw_value *group = group_of(k, &d), *resolved = tw_config_new();
  tw_section in = {.path = c->id, .group = group};
  for (size_t i = 0; i < s.n; i++) {
    const thw_param *p = tw_schema_param(&s, i);
    if ((p->flags & THW_P_REQUIRED) && !vf_param_is_set(k, p->name)) {
      vf_skip(k, "parameter \"%s\" has no default: give it a value with --set %s=...", p->name,
              p->name);
      tw_config_free(group);
      tw_config_free(resolved);
      return NULL;
    }
  }
  void *params = tw_calloc(1, c->params_size ? c->params_size : 1);
  if (d.errors == 0) tw_schema_fill(&s, &in, params, a, resolved, &d);
  if (d.errors) {
    vf_fail(k, "%s", d.v[0].text);
    free(params);
    params = NULL;
  }
  tw_diags_free(&d);
  tw_config_free(group);
  tw_config_free(resolved);
  return params;
}

/* ---- slots ------------------------------------------------------------------------------------
 */

static const thw_slot *slot_at(const thw_component *c, uint32_t i) {
  return (const thw_slot *)(const void *)((const char *)c->slots + (size_t)i * c->slot_stride);
}

static vf_rows *rows_of(vf_inst *in, const vf_setup *s) {
  int variant = in->variant;
  if (!in->rows)
    in->rows = vf_rows_new(in->k->session.dtype, variant, s->rows ? s->rows : SMALL_ROWS);
  return in->rows;
}

static void fill_slot(vf_inst *in, const vf_setup *s, uint32_t kind, thw_object *out) {
  switch (kind) {
  case THW_SOURCE:
    *out = *vf_rows_object(rows_of(in, s));
    break;
  case THW_MODEL:
    if (!in->squares) in->squares = vf_squares_new(vf_rows_object(rows_of(in, s)));
    *out = *vf_squares_object(in->squares);
    break;
  case THW_ORACLE:
    if (!in->sum) in->sum = vf_sum_new(in->k->session.dtype, VF_QUADRATIC, 1);
    *out = *vf_sum_object(in->sum);
    break;
  case THW_OPTIMIZER:
    if (!in->descent) {
      in->descent = vf_descent_new();
      in->inner_ctx = tw_ctx_new(&in->k->session, "optimizer.inner");
      in->inner =
          tw_optimizer_proxy_new(&in->k->session, in->inner_ctx, vf_descent_object(in->descent));
    }
    *out = *in->inner;
    break;
  case THW_LINEAR:
    if (!in->five) in->five = vf_five_new();
    *out = *vf_five_object(in->five);
    break;
  default:
    break;
  }
}

/* Whether the built-in component of a slot offers what the slot needs. */
static int suits(const thw_object *o, const thw_slot *slot) {
  if (!o->ops) return 0;
  for (const char *const *id = slot->needs; id && *id; id++)
    if (!thw_ext(o, *id)) return 0;
  return 1;
}

/* What fills the slots of the process's one bare instance, and what may be seen of it. */
static struct {
  void *self;
  const void *(*ext)(void *self, const char *id);
  const char *const *needs;
} bare[VF_MAX_SLOTS];

static const void *needed_ext(void *self, const char *id) {
  for (size_t i = 0; i < VF_MAX_SLOTS; i++)
    for (size_t j = 0; bare[i].self == self && bare[i].needs && bare[i].needs[j]; j++)
      if (strcmp(bare[i].needs[j], id) == 0) return bare[i].ext ? bare[i].ext(self, id) : NULL;
  return NULL;
}

static void make_bare(thw_object *o, const thw_slot *slot, uint32_t i) {
  bare[i].self = o->self;
  bare[i].ext = o->ext;
  bare[i].needs = slot->needs;
  o->ext = needed_ext;
}

static int fill_slots(vf_inst *in, const vf_setup *s, char **text) {
  const thw_component *c = in->k->component;
  in->wired = (thw_wired){.n = c->n_slots, .object = in->slot};
  if (c->n_slots > VF_MAX_SLOTS) {
    *text = tw_sprintf("%u slots are more than this tool can fill", c->n_slots);
    return -1;
  }
  for (uint32_t i = 0; i < c->n_slots; i++) {
    const thw_slot *slot = slot_at(c, i);
    if (s->empty_slots && slot->min == 0) continue;
    thw_object o = {0};
    fill_slot(in, s, slot->kind, &o);
    if (suits(&o, slot)) {
      in->slot[i] = o;
      if (s->bare_slots) make_bare(&in->slot[i], slot, i);
    } else if (slot->min > 0) {
      *text = tw_sprintf("there is no built-in %s to fill slot \"%s\"", tw_kind_name(slot->kind),
                         slot->name);
      return -1;
    }
  }
  return 0;
}

/* ---- the instance -----------------------------------------------------------------------------
 */

/* In the host's order: the inner optimizer may hold something of an oracle that the outer one
 * built.
 */
void vf_inst_end(vf_inst *in) {
  vf_descent_free(in->descent);
  in->descent = NULL;
  if (in->object.self) in->k->component->destroy(in->object.self);
  in->object.self = NULL;
  tw_optimizer_proxy_free(in->inner);
  tw_ctx_free(in->inner_ctx);
  in->inner = NULL;
  in->inner_ctx = NULL;
}

static void release(vf_inst *in) {
  vf_inst_end(in);
  vf_sum_free(in->sum);
  vf_squares_free(in->squares);
  vf_rows_free(in->rows);
  vf_five_free(in->five);
  tw_ctx_free(in->ctx);
  tw_arena_free(&in->arena);
  free(in->params);
  free(in);
}

void vf_inst_free(vf_inst *in) {
  if (in) release(in);
}

char *vf_inst_text(vf_inst *in, thw_status st) {
  char *words = tw_ctx_take_text(in->ctx, st);
  char *text = tw_sprintf("%s (status %d)", words, (int)st);
  free(words);
  return text;
}

static thw_status create(vf_inst *in) {
  const thw_component *c = in->k->component;
  void *self = NULL;
  if (c->check) THW_TRY(c->check(&vf_host, in->ctx, in->params));
  thw_status st = c->create(c, &vf_host, in->ctx, in->params, &in->wired, &self);
  if (st != THW_OK) return st;
  if (!self)
    return tw_host.fail(in->ctx, THW_E_INTERNAL, "create answered THW_OK without instance");
  in->object = (thw_object){sizeof in->object, c->kind, c->ops, self, c->ext};
  return THW_OK;
}

static thw_status make(vf_case *k, const vf_setup *s, int variant, vf_inst **out, char **text,
                       int *missing) {
  vf_inst *in = tw_calloc(1, sizeof *in);
  thw_status st;
  in->k = k;
  in->variant = variant;
  in->ctx = tw_ctx_new(&k->session, s->path ? s->path : tw_kind_name(k->component->kind));
  in->params = vf_params_new(k, &in->arena);
  if (!in->params || fill_slots(in, s, text) != 0) {
    if (!*text) *text = tw_strdup(k->reason);
    *missing = 1;
    st = THW_E_UNSUPPORTED;
  } else {
    if (s->params) memcpy(in->params, s->params, k->component->params_size);
    st = create(in);
    if (st != THW_OK) *text = vf_inst_text(in, st);
  }
  if (st == THW_OK)
    *out = in;
  else
    release(in);
  return st;
}

/* Whether the kind of rows makes a difference to it. */
static int sees_rows(const thw_component *c) {
  for (uint32_t i = 0; i < c->n_slots; i++)
    if (slot_at(c, i)->kind == THW_SOURCE || slot_at(c, i)->kind == THW_MODEL) return 1;
  return 0;
}

thw_status vf_inst_new(vf_case *k, const vf_setup *s, vf_inst **out, char **text, int *missing) {
  char *why = NULL;
  int lacks = 0;
  thw_status st = THW_E_UNSUPPORTED;
  int first = s->variant < 0 ? 0 : s->variant, last = s->variant < 0 ? VF_VARIANTS - 1 : first;
  for (int v = first; v <= last; v++) {
    free(why);
    why = NULL;
    st = make(k, s, v, out, &why, &lacks);
    if (st != THW_E_UNSUPPORTED && st != THW_E_ARG) break;
    if (lacks || vf_mem.fail_at || !sees_rows(k->component)) break;
  }
  if (missing) *missing = lacks;
  if (text)
    *text = why;
  else
    free(why);
  return st;
}

vf_inst *vf_inst_need(vf_case *k, const vf_setup *s) {
  static const vf_setup plain = {.variant = -1};
  vf_inst *in = NULL;
  char *why = NULL;
  int missing = 0;
  thw_status st = vf_inst_new(k, s ? s : &plain, &in, &why, &missing);
  if (st != THW_OK) {
    if (missing)
      vf_skip(k, "%s", why);
    else
      vf_fail(k, "no instance: %s", why);
    in = NULL;
  }
  free(why);
  return in;
}
