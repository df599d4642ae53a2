/* SPDX-License-Identifier: BSD-3-Clause */
#include <config.h>

#include "plugins/sources/sequence/sequence.h"

static const thw_component *const components[] = {
    &adding_component,        &concept_component, &copy_component, &random_labels_component,
    &rows_as_steps_component, &series_component,  &text_component,
};

static const thw_plugin plugin = {
    THW_PLUGIN_HEAD,
    .id = "sequence",
    .version = PACKAGE_VERSION,
    .license = "BSD-3-Clause",
    .n_components = sizeof components / sizeof components[0],
    .components = components,
};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
