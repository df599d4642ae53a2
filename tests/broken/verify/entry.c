/* SPDX-License-Identifier: BSD-3-Clause */
/* A plugin with a sound component, broken as a whole in the way that its macro says. */
#include <pthread.h>
#include <unistd.h>

#include "broken.h"

#ifdef BREAK_TWO_SYMBOLS
THW_EXPORT int another_symbol(void);
int another_symbol(void) {
  return 1;
}
#endif

#ifdef BREAK_LIGHT
static void *wait_forever(void *arg) {
  for (;;) pause();
  return arg;
}

__attribute__((constructor)) static void begin(void) {
  pthread_t t;
  pthread_create(&t, NULL, wait_forever, NULL);
}
#endif

static const thw_plugin plugin = {THW_PLUGIN_HEAD,           .id = "entry",
#ifdef BREAK_VERSION
                                  .version = "newest",
#else
                                  .version = "1.0",
#endif
#ifdef BREAK_LICENSE
                                  .license = "BSD 3 clause",
#else
                                  .license = "(MIT OR Apache-2.0) AND BSD-3-Clause",
#endif
                                  .n_components = 1,         .components = broken_sources};

const thw_plugin *thw_plugin_entry(void) {
  return &plugin;
}
