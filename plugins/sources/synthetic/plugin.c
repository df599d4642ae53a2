/* SPDX-License-Identifier: BSD-3-Clause */
#include <config.h>

#include "plugins/sources/synthetic/synthetic.h"

static const thw_component *const components[] = {&gaussian_classes_component,
                                                  &noisy_logistic_component, &robust_rows_component,
                                                  &rows_component, &sparse_planted_component};

static const thw_plugin plugin = {
    THW_PLUGIN_HEAD,
    .id = "synthetic",
    .version = PACKAGE_VERSION,
    .license = "BSD-3-Clause",
    .n_components = sizeof components / sizeof components[0],
    .components = components,
};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
