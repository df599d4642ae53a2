/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/rivals/trial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>
#include <dlfcn.h>

#include "core/space.h"
#include "core/state.h"
#include "tests/problems/model.h"

static const thw_component *find(const char *name) {
  char file[4096];
  const char *top = getenv("top_builddir");
  snprintf(file, sizeof file, "%s/.libs/%s.so", top ? top : ".", name);
  void *lib = dlopen(file, RTLD_NOW | RTLD_LOCAL);
  if (!lib) fail_msg("%s", dlerror());
  const thw_plugin *(*entry)(void);
  *(void **)&entry = dlsym(lib, THW_ENTRY);
  return entry()->components[0];
}

static void set(const thw_param *p, char *params, const char *value) {
  void *at = params + p->offset;
  switch (p->type) {
  case THW_P_BOOL:
    *(int32_t *)at = value ? atoi(value) : (int32_t)p->def_int;
    break;
  case THW_P_INT:
    *(int64_t *)at = value ? atoll(value) : p->def_int;
    break;
  case THW_P_REAL:
    *(double *)at = value ? atof(value) : p->def_real;
    break;
  case THW_P_ENUM:
    *(int32_t *)at = (int32_t)p->def_int;
    for (int32_t i = 0; value && p->choices[i]; i++)
      if (strcmp(p->choices[i], value) == 0) *(int32_t *)at = i;
    break;
  default:
    fail_msg("parameter %s has a type that this trial does not set", p->name);
  }
}

static void set_all(const thw_component *c, char *params, const char *texts) {
  const thw_param *p = c->params;
  for (uint32_t i = 0; i < c->n_params; i++) set(&p[i], params, NULL);
  char *copy = strdup(texts), *rest = copy;
  for (char *w; (w = strtok_r(rest, " ", &rest));) {
    char *eq = strchr(w, '=');
    uint32_t i = 0;
    *eq = '\0';
    while (i < c->n_params && strcmp(p[i].name, w) != 0) i++;
    if (i == c->n_params) fail_msg("%s has no parameter %s", c->id, w);
    set(&p[i], params, eq + 1);
  }
  free(copy);
}

static const thw_optimizer_ops *ops(const trial *r) {
  return r->component->ops;
}

static thw_status create(trial *r, const char *name, const char *params, const trial_setup *setup) {
  uint32_t dtype = setup->dtype ? setup->dtype : THW_F64;
  memset(r, 0, sizeof *r);
  r->session = calloc(1, sizeof *r->session);
  assert_non_null(r->session);
  tw_session_init(r->session, setup->seed, dtype, setup->threads ? setup->threads : 1);
  r->session->epsilon = setup->epsilon;
  r->session->delta = setup->delta;
  r->session->confidence = 0.99;
  r->ctx = tw_ctx_new(r->session, "optimizer");
  r->component = find(name);
  r->params = calloc(1, r->component->params_size + 1);
  set_all(r->component, r->params, params);
  thw_wired none = {0};
  const thw_component *c = r->component;
  thw_status st = c->check ? c->check(&tw_host, r->ctx, r->params) : THW_OK;
  return st == THW_OK ? c->create(c, &tw_host, r->ctx, r->params, &none, &r->self) : st;
}

static thw_status start(trial *r, const tp_model *m, const trial_setup *setup) {
  r->oracle = tp_oracle_new(m, setup->dtype ? setup->dtype : THW_F64, setup->stream);
  r->space = tp_oracle_space(r->oracle);
  if (setup->facts) {
    int64_t n = tp_oracle_facts(r->oracle)->components;
    *tp_oracle_facts(r->oracle) = *setup->facts;
    tp_oracle_facts(r->oracle)->components = n;
  }
  assert_int_equal(thw_vec_new(r->space, &r->x), THW_OK);
  const thw_object *o = tp_oracle_object(r->oracle);
  thw_rng init = {.key = {(uint32_t)setup->seed, 99}};
  assert_int_equal(thw_oracle_(o)->start_point(o->self, r->x, &init), THW_OK);
  if (setup->x0) {
    thw_view v;
    assert_int_equal(r->x->ops->map(r->x, THW_WRITE, &v), THW_OK);
    tp_write(setup->x0, &v);
    assert_int_equal(r->x->ops->unmap(r->x, THW_WRITE), THW_OK);
  }
  return ops(r)->start(r->self, o, r->x);
}

static void words(trial *r, thw_status st, char *text, size_t n) {
  char *t = tw_ctx_take_text(r->ctx, st);
  snprintf(text, n, "%s", t);
  free(t);
}

void trial_open(trial *r, const char *name, const char *params, const tp_model *m,
                const trial_setup *setup) {
  char text[600];
  thw_status st = create(r, name, params, setup);
  if (st == THW_OK) st = start(r, m, setup);
  if (st == THW_OK) return;
  words(r, st, text, sizeof text);
  fail_msg("%s: %s", name, text);
}

thw_status trial_refused(const char *name, const char *params, const tp_model *m,
                         const trial_setup *setup, char *text, size_t n) {
  trial r;
  thw_status st = create(&r, name, params, setup);
  if (st == THW_OK) st = start(&r, m, setup);
  if (st == THW_OK) st = trial_step(&r, 1);
  words(&r, st, text, n);
  trial_close(&r);
  return st;
}

void trial_close(trial *r) {
  thw_vec_free(r->x);
  if (r->self) r->component->destroy(r->self);
  tp_oracle_free(r->oracle);
  tw_ctx_free(r->ctx);
  free(r->session);
  free(r->params);
}

thw_status trial_step(trial *r, int64_t units) {
  r->io = (thw_step){
      .size = sizeof r->io, .max_units = units, .f = (double)NAN, .grad_norm = (double)NAN};
  return ops(r)->step(r->self, &r->io);
}

void trial_point(trial *r, double *out) {
  thw_view v;
  assert_int_equal(ops(r)->point(r->self, r->x), THW_OK);
  assert_int_equal(r->x->ops->map(r->x, THW_READ, &v), THW_OK);
  if (out) tp_read(&v, out);
  assert_int_equal(r->x->ops->unmap(r->x, THW_READ), THW_OK);
}

int64_t trial_cost(const trial *r) {
  return tp_oracle_cost(r->oracle);
}

void trial_judge(trial *r, const tp_model *m, double *f, double *norm) {
  double *buffer = tp_doubles(2 * m->d);
  thw_view x = {buffer, m->d, 0, THW_F64, THW_MEM_HOST},
           g = {buffer + m->d, m->d, 0, THW_F64, THW_MEM_HOST};
  trial_point(r, buffer);
  assert_int_equal(m->ops->eval(m->self, &x, NULL, f, &g), THW_OK);
  *norm = sqrt(tp_dot(m->d, buffer + m->d, buffer + m->d));
  free(buffer);
}

thw_status trial_run(trial *r, int64_t units, int64_t limit) {
  while (trial_cost(r) < limit) {
    thw_status st = trial_step(r, units);
    if (st == THW_OK) continue;
    if (st < 0) {
      char text[600];
      words(r, st, text, sizeof text);
      fail_msg("step: %s", text);
    }
    return st;
  }
  return THW_BUDGET;
}

/* ---- bits ----------------------------------------------------------------------------------- */

/* The state goes into a fresh instance, which goes on. */
static void move(trial *r, const char *name, const char *params, const tp_model *m,
                 const trial_setup *setup) {
  trial next;
  tw_state *s = tw_state_new();
  const thw_ext_state *e = r->component->ext(r->self, THW_EXT_STATE);
  assert_non_null(e);
  assert_int_equal(e->save(r->self, tw_state_writer(s, "optimizer", e->version)), THW_OK);
  trial_open(&next, name, params, m, setup);
  int64_t before = trial_cost(&next);
  e = next.component->ext(next.self, THW_EXT_STATE);
  if (e->load(next.self, tw_state_reader(s, "optimizer")) != THW_OK)
    fail_msg("load: %s", tw_state_error(s));
  assert_int_equal(trial_cost(&next), before);
  tw_state_free(s);
  trial_close(r);
  *r = next;
}

void trial_same_bits(const char *name, const char *params, const tp_model *m,
                     const trial_setup *setup, int64_t a, int64_t b, int64_t budget) {
  double *x = tp_doubles(2 * m->d), *y = x + m->d;
  trial r, s;
  int64_t spent = 0, steps = 0;
  trial_open(&r, name, params, m, setup);
  thw_status end = trial_run(&r, a, budget);
  int64_t cost = trial_cost(&r);
  trial_point(&r, x);
  trial_close(&r);

  trial_open(&s, name, params, m, setup);
  thw_status st = THW_OK;
  for (; st == THW_OK && (spent + trial_cost(&s) < cost || end == THW_DONE); steps++) {
    /* the last step of the other run may have been a longer one */
    int64_t left = cost - spent - trial_cost(&s);
    st = trial_step(&s, left < 1 ? 1 : left < b ? left : b);
    assert_true(st >= 0);
    spent += trial_cost(&s);
    move(&s, name, params, m, setup);
    assert_true(steps < 100000);
  }
  assert_int_equal(st == THW_DONE, end == THW_DONE);
  assert_int_equal(spent + trial_cost(&s), cost);
  trial_point(&s, y);
  trial_close(&s);
  assert_memory_equal(x, y, (size_t)m->d * sizeof *x);
  free(x);
}
