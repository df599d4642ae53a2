/* SPDX-License-Identifier: BSD-3-Clause */
/* All broken components in one plugin. */
#include "broken.h"

const thw_plugin *thw_plugin_entry(void);

/* Constant data would need the addresses of five tables spliced at compile time; this fills a
 * static one, the same each time. */
const thw_plugin *thw_plugin_entry(void) {
  static const thw_component *all[128];
  static thw_plugin plugin = {THW_PLUGIN_HEAD, .id = "broken", .version = "1.0",
                              .license = "BSD-3-Clause"};
  const thw_component *const *const tables[] = {broken_sources, broken_models, broken_oracles,
                                                broken_optimizers, broken_online};
  uint32_t n = 0;
  for (int t = 0; t < 5; t++)
    for (const thw_component *const *c = tables[t]; *c; c++) all[n++] = *c;
  plugin.n_components = n;
  plugin.components = all;
  return &plugin;
}
