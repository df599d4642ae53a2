/* SPDX-License-Identifier: BSD-3-Clause */
/* From a plan to live instances, inner ones first, and back. */
#include <stdlib.h>

#include <thalweg/model.h>

#include "core/oracle.h"
#include "core/wire_plan.h"

static thw_status explain(const tw_plan_item *n, thw_status st, tw_diags *d) {
  char *text = tw_ctx_take_text(n->node.ctx, st);
  tw_error(d, st, "%s: %s", n->node.path, text);
  free(text);
  return st;
}

/* The plugin broke a promise: name it, so that the user knows whom to tell. */
static thw_status blame(const tw_plan_item *n, const char *what, tw_diags *d) {
  return tw_error(d, THW_E_INTERNAL, "%s: %s: the component \"%s\" %s: report this to its author",
                  n->node.path, n->node.found->file, n->node.found->component->id, what);
}

/* What the slots need was promised by `offers`; a user of an extension does not expect NULL. */
static thw_status check_promises(const tw_plan_item *n, tw_diags *d) {
  const thw_component *c = n->node.found->component;
  for (size_t i = 0; i < c->n_slots; i++) {
    const thw_slot *slot = tw_plan_slot(c, i);
    for (size_t k = 0; n->child[i] && slot->needs && slot->needs[k]; k++) {
      if (thw_ext(&n->child[i]->node.raw, slot->needs[k])) continue;
      char *what = tw_sprintf("says that it offers %s, but has no table for it", slot->needs[k]);
      thw_status st = blame(n->child[i], what, d);
      free(what);
      return st;
    }
  }
  return THW_OK;
}

static thw_status create(tw_plan_item *n, tw_session *s, tw_diags *d) {
  const thw_component *c = n->node.found->component;
  if (!c->ops || !c->create) return blame(n, "has no table of functions, or no create", d);
  for (size_t i = 0; i < c->n_slots; i++)
    n->wired[i] = n->child[i]
                      ? n->child[i]->node.object
                      : (thw_object){.size = sizeof(thw_object), .kind = tw_plan_slot(c, i)->kind};
  n->node.ctx = tw_ctx_new(s, n->node.path);
  THW_TRY(check_promises(n, d));
  void *self = NULL;
  thw_status st = c->create(c, &tw_host, n->node.ctx, n->node.params, &n->node.wired, &self);
  if (st < 0) return explain(n, st, d);
  n->node.raw = (thw_object){
      .size = sizeof(thw_object), .kind = c->kind, .ops = c->ops, .self = self, .ext = c->ext};
  n->created = 1;
  if (st == THW_CANCELLED) return st;
  n->node.object = n->node.raw;
  if (c->kind != THW_OPTIMIZER || !n->in_slot) return THW_OK;
  n->proxy = tw_optimizer_proxy_new(s, n->node.ctx, &n->node.raw);
  if (!n->proxy) return explain(n, THW_E_NOMEM, d);
  n->node.object = *n->proxy;
  return THW_OK;
}

/* The model whose value on a batch depends on the batches before, or NULL. */
static const tw_node *carrying(const tw_plan *p) {
  for (size_t i = 0; i < p->n_order; i++) {
    const tw_node *n = p->order[i];
    thw_layout l = {.size = sizeof l};
    if (n->found->component->kind != THW_MODEL) continue;
    const thw_model_ops *ops = n->raw.ops;
    if (ops->layout(n->raw.self, &l) == THW_OK && l.flags & THW_MODEL_CARRIES) return n;
  }
  return NULL;
}

/* Two gradients of such a model on one batch are not those of one function. */
static thw_status refuse_two_points(const tw_plan *p, tw_diags *d) {
  const tw_node *model = carrying(p);
  thw_status st = THW_OK;
  for (size_t i = 0; model && i < p->n_order; i++) {
    const tw_plan_item *n = (const tw_plan_item *)(const void *)p->order[i];
    const thw_component *c = n->node.found->component;
    if (c->kind != THW_OPTIMIZER || c->flags & THW_F_ONE_POINT) continue;
    char *where = n->group ? tw_config_where(n->group) : NULL;
    st = tw_error(
        d, THW_E_ARG,
        "%s%s%s: \"%s\" compares gradients at two points of the same batch, but %s (\"%s\") "
        "carries states from batch to batch, so that there is no one function to compare: "
        "use sgd, adam, gd or lbfgs, or set carry_state = false",
        where ? where : "", where ? ": " : "", n->node.path, c->id, model->path,
        model->found->component->id);
    free(where);
  }
  return st;
}

thw_status tw_plan_create(tw_plan *p, tw_session *s, tw_diags *d) {
  thw_status st = THW_OK;
  tw_plan_destroy(p);
  for (size_t i = 0; st == THW_OK && i < p->n_order; i++)
    st = create((tw_plan_item *)(void *)p->order[i], s, d);
  if (st == THW_OK) st = refuse_two_points(p, d);
  if (st != THW_OK) tw_plan_destroy(p);
  return st;
}

/* A learner holds decisions that belong to an oracle. */
static int is_method(const tw_plan_item *n) {
  uint32_t kind = n->node.found ? n->node.found->component->kind : 0;
  return kind == THW_OPTIMIZER || kind == THW_LEARNER;
}

static void destroy_instance(tw_plan_item *n) {
  if (n->created && n->node.raw.self) n->node.found->component->destroy(n->node.raw.self);
  n->created = 0;
  n->node.raw.self = NULL;
}

static void forget_instance(tw_plan_item *n) {
  /* The proxy holds the oracle that the instance was started on: it outlives it. */
  tw_optimizer_proxy_free(n->proxy);
  tw_ctx_free(n->node.ctx);
  n->node.ctx = NULL;
  n->proxy = NULL;
  n->node.raw = n->node.object = (thw_object){0};
}

/* An inner optimizer may hold batches and snapshots of an oracle that its outer one built, and both
 * those of the pipeline's oracle: inner before outer, optimizers before the rest, and of the rest
 * the last made first. */
void tw_plan_destroy(tw_plan *p) {
  for (size_t i = 0; i < p->n_order; i++) {
    tw_plan_item *n = (tw_plan_item *)(void *)p->order[i];
    if (is_method(n)) destroy_instance(n);
  }
  for (size_t i = p->n_order; i-- > 0;) {
    tw_plan_item *n = (tw_plan_item *)(void *)p->order[i];
    if (is_method(n)) forget_instance(n);
  }
  for (size_t i = p->n_order; i-- > 0;) {
    tw_plan_item *n = (tw_plan_item *)(void *)p->order[i];
    destroy_instance(n);
    forget_instance(n);
  }
}
