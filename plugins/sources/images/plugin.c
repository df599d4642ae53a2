/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins/sources/images/plugin.c - the table of sources of images: images.so. */
#include <config.h>

#include "plugins/sources/images/images.h"

static const thw_component *const components[] = {&im_cifar, &im_augment, &im_patch};

static const thw_plugin plugin = {
    THW_PLUGIN_HEAD,           .id = "images",    .version = PACKAGE_VERSION,
    .license = "BSD-3-Clause", .n_components = 3, .components = components,
};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
