/* SPDX-License-Identifier: BSD-3-Clause */
/* core/cli/info.h - what `thalweg info` tells about, and its two ways to tell it. */
#ifndef TW_INFO_H
#define TW_INFO_H

#include "core/registry.h"
#include "core/wire.h"

/* A component, or a group of the host's own options. */
typedef struct tw_topic {
  const tw_found *found;        /* NULL for a group */
  const tw_option_group *group; /* NULL for a component */
  const thw_param *params;
  size_t n_params, stride;
} tw_topic;

const thw_param *tw_topic_param(const tw_topic *t, size_t i);
const thw_slot *tw_topic_slot(const tw_topic *t, size_t i);
size_t tw_topic_slots(const tw_topic *t);

/* "int", "real", ...: the word for a parameter's type. */
const char *tw_type_word(const thw_param *p);

void tw_topic_print(const tw_topic *t, int width);
void tw_topic_print_json(const tw_topic *t);

#endif
