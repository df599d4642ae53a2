/* SPDX-License-Identifier: BSD-3-Clause */
/* Plans: what a pipeline may say, what is said when it is wrong, and the life of its instances. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "core/wire.h"
#include "toys.h"

#define BASE                                                                                       \
  "source: { type = \"rows\"; }; model: { type = \"quad\"; }; oracle: { type = \"sum\"; };"

/* A pipeline made of toys. */
typedef struct fixture {
  tw_registry *registry;
  tw_value *config;
  tw_plan *plan;
  tw_diags d;
} fixture;

static void plan(fixture *f, const char *text) {
  *f = (fixture){.config = tw_config_new()};
  const thw_plugin *plugins[] = {&toy_plugin};
  f->registry = tw_registry_of(plugins, 1, &f->d);
  if (!f->registry) tw_diags_print(&f->d);
  assert_non_null(f->registry);
  assert_int_equal(tw_config_read_text(f->config, text, "/p/t.cfg", ".", &f->d), THW_OK);
  toy_trace[0] = '\0';
  f->plan = tw_plan_new(f->config, f->registry, &f->d);
}

static void clear(fixture *f) {
  tw_plan_free(f->plan);
  tw_config_free(f->config);
  tw_registry_free(f->registry);
  tw_diags_free(&f->d);
}

static void plan_ok(fixture *f, const char *text) {
  plan(f, text);
  if (f->d.n) tw_diags_print(&f->d);
  assert_non_null(f->plan);
}

static char *texts(const tw_diags *d) {
  char *all = tw_strdup("");
  for (size_t i = 0; i < d->n; i++) {
    char *longer = tw_sprintf("%s%s%s", all, i ? "\n" : "", d->v[i].text);
    free(all);
    all = longer;
  }
  return all;
}

static void refused(const char *text, const char *expected) {
  fixture f;
  plan(&f, text);
  char *all = texts(&f.d);
  assert_string_equal(all, expected);
  assert_null(f.plan);
  free(all);
  clear(&f);
}

static char *paths(const tw_plan *p) {
  size_t n;
  tw_node *const *v = tw_plan_nodes(p, &n);
  char *all = tw_strdup("");
  for (size_t i = 0; i < n; i++) {
    char *longer =
        tw_sprintf("%s%s%s=%s", all, i ? " " : "", v[i]->path, v[i]->found->component->id);
    free(all);
    all = longer;
  }
  return all;
}

static void expect_paths(const char *text, const char *expected) {
  fixture f;
  plan_ok(&f, text);
  char *all = paths(f.plan);
  assert_string_equal(all, expected);
  free(all);
  clear(&f);
}

/* ---- what is well -------------------------------------------------------------------------------
 */

static void options_and_defaults(void **state) {
  (void)state;
  fixture f;
  plan_ok(&f, BASE "optimizer: { type = \"sgd\"; step = 2; path = \"a\"; };"
                   "run: { precision = \"single\"; seed = 9L; }; stop: { passes = 3; };");
  const tw_options *o = tw_plan_options(f.plan);
  assert_string_equal(o->run.name, "run");
  assert_true(o->run.seed == 9 && o->run.threads == 0 && o->run.precision == 0);
  assert_true(o->stop.epsilon == 1e-4 && o->stop.delta == 1e-2 && o->stop.confidence == 0.99);
  assert_true(o->stop.passes == 3 && o->stop.steps == 0 && o->stop.rounds == 0);
  assert_true(o->stop.seconds == 0 && o->stop.verdict == 1 && o->stop.verdict_passes == 0);
  assert_true(o->monitor.every == 1 && o->monitor.batch == 0 && o->monitor.test == 1);
  assert_true(o->checkpoint.every == 60);
  const toy_params *p = tw_plan_node(f.plan, "optimizer")->params;
  assert_true(p->step == 2 && p->batch == 4 && p->weights.n == 2);
  assert_string_equal(p->path, "/p/a");
  assert_null(tw_plan_node(f.plan, "nobody"));
  clear(&f);
}

static void ways_to_fill_a_slot(void **state) {
  (void)state;
  expect_paths(BASE "optimizer: { type = \"sgd\"; };",
               "source=rows model=quad oracle=sum optimizer=sgd");
  expect_paths(BASE "optimizer: { type = \"outer\"; inner: { type = \"sgd\"; }; };",
               "source=rows model=quad oracle=sum optimizer.inner=sgd optimizer=outer");
  expect_paths(BASE "optimizer: { type = \"outer\"; inner = \"quick\"; }; quick: { type = \"sgd\"; "
                    "};",
               "source=rows model=quad oracle=sum quick=sgd optimizer=outer");
  expect_paths(BASE "optimizer: { type = \"outer\"; }; inner: { type = \"sgd\"; };",
               "source=rows model=quad oracle=sum inner=sgd optimizer=outer");
  expect_paths(BASE "optimizer: { type = \"outer\"; inner = \"q\"; spare = \"q\"; };"
                    "q: { type = \"sgd\"; };",
               "source=rows model=quad oracle=sum q=sgd optimizer=outer");
  expect_paths("model: { type = \"quad\"; source: { type = \"wrap\"; source = \"raw\"; }; };"
               "raw: { type = \"rows\"; };",
               "raw=rows model.source=wrap model=quad");
  expect_paths("source: { type = \"wrap\"; source: { type = \"rows\"; }; };",
               "source.source=rows source=wrap");
}

/* The tree written back is a pipeline that means the same, and is written back the same. */
static void resolved_again(void **state) {
  (void)state;
  static const char *const cases[] = {
      BASE "optimizer: { type = \"sgd\"; step = 0.1; weights = (1, 2.5); path = \"x/y\"; };",
      BASE "optimizer: { type = \"outer\"; inner: { type = \"outer\"; inner = \"q\"; }; };"
           "q: { type = \"sgd\"; rule = \"average\"; };",
      BASE "optimizer: { type = \"outer\"; spare: { type = \"bare\"; }; };"
           "inner: { type = \"sgd\"; }; stop: { seconds = 1e-3; }; run: { seed = 3000000000L; };",
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char *text[2], *order[2];
    for (int k = 0; k < 2; k++) {
      fixture f;
      plan_ok(&f, k ? text[0] : cases[i]);
      size_t n;
      FILE *m = open_memstream(&text[k], &n);
      tw_config_print(m, tw_plan_resolved(f.plan), 0);
      fclose(m);
      order[k] = paths(f.plan);
      clear(&f);
    }
    assert_string_equal(text[0], text[1]);
    assert_string_equal(order[0], order[1]);
    for (int k = 0; k < 2; k++) free(text[k]), free(order[k]);
  }
}

static void resolved_text(void **state) {
  (void)state;
  fixture f;
  plan_ok(&f, "source: {\n type = \"rows\"; path = \"d\"; };\nmodel: { type = \"quad\"; };");
  char *text;
  size_t n;
  FILE *m = open_memstream(&text, &n);
  tw_config_print(m, tw_plan_resolved(f.plan), 1);
  fclose(m);
  assert_non_null(strstr(text, "run: {  # default\n  name = \"run\";  # default\n"));
  assert_non_null(strstr(text, "source: {  # /p/t.cfg:1\n"
                               "  type = \"rows\";  # /p/t.cfg:2\n"
                               "  step = 1.0;  # default\n"
                               "  rate = 0.0;  # default\n"
                               "  batch = 4;  # default\n"
                               "  path = \"/p/d\";  # /p/t.cfg:2\n"
                               "  rule = \"last\";  # default\n"
                               "  weights = [ 0.5, 2.0 ];  # default\n"
                               "};\n"));
  assert_non_null(strstr(text, "  source = \"source\";  # default\n"));
  free(text);
  clear(&f);
}

/* ---- what is wrong ------------------------------------------------------------------------------
 */

static void top_level_errors(void **state) {
  (void)state;
  refused("", "this pipeline has no component: write the groups source, model, oracle and "
              "optimizer, or oracle, rounds and learner, or name a file that has them");
  refused(BASE "\noptimiser: { type = \"sgd\"; };\nextra: { type = \"sgd\"; };\nseed = 3;\n"
               "zzz = 1;\nstop = 5;",
          "/p/t.cfg:6: stop: expected a group, stop: { ... }, found the integer 5\n"
          "/p/t.cfg:2: optimiser: unknown group (did you mean \"optimizer\"?)\n"
          "/p/t.cfg:3: extra: unknown group: no slot of the pipeline refers to \"extra\"\n"
          "/p/t.cfg:4: seed: unknown setting (did you mean \"run.seed\"?)\n"
          "/p/t.cfg:5: zzz: unknown setting: at the top level there are only groups");
  refused(
      "learner: { type = \"no\"; };\nsource: { type = \"rows\"; };",
      "/p/t.cfg:1: learner.type: no learner is called \"no\"; none was found: `thalweg list "
      "learner'\n"
      "/p/t.cfg:1: learner: has no oracle to ask: write oracle: { type = ...; } (none was found: "
      "`thalweg list linear')\n"
      "/p/t.cfg:1: learner: has nothing to play against: write rounds: { type = ...; } (none was "
      "found: `thalweg list rounds')\n"
      "/p/t.cfg:2: source: has no place in an online pipeline, which is an oracle, rounds and a "
      "learner");
  refused("source = 3;",
          "/p/t.cfg:1: source: expected a group, source: { type = ...; }, found the integer 3");
  refused(BASE "stop: { epsilon = -1; passses = 3; }; run: { name = \"../x\"; };",
          "/p/t.cfg:1: stop.passses: unknown setting (did you mean \"passes\"?)\n"
          "/p/t.cfg:1: stop.epsilon: must be at least 0, found the integer -1\n"
          "/p/t.cfg:1: run.name: \"../x\" cannot be the name of a folder: use up to 100 letters, "
          "digits, '.', '_' and '-', the first a letter, a digit or '_'");
}

static void type_errors(void **state) {
  (void)state;
  refused("source: { };\n",
          "/p/t.cfg:1: source: type = \"...\" must say which source this is (there are: rows, "
          "wrap)");
  refused("source: {\ntype = 3; };",
          "/p/t.cfg:2: source: type = \"...\" must say which source this is (there are: rows, "
          "wrap)");
  refused("source: { type = \"rwos\"; };",
          "/p/t.cfg:1: source.type: no source is called \"rwos\" (did you mean \"rows\"?); there "
          "are: rows, wrap");
  refused("source: { type = \"quad\"; };",
          "/p/t.cfg:1: source.type: no source is called \"quad\": it is a model, a source is "
          "expected here; there are: rows, wrap");
}

static void missing_parts(void **state) {
  (void)state;
  refused("optimizer: { type = \"sgd\"; };",
          "/p/t.cfg:1: optimizer: has no oracle to ask: write oracle: { type = ...; } (there are: "
          "sum)");
  refused("oracle: { type = \"sum\"; };",
          "/p/t.cfg:1: oracle.source: a source is needed here: write source: { type = ...; }, here "
          "or at the top level (there are: rows, wrap)\n"
          "/p/t.cfg:1: oracle.model: a model is needed here: write model: { type = ...; }, here or "
          "at the top level (there are: quad)");
  refused(BASE "optimizer: { type = \"outer\"; };",
          "/p/t.cfg:1: optimizer.inner: an optimizer is needed here: write inner: { type = ...; }, "
          "or name a top-level group (there are: fails, liar, nothing, outer, sgd, tired)");
  refused("source: { type = \"wrap\"; };",
          "/p/t.cfg:1: source.source: a source is needed here: write source: { type = ...; }, here "
          "or at the top level (there are: rows, wrap)");
}

static void slot_errors(void **state) {
  (void)state;
#define OUTER(inner) BASE "optimizer: { type = \"outer\"; inner = " inner "; };"
  refused(OUTER("3"), "/p/t.cfg:1: optimizer.inner: expected an optimizer, as a group or the name "
                      "of a top-level group, found the integer 3");
  refused(OUTER("\"sgd\""), "/p/t.cfg:1: optimizer.inner: there is no top-level group \"sgd\": "
                            "write inner: { type = \"sgd\"; }");
  refused(OUTER("\"orakle\""), "/p/t.cfg:1: optimizer.inner: there is no top-level group "
                               "\"orakle\" (did you mean \"oracle\"?)");
  refused(OUTER("\"stop\""), "/p/t.cfg:1: optimizer.inner: there is no top-level group \"stop\"");
  refused(OUTER("\"model\""), "/p/t.cfg:1: optimizer.inner: an optimizer is expected here, but "
                              "\"model\" is a model");
  refused(OUTER("{ type = \"bare\"; }"),
          "/p/t.cfg:1: optimizer.inner: \"bare\" does not offer thw.steer/1, which \"outer\" needs "
          "here (of those that do there are: fails, liar, nothing, outer, sgd, tired)");
  refused("model: { type = \"quad\"; source = \"a\"; }; a: { type = \"rows\"; };"
          "oracle: { type = \"sum\"; source = \"a\"; model = \"a\"; };",
          "/p/t.cfg:1: oracle.model: a model is expected here, but \"a\" is a source");
}

static void cycles(void **state) {
  (void)state;
  refused(BASE "optimizer: { type = \"outer\"; inner = \"optimizer\"; };",
          "/p/t.cfg:1: optimizer.inner: this closes a cycle: optimizer -> optimizer: a component "
          "cannot be part of itself");
  refused(BASE "optimizer: { type = \"outer\"; inner: { type = \"outer\";\n inner = \"a\"; }; };"
               "a: { type = \"outer\"; inner = \"b\"; };\n b: { type = \"outer\"; inner = \"a\"; "
               "};",
          "/p/t.cfg:3: b.inner: this closes a cycle: a -> b -> a: a component cannot be part of "
          "itself");
}

static void component_check(void **state) {
  (void)state;
  refused(BASE "\noptimizer: { type = \"sgd\"; step = 2; rate = 1; };",
          "/p/t.cfg:2: optimizer: step and rate exclude each other");
  refused(BASE "optimizer: { type = \"sgd\"; rate = 7; };",
          "/p/t.cfg:1: optimizer: an argument cannot be used");
  refused(BASE "optimizer: { type = \"sgd\"; step = 2; rate = 11; };",
          "/p/t.cfg:1: optimizer.rate: must be in [0, 10], found the integer 11");
  refused("source: { type = \"rows\"; stpe = 8;\n zzzzzzz = 1; };",
          "/p/t.cfg:1: source.stpe: rows has no such setting (did you mean \"step\"?)\n"
          "/p/t.cfg:2: source.zzzzzzz: rows has no such setting: `thalweg info rows' lists them");
  expect_paths("source: { type = \"rows\"; rate = 8; };", "source=rows");
}

static void too_many_components(void **state) {
  (void)state;
  char *text = tw_strdup("source = { type = \"wrap\"; source = \"s0\"; };");
  for (int i = 0; i < 300; i++) {
    char *longer = tw_sprintf("%s s%d: { type = \"wrap\"; source = \"s%d\"; };", text, i, i + 1);
    free(text);
    text = longer;
  }
  fixture f;
  plan(&f, text);
  assert_null(f.plan);
  assert_string_equal(f.d.v[0].text, "/p/t.cfg:1: s255: a pipeline has at most 256 components");
  clear(&f);
  free(text);
}

/* ---- life ---------------------------------------------------------------------------------------
 */

static void instances(void **state) {
  (void)state;
  fixture f;
  plan_ok(&f, BASE "optimizer: { type = \"outer\"; inner = \"q\"; spare = \"q\"; };"
                   "q: { type = \"sgd\"; };");
  tw_session s;
  tw_session_init(&s, 1, THW_F64, 1);
  assert_int_equal(tw_plan_create(f.plan, &s, &f.d), THW_OK);
  assert_string_equal(toy_trace, "+source +model +oracle +q +optimizer");
  const tw_node *outer = tw_plan_node(f.plan, "optimizer"), *q = tw_plan_node(f.plan, "q");
  const tw_node *oracle = tw_plan_node(f.plan, "oracle"), *model = tw_plan_node(f.plan, "model");
  toy *t = outer->object.self, *o = oracle->object.self, *m = model->object.self;
  assert_ptr_equal(outer->object.self, outer->raw.self);
  assert_int_equal(t->slots->n, 2);
  assert_ptr_equal(t->slots->object[0].self, t->slots->object[1].self);
  assert_ptr_equal(t->slots->object[0].self, q->object.self);
  assert_ptr_not_equal(q->object.self, q->raw.self);
  assert_non_null(thw_ext(&q->object, "thw.steer/1"));
  assert_int_equal(t->slots->object[0].kind, THW_OPTIMIZER);
  assert_ptr_equal(o->slots->object[0].self, m->slots->object[0].self);
  assert_ptr_equal(o->slots->object[1].self, model->raw.self);
  toy_trace[0] = '\0';
  tw_plan_free(f.plan);
  f.plan = NULL;
  assert_string_equal(toy_trace, "-q -optimizer -oracle -model -source");
  clear(&f);
}

static void empty_slot(void **state) {
  (void)state;
  fixture f;
  plan_ok(&f, BASE "optimizer: { type = \"outer\"; inner: { type = \"sgd\"; }; };");
  tw_session s;
  tw_session_init(&s, 1, THW_F64, 1);
  assert_int_equal(tw_plan_create(f.plan, &s, &f.d), THW_OK);
  const toy *t = tw_plan_node(f.plan, "optimizer")->raw.self;
  assert_non_null(t->slots->object[0].ops);
  assert_null(t->slots->object[1].ops);
  clear(&f);
}

static void create_fails(const char *inner, thw_status st, const char *text, const char *trace) {
  fixture f;
  char *all =
      tw_sprintf(BASE "optimizer: { type = \"outer\"; inner: { type = \"%s\"; }; };", inner);
  plan_ok(&f, all);
  free(all);
  tw_session s;
  tw_session_init(&s, 1, THW_F64, 1);
  assert_int_equal(tw_plan_create(f.plan, &s, &f.d), st);
  char *said = texts(&f.d);
  assert_string_equal(said, text);
  assert_string_equal(toy_trace, trace);
  free(said);
  clear(&f);
  assert_string_equal(toy_trace, trace);
}

static void failing_instances(void **state) {
  (void)state;
  create_fails("fails", THW_E_IO, "optimizer.inner: the disk is on fire: call somebody",
               "+source +model +oracle -oracle -model -source");
  create_fails("liar", THW_E_INTERNAL,
               "optimizer.inner: this program: the component \"liar\" says that it offers "
               "thw.steer/1, but has no table for it: report this to its author",
               "+source +model +oracle +optimizer.inner -optimizer.inner -oracle -model -source");
  create_fails("tired", THW_CANCELLED, "",
               "+source +model +oracle +optimizer.inner -optimizer.inner -oracle -model -source");
}

/* An instance without state is allowed, and is not destroyed. */
static void no_self(void **state) {
  (void)state;
  fixture f;
  plan_ok(&f, BASE "optimizer: { type = \"outer\"; inner: { type = \"nothing\"; }; };");
  tw_session s;
  tw_session_init(&s, 1, THW_F64, 1);
  for (int again = 0; again < 2; again++) {
    toy_trace[0] = '\0';
    assert_int_equal(tw_plan_create(f.plan, &s, &f.d), THW_OK);
  }
  assert_string_equal(toy_trace, "-optimizer -oracle -model -source "
                                 "+source +model +oracle +optimizer");
  clear(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(options_and_defaults),
      cmocka_unit_test(ways_to_fill_a_slot),
      cmocka_unit_test(resolved_again),
      cmocka_unit_test(resolved_text),
      cmocka_unit_test(top_level_errors),
      cmocka_unit_test(type_errors),
      cmocka_unit_test(missing_parts),
      cmocka_unit_test(slot_errors),
      cmocka_unit_test(cycles),
      cmocka_unit_test(component_check),
      cmocka_unit_test(too_many_components),
      cmocka_unit_test(instances),
      cmocka_unit_test(empty_slot),
      cmocka_unit_test(failing_instances),
      cmocka_unit_test(no_self),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
