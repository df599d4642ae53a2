/* SPDX-License-Identifier: BSD-3-Clause */
/* The check of a plugin's description: one fault each, and its message. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <thalweg/thalweg.h>

#include "core/registry_priv.h"

/* ---- a sound plugin, rebuilt for each case ----------------------------------------------------
 */

struct params {
  int32_t flag, choice;
  int64_t count;
  double step;
  const char *text, *path;
  thw_ints ints;
  thw_reals reals;
};

static thw_status create(const thw_component *me, const thw_host *h, thw_ctx *c, const void *p,
                         const thw_wired *slots, void **self) {
  (void)me, (void)h, (void)c, (void)p, (void)slots, (void)self;
  return THW_E_UNSUPPORTED;
}
static void destroy(void *self) {
  (void)self;
}
static const void *ext(void *self, const char *id) {
  (void)self, (void)id;
  return NULL;
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

static const char *const choices[] = {"last", "average", NULL};
static const char *const twice[] = {"last", "last", NULL};
static const char *const extensions[] = {"thw.state/1", NULL};
static const char *const no_extensions[] = {"thw.state", NULL};

typedef struct made {
  thw_param param[8];
  thw_slot slot[2];
  thw_optimizer_ops ops;
  thw_component component, second;
  const thw_component *list[2];
  thw_plugin plugin;
} made;

enum { FLAG, CHOICE, COUNT, STEP, TEXT, PATH, INTS, REALS };

static const thw_param sound_params[8] = {
    THW_PARAM_BOOL(struct params, flag, 1, "A switch."),
    THW_PARAM_ENUM(struct params, choice, 1, choices, "A choice."),
    THW_PARAM_INT(struct params, count, 10, 0, 100, "rows", "A number."),
    THW_PARAM_REAL(struct params, step, 0.5, 0, THW_NO_BOUND, THW_P_MIN_OPEN, NULL, "A step."),
    THW_PARAM_STR(struct params, text, NULL, 0, "A text."),
    THW_PARAM_PATH(struct params, path, NULL, THW_P_REQUIRED, "A file."),
    THW_PARAM_INTS(struct params, ints, "1 2 3", 0, 3, 0, NULL, "Numbers."),
    THW_PARAM_REALS(struct params, reals, NULL, 0, 1, 0, NULL, "Numbers."),
};

static void make(made *m) {
  memcpy(m->param, sound_params, sizeof sound_params);
  m->slot[0] = (thw_slot){"inner", THW_OPTIMIZER, 0, extensions, "An inner method."};
  m->slot[1] = (thw_slot){"source", THW_SOURCE, 1, NULL, "Rows."};
  m->ops = (thw_optimizer_ops){
      .size = (uint32_t)sizeof m->ops, .start = start, .step = step, .point = point};
  m->component = (thw_component){
      THW_COMPONENT_HEAD(THW_OPTIMIZER),
      .id = "made-up",
      .version = "1",
      .summary = "a summary",
      .doc = "Two lines\nof text with \xc3\xa9.",
      .ops = &m->ops,
      .create = create,
      .destroy = destroy,
      .ext = ext,
      .offers = extensions,
      THW_PARAMS(m->param, struct params),
      THW_SLOTS(m->slot),
  };
  m->second = m->component;
  m->second.id = "second";
  m->list[0] = &m->component;
  m->list[1] = &m->second;
  m->plugin = (thw_plugin){THW_PLUGIN_HEAD,  .id = "made",      .version = "1",
                           .license = "MIT", .n_components = 2, .components = m->list};
}

/* ---- faults -----------------------------------------------------------------------------------
 */

/* Puts one fault in; the message must contain all of `text`. */
#define CASES(X)                                                                                   \
  X(m->plugin.magic = 1, "made.so: expected magic 0x74687731, found 0x00000001")                   \
  X(m->plugin.size = 20, "expected a description of at least 64 bytes, found 20")                  \
  X(m->plugin.abi_major = 7, "built for plugin interface 7.1, this thalweg has 0.1")               \
  X(m->plugin.abi_minor = 0, "built for plugin interface 0.0, this thalweg has 0.1: rebuild")      \
  X(m->plugin.abi_minor = 2, "built for plugin interface 0.2, this thalweg has 0.1: install")      \
  X(m->plugin.id = NULL, "made.so: plugin: expected an id of lower-case letters")                  \
  X(m->plugin.id = "Made", "plugin: expected an id of lower-case letters, digits, '-' and '_', "   \
                           "found \"Made\"")                                                       \
  X(m->plugin.version = NULL, "plugin: expected a version")                                        \
  X(m->plugin.version = "1\n2", "plugin: expected a version in one line")                          \
  X(m->plugin.license = "", "plugin: expected an SPDX license expression")                         \
  X(m->plugin.n_components = 0, "expected 1 to 256 components, found 0")                           \
  X(m->plugin.n_components = 4000000000u, "expected 1 to 256 components, found 4000000000")        \
  X(m->plugin.components = NULL, "expected a table of components, found NULL")                     \
  X(m->list[1] = NULL, "component 1: expected a component, found NULL")                            \
  X(m->second.id = "made-up", "optimizer \"made-up\": is there twice in this plugin")              \
  X(m->component.size = 40, "component 0: expected a description of at least")                     \
  X(m->component.kind = 0, "component 0: expected a kind from 1 to 7, found 0")                    \
  X(m->component.kind = 99, "component 0: expected a kind from 1 to 7, found 99")                  \
  X(m->component.kind = THW_LINEAR, "linear \"made-up\": expected a thw_linear_ops of at least")   \
  X(m->component.id = NULL, "component 0: expected an id, found NULL")                             \
  X(m->component.id = "", "component 0: expected an id of lower-case letters")                     \
  X(m->component.id = "9lives", "found \"9lives\"")                                                \
  X(m->component.id = "a b", "found \"a b\"")                                                      \
  X(m->component.id = "svrg/2", "found \"svrg/2\"")                                                \
  X(m->component.version = NULL, "optimizer \"made-up\": expected a version")                      \
  X(m->component.summary = NULL, "expected a summary in one line")                                 \
  X(m->component.summary = "two\nlines", "expected a summary in one line")                         \
  X(m->component.doc = "bell \a", "expected UTF-8 text without control characters in .doc")        \
  X(m->component.doc = "latin \xe9", "expected UTF-8 text without control characters in .doc")     \
  X(m->component.doc = "surrogate \xed\xa0\x80", "control characters in .doc")                     \
  X(m->component.doc = "overlong \xc0\xaf", "control characters in .doc")                          \
  X(m->component.reference = "", "control characters in .reference")                               \
  X(m->component.create = NULL, "found .create NULL")                                              \
  X(m->component.destroy = NULL, "found .destroy NULL")                                            \
  X(m->component.ext = NULL, "offers \"thw.state/1\", but .ext is NULL")                           \
  X(m->component.offers = no_extensions, "expected offered extension ids such as")                 \
  X(m->component.ops = NULL, "expected a table of functions, found NULL")                          \
  X(m->ops.size = 8, "expected a thw_optimizer_ops of at least 32 bytes, found 8")                 \
  X(m->ops.step = NULL, "expected thw_optimizer_ops.step, which every optimizer has, found NULL")  \
  X(m->component.params = NULL, "expected a table of parameters, found NULL")                      \
  X(m->component.n_params = 100000, "expected at most 512 parameters, found 100000")               \
  X(m->component.param_stride = 8, "expected a param_stride of 96 or more, found 8")               \
  X(m->component.param_stride = 97, "expected a param_stride of 96 or more, found 97")             \
  X(m->component.params_size = 1u << 30, "parameter struct of at most 65536 bytes")                \
  X(m->component.params_size = 24, "within the struct of 24")                                      \
  X(m->param[STEP].name = NULL, "parameter 3: expected a name, found NULL")                        \
  X(m->param[STEP].name = "Step", "parameter 3: expected a name of lower-case letters")            \
  X(m->param[STEP].name = "step-size", "digits and '_', found \"step-size\"")                      \
  X(m->param[STEP].name = "type", "\"type\" says which component is meant")                        \
  X(m->param[STEP].name = "count", "parameters 2 and 3 are both named \"count\"")                  \
  X(m->param[STEP].name = "inner", "\"inner\" is a slot and a parameter")                          \
  X(m->param[STEP].type = 0, "parameter \"step\": expected a type from 1 to 8, found 0")           \
  X(m->param[STEP].type = 9, "expected a type from 1 to 8, found 9")                               \
  X(m->param[STEP].flags = 0x1000, "found unknown flags 0x1000")                                   \
  X(m->param[STEP].help = NULL, "parameter \"step\": expected one sentence of help")               \
  X(m->param[STEP].unit = "", "expected a unit in one line, or NULL")                              \
  X(m->param[STEP].flags = THW_P_DEPRECATED, "expected in .replaced_by what to write instead")     \
  X(m->param[STEP].offset = 20, "expected an offset that suits double, found 20")                  \
  X(m->param[STEP].offset = 4294967288u, "found offset 4294967288")                                \
  X(m->param[STEP].offset = 72, "expected 8 bytes within the struct of 72, found offset 72")       \
  X(m->param[STEP].offset = 8, "parameter \"step\": shares memory with parameter \"count\"")       \
  X(m->param[REALS].offset = 32, "shares memory with parameter \"path\"")                          \
  X(m->param[FLAG].def_int = 2, "parameter \"flag\": expected default 0 or 1, found 2")            \
  X(m->param[CHOICE].def_int = 2, "expected a default from 0 to 1, found 2")                       \
  X(m->param[CHOICE].def_int = -1, "expected a default from 0 to 1, found -1")                     \
  X(m->param[CHOICE].choices = NULL, "expected a list of choices, found none")                     \
  X(m->param[CHOICE].choices = twice, "choice \"last\" is there twice")                            \
  X(m->param[COUNT].def_int = 101, "expected a default within [0, 100], found 101")                \
  X(m->param[COUNT].min = 200, "expected min <= max, found 200 and 100")                           \
  X(m->param[COUNT].max = NAN, "expected min <= max")                                              \
  X(m->param[STEP].def_real = 0, "expected a default within (0, inf], found 0")                    \
  X(m->param[STEP].def_real = NAN, "expected a default within (0, inf], found nan")                \
  X(m->param[STEP].def_real = INFINITY, "expected a default within (0, inf], found inf")           \
  X((m->param[STEP].max = 0, m->param[STEP].def_real = 0), "no number lies within its range")      \
  X(m->param[TEXT].def_str = "a\033[2J", "expected UTF-8 text in one line as default")             \
  X(m->param[INTS].def_str = "1 2 4", "expected a default within [0, 3], found 4")                 \
  X(m->param[INTS].def_str = "1, 2", "expected numbers separated by spaces")                       \
  X(m->param[INTS].def_str = "1.5", "expected numbers separated by spaces")                        \
  X(m->param[INTS].def_str = "99999999999999999999", "expected numbers separated by spaces")       \
  X(m->param[REALS].def_str = "0.5 x", "expected numbers separated by spaces")                     \
  X(m->component.slots = NULL, "expected a table of slots, found NULL")                            \
  X(m->component.n_slots = 1000, "expected at most 64 slots, found 1000")                          \
  X(m->component.slot_stride = 16, "expected a slot_stride of 32 or more, found 16")               \
  X(m->slot[0].name = NULL, "slot 0: expected a name of lower-case letters")                       \
  X(m->slot[0].name = "type", "other than \"type\", found type")                                   \
  X(m->slot[1].name = "inner", "slot \"inner\" is there twice")                                    \
  X(m->slot[0].kind = 8, "slot \"inner\": expected a kind from 1 to 7, found 8")                   \
  X(m->slot[0].min = 2, "slot \"inner\": expected min 0 or 1, found 2")                            \
  X(m->slot[0].help = NULL, "slot \"inner\": expected one sentence of help")                       \
  X(m->slot[0].needs = no_extensions, "expected needed extension ids such as")

static thw_status check(const made *m, char *text, size_t room) {
  tw_diags d = {0};
  thw_status s = tw_plugin_check("made.so", &m->plugin, &d);
  text[0] = '\0';
  if (d.n) strncat(text, d.v[0].text, room - 1);
  assert_int_equal(d.n, s == THW_OK ? 0 : 1);
  tw_diags_free(&d);
  return s;
}

static int failed;

static void expect(const made *m, const char *change, const char *expected) {
  char text[1024];
  thw_status s = check(m, text, sizeof text);
  if (s == THW_E_FORMAT && strstr(text, expected)) return;
  print_error("after %s\n  expected \"%s\"\n  found    \"%s\"\n", change, expected, text);
  failed++;
}

static void each_fault_has_its_message(void **state) {
  (void)state;
  made whole, *m = &whole;
  failed = 0;
#define X(change, text)                                                                            \
  make(m);                                                                                         \
  change;                                                                                          \
  expect(m, #change, text);
  CASES(X)
#undef X
  assert_int_equal(failed, 0);
}

static void sound_one_passes(void **state) {
  (void)state;
  made m;
  char text[1024];
  make(&m);
  assert_int_equal(check(&m, text, sizeof text), THW_OK);
}

static void longer_structs_of_newer_plugins_pass(void **state) {
  (void)state;
  made m;
  char text[1024];
  struct long_slot {
    thw_slot slot;
    const void *newer[3];
  } slots[2];
  make(&m);
  memset(slots, 0, sizeof slots);
  slots[0].slot = m.slot[0];
  slots[1].slot = m.slot[1];
  m.component.slots = &slots[0].slot;
  m.component.slot_stride = sizeof slots[0];
  m.component.size += 16;
  m.plugin.size += 8;
  m.ops.size += 8;
  assert_int_equal(check(&m, text, sizeof text), THW_OK);
  slots[1].slot.help = NULL;
  assert_int_equal(check(&m, text, sizeof text), THW_E_FORMAT);
}

static void removed_parameters_need_no_place(void **state) {
  (void)state;
  made m;
  char text[1024];
  make(&m);
  m.param[STEP].offset = 8;
  m.param[STEP].flags = THW_P_REMOVED;
  m.param[STEP].replaced_by = "count";
  assert_int_equal(check(&m, text, sizeof text), THW_OK);
}

/* ---- the registry -----------------------------------------------------------------------------
 */

static void lists_are_sorted_and_found(void **state) {
  (void)state;
  made m;
  tw_diags d = {0};
  size_t n;
  make(&m);
  m.second.id = "a-second";
  const thw_plugin *plugins[] = {&m.plugin};
  tw_registry *r = tw_registry_of(plugins, 1, &d);
  assert_non_null(r);
  const tw_found *const *f = tw_registry_list(r, THW_OPTIMIZER, &n);
  assert_int_equal(n, 2);
  assert_string_equal(f[0]->component->id, "a-second");
  assert_string_equal(f[1]->component->id, "made-up");
  tw_registry_list(r, THW_MODEL, &n);
  assert_int_equal(n, 0);
  tw_registry_list(r, 0, &n);
  assert_int_equal(n, 2);
  assert_ptr_equal(tw_registry_find(r, THW_OPTIMIZER, "made-up")->component, &m.component);
  assert_null(tw_registry_find(r, THW_MODEL, "made-up"));
  assert_null(tw_registry_find(r, THW_OPTIMIZER, "made"));
  tw_registry_free(r);
  tw_diags_free(&d);
}

static void kinds_have_names(void **state) {
  (void)state;
  for (uint32_t k = 1; k < THW_KINDS; k++) assert_int_equal(tw_kind_by_name(tw_kind_name(k)), k);
  assert_int_equal(tw_kind_by_name("optimizers"), 0);
  assert_int_equal(tw_kind_by_name(""), 0);
  assert_string_equal(tw_kind_name(0), tw_kind_name(THW_KINDS));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sound_one_passes),
      cmocka_unit_test(each_fault_has_its_message),
      cmocka_unit_test(longer_structs_of_newer_plugins_pass),
      cmocka_unit_test(removed_parameters_need_no_place),
      cmocka_unit_test(lists_are_sorted_and_found),
      cmocka_unit_test(kinds_have_names),
  };
  return cmocka_run_group_tests_name("registry", tests, NULL, NULL);
}
