/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "plugins/optimizers/natasha/natasha.h"

static const thw_component *const components[] = {&natasha15_component, &natasha2_component};

static const thw_plugin plugin = {
    THW_PLUGIN_HEAD,           .id = "natasha",   .version = PACKAGE_VERSION,
    .license = "BSD-3-Clause", .n_components = 2, .components = components,
};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
