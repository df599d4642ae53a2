/* SPDX-License-Identifier: BSD-3-Clause */
/* What the learners of Hazan, Hu, Li and Li are compared with. */
#include <config.h>

#include "plugins/learners/improper.h"

static const thw_component *const components[] = {&learner_ftl, &learner_ftpl, &learner_garber,
                                                  &learner_kkl};

static const thw_plugin plugin = {
    THW_PLUGIN_HEAD,
    .id = "online-baselines",
    .version = PACKAGE_VERSION,
    .license = "BSD-3-Clause",
    .n_components = sizeof components / sizeof components[0],
    .components = components,
};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
