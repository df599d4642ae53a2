/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/sources/targets/plugin.c */
#include <config.h>

#include "plugins/sources/targets/targets.h"

static const thw_component *const components[] = {&hierarchical_component,
                                                  &smooth_target_component};

static const thw_plugin plugin = {
    THW_PLUGIN_HEAD,           .id = "targets",   .version = PACKAGE_VERSION,
    .license = "BSD-3-Clause", .n_components = 2, .components = components,
};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
