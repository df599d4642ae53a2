/* SPDX-License-Identifier: BSD-3-Clause */
/* The learners of Hazan, Hu, Li and Li. */
#include <config.h>

#include "plugins/learners/improper.h"

static const thw_component *const components[] = {&improper_bandit, &improper_cmwu, &improper_omd};

static const thw_plugin plugin = {
    THW_PLUGIN_HEAD,
    .id = "improper",
    .version = PACKAGE_VERSION,
    .license = "BSD-3-Clause",
    .n_components = sizeof components / sizeof components[0],
    .components = components,
};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
