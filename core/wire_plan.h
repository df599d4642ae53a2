/* SPDX-License-Identifier: BSD-3-Clause */
/* core/wire_plan.h - the inside of a plan, shared by its making (wire.c) and its creation
 * (wire_create.c). */
#ifndef TW_WIRE_PLAN_H
#define TW_WIRE_PLAN_H

#include "core/schema.h"
#include "core/wire.h"

typedef struct tw_plan_item tw_plan_item;
struct tw_plan_item {
  tw_node node; /* what the outside sees; first, so that the addresses are the same */
  uint32_t kind;
  const tw_value *group; /* what the file says */
  tw_value *resolved;    /* what is written back; belongs to the plan's tree */
  tw_plan_item **child;  /* by slot; NULL: empty. In the arena, as is the next one */
  thw_object *wired;     /* by slot */
  int active;            /* being resolved: meeting it again is a cycle */
  int in_slot;           /* fills a slot of another one */
  int created;           /* create() came back well */
  thw_object *proxy;     /* the host's proxy of an optimizer in a slot */
};

struct tw_plan {
  const tw_value *config;
  const tw_registry *registry;
  tw_options options;
  tw_purpose purpose;
  int online; /* a learner plays rounds, instead of an optimizer moving a point */
  tw_value *resolved;
  tw_arena arena;
  tw_plan_item **all; /* as met: outer ones before what fills their slots */
  size_t n_all;
  tw_node **order; /* of creation */
  size_t n_order;
};

const thw_slot *tw_plan_slot(const thw_component *c, size_t i);
/* Destroys what was created, outer ones first. */
void tw_plan_destroy(tw_plan *p);
/* The option group of that name, or NULL. */
const tw_option_group *tw_option_group_find(const char *name);
/* Fills p->options from the configuration and appends the groups to the resolved tree. */
void tw_plan_fill_options(tw_plan *p, tw_diags *d);

#endif
