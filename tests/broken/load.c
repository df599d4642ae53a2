/* SPDX-License-Identifier: BSD-3-Clause */
/* A plugin that is broken in one way for the loader; without any BREAK_ it is sound. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#ifdef __SANITIZE_THREAD__
#include <sys/syscall.h>
#endif

#include <thalweg/thalweg.h>

#if defined(BREAK_CRASH) || defined(BREAK_HANG) || defined(BREAK_EXIT) || defined(BREAK_LOUD)
__attribute__((constructor)) static void at_load(void) {
#if defined(BREAK_CRASH)
  raise(SIGSEGV);
#elif defined(BREAK_HANG)
  for (;;) pause();
#elif defined(BREAK_EXIT)
#ifdef __SANITIZE_THREAD__
  syscall(SYS_exit_group, 0); /* its exit() would report that the process ends inside of dlopen */
#else
  exit(0);
#endif
#else
  puts("noise on standard output");
  fputs("noise on standard error\n", stderr);
#endif
}
#endif

struct params {
  double step;
};

static const thw_param params[] = {
    THW_PARAM_REAL(struct params, step, 0.1, 0, THW_NO_BOUND, THW_P_MIN_OPEN, NULL, "Step length."),
#ifdef BREAK_OFFSET
    {"outside", THW_P_REAL, 0, 4096, 0, 0, 1, 0, 0.5, NULL, NULL, NULL, "Not in the struct.", NULL},
#endif
};

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c, const void *p,
                         const thw_wired *slots, void **self) {
  (void)me, (void)p, (void)slots;
  *self = h->alloc(c, 64);
  return *self ? THW_OK : THW_E_NOMEM;
}

static void destroy(void *self) {
  (void)self;
}

static thw_status start(void *self, const thw_object *oracle, const thw_vec *x0) {
  (void)self, (void)oracle, (void)x0;
  return THW_OK;
}

static thw_status step(void *self, thw_step *io) {
  (void)self, (void)io;
  return THW_DONE;
}

static thw_status point(void *self, thw_vec *x) {
  (void)self, (void)x;
  return THW_OK;
}

static const thw_optimizer_ops ops = {
    .size = (uint32_t)sizeof(thw_optimizer_ops), .start = start, .step = step, .point = point};

static const thw_component fixture = {
    THW_COMPONENT_HEAD(THW_OPTIMIZER),
#ifndef BREAK_NULL_ID
    .id = "fixture",
#endif
    .version = "1.0",
    .summary = "does nothing, for tests of the loader",
    .ops = &ops,
    .create = create,
    .destroy = destroy,
    THW_PARAMS(params, struct params),
};
static const thw_component *const components[] = {&fixture};

#if defined(BREAK_MAGIC)
#define HEAD .size = (uint32_t)sizeof(thw_plugin), .magic = 0x0BADCAFE
#elif defined(BREAK_MAJOR)
#define HEAD                                                                                       \
  .size = (uint32_t)sizeof(thw_plugin), .magic = THW_MAGIC, .abi_major = THW_ABI_MAJOR + 1
#elif defined(BREAK_MINOR)
#define HEAD                                                                                       \
  .size = (uint32_t)sizeof(thw_plugin), .magic = THW_MAGIC, .abi_major = THW_ABI_MAJOR,            \
  .abi_minor = THW_ABI_MINOR + 1
#elif defined(BREAK_SIZE)
#define HEAD .size = 16, .magic = THW_MAGIC, .abi_major = THW_ABI_MAJOR, .abi_minor = THW_ABI_MINOR
#else
#define HEAD THW_PLUGIN_HEAD
#endif

static const thw_plugin description[2] = {
    {HEAD, .id = "fixture", .version = "1.0", .license = "MIT", .n_components = 1,
     .components = components},
    {HEAD, .id = "fixture", .version = "1.0", .license = "MIT", .n_components = 1,
     .components = components},
};

#ifdef BREAK_SYMBOL
#define thw_plugin_entry another_name
THW_EXPORT const thw_plugin *another_name(void);
#endif

const thw_plugin *thw_plugin_entry(void) {
#if defined(BREAK_TWICE)
  static int calls;
  return &description[calls++ % 2];
#elif defined(BREAK_NULL)
  return description[0].url ? &description[0] : NULL;
#else
  return &description[0];
#endif
}
